"""Vectors without a model."""

import hashlib

import numpy as np

from gate.embedding.hashed import DIMENSIONS, HashedEmbedder, hashed_rows
from tests.processes import printed_by

TEXTS = ("def parse_json(line): ...", "日本語 テスト", "", "🚀", "x" * 100_000, "ein kürzerer Satz")
KNOWN = "bb5dddde87a70cd1"


async def test_every_row_is_of_length_one_or_says_nothing() -> None:
    rows = await HashedEmbedder().embed(TEXTS)

    assert rows.shape == (len(TEXTS), DIMENSIONS)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 0, 1, 1, 1], atol=1e-6)


def test_a_text_has_one_vector_whatever_stands_beside_it() -> None:
    together = hashed_rows(TEXTS)
    alone = np.concatenate([hashed_rows([text]) for text in TEXTS])

    assert np.array_equal(together, alone)


def test_texts_with_common_words_are_more_alike_than_others() -> None:
    query, near, far = hashed_rows(["parse a json line", "JSON lines are parsed here", "the window manager"])

    assert query @ near > 0.4 > 0.1 > query @ far


def test_no_texts_are_no_rows() -> None:
    assert hashed_rows([]).shape == (0, DIMENSIONS)


def test_another_process_makes_the_same_vectors() -> None:
    code = (
        "import hashlib; from gate.embedding.hashed import hashed_rows; "
        f"print(hashlib.sha256(hashed_rows({TEXTS!r}).tobytes()).hexdigest())"
    )

    assert printed_by(code).strip() == hashlib.sha256(hashed_rows(TEXTS).tobytes()).hexdigest()


def test_the_vectors_are_those_of_this_version_of_the_model() -> None:
    """When they change, the model is another one: count its name up, so that stored vectors are made anew."""
    made = hashlib.sha256(hashed_rows(TEXTS).astype("<f4").tobytes()).hexdigest()[:16]

    assert (HashedEmbedder.model, made) == ("hashed-1", KNOWN)
