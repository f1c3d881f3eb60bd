"""Calls without any mark: a JSON object or list, bare or in a fence, or a list in Python.

They are calls only if they are the last thing a reply says, and look like nothing but calls of tools
there are: a package.json has a name, too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gate.dialects.brackets import JSON, PYTHON, Bracketed
from gate.dialects.calls import Heard, Reading
from gate.dialects.json_body import written_calls
from gate.dialects.marks import LONGEST, stray_ends
from gate.dialects.python_body import python_body, pythonic_calls
from gate.dialects.source import Steps, Unfinished, compiled, either
from gate.dialects.table import Row

REACH = 256
_KEYS = "arguments|parameters|function|type|id|index|tool_calls|tool_call_id"
_LANGUAGES = "json|tool_calls?|tool_code|tool_use|tool|function_call"
_OBJECT = (
    r"\[?\s{0,64}\{\s{0,64}[\"'](?:(?:name|tool_name)[\"']\s{0,8}:\s{0,8}[\"'](?P<said>[^\"'\\\n]{1,80})[\"']"
    rf"|(?:{_KEYS})[\"']\s{{0,8}}:)"
)
_PYTHON = r"(?P<python>\[\s{0,64}(?P<called>[A-Za-z_][\w.]{0,80})\()"
BEGIN = re.compile(f"(?:{_OBJECT}|{_PYTHON})")
HALF_BEGIN = re.compile(
    r"\[?\s{0,64}(?:\{\s{0,64}(?:[\"']\w{0,20}(?:[\"']\s{0,8}(?::\s{0,8}(?:[\"'][^\"'\\\n]{0,80}[\"']?)?)?)?)?"
    r"|[A-Za-z_][\w.]{0,80})?"
)
FENCE = re.compile(rf"(?:```+|~~~+)[ \t]{{0,4}}(?:{_LANGUAGES})?[ \t]{{0,8}}\r?\n\s{{0,64}}(?=[{{\[])")
CALL_FENCE = re.compile(
    r"```+[ \t]{0,4}(?:tool_code[ \t]{0,8}\r?\n\s{0,64}(?=(?P<code>[A-Za-z_][\w.]{0,80}\())"
    r"|(?:tool_calls?|tool_code|tool_use|tool|function_call)[ \t]{0,8}\r?\n\s{0,64}(?=[<\[\]]))"
)
"""Says itself that it holds calls: in Python, one a line, as Gemma writes them, or between tags."""
HALF_CALL_FENCE = re.compile(
    r"`{1,64}|```+[ \t]{0,4}\w{0,16}[ \t]{0,8}\r?(?:\n\s{0,64}(?:[A-Za-z_][\w.]{0,80})?)?"
)
HALF_FENCE = re.compile(r"(?:`{1,64}|~{1,64})[ \t]{0,4}\w{0,16}[ \t]{0,8}\r?(?:\n\s{0,64})?")
FENCE_END = re.compile(r"```+|~~~+")
SEPARATOR = re.compile(r"[;,]")


@dataclass
class LastBlock:
    reading: Reading
    openings: Mapping[str, Sequence[Row]]
    """What opens calls, by its words."""
    in_fence: bool = False
    """Whether a fence was opened and not closed."""

    def read(self) -> Steps[list[Heard] | None]:
        """The calls of the blocks at hand, or None when they are none; all that was read is text then.

        Raises:
            Unfinished: the text is over within a block.
        """
        source = self.reading.source
        heard: list[Heard] = []
        while True:
            found = yield from self._block()
            if not found:
                return None
            heard += found
            yield from source.space()
            while (yield from source.take(stray_ends(), reach=LONGEST)) or (
                yield from source.take(SEPARATOR, reach=1)
            ):
                yield from source.space()
            if not source.rest or (yield from self._closing_fence()):
                return heard

    def _closing_fence(self) -> Steps[bool]:
        """Goes past a fence that nothing opened, if it is the last thing."""
        source = self.reading.source
        start, fence = source.place, (yield from source.look(FENCE_END, reach=3))
        if fence is None:
            return False
        source.at = fence.end()
        yield from source.space()
        if source.rest:
            source.back_to(start)
        return not source.rest

    def _block(self) -> Steps[list[Heard] | None]:
        source = self.reading.source
        fence = yield from source.look(CALL_FENCE, reach=REACH, half=HALF_CALL_FENCE)
        if fence and (fence["code"] or (yield from self._is_tagged(fence.end() - source.at))):
            return (yield from self._of_calls(fence))
        opened = yield from source.look(FENCE, reach=REACH, half=HALF_FENCE)
        if opened:
            source.at, self.in_fence = opened.end(), True
        begun = yield from source.look(BEGIN, reach=REACH, half=HALF_BEGIN)
        if begun is None or not self._may_be_called(begun["said"] or begun["called"]):
            return None
        start = source.place
        brackets = Bracketed(source, PYTHON if begun["python"] else JSON)
        yield from brackets.scan()
        if not brackets.whole and source.rest:
            return None
        text = source.between(start, source.place)
        if opened:
            yield from source.space()
            self.in_fence = not (yield from source.take(FENCE_END, reach=3))
            if self.in_fence and source.rest:
                return None
        known = self._known(text, source.place, python=bool(begun["python"]))
        if known is None and brackets.cut and (begun["said"] or begun["called"]):
            raise Unfinished
        return known

    def _is_tagged(self, head: int) -> Steps[bool]:
        """Whether an opening of the table stands behind the fence, which has so many characters."""
        source, start = self.reading.source, self.reading.source.place
        source.at += head
        found = yield from source.look(self._opening, reach=LONGEST)
        source.back_to(start)
        return found is not None

    def _of_calls(self, fence: re.Match[str]) -> Steps[list[Heard] | None]:
        source, self.in_fence = self.reading.source, True
        source.at += len(fence[0])
        heard = (yield from python_body(self.reading)) if fence["code"] else (yield from self._tagged())
        yield from source.space()
        self.in_fence = not (yield from source.take(FENCE_END, reach=3))
        known = heard and all(self._may_be_called(one.name) for one in heard)
        return heard if known and not (self.in_fence and source.rest) else None

    def _tagged(self) -> Steps[list[Heard]]:
        source = self.reading.source
        heard: list[Heard] = []
        while opening := (yield from source.look(self._opening, reach=LONGEST)):
            found = yield from self._wrapped(opening[0])
            if not found:
                break
            heard += found
            yield from source.space()
        return heard

    def _wrapped(self, opening: str) -> Steps[list[Heard] | None]:
        from gate.dialects.bodies import body

        source, start = self.reading.source, self.reading.source.place
        for _, _, closings, kinds in self.openings[opening]:
            reading = Reading(source, self.reading.tools, closings)
            for kind in kinds:
                source.at += len(opening) if closings else 0
                if found := (yield from body(kind, reading)):
                    yield from source.space()
                    yield from source.take(reading.closing if closings else stray_ends(), reach=LONGEST)
                    return found
                source.back_to(start)
        return None

    @cached_property
    def _opening(self) -> re.Pattern[str]:
        return compiled(either(sorted(self.openings, key=len, reverse=True)))

    def _may_be_called(self, name: str | None) -> bool:
        return name is None or self.reading.tools.find(name) is not None

    def _known(self, text: str, end: int, *, python: bool) -> list[Heard] | None:
        try:
            heard = pythonic_calls(text, end) if python else list(written_calls(text, end, strict=True))
        except ValueError:
            return None
        return heard if heard and all(self._may_be_called(one.name) for one in heard) else None
