"""Long sessions on servers with little room, as a person would run them."""

import subprocess
from collections.abc import Mapping
from itertools import chain, repeat
from pathlib import Path

import pytest

from flow.context import NEARLY_FULL
from gate.memory import ANY_SETTING
from tests.scenarios.conftest import LIMIT_SECONDS, UNNAMED_MODEL, RunCli, cli_command
from tests.scripted_server import Recorded, ScriptedServer, Spoken, prefix_breaks
from tests.scripted_server.app import Aside
from tests.scripted_server.faults import FINISH, aside, filling
from tests.scripted_server.replies import Drop, Gate, Reply, call, overflow, refuse, say, slowly

pytestmark = pytest.mark.server

WINDOW = 16_384
NO_MEMORY = refuse(500, "CUDA error: out of memory")


def refusing(window: int) -> Aside:
    """Refuses whatever is longer; a summary it writes."""
    answers = aside()
    return lambda request: overflow(request.tokens, window) if request.tokens > window else answers(request)


LATE = Reply((b": reading\n\n", Drop()), headers=(("content-type", "text/event-stream"),))


@pytest.mark.parametrize("fault", [NO_MEMORY, LATE], ids=["out of memory", "lost while it was read"])
def test_a_server_that_dies_of_a_long_prompt_gets_a_shorter_one(
    fault: Reply, run_cli: RunCli, workspace: Path
) -> None:
    script = (*filling(6), fault, *FINISH)
    with ScriptedServer(script, window_tokens=WINDOW, aside=aside()) as server:
        run = run_cli(server, "Write done.txt.")

    refused, next_one = server.requests[6:8]
    assert (run.exit_code, (workspace / "done.txt").read_text()) == (0, "done\n")
    assert [event["reason"] for event in run.of("context_shrunk")] == ["The server ran out of memory."]
    assert next_one.tokens < refused.tokens * 0.7


def test_a_server_that_dies_again_ends_the_turn_with_what_to_lower(run_cli: RunCli) -> None:
    script = chain(filling(5), repeat(NO_MEMORY))
    with ScriptedServer(script, window_tokens=WINDOW, aside=aside()) as server:
        run = run_cli(server, "Write done.txt.")

    assert (run.exit_code, run.outcome) == (3, "gateway_failed")
    assert run.events[-1]["note"].endswith(ANY_SETTING)
    assert len(server.requests) == 7


def test_a_long_session_is_summed_up_by_the_model_within_its_prefix(run_cli: RunCli, workspace: Path) -> None:
    asked: list[Recorded] = []
    answers = aside()

    def notes(request: Recorded) -> Spoken | Reply | None:
        if answer := answers(request):
            asked.append(request)
        return answer

    with ScriptedServer((*filling(20), *FINISH), window_tokens=WINDOW, aside=notes) as server:
        run = run_cli(server, "Write done.txt. Never use a network.", "--deltas")

    working = [request for request in server.requests if request not in asked]
    shrunk = run.of("context_shrunk")
    assert (run.exit_code, (workspace / "done.txt").read_text()) == (0, "done\n")
    assert 1 <= len(asked) == len(run.of("summary_asked")) <= len(shrunk)
    assert len(prefix_breaks(working)) == len(shrunk)
    assert prefix_breaks([server.requests[asked[0].number - 1], asked[0]]) == []
    assert asked[0].json["max_tokens"] == 512
    assert "done.txt is still to be written" in str(server.requests[-1].messages)
    assert "Never use a network." in str(server.requests[-1].messages)


def test_a_pasted_text_is_clipped_in_time_and_its_file_is_named(run_cli: RunCli, workspace: Path) -> None:
    pasted = "Begin here.\n" + "noise and more noise\n" * 1_000 + "Never delete a file."

    with ScriptedServer((*filling(9), *FINISH), window_tokens=WINDOW, aside=aside()) as server:
        run = run_cli(server, pasted)

    said = str(server.requests[-1].messages)
    kept = [*(workspace / ".roost" / "artifacts").glob("text-*.txt")]
    assert run.exit_code == 0
    assert pasted in [path.read_text() for path in kept]
    assert any(f"the whole text is in .roost/artifacts/{path.name}" in said for path in kept)
    assert "Begin here." in said
    assert "Never delete a file." in said


def test_no_request_asks_for_more_than_the_window_has_left(run_cli: RunCli) -> None:
    with ScriptedServer((*filling(3), say("Done.")), window_tokens=WINDOW, aside=aside()) as server:
        run_cli(server, "Look around.")

    limits = [request.json["max_tokens"] for request in server.requests if "max_tokens" in request.json]
    assert all(0 < limit < WINDOW for limit in limits)


def test_a_first_message_that_is_longer_than_the_window_is_clipped_and_worked_on(
    run_cli: RunCli, workspace: Path
) -> None:
    pasted = "Write done.txt. " + "noise and more noise\n" * 4_000 + "Never delete a file."

    with ScriptedServer(FINISH, window_tokens=8_192, aside=refusing(8_192)) as server:
        run = run_cli(server, pasted, *UNNAMED_MODEL)

    assert (run.exit_code, (workspace / "done.txt").read_text()) == (0, "done\n")
    assert [event["reason"] for event in run.of("context_shrunk")] == [NEARLY_FULL]
    assert max(request.tokens for request in server.requests) < 8_192
    assert "Never delete a file." in str(server.requests[-1].messages)


@pytest.mark.parametrize("window", [2_048, 3_000])
def test_a_tiny_window_is_worked_in(window: int, run_cli: RunCli, workspace: Path) -> None:
    files = [f"part-{number}.txt" for number in range(12)]
    for name in files:
        (workspace / name).write_text("".join(f"line {line} of {name}\n" for line in range(60)))
    reading = tuple(call("read_file", path=name) for name in files)

    with ScriptedServer((*reading, *FINISH), window_tokens=window, aside=refusing(window)) as server:
        run = run_cli(server, "Read all parts, then write done.txt.")

    limits = [request.json["max_tokens"] for request in server.requests if "max_tokens" in request.json]
    assert (run.exit_code, (workspace / "done.txt").read_text()) == (0, "done\n")
    assert len(run.of("context_shrunk")) <= len(files)
    assert all(0 < limit < window for limit in limits)
    assert "Read all parts, then write done.txt." in str(server.requests[-1].messages)


def test_a_window_that_becomes_shorter_in_the_middle_of_a_turn_is_learned(
    run_cli: RunCli, workspace: Path
) -> None:
    refuse_all = refusing(5_000)

    def later(request: Recorded) -> Spoken | Reply | None:
        return refuse_all(request) if request.number > 9 else None

    with ScriptedServer((*filling(20), *FINISH), window_tokens=32_768, aside=later) as server:
        run = run_cli(server, "Write done.txt.")

    tokens = [request.tokens for request in server.requests]
    assert (run.exit_code, (workspace / "done.txt").read_text()) == (0, "done\n")
    assert max(tokens[:10]) > 5_000
    assert sum(count > 5_000 for count in tokens[10:]) <= 2


def test_a_kill_while_the_model_sums_up_loses_nothing(
    run_cli: RunCli, workspace: Path, environment: Mapping[str, str]
) -> None:
    hold, answers = Gate(), aside()

    def slow_notes(request: Recorded) -> Spoken | Reply | None:
        answer = answers(request)
        return slowly(answer, hold) if isinstance(answer, Spoken) and not hold.opened.is_set() else answer

    with ScriptedServer((*filling(20), *FINISH), window_tokens=WINDOW, aside=slow_notes) as server:
        command = cli_command(server, workspace, "Write done.txt. Never use a network.")
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        try:
            assert hold.reached.wait(LIMIT_SECONDS)
        finally:
            process.kill()
            process.wait()
            hold.open()
        run = run_cli(server, "Go on.", "--continue")

    said = str(server.requests[-1].messages)
    assert (run.exit_code, (workspace / "done.txt").read_text()) == (0, "done\n")
    assert run.events[1]["type"] == "context_shrunk"
    assert "Never use a network." in said
    assert "Go on." in said
