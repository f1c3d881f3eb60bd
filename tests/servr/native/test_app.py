"""The pages of the model server, and the door before them; without a port."""

from typing import Any

import pytest

from core.errors import ContextOverflow, GatewayError, OutOfMemory, RateLimited, RequestRejected
from gate.errors_of import Refusal, error_of
from servr.native.api.request_thread import RequestThread
from servr.native.asking import Broken, Busy, NoMemory, Refused, Stopped, TooLong
from servr.native.counting import CHARS_EACH, CUT
from servr.native.parts import Served
from servr.native.scripted import Line, ScriptedEngine, says
from tests.servr.native.doubles import LengthEmbeddings, client_of, talking

HELLO = {"messages": [{"role": "user", "content": "Hello."}]}
CHAT = "/v1/chat/completions"


async def got(page: str, served: Served | None = None, **headers: str) -> Any:
    async with client_of(served or talking(ScriptedEngine([says("Hi.")]))) as client:
        return (await client.get(page, headers=headers)).json()


async def test_models_say_what_they_can_do() -> None:
    listed = await got("/v1/models")

    (entry,) = listed["data"]
    assert entry.pop("created") > 0
    assert entry == {
        "id": "scripted",
        "object": "model",
        "owned_by": "roost",
        "max_model_len": 4096,
        "meta": {
            "tools": True,
            "vision": False,
            "reasoning": True,
            "parser": "qwen",
            "dtype": "float32",
            "device": "cpu",
            "slots": 2,
        },
    }


async def test_a_model_is_told_of_by_its_name_and_no_other_is() -> None:
    assert (await got("/v1/models/scripted"))["id"] == "scripted"
    assert (await got("/v1/models/a/b"))["error"]["code"] == "model_not_found"


async def test_a_prompt_is_counted_as_the_model_reads_it() -> None:
    asked = {"messages": HELLO["messages"], "add_generation_prompt": True, "model": "scripted"}
    async with client_of(talking(ScriptedEngine([]))) as client:
        chat = (await client.post("/tokenize", json=asked)).json()
        text = (await client.post("/tokenize", json={"prompt": "ab"})).json()
        bare = (await client.post("/tokenize", json={"prompt": "ab", "add_special_tokens": False})).json()
        shown = (await client.post("/apply-template", json=HELLO)).json()

    assert (chat["count"], chat["max_model_len"]) == (len("user: Hello.\n"), 4096)
    assert text == {"count": 3, "max_model_len": 4096, "tokens": [1, 97, 98]}
    assert bare["tokens"] == [97, 98]
    assert shown == {"prompt": "user: Hello.\n"}


async def test_health_is_that_of_the_engine() -> None:
    engine = ScriptedEngine([])
    async with client_of(talking(engine)) as client:
        well = await client.get("/health")
        await engine.close()
        ill = await client.get("/health")

    assert (well.status_code, well.json()) == (200, {"status": "ok"})
    assert (ill.status_code, ill.json()["error"]["code"]) == (503, "engine_stopped")


async def test_metrics_count_answers_and_what_the_engine_did() -> None:
    async with client_of(talking(ScriptedEngine([says("Hi.")]))) as client:
        await client.post(CHAT, json=HELLO)
        await client.post(CHAT, json={})
        await client.get("/favicon.ico")
        lines = (await client.get("/metrics")).text.splitlines()

    assert [line for line in lines if line.startswith("roost_requests")] == [
        'roost_requests_total{page="/v1/chat/completions",status="200"} 1',
        'roost_requests_total{page="/v1/chat/completions",status="400"} 1',
        'roost_requests_total{page="other",status="404"} 1',
    ]
    assert "roost_replies_total 1" in lines
    assert "roost_is_alive 1" in lines


async def test_pages_and_methods_that_are_none_are_named() -> None:
    async with client_of(talking(ScriptedEngine([]))) as client:
        page = (await client.get("/v1/chat")).json()["error"]
        method = await client.get(CHAT)

    assert page["message"].startswith("There is no page '/v1/chat'. There are /apply-template, /health,")
    assert (method.status_code, method.headers["allow"]) == (405, "POST")
    assert method.json()["error"]["message"] == "/v1/chat/completions takes POST, not GET."


async def test_an_embedding_model_makes_vectors_and_nothing_else() -> None:
    async with client_of(LengthEmbeddings()) as client:
        vectors = (await client.post("/v1/embeddings", json={"input": ["a", "abc"]})).json()
        reply = (await client.post(CHAT, json=HELLO)).json()
        (entry,) = (await client.get("/v1/models")).json()["data"]
        count = (await client.post("/tokenize", json={"prompt": "abc"})).json()["count"]

    assert [row["embedding"] for row in vectors["data"]] == [[1.0, 1.0], [3.0, 1.0]]
    assert vectors["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    assert reply["error"]["message"] == "'vectors' makes embeddings, but replies to nothing."
    assert (entry["type"], entry["max_model_len"], count) == ("embedding", 8, 3)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "input is missing."),
        ({"input": []}, "input should hold one text at least."),
        ({"input": ["a", 5]}, "input[1] should be a text that is not empty."),
        ({"input": "a", "dimensions": 5}, "dimensions can only be 2 with this model."),
        ({"input": "a" * 9}, "The model's context length is 8 tokens, but a text of input has 9."),
        ({"input": "a" * 99}, "The model's context length is 8 tokens, but a text of input has at least 99."),
    ],
)
async def test_an_input_that_has_no_vector_is_refused(fields: dict[str, object], sentence: str) -> None:
    async with client_of(LengthEmbeddings()) as client:
        answer = await client.post("/v1/embeddings", json=fields)

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, sentence)


async def test_a_model_that_replies_makes_no_embeddings() -> None:
    async with client_of(talking(ScriptedEngine([]))) as client:
        answer = await client.post("/v1/embeddings", json={"input": "a"})

    assert answer.json()["error"]["message"] == "'scripted' replies, but makes no embeddings."


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (Busy("All wait.", retry_after_seconds=2.5), 429, "rate_limit_error", "rate_limit_exceeded"),
        (NoMemory("Out of memory."), 503, "server_error", "out_of_memory"),
        (Stopped("The server is ending."), 503, "server_error", "shutting_down"),
        (Broken("It broke."), 500, "server_error", "server_error"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_the_engine_refuses_is_told_as_openai_tells_it(
    error: Refused, status: int, kind: str, code: str, stream: bool
) -> None:
    async with client_of(talking(ScriptedEngine([[error]]))) as client:
        answer = await client.post(CHAT, json={**HELLO, "stream": stream})

    assert answer.status_code == status
    assert answer.json() == {"error": {"message": str(error), "type": kind, "param": None, "code": code}}
    assert answer.headers.get("retry-after") == ("3" if status == 429 else None)


@pytest.mark.parametrize(
    ("script", "fields", "meaning"),
    [
        ([Busy("All wait.", retry_after_seconds=2.5)], {}, RateLimited),
        ([NoMemory("There is no more of it.")], {}, OutOfMemory),
        ([TooLong("No.", prompt_tokens=5000, window_tokens=4096)], {}, ContextOverflow),
        (says("Hi."), {"max_tokens": 4095}, ContextOverflow),
        (says("Hi."), {"messages": [{"role": "user", "content": "x" * 5000}]}, ContextOverflow),
        (says("Hi."), {"model": "gpt"}, RequestRejected),
    ],
)
async def test_our_own_client_knows_what_a_refusal_means(
    script: list[Line], fields: dict[str, object], meaning: type[GatewayError]
) -> None:
    async with client_of(talking(ScriptedEngine([script]))) as client:
        answer = await client.post(CHAT, json={**HELLO, **fields})

    said = Refusal(
        url="http://127.0.0.1:8000/v1",
        status=answer.status_code,
        body=answer.text,
        headers=answer.headers,
    )
    error = error_of(said)
    assert type(error) is meaning
    if type(error) is ContextOverflow:
        assert (answer.json()["error"]["code"], error.limit_tokens) == ("context_length_exceeded", 4096)


async def test_a_prompt_that_is_too_long_is_refused_with_both_numbers() -> None:
    async with client_of(talking(ScriptedEngine([says("Hi.")]))) as client:
        long = await client.post(CHAT, json={"messages": [{"role": "user", "content": "x" * 5000}]})
        both = await client.post(CHAT, json={**HELLO, "max_tokens": 4090})

    error = long.json()["error"]
    assert (error["n_prompt_tokens"], error["n_ctx"]) == (5007, 4096)
    assert error["message"] == (
        "The model's context length is 4096 tokens, but the prompt has 5007. Shorten one of them."
    )
    assert "13 and 4090 are asked for" in both.json()["error"]["message"]


@pytest.mark.parametrize("page", [CHAT, "/v1/completions"])
async def test_a_prompt_that_is_far_too_long_has_at_least_what_is_said(page: str) -> None:
    text = "x" * 100_000
    asked = {"messages": [{"role": "user", "content": text}]} if page == CHAT else {"prompt": text}
    async with client_of(talking(ScriptedEngine([says("Hi.")]))) as client:
        refused = await client.post(page, json={**asked, "max_tokens": 5})
        counted = await client.post("/tokenize", json={"prompt": text, "add_special_tokens": False})

    error = refused.json()["error"]
    least = CHARS_EACH * 4096 - CUT
    assert (error["code"], error["n_prompt_tokens"]) == ("context_length_exceeded", least)
    assert error["message"] == (
        f"The model's context length is 4096 tokens, but the prompt has at least {least} and 5 are asked for."
        " Shorten one of them."
    )
    assert counted.json()["count"] == len(text)


async def test_a_fault_in_a_part_is_an_answer_without_its_words() -> None:
    async with client_of(talking(ScriptedEngine([]))) as client:  # no script at all: an IndexError
        answer = await client.post(CHAT, json=HELLO)

    assert answer.status_code == 500
    assert answer.json()["error"]["message"].startswith("The server failed at this request.")


async def test_no_more_requests_wait_to_be_read_than_may() -> None:
    async with client_of(
        talking(ScriptedEngine([says("Hi.")])), thread=RequestThread(most_waiting=0)
    ) as client:
        answer = await client.post(CHAT, json=HELLO)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8000"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"host": "127.0.0.2"}, 200),
        ({"host": "evil.example:8000"}, 403),
        ({"host": "localhost.evil.example"}, 403),
        ({"host": "[::1"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_on_loopback_only_names_of_this_machine_are_served(
    headers: dict[str, str], status: int
) -> None:
    async with client_of(talking(ScriptedEngine([]))) as client:
        answer = await client.get("/v1/models", headers=headers)

    assert answer.status_code == status
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_elsewhere_any_name_is_served() -> None:
    async with client_of(talking(ScriptedEngine([])), token="secret", local_only=False) as client:
        headers = {"host": "gpu.lan:8000", "authorization": "Bearer secret"}
        answer = await client.get("/v1/models", headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("secret", 401),
        ("Bearer s\u00e9cret", 401),
        ("bearer secret", 200),
    ],
)
async def test_a_token_has_to_be_sent_where_one_is_wanted(said: str | None, status: int) -> None:
    headers = {"authorization": said.encode()} if said else {}
    async with client_of(talking(ScriptedEngine([])), token="secret") as client:
        answer = await client.get("/v1/models", headers=headers)
        health = await client.get("/health")

    assert (answer.status_code, health.status_code) == (status, 200)
    assert answer.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


async def test_an_answer_bears_the_id_of_its_request() -> None:
    async with client_of(talking(ScriptedEngine([]))) as client:
        named = await client.get("/health", headers={"x-request-id": "mine-1"})
        unnamed = await client.get("/nowhere", headers={"x-request-id": "not one"})

    assert named.headers["x-request-id"] == "mine-1"
    assert len(unnamed.headers["x-request-id"]) == 24
