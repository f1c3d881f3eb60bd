"""What a reply was found to say, in order, and how much of it may be let out already.

Text and thoughts go out as they come. Whether a call stands in a thought that comes to its end, and is no
call then, is only known later: so calls go out at the end, and what stands behind one waits for it, unless
it is much.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.messages import Text, Thinking, ToolCall
from core.values import value
from gate.dialects.table import THOUGHTS

if TYPE_CHECKING:
    from gate.dialects.grown import Grown


@value
class Found:
    """A call, and what was mended in its words."""

    call: ToolCall
    repairs: tuple[str, ...] = ()
    grown: "Grown | None" = None
    """What was told of it while it was written."""


Piece = Text | Thinking | Found

OPENING_THOUGHTS = dict(THOUGHTS)
CLOSING_THOUGHTS = tuple(OPENING_THOUGHTS.values())
LINE_CHARS = 16
ENDING_CHARS = 256
"""Within so many of a call's last characters its last value ends."""
HELD_CHARS = 1_000
"""How much waits behind a call: readers and guards of the stream have to see what goes on."""


@dataclass
class Pieces:
    awaited: tuple[str, ...] = ()
    """What ends the thought at hand; empty outside of thoughts."""
    has_unseen: bool = True
    """Whether a thought may come to its end that nothing here has opened: there was none yet."""
    spoken_of: str = ""
    """What would end the thought whose opening was taken for text."""
    quiet: bool = True
    """Whether nothing was said yet since the beginning, a call, or either end of a thought."""
    line: str = ""
    """What the line that is being written begins with, but for white space."""
    answered: bool = False
    """Whether the model made up an answer to a call of this reply: what it calls then is no call."""
    found: list[Piece] = field(default_factory=list)
    _blank: list[str] = field(default_factory=list)
    _keeps_blank: bool = True
    _thought_from: int = 0
    _spoken_from: int = 0
    _let_out: int = 0
    _words: dict[int, str] = field(default_factory=dict)
    """By place: what a call was written as, with the white space around it."""
    _behind: int = 0
    """How many characters stand behind the first call."""
    _passed: list[int] = field(default_factory=list)
    """Places of the calls behind which something was let out."""

    @property
    def has_calls(self) -> bool:
        return bool(self._words)

    @property
    def at_line_start(self) -> bool:
        if self.quiet:
            return True
        newest = self.found[-1]
        return not isinstance(newest, Found) and newest.text.endswith("\n")

    @property
    def line_is_blank(self) -> bool:
        """Whether the line that is being written holds nothing but white space so far."""
        return self.quiet or not self.line

    @property
    def newest_character(self) -> str:
        return "" if self.quiet or isinstance(newest := self.found[-1], Found) else newest.text[-1]

    def say(self, text: str) -> None:
        if not text:
            return
        if self.quiet:
            text = "".join((*self._blank, text)) if self._keeps_blank else text
            self._drop_blank()
            self.quiet = False
        if self._words:
            self._behind += len(text)
        if len(self.line) < LINE_CHARS or "\n" in text:
            _, ended, tail = text.rpartition("\n")
            self.line = (tail if ended else self.line + tail).lstrip()[:LINE_CHARS]
        self.found.append(Thinking(text=text) if self.awaited else Text(text=text))

    def say_blank(self, space: str) -> None:
        """White space before the first words: it is said with them, and dropped before a call."""
        if space:
            self._blank.append(space)

    def call(
        self, call: ToolCall, words: str, repairs: tuple[str, ...], grown: "Grown | None" = None
    ) -> None:
        self._be_quiet()
        self._words[len(self.found)] = words
        call = replace(call, id=call.id or f"call-{len(self._words)}")
        self.found.append(Found(call=call, repairs=repairs, grown=grown))

    def doubt(self, ending: str) -> None:
        """What ended the last value of the newest call comes once more, so it may have ended too soon.

        Half a file is never written: its words stand in place of arguments, for the executor to refuse.
        """
        newest = next(reversed(self._words), 0)
        ended = self._words.get(newest, "")[-ENDING_CHARS:]
        if not self.quiet and ending in ended and isinstance(one := self.found[newest], Found):
            self.found[newest] = replace(one, call=replace(one.call, arguments=one.call.source))

    def thought_mark(self, mark: str) -> bool:
        """Whether a thought begins or ends here. An opening in the middle of a line is only spoken of."""
        if mark in self.awaited:
            self.end_thought()
        elif mark in OPENING_THOUGHTS and not self.awaited:
            if not self.line_is_blank:
                self.speak_of_thought(OPENING_THOUGHTS[mark])
                return False
            self.begin_thought(OPENING_THOUGHTS[mark])
        elif mark == self.spoken_of:
            self.end_spoken_thought()
            return False
        elif mark in CLOSING_THOUGHTS and self.has_unseen:
            self.end_unseen_thought()
        else:
            return False
        return True

    def begin_thought(self, *closings: str) -> None:
        self._be_quiet()
        self.awaited, self.has_unseen = closings, False
        self._thought_from = len(self.found)

    def end_thought(self) -> None:
        """A call within a thought that came to its end was only thought of."""
        self._withdraw_calls(self._thought_from, Thinking)
        self.awaited = ()
        self._be_quiet()

    def speak_of_thought(self, closing: str) -> None:
        """What opens a thought stands in the middle of a line: it is text, but nobody knows what follows."""
        self.spoken_of, self._spoken_from = closing, len(self.found)

    def end_spoken_thought(self) -> None:
        """All since was a thought after all, or an example of one: it stays text, and calls nothing."""
        self._withdraw_calls(self._spoken_from, Text)
        self.spoken_of = ""

    def end_unseen_thought(self) -> None:
        """All so far was a thought that the prompt had opened."""
        self._withdraw_calls(0, Thinking)
        self.found = [Thinking(text=piece.text) if isinstance(piece, Text) else piece for piece in self.found]
        self.has_unseen = False
        self._be_quiet()

    def new_paragraph(self) -> None:
        """What is said next begins a line of its own."""
        spoken = self.found and isinstance(self.found[-1], Text)
        self._be_quiet()
        self._blank, self._keeps_blank = ["\n"] if spoken else [], True

    def end(self, *, cut: bool) -> None:
        """No more will come. In a reply that was cut no call is certain."""
        if not self.found and self._keeps_blank:
            self.quiet = False
            self.say("".join(self._blank))
        if cut and self.awaited:
            self._withdraw_calls(self._thought_from, Thinking)
        if cut:
            self._withdraw_calls(0, Text)

    def let_out(self) -> list[Piece]:
        start, end = self._let_out, len(self.found)
        if self._words and self._behind <= HELD_CHARS:
            end = max(start, next(iter(self._words)))
        self._let_out = end
        pieces = self.found[start:end]
        if not self._words:
            return pieces
        self._passed += [start + place for place, piece in enumerate(pieces) if isinstance(piece, Found)]
        return [piece for piece in pieces if not isinstance(piece, Found)]

    def rest(self) -> list[Piece]:
        """All that was not let out, first what calls that were passed by turned out to be."""
        start, self._let_out = self._let_out, len(self.found)
        return [*(self.found[place] for place in self._passed), *self.found[start:]]

    def _be_quiet(self) -> None:
        self._drop_blank()
        self.quiet, self._keeps_blank, self.line = True, False, ""

    def _drop_blank(self) -> None:
        """White space behind a call goes with it, in case it turns out to be none."""
        newest = len(self.found) - 1
        if self._blank and newest in self._words:
            self._words[newest] += "".join(self._blank)
        self._blank.clear()

    def _withdraw_calls(self, start: int, words: type[Text] | type[Thinking]) -> None:
        self._drop_blank()
        while self._words and next(reversed(self._words)) >= start:
            place, text = self._words.popitem()
            withdrawn = self.found[place]
            was_told = isinstance(withdrawn, Found) and withdrawn.grown
            self.found[place] = words(text="" if was_told else text)
        if not self._words:
            self._behind, self.answered = 0, False
