"""Gemini's OpenAI-compatible endpoint, played on loopback."""

import json
from dataclasses import replace

import pytest

from core.errors import ConfigError, RequestRejected
from core.messages import ToolMessage
from gate.gemini import GEMINI_PROFILE, gemini_gateway
from tests.gate.asking import deltas, reply, request
from tests.scripted_server.replies import raw, refuse, say
from tests.scripted_server.serving import scripted_server

SIGNED = {
    "index": 0,
    "id": "f1",
    "type": "function",
    "function": {"name": "ls", "arguments": "{}"},
    "extra_content": {"google": {"thought_signature": "c2lnbmF0dXJl"}},
}


async def test_a_thought_signature_is_sent_back_as_it_came() -> None:
    chunk = {"choices": [{"delta": {"tool_calls": [SIGNED]}, "finish_reason": "tool_calls"}]}
    wire = raw(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())
    with scripted_server(wire, say("Done.")) as server:
        gateway = gemini_gateway("key", url=server.url, model="gemini-x")
        asked = request(tools=["ls"])
        said = await reply(gateway, asked)
        answered = ToolMessage(call_id="f1", text="a.txt")
        await deltas(gateway, replace(asked, messages=(*asked.messages, said, answered)))
        await gateway.close()

    sent = json.loads(server.requests[1].body)
    assert sent["messages"][2]["tool_calls"] == [{key: SIGNED[key] for key in SIGNED if key != "index"}]
    assert sent["model"] == "gemini-x"


def test_without_a_key_the_setting_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        gemini_gateway("", model="gemini-x", url="http://127.0.0.1:1")

    assert str(caught.value) == "Gemini needs a key. Set GEMINI_API_KEY in the environment or in .env."


async def test_a_refused_key_names_its_own_setting() -> None:
    refusal = refuse(400, "API key not valid. Please pass a valid API key.")

    with scripted_server(refusal) as server, pytest.raises(RequestRejected, match="Set GEMINI_API_KEY"):
        await deltas(gemini_gateway("wrong", url=server.url, model="gemini-x"))


def test_its_window_is_a_million() -> None:
    assert GEMINI_PROFILE.window_tokens == 1_048_576
