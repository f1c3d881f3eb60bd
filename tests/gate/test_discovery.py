"""Finding a server, its model and its window."""

import asyncio
import json
from typing import Any

import pytest

from core.endpoint import ServedModel, ServerFacts
from core.errors import ConfigError, GatewayUnavailable, RequestRejected
from gate import discovery
from gate.discovery import (
    Endpoint,
    NoServer,
    candidate_urls,
    discover,
    local_servers,
)
from tests.clocks import ENOUGH_SECONDS
from tests.fakes import FakeServer, Page, bodies
from tests.fakes.bodies import listed
from tests.fakes.serving import page
from tests.gate.sockets import answering, late, listening

NOBODY = "http://127.0.0.1:1/v1"

MODELS = json.dumps(listed({"id": "m", "context_length": 2048})).encode()
LIST = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(MODELS), MODELS)

unhurried = pytest.mark.usefixtures("time_enough")
"""For tests of who is chosen: however busy the machine is, everybody answers in time."""


def serving(*models: dict[str, Any]) -> FakeServer:
    return FakeServer({"/v1/models": listed(*models)})


def endpoint(url: str, model: str, *served: ServedModel) -> Endpoint:
    return Endpoint(url=url, model=model, facts=ServerFacts(url=url, models=served))


@unhurried
@pytest.mark.parametrize(
    ("pages", "kind", "window", "paths"),
    [
        ({"/v1/models": listed({"id": "m", "context_length": 2048})}, "unknown", 2048, 0),
        (bodies.LLAMA_CPP, "llama.cpp", 4096, 1),
        (bodies.LM_STUDIO, "LM Studio", 4096, 1),
        (bodies.VLLM, "vLLM", 32768, 0),
        (bodies.SGLANG, "SGLang", 65536, 1),
        (bodies.TABBY, "TabbyAPI", 24576, 2),
        (bodies.OLLAMA, "Ollama", 4096, 3),
        ({**bodies.OLLAMA, "/v1/models": listed({"id": "m", "owned_by": "bartowski"})}, "Ollama", None, None),
    ],
)
async def test_a_server_that_nobody_knows_is_looked_at_for_a_moment_before_its_first_request(
    pages: bodies.Pages, kind: str, window: int | None, paths: int | None
) -> None:
    """The list and Ollama's version at once; then the pages of whom these point to, and of nobody else."""
    with FakeServer(pages) as server:
        found = await discover(server.url, model="m")

    assert isinstance(found, Endpoint)
    assert found.facts is not None
    assert (found.model, found.facts.kind) == ("m", kind)
    assert (found.served and found.served.window_tokens, found.is_sure) == (window, kind != "unknown")
    assert sorted(server.paths[:2]) == ["/api/version", "/v1/models"]
    assert paths is None or len(server.paths) == 2 + paths


@unhurried
@pytest.mark.parametrize("answer", [{"hello": "world"}, bodies.HTML, Page((b"",))])
async def test_what_lists_no_models_may_answer_all_the_same(answer: Any) -> None:
    with FakeServer({}, missing=answer if isinstance(answer, Page) else page(answer)) as server:
        found = await discover(server.url, model="m")

    assert found == Endpoint(url=server.url, model="m", facts=ServerFacts(url=server.url), is_sure=False)


@unhurried
@pytest.mark.parametrize("url", [NOBODY, "https://api.openai.com/v1"])
async def test_who_cannot_be_looked_at_or_is_hosted_is_asked_nothing(url: str) -> None:
    assert await discover(url, model="m") == Endpoint(url=url, model="m")


async def test_a_first_request_waits_no_longer_than_a_moment() -> None:
    async with answering(b"") as silent, answering(b"HTTP/1.1 200 OK\r\n\r\n{") as halting:
        found = await asyncio.gather(*(discover(one.url, model="m") for one in (silent, halting)))

    assert found == [
        Endpoint(url=one.url, model="m", facts=ServerFacts(url=one.url), is_sure=False)
        for one in (silent, halting)
    ]


async def test_a_url_and_a_model_that_are_known_bring_what_is_known() -> None:
    known = ServerFacts(url=NOBODY, kind="vLLM", models=(ServedModel(name="m", window_tokens=2048),))

    found = await discover(NOBODY, model="m", recall=lambda url: known)

    assert found == Endpoint(url=NOBODY, model="m", facts=known)


async def test_the_only_model_of_a_server_is_taken() -> None:
    with serving({"id": "m", "context_length": 8192}) as server:
        found = await discover(server.url, api_key="secret")

    assert found == endpoint(server.url, "m", ServedModel(name="m", window_tokens=8192))
    assert {asked.headers["authorization"] for asked in server.log} == {"Bearer secret"}


async def test_a_known_server_with_the_same_models_is_asked_for_nothing_else() -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        first = await discover(server.url)
        server.log.clear()
        assert isinstance(first, Endpoint)
        again = await discover(server.url, recall=lambda url: first.facts)

    assert again == first
    assert server.paths == ["/v1/models"]


@pytest.mark.parametrize("known", ["other", "m"])
async def test_a_server_whose_models_changed_or_may_be_loaded_anew_is_asked_again(known: str) -> None:
    models = tuple(ServedModel(name=name, loaded=name == "m") for name in {known, "n"})
    kept = ServerFacts(url="", kind="vLLM", models=models)
    with serving({"id": "m"}, {"id": "n", "state": "loaded"}) as server:
        found = await discover(server.url, recall=lambda url: kept)

    assert found == endpoint(server.url, "n", ServedModel(name="m"), ServedModel(name="n", loaded=True))


@pytest.mark.parametrize(
    ("described", "window"),
    [
        ({"max_model_len": 8192}, 8192),
        ({"meta": {"n_ctx": 4096, "n_ctx_train": 40960}}, 4096),
        ({"context_length": 2048}, 2048),
        ({"loaded_context_length": 4096, "max_context_length": 99999}, 4096),
        ({"meta": None, "max_model_len": 0}, None),
        ({"max_model_len": "8192", "context_length": True}, None),
        ({}, None),
    ],
)
async def test_the_window_is_read_where_servers_put_it(described: dict[str, Any], window: int | None) -> None:
    with serving({"id": "m", **described}) as server:
        found = await discover(server.url)

    assert isinstance(found, Endpoint)
    assert found.served is not None
    assert found.served.window_tokens == window


@pytest.mark.parametrize(
    "models",
    [
        [{"id": "m"}, {"id": "text-embedding-nomic"}],
        [{"id": "a"}, {"id": "m", "state": "loaded"}],
        [{"id": "a", "status": {"value": "unloaded"}}, {"id": "m", "status": {"value": "loaded"}}],
    ],
)
async def test_of_several_models_the_one_that_can_be_meant_is_taken(models: list[dict[str, Any]]) -> None:
    with serving(*models) as server:
        found = await discover(server.url)

    assert isinstance(found, Endpoint)
    assert found.model == "m"


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ([{"id": "a"}, {"id": "b"}], "has several models: a, b. Choose one with AGENT_MODEL or --model."),
        ([], "has no model. Load one, or name one with AGENT_MODEL or --model."),
    ],
)
async def test_an_unclear_model_is_asked_of_the_user(models: list[dict[str, Any]], words: str) -> None:
    with serving(*models) as server, pytest.raises(ConfigError) as caught:
        await discover(server.url)

    assert str(caught.value) == f"{server.url} {words}"


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
async def test_a_url_without_v1_is_tried_both_ways(path: str) -> None:
    with FakeServer({"/v1/models": {}, path: listed({"id": "m"})}) as server:
        found = await discover(server.root)

    assert isinstance(found, Endpoint)
    assert f"{found.url}/models".endswith(path)


@pytest.mark.parametrize(
    ("url", "candidates"),
    [
        ("http://h:1/v1/", ("http://h:1/v1",)),
        ("h:1", ("http://h:1/v1", "http://h:1")),
        ("https://h/api", ("https://h/api", "https://h/api/v1")),
        ("http://h/v1/chat/completions", ("http://h/v1",)),
    ],
)
def test_urls_are_taken_as_they_are_meant(url: str, candidates: tuple[str, ...]) -> None:
    assert candidate_urls(url) == candidates


@pytest.mark.parametrize("url", ["ftp://h/v1", "http://", "http://[h/v1", "h:99999"])
def test_what_is_no_url_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="is no URL of a model server"):
        candidate_urls(url)


async def test_a_named_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(GatewayUnavailable, match="No answer from"):
        await discover(NOBODY)


@pytest.mark.parametrize("answer", [{"hello": "world"}, bodies.HTML, Page((b"",))])
async def test_a_server_without_a_list_of_models_needs_a_name(answer: Any) -> None:
    with FakeServer({"/v1/models": answer}) as server, pytest.raises(ConfigError) as caught:
        await discover(server.url)

    assert str(caught.value) == (
        f"{server.url} does not say which models it has. "
        "Is it the /v1 URL of a model server? If so, name the model with AGENT_MODEL or --model."
    )


async def test_a_refused_key_says_which_setting_to_mend() -> None:
    wanted = "Set AGENT_API_KEY to a key this server accepts"
    with FakeServer(bodies.TABBY, key="secret") as server, pytest.raises(RequestRejected, match=wanted):
        await discover(server.url)


@unhurried
async def test_local_ports_are_asked_and_the_first_that_answers_is_taken() -> None:
    with serving({"id": "a"}) as first, serving({"id": "b"}) as second:
        found = await discover(local_urls=(NOBODY, first.url, second.url))

    assert found == endpoint(first.url, "a", ServedModel(name="a"))


@unhurried
async def test_a_local_server_with_a_loaded_model_comes_first() -> None:
    several, one = [{"id": "a"}, {"id": "b"}], [{"id": "c"}]
    with serving(*several) as first, serving(*one) as second, FakeServer(bodies.LLAMA_CPP) as third:
        loaded = await discover(local_urls=(first.url, second.url, third.url))
        clear = await discover(local_urls=(first.url, second.url))

    assert isinstance(loaded, Endpoint)
    assert isinstance(clear, Endpoint)
    assert (loaded.model, clear.model) == ("qwen3-8b.gguf", "c")


@unhurried
async def test_a_local_server_that_only_makes_vectors_comes_last() -> None:
    vectors = {"id": "c", "type": "embedding", "loaded": True}
    with serving(vectors) as first, serving({"id": "a"}) as second:
        found = await discover(local_urls=(first.url, second.url))

    assert found == endpoint(second.url, "a", ServedModel(name="a"))


@unhurried
async def test_the_local_server_that_has_the_named_model_is_taken() -> None:
    with serving({"id": "a"}) as first, serving({"id": "b"}) as second:
        found = await discover(model="b", local_urls=(first.url, second.url))

    assert found == endpoint(second.url, "b", ServedModel(name="b"))


@unhurried
async def test_a_local_port_gets_the_question_and_no_key() -> None:
    with FakeServer({"/v1/models": {"hello": "world"}}) as server:
        found = await discover(api_key="secret", local_urls=(server.url,))

    assert found == NoServer(tried=(server.url,))
    assert [(asked.method, asked.path, asked.body) for asked in server.log] == [("GET", "/v1/models", b"")]
    assert "authorization" not in server.log[0].headers


async def test_no_server_at_all_says_what_was_tried() -> None:
    found = await discover(local_urls=(NOBODY,))

    assert str(found) == "No model server was found on localhost (ports 1)."


@unhurried
async def test_a_local_server_that_wants_a_key_is_named() -> None:
    with FakeServer(bodies.TABBY, key="secret") as server:
        found = await discover(local_urls=(NOBODY, server.url))

    assert str(found).endswith(f"{server.url} wants a key: set AGENT_MODEL_URL and AGENT_API_KEY.")


async def test_servers_that_are_silent_cost_no_more_than_the_time_for_all() -> None:
    with serving({"id": "m"}) as server:
        async with answering(b"") as silent, answering(b"HTTP/1.1 200 OK\r\n\r\n{") as halting:
            found, nobody = await local_servers((silent.url, halting.url, server.url), seconds=1.0)

    assert [facts.url for facts in found] == [server.url]
    assert nobody.silent == (silent.url, halting.url)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "BUSY_SECONDS", ENOUGH_SECONDS)


@pytest.mark.usefixtures("patient")
async def test_where_nobody_answers_in_time_those_that_are_silent_get_more_of_it() -> None:
    async with late(LIST) as url:
        found = await discover(local_urls=(NOBODY, url))

    assert found == endpoint(url, "m", ServedModel(name="m", window_tokens=2048))


@pytest.mark.usefixtures("patient")
async def test_where_the_named_model_is_at_nobody_else_those_that_are_silent_get_more_time() -> None:
    async with late(LIST) as url:
        with serving({"id": "a"}) as other:
            found = await discover(model="m", local_urls=(other.url, url))

    assert found == endpoint(url, "m", ServedModel(name="m", window_tokens=2048))


async def test_who_stays_silent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "BUSY_SECONDS", 0.1)
    async with answering(b"") as silent:
        found = await discover(local_urls=(NOBODY, silent.url))

    assert isinstance(found, NoServer)
    assert str(found).endswith(
        f"Somebody listens at {silent.url} and gives no answer; is a model being loaded?"
    )


async def test_a_server_that_lists_its_models_and_then_hangs_is_used_all_the_same() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.readuntil(b"\r\n\r\n")).startswith(b"GET /v1/models "):
            writer.write(LIST)
        await reader.read()

    async with listening(serve) as port:
        found = await discover(local_urls=(f"http://127.0.0.1:{port}/v1",))

    assert found == endpoint(f"http://127.0.0.1:{port}/v1", "m", ServedModel(name="m", window_tokens=2048))
