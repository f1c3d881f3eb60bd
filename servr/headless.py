"""One task without a person: the answer, or every record, on stdout; the rest on stderr."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TextIO

from core.events import EXIT_CODES, Outcome, Record, TurnFinished
from core.messages import AssistantMessage
from core.values import encode
from flow.sessions import Session
from servr.drawing import plain_lines


@dataclass(frozen=True)
class JsonLines:
    """A reader that writes records, one a line."""

    out: TextIO
    passing: bool

    async def __call__(self, record: Record) -> None:
        if record.event.durable or self.passing:
            self.out.write(encode(record) + "\n")
            self.out.flush()


@dataclass(frozen=True)
class Progress:
    """A reader that tells a person in a few lines what is going on."""

    out: TextIO

    async def __call__(self, record: Record) -> None:
        for line in plain_lines(record.event):
            self.out.write(line + "\n")
        self.out.flush()


async def run_task(session: Session, text: str, *, json: bool, deltas: bool) -> int:
    """Carry out `text` and answer the exit code. SIGINT and SIGTERM end the turn, and keep what was said."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # for half a character
    session.subscribe(JsonLines(sys.stdout, passing=deltas) if json else Progress(sys.stderr))
    task = asyncio.ensure_future(session.send(text))
    with _stopped_by_signals(task):
        try:
            finished = await task
        except asyncio.CancelledError:
            finished = TurnFinished(outcome=Outcome.INTERRUPTED, note="Interrupted.")
    if not json:
        _answer(session, finished)
    return EXIT_CODES[finished.outcome]


def _answer(session: Session, finished: TurnFinished) -> None:
    last = session.conversation.messages[-1]
    if isinstance(last, AssistantMessage) and last.text.strip():
        sys.stdout.write(last.text.strip() + "\n")
    if finished.note:
        sys.stderr.write(f"roost: {finished.note}\n")


@contextmanager
def _stopped_by_signals(task: "asyncio.Future[TurnFinished]") -> Iterator[None]:
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
