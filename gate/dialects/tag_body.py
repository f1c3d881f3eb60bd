"""Bodies of keys and values between tags that look like XML and are not: nothing in them is escaped.

A value may hold the very tags that end it, when the model writes a file about them. So a tag ends a
value only where what follows it is again a tag of the form, or nothing.
"""

import re
from dataclasses import dataclass, field
from functools import cache

from gate.dialects.calls import Heard, Reading
from gate.dialects.source import Steps
from gate.dialects.table import M3

REACH = 256
"""No tag is longer."""
QUOTED = r"""["'](?P<{}>[^"'<>\n]{{1,80}})["']"""


@dataclass(frozen=True)
class Form:
    call: str
    """Opens a call; group `name`."""
    parameter: str
    """Opens a value; group `key`, and `raw` where the form says that the value is text."""
    value_end: str
    call_end: str
    trims: bool = False
    """Whether one line end at each end of a value belongs to the form; else only a pair of them does."""
    lines: bool = False
    """Whether each tag begins a line."""


def _dsml(word: str) -> str:
    return rf"<[|｜]DSML[|｜]{word}"


def _invoke(opening: str, closing: str, attributes: str = "") -> Form:
    return Form(
        rf"{opening}invoke name={QUOTED.format('name')}[^<>]{{0,40}}>",
        rf"{opening}parameter name={QUOTED.format('key')}{attributes}>",
        rf"{closing}parameter>",
        rf"{closing}invoke>",
    )


FORMS = {
    "function_tags": Form(
        r"<function(?:=| name=)[\"']?(?P<name>[^<>\n\"']{1,80})[\"']?>",
        r"<parameter(?:=| name=)[\"']?(?P<key>[^<>\n\"']{1,80})[\"']?>",
        "</parameter>",
        "</function>",
        trims=True,
        lines=True,
    ),
    "argument_tags": Form(
        r"(?P<name>[\w.\-]{1,80})\s{0,8}(?=<arg_key>|</\w{0,12}:?tool_call>)",
        r"<arg_key>\s{0,8}(?P<key>[^<>\n]{1,80}?)\s{0,8}</arg_key>\s{0,8}<arg_value>",
        "</arg_value>",
        "(?!)",
    ),
    "invoke": _invoke("<", "</", r"[^<>]{0,40}"),
    "dsml": _invoke(
        _dsml(""), _dsml("").replace("<", "</", 1), r"(?:\s{1,4}string=[\"'](?:(?P<raw>true)|false)[\"'])?"
    ),
    "minimax_tags": Form(
        rf"{re.escape(M3)}<invoke name={QUOTED.format('name')}>",
        rf"{re.escape(M3)}<(?P<key>[\w.\-]{{1,80}})>",
        rf"{re.escape(M3)}</[\w.\-]{{1,80}}>",
        rf"{re.escape(M3)}</invoke>",
    ),
    "kimi_tags": Form(
        rf"<\|open\|>call tool={QUOTED.format('name')}[^<>]{{0,80}}<\|sep\|>",
        rf"<\|open\|>argument name={QUOTED.format('key')}"
        r"(?:[^<>]{0,40}type=[\"'](?:(?P<raw>string)|\w{1,20})[\"'])?[^<>]{0,40}<\|sep\|>",
        r"<\|close\|>argument<\|sep\|>",
        r"<\|close\|>call<\|sep\|>",
    ),
}


def tag_body(reading: Reading, form: Form) -> Steps[list[Heard] | None]:
    """The calls, or None where nothing of the kind stands."""
    source = reading.source
    heard: list[Heard] = []
    while True:
        if reading.closings:
            yield from source.space()
        begun = yield from source.look(compiled(form.call), reach=REACH)
        if begun is None:
            return heard or None
        source.at = begun.end()
        found = yield from _Call(reading, form, begun["name"]).read()
        if found is None:
            return heard or None
        heard.append(found)
        if not reading.closings:
            return heard


@dataclass
class _Call:
    reading: Reading
    form: Form
    name: str
    spans: list[tuple[str, int, int, bool]] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)

    def read(self) -> Steps[Heard | None]:
        source, form = self.reading.source, self.form
        while True:
            yield from source.space()
            opened = yield from source.take(compiled(form.parameter), reach=REACH)
            if opened:
                start = source.place
                end = yield from self._value()
                self.spans.append((opened["key"].strip(), start, end, bool(opened.groupdict().get("raw"))))
            elif (yield from source.take(compiled(form.call_end), reach=REACH)):
                return self._heard()
            elif (yield from source.look(self._outside, reach=REACH)) or not source.rest:
                if form.call_end != "(?!)":
                    self.repairs.append("closing tag missing")
                return self._heard()
            else:
                return None

    def _value(self) -> Steps[int]:
        """Goes past a value and its closing tag; where the value ends."""
        source = self.reading.source
        while True:
            found = yield from source.seek(self._ends, reach=REACH)
            kind, end = found.lastgroup or "", source.place - len(found[0])
            if kind == "parameter":
                if found["new"] in {key for key, *_ in self.spans} or not self._known(found["new"]):
                    continue
            elif not (yield from self._is_followed(kind)):
                continue
            if kind != "value":
                source.back_to(end)
                self.repairs.append("closing tag of a value missing")
            return end

    def _is_followed(self, kind: str) -> Steps[bool]:
        """Whether what follows a closing tag may follow it, so that it is no part of the value."""
        source = self.reading.source
        if (yield from source.look(self._after[kind], reach=REACH)):
            return True
        return source.over and not source.text[source.at :].strip()

    def _known(self, key: str) -> bool:
        tool = self.reading.tools.find(self.name)
        properties = tool.parameters.get("properties") if tool else None
        return isinstance(properties, dict) and key in properties

    def _heard(self) -> Heard:
        pairs = [(key, self._trimmed(start, end), raw) for key, start, end, raw in self.spans]
        return Heard(self.name, pairs, self.reading.source.place, repairs=tuple(self.repairs))

    def _trimmed(self, start: int, end: int) -> str:
        text = self.reading.source.between(start, end)
        framed = len(text) > 1 and text[0] == text[-1] == "\n"
        return text.removeprefix("\n").removesuffix("\n") if self.form.trims or framed else text

    @property
    def _outside(self) -> re.Pattern[str]:
        """What ends a call whose closing tag is missing."""
        return compiled("|".join((self.form.call, self.reading.closing.pattern)))

    @property
    def _ends(self) -> re.Pattern[str]:
        form = self.form
        parameter = form.parameter.replace("(?P<key>", "(?P<new>").replace("(?P<raw>", "(?:")
        closing, begins = self.reading.closing.pattern, r"(?<=\n)" if form.lines else ""
        return compiled(
            rf"(?P<value>{form.value_end})|{begins}(?P<parameter>{parameter})"
            rf"|(?P<call>{form.call_end})|(?P<wrapper>{closing})"
        )

    @property
    def _after(self) -> dict[str, re.Pattern[str]]:
        form, closing = self.form, self.reading.closing.pattern
        opened = _nameless(form.call)
        return {
            "value": compiled(rf"\s{{0,64}}(?:{_nameless(form.parameter)}|{form.call_end}|{closing})"),
            "call": compiled(rf"\s{{0,64}}(?:{opened}|{closing}|</?tool_call>)"),
            "wrapper": compiled(rf"\s{{0,64}}(?:{closing.replace('</', '<')})"),
        }


def _nameless(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
