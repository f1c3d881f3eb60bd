"""Replies out of what servers really send."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.deltas import Delta, FinishDelta, ProgressDelta
from core.errors import ContextOverflow, GatewayError, RequestRejected, StreamBroken
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall, Usage
from gate.call_pieces import CallIds, CallPieces
from gate.chunks import ReplyReader
from gate.errors_of import Refusal, error_of
from tests.gate.asking import built

STOP = {"delta": {}, "finish_reason": "stop"}


def refused(status: int | None, body: str) -> GatewayError:
    return error_of(Refusal(url="http://m/v1", status=status, body=body))


def read(wire: bytes, *, taken: frozenset[str] = frozenset(), max_tokens: int | None = None) -> list[Delta]:
    def all_of() -> Iterator[Delta]:
        yield from reader.feed(wire)
        yield from reader.close()

    reader = ReplyReader(refused, CallPieces(CallIds(taken)), max_tokens)
    return list(all_of())


def stream(*choices: dict[str, Any], done: bool = True, **last: object) -> bytes:
    chunks: list[dict[str, Any]] = [{"choices": [choice]} for choice in choices]
    if last:
        chunks.append({"choices": [], **last})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n" if done else ""]).encode()


def called(*pieces: dict[str, Any]) -> dict[str, Any]:
    return {"delta": {"tool_calls": list(pieces)}}


def piece(
    arguments: object = "", *, name: str = "", id: str = "", index: int | None = None
) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": name} if name else {})}
    made: dict[str, Any] = {"function": function, **({"id": id} if id else {})}
    return made if index is None else {"index": index, **made}


ONE = [("c1", "ls", '{"a": 1}')]
TWO = [("c1", "ls", '{"a": 1}'), ("c2", "ls", '{"b": 2}')]
UNNAMED = [("call-1", "ls", '{"a": 1}'), ("call-2", "ls", '{"b": 2}')]
A, B = '{"a": 1}', '{"b": 2}'

SHAPES: dict[str, tuple[list[dict[str, Any]], list[tuple[str, str, str]]]] = {
    "whole": ([called(piece(A, name="ls", id="c1", index=0))], ONE),
    "in pieces": (
        [
            called(piece(name="ls", id="c1", index=0)),
            called(piece(A[:3], index=0)),
            called(piece(A[3:], index=0)),
        ],
        ONE,
    ),
    "as an object": ([called(piece({"a": 1}, name="ls", id="c1", index=0))], ONE),
    "name in every piece": (
        [called(piece(A[:3], name="ls", id="c1", index=0)), called(piece(A[3:], name="ls", index=0))],
        ONE,
    ),
    "name and id in every piece": (
        [
            called(piece(A[:3], name="ls", id="c1", index=0)),
            called(piece(A[3:], name="ls", id="c1", index=0)),
        ],
        ONE,
    ),
    "nulls": (
        [called({"index": 0, "id": None, "function": None}), called(piece(A, name="ls", id="x", index=0))],
        [("call-1", "ls", A)],
    ),
    "two in one delta": (
        [called(piece(A, name="ls", id="c1", index=0), piece(B, name="ls", id="c2", index=1))],
        TWO,
    ),
    "two, interleaved": (
        [
            called(piece(A[:3], name="ls", id="c1", index=0)),
            called(piece(B[:3], name="ls", id="c2", index=1)),
            called(piece(A[3:], index=0)),
            called(piece(B[3:], index=1)),
        ],
        TWO,
    ),
    "two, both with index 0": (
        [called(piece(A, name="ls", id="c1", index=0)), called(piece(B, name="ls", id="c2", index=0))],
        TWO,
    ),
    "no index": (
        [
            called(piece(A[:3], name="ls", id="c1")),
            called(piece(A[3:])),
            called(piece(name="ls", id="c2")),
            called(piece(B)),
        ],
        TWO,
    ),
    "no index, no ids": (
        [called(piece(A[:3], name="ls")), called(piece(A[3:])), called(piece(B, name="ls"))],
        UNNAMED,
    ),
    "no index, no ids, names repeated": (
        [
            called(piece(A[:3], name="ls")),
            called(piece(A[3:], name="ls")),
            called(piece(B[:3], name="ls")),
            called(piece(B[3:], name="ls")),
        ],
        UNNAMED,
    ),
    "one id for all": (
        [called(piece(A, name="ls", id="c1", index=0)), called(piece(B, name="ls", id="c1", index=1))],
        [("c1", "ls", A), ("call-1", "ls", B)],
    ),
    "the old function_call": (
        [
            {"delta": {"function_call": {"name": "ls", "arguments": A[:3]}}},
            {"delta": {"function_call": {"arguments": A[3:]}}},
        ],
        [("call-1", "ls", A)],
    ),
    "both ways in one delta": (
        [
            {
                "delta": {
                    "function_call": {"name": "ls", "arguments": text},
                    "tool_calls": [piece(text, name="ls")],
                }
            }
            for text in (A[:3], A[3:])
        ],
        [("call-1", "ls", A)],
    ),
}


@pytest.mark.parametrize(("choices", "calls"), SHAPES.values(), ids=SHAPES.keys())
def test_a_call_is_understood_in_every_shape(
    choices: list[dict[str, Any]], calls: list[tuple[str, str, str]]
) -> None:
    said = built(read(stream(*choices, {"delta": {}, "finish_reason": "tool_calls"})))

    assert [(call.id, call.name, call.arguments) for call in said.calls] == calls
    assert said.finish is Finish.CALLS


def test_an_id_that_an_earlier_reply_used_is_replaced() -> None:
    said = built(read(stream(called(piece(A, name="ls", id="c1")), STOP), taken=frozenset({"c1"})))

    assert [call.id for call in said.calls] == ["call-2"]


def test_unknown_fields_of_a_call_are_kept() -> None:
    signed = {
        **piece(A, name="ls", id="c1", index=0),
        "extra_content": {"google": {"thought_signature": "s"}},
    }

    said = built(read(stream(called(signed), STOP)))

    assert said.calls == (
        ToolCall(
            id="c1", name="ls", arguments=A, extra={"extra_content": {"google": {"thought_signature": "s"}}}
        ),
    )


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_are_told_apart_from_text(field: str) -> None:
    said = built(read(stream({"delta": {field: "Hm."}}, {"delta": {"content": "Yes."}}, STOP)))

    assert said.parts == (Thinking(text="Hm."), Text(text="Yes."))


def test_a_thought_that_is_sent_under_both_names_is_taken_once() -> None:
    said = built(read(stream({"delta": {"reasoning_content": "Hm.", "reasoning": "Hm."}}, STOP)))

    assert said.thinking == "Hm."


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        (
            stream({**STOP, "delta": {"content": "x"}}, usage={"prompt_tokens": 9, "completion_tokens": 5}),
            (9, None, 5),
        ),
        (
            stream(
                STOP,
                usage={
                    "prompt_tokens": 9,
                    "completion_tokens": 5,
                    "prompt_tokens_details": {"cached_tokens": 7},
                },
            ),
            (9, 7, 5),
        ),
        (
            stream(
                STOP, usage={"prompt_tokens": 9, "completion_tokens": None, "prompt_tokens_details": None}
            ),
            (9, None, 0),
        ),
        (stream(STOP, usage={"prompt_tokens": 9, "completion_tokens": 5}, timings={"cache_n": 4}), (9, 4, 5)),
        (stream(STOP, usage=None, timings={"cache_n": 4, "prompt_n": 5, "predicted_n": 2}), (9, 4, 2)),
        (stream(STOP, usage={"prompt_tokens": 9}, timings={"cache_n": 0}), (9, 0, 0)),
        (stream(STOP), (0, None, 0)),
    ],
)
def test_usage_is_read_wherever_it_stands(wire: bytes, usage: tuple[int, int | None, int]) -> None:
    prompt, cached, written = usage

    assert read(wire)[-1] == FinishDelta(
        finish=Finish.DONE, usage=Usage(prompt_tokens=prompt, cached_tokens=cached, reply_tokens=written)
    )


def test_the_progress_of_a_prefill_is_told() -> None:
    wire = b'data: {"choices": [], "prompt_progress": {"total": 90, "cache": 10, "processed": 40, "time_ms": 300}}\n\n'

    said = read(wire + stream(STOP))

    assert said[0] == ProgressDelta(processed_tokens=40, total_tokens=90, cached_tokens=10, seconds_left=0.5)


def test_comments_say_how_far_the_prompt_is_read() -> None:
    wire = b": prefill 40/90\n\n: prefill 80/90 cached 10\n\n: prefill no/90\n\n: prefill\n\n: keep-alive\n\n"

    said = read(wire + stream(STOP))

    assert [delta for delta in said if isinstance(delta, ProgressDelta)] == [
        ProgressDelta(processed_tokens=40, total_tokens=90),
        ProgressDelta(processed_tokens=80, total_tokens=90, cached_tokens=10),
    ]


CALL = called(piece(A, name="ls", id="c1", index=0))
OPEN_CALL = called(piece('{"a": "x', name="ls", id="c1", index=0))
TEXT = {"delta": {"content": "x"}}


@pytest.mark.parametrize(
    ("wire", "finish"),
    [
        (stream(TEXT, STOP), Finish.DONE),
        (stream(TEXT, STOP, done=False), Finish.DONE),
        (stream(TEXT), Finish.DONE),
        (stream(CALL), Finish.CALLS),
        (stream(CALL, STOP), Finish.CALLS),
        (stream(CALL, {"delta": {}, "finish_reason": "function_call"}), Finish.CALLS),
        (stream(TEXT, {"delta": {}, "finish_reason": "length"}), Finish.LENGTH),
        (stream(CALL, {"delta": {}, "finish_reason": "length"}), Finish.LENGTH),
        (stream(OPEN_CALL, STOP, usage={"completion_tokens": 50}), Finish.LENGTH),
        (stream(OPEN_CALL, STOP, usage={"completion_tokens": 49}), Finish.CALLS),
        (stream(CALL, STOP, usage={"completion_tokens": 50}), Finish.CALLS),
        (b"data: [DONE]\n\n", Finish.DONE),
    ],
)
def test_why_a_reply_ended_follows_from_what_it_holds(wire: bytes, finish: Finish) -> None:
    assert built(read(wire, max_tokens=50)).finish is finish


@pytest.mark.parametrize(
    ("wire", "error", "words"),
    [
        (stream(TEXT, done=False), StreamBroken, "The server stopped in the middle of a reply."),
        (b"", StreamBroken, "The server stopped in the middle of a reply."),
        (b"data: oops\n\n", StreamBroken, "The server sent something that is no chunk: 'oops'."),
        (
            b'{"status": "ok"}',
            StreamBroken,
            'The server sent something that is no reply: \'{"status": "ok"}\'.',
        ),
        (
            b"<html>Login</html>",
            RequestRejected,
            "The server answered with an HTML page. Is this the /v1 URL?",
        ),
        (b'data: {"error": "crashed"}\n\n', StreamBroken, "http://m/v1 answered with an error: crashed."),
        (b"event: error\ndata: crashed\n\n", StreamBroken, "http://m/v1 answered with an error: crashed."),
        (b'{"error": {"message": "bad", "code": 400}}', RequestRejected, "http://m/v1 answered 400: bad."),
        (
            b'data: {"error": {"message": "Context size has been exceeded.", "code": 500}}\n\n',
            ContextOverflow,
            "http://m/v1 answered 500: Context size has been exceeded.",
        ),
        (
            b'event: error\ndata: {"error": {"message": "Input does not fit in context length"}}\n\n',
            ContextOverflow,
            "http://m/v1 answered with an error: Input does not fit in context length.",
        ),
        (
            stream({"delta": {}, "finish_reason": "content_filter"}),
            RequestRejected,
            "The server withheld the reply (content_filter). Say it differently.",
        ),
        (
            stream(TEXT, {"delta": {}, "finish_reason": "abort"}),
            StreamBroken,
            "The server gave up in the middle of a reply (abort).",
        ),
    ],
)
def test_what_is_no_whole_reply_is_an_error(wire: bytes, error: type[GatewayError], words: str) -> None:
    with pytest.raises(error) as caught:
        read(wire)

    assert type(caught.value) is error
    assert str(caught.value) == words


def test_an_answer_that_was_not_streamed_is_the_same_reply() -> None:
    message = {
        "content": None,
        "reasoning": "Hm.",
        "tool_calls": [piece(A, name="ls", id="c1"), piece(B, name="ls", id="c2")],
    }
    body = {"choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": {"prompt_tokens": 3}}

    said = built(read(json.dumps(body, indent=2).encode()))

    assert said == AssistantMessage(
        parts=(
            Thinking(text="Hm."),
            ToolCall(id="c1", name="ls", arguments=A),
            ToolCall(id="c2", name="ls", arguments=B),
        ),
        finish=Finish.CALLS,
        usage=Usage(prompt_tokens=3),
    )
