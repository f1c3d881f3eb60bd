"""A project as a file holds it: readable JSON, the same bytes for the same project, and read back strictly.

{"format": 1, "goal": …, "stage": …, "tasks": [{"id": …, "title": …, …}], "notebook": [{"at": …, "text": …}]}

What is empty is left out. A field that nobody knows is a mistake of whoever edited the file, and said so.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from core.errors import PlanRefused
from core.project import Observation, Project, Stage, Status, Task, reopened, require_sound
from core.text import quoted
from core.values import plain

FORMAT = 1
ID = re.compile(r"[\w.-]{1,40}", re.ASCII)
UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")
"""What JSON lets stand as it is, and a terminal that shows the file would obey."""

S = TypeVar("S", bound=StrEnum)


class Unreadable(ValueError):
    """The text is no project; says where and why, in words that follow the file's name."""


class NewerFormat(Unreadable):
    """It was written by a later version."""


def written(project: Project) -> str:
    """`project` as text, with a line end at the end."""
    shape = {
        "format": FORMAT,
        "goal": project.goal,
        "stage": project.stage.value,
        "tasks": [_lean(task) for task in project.tasks],
        "notebook": [_lean(page) for page in project.notebook],
    }
    text = json.dumps(shape, ensure_ascii=False, indent=2) + "\n"
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def read(text: str) -> Project:
    """The project that `text` holds.

    Raises:
        Unreadable: it holds none, or one that cannot be.
    """
    shape = _members(_json(text), "it")
    _require_format(shape)
    _require_known(shape, ("format", "goal", "stage", "tasks", "notebook"), "it")
    tasks = tuple(task_of(item, f"tasks[{at}]") for at, item in enumerate(_list(shape, "tasks", "it")))
    pages = tuple(_page(item, f"notebook[{at}]") for at, item in enumerate(_list(shape, "notebook", "it")))
    try:
        require_sound(tasks)
    except PlanRefused as error:
        raise Unreadable(f"cannot be: {error.args[0]}") from error
    stage = _word(Stage, shape.get("stage", Stage.PLANNING), "stage")
    return reopened(Project(goal=_text(shape, "goal", "it"), stage=stage, tasks=tasks, notebook=pages))


def _lean(item: Task | Observation) -> dict[str, object]:
    shape = plain(item)
    assert isinstance(shape, dict)
    defaults = {field.name: field.default for field in fields(item)}
    return {
        name: found
        for name, found in shape.items()
        if name == "status" or defaults[name] is MISSING or found not in ("", [], 0)
    }


def _json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Unreadable(f"is no JSON: {error.msg} at {where}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("is nested too deeply, or has a number that is too long") from error


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise Unreadable(f"has {quoted(twice)} twice in one place")
    return found


def _require_format(shape: Mapping[str, object]) -> None:
    given = shape.get("format")
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise Unreadable(f'does not say its format: it has to begin with "format": {FORMAT}')
    if given > FORMAT:
        raise NewerFormat(f"has format {given}, and this version reads format {FORMAT} only")


def task_of(item: object, place: str) -> Task:
    """A task as JSON has it. Raises Unreadable, naming `place`."""
    shape = _members(item, place)
    _require_known(shape, [field.name for field in fields(Task)], place)
    task_id = _text(shape, "id", place)
    if not ID.fullmatch(task_id):
        said = "should be 1 to 40 letters, digits, dots or dashes"
        raise Unreadable(f"is wrong at {place}.id: it {said}, not {quoted(task_id, 60)}")
    title = _text(shape, "title", place)
    if not title.strip():
        raise Unreadable(f"is wrong at {place}.title: a task needs a title")
    tries = shape.get("tries", 0)
    if isinstance(tries, bool) or not isinstance(tries, int) or tries < 0:
        raise Unreadable(f"is wrong at {place}.tries: it should be a number from 0 on, not {_shown(tries)}")
    return Task(
        id=task_id,
        title=title,
        detail=_text(shape, "detail", place, ""),
        status=_word(Status, shape.get("status", Status.TODO), f"{place}.status"),
        after=_texts(shape, "after", place),
        checks=_texts(shape, "checks", place),
        criteria=_texts(shape, "criteria", place),
        notes=_texts(shape, "notes", place),
        tries=tries,
        runner=_text(shape, "runner", place, ""),
    )


def _page(item: object, place: str) -> Observation:
    shape = _members(item, place)
    _require_known(shape, ("at", "text", "task"), place)
    said = _text(shape, "at", place)
    try:
        at = datetime.fromisoformat(said)
    except ValueError as error:
        hint = "a time such as 2026-11-20T12:00:00Z"
        raise Unreadable(f"is wrong at {place}.at: it should be {hint}, not {quoted(said, 60)}") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Observation(at=at, text=_text(shape, "text", place), task=_text(shape, "task", place, ""))


def _members(item: object, place: str) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise Unreadable(f"is wrong{_at(place)}: it should be an object, not {_shown(item)}")
    return item


def _require_known(shape: Mapping[str, object], names: Sequence[str], place: str) -> None:
    for name in shape:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            hint = f"perhaps it should be {close[0]!r}" if close else f"it may have {', '.join(names)}"
            raise Unreadable(f"has an unknown field {quoted(name, 60)}{_at(place)}: {hint}")


def _list(shape: Mapping[str, object], name: str, place: str) -> list[object]:
    found = shape.get(name, [])
    if not isinstance(found, list):
        raise Unreadable(f"is wrong at {_inner(place, name)}: it should be a list, not {_shown(found)}")
    return found


def _texts(shape: Mapping[str, object], name: str, place: str) -> tuple[str, ...]:
    items = _list(shape, name, place)
    return tuple(_checked(item, f"{_inner(place, name)}[{at}]") for at, item in enumerate(items))


def _text(shape: Mapping[str, object], name: str, place: str, otherwise: str | None = None) -> str:
    if name not in shape and otherwise is not None:
        return otherwise
    if name not in shape:
        raise Unreadable(f"is wrong{_at(place)}: {name!r} is missing")
    return _checked(shape[name], _inner(place, name))


def _checked(item: object, place: str) -> str:
    if not isinstance(item, str):
        raise Unreadable(f"is wrong at {place}: it should be text, not {_shown(item)}")
    try:
        item.encode()
    except UnicodeEncodeError as error:
        raise Unreadable(f"is wrong at {place}: it holds half a character") from error
    return item


def _word(kind: type[S], given: object, place: str) -> S:
    found = next((one for one in kind if one.value == given), None)
    if found is None:
        raise Unreadable(f"is wrong at {place}: it should be {' or '.join(kind)}, not {_shown(given)}")
    return found


def _inner(place: str, name: str) -> str:
    return name if place == "it" else f"{place}.{name}"


def _at(place: str) -> str:
    return "" if place == "it" else f" at {place}"


def _shown(item: object) -> str:
    return quoted(repr(item) if not isinstance(item, str) else item, 60)
