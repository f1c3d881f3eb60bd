"""The agent's side of `tool/runner.py`: starts commands and workers, reads them, and ends them.

Processes ── control socket ──▶ supervisor       closing our end of it ends everything below
          ◀── output pipe ───── the command
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from pathlib import Path

from core.errors import ToolError
from core.records import dataclass
from core.sandbox import Command, CommandResult, Limits
from tool.capture import Capture
from tool.holding import UNHELD, Hold
from tool.supervision import STOP_SECONDS, Control, Ending

RUNNER = Path(__file__).with_name("runner.py")
CHUNK_BYTES = 65_536
LONGEST_LINE_BYTES = 16_000_000
REPORT_DESCRIPTOR = 9
"""The largest that every shell can redirect to."""


@dataclass
class Processes:
    """Owns the runner, which the first command starts, and everything below it."""

    _runner: subprocess.Popen[bytes] | None = None
    _requests: socket.socket | None = None
    _running: set[Control] = field(default_factory=set)
    _workers: "set[LineWorker]" = field(default_factory=set)

    async def run(
        self, command: Command, limits: Limits, progress: Callable[[str], None], hold: Hold = UNHELD
    ) -> CommandResult:
        """Run to its end, in exactly `command.environment`.

        Raises:
            ToolError: when it could not be started.
        """
        began = asyncio.get_running_loop().time()
        capture = Capture(limits.kept_chars, limits.spill_to, progress, limits.masking)
        with Pipe() as output, Pipe() as report:
            places = {1: output.writer, 2: output.writer}
            if command.report:
                places[REPORT_DESCRIPTOR] = report.writer
            try:
                control = await self._launch(command, places, hold)
                output.close_writer()
                report.close_writer()
                with output.feeding(capture.add):
                    ending, timed_out = await self._await_end(control, limits.wall_seconds)
            finally:
                capture.close()
            reported = report.rest().decode("utf-8", "replace")
        ending.check_started(command.argv)
        return CommandResult(
            exit_code=None if timed_out else ending.exit_code,
            head=capture.head,
            tail=capture.tail,
            dropped_chars=capture.dropped_chars,
            seconds=asyncio.get_running_loop().time() - began,
            timed_out=timed_out,
            spilled=capture.spilled,
            ended_processes=max(0, ending.ended - hold.own_processes),
            report=reported,
            note=" ".join(note for note in (capture.note, ending.shortfall) if note),
        )

    async def start(self, command: Command, hold: Hold = UNHELD) -> "LineWorker":
        """Start a process that talks in lines on its standard input and output."""
        ours, theirs = socket.socketpair()
        with theirs, ExitStack() as undo:
            undo.enter_context(ours)
            control = await self._launch(command, {0: theirs.fileno(), 1: theirs.fileno()}, hold)
            undo.pop_all()
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_LINE_BYTES)
        worker = LineWorker(command.argv, control, reader, writer, on_end=self._forget_worker)
        self._workers.add(worker)
        return worker

    async def aclose(self) -> None:
        """End whatever still runs, then the runner."""
        await asyncio.gather(*(worker.aclose() for worker in self._workers))
        await asyncio.gather(*(control.stop() for control in self._running))
        for control in tuple(self._running):
            self._forget(control)
        if self._runner is None or self._requests is None:
            return
        with suppress(TimeoutError, OSError):
            self._requests.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.get_running_loop().sock_recv(self._requests, 1)  # ends when the runner does
        self._drop_runner()

    async def _await_end(self, control: Control, seconds: float) -> tuple[Ending, bool]:
        """How it ended, and whether that was by time-out."""
        try:
            return await control.ending_within(seconds)
        except asyncio.CancelledError:
            await control.stop()  # also when it was being stopped already
            raise
        finally:
            self._forget(control)

    async def _launch(self, command: Command, places: Mapping[int, int], hold: Hold) -> Control:
        """Start `command` with our descriptors at its `places`."""
        places = dict(places) | dict(hold.descriptors)
        with ExitStack() as undo:
            ours, theirs = socket.socketpair()
            with theirs:
                control = Control(ours)
                self._running.add(control)
                undo.callback(self._forget, control)
                self._hand_over([theirs.fileno(), *places.values()])
            await control.send(
                {
                    "argv": command.argv,
                    "folder": os.fspath(command.cwd),
                    "environment": dict(command.environment)
                    | ({"ROOST_REPORT_FD": str(REPORT_DESCRIPTOR)} if command.report else {}),
                    "places": list(places),
                }
                | hold.request()
            )
            undo.pop_all()
        return control

    def _forget(self, control: Control) -> None:
        self._running.discard(control)
        control.close()

    def _forget_worker(self, worker: "LineWorker", control: Control) -> None:
        self._workers.discard(worker)
        self._forget(control)

    def _hand_over(self, descriptors: Sequence[int]) -> None:
        """Give the runner a command's descriptors; a runner that was killed is replaced, once."""
        for _ in range(2):
            requests = self._requests or self._start_runner()
            try:
                socket.send_fds(requests, [b"+"], descriptors)
                return
            except OSError:
                self._drop_runner()
        raise ToolError("Commands cannot be started: their runner ends at once.", hint="Tell the user.")

    def _start_runner(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            self._runner = subprocess.Popen(
                [sys.executable, "-I", "-S", "-X", "utf8", RUNNER, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # an interrupt typed at the terminal is for the agent alone
                env={},  # commands can read it below /proc
                cwd="/",
            )
        self._requests = ours
        return ours

    def _drop_runner(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._runner is not None:
            self._runner.kill()
            self._runner.wait()
        self._requests = self._runner = None


class LineWorker:
    """A process that stays, spoken to in lines. Ended by `aclose`, with `Processes`, and with the agent."""

    def __init__(
        self,
        argv: Sequence[str],
        control: Control,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        on_end: "Callable[[LineWorker, Control], None]",
    ) -> None:
        self._argv = argv
        self._control = control
        self._reader = reader
        self._writer = writer
        self._on_end = on_end

    async def send(self, line: str) -> None:
        try:
            self._writer.write(line.encode() + b"\n")
            await self._writer.drain()
        except ConnectionError as error:
            raise ToolError("The process has ended.", hint="Start a new one.") from error

    async def receive(self) -> str | None:
        line = b""
        with suppress(ConnectionResetError, ValueError):  # ValueError: a line that does not end
            line = await self._reader.readline()
        if line.endswith(b"\n"):
            return line[:-1].decode("utf-8", "replace")
        ending = await self._control.stop()
        ending.check_started(self._argv)
        return None

    async def aclose(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
        await self._control.stop()
        self._on_end(self, self._control)


class Pipe:
    """A pipe whose ends are closed at the latest when its block ends."""

    def __enter__(self) -> "Pipe":
        self.reader, self.writer = os.pipe()
        self._open = {self.reader, self.writer}
        os.set_blocking(self.reader, False)
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def close_writer(self) -> None:
        self._open.remove(self.writer)
        os.close(self.writer)

    @contextmanager
    def feeding(self, take: Callable[[bytes], None]) -> Iterator[None]:
        """Pass on what arrives, and at the end what is there. Never waits for whoever holds the other end."""
        loop = asyncio.get_running_loop()

        def read() -> None:
            if chunk := self._read():
                take(chunk)
            else:
                loop.remove_reader(self.reader)

        loop.add_reader(self.reader, read)
        try:
            yield
        finally:
            loop.remove_reader(self.reader)
            while chunk := self._read():
                take(chunk)

    def rest(self) -> bytes:
        return self._read()

    def _read(self) -> bytes:
        try:
            return os.read(self.reader, CHUNK_BYTES)
        except BlockingIOError:
            return b""
