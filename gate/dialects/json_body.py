"""Bodies in JSON: an object with name and arguments, a list of such, several one after another."""

import json
import re
from collections.abc import Iterator

from core.almost_json import read_object
from gate.dialects.brackets import JSON, Bracketed
from gate.dialects.calls import Heard, Reading
from gate.dialects.source import Steps, Unfinished

HEAD = re.compile(
    r"\s*+\{\s*+"
    r'(?:"(?:type|id|index|tool_call_id)"\s*+:\s*+(?:"[^"\\\n]{0,80}"|\d{1,9})\s*+,\s*+){0,4}'
    r'(?:"function"\s*+:\s*+\{\s*+)?"(?:name|tool_name)"\s*+:\s*+"(?P<name>[^"\\\n]{1,80})"\s*+,\s*+'
    r'"(?:arguments|parameters)"\s*+:\s*+'
)
"""All that may stand before the arguments of a call whose JSON is broken: else its name would be a guess."""
CALL_LIKE = re.compile(
    r"""\s*+\[?\s*+\{\s*+["'](?:name|tool_name|type|id|index|function|arguments|parameters)["']\s*+:"""
)
FENCE = re.compile(r"```\w{0,12}[ \t]{0,8}\r?\n")
HALF_FENCE = re.compile(r"`{1,3}|```\w{0,12}[ \t]{0,8}\r?")
FENCE_END = re.compile(r"```")
BEGIN = re.compile(r"[{\[]")
NAMES, MORE_NAMES = ("name", "tool_name", "function"), ("tool",)
ARGUMENTS, MORE_ARGUMENTS = ("arguments", "parameters"), ("args", "params", "input")
"""What a call has its name and its arguments under; and what else, where nothing but a call can stand."""
NEXT = re.compile(r"[;,]?\s{0,64}(?=[{\[])")
HALF_NEXT = re.compile(r"[;,]?\s{0,64}")


def json_body(reading: Reading, *, strict: bool = False) -> Steps[list[Heard] | None]:
    """The calls, or None where nothing of the kind stands; if `strict`, as for `written_calls`."""
    source = reading.source
    yield from source.space()
    fenced = yield from source.look(FENCE, reach=32, half=HALF_FENCE)
    if fenced:
        source.at = fenced.end()
        yield from source.space()
    heard: list[Heard] = []
    while (yield from source.look(BEGIN, reach=1)):
        before = source.place
        found = yield from _value(reading, strict=strict)
        if found is None:
            if heard:
                source.back_to(before)
            break
        heard += found
        following = yield from source.look(NEXT, reach=66, half=HALF_NEXT)
        if following:
            source.at = following.end()
    if fenced and heard:
        yield from source.space()
        yield from source.take(FENCE_END, reach=3)
    return heard or None


def _value(reading: Reading, *, strict: bool) -> Steps[list[Heard] | None]:
    """The calls of one object or list."""
    source = reading.source
    start = source.place
    brackets = Bracketed(source, JSON)
    try:
        yield from brackets.scan()
    except Unfinished:
        return _up_to_closing(reading, start)
    text = source.between(start, source.place)
    if not brackets.whole and not (yield from reading.ends_here()):
        return (yield from _broken(reading, start))
    try:
        heard = list(written_calls(text, source.place, strict=strict))
    except ValueError as error:
        if brackets.cut and CALL_LIKE.match(text):
            raise Unfinished from error
        broken = broken_call(text, source.place)
        return [broken] if broken else None
    if text.startswith("[") and heard and len(heard) == len(brackets.parts):
        return [
            one.ending(place) for one, place in zip(heard, (*brackets.parts[:-1], source.place), strict=True)
        ]
    return heard or None


def _broken(reading: Reading, start: int) -> Steps[list[Heard] | None]:
    """JSON that goes wrong in the middle: it ends at its closing tag, if it is a call at all."""
    source = reading.source
    broken = broken_call(source.between(start, source.place), source.place)
    if broken is None or not reading.tools.find(broken.name) or not reading.closings:
        return None
    if (found := _up_to_closing(reading, start, or_fail=False)) is not None:
        return found
    closing = yield from source.seek(reading.closing, reading.leads, reach=64)
    source.at -= len(closing[0])
    return _verbatim(reading, start)


def _up_to_closing(reading: Reading, start: int, *, or_fail: bool = True) -> list[Heard] | None:
    """Takes back what was read behind a closing tag: the string that hid it was not closed."""
    source = reading.source
    text = source.between(start, source.place)
    closing = reading.closing.search(text) if reading.closings else None
    if closing is None:
        if or_fail:
            raise Unfinished
        return None
    source.back_to(start + closing.start())
    return _verbatim(reading, start)


def _verbatim(reading: Reading, start: int) -> list[Heard] | None:
    broken = broken_call(reading.source.between(start, reading.source.place), reading.source.place)
    return [broken] if broken else None


def written_calls(text: str, end: int, *, strict: bool) -> Iterator[Heard]:
    """The calls in a JSON object with a name and arguments, or in a list of such objects.

    `strict`: nothing but a call looks like it, so that a package.json is none.

    Raises:
        ValueError: it cannot be read without a guess.
    """
    listed = text.lstrip().startswith("[")
    found = read_object(f'{{"calls": {text}' + "}" * text.rstrip().endswith("]") if listed else text)
    repairs = () if is_json(text) else (fault_of(text),)
    items = found["calls"] if listed else found.get("tool_calls", [found])
    for item in items if isinstance(items, list) else ():
        heard = _written_call(item, strict=strict)
        if heard is None:
            raise ValueError("is no call")
        name, arguments, identity = heard
        mended = _object_text(arguments)
        yield Heard(name, mended[0], end, id=identity, repairs=(*repairs, *mended[1]))


def broken_call(text: str, end: int) -> Heard | None:
    """A call in JSON that cannot be read, its arguments as they stand: the executor says what is wrong."""
    head = HEAD.match(text)
    if not head:
        return None
    written = text[head.end() :].rstrip()
    try:
        _, length = json.JSONDecoder(strict=False).raw_decode(written)
    except (ValueError, RecursionError):
        length = len(written)
    if written[length:].strip("]} \t\r\n"):
        length = len(written)  # what else it says may be other arguments
    return Heard(head[1], written[:length] or "{", end)


def object_call(name: str, text: str, end: int, *, identity: str = "", cut: bool = False) -> Heard:
    """A call whose arguments alone are JSON; what cannot be read stays as it is.

    Raises:
        Unfinished: it cannot be read because it is `cut`.
    """
    try:
        arguments, repairs = json.dumps(read_object(text), ensure_ascii=False), ()
    except ValueError as error:
        if cut:
            raise Unfinished from error
        return Heard(name, text, end, id=identity)
    return Heard(name, arguments, end, id=identity, repairs=repairs if is_json(text) else (fault_of(text),))


def is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def fault_of(text: str) -> str:
    """What was wrong with the form of a text that could be read all the same."""
    text = text.strip()
    if not text:
        return "no arguments"
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        if text.startswith("```"):
            return "fence around JSON"
        if "'" in text or re.search(r"\b(?:True|False|None)\b", text):
            return "Python literal"
        brackets_closed = text.count("{") == text.count("}") and text.count("[") == text.count("]")
        return "trailing comma" if brackets_closed else "closing brackets missing"
    return "arguments encoded twice" if isinstance(found, str) else "raw line ends in a string"


def _written_call(item: object, *, strict: bool) -> tuple[str, object, str] | None:
    """Name, arguments and id, in any of the shapes that servers and models use."""
    if not isinstance(item, dict):
        return None
    identity = item.get("id", item.get("tool_call_id"))
    inner = item.get("function")
    if isinstance(inner, dict):
        item = inner
    names = NAMES if strict else (*NAMES, *MORE_NAMES)
    name = next((item[key] for key in names if key in item), None)
    keys = [key for key in ARGUMENTS if key in item]
    keys = keys or [key for key in MORE_ARGUMENTS if key in item and not strict][:1]
    others = item.keys() - {*names, "type", "id", "index", "tool_call_id", *keys}
    if not isinstance(name, str) or (strict and (not keys or others)):
        return None
    arguments = item[keys[0]] if keys else {}
    if (not keys and others) or len({str(item[key]) for key in keys}) > 1:
        arguments = item  # which of it are the arguments is not clear: the executor refuses it
    return name, arguments, identity if isinstance(identity, str) else ""


def _object_text(arguments: object) -> tuple[str, tuple[str, ...]]:
    if isinstance(arguments, str):
        try:
            found = read_object(arguments)
        except ValueError:
            return arguments, ()
        return json.dumps(found, ensure_ascii=False), ("arguments encoded twice",)
    return json.dumps({} if arguments is None else arguments, ensure_ascii=False), ()
