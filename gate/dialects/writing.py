"""Calls and answers of tools as the families write them: the table, the other way round."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core.call_forms import CallForm, ReplyForm
from core.messages import ToolCall
from gate.dialects.table import LINE_ROWS, ROWS, THOUGHTS
from gate.serialising import well_formed

Arguments = Mapping[str, object]


def written_calls(calls: Sequence[ToolCall], family: str) -> str:
    """In the words in which they were written, where they were; else as the family writes them."""
    if all(call.source for call in calls):
        return "\n".join(call.source for call in calls)
    form = FORMS[family]
    each = (_one(form, call.name, json.loads(well_formed(call.arguments))) for call in calls)
    return f"{form.begin}{form.between.join(each)}{form.end}"


def written_result(name: str, text: str, family: str) -> str:
    opening, closing = RESULTS.get(family, (f'<tool_result name="{name}">', "</tool_result>"))
    return f"{opening}\n{text}\n{closing}"


LIKE_QWEN = ("hermes", "qwen", "qwen_xml", "glm", "json")
RESULTS = dict.fromkeys(LIKE_QWEN, ("<tool_response>", "</tool_response>"))


def _json(item: object) -> str:
    return json.dumps(item, ensure_ascii=False)


def _one(form: CallForm, name: str, arguments: Arguments) -> str:
    return form.named(name) + WRITERS[form.kind](form, arguments) + form.after


def _tags(form: CallForm, arguments: Arguments) -> str:
    parts = re.split("(KEY|VALUE|IS_TEXT)", form.argument)

    def written(key: str, item: object) -> str:
        is_text = isinstance(item, str)
        value = item if is_text else _json(item)
        words = {"KEY": key, "VALUE": value, "IS_TEXT": _json(is_text)}
        return "".join(str(words.get(part, part)) for part in parts)

    return "".join(written(key, item) for key, item in arguments.items())


def _python(_: CallForm, arguments: Arguments) -> str:
    return ", ".join(f"{key}={item!r}" for key, item in arguments.items())


def _gemma(form: CallForm, arguments: Arguments) -> str:
    def value(item: object) -> str:
        if isinstance(item, str):
            return f"{form.quote}{item}{form.quote}"
        if isinstance(item, Mapping):
            return "{" + ",".join(f"{key}:{value(inner)}" for key, inner in item.items()) + "}"
        if isinstance(item, list):
            return "[" + ",".join(map(value, item)) + "]"
        return _json(item)

    return value(arguments)[1:-1]


WRITERS: Mapping[str, Callable[[CallForm, Arguments], str]] = {
    "json": lambda _, arguments: _json(arguments),
    "tags": _tags,
    "python": _python,
    "gemma": _gemma,
}

HERMES = CallForm(before='<tool_call>\n{"name": "NAME", "arguments": ', after="}\n</tool_call>")
LISTED = CallForm(before='{"name": "NAME", "arguments": ', after="}", between=", ")
PYTHONIC = CallForm(before="NAME(", after=")", kind="python", begin="[", between=", ", end="]")


def _function(before: str, after: str) -> CallForm:
    value = "<parameter=KEY>\nVALUE\n</parameter>\n"
    return CallForm(
        before=before + "<function=NAME>\n", after="</function>" + after, kind="tags", argument=value
    )


def _gemma_form(begin: str, quote: str, end: str) -> CallForm:
    return CallForm(before=begin + "call:NAME{", after="}" + end, kind="gemma", quote=quote, between="")


FORMS: Mapping[str, CallForm] = {
    "hermes": HERMES,
    "qwen": HERMES,
    "json": CallForm(before='```json\n{"name": "NAME", "arguments": ', after="}\n```"),
    "roost": CallForm(before='<tool name="NAME">', after="</tool>"),
    "qwen_xml": _function("<tool_call>\n", "\n</tool_call>"),
    "seed": _function("<seed:tool_call>\n", "\n</seed:tool_call>"),
    "glm": CallForm(
        before="<tool_call>NAME\n",
        argument="<arg_key>KEY</arg_key>\n<arg_value>VALUE</arg_value>\n",
        after="</tool_call>",
        kind="tags",
    ),
    "llama": CallForm(before='{"name": "NAME", "parameters": ', after="}", between="; "),
    "pythonic": PYTHONIC,
    "olmo": replace(PYTHONIC, begin="<function_calls>\n", between="\n", end="\n</function_calls>"),
    "lfm2": replace(PYTHONIC, begin="<|tool_call_start|>[", end="]<|tool_call_end|>"),
    "mistral": CallForm(before="[TOOL_CALLS]NAME[ARGS]", after="", between=""),
    "deepseek": CallForm(
        before="<｜tool▁call▁begin｜>NAME<｜tool▁sep｜>",
        after="<｜tool▁call▁end｜>",
        begin="<｜tool▁calls▁begin｜>",
        between="",
        end="<｜tool▁calls▁end｜>",
    ),
    "dsml": CallForm(
        before='<｜DSML｜invoke name="NAME">\n',
        argument='<｜DSML｜parameter name="KEY" string="IS_TEXT">VALUE</｜DSML｜parameter>\n',
        after="</｜DSML｜invoke>",
        kind="tags",
        begin="<｜DSML｜function_calls>\n",
        end="\n</｜DSML｜function_calls>",
    ),
    "kimi": CallForm(
        before="<|tool_call_begin|>functions.NAME:0<|tool_call_argument_begin|>",
        after="<|tool_call_end|>",
        begin="<|tool_calls_section_begin|>",
        between="",
        end="<|tool_calls_section_end|>",
    ),
    "minimax": CallForm(
        before='<invoke name="NAME">\n',
        argument='<parameter name="KEY">VALUE</parameter>\n',
        after="</invoke>",
        kind="tags",
        begin="<minimax:tool_call>\n",
        end="\n</minimax:tool_call>",
    ),
    "harmony": CallForm(
        before="<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>",
        after="<|call|>",
        between="<|start|>assistant",
    ),
    "granite": replace(LISTED, begin="<|tool_call|>[", end="]"),
    "functools": replace(LISTED, begin="functools[", end="]"),
    "nemotron": replace(LISTED, begin="<TOOLCALL>[", end="]</TOOLCALL>"),
    "internlm": CallForm(
        before='<|action_start|><|plugin|>\n{"name": "NAME", "parameters": ', after="}<|action_end|>"
    ),
    "command": CallForm(
        before='{"tool_name": "NAME", "parameters": ',
        after="}",
        begin="<|START_ACTION|>[\n",
        between=",\n",
        end="\n]<|END_ACTION|>",
    ),
    "functiongemma": _gemma_form("<start_function_call>", "<escape>", "<end_function_call>"),
    "gemma4": _gemma_form("<|tool_call>", '<|"|>', "<tool_call|>"),
    "functionary": CallForm(before="<function=NAME>", after="</function>"),
    "lm_studio": CallForm(before='[TOOL_REQUEST]{"name": "NAME", "arguments": ', after="}[END_TOOL_REQUEST]"),
}
"""Of each name that a family may be called by."""


def reply_form(family: str) -> ReplyForm:
    """How the family's models reply; `family` is one of `FORMS`."""
    form = FORMS[family]
    harmony = family == "harmony"
    return ReplyForm(
        calls=form,
        mark=_mark(form),
        plain=HERMES,
        plain_mark=_mark(HERMES),
        thoughts=HARMONY_THOUGHTS if harmony else THOUGHTS,
        answer="<|channel|>final<|message|>" if harmony else "",
    )


HARMONY_THOUGHTS = (("<|channel|>analysis<|message|>", "<|end|><|start|>assistant"),)


def _mark(form: CallForm) -> str:
    """What of its beginning is never said but to call; of JSON and Python without a wrapper, nothing is."""
    opening = (form.begin + form.before).partition("NAME")[0]
    named = (row[1] for row in (*ROWS, *LINE_ROWS) if opening.startswith(row[1]))
    return next(named, opening if len(opening) > len('{"name": "') and not opening.startswith("{") else "")
