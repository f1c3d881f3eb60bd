"""Replies that are held to the arguments of one tool: how each server is told, and how they are read.

The fields stand behind the messages of a request, which therefore begins with the bytes of the one before it.
"""

from collections.abc import Iterator, Mapping
from typing import assert_never

from core.deltas import CallDelta, Delta, FinishDelta, TextDelta, ThinkingDelta
from core.protocols import ArgumentsOf


def openai_fields(held: ArgumentsOf) -> Mapping[str, object]:
    """For `/chat/completions`."""
    tool = held.tool
    match held.by:
        case "tool_choice":
            return {"tool_choice": {"type": "function", "function": {"name": tool.name}}}
        case "json_schema" | "format":
            schema = {"name": tool.name, "schema": tool.parameters}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case "grammar":
            from gate.grammar import grammar_of

            # llama.cpp refuses a grammar beside tools, unless none of them may be called.
            return {"tool_choice": "none", "grammar": grammar_of(tool.parameters)}
        case _:
            assert_never(held.by)


def ollama_fields(held: ArgumentsOf) -> Mapping[str, object]:
    """For `/api/chat`, which has one way only."""
    return {"format": held.tool.parameters}


class HeldReply:
    """A reply that is to be arguments alone, as the call it stands for."""

    def __init__(self, held: ArgumentsOf) -> None:
        self.held = held
        self.thoughts = ""
        """Where a server holds a model to a schema that it takes to be thinking, the arguments are here."""
        self.begun = False
        self.called = held.by == "tool_choice"

    def take(self, delta: Delta) -> Iterator[Delta]:
        match delta:
            case TextDelta(text=text) if not self.called:
                yield self._arguments(text)
            case ThinkingDelta(text=text):
                self.thoughts += text
                yield delta
            case CallDelta():
                self.called = True
                if not self.begun:
                    yield delta
            case FinishDelta():
                if self.thoughts and not (self.begun or self.called):
                    yield self._arguments(self.thoughts)
                yield delta
            case _:
                yield delta

    def _arguments(self, text: str) -> CallDelta:
        name = "" if self.begun else self.held.tool.name
        self.begun = True
        return CallDelta(index=0, name=name, arguments=text)
