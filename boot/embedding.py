"""Who makes the vectors that memory is searched with: `AGENT_EMBEDDER`, and how far a change of it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from boot.paths import Folders
from boot.settings import Settings
from core.embedding import Embedder, EmbeddingFailed
from core.errors import ConfigError, StoreError
from core.records import dataclass

if TYPE_CHECKING:
    from core.embedding import Floats
    from store.search.reembedding import Progress

HASHED = "hashed"
WIDTH = 20
CLEAR_LINE = "\r\x1b[K"


def hashed_embedder() -> Embedder:
    """The default; it loads numpy."""
    from core.arrays import load_numpy

    load_numpy()
    from gate.embedding.hashed import HashedEmbedder

    return HashedEmbedder()


@dataclass(frozen=True)
class NoEmbedder:
    """In the place of one that is set, but not there: it is searched by words alone, and said why."""

    model: str
    reason: str

    async def embed(self, texts: Sequence[str]) -> "Floats":
        raise EmbeddingFailed(self.reason)

    async def close(self) -> None:
        """Nothing is open."""


def embedder_of(settings: Settings, folders: Folders) -> Embedder:
    """The one that is set. A setting that is wrong is told of when somebody searches."""
    if settings.embedder == HASHED:
        return hashed_embedder()
    try:
        return _chosen(settings.embedder, settings, folders)
    except (ConfigError, StoreError) as error:
        return NoEmbedder(settings.embedder, str(error))


def _chosen(chosen: str, settings: Settings, folders: Folders) -> Embedder:
    if chosen.startswith(("/", "~", "./", "../")) or Path(chosen).is_absolute():
        return _of_folder(Path(chosen).expanduser())
    url = settings.embedder_url or settings.model_url
    if not url:
        said = f"AGENT_EMBEDDER is {chosen!r}, a model of a server, but no server is set."
        raise ConfigError(said, hint="Set AGENT_EMBEDDER_URL or AGENT_MODEL_URL, or AGENT_EMBEDDER=hashed.")
    return _of_server(url, chosen, settings.api_key if url == settings.model_url else "", folders)


def _of_folder(folder: Path) -> Embedder:
    from gate.embedding.directory import DirectoryEmbedder

    if not (folder / "modules.json").is_file():
        said = f"AGENT_EMBEDDER is {str(folder)!r}, which holds no sentence-transformers model."
        raise ConfigError(said, hint="A folder of one has a file modules.json.")
    return DirectoryEmbedder(folder.resolve())


def _of_server(url: str, name: str, api_key: str, folders: Folders) -> Embedder:
    from core.arrays import load_numpy

    load_numpy()
    from gate.embedding.cached import CachedEmbedder
    from gate.embedding.endpoint import EndpointEmbedder
    from store.database import Database
    from store.search.vector_cache import FORM, StoredVectors

    cache = StoredVectors(Database.open(folders.cache / "vectors.sqlite", FORM))
    return CachedEmbedder(EndpointEmbedder(url.rstrip("/"), name, api_key), cache)


def show_progress(out: TextIO, progress: "Progress") -> None:
    """A bar that moves in a terminal, a line for each tenth elsewhere."""
    share = progress.done / progress.total
    told = f"{progress.done:,} of {progress.total:,} vectors"
    if out.isatty():
        full = int(WIDTH * share)
        end = "\n" if progress.done == progress.total else ""
        out.write(f"{CLEAR_LINE}{'█' * full}{'░' * (WIDTH - full)} {told}{end}")
    elif int(10 * share) > int(10 * max(0, progress.done - 64) / progress.total):
        out.write(f"roost: {told}\n")
    out.flush()
