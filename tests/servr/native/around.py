"""A model around another one: all that a double does not change goes through."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # who serves it has first to say where torch is
    from servr.native.engine.conversations import Conversation, Model, Piece


class Around:
    def __init__(self, inner: "Model") -> None:
        self.inner = inner
        self.cuts = inner.cuts

    def begin(self) -> "Conversation":
        return self.inner.begin()

    def bytes_for(self, tokens: int) -> int:
        return self.inner.bytes_for(tokens)

    def groups(self, pieces: "Sequence[Piece]") -> "Sequence[Sequence[Piece]]":
        return self.inner.groups(pieces)

    def read(self, pieces: "Sequence[Piece]") -> Any:
        return self.inner.read(pieces)
