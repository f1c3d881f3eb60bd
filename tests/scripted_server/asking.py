"""A client for tests of the scripted server, and what it reads off the stream."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from tests.scripted_server import ScriptedServer, Step, scripted_server

ASKED = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}


def ask(client: httpx.Client, server: ScriptedServer, body: Mapping[str, Any] = ASKED) -> httpx.Response:
    return client.post(f"{server.url}/chat/completions", json=body)


def answer_to(client: httpx.Client, step: Step, body: Mapping[str, Any] = ASKED) -> str:
    with scripted_server(step) as server:
        return ask(client, server, body).text


def chunks(stream: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def deltas(stream: str) -> list[dict[str, Any]]:
    return [choice["delta"] for chunk in chunks(stream) for choice in chunk["choices"]]


def call_deltas(stream: str) -> list[dict[str, Any]]:
    return [made for delta in deltas(stream) for made in delta.get("tool_calls", ())]
