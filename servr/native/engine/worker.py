"""The thread that owns the model. Nothing that a request does ends it.

collect what came ─▶ begin what waits ─▶ pieces ─▶ forward ─▶ choose ─▶ tell: a step, and the next
"""

import logging
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from servr.native.asking import Broken, NoMemory, Refused, Stopped, Told
from servr.native.engine.conversations import Model, Piece, Shelf
from servr.native.engine.drafts import Draft
from servr.native.engine.faults import Fault, attempt
from servr.native.engine.memory import release, says_out_of_memory
from servr.native.engine.pace import Pace
from servr.native.engine.schedule import Entry, Schedule
from servr.native.engine.writing import Rows, rows_each

log = logging.getLogger(__name__)

Tell = Callable[[Sequence[tuple[Draft, Told | Refused]]], None]


@dataclass
class Tally:
    """What was done since the beginning: what `Counts` calls by the same names."""

    replies: int = 0
    failed: int = 0
    cancelled: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    reply_tokens: int = 0
    guessed_tokens: int = 0
    steps: int = 0
    out_of_memory: int = 0


class Worker:
    def __init__(
        self,
        model: Model,
        shelf: Shelf,
        tell: Tell,
        *,
        slots: int,
        device: str,
        pace: Pace,
        clock: Callable[[], float],
    ) -> None:
        self.tally = Tally()
        self.is_sick = False
        """Whether it failed also at what nobody asked for."""
        self.schedule = Schedule(model, shelf, slots=slots)
        self._came: queue.SimpleQueue[Draft | None] = queue.SimpleQueue()
        self._is_closing = False
        self._model = model
        self._shelf = shelf
        self._tell = tell
        self._device = device
        self._pace = pace
        self._clock = clock
        self._told: list[tuple[Draft, Told | Refused]] = []

    def ask(self, draft: Draft) -> None:
        self._came.put(draft)

    def close(self) -> None:
        self._is_closing = True
        self._came.put(None)

    def run(self) -> None:
        with torch.inference_mode():
            while self._collect():
                fault = attempt(self._step)
                if isinstance(fault, Fault):
                    self._try_out()
                    for draft in self.schedule.drafts:
                        self._break(draft, fault.error)
                self._publish()
        for draft in self.schedule.drafts:
            self._end(draft, Stopped("The server is being stopped."))
        self._publish()

    def _collect(self) -> bool:
        """Take what came; wait for it when there is nothing to do. False when it is time to end."""
        while not self._is_closing:
            try:
                draft = self._came.get(block=not self.schedule.drafts)
            except queue.Empty:
                break
            if draft is not None:
                self.schedule.waiting.append(draft)
        return not self._is_closing

    def _step(self) -> None:
        self.tally.steps += 1
        for draft in [each for each in self.schedule.drafts if each.is_cancelled]:
            self.tally.cancelled += 1
            self._end(draft)
        for draft in self.schedule.begin(self._clock()):
            self._told.append((draft, draft.reading()))
        self._publish()
        entries = self.schedule.entries(self._pace)
        if entries:
            for group in self._model.groups([entry.piece for entry in entries]):
                self._go_on([entry for entry in entries if any(entry.piece is piece for piece in group)])
        elif lonely := self.schedule.too_long():
            self._refuse(lonely, NoMemory("There is not enough memory for so long a conversation."))

    def _go_on(self, entries: Sequence[Entry]) -> None:
        """One forward, and what comes of it for each draft."""
        began = self._clock()
        logits = self._read(entries)
        if logits is None:
            return
        now = self._clock()
        self._pace.learn(sum(len(entry.piece.tokens) for entry in entries), now - began)
        writers = [entry.draft.writer for entry in entries if entry.piece.wanted]
        rows = iter(rows_each(writers, logits))
        for entry in entries:
            fault = attempt(partial(self._advance, entry, next(rows) if entry.piece.wanted else None, now))
            if isinstance(fault, Fault):
                self._break(entry.draft, fault.error)

    def _advance(self, entry: Entry, rows: "Rows | None", now: float) -> None:
        draft = entry.draft
        if draft.read in draft.copied_at and not self._model.cuts:
            self._shelf.put_copy(entry.piece.conversation)
        if rows is None:
            self._told.append((draft, draft.reading()))
            return
        self._told.append((draft, draft.writer.write(rows)))
        draft.wrote(now)
        if draft.writer.finish:
            self._told.append((draft, draft.ended(draft.writer.finish, now)))
            self._finish(draft)

    def _read(self, entries: Sequence[Entry]) -> Tensor | None:
        """The logits; None when they were read one by one, or a draft was lost or put back."""
        outcome = attempt(partial(self._model.read, [entry.piece for entry in entries]))
        if isinstance(outcome, Fault) and says_out_of_memory(outcome.error):
            outcome = self._read_with_nothing_kept(entries, outcome)
        if not isinstance(outcome, Fault):
            self.is_sick = False
            return outcome
        if len(entries) > 1:  # each alone, so that only those are lost that cannot go on
            for entry in entries:
                self._go_on([entry])
        elif says_out_of_memory(outcome.error):
            self._refuse(entries[0].draft, NoMemory("Memory ran out, also with nothing else kept."))
        else:
            self._try_out()
            self._break(entries[0].draft, outcome.error)
        return None

    def _read_with_nothing_kept(self, entries: Sequence[Entry], fault: Fault) -> Tensor | Fault | None:
        self.tally.out_of_memory += 1
        fault.error.with_traceback(None)  # its frames hold what the step had made
        self._shelf.drop_kept()
        release(self._device)
        spoiled = [entry.draft for entry in entries if not entry.piece.conversation.is_sound]
        if not spoiled:
            return attempt(partial(self._model.read, [entry.piece for entry in entries]))
        for draft in spoiled:
            draft.troubles += 1
            if draft.troubles > 1:
                return fault
            self.schedule.put_back(draft)
        return None

    def _try_out(self) -> None:
        """Whether the fault was a reply's or is the model's: on a GPU some stay until the process ends."""
        tried = attempt(lambda: self._model.read([Piece(self._model.begin(), (0,), 1)]).tolist())
        self.is_sick = isinstance(tried, Fault) and not says_out_of_memory(tried.error)

    def _finish(self, draft: Draft) -> None:
        self.tally.replies += 1
        self.tally.prompt_tokens += len(draft.asked.prompt)
        self.tally.cached_tokens += draft.cached
        self.tally.reply_tokens += len(draft.writer.tokens)
        self.tally.guessed_tokens += draft.writer.guessed_tokens
        self._end(draft)

    def _break(self, draft: Draft, error: Exception) -> None:
        if isinstance(error, Refused):
            self._refuse(draft, error)
            return
        log.error("a reply was lost after %d tokens", len(draft.writer.tokens), exc_info=error)
        self._refuse(draft, Broken("The engine failed at this reply. What happened was logged."))

    def _refuse(self, draft: Draft, refusal: Refused) -> None:
        self.tally.failed += 1
        self._end(draft, refusal)

    def _end(self, draft: Draft, refusal: Refused | None = None) -> None:
        if refusal:
            self._told.append((draft, refusal))
        self.schedule.remove(draft)

    def _publish(self) -> None:
        told, self._told = self._told, []
        if told:
            self._tell(told)
