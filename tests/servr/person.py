"""A person at a pseudo-terminal in which the command runs: types, and waits for what the screen shows."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servr.display import READY, Display

CLI = Path(__file__).parents[2] / "cli.py"
LIMIT_SECONDS = 120.0
WITH_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
CTRL_C, CTRL_D, ESCAPE = "\x03", "\x04", "\x1b"


class Person:
    """Sits at the other end of the pseudo-terminal: types, and waits for what the screen shows."""

    def __init__(self, descriptor: int, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._descriptor = descriptor
        self._display = Display()
        self._seen = 0
        """Up to where the screen has been looked at."""

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def type_much(self, keys: str) -> None:
        """More than the terminal takes at once: what comes meanwhile is read."""
        left = keys.encode()
        while left:
            readable, writable, _ = select.select([self._descriptor], [self._descriptor], [], LIMIT_SECONDS)
            assert readable or writable, f"nothing was taken in {LIMIT_SECONDS} s:\n{self.screen}"
            if readable:
                self._more(time.monotonic() + LIMIT_SECONDS)
            if writable:
                left = left[os.write(self._descriptor, left[:1_024]) :]

    def is_asked(self) -> None:
        """Wait until the line editor listens."""
        self._await(READY)

    def answer(self, line: str) -> None:
        self.is_asked()
        self.type(line + "\r")

    def sees(self, text: str) -> str:
        """Wait for `text`; answers all that came before it since the last look."""
        return self._await(text)

    def resizes(self, rows: int, columns: int) -> None:
        termios.tcsetwinsize(self._descriptor, (rows, columns))

    def leaves(self) -> int:
        """Read to the end; the exit code."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while self._more(deadline):
            pass
        return self.process.wait(LIMIT_SECONDS)

    @property
    def raw(self) -> str:
        """All that came, with what commands the terminal."""
        return self._display.raw

    @property
    def screen(self) -> str:
        return self._display.text.replace(READY, "")

    def _await(self, text: str) -> str:
        deadline = time.monotonic() + LIMIT_SECONDS
        while (place := self._display.text.find(text, self._seen)) < 0:
            assert self._more(deadline), f"the chat ended before {text!r} came:\n{self.screen}"
        begin, self._seen = self._seen, place + len(text)
        return self._display.text[begin:place]

    def _more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing more came in {LIMIT_SECONDS} s:\n{self.screen}"
        try:
            chunk = os.read(self._descriptor, 65_536)
        except OSError:  # Linux: the other end is closed
            return False
        self._display.take(chunk)
        if b"\x1b[6n" in chunk:  # where is the cursor? a real terminal answers
            self.type("\x1b[1;1R")
        return bool(chunk)


@contextmanager
def chatting(
    workspace: Path,
    url: str,
    *flags: str,
    model: str = "m",
    size: tuple[int, int] = (24, 80),
    **variables: str,
) -> Iterator[Person]:
    """`size`: rows and columns; `variables`: of the environment."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, size)
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", WITH_TERMINAL, str(CLI), "--url", url),
            *(("--model", model) if model else ()),
            *("--workspace", str(workspace), *flags),
        ],
        cwd=workspace,
        env={**environment(workspace.parent), **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Person(ours, process)
    finally:
        process.kill()
        process.wait(LIMIT_SECONDS)
        os.close(ours)


def environment(folder: Path) -> Mapping[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    home = {"HOME": str(folder / "home"), "XDG_DATA_HOME": str(folder / "data")}
    return {"PATH": path, "LANG": "C.UTF-8", "TERM": "xterm-256color", "ROOST_NO_SETUP": "1", **home}
