"""Servers that stand in for one another, in whole sessions over real sockets."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boot.commands.doctor import Finding
from boot.layers import here
from boot.model_check import fallback_findings
from boot.model_way import way_to_model
from boot.models import key_of
from boot.plugins import Plugins
from boot.settings import Settings
from boot.wiring import Opened, open_session
from core.deltas import RestartDelta
from core.errors import ConfigError, GatewayUnavailable
from core.events import ContextShrunk, Event, ModelDelta, Outcome, Record, TurnFinished
from tests.clocks import ENOUGH_SECONDS
from tests.fakes import FakeOllama, FakeServer, Page, bodies
from tests.fakes.ollama import said as ollama_said
from tests.fakes.serving import page
from tests.scripted_server.replies import Gate, Step, overflow, raw, refuse, say
from tests.scripted_server.serving import ScriptedServer

WIRE = "/v1/chat/completions"
NOWHERE = "http://127.0.0.1:9/v1"
CHUNK = b'data: {"choices":[{"delta":{"content":"N here."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
N_HERE = Page((CHUNK,), kind="text/event-stream")
KEY, OTHER_KEY = "sk-first-1a2b3c4d5e", "sk-other-6f7g8h9i0j"


def server(*steps: Step, window_tokens: int = 32_768, **more: Any) -> ScriptedServer:
    return ScriptedServer(steps, window_tokens=window_tokens, **more)


def ours(folder: Path, *urls: str, **more: Any) -> Settings:
    first, *others = urls
    return Settings(model_url=first, model="m", fallback_urls=",".join(others), workspace=str(folder), **more)


class Told:
    """A reader that keeps what a person is told of other servers."""

    def __init__(self) -> None:
        self.restarts: list[str] = []
        self.events: list[Event] = []

    async def __call__(self, record: Record) -> None:
        self.events.append(record.event)
        if isinstance(record.event, ModelDelta) and isinstance(record.event.delta, RestartDelta):
            self.restarts.append(record.event.delta.reason)


async def turn(opened: Opened, text: str = "Say hello.") -> tuple[TurnFinished, str]:
    finished = await opened.session.send(text)
    return finished, opened.session.conversation.messages[-1].text


async def test_a_server_that_is_gone_between_two_turns_is_followed_by_the_next_which_then_stays(
    tmp_path: Path,
) -> None:
    with server(say("Two."), say("Three.")) as second, ExitStack() as house:
        first = house.enter_context(server(say("One."), say("never")))
        told = Told()
        async with open_session(ours(tmp_path, first.url, second.url)) as opened:
            opened.session.subscribe(told)
            said = [(await turn(opened))[1]]
            asked_before = len(second.log)
            house.close()
            said += [(await turn(opened))[1], (await turn(opened))[1]]
            place = opened.models.place

    assert said == ["One.", "Two.", "Three."]
    assert place == second.url
    assert asked_before == 0
    assert told.restarts == [f"No answer from {first.url}. Going on with {second.url}."]
    assert second.requests[0].messages[: len(first.requests[0].messages)] == first.requests[0].messages


async def test_a_server_that_is_killed_in_the_middle_of_a_reply_voids_it_and_the_next_says_it_anew(
    tmp_path: Path,
) -> None:
    gate = Gate()
    with server(say("Whole.")) as second, ExitStack() as house:
        first = house.enter_context(server(say("Half a sen", gate, "tence.")))
        told = Told()
        async with open_session(ours(tmp_path, first.url, second.url)) as opened:
            opened.session.subscribe(told)
            asking = asyncio.create_task(turn(opened))
            assert await asyncio.to_thread(gate.reached.wait, ENOUGH_SECONDS)
            house.close()
            finished, said = await asking

    broke, switched = told.restarts
    assert (finished.outcome, said) == (Outcome.DONE, "Whole.")
    assert broke.startswith(f"The connection to {first.url} broke in the middle of the answer.")
    assert switched == f"No answer from {first.url}. Going on with {second.url}."


async def test_a_refused_request_is_asked_of_nobody_else(tmp_path: Path) -> None:
    with server(refuse(400, "no such field")) as first, server(say("never")) as second:
        async with open_session(ours(tmp_path, first.url, second.url)) as opened:
            finished, _ = await turn(opened)

    assert (finished.outcome, second.log) == (Outcome.GATEWAY_FAILED, [])


async def test_where_nobody_answers_the_turn_ends_with_a_line_for_each(tmp_path: Path) -> None:
    with FakeServer(bodies.VLLM) as other:
        async with open_session(ours(tmp_path, NOWHERE, "http://127.0.0.1:10/v1", other.url)) as opened:
            finished, _ = await turn(opened)

    assert finished.note.splitlines() == [
        "None of 3 servers answers.",
        f"No answer from {NOWHERE}.",
        "No answer from http://127.0.0.1:10/v1.",
        f"{other.url} does not list the model 'm'. Start one of them, or name others in AGENT_FALLBACK_URLS.",
    ]
    assert other.paths == ["/v1/models"]


async def test_a_start_without_a_model_takes_the_first_that_is_there_and_says_so(tmp_path: Path) -> None:
    with server(say("Hello.")) as second:
        settings = replace(ours(tmp_path, NOWHERE, second.url), model="")
        async with open_session(settings) as opened:
            _, said = await turn(opened)

    assert (opened.model, opened.endpoint, said) == ("m", second.url, "Hello.")
    assert f"No answer from {NOWHERE}. Going on with {second.url}." in opened.notices


async def test_a_start_where_nobody_is_there_names_them_all(tmp_path: Path) -> None:
    settings = replace(ours(tmp_path, NOWHERE, "http://127.0.0.1:10/v1"), model="")

    with pytest.raises(GatewayUnavailable) as caught:
        await way_to_model(settings, "server", Plugins(here().folders.cache))

    assert str(caught.value.args[0]).splitlines() == [
        "None of 2 servers answers.",
        f"No answer from {NOWHERE}.",
        "No answer from http://127.0.0.1:10/v1.",
    ]


async def test_the_window_is_that_of_who_answers_and_a_shorter_one_shortens(tmp_path: Path) -> None:
    short = server(overflow(6_000, 4_096, "vllm"), say("Two."), window_tokens=4_096)
    with short as second, ExitStack() as house:
        first = house.enter_context(server(say("One."), window_tokens=32_768))
        told = Told()
        async with open_session(ours(tmp_path, first.url, second.url)) as opened:
            opened.session.subscribe(told)
            await turn(opened, "Remember this. " * 600)
            house.close()
            finished, said = await turn(opened)
            window = opened.models.window_tokens

    assert (finished.outcome, said, window) == (Outcome.DONE, "Two.", 4_096)
    assert len([event for event in told.events if isinstance(event, ContextShrunk)]) == 1
    assert len(told.restarts) == 1


async def test_a_server_that_dies_over_a_long_prompt_is_followed_by_the_next_with_a_shorter_one(
    tmp_path: Path,
) -> None:
    gate = Gate()
    with server(*[say("Two.")] * 3) as second, ExitStack() as house:
        first = house.enter_context(server(say("One."), raw(gate)))
        told = Told()
        async with open_session(ours(tmp_path, first.url, second.url)) as opened:
            opened.session.subscribe(told)
            await turn(opened)
            asking = asyncio.create_task(turn(opened, "word " * 11_000))
            assert await asyncio.to_thread(gate.reached.wait, ENOUGH_SECONDS)
            house.close()
            finished, said = await asking

    died, switched = told.restarts
    assert (finished.outcome, said) == (Outcome.DONE, "Two.")
    assert died.startswith(f"The connection to {first.url} broke")
    assert switched == f"No answer from {first.url}. Going on with {second.url}."
    assert len([event for event in told.events if isinstance(event, ContextShrunk)]) == 1


async def test_an_ollama_that_stands_in_is_asked_in_its_own_words(tmp_path: Path) -> None:
    with FakeOllama(ollama_said("Hello.")) as ollama:
        settings = replace(ours(tmp_path, NOWHERE, ollama.url), model="qwen3:8b")
        async with open_session(settings) as opened:
            _, said = await turn(opened)

    assert (said, ollama.loads) == ("Hello.", [16_384])


async def test_the_key_of_one_server_goes_to_no_other(tmp_path: Path) -> None:
    with server(say("Two.")) as second, ExitStack() as house:
        first = house.enter_context(server(say("One.")))
        settings = ours(tmp_path, first.url, second.url, api_key=KEY, fallback_api_key=OTHER_KEY)
        async with open_session(settings) as opened:
            await turn(opened)
            house.close()
            await turn(opened)

    assert {asked.headers.get("authorization") for asked in first.log} == {f"Bearer {KEY}"}
    assert {asked.headers.get("authorization") for asked in second.log} == {f"Bearer {OTHER_KEY}"}


async def test_a_server_for_which_no_key_is_set_gets_none(tmp_path: Path) -> None:
    with server(say("Hello.")) as second:
        async with open_session(ours(tmp_path, NOWHERE, second.url, api_key=KEY)) as opened:
            await turn(opened)

    assert {asked.headers.get("authorization") for asked in second.log} == {None}


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://a:8000/v1", (KEY, "AGENT_API_KEY")),
        ("http://b:8000/v1", (OTHER_KEY, "AGENT_FALLBACK_API_KEY")),
        ("http://c/v1", (OTHER_KEY, "AGENT_FALLBACK_API_KEY")),
        ("http://a:8001/v1", ("", "AGENT_API_KEY")),
        ("http://localhost:11434/v1", ("", "AGENT_API_KEY")),
    ],
)
def test_a_key_belongs_to_the_servers_it_was_set_for(url: str, key: tuple[str, str]) -> None:
    settings = Settings(
        model_url="a:8000",
        api_key=KEY,
        fallback_urls="http://b:8000/v1/ http://c/v1",
        fallback_api_key=OTHER_KEY,
    )

    assert key_of(settings, url) == key


async def test_a_server_that_refuses_the_key_is_passed_over_and_the_setting_is_named(tmp_path: Path) -> None:
    with FakeServer(bodies.VLLM, key=OTHER_KEY) as other:
        async with open_session(ours(tmp_path, NOWHERE, other.url)) as opened:
            finished, _ = await turn(opened)

    assert f"{other.url} answered 401" in finished.note
    assert "Is AGENT_FALLBACK_API_KEY its key?" in finished.note


async def test_where_the_first_is_not_there_the_models_of_the_next_are_listed_and_can_be_taken(
    tmp_path: Path,
) -> None:
    pages = {"/v1/models": bodies.listed({"id": "m"}, {"id": "n"}), WIRE: N_HERE}
    with FakeServer(pages, key=OTHER_KEY) as second:
        settings = ours(tmp_path, NOWHERE, second.url, api_key=KEY, fallback_api_key=OTHER_KEY)
        async with open_session(settings) as opened:
            (listed,) = await opened.models.servers()
            told = await opened.models.switch("n")
            _, said = await turn(opened)

    assert ([model.name for model in listed.models], said) == (["m", "n"], "N here.")
    assert told[0].startswith(f"Going on with n at {second.url}")


async def test_where_no_server_is_there_the_list_names_them_all(tmp_path: Path) -> None:
    async with open_session(ours(tmp_path, NOWHERE, "http://127.0.0.1:10/v1")) as opened:
        with pytest.raises(GatewayUnavailable, match=r"None of 2 servers answers"):
            await opened.models.servers()


async def test_a_server_that_still_loads_its_model_is_passed_over(tmp_path: Path) -> None:
    loading = page({"error": {"message": "Loading model"}}, 503)
    with FakeServer({"/v1/models": loading}) as second, ExitStack() as house:
        first = house.enter_context(server(say("One.")))
        async with open_session(ours(tmp_path, first.url, second.url)) as opened:
            await turn(opened)
            house.close()
            finished, _ = await turn(opened)
            place = opened.models.place

    assert f"{second.url} answered 503: Loading model." in finished.note
    assert place == first.url


HOSTED = "https://api.openai.com/v1"


@pytest.mark.parametrize("first", [NOWHERE, "", "http://gpu.lan:8000/v1"])
@pytest.mark.parametrize("model", ["m", ""])
async def test_a_server_of_ones_own_is_not_followed_by_one_that_others_run(first: str, model: str) -> None:
    settings = Settings(model_url=first, model=model, fallback_urls=f"{NOWHERE} {HOSTED}")

    with pytest.raises(ConfigError, match=r"AGENT_FALLBACK_URLS names 'https://api.openai.com/v1'"):
        await way_to_model(settings, "server", Plugins(here().folders.cache))


@pytest.mark.parametrize(
    ("first", "hosted"), [("https://openrouter.ai/api/v1", False), ("http://proxy.lan/v1", True)]
)
async def test_where_others_run_the_first_they_may_run_the_next(first: str, hosted: bool) -> None:
    settings = Settings(model_url=first, model="m", hosted=hosted, fallback_urls=HOSTED)

    way = await way_to_model(settings, "server", Plugins(here().folders.cache))

    assert way.place == first


async def test_with_gemini_nobody_stands_in() -> None:
    settings = Settings(gemini_api_key="k", fallback_urls=NOWHERE)

    way = await way_to_model(settings, "gemini", Plugins(here().folders.cache))

    assert way.place == settings.gemini_url


def test_the_doctor_says_of_each_whether_it_could_stand_in() -> None:
    with server() as first, server() as second, FakeServer(bodies.VLLM) as third:
        settings = Settings(model_url=first.url, fallback_urls=f"{second.url} {third.url} {NOWHERE}")
        found = fallback_findings(settings)

    mend = "Start it, or take it out of AGENT_FALLBACK_URLS."
    lacks = f"{third.url} does not list the model 'm'."
    assert found == [
        Finding(subject="fallback", text=f"{second.url} has m"),
        Finding(subject="fallback", state="problem", text=lacks, mend=mend),
        Finding(subject="fallback", state="problem", text=f"No answer from {NOWHERE}.", mend=mend),
    ]


def test_what_the_doctor_cannot_say_of_one_does_not_hide_the_others() -> None:
    page_of_html = Page((b"<!doctype html>",), kind="text/html")
    with FakeServer({"/v1/models": page_of_html, "/models": page_of_html}) as second, server() as third:
        found = fallback_findings(Settings(model_url=NOWHERE, fallback_urls=f"{second.url} {third.url}"))

    assert [(finding.state, finding.text) for finding in found] == [
        ("problem", f"{second.url} does not say which models it has."),
        ("ok", f"{third.url} has m"),
    ]


async def test_a_server_that_is_named_twice_is_asked_once(tmp_path: Path) -> None:
    bare = NOWHERE.removeprefix("http://").removesuffix("/v1")
    async with open_session(
        ours(tmp_path, NOWHERE, bare, "127.0.0.1:10", "http://127.0.0.1:10/v1")
    ) as opened:
        finished, _ = await turn(opened)

    assert finished.note.startswith("None of 2 servers answers.")


async def test_another_model_is_stood_in_for_by_who_has_it(tmp_path: Path) -> None:
    pages = {"/v1/models": bodies.listed({"id": "n"}), WIRE: N_HERE}
    with server() as second, FakeServer(pages) as third, ExitStack() as house:
        first = house.enter_context(FakeServer({"/v1/models": bodies.listed({"id": "m"}, {"id": "n"})}))
        async with open_session(ours(tmp_path, first.url, second.url, third.url)) as opened:
            await opened.models.switch("n")
            house.close()
            _, said = await turn(opened)

    assert (said, second.requests) == ("N here.", [])
