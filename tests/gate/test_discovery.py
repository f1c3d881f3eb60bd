"""Finding a server, its model and its window."""

from typing import Any

import pytest

from core.errors import ConfigError, GatewayUnavailable, RequestRejected
from gate.discovery import Endpoint, NoServer, candidate_urls, discover, served_window
from tests.gate.sockets import answering
from tests.scripted_server.serving import ScriptedServer

NOBODY = "http://127.0.0.1:1/v1"


def serving(*models: dict[str, Any], path: str = "/v1/models") -> ScriptedServer:
    return ScriptedServer([], pages={"/v1/models": {}, path: {"object": "list", "data": list(models)}})


async def test_a_url_and_a_model_need_no_question() -> None:
    assert await discover(NOBODY, model="m") == Endpoint(url=NOBODY, model="m")


async def test_the_only_model_of_a_server_is_taken() -> None:
    with serving({"id": "m", "max_model_len": 8192}) as server:
        url = server.url
        found = await discover(url, api_key="secret")

    assert found == Endpoint(url=url, model="m", window_tokens=8192, models=("m",))
    assert [(asked.method, asked.path) for asked in server.log] == [("GET", "/v1/models")]
    assert server.log[0].headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("described", "window"),
    [
        ({"max_model_len": 8192}, 8192),
        ({"meta": {"n_ctx": 4096, "n_ctx_train": 40960}}, 4096),
        ({"context_length": 2048}, 2048),
        ({"loaded_context_length": 4096, "max_context_length": 99999}, 4096),
        ({"meta": None, "max_model_len": 0}, None),
        ({}, None),
    ],
)
async def test_the_window_is_read_where_servers_put_it(described: dict[str, Any], window: int | None) -> None:
    with serving({"id": "m", **described}) as server:
        found = await discover(server.url)

        assert isinstance(found, Endpoint)
        assert found.window_tokens == window
        assert await served_window(Endpoint(url=server.url, model="m")) == window


async def test_a_server_that_does_not_answer_has_no_known_window() -> None:
    assert await served_window(Endpoint(url=NOBODY, model="m")) is None


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
    with serving(*models) as server:
        url = server.url
        with pytest.raises(ConfigError) as caught:
            await discover(url)

    assert str(caught.value) == f"{url} {words}"


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
async def test_a_url_without_v1_is_tried_both_ways(path: str) -> None:
    with serving({"id": "m"}, path=path) as server:
        found = await discover(server.url.removesuffix("/v1"))

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


async def test_a_server_without_a_list_of_models_needs_a_name() -> None:
    with ScriptedServer([], pages={"/v1/models": {"hello": "world"}}) as server:
        url = server.url
        with pytest.raises(ConfigError) as caught:
            await discover(url)

    assert str(caught.value) == (
        f"{url} does not say which models it has. "
        "Is it the /v1 URL of a model server? If so, name the model with AGENT_MODEL or --model."
    )


async def test_a_refused_key_says_which_setting_to_mend() -> None:
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
    async with answering(refusal) as server:
        with pytest.raises(RequestRejected, match="Set AGENT_API_KEY to a key this server accepts"):
            await discover(server.url)


async def test_local_ports_are_asked_and_the_first_that_answers_is_taken() -> None:
    with serving({"id": "a"}) as first, serving({"id": "b"}) as second:
        url = first.url
        found = await discover(local_urls=(NOBODY, url, second.url))

    assert found == Endpoint(url=url, model="a", models=("a",))


async def test_the_local_server_that_has_the_named_model_is_taken() -> None:
    with serving({"id": "a"}) as first, serving({"id": "b"}) as second:
        url = second.url
        found = await discover(model="b", local_urls=(first.url, url))

    assert found == Endpoint(url=url, model="b", models=("b",))


async def test_a_local_port_gets_the_question_and_no_key() -> None:
    with ScriptedServer([], pages={"/v1/models": {"hello": "world"}}) as server:
        url = server.url
        found = await discover(api_key="secret", local_urls=(url,))

    assert found == NoServer(tried=(url,))
    assert [(asked.method, asked.path, asked.body) for asked in server.log] == [("GET", "/v1/models", b"")]
    assert "authorization" not in server.log[0].headers


async def test_no_server_at_all_says_what_was_tried() -> None:
    found = await discover(local_urls=(NOBODY,))

    assert str(found) == "No model server was found on localhost (ports 1)."
