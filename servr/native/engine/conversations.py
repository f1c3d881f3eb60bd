"""What a model remembers of conversations, and which of them are kept to be read on from.

prompt ─▶ Shelf.take ─▶ Conversation that begins the prompt ─▶ … ─▶ Shelf.put, until its bytes are needed
"""

import logging
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from servr.native.engine.faults import Fault, attempt

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

LITTLE = 8
"""A conversation is cut and taken when it loses at most one in so many of its tokens, else copied."""


class Conversation(Protocol):
    """Tokens that a model has read, with what it remembers of them."""

    tokens: "array[int]"
    in_use: bool
    """Whether a reply is being written to it: it is neither cut nor dropped then."""
    is_sound: bool
    """False once a step has failed in the middle of it, and what is remembered is of no use."""

    @property
    def bytes(self) -> int: ...

    def bytes_with(self, tokens: int) -> int:
        """What it takes once `tokens` more are read."""

    def usable(self, prompt: "array[int]") -> int:
        """How many tokens of the prompt, less than all, need not be read again."""

    def branch(self, length: int) -> "Conversation":
        """A copy of its first `length` tokens."""

    def crop(self, length: int) -> None: ...


@dataclass(frozen=True)
class Piece:
    """What one conversation brings to a step."""

    conversation: Conversation
    tokens: Sequence[int]
    wanted: int
    """For so many of its last tokens the logits of the next are wanted."""


class Model(Protocol):
    cuts: bool
    """Whether its conversations can be cut anywhere; else they are copied at the ends of messages."""

    def begin(self) -> Conversation: ...

    def bytes_for(self, tokens: int) -> int:
        """What a conversation of so many takes."""

    def groups(self, pieces: Sequence[Piece]) -> Sequence[Sequence[Piece]]:
        """The pieces, as they may go through the model together."""

    def read(self, pieces: Sequence[Piece]) -> "Tensor":
        """(wanted of all, vocabulary) logits. The conversations are longer then; not so when it raises."""


def common(tokens: "array[int]", others: "array[int]") -> int:
    """How many tokens are the same from the beginning on."""
    length = min(len(tokens), len(others))
    if not length:
        return 0
    differing = np.frombuffer(tokens, np.int32)[:length] != np.frombuffer(others, np.int32)[:length]
    first = int(differing.argmax())
    return first if differing[first] else length


def copied(conversation: Conversation, length: int) -> Conversation | None:
    """Its first `length` tokens; None where there is no memory for a copy: they can be read again."""
    copy = attempt(partial(conversation.branch, length))
    if isinstance(copy, Fault):
        log.warning("%d tokens that were read could not be copied: %s", length, str(copy.error))
        return None
    return copy


class Shelf:
    """All conversations; those that nobody uses are dropped when room is needed, the oldest first."""

    def __init__(self, model: Model, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.evicted = 0
        self._model = model
        self._conversations: list[Conversation] = []  # the newest last

    @property
    def bytes(self) -> int:
        return sum(conversation.bytes for conversation in self._conversations)

    @property
    def kept(self) -> list[Conversation]:
        return [conversation for conversation in self._conversations if not conversation.in_use]

    def take(self, prompt: "array[int]") -> Conversation:
        """One that has read as much of the prompt as any, for the caller to use until `put`."""
        donor = max(self._conversations, key=lambda each: each.usable(prompt), default=None)
        length = donor.usable(prompt) if donor else 0
        if donor is None or not length:
            return self._used(self._model.begin())
        self._conversations.remove(donor)
        self._conversations.append(donor)
        lost = len(donor.tokens) - length
        loses = lost * LITTLE > len(donor.tokens) or not self._model.cuts
        if donor.in_use or (loses and self.make_room(self._model.bytes_for(length), but=donor)):
            return self._used(copied(donor, length) or self._model.begin())
        self._conversations.remove(donor)
        if lost:
            donor.crop(length)
        return self._used(donor)

    def put_copy(self, conversation: Conversation) -> None:
        """Of one that is in use, as it is now, to be kept if there is room."""
        length = len(conversation.tokens)
        if self.make_room(self._model.bytes_for(length)) and (copy := copied(conversation, length)):
            self.put(copy)

    def put(self, conversation: Conversation) -> None:
        """It is no longer used; kept if it is worth it."""
        conversation.in_use = False
        self.remove(conversation)
        if conversation.is_sound and len(conversation.tokens):
            self._conversations.append(conversation)
            self.make_room(0)

    def remove(self, conversation: Conversation) -> None:
        self._conversations = [each for each in self._conversations if each is not conversation]

    def make_room(self, more_bytes: int, *, but: Conversation | None = None) -> bool:
        """Drop what is kept until `more_bytes` fit; False when they do not."""
        over = self.bytes + more_bytes - self.most_bytes
        for conversation in self.kept:
            if over <= 0:
                break
            if conversation is not but:
                over -= conversation.bytes
                self.remove(conversation)
                self.evicted += 1
        return over <= 0

    def drop_kept(self) -> None:
        self.evicted += len(self.kept)
        self._conversations = [each for each in self._conversations if each.in_use]

    def _used(self, conversation: Conversation) -> Conversation:
        conversation.in_use = True
        self._conversations.append(conversation)
        return conversation
