"""What a person is told while the model works, and of what it cost."""

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.deltas import (
    CacheLostDelta,
    CallDelta,
    Delta,
    ProgressDelta,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
)
from core.events import (
    ContextShrunk,
    Event,
    ModelDelta,
    ModelReplied,
    Outcome,
    SummaryAsked,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from core.messages import AssistantMessage, Message, Text, ToolCall, ToolMessage, Usage, UserMessage
from core.permissions import Effect
from flow.window_use import KindUse, WindowUse
from servr.cells import width_of
from servr.terminal.context import context_lines
from servr.terminal.screen import can_redraw
from servr.terminal.waiting import Waiting
from tests.clocks import Clock

BEGUN = TurnStarted(prompt=UserMessage(text="go"))
READ = ProgressDelta(processed_tokens=2_000, total_tokens=8_000, cached_tokens=1_000, seconds_left=20.0)
RECKONED = ProgressDelta(
    processed_tokens=1_000, total_tokens=8_000, cached_tokens=1_000, seconds_left=20.0, estimated=True
)
LOST = CacheLostDelta(lost_tokens=5_000, changed=2)
SHELL = ToolStarted(call=ToolCall(id="c", name="shell", arguments="{}"), effect=Effect.EXECUTE)
EMPTY = WindowUse(tokens=0, source="estimate", kinds=())


def replied(usage: Usage) -> ModelReplied:
    return ModelReplied(reply=AssistantMessage(parts=(Text(text="Done."),), usage=usage))


def after(*seen: Event | Delta | float) -> Waiting:
    """What is told after all of `seen`, of which numbers are seconds that pass."""
    clock = Clock()
    waiting = Waiting(clock)
    for one in (BEGUN, *seen):
        match one:
            case float():
                clock.now += one
            case (
                TurnStarted()
                | ModelReplied()
                | ToolStarted()
                | ToolFinished()
                | ContextShrunk()
                | TurnFinished()
            ):
                waiting.see(one)
            case SummaryAsked():
                waiting.see(one)
            case _:
                waiting.see(ModelDelta(delta=one))
    return waiting


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        ((4.0,), "reading, 4 s"),
        ((READ,), "reading 2,000 of 8,000 tokens, about 20 s left"),
        ((READ, 5.0), "reading 3,500 of 8,000 tokens, about 15 s left"),
        ((READ, 60.0), "reading, 60 s"),
        ((replace(RECKONED, seconds_left=None), 3.0), "reading, 3 s"),
        ((RECKONED, 10.0), "reading about 4,500 of 8,000 tokens, about 10 s left"),
        ((ProgressDelta(processed_tokens=10, total_tokens=90),), "reading 10 of 90 tokens"),
        ((READ, ThinkingDelta(text="hm, " * 40)), "thinking, about 40 tokens"),
        (
            (ThinkingDelta(text="h"), 2.0, ThinkingDelta(text="m" * 399)),
            "thinking, about 100 tokens, 50 a second",
        ),
        ((ThinkingDelta(text="hm"), 9.0, TextDelta(text="So.")), "writing, about 0 tokens"),
        ((TextDelta(text="S"), 2.0, TextDelta(text="o" * 399)), "writing, about 100 tokens, 50 a second"),
        (
            (CallDelta(index=0, name="write_file"), 4.0, CallDelta(index=0, arguments="x" * 800)),
            "writing a call of write_file, about 200 tokens, 50 a second",
        ),
        ((CallDelta(index=0, name="a\x1b[2J"),), "writing a call of a␛[2J, about 0 tokens"),
        ((TextDelta(text="Half"), RestartDelta(reason="cut", wait_seconds=1.0), 3.0), "reading, 3 s"),
        ((RestartDelta(reason="cut", wait_seconds=4.0), 1.0), "asking again in 3 s"),
        ((SHELL, 4.0), "running shell, 4 s"),
        ((SHELL, 1.0, replace(SHELL, call=replace(SHELL.call, id="d"))), "running shell, 1 s, and 1 more"),
        ((SHELL, ToolFinished(call_id="c", text=""), 2.0), "reading, 2 s"),
        ((SHELL, TurnFinished(outcome=Outcome.INTERRUPTED)), ""),
        ((SummaryAsked(reason="full"), 3.0), "summing up, 3 s"),
        ((SummaryAsked(reason="full"), READ), "reading 2,000 of 8,000 tokens, about 20 s left"),
        ((SummaryAsked(reason="full"), 3.0, ContextShrunk(reason="full", messages=()), 1.0), "reading, 1 s"),
        ((READ, replied(Usage())), ""),
        ((READ, TurnFinished(outcome=Outcome.INTERRUPTED)), ""),
    ],
)
def test_what_the_model_is_at_is_told_in_a_line(seen: Sequence[Event | Delta | float], line: str) -> None:
    waiting = after(*seen)

    assert waiting.line() == line
    assert width_of(line) < 80


@pytest.mark.parametrize(
    ("usage", "window_tokens", "status"),
    [
        (
            Usage(prompt_tokens=8_000, cached_tokens=7_760, reply_tokens=192),
            32_768,
            "cache kept 97% · window 25% of 32,768 · 48 tokens a second",
        ),
        (
            Usage(prompt_tokens=8_000, cached_tokens=0, reply_tokens=192),
            None,
            "cache kept 0% · 8,192 tokens · 48 tokens a second",
        ),
        (Usage(prompt_tokens=8_000), 4_000, "window 100% of 4,000"),
        (Usage(reply_tokens=192), None, "192 tokens · 48 tokens a second"),
        (Usage(), 32_768, ""),
    ],
)
def test_what_a_reply_cost_is_told_as_far_as_the_server_says(
    usage: Usage, window_tokens: int | None, status: str
) -> None:
    waiting = after(20.0, TextDelta(text="Do"), 4.0, TextDelta(text="ne."), replied(usage))

    assert waiting.status(window_tokens) == status


def test_an_interrupted_reply_leaves_what_was_known() -> None:
    waiting = after(replied(Usage(prompt_tokens=8_000)), BEGUN, TextDelta(text="Do"), replied(Usage()))

    assert waiting.status(10_000) == "window 80% of 10,000"


MESSAGES: Sequence[Message] = (
    UserMessage(text="go"),
    ToolMessage(call_id="c", text="\x1b[31mred\n" + "and more " * 20),
)
KEPT = replied(Usage(prompt_tokens=9_000, cached_tokens=1_000))


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        (
            (LOST, KEPT),
            "The cache was lost from message 2 on, a tool's (␛[31mred and more and more and more and more and …): "
            "5,000 tokens were read again.",
        ),
        (
            (CacheLostDelta(lost_tokens=5_000, changed=9), KEPT),
            "The cache was lost from message 9 on: 5,000 tokens were read again.",
        ),
        (
            (CacheLostDelta(lost_tokens=5_000, changed=0), KEPT),
            "The cache was lost from the beginning on, where the system text or the tools were others: "
            "5,000 tokens were read again.",
        ),
        (
            (CacheLostDelta(lost_tokens=5_000), KEPT),
            "The cache was lost although the messages were the same, so the server dropped it: "
            "5,000 tokens were read again.",
        ),
        ((ContextShrunk(reason="full", messages=()), LOST, KEPT), "The cache was never lost."),
        ((LOST, KEPT, ContextShrunk(reason="full", messages=())), "The cache was never lost."),
        ((replied(Usage(prompt_tokens=9_000)),), "The server does not say what it keeps in its cache."),
    ],
)
def test_where_the_cache_was_lost_is_told(seen: Sequence[Event | Delta | float], line: str) -> None:
    waiting = after(*seen)

    assert list(context_lines(EMPTY, waiting, MESSAGES))[2:] == [line]


def test_the_window_is_drawn_kind_by_kind() -> None:
    kinds = (KindUse(kind="system", tokens=200), KindUse(kind="tool results", tokens=3_800))
    use = WindowUse(tokens=4_000, source="usage", kinds=kinds, window_tokens=8_000)

    assert list(context_lines(use, Waiting(), ())) == [
        "The prompt has 4,000 of 8,000 tokens, by what the server said of earlier prompts.",
        "  system             200  █",
        "  tool results     3,800  ███████████████████",
        "  free             4,000  ░░░░░░░░░░░░░░░░░░░░",
    ]


def test_an_unknown_window_has_nothing_free() -> None:
    use = WindowUse(tokens=10, source="estimate", kinds=(KindUse(kind="system", tokens=10),))

    assert list(context_lines(use, Waiting(), ())) == [
        "The prompt has 10 tokens, estimated from its length.",
        f"  system              10  {'█' * 40}",
    ]


def test_lines_are_redrawn_in_terminals_that_can() -> None:
    class Console(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert can_redraw(Console(), {"NO_COLOR": "1", "TERM": "xterm"})
    assert not can_redraw(Console(), {"TERM": "dumb"})
    assert not can_redraw(io.StringIO(), {"TERM": "xterm"})
