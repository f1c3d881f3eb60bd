"""The course of one reply: what the engine tells, as what the model said; and how much of it was thought."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from secrets import token_hex

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from servr.native.asking import Ended, Token, Told, Written
from servr.native.parts import ReplyReader, Said


@dataclass
class Course:
    reader: ReplyReader
    thinks: bool = False
    """Whether what is said now is thought."""
    ended: Ended | None = None
    reasoning_tokens: int = 0
    """To a token or two: what the reader holds back counts as what was said before."""
    _calls: set[int] = field(default_factory=set)

    @property
    def finish(self) -> str:
        if self.ended and self.ended.finish == "length":
            return "length"
        return "tool_calls" if self._calls else "stop"

    def take(self, batch: Iterable[Told]) -> tuple[list[Said], list[Token]]:
        """What was said in these, in as few pieces as can be, and the tokens it was said with."""
        said: list[Said] = []
        tokens: list[Token] = []
        for told in batch:
            match told:
                case Written():
                    said += self._read(told)
                    tokens += told.tokens
                case Ended():
                    self.ended = told
                    said += self.reader.end(cut=told.finish == "length")
        return list(merged(map(self._with_id, said))), tokens

    def _read(self, written: Written) -> Sequence[Said]:
        said = self.reader.read(written.text) if written.text else ()
        if said:
            self.thinks = isinstance(said[-1], ThinkingDelta)
        if self.thinks:
            self.reasoning_tokens += len(written.tokens)
        return said

    def _with_id(self, said: Said) -> Said:
        if not isinstance(said, CallDelta) or said.index in self._calls:
            return said
        self._calls.add(said.index)
        return said if said.id else replace(said, id=f"call_{token_hex(12)}")


def merged(said: Iterable[Said]) -> Iterator[Said]:
    """The same in fewer pieces: neighbours of a kind are one."""
    for _, group in groupby(said, _kind):
        first, *rest = group
        yield _joint(first, rest) if rest else first


def _kind(said: Said) -> tuple[type[Said], int]:
    return type(said), said.index if isinstance(said, CallDelta) else 0


def _joint(first: Said, rest: Iterable[Said]) -> Said:
    if isinstance(first, CallDelta):
        pieces = [piece.arguments for piece in (first, *rest) if isinstance(piece, CallDelta)]
        return replace(first, arguments="".join(pieces))
    pieces = [piece.text for piece in (first, *rest) if not isinstance(piece, CallDelta)]
    return replace(first, text="".join(pieces))


class PlainReader:
    """Of a completion, where nothing is a thought or a call."""

    def read(self, text: str) -> Sequence[Said]:
        return (TextDelta(text=text),)

    def end(self, *, cut: bool) -> Sequence[Said]:
        return ()
