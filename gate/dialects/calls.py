"""From what was read of a call to a `ToolCall`: whose name it bears, and its arguments as a JSON object."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from core.messages import ToolCall
from core.tools import ToolSpec
from gate.dialects.marks import LONGEST, stray_ends
from gate.dialects.source import Leads, Source, Steps, compiled, either
from gate.dialects.table import OPTIONAL_CLOSINGS

PREFIX = re.compile(r"(?:functions|tools?)[.:]")
TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
CHOICES = ("anyOf", "oneOf", "allOf")
REACH = 256
"""No tag that begins a call is longer."""

Pairs = Sequence[tuple[str, str, bool]]
"""Key, value as written, and whether the format itself says that the value is text."""


@dataclass(frozen=True)
class Heard:
    """A call as it was written."""

    name: str
    arguments: str | Pairs
    """Text that is, or should be, a JSON object; or keys with values whose types only the tool knows."""
    end: int
    """The place behind it."""
    id: str = ""
    repairs: tuple[str, ...] = ()

    def ending(self, end: int) -> "Heard":
        return replace(self, end=end)


class Tools:
    """The tools that may be called, by all spellings of their names that are no guess."""

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._exact = {tool.name: tool for tool in tools}
        self._folded: dict[str, ToolSpec | None] = {}
        for tool in self._exact.values():
            folded = _folded(tool.name)
            self._folded[folded] = None if folded in self._folded else tool

    def __bool__(self) -> bool:
        return bool(self._exact)

    def find(self, written: str) -> ToolSpec | None:
        plain = written.strip()
        return self._exact.get(plain) or self._named(plain) or self._named(PREFIX.sub("", plain, count=1))

    def may_begin(self, text: str) -> bool:
        """Whether `text` is the first part of a tool's name, as it may stand without a mark."""
        return any(f"functions.{name}".startswith(text) or name.startswith(text) for name in self._exact)

    def begins(self, text: str) -> bool:
        """Whether `text` begins with a tool's name."""
        return any(text.removeprefix("functions.").startswith(name) for name in self._exact)

    def _named(self, plain: str) -> ToolSpec | None:
        return self._exact.get(plain) or self._folded.get(_folded(plain))


@dataclass
class Reading:
    """What the scanner of a body works with."""

    source: Source
    tools: Tools
    closings: tuple[str, ...] = ()
    """What closes the wrapper, if there is one."""

    @cached_property
    def closing(self) -> re.Pattern[str]:
        return compiled(either(self.closings))

    @cached_property
    def leads(self) -> Leads:
        return Leads(self.closings)

    @cached_property
    def too_many_brackets(self) -> re.Pattern[str]:
        """The closing tag, and what small models write before it when they lost count."""
        return compiled(rf"(?P<bracket>[\]}}]{{1,4}}\s{{0,16}})?(?:{self.closing.pattern})")

    def calls(
        self, beginning: str, read: Callable[[re.Match[str]], Steps[Heard | None]]
    ) -> Steps[list[Heard] | None]:
        """Those that begin so, one behind the other within a wrapper; None where none stands."""
        source, heard = self.source, list[Heard]()
        while True:
            if self.closings:
                yield from source.space()
            begun = yield from source.look(compiled(beginning), reach=REACH)
            if begun is None:
                return heard or None
            start, source.at = source.place, begun.end()
            found = yield from read(begun)
            if found is None:
                if heard:
                    source.back_to(start)
                return heard or None
            heard.append(found)
            if not self.closings:
                return heard

    def ends_here(self) -> Steps[bool]:
        """Whether the wrapper, or the text, ends at this place."""
        yield from self.source.space()
        found = yield from self.source.look(self.closing, reach=64)
        return bool(found) or not self.source.rest

    def close(self) -> Steps[tuple[str, ...]]:
        """Goes past the closing tag; what is wrong with it."""
        yield from self.source.space()
        if not self.closings:
            yield from self.source.take(stray_ends(), reach=LONGEST)
            return ()
        found = yield from self.source.take(self.too_many_brackets, reach=2 * LONGEST)
        if found:
            return ("a closing bracket too many",) if found["bracket"] else ()
        return () if self.closings[0] in OPTIONAL_CLOSINGS else ("closing tag missing",)


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def call_of(heard: Heard, tools: Tools, source: str) -> tuple[ToolCall, tuple[str, ...]] | None:
    """The call, and what was mended in it; None when it calls no tool there is."""
    tool = tools.find(heard.name)
    if tool is None:
        return None
    spelled = PREFIX.sub("", heard.name.strip(), count=1)
    repairs = heard.repairs if spelled == tool.name else (*heard.repairs, f"tool name {heard.name!r}")
    arguments = heard.arguments if isinstance(heard.arguments, str) else _typed(heard.arguments, tool)
    return ToolCall(id=heard.id, name=tool.name, arguments=arguments, source=source), repairs


def _typed(pairs: Pairs, tool: ToolSpec) -> str:
    """A key that was written twice stands there twice: it is for the executor to refuse."""
    properties = tool.parameters.get("properties")
    schemas = properties if isinstance(properties, Mapping) else {}
    written = (
        f"{_text(key)}: {_text(text) if is_text else typed(text, schemas.get(key), tool.parameters)}"
        for key, text, is_text in pairs
    )
    return "{" + ", ".join(written) + "}"


def typed(text: str, schema: object, root: Mapping[str, object]) -> str:
    """The value that `text` stands for in a format without types, as JSON; text, where nothing else is sure.

    Args:
        text: the value as it was written.
        schema: what the tool says of it.
        root: the schema in which references are looked up.
    """
    kinds, plain = kinds_of(schema, root), text.strip()
    if kinds - {"string", "null"} or (plain == "null" and "null" in kinds):
        for written in (plain, _literal(plain)):
            found = _read(written)
            if found and type(found[0]) in [kind for name in kinds for kind in TYPES.get(name, ())]:
                return found[1]
    return _text(text)


def kinds_of(schema: object, root: Mapping[str, object], depth: int = 8) -> frozenset[str]:
    """The types that a value may have; none if nothing is said of them."""
    if not isinstance(schema, Mapping) or not depth:
        return frozenset()
    said = schema.get("type")
    kinds = {said} if isinstance(said, str) else set(said) if isinstance(said, list | tuple) else set()
    if not kinds:
        values = (*_items(schema, "enum"), *([schema["const"]] if "const" in schema else ()))
        kinds = {name for name, types in TYPES.items() for one in values if type(one) in types}
    choices = (one for key in CHOICES for one in _items(schema, key))
    return frozenset(kinds).union(
        *(kinds_of(one, root, depth - 1) for one in (_referred(schema, root), *choices))
    )


def _items(schema: Mapping[str, object], key: str) -> Sequence[object]:
    found = schema.get(key)
    return found if isinstance(found, list | tuple) else ()


def _referred(schema: Mapping[str, object], root: Mapping[str, object]) -> object:
    """What `#/$defs/Name` stands for."""
    found: object = root
    for part in str(schema.get("$ref", "")).removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _read(text: str | None) -> tuple[object, str] | None:
    """The value of a JSON text and how it is written; None where it means none, or may mean two."""
    try:
        found = json.loads(text or "", strict=False, object_pairs_hook=_once)
        return found, json.dumps(found, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands there twice")
    return dict(pairs)


def _literal(text: str) -> str | None:
    from core.python_literal import read_literal

    return read_literal(text)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
