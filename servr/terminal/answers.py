"""What a terminal answers when it is asked for its background. It comes among the keys, and is none.

keys and answers ─► split ─► keys, in their order
                      └────► told(answer)
"""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

QUESTION = "\x1b]11;?\x07"
ANSWER = re.compile(r"\x1b\]11;([^\x07\x1b]*)(?:\x07|\x1b\\)")
COLOUR = r"[rgba:/#\dA-Fa-f]{0,100}"
BEGUN = re.compile(rf"\x1b(?:\](?:1(?:1(?:;{COLOUR}\x1b?)?)?)?)?\Z")
"""What may become an answer with the next piece; or a key, when none comes."""
SURELY = "\x1b]11;"
"""Nobody types this."""
BROKEN = re.compile(rf"\x1b\]11;{COLOUR}")
"""What is left of an answer that did not go on."""
PATIENCE_SECONDS = 1.0
"""After so long nobody who leaves waits for an answer."""
LAST_WAIT_SECONDS = 0.1


def _nobody(answer: str) -> None:
    """Not wanted."""


@dataclass
class Answers:
    """Takes answers out of what comes from a terminal, in whatever pieces."""

    told: Callable[[str], None] = _nobody
    clock: Callable[[], float] = time.monotonic
    _held: str = ""
    _asked: float | None = None
    _answered: asyncio.Event = field(default_factory=asyncio.Event)

    def question(self) -> str:
        """What is to be sent, now."""
        self._asked = self.clock()
        return QUESTION

    def split(self, text: str) -> str:
        """The keys in `text`; an end that may become an answer is held."""
        if self._asked is None or self._answered.is_set():
            text, self._held = self._held + text, ""
            return text
        text = ANSWER.sub(self._take, self._held + text)
        begun = None if self._answered.is_set() else BEGUN.search(text)
        self._held = begun[0] if begun else ""
        return BROKEN.sub("", text.removesuffix(self._held))

    def rest(self) -> str:
        """What was held, as nothing more comes for now: keys, or an answer of which the rest comes late."""
        if self._held.startswith(SURELY):
            return ""
        rest, self._held = self._held, ""
        return rest

    async def settled(self) -> None:
        """An answer that is under way does not go to whoever reads the terminal next."""
        if self._is_early and not self._answered.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), LAST_WAIT_SECONDS)

    @property
    def _is_early(self) -> bool:
        return self._asked is not None and self.clock() - self._asked < PATIENCE_SECONDS

    def _take(self, found: re.Match[str]) -> str:
        self._answered.set()
        self.told(found[1])
        return ""
