"""prompt_toolkit's application below a transcript that scrolls away: one write for each drawing."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point
from prompt_toolkit.layout.screen import Char
from prompt_toolkit.output import Output
from prompt_toolkit.output.vt100 import Vt100_Output

BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
"""Terminals that know these show all between them at once; others pass over them."""
POSTPONED_SECONDS = 0.002
"""How long a drawing gives way to what else there is to do: Enter and the line above it are drawn at once."""


class FramedOutput(Vt100_Output):
    """Writes once a frame, however often what draws into it asks to be flushed."""

    _depth = 0

    @contextmanager
    def frame(self) -> Iterator[None]:
        if not self._depth:
            self.write_raw(BEGIN_FRAME)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self.write_raw(END_FRAME)
                self.flush()

    def flush(self) -> None:
        if not self._depth:
            super().flush()

    @property
    def responds_to_cpr(self) -> bool:
        """Nothing waits for an answer of the terminal: where the cursor is does not matter here."""
        return False


class ChatApplication(Application[None]):
    """Draws below a transcript that it only ever adds to."""

    above: list[str]
    """Whole lines that are written above before the next drawing, with what colours them."""
    _columns: int = 0
    """Of the terminal at the last drawing; 0: there was none."""
    marks: list[str]
    """What the terminal is told after the next drawing that has all of `above`, and shows nothing of."""
    behind: Callable[[], bool] = staticmethod(lambda: False)
    """Whether the panel still shows what is in `above`: a key is drawn without it, and sooner."""

    def _redraw(self, render_as_done: bool = False) -> None:
        output = self.output
        if not isinstance(output, FramedOutput):
            self._draw(output, render_as_done)
            return
        with output.frame():
            self._draw(output, render_as_done)

    def _draw(self, output: Output, render_as_done: bool) -> None:
        if self._running_in_terminal or not self._is_running:
            return
        if output.get_size().columns != self._columns:
            self._follow_wrapping(output.get_size().columns)
            self.renderer.erase()
        waits = bool(self.above) and self.behind()
        if self.above and not waits:
            self.renderer.erase()
            output.write_raw("".join(f"{line}\r\n" for line in self.above))
            self.above.clear()
        elif self._has_shrunk():
            self.renderer.erase()
        super()._redraw(render_as_done)
        if not waits:
            output.write_raw("".join(self.marks))
            self.marks.clear()

    def _has_shrunk(self) -> bool:
        """Whether the next drawing needs fewer rows than the last one took."""
        last = self.renderer.last_rendered_screen
        if last is None:
            return False
        size = self.output.get_size()
        return self.layout.container.preferred_height(size.columns, size.rows).preferred < last.height

    def _on_resize(self) -> None:
        self._redraw()

    def _follow_wrapping(self, columns: int) -> None:
        """Most terminals wrap anew what is too long now, so that the first row is further up than it was."""
        last, cursor = self.renderer.last_rendered_screen, self.renderer._cursor_pos
        if last is not None and self._columns:
            above = sum(rows_of(last.data_buffer[row], columns) for row in range(cursor.y))
            self.renderer._cursor_pos = Point(x=cursor.x % columns, y=above + cursor.x // columns)
        self._columns = columns


def rows_of(row: Mapping[int, Char], columns: int) -> int:
    """How many rows of a terminal of so many columns a drawn row takes."""
    used = [column for column, cell in row.items() if cell.char != " "]
    return 1 + max(used, default=0) // max(columns, 1)


def terminal_output(out: TextIO, term: str | None) -> Output:
    if sys.platform == "win32":
        from prompt_toolkit.output import create_output

        return create_output(out)
    return FramedOutput.from_pty(out, term=term)
