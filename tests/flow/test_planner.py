"""How a plan is asked for: of servers that hold a reply to its form, of those that refuse, in one piece or in several."""

import json
from dataclasses import replace

import pytest

from core.deltas import CallDelta, FinishDelta, TextDelta
from core.endpoint import ServerFacts
from core.errors import GatewayError, PlanRefused, RequestRejected
from core.messages import Finish
from core.project import Project, Task
from flow.planner import MOST_REPLIES, Planner
from flow.server_ways import ServerWays
from flow.sessions import Session
from gate.scripted import ScriptedGateway, call, say
from tests.building import MemoryLog, a_loop

PLAN = json.dumps({"tasks": [{"id": "1", "title": "a"}]})
TASKS = (Task(id="1", title="a"),)
HOLDING = ServerFacts(url="http://s/v1", constrains=("tool_choice", "grammar", "json_schema"))
HELD = (CallDelta(index=0, name="plan"), CallDelta(index=0, arguments=PLAN), FinishDelta(finish=Finish.CALLS))


def planner_with(gateway: ScriptedGateway, server: ServerFacts | None = None) -> Planner:
    session = Session(id="s", loop=a_loop(gateway, server=server), log=MemoryLog())
    return Planner(session, ServerWays(lambda: server))


async def test_the_model_looks_around_and_then_writes_the_plan() -> None:
    gateway = ScriptedGateway(call("echo", text="x"), say("I found x."), say(PLAN))

    planner = planner_with(gateway)
    plan = await planner.draft("A shop")

    assert plan == Project(goal="A shop", tasks=TASKS)
    assert planner.found == "I found x."
    assert [request.held_to for request in gateway.requests] == [None] * 3


async def test_a_server_that_can_be_held_is_and_its_reply_stands_in_words() -> None:
    gateway = ScriptedGateway(say("Nothing."), HELD, say("hello"))
    planner = planner_with(gateway, HOLDING)

    plan = await planner.draft("A shop")
    await planner.session.send("And now?")

    assert plan.tasks == TASKS
    assert [request.held_to and request.held_to.by for request in gateway.requests] == [None, "grammar", None]
    assert planner.session.conversation.messages[-3].text == PLAN


async def test_a_server_that_refuses_to_be_held_is_asked_without() -> None:
    no = RequestRejected("no such field")
    gateway = ScriptedGateway(say("Nothing."), no, no, say(PLAN), say(PLAN))
    planner = planner_with(gateway, HOLDING)

    plan = await planner.draft("A shop")
    again = await planner.again(plan, "The same.")

    assert (plan.tasks, again) == (TASKS, plan)
    used = [request.held_to and request.held_to.by for request in gateway.requests]
    assert used == [None, "grammar", "json_schema", None, None]


async def test_a_plan_that_came_in_pieces_is_put_together() -> None:
    first = (TextDelta(text=PLAN[:20]), FinishDelta(finish=Finish.LENGTH))
    gateway = ScriptedGateway(say("Nothing."), first, say(PLAN[20:]))

    plan = await planner_with(gateway).draft("A shop")

    assert plan.tasks == TASKS


async def test_what_is_wrong_goes_back_and_in_the_end_it_is_given_up() -> None:
    gateway = ScriptedGateway(say("Nothing."), *[say('{"tasks": []}')] * MOST_REPLIES)

    with pytest.raises(PlanRefused, match="The plan has no task"):
        await planner_with(gateway).draft("A shop")

    assert (
        gateway.requests[-1].messages[-1].text.startswith("The plan has no task. Write the whole plan again")
    )


async def test_a_server_that_is_gone_ends_it() -> None:
    gateway = ScriptedGateway(GatewayError("gone"))

    with pytest.raises(GatewayError, match="gone"):
        await planner_with(gateway).draft("A shop")


async def test_the_persons_words_go_to_the_model_with_the_plan_as_it_stands() -> None:
    gateway = ScriptedGateway(say(PLAN))
    plan = Project(goal="A shop", tasks=(replace(TASKS[0], title="old title"),))

    again = await planner_with(gateway).again(plan, "Shorter.")

    asked = gateway.requests[0].messages[-1].text
    assert "The user wants the plan to be different: Shorter." in asked
    assert '"title": "old title"' in asked
    assert again == replace(plan, tasks=TASKS)
