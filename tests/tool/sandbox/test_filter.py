"""The filter of system calls, run by a small machine of the same kind as the kernel's."""

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ToolError
from tool.sandbox_filter import (
    CLONE,
    IOCTL,
    LIMITS_OF,
    MACHINES,
    MODE_OF,
    REFUSED,
    SHARED,
    SOCKET,
    SOCKETPAIR,
    TYPING,
    UNKNOWN,
    UNSHARE,
    Family,
    filter_program,
)

ALLOWED, KILLED = 0x7FFF0000, 0x80000000
REFUSAL, NOT_THERE = 0x00050001, 0x00050026
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
NUMBERS = REFUSED | UNKNOWN | SHARED | {"clone": CLONE, "unshare": UNSHARE, "ioctl": IOCTL}
NUMBERS |= {"socket": SOCKET, "socketpair": SOCKETPAIR, "prlimit64": LIMITS_OF}
NUMBERS |= {name: numbers for name, (numbers, _) in MODE_OF.items()}
LOCAL = frozenset({Family.INET, Family.INET6, Family.NETLINK})
MACHINE = pytest.mark.parametrize("machine", MACHINES)


def verdict(
    machine: str, number: int, *arguments: int, families: frozenset[Family] = LOCAL, is_shared: bool = False
) -> int:
    """What the kernel would do at this call."""
    words = [number, MACHINES[machine].audit_name, 0, 0]
    for argument in (*arguments, 0, 0, 0)[:6]:
        words += [argument & 0xFFFFFFFF, argument >> 32 & 0xFFFFFFFF]
    instructions = list(struct.iter_unpack("<HBBI", filter_program(families, machine, is_shared=is_shared)))
    place = accumulator = 0
    while True:
        operation, when, otherwise, operand = instructions[place]
        place += 1
        match operation:
            case 0x20:
                accumulator = words[operand // 4]
            case 0x54:
                accumulator &= operand
            case 0x15:
                place += when if accumulator == operand else otherwise
            case 0x35:
                place += when if accumulator >= operand else otherwise
            case 0x45:
                place += when if accumulator & operand else otherwise
            case 0x06:
                return int(operand)
            case _:
                raise AssertionError(f"no such operation: {operation:#x}")


@MACHINE
@pytest.mark.parametrize("name", NUMBERS)
def test_the_numbers_are_those_of_the_kernels_headers(machine: str, name: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("the kernel's headers are not installed")
    found = re.search(rf"__NR_{name}\s+(\d+)", HEADERS[machine].read_text())
    if found is None and name in ("open_tree_attr", "fchmodat2"):
        pytest.skip("newer than these headers")

    assert (int(found[1]) if found else None) == NUMBERS[name][MACHINES[machine].column]


@MACHINE
def test_what_opens_other_ways_is_refused(machine: str) -> None:
    column = MACHINES[machine].column
    refused = {numbers[column] for numbers in REFUSED.values()} - {None}
    unknown = {numbers[column] for numbers in UNKNOWN.values()}

    assert {verdict(machine, number) for number in refused if number is not None} == {REFUSAL}
    assert {verdict(machine, number) for number in unknown if number is not None} == {NOT_THERE}


@MACHINE
def test_memory_that_all_share_is_refused_where_the_command_has_none_of_its_own(machine: str) -> None:
    numbers = [row[MACHINES[machine].column] for row in SHARED.values()]

    assert {verdict(machine, number) for number in numbers} == {ALLOWED}
    assert {verdict(machine, number, is_shared=True) for number in numbers} == {NOT_THERE}


@MACHINE
def test_only_its_own_limits_are_a_processes_business(machine: str) -> None:
    number = LIMITS_OF[MACHINES[machine].column]

    assert (verdict(machine, number, 0), verdict(machine, number, 4711)) == (ALLOWED, REFUSAL)


@MACHINE
@pytest.mark.parametrize("name", MODE_OF)
def test_no_file_gets_the_right_to_run_as_its_owner(machine: str, name: str) -> None:
    numbers, place = MODE_OF[name]
    number = numbers[MACHINES[machine].column]
    if number is None:
        pytest.skip("it has no such call")
    before = [0] * (place - 1) + [0o100]  # O_CREAT, where it is asked for

    assert verdict(machine, number, *before, 0o4755) == REFUSAL
    assert verdict(machine, number, *before, 0o2775) == ALLOWED
    if name.startswith("open"):
        assert verdict(machine, number, *before[:-1], 0o2, 0o4755) == ALLOWED
        assert verdict(machine, number, *before[:-1], 0o20200002, 0o4755) == REFUSAL


@MACHINE
def test_every_other_call_of_this_century_is_allowed(machine: str) -> None:
    column = MACHINES[machine].column
    known = {numbers[column] for numbers in NUMBERS.values()}

    allowed = {number for number in range(470) if verdict(machine, number) == ALLOWED}

    assert set(range(470)) - allowed <= known


def test_calls_of_other_architectures_end_the_process() -> None:
    assert verdict("x86_64", 0x40000000 + 1) == KILLED
    assert verdict("x86_64", 0xFFFFFFFF) == KILLED


@MACHINE
@given(flags=st.integers(0, 2**64 - 1), name=st.sampled_from([CLONE, UNSHARE]))
def test_no_new_namespace_is_made(machine: str, flags: int, name: tuple[int, int]) -> None:
    asks_for_one = bool(flags & 0x7E020080)

    assert (verdict(machine, name[MACHINES[machine].column], flags) == REFUSAL) == asks_for_one


@MACHINE
@given(upper=st.integers(0, 2**32 - 1), lower=st.sampled_from([*TYPING, 0x5401, 0x5413]))
def test_typing_is_refused_whatever_the_upper_half_of_the_request(
    machine: str, upper: int, lower: int
) -> None:
    answer = verdict(machine, IOCTL[MACHINES[machine].column], 0, upper << 32 | lower)

    assert (answer == REFUSAL) == (lower in TYPING)


@MACHINE
@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        ((Family.INET, 1, 6), True),
        ((Family.INET6, 2, 17), True),
        ((Family.NETLINK, 3, 0), True),
        ((Family.NETLINK, 3, 12), False),
        ((Family.UNIX, 1, 0), False),
        ((1 << 32 | Family.UNIX, 1, 0), False),
        ((40, 1, 0), False),
        ((17, 3, 0), False),
    ],
)
def test_sockets_are_to_be_had_of_the_named_families_only(
    machine: str, arguments: tuple[int, ...], allowed: bool
) -> None:
    number = SOCKET[MACHINES[machine].column]

    assert verdict(machine, number, *arguments) == (ALLOWED if allowed else REFUSAL)
    assert verdict(machine, number, *arguments, families=frozenset()) == REFUSAL


@MACHINE
@pytest.mark.parametrize(
    ("kind", "allowed"), [(1, True), (5, True), (2, False), (3, False), (0o2000002, False)]
)
def test_pairs_of_sockets_cannot_be_sent_elsewhere(machine: str, kind: int, allowed: bool) -> None:
    answer = verdict(machine, SOCKETPAIR[MACHINES[machine].column], Family.UNIX, kind)

    assert answer == (ALLOWED if allowed else REFUSAL)


def test_a_machine_whose_numbers_are_not_known_gets_no_sandbox() -> None:
    with pytest.raises(ToolError, match="There is no sandbox for riscv64 machines yet"):
        filter_program(LOCAL, "riscv64")
