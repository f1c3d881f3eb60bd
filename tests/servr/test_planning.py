"""A plan before a person: every answer they may give, and what is kept of each."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.errors import ConfigError, PlanRefused
from core.project import Project, Task
from servr.terminal.editor import edited, editor
from servr.terminal.lines import PipedLines
from servr.terminal.planning import PlanTalk
from servr.terminal.screen import Screen
from servr.terminal.terminal import Terminal

PLAN = Project(goal="A shop", tasks=(Task(id="1", title="Model", detail="In model.py.", checks=("pytest",)),))
OTHER = replace(PLAN, tasks=(Task(id="1", title="Other"),))


@dataclass
class Desk:
    """Somebody who types these lines, an editor that makes these changes, and a model with another plan."""

    typed: Sequence[str]
    edits: Sequence[Callable[[str], str]] = ()
    shown: io.StringIO = field(default_factory=io.StringIO)
    kept: list[Project] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    model_fails: bool = False

    async def taken(self) -> Project | None:
        lines: Iterator[str] = iter([f"{line}\n" for line in self.typed])
        terminal = Terminal(Screen(self.shown), PipedLines(lambda: next(lines, "")))
        return await PlanTalk(terminal, self.again, self.kept.append, self.edit).taken(PLAN)

    async def again(self, plan: Project, words: str) -> Project:
        self.words.append(words)
        if self.model_fails:
            raise PlanRefused("The model wrote no plan that can be used.")
        return OTHER

    async def edit(self, text: str, name: str) -> str:
        self.opened.append(text)
        return self.edits[len(self.opened) - 1](text)


@pytest.mark.parametrize(("answer", "taken"), [("y", PLAN), ("Yes", PLAN), ("n", None), ("no", None)])
async def test_a_plan_is_taken_or_left(answer: str, taken: Project | None) -> None:
    desk = Desk(["", answer])

    assert await desk.taken() == taken
    assert desk.kept == []
    assert "check: pytest" in desk.shown.getvalue()


async def test_whoever_is_gone_takes_nothing() -> None:
    assert await Desk([]).taken() is None


async def test_words_go_to_the_model_and_its_next_plan_is_kept_and_shown() -> None:
    desk = Desk(["Shorter, please.", "y"])

    assert await desk.taken() == OTHER
    assert (desk.words, desk.kept) == (["Shorter, please."], [OTHER])
    assert "Other" in desk.shown.getvalue()


async def test_a_model_that_fails_leaves_the_plan_as_it_was() -> None:
    desk = Desk(["Shorter, please.", "y"], model_fails=True)

    assert await desk.taken() == PLAN
    assert "no plan that can be used" in desk.shown.getvalue()


async def test_what_cannot_be_read_is_said_and_opened_again_with_what_was_typed() -> None:
    def breaks(text: str) -> str:
        return text.replace('"Model"', '"Models')

    def mends(text: str) -> str:
        return text.replace('"Models', '"Models"')

    desk = Desk(["e", "", "y"], [breaks, mends])

    taken = await desk.taken()

    assert taken == replace(PLAN, tasks=(replace(PLAN.tasks[0], title="Models"),))
    assert desk.kept == [taken]
    assert desk.opened[1].startswith("# NOT TAKEN: That is no TOML: ")
    assert '"Models' in desk.opened[1]
    assert "That is no TOML" in desk.shown.getvalue()


async def test_whoever_does_not_want_to_mend_it_keeps_the_plan() -> None:
    desk = Desk(["e", "n", "y"], [lambda text: text + "x"])

    assert await desk.taken() == PLAN
    assert desk.kept == []


@pytest.mark.parametrize(
    ("environment", "command"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "vi"}, ("code", "--wait")),
        ({"VISUAL": "", "EDITOR": "'/my editor' -x"}, ("/my editor", "-x")),
    ],
)
def test_the_editor_is_the_persons(environment: dict[str, str], command: tuple[str, ...]) -> None:
    assert editor(environment) == command


def test_an_editor_that_is_no_command_is_told() -> None:
    with pytest.raises(ConfigError, match="which is no command"):
        editor({"EDITOR": "'vi"})


async def test_a_text_is_edited_in_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor.py"
    script.write_text(
        "import sys, pathlib\nfile = pathlib.Path(sys.argv[1])\nfile.write_text(file.name + file.read_text())"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    monkeypatch.delenv("VISUAL", raising=False)

    assert await edited(" text", "plan.toml") == "plan.toml text"


@pytest.mark.parametrize(
    ("command", "said"),
    [("/no/such/editor", "cannot be started: No such file"), (f"{sys.executable} -c 1/0", "ended with 1")],
)
async def test_an_editor_that_fails_changes_nothing(
    command: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", command)

    with pytest.raises(ConfigError, match=said):
        await edited("text", "plan.toml")
