"""A reply read as it comes, by the scanner of the dialects: text, thoughts and calls become deltas.

text ─▶ Scanner (whose dialect it reads, boot knows) ─▶ what waits for a call to follow ─▶ deltas
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from core.messages import Text, Thinking, ToolCall
from core.tools import ToolSpec
from servr.native.parts import Held, NewReader, ReplyReader, Said


class Found(Protocol):
    """A call that came whole."""

    @property
    def call(self) -> ToolCall: ...


Piece = Text | Thinking | Found | CallDelta


class Scanner(Protocol):
    def read(self, text: str) -> Sequence[Piece]:
        """What may be told now, in order; of a `CallDelta` its number is that of the call in the reply."""

    def end(self, *, cut: bool) -> Sequence[Piece]: ...


NewScanner = Callable[[Sequence[ToolSpec], bool], Scanner]
"""Of tools that may be called, and whether the reply begins in a thought."""


def reply_readers(
    scanner: NewScanner,
    *,
    thoughts: Mapping[str, str],
    separator: str = "",
) -> NewReader:
    """Readers of replies, each for what its reply is held to.

    Args:
        scanner: makes one that reads the model's dialect.
        thoughts: what opens one, and what closes it.
        separator: what the model's template writes between text and calls; it is no part of the text.
    """

    def reader(held: Held) -> ReplyReader:
        if held.schema is not None:
            return TextReader(thoughts, in_thought=held.in_thought)
        return CallReader(scanner(held.tools if held.may_call else (), held.in_thought), separator=separator)

    return reader


class CallReader:
    """Text, thoughts and calls of a reply."""

    def __init__(self, scanner: Scanner, *, separator: str) -> None:
        self._scanner = scanner
        self._separator = separator
        self._waiting = ""
        """Text that ends a line, behind which a call may follow."""
        self._calls = 0

    def read(self, text: str) -> list[Said]:
        return list(self._said(self._scanner.read(text)))

    def end(self, *, cut: bool) -> list[Said]:
        said = list(self._said(self._scanner.end(cut=cut)))
        return [*said, *self._waited()]

    def _said(self, pieces: Iterable[Piece]) -> Iterator[Said]:
        for piece in pieces:
            match piece:
                case Text(text=text):
                    yield from self._text(text)
                case Thinking(text=text):
                    yield from self._waited()
                    yield ThinkingDelta(text=text)
                case CallDelta():
                    self._waiting = ""
                    self._calls = max(self._calls, piece.index + 1)
                    yield piece
                case found:
                    self._waiting = ""
                    yield self._whole(found.call)

    def _text(self, text: str) -> Iterator[Said]:
        text, self._waiting = self._waiting + text, ""
        if self._separator and text.endswith(self._separator):
            text, self._waiting = text.removesuffix(self._separator), self._separator
        if text:
            yield TextDelta(text=text)

    def _waited(self) -> Iterator[Said]:
        text, self._waiting = self._waiting, ""
        if text:
            yield TextDelta(text=text)

    def _whole(self, call: ToolCall) -> CallDelta:
        index, self._calls = self._calls, self._calls + 1
        own = "" if call.id == f"call-{index + 1}" else call.id
        return CallDelta(index=index, id=own, name=call.name, arguments=call.arguments)


class TextReader:
    """A reply that is JSON by a schema: what its strings look like is of no account."""

    def __init__(self, thoughts: Mapping[str, str], *, in_thought: bool) -> None:
        self._thoughts = dict(thoughts)
        self._closings = tuple(thoughts.values()) if in_thought else ()
        """Of the thought at hand."""
        self._begun = in_thought
        """Whether it is settled how the reply begins."""
        self._held = ""
        self._spoke = False

    def read(self, text: str) -> list[Said]:
        self._held += text
        said: list[Said] = []
        if not self._begun:
            self._begin()
        if self._closings:
            said += self._think()
        if self._begun and not self._closings:
            said += self._speak()
        return said

    def end(self, *, cut: bool) -> list[Said]:
        text, self._held = self._held, ""
        if not text:
            return []
        return [ThinkingDelta(text=text) if self._closings else TextDelta(text=text)]

    def _begin(self) -> None:
        words = self._held.lstrip()
        opening = next((one for one in self._thoughts if words.startswith(one)), None)
        if opening:
            self._closings, self._held = (self._thoughts[opening],), words.removeprefix(opening)
        self._begun = bool(opening) or not any(one.startswith(words) for one in self._thoughts)

    def _think(self) -> list[Said]:
        found = [(place, one) for one in self._closings if (place := self._held.find(one)) >= 0]
        if found:
            place, closing = min(found)
            text, self._held = self._held[:place], self._held[place + len(closing) :]
            self._closings = ()
        else:
            kept = max(_begun(self._held, one) for one in self._closings)
            text, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return [ThinkingDelta(text=text)] if text else []

    def _speak(self) -> list[Said]:
        text, self._held = self._held if self._spoke else self._held.lstrip(), ""
        self._spoke = self._spoke or bool(text)
        return [TextDelta(text=text)] if text else []


def _begun(text: str, mark: str) -> int:
    """How many of the last characters of a text may become the mark."""
    lengths = range(min(len(text), len(mark) - 1), 0, -1)
    return next((length for length in lengths if text.endswith(mark[:length])), 0)
