"""Measures how soon a key is seen in the chat: at rest, while a reply streams, and after very much was shown.

python -m bench.typing            two minutes
python -m bench.typing --quick    fewer keys, a tenth of the long texts

The chat runs in a pseudo-terminal of 24 rows and 80 columns, its scripted server in a process of its own.
Keys are pressed one after another, at most ten a second; each is a letter that is nowhere else on the
screen, and is timed until the terminal gets it.
"""

import os
import pty
import select
import subprocess
import sys
import tempfile
import termios
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.contenders import ROOT, bare_environment
from bench.tables import write

GAP_SECONDS = 0.1
"""Between two keys, so that each is answered by itself: about 120 words a minute."""
LIMIT_SECONDS = 180.0
LOOKING_SECONDS = 5.0
"""Until the files of the workspace are known; only the first look at them has to be waited for."""
LISTENS = b"\x1b]133;B\x07"
FIRST_LETTER = 0x100
"""Latin letters that no other text of the bench has, a new one for each key."""
BUDGET_MS = 16.0
SERVER = """
from random import Random
from tests.scripted_server import Pause, say, call
from tests.scripted_server.app import ScriptedApp
from tests.scripted_server.serving import QuickServer, listening
random = Random(1)
ends = (" ", " ", "* ", "`, ", " *", " `", " ", " ", ".\\n\\n")

def words(count):
    for n in range(count):
        yield "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=5)) + ends[n % 9]

streamed = [piece for word in words({seconds} * 200) for piece in (word, Pause(0.005))]
again = [piece for word in words({seconds} * 200) for piece in (word, Pause(0.005))]
long = "".join(words({chars} // 7))
steps = [
    say(*streamed),
    call("shell", command="seq 1 {lines}"),
    say("Counted."),
    say(long),
    say(*again),
]
with listening() as listener:
    print(listener.getsockname()[1], flush=True)
    QuickServer(ScriptedApp(steps, window_tokens=4_000_000)).run(sockets=[listener])
"""
CHAT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@dataclass(frozen=True)
class Sizes:
    keys: int
    seconds: int
    """How long a reply streams, at 200 pieces a second."""
    lines: int
    chars: int
    files: int
    """In the workspace."""


FULL = Sizes(keys=100, seconds=25, lines=10_000, chars=1_000_000, files=20_000)
QUICK = Sizes(keys=20, seconds=8, lines=1_000, chars=100_000, files=2_000)


@dataclass
class Screen:
    """The other end of the pseudo-terminal."""

    descriptor: int
    seen: bytes = b""
    letter: int = FIRST_LETTER

    def press(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def until(self, wanted: bytes) -> float:
        """When it came; what came before is forgotten."""
        end = time.perf_counter() + LIMIT_SECONDS
        while wanted not in self.seen:
            self._read(end - time.perf_counter())
        came = time.perf_counter()
        self.seen = self.seen.partition(wanted)[2]
        return came

    def rests(self, seconds: float) -> None:
        """Take what comes for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.descriptor], [], [], left)[0]:
                self.seen += os.read(self.descriptor, 65_536)

    def key_ms(self) -> float:
        letter = chr(self.letter)
        self.letter += 1
        self.seen = b""
        pressed = time.perf_counter()
        self.press(letter)
        return (self.until(letter.encode()) - pressed) * 1000

    def _read(self, seconds: float) -> None:
        if not select.select([self.descriptor], [], [], max(0.0, seconds))[0]:
            raise TimeoutError(self.seen[-2_000:].decode("utf-8", "replace"))
        self.seen += os.read(self.descriptor, 65_536)


def main() -> None:
    parser = ArgumentParser("python -m bench.typing", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer keys, a tenth of the long texts")
    sizes = QUICK if parser.parse_args().quick else FULL
    write("when a key is pressed", "ms until it is seen", "slowest", f"over {BUDGET_MS:g} ms", "beside rest")
    write(*("---",) * 5)
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder, chat(Path(folder), sizes) as screen:
        resting = 0.0
        for name, keys in moments(screen, sizes):
            resting = resting or median(keys)
            late = sum(key > BUDGET_MS for key in keys)
            ratio = f"{median(keys) / resting:.1f}"
            write(name, f"{median(keys):.1f}", f"{max(keys):.1f}", f"{late} of {len(keys)}", ratio)


def moments(screen: Screen, sizes: Sizes) -> Iterator[tuple[str, Sequence[float]]]:
    yield "at rest", typed(screen, sizes.keys)
    screen.press("\x15@")
    screen.rests(LOOKING_SECONDS)
    yield f"while files are sought, of {sizes.files:,}", typed(screen, sizes.keys)
    sends(screen, "stream")
    yield "while a reply streams, 200 pieces a second", typed(screen, sizes.keys)
    screen.until(LISTENS)
    sends(screen, "count")
    screen.until(b"Counted.")
    screen.until(LISTENS)
    yield f"after a command of {sizes.lines:,} lines", typed(screen, sizes.keys)
    began = time.perf_counter()
    sends(screen, "long")
    screen.until(LISTENS)
    took = time.perf_counter() - began
    yield f"after a reply of {sizes.chars:,} characters, shown in {took:.1f} s", typed(screen, sizes.keys)
    sends(screen, "stream again")
    yield "while another reply streams", typed(screen, sizes.keys)


def typed(screen: Screen, keys: int) -> Sequence[float]:
    times = []
    for _ in range(keys):
        times.append(screen.key_ms())
        screen.rests(GAP_SECONDS)
    return times


def sends(screen: Screen, text: str) -> None:
    """In the place of the letters that stand there."""
    screen.press("\x15")
    screen.rests(GAP_SECONDS)
    screen.seen = b""
    screen.press(f"{text}\r")
    screen.until(f"> {text}".encode())


def make_files(workspace: Path, count: int) -> None:
    for number in range(count):
        folder = workspace / f"part{number // 1_000}" / f"module{number // 50}"
        if number % 50 == 0:
            folder.mkdir(parents=True)
        (folder / f"file_{number}.py").touch()


@contextmanager
def chat(folder: Path, sizes: Sizes) -> Iterator[Screen]:
    home, workspace = folder / "home", folder / "workspace"
    home.mkdir()
    make_files(workspace, sizes.files)
    program = SERVER.format(seconds=sizes.seconds, lines=sizes.lines, chars=sizes.chars)
    server = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    environment = {**bare_environment(home), "ROOST_NO_SETUP": "1"}
    try:
        with terminal(workspace, environment, url) as screen:
            yield screen
    finally:
        server.kill()
        server.wait()


@contextmanager
def terminal(workspace: Path, environment: Mapping[str, str], url: str) -> Iterator[Screen]:
    """Of a chat that takes keys from now on."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    flags = ("--url", url, "--model", "m", "--permission", "full", "--sandbox", "external")
    process = subprocess.Popen(
        [sys.executable, "-c", CHAT, str(ROOT / "cli.py"), *flags],
        cwd=workspace,
        env={**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        screen = Screen(ours)
        screen.until(LISTENS)
        yield screen
    finally:
        process.kill()
        process.wait()
        os.close(ours)


if __name__ == "__main__":
    main()
