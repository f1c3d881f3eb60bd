import json

import httpx
import pytest

from tests.scripted_server import Wire, as_written, call, call_with, calls, say
from tests.scripted_server.asking import ASKED, answer_to, call_deltas, chunks, deltas


def test_words_come_in_their_pieces_and_the_stream_ends_in_order(client: httpx.Client) -> None:
    step = say("Hel", "lo.")

    stream = answer_to(client, step)

    assert [delta["content"] for delta in deltas(stream) if delta.get("content")] == ["Hel", "lo."]
    assert chunks(stream)[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks(stream)[-1]["usage"]["total_tokens"] == 110
    assert stream.endswith("data: [DONE]\n\n")


def test_an_answer_that_is_no_stream_is_one_object(client: httpx.Client) -> None:
    step = calls(("read_file", {"path": "a.txt"}), ("shell", {"command": "true"}))

    answer = json.loads(answer_to(client, step, {**ASKED, "stream": False}))

    made = answer["choices"][0]["message"]["tool_calls"]
    assert [one["id"] for one in made] == ["call-0-0", "call-0-1"]
    assert [one["function"]["name"] for one in made] == ["read_file", "shell"]
    assert json.loads(made[0]["function"]["arguments"]) == {"path": "a.txt"}


def test_a_server_may_answer_with_one_object_although_a_stream_was_asked_for(client: httpx.Client) -> None:
    step = say("Hello.", wire=Wire(streams=False))

    answer = json.loads(answer_to(client, step))

    assert answer["choices"][0]["message"]["content"] == "Hello."


@pytest.mark.parametrize("wire", [Wire(), Wire(name_repeated=True), Wire(index=False), Wire(ids=False)])
def test_pieces_of_arguments_join_to_what_was_meant(client: httpx.Client, wire: Wire) -> None:
    step = as_written(call("read_file", path="a long enough name.txt"), wire)

    made = call_deltas(answer_to(client, step))

    assert len(made) > 3
    assert json.loads("".join(one["function"]["arguments"] for one in made)) == {
        "path": "a long enough name.txt"
    }
    assert all(("index" in one) == wire.index for one in made)
    assert ("id" in made[0]) == wire.ids
    assert all(("name" in one["function"]) == wire.name_repeated for one in made[1:])


def test_arguments_may_come_whole_or_as_an_object(client: httpx.Client) -> None:
    step = call("read_file", path="a.txt")

    whole = call_deltas(answer_to(client, as_written(step, Wire(arguments="whole"))))
    as_object = call_deltas(answer_to(client, as_written(step, Wire(arguments="object"))))

    assert [one["function"]["arguments"] for one in whole] == ['{"path": "a.txt"}']
    assert [one["function"]["arguments"] for one in as_object] == [{"path": "a.txt"}]


def test_broken_arguments_are_sent_as_they_are(client: httpx.Client) -> None:
    step = as_written(call_with("shell", '{"command": '), Wire(arguments="whole"))

    made = call_deltas(answer_to(client, step))

    assert made[0]["function"]["arguments"] == '{"command": '


@pytest.mark.parametrize(
    ("wire", "with_choices"),
    [(Wire(usage="last"), [True]), (Wire(usage="extra"), [False]), (Wire(usage="none"), [])],
)
def test_usage_stands_where_the_wire_says(client: httpx.Client, wire: Wire, with_choices: list[bool]) -> None:
    step = say("Hello.", wire=wire)

    found = [bool(chunk["choices"]) for chunk in chunks(answer_to(client, step)) if "usage" in chunk]

    assert found == with_choices


def test_the_finish_may_come_with_the_last_words(client: httpx.Client) -> None:
    step = say("Hello.", wire=Wire(finish_apart=False, usage="none"))

    last = chunks(answer_to(client, step))[-1]["choices"][0]

    assert (last["delta"], last["finish_reason"]) == ({"content": "Hello."}, "stop")


@pytest.mark.parametrize("wire", [Wire(), Wire(thinking_field="reasoning")])
def test_thinking_bears_the_name_that_the_wire_gives_it(client: httpx.Client, wire: Wire) -> None:
    step = say("Yes.", thinking=["Hm, ", "so"], wire=wire)

    said = deltas(answer_to(client, step))

    assert [delta[wire.thinking_field] for delta in said if wire.thinking_field in delta] == ["Hm, ", "so"]


def test_comments_and_carriage_returns_stand_between_events(client: httpx.Client) -> None:
    step = say("Hello.", wire=Wire(comments=True, newline="\r\n", done=False))

    stream = answer_to(client, step)

    assert ": still here\r\n\r\n" in stream
    assert "[DONE]" not in stream
    assert {"content": "Hello."} in deltas(stream)
