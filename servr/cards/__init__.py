"""Calls of tools as cards: a title that says what was done, and as much of the outcome as is soon read."""

from servr.cards.cards import Cards
from servr.cards.folds import Folds

__all__ = ["Cards", "Folds"]
