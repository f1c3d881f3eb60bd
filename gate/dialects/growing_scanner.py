"""Replies read as by `Scanner`, but calls are told while they are written."""

from collections.abc import Iterator, Sequence

from core.deltas import CallDelta
from core.messages import Text, Thinking
from core.tools import ToolSpec
from gate.dialects.calls import Tools
from gate.dialects.growing import Growth
from gate.dialects.pieces import Found, Piece
from gate.dialects.scanner import Scanner

Told = Text | Thinking | Found | CallDelta


class GrowingScanner:
    """Of each call its name, its arguments in pieces, and at the end of the reply what is left of them.

    What was told of a call is not taken back. One of which the end thinks otherwise, or that is none after
    all, stays without its last brace. Calls in thoughts, in quotation marks, without a mark and in Python
    are told at the end, and so are those behind one of them.
    """

    def __init__(
        self, tools: Sequence[ToolSpec], family: str | None = None, *, thinking: bool | None = None
    ) -> None:
        """As for `Scanner`."""
        self._growth = Growth(Tools(tools))
        self._scanner = Scanner(tools, family, thinking=thinking, growth=self._growth)
        self._named = 0
        """How many calls were told of."""

    def read(self, text: str) -> list[Told]:
        pieces = self._scanner.read(text)
        return [*pieces, *self._grown()]

    def end(self, *, cut: bool) -> list[Told]:
        pieces = self._scanner.end(cut=cut)
        return [*self._grown(), *map(_told, pieces)]

    def _grown(self) -> Iterator[CallDelta]:
        known = self._growth.calls
        for one in known[max(0, self._named - 1) :]:
            is_new, arguments = one.number >= self._named, one.fresh()
            if is_new:
                yield CallDelta(index=one.number, id=one.id, name=one.name, arguments=arguments)
            elif arguments:
                yield CallDelta(index=one.number, arguments=arguments)
        self._named = len(known)


def _told(piece: Piece) -> Told:
    if isinstance(piece, Found) and piece.grown:
        rest = piece.grown.rest(piece.call.arguments) or ""
        return CallDelta(index=piece.grown.number, arguments=rest)
    return piece
