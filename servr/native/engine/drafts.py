"""One reply while it is made: what the model has to read for it, what was written, and whom it is told.

waiting ─▶ reading the prompt, in chunks ─▶ writing, token by token ─▶ over
   ▲                                              │
   └──────────── its memory was needed ◀──────────┘   what it wrote is read again with the prompt
"""

from array import array
from typing import Literal

from servr.native.asking import Asked, Ended, Reading
from servr.native.engine.conversations import Conversation, Piece
from servr.native.engine.writing import Writer


class Draft:
    """A reply in the making. What is looked up and may come next are its guesses."""

    def __init__(self, asked: Asked, writer: Writer, now: float) -> None:
        self.asked = asked
        self.writer = writer
        self.tokens = array("i", asked.prompt)
        """Prompt and reply."""
        self.conversation: Conversation | None = None
        ends = asked.message_ends
        self.copied_at = {ends[0], ends[-1]} if ends else {len(asked.prompt) - 1}
        """Where a copy is worth keeping: behind the instructions, and before what begins the reply."""
        self.is_cancelled = False
        self.troubles = 0
        """How often memory ran out at it."""
        self.cached = 0
        self._asked_at = self._begun_at = now
        self._written_at: float | None = None

    @property
    def read(self) -> int:
        return len(self.conversation.tokens) if self.conversation else 0

    @property
    def is_writing(self) -> bool:
        """Whether only its newest token is still to be read."""
        return bool(self.writer.tokens) and self.read == len(self.tokens) - 1

    def begin(self, conversation: Conversation, now: float) -> None:
        self.conversation = conversation
        self.writer.guessed = ()  # of a step that did not come to pass
        if not self.writer.tokens:
            self._begun_at = now
            self.cached = self.read

    def piece(self, most: int, *, cuts: bool) -> Piece:
        """What it reads next of its prompt; up to where it is copied, if it cannot be cut there later."""
        assert self.conversation is not None
        end = min(len(self.tokens), self.read + most)
        if not cuts:
            end = min([end, *(place for place in self.copied_at if place > self.read)])
        wanted = 1 if end == len(self.tokens) else 0
        return Piece(self.conversation, self.tokens[self.read : end], wanted)

    def newest(self, guesses: int) -> Piece:
        """Its newest token, and at most so many guesses of what comes behind it."""
        assert self.conversation is not None
        tokens = self.tokens[-1:]
        tokens.extend(self.writer.guess(guesses))
        return Piece(self.conversation, tokens, len(tokens))

    def wrote(self, now: float) -> None:
        """Take over what the writer has written; guesses that were wrong are forgotten."""
        assert self.conversation is not None
        if self._written_at is None:
            self._written_at = now
        self.tokens.extend(self.writer.tokens[len(self.tokens) - len(self.asked.prompt) :])
        if self.read >= len(self.tokens):
            self.conversation.crop(len(self.tokens) - 1)

    def reading(self) -> Reading:
        total = len(self.asked.prompt)
        return Reading(read_tokens=min(self.read, total), prompt_tokens=total, cached_tokens=self.cached)

    def ended(self, finish: Literal["stop", "length"], now: float) -> Ended:
        written_at = now if self._written_at is None else self._written_at
        return Ended(
            finish=finish,
            prompt_tokens=len(self.asked.prompt),
            cached_tokens=self.cached,
            reply_tokens=len(self.writer.tokens),
            guessed_tokens=self.writer.guessed_tokens,
            queued_seconds=self._begun_at - self._asked_at,
            prompt_seconds=written_at - self._begun_at,
            reply_seconds=now - written_at,
        )
