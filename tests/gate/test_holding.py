"""How a reply is held to the arguments of a tool, on each wire, behind the same bytes as ever."""

import json
from dataclasses import replace

import pytest

from core.deltas import FinishDelta, RestartDelta, TextDelta
from core.endpoint import Constraint
from core.messages import AssistantMessage, Finish, Text, UserMessage
from core.protocols import ArgumentsOf, ModelRequest
from core.tools import ToolSpec
from gate.ollama_wire import OllamaWriter
from gate.scripted import Reply, ScriptedGateway, call_with, calls, say, think
from gate.serialising import PrefixWriter
from gate.text_calls import TextCallGateway
from tests.gate.asking import reply, request

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
READ = ToolSpec(name="read_file", description="Read.", parameters=SCHEMA)
FORMAT = {"type": "json_schema", "json_schema": {"name": "read_file", "schema": SCHEMA}}


def held(by: Constraint) -> ModelRequest:
    return replace(request(), tools=(READ,), held_to=ArgumentsOf(tool=READ, by=by))


@pytest.mark.parametrize(
    ("by", "fields"),
    [
        ("json_schema", {"response_format": FORMAT}),
        ("format", {"response_format": FORMAT}),
        ("tool_choice", {"tool_choice": {"type": "function", "function": {"name": "read_file"}}}),
    ],
)
def test_an_openai_compatible_server_is_told_in_its_own_fields(
    by: Constraint, fields: dict[str, object]
) -> None:
    asked = held(by)

    body = json.loads(PrefixWriter("m").body(asked))

    free = json.loads(PrefixWriter("m").body(replace(asked, held_to=None)))
    assert body == {**free, **fields}


def test_a_grammar_goes_with_tools_that_must_not_be_called() -> None:
    body = json.loads(PrefixWriter("m").body(held("grammar")))

    assert body["tool_choice"] == "none"
    assert body["grammar"].startswith('root ::= "{" "\\"path\\"" ":" space string')


def test_ollama_is_told_by_its_format() -> None:
    asked = held("format")

    body = json.loads(OllamaWriter("m", 8_192).body(asked))

    free = json.loads(OllamaWriter("m", 8_192).body(replace(asked, held_to=None)))
    assert body == {**free, "format": SCHEMA}


@pytest.mark.parametrize("writer", [PrefixWriter("m"), OllamaWriter("m", 8_192)])
def test_what_it_is_held_to_stands_behind_the_messages(writer: PrefixWriter | OllamaWriter) -> None:
    asked = held("json_schema")
    free = replace(asked, held_to=None)
    later = replace(
        free, messages=(*free.messages, AssistantMessage(parts=(Text(text="{}"),)), UserMessage(text="So?"))
    )

    before, between, after = (writer.body(one) for one in (free, asked, later))

    assert between.startswith(before.removesuffix(b"}") + b",")
    assert after.startswith(before[: before.rindex(b"]")] + b",")


ARGUMENTS = '{"path": "a"}'
DONE = FinishDelta(finish=Finish.DONE)


def call_of_it(arguments: str = ARGUMENTS) -> list[tuple[str, str]]:
    return [("read_file", arguments)]


@pytest.mark.parametrize(
    ("by", "spoken", "made", "text"),
    [
        ("json_schema", say(ARGUMENTS), call_of_it(), ""),
        ("grammar", think("Hm.", say(ARGUMENTS)), call_of_it(), ""),
        ("grammar", think(ARGUMENTS), call_of_it(), ""),
        (
            "format",
            (TextDelta(text="{"), RestartDelta(reason="", wait_seconds=0), *say(ARGUMENTS)),
            call_of_it(),
            "",
        ),
        ("tool_choice", call_with("read_file", ARGUMENTS), call_of_it(), ""),
        ("tool_choice", calls(say("I read."), call_with("read_file", ARGUMENTS)), call_of_it(), "I read."),
        ("tool_choice", say("I read."), [], "I read."),
        ("json_schema", call_with("read_file", ARGUMENTS), call_of_it(), ""),
        ("json_schema", calls(call_with("read_file", ARGUMENTS), say("So.")), call_of_it(), "So."),
        ("json_schema", calls(say(ARGUMENTS), call_with("read_file", "{}")), call_of_it(), ""),
        ("json_schema", (DONE,), [], ""),
    ],
)
async def test_arguments_come_as_a_call_however_the_server_puts_them(
    by: Constraint, spoken: Reply, made: list[tuple[str, str]], text: str
) -> None:
    found = await reply(TextCallGateway(ScriptedGateway(spoken)), held(by))

    assert ([(call.name, call.arguments) for call in found.calls], found.text) == (made, text)
