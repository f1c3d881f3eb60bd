"""The window is asked for between requests, and only when it may have changed."""

import pytest

from core.endpoint import ServedModel, ServerFacts
from core.errors import ContextOverflow, GatewayError, RequestRejected, StreamBroken
from gate.live_window import MOST_ASKED, LiveWindow, WatchingGateway
from gate.retrying import RetryingGateway
from gate.scripted import ScriptedGateway, say
from tests.clocks import Waits
from tests.fakes import FakeServer, bodies
from tests.fakes.bodies import listed, llama_props
from tests.fakes.serving import page
from tests.gate.asking import deltas

pytestmark = pytest.mark.usefixtures("time_enough")


async def test_a_server_is_asked_once_and_what_it_says_is_kept() -> None:
    kept: list[ServerFacts] = []
    with FakeServer(bodies.LLAMA_CPP) as server:
        window = LiveWindow(server.url, "qwen3-8b.gguf", keep=kept.append)
        told = [await window.tokens(), await window.tokens()]

    assert told == [4096, 4096]
    assert server.paths == ["/v1/models", "/props"]
    assert kept == [window.facts]


async def test_a_server_of_one_model_has_its_window_under_any_name() -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        assert await LiveWindow(server.url, "whatever").tokens() == 4096


async def test_no_more_is_used_than_was_wished() -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        assert await LiveWindow(server.url, "m", most_tokens=2048).tokens() == 2048
        assert await LiveWindow(server.url, "m", most_tokens=99_999).tokens() == 4096


@pytest.mark.parametrize(("most", "told"), [(None, None), (32_768, 32_768)])
async def test_of_a_server_that_names_no_window_the_wish_is_believed(
    most: int | None, told: int | None
) -> None:
    with FakeServer(bodies.UNKNOWN) as server:
        assert await LiveWindow(server.url, "m", most_tokens=most).tokens() == told


async def test_a_server_that_is_gone_leaves_what_was_known() -> None:
    known = ServerFacts(url="", models=(ServedModel(name="m", window_tokens=4096),))

    assert await LiveWindow("http://127.0.0.1:1/v1", "m", facts=known).tokens() == 4096


async def test_a_server_that_could_not_be_asked_is_asked_again_the_next_time() -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        window = LiveWindow("http://127.0.0.1:1/v1", "m")
        told = [await window.tokens()]
        window.url = server.url
        told += [await window.tokens(), await window.tokens()]

    assert told == [None, 4096, 4096]
    assert server.paths == ["/v1/models", "/props"]


async def test_a_server_that_stays_silent_is_left_alone_until_there_is_a_reason() -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        window = LiveWindow("http://127.0.0.1:1/v1", "m")
        told = [await window.tokens() for _ in range(MOST_ASKED)]
        window.url = server.url
        told.append(await window.tokens())
        window.doubt()
        told.append(await window.tokens())

    assert told == [None, None, None, None, 4096]


@pytest.mark.parametrize(
    "error", [ContextOverflow("too long"), RequestRejected("The model was unloaded."), StreamBroken("gone")]
)
async def test_after_a_failure_the_window_is_asked_for_again(error: GatewayError) -> None:
    windows = iter((4096, 8192))
    pages = {"/v1/models": listed({"id": "m"}), "/props": lambda asked: page(llama_props(next(windows)))}
    with FakeServer(pages) as server:
        window = LiveWindow(server.url, "m")
        gateway = WatchingGateway(ScriptedGateway(say("Yes."), error), window)
        await deltas(gateway)
        before = [await window.tokens(), await window.tokens()]
        with pytest.raises(type(error)):
            await deltas(gateway)
        after = [await window.tokens(), await window.tokens()]

    assert (before, after) == ([4096, 4096], [8192, 8192])


async def test_a_request_that_had_to_be_made_again_is_a_reason_to_ask() -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        window = LiveWindow(server.url, "m")
        await window.tokens()
        retrying = RetryingGateway(ScriptedGateway(StreamBroken("cut"), say("Yes.")), sleep=Waits())
        await deltas(WatchingGateway(retrying, window))
        await window.tokens()

    assert server.paths == ["/v1/models", "/props"] * 2
