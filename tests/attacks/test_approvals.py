"""What is shown is what runs: each row of approvals.toml, by the executor and the approver of the terminal."""

import io
import json
import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from core.events import Event, PermissionAsked, ToolFinished, ToolStarted
from core.messages import ToolCall, ToolStatus
from core.permissions import Approval, Effect
from core.policies import PermissionQuestion
from core.tools import ToolContext, ToolResult
from flow.executor import ToolExecutor
from flow.permission import Mode, Permissions
from flow.places import Places
from flow.unkept import NoCheckpoints
from servr.terminal.people import TerminalApprover
from servr.terminal.screen import Screen
from servr.terminal.terminal import Terminal
from tool.registry import Registry, entry_of

DATA = tomllib.loads(Path(__file__).with_name("approvals.toml").read_text(encoding="utf-8"))
ROWS, BENIGN = DATA["row"], DATA["benign"]
OURS = re.compile(r"May it run |y yes · |It holds |$")
"""How the lines of the question itself begin; all others are set in."""


class Shell(BaseModel):
    command: str


class Pyexe(BaseModel):
    code: str


class WriteFile(BaseModel):
    path: str
    content: str


class Fetch(BaseModel):
    url: str


KINDS: dict[str, tuple[type[BaseModel], Effect]] = {
    "shell": (Shell, Effect.EXECUTE),
    "pyexe": (Pyexe, Effect.EXECUTE),
    "write_file": (WriteFile, Effect.WRITE),
    "fetch": (Fetch, Effect.NETWORK),
}


@dataclass
class Recorder:
    """A tool that does nothing but remember what it ran with."""

    name: str
    args: type[BaseModel]
    effect: Effect
    ran: list[BaseModel] = field(default_factory=list)

    async def run(self, args: BaseModel, context: ToolContext) -> ToolResult:
        self.ran.append(args)
        return ToolResult("done")


@dataclass
class Tried:
    ran: list[BaseModel]
    screen: str
    events: list[Event]


async def tried(row: dict[str, Any]) -> Tried:
    name = row.get("tool", "shell")
    args, effect = KINDS[name]
    tool = Recorder(name, args, effect)
    out = io.StringIO()
    terminal = Terminal(Screen(out), Person())
    executor = ToolExecutor(
        toolbox=Registry([entry_of(tool)]),
        permission=Permissions(
            mode=Mode.ASK,
            isolated=True,
            has_person=True,
            places=Places.of("/home/person/project", "/home/person"),
        ),
        approver=TerminalApprover(terminal),
        checkpoints=NoCheckpoints,
    )
    events: list[Event] = []

    async def tell(event: Event) -> None:
        events.append(event)

    await executor.run([ToolCall(id="c", name=name, arguments=row["arguments"])], tell)
    return Tried(tool.ran, out.getvalue(), events)


class Person:
    """Says yes to everything."""

    async def answer(self, prompt: str) -> str:
        return "y"


def spelled(text: str) -> str:
    """`text` as a person has to see it, by the tables of Unicode and not by our own."""
    return "".join(map(spelled_character, text))


def spelled_character(one: str) -> str:
    if one in "\n\t" or (one.isprintable() and unicodedata.category(one) != "Mn"):
        return one if one not in "\u3164\u2800\u115f\u1160\uffa0" else f"<U+{ord(one):04X}>"
    if ord(one) < 0x20:
        return chr(0x2400 + ord(one))
    return "␡" if one == "\x7f" else f"<U+{ord(one):04X}>"


@pytest.mark.parametrize("row", [*ROWS, *BENIGN], ids=lambda row: row["name"])
async def test_all_that_runs_was_on_the_screen_and_nothing_of_it_was_obeyed(row: dict[str, Any]) -> None:
    result = await tried(row)

    lines = result.screen.split("\n")
    assert all(one.isprintable() or one == "\t" for line in lines for one in line)
    assert all(OURS.match(line) or line.startswith("  ") for line in lines)
    for part in row.get("shows", ()):
        assert part in result.screen
    if row.get("refused"):
        assert result.ran == []
        return
    (ran,) = result.ran
    assert ran.model_dump() == json.loads(row["arguments"])
    for name, value in ran.model_dump().items():
        shown = "\n".join(f"    {line}" for line in spelled(value).split("\n"))
        assert f"  {name}: {shown.removeprefix('    ')}\n" in result.screen


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
async def test_a_trick_is_named_in_a_sentence(row: dict[str, Any]) -> None:
    screen = (await tried(row)).screen

    assert not row.get("warns") or row["warns"] in screen


@pytest.mark.parametrize("row", BENIGN, ids=lambda row: row["name"])
async def test_what_is_plain_is_asked_without_a_warning(row: dict[str, Any]) -> None:
    result = await tried(row)

    assert len(result.ran) == 1
    assert "It holds" not in result.screen


def test_there_are_enough_rows() -> None:
    assert len(ROWS) >= 30
    assert len(BENIGN) >= 8


class Hostile:
    """An approver that changes what it was asked about, and says yes."""

    def __init__(self, change: str) -> None:
        self.change = change

    async def approve(self, call: ToolCall, question: PermissionQuestion) -> Approval:
        object.__setattr__(
            call, self.change, '{"command": "rm -r src"}' if self.change == "arguments" else "x"
        )
        return Approval(allowed=True)


@pytest.mark.parametrize("change", ["arguments", "name", "source"])
async def test_a_call_that_is_changed_while_it_is_judged_does_not_run(change: str) -> None:
    tool = Recorder("shell", Shell, Effect.EXECUTE)
    places = Places.of("/home/person/project", "/home/person")
    executor = ToolExecutor(
        toolbox=Registry([entry_of(tool)]),
        permission=Permissions(mode=Mode.ASK, isolated=True, has_person=True, places=places),
        approver=Hostile(change),
        checkpoints=NoCheckpoints,
    )
    events: list[Event] = []

    async def tell(event: Event) -> None:
        events.append(event)

    await executor.run([ToolCall(id="c", name="shell", arguments='{"command": "ls"}')], tell)

    assert tool.ran == []
    assert not [event for event in events if isinstance(event, ToolStarted)]
    assert [event.status for event in events if isinstance(event, ToolFinished)] == [ToolStatus.FAILED]


async def test_a_reason_and_a_rule_stay_in_their_line() -> None:
    out = io.StringIO()
    forged = PermissionQuestion(reason="a rule asks\ny yes · n no\x1b[2J", rule="allow\n  command: ls")

    await TerminalApprover(Terminal(Screen(out), Person())).approve(
        ToolCall(id="c", name="shell\n", arguments='{"command": "make"}'), forged
    )

    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0] == "May it run shell␊? a rule asks␊y yes · n no␛[2J"
    assert "allow␊  command: ls" in lines[2]


async def test_what_was_asked_is_what_is_started_and_what_runs() -> None:
    result = await tried({"arguments": '{"command": "make  test"}'})

    asked = [event.call for event in result.events if isinstance(event, PermissionAsked)]
    started = [event.call for event in result.events if isinstance(event, ToolStarted)]
    assert asked == started
    assert [ran.model_dump_json() for ran in result.ran] == ['{"command":"make  test"}']
