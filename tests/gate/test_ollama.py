"""Ollama natively: one window for the session, nothing lost in silence."""

import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import chain

import pytest

from core.deltas import CallDelta, FinishDelta, RestartDelta, TextDelta, ThinkingDelta
from core.endpoint import ServedModel
from core.errors import (
    ContextOverflow,
    GatewayError,
    OutOfMemory,
    RequestRejected,
    StreamBroken,
)
from core.messages import (
    AssistantMessage,
    Finish,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolMessage,
    Usage,
    UserMessage,
)
from core.protocols import ModelRequest
from core.tools import ToolSpec
from gate.manner import Manner
from gate.ollama import OllamaGateway, session_window
from gate.ollama_wire import OllamaReader, OllamaWriter
from gate.server_sent_events import LONGEST_LINE_BYTES
from tests.fakes import FakeOllama, FakeServer, Page, bodies
from tests.fakes.ollama import called, line, said, thought
from tests.fakes.serving import page
from tests.gate.asking import deltas, reply, request
from tests.gate.sockets import answering

READ = ToolSpec(name="read_file", description="Read.", parameters={"type": "object"})
CALL = ToolCall(id="call-1", name="read_file", arguments='{"path": "ä.txt"}')


def gateway(server: FakeServer, window_tokens: int = 16_384, **more: object) -> OllamaGateway:
    return OllamaGateway(server.url, "qwen3:8b", window_tokens, **more)


def conversation(*, images: Sequence[Image] = ()) -> ModelRequest:
    return ModelRequest(
        system="Be brief.",
        tools=(READ,),
        messages=(
            UserMessage(text="Read ä.txt", head="Today", images=tuple(images)),
            AssistantMessage(parts=(Thinking(text="Hm."), Text(text="I look."), CALL)),
            ToolMessage(call_id="call-1", text="alpha"),
        ),
    )


async def test_a_request_is_written_in_ollamas_own_words() -> None:
    manner = Manner(sampling={"temperature": 0.6, "top_k": 20})
    asked = replace(conversation(images=[Image(media_type="image/png", base64="QQ==")]), max_tokens=500)
    with FakeOllama(said("Done.")) as server:
        await deltas(gateway(server, thinks=True, manner=manner), asked)

    assert server.requests[0].json == {
        "model": "qwen3:8b",
        "stream": True,
        "keep_alive": "30m",
        "truncate": False,
        "shift": False,
        "options": {"num_ctx": 16_384, "num_predict": 500, "temperature": 0.6, "top_k": 20},
        "think": True,
        "tools": [
            {
                "type": "function",
                "function": {"name": "read_file", "description": "Read.", "parameters": {"type": "object"}},
            }
        ],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Today\n\nRead ä.txt", "images": ["QQ=="]},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {"id": "call-1", "function": {"name": "read_file", "arguments": {"path": "ä.txt"}}}
                ],
            },
            {
                "role": "tool",
                "content": "[data]\nalpha\n[/data]",
                "tool_name": "read_file",
                "tool_call_id": "call-1",
            },
        ],
    }


def test_a_model_that_cannot_think_is_not_asked_to() -> None:
    asked = json.loads(OllamaWriter("m", 4096).body(request()))

    assert "think" not in asked
    assert "tools" not in asked
    assert asked["options"] == {"num_ctx": 4096}


def test_thinking_goes_back_where_the_profile_wants_it() -> None:
    writer = OllamaWriter("m", 4096, Manner(thinking_field="thinking"))

    asked = json.loads(writer.body(conversation()))

    assert asked["messages"][2]["thinking"] == "Hm."


def test_a_strict_template_gets_the_conversation_in_its_form() -> None:
    both = AssistantMessage(parts=(CALL, replace(CALL, id="call-2")))
    answers = (ToolMessage(call_id="call-1", text="a"), ToolMessage(call_id="call-2", text="b"))
    history = (UserMessage(text="Hi"), UserMessage(text="And?"), both, *answers)
    asked = replace(conversation(), messages=history)
    manner = Manner(system_role=False, alternating_roles=True, single_calls=True)

    said = json.loads(OllamaWriter("m", 4_096, manner).body(asked))["messages"]

    assert [(one["role"], one["content"], len(one.get("tool_calls", ()))) for one in said] == [
        ("user", "Be brief.\n\nHi", 0),
        ("assistant", "(no reply)", 0),
        ("user", "And?", 0),
        ("assistant", "", 1),
        ("tool", "[data]\na\n[/data]", 0),
        ("assistant", "", 1),
        ("tool", "[data]\nb\n[/data]", 0),
    ]


def test_each_request_begins_with_the_bytes_of_the_one_before() -> None:
    writer = OllamaWriter("m", 4096)
    whole = conversation()
    shorter = replace(whole, messages=whole.messages[:1])

    first, second = writer.body(shorter), writer.body(whole)

    assert second.startswith(first.partition(b'],"options":')[0])
    assert second == OllamaWriter("m", 4096).body(whole)
    assert writer.call_ids == {"call-1"}


def test_another_history_is_written_anew() -> None:
    writer = OllamaWriter("m", 4096)
    writer.body(conversation())

    body = writer.body(request("Something else"))

    assert body == OllamaWriter("m", 4096).body(request("Something else"))
    assert writer.call_ids == set()


def test_broken_arguments_are_sent_as_an_object() -> None:
    broken = AssistantMessage(parts=(replace(CALL, arguments='{"path": '),))
    asked = replace(request(), messages=(UserMessage(text="x"), broken))

    sent = json.loads(OllamaWriter("m", 4096).body(asked))

    assert sent["messages"][2]["tool_calls"][0]["function"]["arguments"] == {"invalid_json": '{"path": '}


async def test_the_window_never_changes_in_a_session() -> None:
    with FakeOllama(said("a"), said("b"), said("c")) as server:
        asking = gateway(server)
        for text in ("short", "longer " * 1000, "short"):
            await deltas(asking, request(text))

    assert server.loads == [16_384]


async def test_thoughts_words_calls_and_counts_become_deltas() -> None:
    with FakeOllama([*thought("Hm."), *said("I look."), *called("read_file", path="ä.txt")]) as server:
        found = await deltas(gateway(server), request(tools=["read_file"]))

    assert found[:-1] == [
        ThinkingDelta(text="Hm."),
        TextDelta(text="I look."),
        CallDelta(index=0, id="call_8x", name="read_file", arguments='{"path": "ä.txt"}'),
    ]
    assert isinstance(found[-1], FinishDelta)
    assert found[-1].finish is Finish.CALLS
    assert found[-1].usage.reply_tokens == 7
    assert found[-1].usage.prompt_tokens > 0


async def test_calls_without_an_id_or_with_the_same_again_get_their_own() -> None:
    bare = {"function": {"name": "read_file", "arguments": {}}}
    pieces = [line(message={"content": "", "tool_calls": [bare, bare]}, done=False), *called("read_file")]
    with FakeOllama(pieces, called("read_file")) as server:
        asking = gateway(server)
        first = await reply(asking, request(tools=["read_file"]))
        answers = (ToolMessage(call_id=call.id, text="x") for call in first.calls)
        asked = request(tools=["read_file"])
        second = await reply(asking, replace(asked, messages=(*asked.messages, first, *answers)))

    ids = [call.id for call in (*first.calls, *second.calls)]
    assert len(set(ids)) == 4
    assert [call.arguments for call in first.calls] == ["{}", "{}", "{}"]


def test_a_reply_is_the_same_in_pieces_of_any_size() -> None:
    whole = b"".join([*thought("Hm, ä."), *said("I look: 漢字."), *called("read_file"), line(done=True)])
    found = []

    for size in (len(whole), 7, 1):
        reader = OllamaReader(lambda status, body: RequestRejected(body))
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        found.append([*(delta for piece in pieces for delta in reader.feed(piece)), reader.close()])

    assert found[0] == found[1] == found[2]
    assert isinstance(found[0][-1], FinishDelta)


def test_a_line_without_end_is_given_up() -> None:
    reader = OllamaReader(lambda status, body: RequestRejected(body))
    pieces = [b"x" * (LONGEST_LINE_BYTES // 4_096 + 1)] * 4_096

    with pytest.raises(StreamBroken, match="a line of more than"):
        list(chain.from_iterable(map(reader.feed, pieces)))


@pytest.mark.parametrize(
    ("end", "finish"),
    [("length", Finish.LENGTH), ("stop", Finish.DONE), ("unload", Finish.DONE), (None, Finish.DONE)],
)
def test_how_a_reply_ends_is_told(end: str | None, finish: Finish) -> None:
    reader = OllamaReader(lambda status, body: RequestRejected(body))
    list(reader.feed(line(message={"content": "x"}, done=True, done_reason=end, prompt_eval_count=3)))

    assert reader.close() == FinishDelta(finish=finish, usage=Usage(prompt_tokens=3))


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        ({"prompt_eval_count": 900, "prompt_eval_cached_count": 850}, 850),
        ({"prompt_eval_count": 900, "prompt_eval_cached_count": 0}, 0),
        ({"prompt_eval_count": 900}, None),
        ({"prompt_eval_count": 900, "prompt_eval_cached_count": 901}, 900),
        ({"prompt_eval_count": 900, "prompt_eval_cached_count": "many"}, None),
    ],
)
def test_what_was_kept_of_a_prompt_is_known_where_it_is_told(
    counts: dict[str, object], kept: int | None
) -> None:
    reader = OllamaReader(lambda status, body: RequestRejected(body))
    list(reader.feed(line(message={"content": "x"}, done=True, **counts)))

    assert reader.close().usage == Usage(prompt_tokens=900, cached_tokens=kept)


REFUSED: dict[str, tuple[Page, type[GatewayError], str]] = {
    "no such model": (
        page({"error": "model 'x' not found"}, 404),
        RequestRejected,
        "does not serve the model",
    ),
    "no tools": (page({"error": "x does not support tools"}, 400), RequestRejected, "does not support tools"),
    "too long": (
        page({"error": "the prompt is longer than the context length currently available to the model"}, 400),
        ContextOverflow,
        "longer than the context length",
    ),
    "out of memory": (
        page({"error": "model requires more system memory"}, 500),
        OutOfMemory,
        "memory",
    ),
    "key": (page({"error": "unauthorized"}, 401), RequestRejected, "AGENT_API_KEY"),
    "error in the stream": (
        Page((*said("I"), line(error="llama runner process has terminated"))),
        OutOfMemory,
        "terminated",
    ),
    "broken off": (Page(tuple(said("I look"))), StreamBroken, "in the middle of a reply"),
    "half a line": (Page((b'{"message": {"content',)), StreamBroken, "that is no reply"),
    "no JSON": (Page((b"hello\n",)), StreamBroken, "is no reply: 'hello'"),
    "HTML": (bodies.HTML, RequestRejected, "HTML page"),
    "nothing": (Page(()), StreamBroken, "in the middle of a reply"),
}


@pytest.mark.parametrize(("answer", "kind", "words"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_ollama_refuses_is_our_error(answer: Page, kind: type[GatewayError], words: str) -> None:
    with FakeServer({"/api/chat": answer}) as server, pytest.raises(kind) as caught:
        await deltas(gateway(server))

    assert words in str(caught.value)


async def test_a_connection_that_breaks_is_a_broken_stream() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"
    async with answering(head + said("I look")[0], hangs_up=True) as server:
        with pytest.raises(StreamBroken):
            await deltas(OllamaGateway(server.url, "m", 4096))


async def test_what_does_not_fit_is_refused_by_an_ollama_that_knows_how() -> None:
    with FakeOllama(said("x"), fixed_tokens=4096) as server, pytest.raises(ContextOverflow) as caught:
        await deltas(gateway(server), request("word " * 10_000))

    assert caught.value.limit_tokens == 4096


async def test_a_prompt_that_was_cut_in_silence_voids_the_reply_and_says_so() -> None:
    with FakeOllama(said("Which"), refuses=False, fixed_tokens=4096) as server:
        async with aclosing(gateway(server).stream(request("word " * 10_000))) as stream:
            found = [await anext(stream), await anext(stream)]
            with pytest.raises(ContextOverflow) as caught:
                await anext(stream)

    assert caught.value.limit_tokens == 4096
    assert (
        caught.value.args[0] == "Ollama read 4,096 tokens of a prompt of about 12,502 and dropped the rest."
    )
    assert found == [TextDelta(text="Which"), RestartDelta(reason=str(caught.value), wait_seconds=0.0)]


async def test_a_cut_prompt_in_a_script_with_few_characters_a_token_is_found_out() -> None:
    counted = line(message={"content": "ok"}, done=True, prompt_eval_count=4_096)
    pages = {"/api/chat": Page((counted,)), "/api/ps": running(4_096)}
    with FakeServer(pages) as server, pytest.raises(ContextOverflow) as caught:
        await reply(gateway(server), request("不要修改测试文件。" * 1_500))

    assert caught.value.limit_tokens == 4_096


@pytest.mark.parametrize("text", ["word " * 1000, " " * 40_000])
async def test_a_prompt_that_was_read_to_its_end_is_no_overflow(text: str) -> None:
    counted = line(message={"content": "ok"}, done=True, prompt_eval_count=len(text) // 8)
    with FakeServer({"/api/chat": Page((counted,)), "/api/ps": running(16_384)}) as server:
        found = await reply(gateway(server), request(text))

    assert found.text == "ok"


def running(window_tokens: int) -> dict[str, object]:
    return {"models": [{"name": "qwen3:8b", "context_length": window_tokens}]}


MODEL = ServedModel(name="m", trained_tokens=40_960)


@pytest.mark.parametrize(
    ("model", "wished", "window"),
    [
        (MODEL, None, 16_384),
        (ServedModel(name="m"), None, 16_384),
        (MODEL, 32_768, 32_768),
        (MODEL, 99_999, 40_960),
        (ServedModel(name="m"), 99_999, 99_999),
        (replace(MODEL, trained_tokens=8192), None, 8192),
        (replace(MODEL, pinned_tokens=24_576), None, 24_576),
        (replace(MODEL, pinned_tokens=24_576), 8192, 8192),
        (replace(MODEL, loaded=True, window_tokens=4096, gpu_share=1.0), None, 16_384),
        (replace(MODEL, loaded=True, window_tokens=32_768, gpu_share=1.0), None, 32_768),
        (replace(MODEL, loaded=True, window_tokens=32_768, gpu_share=0.4), None, 16_384),
        (replace(MODEL, loaded=True, window_tokens=32_768), None, 16_384),
    ],
)
def test_the_window_of_a_session_is_chosen_once(model: ServedModel, wished: int | None, window: int) -> None:
    assert session_window(model, wished) == window
