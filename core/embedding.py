"""Texts as vectors: what searches by meaning expect of whoever makes them.

Vectors of two embedders have nothing to do with each other. So each says who it is, and whoever keeps vectors
keeps that beside them and never compares across.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from core.errors import AgentError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class EmbeddingFailed(AgentError):
    """There are no vectors now; whoever searches goes on with the words alone, and says so."""


class Embedder(Protocol):
    """Makes vectors of texts."""

    @property
    def model(self) -> str:
        """Whose vectors these are: another name as soon as the same text would give another vector."""
        ...

    async def embed(self, texts: Sequence[str]) -> "Floats":
        """(n, d) float32: a row of length 1 for each text, or of zeros for one that says nothing.

        Raises:
            EmbeddingFailed: for all of them; asking again later may help.
        """
        ...

    async def close(self) -> None:
        """Let go of processes and connections; using it again opens them again."""
        ...


class VectorCache(Protocol):
    """Vectors that were dear to make, by what they were made of. It may lose any of them at any time."""

    def known(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """What there is of these: 16-bit floats."""
        ...

    def keep(self, vectors: Mapping[bytes, bytes]) -> None: ...

    def forget(self, keys: Sequence[bytes]) -> None:
        """Of these nothing is left."""
        ...


@runtime_checkable
class Forgetful(Protocol):
    """An embedder that keeps something of the texts it was given, and can let go of it."""

    def forget(self, texts: Sequence[str]) -> None: ...
