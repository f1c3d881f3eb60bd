"""How each call is judged: by what it can do itself, not by the worst of its tool."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore

import pytest

from core.errors import SkillRejected
from core.events import Event, PermissionAsked, ToolFinished, ToolProgressed, ToolStarted
from core.messages import ToolCall, ToolStatus
from core.permissions import Effect
from core.tools import ToolContext, ToolResult
from flow.permission import Mode
from gate.scripted import ScriptedGateway, call, say
from tests.building import Echo, EchoArgs, Permits, a_loop, turn
from tests.clocks import ENOUGH_SECONDS
from tests.flow.permitting import permissions


@dataclass
class Shelf(Echo):
    """Writes, but for what begins with "look"."""

    name: str = "shelf"
    effect: Effect = Effect.WRITE

    def effect_of(self, args: EchoArgs) -> Effect:
        return Effect.READ if args.text.startswith("look") else self.effect


async def test_a_call_that_is_milder_than_its_tool_is_told_and_judged_by_what_it_does() -> None:
    permits = Permits(asks=(Effect.WRITE,))
    gateway = ScriptedGateway(call("shelf", text="look"), call("shelf", text="put"), say("done"))

    events = await turn(a_loop(gateway, Shelf(), permits=permits))

    assert [event.effect for event in events if isinstance(event, ToolStarted)] == [Effect.READ, Effect.WRITE]
    assert [event.call.arguments for event in events if isinstance(event, PermissionAsked)] == [
        '{"text": "put"}'
    ]


@pytest.mark.parametrize(("text", "status"), [("look", ToolStatus.OK), ("put", ToolStatus.FAILED)])
async def test_plan_lets_it_look_and_refuses_the_rest(tmp_path: Path, text: str, status: ToolStatus) -> None:
    plan, shelf = permissions(tmp_path, mode=Mode.PLAN), Shelf()
    gateway = ScriptedGateway(call("shelf", text=text), say("done"))

    events = await turn(a_loop(gateway, shelf, permits=plan))

    assert [event.status for event in events if isinstance(event, ToolFinished)] == [status]
    assert shelf.ran == ["look"] * (text == "look")


class Coded(Echo):
    def preview(self, args: EchoArgs) -> str:
        if args.text == "bad":
            raise SkillRejected("It is bad.", hint="Mend it.")
        return f"print({args.text!r})"


async def test_what_a_call_does_not_say_of_itself_is_shown_to_whoever_is_asked() -> None:
    permits = Permits(asks=(Effect.EXECUTE, Effect.WRITE, Effect.READ))
    gateway = ScriptedGateway(call("echo", text="good"), call("echo", text="bad"), say("done"))

    events = await turn(a_loop(gateway, Coded(), permits=permits))

    assert [event.shown for event in events if isinstance(event, PermissionAsked)] == ["print('good')"]
    assert [event.text for event in events if isinstance(event, ToolFinished)][1] == "It is bad. Mend it."


@dataclass
class Reading(Echo):
    """Reads in a thread, which goes on whenever it has been heard."""

    heard: Semaphore = field(default_factory=lambda: Semaphore(0))

    async def run(self, args: EchoArgs, context: ToolContext) -> ToolResult:
        return await asyncio.to_thread(self.read, context)

    def read(self, context: ToolContext) -> ToolResult:
        for number in range(3):
            context.progress(f"row {number}")
            if not self.heard.acquire(timeout=ENOUGH_SECONDS):
                return ToolResult("nobody heard it")
        for number in range(3, 50):
            context.progress(f"row {number}")
        return ToolResult("read")


async def test_what_a_thread_tells_of_itself_is_heard_at_once_and_to_the_last_word() -> None:
    asked = ToolCall(id="1", name="echo", arguments='{"text": ""}')
    reading, told = Reading(), list[Event]()

    async def tell(event: Event) -> None:
        told.append(event)
        if isinstance(event, ToolProgressed):
            reading.heard.release()

    await a_loop(ScriptedGateway(), reading).executor.run([asked], tell)

    texts = [event.text for event in told if isinstance(event, ToolProgressed)]
    assert texts == [f"row {number}" for number in range(50)]
    assert told[-1] == ToolFinished(call_id="1", text="read")
