"""The texts of earlier chats, for the keys that go back to them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from prompt_toolkit.history import History


class PromptTexts(Protocol):
    def texts(self) -> Sequence[str]:
        """The oldest first."""
        ...

    def add(self, text: str) -> None: ...


class KeptHistory(History):
    """Written as it grows; read when the first key asks for it."""

    def __init__(self, kept: PromptTexts) -> None:
        super().__init__()
        self._kept = kept
        self.whole: Callable[[str], str] = str
        """What stands for what a later chat cannot know, written out."""

    def load_history_strings(self) -> Iterable[str]:
        return reversed(self._kept.texts())

    def store_string(self, string: str) -> None:
        self._kept.add(self.whole(string))
