"""From a URL to a session: what is asked of the server, when, and what comes of it."""

import asyncio
import json
from pathlib import Path

import pytest

from boot import model_way
from boot.known_servers import KnownServers
from boot.layers import here
from boot.model_way import way_to_model
from boot.models import served_model
from boot.plugins import Plugins
from boot.server_way import NO_WINDOW
from boot.settings import Settings
from boot.wiring import open_session
from core.deltas import RestartDelta
from core.endpoint import ServedModel, ServerFacts, ServerKind
from core.errors import ConfigError, RequestRejected
from core.events import ContextShrunk, ModelDelta, ModelSwitched, Outcome, Record
from gate.dialects.table import families
from model.catalog import INDEX
from tests.clocks import ENOUGH_SECONDS
from tests.fakes import Asked, FakeOllama, FakeServer, Page, bodies
from tests.fakes.ollama import called, said
from tests.fakes.serving import page
from tests.gate.asking import deltas
from tests.gate.sockets import hanging

NATIVE, WIRE = "/api/chat", "/v1/chat/completions"
WORDS = '{"choices":[{"delta":{"content":"Done."},"finish_reason":"stop"}]}'
CALL = (
    '{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":'
    '{"name":"list_files","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}'
)


def stream(chunk: str) -> Page:
    return Page((f"data: {chunk}\n\ndata: [DONE]\n\n".encode(),), kind="text/event-stream")


class FakeModel(FakeServer):
    """A server of these pages whose model lists files, and is done."""

    def __init__(self, pages: bodies.Pages) -> None:
        super().__init__({**pages, WIRE: self._reply})

    def _reply(self, asked: Asked) -> Page:
        answered = asked.json["messages"][-1]["role"] == "tool"
        return stream(WORDS if answered else CALL)


async def outcome(settings: Settings, text: str = "List the files.") -> Outcome:
    async with open_session(settings) as opened:
        return (await opened.session.send(text)).outcome


async def test_a_server_that_is_not_known_is_looked_at_before_its_first_request_and_asked_after_the_reply(
    tmp_path: Path,
) -> None:
    with FakeModel(bodies.LLAMA_CPP) as server:
        done = await outcome(Settings(model_url=server.url, model="m", workspace=str(tmp_path)))

    looked, then = server.paths[:2], server.paths[2:]
    assert done is Outcome.DONE
    assert sorted(looked) == ["/api/version", "/v1/models"]
    assert then == ["/props", "/v1/chat/completions", "/v1/models", "/props", "/v1/chat/completions"]


async def test_a_known_server_is_asked_nothing_before_its_first_reply_and_its_window_is_used(
    tmp_path: Path,
) -> None:
    with FakeModel(bodies.LLAMA_CPP) as server:
        settings = Settings(model_url=server.url, model="m", workspace=str(tmp_path))
        await outcome(settings)
        server.log.clear()
        way = await way_to_model(settings, "server", Plugins(here().folders.cache))

    assert (way.window_tokens, way.profile.size, server.log) == (4096, "tiny", [])


async def test_llama_cpp_reads_the_beginning_in_advance_and_says_how_far_it_is(tmp_path: Path) -> None:
    with FakeModel(bodies.LLAMA_CPP) as server:
        settings = Settings(model_url=server.url, model="m", workspace=str(tmp_path))
        await outcome(settings)
        server.log.clear()
        async with open_session(settings) as opened:
            opened.models.warm_up()
            await opened.session.send("List the files.")

    ahead, asked, *_ = (asked for asked in server.log if asked.path == WIRE)
    assert ahead.json["return_progress"] is True
    assert ahead.body.endswith(b'"}],"n_predict":0}')
    assert asked.body.startswith(ahead.body.removesuffix(b'"}],"n_predict":0}'))


async def test_another_server_is_asked_for_one_token_and_no_field_of_llama_cpp(tmp_path: Path) -> None:
    with FakeModel(bodies.VLLM) as server:
        async with open_session(Settings(model_url=server.url, workspace=str(tmp_path))) as opened:
            opened.models.warm_up()
            await opened.session.send("List the files.")

    ahead, asked, *_ = (asked for asked in server.log if asked.path == WIRE)
    assert set(ahead.json) - set(asked.json) == {"max_tokens"}
    assert (ahead.json["max_tokens"], "return_progress" in ahead.json) == (1, False)


async def test_ollama_is_asked_for_one_token_with_the_window_of_the_session(tmp_path: Path) -> None:
    with FakeOllama(said("."), called("list_files"), said("Done.")) as server:
        async with open_session(Settings(model_url=server.url, workspace=str(tmp_path))) as opened:
            opened.models.warm_up()
            done = await opened.session.send("List the files.")

    ahead, asked, _ = server.requests
    assert (done.outcome, server.loads) == (Outcome.DONE, [16_384])
    assert ahead.json["options"] == {**asked.json["options"], "num_predict": 1}
    head, prompt = ahead.json["messages"], asked.json["messages"]
    assert (prompt[0], prompt[1]["content"].startswith(head[1]["content"])) == (head[0], True)


@pytest.mark.parametrize("pages", [bodies.TRANSFORMERS, bodies.LLAMA_CPP], ids=["keeps nothing", "hosted"])
async def test_nothing_is_read_in_advance_where_that_is_of_no_use_or_costs_money(
    pages: bodies.Pages, tmp_path: Path
) -> None:
    with FakeModel(pages) as server:
        hosted = pages is bodies.LLAMA_CPP
        settings = Settings(
            model_url="https://api.openai.com/v1" if hosted else server.url, model="m" if hosted else ""
        )
        way = await way_to_model(settings, "server", Plugins(here().folders.cache))

    assert way.warm is None


async def test_who_leaves_while_it_is_read_closes_it(tmp_path: Path) -> None:
    async with hanging() as server:
        settings = Settings(model_url=server.url, model="m", workspace=str(tmp_path))
        KnownServers(here().folders.cache / "servers").keep(known(server.url, "unknown"))
        async with open_session(settings) as opened:
            opened.models.warm_up()
            await server.asked.wait()
        async with asyncio.timeout(ENOUGH_SECONDS):
            await server.left.wait()


async def test_a_model_that_was_used_last_is_found_where_its_server_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_way, "LOCAL_SECONDS", 0.0)  # nobody answers as fast as that
    monkeypatch.setattr(model_way, "BUSY_SECONDS", ENOUGH_SECONDS)
    with FakeServer(bodies.VLLM) as server:
        monkeypatch.setitem(served_model.__kwdefaults__, "local_urls", (server.url,))
        last = ModelSwitched(model="Qwen/Qwen3-8B", place=server.url)
        way = await way_to_model(Settings(model="m"), "server", Plugins(tmp_path), preferred=last)

    assert (way.model, way.place) == (last.model, last.place)


async def test_no_more_of_the_window_is_used_than_was_set(tmp_path: Path) -> None:
    with FakeServer(bodies.VLLM) as server:
        ours = Settings(model_url=server.url, window_tokens=16_000)
        way = await way_to_model(ours, "server", Plugins(here().folders.cache))

    assert (way.window_tokens, way.profile.size) == (16_000, "small")


WINDOWS = (
    (bodies.UNKNOWN, None, (NO_WINDOW,)),
    (bodies.TRANSFORMERS, None, (NO_WINDOW,)),
    (bodies.UNKNOWN, 32_768, ()),
    (bodies.UNSLOTH, None, ()),
    (bodies.VLLM, None, ()),
)
LISTS_NOTHING: bodies.Pages = {}


@pytest.mark.parametrize(
    ("pages", "window_tokens", "notices", "model"),
    [
        *((*window, model) for window in WINDOWS for model in ("", "m")),
        (LISTS_NOTHING, None, (NO_WINDOW,), "m"),  # without a list the name has to be given
    ],
)
async def test_a_window_that_nobody_names_is_said_to_be_assumed(
    pages: bodies.Pages, window_tokens: int | None, notices: tuple[str, ...], model: str
) -> None:
    with FakeServer(pages) as server:
        ours = Settings(model_url=server.url, model=model, window_tokens=window_tokens)
        way = await way_to_model(ours, "server", Plugins(here().folders.cache))

    assert way.notices == notices
    assert way.profile.size == ("small" if pages is bodies.UNSLOTH else "normal")


def test_every_profile_names_a_dialect_that_there_is() -> None:
    dialects = {entry.get("dialect", "any") for entry in json.loads(INDEX.read_bytes())}

    assert dialects - {"any", *families()} == set()


async def test_a_profile_of_the_users_with_a_dialect_that_there_is_not_is_refused(tmp_path: Path) -> None:
    profiles = here().folders.config / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "own.toml").write_text('family = "mine"\npatterns = ["m"]\ndialect = "klingon"\n')
    with (
        FakeServer(bodies.UNKNOWN) as server,
        pytest.raises(ConfigError) as caught,
    ):
        await outcome(Settings(model_url=server.url, workspace=str(tmp_path)))

    file = str(profiles / "own.toml")
    assert str(caught.value).startswith(f"{file}: dialect is 'klingon', and there is no such dialect.")


async def test_calls_are_read_in_the_dialect_of_the_profile(tmp_path: Path) -> None:
    """Another family's way of writing them is only text."""
    foreign = json.dumps(
        {"choices": [{"delta": {"content": "[TOOL_CALLS]list_files{}"}, "finish_reason": "stop"}]}
    )
    done = {}
    for model in ("qwen3", "devstral"):
        with FakeServer({**bodies.UNKNOWN, WIRE: stream(foreign)}) as server:
            settings = Settings(model_url=server.url, model=model, workspace=str(tmp_path), max_steps=1)
            done[model] = await outcome(settings)

    assert done == {"qwen3": Outcome.DONE, "devstral": Outcome.STEP_LIMIT}


async def test_a_model_of_which_ollama_says_that_it_knows_no_tools_is_told_of_them(tmp_path: Path) -> None:
    show = {**bodies.OLLAMA_SHOW, "capabilities": ["completion"]}
    call = said('<tool_call>\n{"name": "list_files", "arguments": {}}\n</tool_call>')
    with FakeOllama(call, said("Done."), show=show) as server:
        done = await outcome(Settings(model_url=server.url, workspace=str(tmp_path)))

    first, second = (asked.json for asked in server.requests)
    assert done is Outcome.DONE
    assert "tools" not in first
    assert '{"name":"list_files"' in first["messages"][0]["content"]
    assert second["messages"][-1]["content"].startswith("<tool_response>\n")


HOSTED = {**bodies.UNKNOWN, WIRE: stream(WORDS)}


@pytest.mark.parametrize("hosted", [True, False])
async def test_an_endpoint_that_is_marked_hosted_gets_native_calls_and_its_own_sampling(
    hosted: bool, tmp_path: Path
) -> None:
    with FakeServer(HOSTED) as server:
        ours = Settings(model_url=server.url, model="gemma-3-27b-it", hosted=hosted, workspace=str(tmp_path))
        way = await way_to_model(ours, "server", Plugins(here().folders.cache))
        done = await outcome(ours)

    sent = next(asked.json for asked in server.log if asked.path == WIRE)
    assert done is Outcome.DONE
    assert ("tools" in sent, "temperature" in sent) == (hosted, not hosted)
    assert (way.window_tokens, way.profile.output_chars) == ((128_000, 20_000) if hosted else (None, 8_000))


@pytest.mark.parametrize("ending", ["", "/v1"])
async def test_ollama_is_spoken_to_in_its_own_words(ending: str, tmp_path: Path) -> None:
    with FakeOllama(called("list_files"), said("Done.")) as server:
        done = await outcome(Settings(model_url=server.root + ending, workspace=str(tmp_path)))

    assert done is Outcome.DONE
    assert server.loads == [16_384]
    assert {asked.json["think"] for asked in server.requests} == {True}
    assert not any("chat/completions" in path for path in server.paths)


async def test_ollama_is_told_the_window_that_was_set(tmp_path: Path) -> None:
    with FakeOllama(called("list_files"), said("Done.")) as server:
        ours = Settings(model_url=server.url, window_tokens=24_576, workspace=str(tmp_path))
        await outcome(ours)

    assert server.loads == [24_576]


async def test_an_ollama_on_any_port_is_spoken_to_natively_from_the_first_start_on(tmp_path: Path) -> None:
    with FakeOllama(called("list_files"), said("Done.")) as server:
        ours = Settings(model_url=server.url, model="qwen3:8b", workspace=str(tmp_path))
        done = await outcome(ours)

    assert done is Outcome.DONE
    assert server.loads == [16_384]
    assert not any("chat/completions" in path for path in server.paths)


LIKE_OLLAMA = {WIRE: page({"error": "not in this session"}, 404)}
FUSSY = {**bodies.TRANSFORMERS, WIRE: lambda asked: fussy(asked)}


def fussy(asked: Asked) -> Page:
    """transformers serve knows the fields of OpenAI, and no others."""
    unknown = set(asked.json) & {"top_k", "min_p", "repeat_penalty", "return_progress"}
    said = f"Unexpected fields in the request: {unknown}"
    return page({"detail": said}, 422) if unknown else stream(WORDS)


def known(url: str, kind: ServerKind) -> ServerFacts:
    return ServerFacts(url=url, kind=kind, models=(ServedModel(name="qwen3:8b", window_tokens=16_384),))


@pytest.mark.parametrize(
    ("before", "now", "kind", "asked"),
    [
        ("Ollama", bodies.VLLM, "vLLM", [NATIVE, WIRE]),
        ("llama.cpp", FUSSY, "transformers serve", [WIRE, WIRE]),
        ("vLLM", FUSSY, "transformers serve", [WIRE, WIRE]),
    ],
)
async def test_another_server_at_a_known_url_is_found_out_and_asked_in_its_own_words(
    before: ServerKind, now: bodies.Pages, kind: str, asked: list[str], tmp_path: Path
) -> None:
    plugins = Plugins(tmp_path)
    with FakeServer({WIRE: stream(WORDS), **now}) as server:
        KnownServers(tmp_path / "servers").keep(known(server.url, before))
        way = await way_to_model(Settings(model_url=server.url, model="qwen3:8b"), "server", plugins)
        came = await deltas(way.gateway)
        await way.close()
        again = await way_to_model(Settings(model_url=server.url, model="qwen3:8b"), "server", plugins)

    assert [path for path in server.paths if path in (NATIVE, WIRE)] == asked
    assert (again.server and again.server.kind, way.server) == (kind, again.server)
    assert [type(one).__name__ for one in came] == ["RestartDelta", "TextDelta", "FinishDelta"]


async def test_an_ollama_in_the_place_of_a_server_that_is_known_is_asked_natively(tmp_path: Path) -> None:
    with FakeOllama(said("Hello.")) as server:
        server.pages = {**server.pages, **LIKE_OLLAMA}
        KnownServers(tmp_path / "servers").keep(known(server.url, "vLLM"))
        ours = Settings(model_url=server.url, model="qwen3:8b")
        way = await way_to_model(ours, "server", Plugins(tmp_path))
        await deltas(way.gateway)
        await way.close()

    assert (server.loads, way.server and way.server.kind) == ([16_384], "Ollama")


async def test_the_same_server_is_not_asked_again_what_it_refused(tmp_path: Path) -> None:
    with FakeServer({**bodies.VLLM, WIRE: page({"detail": "no"}, 400)}) as server:
        way = await way_to_model(Settings(model_url=server.url, model="m"), "server", Plugins(tmp_path))
        with pytest.raises(RequestRejected, match="answered 400: no"):
            await deltas(way.gateway)
        await way.close()

    assert server.paths.count(WIRE) == 1


async def test_a_prompt_that_ollama_cut_in_silence_is_told_shrunk_and_asked_again(tmp_path: Path) -> None:
    records: list[Record] = []

    async def read(record: Record) -> None:
        records.append(record)

    (tmp_path / "AGENTS.md").write_text("Mind the gap.\n")
    long_text = "Sort these words. " + "word " * 6_400
    with FakeOllama(said("Which words?"), said("Sorted."), refuses=False, fixed_tokens=4096) as server:
        ours = Settings(model_url=server.url, workspace=str(tmp_path))
        async with open_session(ours) as opened:
            opened.session.subscribe(read)
            finished = await opened.session.send(long_text)

    voided = [
        record.event.delta.reason
        for record in records
        if isinstance(record.event, ModelDelta) and isinstance(record.event.delta, RestartDelta)
    ]
    assert finished.outcome is Outcome.DONE
    assert voided[0].startswith("Ollama read 4,096 tokens of a prompt of about ")
    assert [record.event.reason for record in records if isinstance(record.event, ContextShrunk)] == [
        "The server refused the conversation's length."
    ]
    assert "Sort these words." in server.requests[1].json["messages"][-1]["content"]
