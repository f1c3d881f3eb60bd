"""What every `core.embedding.Embedder` promises; a new one joins `EMBEDDERS`."""

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest

from boot.embedding import NoEmbedder
from core.embedding import Embedder, EmbeddingFailed
from gate.embedding.cached import CachedEmbedder
from gate.embedding.directory import DirectoryEmbedder
from gate.embedding.endpoint import EndpointEmbedder
from gate.embedding.hashed import HashedEmbedder
from gate.embedding.scripted import ScriptedEmbedder
from store.database import Database
from store.search.vector_cache import FORM, StoredVectors
from tests.fakes.serving import Asked, FakeServer, Page, page

pytestmark = pytest.mark.server

TEXTS = ("alpha", "the tests run with pytest", "", "alpha", "\ud800 \x00 日本", "x" * 40_000)


def numbers(text: str) -> list[float]:
    return [float(len(text) % 97), 1.0, float(text.count("a"))]


def answer(asked: Asked) -> Page:
    entries = [{"index": place, "embedding": numbers(text)} for place, text in enumerate(asked.json["input"])]
    return page({"object": "list", "data": entries, "model": asked.json["model"]})


@contextmanager
def hashed(folder: Path):
    yield HashedEmbedder()


@contextmanager
def scripted(folder: Path):
    yield ScriptedEmbedder({text: numbers(text) for text in TEXTS})


@contextmanager
def of_server(folder: Path):
    with FakeServer({"/v1/embeddings": answer}) as served:
        yield EndpointEmbedder(served.url, "tiny")


@contextmanager
def cached(folder: Path):
    with of_server(folder) as inner:
        database = Database.open(folder / "cache" / "vectors.sqlite", FORM)
        yield CachedEmbedder(inner, StoredVectors(database))
        database.close()


LIBRARY = """
import numpy as np

class SentenceTransformer:
    def __init__(self, folder, **options): ...

    def encode(self, texts, **options):
        rows = np.array([[len(text) % 97, 1.0, text.count("a")] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1)[:, None]
"""


@contextmanager
def of_folder(folder: Path):
    (folder / "sentence_transformers.py").write_text(LIBRARY)
    (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Transformer"}]))
    python = folder / "python"
    python.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nsys.path.insert(0, {str(folder)!r})\n"
        "sys.argv = sys.argv[2:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    python.chmod(0o755)
    yield DirectoryEmbedder(folder, str(python))


EMBEDDERS = (hashed, scripted, of_server, cached, of_folder)


@pytest.fixture(params=EMBEDDERS, ids=lambda made: made.__name__)
async def embedder(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Embedder]:
    made: Callable[[Path], AbstractContextManager[Embedder]] = request.param
    with made(tmp_path) as embedder:
        yield embedder
        await embedder.close()


async def test_each_text_has_a_row_of_length_one_or_of_zeros(embedder: Embedder) -> None:
    rows = await embedder.embed(TEXTS)

    lengths = np.linalg.norm(rows, axis=1)
    assert rows.shape == (len(TEXTS), rows.shape[1])
    assert rows.dtype == np.float32
    assert np.all((np.abs(lengths - 1) < 2e-3) | (lengths == 0))
    assert lengths[0] > 0


async def test_the_same_text_has_the_same_vector_wherever_and_whenever_it_is_asked_for(
    embedder: Embedder,
) -> None:
    together = await embedder.embed(TEXTS)
    alone = [(await embedder.embed([text]))[0] for text in TEXTS]

    assert np.allclose(together, alone, atol=2e-3)
    assert np.array_equal(together[0], together[3])


async def test_no_texts_have_no_vectors(embedder: Embedder) -> None:
    assert len(await embedder.embed([])) == 0


async def test_its_name_is_a_line_that_stays(embedder: Embedder) -> None:
    before = embedder.model
    await embedder.embed(["alpha"])

    assert embedder.model == before
    assert before.strip()
    assert before.isprintable()


async def test_it_can_be_closed_twice_and_opens_again_when_it_is_used(embedder: Embedder) -> None:
    await embedder.close()
    await embedder.embed(["alpha"])
    await embedder.close()
    await embedder.close()

    assert len(await embedder.embed(["alpha"])) == 1


@pytest.mark.parametrize("failing", [ScriptedEmbedder({}, failure="Gone."), NoEmbedder("none", "Gone.")])
async def test_what_it_cannot_do_is_one_failure_that_says_why(failing: Embedder) -> None:
    with pytest.raises(EmbeddingFailed, match=r"Gone\."):
        await failing.embed(["alpha"])
