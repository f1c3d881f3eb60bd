import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import ToolError
from core.messages import ToolStatus
from core.tools import ToolContext, ToolResult
from core.views import CommandOutput
from tests.clocks import let_pass
from tests.processes import is_alive
from tests.tool.commanding import heard, pids_in, plain_backend, services_in
from tool.shell import Shell, ShellArgs

CONTEXT = ToolContext(call_id="call-1")


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    (tmp_path / "sub").mkdir()
    async with plain_backend() as backend:
        yield Shell(services_in(tmp_path, backend, output_chars=2_000))


async def ran(shell: Shell, command: str) -> ToolResult:
    return await shell.run(ShellArgs(command=command, timeout_seconds=600), CONTEXT)


def view_of(result: ToolResult) -> CommandOutput:
    assert isinstance(result.view, CommandOutput)
    return result.view


async def test_a_command_runs_in_the_workspace(shell: Shell, tmp_path: Path) -> None:
    result = await ran(shell, "pwd; ls")

    assert result.text == f"{tmp_path}\nsub"
    assert result.status is ToolStatus.OK
    view = view_of(result)
    assert (view.command, view.output, view.exit_code) == ("pwd; ls", f"{tmp_path}\nsub", 0)
    assert view.full_output == ""


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("true", "(no output)"),
        ("false", "(no output)\nexit code 1"),
        ("echo out; echo err >&2; exit 3", "out\nerr\nexit code 3"),
        ("kill -9 $$", "(no output)\nended by signal 9 (Killed)"),
        ("printf '\\033[1mbold\\033[0m 1%%\\rdone\\n'", "done"),
        ("printf 'caf\\351\\n'", "caf\N{REPLACEMENT CHARACTER}"),
        ("no-such-command", "bash: line 1: no-such-command: command not found\nexit code 127"),
        (
            "if then",
            "bash: -c: line 1: syntax error near unexpected token `then'\nbash: -c: line 1: `if then'\nexit code 2",
        ),
        ("(sleep 371 &)", "(no output)\n(1 process still ran at its end: ended.)"),
        ("cat", "(no output)"),
        ("cat <<END\n$((6 * 7))\nEND", "42"),
        ("# only a comment", "(no output)"),
        ("echo $0 $# $@", "bash 0"),
    ],
)
async def test_the_model_reads_output_and_how_it_ended(command: str, text: str, shell: Shell) -> None:
    result = await ran(shell, command)

    assert result.text == text
    assert result.status is ToolStatus.OK


@pytest.mark.parametrize(
    "command",
    [
        "cd sub",
        "cd sub; exit 0",
        "set -e; cd sub; true",
        "cd sub\n",
        "cd sub && (cd ..)",
    ],
)
async def test_the_working_directory_lasts(command: str, shell: Shell, tmp_path: Path) -> None:
    moved = await ran(shell, command)

    after = await ran(shell, "pwd")

    assert moved.text == "(no output)\n(now in sub)"
    assert after.text == f"{tmp_path}/sub"


@pytest.mark.parametrize(
    ("command", "ending"),
    [
        ("cd sub; exit 3", "exit code 3"),
        ("set -e; cd sub; false", "exit code 1"),
        ("cd sub\nif then", "exit code 2"),
    ],
)
async def test_the_working_directory_lasts_after_a_failure(
    command: str, ending: str, shell: Shell, tmp_path: Path
) -> None:
    failed = await ran(shell, command)

    after = await ran(shell, "pwd")

    assert failed.text.endswith(f"(now in sub)\n{ending}")
    assert after.text == f"{tmp_path}/sub"


@pytest.mark.parametrize("command", ["cd ..; exec true", "trap 'true' EXIT; cd ..", "exec 9>&-; cd .."])
async def test_a_command_that_cannot_be_followed_changes_no_directory(
    command: str, shell: Shell, tmp_path: Path
) -> None:
    await ran(shell, "cd sub")

    await ran(shell, command)

    assert (await ran(shell, "pwd")).text == f"{tmp_path}/sub"


@pytest.mark.parametrize("command", ["cd /", "ln -s / out; cd out"])
async def test_outside_the_workspace_no_directory_lasts(command: str, shell: Shell, tmp_path: Path) -> None:
    await ran(shell, "cd sub")

    moved = await ran(shell, command)

    note = "(/ is outside the workspace: the next call starts at its root again.)"
    assert moved.text == f"(no output)\n{note}"
    assert (await ran(shell, "pwd")).text == str(tmp_path)


async def test_a_working_directory_that_is_gone_is_left(shell: Shell, tmp_path: Path) -> None:
    await ran(shell, "cd sub")
    (tmp_path / "sub").rmdir()

    result = await ran(shell, "pwd")

    assert result.text == f"{tmp_path}\n(sub is gone: this ran at the workspace's root.)"


async def test_a_time_out_ends_everything_and_says_what_to_do(shell: Shell) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    command = ShellArgs(command="(setsid sleep 373 & echo $!); echo $$; sleep 375", timeout_seconds=300)
    running = asyncio.create_task(shell.run(command, ToolContext("call-1", said.put_nowait)))
    await heard(said, 2)

    await let_pass(300)
    result = await running

    *lines, note = result.text.split("\n")
    pids = pids_in(" ".join(lines))
    assert note == "Stopped after 300 s, with all it had started. Raise timeout_seconds, or run it in parts."
    assert [pid for pid in pids if is_alive(pid)] == []
    assert len(pids) == 2
    assert result.status is ToolStatus.FAILED
    assert view_of(result).exit_code is None


async def test_output_is_streamed_without_control_sequences(shell: Shell) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    os.mkfifo(shell.services.workspace.root / "gate")
    command = ShellArgs(command="printf '\\033[31mready\\033[0m'; cat gate")
    running = asyncio.create_task(shell.run(command, ToolContext("call-1", said.put_nowait)))

    first = await said.get()
    await ran(shell, "echo ' go' > gate")

    assert first == "ready"
    assert (await running).text == "ready go"


async def test_a_cancelled_call_leaves_nothing(shell: Shell) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    command = ShellArgs(command="echo $$; sleep 377")
    running = asyncio.create_task(shell.run(command, ToolContext("call-1", said.put_nowait)))
    pid = int(await said.get())

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not is_alive(pid)


@pytest.mark.parametrize(
    "command",
    ["head -c 5000000 /dev/zero | tr '\\0' x", "seq 700000", "head -c 5000000 /dev/urandom"],
    ids=["one line", "many lines", "binary"],
)
async def test_five_megabytes_become_a_short_answer_and_a_file(
    command: str, shell: Shell, tmp_path: Path
) -> None:
    result = await ran(shell, command)

    view = view_of(result)
    assert len(result.text) <= 2_000
    assert result.text.endswith(f"(full output: {view.full_output})")
    assert "characters" in view.output
    assert (tmp_path / view.full_output).stat().st_size > 4_500_000


async def test_an_error_in_the_middle_of_a_long_output_is_shown(shell: Shell) -> None:
    result = await ran(shell, "seq 50000; echo 'lib.c:7: error: no such field'; seq 50000; exit 1")

    assert "lib.c:7: error: no such field" in result.text
    assert result.text.startswith("1\n2\n")
    assert "\n50000\n(full output: " in result.text
    assert result.text.endswith("\nexit code 1")
    assert len(result.text) <= 2_000


@pytest.mark.slow
async def test_two_hundred_megabytes_stay_within_bounds(shell: Shell, tmp_path: Path) -> None:
    result = await ran(shell, "yes | head -c 200M")

    assert len(result.text) <= 2_000
    assert "(The file holds the first 50 MB of the output.)" in result.text
    assert (tmp_path / view_of(result).full_output).stat().st_size == 50_000_000


async def test_a_progress_bar_is_one_line(shell: Shell) -> None:
    result = await ran(shell, "for i in $(seq 2000); do printf '\\r%d of 2000' $i; done; echo")

    assert view_of(result).output == "2000 of 2000"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("echo \0", r"^The command has a NUL character at 5\. printf '\\0' writes one\.$"),
        ("true " + "x" * 140_000, r"is the most\. Write it to a file and run that file\.$"),
    ],
    ids=["NUL", "too long"],
)
async def test_what_no_shell_can_take_is_an_error_for_the_model(
    command: str, message: str, shell: Shell
) -> None:
    with pytest.raises(ToolError, match=message):
        await ran(shell, command)
