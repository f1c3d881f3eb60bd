"""Calls and answers of tools as the families write them: the table, the other way round."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.messages import ToolCall
from gate.serialising import well_formed

Arguments = Mapping[str, object]


@dataclass(frozen=True)
class Form:
    """How calls of one reply are put together."""

    one: Callable[[str, Arguments], str]
    begin: str = ""
    between: str = "\n"
    end: str = ""


def written_calls(calls: Sequence[ToolCall], family: str) -> str:
    """In the words in which they were written, where they were; else as the family writes them."""
    if all(call.source for call in calls):
        return "\n".join(call.source for call in calls)
    form = FORMS[family]
    each = (form.one(call.name, json.loads(well_formed(call.arguments))) for call in calls)
    return f"{form.begin}{form.between.join(each)}{form.end}"


def written_result(name: str, text: str, family: str) -> str:
    opening, closing = RESULTS.get(family, (f'<tool_result name="{name}">', "</tool_result>"))
    return f"{opening}\n{text}\n{closing}"


LIKE_QWEN = ("hermes", "qwen", "qwen_xml", "glm", "json")
RESULTS = dict.fromkeys(LIKE_QWEN, ("<tool_response>", "</tool_response>"))


def _json(item: object) -> str:
    return json.dumps(item, ensure_ascii=False)


def _object(name_key: str, arguments_key: str) -> Callable[[str, Arguments], str]:
    return lambda name, arguments: _json({name_key: name, arguments_key: arguments})


def _around(
    opening: str, one: Callable[[str, Arguments], str], closing: str
) -> Callable[[str, Arguments], str]:
    return lambda name, arguments: opening.replace("NAME", name) + one(name, arguments) + closing


def _arguments(_: str, arguments: Arguments) -> str:
    return _json(arguments)


def _tags(opening: str, value: str, closing: str) -> Callable[[str, Arguments], str]:
    """Each argument as `value`, in which KEY, VALUE and IS_TEXT stand for it."""
    parts = re.split("(KEY|VALUE|IS_TEXT)", value)

    def written(name: str, arguments: Arguments) -> str:
        values = (
            "".join(
                {
                    "KEY": key,
                    "VALUE": item if isinstance(item, str) else _json(item),
                    "IS_TEXT": _json(isinstance(item, str)),
                }.get(part, part)
                for part in parts
            )
            for key, item in arguments.items()
        )
        return opening.replace("NAME", name) + "".join(values) + closing

    return written


def _python(name: str, arguments: Arguments) -> str:
    return f"{name}({', '.join(f'{key}={item!r}' for key, item in arguments.items())})"


def _gemma(quote: str) -> Callable[[str, Arguments], str]:
    def value(item: object) -> str:
        if isinstance(item, str):
            return f"{quote}{item}{quote}"
        if isinstance(item, Mapping):
            return "{" + ",".join(f"{key}:{value(inner)}" for key, inner in item.items()) + "}"
        if isinstance(item, list):
            return "[" + ",".join(map(value, item)) + "]"
        return _json(item)

    return lambda name, arguments: f"call:{name}{value(arguments)}"


NAMED = _object("name", "arguments")
PARAMETERS = _object("name", "parameters")
FUNCTION = _tags("<function=NAME>\n", "<parameter=KEY>\nVALUE\n</parameter>\n", "</function>")
HERMES = Form(_around("<tool_call>\n", NAMED, "\n</tool_call>"))
PYTHONIC = Form(_python, "[", ", ", "]")

FORMS: Mapping[str, Form] = {
    "hermes": HERMES,
    "qwen": HERMES,
    "json": Form(_around("```json\n", NAMED, "\n```")),
    "roost": Form(_around('<tool name="NAME">', _arguments, "</tool>")),
    "qwen_xml": Form(_around("<tool_call>\n", FUNCTION, "\n</tool_call>")),
    "seed": Form(_around("<seed:tool_call>\n", FUNCTION, "\n</seed:tool_call>")),
    "glm": Form(
        _tags("<tool_call>NAME\n", "<arg_key>KEY</arg_key>\n<arg_value>VALUE</arg_value>\n", "</tool_call>")
    ),
    "llama": Form(PARAMETERS, between="; "),
    "pythonic": PYTHONIC,
    "olmo": Form(_python, "<function_calls>\n", "\n", "\n</function_calls>"),
    "lfm2": Form(_python, "<|tool_call_start|>[", ", ", "]<|tool_call_end|>"),
    "mistral": Form(_around("[TOOL_CALLS]NAME[ARGS]", _arguments, ""), between=""),
    "deepseek": Form(
        _around("<｜tool▁call▁begin｜>NAME<｜tool▁sep｜>", _arguments, "<｜tool▁call▁end｜>"),
        "<｜tool▁calls▁begin｜>",
        "",
        "<｜tool▁calls▁end｜>",
    ),
    "dsml": Form(
        _tags(
            '<｜DSML｜invoke name="NAME">\n',
            '<｜DSML｜parameter name="KEY" string="IS_TEXT">VALUE</｜DSML｜parameter>\n',
            "</｜DSML｜invoke>",
        ),
        "<｜DSML｜function_calls>\n",
        "\n",
        "\n</｜DSML｜function_calls>",
    ),
    "kimi": Form(
        _around(
            "<|tool_call_begin|>functions.NAME:0<|tool_call_argument_begin|>", _arguments, "<|tool_call_end|>"
        ),
        "<|tool_calls_section_begin|>",
        "",
        "<|tool_calls_section_end|>",
    ),
    "minimax": Form(
        _tags('<invoke name="NAME">\n', '<parameter name="KEY">VALUE</parameter>\n', "</invoke>"),
        "<minimax:tool_call>\n",
        "\n",
        "\n</minimax:tool_call>",
    ),
    "harmony": Form(
        _around(
            "<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>", _arguments, "<|call|>"
        ),
        between="<|start|>assistant",
    ),
    "granite": Form(NAMED, "<|tool_call|>[", ", ", "]"),
    "functools": Form(NAMED, "functools[", ", ", "]"),
    "nemotron": Form(NAMED, "<TOOLCALL>[", ", ", "]</TOOLCALL>"),
    "internlm": Form(_around("<|action_start|><|plugin|>\n", PARAMETERS, "<|action_end|>")),
    "command": Form(_object("tool_name", "parameters"), "<|START_ACTION|>[\n", ",\n", "\n]<|END_ACTION|>"),
    "functiongemma": Form(
        _around("<start_function_call>", _gemma("<escape>"), "<end_function_call>"), between=""
    ),
    "gemma4": Form(_around("<|tool_call>", _gemma('<|"|>'), "<tool_call|>"), between=""),
    "functionary": Form(_around("<function=NAME>", _arguments, "</function>")),
    "lm_studio": Form(_around("[TOOL_REQUEST]", NAMED, "[END_TOOL_REQUEST]")),
}
