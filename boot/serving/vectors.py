"""A model that makes vectors, served: for Roost's memory, or whoever asks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from boot.serving.asked import Asked
from core.errors import ConfigError
from model.serving import QUANTISED

if TYPE_CHECKING:
    from servr.native.embeddings import FolderEmbeddings
    from servr.native.engine.loading import Wanted
    from servr.native.parts import EmbeddingFacts


def embedder(asked: Asked, wanted: "Wanted") -> "FolderEmbeddings":
    """Raises ConfigError: it was asked for what only models have that reply, or cannot be loaded."""
    from servr.native.embeddings import FolderEmbeddings
    from servr.native.engine.loading import device_of, read

    if asked.window_tokens or asked.slots or wanted.dtype in QUANTISED:
        raise ConfigError(
            f"{wanted.name!r} makes vectors, and takes no --window, --slots or smaller --dtype.",
            hint="Leave them out.",
        )
    device = device_of(wanted.device)
    found: Any = read(
        wanted,
        lambda: FolderEmbeddings(Path(wanted.model), name=wanted.name, device=device, dtype=wanted.dtype),
    )
    assert isinstance(found, FolderEmbeddings)
    return found


def greeting(facts: "EmbeddingFacts") -> str:
    return (
        f"{facts.name}: {facts.dtype} on {facts.device}, vectors of {facts.width:,} numbers, "
        f"of texts of up to {facts.window_tokens:,} tokens."
    )


def at(line: str) -> tuple[str, ...]:
    """`line` says what is served and where; then how Roost's memory makes use of that."""
    name, _, url = line.removeprefix("Roost serves ").rpartition(" at ")
    return (
        f"{line}.",
        f"Roost's memory asks it with AGENT_EMBEDDER={name} AGENT_EMBEDDER_URL={url}",
        "Ctrl-C ends it.",
    )
