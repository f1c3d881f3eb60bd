"""Tasks done one after the other: what counts as done, what goes back, and what is left when it ends early."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from core.errors import GatewayError, PlanRefused
from core.permissions import Effect
from core.project import Project, Stage, Status, Task, noted, with_status
from core.sandbox import Command, CommandResult, Limits, SandboxPolicy
from core.tools import ToolContext, ToolResult
from flow.acceptance import Acceptance
from flow.plan_desk import PlanDesk
from flow.project_review import MOST_REVIEWS, ProjectReview
from flow.project_runner import ProjectRunner
from flow.sessions import Session
from flow.task_tries import Workplace
from flow.task_words import task_words
from gate.scripted import Reply, ScriptedGateway, call, say
from tests.building import NOW, MemoryLog, Permits, a_loop
from tests.flow.planning import Kept

POLICY = SandboxPolicy(writable=())


class ShellArgs(BaseModel):
    """Run a command."""

    command: str


@dataclass
class PassingShell:
    """A shell in which all goes well."""

    name: str = "shell"
    effect: Effect = Effect.EXECUTE
    args = ShellArgs

    async def run(self, args: ShellArgs, context: ToolContext) -> ToolResult:
        return ToolResult("1 passed")


@dataclass
class Answers:
    """A sandbox in which each command ends as it is told to: once, twice, and then always the same."""

    codes: dict[str, list[int]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    policy: SandboxPolicy = POLICY
    name: str = "answers"
    isolated: bool = True

    async def run(
        self, command: Command, policy: SandboxPolicy, limits: Limits, progress: Callable[[str], None] = print
    ) -> CommandResult:
        text = command.argv[-1]
        self.ran.append(text)
        codes = self.codes.get(text, [0])
        code = codes.pop(0) if len(codes) > 1 else codes[0]
        return CommandResult(
            exit_code=code, head=f"{text} said so", tail="", dropped_chars=0, seconds=0, timed_out=False
        )


@dataclass
class Names:
    """Runners of whom only those named are there."""

    there: tuple[str, ...] = ()

    @contextmanager
    def enter(self) -> Iterator[str]:
        yield "me"

    def is_there(self, runner: str) -> bool:
        return runner in self.there


@dataclass
class Scene:
    kept: Kept
    gateway: ScriptedGateway
    answers: Answers
    there: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)
    sessions: int = 0

    @property
    def runner(self) -> ProjectRunner:
        desk = PlanDesk(self.kept, "me", self.told.append)
        return ProjectRunner(desk, Names(self.there), ProjectReview(desk, self.accept), self.work)

    @asynccontextmanager
    async def accept(self) -> AsyncIterator[Acceptance]:
        yield Acceptance(self.answers, Permits(), Permits(), Path("/"))  # type: ignore[arg-type]

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Workplace]:
        self.sessions += 1
        async with self.accept() as acceptance:
            session = Session(id="s", loop=a_loop(self.gateway, PassingShell()), log=MemoryLog())
            yield Workplace(session, acceptance, window_tokens=None)

    @property
    def tasks(self) -> tuple[Task, ...]:
        assert self.kept.plan
        return self.kept.plan.tasks


def scene(*tasks: Task, replies: tuple[Reply | GatewayError, ...] = (), **codes: list[int]) -> Scene:
    plan = Project(goal="A shop", stage=Stage.EXECUTING, tasks=tasks)
    return Scene(Kept(plan), ScriptedGateway(*replies), Answers(codes))


async def test_tasks_are_done_in_order_each_in_a_session_of_its_own() -> None:
    first, second = (
        Task(id="1", title="a", checks=("one",)),
        Task(id="2", title="b", after=("1",), checks=("two",)),
    )
    at = scene(second, first, replies=(say("a is in a.py."), say("b is done.")))

    assert await at.runner.all()

    assert at.kept.plan
    assert (at.kept.plan.stage, at.sessions) == (Stage.COMPLETE, 2)
    assert at.answers.ran == ["one", "two", "two", "one"]
    assert "task 1 (a): a is in a.py." in at.gateway.requests[1].messages[-1].text
    assert [task.status for task in at.tasks] == [Status.DONE, Status.DONE]


async def test_what_fails_goes_back_with_its_output() -> None:
    at = scene(Task(id="1", title="a", checks=("one",)), replies=(say("Done."), say("Now.")), one=[1, 0])

    assert await at.runner.next()

    assert (
        "[data]\n`one` failed:\none said so\nexit code 1\n[/data]" in at.gateway.requests[1].messages[-1].text
    )
    assert (at.tasks[0].status, at.tasks[0].tries, at.tasks[0].runner, at.sessions) == (Status.DONE, 2, "", 1)


async def test_after_three_tries_a_task_is_blocked_and_the_others_go_on() -> None:
    hard, easy = Task(id="1", title="a", checks=("one",)), Task(id="2", title="b", checks=("two",))
    at = scene(hard, easy, replies=(say("Done."),) * 4, one=[1])

    assert not await at.runner.all()

    assert [task.status for task in at.tasks] == [Status.BLOCKED, Status.DONE]
    assert at.tasks[0].notes[0].startswith("3 tries did not get it done. `one` failed:")
    assert at.told[-1].startswith("Nothing can be begun now (blocked: 1).")


async def test_without_checks_tests_that_passed_are_the_proof() -> None:
    at = scene(Task(id="1", title="a"), replies=(call("shell", command="pytest -q"), say("It works.")))

    assert await at.runner.next()

    assert at.tasks[0].status is Status.DONE
    assert at.tasks[0].notes == ("It works.\nShown by: pytest -q",)


async def test_the_models_word_alone_is_no_proof() -> None:
    at = scene(Task(id="1", title="a"), replies=(say("Done."), say("Really.")))

    assert not await at.runner.next()

    assert "Nothing you ran since your last change shows" in at.gateway.requests[1].messages[-1].text
    assert at.tasks[0].status is Status.REVIEW
    assert at.tasks[0].notes == ("Really.\nNothing that was run shows it: look at it.",)


@pytest.mark.parametrize(
    "said", ["BLOCKED: no compiler.", "blocked: no compiler.", "**BLOCKED:** no compiler."]
)
async def test_a_model_may_give_up_and_say_why(said: str) -> None:
    at = scene(Task(id="1", title="a", checks=("one",)), replies=(say(said),))

    assert not await at.runner.next()

    assert (at.tasks[0].status, at.tasks[0].notes, at.answers.ran) == (Status.BLOCKED, (said,), [])


async def test_a_server_that_is_gone_puts_the_task_back() -> None:
    at = scene(Task(id="1", title="a"), replies=(GatewayError("gone"),))

    with pytest.raises(GatewayError, match="gone"):
        await at.runner.all()

    assert at.tasks == (Task(id="1", title="a"),)


async def test_an_interrupt_puts_the_task_back() -> None:
    never = asyncio.Event()
    at = scene(Task(id="1", title="a"), replies=((never,),))

    work = asyncio.ensure_future(at.runner.all())
    await at.gateway.asked(1)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert at.tasks == (Task(id="1", title="a"),)


async def test_what_a_dead_runner_left_is_taken_and_what_a_living_one_has_is_not() -> None:
    left = Task(id="1", title="a", status=Status.DOING, runner="dead", tries=1, checks=("one",))
    taken = Task(id="2", title="b", status=Status.DOING, runner="living", tries=1, checks=("two",))
    at = scene(left, taken, replies=(say("Done."),))
    at.there = ("living",)

    went_well = [await at.runner.next(), await at.runner.next()]

    assert went_well == [True, False]
    assert [(task.status, task.tries) for task in at.tasks] == [(Status.DONE, 2), (Status.DOING, 1)]
    assert "being done by somebody else: 2" in at.told[-1]


async def test_a_task_that_ends_its_runner_each_time_is_blocked() -> None:
    deadly = Task(id="1", title="a", status=Status.DOING, runner="dead", tries=3)
    at = scene(deadly)

    assert not await at.runner.all()

    assert at.tasks[0].status is Status.BLOCKED
    assert at.tasks[0].notes == ("It was begun 3 times and never came to an end.",)
    assert at.gateway.requests == []


async def test_what_is_in_review_is_checked_first() -> None:
    good, bad = (Task(id=name, title=name, status=Status.REVIEW, checks=(name,)) for name in ("good", "bad"))
    at = scene(good, bad, replies=(say("Now."),), bad=[1, 0])

    assert await at.runner.all()

    assert at.tasks[0].status is Status.DONE
    assert at.tasks[1].notes == ("`bad` failed:\nbad said so\nexit code 1", "Now.")


async def test_tasks_that_break_each_other_are_not_opened_for_ever() -> None:
    at = scene(
        Task(id="1", title="a", checks=("one",)),
        replies=(say("Done."),) * (MOST_REVIEWS + 1),
        one=[0, 1] * (MOST_REVIEWS + 1),
    )

    assert not await at.runner.all()

    assert at.tasks[0].status is Status.BLOCKED
    assert at.kept.plan
    assert at.kept.plan.stage is Stage.EXECUTING


async def test_a_draft_is_not_carried_out() -> None:
    at = scene(Task(id="1", title="a"))
    at.kept.plan = replace(at.runner.desk.project(), stage=Stage.PLANNING)

    with pytest.raises(PlanRefused, match="not accepted"):
        await at.runner.next()


async def test_what_the_person_makes_of_a_task_meanwhile_stands() -> None:
    at = scene(Task(id="1", title="a", checks=("one",)), replies=(say("Done."),))

    def dropped(text: str) -> None:
        if text.startswith("Check: "):
            assert at.kept.plan
            at.kept.plan = replace(
                at.kept.plan, tasks=(replace(at.tasks[0], status=Status.DROPPED, runner=""),)
            )

    desk = PlanDesk(at.kept, "me", dropped)
    runner = ProjectRunner(desk, Names(), ProjectReview(desk, at.accept), at.work)
    assert await runner.next()

    assert at.tasks[0].status is Status.DROPPED


def test_the_words_of_a_task_fit_their_room_whatever_the_plan_holds() -> None:
    notes = tuple(f"note {number} " + "long " * 300 for number in range(50))
    others = tuple(Task(id=str(number), title="t" * 500, notes=notes) for number in range(2, 300))
    task = Task(
        id="1",
        title="T" * 9_000,
        detail="d" * 90_000,
        after=("2",),
        checks=("c" * 9_000,),
        criteria=("k" * 9_000,),
    )
    project = noted(Project(goal="g" * 90_000, tasks=(task, *others)), "n" * 90_000, at=NOW)

    words = task_words(project, task, 3_000)

    assert len(words) < 3_600
    assert "when you say that it is done" in words
    assert words.endswith("say what is in the way.")


def test_the_words_of_a_task_tell_first_what_it_comes_after() -> None:
    before, other = Task(id="1", title="a", notes=("in a.py",)), Task(id="3", title="c", notes=("in c.py",))
    task = Task(id="2", title="b", after=("1",), notes=("try the other way",))
    project = noted(Project(goal="g", tasks=(other, before, task)), "slow tests", at=NOW)

    words = task_words(project, task, 3_000)

    assert (
        "What is known from earlier work:\n- this task: try the other way\n- task 1 (a): in a.py\n"
        "- notebook: slow tests\n- task 3 (c): in c.py"
    ) in words


async def test_a_runner_waits_for_what_another_one_is_at_and_goes_on_after_it() -> None:
    others = Task(id="1", title="a", status=Status.DOING, runner="other")
    at = scene(others, Task(id="2", title="b", after=("1",), checks=("two",)), replies=(say("Done."),))
    at.there = ("other",)
    waits = list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            at.kept.change(lambda project: with_status(project, "1", Status.DONE))

    assert await replace(at.runner, sleep=sleep).all()
    assert len(waits) == 2
    assert [task.status for task in at.tasks] == [Status.DONE, Status.DONE]


async def test_what_another_one_ended_just_before_it_left_is_seen() -> None:
    at = scene(Task(id="1", title="a", status=Status.DOING, runner="other"))

    class Leaving(Names):
        """There when it is looked whose task may be taken; done and gone at the next look."""

        def is_there(self, runner: str) -> bool:
            if at.told:
                at.kept.change(lambda project: with_status(project, "1", Status.DONE))
            return not at.told

    assert await replace(at.runner, runners=Leaving()).all()
    assert at.kept.plan
    assert at.kept.plan.stage is Stage.COMPLETE
