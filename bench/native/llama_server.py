"""llama.cpp's own server, built once from the source that llama-cpp-python carries, and models in its format.

Everything lies in the user's cache folder, beside the servers of `.ci/servers`. Building takes ten minutes.
"""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

CARRIES_IT = "llama-cpp-python==0.3.36"
OPTIONS = (
    *(
        "-DCMAKE_BUILD_TYPE=Release",
        "-DBUILD_SHARED_LIBS=OFF",
        "-DLLAMA_BUILD_IS_DEV=OFF",
        "-DLLAMA_OPENSSL=OFF",
    ),
    *("-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_APP=OFF"),
    *("-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_BUILD_UI=OFF"),
)
"""For this machine, with all that its processor can do; without what a measurement has no use for."""


def folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "roost-tests" / "llama-server" / CARRIES_IT.partition("==")[2]


def built() -> Path:
    """The program; made first where it is not there yet."""
    program = folder() / "build" / "bin" / "llama-server"
    if not program.is_file():
        source, target = _source(), folder() / "build"
        subprocess.run(["cmake", "-S", source, "-B", target, *OPTIONS], check=True, stdout=sys.stderr)
        subprocess.run(
            ["cmake", "--build", target, "--target", "llama-server", "-j2"], check=True, stdout=sys.stderr
        )
    return program


def converted(model: Path, python: Path, target: Path) -> None:
    """Write the model of a folder as GGUF, by llama.cpp's own program; `python` has transformers."""
    program, beside = _source() / "convert_hf_to_gguf.py", folder() / "python"
    if not beside.is_dir():
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", beside, "sentencepiece")
        subprocess.run(pip, check=True, stdout=sys.stderr)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(beside)}
    command = (python, program, model, "--outfile", target, "--outtype", "f32")
    subprocess.run(command, check=True, capture_output=True, env=environment)


def _source() -> Path:
    """Of llama.cpp; downloaded first where it is not there yet."""
    source = folder() / "source"
    if not source.is_dir():
        archive, unpacked = folder() / "archive", folder() / "unpacked"
        pip = (
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--no-build-isolation",
        )
        subprocess.run([*pip, "-d", archive, CARRIES_IT], check=True, stdout=sys.stderr)
        with tarfile.open(next(archive.glob("*.tar.gz"))) as packed:
            packed.extractall(unpacked, filter="data")
        next(unpacked.glob("*/vendor/llama.cpp")).rename(source)
    return source
