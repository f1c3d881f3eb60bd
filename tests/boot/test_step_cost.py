"""What a step costs, in function calls: these do not depend on the machine, nor on what else it does."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE
from itertools import pairwise
from pathlib import Path
from types import FrameType

import pytest

from boot.settings import Settings
from boot.wiring import open_session
from tests.scripted_server.replies import call, say
from tests.scripted_server.serving import ScriptedServer

STEPS, WINDOW = 150, 20
MOST_HOPS = 3
"""Of a command: the log is synced before it runs, and undo looks before and after."""
REQUEST, HOP = "PrefixWriter.body", "BaseEventLoop.run_in_executor"
GO_ON = CO_COROUTINE | CO_ASYNC_GENERATOR
OF_THE_LOOP = {"asyncio", "selectors", "socket", "contextlib", "weakref", "_weakrefset", "gate.patience"}
"""They, and coroutines that go on, are called as often as a socket is read: that depends on the machine."""


@contextmanager
def counting_calls() -> Iterator[list[tuple[str, int]]]:
    """How many calls of Python functions there were in this thread, at each request and each hop to another."""
    marks: list[tuple[str, int]] = []
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        if event == "call":
            code, module = frame.f_code, str(frame.f_globals.get("__name__"))
            if code.co_qualname in (REQUEST, HOP):
                marks.append((code.co_qualname, calls))
            if not code.co_flags & GO_ON and OF_THE_LOOP.isdisjoint((module, module.partition(".")[0])):
                calls += 1

    sys.setprofile(count)
    try:
        yield marks
    finally:
        sys.setprofile(None)


@pytest.mark.slow
@pytest.mark.server
async def test_a_late_step_takes_as_many_calls_as_an_early_one(tmp_path: Path) -> None:
    lines = range(100, 100 + STEPS)  # numbers of one length, for arguments come in pieces
    (tmp_path / "a.txt").write_text("".join(f"{number}\n" for number in range(lines.stop)))
    steps = [call("read_file", path="a.txt", start=line, count=1) for line in lines[1:]]
    with ScriptedServer([*steps, say("Done.")], window_tokens=4_000_000) as server:
        settings = Settings(model_url=server.url, model="m", workspace=str(tmp_path), max_steps=STEPS)
        async with open_session(settings) as opened:
            with counting_calls() as marks:
                await opened.session.send("Read it.")

    requests = [calls for name, calls in marks if name == REQUEST]
    gaps = [later - earlier for earlier, later in pairwise(requests)]
    assert len(requests) == STEPS
    # The least: a search for garbage calls whoever asked to be told of it, in any step, and only adds calls.
    assert min(gaps[-WINDOW:]) == min(gaps[WINDOW : 2 * WINDOW])


@pytest.mark.server
async def test_a_command_is_handed_to_threads_as_often_as_it_must(tmp_path: Path) -> None:
    steps = [call("shell", command=f"true {number}") for number in range(6)]
    with ScriptedServer([*steps, say("Done.")], window_tokens=4_000_000) as server:
        settings = Settings(
            model_url=server.url, model="m", workspace=str(tmp_path), permission="full", sandbox="external"
        )
        async with open_session(settings) as opened:
            with counting_calls() as marks:
                await opened.session.send("Run them.")

    kinds = "".join("|" if name == REQUEST else "." for name, _ in marks)
    assert [len(hops) for hops in kinds.split("|")[2:-1]] == [MOST_HOPS] * (len(steps) - 1)
