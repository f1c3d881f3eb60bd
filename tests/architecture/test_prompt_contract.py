"""The bytes of a request begin with the bytes of the one before it, unless the conversation was shrunk."""

import asyncio
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from core.conversation import Conversation
from core.deltas import FinishDelta, TextDelta
from core.endpoint import ServerFacts
from core.errors import ContextOverflow, GatewayUnavailable, RequestRejected
from core.events import ContextShrunk, Outcome, TurnFinished
from core.messages import Finish, ToolMessage, UserMessage
from core.permissions import Approval, Effect
from core.profile import ModelProfile
from core.protocols import ModelRequest
from flow.sessions import Session
from gate.manner import PLAIN, Manner
from gate.scripted import ScriptedGateway, call, call_with, calls, say, think
from gate.serialising import PrefixWriter
from store.session_log import SessionHeader, SessionLog
from tests.building import NOW, Echo, MemoryLog, Permits, a_loop, turn

SCENARIOS = {
    "a plain answer": [say("hello")],
    "calls and an answer": [call("echo", text="a"), call("echo", text="b"), say("done")],
    "several calls at once": [
        calls(say("Both:"), call("echo", text="a"), call("echo", text="b")),
        say("done"),
    ],
    "an unknown tool": [call("ecco", text="a"), say("done")],
    "a failing call": [call("echo", text="wrong"), say("done")],
    "a broken tool": [call("echo", text="broken"), say("done")],
    "almost JSON": [call_with("echo", "{'text': 'a'}"), say("done")],
    "no JSON at all": [call_with("echo", "text=a"), say("done")],
    "an empty reply": [(FinishDelta(finish=Finish.DONE),), say("done")],
    "silence": [(FinishDelta(finish=Finish.DONE),)] * 3,
    "a cut text": [(TextDelta(text="half"), FinishDelta(finish=Finish.LENGTH)), say("rest")],
    "a cut call": [
        (*call_with("echo", '{"text": "hal')[:-1], FinishDelta(finish=Finish.LENGTH)),
        say("done"),
    ],
    "repetition": [call("echo", text="a")] * 5,
    "arguments that are wrong twice": [
        *[call_with("echo", '{"txt": 1}')] * 2,
        call("echo", text="a"),
        say("done"),
    ],
    "arguments that are held to a schema in vain": [
        *[call_with("echo", '{"txt": 1}')] * 2,
        say("no"),
        RequestRejected("unknown field"),
        say("done"),
    ],
    "another name and another type": [call_with("Echo", '{"message": 1}'), say("done")],
    "a call within thoughts": [think('<tool_call>{"name": "echo"}</tool_call>'), say("done")],
    "an announcement": [call("echo", text="a"), say("Now I will say b."), say("done")],
    "a call within text that says more": [calls(call("echo", text="a"), say("and more")), say("done")],
}
HOLDING = ServerFacts(url="", constrains=("json_schema", "tool_choice"))
STRICT = Manner(alternating_roles=True)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_each_request_begins_with_the_one_before(name: str) -> None:
    gateway = ScriptedGateway(*SCENARIOS[name], *SCENARIOS["calls and an answer"])
    conversation = Conversation()
    loop = a_loop(gateway, server=HOLDING)

    await turn(loop, conversation=conversation)
    while gateway.replies:
        await turn(loop, "and now?", conversation)

    assert kept_prefixes(gateway.requests) == [True] * (len(gateway.requests) - 1)


async def test_a_no_changes_nothing_of_what_was_sent() -> None:
    permits = Permits(asks=(Effect.WRITE,), answer=Approval(allowed=False))
    gateway = ScriptedGateway(call("echo", text="a"), say("done"))

    await turn(a_loop(gateway, Echo(effect=Effect.WRITE), permits=permits))

    assert kept_prefixes(gateway.requests) == [True]


async def test_what_a_person_says_meanwhile_goes_to_the_end() -> None:
    inbox: list[str] = []

    class Interrupting(Echo):
        async def run(self, args, context):
            inbox.append("faster")
            return await super().run(args, context)

    gateway = ScriptedGateway(call("echo", text="a"), call("echo", text="b"), say("done"))
    await turn(a_loop(gateway, Interrupting(), inbox=inbox))

    assert UserMessage(text="faster", source="steering") in gateway.requests[1].messages
    assert kept_prefixes(gateway.requests) == [True, True]


async def test_for_a_strict_template_it_goes_onto_the_end_of_the_newest_answer() -> None:
    inbox: list[str] = ["at once"]

    class Interrupting(Echo):
        async def run(self, args, context):
            inbox.extend(["faster", "and shorter"])
            return await super().run(args, context)

    gateway = ScriptedGateway(call("echo", text="a"), say("done"), call("echo", text="b"), say("done"))
    conversation = Conversation()
    loop = a_loop(gateway, Interrupting(), inbox=inbox, joins_notes=True)
    await turn(loop, conversation=conversation)
    await turn(loop, "and now?", conversation)

    sent = gateway.requests[1].messages
    assert (sent[0], sent[-1]) == (
        UserMessage(text="go\n\nat once"),
        ToolMessage(call_id="call-1", text="a", notes="faster\n\nand shorter"),
    )
    assert kept_prefixes(gateway.requests, STRICT) == [True] * 3


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_strict_template_is_never_given_two_user_messages_without_a_reply(name: str) -> None:
    gateway = ScriptedGateway(*SCENARIOS[name], *SCENARIOS["calls and an answer"])
    conversation = Conversation()
    loop = a_loop(gateway, inbox=["faster"], joins_notes=True, server=HOLDING)

    await turn(loop, conversation=conversation)
    while gateway.replies:
        await turn(loop, "and now?", conversation)

    assert kept_prefixes(gateway.requests, STRICT) == [True] * (len(gateway.requests) - 1)
    assert [alternates(PrefixWriter("m", STRICT).body(one)) for one in gateway.requests] == [True] * len(
        gateway.requests
    )


async def test_an_interrupt_keeps_the_prefix() -> None:
    half = (TextDelta(text="I will"), asyncio.Event())
    gateway = ScriptedGateway(call("echo", text="a"), half, say("done"))
    session = Session(id="s", loop=a_loop(gateway), log=MemoryLog())

    task = asyncio.create_task(session.send("go"))
    await gateway.asked(2)
    task.cancel()
    await asyncio.wait([task])
    await session.send("go on")

    assert kept_prefixes(gateway.requests) == [True, True]
    assert kept_prefixes(gateway.requests, STRICT) == [True, True]


async def test_a_turn_that_ends_with_a_tool_is_followed_by_a_reply_for_a_strict_template() -> None:
    gateway = ScriptedGateway(call("echo", text="a"), GatewayUnavailable("gone"), say("done"))
    conversation = Conversation()
    loop = a_loop(gateway)
    await turn(loop, conversation=conversation)
    await turn(loop, "again", conversation)

    assert kept_prefixes(gateway.requests, STRICT) == [True, True]
    assert alternates(PrefixWriter("m", STRICT).body(gateway.requests[-1]))
    assert not alternates(PrefixWriter("m").body(gateway.requests[-1]))


async def test_a_resumed_session_sends_the_same_bytes(tmp_path: Path) -> None:
    first = ScriptedGateway(call("echo", text="a"), say("done"))
    loop = a_loop(first)
    header = SessionHeader(
        session="s",
        created=NOW,
        root=str(tmp_path),
        model="m",
        system=loop.system,
        tools=loop.tools,
        profile=ModelProfile(),
        thinking="never",
    )
    log = SessionLog.create(tmp_path / "s.jsonl", header)
    session = Session(id="s", loop=loop, log=log, head="Date: today.")
    await session.send("go")
    await session.aclose()

    again = ScriptedGateway(say("still here"))
    taken_up = SessionLog.open(tmp_path / "s.jsonl")
    resumed = Session(id="s", loop=a_loop(again), log=taken_up)
    resumed.recover()
    await resumed.send("and now?")
    await resumed.aclose()

    assert kept_prefixes([*first.requests, *again.requests]) == [True, True]
    assert taken_up.header.tools == loop.tools


async def test_a_shrunk_conversation_begins_anew_and_is_kept_from_there() -> None:
    gateway = ScriptedGateway(
        call("echo", text="a" * 30_000),
        ContextOverflow("too long", limit_tokens=6_000),
        call("echo", text="b"),
        say("done"),
    )
    conversation = Conversation()

    events = await turn(a_loop(gateway), conversation=conversation)

    assert sum(isinstance(event, ContextShrunk) for event in events) == 1
    assert kept_prefixes(gateway.requests) == [True, False, True]


async def test_two_hundred_steps_break_the_prefix_only_where_they_were_shrunk() -> None:
    steps = [call("echo", text=f"{number}: {'word ' * 60}") for number in range(200)]
    gateway = ScriptedGateway(*steps, say("done"))

    events = await turn(a_loop(gateway, window_tokens=28_000, max_steps=300))

    kept = kept_prefixes(gateway.requests)
    assert events[-1] == TurnFinished(outcome=Outcome.DONE)
    assert kept.count(False) == sum(isinstance(event, ContextShrunk) for event in events) == 2


def alternates(body: bytes) -> bool:
    """What the templates of Mistral ask for: users and replies in words take turns, calls do not count."""
    messages = json.loads(body)["messages"]
    speaking = [one["role"] for one in messages if one["role"] != "system" and "tool_calls" not in one]
    spoken = [role for role in speaking if role != "tool"]
    return all(role == ("user", "assistant")[place % 2] for place, role in enumerate(spoken))


def kept_prefixes(requests: list[ModelRequest], manner: Manner = PLAIN) -> list[bool]:
    """For each pair of neighbours whether the later begins with the earlier, byte for byte."""
    bodies = [PrefixWriter("m", manner).body(request) for request in requests]
    prompts = [PrefixWriter("m", manner).body(replace(request, held_to=None)) for request in requests]
    assert all(body.startswith(one[: -len(b"}")]) for one, body in zip(prompts, bodies, strict=True))
    return [later.startswith(earlier[: -len(b"]}")]) for earlier, later in pairwise(prompts)]
