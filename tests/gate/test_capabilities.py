"""Who a server is, by what it answers, and what it says about its models."""

from dataclasses import replace

import pytest

from core.endpoint import ServedModel, ServerFacts
from core.errors import GatewayError
from gate.discovery import server_facts
from tests.fakes import FakeServer, Page, bodies
from tests.fakes.bodies import HTML, TEMPLATE, listed
from tests.gate.sockets import answering

QWEN = ServedModel(name="qwen3-8b.gguf", loaded=True, trained_tokens=40_960)

KNOWN = {
    "llama.cpp": (
        bodies.LLAMA_CPP,
        ServerFacts(
            url="",
            kind="llama.cpp",
            models=(
                replace(QWEN, window_tokens=4096, tools=True, vision=False, thinking=True, template=TEMPLATE),
            ),
            slots=4,
            constrains=("grammar", "json_schema", "tool_choice"),
            counts_tokens=True,
        ),
    ),
    "llama.cpp, a router": (
        bodies.LLAMA_ROUTER,
        ServerFacts(
            url="",
            kind="llama.cpp",
            models=(
                ServedModel(
                    name="qwen3-8b",
                    loaded=True,
                    window_tokens=12288,
                    tools=True,
                    vision=False,
                    thinking=True,
                    template=TEMPLATE,
                ),
                ServedModel(name="gemma 3"),
            ),
            constrains=("grammar", "json_schema", "tool_choice"),
            counts_tokens=True,
        ),
    ),
    "LM Studio": (
        bodies.LM_STUDIO,
        ServerFacts(
            url="",
            kind="LM Studio",
            models=(
                ServedModel(
                    name="qwen/qwen3-8b",
                    loaded=True,
                    window_tokens=4096,
                    trained_tokens=40_960,
                    tools=True,
                    vision=False,
                    thinking=True,
                ),
                ServedModel(name="text-embedding-nomic-embed-text-v1.5", talks=False, trained_tokens=2048),
            ),
            slots=4,
            constrains=("json_schema",),
        ),
    ),
    "LM Studio before 0.4": (
        bodies.LM_STUDIO_OLD,
        ServerFacts(
            url="",
            kind="LM Studio",
            models=(
                ServedModel(
                    name="qwen2-vl-7b",
                    loaded=True,
                    window_tokens=8192,
                    trained_tokens=32_768,
                    tools=True,
                    vision=True,
                ),
            ),
            constrains=("json_schema",),
        ),
    ),
    "Ollama": (
        bodies.OLLAMA,
        ServerFacts(
            url="",
            kind="Ollama",
            models=(
                ServedModel(
                    name="qwen3:8b",
                    loaded=True,
                    window_tokens=4096,
                    trained_tokens=40_960,
                    tools=True,
                    vision=False,
                    thinking=True,
                    template=TEMPLATE,
                    gpu_share=1.0,
                ),
            ),
            constrains=("format",),
        ),
    ),
    "vLLM": (
        bodies.VLLM,
        ServerFacts(
            url="",
            kind="vLLM",
            models=(ServedModel(name="Qwen/Qwen3-8B", loaded=True, window_tokens=32_768),),
            constrains=("json_schema", "tool_choice"),
            counts_tokens=True,
        ),
    ),
    "SGLang, which imitates Ollama": (
        bodies.SGLANG,
        ServerFacts(
            url="",
            kind="SGLang",
            models=(ServedModel(name="Qwen/Qwen3-VL", loaded=True, window_tokens=65_536, vision=True),),
            constrains=("json_schema", "tool_choice"),
            counts_tokens=True,
        ),
    ),
    "TabbyAPI": (
        bodies.TABBY,
        ServerFacts(
            url="",
            kind="TabbyAPI",
            models=(
                ServedModel(
                    name="qwen3-8b-exl3",
                    loaded=True,
                    window_tokens=24_576,
                    vision=True,
                    thinking=True,
                    template=TEMPLATE,
                ),
            ),
            constrains=("json_schema", "tool_choice"),
            counts_tokens=True,
        ),
    ),
    "transformers serve": (
        bodies.TRANSFORMERS,
        ServerFacts(url="", kind="transformers serve", models=(ServedModel(name="Qwen/Qwen3-0.6B"),)),
    ),
    "Roost": (
        bodies.ROOST,
        ServerFacts(
            url="",
            kind="Roost",
            models=(
                ServedModel(
                    name="Qwen/Qwen3-8B",
                    loaded=True,
                    window_tokens=20_480,
                    tools=True,
                    vision=False,
                    thinking=True,
                ),
            ),
            slots=4,
            constrains=("json_schema", "tool_choice"),
            counts_tokens=True,
        ),
    ),
    "Unsloth, which shows a web page everywhere": (
        bodies.UNSLOTH,
        ServerFacts(url="", models=(ServedModel(name="unsloth/qwen3-8b", window_tokens=16_384),)),
    ),
    "unknown": (bodies.UNKNOWN, ServerFacts(url="", models=(ServedModel(name="m"),))),
}


async def facts(pages: bodies.Pages, **more: object) -> ServerFacts:
    """What is found out about a server of these pages, without its URL."""
    with FakeServer({**pages, **more}) as server:
        found = await server_facts(server.url)
        assert found is not None
        assert found.url == server.url
        return replace(found, url="")


@pytest.mark.parametrize(("pages", "expected"), KNOWN.values(), ids=KNOWN.keys())
async def test_every_server_is_known_by_its_answers(pages: bodies.Pages, expected: ServerFacts) -> None:
    assert await facts(pages) == expected


@pytest.mark.parametrize("name", [name for name in KNOWN if name not in ("Roost", "unknown")])
async def test_a_server_is_known_also_where_its_models_are_owned_by_somebody(name: str) -> None:
    pages, expected = KNOWN[name]
    entries = [{**entry, "owned_by": "somebody"} for entry in pages["/v1/models"]["data"]]

    found = await facts(pages, **{"/v1/models": listed(*entries)})

    assert found == expected


@pytest.mark.parametrize("hint", ["llamacpp", "organization_owner", "library", "sglang", "tabbyAPI"])
async def test_a_hint_that_its_page_does_not_confirm_counts_for_nothing(hint: str) -> None:
    found = await facts({"/v1/models": listed({"id": "m", "owned_by": hint, "context_length": 2048})})

    assert found == ServerFacts(url="", models=(ServedModel(name="m", window_tokens=2048),))


async def test_a_router_is_asked_about_loaded_models_only_and_told_to_load_none() -> None:
    with FakeServer(bodies.LLAMA_ROUTER) as server:
        await server_facts(server.url)

    assert server.paths == ["/v1/models", "/props", "/props?model=qwen3-8b&autoload=false"]


async def test_a_server_with_a_hint_costs_two_requests() -> None:
    with FakeServer(bodies.LLAMA_CPP) as server:
        await server_facts(server.url)

    assert server.paths == ["/v1/models", "/props"]


async def test_of_many_models_ollama_describes_those_that_are_wanted_or_loaded() -> None:
    names = ("qwen3:8b", "gemma3:4b", "llama3.2:3b")
    models = listed(*({"id": name, "owned_by": "library"} for name in names))
    with FakeServer({**bodies.OLLAMA, "/v1/models": models}) as server:
        found = await server_facts(server.url, wanted=lambda name: name == "gemma3:4b")

    shown = [asked.json["model"] for asked in server.log if asked.path == "/api/show"]
    assert shown == ["qwen3:8b", "gemma3:4b"]
    assert found is not None
    assert [model.trained_tokens for model in found.models] == [40_960, 40_960, None]


async def test_a_window_that_its_owner_fixed_is_read_from_the_models_file() -> None:
    parameters = 'num_ctx                        24576\nstop                           "</s>"'

    found = await facts(bodies.OLLAMA, **{"/api/show": {**bodies.OLLAMA_SHOW, "parameters": parameters}})

    assert found.models[0].pinned_tokens == 24_576


async def test_a_model_half_in_the_graphics_card_is_seen() -> None:
    running = {"name": "qwen3:8b", "size": 1000, "size_vram": 430, "context_length": 262_144}

    found = await facts(bodies.OLLAMA, **{"/api/ps": {"models": [running]}})

    assert (found.models[0].gpu_share, found.models[0].window_tokens) == (0.43, 262_144)


GARBAGE = [
    Page((b"",)),
    Page((b"[]",)),
    Page((b"null",)),
    Page((b'{"data": 3, "models": "x", "version": 1, "default_generation_settings": []',)),
    Page((b"[" * 100_000,)),
    Page((b"\xff\xfe\x00",)),
    Page((b'{"models": [3, null], "data": [null], "default_generation_settings": [], "n_ctx": "x"}',)),
    HTML,
    Page((b'{"error": "no"}',), 500),
    Page((b"no",), 401),
]


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", KNOWN)
async def test_garbage_on_every_other_page_leaves_what_the_list_says(name: str, garbage: Page) -> None:
    pages, _ = KNOWN[name]
    with FakeServer({"/v1/models": pages["/v1/models"]}, missing=garbage) as server:
        found = await server_facts(server.url)

    assert found is not None
    assert {model.name for model in found.models} == {entry["id"] for entry in pages["/v1/models"]["data"]}


async def test_a_server_that_breaks_off_is_known_by_its_list_alone() -> None:
    models = b'{"object":"list","data":[{"id":"m","context_length":2048}]}'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    async with answering(head % len(models) + models, hangs_up=True) as server:
        found = await server_facts(server.url)

    assert found == ServerFacts(url=server.url, models=(ServedModel(name="m", window_tokens=2048),))


async def test_a_server_that_is_silent_is_given_up_in_time() -> None:
    async with answering(b"") as server:
        with pytest.raises(GatewayError, match=r"sent nothing for 0\.05 seconds"):
            await server_facts(server.url, seconds=0.05)
