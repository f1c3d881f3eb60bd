"""A whole exchange with a server on a real socket."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.deltas import TextDelta
from core.errors import (
    ConnectionLost,
    ContextOverflow,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
    RequestRejected,
    StreamBroken,
)
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall, ToolMessage, Usage
from gate.manner import Manner
from gate.openai_compatible import OpenAICompatibleGateway
from tests.gate.asking import deltas, reply, request
from tests.gate.sockets import answering
from tests.scripted_server.replies import (
    Call,
    Gate,
    Reply,
    Spoken,
    Step,
    Wire,
    as_written,
    call,
    dropped,
    failing,
    overflow,
    raw,
    refuse,
    say,
    slowly,
    unanswered,
    unfinished,
)
from tests.scripted_server.serving import ScriptedServer, scripted_server

WIRES = {
    "usual": Wire(),
    "no index": Wire(index=False),
    "no ids": Wire(ids=False),
    "no index, no ids": Wire(index=False, ids=False),
    "names repeated": Wire(name_repeated=True),
    "arguments whole": Wire(arguments="whole"),
    "arguments as objects": Wire(arguments="object"),
    "finish with the last delta": Wire(finish_apart=False),
    "usage in the last chunk": Wire(usage="last"),
    "no usage": Wire(usage="none"),
    "reasoning": Wire(thinking_field="reasoning"),
    "carriage returns": Wire(newline="\r\n"),
    "comments": Wire(comments=True),
    "no [DONE]": Wire(done=False),
    "no stream": Wire(streams=False),
}
SPOKEN = Spoken(
    pieces=("Let me ", "look."),
    thinking=("Hm", "."),
    calls=(Call("ls", '{"path": "."}', "c1"), Call("ls", '{"path": "src"}', "c2")),
)


async def answer(step: Step) -> AssistantMessage:
    with scripted_server(step) as server:
        gateway = OpenAICompatibleGateway(server.url, "m")
        try:
            return await reply(gateway)
        finally:
            await gateway.close()


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES.keys())
async def test_one_reply_is_the_same_however_a_server_writes_it(wire: Wire) -> None:
    said = await answer(as_written(SPOKEN, wire))

    first, second = ("c1", "c2") if wire.ids else ("call-1", "call-2")
    assert said.parts == (
        Thinking(text="Hm."),
        Text(text="Let me look."),
        ToolCall(id=first, name="ls", arguments='{"path": "."}'),
        ToolCall(id=second, name="ls", arguments='{"path": "src"}'),
    )
    assert said.finish is Finish.CALLS
    assert said.usage == (Usage() if wire.usage == "none" else Usage(prompt_tokens=100, reply_tokens=10))


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (refuse(500, "oops"), GatewayUnavailable),
        (refuse(429, "slow", retry_after="7"), RateLimited),
        (refuse(401, "no"), RequestRejected),
        (overflow(9000, 4096), ContextOverflow),
        (unanswered(), ConnectionLost),
        (dropped(say("half")), ConnectionLost),
        (dropped(call("ls", path=".")), ConnectionLost),
        (unfinished(say("half")), StreamBroken),
        (failing(say("half"), message="crashed"), StreamBroken),
        (failing(say("half"), message="Context size has been exceeded."), ContextOverflow),
        (raw(b"<html>", media_type="text/html"), RequestRejected),
    ],
)
async def test_every_failure_has_its_own_error(step: Spoken | Reply, error: type[GatewayError]) -> None:
    with pytest.raises(error) as caught:
        await answer(step)

    assert type(caught.value) is error


async def test_what_a_refusal_wants_is_read_from_its_headers() -> None:
    with pytest.raises(RateLimited) as caught:
        await answer(refuse(429, "slow", retry_after="7"))

    assert caught.value.retry_after_seconds == 7


async def test_requests_of_a_session_grow_by_what_is_new_over_one_connection() -> None:
    with scripted_server(call("ls", path="."), say("Two files.")) as server:
        gateway = OpenAICompatibleGateway(
            server.url, "m", api_key="secret", manner=Manner(sampling={"temperature": 0.5})
        )
        asked = request("What is here?", tools=["ls"])
        said = await reply(gateway, asked)
        result = ToolMessage(call_id=said.calls[0].id, text="a.txt\nb.txt")
        await deltas(gateway, replace(asked, messages=(*asked.messages, said, result)))
        await gateway.close()

    first, second = (one.body for one in server.requests)
    assert json.loads(first)["temperature"] == 0.5
    assert second.startswith(first.removesuffix(b"]}"))
    assert server.requests[1].headers["authorization"] == "Bearer secret"
    assert "secret" not in repr(gateway)


async def test_text_streams_before_the_reply_is_whole() -> None:
    gate = Gate()
    with scripted_server(say("first ", gate, "second")) as server:
        gateway = OpenAICompatibleGateway(server.url, "m")
        async with aclosing(gateway.stream(request())) as stream:
            begun = await anext(stream)
            gate.open()
            rest = [delta async for delta in stream]
        await gateway.close()

    assert begun == TextDelta(text="first ")
    assert rest[0] == TextDelta(text="second")


async def test_closing_the_stream_drops_the_request() -> None:
    with scripted_server(say("first ", Gate(), "never")) as server:
        gateway = OpenAICompatibleGateway(server.url, "m")
        async with aclosing(gateway.stream(request())) as stream:
            await anext(stream)
        await gateway.close()

        assert await asyncio.to_thread(server.requests[0].ended.wait, 5)
        assert server.requests[0].abandoned


async def test_comments_keep_a_slow_prefill_alive() -> None:
    opened = [Gate() for _ in range(3)]
    for gate in opened:
        gate.open()

    said = await answer(slowly(say("Done."), *opened))

    assert said.text == "Done."


async def test_a_server_that_falls_silent_is_given_up() -> None:
    with ScriptedServer([slowly(say("never"), Gate())]) as server:
        gateway = OpenAICompatibleGateway(server.url, "m", idle_seconds=0.01)

        with pytest.raises(GatewayError, match=r"sent nothing for 0\.01 seconds"):
            await deltas(gateway)


async def test_a_stream_without_a_word_is_asked_for_the_reason() -> None:
    with ScriptedServer([raw(b""), overflow(5_000, 2_048, "llama-cpp-python")]) as server:
        with pytest.raises(ContextOverflow) as caught:
            await deltas(OpenAICompatibleGateway(server.url, "m"))

        streamed, whole = (request.json for request in server.requests)

    assert caught.value.limit_tokens == 2_048
    assert (streamed["stream"], whole["stream"]) == (True, False)
    assert (whole["messages"], whole["max_tokens"]) == (streamed["messages"], 1)


async def test_a_stream_without_a_word_and_without_a_reason_is_broken() -> None:
    with (
        ScriptedServer([raw(b""), say("Hi")]) as server,
        pytest.raises(StreamBroken, match="before it said a word"),
    ):
        await deltas(OpenAICompatibleGateway(server.url, "m"))


async def test_a_reply_is_whole_even_if_the_connection_breaks_behind_it() -> None:
    chunk = b'data: {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}\n\n'
    broken = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + chunk

    async with answering(broken, hangs_up=True) as server:
        said = await reply(OpenAICompatibleGateway(server.url, "m"))

    assert (said.text, said.finish) == ("Hi", Finish.DONE)


async def test_a_wrong_model_is_named() -> None:
    with pytest.raises(RequestRejected) as caught:
        await answer(refuse(404, "The model `m` does not exist."))

    assert "does not serve the model 'm'" in str(caught.value)
