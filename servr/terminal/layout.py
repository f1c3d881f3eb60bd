"""Where the parts of the panel stand. None is as wide as the screen, or shrinking would wrap it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.layout import (
    BufferControl,
    ConditionalContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    VerticalAlign,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.widgets import SearchToolbar

from servr.cells import fitted

if TYPE_CHECKING:
    from servr.terminal.panel import Panel

MOST_INPUT_ROWS = 10
MOST_COMPLETIONS = 8
MOST_QUEUED = 5
DIM = "fg:ansibrightblack"

Text = Callable[[], StyleAndTextTuples]


def layout_of(panel: "Panel") -> Layout:
    search = SearchToolbar(vi_mode=panel.vi, text_if_not_searching="")
    control = BufferControl(
        buffer=panel.buffer,
        search_buffer_control=search.control,
        preview_search=True,
        input_processors=[BeforeInput(lambda: panel.prompt)],
        focusable=True,
    )
    typing = Window(
        control,
        wrap_lines=True,
        dont_extend_height=True,
        height=lambda: Dimension(min=1, max=MOST_INPUT_ROWS),
    )
    parts = Parts(panel)
    body = HSplit(
        [
            _optional(parts.tail),
            _optional(parts.above_input),
            typing,
            search,
            _optional(parts.completions),
            _optional(parts.status),
        ],
        align=VerticalAlign.TOP,
    )
    return Layout(body, focused_element=typing)


def _optional(text: Text) -> ConditionalContainer:
    """Takes no row while there is nothing to show."""
    control = FormattedTextControl(text, focusable=False, show_cursor=False)
    return ConditionalContainer(
        Window(control, dont_extend_height=True, wrap_lines=False), Condition(lambda: bool(text()))
    )


@dataclass
class Parts:
    """The texts of the panel, as they are at this drawing."""

    panel: "Panel"
    _drawn: tuple[Sequence[object], int, StyleAndTextTuples] = field(default=((), 0, []))
    """The tail that was drawn last, for how many rows, and as what."""

    def tail(self) -> StyleAndTextTuples:
        tail, rows = self.panel.tail, max(3, _rows() // 2)
        if self._drawn[0] is not tail or self._drawn[1] != rows:
            text = "\n".join(self.panel.styled(line) for line in tail[-rows:])
            self._drawn = tail, rows, to_formatted_text(ANSI(text)) if text else []
        return self._drawn[2]

    def above_input(self) -> StyleAndTextTuples:
        return _lines([(DIM, text) for text in self._above_input()])

    def completions(self) -> StyleAndTextTuples:
        state = self.panel.buffer.complete_state
        if state is None or not state.completions:
            return []
        chosen = state.complete_index or 0
        first = max(0, min(chosen - MOST_COMPLETIONS // 2, len(state.completions) - MOST_COMPLETIONS))
        shown = state.completions[first : first + MOST_COMPLETIONS]
        width = max(len(one.display_text) for one in shown)
        rows = [
            (
                "reverse" if state.complete_index == place else DIM,
                f"  {one.display_text:<{width}}  {one.display_meta_text}".rstrip(),
            )
            for place, one in enumerate(shown, first)
        ]
        return _lines(rows)

    def status(self) -> StyleAndTextTuples:
        state = self.panel.buffer.complete_state
        return [] if state and state.completions else _lines([(DIM, self.panel.status())])

    def _above_input(self) -> Iterator[str]:
        if live := self.panel.live():
            yield live
        queued = self.panel.queued()
        for text in queued[-MOST_QUEUED:]:
            yield f"queued: {' '.join(text.split())}"
        if queued:
            yield "Alt-Up takes it back; it is read before the next step."
        question = self.panel.asked
        if question and question.drafting:
            yield "A question waits: Enter sends this line first, Esc puts it aside."


def _lines(rows: Iterable[tuple[str, str]]) -> StyleAndTextTuples:
    return _fitted(tuple(rows), _columns() - 1)


@lru_cache(maxsize=8)
def _fitted(rows: Sequence[tuple[str, str]], width: int) -> StyleAndTextTuples:
    """A drawing asks for each text several times, and most are what they were."""
    fragments: StyleAndTextTuples = []
    for place, (style, text) in enumerate((style, text) for style, text in rows if text):
        fragments.append((style, ("\n" if place else "") + fitted(text, width).rstrip()))
    return fragments


def _columns() -> int:
    return get_app().output.get_size().columns


def _rows() -> int:
    return get_app().output.get_size().rows
