"""What a model wants, as far as its server takes it."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from core.endpoint import ServerKind
from core.messages import AssistantMessage, Message, Text, Thinking, ToolCall, ToolMessage, UserMessage
from core.profile import ModelProfile, Sampling
from core.tools import ToolSpec
from gate.manner import PLAIN, Manner, manner_for
from gate.serialising import PrefixWriter
from tests.gate.asking import request

SAMPLING = Sampling(
    temperature=0.6, top_p=0.95, presence_penalty=0.5, top_k=20, min_p=0.0, repetition_penalty=1.05
)
OPENAI = {"temperature": 0.6, "top_p": 0.95, "presence_penalty": 0.5}


@pytest.mark.parametrize(
    ("server", "fields"),
    [
        ("unknown", OPENAI),
        ("transformers serve", OPENAI),
        ("llama.cpp", {**OPENAI, "top_k": 20, "min_p": 0.0, "repeat_penalty": 1.05}),
        ("Roost", {**OPENAI, "top_k": 20, "min_p": 0.0, "repetition_penalty": 1.05}),
        ("vLLM", {**OPENAI, "top_k": 20, "min_p": 0.0, "repetition_penalty": 1.05}),
    ],
)
def test_sampling_goes_to_a_server_as_far_as_it_knows_the_fields(
    server: ServerKind, fields: dict[str, float]
) -> None:
    assert manner_for(ModelProfile(sampling=SAMPLING), server=server).sampling == fields


def test_what_is_not_known_of_a_model_is_left_to_its_server() -> None:
    assert manner_for(ModelProfile()) == PLAIN


def test_the_temperature_of_the_user_wins() -> None:
    chosen = manner_for(ModelProfile(sampling=Sampling(temperature=0.6, top_p=0.95)), temperature=0.0)

    assert chosen.sampling == {"temperature": 0.0, "top_p": 0.95}


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("llama.cpp", "reasoning_content"),
        ("Roost", "reasoning_content"),
        ("vLLM", "reasoning"),
        ("unknown", ""),
    ],
)
def test_thinking_goes_back_where_the_server_looks_for_it(server: ServerKind, name: str) -> None:
    assert manner_for(ModelProfile(thinking="always"), server=server).thinking_field == name
    assert manner_for(ModelProfile(thinking="never"), server=server).thinking_field == ""


CALL = ToolCall(id="c1", name="ls", arguments="{}")
THOUGHT = AssistantMessage(parts=(Thinking(text="Hm."), Text(text="Yes.")))


def messages(manner: Manner, *history: Message) -> list[dict[str, Any]]:
    body = PrefixWriter("m", manner).body(replace(request(), messages=history))
    return json.loads(body)["messages"]


def test_thinking_is_written_into_its_field() -> None:
    back = messages(Manner(thinking_field="reasoning_content"), UserMessage(text="Hi"), THOUGHT)
    dropped = messages(PLAIN, UserMessage(text="Hi"), THOUGHT)

    assert back[-1] == {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}
    assert dropped[-1] == {"role": "assistant", "content": "Yes."}


@pytest.mark.parametrize(
    ("profile", "content"),
    [
        (ModelProfile(thinking="always", reasoning="think"), "<think>\nHm.\n</think>\n\nYes."),
        (ModelProfile(thinking="always", reasoning="brackets"), "[THINK]Hm.[/THINK]Yes."),
        (ModelProfile(thinking="always"), "Yes."),
        (ModelProfile(reasoning="think"), "Yes."),
    ],
)
def test_where_a_server_has_no_field_for_it_thinking_goes_back_in_the_text(
    profile: ModelProfile, content: str
) -> None:
    said = messages(manner_for(profile), UserMessage(text="Hi"), THOUGHT)
    in_its_field = messages(manner_for(profile, server="llama.cpp"), UserMessage(text="Hi"), THOUGHT)

    assert said[-1] == {"role": "assistant", "content": content}
    assert in_its_field[-1]["content"] == "Yes."


@pytest.mark.parametrize(
    ("server", "parallel", "sent"),
    [
        ("llama.cpp", False, {"parallel_tool_calls": False}),
        ("vLLM", False, {"parallel_tool_calls": False}),
        ("vLLM", True, {}),
        ("transformers serve", False, {}),
        ("unknown", False, {}),
    ],
)
def test_more_than_one_call_is_forbidden_where_the_server_knows_how(
    server: ServerKind, parallel: bool, sent: dict[str, bool]
) -> None:
    manner = manner_for(ModelProfile(parallel_calls=parallel), server=server)
    with_tools = replace(request(), tools=(ToolSpec(name="ls", description="", parameters={}),))

    bodies = [json.loads(PrefixWriter("m", manner).body(one)) for one in (with_tools, request())]

    assert [{key: body[key] for key in body if key.startswith("parallel")} for body in bodies] == [sent, {}]


TWO_CALLS = AssistantMessage(
    parts=(Thinking(text="Hm."), Text(text="Both."), CALL, ToolCall(id="c2", name="cat", arguments="{}"))
)
ANSWERS = (ToolMessage(call_id="c2", text="b"), ToolMessage(call_id="c1", text="a"))


def test_for_a_template_that_takes_one_call_in_a_reply_several_become_replies_of_their_own() -> None:
    manner = Manner(single_calls=True, thinking_field="reasoning")

    said = messages(manner, UserMessage(text="Hi"), TWO_CALLS, *ANSWERS, THOUGHT)

    assert [(one["role"], called(one), one["content"], one.get("reasoning")) for one in said[2:]] == [
        ("assistant", ["c2"], "Both.", "Hm."),
        ("tool", ["c2"], "[data]\nb\n[/data]", None),
        ("assistant", ["c1"], "", None),
        ("tool", ["c1"], "[data]\na\n[/data]", None),
        ("assistant", [], "Yes.", "Hm."),
    ]


def called(message: dict[str, Any]) -> list[str]:
    """The ids of the calls of a message, or of the one it answers."""
    return (
        [message["tool_call_id"]]
        if message["role"] == "tool"
        else [call["id"] for call in message.get("tool_calls", ())]
    )


def test_for_a_template_that_takes_short_ids_alone_others_are_written_as_such() -> None:
    odd = replace(CALL, id="functions.ls:0")
    fine = replace(CALL, id="a1B2c3D4e")
    history = (
        UserMessage(text="Hi"),
        AssistantMessage(parts=(odd, fine)),
        ToolMessage(call_id=odd.id, text="a"),
        ToolMessage(call_id=fine.id, text="b"),
    )

    reply, first, second = messages(manner_for(ModelProfile(dialect="mistral")), *history)[2:]

    assert called(reply) == [*called(first), *called(second)]
    assert [(len(one), one.isalnum()) for one in called(reply)] == [(9, True), (9, True)]
    assert called(second) == [fine.id]
    assert called(messages(PLAIN, *history)[2]) == [odd.id, fine.id]


def test_without_system_messages_the_system_text_heads_the_first_user_message() -> None:
    history = (UserMessage(text="Hi", head="Today."), THOUGHT, UserMessage(text="And?"))

    assert messages(Manner(system_role=False), *history) == [
        {"role": "user", "content": "Be brief.\n\nToday.\n\nHi"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "And?"},
    ]


def test_between_two_user_messages_stands_a_reply() -> None:
    history = (
        UserMessage(text="Hi"),
        AssistantMessage(parts=(CALL,)),
        ToolMessage(call_id="c1", text="a"),
        UserMessage(text="And?"),
        UserMessage(text="Well?"),
        THOUGHT,
        UserMessage(text="Thanks"),
    )

    said = messages(Manner(alternating_roles=True), *history)

    assert [one["content"] for one in said[4:]] == [
        "(no reply)",
        "And?",
        "(no reply)",
        "Well?",
        "Yes.",
        "Thanks",
    ]
    assert len(messages(PLAIN, *history)) == len(history) + 1


@pytest.mark.parametrize(
    "manner",
    [
        Manner(alternating_roles=True, system_role=False, thinking_field="reasoning"),
        Manner(sampling={"top_p": 0.9}),
        Manner(single_calls=True, short_ids=True),
        Manner(thinking_marks=("<think>", "</think>")),
    ],
    ids=["strict", "sampling", "calls", "thinking"],
)
def test_the_bytes_of_a_request_are_kept_in_every_manner(manner: Manner) -> None:
    history = (
        UserMessage(text="Hi"),
        UserMessage(text="And?"),
        THOUGHT,
        UserMessage(text="x"),
        UserMessage(text="y"),
        TWO_CALLS,
        *ANSWERS,
        THOUGHT,
    )
    writer = PrefixWriter("m", manner)
    asked = [replace(request(), messages=history[:count]) for count in (1, 2, 3, 4, 5, 8, 9)]

    bodies = [writer.body(one) for one in asked]

    assert all(after.startswith(before.removesuffix(b"]}")) for before, after in pairwise(bodies))
    assert bodies == [PrefixWriter("m", manner).body(one) for one in asked]
