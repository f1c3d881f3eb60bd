"""Replies read for the calls written in them, as they come."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.messages import Text, Thinking, ToolCall
from core.tools import ToolSpec
from core.values import value
from gate.dialects.calls import Tools
from gate.dialects.pieces import Found, Piece
from gate.dialects.reply import Reply
from gate.dialects.table import known_family

if TYPE_CHECKING:
    from gate.dialects.growing import Growth


@value
class Parsed:
    """What a reply says."""

    content: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    partial: str = ""
    """The words of a call in which the text broke off; it is no call, and they are not in `content`."""
    repairs: tuple[str, ...] = ()
    """What was mended, without a change of meaning."""


class Scanner:
    """Reads one reply in pieces; however it is cut up, what it says is the same.

    What `feed` has shown is what `content` of the end begins with, but for two things that only what
    follows can tell: that all so far was a thought, because a `</think>` comes that nothing opened, and
    that a call was none, behind which more than `HELD_CHARS` (`gate/dialects/pieces.py`) were said. White
    space before the first words, before and behind calls and thoughts waits for what follows it.
    """

    def __init__(
        self,
        tools: Sequence[ToolSpec],
        family: str | None = None,
        *,
        thinking: bool | None = None,
        growth: "Growth | None" = None,
    ) -> None:
        """Nothing was read yet.

        Args:
            tools: those that may be called.
            family: as for `parse`.
            thinking: whether the reply begins within a thought, because the prompt opened it; None: nobody
                knows, and all before a `</think>` that nothing opened was one. Else such a mark is text.
            growth: is told of calls while they are written.

        Raises:
            ConfigError: there is no such family.
        """
        self._reply = Reply(Tools(tools), known_family(family), thinking=thinking, growth=growth)

    def feed(self, text: str) -> str:
        """The text, no thoughts, that may be shown now."""
        return "".join(piece.text for piece in self.read(text) if isinstance(piece, Text))

    def close(self, *, cut: bool = False) -> Parsed:
        """All that was said. `cut`: the reply was ended in the middle, so that no call of it may run."""
        self.end(cut=cut)
        found = self._reply.pieces.found
        calls = [piece for piece in found if isinstance(piece, Found)]
        return Parsed(
            content="".join(piece.text for piece in found if isinstance(piece, Text)),
            reasoning="".join(piece.text for piece in found if isinstance(piece, Thinking)).strip(),
            calls=tuple(one.call for one in calls),
            partial=self._reply.partial,
            repairs=tuple(repair for one in calls for repair in one.repairs),
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
