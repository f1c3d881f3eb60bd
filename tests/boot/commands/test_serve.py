"""`roost serve` with engines of others, for which a stand-in lies on the PATH."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import all_said

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = f"""#!{sys.executable}
import os, sys
print(*sys.argv[1:])
print({{name: os.environ[name] for name in ("VLLM_API_KEY", "LLAMA_API_KEY") if name in os.environ}})
"""
SMI = f"#!{sys.executable}\nprint('NVIDIA A card, 24000')\n"

pytestmark = pytest.mark.slow


def programs(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        program = folder / name
        program.write_text(SMI if name == "nvidia-smi" else STAND_IN)
        program.chmod(0o755)
    return folder


def start(path: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(path), **more}
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "serve", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment, "ROOST_NO_SETUP": "1"},
    )


def test_the_engine_that_is_there_takes_over_with_its_own_command_line(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "vllm", "nvidia-smi")

    done = start(
        path,
        "Qwen/Qwen3-8B",
        "--engine",
        "vllm",
        "--port",
        "0",
        "--host",
        "0.0.0.0",
        AGENT_SERVER_TOKEN="hush-hush-hush",
    )

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "serve Qwen/Qwen3-8B --host 0.0.0.0 --port 0 --enable-auto-tool-choice --tool-call-parser hermes "
        "--reasoning-parser qwen3 --enable-prefix-caching --enable-prompt-tokens-details --max-model-len 32768",
        "{'VLLM_API_KEY': 'hush-hush-hush'}",
    ]
    assert done.stderr == f"vllm {done.stdout.splitlines()[0]}\n"


def test_an_engine_that_is_not_there_is_told_with_where_to_get_it(tmp_path: Path) -> None:
    done = start(programs(tmp_path / "bin"), "me/Mine-GGUF:Q4_K_M", "--engine", "llama.cpp", "--port", "0")

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "roost: 'llama-server' is not installed here. "
        "Get it: brew install llama.cpp, or take a release of llama.cpp for your system."
    )


def test_a_model_is_proposed_with_its_reason_and_size_and_nobody_is_asked_with_yes(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "llama-server", "nvidia-smi")

    done = start(path, "--engine", "llama.cpp", "--port", "0", "--yes")

    assert done.returncode == 0
    assert done.stdout.startswith(
        "-hf unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M --host 127.0.0.1 --port 0 --jinja -c "
    )
    assert done.stderr.splitlines()[:4] == [
        "This machine: NVIDIA A card, 25.2 GB free.",
        "Proposed: Qwen/Qwen3-Coder-30B-A3B-Instruct as a GGUF file in 4 bits takes 18.6 GB and leaves room for a window of 29,696 tokens.",
        "Its licence is Apache-2.0.",
        "Of 6 models for coding it is the most able that fits here and answers in good time.",
    ]  # fmt: skip


def test_without_a_person_and_without_yes_nothing_is_fetched(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "llama-server", "nvidia-smi")

    done = start(path, "--engine", "llama.cpp", "--port", "0")

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "roost: Fetch 18.6 GB (what is here already is kept) and serve it? Nobody can be asked here. --yes says so beforehand."
    )


def test_a_model_that_does_not_fit_is_told_with_both_numbers(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "vllm", "nvidia-smi")

    done = start(path, "Qwen/Qwen3-32B", "--engine", "vllm", "--port", "0")

    assert done.returncode == 2
    assert done.stderr == (
        "roost: Qwen/Qwen3-32B in bf16 takes 65.5 GB, with a window of use 73.4 GB; this machine has 25.2 GB free. "
        "Close what takes memory, or name a smaller model.\n"
    )


def test_whoever_says_no_is_left_alone(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "llama-server", "nvidia-smi")
    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"n\n")

    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "serve", "--engine", "llama.cpp", "--port", "0"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "PATH": str(path), "ROOST_NO_SETUP": "1"},
    )
    os.close(terminal)
    out, _ = process.communicate(timeout=120)
    said = all_said(keyboard)
    os.close(keyboard)

    assert (process.returncode, out) == (1, b"")
    assert "Fetch 18.6 GB (what is here already is kept) and serve it? [Y/n]" in said
    assert said.endswith("Nothing was fetched. Name another model: ./runsv.sh OWNER/MODEL\r\n")


def test_the_script_does_the_same_from_anywhere(tmp_path: Path) -> None:
    path = programs(tmp_path / "bin", "llama-server")
    link = tmp_path / "serve-it"
    link.symlink_to(ROOT / "runsv.sh")

    done = subprocess.run(
        [str(link), "me/Mine-GGUF", "--engine", "llama.cpp", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        env={
            **os.environ,
            "PATH": f"{path}:{os.environ['PATH']}",
            "ROOST_NO_SETUP": "1",
            "PYTHON": sys.executable,
        },
    )

    assert done.stdout.startswith("-hf me/Mine-GGUF --host 127.0.0.1 --port 0 --jinja -np 1 --metrics")
