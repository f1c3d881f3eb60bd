"""Arguments that are wrong twice, over real sockets: the server is held to what it can do, and doubted if it cannot."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from core.endpoint import ServerFacts
from core.events import ToolFinished
from gate.ollama import OllamaGateway
from gate.text_calls import TextCallGateway
from tests.building import Echo, a_loop, turn
from tests.fakes import FakeOllama
from tests.fakes.ollama import called, said
from tests.scenarios.conftest import UNNAMED_MODEL, RunCli
from tests.scripted_server import (
    Recorded,
    Reply,
    ScriptedServer,
    Spoken,
    call_with,
    complaints,
    prefix_breaks,
    refuse,
    say,
)
from tests.scripted_server.faults import FINISH, LAST_WORDS, TOLD_WINDOW

VLLM = {"/version": {"version": "0.33.0"}}
WRONG = call_with("write_file", '{"file": "done.txt"}')
RIGHT = {"path": "done.txt", "content": "done\n"}
WAYS = ("response_format", "tool_choice")


def ways(request: Recorded) -> list[str]:
    """The fields that hold this reply, each of them behind the messages."""
    found = [name for name in WAYS if name in request.json]
    assert list(request.json)[-1 - len(found) :] == ["messages", *found]
    return found


def as_schema(request: Recorded) -> Spoken | Reply:
    schema = request.json["response_format"]["json_schema"]["schema"]
    return say(json.dumps({name: RIGHT[name] for name in schema["required"]}))


@pytest.mark.server
def test_a_server_that_holds_replies_to_a_schema_gets_the_task_done(run_cli: RunCli, workspace: Path) -> None:
    steps = (WRONG, WRONG, as_schema, say(LAST_WORDS))

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW, pages=VLLM) as server:
        run = run_cli(server, "Write done.txt.", *UNNAMED_MODEL)

    assert (run.exit_code, run.outcome, run.last_words) == (0, "done", LAST_WORDS)
    assert (workspace / "done.txt").read_text() == "done\n"
    assert [ways(request) for request in server.requests] == [[], [], ["response_format"], []]
    assert [what for request in server.requests for what in complaints(request)] == []
    assert prefix_breaks(server.requests) == []
    assert all(later.body.startswith(prompt_of(earlier)) for earlier, later in pairwise(server.requests))


@pytest.mark.server
@pytest.mark.parametrize(
    "answer", [say("Sure, here you are."), refuse(400, "unknown field")], ids=["words", "refused"]
)
def test_a_server_that_only_claims_to_does_no_harm(
    answer: Spoken | Reply, run_cli: RunCli, workspace: Path
) -> None:
    steps = (WRONG, WRONG, answer, answer, WRONG, *FINISH)

    with ScriptedServer(steps, window_tokens=TOLD_WINDOW, pages=VLLM) as server:
        run = run_cli(server, "Write done.txt.", *UNNAMED_MODEL)

    assert (run.exit_code, run.outcome, run.last_words) == (0, "done", LAST_WORDS)
    assert (workspace / "done.txt").read_text() == "done\n"
    held = [ways(request) for request in server.requests]
    assert held == [[], [], ["response_format"], ["tool_choice"], [], [], []]
    assert prefix_breaks(server.requests) == []


@pytest.mark.server
def test_a_server_that_nobody_knows_is_never_told_to(run_cli: RunCli) -> None:
    with ScriptedServer((WRONG, WRONG, WRONG, *FINISH)) as server:
        run = run_cli(server, "Write done.txt.")

    assert (run.exit_code, run.outcome) == (0, "done")
    assert [ways(request) for request in server.requests] == [[]] * 5


async def test_ollama_is_held_by_its_format() -> None:
    wrong = called("echo", txt="a")
    tool = Echo()
    with FakeOllama(wrong, wrong, said('{"text": "a"}'), said("Done.")) as server:
        gateway = OllamaGateway(server.url, "qwen3:8b", 16_384)
        facts = ServerFacts(url=server.url, kind="Ollama", constrains=("format",))
        events = await turn(a_loop(TextCallGateway(gateway), tool, server=facts))
        await gateway.close()

    assert tool.ran == ["a"]
    assert [event.text for event in events if isinstance(event, ToolFinished)][-1] == "a"
    held = [asked.json.get("format") for asked in server.requests]
    assert held == [
        None,
        None,
        {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        None,
    ]


def prompt_of(request: Recorded) -> bytes:
    """Its bytes up to the end of its last message."""
    body = request.body
    for name in WAYS:
        body = body.partition(f'],"{name}":'.encode())[0]
    return body.removesuffix(b"]}")
