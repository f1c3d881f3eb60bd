"""Our end of the socket that a command's supervisor reports on, and its report."""

import asyncio
import errno
import json
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from core.errors import ToolError
from core.records import dataclass

CHUNK_BYTES = 65_536
STOP_SECONDS = 20.0
"""How long a stopped command may take to be gone; its supervisor is done after two, or eight if busy."""
BEYOND = {
    "memory_bytes": "used more memory than a command may",
    "processes": "were more than a command may start",
}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a supervisor says when its command is gone."""

    status: int | None = None
    """As wait(2) tells it; None also when the supervisor itself was ended."""
    ended: int = 0
    left: int = 0
    adopted: bool = True
    failed: str = ""
    """Why the command could not be started."""
    errno: int = 0
    exceeded: str = ""
    """The ceiling that all processes together went beyond, by its field's name."""

    def check_started(self, argv: Sequence[str]) -> None:
        """Raise ToolError for a command that never ran."""
        if self.errno == errno.E2BIG:
            longest = max(map(len, argv))
            raise ToolError(
                f"The command is too long: {longest:,} characters, and about 131,000 is the most.",
                hint="Write it to a file and run that file.",
            )
        if self.failed:
            raise ToolError(f"{argv[0]!r} could not be started: {self.failed}.")

    @property
    def exit_code(self) -> int:
        """Negative for the signal that ended it. Raises ToolError when nobody saw the end."""
        if self.status is None:
            raise ToolError(
                "The command was cut off: the process that watches it was killed.",
                hint="Check what it did before you run it again.",
            )
        return os.waitstatus_to_exitcode(self.status)

    @property
    def shortfall(self) -> str:
        """What could not be ended, and what was ended early, for people."""
        if self.exceeded:
            return f"Stopped: all its processes together {BEYOND[self.exceeded]}."
        if self.left:
            return "Not every process of it could be ended."
        if self.ended and not self.adopted:
            return "A process that left the command's group may still run: this system does not show them."
        return ""


class Control:
    """Our end of one command's socket. Belongs to the running event loop."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray()
        self._loop = asyncio.get_running_loop()
        self._ending: asyncio.Future[Ending] = self._loop.create_future()
        connection.setblocking(False)
        self._loop.add_reader(connection, self._read)

    async def send(self, request: Mapping[str, object]) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # what went wrong is in the ending
            await self._loop.sock_sendall(self._connection, json.dumps(request).encode() + b"\n")

    async def ending(self) -> Ending:
        """Wait until the command and all it started are gone."""
        return await asyncio.shield(self._ending)

    async def ending_within(self, seconds: float) -> tuple[Ending, bool]:
        """Wait until they are gone, or make them go; whether the time was out."""
        try:
            async with asyncio.timeout(seconds):
                return await self.ending(), False
        except TimeoutError:
            timed_out = not self._ending.done()  # we may have come too late to a report that was in time
            return await self.stop(), timed_out

    async def stop(self) -> Ending:
        """End the command and all it started, within seconds."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self.ending()
        return self._ending.result() if self._ending.done() else Ending(left=1)

    def close(self) -> None:
        if self._connection.fileno() >= 0:
            self._loop.remove_reader(self._connection)
            self._connection.close()
        if not self._ending.done():
            self._ending.set_result(Ending(left=1))

    def _read(self) -> None:
        try:
            chunk = self._connection.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            chunk = b""
        self._received += chunk
        fields: dict[str, Any] = {}
        for line in self._received.splitlines() if self._received.endswith(b"\n") else ():
            fields |= json.loads(line)
        if not chunk or "status" in fields:
            self._loop.remove_reader(self._connection)
            self._ending.set_result(Ending(**fields))
