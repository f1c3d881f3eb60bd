"""An engine that says what was written for it: the double that the API is tried with."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from servr.native.asking import (
    Asked,
    Counts,
    Ended,
    ModelFacts,
    Reading,
    Refused,
    Stopped,
    Token,
    Told,
    Written,
)

Line = Told | Refused | asyncio.Event
"""What is told next; an error is raised instead; an event is waited for before anything else is."""

FACTS = ModelFacts(
    name="scripted",
    window_tokens=4096,
    slots=2,
    vocabulary=256,
    end_tokens=frozenset({0}),
    dtype="float32",
    device="cpu",
)


@dataclass
class ScriptedEngine:
    """Each asking gets the next of `scripts`, and the last one for ever."""

    scripts: Sequence[Sequence[Line]]
    facts: ModelFacts = FACTS
    asked: list[Asked] = field(default_factory=list)
    finished: int = 0
    cancelled: int = 0
    is_alive: bool = True
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something was asked."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a reply ended, one way or the other."""
    _awaited: list[asyncio.Event] = field(default_factory=list)

    async def ask(self, asked: Asked) -> AsyncGenerator[Told, None]:
        script = self.scripts[min(len(self.asked), len(self.scripts) - 1)]
        self.asked.append(asked)
        self.begun.set()
        ended = False
        try:
            for line in script:
                if isinstance(line, asyncio.Event):
                    await self._wait_for(line)
                elif isinstance(line, Refused):
                    raise line
                else:
                    ended = isinstance(line, Ended)
                    yield line
        finally:
            self.finished += ended
            self.cancelled += not ended
            self.over.set()

    def counts(self) -> Counts:
        return Counts(
            writing=len(self.asked) - self.finished - self.cancelled,
            reading=0,
            waiting=0,
            replies=self.finished,
            failed=0,
            cancelled=self.cancelled,
            prompt_tokens=sum(len(asked.prompt) for asked in self.asked),
            cached_tokens=0,
            reply_tokens=0,
            guessed_tokens=0,
            steps=0,
            kept_conversations=0,
            kept_bytes=0,
            most_kept_bytes=0,
            evicted=0,
            out_of_memory=0,
            is_alive=self.is_alive,
        )

    async def close(self) -> None:
        self.is_alive = False
        for event in self._awaited:
            event.set()

    async def _wait_for(self, event: asyncio.Event) -> None:
        self._awaited.append(event)
        await event.wait()
        if not self.is_alive:
            raise Stopped("The server is being stopped.")


def says(*texts: str, finish: Literal["stop", "length"] = "stop", prompt_tokens: int = 8) -> list[Line]:
    """A reply of these, each one token, to a prompt of which half was known."""
    known = prompt_tokens // 2
    return [
        Reading(read_tokens=known, prompt_tokens=prompt_tokens, cached_tokens=known),
        *(Written(text, (Token(id=number, text=text),)) for number, text in enumerate(texts)),
        Ended(
            finish=finish,
            prompt_tokens=prompt_tokens,
            cached_tokens=known,
            reply_tokens=len(texts),
            guessed_tokens=0,
            queued_seconds=0.0,
            prompt_seconds=0.25,
            reply_seconds=0.5,
        ),
    ]
