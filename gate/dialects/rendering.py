"""Requests for models that know no tools: told of them in the system text, their history in words."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from operator import is_
from pathlib import Path

from core.messages import AssistantMessage, Message, Part, Text, Thinking, ToolCall, ToolMessage, UserMessage
from core.protocols import ModelRequest
from core.tools import ToolSpec
from gate.dialects.scanner import Scanner
from gate.dialects.table import known_family
from gate.dialects.writing import written_calls, written_result

SAMPLES: Mapping[str, object] = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}


@dataclass
class TextRendering:
    """Renders the requests of one session; a message that was rendered before is the same object again."""

    family: str = "roost"
    _tools: tuple[ToolSpec, ...] = ()
    _told: str = ""
    _messages: tuple[Message, ...] = ()
    _rendered: list[Message] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)
    """By id: which tool a call was of."""

    def __post_init__(self) -> None:
        self._read = known_family(self.family)
        self.family = self._read or "roost"

    def request(self, request: ModelRequest) -> ModelRequest:
        """The same request without tools."""
        if request.tools != self._tools:
            self._tools, self._told = request.tools, told_tools(request.tools, self.family)
        if not self._continues(request.messages):
            self._messages, self._rendered = (), []
        self._rendered += self._in_words(request.messages[len(self._messages) :])
        self._messages = request.messages
        system = f"{request.system}\n\n{self._told}" if self._told else request.system
        return replace(request, system=system, messages=tuple(self._rendered), tools=())

    def _continues(self, messages: tuple[Message, ...]) -> bool:
        return len(self._messages) <= len(messages) and all(map(is_, self._messages, messages))

    def _in_words(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Answers of tools that stand together are one message: templates want roles to alternate."""
        for is_result, together in groupby(messages, key=lambda message: isinstance(message, ToolMessage)):
            if is_result:
                results = (self._result(message) for message in together if isinstance(message, ToolMessage))
                yield UserMessage(text="\n".join(results), source="tool")
            else:
                yield from map(self._message, together)

    def _result(self, message: ToolMessage) -> str:
        return written_result(self._names.get(message.call_id, "tool"), message.whole, self.family)

    def _message(self, message: Message) -> Message:
        if not isinstance(message, AssistantMessage) or not message.calls:
            return message
        self._names |= {call.id: call.name for call in message.calls}
        thoughts = tuple(part for part in message.parts if isinstance(part, Thinking))
        return replace(message, parts=(*thoughts, Text(text=self._words(message.parts))))

    def _words(self, parts: Sequence[Part]) -> str:
        said: list[str] = []
        for is_call, together in groupby(parts, key=lambda part: isinstance(part, ToolCall)):
            if is_call:
                calls = [part for part in together if isinstance(part, ToolCall)]
                said.append(written_calls(calls if self._reads(calls) else _plain(calls), self.family))
            else:
                said += (part.text.strip("\n") for part in together if isinstance(part, Text))
        return "\n".join(words for words in said if words)

    def _reads(self, calls: Sequence[ToolCall]) -> bool:
        """Whether the words of these calls are read here; another model may have written them."""
        scanner = Scanner(self._tools, self._read)
        scanner.feed("\n".join(call.source for call in calls))
        return len(scanner.close().calls) == len(calls)


def _plain(calls: Iterable[ToolCall]) -> list[ToolCall]:
    """The calls without the words in which they were written."""
    return [replace(call, source="") for call in calls]


def told_tools(tools: Sequence[ToolSpec], family: str) -> str:
    """What a model has to be told to call `tools`; nothing if there are none."""
    if not tools:
        return ""
    listed = (
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in tools
    )
    lines = (json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in listed)
    answer = written_result(tools[0].name, "", family).partition("\n")[0]
    text = (
        _prompt().replace("{result}", answer).replace("{example}", written_calls([_sample(tools[0])], family))
    )
    return text.replace("{tools}", "\n".join(lines)).strip()


def _sample(tool: ToolSpec) -> ToolCall:
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    arguments = {
        key: SAMPLES.get(str(schema.get("type")), "...")
        for key, schema in (properties.items() if isinstance(properties, Mapping) else ())
        if not required or (isinstance(required, list | tuple) and key in required)
    }
    return ToolCall(id="", name=tool.name, arguments=json.dumps(arguments))


@cache
def _prompt() -> str:
    return Path(__file__).with_name("tools.md").read_text(encoding="utf-8")
