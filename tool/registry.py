"""The tools of one session, by name.

What the model is told of a built-in tool stands in `schemas.json`, which
`python -m tool.generate_schemas` writes; the tool itself is imported at its first call.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

from core.errors import InvalidArguments
from core.permissions import Effect
from core.profile import ModelProfile, Size
from core.records import dataclass
from core.schema import schema_of
from core.text import clip
from core.tools import AnyTool, ToolServices, ToolSpec

SCHEMAS = Path(__file__).with_name("schemas.json")

BUILT_IN = {
    "list_files": "tool.list_files:ListFiles",
    "read_file": "tool.read_file:ReadFile",
    "write_file": "tool.write_file:WriteFile",
    "edit_file": "tool.edit_file:EditFile",
    "replace_lines": "tool.replace_lines:ReplaceLines",
    "find_text": "tool.find_text:FindText",
    "find_files": "tool.find_files:FindFiles",
    "shell": "tool.shell:Shell",
    "fetch": "tool.fetch:Fetch",
    "data_view": "tool.data_view:DataView",
    "pyexe": "tool.pyexe:Pyexe",
    "ask_user": "tool.ask_user:AskUser",
    "project": "tool.project:ProjectTool",
    "memory": "tool.memory:MemoryTool",
    "find_code": "tool.find_code:FindCode",
    "promote_skill": "tool.promote_skill:PromoteSkill",
    "use_skill": "tool.use_skill:UseSkill",
}
"""Where each tool is, in the order in which a model is told of them."""

MOST_NAME_CHARS = 80
"""Of a name that no tool has, in the answer to it."""
EXTRAS = ("ask_user", "project", "memory", "find_code", "promote_skill", "use_skill")
"""What is offered beside the tools of a model's size."""
CHANGES_A_PART = ("edit_file", "replace_lines")
"""A model is offered that one of them by which it changes files best, or none."""
TINY = ("read_file", *CHANGES_A_PART, "write_file", "find_text", "shell", "ask_user")
SMALL = (*TINY, "list_files", "fetch")
OFFERED: Mapping[Size, Collection[str]] = {"tiny": TINY, "small": SMALL, "normal": BUILT_IN}
"""What a model is offered by the size of its window: 5 or 7 tools and the question to the person, or all."""


@dataclass(frozen=True)
class ToolEntry:
    """A tool before it is loaded."""

    spec: ToolSpec
    effect: Effect
    load: Callable[[], AnyTool]


class Registry:
    """A toolbox that loads each tool at its first use and keeps it."""

    def __init__(self, entries: Iterable[ToolEntry] = ()) -> None:
        self._entries: dict[str, ToolEntry] = {}
        self._loaded: dict[str, AnyTool] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: ToolEntry) -> None:
        """Raises ValueError when a tool has this name already."""
        if entry.spec.name in self._entries:
            raise ValueError(f"two tools are called {entry.spec.name!r}")
        self._entries[entry.spec.name] = entry

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(entry.spec for entry in self._entries.values())

    def unlisted(self) -> Sequence[ToolSpec]:
        return ()

    def names(self) -> Sequence[str]:
        return tuple(self._entries)

    def effect_of(self, name: str) -> Effect | None:
        entry = self._entries.get(name)
        return entry.effect if entry else None

    def find(self, name: str) -> AnyTool:
        """Raises InvalidArguments when there is no tool of that name."""
        if name not in self._entries:
            from difflib import get_close_matches

            shown = clip(name, MOST_NAME_CHARS)
            close = get_close_matches(shown, self._entries) or self._entries
            raise InvalidArguments(f"There is no tool {shown!r}.", hint=f"Did you mean {' or '.join(close)}?")
        if name not in self._loaded:
            self._loaded[name] = self._entries[name].load()
        return self._loaded[name]

    def loaded(self) -> tuple[AnyTool, ...]:
        """The tools that were used: who ends a session closes what they hold."""
        return tuple(self._loaded.values())


def offered(profile: ModelProfile) -> tuple[str, ...]:
    """The built-in tools that fit a model. One that edits badly in pieces can only write files anew."""
    without = {*CHANGES_A_PART} - {profile.edit_format}
    return tuple(name for name in OFFERED[profile.size] if name not in without)


def built_in(services: ToolServices, names: Collection[str]) -> list[ToolEntry]:
    """The built-in tools of these names, none of them loaded."""
    return [
        ToolEntry(spec, effect, partial(_built, BUILT_IN[spec.name], services))
        for spec, effect in _described()
        if spec.name in names
    ]


def entry_of(tool: AnyTool) -> ToolEntry:
    """The entry of a tool that is there already."""
    description, parameters = schema_of(tool.args)
    spec = ToolSpec(name=tool.name, description=description, parameters=parameters)
    return ToolEntry(spec, tool.effect, lambda: tool)


def _described() -> Iterator[tuple[ToolSpec, Effect]]:
    for written in json.loads(SCHEMAS.read_bytes()):
        effect = Effect(written.pop("effect"))
        yield ToolSpec(**written), effect


def _built(place: str, services: ToolServices) -> AnyTool:
    module, _, name = place.partition(":")
    tool: AnyTool = getattr(import_module(module), name)(services)
    return tool
