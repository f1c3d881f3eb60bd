"""The panel below the transcript: who gets a line that is typed, and what a key ends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from servr.spans import Line
from servr.terminal.lines import Interrupted
from servr.terminal.panel import Panel

CTRL_C, CTRL_D, ESCAPE = "\x03", "\x04", "\x1b"


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe:
        yield pipe


@pytest_asyncio.fixture
async def panel(keys: PipeInput) -> AsyncIterator[Panel]:
    with create_app_session(input=keys, output=DummyOutput()):
        made = Panel(DummyOutput(), keys)
        async with made.shown():
            yield made


async def until(panel: Panel, holds: Callable[[], bool]) -> None:
    """Wait for the drawing at which something holds."""
    held = asyncio.Event()

    def look(_: object = None) -> None:
        if holds():
            held.set()

    panel.application.after_render += look
    look()
    await held.wait()
    panel.application.after_render -= look


async def until_typed(panel: Panel, text: str) -> None:
    await until(panel, lambda: panel.buffer.text == text)


async def test_what_fails_before_the_panel_has_begun_is_not_waited_with(keys: PipeInput) -> None:
    with create_app_session(input=keys, output=DummyOutput()), pytest.raises(ValueError, match="at once"):
        async with Panel(DummyOutput(), keys).shown():
            raise ValueError("at once")


async def test_a_line_goes_to_whoever_reads(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("hello\r")

    assert await panel.listen() == "hello"


async def test_what_nobody_reads_yet_is_kept_in_its_order(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("one\rtwo\rthree")
    await until_typed(panel, "three")

    assert [await panel.read(), await panel.read()] == ["one", "two"]


async def test_lines_are_joined_by_a_backslash_and_by_alt_enter(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("one\\\rtwo\x1b\rthree\nfour\r")

    assert await panel.listen() == "one\ntwo\nthree\nfour"


async def test_a_question_takes_the_next_line(panel: Panel, keys: PipeInput) -> None:
    asked = asyncio.create_task(panel.answer("Allow it? "))
    await until(panel, lambda: panel.asked is not None)
    keys.send_text("y\r")

    assert await asked == "y"
    assert panel.asked is None


async def test_a_question_waits_for_a_line_that_was_begun(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("yes, but")
    await until_typed(panel, "yes, but")
    asked = asyncio.create_task(panel.answer("Allow it? "))
    keys.send_text(" gently\rn\r")

    assert await asked == "n"
    assert await panel.read() == "yes, but gently"


async def test_a_line_that_is_deleted_makes_way_for_the_question(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("y")
    await until_typed(panel, "y")
    asked = asyncio.create_task(panel.answer("Allow it? "))
    keys.send_text("\x7fn\r")

    assert await asked == "n"


async def test_a_line_that_is_put_aside_comes_back(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("draft")
    await until_typed(panel, "draft")
    asked = asyncio.create_task(panel.answer("Allow it? "))
    keys.send_text(ESCAPE)
    await until_typed(panel, "")
    keys.send_text("y\r")

    assert await asked == "y"
    assert panel.buffer.text == "draft"


async def test_ctrl_c_at_the_prompt_drops_the_line(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("half a line" + CTRL_C)

    with pytest.raises(Interrupted):
        await panel.listen()
    assert panel.buffer.text == ""


async def test_ctrl_c_twice_in_one_breath_is_heard_twice(panel: Panel, keys: PipeInput) -> None:
    reading = asyncio.ensure_future(panel.listen())
    await asyncio.sleep(0)
    keys.send_text(CTRL_C * 2)

    with pytest.raises(Interrupted):
        await reading
    with pytest.raises(Interrupted):
        await panel.listen()


async def test_ctrl_c_while_it_works_keeps_what_is_being_typed(panel: Panel, keys: PipeInput) -> None:
    ended = asyncio.Event()
    panel.interrupt = ended.set
    reading = asyncio.create_task(panel.read())
    keys.send_text("draft" + CTRL_C)
    await ended.wait()
    keys.send_text("\r")

    assert await reading == "draft"


async def test_ctrl_d_leaves_only_an_empty_line(panel: Panel, keys: PipeInput) -> None:
    keys.send_text("ab\x01" + CTRL_D + "\r")

    assert await panel.listen() == "b"
    leaving = asyncio.create_task(panel.listen())
    await until(panel, lambda: panel.buffer.text == "")
    keys.send_text(CTRL_D)
    with pytest.raises(EOFError):
        await leaving


async def test_what_is_queued_is_taken_back_to_be_edited(panel: Panel, keys: PipeInput) -> None:
    panel.recall = lambda: "queued text"
    keys.send_text("\x1b\x1b[A, and more\r")

    assert await panel.listen() == "queued text, and more"


async def test_a_long_paste_is_folded_and_sent_whole(panel: Panel, keys: PipeInput) -> None:
    pasted = "\n".join(map(str, range(20)))
    keys.send_text(f"Look: \x1b[200~{pasted}\x1b[201~")
    await until_typed(panel, "Look: [paste 1: 20 lines]")
    keys.send_text("\r")

    assert await panel.listen() == f"Look: {pasted}"


async def test_the_terminal_says_whether_its_window_is_in_front(panel: Panel, keys: PipeInput) -> None:
    seen = [panel.in_front]
    for sequence in ("\x1b[I", "\x1b[O"):
        keys.send_text(sequence + "x\r")
        await panel.listen()
        seen.append(panel.in_front)

    assert seen == [False, True, False]


async def test_after_the_person_has_gone_nothing_is_waited_for(panel: Panel) -> None:
    panel.close()

    with pytest.raises(EOFError):
        await panel.listen()
    with pytest.raises(EOFError):
        await panel.answer("Allow it? ")


async def test_what_is_drawn_for_a_key_waits_with_rows_that_the_panel_still_shows(panel: Panel) -> None:
    await until(panel, lambda: panel.application.render_counter > 0)
    panel.tail = (Line("a row that is"),)
    panel.above(["a row that is done"])
    panel.tell_terminal("")
    panel.application._redraw()  # as a key does
    held = [*panel.application.above, *panel.application.marks]
    await until(panel, lambda: not panel.application.above)

    assert held == ["a row that is done", ""]
    assert panel.application.marks == []


async def test_no_question_is_drawn_before_what_is_asked(panel: Panel) -> None:
    await until(panel, lambda: panel.application.render_counter > 0)
    panel.tail = (Line("a call that runs"),)
    panel.above(["Which colour?"])
    answering = asyncio.create_task(panel.answer("Number or answer: "))
    await asyncio.sleep(0)
    panel.application._redraw()  # as a key does
    above = [*panel.application.above]
    answering.cancel()

    assert above == []
