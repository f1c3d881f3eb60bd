"""A plan as a person edits it: TOML that is easy to read, and what is wrong with what they made of it.

Only what belongs to a plan stands in it; what came of the tasks since stays with the task of the same id.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from core.errors import PlanRefused
from core.project import Project, Task, require_sound
from core.project_form import UNSAFE, Unreadable, task_of

HEAD = """\
# The plan. Change what you like, save, and leave the editor. Lines that begin with # are not read.
# after: ids of tasks to be done before · checks: commands that succeed when it is done
# criteria: in words, what else has to be true. An empty file leaves the plan as it was.
"""
NOT_TAKEN = "# NOT TAKEN: "
MEMBERS = ("id", "title", "detail", "after", "checks", "criteria")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")
ITS_PLACE = re.compile(r"tasks\[(\d+)\]")


def as_text(project: Project) -> str:
    """`project` for an editor."""
    return "\n".join([HEAD, f"goal = {_quoted(project.goal)}\n", *map(_task, project.tasks)])


def with_fault(text: str, fault: str) -> str:
    """What a person edited, with what is wrong with it at its head."""
    lines = [line for line in text.splitlines() if not line.startswith(NOT_TAKEN)]
    return "\n".join([f"{NOT_TAKEN}{' '.join(fault.split())}", *lines, ""])


def from_text(text: str, before: Project) -> Project:
    """The plan that was edited; `before` itself for an empty text. Raises PlanRefused."""
    if not any(line.strip() and not line.startswith("#") for line in text.splitlines()):
        return before
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanRefused(f"That is no TOML: {error}.", hint="Mend it there.") from error
    goal, items = found.pop("goal", None), found.pop("task", [])
    if found:
        name = next(iter(found))
        raise PlanRefused(f"There is no place for {name!r}.", hint="A plan has a goal, and [[task]]s.")
    if not isinstance(goal, str) or not goal.strip():
        raise PlanRefused("The goal is missing.", hint='Write goal = "…" above the first task.')
    tasks = tuple(_tasks(items, {task.id: task for task in before.tasks}))
    require_sound(tasks)
    return replace(before, goal=goal, tasks=tasks)


def _tasks(items: object, before: Mapping[str, Task]) -> Iterator[Task]:
    if not isinstance(items, list):
        raise PlanRefused("A task begins with [[task]].", hint="Write it with two brackets.")
    for place, item in enumerate(items):
        if unknown := [name for name in item if name not in MEMBERS]:
            close = get_close_matches(unknown[0], MEMBERS, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"It may have {', '.join(MEMBERS)}."
            raise PlanRefused(f"Task {place + 1} has an unknown {unknown[0]!r}.", hint=hint)
        given: dict[str, Any] = {"id": str(place + 1), **item}
        given["detail"] = str(given.get("detail", "")).strip()
        try:
            task = task_of(given, f"tasks[{place}]")
        except Unreadable as error:
            said = ITS_PLACE.sub(lambda found: f"task {int(found[1]) + 1}", str(error))
            raise PlanRefused(f"The plan {said}.") from error
        old = before.get(task.id, task)
        yield replace(task, status=old.status, notes=old.notes, tries=old.tries, runner=old.runner)


def _task(task: Task) -> str:
    lines = [
        "[[task]]",
        f"id = {_quoted(task.id)}",
        f"title = {_quoted(task.title)}",
        f"detail = {_block(task.detail) if task.detail else _quoted('')}",
        f"after = {_list(task.after)}",
        f"checks = {_list(task.checks)}",
        f"criteria = {_list(task.criteria)}",
    ]
    return "\n".join(lines) + "\n"


def _list(items: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, items))}]"


def _quoted(text: str) -> str:
    return f'"{_escaped(text).replace(chr(10), chr(92) + "n").replace(chr(9), chr(92) + "t")}"'


def _block(text: str) -> str:
    return f'"""\n{_escaped(text)}\n"""'


def _escaped(text: str) -> str:
    """Nothing in it ends the text or commands a terminal; line ends and tabs stay as they are."""
    safe = text.replace("\\", "\\\\").replace('"', '\\"')
    return UNSAFE.sub(_code, CONTROLS.sub(_code, safe))


def _code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
