"""One task without a person: the answer, or every record, on stdout; the rest on stderr."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, TextIO

from core.events import EXIT_CODES, Outcome, Record, TurnFinished
from core.messages import AssistantMessage
from core.records import dataclass
from core.values import encode
from core.visible import visible
from flow.sessions import Session
from servr.drawing import plain_lines


@dataclass
class JsonLines:
    """A reader that writes records, one a line, until it cannot."""

    out: TextIO
    passing: bool
    refusal: OSError | None = None

    async def __call__(self, record: Record) -> None:
        if self.refusal or not (record.event.durable or self.passing):
            return
        try:
            self.out.write(encode(record) + "\n")
            self.out.flush()
        except OSError as error:
            self.refusal = error


@dataclass(frozen=True)
class Progress:
    """A reader that tells a person in a few lines what is going on."""

    out: TextIO

    async def __call__(self, record: Record) -> None:
        for line in plain_lines(record.event):
            self.out.write(line + "\n")
        self.out.flush()


async def run_task(session: Session, text: str, *, out: TextIO, json: bool, deltas: bool) -> int:
    """Carry out `text` and answer the exit code. SIGINT and SIGTERM end the turn, and keep what was said.

    Raises:
        OSError: `out` could not be written; the work was done all the same.
    """
    if isinstance(out, TextIOWrapper):
        out.reconfigure(encoding="utf-8", errors="backslashreplace")  # for half a character
    lines = JsonLines(out, passing=deltas)
    session.subscribe(lines if json else Progress(sys.stderr))
    task = asyncio.ensure_future(session.send(text))
    with stopped_by_signals(task):
        try:
            finished = await task
        except asyncio.CancelledError:
            finished = TurnFinished(outcome=Outcome.INTERRUPTED, note="Interrupted.")
    if not json:
        _answer(session, finished, out)
    if lines.refusal:
        raise lines.refusal
    return EXIT_CODES[finished.outcome]


def _answer(session: Session, finished: TurnFinished, out: TextIO) -> None:
    last = session.conversation.messages[-1]
    if isinstance(last, AssistantMessage) and last.text.strip():
        answer = last.text.lstrip("\r\n").rstrip() + "\n"
        out.write(visible(answer) if out.isatty() else answer)
        out.flush()
    if finished.note:
        sys.stderr.write(f"roost: {visible(finished.note)}\n")


@contextmanager
def stopped_by_signals(task: "asyncio.Future[Any]") -> Iterator[None]:
    """Meanwhile an interrupt cancels `task`; a second one ends the process the usual way."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM) if os.name == "posix" else ()

    def stop(number: int) -> None:
        loop.remove_signal_handler(number)
        task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
