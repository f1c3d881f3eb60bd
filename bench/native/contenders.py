"""The servers that are measured, each in a process of its own with one model."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bench.contenders import ROOT
from bench.native.asking import Messages, Reply, reply_of
from bench.native.llama_server import built
from bench.running import free_port

START_SECONDS = 180.0
ALIAS = "bench"
FIELDS: Mapping[str, Mapping[str, object]] = {"roost": {"prompt_lookup": False}}
"""What else requests say, by server: guesses are measured in a row of their own."""
PROGRAM = "import site, sys; site.addsitedir({packages!r}); from boot.entry import main; sys.exit(main())"
"""Starts Roost where torch and its like are not installed beside it, but in a folder of their own."""


@dataclass(frozen=True)
class Models:
    folder: Path
    gguf: Path
    window_tokens: int
    slots: int = 4
    threads: int = 1


@dataclass(frozen=True)
class Server:
    """One that runs."""

    name: str
    url: str
    process: subprocess.Popen[bytes]
    model: str
    fields: Mapping[str, object] = field(default_factory=dict)
    """What else its requests say."""

    def ask(self, messages: Messages, tokens: int, **fields: object) -> Reply:
        return reply_of(self.url, self.body(messages, tokens, **fields), self.cpu_seconds)

    def body(self, messages: Messages, tokens: int, **fields: object) -> Mapping[str, object]:
        asked = {"model": self.model, "messages": messages, "max_tokens": tokens, "temperature": 0}
        return {**asked, **self.fields, **fields}

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.process.pid)


def cpu_seconds(process_id: int) -> float:
    """All CPU time of a process so far, by its own clock: in nanoseconds, where /proc counts hundredths."""
    return time.clock_gettime((~process_id << 3) | 2)


def servers_folder() -> Path:
    found = os.environ.get("ROOST_TEST_SERVERS")
    if not found:
        raise SystemExit('There are no servers to measure beside: export ROOST_TEST_SERVERS="$(.ci/servers)"')
    return Path(found)


def packages() -> str:
    """Where torch and what else our own server needs are installed."""
    return str(next(servers_folder().glob("native/lib/python*/site-packages")))


def ours(models: Models, port: int) -> Sequence[str]:
    return [
        sys.executable, "-c", PROGRAM.format(packages=packages()), "serve", str(models.folder),
        "--port", str(port), "--slots", str(models.slots), "--dtype", "fp32", "--yes",
    ]  # fmt: skip


def transformers(models: Models, port: int) -> Sequence[str]:
    program = servers_folder() / "transformers" / "bin" / "transformers"
    return [
        str(program), "serve", str(models.folder), "--continuous-batching", "--device", "cpu",
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip


def llama(models: Models, port: int) -> Sequence[str]:
    return [
        str(built()), "--model", str(models.gguf), "--alias", ALIAS,
        "--host", "127.0.0.1", "--port", str(port),
        "--parallel", str(models.slots), "--ctx-size", str(models.slots * models.window_tokens),
        "--threads", str(models.threads), "--threads-batch", str(models.threads), "--jinja", "--no-webui",
        "--reasoning-format", "none",
    ]  # fmt: skip


COMMANDS: Mapping[str, Callable[[Models, int], Sequence[str]]] = {
    "roost": ours,
    "transformers serve": transformers,
    "llama-server": llama,
}


def model_of(name: str, models: Models) -> str:
    """What the server calls its model."""
    called = {"roost": models.folder.name, "llama-server": ALIAS}
    return called.get(name, str(models.folder))


@contextmanager
def serving(name: str, models: Models, told: Path) -> Iterator[Server]:
    """`told`: the file that gets all it writes."""
    port = free_port()
    with (
        told.open("wb") as out,
        running(COMMANDS[name](models, port), out, environment(models.threads)) as process,
    ):
        _wait_for(f"http://127.0.0.1:{port}/health", process, told)
        yield Server(
            name, f"http://127.0.0.1:{port}/v1", process, model_of(name, models), FIELDS.get(name, {})
        )


@contextmanager
def running(
    command: Sequence[str], out: IO[bytes], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def environment(threads: int) -> Mapping[str, str]:
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}


def _wait_for(url: str, process: subprocess.Popen[bytes], told: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                json.load(answer)
                return
        except (urllib.error.URLError, OSError, ValueError):
            time.sleep(0.2)
    raise RuntimeError(f"The server of {url} did not start: {told.read_text(errors='replace')[-2_000:]}")
