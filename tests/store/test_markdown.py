from datetime import UTC, datetime

import pytest

from core.events import (
    ContextShrunk,
    Event,
    ModelReplied,
    ModelSwitched,
    NoteAdded,
    Outcome,
    PermissionAsked,
    Record,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    WorkSentBack,
)
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall, ToolStatus, UserMessage
from core.permissions import Effect
from core.profile import ModelProfile
from store.markdown import closed, code, fenced, markdown
from store.session_log import SessionHeader

AT = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
HEADER = SessionHeader(
    session="20261121-031200-7f3a",
    created=AT,
    root="/work/notes",
    model="qwen3",
    system="",
    tools=(),
    profile=ModelProfile(),
    thinking="never",
)
HEAD = "# Session 20261121-031200-7f3a\n\n- Workspace: `/work/notes`\n- Model: `qwen3`\n- Begun: 2026-11-21 03:12 UTC\n\n"
CALL = ToolCall(id="call-1", name="shell", arguments='{"command":"cat <a.md>"}')


def document(*events: Event) -> str:
    return "".join(markdown(HEADER, [Record(session="s", seq=1, at=AT, event=event) for event in events]))


def test_a_turn_is_a_chapter_with_its_calls_folded() -> None:
    written = document(
        TurnStarted(prompt=UserMessage(text="What is in\na.md?", head="AGENTS.md says …")),
        ModelReplied(
            reply=AssistantMessage(
                parts=(Thinking(text="hm"), Text(text="I look."), CALL), finish=Finish.CALLS
            )
        ),
        PermissionAsked(call=CALL, reason="it runs a command"),
        ToolStarted(call=CALL, effect=Effect.EXECUTE),
        ToolFinished(call_id="call-1", text="alpha\n", status=ToolStatus.OK),
        ModelReplied(reply=AssistantMessage(parts=(Text(text="It says alpha."),))),
        TurnFinished(outcome=Outcome.STEP_LIMIT, note="100 steps."),
    )

    assert written == HEAD + (
        "## What is in a.md?\n\n> What is in\n> a.md?\n\n"
        "I look.\n\n"
        "<details><summary>shell {&quot;command&quot;:&quot;cat &lt;a.md&gt;&quot;} (ok)</summary>\n\n"
        '```json\n{"command":"cat <a.md>"}\n```\n\n```text\nalpha\n```\n\n</details>\n\n'
        "It says alpha.\n\n*step limit: 100 steps.*\n\n"
    )


@pytest.mark.parametrize(
    ("event", "block"),
    [
        (NoteAdded(source="steering", text="Stop."), "*Note (steering):*\n\n> Stop."),
        (WorkSentBack(feedback="2 tests fail"), "*Sent back:*\n\n> 2 tests fail"),
        (
            ContextShrunk(reason="the window is full", messages=()),
            "*The conversation was shortened: the window is full*",
        ),
        (ModelSwitched(model="phi"), "*Model: `phi`*"),
        (TurnFinished(outcome=Outcome.DONE), "*done*"),
    ],
)
def test_what_else_happened_is_one_line(event: Event, block: str) -> None:
    assert document(event) == f"{HEAD}{block}\n\n"


@pytest.mark.parametrize(("text", "fence"), [("plain", "```"), ("a ```` b\n```\n", "`````"), ("", "```")])
def test_nothing_in_a_block_of_code_can_end_it(text: str, fence: str) -> None:
    assert fenced(text) == f"{fence}text\n{text.rstrip()}\n{fence}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no code", "no code"),
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("```py\nx\n```\nend", "```py\nx\n```\nend"),
        ("~~~~\n```\n~~~", "~~~~\n```\n~~~\n~~~~"),
        ("```\n```not an end", "```\n```not an end\n```"),
    ],
)
def test_a_block_that_a_reply_leaves_open_is_closed(text: str, shown: str) -> None:
    assert closed(text) == shown


def test_code_within_a_line_may_hold_backticks() -> None:
    assert (code("a"), code("a`b")) == ("`a`", "`` a`b ``")
