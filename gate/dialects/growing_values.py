"""Values between tags, told while they are written."""

import json
import re
from collections.abc import Callable, Mapping

from core.tools import ToolSpec
from gate.dialects import tag_body
from gate.dialects.calls import REACH, kinds_of, typed
from gate.dialects.grown import Grown
from gate.dialects.source import NEVER, Source, Steps, compiled

VALUE_END_CHARS = 64


class GrowingValues:
    """The values of a call between tags."""

    def __init__(
        self, source: Source, grown: Grown, tool: ToolSpec, kind: str, closings: tuple[str, ...]
    ) -> None:
        self.source = source
        self.grown = grown
        self.tool = tool
        self.form = tag_body.FORMS[kind]
        self.tags = tag_body.tags_of(self.form, closings)

    def read(self) -> Steps[bool]:
        """Whether the call came to its end as it should."""
        source, form, comma = self.source, self.form, ""
        self.grown.tell("{")
        while True:
            yield from source.space()
            opened = yield from source.take(compiled(form.parameter), reach=REACH)
            if not opened:
                ending = self.tags.outside if form.call_end == NEVER else compiled(form.call_end)
                return (yield from source.look(ending, reach=REACH)) is not None and self._passed(ending)
            key, is_text = opened["key"].strip(), bool(opened.groupdict().get("raw"))
            self.grown.tell(f"{comma}{_text(key)}: ")
            comma = ", "
            if not (yield from self._value(key, is_text=is_text)):
                return False

    def _passed(self, ending: re.Pattern[str]) -> bool:
        if self.form.call_end != NEVER and (found := ending.match(self.source.text, self.source.at)):
            self.source.at = found.end()
        return True

    def _value(self, key: str, *, is_text: bool) -> Steps[bool]:
        """Whether the value came to its end as it should. Text grows; else its type may depend on all."""
        properties = self.tool.parameters.get("properties")
        schema = properties.get(key) if isinstance(properties, Mapping) else None
        if is_text or not kinds_of(schema, self.tool.parameters) - {"string"}:
            self.grown.tell('"')
            is_whole = yield from self._text(lambda text: self.grown.tell(_text(text)[1:-1]))
            self.grown.tell('"' * is_whole)
            return is_whole
        parts: list[str] = []
        is_whole = yield from self._text(parts.append)
        if is_whole:
            self.grown.tell(typed("".join(parts), schema, self.tool.parameters))
        return is_whole

    def _text(self, tell: Callable[[str], None]) -> Steps[bool]:
        source, leads, trimmed = self.source, self.tags.leads, _Trimmed(trims=self.form.trims)
        value_end = compiled(self.form.value_end)
        while True:
            lead = leads.whole.search(source.text, source.at)
            place = lead.start() if lead else leads.begun(source.text, source.at)
            tell(trimmed.take(source.text[source.at : place]))
            source.at = place
            if lead is None:
                yield from source.more()
                continue
            ended = yield from source.take(value_end, reach=VALUE_END_CHARS)
            if ended and (yield from source.look(self.tags.after["value"], reach=REACH)):
                tell(trimmed.rest())
                return True
            if not ended:
                return False
            tell(trimmed.take(ended[0]))


class _Trimmed:
    """A value without the line ends that belong to the form, as far as that is certain."""

    def __init__(self, *, trims: bool) -> None:
        self._trims = trims
        self._line_end = ""
        self._held = ""
        self._waits = False
        """Whether only the end can say if the first line end is a part of the value."""

    def take(self, text: str) -> str:
        self._held += text
        if not self._line_end:
            if len(self._held) < 2:
                return ""
            self._begin()
        if self._waits:
            return ""
        kept = self._line_end if self._trims else ""
        length = next((n for n in range(len(kept), 0, -1) if self._held.endswith(kept[:n])), 0)
        certain = self._held[: len(self._held) - length]
        self._held = self._held[len(certain) :]
        return certain

    def rest(self) -> str:
        if not self._line_end:
            self._begin()
        text, line_end = self._held, self._line_end
        if self._trims:
            return text.removesuffix(line_end)
        is_framed = self._waits and text.endswith(line_end) and len(text) > len(line_end)
        return text[len(line_end) : -len(line_end)] if is_framed else text

    def _begin(self) -> None:
        self._line_end = "\r\n" if self._held.startswith("\r\n") else "\n"
        if self._held.startswith(self._line_end):
            self._waits = not self._trims
            self._held = self._held.removeprefix(self._line_end) if self._trims else self._held


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
