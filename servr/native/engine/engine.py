"""The door between those who ask, on an event loop, and the thread that owns the model.

ask ─▶ Draft ─▶ worker ─▶ what it tells, once a step for all ─▶ each asker's inbox
"""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from time import perf_counter

from servr.native.asking import (
    Asked,
    Broken,
    Busy,
    Counts,
    Ended,
    ModelFacts,
    Reading,
    Refused,
    Stopped,
    Told,
    TooLong,
    Written,
)
from servr.native.engine.conversations import Model, Shelf
from servr.native.engine.drafts import Draft
from servr.native.engine.pace import Pace
from servr.native.engine.worker import Worker


class Inbox:
    """What one asker has not yet seen."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.told: deque[Told | Refused] = deque()
        self.has_more = asyncio.Event()
        self._merged: deque[Told | Refused] = deque()

    async def next(self) -> Told:
        """Raises `Refused`."""
        while not self._merged and not self.told:
            await self.has_more.wait()
            self.has_more.clear()
        came = [self.told.popleft() for _ in range(len(self.told))]
        self._merged = deque(merged((*self._merged, *came)))
        told = self._merged.popleft()
        if isinstance(told, Refused):
            raise told
        return told


def merged(told: Sequence[Told | Refused]) -> list[Told | Refused]:
    """The same, with pieces of text that stand beside each other as one, and only the newest reading."""
    shorter: list[Told | Refused] = []
    for each in told:
        before = shorter[-1] if shorter else None
        if isinstance(each, Written) and isinstance(before, Written):
            shorter[-1] = Written(before.text + each.text, before.tokens + each.tokens)
        elif isinstance(each, Reading) and isinstance(before, Reading):
            shorter[-1] = each
        else:
            shorter.append(each)
    return shorter


class NativeEngine:
    """Engine over a model of this process."""

    def __init__(
        self,
        model: Model,
        facts: ModelFacts,
        new_draft: Callable[[Asked, float], Draft],
        *,
        most_kept_bytes: int,
        most_waiting: int = 32,
        pace: Pace | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.facts = facts
        self._new_draft = new_draft
        self._most_waiting = most_waiting
        self._clock = clock
        self._inboxes: dict[Draft, Inbox] = {}
        self._seconds_each = 1.0
        """Of a reply, lately."""
        self._shelf = Shelf(model, most_kept_bytes)
        self._worker = Worker(
            model,
            self._shelf,
            self._tell,
            slots=facts.slots,
            device=facts.device,
            pace=pace or Pace(),
            clock=clock,
        )
        self._is_closing = False
        self._thread = threading.Thread(target=self._worker.run, name="model", daemon=True)
        self._thread.start()

    async def ask(self, asked: Asked) -> AsyncGenerator[Told, None]:
        self._admit(asked)
        draft, inbox = self._new_draft(asked, self._clock()), Inbox()
        self._inboxes[draft] = inbox
        self._worker.ask(draft)
        try:
            while True:
                told = await inbox.next()
                yield told
                if isinstance(told, Ended):
                    self._learn(told)
                    return
        finally:
            draft.is_cancelled = True
            del self._inboxes[draft]

    def counts(self) -> Counts:
        worker, shelf = self._worker, self._shelf
        active = worker.schedule.active
        writing = sum(draft.is_writing for draft in active)
        return Counts(
            writing=writing,
            reading=len(active) - writing,
            waiting=max(0, len(self._inboxes) - len(active)),
            kept_conversations=len(shelf.kept),
            kept_bytes=shelf.bytes,
            most_kept_bytes=shelf.most_bytes,
            evicted=shelf.evicted,
            is_alive=self._thread.is_alive() and not worker.is_sick,
            **vars(worker.tally),
        )

    async def close(self) -> None:
        self._is_closing = True
        self._worker.close()
        await asyncio.to_thread(self._thread.join)

    def _admit(self, asked: Asked) -> None:
        prompt, window = len(asked.prompt), self.facts.window_tokens
        if self._is_closing or not self._thread.is_alive():
            raise Stopped("The server is being stopped.")
        if prompt + asked.most_tokens > window:
            raise TooLong(
                f"The prompt has {prompt} tokens and the reply may have {asked.most_tokens}: "
                f"that is more than the window of {window}.",
                prompt_tokens=prompt,
                window_tokens=window,
            )
        if not 0 <= min(asked.prompt) <= max(asked.prompt) < self.facts.vocabulary:
            raise Broken(f"The prompt has tokens that are none of the model's {self.facts.vocabulary}.")
        over = len(self._inboxes) + 1 - self.facts.slots
        if over > self._most_waiting:
            wait_seconds = max(1.0, self._seconds_each * over / self.facts.slots)
            raise Busy(f"{over - 1} requests wait already.", retry_after_seconds=wait_seconds)

    def _learn(self, ended: Ended) -> None:
        seconds = ended.prompt_seconds + ended.reply_seconds
        self._seconds_each += (seconds - self._seconds_each) / 8

    def _tell(self, told: Sequence[tuple[Draft, Told | Refused]]) -> None:
        """Called by the worker: wakes each loop once."""
        woken: dict[asyncio.AbstractEventLoop, list[Inbox]] = {}
        for draft, each in told:
            inbox = self._inboxes.get(draft)
            if inbox is not None:
                inbox.told.append(each)
                woken.setdefault(inbox.loop, []).append(inbox)
        for loop, inboxes in woken.items():
            try:
                loop.call_soon_threadsafe(wake, inboxes)
            except RuntimeError:  # the loop was closed: nobody listens any more
                for inbox in inboxes:
                    inbox.told.clear()


def wake(inboxes: Sequence[Inbox]) -> None:
    for inbox in inboxes:
        inbox.has_more.set()
