"""Vectors of a real server, with a tiny model of random weights."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.embedding import EmbeddingFailed
from gate.embedding.endpoint import EndpointEmbedder
from tests.servers.conftest import HERE, made, serving

pytestmark = [pytest.mark.real, pytest.mark.slow]
WINDOW = 512


@pytest.fixture(scope="module")
def embedding_llama(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of llama-cpp-python's server, made to give vectors of up to 512 bytes of text."""
    python = installed / "llama" / "bin" / "python"
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    made(python, HERE / "tiny_gguf.py", model, "pools")
    with serving(
        str(python), "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "tiny", "--embedding", "True",
        "--n_ctx", str(WINDOW), "--n_threads", "1", "--host", "127.0.0.1", "--port", "0",
    ) as url:  # fmt: skip
        yield url


async def test_a_server_gives_vectors_of_texts_of_any_length(embedding_llama: str) -> None:
    embedder = EndpointEmbedder(embedding_llama, "tiny")

    rows = await embedder.embed(["how is it built?", "日本語", "", "how is it built?", "word " * 2000])
    await embedder.close()

    assert rows.ndim == 2
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows[0], rows[3], atol=1e-4)
    assert rows[0] @ rows[1] < 0.9999


async def test_a_server_without_an_embedding_model_is_told_of(llama: str) -> None:
    embedder = EndpointEmbedder(llama, "tiny", attempts=1)

    with pytest.raises(EmbeddingFailed, match="There are no vectors from tiny"):
        await embedder.embed(["how is it built?"])

    await embedder.close()
