"""What the panel costs for a piece of a reply, and that nothing of a reply is shown twice."""

import io
import sys
from collections.abc import Iterator
from types import FrameType

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from core.deltas import TextDelta
from core.events import ModelDelta, ModelReplied, Record
from core.messages import AssistantMessage, Text
from flow.broadcast import QUEUE_LENGTH, Subscription
from servr.markdown.stream import MarkdownStream
from servr.terminal.live import LiveReader
from servr.terminal.panel import Panel
from servr.terminal.screen import Screen
from tests.building import NOW, MemoryLog

WORDS = ("alpha *beta* ", "gamma `delta`, ", "epsilon ", "zeta.\n\n", "- eta\n")
PIECES = 200


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def reader(written: io.StringIO) -> Iterator[LiveReader]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield LiveReader(Screen(written), Panel(DummyOutput(), keys), lambda: MarkdownStream(80))


def said(text: str) -> Record:
    return Record(session="s", seq=0, at=NOW, event=ModelDelta(delta=TextDelta(text=text)))


async def calls_for_pieces(reader: LiveReader) -> int:
    """How many functions are called for so many pieces, each with a drawing."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        for number in range(PIECES):
            await reader(said(WORDS[number % len(WORDS)]))
            reader.refresh()
    finally:
        sys.setprofile(None)
    return calls


async def test_what_a_piece_costs_does_not_depend_on_how_much_was_said_before(reader: LiveReader) -> None:
    await calls_for_pieces(reader)  # what is only made once
    first = await calls_for_pieces(reader)
    await reader(said("".join(WORDS) * 4_000))
    later = await calls_for_pieces(reader)

    assert later < 1.2 * first


async def test_a_reply_that_comes_faster_than_it_is_drawn_is_shown_once_and_whole(
    reader: LiveReader, written: io.StringIO
) -> None:
    log = MemoryLog()
    subscription = Subscription(reader, log.records)
    lines = [f"- line {number}\n" for number in range(2 * QUEUE_LENGTH)]

    for line in lines:
        subscription.tell(said(line))
    subscription.tell(log.append(ModelReplied(reply=AssistantMessage(parts=(Text(text="".join(lines)),)))))
    await subscription.aclose()

    shown = [line for line in written.getvalue().splitlines() if "line" in line]
    assert [line.split()[-1] for line in shown] == [str(number) for number in range(len(lines))]
    assert "too slow" not in written.getvalue()
