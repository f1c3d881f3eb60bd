"""Vectors in the answers of a server: counted, put in order, and brought to length 1."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.errors import StreamBroken

if TYPE_CHECKING:
    from core.embedding import Floats

MOST_DIMENSIONS = 65_536


def rows_of(answer: str, count: int) -> "list[Floats]":
    """The vectors of an answer of /v1/embeddings, in the order of the texts.

    Raises:
        StreamBroken: these are not `count` vectors of numbers.
    """
    try:
        entries = sorted(json.loads(answer)["data"], key=lambda entry: int(entry["index"]))
        places = [entry["index"] for entry in entries]
        rows = [np.array(entry["embedding"], np.float64) for entry in entries]
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise StreamBroken("Its answer holds no vectors.") from error
    if places != list(range(count)):
        raise StreamBroken(f"It gave {len(places)} vectors for {count} texts.")
    return [_unit(row) for row in rows]


def joined(rows: "Sequence[Floats]") -> "Floats":
    """Raises StreamBroken when they differ in length."""
    if len({len(row) for row in rows}) > 1:
        raise StreamBroken("Its vectors are not all of one length.")
    return np.stack(rows) if rows else np.zeros((0, 1), np.float32)


def _unit(row: "np.typing.NDArray[np.float64]") -> "Floats":
    if row.ndim == 2:  # and llama-cpp-python gives those of other texts, then
        raise StreamBroken("It gave a vector for each token: its model does not say how these become one.")
    if row.ndim != 1 or not 0 < len(row) <= MOST_DIMENSIONS:
        raise StreamBroken("Its answer holds no vectors.")
    largest = np.abs(row).max()
    if not np.isfinite(largest):
        raise StreamBroken("A vector holds what is no number.")
    if largest == 0:
        return row.astype(np.float32)
    row = row / largest  # squares of very large or small numbers would be none
    unit: Floats = (row / np.linalg.norm(row)).astype(np.float32)
    return unit
