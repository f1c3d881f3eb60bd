"""Roost itself and a tiny model that another process serves: looked at, talked to, and examined."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import BaseModel

from core.conversation import Conversation
from core.deltas import Delta
from core.events import Event, ModelReplied, Outcome, TurnFinished
from core.messages import Usage
from core.permissions import Effect
from core.protocols import ArgumentsOf, Gateway, ModelRequest
from core.tools import ToolContext, ToolResult
from gate.openai_compatible import OpenAICompatibleGateway
from tests.building import a_loop, turn
from tests.servr.native.models import Made
from tests.servr.native.served import ROOT, Served, serving
from tests.servr.person import chatting

pytestmark = [pytest.mark.slow, pytest.mark.server]

WINDOW = 3_000
BORDER_TOKENS = 2
"""What may be written with other tokens where a prompt ended and a reply began."""


@pytest.fixture(scope="module")
def served(model_folder: Callable[[Made], Path]) -> Iterator[Served]:
    options = {"dtype": "float32", "window_tokens": WINDOW, "slots": 3, "memory_bytes": 16 << 20}
    with serving(model_folder(Made("qwen2")), **options) as server:
        yield server


class SwitchArgs(BaseModel):
    """Turn the light on or off."""

    on: bool


@dataclass
class Switch:
    name: str = "switch"
    effect: Effect = Effect.READ
    args = SwitchArgs

    async def run(self, args: SwitchArgs, context: ToolContext) -> ToolResult:
        return ToolResult("It is done.")


@dataclass
class Holding:
    """Wants a call of the one tool, with room for every blank that may be, or else at most a few words."""

    inner: Gateway
    calls: bool = True

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        held = ArgumentsOf(tool=request.tools[0], by="tool_choice") if self.calls else None
        asked = replace(request, held_to=held, max_tokens=400 if self.calls else 30)
        async with aclosing(self.inner.stream(asked)) as deltas:
            async for delta in deltas:
                yield delta


def outcome(events: list[Event]) -> Outcome:
    ended = events[-1]
    assert isinstance(ended, TurnFinished)
    return ended.outcome


def usages(events: list[Event]) -> list[Usage]:
    return [event.reply.usage for event in events if isinstance(event, ModelReplied)]


async def test_a_session_of_several_turns_reads_nothing_twice(served: Served) -> None:
    gateway = OpenAICompatibleGateway(served.url, served.model)
    holding, talk = Holding(gateway), Conversation()
    loop = a_loop(holding, Switch(), max_steps=2)

    called = await turn(loop, "Turn it on.", talk)
    holding.calls = False
    said = await turn(loop, "How is it now?", talk)
    holding.calls = True
    again = await turn(loop, "Turn it off.", talk)
    await gateway.close()

    assert {outcome(called), outcome(said), outcome(again)} <= {Outcome.STEP_LIMIT, Outcome.DONE}
    told = usages([*called, *said, *again])
    for before, after in pairwise(told):
        assert after.cached_tokens is not None
        assert after.cached_tokens >= before.prompt_tokens - BORDER_TOKENS
        assert after.prompt_tokens > before.prompt_tokens


def roost(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *arguments],
        env={**os.environ, "ROOST_NO_SETUP": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_discovery_knows_it_and_what_it_can_do(served: Served) -> None:
    told = roost("models", "--url", served.url, "--json").stdout

    for fact in ('"kind":"Roost"', f'"window_tokens":{WINDOW}', '"tools":true', '"slots":3'):
        assert fact in told


def test_an_examination_comes_to_its_end(served: Served, tmp_path: Path) -> None:
    examined = roost("calibrate", "--url", served.url, "--json", "--workspace", str(tmp_path))

    assert examined.returncode in (0, 1), examined.stderr
    assert "A bug" not in examined.stderr
    assert json.loads(examined.stdout)["results"]


def test_a_person_chats_with_it(served: Served, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with chatting(workspace, served.url, "--max-steps", "1", model="") as person:
        person.answer("Hello.")
        person.is_asked()
        person.type("exit\r")

        assert person.leaves() == 0

    assert f"roost · {served.model} at " in person.screen
