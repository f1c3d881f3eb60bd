import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import ToolError
from core.sandbox import Command
from tests.clocks import forward, let_pass, settled
from tests.processes import has_ended, is_alive
from tests.tool.commanding import (
    NOTHING,
    bash,
    heard,
    limits,
    open_descriptors,
    pids_in,
    plain_backend,
    run,
)
from tool.sandbox_none import PlainBackend, command_environment, external_backend
from tool.supervision import Control, Ending

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("pid", "w").write(str(os.getpid()))
        os.close(1); os.close(2)
        time.sleep(343)
    os._exit(0)
os.wait()
while not os.path.exists("pid") or not os.path.getsize("pid"):
    time.sleep(0.005)
print(open("pid").read())
"""
AGENT = """
import asyncio, sys
from pathlib import Path
from core.sandbox import Command, Limits, SandboxPolicy
from tool.sandbox_none import PlainBackend

async def main():
    command = Command(argv=("bash", "-c", sys.argv[1]), cwd=Path("."))
    limits = Limits(wall_seconds=300, kept_chars=1000)
    show = lambda text: print(text, end="", flush=True)
    await PlainBackend().run(command, SandboxPolicy(writable=()), limits, show)

asyncio.run(main())
"""


@pytest.fixture
async def backend() -> AsyncIterator[PlainBackend]:
    async with plain_backend() as backend:
        yield backend


async def test_output_and_exit_code_come_back(backend: PlainBackend, tmp_path: Path) -> None:
    result = await run(backend, "pwd; echo wrong >&2; exit 3", tmp_path)

    assert (result.head + result.tail, result.exit_code) == (f"{tmp_path}\nwrong\n", 3)
    assert not result.timed_out
    assert result.ended_processes == 0


@pytest.mark.parametrize(
    "script",
    [
        "(sleep 339 & echo $!)",
        "setsid nohup sleep 341 >/dev/null 2>&1 & echo $!; disown",
        "read pid < <(trap '' TERM; echo $BASHPID; exec sleep 345); echo $pid",
        "read pid < <(cd /; exec setsid bash -c 'trap \"\" TERM HUP INT; echo $$; while :; do sleep 347; done'); echo $pid",
        f"{sys.executable} -c '{DAEMON}'",
    ],
    ids=["holds the pipe", "own session", "ignores SIGTERM", "comes back for more", "double fork"],
)
async def test_nothing_a_command_leaves_behind_survives_it(
    script: str, backend: PlainBackend, tmp_path: Path
) -> None:
    result = await run(backend, script, tmp_path)

    assert [pid for pid in pids_in(result.head) if is_alive(pid)] == []
    assert pids_in(result.head)
    assert result.ended_processes >= 1
    assert result.exit_code == 0


async def test_every_one_of_many_processes_is_ended(backend: PlainBackend, tmp_path: Path) -> None:
    result = await run(backend, "for i in $(seq 32); do setsid sleep 349 & echo $!; done", tmp_path)

    assert [pid for pid in pids_in(result.head) if is_alive(pid)] == []
    assert result.ended_processes == 32


async def test_a_helper_that_is_still_writing_may_finish(backend: PlainBackend, tmp_path: Path) -> None:
    result = await run(backend, "echo last words > >(read -t 0.02 < /dev/zero; cat)", tmp_path)

    assert (result.head, result.ended_processes) == ("last words\n", 0)


async def test_a_time_out_ends_the_command_and_keeps_what_it_said(
    backend: PlainBackend, tmp_path: Path
) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    command = bash("echo $$; (setsid sleep 351 & echo $!); sleep 353", tmp_path)
    running = asyncio.create_task(backend.run(command, NOTHING, limits(wall_seconds=300), said.put_nowait))
    await heard(said, 2)

    await let_pass(300)
    result = await running

    assert (result.timed_out, result.exit_code) == (True, None)
    assert len(pids_in(result.head)) == 2
    assert [pid for pid in pids_in(result.head) if is_alive(pid)] == []
    assert result.seconds >= 300


async def test_a_command_that_ended_in_time_has_not_timed_out_if_its_end_is_read_late() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        control = Control(ours)
        waiting = asyncio.create_task(control.ending_within(300))
        await settled()

        theirs.sendall(b'{"status": 0}\n')
        forward(300)

        assert await waiting == (Ending(status=0), False)
        control.close()


async def test_a_cancelled_command_is_gone_when_the_caller_goes_on(
    backend: PlainBackend, tmp_path: Path
) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    command = bash("trap '' TERM; echo $$; while :; do sleep 355; done", tmp_path)
    running = asyncio.create_task(backend.run(command, NOTHING, limits(), said.put_nowait))
    pid = int(await said.get())

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not is_alive(pid)


async def test_cancelling_a_command_that_is_being_stopped_waits_for_its_end(
    backend: PlainBackend, tmp_path: Path
) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    command = bash("trap '' TERM; echo $$; while :; do sleep 356; done", tmp_path)
    running = asyncio.create_task(backend.run(command, NOTHING, limits(wall_seconds=300), said.put_nowait))
    pid = int(await heard(said, 1))
    await let_pass(300)  # by now it has been told to end, which takes this one half a second

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not is_alive(pid)


async def test_commands_at_the_same_time_do_not_disturb_each_other(
    backend: PlainBackend, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "gate")
    waiting = asyncio.create_task(run(backend, "cat gate; echo through", tmp_path))

    leaving = await run(backend, "(sleep 357 & echo $!)", tmp_path)
    stopped = await backend.run(bash("sleep 359", tmp_path), NOTHING, limits(wall_seconds=0.1))
    await run(backend, "echo open > gate", tmp_path)

    assert (leaving.ended_processes, stopped.timed_out) == (1, True)
    assert (await waiting).head == "open\nthrough\n"


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_agent_leaves_nothing(sign: signal.Signals, tmp_path: Path) -> None:
    script = "read -a stat < /proc/$PPID/stat; (setsid sleep 361 & echo $$ $PPID ${stat[3]} $!); sleep 363"
    with subprocess.Popen(
        [sys.executable, "-c", AGENT, script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as agent:
        assert agent.stdout is not None
        command, supervisor, runner, daemon = pids_in(agent.stdout.readline())

        agent.send_signal(sign)
        agent.wait()

        assert [pid for pid in (command, daemon, supervisor, runner) if not has_ended(pid)] == []


async def test_closing_ends_what_still_runs(tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    async with plain_backend() as backend:
        command = bash("echo $$ $PPID; exec sleep 365", tmp_path)
        running = asyncio.create_task(backend.run(command, NOTHING, limits(), said.put_nowait))
        pids = pids_in(await said.get())

    assert [pid for pid in pids if is_alive(pid)] == []
    assert (await running).exit_code == -signal.SIGTERM


async def test_a_killed_runner_is_replaced(backend: PlainBackend, tmp_path: Path) -> None:
    told = await run(backend, "read -a stat < /proc/$PPID/stat; echo ${stat[3]}", tmp_path)
    os.kill(int(told.head), signal.SIGKILL)
    assert has_ended(int(told.head))

    result = await run(backend, "echo again", tmp_path)

    assert result.head == "again\n"


async def test_a_command_that_kills_its_supervisor_is_a_clear_error(
    backend: PlainBackend, tmp_path: Path
) -> None:
    with pytest.raises(ToolError, match="the process that watches it was killed"):
        await run(backend, "kill -9 $PPID", tmp_path)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("no-such-program",), r"'no-such-program' could not be started: .*No such file"),
        (
            ("bash", "-c", "#" * 140_000),
            r"too long: 140,000 characters.* Write it to a file and run that file\.",
        ),
        (("bash", "-c", "echo \0"), r"'bash' could not be started: embedded null byte"),
    ],
    ids=["missing", "too long", "NUL"],
)
async def test_what_cannot_be_started_is_an_error_for_the_model(
    argv: tuple[str, ...], message: str, backend: PlainBackend, tmp_path: Path
) -> None:
    with pytest.raises(ToolError, match=message):
        await backend.run(Command(argv=argv, cwd=tmp_path), NOTHING, limits())


async def test_a_folder_that_is_gone_is_named(backend: PlainBackend, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="gone"):
        await run(backend, "true", tmp_path / "gone")


@contextmanager
def ignoring(*numbers: signal.Signals) -> Iterator[None]:
    """As under nohup, or as a job that a script left in the background."""
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in numbers]
    try:
        yield
    finally:
        for number, action in before:
            signal.signal(number, action)


async def test_a_command_gets_a_clean_process(backend: PlainBackend, tmp_path: Path) -> None:
    script = "ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status; ulimit -c; cat"

    with ignoring(signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
        result = await run(backend, script, tmp_path)

    descriptors, blocked, ignored, core = result.head.splitlines()
    libcs_own = 0b11 << 31  # signals 32 and 33, which libc lets nobody touch
    assert (descriptors, core) == ("4", "0")  # 0, 1, 2 and the folder ls reads
    assert int(blocked.removeprefix("SigBlk:"), 16) & ~libcs_own == 0
    assert int(ignored.removeprefix("SigIgn:"), 16) & ~libcs_own == 0


async def test_no_secret_of_the_agent_reaches_a_command(tmp_path: Path) -> None:
    own = {"PATH": os.environ["PATH"], "AGENT_API_KEY": "s3cret", "GEMINI_API_KEY": "s3cret", "LC_TIME": "C"}
    async with plain_backend() as closing:
        backend = PlainBackend(own_environment=own, processes=closing.processes)
        above = "read -a stat < /proc/$PPID/stat; cat /proc/$PPID/environ /proc/${stat[3]}/environ"

        result = await run(backend, f"env; {above}", tmp_path)

    assert "s3cret" not in result.head
    assert "LC_TIME=C" in result.head


def test_what_is_added_wins_over_what_is_passed_on() -> None:
    environment = command_environment({"TERM": "xterm", "SECRET": "1", "LC_ALL": "C"}, {"TERM": "dumb"})

    assert (environment["TERM"], environment["LC_ALL"], environment["PAGER"]) == ("dumb", "C", "cat")
    assert "SECRET" not in environment


def test_external_is_isolated_because_the_user_says_so() -> None:
    assert (PlainBackend().name, PlainBackend().isolated) == ("none", False)
    assert (external_backend().name, external_backend().isolated) == ("external", True)


async def test_descriptors_do_not_pile_up(backend: PlainBackend, tmp_path: Path) -> None:
    await run(backend, "true", tmp_path)
    before = open_descriptors()

    for _ in range(5):
        await run(backend, "echo x", tmp_path)

    assert open_descriptors() == before


async def test_a_long_output_is_kept_at_both_ends_and_whole_in_a_file(
    backend: PlainBackend, tmp_path: Path
) -> None:
    kept = limits(kept_chars=1_000, spill_to=tmp_path / "artifacts")

    result = await backend.run(bash("seq -w 10000", tmp_path), NOTHING, kept)

    whole = "".join(f"{number:05}\n" for number in range(1, 10_001))
    assert (result.head, result.tail) == (whole[:300], whole[-700:])
    assert result.dropped_chars == len(whole) - 1_000
    assert result.spilled is not None
    assert result.spilled.read_text() == whole


async def test_a_short_output_makes_no_file(backend: PlainBackend, tmp_path: Path) -> None:
    kept = limits(kept_chars=1_000, spill_to=tmp_path / "artifacts")

    result = await backend.run(bash("seq 10", tmp_path), NOTHING, kept)

    assert (result.spilled, result.dropped_chars) == (None, 0)
    assert not (tmp_path / "artifacts").exists()


async def test_a_file_that_cannot_be_written_is_said_and_the_rest_kept(
    backend: PlainBackend, tmp_path: Path
) -> None:
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    kept = limits(kept_chars=100, spill_to=tmp_path / "artifacts")

    result = await backend.run(bash("seq 1000", tmp_path), NOTHING, kept)

    assert result.note == "The full output could not be written: Not a directory."
    assert result.tail.endswith("999\n1000\n")


async def test_characters_cut_by_a_read_are_whole_and_bad_bytes_are_marked(
    backend: PlainBackend, tmp_path: Path
) -> None:
    script = r"printf 'gr\xc3'; read -t 0.03 < /dev/zero; printf '\xbc\xc3\x9fe \xff\xfe.'"

    result = await run(backend, script, tmp_path)

    assert result.head == "grüße \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}."


async def test_progress_is_told_in_few_bounded_pieces(backend: PlainBackend, tmp_path: Path) -> None:
    pieces: list[str] = []

    result = await backend.run(bash("seq 200000", tmp_path), NOTHING, limits(), pieces.append)

    assert max(map(len, pieces)) <= 2_000
    assert len(pieces) <= 2 + 10 * result.seconds
    assert pieces[-1].endswith("199999\n200000\n")


@pytest.mark.slow
async def test_endless_output_is_kept_within_bounds(backend: PlainBackend, tmp_path: Path) -> None:
    kept = limits(spill_to=tmp_path / "artifacts")

    result = await backend.run(bash("yes | head -c 200M", tmp_path), NOTHING, kept)

    assert (len(result.head) + len(result.tail), result.dropped_chars) == (20_000, 200 * 2**20 - 20_000)
    assert result.spilled is not None
    assert result.spilled.stat().st_size == 50_000_000
    assert result.note == "The file holds the first 50 MB of the output."


async def test_a_worker_answers_in_lines_until_it_is_closed(backend: PlainBackend, tmp_path: Path) -> None:
    worker = await backend.start(bash('echo $$; while read line; do echo "$line!"; done', tmp_path), NOTHING)
    pid = int(await worker.receive() or "")

    await worker.send("hey")
    answer = await worker.receive()
    await worker.aclose()

    assert answer == "hey!"
    assert not is_alive(pid)
    assert await worker.receive() is None


async def test_a_worker_that_cannot_be_started_is_an_error_for_the_model(
    backend: PlainBackend, tmp_path: Path
) -> None:
    worker = await backend.start(Command(argv=("no-such-program",), cwd=tmp_path), NOTHING)

    with pytest.raises(ToolError, match="'no-such-program' could not be started"):
        await worker.receive()


async def test_closing_the_back_end_ends_its_workers(tmp_path: Path) -> None:
    async with plain_backend() as backend:
        worker = await backend.start(bash("echo $$; sleep 367", tmp_path), NOTHING)
        pid = int(await worker.receive() or "")

    assert not is_alive(pid)
    with pytest.raises(ToolError, match=r"The process has ended\. Start a new one\."):
        await worker.send("hey")
