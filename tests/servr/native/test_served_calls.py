"""Whatever a model of random weights is held to, its reply is that: in every family, in one piece and as a stream."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from servr.native.api.app import make_app, pages_of
from servr.native.api.request_thread import RequestThread
from tests.servr.native import random_schemas
from tests.servr.native.models import Made
from tests.servr.native.tiny_server import talking
from tests.servr.native.validating import faults, read

pytestmark = pytest.mark.slow

Folder = Callable[[Made], Path]
WINDOW = 4_096
MOST_TOKENS = 200
ENOUGH_TOKENS = 1_500
"""For any one call of these tools, also where every blank is written that may be."""
DIALECTS = {"qwen3": "hermes", "llama": "llama", "mistral": "mistral", "lfm2": "lfm2"}
LEAF = {"type": "string", "maxLength": 6}
LOOK = {
    "type": "object",
    "properties": {
        "path": LEAF,
        "lines": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 99}, "maxItems": 3},
        "order": {"enum": ["up", "down"]},
    },
    "required": ["path", "order"],
    "additionalProperties": False,
}
SET = {
    "type": "object",
    "properties": {"on": {"type": "boolean"}},
    "required": ["on"],
    "additionalProperties": False,
}
SCHEMAS: Mapping[str, Mapping[str, Any]] = {"look": LOOK, "set": SET}
TOOLS = [
    {"type": "function", "function": {"name": name, "description": "A tool.", "parameters": schema}}
    for name, schema in SCHEMAS.items()
]


@dataclass(frozen=True)
class Said:
    finish: str
    text: str
    calls: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Asking:
    http: httpx.AsyncClient

    async def whole(self, **fields: object) -> Said:
        body = (await self._post(fields)).json()
        choice = body["choices"][0]
        calls = [call["function"] for call in choice["message"].get("tool_calls") or ()]
        told = [(call["name"], call["arguments"]) for call in calls]
        return Said(choice["finish_reason"], choice["message"]["content"] or "", told)

    async def streamed(self, **fields: object) -> Said:
        text, finish, calls = "", "", list[list[str]]()
        for line in (await self._post({**fields, "stream": True})).text.split("\n"):
            for choice in json.loads(line[6:])["choices"] if line.startswith("data: {") else ():
                finish = choice["finish_reason"] or finish
                text += choice["delta"].get("content") or ""
                for call in choice["delta"].get("tool_calls") or ():
                    calls += [["", ""]] * (call["index"] + 1 - len(calls))
                    name, arguments = calls[call["index"]]
                    more = call["function"]
                    calls[call["index"]] = [
                        name + more.get("name", ""),
                        arguments + more.get("arguments", ""),
                    ]
        return Said(finish, text, [(name, arguments) for name, arguments in calls])

    async def _post(self, fields: Mapping[str, object]) -> httpx.Response:
        said = {"messages": [{"role": "user", "content": "Do it."}], "max_tokens": MOST_TOKENS}
        answer = await self.http.post("/v1/chat/completions", json={**said, **fields})
        assert answer.status_code == 200, answer.text
        return answer


@asynccontextmanager
async def asking(folder: Path, dialect: str) -> AsyncGenerator[Asking, None]:
    options = {"dtype": "float32", "window_tokens": WINDOW, "memory_bytes": 16 << 20, "dialect": dialect}
    options |= {"is_brief": True}
    pages, thread = pages_of(talking(str(folder), options)), RequestThread()
    transport = httpx.ASGITransport(make_app(pages, thread))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=120) as http:
            yield Asking(http)
    finally:
        await pages.close()
        thread.close()


def is_valid(said: Said, names: Sequence[str]) -> bool:
    """False when it was cut; then nothing is called."""
    if said.finish == "length":
        assert said.calls == []
        return False
    assert said.finish == "tool_calls"
    assert said.calls
    for name, arguments in said.calls:
        assert name in names
        assert faults(SCHEMAS[name], read(arguments)) == []
    return True


@pytest.mark.parametrize("family", DIALECTS)
async def test_a_call_that_is_required_or_named_is_valid(family: str, model_folder: Folder) -> None:
    folder = model_folder(Made(family, dtype="float32", window=WINDOW))
    named = {"type": "function", "function": {"name": "set"}}

    async with asking(folder, DIALECTS[family]) as ask:
        once = {"tools": TOOLS, "parallel_tool_calls": False, "max_tokens": ENOUGH_TOKENS}
        replies = [
            (await ask.whole(**once, tool_choice="required", seed=seed), ["look", "set"]) for seed in range(4)
        ]
        replies += [(await ask.streamed(**once, tool_choice=named, seed=seed), ["set"]) for seed in range(4)]

    assert all(is_valid(said, names) for said, names in replies)
    assert {len(said.calls) for said, _ in replies} == {1}


async def test_all_calls_of_a_reply_are_valid(model_folder: Folder) -> None:
    folder = model_folder(Made("mistral", dtype="float32", window=WINDOW))

    async with asking(folder, "mistral") as ask:
        several = [
            await ask.streamed(tools=TOOLS, tool_choice="required", max_tokens=1_000, seed=seed)
            for seed in range(6)
        ]

    ended = [said for said in several if is_valid(said, ["look", "set"])]
    assert ended


@pytest.mark.parametrize("family", DIALECTS)
async def test_json_is_valid_by_its_schema_and_the_same_in_pieces(family: str, model_folder: Folder) -> None:
    folder = model_folder(Made(family, dtype="float32", window=WINDOW))

    async with asking(folder, DIALECTS[family]) as ask:
        for seed in range(3):
            schema = random_schemas.schema(seed)
            form = {"type": "json_schema", "json_schema": {"name": "wanted", "schema": schema}}
            said = await ask.whole(response_format=form, seed=seed)
            pieces = await ask.streamed(response_format=form, seed=seed)

            assert pieces == said
            if said.finish == "stop":
                assert faults(schema, read(said.text)) == []


async def test_what_may_call_nothing_calls_nothing(model_folder: Folder) -> None:
    folder = model_folder(Made(dtype="float32", window=WINDOW))

    async with asking(folder, "hermes") as ask:
        said = await ask.whole(tools=TOOLS, tool_choice="none", max_tokens=40, seed=1)

    assert said.calls == []
