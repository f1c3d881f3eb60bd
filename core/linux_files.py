"""What only Linux says of files, asked by ctypes: openat2, and the kind of file system that one is on."""

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

OPENAT2 = 437
"""The number of the call, which is the same on every processor."""
NO_MAGICLINKS, NO_SYMLINKS, BENEATH = 0x02, 0x04, 0x08

KERNELS_OWN = {
    0x9FA0: "/proc",
    0x62656572: "/sys",
    0x64626720: "debugfs",
    0x74726163: "tracefs",
    0x73636673: "securityfs",
    0x62656570: "configfs",
    0x63677270: "cgroups",
    0x27E0EB: "cgroups",
    0xCAFE4A11: "bpf",
    0xDE5E81E4: "efivarfs",
    0x6165676C: "pstore",
    0xF97CFF8C: "selinuxfs",
}
"""File systems whose files are the kernel's own memory and switches, by their number in statfs(2)."""


def by_openat2(start: int, name: str) -> int:
    """A `core.beneath.Way` in one call, which the kernel sees to as a whole."""
    import ctypes

    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    how = (ctypes.c_uint64 * 3)(flags, 0, BENEATH | NO_SYMLINKS | NO_MAGICLINKS)
    size, place = ctypes.c_size_t(ctypes.sizeof(how)), ctypes.c_char_p(os.fsencode(name))
    found: int = _library().syscall(ctypes.c_long(OPENAT2), ctypes.c_int(start), place, how, size)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return found


def file_system(descriptor: int) -> str:
    """Which of the kernel's own file systems a descriptor is on; empty for all others."""
    if sys.platform != "linux":
        return ""
    import ctypes

    found = ctypes.create_string_buffer(256)
    if _library().fstatfs(ctypes.c_int(descriptor), found):
        return "a file system that cannot be told"
    return KERNELS_OWN.get(int.from_bytes(found.raw[:4], sys.byteorder), "")


@cache
def _library() -> "ctypes.CDLL":
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library
