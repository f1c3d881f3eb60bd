"""A command of the person's own, without a terminal."""

import asyncio
import io
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from servr.terminal.own_command import OwnCommand
from servr.terminal.screen import Screen
from tests.clocks import ENOUGH_SECONDS
from tests.processes import running


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("turns", range(8))
async def test_of_a_command_that_is_stopped_while_it_starts_nothing_is_left(
    tmp_path: Path, turns: int
) -> None:
    seconds = f"3{os.getpid()}{turns}"
    shown = io.StringIO()
    own = asyncio.create_task(OwnCommand(f"sleep {seconds}; true", tmp_path, Screen(shown)).run())
    for _ in range(turns):
        await asyncio.sleep(0)
    own.cancel()
    with suppress(asyncio.CancelledError):
        await own

    assert shown.getvalue() == ("  stopped\n" if turns else "")  # before its first turn it does nothing
    async with asyncio.timeout(ENOUGH_SECONDS):  # the kernel takes a moment
        while running(f"sleep {seconds}"):  # noqa: ASYNC110 - nothing tells when another process is gone
            await asyncio.sleep(0)
