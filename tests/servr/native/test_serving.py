"""Replies as the `openai` client reads them from a real server, and what it costs that nobody reads them."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from openai import APIError, AsyncOpenAI, BadRequestError, RateLimitError

from core.errors import ConfigError
from servr.native.api.serving import opened, serve
from servr.native.asking import Busy, NoMemory, Reading, Token, Written
from servr.native.scripted import Line, ScriptedEngine, says
from tests.servr.native.doubles import LengthEmbeddings, begun, served_at, talking

pytestmark = [pytest.mark.slow, pytest.mark.server]
HELLO: Any = [{"role": "user", "content": "Hello."}]
LS: Any = [{"type": "function", "function": {"name": "ls", "parameters": {"type": "object"}}}]
CALLS = says("~Which", "~ folder?", "Look: ", "!ls", '+{"path"', '+: "."}', "!ls", "+{}")


def client_at(url: str) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=url, api_key="none", max_retries=0)


async def chunks(*scripts: list[Line], **fields: Any) -> list[Any]:
    async with served_at(talking(ScriptedEngine(scripts))) as url, client_at(url) as client:
        stream = await client.chat.completions.create(model="scripted", messages=HELLO, stream=True, **fields)
        return [chunk async for chunk in stream]


async def test_a_reply_comes_in_one_piece() -> None:
    async with served_at(talking(ScriptedEngine([CALLS]))) as url, client_at(url) as client:
        answer = await client.chat.completions.create(model="scripted", messages=HELLO, tools=LS)

    (choice,) = answer.choices
    message = choice.message
    assert (message.content, message.reasoning_content, choice.finish_reason) == (
        "Look: ",
        "Which folder?",
        "tool_calls",
    )
    assert [(call.function.name, call.function.arguments) for call in message.tool_calls] == [
        ("ls", '{"path": "."}'),
        ("ls", "{}"),
    ]
    assert len({call.id for call in message.tool_calls}) == 2
    usage = answer.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (8, 8, 16)
    assert usage.prompt_tokens_details.cached_tokens == 4
    assert usage.completion_tokens_details.reasoning_tokens == 2
    assert answer.timings == {
        "queued_ms": 0.0,
        "cache_n": 4,
        "prompt_n": 4,
        "prompt_ms": 250.0,
        "prompt_per_token_ms": 62.5,
        "prompt_per_second": 16.0,
        "predicted_n": 8,
        "predicted_ms": 500.0,
        "predicted_per_token_ms": 62.5,
        "predicted_per_second": 16.0,
        "draft_n_accepted": 0,
    }


async def test_a_reply_comes_as_a_stream() -> None:
    got = await chunks(CALLS, tools=LS, stream_options={"include_usage": True})

    deltas = [chunk.choices[0].delta for chunk in got if chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == "Which folder?"
    assert "".join(delta.content or "" for delta in deltas) == "Look: "
    pieces = [piece for delta in deltas for piece in delta.tool_calls or ()]
    assert [(piece.index, piece.function.name) for piece in pieces if piece.id] == [(0, "ls"), (1, "ls")]
    for index, arguments in enumerate(('{"path": "."}', "{}")):
        assert "".join(one.function.arguments for one in pieces if one.index == index) == arguments
    assert [chunk.choices[0].finish_reason for chunk in got if chunk.choices][-1] == "tool_calls"
    assert (got[-1].choices, got[-1].usage.total_tokens, got[-1].timings["cache_n"]) == ([], 16, 4)
    assert len({chunk.id for chunk in got}) == 1


async def test_usage_is_told_in_a_stream_only_when_asked_for() -> None:
    got = await chunks(says("Hi.", finish="length"))

    assert [chunk.usage for chunk in got] == [None] * len(got)
    assert (got[-1].choices[0].finish_reason, got[-1].timings["predicted_n"]) == ("length", 1)


async def test_arguments_grow_as_they_are_written() -> None:
    gate = asyncio.Event()
    script = [*CALLS[:6], gate, *CALLS[6:]]
    async with served_at(talking(ScriptedEngine([script]))) as url, client_at(url) as client:
        stream = await client.chat.completions.create(model="scripted", messages=HELLO, stream=True)
        before = ""
        async for chunk in stream:
            for call in (chunk.choices and chunk.choices[0].delta.tool_calls) or ():
                before += call.function.arguments
            if before and not gate.is_set():
                seen_early = before
                gate.set()

    assert seen_early == '{"path"'
    assert before == '{"path": "."}{}'


async def test_a_reply_can_be_json_by_a_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    parts = talking(ScriptedEngine([says('{"a"', ": 1}")]))
    async with served_at(parts) as url, client_at(url) as client:
        answer = await client.chat.completions.create(model="scripted", messages=HELLO, response_format=form)

    assert json.loads(answer.choices[0].message.content) == {"a": 1}
    assert parts.grammars.held[0].schema == schema


async def test_log_probabilities_are_told_with_their_tokens() -> None:
    token = Token(5, "H\u00e9", -0.25, ((5, "H\u00e9", -0.25), (6, "\ufffd", float("-inf"))))
    script = [Reading(1, 1, 0), Written("H\u00e9", (token,)), says("x")[-1]]
    parts = talking(ScriptedEngine([script]))
    async with served_at(parts) as url, client_at(url) as client:
        whole = await client.chat.completions.create(
            model="scripted", messages=HELLO, logprobs=True, top_logprobs=2
        )
        stream = await client.chat.completions.create(
            model="scripted", messages=HELLO, logprobs=True, top_logprobs=2, stream=True
        )
        told = [chunk.choices[0].logprobs async for chunk in stream if chunk.choices]
        plain = await client.completions.create(model="scripted", prompt="a", logprobs=2)

    (first,) = whole.choices[0].logprobs.content
    assert (first.token, first.logprob, first.bytes) == ("H\u00e9", -0.25, [72, 195, 169])
    assert [(one.token, one.logprob, one.bytes) for one in first.top_logprobs] == [
        ("H\u00e9", -0.25, [72, 195, 169]),
        ("\ufffd", -9999.0, None),
    ]
    assert [one.content for one in told if one] == [[first]]
    legacy = plain.choices[0].logprobs
    assert (legacy.tokens, legacy.token_logprobs, legacy.text_offset) == (["H\u00e9"], [-0.25], [0])
    assert legacy.top_logprobs == [{"H\u00e9": -0.25, "\ufffd": -9999.0}]


async def test_a_text_is_gone_on_with() -> None:
    async with served_at(talking(ScriptedEngine([says("b", "~c", "!d")]))) as url, client_at(url) as client:
        whole = await client.completions.create(model="scripted", prompt="a")
        stream = await client.completions.create(model="scripted", prompt="a", stream=True)
        pieces = [chunk async for chunk in stream]

    assert (whole.choices[0].text, whole.choices[0].finish_reason) == ("b~c!d", "stop")
    assert "".join(chunk.choices[0].text for chunk in pieces) == "b~c!d"
    assert (whole.object, pieces[-1].choices[0].finish_reason) == ("text_completion", "stop")


async def test_vectors_come_as_the_client_asks_for_them() -> None:
    async with served_at(LengthEmbeddings()) as url, client_at(url) as client:
        short = await client.embeddings.create(model="vectors", input=["abc", "a"])
        plain = await client.embeddings.create(model="vectors", input="abc", encoding_format="float")

    assert [row.embedding for row in short.data] == [[3.0, 1.0], [1.0, 1.0]]
    assert plain.data[0].embedding == [3.0, 1.0]


async def test_refusals_are_errors_of_the_client() -> None:
    script: list[Line] = [Busy("All wait.", retry_after_seconds=1)]
    async with served_at(talking(ScriptedEngine([script]))) as url, client_at(url) as client:
        with pytest.raises(BadRequestError) as wrong:
            await client.chat.completions.create(model="scripted", messages=HELLO, n=2)
        with pytest.raises(RateLimitError):
            await client.chat.completions.create(model="scripted", messages=HELLO, stream=True)

    assert (wrong.value.param, wrong.value.code) == ("n", "invalid_value")


async def test_an_error_in_the_middle_of_a_stream_is_told_in_it() -> None:
    script = [*says("Hi.")[:-1], NoMemory("Out of memory.")]

    with pytest.raises(APIError, match=r"Out of memory\."):
        await chunks(script)


async def test_while_a_prompt_is_read_the_stream_says_how_far() -> None:
    far, all_of_it = asyncio.Event(), asyncio.Event()
    script = [Reading(4, 12, 4), far, Reading(8, 12, 4), all_of_it, *says("Hi.")[1:]]
    comments = []

    async with served_at(talking(ScriptedEngine([script]))) as url:
        async for line in lines_of(url, messages=HELLO):
            if line.startswith(": prefill"):  # a machine that stalls has others
                comments.append(line)
                (all_of_it if far.is_set() else far).set()

    assert comments == [": prefill 4/12 cached 4", ": prefill 8/12 cached 4"]


async def test_what_is_there_at_once_is_written_at_once() -> None:
    got = await chunks(says(*"many small pieces"))

    assert [chunk.choices[0].delta.content for chunk in got] == ["", "many small pieces", None]


async def lines_of(url: str, **fields: Any) -> AsyncIterator[str]:
    body = {"stream": True, **fields}
    async with (
        httpx.AsyncClient(timeout=None) as client,
        client.stream("POST", f"{url}/chat/completions", json=body) as answer,
    ):
        async for line in answer.aiter_lines():
            yield line


@pytest.mark.parametrize("stream", [True, False])
async def test_who_hangs_up_ends_the_work(stream: bool) -> None:
    never = asyncio.Event()
    engine = ScriptedEngine([[*says("Hi.")[:-1], never], says("Hi.")])
    async with served_at(talking(engine)) as url:
        async with httpx.AsyncClient(timeout=None) as client:
            body = {"messages": HELLO, "stream": stream}
            asking = asyncio.create_task(client.post(f"{url}/chat/completions", json=body))
            await engine.begun.wait()
            asking.cancel()
        await engine.over.wait()

        async with client_at(url) as client2:
            after = await client2.chat.completions.create(model="scripted", messages=HELLO)

    assert (engine.cancelled, engine.finished) == (1, 1)
    assert after.choices[0].message.content == "Hi."


async def test_a_body_that_is_too_long_is_answered_on_a_real_connection() -> None:
    async with (
        served_at(talking(ScriptedEngine([says("Hi.")]))) as url,
        httpx.AsyncClient(timeout=None) as client,
    ):
        answer = await client.post(f"{url}/chat/completions", content=b" " * (20 * 2**20))
        after = await client.get(f"{url}/models")

    assert (answer.status_code, after.status_code) == (413, 200)


async def test_beyond_this_machine_nothing_is_served_without_a_token() -> None:
    with pytest.raises(ConfigError, match=r"Whoever can reach '0\.0\.0\.0' could use the model\."):
        await serve(talking(ScriptedEngine([])), host="0.0.0.0", port=0, say=print)


async def test_a_port_that_is_taken_is_named() -> None:
    async with served_at(talking(ScriptedEngine([]))) as url:
        port = httpx.URL(url).port
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port} cannot be served at"):
            await serve(talking(ScriptedEngine([])), host="127.0.0.1", port=port or 0, say=print)


def test_what_is_written_leaves_without_waiting_for_what_was_written_before() -> None:
    with opened("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def lines_until_signals(url: str, *signals: int) -> list[str]:
    """Of a stream, in the middle of which signals come."""
    lines = []
    async for line in lines_of(url, messages=HELLO):
        lines.append(line)
        if "Hi." in line:
            for one in signals:
                signal.raise_signal(one)
    return lines


async def is_open(url: str) -> bool:
    """Whether anybody new is let in."""
    try:
        _, writer = await asyncio.open_connection(httpx.URL(url).host, httpx.URL(url).port)
    except ConnectionError:  # refused, or reset while the door was being closed
        return False
    writer.close()
    return True


async def test_after_the_first_signal_replies_come_to_their_end() -> None:
    gate = asyncio.Event()
    engine = ScriptedEngine([[*says("Hi.")[:-1], gate, says("Hi.")[-1]]])
    url, server = await begun(talking(engine), grace_seconds=1000)

    reading = asyncio.create_task(lines_until_signals(url, signal.SIGTERM))
    await engine.begun.wait()
    while await is_open(url):
        pass
    gate.set()

    assert "data: [DONE]" in await reading
    assert (await server, engine.is_alive) == (True, False)


async def test_a_reply_that_goes_on_is_ended_by_the_engine_and_told_so() -> None:
    engine = ScriptedEngine([[*says("Hi.")[:-1], asyncio.Event()]])
    url, server = await begun(talking(engine), grace_seconds=0.0)

    lines = await lines_until_signals(url, signal.SIGINT)

    assert await server
    assert json.loads(lines[-2].removeprefix("data: "))["error"]["code"] == "shutting_down"


async def test_a_second_signal_waits_for_nothing() -> None:
    engine = ScriptedEngine([[*says("Hi.")[:-1], asyncio.Event()]])
    url, server = await begun(talking(engine), grace_seconds=1000)

    with pytest.raises(httpx.TransportError):
        await lines_until_signals(url, signal.SIGTERM, signal.SIGTERM)

    assert await server is False
    await engine.over.wait()
    assert (engine.is_alive, engine.cancelled) == (True, 1)
