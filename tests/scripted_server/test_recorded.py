import json
from typing import Any

import pytest

from tests.scripted_server import Recorded, complaints, kept, prefix_breaks

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Hello"}
CALL = {"id": "c1", "type": "function", "function": {"name": "shell", "arguments": '{"command": "true"}'}}
ASSISTANT = {"role": "assistant", "content": "", "tool_calls": [CALL]}
TOOL = {"role": "tool", "tool_call_id": "c1", "content": "done"}
TOOLS = [{"type": "function", "function": {"name": "shell", "parameters": {"type": "object"}}}]


def request(*messages: Any, number: int = 0, **fields: Any) -> Recorded:
    body = json.dumps({"model": "m", "messages": list(messages), "tools": TOOLS, **fields}).encode()
    return Recorded("POST", "/v1/chat/completions", {}, body, 0.0, 0.0, number)


def test_a_sound_request_has_no_complaints() -> None:
    sound = request(SYSTEM, USER, ASSISTANT, TOOL, stream=True, max_tokens=100)

    assert complaints(sound) == []


@pytest.mark.parametrize(
    ("spoiled", "complaint"),
    [
        (request(SYSTEM, USER, top_k=1), "'top_k' is not a field that every server takes"),
        (request(SYSTEM, USER, tools=TOOLS * 2), "a tool is offered twice: ['shell', 'shell']"),
        (request(USER), "the first two messages are not those of system and user"),
        (
            request(SYSTEM, USER, {"role": "assistant", "content": "Hi"}),
            "the last message is not one to reply to",
        ),
        (
            request(SYSTEM, USER, ASSISTANT, USER),
            "message 3: ['c1'] are not answered before a message of user",
        ),
        (request(SYSTEM, USER, TOOL), "message 2 answers 'c1', which nobody asked"),
        (request(SYSTEM, USER, ASSISTANT, TOOL, TOOL), "message 4 answers 'c1', which nobody asked"),
        (request(SYSTEM, USER, SYSTEM, USER), "message 2 has the role 'system'"),
        (request(SYSTEM, {"role": "user", "content": None}), "message 1 of user has no content"),
        (
            request(SYSTEM, USER, {"role": "assistant", "content": ""}, USER),
            "message 2: a reply with neither words nor calls",
        ),
        (
            request(SYSTEM, USER, {**ASSISTANT, "tool_calls": [CALL, CALL]}, TOOL, TOOL),
            "message 2: two calls have one id",
        ),
        (
            request(
                SYSTEM,
                USER,
                {**ASSISTANT, "tool_calls": [{**CALL, "function": {"name": "shell", "arguments": "{"}}]},
                TOOL,
            ),
            "message 2: the arguments of shell are no JSON object: '{'",
        ),
    ],
)
def test_each_fault_of_a_request_has_its_complaint(spoiled: Recorded, complaint: str) -> None:
    assert complaints(spoiled) == [complaint]


def test_a_prompt_that_only_grows_keeps_its_prefix() -> None:
    grown = [request(SYSTEM, USER), request(SYSTEM, USER, ASSISTANT, TOOL, number=1)]

    assert prefix_breaks(grown) == []
    assert kept(*grown) == 1


def test_a_changed_head_breaks_the_prefix() -> None:
    changed = [request(SYSTEM, USER), request({**SYSTEM, "content": "Be long."}, USER, number=1)]

    broken = prefix_breaks(changed)

    assert len(broken) == 1
    assert broken[0].startswith("request 1 keeps")
    assert 0 < kept(*changed) < 1
