from collections.abc import Sequence
from pathlib import Path

from boot.serving.machine import Machine, free_memory, looked_at

SMI = "NVIDIA GeForce RTX 4090, 23010\nNVIDIA GeForce RTX 4090, 24000\nNVIDIA Graphics, [N/A]\n"
GIBI = 2**30


def written(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def nothing(command: Sequence[str]) -> str:
    return ""


def test_the_graphics_card_that_has_most_room_counts(tmp_path: Path) -> None:
    found = looked_at(tmp_path, lambda command: SMI if command[0] == "nvidia-smi" else "", "linux")

    assert found == Machine("cuda", "NVIDIA GeForce RTX 4090", 24_000 * 2**20, 2)
    assert found.described == "2 × NVIDIA GeForce RTX 4090, 25.2 GB free each"


def test_without_a_card_the_memory_that_is_not_needed_counts(tmp_path: Path) -> None:
    written(tmp_path, proc__meminfo="MemTotal: 33554432 kB\nMemAvailable:   16777216 kB\n")

    found = looked_at(tmp_path, nothing, "linux")

    assert found == Machine("cpu", "processor", 16 * GIBI, weights="fp32")


def test_a_processor_that_multiplies_bf16_keeps_it(tmp_path: Path) -> None:
    written(tmp_path, proc__cpuinfo="flags\t\t: fpu avx512f avx512_bf16 amx_tile\n")

    assert looked_at(tmp_path, nothing, "linux").weights == "bf16"


def test_a_container_has_what_its_limit_leaves(tmp_path: Path) -> None:
    written(tmp_path, proc__meminfo="MemAvailable: 16777216 kB\n")
    groups = tmp_path / "sys/fs/cgroup"
    groups.mkdir(parents=True)
    (groups / "memory.max").write_text(f"{8 * GIBI}\n")
    (groups / "memory.current").write_text(f"{5 * GIBI}\n")
    (groups / "memory.stat").write_text(f"anon 1\ninactive_file {2 * GIBI}\n")

    assert free_memory(tmp_path) == 5 * GIBI


def test_the_first_version_of_cgroups_counts_as_well(tmp_path: Path) -> None:
    written(tmp_path, proc__meminfo="MemAvailable: 16777216 kB\n")
    groups = tmp_path / "sys/fs/cgroup/memory"
    groups.mkdir(parents=True)
    (groups / "memory.limit_in_bytes").write_text(f"{4 * GIBI}")
    (groups / "memory.usage_in_bytes").write_text(f"{GIBI}")

    assert free_memory(tmp_path) == 3 * GIBI


def test_no_limit_is_none(tmp_path: Path) -> None:
    written(tmp_path, proc__meminfo="MemAvailable: 1024 kB\n", sys__fs__cgroup__memory="")
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("max\n")

    assert free_memory(tmp_path) == 2**20
