"""Every view and event as it is shown, kept as text beside the tests.

python -m tests.servr.gallery    writes the files of tests/servr/pictures anew
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from core.events import Event, ModelReplied, ToolFinished, ToolProgressed, ToolStarted
from core.messages import AssistantMessage, ToolCall, ToolStatus
from core.permissions import Effect
from core.views import (
    CodeResult,
    CommandOutput,
    FactList,
    FileChange,
    FileWindow,
    MatchList,
    PathList,
    Question,
    Table,
    View,
    WebPage,
)
from servr.cards import Cards
from servr.drawing import plain_lines
from servr.markdown import MarkdownStream
from servr.spans import Line, Style
from servr.themes import theme_for

FOLDER = Path(__file__).parent / "pictures"
TEXTS = Path(__file__).parent / "markdown"
WIDTHS = (40, 80, 120)
HOSTILE = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
"""Texts that a terminal must not obey, by what they try."""
TRICKS = "".join(HOSTILE.values())
DIFF = """\
@@ -1,4 +1,4 @@
 def area(width, height):
-    return width + height
+    return width * height
~
~
@@ -98,3 +98,5 @@
 # the end
+# of all
+# things
""".replace("~", " ")

JAVA = """\
@@ -1,4 +1,6 @@
 /* The area
-   of a box.
+   of a rectangle,
+   in cells.
  */
 class Area { int of(int a) { return a; } }
+class Else { String s = "x"; }
@@ -40,2 +42,2 @@
-int before = 1;
+int after = 1;
 }
"""

VIEWS: Mapping[str, View] = {
    "file window": FileWindow(
        path="src/area.py",
        start=98,
        lines=("def area(width, height):", "\treturn width * height  # 面積", ""),
        total_lines=120,
        digest="d",
    ),
    "file window, long": FileWindow(
        path="a.txt", start=1, lines=tuple(f"line {n}" for n in range(1, 301)), total_lines=300, digest="d"
    ),
    "file window, empty": FileWindow(path="empty.py", start=1, lines=(), total_lines=0, digest="d"),
    "file change": FileChange(path="src/area.py", diff=DIFF, created=False, digest="d"),
    "file change, created": FileChange(path="new.py", diff="@@ -0,0 +1 @@\n+x = 1", created=True, digest="d"),
    "file change, deleted": FileChange(
        path="old.py", diff="@@ -1 +0,0 @@\n-x = 1", created=False, digest="", deleted=True
    ),
    "file change, long": FileChange(
        path="long.py",
        diff="@@ -1,200 +1,200 @@\n" + "\n".join(f"-old {n}\n+new {n}" for n in range(200)),
        created=False,
        digest="d",
    ),
    "file change, without a line end": FileChange(
        path="a.txt", diff="@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a", created=False, digest="d"
    ),
    "file change, a comment of several lines": FileChange(
        path="src/Area.java", diff=JAVA, created=False, digest="d"
    ),
    "path list": PathList(root="src", text="src/\n  area.py\n  日本.py", count=2, complete=True),
    "match list": MatchList(
        pattern="def .*", text="\n".join(f"a.py:{n}: def f{n}" for n in range(40)), count=40, complete=False
    ),
    "command output": CommandOutput(command="make test", output="2 passed\n", exit_code=0, seconds=1.25),
    "command output, failed and long": CommandOutput(
        command="make test\nmake lint",
        output="".join(f"test {n} … ok\n" for n in range(500)) + "1 failed\n",
        exit_code=2,
        seconds=83.5,
        full_output=".roost/artifacts/shell-1.txt",
    ),
    "command output, stopped and silent": CommandOutput(
        command="sleep 100", output="", exit_code=None, seconds=10
    ),
    "code result": CodeResult(
        code="import math\nprint(math.pi)", output="3.141592653589793\n", failed=False, images=("plot.png",)
    ),
    "code result, failed": CodeResult(code="1/0", output="ZeroDivisionError: division by zero", failed=True),
    "table": Table(
        title="sales.csv",
        columns=("year", "town", "a column with a rather long name", "amount", "remark"),
        rows=tuple((str(2000 + n), "東京", "a value that is long, too", f"{n * 1.5}", "") for n in range(30)),
        note="30 of 3,000 rows",
    ),
    "table, uneven": Table(title="t", columns=("a",), rows=(("1", "2", "3"), ())),
    "web page": WebPage(
        url="https://example.com/a/rather/long/path?with=a&query=too",
        title="An Example",
        text="First line.\nSecond line.\nThird line.\nFourth line.",
    ),
    "facts": FactList(
        title="remembered of 'port'",
        text="#3 The port is 9090 (2026-11-21)\n  before: #1 The port is 8080 (2026-11-20)",
    ),
    "question": Question(question="Which one?", choices=("this", "that"), answer="that"),
    "hostile": CommandOutput(command=f"echo {TRICKS}", output=TRICKS, exit_code=0, seconds=0.1),
    "hostile change": FileChange(
        path=TRICKS, diff=f"@@ -1 +1 @@\n-{TRICKS}\n+x{TRICKS}", created=False, digest="d"
    ),
    "hostile table": Table(title=TRICKS, columns=(TRICKS,), rows=((TRICKS,),), note=TRICKS),
    "hostile page": WebPage(url=f"http://e/{TRICKS}", title=TRICKS, text=TRICKS),
}


TOOLS = {
    "file_window": "read_file",
    "file_change": "edit_file",
    "path_list": "list_files",
    "match_list": "find_text",
    "command_output": "shell",
    "code_result": "pyexe",
    "table": "data_view",
    "web_page": "fetch",
    "question": "ask_user",
    "fact_list": "memory",
}


def call_of(view: View) -> ToolCall:
    return ToolCall(id="call-1", name=TOOLS[view.kind], arguments='{"path": "x", "more": "y"}')


def shown(
    view: View, width: int, status: ToolStatus = ToolStatus.OK, text: str = "", *, tinted: bool = False
) -> list[Line]:
    finished = ToolFinished(call_id="call-1", text=text, view=view, status=status)
    events = [ModelReplied(reply=AssistantMessage(parts=(call_of(view),))), finished]
    return rows_of(events, width, tinted=tinted)


def rows_of(events: list[Event], width: int, *, tinted: bool = False) -> list[Line]:
    cards = Cards(lambda: width, clock=lambda: 0.0, tinted=lambda: tinted)
    return [line for event in events for line in cards.see(event)]


def outcomes(width: int) -> Iterator[tuple[str, list[Line]]]:
    """Calls that failed, were refused, wait for somebody, or show no view."""
    shell = ToolCall(id="call-1", name="shell", arguments='{"command": "rm -rf build", "timeout_seconds": 9}')
    said = ModelReplied(reply=AssistantMessage(parts=(shell,)))
    texts = {
        "without a view": ToolFinished(call_id="call-1", text="\n".join(map(str, range(40)))),
        "failed": ToolFinished(
            call_id="call-1", text="There is no folder 'build'.", status=ToolStatus.FAILED
        ),
        "refused": ToolFinished(
            call_id="call-1", text="Refused: not in this folder.", status=ToolStatus.REFUSED, by_person=True
        ),
        "nobody there": ToolFinished(call_id="call-1", text="It needs a yes.", status=ToolStatus.NEEDS_INPUT),
        "of a call that nobody knows": ToolFinished(call_id="call-9", text=TRICKS),
        "ended by its time": ToolFinished(
            call_id="call-1",
            text="1\n2\n(stopped after 9 s)",
            status=ToolStatus.FAILED,
            view=CommandOutput(command="sleep 99", output="1\n2\n", exit_code=None, seconds=9.0),
        ),
    }
    for name, finished in texts.items():
        yield name, rows_of([said, finished], width)
    cards = Cards(lambda: width, clock=iter((0.0, 0.0, 12.0, 12.0)).__next__)
    for event in (
        ToolStarted(call=shell, effect=Effect.EXECUTE),
        ToolStarted(
            call=ToolCall(id="call-2", name="read_file", arguments='{"path": "a"}'), effect=Effect.READ
        ),
        ToolProgressed(call_id="call-1", text="".join(f"removed {n}\n" for n in range(90)) + TRICKS),
    ):
        assert not [*cards.see(event)]
    yield "two that run", [*cards.running(8)]


def styled(line: Line) -> str:
    """A line with the styles of its parts written out."""
    return "".join(_styled(part.text, part.styles) for part in line.parts)


def _styled(text: str, styles: tuple[Style, ...]) -> str:
    names = "+".join(style for style in styles if style is not Style.PLAIN)
    return f"⟨{names}: {text}⟩" if names else text


def painted(line: Line) -> str:
    environment = {"TERM": "xterm", "COLORTERM": "truecolor"}
    return theme_for("dark", environment, terminal=True).painted(line).replace("\x1b", "␛")


def text_of(line: Line) -> str:
    return line.text


def pictures() -> Mapping[str, str]:
    """All files by their names."""
    from tests.servr.test_drawing import EVENTS

    pages: dict[str, str] = {}
    for width in WIDTHS:
        views = {name: shown(view, width) for name, view in VIEWS.items()}
        pages[f"views_{width}.txt"] = _page(views, text_of)
        pages[f"calls_{width}.txt"] = _page(dict(outcomes(width)), text_of)
    events = {name: rows_of([event], 80) for name, (event, _) in EVENTS.items()}
    pages["events_80.txt"] = _page(events, styled)
    pages["plain.txt"] = _page(
        {name: [*map(Line, plain_lines(event))] for name, (event, _) in EVENTS.items()}, text_of
    )
    pages["views_styles.txt"] = _page({name: shown(view, 80) for name, view in VIEWS.items()}, styled)
    pages["views_painted.txt"] = _page(
        {name: shown(VIEWS[name], 80) for name in ("file change", "table")}, painted
    )
    changes = [name for name in VIEWS if "change" in name]
    pages["changes_tinted.txt"] = _page({n: shown(VIEWS[n], 80, tinted=True) for n in changes}, styled)
    for text in sorted(TEXTS.glob("*.md")):
        for width in WIDTHS:
            pages[f"{text.stem}_{width}.txt"] = _page({"": _markdown(text, width)}, text_of)
        pages[f"{text.stem}_styles.txt"] = _page({"": _markdown(text, 80)}, styled)
        pages[f"{text.stem}_marks.txt"] = _page({"": _markdown(text, 80, marks=True)}, text_of)
    return pages


def _markdown(path: Path, width: int, *, marks: bool = False) -> list[Line]:
    stream = MarkdownStream(width, marks)
    return [*stream.feed(path.read_text(encoding="utf-8")), *stream.end()]


def _page(pictures: Mapping[str, list[Line]], written: Callable[[Line], str]) -> str:
    blocks = (
        "".join(f"{row}\n" for row in (*([f"== {name}"] if name else []), *map(written, rows)))
        for name, rows in pictures.items()
    )
    return "\n".join(blocks)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, page in pictures().items():
        (FOLDER / name).write_text(page, encoding="utf-8")
    sys.stdout.write(f"Written to {FOLDER}: look at the difference before it is committed.\n")
