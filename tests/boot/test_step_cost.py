"""What a step costs, in function calls: these do not depend on the machine, nor on what else it does."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import FrameType

import pytest

from boot.settings import Settings
from boot.wiring import open_session
from tests.scripted_server.replies import call, say
from tests.scripted_server.serving import ScriptedServer

STEPS, WINDOW = 150, 20
MOST_GROWTH = 1.01
MOST_HOPS = 3
"""Of a command: the log is synced before it runs, and undo looks before and after."""


@contextmanager
def counting_calls() -> Iterator[dict[str, int]]:
    """Calls of Python functions by this thread, and those that begin a request or hand work to a thread."""
    counts = {"all": 0}
    marks = {"PrefixWriter.body", "BaseEventLoop.run_in_executor"}

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            counts["all"] += 1
            name = frame.f_code.co_qualname
            if name in marks:
                counts[f"{name} {counts['all']}"] = counts["all"]

    sys.setprofile(count)
    try:
        yield counts
    finally:
        sys.setprofile(None)


@pytest.mark.slow
@pytest.mark.server
async def test_a_late_step_takes_no_more_calls_than_an_early_one(tmp_path: Path) -> None:
    lines = range(100, 100 + STEPS)  # numbers of one length, for arguments come in pieces
    (tmp_path / "a.txt").write_text("".join(f"{number}\n" for number in range(lines.stop)))
    steps = [call("read_file", path="a.txt", start=line, count=1) for line in lines[1:]]
    with ScriptedServer([*steps, say("Done.")], window_tokens=4_000_000) as server:
        settings = Settings(model_url=server.url, model="m", workspace=str(tmp_path), max_steps=STEPS)
        async with open_session(settings) as opened:
            with counting_calls() as counts:
                await opened.session.send("Read it.")

    requests = [at for name, at in counts.items() if name.startswith("PrefixWriter")]
    gaps = [later - earlier for earlier, later in pairwise(requests)]
    assert len(requests) == STEPS
    # The least of each: how often a socket is read for one reply depends on the machine, and only adds calls.
    assert min(gaps[-WINDOW:]) <= MOST_GROWTH * min(gaps[WINDOW : 2 * WINDOW])


@pytest.mark.server
async def test_a_command_is_handed_to_threads_as_often_as_it_must(tmp_path: Path) -> None:
    steps = [call("shell", command=f"true {number}") for number in range(6)]
    with ScriptedServer([*steps, say("Done.")], window_tokens=4_000_000) as server:
        settings = Settings(
            model_url=server.url, model="m", workspace=str(tmp_path), permission="full", sandbox="external"
        )
        async with open_session(settings) as opened:
            with counting_calls() as counts:
                await opened.session.send("Run them.")

    requests = [at for name, at in counts.items() if name.startswith("PrefixWriter")]
    hops = [at for name, at in counts.items() if name.startswith("BaseEventLoop")]
    each = [sum(begun < hop < ended for hop in hops) for begun, ended in pairwise(requests)]
    assert each[1:] == [MOST_HOPS] * (len(steps) - 1)
