"""Follows the calls of a session: what runs is shown for now, what has ended as a card that stays.

tool_started ─▶ running ◀─ tool_progressed
                   │ tool_finished
                   ▼
                 card ─▶ fold, when not all of it has room
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.events import (
    Event,
    FilesChanged,
    ModelReplied,
    ToolFinished,
    ToolProgressed,
    ToolStarted,
    TurnFinished,
)
from core.messages import ToolCall, ToolStatus
from core.views import CodeResult, CommandOutput
from servr.cards.folds import Folds
from servr.cards.sheet import Sheet, clipped_line, text_lines
from servr.cards.views import body_of, details_of, subject_of
from servr.cells import clipped, width_of
from servr.drawing import first_line, lines_of, title_of
from servr.markdown.wrapping import wrapped_lines
from servr.spans import Line, Span, Style, line_of

MOST_PROGRESS_CHARS = 10_000
SHOWN_AFTER_SECONDS = 1
"""A call that has run for less bears no time: most are done by then."""
LEAST_SUBJECT = 12
MOST_WIDTH = 10_000
"""Of the title of a card that was opened."""


@dataclass
class _Running:
    call: ToolCall
    since: float
    output: str = ""


@dataclass
class Cards:
    width: Callable[[], int]
    folds: Folds = field(default_factory=Folds)
    clock: Callable[[], float] = time.monotonic
    tinted: Callable[[], bool] = bool
    """Whether there are colours behind text."""
    _calls: dict[str, ToolCall] = field(default_factory=dict)
    """Of the turn, by id."""
    _running: dict[str, _Running] = field(default_factory=dict)
    _changes: list[FilesChanged] = field(default_factory=list)
    """By calls that run."""

    def see(self, event: Event) -> Iterator[Line]:
        """What is shown of `event` for good."""
        match event:
            case ModelReplied(reply=reply):
                self._calls |= {call.id: call for call in reply.calls}
            case ToolStarted(call=call):
                self._calls[call.id] = call
                self._running[call.id] = _Running(call, self.clock())
            case ToolProgressed(call_id=call_id, text=text):
                if running := self._running.get(call_id):
                    running.output = (running.output + text)[-MOST_PROGRESS_CHARS:]
            case FilesChanged(call_id=call_id) if call_id in self._running:
                self._changes.append(event)  # it is told before the call has ended
            case ToolFinished(call_id=call_id):
                self._running.pop(call_id, None)
                yield from self._folded(self._calls.get(call_id), event)
                yield from self._changed_by(call_id)
            case TurnFinished():
                self._running.clear()
                self._calls.clear()
                yield from (line for change in self._changes for line in self._lines_of(change))
                self._changes.clear()
                yield from self._lines_of(event)
            case _:
                yield from self._lines_of(event)

    def running(self, rows: int) -> Sequence[Line]:
        """The calls that run, with the last lines of what they say, in so many rows."""
        if not self._running:
            return ()
        width = self.width()
        each = max(1, rows // len(self._running))
        lines: list[Line] = []
        for one in self._running.values():
            lines += self._running_lines(one, width, each)
        return lines[:rows]

    def _running_lines(self, one: _Running, width: int, rows: int) -> Iterator[Line]:
        seconds = self.clock() - one.since
        lasts = [Span(f"{seconds:.0f} s", (Style.DIM,))] if seconds >= SHOWN_AFTER_SECONDS else []
        name, _, subject = title_of(one.call).partition(" ")
        yield from _title(Span("○ ", (Style.DIM,)), name, subject, lasts, width)
        lines = text_lines(one.output)[1 - rows :] if rows > 1 else ()
        yield from (clipped_line(Line(f"  {line}", Style.DIM), width) for line in lines)

    def _changed_by(self, call_id: str) -> Iterator[Line]:
        changes, self._changes = self._changes, []
        for change in changes:
            if change.call_id == call_id:
                yield from self._lines_of(change)
            else:
                self._changes.append(change)

    def _lines_of(self, event: Event) -> Iterator[Line]:
        return wrapped_lines(lines_of(event), self.width())

    def _folded(self, call: ToolCall | None, event: ToolFinished) -> Iterator[Line]:
        sheet = Sheet(self.width(), tinted=self.tinted(), hint=self.folds.next_hint)
        yield from card_lines(call, event, sheet)
        if sheet.left_out:
            opened = Sheet(sheet.width, opened=True, tinted=sheet.tinted)
            self.folds.keep(lambda: card_lines(call, event, opened))


def card_lines(call: ToolCall | None, event: ToolFinished, sheet: Sheet) -> Iterator[Line]:
    """A call that has ended: its title, and what came of it."""
    failed = event.status is not ToolStatus.OK or _has_failed(event)
    mark = Span("✗ ", (Style.BAD,)) if failed else Span("● ", (Style.GOOD,))
    name, _, subject = title_of(call).partition(" ") if call else (first_line(event.call_id), "", "")
    details: Sequence[Span] = ()
    if event.view is not None:
        subject, details = subject_of(event.view), details_of(event.view)
    yield from _title(mark, name, subject, details, MOST_WIDTH if sheet.opened else sheet.width)
    if event.view is not None:
        yield from body_of(event.view, sheet)
    if event.status is not ToolStatus.OK:
        yield from sheet.text(_beside_view(event), Style.BAD, head=6)
    elif event.view is None:
        yield from sheet.text(event.text, head=8, tail=4)


def _title(mark: Span, name: str, subject: str, details: Sequence[Span], width: int) -> Iterator[Line]:
    """The subject gives way to what came of the call, which gets a row of its own on a narrow screen."""
    before = [mark, Span(name, (Style.STRONG,))]
    after = [part for detail in details for part in (Span(" · ", (Style.DIM,)), detail)]
    room = width - 1 - sum(width_of(span.text) for span in (*before, *after))
    if details and room < min(LEAST_SUBJECT, width_of(subject)):
        yield from _title(mark, name, subject, (), width)
        yield clipped_line(line_of([Span(" " * width_of(mark.text)), *after[1:]]), width)
        return
    yield clipped_line(line_of([*before, Span(f" {clipped(subject, max(1, room))}".rstrip()), *after]), width)


def _has_failed(event: ToolFinished) -> bool:
    match event.view:
        case CommandOutput(exit_code=code):
            return code != 0
        case CodeResult(failed=failed):
            return failed
        case _:
            return False


def _beside_view(event: ToolFinished) -> str:
    """What is said of a failure that the view does not show already."""
    shown = event.view.output if isinstance(event.view, CommandOutput | CodeResult) else ""
    return event.text.removeprefix(shown).strip("\n") if shown else event.text
