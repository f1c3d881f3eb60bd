"""A plan as lines of text: its goal, how far it is, and its tasks as a table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from core.project import SETTLED, Project, Stage, Status, Task, ready
from core.project_outline import progress
from core.text import printable
from core.visible import visible
from servr.cells import clipped
from servr.spans import Line, Style

BAR_CELLS = 20
MOST_TASKS = 200
"""In one table; a longer plan shows what is open."""
LEAST_TITLE = 20
MARKS = {
    Status.TODO: "·",
    Status.DOING: "▸",
    Status.REVIEW: "?",
    Status.DONE: "✓",
    Status.BLOCKED: "✗",
    Status.DROPPED: "-",
}
STYLES = {
    Status.DONE: Style.GOOD,
    Status.BLOCKED: Style.BAD,
    Status.DROPPED: Style.DIM,
    Status.DOING: Style.STRONG,
}
LAST_PAGES = 5


def plan_lines(project: Project, width: int) -> Iterator[Line]:
    """The whole of it, in lines that are no wider than `width`."""
    yield Line(_cut(project.goal, width), Style.STRONG)
    yield Line(_cut(f"{_bar(project)} {progress(project)}", width), Style.DIM)
    tasks = _shown(project.tasks)
    yield from _table(tasks, {task.id for task in ready(project)}, width)
    if left := len(project.tasks) - len(tasks):
        yield Line(f"… {left:,} more tasks: roost project show ID, or --json for all …", Style.DIM)
    for page in project.notebook[-LAST_PAGES:]:
        yield Line(_cut(f"{page.at:%Y-%m-%d} {page.text}", width), Style.DIM)


def task_lines(project: Project, task: Task) -> Iterator[Line]:
    """All of one task."""
    is_taken = project.stage is not Stage.PLANNING
    is_ready = " · ready" if is_taken and any(one.id == task.id for one in ready(project)) else ""
    yield Line(f"{MARKS[task.status]} {task.id} {_clear(task.title)}", STYLES.get(task.status, Style.STRONG))
    yield Line(f"{task.status}{is_ready}{f' · {task.tries} tries' if task.tries else ''}", Style.DIM)
    yield from (Line(line) for line in visible(task.detail.strip()).splitlines())
    rows: Sequence[tuple[str, Iterable[str]]] = (
        ("after", [", ".join(task.after)] if task.after else []),
        ("check", task.checks),
        ("has to be true", task.criteria),
        ("note", task.notes),
    )
    for name, texts in rows:
        for text in texts:
            first, *rest = visible(text).splitlines() or [""]
            yield Line(f"{name}: {first}")
            yield from (Line(f"  {line}") for line in rest)


def _table(tasks: Sequence[Task], now: set[str], width: int) -> Iterator[Line]:
    ids = max((len(task.id) for task in tasks), default=1)
    statuses = max((len(task.status) for task in tasks), default=4)
    for task in tasks:
        after = f"after {', '.join(task.after)}" if task.after and task.status not in SETTLED else ""
        head = f"{MARKS[task.status]} {task.id:<{ids}}  {task.status:<{statuses}}  "
        room = max(LEAST_TITLE, width - len(head) - (len(after) + 2 if after else 0))
        text = f"{head}{_cut(task.title, room)}" + (f"  {_clear(after)}" if after else "")
        style = Style.PLAIN if task.id in now else STYLES.get(task.status, Style.DIM)
        yield Line(clipped(text, width), style)


def _shown(tasks: Sequence[Task]) -> Sequence[Task]:
    if len(tasks) <= MOST_TASKS:
        return tasks
    return [task for task in tasks if task.status not in SETTLED][:MOST_TASKS]


def _bar(project: Project) -> str:
    counts = Counter(task.status for task in project.tasks)
    share = sum(counts[status] for status in SETTLED) / max(1, len(project.tasks))
    full = int(share * BAR_CELLS)
    return "█" * full + "░" * (BAR_CELLS - full)


def _cut(text: str, width: int) -> str:
    return clipped(_clear(text), width)


def _clear(text: str) -> str:
    return printable(visible(" ".join(text.split())))
