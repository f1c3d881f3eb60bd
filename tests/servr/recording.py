"""Records a chat with a scripted model in a real terminal (tmux), as a picture for the docs.

python -m tests.servr.recording    writes docs/chat.svg anew
"""

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.scripted_server import ScriptedServer, Spoken, call, say
from tests.servr.person import LIMIT_SECONDS

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "chat.svg"
COLUMNS, ROWS = 92, 100
MODEL = "qwen3-coder-30b"
SECONDS = {
    r"(?<=thought for )\d+ s\b": "2 s",
    r"\b\d+\.\d s\b": "0.1 s",
    r" · \d+ tokens a second\b": "",  # told of a reply that took its time
}
"""What is not the same twice, and what stands for it."""
COLOUR = re.compile(r"\x1b\[[\d;:]*m")
TEXT = re.compile(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', re.DOTALL)
CODE = '''\
"""Shapes, and how large they are."""


def area(width: float, height: float) -> float:
    return width + height
'''
TEST = """\
from area import area

assert area(3, 4) == 12, f"area(3, 4) is {area(3, 4)}"
print("1 passed")
"""
ANSWER = """\
Mended: `area` **added** its sides instead of multiplying them, and the test passes now.

| call | before | after |
|---|--:|--:|
| `area(3, 4)` | 7 | 12 |
| `area(2, 2)` | 4 | 4 |

The second row is why nobody saw it. A test with two *different* sides is worth keeping:

```python
def test_sides_are_multiplied() -> None:
    assert area(3, 4) == 12  # 3 + 4 would be 7
```
"""
SCRIPT: Sequence[Spoken] = (
    Spoken(
        thinking=("The test says what is expected. ", "Let me read the function before I change it."),
        calls=call("read_file", path="area.py").calls,
    ),
    call("edit_file", path="area.py", old="width + height", new="width * height"),
    call("shell", command="python3 -B test_area.py"),
    say(*re.findall(r".{1,12}", ANSWER, re.DOTALL)),
)


@dataclass(frozen=True)
class Pane:
    """A terminal of tmux, on a server of its own."""

    socket: str

    def run(self, *arguments: str) -> str:
        command = ["tmux", "-L", self.socket, "-f", os.devnull, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def types(self, text: str) -> None:
        self.run("send-keys", "-l", text)
        self.run("send-keys", "Enter")

    def sees(self, text: str) -> str:
        """The screen, as soon as `text` is on it, with its colours."""
        return self.awaits(lambda screen: text in screen, text)

    def awaits(self, is_there: Callable[[str], bool], what: str) -> str:
        deadline = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < deadline:
            screen = self.run("capture-pane", "-p", "-e")
            if is_there(COLOUR.sub("", screen)):
                return screen
            time.sleep(0.1)
        raise TimeoutError(f"{what!r} did not come:\n{self.run('capture-pane', '-p')}")

    def ends(self) -> None:
        """Wait until what ran in it has ended: it still writes."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while self._is_there() and time.monotonic() < deadline:
            time.sleep(0.1)

    def kill(self) -> None:
        if self._is_there():
            self.run("kill-server")

    def _is_there(self) -> bool:
        found = subprocess.run(["tmux", "-L", self.socket, "has-session"], capture_output=True, check=False)
        return found.returncode == 0


def recorded() -> str:
    """The screen at the end of the chat, with its colours."""
    with TemporaryDirectory(prefix="roost-recording-") as folder, ScriptedServer(SCRIPT) as server:
        workspace = Path(folder, "shapes")
        workspace.mkdir()
        (workspace / "area.py").write_text(CODE, encoding="utf-8")
        (workspace / "test_area.py").write_text(TEST, encoding="utf-8")
        pane = Pane(f"roost-recording-{os.getpid()}")
        environment = (
            f"HOME={folder}",
            f"PATH={os.environ['PATH']}",
            "COLORTERM=truecolor",
            "ROOST_NO_SETUP=1",
            "AGENT_WINDOW_TOKENS=32768",
        )
        command = [sys.executable, str(ROOT / "cli.py"), "--url", server.url, "--model", MODEL]
        start = ["env", "-i", *environment, "TERM=tmux-256color", "LANG=C.UTF-8", *command]
        pane.run("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(workspace), *start)
        try:
            screen = _talk(pane)
            pane.types("exit")
            pane.ends()
        finally:
            pane.kill()
        screen = screen.replace(str(workspace), "~/shapes")
        screen = screen.replace(server.url.partition("://")[2], "127.0.0.1:1234/v1")
        for pattern, same in SECONDS.items():
            screen = re.sub(pattern, same, screen)
        return screen


def _talk(pane: Pane) -> str:
    pane.sees("leaves.")
    pane.types("The test of area.py fails. Mend the function, and run the test.")
    pane.sees("Allow it?")
    pane.types("y")
    pane.sees("python3 -B test_area.py")
    pane.types("y")
    return pane.awaits(_has_ended, "the end of the reply")


def _has_ended(screen: str) -> bool:
    """An empty row follows the turn; the status is drawn last."""
    before, *_, status = screen.rstrip().split("\n")[-3:]
    return "would be 7" in screen and not before.strip() and status.endswith("· ask")


def picture(screen: str) -> str:
    """The screen as an SVG that fetches no fonts."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for line in screen.rstrip().splitlines():
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)
    drawn = console.export_svg(title="roost", unique_id="roost")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def text_of(drawing: str) -> str:
    """What stands in a picture, row by row, without spaces."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for column, row, text in TEXT.findall(drawing):
        rows.setdefault(float(row), []).append((float(column), "".join(unescape(text).split())))
    return "\n".join("".join(text for _, text in sorted(parts)) for _, parts in sorted(rows.items()))


if __name__ == "__main__":
    PICTURE.write_text(picture(recorded()), encoding="utf-8")
    sys.stdout.write(f"Written to {PICTURE}.\n")
