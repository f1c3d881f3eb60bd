"""What every tool promises, run by each of the built-in ones."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.errors import ToolError
from core.permissions import Effect
from core.profile import ActiveProfile, ModelProfile
from core.project import Project, Task
from core.schema import parse_arguments
from core.skill_shelf import Skills
from core.tools import AnyTool, ToolServices, WebResponse
from core.values import decode, encode, value
from core.views import View
from core.web import WebRules
from core.workspace import Workspace
from gate.embedding.hashed import HashedEmbedder
from store.code_index import CodeIndexFile
from store.project_file import ProjectFile
from tests.clocks import ENOUGH_SECONDS
from tests.tool.commanding import Nobody, plain_backend
from tests.tool.filing import CONTEXT, ran
from tests.tool.many_facts import ManyFacts
from tests.tool.skilling import RSI, one_line, shelf_in
from tool.fetch import Fetch
from tool.registry import BUILT_IN, Registry, built_in
from tool.skill_runner import SandboxedSkills

OUTPUT_CHARS = 2_000
PAGE = b"<title>A page</title><p>" + b"word " * 20_000


@value
class Shown:
    view: View


class Somebody:
    """Answers every question at once, and every fetch with a long page; one of the two for ever, if so asked."""

    async def ask(self, question: str, choices: Sequence[str]) -> str:
        if question == "for ever":
            await asyncio.Event().wait()
        return "x" * 100

    async def get(self, url: str, *, address: str, timeout_seconds: float, max_bytes: int) -> WebResponse:
        if url.endswith("forever"):
            await asyncio.Event().wait()
        return WebResponse(status=200, headers={"content-type": "text/html"}, body=PAGE, complete=True)


@dataclass(frozen=True)
class Case:
    """How one tool is called: so that it has much to say, so that it refuses, and so that it takes long."""

    much: Mapping[str, object]
    wrong: Mapping[str, object] | None = None
    """None for a tool whose every call that parses is a call it can make."""
    long: Mapping[str, object] = field(default_factory=dict)
    given: Callable[[Path], None] = lambda folder: None
    """Writes what only this tool has much to say of."""


def many_files(folder: Path) -> None:
    (folder / "many").mkdir()
    for number in range(300):
        (folder / "many" / f"a-rather-long-name-{number}.txt").touch()


def wide_table(folder: Path) -> None:
    rows = (",".join(f"{row}.{column}" for column in range(300)) for row in range(99))
    (folder / "wide.csv").write_text("\n".join(rows))


CASES = {
    "list_files": Case({"path": "many", "depth": 8}, {"path": "none"}, given=many_files),
    "read_file": Case({"path": "long.txt"}, {"path": "none"}),
    "write_file": Case(
        {"path": "new.txt", "content": "line\n" * 10_000}, {"path": "long.txt", "content": ""}
    ),
    "edit_file": Case(
        {"path": "long.txt", "old": "line 7\n", "new": "new\n" * 9_999},
        {"path": "long.txt", "old": "x", "new": "y"},
    ),
    "replace_lines": Case(
        {"path": "long.txt", "start": 8, "end": 8, "first": "line 7", "new": "new\n" * 9_999},
        {"path": "long.txt", "start": 8, "end": 8, "first": "x", "new": "y"},
    ),
    "find_text": Case(
        {"pattern": "line", "context": 3}, {"pattern": ""}, {"pattern": "(a+)+$", "path": "catastrophe"}
    ),
    "find_files": Case({"pattern": "*"}, {"pattern": " "}, given=many_files),
    "shell": Case({"command": "seq 100000"}, {"command": "a\0b"}, {"command": "sleep 300"}),
    "fetch": Case({"url": "http://127.0.0.1/"}, {"url": "no address"}, {"url": "http://127.0.0.1/forever"}),
    "data_view": Case({"path": "wide.csv"}, {"path": "none.csv"}, given=wide_table),
    "pyexe": Case({"code": "print('x' * 100_000)"}, None, {"code": "import time; time.sleep(300)"}),
    "ask_user": Case({"question": "?"}, None, {"question": "for ever"}),
    "project": Case({}, {"task": "none"}),
    "memory": Case(
        {"operation": "list"}, {"operation": "forget"}, {"operation": "search", "text": "for ever"}
    ),
    "find_code": Case({"query": "line"}, {"query": "line", "path": "none"}),
    "promote_skill": Case(
        {"file_path": "rsi.py", "function_name": "calculate_rsi", "tool_name": "rsi"},
        {"file_path": "none.py", "function_name": "f", "tool_name": "f"},
    ),
    "use_skill": Case(
        {"name": "many", "arguments": {"x": 9_000}},
        {"name": "none"},
        {"name": "endless", "arguments": {"x": 1}},
    ),
}


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[ToolServices]:
    (tmp_path / "long.txt").write_text("".join(f"line {number}\n" for number in range(10_000)))
    (tmp_path / "catastrophe").write_text("a" * 60 + "!\n")
    somebody = Somebody()
    async with plain_backend() as backend:
        project = ProjectFile(
            Workspace(tmp_path), tmp_path / ".roost/project.json", tmp_path.parent / "locks"
        )
        project.begin(
            Project(goal="x", tasks=tuple(Task(id=str(n), title="long " * 50) for n in range(1_000)))
        )
        index = CodeIndexFile.open(tmp_path.parent / f"{tmp_path.name}.sqlite", HashedEmbedder())
        shelf = shelf_in(tmp_path, tmp_path.parent / "skills")
        (tmp_path / "rsi.py").write_text(RSI)
        shelf.keep(one_line("many", "return list(range(x))"))
        shelf.keep(one_line("endless", "while True: pass"))
        runner = SandboxedSkills(backend, tmp_path)
        yield ToolServices(
            project=project,
            memory=ManyFacts(),
            code_index=lambda: index,
            skills=Skills(shelf=shelf, runner=lambda: runner, taken=BUILT_IN),
            workspace=Workspace(tmp_path),
            artifacts=tmp_path / ".roost" / "artifacts",
            sandbox=backend,
            asker=somebody,
            web=somebody,
            web_rules=WebRules(private_hosts=("127.0.0.1",)),
            active=ActiveProfile(ModelProfile(output_chars=OUTPUT_CHARS, read_lines=80)),
        )
        await asyncio.to_thread(index.close)


@pytest.fixture
async def make_tool(services: ToolServices, tmp_path: Path) -> AsyncIterator[Callable[[str], AnyTool]]:
    registry = Registry(built_in(services, BUILT_IN))

    def found(name: str) -> AnyTool:
        CASES[name].given(tmp_path)
        tool = registry.find(
            name
        )  # whether an address is our own is asked of a socket, which tests keep on loopback
        return replace(tool, is_own=lambda address: False) if isinstance(tool, Fetch) else tool

    yield found
    for tool in registry.loaded():
        if (close := getattr(tool, "aclose", None)) is not None:
            await close()


@contextmanager
def no_thread_free() -> Iterator[None]:
    """Whoever wants something done in a thread waits for it as long as the block lasts."""
    ended = threading.Event()
    threads = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(threads)
    threads.submit(ended.wait)
    try:
        yield
    finally:
        ended.set()


def test_every_built_in_tool_is_here() -> None:
    assert tuple(CASES) == tuple(BUILT_IN)


@pytest.mark.parametrize("name", CASES)
async def test_it_says_what_it_is(name: str, make_tool: Callable[[str], AnyTool]) -> None:
    tool = make_tool(name)

    assert tool.name == name
    assert isinstance(tool.effect, Effect)
    assert (tool.args.__doc__ or "").strip()


@pytest.mark.parametrize("name", CASES)
async def test_its_answer_is_bounded_and_can_be_shown(name: str, make_tool: Callable[[str], AnyTool]) -> None:
    result = await ran(make_tool(name), **CASES[name].much)

    assert 0 < len(result.text) <= OUTPUT_CHARS
    assert result.text.encode()
    assert result.view is not None
    assert decode(Shown, encode(Shown(view=result.view))) == Shown(view=result.view)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.wrong is not None])
async def test_nonsense_is_answered_with_what_to_mend(name: str, make_tool: Callable[[str], AnyTool]) -> None:
    with pytest.raises(ToolError) as raised:
        await ran(make_tool(name), **CASES[name].wrong or {})

    assert raised.value.hint


@pytest.mark.parametrize("name", CASES)
async def test_arguments_that_are_no_arguments_are_answered_in_one_line(
    name: str, make_tool: Callable[[str], AnyTool]
) -> None:
    with pytest.raises(ToolError, match=f"^{name} was not run: .*Call it again with these mended: {{.*}}$"):
        parse_arguments(make_tool(name), '{"nonsense": 1}')


@pytest.mark.parametrize("name", CASES)
async def test_it_can_be_cancelled(name: str, make_tool: Callable[[str], AnyTool]) -> None:
    case = CASES[name]
    tool = make_tool(name)
    with nullcontext() if case.long else no_thread_free():
        running = asyncio.create_task(tool.run(tool.args.model_validate(case.long or case.much), CONTEXT))
        await asyncio.wait([running], timeout=0.2 if case.long else 0)

        running.cancel()

        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(ENOUGH_SECONDS):
                await running


async def test_a_question_without_a_person_is_told_as_such(services: ToolServices) -> None:
    ask_user = Registry(built_in(replace(services, asker=Nobody()), BUILT_IN)).find("ask_user")

    with pytest.raises(ToolError):
        await ran(ask_user, question="?")
