"""Long sessions on servers with little room, as a person would run them."""

from itertools import chain, repeat
from pathlib import Path

import pytest

from gate.memory import ANY_SETTING
from tests.scenarios.conftest import RunCli
from tests.scripted_server import Recorded, ScriptedServer, Spoken, prefix_breaks
from tests.scripted_server.faults import FINISH, aside, filling
from tests.scripted_server.replies import Drop, Reply, refuse, say

pytestmark = pytest.mark.server

WINDOW = 16_384
NO_MEMORY = refuse(500, "CUDA error: out of memory")


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
