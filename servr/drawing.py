"""Events and views as lines of text: what the terminal chat and a headless run show of a session.

Text of a model or a tool is shown and never obeyed (`core/visible.py`).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from core.almost_json import plain_object
from core.deltas import RestartDelta
from core.events import (
    ContextShrunk,
    Event,
    FilesChanged,
    FilesNotKept,
    FilesRestored,
    ModelDelta,
    ModelReplied,
    ModelSwitched,
    NoteAdded,
    Outcome,
    PermissionAnswered,
    PermissionAsked,
    ReplyMended,
    RestoreBegan,
    Rewound,
    SummaryAsked,
    ToolFinished,
    ToolProgressed,
    ToolStarted,
    TurnFinished,
    TurnStarted,
    WorkSentBack,
)
from core.messages import ToolCall, ToolStatus
from core.views import (
    CodeResult,
    CommandOutput,
    FactList,
    FileChange,
    FileWindow,
    MatchList,
    PathList,
    Question,
    Table,
    View,
    WebPage,
)
from core.visible import visible
from servr.cells import fitted, width_of
from servr.spans import Line, Style

MOST_OUTPUT_LINES = 20
MOST_DIFF_LINES = 80
MOST_ERROR_LINES = 6
MOST_TITLE_CHARS = 100
MOST_LINE_CHARS = 400
MOST_READ_CHARS = 4_000
"""Of a text of which a line is shown."""
MOST_CELL_WIDTH = 24


def plain_lines(event: Event) -> Iterator[str]:
    """What a log on stderr tells of `event`: one line a tool call, one more when it failed."""
    match event:
        case ToolFinished(status=ToolStatus.OK) | PermissionAsked() | PermissionAnswered() | TurnFinished():
            pass
        case ToolFinished(text=text):
            yield f"  ✗ {first_line(text)}"
        case ModelReplied(reply=reply) if reply.calls:
            yield from visible(reply.text).strip().splitlines()
        case _:
            yield from (line.text for line in lines_of(event))


def lines_of(event: Event) -> Iterator[Line]:
    """`event` for a person's screen. What a model says is not drawn here: it is streamed."""
    match event:
        case ModelDelta(delta=RestartDelta(reason=reason, wait_seconds=seconds)):
            when = f" in {seconds:.3g} s" if seconds else ""
            yield Line(f"asking again{when}: {first_line(reason)}", Style.DIM)
        case PermissionAsked(call=call, reason=reason):
            yield Line(f"? {title_of(call)}: {first_line(reason)}")
        case PermissionAnswered(approval=approval):
            answer = f"allowed ({approval.scope})" if approval.allowed else "refused"
            note = f": {approval.note}" if approval.note else ""
            yield Line(f"  {first_line(answer + note)}", Style.DIM)
        case ToolStarted(call=call):
            yield Line(f"● {title_of(call)}", Style.STRONG)
        case ToolFinished():
            yield from (Line(f"  {line.text}", line.style) for line in _lines_of_result(event))
        case (
            ReplyMended() | SummaryAsked() | ContextShrunk() | NoteAdded() | WorkSentBack() | ModelSwitched()
        ):
            yield Line(_remark(event), Style.DIM)
        case FilesChanged() | FilesNotKept() | FilesRestored() | Rewound():
            from servr.file_lines import lines_of_files  # it draws with what is defined here

            yield from lines_of_files(event)
        case TurnFinished():
            yield from _lines_of_end(event)
        case TurnStarted() | ModelDelta() | ModelReplied() | ToolProgressed() | RestoreBegan():
            pass
        case _:
            assert_never(event)


def _remark(
    event: ReplyMended | SummaryAsked | ContextShrunk | NoteAdded | WorkSentBack | ModelSwitched,
) -> str:
    match event:
        case ReplyMended(what=what):
            return f"mended: {first_line(what)}"
        case SummaryAsked(reason=reason):
            return f"{first_line(reason)} The model sums up what was done, before it is shortened."
        case ContextShrunk(reason=reason):
            return f"shortened the conversation: {first_line(reason)}"
        case NoteAdded(source=source, text=text):
            return f"note ({first_line(source)}): {first_line(text)}"
        case WorkSentBack(feedback=feedback):
            return f"not done yet: {first_line(feedback)}"
        case ModelSwitched(model=model):
            return f"the model is now {first_line(model)}"
        case _:
            assert_never(event)


def title_of(call: ToolCall) -> str:
    """A call in one line: its name, its first argument, and the others by name."""
    arguments = arguments_of(call)
    shown = [value if place == 0 else f"{name}={value}" for place, (name, value) in enumerate(arguments)]
    title = " ".join([first_line(call.name), ", ".join(map(first_line, shown))]).rstrip()
    return _clipped(title, MOST_TITLE_CHARS)


def arguments_of(call: ToolCall, shown: Callable[[str], str] = visible) -> Sequence[tuple[str, str]]:
    """The arguments as the tool will get them, as text; what cannot be parsed as one without a name."""
    try:
        parsed = plain_object(call.arguments or "{}")
    except ValueError:
        return [("", shown(call.arguments))]
    return [(shown(name), shown(_as_text(value))) for name, value in parsed.items()]


def lines_of_view(view: View) -> Iterator[Line]:
    match view:
        case FileWindow(path=path, start=start, lines=lines, total_lines=total):
            yield Line(f"{first_line(path)}, lines {start} to {start + len(lines) - 1} of {total}", Style.DIM)
        case FileChange(path=path, diff=diff, created=created, deleted=deleted):
            done = "created" if created else "deleted" if deleted else "changed"
            yield Line(f"{done} {first_line(path)}", Style.DIM)
            yield from map(_diff_line, _ends(visible(diff).splitlines(), MOST_DIFF_LINES))
        case PathList() | MatchList() | FactList():
            yield Line(_title_of_list(view), Style.DIM)
            yield from _output(view.text)
        case CommandOutput():
            yield from _output(view.output)
            yield _command_end(view)
        case CodeResult(output=output, failed=failed, images=images):
            yield from _output(output, Style.BAD if failed else Style.PLAIN)
            yield from (Line(f"saved {first_line(image)}", Style.DIM) for image in images)
        case Table():
            yield from _table(view)
        case WebPage(url=url, title=title, text=text):
            yield Line(
                f"{first_line(title)} <{first_line(url)}>, {len(text):,} characters".lstrip(), Style.DIM
            )
        case Question(answer=answer):
            yield Line(f"answered: {first_line(answer)}", Style.DIM)
        case _:
            assert_never(view)


def _title_of_list(view: PathList | MatchList | FactList) -> str:
    match view:
        case PathList(root=root, count=count, complete=complete):
            return f"{_many(count, complete)} in {first_line(root)}"
        case MatchList(pattern=pattern, count=count, complete=complete):
            return f"{_many(count, complete)} for {first_line(pattern)}"
        case FactList(title=title):
            return first_line(title)
        case _:
            assert_never(view)


def _lines_of_result(event: ToolFinished) -> Iterator[Line]:
    if event.view is not None:
        yield from lines_of_view(event.view)
    elif event.status is ToolStatus.OK:
        yield from _output(event.text)
    if event.status is not ToolStatus.OK:
        yield from _output(f"✗ {event.text}", Style.BAD, most=MOST_ERROR_LINES)


def _lines_of_end(event: TurnFinished) -> Iterator[Line]:
    note, *more = visible(event.note).splitlines() or [""]
    style = Style.DIM if event.outcome is Outcome.DONE else Style.BAD
    if event.outcome is not Outcome.DONE:
        title = str(event.outcome).replace("_", " ")
        yield Line(f"{title}: {note}" if note else title, style)
    elif note:
        yield Line(note, style)
    yield from (Line(f"  {line}", style) for line in more)
    yield from (Line(f"✓ {first_line(proof)}", Style.GOOD) for proof in event.evidence)


def _output(text: str, style: Style = Style.PLAIN, most: int = MOST_OUTPUT_LINES) -> Iterator[Line]:
    lines = visible(text).expandtabs().splitlines()
    yield from (Line(_clipped(line, MOST_LINE_CHARS), style) for line in _ends(lines, most))


def _ends(lines: Sequence[str], most: int) -> Sequence[str]:
    """The first and the last of `lines`, when there are more than `most`."""
    if len(lines) <= most:
        return lines
    head = most // 2
    tail = most - head
    return [*lines[:head], f"… {len(lines) - most} more lines …", *lines[-tail:]]


def _diff_line(text: str) -> Line:
    styles = {"+": Style.GOOD, "-": Style.BAD, "@": Style.DIM}
    return Line(text.expandtabs(), styles.get(text[:1], Style.PLAIN))


def _command_end(view: CommandOutput) -> Line:
    ended = "stopped" if view.exit_code is None else f"exit code {view.exit_code}"
    more = f", all of it in {first_line(view.full_output)}" if view.full_output else ""
    return Line(f"{ended} after {view.seconds:.1f} s{more}", Style.DIM if view.exit_code == 0 else Style.BAD)


def _table(view: Table) -> Iterator[Line]:
    yield Line(first_line(view.title), Style.DIM)
    rows = [[first_line(cell) for cell in row] for row in (view.columns, *view.rows[:MOST_OUTPUT_LINES])]
    widths = [min(MOST_CELL_WIDTH, max(map(width_of, column))) for column in zip(*rows, strict=False)]
    for place, row in enumerate(rows):
        cells = (fitted(cell, width) for cell, width in zip(row, widths, strict=False))
        yield Line("  ".join(cells).rstrip(), Style.PLAIN if place else Style.STRONG)
    if view.note:
        yield Line(first_line(view.note), Style.DIM)


def _many(count: int, complete: bool) -> str:
    return f"{count:,}{'' if complete else ' or more'} found"


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def first_line(text: str) -> str:
    lines = visible(text.strip()[:MOST_READ_CHARS]).splitlines() or [""]
    return _clipped(lines[0] + (" …" if len(lines) > 1 else ""), MOST_LINE_CHARS)


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
