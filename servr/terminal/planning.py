"""A plan before a person: shown, edited, sent back with words, taken or left."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from shutil import get_terminal_size
from textwrap import wrap

from core.errors import AgentError, ConfigError, PlanRefused
from core.project import Project
from core.visible import visible
from flow.plan_text import as_text, from_text, with_fault
from servr.plan_lines import plan_lines
from servr.spans import Line, Style
from servr.terminal.terminal import Terminal

QUESTION = "Take it? [y/e/n] "
CHOICES = "y take it · e edit it · n leave it as a draft · or say what should be different"
FILE = "plan.toml"
MOST_DETAIL_LINES = 6
YES, EDIT, NO = ("y", "yes"), ("e", "edit"), ("n", "no")


@dataclass(frozen=True)
class PlanTalk:
    terminal: Terminal
    again: Callable[[Project, str], Awaitable[Project]]
    """The model's next plan, by what the person said of this one."""
    keep: Callable[[Project], None]
    """Each state of it, so that none is lost."""
    edit: Callable[[str, str], Awaitable[str]]

    async def taken(self, plan: Project) -> Project | None:
        """The plan that the person takes; None when they leave it, or are gone."""
        self._show(plan)
        while True:
            try:
                answer = await self.terminal.ask([Line(CHOICES, Style.DIM)], QUESTION)
            except EOFError:
                return None
            match answer.lower():
                case word if word in YES:
                    return plan
                case word if word in NO:
                    return None
                case "":
                    continue
                case word if word in EDIT:
                    new = await self._edited(plan)
                case _:
                    new = await self._other(plan, answer)
            if new != plan:
                plan = new
                self.keep(plan)
                self._show(plan)

    async def _edited(self, plan: Project) -> Project:
        """Until what the person made of it can be read, or they no longer change it."""
        text = as_text(plan)
        while True:
            try:
                new = await self.edit(text, FILE)
                return plan if new == text else from_text(new, plan)
            except ConfigError as error:
                self._say(error)
                return plan
            except PlanRefused as error:
                self._say(error)
                text = with_fault(new, str(error))
                if not await self._wants_to_mend():
                    return plan

    async def _wants_to_mend(self) -> bool:
        try:
            answer = await self.terminal.ask([], "Mend it in the editor? [Y/n] ")
        except EOFError:
            return False
        return answer.lower() not in NO

    async def _other(self, plan: Project, words: str) -> Project:
        try:
            return await self.again(plan, words)
        except AgentError as error:
            self._say(error)
            return plan

    def _show(self, plan: Project) -> None:
        self.terminal.screen.show(draft_lines(plan))

    def _say(self, error: AgentError) -> None:
        self.terminal.screen.show([Line(visible(str(error)), Style.BAD)])


def draft_lines(plan: Project) -> list[Line]:
    """The table, and below it what each task is about."""
    width = get_terminal_size().columns
    lines = [*plan_lines(plan, width), Line("")]
    for task in plan.tasks:
        texts = [*task.detail.strip().splitlines()[:MOST_DETAIL_LINES]]
        texts += [f"check: {check}" for check in task.checks]
        texts += [f"has to be true: {said}" for said in task.criteria]
        if texts:
            lines.append(Line(f"{task.id}  {visible(' '.join(task.title.split()))}", Style.STRONG))
            lines += [Line(row, Style.DIM) for text in texts for row in _rows(visible(text), width)]
    return lines


def _rows(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent="   ", subsequent_indent="     ")
