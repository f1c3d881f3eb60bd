"""How much memory there is on a device, and whether an error says that there was too little."""

import gc
import os
from pathlib import Path

import torch

SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


def says_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


def free_bytes(device: str) -> int:
    """What could be allocated now."""
    match device.partition(":")[0]:
        case "cuda":
            return int(torch.cuda.mem_get_info(device)[0])
        case "mps":
            return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
        case _:
            return min(host_bytes(), group_bytes())


def host_bytes() -> int:
    """Memory of the machine that is not needed now."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def group_bytes(folder: Path = Path("/sys/fs/cgroup")) -> int:
    """What a container may still take; more than there is, when it is not in one."""
    try:
        most, now = ((folder / name).read_text(encoding="ascii") for name in ("memory.max", "memory.current"))
        return int(most) - int(now)
    except (OSError, ValueError):  # there is none, or "max"
        return 1 << 62


def release(device: str) -> None:
    """Give back what is no longer used."""
    gc.collect()
    match device.partition(":")[0]:
        case "cuda":
            torch.cuda.empty_cache()
        case "mps":
            torch.mps.empty_cache()
