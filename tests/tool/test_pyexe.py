import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import ToolError
from core.messages import ToolStatus
from core.tools import ToolContext, ToolResult
from core.views import CodeResult
from tests.clocks import let_pass
from tests.processes import has_ended, is_alive
from tests.tool.commanding import heard, plain_backend, services_in
from tool.pyexe import Pyexe, PyexeArgs
from tool.python_worker import bounded

LOST = "Its variables and imports are lost; the next call starts anew."
PYPLOT = """
import base64
class Figure:
    def savefig(self, file, **options):
        file.write(b"\\x89PNG drawn")
open_figures = [1, 2]
get_fignums = open_figures.copy
figure = lambda number: Figure()
close = lambda which: open_figures.clear()
"""
AGENT = """
import asyncio, sys
from pathlib import Path
from core.tools import ToolContext
from tests.tool.commanding import services_in
from tool.pyexe import Pyexe, PyexeArgs
from tool.sandbox_none import PlainBackend

async def main():
    pyexe = Pyexe(services_in(Path("."), PlainBackend()))
    show = lambda text: print(text, end="", flush=True)
    await pyexe.run(PyexeArgs(code="import os, time; print(os.getpid(), os.getppid()); time.sleep(379)"), ToolContext("1", show))

asyncio.run(main())
"""


@pytest.fixture
async def pyexe(tmp_path: Path) -> AsyncIterator[Pyexe]:
    async with plain_backend() as backend:
        yield Pyexe(services_in(tmp_path, backend, output_chars=2_000))


async def ran(pyexe: Pyexe, code: str, *, reset: bool = False) -> ToolResult:
    args = PyexeArgs(code=code, timeout_seconds=600, reset=reset)
    return await pyexe.run(args, ToolContext(call_id="call-1"))


def view_of(result: ToolResult) -> CodeResult:
    assert isinstance(result.view, CodeResult)
    return result.view


def without_marks(trace: str) -> str:
    """Without the lines that point at a place, which differ between versions of Python."""
    return "\n".join(line for line in trace.split("\n") if not line.strip() or set(line) - set(" ^~"))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("6 * 7", "42"),
        ("x = 1", "(no output)"),
        ("", "(no output)"),
        ("None", "(no output)"),
        ("print('a'); 'b'", "a\n'b'"),
        (
            "import subprocess; subprocess.run('echo from outside; exit 2', shell=True).returncode",
            "from outside\n2",
        ),
        ("print('grüße')", "grüße"),
        (
            "import os\nif os.fork() == 0:\n    print('child')\nelse:\n    os.wait(); print('parent')",
            "child\nparent",
        ),
        ("import os; os.write(1, b'\\xff\\n'); None", "\N{REPLACEMENT CHARACTER}"),
        ("__name__", "'__main__'"),
        ("import os; os.environ['MPLBACKEND']", "'Agg'"),
        ("import sys; sys.stdin.read()", "''"),
    ],
)
async def test_output_and_the_last_value_are_shown(code: str, text: str, pyexe: Pyexe) -> None:
    result = await ran(pyexe, code)

    assert result.text == text
    assert result.status is ToolStatus.OK
    assert result.view == CodeResult(code=code, output="" if text == "(no output)" else text, failed=False)


async def test_variables_and_imports_last_until_reset(pyexe: Pyexe) -> None:
    await ran(pyexe, "import math; x = 20")
    await ran(pyexe, "x += 1")

    kept = await ran(pyexe, "math.floor(x * 2.02)")
    fresh = await ran(pyexe, "'x' in globals()", reset=True)

    assert (kept.text, fresh.text) == ("42", "False")


async def test_modules_of_the_workspace_can_be_imported_and_ours_cannot(pyexe: Pyexe, tmp_path: Path) -> None:
    (tmp_path / "shell.py").write_text("where = 'workspace'")

    result = await ran(pyexe, "import shell; shell.where")

    assert result.text == "'workspace'"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "import json\ndef read(text):\n    return json.loads(text)\nread('{')",
            "Traceback (most recent call last):\n  File \"<cell 1>\", line 4, in <module>\n    read('{')\n"
            '  File "<cell 1>", line 3, in read\n    return json.loads(text)\n',
        ),
        ("x y", '  File "<cell 1>", line 1\n    x y\nSyntaxError: invalid syntax'),
        ("input('name?')", "EOFError: input() has nobody to ask here: write the value into the code."),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
    ids=["library", "syntax", "input", "exit", "interrupt"],
)
async def test_an_exception_is_told_by_the_lines_of_the_code_alone(
    code: str, text: str, pyexe: Pyexe
) -> None:
    result = await ran(pyexe, code)

    assert text in without_marks(result.text)
    assert "json/decoder" not in result.text
    assert "python_worker" not in result.text
    assert view_of(result).failed
    assert result.status is ToolStatus.OK


async def test_state_survives_an_exception(pyexe: Pyexe) -> None:
    await ran(pyexe, "x = 5; 1 / 0")

    assert (await ran(pyexe, "x")).text == "5"


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("print('last'); import os; os._exit(7)", "last\nThe process ended with exit code 7."),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "The process was ended by Segmentation fault.",
        ),
        ("import os; os.kill(os.getppid(), 9)", "The process was ended from outside."),
    ],
    ids=["exit", "crash", "keeper killed"],
)
async def test_a_process_that_died_is_reported_and_replaced(code: str, ending: str, pyexe: Pyexe) -> None:
    await ran(pyexe, "x = 1")

    result = await ran(pyexe, code)

    assert result.text == f"{ending} {LOST}"
    assert result.status is ToolStatus.FAILED
    assert (await ran(pyexe, "'x' in globals()")).text == "False"


@pytest.mark.parametrize(
    "nonsense",
    [
        "no JSON",
        "[1]",
        '{"output": 5}',
        '{"done": {"failed": 1}}',
        '{"died": "x"}',
        "[" * 100_000,
        "\\377",
        "x" * 17_000_000,
    ],
    ids=["words", "list", "number", "half", "text", "deep", "bytes", "long"],
)
async def test_a_program_of_the_project_that_talks_nonsense_is_replaced(
    nonsense: str, pyexe: Pyexe, tmp_path: Path
) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (tmp_path / "said").write_text(f"{nonsense}\n")
    (programs / "python").write_text('#!/bin/sh\nprintf "$(cat said)\\n"; cat > /dev/null\n')
    (programs / "python").chmod(0o755)

    result = await ran(pyexe, "1")
    (programs / "python").unlink()

    assert result.text == f"The process was ended from outside. {LOST}"
    assert (await ran(pyexe, "41 + 1")).text == "42"


async def test_a_time_out_ends_the_process_with_all_it_started(pyexe: Pyexe) -> None:
    code = "import os, subprocess\nprint(os.getpid(), subprocess.Popen(['setsid', 'sleep', '381']).pid)\nwhile True: pass"

    said: asyncio.Queue[str] = asyncio.Queue()
    args = PyexeArgs(code=code, timeout_seconds=300)
    running = asyncio.create_task(pyexe.run(args, ToolContext("call-1", said.put_nowait)))
    await heard(said, 1)

    await let_pass(300)
    result = await running

    pids, _, note = result.text.partition("\n")
    assert note == f"Stopped after 300 s. {LOST}"
    assert [pid for pid in map(int, pids.split()) if is_alive(pid)] == []
    assert result.status is ToolStatus.FAILED
    assert (await ran(pyexe, "1")).text == "1"


async def test_output_is_streamed_and_a_cancelled_call_leaves_nothing(pyexe: Pyexe) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    args = PyexeArgs(code="import os, time; print(os.getpid()); time.sleep(383)")
    running = asyncio.create_task(pyexe.run(args, ToolContext("call-1", said.put_nowait)))
    pid = int(await said.get())

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not is_alive(pid)
    assert (await ran(pyexe, "1")).text == "1"


async def test_code_that_closes_its_output_does_not_break_the_next(pyexe: Pyexe) -> None:
    await ran(pyexe, "import os; os.close(1); os.close(2)")

    assert (await ran(pyexe, "print('back'); 6")).text == "back\n6"


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout = None",
        "import sys, io; sys.stdout = sys.stderr = io.StringIO()",
        "import sys; sys.stdout.close()",
    ],
)
async def test_code_that_replaces_its_output_does_not_silence_the_next(code: str, pyexe: Pyexe) -> None:
    replaced = await ran(pyexe, code)

    after = await ran(pyexe, "print('shown'); 1 + 1")

    assert (replaced.text, after.text.rstrip()) == ("(no output)", "shown\n2")


async def test_a_thread_may_go_on_between_calls(pyexe: Pyexe) -> None:
    await ran(pyexe, "import threading; go = threading.Event()")
    await ran(pyexe, "t = threading.Thread(target=lambda: (go.wait(), print('late'))); t.start()")

    result = await ran(pyexe, "go.set(); t.join()")

    assert result.text == "late"


class Long:
    def __repr__(self) -> str:
        return "b" * 1_000_000


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (list(range(1_000_000)), "198, 199, ...]"),
        ({number: number for number in range(1_000_000)}, "199: 199, ...}"),
        ("a" * 10_000_000, "a...a"),
        (Long(), "bb… (1,000,000 characters)"),
    ],
    ids=["list", "dict", "text", "object"],
)
def test_a_huge_value_is_shown_in_part(value: object, part: str) -> None:
    assert part in bounded(value)
    assert len(bounded(value)) < 4_100


async def test_five_megabytes_become_a_short_answer_and_a_file(pyexe: Pyexe, tmp_path: Path) -> None:
    result = await ran(pyexe, "print('\\n'.join(f'line {i}' for i in range(500_000)))")

    [file] = (tmp_path / ".roost" / "artifacts").glob("output-*.txt")
    assert len(result.text) <= 2_000
    assert result.text.startswith("line 0\n")
    assert result.text.endswith(f"line 499999\n(full output: .roost/artifacts/{file.name})")
    assert file.read_text().count("\n") == 500_000


async def test_an_error_in_the_middle_of_a_long_output_is_shown(pyexe: Pyexe) -> None:
    noise = "for i in range(9_000): print('line', i)\n"

    result = await ran(pyexe, f"{noise}print('ValueError: seven')\n{noise}")

    assert "ValueError: seven" in result.text


async def test_open_figures_are_saved_closed_and_named(pyexe: Pyexe, tmp_path: Path) -> None:
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").touch()
    (tmp_path / "matplotlib" / "pyplot.py").write_text(PYPLOT)

    result = await ran(pyexe, "import matplotlib.pyplot")
    after = await ran(pyexe, "matplotlib.pyplot.open_figures")

    images = view_of(result).images
    assert result.text == "\n".join(f"(plot: {image})" for image in images)
    assert [(tmp_path / image).read_bytes() for image in images] == [b"\x89PNG drawn"] * 2
    assert after.text == "[]"


async def test_the_interpreter_of_the_workspace_is_preferred(pyexe: Pyexe, tmp_path: Path) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(f'#!/bin/sh\nOWN=yes exec {sys.executable} "$@"\n')
    (programs / "python").chmod(0o755)

    assert (await ran(pyexe, "import os; os.environ['OWN']")).text == "'yes'"


async def test_an_interpreter_that_cannot_run_is_an_error_for_the_model(pyexe: Pyexe, tmp_path: Path) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text("no program")

    with pytest.raises(ToolError, match=r"\.venv/bin/python' could not be started: .*Permission denied"):
        await ran(pyexe, "1")


async def test_the_process_ends_with_the_session(tmp_path: Path) -> None:
    async with plain_backend() as backend:
        result = await ran(Pyexe(services_in(tmp_path, backend)), "import os; os.getpid()")

    assert not is_alive(int(result.text))


def test_the_process_ends_with_a_killed_agent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", AGENT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as agent:
        assert agent.stdout is not None
        pids = [int(word) for word in agent.stdout.readline().split()]

        agent.kill()
        agent.wait()

        assert [pid for pid in pids if not has_ended(pid)] == []
        assert len(pids) == 2
