"""Bodies of keys and values between tags that look like XML and are not: nothing in them is escaped.

A value may hold the very tags that end it, when the model writes a file about them. So a tag ends a
value only where what follows it is again a tag of the form, or nothing; and calls that are begun and
ended within a value are a part of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from gate.dialects.calls import REACH, Heard, Reading
from gate.dialects.source import NEVER, Leads, Steps, Unfinished, compiled, either
from gate.dialects.table import M3

QUOTED = r"""["'](?P<{}>[^"'<>\n]{{1,80}})["']"""


@dataclass(frozen=True)
class Form:
    call: str
    """Opens a call; group `name`."""
    parameter: str
    """Opens a value; group `key`, and `raw` where the form says that the value is text."""
    value_end: str
    call_end: str
    leads: tuple[str, ...]
    """What all of these begin with, literally."""
    trims: bool = False
    """Whether one line end at each end of a value belongs to the form; else only a pair of them does."""
    lines: bool = False
    """Whether each tag begins a line."""
    inner: str = ""
    """Opens a call within a value, where `call` cannot be told from text."""
    inner_end: str = ""


def _dsml(word: str) -> str:
    return rf"<[|｜]DSML[|｜]{word}"


def _invoke(opening: str, closing: str, attributes: str, leads: tuple[str, ...]) -> Form:
    return Form(
        rf"{opening}invoke name={QUOTED.format('name')}[^<>]{{0,40}}>",
        rf"{opening}parameter name={QUOTED.format('key')}{attributes}>",
        rf"{closing}parameter>",
        rf"{closing}invoke>",
        leads,
    )


FORMS = {
    "function_tags": Form(
        r"<function(?:=| name=)[\"']?(?P<name>[^<>\n\"']{1,80})[\"']?>",
        r"<parameter(?:=| name=)[\"']?(?P<key>[^<>\n\"']{1,80})[\"']?>",
        "</parameter>",
        "</function>",
        ("<parameter", "</parameter>", "<function", "</function>"),
        trims=True,
        lines=True,
    ),
    "argument_tags": Form(
        r"(?P<name>[\w.\-]{1,80})\s{0,8}(?=<arg_key>|</\w{0,12}:?tool_call>)",
        r"<arg_key>\s{0,8}(?P<key>[^<>\n]{1,80}?)\s{0,8}</arg_key>\s{0,8}<arg_value>",
        "</arg_value>",
        NEVER,
        ("<arg_key>", "</arg_value>", "<tool_call>"),
        inner="<tool_call>",
        inner_end="</tool_call>",
    ),
    "invoke": _invoke("<", "</", r"[^<>]{0,40}", ("<parameter", "</parameter>", "<invoke", "</invoke>")),
    "dsml": _invoke(
        _dsml(""),
        _dsml("").replace("<", "</", 1),
        r"(?:\s{1,4}string=[\"'](?:(?P<raw>true)|false)[\"'])?",
        ("<|", "<｜", "</|", "</｜"),
    ),
    "minimax_tags": Form(
        rf"{re.escape(M3)}<invoke name={QUOTED.format('name')}>",
        rf"{re.escape(M3)}<(?P<key>[\w.\-]{{1,80}})>",
        rf"{re.escape(M3)}</[\w.\-]{{1,80}}>",
        rf"{re.escape(M3)}</invoke>",
        (M3,),
    ),
    "kimi_tags": Form(
        rf"<\|open\|>call tool={QUOTED.format('name')}[^<>]{{0,80}}<\|sep\|>",
        rf"<\|open\|>argument (?:key|name)={QUOTED.format('key')}"
        r"(?:[^<>]{0,40}type=[\"'](?:(?P<raw>string)|\w{1,20})[\"'])?[^<>]{0,40}<\|sep\|>",
        r"<\|close\|>argument<\|sep\|>",
        r"<\|close\|>call<\|sep\|>",
        ("<|open|>", "<|close|>"),
    ),
}


def tag_body(reading: Reading, form: Form) -> Steps[list[Heard] | None]:
    """The calls, or None where nothing of the kind stands."""
    return reading.calls(form.call, lambda begun: _Call(reading, form, begun["name"]).read())


class _Call:
    def __init__(self, reading: Reading, form: Form, name: str) -> None:
        self.reading = reading
        self.form = form
        self.name = name
        self.tags = tags_of(form, reading.closings)
        self.pairs: list[tuple[str, str, bool]] = []
        self.keys: set[str] = set()
        self.spelling = ""
        """What stands before the key in the newest tag: the form allows several spellings, a call has one."""
        self.repairs: list[str] = []

    def read(self) -> Steps[Heard | None]:
        source, form = self.reading.source, self.form
        while True:
            yield from source.space()
            opened = yield from source.take(compiled(form.parameter), reach=REACH)
            if opened:
                key, is_text = opened["key"].strip(), bool(opened.groupdict().get("raw"))
                self.keys.add(key)
                self.spelling = _before(opened, "key")
                self.pairs.append((key, (yield from self._value()), is_text))
            elif (yield from source.take(compiled(form.call_end), reach=REACH)):
                return self._heard()
            elif (yield from source.look(self.tags.outside, reach=REACH)) or not source.rest:
                if form.call_end != NEVER:
                    self.repairs.append("closing tag missing")
                return self._heard()
            else:
                return None

    def _heard(self) -> Heard:
        return Heard(self.name, self.pairs, self.reading.source.place, repairs=tuple(self.repairs))

    def _value(self) -> Steps[str]:
        """Goes past a value and its closing tag."""
        source = self.reading.source
        start = source.place
        try:
            end = yield from self._end_of_value()
        except Unfinished:
            source.back_to(start)
            source.calls_nest = False
            end = yield from self._end_of_value()
        return self._trimmed(source.between(start, end))

    def _end_of_value(self) -> Steps[int]:
        """Where the value ends; calls that are written out in it, from tag to tag, are a part of it.

        Raises:
            Unfinished: it does not end, or a call in it does not.
        """
        source, within, had_calls = self.reading.source, 0, False
        while True:
            found = yield from source.seek(self.tags.ends, self.tags.leads, reach=REACH)
            kind, end = found.lastgroup or "", source.place - len(found[0])
            if kind == "inner":
                within += source.calls_nest
                had_calls = source.calls_nest
            elif within:
                within -= bool(compiled(self.form.inner_end or self.form.call_end).fullmatch(found[0]))
            elif (yield from self._ends_here(kind, found)):
                if kind == "value":
                    return end
                if had_calls:
                    raise Unfinished
                source.back_to(end)
                self.repairs.append("closing tag of a value missing")
                return end

    def _ends_here(self, kind: str, found: re.Match[str]) -> Steps[bool]:
        """Whether what follows a closing tag may follow it, so that it is no part of the value."""
        if kind == "parameter":
            like_others = _before(found, "new") == self.spelling
            return like_others and found["new"] not in self.keys and self._known(found["new"])
        source = self.reading.source
        if (yield from source.look(self.tags.after[kind], reach=REACH)):
            return True
        return source.over and not source.says_more()

    def _known(self, key: str) -> bool:
        tool = self.reading.tools.find(self.name)
        properties = tool.parameters.get("properties") if tool else None
        return isinstance(properties, dict) and key in properties

    def _trimmed(self, text: str) -> str:
        line_end = "\r\n" if text.startswith("\r\n") else "\n"
        framed = text.startswith(line_end) and text.endswith(line_end) and len(text) > len(line_end)
        return text.removeprefix(line_end).removesuffix(line_end) if self.form.trims or framed else text


class _Tags(NamedTuple):
    """The expressions for calls of one form in one wrapper."""

    outside: re.Pattern[str]
    """What ends a call whose closing tag is missing."""
    ends: re.Pattern[str]
    """What may end a value; groups say what it is."""
    after: Mapping[str, re.Pattern[str]]
    """What has to follow an ending of each kind."""
    leads: Leads


@cache
def tags_of(form: Form, closings: tuple[str, ...]) -> _Tags:
    parameter = form.parameter.replace("(?P<key>", "(?P<new>").replace("(?P<raw>", "(?:")
    closing, begins = either(closings), r"(?<=\n)" if form.lines else ""
    call, space = nameless(form.call), r"\s{0,64}"
    return _Tags(
        compiled(f"{form.call}|{closing}"),
        compiled(
            rf"(?P<value>{form.value_end})|{begins}(?P<parameter>{parameter})|(?P<inner>{form.inner or call})"
            rf"|(?P<call>{form.call_end})|(?P<wrapper>{closing})"
        ),
        {
            "value": compiled(rf"{space}(?:{nameless(form.parameter)}|{form.call_end}|{closing})"),
            "call": compiled(rf"{space}(?:{call}|{closing}|</?tool_call>)"),
            "wrapper": compiled(rf"{space}(?:{closing.replace('</', '<')})"),
        },
        Leads((*form.leads, *closings)),
    )


def _before(found: re.Match[str], group: str) -> str:
    return found.string[found.start() : found.start(group)].strip()


def nameless(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)
