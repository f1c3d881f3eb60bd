"""What this machine has for a model: memory of graphics cards, memory shared with one, or plain memory.

nvidia-smi ─┐
Apple chip ─┼─► Machine
/proc, cgroups ┘
"""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Run = Callable[[Sequence[str]], str]
"""What a command prints; empty when it cannot be run."""

MEBI, GIBI = 2**20, 2**30
SHARE_OF_UNIFIED = 0.7
"""Of the memory of an Apple chip: the rest is for the system and other programs."""


@dataclass(frozen=True)
class Machine:
    device: Literal["cuda", "mps", "cpu"]
    name: str
    memory_bytes: int
    """Free for a model: of the graphics card that has most, of shared memory, or of plain memory."""
    cards: int = 0
    """Graphics cards of that kind."""
    weights: Literal["bf16", "fp32"] = "bf16"
    """What it computes in; many processors only imitate bf16."""
    makes_int4: bool = False
    """Whether weights in four bits can be made here of those in sixteen."""

    @property
    def described(self) -> str:
        many = f"{self.cards} × " if self.cards > 1 else ""
        return f"{many}{self.name}, {gigabytes(self.memory_bytes)} free{' each' if many else ''}"


def gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def looked_at(root: Path = Path("/"), run: "Run | None" = None, system: str = sys.platform) -> Machine:
    """`root` is where /proc and /sys are."""
    run = run or printed
    cards = _cards(run(["nvidia-smi", "--query-gpu=name,memory.free", "--format=csv,noheader,nounits"]))
    if cards:
        name, free = max(cards, key=lambda card: card[1])
        return Machine("cuda", name, free, sum(other == name for other, _ in cards))
    if system == "darwin":
        total = _number(run(["sysctl", "-n", "hw.memsize"]))
        is_apples = platform.machine() == "arm64"
        name = "Apple chip, memory shared with it" if is_apples else "processor"
        return Machine("mps" if is_apples else "cpu", name, int(total * SHARE_OF_UNIFIED))
    free = free_memory(root) if system != "win32" else _windows_memory()
    has_it = re.search(r"\b(avx512_bf16|amx_bf16|bf16)\b", _text(root / "proc/cpuinfo"))
    return Machine("cpu", "processor", free, weights="bf16" if has_it else "fp32")


def printed(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        return ""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _cards(text: str) -> list[tuple[str, int]]:
    """Name and free bytes of each line; a card whose memory is not told is left out."""
    found = (re.fullmatch(r"(.+),\s*(\d+)", line.strip()) for line in text.splitlines())
    return [(match[1].strip(), int(match[2]) * MEBI) for match in found if match]


def free_memory(root: Path = Path("/")) -> int:
    """Free bytes of the machine, or of the container that this process is in, where that is less."""
    told = re.search(r"MemAvailable:\s+(\d+)", _text(root / "proc/meminfo"))
    free = int(told[1]) * 1024 if told else 0
    return min([free, *(left for left in _left_of_limits(root) if left is not None)])


def _left_of_limits(root: Path) -> Sequence[int | None]:
    """By cgroups of the second and the first version; what is only a copy of files does not count as used."""
    groups = root / "sys/fs/cgroup"
    return (
        _left(groups / "memory.max", groups / "memory.current", groups / "memory.stat", "inactive_file"),
        _left(
            groups / "memory/memory.limit_in_bytes",
            groups / "memory/memory.usage_in_bytes",
            groups / "memory/memory.stat",
            "total_inactive_file",
        ),
    )


def _left(limit: Path, used: Path, statistics: Path, copies: str) -> int | None:
    most = _text(limit).strip()
    if not most.isdecimal():  # "max", or no such file
        return None
    copied = re.search(rf"^{copies} (\d+)$", _text(statistics), re.MULTILINE)
    return max(0, int(most) - _number(_text(used)) + (int(copied[1]) if copied else 0))


def _windows_memory() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            *((name, ctypes.c_uint64) for name in ("total", "free", "a", "b", "c", "d", "e")),
        )

    status = Status(length=ctypes.sizeof(Status))
    getattr(ctypes, "windll").kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # noqa: B009 - not on every system
    return int(status.free)


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 0


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
