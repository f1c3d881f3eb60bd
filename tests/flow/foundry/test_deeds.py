"""What is taken from the log of a session: what worked, and nothing that looks like a secret."""

import json
from datetime import UTC, datetime

import pytest

from core.events import ModelReplied, Record, ToolFinished
from core.messages import AssistantMessage, ToolCall, ToolStatus
from core.views import CommandOutput
from flow.foundry.deeds import deeds_of

KEY = "abcdefghij" + "0123456789" * 2


def texts(command: str, *, exit_code: int = 0, answer: str = "") -> list[str]:
    call = ToolCall(id="1", name="shell", arguments=json.dumps({"command": command}))
    view = CommandOutput(command=command, output=answer, exit_code=exit_code, seconds=0.1)
    finished = ToolFinished(call_id="1", text=answer, view=view, status=ToolStatus.OK)
    events = (ModelReplied(reply=AssistantMessage(parts=(call,))), finished)
    at = datetime(2026, 3, 4, tzinfo=UTC)
    records = [Record(session="s", seq=seq, at=at, event=event) for seq, event in enumerate(events, 1)]
    return [deed.text for deed in deeds_of(records)]


def test_what_failed_is_left_out() -> None:
    assert texts("make") == ["make"]
    assert texts("make", exit_code=2) == []


@pytest.mark.parametrize(
    "command",
    [
        f"curl -H 'Authorization: Bearer {KEY}' a.b",
        f"API_KEY={KEY} make",
        f"deploy --token {KEY}",
        f"git clone https://me:{KEY}@a.b/c",
        f"echo sk-proj-{KEY}",
        f"echo ghp_{KEY}",
        "mysql --password=hunter2",
        f"python -c 'call(token=\"{KEY}\")'",
        "echo [masked DEPLOY_TOKEN]",
    ],
)
def test_what_looks_like_a_secret_is_left_out(command: str) -> None:
    assert texts(command) == []
    assert texts("cat notes.txt", answer=command) == []


@pytest.mark.parametrize(
    "command",
    [
        "git log --format=%H",
        "git show 0123456789abcdef0123456789abcdef01234567",
        "deploy --tokens=3",
        "API_KEY=$KEY make",
        "python -c 'tokens = text.split()'",
        "ssh me@host ls",
        "curl https://a.b/c?page=2",
    ],
)
def test_what_is_plain_is_taken(command: str) -> None:
    assert texts(command) == [command]
