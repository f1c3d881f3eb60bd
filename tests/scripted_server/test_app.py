import json
from itertools import repeat
from typing import Any

import httpx
import pytest

from tests.clocks import ENOUGH_SECONDS
from tests.scripted_server import (
    Drop,
    Gate,
    Recorded,
    ScriptedServer,
    dropped,
    failing,
    overflow,
    raw,
    refuse,
    say,
    scripted_server,
    slowly,
    unanswered,
    unfinished,
)
from tests.scripted_server.asking import ASKED, answer_to, ask, chunks, deltas


def test_a_dropped_stream_breaks_after_what_was_said(client: httpx.Client) -> None:
    seen: list[str] = []
    with scripted_server(dropped(say("Half a sen"))) as server:
        asking = client.stream("POST", f"{server.url}/chat/completions", json=ASKED)

        with asking as response, pytest.raises(httpx.RemoteProtocolError):
            seen.extend(response.iter_text())

        assert server.requests[0].ended.wait(ENOUGH_SECONDS)
        assert not server.requests[0].abandoned
    assert "Half a sen" in "".join(seen)
    assert '"finish_reason": "stop"' not in "".join(seen)


def test_an_unfinished_stream_ends_in_order_but_without_a_finish(client: httpx.Client) -> None:
    step = unfinished(say("Half a sen"))

    stream = answer_to(client, step)

    assert {"content": "Half a sen"} in deltas(stream)
    assert all(choice["finish_reason"] is None for chunk in chunks(stream) for choice in chunk["choices"])
    assert "[DONE]" not in stream


def test_an_error_event_stands_inside_a_stream_with_status_200(client: httpx.Client) -> None:
    with scripted_server(failing(say("Half"), code=500, message="out of memory")) as server:
        response = ask(client, server)

    assert response.status_code == 200
    assert chunks(response.text)[-1] == {"error": {"code": 500, "message": "out of memory"}}


def test_a_connection_may_break_before_any_answer(client: httpx.Client) -> None:
    with scripted_server(unanswered()) as server, pytest.raises(httpx.RemoteProtocolError):
        ask(client, server)


def test_a_connection_may_break_at_any_byte(client: httpx.Client) -> None:
    with (
        scripted_server(raw(b"data: {", Drop())) as server,
        client.stream("POST", f"{server.url}/chat/completions", json=ASKED) as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        response.read()


def test_a_refusal_bears_its_status_and_headers(client: httpx.Client) -> None:
    with scripted_server(refuse(429, "Too many requests.", retry_after="1")) as server:
        response = ask(client, server)

    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert server.requests[0].status == 429


@pytest.mark.parametrize("server_name", ["llama-server", "vllm", "sglang", "tabbyapi", "lm-studio", "ollama"])
def test_an_overflow_names_both_numbers_in_json(client: httpx.Client, server_name: str) -> None:
    with scripted_server(overflow(20009, 4096, server_name)) as server:
        response = ask(client, server)

    assert response.status_code == 400
    assert "20009" in json.dumps(response.json())
    assert "4096" in json.dumps(response.json())


def test_a_gate_holds_the_stream_until_it_is_opened(client: httpx.Client) -> None:
    gate = Gate()
    with (
        scripted_server(say("Hel", gate, "lo.")) as server,
        client.stream("POST", f"{server.url}/chat/completions", json=ASKED) as response,
    ):
        texts = response.iter_text()
        seen = next(texts)
        while "Hel" not in seen:
            seen += next(texts)

        assert gate.reached.wait(ENOUGH_SECONDS)
        assert "lo." not in seen
        gate.open()

        assert "lo." in "".join(texts)


def test_a_slow_prefill_sends_comments_first(client: httpx.Client) -> None:
    gate = Gate()
    gate.open()

    stream = answer_to(client, slowly(say("Hello."), gate))

    assert stream.startswith(": reading the prompt\n\ndata: ")


def test_a_client_that_goes_away_is_recorded(client: httpx.Client) -> None:
    gate = Gate()
    with scripted_server(say("Hel", gate, "lo.")) as server:
        with client.stream("POST", f"{server.url}/chat/completions", json=ASKED):
            assert gate.reached.wait(ENOUGH_SECONDS)

        assert server.requests[0].ended.wait(ENOUGH_SECONDS)
        assert server.requests[0].abandoned


def test_a_step_may_decide_from_the_request(client: httpx.Client) -> None:
    def echo(request: Recorded) -> Any:
        return say(str(request.messages[-1]["content"]))

    with ScriptedServer(repeat(echo)) as server:
        said = [deltas(ask(client, server).text)[1]["content"] for _ in range(2)]

    assert said == ["Hello", "Hello"]
    assert [request.number for request in server.requests] == [0, 1]


def test_what_is_answered_aside_costs_no_step(client: httpx.Client) -> None:
    def without_stream(request: Recorded) -> Any:
        return None if request.streams else say("A summary.")

    with ScriptedServer([say("Step 0.")], aside=without_stream) as server:
        aside = ask(client, server, {**ASKED, "stream": False})
        step = ask(client, server)

    assert aside.json()["choices"][0]["message"]["content"] == "A summary."
    assert "Step 0." in step.text


def test_the_end_of_the_script_is_a_refusal(client: httpx.Client) -> None:
    with scripted_server() as server:
        response = ask(client, server)

    assert response.status_code == 400
    assert response.json()["error"]["message"] == "The script has no answer to request 0."


def test_models_are_listed_with_the_window_that_is_said(client: httpx.Client) -> None:
    with ScriptedServer([], window_tokens=8192, pages={"/props": {"build_info": "b1"}}) as server:
        models = client.get(f"{server.url}/models").json()
        page = client.get(server.url.removesuffix("/v1") + "/props").json()
        missing = client.get(server.url.removesuffix("/v1") + "/api/version")

    assert models["data"] == [{"id": "m", "object": "model", "owned_by": "scripted", "max_model_len": 8192}]
    assert page == {"build_info": "b1"}
    assert missing.status_code == 404
    assert [request.path for request in server.log] == ["/v1/models", "/props", "/api/version"]
    assert server.requests == []


def test_requests_that_do_not_come_are_a_timeout() -> None:
    with (
        scripted_server() as server,
        pytest.raises(TimeoutError, match="0 requests came where 1 were awaited"),
    ):
        server.wait_for_requests(1, seconds=0)
