"""A session above the panel and in it, without a terminal."""

import gc
from datetime import UTC, datetime

from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import DummyInput
from prompt_toolkit.output import DummyOutput

from core.deltas import TextDelta
from core.events import Event, ModelDelta, Record, ToolFinished
from core.views import FileChange
from servr.markdown import MarkdownStream
from servr.terminal.live import Above, LiveReader
from servr.terminal.opening import be_ready
from servr.terminal.panel import Panel
from servr.terminal.screen import Screen
from servr.themes import theme_for

AT = datetime(2026, 11, 29, tzinfo=UTC)


class SizedOutput(DummyOutput):
    columns = 60

    def get_size(self) -> Size:
        return Size(rows=24, columns=self.columns)


def record(event: Event) -> Record:
    return Record(session="s", seq=1, at=AT, event=event)


async def test_a_reply_follows_the_width_of_the_screen() -> None:
    output = SizedOutput()
    with create_app_session(input=DummyInput(), output=output):
        panel = Panel(output, DummyInput())
        screen = Screen(Above(panel))
        reader = LiveReader(screen, panel, lambda: MarkdownStream(panel.columns))

        await reader(record(ModelDelta(delta=TextDelta(text="wide " * 30))))
        output.columns = 20
        reader.refresh()
        tail = [line.text for line in panel.tail]
        await reader(record(ModelDelta(delta=TextDelta(text="narrow " * 10))))

    assert max(len(row) for row in panel.application.above) == 59
    assert tail
    assert max(map(len, tail)) <= 20
    assert max(len(row) for row in panel.application.above if "narrow" in row) <= 20


def test_a_search_for_garbage_passes_over_what_was_there_before_the_first_reply() -> None:
    try:
        be_ready()
        kept = gc.get_freeze_count()
    finally:
        gc.unfreeze()

    assert kept > 10_000


async def test_code_in_a_language_that_is_not_loaded_is_drawn_like_any_other() -> None:
    text = "Look:\n\n```kotlin\nfun area(width: Int) = width\n```\n\n~~~zig\nconst x = 1;\n~~~\nDone.\n\n"
    output = SizedOutput()
    with create_app_session(input=DummyInput(), output=output):
        panel = Panel(output, DummyInput())
        screen = Screen(Above(panel))
        reader = LiveReader(screen, panel, lambda: MarkdownStream(panel.columns))

        for piece in (text[:13], text[13:17], text[17:]):
            await reader(record(ModelDelta(delta=TextDelta(text=piece))))

    assert [row for row in panel.application.above if row] == [line for line in text.split("\n") if line]


async def test_a_change_is_shown_in_the_colours_of_its_language_where_there_are_enough() -> None:
    change = FileChange(
        path="area.rs", diff="@@ -1 +1 @@\n-let a = 1;\n+let a = 2;", created=False, digest="d"
    )
    output, shown = SizedOutput(), []
    with create_app_session(input=DummyInput(), output=output):
        for environment in ({"TERM": "xterm", "COLORTERM": "truecolor"}, {"TERM": "xterm-256color"}):
            panel = Panel(output, DummyInput())
            screen = Screen(Above(panel), theme_for("dark", environment, terminal=True))
            reader = LiveReader(screen, panel, lambda: MarkdownStream(60))
            await reader(record(ToolFinished(call_id="c", text="", view=change)))
            shown.append(panel.application.above[-1])

    ink, added, keyword = "38;2;230;235;240;48;2;12;50;22", "38;2;126;200;120", "38;2;215;140;235"
    assert shown[0].startswith(
        f"  \x1b[2m1 \x1b[0m\x1b[{ink};{added}m+ \x1b[0m\x1b[{ink};{keyword}mlet\x1b[0m"
    )
    assert shown[1].startswith("  \x1b[2m1 \x1b[0m\x1b[38;5;114m+ let a = \x1b[0m")
