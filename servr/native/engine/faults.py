"""The fence around whatever a model, a sampler or a grammar does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Fault:
    error: Exception


def attempt(work: Callable[[], Answer]) -> Answer | Fault:
    """Its answer, or what it raised."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the engine's thread goes on: only one reply is lost, and it is logged
        return Fault(error)
