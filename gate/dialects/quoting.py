"""Parts of a reply in which nothing is a call: code between backticks, and made-up answers of tools."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from gate.dialects.calls import Heard, Reading, Tools
from gate.dialects.marks import Marks
from gate.dialects.pieces import Pieces
from gate.dialects.source import Source, Steps, compiled, either

ACTION = "Action: "
"""What stands before a fence with calls in the words of Command R."""
SPAN_END = re.compile("``{0,63}|\n")
FENCE_ENDS = {"`": re.compile("`{3,64}"), "~": re.compile("~{3,64}")}


@dataclass
class Quoting:
    source: Source
    pieces: Pieces
    tools: Tools
    marks: Marks

    def code(self, run: str) -> Steps[list[Heard] | None]:
        """Goes past the code that these backticks open, as text. A fence may hold calls: those come back."""
        if len(run) > 2 and (self.pieces.line_is_blank or self.pieces.line == ACTION):
            return (yield from self._fence(run))
        self.say_to(self.source.at + len(run))
        if run[0] == "`":
            yield from self.up_to(SPAN_END, lambda found: found[0] in ("\n", run))
        return None

    def _fence(self, run: str) -> Steps[list[Heard] | None]:
        """A fence with nothing but calls, and nothing behind it, is one; any other is code."""
        from gate.dialects.blocks import LastBlock

        self.source.mark()
        block = LastBlock(Reading(self.source, self.tools), self.marks.openings)
        if heard := (yield from block.read()):
            return heard
        words = self.source.since_mark()
        self.source.unmark()
        self.pieces.say(words)
        if not words:
            self.say_to(self.source.at + len(run))
        if block.in_fence or not words:
            ending = FENCE_ENDS[run[0]]
            yield from self.up_to(ending, lambda found: self._closes(found, run))
        return None

    def _closes(self, found: re.Match[str], run: str) -> bool:
        """Whether it closes the fence: alone on its line, and at least as long."""
        follows = found.string[found.end() : found.end() + 1]
        return len(found[0]) >= len(run) and follows in "\r\n \t" and self.pieces.line_is_blank

    def up_to(self, ending: re.Pattern[str], ends: Callable[[re.Match[str]], bool]) -> Steps[None]:
        """All up to an ending is text. No quotation reaches beyond the thought in which it stands."""
        source, pattern = self.source, _within(self.pieces.awaited, ending)
        while source.rest or not source.over:
            found = pattern.search(source.text, source.at)
            if found is None:
                everything = len(source.text)
                self.say_to(everything if source.over else self.marks.held_back(source.text, source.at))
            elif (yield from self._passed(found, ends)):
                return
            if not found and not source.over:
                yield

    def _passed(self, found: re.Match[str], ends: Callable[[re.Match[str]], bool]) -> Steps[bool]:
        """Whether this was the ending. A run of backticks may still grow."""
        self.say_to(found.start())
        if found["thought"]:
            return True
        if found[0][0] in "`~" and found.end() == len(found.string) and not self.source.over:
            yield
            return False
        done = ends(found)
        self.say_to(self.source.at + len(found[0]))
        return done

    def say_to(self, end: int) -> None:
        source = self.source
        self.pieces.say(source.text[source.at : end])
        source.at = end


@cache
def _within(closings: tuple[str, ...], ending: re.Pattern[str]) -> re.Pattern[str]:
    """The ending, or what ends the thought around it."""
    return compiled(f"(?P<thought>{either(closings)})|{ending.pattern}")
