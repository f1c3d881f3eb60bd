"""Whole turns against a scripted model: the durable stream, compared as one value."""

from dataclasses import replace

from core.conversation import Conversation
from core.deltas import FinishDelta, TextDelta
from core.endpoint import ServerFacts
from core.errors import ContextOverflow, GatewayUnavailable
from core.events import (
    ContextShrunk,
    ModelDelta,
    ModelReplied,
    NoteAdded,
    Outcome,
    PermissionAnswered,
    PermissionAsked,
    ReplyMended,
    ToolFinished,
    ToolProgressed,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    WorkSentBack,
)
from core.messages import AssistantMessage, Finish, Text, ToolCall, ToolMessage, ToolStatus, UserMessage
from core.permissions import Approval, Effect
from flow.prompts import prompt
from gate.scripted import ScriptedGateway, call, call_with, calls, say
from tests.building import Echo, Permits, a_loop, durable, turn

GO = TurnStarted(prompt=UserMessage(text="go"))
DONE = TurnFinished(outcome=Outcome.DONE)


def echo(text: str, identity: str = "call-1") -> ToolCall:
    return ToolCall(id=identity, name="echo", arguments=f'{{"text": "{text}"}}')


def calling(*made: ToolCall) -> ModelReplied:
    return ModelReplied(reply=AssistantMessage(parts=made, finish=Finish.CALLS))


def saying(text: str) -> ModelReplied:
    return ModelReplied(reply=AssistantMessage(parts=(Text(text=text),)))


async def test_a_tool_is_run_and_its_answer_reaches_the_model() -> None:
    gateway = ScriptedGateway(call("echo", text="alpha"), say("It says alpha."))

    events = await turn(a_loop(gateway))

    assert durable(events) == [
        GO,
        calling(echo("alpha")),
        ToolStarted(call=echo("alpha"), effect=Effect.READ),
        ToolFinished(call_id="call-1", text="alpha"),
        saying("It says alpha."),
        DONE,
    ]
    assert gateway.requests[1].messages[-1] == ToolMessage(call_id="call-1", text="alpha")
    assert ToolProgressed(call_id="call-1", text="saying alpha") in events
    assert ModelDelta(delta=TextDelta(text="It says ")) in events


async def test_calls_that_only_read_are_answered_in_the_order_they_were_made() -> None:
    gateway = ScriptedGateway(calls(call("echo", text="a"), call("echo", text="b")), say("ok"))

    events = await turn(a_loop(gateway))

    assert [event.text for event in events if isinstance(event, ToolFinished)] == ["a", "b"]
    started = [type(event) for event in durable(events)].index(ToolFinished)
    assert [type(event) for event in durable(events)][started - 2 : started] == [ToolStarted, ToolStarted]


async def test_what_a_person_answers_is_recorded_and_a_no_is_told_to_the_model() -> None:
    no = Approval(allowed=False, note="it is dangerous")
    permits = Permits(asks=(Effect.WRITE,), answer=no)
    tool = Echo(effect=Effect.WRITE)

    events = await turn(a_loop(ScriptedGateway(call("echo", text="a"), say("ok")), tool, permits=permits))

    said = "The user said no, because it is dangerous. Do something else, or ask them."
    assert durable(events) == [
        GO,
        calling(echo("a")),
        PermissionAsked(call=echo("a"), reason="echo may write."),
        PermissionAnswered(call_id="call-1", approval=no),
        ToolFinished(call_id="call-1", text=said, status=ToolStatus.FAILED, by_person=True),
        saying("ok"),
        DONE,
    ]
    assert tool.ran == []


async def test_a_yes_runs_the_call_and_is_remembered() -> None:
    permits = Permits(asks=(Effect.WRITE,))
    tool = Echo(effect=Effect.WRITE)

    await turn(a_loop(ScriptedGateway(call("echo", text="a"), say("ok")), tool, permits=permits))

    assert (tool.ran, permits.remembered) == (["a"], [Approval(allowed=True)])


async def test_a_bug_in_a_tool_is_an_answer_and_does_not_end_the_turn() -> None:
    events = await turn(a_loop(ScriptedGateway(call("echo", text="broken"), say("ok"))))

    answer = next(event for event in events if isinstance(event, ToolFinished))
    assert answer.status is ToolStatus.FAILED
    assert answer.text == (
        "echo broke (KeyError: 'a bug in the tool'). The fault is in the tool, not in your call."
    )
    assert events[-1] == DONE


async def test_every_answer_of_a_tool_is_bounded_a_failure_too() -> None:
    loop = a_loop(ScriptedGateway(calls(call("echo", text="a" * 99), call("echo", text="wrong")), say("ok")))
    bounded = replace(loop, executor=replace(loop.executor, bounded=lambda text: text[:5]))

    events = await turn(bounded)

    assert [event.text for event in events if isinstance(event, ToolFinished)] == ["aaaaa", "'wron"]


async def test_an_empty_reply_is_asked_for_again_and_never_enters_history() -> None:
    gateway = ScriptedGateway((FinishDelta(finish=Finish.DONE),), say("here"))

    events = await turn(a_loop(gateway))

    assert durable(events) == [
        GO,
        ReplyMended(what="The reply was empty: asked again."),
        saying("here"),
        DONE,
    ]
    assert gateway.requests[0] == gateway.requests[1]


async def test_a_model_that_stays_silent_is_told_once_and_then_the_turn_ends_as_stuck() -> None:
    nothing = (FinishDelta(finish=Finish.DONE),)

    events = await turn(a_loop(ScriptedGateway(nothing, nothing, nothing)))

    assert NoteAdded(source="empty_reply", text=prompt("empty_reply")) in events
    assert events[-1] == TurnFinished(
        outcome=Outcome.STUCK, note="Stopped: the model's reply was empty, also when asked again."
    )


async def test_arguments_that_are_almost_json_are_mended_before_they_enter_history() -> None:
    gateway = ScriptedGateway(call_with("echo", '{"text": "a",}'), say("ok"))

    events = await turn(a_loop(gateway))

    assert ReplyMended(what="The arguments of echo were almost JSON: mended.") in events
    assert calling(ToolCall(id="call-1", name="echo", arguments='{"text": "a"}')) in events
    assert ToolFinished(call_id="call-1", text="a") in events


async def test_a_call_that_was_cut_off_is_never_run() -> None:
    tool = Echo()
    cut = (*call_with("echo", '{"text": "hal')[:-1], FinishDelta(finish=Finish.LENGTH))

    events = await turn(a_loop(ScriptedGateway(cut, say("ok")), tool))

    assert tool.ran == []
    assert [event.status for event in events if isinstance(event, ToolFinished)] == [ToolStatus.FAILED]
    assert events[-1] == DONE


async def test_a_reply_cut_by_its_length_is_continued() -> None:
    cut = (TextDelta(text="first half"), FinishDelta(finish=Finish.LENGTH))

    events = await turn(a_loop(ScriptedGateway(cut, say("second half"))))

    assert WorkSentBack(feedback=prompt("cut_off")) in events
    assert events[-1] == DONE


async def test_two_calls_with_one_id_are_told_apart() -> None:
    twice = calls(call("echo", text="a"), call("echo", text="b"))
    same_id = tuple(
        step
        if not hasattr(step, "name")
        else type(step)(index=step.index, id="x", name=step.name)
        if step.name
        else step
        for step in twice
    )

    events = await turn(a_loop(ScriptedGateway(same_id, say("ok"))))

    answers = [(event.call_id, event.text) for event in events if isinstance(event, ToolFinished)]
    assert answers == [("x", "a"), ("x-2", "b")]


async def test_the_same_call_with_the_same_answer_is_remarked_on_and_then_ends_the_turn() -> None:
    gateway = ScriptedGateway(*[call("echo", text="a")] * 10)

    events = await turn(a_loop(gateway))

    same = 'echo {"text": "a"} gave the same each time'
    assert WorkSentBack(feedback=prompt("going_in_circles", what=f"{same}, 3 times")) in events
    note = f"Stopped, for the model went in circles: {same}, 4 times."
    assert events[-1] == TurnFinished(outcome=Outcome.STUCK, note=note)


async def test_arguments_that_are_wrong_twice_are_asked_for_alone_and_run() -> None:
    wrong, tool = call_with("echo", '{"txt": "a"}'), Echo()
    gateway = ScriptedGateway(wrong, wrong, call("echo", text="a"), say("ok"))
    facts = ServerFacts(url="", constrains=("tool_choice",))

    events = await turn(a_loop(gateway, tool, server=facts))

    fault = "echo was not run: it has no argument 'txt', only text; text: is missing."
    shape = '{"text": string}'
    note = prompt("only_arguments", tool="echo", fault=fault, shape=shape)
    assert durable(events) == [
        GO,
        calling(ToolCall(id="call-1", name="echo", arguments='{"txt": "a"}')),
        ToolFinished(
            call_id="call-1",
            text=f"{fault} Call it again with these mended: {shape}",
            status=ToolStatus.FAILED,
        ),
        NoteAdded(source="arguments", text=note),
        ReplyMended(what="The arguments of echo were asked for alone, held to their schema by tool_choice."),
        calling(echo("a", "call-2")),
        ToolStarted(call=echo("a", "call-2"), effect=Effect.READ),
        ToolFinished(call_id="call-2", text="a"),
        saying("ok"),
        DONE,
    ]
    held = [request.held_to.by if request.held_to else None for request in gateway.requests]
    assert (tool.ran, held) == (["a"], [None, None, "tool_choice", None])


async def test_too_many_steps_end_the_turn() -> None:
    gateway = ScriptedGateway(*(call("echo", text=str(number)) for number in range(9)))

    events = await turn(a_loop(gateway, max_steps=2))

    note = "Stopped after 2 steps. Say 'go on' to continue, or raise AGENT_MAX_STEPS."
    assert events[-1] == TurnFinished(outcome=Outcome.STEP_LIMIT, note=note)


async def test_a_model_that_cannot_be_reached_ends_the_turn_with_its_message() -> None:
    events = await turn(a_loop(ScriptedGateway(GatewayUnavailable("No answer.", hint="Start it."))))

    assert durable(events) == [
        GO,
        TurnFinished(outcome=Outcome.GATEWAY_FAILED, note="No answer. Start it."),
    ]


async def test_a_refused_length_shrinks_the_conversation_and_the_work_goes_on() -> None:
    gateway = ScriptedGateway(
        call("echo", text="a" * 40_000), ContextOverflow("too long", limit_tokens=8_000), say("fine")
    )
    conversation = Conversation()

    events = await turn(a_loop(gateway), conversation=conversation)

    shrunk = next(event for event in events if isinstance(event, ContextShrunk))
    assert gateway.requests[2].messages == shrunk.messages
    assert sum(len(str(message)) for message in shrunk.messages) < 8_000 * 3 * 0.6
    assert shrunk.messages[0].text.startswith("The conversation grew longer")
    assert "- go" in shrunk.messages[0].text
    assert events[-1] == DONE


async def test_a_length_refused_for_good_ends_the_turn_after_a_bounded_number_of_requests() -> None:
    gateway = ScriptedGateway(
        call("echo", text="a" * 40_000), *[ContextOverflow("too long.", limit_tokens=100)] * 20
    )

    events = await turn(a_loop(gateway))

    note = (
        "Not even the shortest form of this conversation fits the model's window: too long. "
        "Load the model with a longer window, or begin a new session."
    )
    assert events[-1] == TurnFinished(outcome=Outcome.GATEWAY_FAILED, note=note)
    assert len(gateway.requests) <= 5


async def test_what_is_said_meanwhile_reaches_the_model_before_its_next_step() -> None:
    inbox = ["use the other file"]

    gateway = ScriptedGateway(say("ok"))
    events = await turn(a_loop(gateway, inbox=inbox))

    assert durable(events)[:2] == [GO, NoteAdded(source="steering", text="use the other file")]
    assert gateway.requests[0].messages[-1] == UserMessage(text="use the other file", source="steering")
