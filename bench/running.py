"""Runs one command against a scripted server, once, and says what it cost."""

import math
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread, Timer

from bench.contenders import Contender
from tests.scripted_server import Recorded, ScriptedServer, Step
from tests.scripted_server.serving import listening

SAMPLE_SECONDS = 0.004
TOLD_WINDOW = 4_000_000
"""Of the server, in tokens: no run comes near, so that nothing is shrunk."""


@dataclass(frozen=True)
class Cost:
    started: float
    """`time.perf_counter()` just before the command was started."""
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    """Of the command and of all its children that ended."""
    requests: Sequence[Recorded]
    """Those for a reply."""
    peak_pss_mb: float = 0.0
    told: str = ""
    """The end of what it wrote to stderr."""

    @property
    def first_request_ms(self) -> float:
        """Not a number when none came."""
        if not self.requests:
            return math.nan
        return (self.requests[0].arrived - self.started) * 1000

    @property
    def gaps_ms(self) -> Sequence[float]:
        """Between each request and the next."""
        times = [request.arrived for request in self.requests]
        return [(later - earlier) * 1000 for earlier, later in pairwise(times)]


def free_port() -> int:
    with listening() as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Runner:
    workspace: Path
    environment: Mapping[str, str]
    limit_seconds: float = 60
    port: int = field(default_factory=free_port)
    """Of every server: from the second run on it is one that is known."""
    errors: list[str] = field(default_factory=list)
    """What went wrong, for the note beneath the table."""

    def run(self, contender: Contender, script: Iterable[Step], *, sample_memory: bool = False) -> Cost:
        with ScriptedServer(script, window_tokens=TOLD_WINDOW, port=self.port) as server:
            cost = self.cost(contender.command(server.url), server, sample_memory=sample_memory)
        if cost.exit_code:
            self.errors.append(f"{contender.name} ended with {cost.exit_code}: {cost.told}")
        return cost

    def cost(
        self, command: Sequence[str], server: ScriptedServer | None, *, sample_memory: bool = False
    ) -> Cost:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        process = self._start(command, self.environment)
        with _peak_pss(process.pid, sample_memory) as peak, _deadline(process, self.limit_seconds):
            told = process.communicate()[1]
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        requests = server.requests if server else ()
        return Cost(
            started, process.returncode, wall, cpu, requests, max(peak, default=0), told.decode()[-300:]
        )

    def first_request_ms(self, contender: Contender) -> float:
        """Starts the command, waits for its first request and ends it; the answer is a refusal."""
        with ScriptedServer((), port=self.port) as server:
            environment = {**self.environment, **contender.environment(server.url)}
            started = time.perf_counter()
            process = self._start(contender.command(server.url), environment)
            with _deadline(process, self.limit_seconds):
                arrived = _first_arrival(server, contender.path, process)
            _end(process)
            process.communicate()
        return (arrived - started) * 1000

    def _start(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


def _first_arrival(server: ScriptedServer, path: str, process: subprocess.Popen[bytes]) -> float:
    while process.poll() is None:
        for request in server.log:
            if request.method == "POST" and request.path.endswith(path):
                return request.arrived
        time.sleep(0.005)
    return math.nan


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the session that `_start` made, and nothing else."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def _deadline(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    timer = Timer(seconds, _end, [process])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _peak_pss(pid: int, wanted: bool) -> Iterator[list[float]]:
    """Samples, in megabytes, of the memory of the process and all below it.

    A child that has not called exec yet (vfork) shows its parent's memory as its own, and does not count.
    """
    samples: list[float] = []
    ended = Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            own = _text(Path(f"/proc/{pid}/cmdline"))
            borrowed = (child for child in _children(pid) if _text(Path(f"/proc/{child}/cmdline")) == own)
            samples.append((sum(map(_pss_kb, _tree(pid))) - sum(map(_pss_kb, borrowed))) / 1024)

    thread = Thread(target=sample, daemon=True)
    if wanted:
        thread.start()
    try:
        yield samples
    finally:
        ended.set()
        if wanted:
            thread.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in _children(pid):
        yield from _tree(child)


def _children(pid: int) -> Sequence[int]:
    """Empty when the process has ended meanwhile."""
    try:
        lists = [*Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return ()
    return [int(child) for path in lists for child in _text(path).split()]


def _pss_kb(pid: int) -> int:
    lines = _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _text(path: Path) -> str:
    """Empty when the process has ended meanwhile."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""
