"""Every fault of a model or its server ends well, alone and with any other."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise, product
from pathlib import Path

import pytest

from tests.scenarios.conftest import Run, RunCli
from tests.scripted_server import Recorded, ScriptedServer, complaints, prefix_breaks
from tests.scripted_server.faults import (
    FAULTS,
    LAST_WORDS,
    REAL_WINDOW,
    TOLD_WINDOW,
    VARIANTS,
    Fault,
    aside,
    filling,
    script,
)
from tests.scripted_server.replies import OVERFLOWS

MOST_TOKENS = 10_000
MOST_CALLS = 10


def in_pair(pair: tuple[Fault, Fault]) -> str:
    return "+".join(map(str, pair))


@pytest.mark.server
@pytest.mark.parametrize("fault", [*FAULTS, *VARIANTS], ids=str)
def test_a_fault_ends_well(fault: Fault, run_cli: RunCli, workspace: Path) -> None:
    ends_well([fault], run_cli, workspace)


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("pair", [*product(FAULTS, repeat=2)], ids=in_pair)
def test_any_fault_after_any_other_ends_well(
    pair: tuple[Fault, Fault], run_cli: RunCli, workspace: Path
) -> None:
    ends_well(pair, run_cli, workspace)


@pytest.mark.server
def test_the_request_outlives_many_shrinkings(run_cli: RunCli) -> None:
    prompt = "Write done.txt, and mind that the magic word is quokka. " + "Take your time. " * 20
    fault = Fault("long-overflow", filling(60), window_tokens=REAL_WINDOW)

    with ScriptedServer(script(fault), window_tokens=TOLD_WINDOW, aside=aside(fault)) as server:
        run = run_cli(server, prompt)

    assert (run.exit_code, run.outcome) == (0, "done")
    assert len(run.of("context_shrunk")) > 3
    assert "the magic word is quokka" in str(server.requests[-1].messages)


def ends_well(faults: Sequence[Fault], run_cli: RunCli, workspace: Path) -> None:
    with ScriptedServer(script(*faults), window_tokens=TOLD_WINDOW, aside=aside(*faults)) as server:
        run = run_cli(server, "Write done.txt.")

    endless = faults[-1].endless
    ending = (run.exit_code, run.outcome) if run.stdout else (run.exit_code, run.stderr)
    assert ending == ((1, "stuck") if endless else (0, "done"))
    assert [event["type"] for event in (run.events[0], run.events[-1])] == ["turn_started", "turn_finished"]
    if not endless:
        assert run.last_words == LAST_WORDS
        assert (workspace / "done.txt").read_text() == "done\n"
    assert not list(workspace.glob("cut-off*"))
    assert [what for request in server.requests for what in complaints(request)] == []
    working = [request for request in server.requests if request.tools]
    assert len(prefix_breaks(working)) <= len(run.of("context_shrunk"))
    for fault in faults:
        for check in CHECKS.get(fault.name, ()):
            check(run, server.requests, workspace)


Check = Callable[[Run, Sequence[Recorded], Path], None]


def the_call_was_answered_with_what_to_mend(run: Run, _: Sequence[Recorded], __: Path) -> None:
    assert "failed" in [event["status"] for event in run.of("tool_finished")]


def half_a_reply_is_never_kept(run: Run, requests: Sequence[Recorded], _: Path) -> None:
    assert "I have now wri" not in str(run.of("model_replied"))
    assert "I have now wri" not in str([request.messages for request in requests])


def the_server_was_given_its_time(_: Run, requests: Sequence[Recorded], __: Path) -> None:
    waits = [
        later.arrived - earlier.arrived for earlier, later in pairwise(requests) if earlier.status == 429
    ]
    assert waits
    assert min(waits) >= 1


def the_date_was_kept(_: Run, requests: Sequence[Recorded], __: Path) -> None:
    limited = [pair for pair in pairwise(requests) if pair[0].status == 429]
    assert limited
    assert all(later.date >= int(earlier.date + 2) for earlier, later in limited)


def the_written_call_ran(_: Run, __: Sequence[Recorded], workspace: Path) -> None:
    assert (workspace / "from-text.txt").read_text() == "from text\n"


def little_is_sent_back(_: Run, requests: Sequence[Recorded], __: Path) -> None:
    results = {result for request in requests for result in request.tool_results}
    assert results
    assert max(map(tokens, results)) < MOST_TOKENS


def a_shorter_prompt_followed(run: Run, requests: Sequence[Recorded], _: Path) -> None:
    working = [request for request in requests if request.tools]
    refused = [pair for pair in pairwise(working) if pair[0].status == 400]
    assert refused
    assert run.of("context_shrunk")
    assert all(later.tokens < earlier.tokens for earlier, later in refused)


def it_stopped_in_time(run: Run, _: Sequence[Recorded], __: Path) -> None:
    calls = [event["call"]["name"] for event in run.of("tool_started")]
    assert 0 < calls.count("list_files") <= MOST_CALLS


CHECKS: dict[str, Sequence[Check]] = {
    **{f"overflow-{server}": [a_shorter_prompt_followed] for server in OVERFLOWS},
    "unfinished-text": [half_a_reply_is_never_kept],
    "error-in-stream": [half_a_reply_is_never_kept],
    "bad-json": [the_call_was_answered_with_what_to_mend],
    "unknown-tool": [the_call_was_answered_with_what_to_mend],
    "cut-in-text": [half_a_reply_is_never_kept],
    "http-429": [the_server_was_given_its_time],
    "http-429-date": [the_date_was_kept],
    "written-call": [the_written_call_ran],
    "many-lines": [little_is_sent_back],
    "one-line": [little_is_sent_back],
    "overflow-once": [a_shorter_prompt_followed],
    "overflow-for-good": [a_shorter_prompt_followed],
    "same-call": [it_stopped_in_time],
}


def tokens(text: str) -> int:
    """Counted with a real tokenizer where one is installed, else guessed high."""
    counter = tokenizer()
    return counter(text) if counter else len(text.encode()) // 3


@cache
def tokenizer() -> Callable[[str], int] | None:
    path = os.environ.get("ROOST_QWEN3_TOKENIZER")
    if not path:
        return None
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(path)
    return lambda text: len(loaded.encode(text).ids)
