"""Vectors in little room."""

import numpy as np

from gate.embedding.hashed import hashed_rows
from store.search.packing import packed, unpacked


def test_a_packed_vector_points_where_it_did() -> None:
    texts = ["def open_socket(self): return self.socket", "a lock " * 500 + "and a key", "x", ""]
    random = np.random.default_rng(7).standard_normal((3, 1024)).astype(np.float32)
    rows = np.concatenate([hashed_rows(texts), random / np.linalg.norm(random, axis=1)[:, None]])

    whole, found = unpacked([packed(row) for row in rows], 1024)

    assert whole.all()
    assert np.allclose((found * rows).sum(axis=1), [1, 1, 1, 0, 1, 1, 1], atol=1e-3)


def test_a_vector_of_any_width_is_packed() -> None:
    row = np.array([0.6, 0, -0.8], np.float32)

    assert np.allclose(unpacked([packed(row)], 3)[1], row, atol=5e-3)


def test_a_packed_vector_of_hashed_words_takes_an_eighth() -> None:
    [row] = hashed_rows(["def count_money(self, drawer):\n    return sum(drawer)\n"])

    assert len(packed(row)) < row.astype(np.float16).nbytes / 8


def test_what_is_not_whole_is_left_out_and_the_rest_is_as_it_was() -> None:
    kept = [packed(row) for row in hashed_rows(["open a door", "close it"])]

    whole, found = unpacked([b"", kept[0], kept[0][:-1], b"\xff" * 9, kept[1] + b"\x01", kept[1]], 1024)

    assert whole.tolist() == [False, True, False, False, False, True]
    assert np.array_equal(found, unpacked(kept, 1024)[1])


def test_nothing_is_unpacked_to_nothing() -> None:
    whole, found = unpacked([], 1024)

    assert (len(whole), found.shape) == (0, (0, 1024))
