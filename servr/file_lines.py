"""What became of files, as lines of text: changed by a call, not kept, put back."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from core.events import FilesChanged, FilesNotKept, FilesRestored, Restoring, Rewound
from core.file_states import PathChange
from flow.file_history import FileHistory
from servr.drawing import first_line, title_of
from servr.spans import Line, Style

MOST_NAMED = 12
MOST_KEPT = 20
DONE: dict[Restoring, str] = {"undo": "taken back", "redo": "brought back", "rewind": "rewound"}


def lines_of_files(event: FilesChanged | FilesNotKept | FilesRestored | Rewound) -> Iterator[Line]:
    match event:
        case FilesChanged(found=False):
            pass  # the call's own view shows it
        case FilesChanged(changes=changes):
            yield Line(f"  changed {marked(changes)}", Style.DIM)
        case FilesNotKept(files=files, more=more):
            yield Line("An undo will not bring back:", Style.BAD)
            yield from _bad_lines(files, more)
        case FilesRestored(reason=reason, changes=changes, kept=kept):
            yield Line(f"{DONE[reason]}: {marked(changes) or 'no file had to change'}", Style.STRONG)
            if kept:
                yield Line("left as it is:", Style.BAD)
                yield from _bad_lines(kept[:MOST_KEPT], len(kept) - MOST_KEPT)
        case Rewound():
            yield Line(
                "The conversation goes on from an earlier step; what was said after it is forgotten.",
                Style.DIM,
            )
        case _:
            assert_never(event)


def lines_of_skills(promoted: Sequence[str]) -> Iterator[Line]:
    """Of those that came after where files and conversation have gone back to."""
    if promoted:
        yield Line(f"Skills stay as they are: {', '.join(map(first_line, promoted))}.")
        yield Line(
            "`roost skills remove NAME` takes one off the shelf, in a chat `/skills remove NAME`.", Style.DIM
        )


def marked(changes: Sequence[PathChange], most: int = MOST_NAMED) -> str:
    """The paths in one line, with what happened to each: `~` changed, `+` came, `-` went."""
    states = [(change, change.after or change.before) for change in changes]
    files = [change for change, state in states if state and state.kind != "folder"]
    named = [f"{change.mark}{first_line(change.path)}" for change in (files or changes)]
    more = len(named) - most
    return ", ".join(named[:most]) + (f" and {more:,} more" if more > 0 else "")


def _bad_lines(texts: Sequence[str], more: int) -> Iterator[Line]:
    yield from (Line(f"  {first_line(text)}", Style.BAD) for text in texts)
    if more > 0:
        yield Line(f"  … {more:,} more …", Style.BAD)


def lines_of_steps(history: FileHistory, most: int | None = None) -> Iterator[Line]:
    """Each prompt, and the steps that followed it with what they changed; of many steps the newest `most`."""
    steps = history.steps[-most:] if most else history.steps
    if len(steps) < len(history.steps):
        yield Line(
            f"… {len(history.steps) - len(steps):,} earlier steps: `roost undo` lists them …", Style.DIM
        )
    turn = 0
    for step in steps:
        if step.turn != turn:
            turn = step.turn
            yield Line(f"> {first_line(history.prompts[turn - 1])}", Style.STRONG)
        done = "; ".join(title_of(call) for call in step.calls) or "answers"
        forgotten = " (forgotten)" if step.forgotten else ""
        changed = marked(step.changes, 5)
        yield Line(
            f"{step.number:>4}  {step.at.astimezone():%H:%M}  {done}{forgotten}"
            + (f"   {changed}" if changed else "")
        )
