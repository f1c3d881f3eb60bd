"""The system calls a command may not make, as a program the kernel runs at each call (seccomp, classic BPF).

What is refused opens ways around the sandbox's other walls: other namespaces and mounts, other processes'
memory, keys of the kernel, typing into a terminal, and sockets to whoever listens. The rest is allowed, so
that builds work.
"""

import os
import struct
from collections.abc import Sequence
from enum import IntEnum
from functools import cache

from core.errors import ToolError
from core.records import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_X32 = 0x40000000
"""Calls of x86_64's second ABI bear this bit; their numbers mean other things."""

MACHINE = os.uname().machine if os.name == "posix" else ""
NAMESPACES = 0x7E020080
"""Any CLONE_NEW… of clone and unshare: time, mount, cgroup, UTS, IPC, user, PID and network namespaces."""
TYPING = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put characters into a terminal as if the person had typed them."""
DATAGRAMS = (2, 3)
"""SOCK_DGRAM and SOCK_RAW; half of such a pair of unix sockets can be sent to any path."""

REFUSED = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setns": (308, 268),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}
"""By number on x86_64 and on aarch64."""
SHARED = {
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "msgctl": (71, 187),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "semctl": (66, 191),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "shmget": (29, 194),
}
"""Refused where the command has no such queues, counters and memory of its own."""
UNKNOWN = {
    "clone3": (435, 435),  # its flags lie in memory, where a filter cannot look: libraries go back to clone
    "io_uring_setup": (425, 425),  # what a ring does passes no filter
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "openat2": (437, 437),  # the rights of a new file, too, lie in memory
}
"""Answered as if the kernel did not have them."""
CLONE, UNSHARE, IOCTL = (56, 220), (272, 97), (16, 29)
LIMITS_OF = (302, 261)
"""prlimit64 is for a process itself (0): the limits of others can end them."""
SOCKET, SOCKETPAIR = (41, 198), (53, 199)
MODE_OF = {
    "chmod": ((90, None), 1),
    "creat": ((85, None), 1),
    "fchmod": ((91, 52), 1),
    "fchmodat": ((268, 53), 2),
    "fchmodat2": ((452, 452), 2),
    "mknod": ((133, None), 1),
    "mknodat": ((259, 33), 2),
    "open": ((2, None), 2),
    "openat": ((257, 56), 3),
}
"""Calls that give a file its rights, and the argument that says which: no file runs as its owner."""
RUNS_AS_OWNER = 0o4000
MAKES_FILES = 0o20000100
"""Flags of open and openat with which they look at the rights they were given."""


class Family(IntEnum):
    """Kinds of sockets, as socket(2) numbers them."""

    UNIX = 1
    INET = 2
    INET6 = 10
    NETLINK = 16


Instruction = tuple[int, int, int, int]
"""Operation, how many to pass over when it holds and when it does not, and its operand."""
Instructions = list[Instruction]
_ACCEPT: Instruction = (_RETURN, 0, 0, _ALLOW)
_REFUSE: Instruction = (_RETURN, 0, 0, _ERROR | _EPERM)


@dataclass(frozen=True)
class Machine:
    audit_name: int
    """What the kernel calls the architecture in a filter's input."""
    column: int
    """Where in a row of the tables above its numbers are."""


MACHINES = {"x86_64": Machine(0xC000003E, 0), "aarch64": Machine(0xC00000B7, 1)}


@cache
def filter_program(families: frozenset[Family], machine: str = MACHINE, *, is_shared: bool = False) -> bytes:
    """The filter as an array of `struct sock_filter`.

    Args:
        families: sockets are to be had of these only.
        machine: as `uname -m` says it.
        is_shared: whether the command shares queues and memory with all others (System V, POSIX queues).

    Raises:
        ToolError: the numbers of this machine's system calls are not known.
    """
    if (known := MACHINES.get(machine)) is None:
        raise ToolError(f"There is no sandbox for {machine} machines yet.", hint="Tell the user.")
    column = known.column
    program = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, known.audit_name), (_RETURN, 0, 0, _KILL)]
    program += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for error, table in ((_EPERM, REFUSED), (_ENOSYS, UNKNOWN), (_ENOSYS, SHARED if is_shared else {})):
        for numbers in table.values():
            program += _at(numbers[column], [(_RETURN, 0, 0, _ERROR | error)])
    for call in (CLONE, UNSHARE):
        program += _at(call[column], [_argument(0), (_ANY_BIT, 0, 1, NAMESPACES), _REFUSE, _ACCEPT])
    program += _at(LIMITS_OF[column], [_argument(0), (_EQUAL, 1, 0, 0), _REFUSE, _ACCEPT])
    for name, (numbers, place) in MODE_OF.items():
        program += _at(numbers[column], _no_rights_of_owner(name, place))
    program += _at(IOCTL[column], [_argument(1), *_none_of(TYPING)])
    program += _at(SOCKET[column], [_argument(0), *_socket(sorted(families))])
    program += _at(SOCKETPAIR[column], [_argument(1), (_AND, 0, 0, 0xF), *_none_of(DATAGRAMS)])
    program.append(_ACCEPT)
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)


def _at(number: int | None, answer: Instructions) -> Instructions:
    """`answer`, for the call of this number only; it has to end in a return."""
    return [] if number is None else [(_EQUAL, 0, len(answer), number), *answer]


def _argument(index: int) -> Instruction:
    """Load the lower half of an argument: the kernel looks at no more of those we ask about."""
    return (_LOAD, 0, 0, 16 + 8 * index)


def _none_of(refused: Sequence[int]) -> Instructions:
    checks = [check for operand in refused for check in ((_EQUAL, 0, 1, operand), _REFUSE)]
    return [*checks, _ACCEPT]


def _no_rights_of_owner(name: str, place: int) -> Instructions:
    checks: Instructions = [_argument(place), (_ANY_BIT, 0, 1, RUNS_AS_OWNER), _REFUSE, _ACCEPT]
    if name.startswith("open"):  # what is there instead, when no file is made, says nothing
        checks = [_argument(place - 1), (_ANY_BIT, 1, 0, MAKES_FILES), _ACCEPT, *checks]
    return checks


def _socket(families: Sequence[Family]) -> Instructions:
    """Sockets of `families`; of netlink's protocols only routing, which says which addresses there are."""
    checks: Instructions = []
    for family in families:
        allowed = [_ACCEPT]
        if family is Family.NETLINK:
            allowed = [_argument(2), (_EQUAL, 1, 0, 0), _REFUSE, _ACCEPT]
        checks += [(_EQUAL, 0, len(allowed), family), *allowed]
    return [*checks, _REFUSE]
