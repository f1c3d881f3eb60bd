"""From what was read of a call to a `ToolCall`: whose name it bears, and its arguments as a JSON object."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from core.messages import ToolCall
from core.protocols import ToolSpec
from core.python_literal import read_literal
from gate.dialects.source import Source, Steps

PREFIX = re.compile(r"(?:functions|tools?)[.:]")
TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}

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
        """Whether `text` is the first part of a line that holds a tool's name alone."""
        return any(f"{name}\n".startswith(text) and len(text) <= len(name) for name in self._exact)

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
        return re.compile("|".join(map(re.escape, self.closings)) or "(?!)")

    def ends_here(self) -> Steps[bool]:
        """Whether the wrapper, or the text, ends at this place."""
        yield from self.source.space()
        found = yield from self.source.look(self.closing, reach=64)
        return bool(found) or not self.source.rest


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
        f"{json.dumps(key, ensure_ascii=False)}: "
        f"{json.dumps(text if is_text else typed(text, schemas.get(key)), ensure_ascii=False)}"
        for key, text, is_text in pairs
    )
    return "{" + ", ".join(written) + "}"


def typed(text: str, schema: object) -> object:
    """The value that `text` stands for in a format without types; itself where the schema wants text."""
    kinds = _kinds(schema)
    if not kinds - {"string", "null"} and not (text.strip() == "null" and "null" in kinds):
        return text
    allowed = tuple(kind for name in kinds for kind in TYPES.get(name, ()))
    for read in (_json, _literal):
        found = read(text.strip())
        if found is not None and type(found[0]) in allowed:
            return found[0]
    return text


def _kinds(schema: object) -> frozenset[str]:
    if not isinstance(schema, Mapping):
        return frozenset()
    said = schema.get("type")
    kinds = {said} if isinstance(said, str) else set(said) if isinstance(said, list | tuple) else set()
    for key in ("anyOf", "oneOf"):
        choices = schema.get(key)
        for choice in choices if isinstance(choices, list | tuple) else ():
            kinds |= _kinds(choice)
    return frozenset(kinds)


def _json(text: str) -> tuple[object] | None:
    try:
        return (json.loads(text, strict=False),)
    except (ValueError, RecursionError):
        return None


def _literal(text: str) -> tuple[object] | None:
    written = read_literal(text)
    return None if written is None else _json(written)
