"""Replies read for the calls written in them, as they come."""

from collections.abc import Sequence

from core.messages import Text, Thinking, ToolCall
from core.protocols import ToolSpec
from gate.dialects.calls import Tools
from gate.dialects.parsed import Parsed, known_family
from gate.dialects.pieces import Piece
from gate.dialects.reply import Reply


class Scanner:
    """Reads one reply in pieces; however it is cut up, what it says is the same."""

    def __init__(
        self, tools: Sequence[ToolSpec], family: str | None = None, *, thinking: bool = False
    ) -> None:
        """`thinking`: the reply begins within a thought, because the prompt opened it."""
        self._reply = Reply(Tools(tools), known_family(family), thinking=thinking)

    def feed(self, text: str) -> str:
        """The text, no thoughts, that may be shown now."""
        return "".join(piece.text for piece in self.read(text) if isinstance(piece, Text))

    def close(self, *, cut: bool = False) -> Parsed:
        """All that was said. `cut`: the reply was ended in the middle, so that no call of it may run."""
        self.end(cut=cut)
        found = self._reply.pieces.found
        return Parsed(
            content="".join(piece.text for piece in found if isinstance(piece, Text)),
            reasoning="".join(piece.text for piece in found if isinstance(piece, Thinking)).strip(),
            calls=tuple(piece for piece in found if isinstance(piece, ToolCall)),
            partial=self._reply.partial,
            repairs=tuple(self._reply.pieces.repairs),
        )

    def read(self, text: str) -> list[Piece]:
        """As `feed`, with thoughts: what may be let out now, in order."""
        self._reply.feed(text)
        return self._reply.pieces.let_out()

    def end(self, *, cut: bool = False) -> list[Piece]:
        """As `close`: what is left to be let out. The words of a broken call come last."""
        reply = self._reply
        reply.end()
        reply.pieces.end(cut=cut)
        words = Thinking if reply.pieces.awaited else Text
        broken = [words(text=reply.partial)] if reply.partial else []
        return [*reply.pieces.rest(), *broken]
