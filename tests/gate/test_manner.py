"""What a model wants, as far as its server takes it."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from core.endpoint import ServerKind
from core.messages import AssistantMessage, Message, Text, Thinking, ToolCall, ToolMessage, UserMessage
from core.profile import ModelProfile, Sampling
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
    ("server", "name"), [("llama.cpp", "reasoning_content"), ("vLLM", "reasoning"), ("unknown", "")]
)
def test_thinking_goes_back_where_the_server_looks_for_it(server: ServerKind, name: str) -> None:
    assert manner_for(ModelProfile(thinking="always"), server=server).thinking_field == name
    assert manner_for(ModelProfile(thinking="never"), server=server).thinking_field == ""


CALL = ToolCall(id="c1", name="ls", arguments="{}")
THOUGHT = AssistantMessage(parts=(Thinking(text="Hm."), Text(text="Yes.")))


def messages(manner: Manner, *history: Message) -> list[dict[str, object]]:
    body = PrefixWriter("m", manner).body(replace(request(), messages=history))
    return json.loads(body)["messages"]


def test_thinking_is_written_into_its_field() -> None:
    back = messages(Manner(thinking_field="reasoning_content"), UserMessage(text="Hi"), THOUGHT)
    dropped = messages(PLAIN, UserMessage(text="Hi"), THOUGHT)

    assert back[-1] == {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}
    assert dropped[-1] == {"role": "assistant", "content": "Yes."}


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
    ],
    ids=["strict", "sampling"],
)
def test_the_bytes_of_a_request_are_kept_in_every_manner(manner: Manner) -> None:
    history = (
        UserMessage(text="Hi"),
        UserMessage(text="And?"),
        THOUGHT,
        UserMessage(text="x"),
        UserMessage(text="y"),
    )
    writer = PrefixWriter("m", manner)
    asked = [replace(request(), messages=history[:count]) for count in range(1, 6)]

    bodies = [writer.body(one) for one in asked]

    assert all(after.startswith(before.removesuffix(b"]}")) for before, after in pairwise(bodies))
    assert bodies == [PrefixWriter("m", manner).body(one) for one in asked]
