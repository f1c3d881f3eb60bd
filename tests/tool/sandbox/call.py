"""One system call, by its name: `python call.py NAME ARGUMENT…`. Prints the canary when it succeeded.

Lies in every project of a row, with the numbers of the calls beside it.
"""

import ctypes
import json
import os
import struct
import sys
from pathlib import Path

SIGNAL_AT_END, NEW_USER = 17, 0x10000000


def argument(text: str) -> object:
    try:
        return ctypes.c_long(int(text, 0))
    except ValueError:
        return ctypes.c_char_p(text.encode())


def described(*words: int, size: int) -> ctypes.Array[ctypes.c_char]:
    said = struct.pack(f"={len(words)}Q", *words)
    return ctypes.create_string_buffer(said.ljust(size, b"\0"), size)


def arguments(name: str, given: list[str]) -> list[object]:
    """Some calls take what they are to do from memory."""
    if name == "clone3":
        return [described(NEW_USER, 0, 0, 0, SIGNAL_AT_END, size=88), ctypes.c_long(88)]
    if name == "io_uring_setup":
        return [ctypes.c_long(4), described(size=120)]
    if name == "perf_event_open":
        return [described(1 | 112 << 32, size=112), *map(ctypes.c_long, (0, -1, -1, 0))]
    if name == "openat2":
        folder, path, mode = given
        how = described(os.O_CREAT | os.O_WRONLY, int(mode, 8), 0, size=24)
        return [argument(folder), argument(path), how, ctypes.c_long(24)]
    return [argument(text) for text in given]


def main() -> None:
    name, *given = sys.argv[1:]
    number = json.loads(Path(__file__).with_suffix(".json").read_text()).get(name)
    own = os.getpid()
    if number is None:
        print("no such call here")  # noqa: T201
        return
    answer = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments(name, given))
    if os.getpid() != own:
        os._exit(0)
    print(" ".join(("BEGIN", "CANARY")) if answer >= 0 else os.strerror(ctypes.get_errno()))  # noqa: T201


if __name__ == "__main__":
    main()
