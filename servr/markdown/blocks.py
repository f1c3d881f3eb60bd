"""Lines of Markdown become rows: what a line begins, goes on with and ends is known when it is there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from servr.cells import width_of
from servr.markdown.code import Highlighter, language_of
from servr.markdown.containers import Containers
from servr.markdown.paragraphs import Paragraph
from servr.markdown.tables import TableRows, is_delimiter
from servr.markdown.wrapping import Wrapper
from servr.spans import Line, Span, Style, line_of

LONG = 100
"""A line of so many characters without a bar is text that may be shown before it ends."""
VERY_LONG = 2_000
"""So many, and it is text whatever is in it."""
HEADING = re.compile(r" {0,3}(#{1,6})(?:\s+(.*?))??(?:\s+#+)?\s*", re.DOTALL)
RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *")
UNDERLINE = re.compile(r" {0,3}(=+|-{2,})\s*")
FENCE = re.compile(r"( *)(`{3,}|~{3,})(.*)")
NO_TEXT = re.compile(r"#{1,6}\s|`{3}|~{3}|[-*_=+:|>#`~\s]*$")
LEADING = re.compile(r"[ \t]*")


@dataclass
class Fence:
    mark: str
    indent: int
    code: Highlighter


@dataclass
class Blocks:
    width: int
    marks: bool = False
    containers: Containers = field(default_factory=Containers)
    _leaf: Paragraph | Fence | TableRows | None = None
    _held: str | None = None
    """The first line of a paragraph, which the next may make a heading or a table."""
    _blank: bool = False
    """Whether an empty row stands before what comes next."""
    _printed: bool = False

    def fit(self, width: int) -> Iterator[Line]:
        if width == self.width:
            return
        self.width = width
        if isinstance(self._leaf, Paragraph):
            yield from self._leaf.wrapper.fit(width)
        elif isinstance(self._leaf, TableRows):
            self._leaf.fit(self._room)

    @property
    def language(self) -> str:
        """Of the block of code that is open."""
        return self._leaf.code.language if isinstance(self._leaf, Fence) else ""

    def line(self, text: str) -> Iterator[Line]:
        """What the next line adds, without its end."""
        if self.streams(text[:LONG]) or self.streams(text[:VERY_LONG]):
            yield from self.text(text)
            return
        count, rest = self.containers.matched(_untabbed(text))
        if isinstance(self._leaf, Fence):
            if count == len(self.containers.open) or not self.containers.open[count].is_quote:
                yield from self._fence_line(self._leaf, rest if count else text)
                return
            self._leaf = None
        if rest.strip():
            yield from self._content(rest, count, hold=True)
        else:
            yield from self._close(count)
            self._blank = True

    def streams(self, start: str) -> bool:
        """Whether a line that begins so is text of a paragraph, whatever follows."""
        if len(start) < LONG or isinstance(self._leaf, Fence):
            return False
        is_short = len(start) < VERY_LONG
        if is_short and ("|" in start or isinstance(self._leaf, TableRows)):
            return False
        in_text = self._in_text
        depth, rest = self.containers.matched(_untabbed(start))
        while begun := self.containers.begun(rest, depth, in_text=in_text):
            in_text, rest, depth = False, begun[1], depth + 1
        if is_short and NO_TEXT.match(rest.lstrip()):
            return False
        return in_text or not rest.startswith("    ")

    def text(self, text: str) -> Iterator[Line]:
        """The beginning of a line that `streams`; `more` adds to it."""
        count, rest = self.containers.matched(_untabbed(text))
        yield from self._content(rest, count, hold=False)

    def more(self, text: str) -> Iterator[Line]:
        if isinstance(self._leaf, Paragraph):
            yield from self._leaf.add(text)

    def end(self) -> Iterator[Line]:
        yield from self._close(0)

    @property
    def _room(self) -> int:
        """Cells that the containers leave."""
        return self.width - sum(width_of(span.text) for span in self.containers.rest())

    @property
    def _in_text(self) -> bool:
        return self._held is not None or isinstance(self._leaf, Paragraph)

    def _content(self, rest: str, count: int, *, hold: bool) -> Iterator[Line]:
        """A line that is not empty, within the first `count` containers."""
        inside = count == len(self.containers.open)
        goes_on = self._in_text
        while not RULE.fullmatch(rest) and (
            begun := self.containers.begun(rest, count, in_text=inside and goes_on)
        ):
            yield from self._close(count)
            container, rest = begun
            self.containers.push(container)
            count, inside, goes_on = count + 1, True, False
        if not rest.strip():
            return
        if inside and goes_on and self._held is not None and self._makes_more_of_held(rest):
            yield from self._begin_from_held(rest)
        elif hold and inside and isinstance(self._leaf, TableRows) and "|" in rest:
            yield from self._prefixed(self._leaf.add(rest))
        elif hold and self._begins_leaf(rest, in_text=goes_on):
            yield from self._close(count)
            yield from self._begin_leaf(rest)
        elif goes_on:
            yield from self._paragraph("\n" + rest.strip() if hold else "\n" + rest.lstrip())
        else:
            yield from self._close(count)
            if hold:
                self._held = rest.strip()
            else:
                yield from self._paragraph(rest.lstrip())

    def _makes_more_of_held(self, rest: str) -> bool:
        return bool(UNDERLINE.fullmatch(rest)) or is_delimiter(rest, self._held or "")

    def _begin_from_held(self, rest: str) -> Iterator[Line]:
        held, self._held = self._held or "", None
        if not is_delimiter(rest, held):
            yield from self._heading("#" if "=" in rest else "##", held)
            return
        yield from self._gap(force=True)
        yield from self._marker_row()
        self._leaf = TableRows(held, rest, self._room, self.marks)

    def _begins_leaf(self, rest: str, *, in_text: bool) -> bool:
        if rest.startswith("    ") and not self.containers.open:
            return not in_text
        return bool(HEADING.fullmatch(rest) or RULE.fullmatch(rest) or self._fence(rest))

    def _begin_leaf(self, rest: str) -> Iterator[Line]:
        if fence := self._fence(rest):
            yield from self._gap(force=not self.containers.open)
            yield from self._marker_row()
            yield Line(f"{fence[2]}{fence[3].rstrip()}", Style.DIM)
            self._leaf = Fence(fence[2], len(fence[1]), Highlighter(language_of(fence[3])))
        elif rest.startswith("    "):
            yield from self._gap()
            yield Line(rest[4:], Style.CODE)
        elif RULE.fullmatch(rest):
            yield from self._gap()
            prefix = self.containers.first()
            room = self.width - sum(width_of(span.text) for span in prefix)
            yield line_of([*prefix, Span("─" * max(3, room), (Style.DIM,))])
        elif found := HEADING.fullmatch(rest):
            yield from self._heading(found[1], found[2] or "")

    def _fence(self, rest: str) -> re.Match[str] | None:
        found = FENCE.fullmatch(rest)
        if not found or (found[2][0] == "`" and "`" in found[3]):
            return None
        return found if len(found[1]) < 4 or self.containers.open else None

    def _fence_line(self, fence: Fence, rest: str) -> Iterator[Line]:
        text = rest.strip()
        if text.startswith(fence.mark) and not text.strip(fence.mark[0]):
            self._leaf, self._blank = None, not self.containers.open
            yield Line(text, Style.DIM)
            return
        indent = min(fence.indent, len(rest) - len(rest.lstrip(" ")))
        yield fence.code.line(rest[indent:])

    def _heading(self, mark: str, text: str) -> Iterator[Line]:
        yield from self._gap(force=True)
        prefix = [*self.containers.first(), Span(f"{mark} ", (Style.DIM,))]
        heading = Paragraph(
            Wrapper(self.width, prefix, self.containers.rest()), (Style.HEADING,), marks=self.marks
        )
        yield from heading.add(text or " ")
        yield from heading.end()

    def _paragraph(self, text: str) -> Iterator[Line]:
        yield from self._release()
        if not isinstance(self._leaf, Paragraph):
            yield from self._gap()
            wrapper = Wrapper(self.width, self.containers.first(), self.containers.rest())
            self._leaf = Paragraph(wrapper, marks=self.marks)
        yield from self._leaf.add(text)

    def _release(self) -> Iterator[Line]:
        """The line that was held is text."""
        if self._held is not None:
            held, self._held = self._held, None
            yield from self._paragraph(held)

    def _close(self, count: int) -> Iterator[Line]:
        """End what is open, but for the first `count` containers."""
        yield from self._release()
        leaf, self._leaf = self._leaf, None
        if isinstance(leaf, Paragraph):
            yield from leaf.end()
        elif isinstance(leaf, TableRows):
            yield from self._prefixed(leaf.end())
            self._blank = True
        if count < len(self.containers.open):
            yield from self._marker_row()
            del self.containers.open[count:]

    def _marker_row(self) -> Iterator[Line]:
        """The beginnings of items that have no text of their own."""
        if any(not one.is_quote and not one.shown for one in self.containers.open):
            yield from self._gap()
            yield line_of(self.containers.first())

    def _prefixed(self, lines: Iterator[Line]) -> Iterator[Line]:
        for line in lines:
            yield line_of([*self.containers.rest(), *line.parts])

    def _gap(self, *, force: bool = False) -> Iterator[Line]:
        if self._printed and (self._blank or force):
            bars = self.containers.bars(len(self.containers.open))
            yield line_of([*bars[:-1], *(Span(span.text.rstrip(), span.styles) for span in bars[-1:])])
        self._printed, self._blank = True, False


def _untabbed(text: str) -> str:
    found = LEADING.match(text)
    return text[: found.end()].expandtabs(4) + text[found.end() :] if found and "\t" in found[0] else text
