"""The course of one reply: text, thoughts, and calls that are written among them.

    text ─┬─▶ code, quoted ─▶ text
          ├─▶ <think> … </think> ─▶ thoughts
          └─▶ an opening of the table ─▶ the scanner of its body ─▶ calls, or text again

Text goes through as it comes; only what may become a mark or a call is held back.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gate.dialects import table
from gate.dialects.calls import Heard, Reading, Tools, call_of
from gate.dialects.marks import (
    BARE_CALL,
    BLOCKS,
    HALF_BARE_CALL,
    HARMONY,
    LONGEST,
    RECIPIENT,
    SPECIAL,
    marks_of,
)
from gate.dialects.pieces import CLOSING_THOUGHTS, Pieces
from gate.dialects.quoting import Quoting
from gate.dialects.source import SPACE, Source, Steps, Unfinished, compiled

if TYPE_CHECKING:
    from gate.dialects.growing import Growth

RESULTS = dict(table.RESULTS)
QUOTES = {quote: quote for quote in "\"'"} | {"“": "”", "‘": "’", "«": "»", "„": "[“”]"}
"""What quotes a call that is only shown stands between."""
LINE_ROWS = {row[1]: [row] for row in table.LINE_ROWS}
LINE_BEGINNINGS = frozenset((*BLOCKS, *(opening[0] for opening in LINE_ROWS)))


class Reply:
    """Sorts what comes into `pieces`."""

    def __init__(
        self, tools: Tools, family: str | None, *, thinking: bool | None, growth: "Growth | None" = None
    ) -> None:
        self.pieces = Pieces(awaited=CLOSING_THOUGHTS if thinking else (), has_unseen=thinking is None)
        self.partial = ""
        """The words of a call in which the text broke off."""
        self._family = family
        self._marks = marks_of(family)
        self._tools = tools
        self._source = Source()
        self._quoting = Quoting(self._source, self.pieces, tools, self._marks)
        self._calm = False
        """Whether text without any special character is nothing but text."""
        self._growth = growth
        self._steps = self._read()

    def feed(self, text: str) -> None:
        if self._growth:
            self._growth.feed(text)
        if self._calm and not SPECIAL.search(text):
            self.pieces.say(text)
        elif self._source.feed(text):
            self._calm = False
            next(self._steps, None)

    def end(self) -> None:
        self._source.end()
        next(self._steps, None)

    def _read(self) -> Steps[None]:
        source, pieces = self._source, self.pieces
        try:
            while self._family in table.BARE_NAMES and (yield from self._bare_call()):
                pass
            while source.rest or not source.over:
                if pieces.quiet:
                    yield from self._pass_space()
                if not source.rest:
                    yield
                elif not (self._may_open_a_line() and (yield from self._line_start())):
                    yield from self._stretch()
        except Unfinished:
            source.at = len(source.text)
            self.partial = "" if self._growth and self._growth.told() else source.since_mark()

    def _pass_space(self) -> Steps[None]:
        source, pieces = self._source, self.pieces
        while pieces.quiet:
            found = SPACE.match(source.text, source.at)
            end = found.end() if found else source.at
            pieces.say_blank(source.text[source.at : end])
            source.at = end
            if source.rest or source.over:
                return
            yield

    def _stretch(self) -> Steps[None]:
        """Goes past text up to the next mark, or past a mark and what belongs to it."""
        source, say_to = self._source, self._quoting.say_to
        found = self._marks.next(source.text, source.at)
        if found is None and source.over:
            say_to(len(source.text))
        elif found is None:
            say_to(self._marks.held_back(source.text, source.at))
            self._calm = not source.rest and not self.pieces.at_line_start
            yield
        elif found[0] > source.at:
            say_to(found[0])
        elif found[1][0] in "`~" and source.rest == len(found[1]) and not source.over:
            yield
        else:
            yield from self._pass_mark(found[1])

    def _pass_mark(self, mark: str) -> Steps[None]:
        if mark[0] in "`~":
            self._take((yield from self._quoting.code(mark)) or [])
        elif mark in RESULTS:
            self.pieces.answered = self.pieces.has_calls
            yield from self._quoting.up_to(compiled(re.escape(RESULTS[mark])), lambda _: True)
        elif mark in table.CHANNELS:
            yield from self._channel(mark)
        elif mark in self._marks.openings and self.pieces.line[:1] != ">":
            yield from self._wrapped(mark, self._marks.openings[mark])
        elif mark in table.VALUE_ENDS:
            self.pieces.doubt(mark)
            self._quoting.say_to(self._source.at + len(mark))
        elif self.pieces.thought_mark(mark) or mark in table.SILENT:
            self._source.at += len(mark)
        else:
            self._quoting.say_to(self._source.at + len(mark))

    def _may_open_a_line(self) -> bool:
        return self._source.text[self._source.at] in LINE_BEGINNINGS and self.pieces.at_line_start

    def _line_start(self) -> Steps[bool]:
        """Where a line begins: reads what is a call only there; False when it is none of those."""
        source = self._source
        for opening, rows in LINE_ROWS.items():
            begun = source.text[source.at : source.at + len(opening)]
            if begun == opening:
                yield from self._wrapped(opening, rows)
                return True
            if opening.startswith(begun) and not source.over:
                yield
                return True
        follows = BLOCKS.get(source.text[source.at])
        if not follows or not compiled(follows).match(source.text, source.at + 1):
            return False
        if self._marks.at(source.text, source.at):
            return False
        if source.rest < LONGEST and self._marks.is_begun(source.text[source.at :]) and not source.over:
            yield
            return True
        yield from self._bare_block()
        return True

    def _bare_block(self) -> Steps[None]:
        from gate.dialects.blocks import LastBlock

        source = self._source
        source.mark()
        heard = yield from LastBlock(Reading(source, self._tools), self._marks.openings).read()
        if heard:
            self._take(heard)
        else:
            self._pass_as_text(1)

    def _pass_as_text(self, least: int) -> None:
        """What was read since the mark is no call: it is text, and so many characters at the least."""
        source = self._source
        words = source.since_mark()
        source.unmark()
        self._stop_growing(0)
        self.pieces.say(words)
        if not words:
            self._quoting.say_to(min(source.at + least, len(source.text)))

    def _bare_call(self) -> Steps[bool]:
        """A reply may begin in the middle of a call: its first mark is in the prompt, or was dropped."""
        source = self._source
        while not source.over and self._tools.may_begin(source.text[source.at : source.at + 2 * LONGEST]):
            yield
        if not self._tools.begins(source.text[source.at : source.at + 2 * LONGEST]):
            return False
        begun = yield from source.look(compiled(BARE_CALL), reach=240, half=compiled(HALF_BARE_CALL))
        if not begun or not self._tools.find(begun["name"]):
            return False
        source.mark()
        source.at = begun.end()
        yield from self._named(begun["name"], "recipient")
        return self.pieces.quiet

    def _named(self, name: str, form: str) -> Steps[None]:
        """Reads the arguments behind a head, which stands behind the mark and names the tool."""
        from gate.dialects.named_body import FORMS, arguments_of

        source, found = self._source, None
        if source.text.startswith("{", source.at):
            found = yield from arguments_of(Reading(source, self._tools), FORMS[form], name, "")
        if found:
            self._take([found])
        else:
            self._pass_as_text(0)

    def _channel(self, mark: str) -> Steps[None]:
        """A message of harmony: a call, a thought, or text."""
        source, pieces = self._source, self.pieces
        head = yield from source.look(compiled(HARMONY), reach=480)
        if head is None:
            self._quoting.say_to(source.at + len(mark))
            return
        if pieces.awaited:
            pieces.end_thought()
        recipient = compiled(RECIPIENT).search(f"{head['role']} {head['to']}")
        if recipient:
            source.mark()
        source.at = head.end()
        if recipient:
            yield from source.space()
            self._grow((), ["harmony"], source.at, recipient[1])
            yield from self._named(recipient[1], "harmony")
        elif head["channel"] == "analysis":
            pieces.begin_thought(*table.HARMONY_ENDS)
        else:
            pieces.new_paragraph()

    def _wrapped(self, opening: str, rows: Sequence[table.Row]) -> Steps[None]:
        """Reads what an opening begins: the first kind of body that fits."""
        source, quote = self._source, QUOTES.get(self.pieces.newest_character)
        source.mark()
        if not quote:
            kinds = [kind for row in rows for kind in row[3]]
            self._grow(rows[0][2], kinds, source.at + (len(opening) if rows[0][2] else 0))
        yield from self._read_wrapped(opening, rows, quote)

    def _read_wrapped(self, opening: str, rows: Sequence[table.Row], quote: str | None) -> Steps[None]:
        from gate.dialects.bodies import body

        source = self._source
        start, furthest = source.place, source.place + len(opening)
        for _, _, closings, kinds in rows:
            reading = Reading(source, self._tools, closings)
            source.at += len(opening) if closings else 0
            before = source.place
            for kind in kinds:
                if heard := (yield from body(kind, reading)):
                    yield from self._take_unquoted(heard, (yield from reading.close()), quote)
                    return
                furthest = max(furthest, source.place)
                source.back_to(before)
            source.back_to(start)
        source.back_to(furthest)
        self._pass_as_text(len(opening))

    def _grow(self, closings: tuple[str, ...], kinds: Sequence[str], start: int, name: str = "") -> None:
        """Not within a thought, which may come to its end and call nothing."""
        pieces = self.pieces
        if self._growth and not (pieces.awaited or pieces.spoken_of or pieces.answered):
            self._growth.begin(closings, kinds, self._source.text[start:], name)

    def _stop_growing(self, calls: int) -> None:
        if self._growth:
            self._growth.end(calls)

    def _take_unquoted(
        self, heard: Sequence[Heard], repairs: tuple[str, ...], quote: str | None
    ) -> Steps[None]:
        """Takes what was heard, unless it stands between two of this quotation mark."""
        if quote and (yield from self._source.look(compiled(quote), reach=1)):
            self._pass_as_text(0)
        else:
            self._take(heard, repairs)

    def _take(self, heard: Sequence[Heard], repairs: tuple[str, ...] = ()) -> None:
        """Each call gets its words, the first one also those before it, the last one those behind it."""
        if not heard:
            return
        source = self._source
        words, start = source.since_mark(), source.place
        start -= len(words)
        source.unmark()
        ends = [one.end - start for one in heard[:-1]] + [len(words)]
        growing = iter(self._growth.told() if self._growth else ())
        for one, begin, end in zip(heard, [0, *ends], ends, strict=False):
            found, grown = call_of(one, self._tools, words[begin:end].strip()), next(growing, None)
            if found and not self.pieces.answered:
                self.pieces.call(found[0], words[begin:end], (*found[1], *repairs), grown)
            else:
                self.pieces.say(words[begin:end])
        self._stop_growing(len(heard))
