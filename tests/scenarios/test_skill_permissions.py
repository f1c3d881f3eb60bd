"""Who is asked about skills: a person sees the code that will run, and calls are judged as Python is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.events import Event, PermissionAsked, ToolFinished
from core.messages import ToolCall
from core.permissions import Approval
from core.policies import PermissionQuestion
from core.values import encode
from flow.executor import ToolExecutor
from flow.permission import Mode, Permissions
from flow.places import Places
from tests.building import NoCheckpoints
from tests.tool.skilling import RSI, RSI_EXAMPLE, rsi, skill_services
from tool.registry import BUILT_IN, Registry, built_in
from tool.sandbox_none import external_backend
from tool.skill_toolbox import SkillToolbox

PROMOTION = {"file_path": "rsi.py", "function_name": "calculate_rsi", "tool_name": "calculate_rsi"}
ARGUMENTS = {"prices": [1, 2, 1], "period": 2}
USE = {"name": "calculate_rsi", "arguments": ARGUMENTS}


@dataclass
class Person:
    answer: bool
    asked: list[PermissionQuestion] = field(default_factory=list)

    async def approve(self, call: ToolCall, question: PermissionQuestion) -> Approval:
        self.asked.append(question)
        return Approval(allowed=self.answer)


@dataclass
class Ran:
    person: Person
    events: Sequence[Event]

    @property
    def answer(self) -> str:
        return next(event.text for event in self.events if isinstance(event, ToolFinished))


async def ran(
    folder: Path, name: str, arguments: object, *, mode: Mode, isolated: bool = True, answer: bool = True
) -> Ran:
    person, events = Person(answer), list[Event]()

    async def tell(event: Event) -> None:
        events.append(event)

    async with skill_services(folder) as services:
        if isolated:
            services = replace(services, sandbox=external_backend())
        (folder / "work" / "rsi.py").write_text(f"{RSI}\n\ndef unused(): pass\n")
        if name != "promote_skill":
            services.skills.shelf.keep(rsi())
        executor = ToolExecutor(
            toolbox=SkillToolbox(Registry(built_in(services, BUILT_IN)), services),
            permission=Permissions(
                mode=mode,
                isolated=isolated,
                has_person=True,
                places=Places.of(str(folder / "work"), "/home/p"),
            ),
            approver=person,
            checkpoints=NoCheckpoints,
        )
        await executor.run([ToolCall(id="c", name=name, arguments=encode(arguments))], tell)
        if services.sandbox.isolated:
            await services.sandbox.aclose()
    return Ran(person, events)


async def test_whoever_is_asked_sees_all_the_code_that_will_run_and_no_always(tmp_path: Path) -> None:
    result = await ran(tmp_path, "promote_skill", PROMOTION | {"examples": [RSI_EXAMPLE]}, mode=Mode.ASK)

    kept = (tmp_path / "work/.roost/skills/calculate_rsi.py").read_text()
    (question,) = result.person.asked
    assert (question.shown, question.rule) == (kept, "")
    assert [event.shown for event in result.events if isinstance(event, PermissionAsked)] == [kept]
    assert (RSI in kept, "unused" in kept) == (True, False)


async def test_a_no_keeps_nothing(tmp_path: Path) -> None:
    result = await ran(tmp_path, "promote_skill", PROMOTION, mode=Mode.ASK, answer=False)

    assert result.answer.startswith("The user said no.")
    assert not (tmp_path / "work/.roost/skills").exists()


async def test_nobody_is_asked_about_what_would_be_refused_anyway(tmp_path: Path) -> None:
    wrong = PROMOTION | {"function_name": "unknown"}

    result = await ran(tmp_path, "promote_skill", wrong, mode=Mode.ASK)

    assert result.person.asked == []
    assert result.answer.startswith("There is no function 'unknown'")


@pytest.mark.parametrize(
    ("mode", "isolated", "asked"),
    [(Mode.ASK, True, 1), (Mode.AUTO_EDIT, True, 0), (Mode.AUTO_EDIT, False, 1), (Mode.FULL, False, 1)],
)
async def test_a_skill_is_asked_about_where_python_would_be(
    mode: Mode, isolated: bool, asked: int, tmp_path: Path
) -> None:
    calls = {"promote_skill": PROMOTION, "use_skill": USE, "calculate_rsi": ARGUMENTS}

    results = [await ran(tmp_path, name, calls[name], mode=mode, isolated=isolated) for name in calls]

    assert [len(result.person.asked) for result in results] == [asked] * 3
    assert [result.answer for result in results[1:]] == ["[50.0]", "[50.0]"]
    assert results[0].answer.startswith("calculate_rsi is a skill now")


@pytest.mark.parametrize(("name", "arguments"), [("promote_skill", PROMOTION), ("use_skill", USE)])
async def test_plan_runs_none(name: str, arguments: object, tmp_path: Path) -> None:
    result = await ran(tmp_path, name, arguments, mode=Mode.PLAN)

    assert result.answer.startswith(f"{name} was refused: mode plan only reads.")
