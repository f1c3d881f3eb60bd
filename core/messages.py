"""What is said: message parts, messages, and what a model call costs.

Everything here is a value. Identity, order and time belong to the records that
carry the values (see `core/events.py`).
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import Literal

from core.marking import kept_apart, marked
from core.values import value


@value
class Text:
    kind: Literal["text"] = "text"
    text: str


@value
class Thinking:
    kind: Literal["thinking"] = "thinking"
    text: str


@value
class Image:
    kind: Literal["image"] = "image"
    media_type: str
    base64: str


@value
class ToolCall:
    kind: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: str
    """JSON as the model wrote it, or as it was mended; only the executor parses it."""
    source: str = ""
    """The words of a call that was written as text; empty for a structured call."""
    mends: tuple[str, ...] = ()
    """What was wrong with these words and was read all the same; empty once it was told."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Vendor fields of the call (a thought signature, say): kept, and sent back unchanged."""


Part = Text | Thinking | ToolCall


@value
class Usage:
    """Tokens of one model call."""

    prompt_tokens: int = 0
    cached_tokens: int | None = None
    """The share of `prompt_tokens` that was read from a cache; None: the server does not say."""
    reply_tokens: int = 0


class Finish(StrEnum):
    """Why the model stopped writing."""

    DONE = "done"
    CALLS = "calls"
    LENGTH = "length"
    INTERRUPTED = "interrupted"
    REPEATED = "repeated"
    """It said the same again and again, and was ended."""


@value
class Recap:
    """What a shrunk conversation stands for; the next shrinking adds to it, so that nothing is told twice."""

    asked: tuple[str, ...]
    """What the person said, word for word, oldest first; the first is the goal."""
    done: tuple[str, ...]
    """What was done since, a line each, oldest first."""
    last_test: str = ""
    """The newest command that ran tests, and the end of what it said."""
    summary: str = ""
    """What the model itself said of it, if it was asked."""


PERSONS = ("person", "steering")
"""Sources of messages that a person wrote."""


@value
class UserMessage:
    role: Literal["user"] = "user"
    text: str
    source: str = "person"
    """Who says it in the user's place: `person`, or the source of a note."""
    recap: Recap | None = None
    head: str = ""
    """What stands before the text for the model alone: date, folder, AGENTS.md, memories."""
    images: tuple[Image, ...] = ()

    @property
    def whole(self) -> str:
        """The text as the model reads it."""
        return f"{self.head}\n\n{self.text}" if self.head else self.text


@value
class AssistantMessage:
    role: Literal["assistant"] = "assistant"
    parts: tuple[Part, ...]
    finish: Finish = Finish.DONE
    usage: Usage = Usage()

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def thinking(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Thinking))

    @cached_property
    def calls(self) -> tuple[ToolCall, ...]:
        """Asked for dozens of times in every step, of messages that never change."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


class ToolStatus(StrEnum):
    """How a call ended. All but OK are failures to the model; the others also end turns."""

    OK = "ok"
    FAILED = "failed"
    REFUSED = "refused"
    """It needed a yes, and nobody was there to give one."""
    NEEDS_INPUT = "needs_input"
    """It asked a person, and nobody was there to answer."""


@value
class ToolMessage:
    role: Literal["tool"] = "tool"
    call_id: str
    text: str
    status: ToolStatus = ToolStatus.OK
    notes: str = ""
    """What is new and stands behind the answer, for a template that takes no message of its own there."""
    by_person: bool = False

    @property
    def whole(self) -> str:
        """The answer as the model reads it: as data, but for a person's. Notes stand outside of the block."""
        answer = kept_apart(self.text) if self.by_person else marked(self.text)
        return "\n\n".join(filter(None, (answer, self.notes)))


Message = UserMessage | AssistantMessage | ToolMessage
