"""The bytes of requests: every server's cache works by exact prefix."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from core.messages import AssistantMessage, Image, Message, Text, Thinking, ToolCall, ToolMessage, UserMessage
from core.protocols import ModelRequest
from gate.manner import Manner
from gate.serialising import PrefixWriter, message_json, request_body, well_formed
from tests.gate.asking import request

CALL = ToolCall(id="c1", name="ls", arguments='{"path": "."}', extra={"extra_content": {"google": "s"}})
HISTORY: tuple[Message, ...] = (
    UserMessage(text="Liste, bitte: äöü", head="Today is Friday."),
    AssistantMessage(parts=(Thinking(text="Hm."), CALL)),
    ToolMessage(call_id="c1", text="a.txt"),
    AssistantMessage(parts=(Text(text="One file."),)),
    UserMessage(text="Thanks"),
)

WARM = Manner(sampling={"temperature": 0.2})


def test_each_request_begins_with_the_bytes_of_the_one_before() -> None:
    writer = PrefixWriter("m", WARM)
    asked = [replace(request(tools=["ls"]), messages=HISTORY[:count]) for count in range(1, 6)]

    bodies = [writer.body(one) for one in asked]

    for before, after in pairwise(bodies):
        assert after.startswith(before.removesuffix(b"]}"))


def test_what_is_written_on_is_what_would_be_written_anew() -> None:
    writer = PrefixWriter("m")
    asked = [replace(request(tools=["ls"]), messages=HISTORY[:count]) for count in (1, 3, 5)]

    bodies = [writer.body(one) for one in asked]

    assert bodies == [request_body("m", one) for one in asked]


@pytest.mark.parametrize(
    "other",
    [
        replace(request(), messages=HISTORY[2:]),
        replace(request(), messages=(UserMessage(text="x"), *HISTORY[1:])),
        replace(request(), system="Other.", messages=HISTORY),
        replace(request(tools=["ls"]), messages=HISTORY),
        replace(request(max_tokens=9), messages=HISTORY),
    ],
    ids=["shrunk", "edited", "system", "tools", "max_tokens"],
)
def test_another_history_is_written_anew(other: ModelRequest) -> None:
    writer = PrefixWriter("m")
    writer.body(replace(request(), messages=HISTORY))

    assert writer.body(other) == request_body("m", other)


def test_only_fields_that_every_server_knows_are_sent() -> None:
    body = json.loads(PrefixWriter("m", WARM).body(request("Hi", tools=["ls"], max_tokens=9)))

    assert body == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.2,
        "max_tokens": 9,
        "tools": [
            {
                "type": "function",
                "function": {"name": "ls", "description": "ls", "parameters": {"type": "object"}},
            }
        ],
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    }
    assert list(body)[-2:] == ["messages", "max_tokens"]
    assert list(json.loads(request_body("m", request()))) == ["model", "stream", "stream_options", "messages"]


def test_messages_are_put_as_servers_read_them() -> None:
    image = Image(media_type="image/png", base64="AAAA")

    assert [
        message_json(message) for message in (*HISTORY[:4], UserMessage(text="See", images=(image,)))
    ] == [
        {"role": "user", "content": "Today is Friday.\n\nListe, bitte: äöü"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "extra_content": {"google": "s"},
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "ls", "arguments": '{"path": "."}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "[data]\na.txt\n[/data]"},
        {"role": "assistant", "content": "One file."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"a":  1}', '{"a":  1}'),
        ("", "{}"),
        ('{"a": ', '{"invalid_json": "{\\"a\\": "}'),
        ("[1]", '{"invalid_json": "[1]"}'),
        ('{"a": NaN}', '{"invalid_json": "{\\"a\\": NaN}"}'),
    ],
)
def test_arguments_are_sent_as_a_json_object_always(arguments: str, sent: str) -> None:
    assert well_formed(arguments) == sent
    assert isinstance(json.loads(sent), dict)


def test_half_a_surrogate_pair_does_not_stop_a_request() -> None:
    body = request_body("m", request("a\ud83d"))

    assert json.loads(body)["messages"][1]["content"] == "a?"


def test_the_ids_of_all_calls_are_known() -> None:
    writer = PrefixWriter("m")
    writer.body(replace(request(), messages=HISTORY))

    assert writer.call_ids == {"c1"}
