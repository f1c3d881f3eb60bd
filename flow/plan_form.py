"""From what a model wrote to the tasks of a plan: its form mended, and what is wrong with it said.

The server may hold the reply to `SCHEMA`; whoever reads it trusts it no more for that.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.almost_json import read_object
from core.errors import PlanRefused
from core.project import Task, require_sound
from core.project_form import ID, Unreadable, task_of
from core.text import clip
from core.tools import ToolSpec
from flow.coercion import coerced

TEXT: Mapping[str, Any] = {"type": "string"}
TEXTS: Mapping[str, Any] = {"type": "array", "items": TEXT}
MEMBERS: Mapping[str, Mapping[str, Any]] = {
    "id": TEXT,
    "title": TEXT,
    "detail": TEXT,
    "after": TEXTS,
    "checks": TEXTS,
    "criteria": TEXTS,
}
TASK: Mapping[str, Any] = {"type": "object", "properties": MEMBERS, "required": [*MEMBERS]}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"tasks": {"type": "array", "items": TASK}},
    "required": ["tasks"],
}
SPEC = ToolSpec(name="plan", description="The tasks of a plan.", parameters=SCHEMA)
OTHER_NAMES: Mapping[str, str] = {
    **{"name": "title", "task": "title", "summary": "title", "number": "id"},
    **{"description": "detail", "details": "detail", "instructions": "detail"},
    **{"depends_on": "after", "dependencies": "after", "requires": "after"},
    **{"check": "checks", "commands": "checks", "tests": "checks"},
    **{"acceptance": "criteria", "acceptance_criteria": "criteria"},
}
"""What models call the members of a task that learned from other forms."""
LISTS = ("tasks", "steps", "plan", "todo")
MOST_TASKS = 60
TITLE_CHARS = 200


class NoPlan(ValueError):
    """The text is no plan: says what is wrong, in a sentence for the model."""


def tasks_of(text: str) -> tuple[Task, ...]:
    """The tasks that a reply holds. Raises NoPlan."""
    items = _items(_object(text))
    if not items:
        raise NoPlan("The plan has no task.")
    if len(items) > MOST_TASKS:
        raise NoPlan(f"The plan has {len(items):,} tasks: {MOST_TASKS} are the most.")
    try:
        tasks = tuple(_task(item, place) for place, item in enumerate(items))
        require_sound(tasks)
    except Unreadable as error:
        raise NoPlan(f"The plan {error}.") from error
    except PlanRefused as error:
        raise NoPlan(str(error)) from error
    return tasks


def _object(text: str) -> Mapping[str, object]:
    """All of the text, or the list or the object that words stand around."""
    fault = "no JSON object is in it"
    for part in _parts(text):
        try:
            found = read_object(part)
        except ValueError as error:
            fault = str(error).removeprefix("are ")
            continue
        if found:
            return found
    raise NoPlan(f"That cannot be read as a plan: {clip(fault, 200)}.")


def _parts(text: str) -> Iterator[str]:
    """What may be JSON; a bare list as that of the tasks."""
    yield text
    brace, bracket = text.find("{"), text.find("[")
    if 0 <= bracket < brace or (bracket >= 0 > brace):
        yield f'{{"tasks": {text[bracket : text.rfind("]") + 1]}}}'
    elif brace >= 0:
        yield text[brace : text.rfind("}") + 1]
        yield text[brace:]


def _items(found: Mapping[str, object]) -> Sequence[object]:
    inner = next((found[name] for name in LISTS if name in found), None)
    if isinstance(inner, Mapping):
        return _items(inner)
    if isinstance(inner, list):
        return inner
    if "title" in found:
        return [found]
    raise NoPlan("The plan should be an object with a list `tasks`.")


def _task(item: object, place: int) -> Task:
    if isinstance(item, str):
        item = {"title": item}
    if not isinstance(item, Mapping):
        raise NoPlan(f"Task {place + 1} of the plan should be an object.")
    named = dict(_named(item))
    shape, _ = coerced(named, {"type": "object", "properties": MEMBERS})
    shape = {name: found for name, found in shape.items() if name in MEMBERS and found is not None}
    given = str(shape.get("id", ""))
    shape["id"] = given if ID.fullmatch(given) else str(place + 1)
    title = shape.get("title") or shape.get("detail")
    if isinstance(title, str):
        shape["title"] = clip(" ".join(title.split()), TITLE_CHARS)
    for name in ("after", "checks", "criteria"):
        if isinstance(texts := shape.get(name), list):
            shape[name] = [str(text).strip() for text in texts if str(text).strip()]
    return task_of(shape, f"tasks[{place}]")


def _named(item: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Under the names of `MEMBERS`; one that is there under its own name is not replaced."""
    for name, found in item.items():
        own = OTHER_NAMES.get(name, name)
        if own == name or own not in item:
            yield own, found
