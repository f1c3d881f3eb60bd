"""Reads a reply as it comes: text, thoughts, and calls that are written among them.

    text ─┬─▶ code, quoted ─▶ text
          ├─▶ <think> … </think> ─▶ thoughts
          └─▶ an opening of the table ─▶ the scanner of its body ─▶ calls, or text again

Text goes through as it comes; only what may become a mark or a call is held back.
"""

import re
from collections.abc import Sequence

from core.messages import Text, Thinking, ToolCall
from core.protocols import ToolSpec
from gate.dialects import table
from gate.dialects.calls import Heard, Reading, Tools, call_of
from gate.dialects.marks import SPECIAL, halves, held_back, literals, marks, openings
from gate.dialects.parsed import Parsed, known_family
from gate.dialects.pieces import Piece, Pieces
from gate.dialects.quoting import Quoting
from gate.dialects.source import SPACE, Source, Steps, Unfinished

OPENING_THOUGHTS = dict(table.THOUGHTS)
CLOSING_THOUGHTS = tuple(OPENING_THOUGHTS.values())
RESULTS = dict(table.RESULTS)
LINE_ROWS = {row[1]: [row] for row in table.LINE_ROWS}


class Scanner:
    """Reads one reply in pieces; however it is cut up, what it says is the same."""

    def __init__(
        self, tools: Sequence[ToolSpec], family: str | None = None, *, thinking: bool = False
    ) -> None:
        """`thinking`: the reply begins within a thought, because the prompt opened it."""
        self._family = known_family(family)
        self._tools = Tools(tools)
        self._source = Source()
        self._pieces = Pieces(awaited=CLOSING_THOUGHTS if thinking else (), thought_before=thinking)
        self._quoting = Quoting(self._source, self._pieces, self._tools, self._family)
        self._partial = ""
        self._calm = False
        """Whether a piece without any special character is nothing but text."""
        self._steps = self._reply()

    def feed(self, text: str) -> str:
        """The text, no thoughts, that may be shown now."""
        return "".join(piece.text for piece in self.read(text) if isinstance(piece, Text))

    def close(self, *, cut: bool = False) -> Parsed:
        """All that was said. `cut`: the reply was ended in the middle, so that no call of it may run."""
        self.end(cut=cut)
        found = self._pieces.found
        return Parsed(
            content="".join(piece.text for piece in found if isinstance(piece, Text)),
            reasoning="".join(piece.text for piece in found if isinstance(piece, Thinking)).strip(),
            calls=tuple(piece for piece in found if isinstance(piece, ToolCall)),
            partial=self._partial,
            repairs=tuple(self._pieces.repairs),
        )

    def read(self, text: str) -> list[Piece]:
        """As `feed`, with thoughts: what may be let out now, in order."""
        if self._calm and not SPECIAL.search(text):
            self._pieces.say(text)
        else:
            self._source.feed(text)
            self._calm = False
            next(self._steps, None)
        return self._pieces.let_out()

    def end(self, *, cut: bool = False) -> list[Piece]:
        """As `close`: what is left to be let out. The words of a broken call come last."""
        self._source.over = True
        next(self._steps, None)
        self._pieces.end(cut=cut)
        words = Thinking if self._pieces.awaited else Text
        broken = [words(text=self._partial)] if self._partial else []
        return [*self._pieces.rest(), *broken]

    def _reply(self) -> Steps[None]:
        source = self._source
        try:
            if self._family in (None, "functionary"):
                yield from self._first_recipient()
            while source.rest or not source.over:
                yield from self._pass_space()
                if not (source.rest or source.over):
                    yield
                elif source.rest and not (yield from self._line_start()):
                    yield from self._stretch()
        except Unfinished:
            source.at = len(source.text)
            self._partial = source.since_mark()

    def _pass_space(self) -> Steps[None]:
        source, pieces = self._source, self._pieces
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
        found = marks(self._family).search(source.text, source.at)
        if found is None and source.over:
            say_to(len(source.text))
        elif found is None:
            say_to(held_back(source.text, source.at, self._family))
            self._calm = not source.rest and not self._pieces.at_line_start
            yield
        elif found.start() > source.at:
            say_to(found.start())
        elif found[0][0] in "`~" and found.end() == len(source.text) and not source.over:
            yield
        else:
            yield from self._pass_mark(found[0])

    def _pass_mark(self, mark: str) -> Steps[None]:
        if mark[0] in "`~":
            self._take((yield from self._quoting.code(mark)) or [])
        elif mark in RESULTS:
            yield from self._quoting.up_to(re.compile(re.escape(RESULTS[mark])), lambda _: True)
        elif mark in table.CHANNELS:
            yield from self._channel(mark)
        elif mark in openings(self._family):
            yield from self._wrapped(mark, openings(self._family)[mark])
        elif not self._pass_thought_mark(mark):
            silent = mark in table.SILENT
            self._quoting.say_to(self._source.at + (0 if silent else len(mark)))
            self._source.at += len(mark) if silent else 0

    def _pass_thought_mark(self, mark: str) -> bool:
        """Whether a thought begins or ends here. An opening in the middle of a line is only spoken of."""
        pieces = self._pieces
        if mark in pieces.awaited:
            pieces.end_thought()
        elif mark in OPENING_THOUGHTS and not pieces.awaited and pieces.line_is_blank:
            pieces.begin_thought(OPENING_THOUGHTS[mark])
        elif mark in CLOSING_THOUGHTS and not pieces.thought_before:
            pieces.end_unseen_thought()
        else:
            return False
        self._source.at += len(mark)
        return True

    def _line_start(self) -> Steps[bool]:
        """Reads what is a call only where a line begins; False when it is none of those."""
        source = self._source
        if not self._pieces.at_line_start:
            return False
        for opening, rows in LINE_ROWS.items():
            begun = source.text[source.at : source.at + len(opening)]
            if begun == opening:
                yield from self._wrapped(opening, rows)
                return True
            if opening.startswith(begun) and not source.over:
                yield
                return True
        if source.text[source.at] not in "{[" or self._is_literal():
            return False
        if source.text[source.at :] in halves(self._family) and not source.over:
            yield
            return True
        yield from self._bare_block()
        return True

    def _is_literal(self) -> bool:
        found = marks(self._family).match(self._source.text, self._source.at)
        return found is not None and found[0] in literals(self._family)

    def _bare_block(self) -> Steps[None]:
        from gate.dialects.blocks import LastBlock

        source = self._source
        source.mark()
        heard = yield from LastBlock(Reading(source, self._tools)).read()
        if heard:
            self._take(heard)
        else:
            self._pass_as_text(1)

    def _pass_as_text(self, least: int) -> None:
        """What was read since the mark is no call: it is text, and so many characters at the least."""
        source = self._source
        words = source.since_mark()
        source.unmark()
        self._pieces.say(words)
        if not words:
            self._quoting.say_to(min(source.at + least, len(source.text)))

    def _first_recipient(self) -> Steps[None]:
        """A reply may begin in the middle of a call whose `>>>` stands in the prompt."""
        from gate.dialects.blocks import FIRST_RECIPIENT, HALF_RECIPIENT

        while not (self._source.rest or self._source.over):
            yield
        begun = yield from self._source.look(FIRST_RECIPIENT, reach=128, half=HALF_RECIPIENT)
        if begun and self._tools.find(begun["name"]):
            yield from self._named(begun, begun["name"], "recipient")

    def _named(self, begun: re.Match[str], name: str, form: str) -> Steps[None]:
        """Reads the arguments behind a head that names the tool."""
        from gate.dialects.named_body import FORMS, arguments_of

        source = self._source
        source.mark()
        source.at = begun.end()
        found = yield from arguments_of(Reading(source, self._tools), FORMS[form], name, "")
        if found:
            self._take([found])
        else:
            self._pass_as_text(0)

    def _channel(self, mark: str) -> Steps[None]:
        """A message of harmony: a call, a thought, or text."""
        from gate.dialects.blocks import HARMONY, RECIPIENT

        source, pieces = self._source, self._pieces
        head = yield from source.look(HARMONY, reach=480)
        if head is None:
            self._quoting.say_to(source.at + len(mark))
            return
        if pieces.awaited:
            pieces.end_thought()
        recipient = RECIPIENT.search(f"{head['role']} {head['to']}")
        if recipient:
            yield from self._named(head, recipient[1], "harmony")
            return
        source.at = head.end()
        if head["channel"] == "analysis":
            pieces.begin_thought(*table.HARMONY_ENDS)
        else:
            pieces.new_paragraph()

    def _wrapped(self, opening: str, rows: Sequence[table.Row]) -> Steps[None]:
        """Reads what an opening begins: the first kind of body that fits."""
        from gate.dialects.bodies import body

        source = self._source
        source.mark()
        start, furthest = source.place, source.place + len(opening)
        for _, _, closings, kinds in rows:
            reading = Reading(source, self._tools, closings)
            source.at += len(opening) if closings else 0
            before = source.place
            for kind in kinds:
                if heard := (yield from body(kind, reading)):
                    closed = yield from self._close(reading)
                    self._take(heard, () if closed else ("closing tag missing",))
                    return
                furthest = max(furthest, source.place)
                source.back_to(before)
            source.back_to(start)
        source.back_to(furthest)
        self._pass_as_text(len(opening))

    def _close(self, reading: Reading) -> Steps[bool]:
        """Goes past the closing tag; whether it stands there, if there has to be one."""
        from gate.dialects.blocks import STRAY

        yield from self._source.space()
        if not reading.closings:
            yield from self._source.take(STRAY, reach=32)
            return True
        found = yield from self._source.take(reading.closing, reach=64)
        return bool(found) or reading.closings[0] in table.OPTIONAL_CLOSINGS

    def _take(self, heard: Sequence[Heard], repairs: tuple[str, ...] = ()) -> None:
        """Each call gets its words, the first one also those before it, the last one those behind it."""
        if not heard:
            return
        source = self._source
        words, start = source.since_mark(), source.place
        start -= len(words)
        source.unmark()
        ends = [one.end - start for one in heard[:-1]] + [len(words)]
        for one, begin, end in zip(heard, [0, *ends], ends, strict=False):
            if found := call_of(one, self._tools, words[begin:end].strip()):
                self._pieces.call(found[0], words[begin:end], (*found[1], *repairs))
            else:
                self._pieces.say(words[begin:end])
