"""What a session about one task begins with: the task, what shows that it is done, what is known already."""

from collections.abc import Iterator, Sequence

from core.marking import kept_apart
from core.project import Project, Task
from core.text import clip
from flow.prompts import prompt

GOAL_SHARE, DETAIL_SHARE, CHECKS_SHARE = 0.15, 0.35, 0.15
"""Of the room, at most; notes get what is left."""
NOTE_CHARS = 600
NEWEST_PAGES = 10


def task_words(project: Project, task: Task, most_chars: int) -> str:
    """At most about `most_chars` long, whatever the plan holds."""
    checks, criteria = (
        _list(items, int(most_chars * CHECKS_SHARE)) for items in (task.checks, task.criteria)
    )
    parts = [
        prompt(
            "task",
            goal=_clear(project.goal, int(most_chars * GOAL_SHARE)),
            id=task.id,
            title=_clear(task.title, 300),
            detail=_clear(task.detail, int(most_chars * DETAIL_SHARE)),
        ),
        prompt("task_criteria", text=criteria) if criteria else "",
        prompt("task_checks", text=checks) if checks else prompt("task_unchecked"),
    ]
    room = most_chars - sum(map(len, parts)) - len(end := prompt("task_end"))
    if known := _fitting(_known(project, task), room):
        parts.append(prompt("task_noted", text=known))
    return "\n\n".join(filter(None, [*parts, end]))


def _known(project: Project, task: Task) -> Iterator[str]:
    """What was noted at the task, at those before it, in the notebook, and at all others, newest first."""
    by_id = {one.id: one for one in project.tasks}
    yield from (f"this task: {note}" for note in reversed(task.notes))
    first = [by_id[name] for name in task.after]
    others = [one for one in reversed(project.tasks) if one.id not in (*task.after, task.id)]
    yield from _notes(first)
    yield from (f"notebook: {page.text}" for page in reversed(project.notebook[-NEWEST_PAGES:]))
    yield from _notes(others)


def _notes(tasks: Sequence[Task]) -> Iterator[str]:
    for task in tasks:
        yield from (f"task {task.id} ({clip(task.title, 60)}): {note}" for note in reversed(task.notes))


def _fitting(lines: Iterator[str], room: int) -> str:
    kept: list[str] = []
    for line in lines:
        shown = f"- {_clear(' '.join(line.split()), NOTE_CHARS)}"
        if (room := room - len(shown) - 1) < 0:
            break
        kept.append(shown)
    return "\n".join(kept)


def _list(items: Sequence[str], most_chars: int) -> str:
    return _clear("\n".join(f"- {item}" for item in items), most_chars)


def _clear(text: str, most_chars: int) -> str:
    return kept_apart(clip(text.strip(), max(most_chars, 80)))
