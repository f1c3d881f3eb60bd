"""How a server is told to hold a reply to the arguments of one tool: the fields of each way.

They stand behind the messages of a request, which therefore begins with the bytes of the one before it.
"""

from collections.abc import Mapping
from typing import assert_never

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
