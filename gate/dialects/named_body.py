"""Bodies that name the tool first, and then give its arguments as JSON."""

from dataclasses import dataclass

from gate.dialects.brackets import JSON, Bracketed
from gate.dialects.calls import Heard, Reading
from gate.dialects.json_body import object_call
from gate.dialects.source import NEVER, Leads, Steps, Unfinished, compiled

TAIL_LEADS = Leads(("</", "<|", "<｜"))
NAME = r"(?P<name>[\w.\-]{1,80})"
FENCE = r"(?:```\w{0,8}\s{1,8})?"


@dataclass(frozen=True)
class Form:
    head: str
    """What stands before the arguments, with a group `name`, and `id` where the form has one."""
    tail: str = ""
    """What follows them."""
    bare: bool = False
    """Whether the tail may follow at once, for a call without arguments."""


def _deepseek(word: str) -> str:
    return rf"<[|｜]tool[▁_]{word}[|｜]>"


FORMS = {
    "mistral": Form(
        rf"\s{{0,16}}{NAME}\s{{0,4}}(?:\[CALL_ID\](?P<id>\w{{1,40}}))?\s{{0,4}}(?:\[ARGS\])?\s{{0,16}}(?=\{{)"
    ),
    "deepseek": Form(
        rf"{_deepseek('call[▁_]begin')}(?:function{_deepseek('sep')})?\s{{0,8}}{NAME}\s{{0,8}}"
        rf"(?:{_deepseek('sep')})?\s{{0,8}}{FENCE}(?=\{{)",
        _deepseek("call[▁_]end"),
    ),
    "kimi": Form(
        r"<\|tool_call_begin\|>\s{0,8}(?P<id>(?:functions\.)?(?P<name>[\w.\-]{1,80})(?::\d{1,9})?)\s{0,8}"
        r"<\|tool_call_argument_begin\|>\s{0,16}(?=\{)",
        r"<\|tool_call_end\|>",
    ),
    "kimi_json": Form(
        r'<\|open\|>call tool="(?P<name>[^"<>\n]{1,80})"[^<>]{0,80}<\|sep\|>\s{0,16}'
        r"<\|open\|>json[^<>]{0,80}<\|sep\|>\s{0,16}(?=\{)",
        r"<\|close\|>json<\|sep\|>",
    ),
    "tool_json": Form(
        r"""<tool(?:_call)? name=["'](?P<name>[^"'<>\n]{1,80})["']\s{0,4}"""
        rf"(?:/>|>\s{{0,64}}{FENCE}(?=\{{|</tool(?:_call)?>))",
        "</tool>|</tool_call>",
        bare=True,
    ),
    "function_json": Form(
        r"<function(?:=| name=)[\"']?(?P<name>[^<>\n\"']{1,80})[\"']?>\s{0,64}(?=\{)", "</function>"
    ),
    "name_json": Form(rf"{NAME}\s{{0,8}}(?=\{{)"),
    "recipient": Form(rf">>>{NAME}\s{{0,4}}\n\s{{0,16}}(?=\{{)"),
    "harmony": Form("(?P<name>)", r"<\|call\|>|<\|end\|>|<\|return\|>"),
}


def named_body(reading: Reading, form: Form) -> Steps[list[Heard] | None]:
    """The calls, or None where nothing of the kind stands."""
    return reading.calls(
        form.head,
        lambda begun: arguments_of(reading, form, begun["name"], begun.groupdict().get("id") or ""),
    )


def arguments_of(reading: Reading, form: Form, name: str, identity: str) -> Steps[Heard | None]:
    """Reads the arguments and the tail; what cannot be read goes to the executor as it stands."""
    source, tail = reading.source, compiled(form.tail or NEVER)
    start = source.place
    if form.bare and not source.text.startswith("{", source.at):
        yield from source.take(tail, reach=64)
        return Heard(name, "{}", source.place, id=identity)
    brackets, cut = Bracketed(source, JSON), False
    try:
        yield from brackets.scan()
        cut = brackets.cut
        if not brackets.whole and not (yield from _reach_tail(reading, form, name)):
            return None
    except Unfinished:
        hidden = tail.search(source.between(start, source.place))
        if hidden is None:
            raise
        source.back_to(start + hidden.start())
    text = source.between(start, source.place).strip()
    if form.tail:
        yield from source.space()
        yield from source.take(compiled(rf"(?:```\s{{0,16}})?(?:{form.tail})"), reach=64)
    text = text.removesuffix("```").strip()
    return object_call(name, text, source.place, identity=identity, cut=cut)


def _reach_tail(reading: Reading, form: Form, name: str) -> Steps[bool]:
    """Pass what stands between broken arguments and the tail; False when their end is not clear."""
    source, tail = reading.source, compiled(form.tail or NEVER)
    yield from source.space()
    if not source.rest or (yield from source.look(tail, reach=64)):
        return True
    if not form.tail or not reading.tools.find(name):
        return False
    closing = yield from source.seek(tail, TAIL_LEADS, reach=64)
    source.at -= len(closing[0])
    return True
