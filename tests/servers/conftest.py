"""Real model servers with tiny models of random weights, started once each."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest

HERE = Path(__file__).parent
SERVERS = Path(os.environ.get("ROOST_TEST_SERVERS", ""))
IN_CI = bool(os.environ.get("CI"))
START_SECONDS = 120
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def unhurried(time_enough: None) -> None:
    """None of these tests is about a server that is late."""


@pytest.fixture(scope="session")
def installed() -> Path:
    """The folder of `.ci/servers`."""
    if not IN_CI and not (SERVERS / "transformers" / ".complete").is_file():
        pytest.skip('there are no servers: export ROOST_TEST_SERVERS="$(.ci/servers)"')
    return SERVERS


@pytest.fixture(scope="session")
def llama(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of llama-cpp-python's server, which has one model, `tiny`, with a window of 4,096 tokens."""
    python = installed / "llama" / "bin" / "python"
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    made(python, HERE / "tiny_gguf.py", model)
    with serving(
        str(python), "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "tiny",
        "--n_ctx", "4096", "--n_threads", "1", "--host", "127.0.0.1", "--port", "0",
    ) as url:  # fmt: skip
        yield url


@pytest.fixture(scope="session")
def tiny_folder(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transformers") / "tiny"
    made(installed / "transformers" / "bin" / "python", HERE / "tiny_transformers.py", folder)
    return folder


@pytest.fixture(scope="session")
def transformers(
    installed: Path, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """URL of `transformers serve`, which has one model, called by its folder, and tells nobody of it."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "hub").mkdir()  # its list of models fails without
    with serving(
        str(installed / "transformers" / "bin" / "transformers"), "serve", str(tiny_folder), "--device", "cpu",
        "--host", "127.0.0.1", "--port", "0", HF_HOME=str(cache),
    ) as url:  # fmt: skip
        yield url


def made(python: Path, program: Path, target: Path, *more: str) -> None:
    subprocess.run(
        [python, program, target, *more],
        check=True,
        capture_output=True,
        timeout=START_SECONDS,
        env=environment(),
    )


@contextmanager
def serving(*command: str, **variables: str) -> Iterator[str]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(**variables)
    )
    ports = SimpleQueue[str | None]()
    reader = Thread(target=_follow, args=(process, ports), daemon=True)
    reader.start()
    try:
        port = ports.get(timeout=START_SECONDS)
        assert port, f"{command[0]} did not start"
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def _follow(process: subprocess.Popen[str], ports: "SimpleQueue[str | None]") -> None:
    """Tell the port that the server was given; then read on, so that its output never blocks it."""
    for line in process.stdout:
        if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
            ports.put(found[1])
    ports.put(None)


def environment(**variables: str) -> dict[str, str]:
    kept = {name: given for name, given in os.environ.items() if name.lower() not in PROXIES}
    return {**kept, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **variables}
