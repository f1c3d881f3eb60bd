"""What was folded on the screen, by number, so that a person can open it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from core.visible import visible
from servr.spans import Line, Style

MOST_KEPT = 100
CHARS_PER_TOKEN = 4


@dataclass
class Folds:
    """The newest hundred; the others are in the session's log."""

    _opening: dict[int, Callable[[], Iterator[Line]]] = field(default_factory=dict)
    _last: int = 0

    @property
    def next_hint(self) -> str:
        """How the next fold is opened, when it is kept."""
        return f"/show {self._last + 1}"

    def keep(self, opened: Callable[[], Iterator[Line]]) -> None:
        self._last += 1
        self._opening[self._last] = opened
        self._opening.pop(self._last - MOST_KEPT, None)

    def opened(self, number: int | None = None) -> Iterator[Line]:
        """What is behind a number, or behind the newest.

        Raises:
            KeyError: nothing is kept under it.
        """
        return self._opening[self._last if number is None else number]()

    def thinking(self, text: str, seconds: float) -> Line:
        """A line in the place of what was thought."""
        tokens = len(text) // CHARS_PER_TOKEN
        line = f"✻ thought for {seconds:.0f} s, about {tokens:,} tokens ({self.next_hint})"
        self.keep(lambda: thinking_lines(text))
        return Line(line, Style.DIM)


def thinking_lines(text: str) -> Iterator[Line]:
    yield from (
        Line(f"  {line}".rstrip(), Style.DIM) for line in visible(text).strip().expandtabs().split("\n")
    )
