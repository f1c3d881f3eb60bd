"""A project told in lines: as a whole, one task of it, and what changed from one state of it to another.

Everything is bounded, whatever the plan holds. Who shows it to a model or on a screen makes it safe there.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from core.project import SETTLED, Project, Stage, Status, Task, ready
from core.text import clip, printable

TITLE_CHARS, GOAL_CHARS, NOTE_CHARS, LIST_CHARS = 120, 600, 500, 300
NEWEST_NOTES = 5
MOST_CHANGES = 40


def progress(project: Project) -> str:
    """`executing, 3 of 7 tasks done, 1 blocked`."""
    counts = Counter(task.status for task in project.tasks)
    settled = sum(counts[status] for status in SETTLED)
    others = (Status.DOING, Status.REVIEW, Status.BLOCKED)
    parts = [f"{settled:,} of {len(project.tasks):,} tasks done"]
    parts += [f"{counts[status]:,} {_said(status)}" for status in others if counts[status]]
    return ", ".join([project.stage.value, *parts])


def outline(project: Project, most_chars: int, *, more: str) -> str:
    """Goal, stage and the tasks; of a long plan those that are open. `more` ends the line about the rest."""
    head = [f"Goal: {_line(project.goal, min(GOAL_CHARS, most_chars // 3))}", f"Stage: {progress(project)}"]
    room = most_chars - sum(map(len, head)) - 80
    lines = [task_line(task) for task in project.tasks]
    if sum(len(line) + 1 for line in lines) > room:
        opened = [task for task in project.tasks if task.status not in SETTLED]
        lines = list(_fitting(map(task_line, opened), room))
        left = len(project.tasks) - len(lines)
        lines.append(f"({left:,} more tasks: {more})")
    newest = [f"Noted {page.at:%Y-%m-%d}: {_line(page.text, NOTE_CHARS)}" for page in project.notebook]
    room -= sum(len(line) + 1 for line in lines)
    pages = list(_fitting(reversed(newest[-NEWEST_NOTES:]), room))
    return "\n".join([*head, *lines, *reversed(pages)])[:most_chars]


def task_line(task: Task) -> str:
    after = f" (after {_line(', '.join(task.after), LIST_CHARS)})" if task.after else ""
    checks = f" [check: {_line('; '.join(task.checks), TITLE_CHARS)}]" if task.checks else ""
    return f"{task.id} {task.status}: {_line(task.title, TITLE_CHARS)}{after}{checks}"


def task_text(task: Task, most_chars: int) -> str:
    """All of one task."""
    parts = [
        f"Task {task.id} ({task.status}): {_line(task.title, TITLE_CHARS)}",
        task.detail.strip(),
        f"After: {', '.join(task.after)}" if task.after else "",
        *(f"Check: {check}" for check in task.checks),
        *(f"Has to be true: {said}" for said in task.criteria),
        *(f"Note: {note}" for note in task.notes),
    ]
    return clip("\n".join(filter(None, parts)), most_chars)


def ready_line(project: Project) -> str:
    """Which tasks can be begun now; empty when none can."""
    if project.stage is Stage.PLANNING:
        return ""
    ids = [task.id for task in ready(project)]
    more = f" and {len(ids) - 12:,} more" if len(ids) > 12 else ""
    return f"Ready now: {', '.join(ids[:12])}{more}." if ids else ""


def changes(before: Project | None, after: Project) -> str:
    """What is different now, in lines; empty when nothing is."""
    if before is None:
        return f"A plan was made: {_line(after.goal, GOAL_CHARS)} ({len(after.tasks):,} tasks)"
    lines = list(_changes(before, after))
    left = len(lines) - MOST_CHANGES
    return "\n".join(lines[:MOST_CHANGES] + ([f"({left:,} more changes)"] if left > 0 else []))


def _changes(before: Project, after: Project) -> Iterator[str]:
    if before.goal != after.goal:
        yield f"goal: {_line(after.goal, GOAL_CHARS)}"
    if before.stage is not after.stage:
        yield f"stage: {before.stage} -> {after.stage}"
    old, new = ({task.id: task for task in project.tasks} for project in (before, after))
    for task in after.tasks:
        if task.id not in old:
            yield f"added {task_line(task)}"
        elif task != old[task.id]:
            yield from _task_changes(old[task.id], task)
    yield from (f"removed task {name}" for name in old if name not in new)
    if list(old) != list(new) and old.keys() == new.keys():
        yield "the order of the tasks"
    yield from _new_pages(before, after)


def _new_pages(before: Project, after: Project) -> Iterator[str]:
    seen = len(before.notebook)
    if after.notebook[:seen] != before.notebook:
        yield "the notebook was edited"
        seen = 0
    yield from (f"noted: {_line(page.text, NOTE_CHARS)}" for page in after.notebook[seen:])


def _task_changes(before: Task, after: Task) -> Iterator[str]:
    if before.status is not after.status:
        yield f"task {after.id}: {before.status} -> {after.status}"
    if before.title != after.title:
        yield f"task {after.id}, title: {_line(after.title, TITLE_CHARS)}"
    if before.detail != after.detail:
        yield f"task {after.id}, detail: {_line(after.detail, NOTE_CHARS)}"
    lists: Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]] = (
        ("after", before.after, after.after),
        ("checks", before.checks, after.checks),
        ("criteria", before.criteria, after.criteria),
    )
    for name, old, new in lists:
        if old != new:
            yield f"task {after.id}, {name}: {_line('; '.join(new), LIST_CHARS) or 'none'}"
    kept = after.notes[: len(before.notes)] == before.notes
    for note in after.notes[len(before.notes) if kept else 0 :]:
        yield f"task {after.id}, note: {_line(note, NOTE_CHARS)}"


def _said(status: Status) -> str:
    return {Status.DOING: "being done", Status.REVIEW: "to be reviewed"}.get(status, status.value)


def _line(text: str, most_chars: int) -> str:
    return printable(clip(" ".join(text.split()), most_chars))


def _fitting(lines: Iterator[str], room: int) -> Iterator[str]:
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line
