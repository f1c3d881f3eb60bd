"""The server that will read a prompt says how many tokens it has, in its own way of being asked."""

import json
from collections.abc import Mapping

import pytest

from core.endpoint import ServerFacts, ServerKind
from gate.live_window import LiveWindow
from gate.tokens import ServerTokenCounter
from tests.fakes import FakeServer
from tests.fakes.serving import Answer
from tests.gate.asking import request

ASKED = request("Hi", tools=["ls"])
SERVERS: Mapping[str, tuple[ServerKind, Mapping[str, Answer], int]] = {
    "vLLM": ("vLLM", {"/tokenize": {"count": 412, "max_model_len": 4096, "tokens": []}}, 412),
    "Roost": ("Roost", {"/tokenize": {"count": 412}}, 412),
    "llama.cpp": ("llama.cpp", {"/v1/chat/completions/input_tokens": {"input_tokens": 412}}, 412),
    "an older llama.cpp": (
        "llama.cpp",
        {"/apply-template": {"prompt": "<|im_start|>"}, "/tokenize": {"tokens": [1, 2, 3]}},
        3,
    ),
    "SGLang": ("SGLang", {"/tokenize": {"count": 400, "tokens": []}}, 412),
    "TabbyAPI": ("TabbyAPI", {"/v1/token/encode": {"tokens": [], "length": 400}}, 412),
}


def counter(server: FakeServer, kind: ServerKind, *, counts: bool = True) -> ServerTokenCounter:
    facts = ServerFacts(url=server.url, kind=kind, counts_tokens=counts)
    return ServerTokenCounter(LiveWindow(server.url, "m", server.key, facts=facts))


@pytest.mark.parametrize(("kind", "pages", "tokens"), SERVERS.values(), ids=SERVERS)
async def test_each_server_is_asked_in_its_own_way(
    kind: ServerKind, pages: Mapping[str, Answer], tokens: int
) -> None:
    with FakeServer(pages, key="secret") as server:
        told = await counter(server, kind)(ASKED)

    assert told == tokens
    assert b"Be brief." in server.log[0].body


@pytest.mark.parametrize("kind", ["vLLM", "Roost", "llama.cpp"])
async def test_the_whole_conversation_is_counted_with_its_tools(kind: ServerKind) -> None:
    with FakeServer({}) as server:
        await counter(server, kind)(ASKED)

    asked = server.log[0].json
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert [tool["function"]["name"] for tool in asked["tools"]] == ["ls"]


@pytest.mark.parametrize("answer", [{}, {"count": "many"}, {"count": 0}, {"count": None}, {"count": True}])
async def test_nonsense_is_no_count(answer: Answer) -> None:
    with FakeServer({"/tokenize": answer}) as server:
        assert await counter(server, "vLLM")(ASKED) is None


async def test_a_server_that_is_gone_says_nothing() -> None:
    facts = ServerFacts(url="", kind="vLLM", counts_tokens=True)

    assert await ServerTokenCounter(LiveWindow("http://127.0.0.1:1/v1", "m", facts=facts))(ASKED) is None


async def test_who_cannot_count_is_not_asked() -> None:
    with FakeServer({}) as server:
        for asked in (counter(server, "vLLM", counts=False), counter(server, "Ollama")):
            assert await asked(ASKED) is None
        assert await ServerTokenCounter(LiveWindow(server.url, "m"))(ASKED) is None

    assert server.log == []


async def test_what_is_counted_is_what_would_be_sent() -> None:
    with FakeServer({}) as server:
        await counter(server, "vLLM")(request("Grüße, 中文"))

    assert "Grüße, 中文" in json.dumps(server.log[0].json, ensure_ascii=False)
