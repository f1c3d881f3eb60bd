"""What a request wants, by its fields: a conversation, what its reply is held to, how that is chosen."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from core.text import quoted
from servr.native.api.errors import Denied
from servr.native.api.fields import ChatFields, CompletionFields, Fields, PromptFields, ReplyFields
from servr.native.api.messages import even_messages, even_tools, flag, given, items, known, needed
from servr.native.asking import Asked, ModelFacts, Sampling, TooLong
from servr.native.counting import TooMany
from servr.native.parts import Abilities, Chat, Choice, Held, Invalid, Talking

MOST_STOPS = 16
PLAIN_LENGTH = 16
"""Tokens of a completion for which nobody said how long it may be, as clients of that page expect."""
CHOICES: Mapping[str, Choice] = {"auto": "auto", "none": "none", "required": "required"}


def check_model(fields: Fields, name: str) -> None:
    if fields.model not in ("", name):
        said = f"The model {quoted(fields.model)} does not exist here; {name!r} is served."
        raise Denied(404, said, code="model_not_found", field="model")


def chat_asked(fields: ChatFields, talking: Talking) -> tuple[Asked, Held]:
    """What the engine is asked, and what the reply is read by. Costs the time of template and grammar.

    Raises:
        Invalid: a field is wrong, or the template or the grammar refuses it.
        TooLong: prompt and reply are longer than the window.
    """
    chat, strict = chat_of(fields, talking)
    choice = _choice(fields.tool_choice, [tool.name for tool in chat.tools])
    schema = _schema(fields.response_format)  # of what is said, which is nothing where a call is wanted
    held = Held(
        tools=chat.tools,
        choice=choice,
        strict=strict,
        parallel=fields.parallel_tool_calls,
        schema=schema if choice in ("auto", "none") else None,
    )
    most_tokens, stop = _most_tokens(fields), stops(fields.stop)
    if fields.top_logprobs is not None and not fields.logprobs:
        raise Invalid("top_logprobs needs logprobs to be true.", field="top_logprobs")
    _check_streaming(fields)
    facts = talking.engine.facts
    with _refused(most_tokens, facts):
        prompt = talking.prompts.prompt(chat, facts.window_tokens)
    held = replace(held, in_thought=prompt.in_thought)
    asked = Asked(
        prompt=prompt.tokens,
        most_tokens=room(len(prompt.tokens), most_tokens, facts),
        sampling=sampling(fields, talking.sampling),
        stop=stop,
        alternatives=(fields.top_logprobs or 0) if fields.logprobs else None,
        constraint=talking.grammars.constraint(held),
        lookup=fields.prompt_lookup,
        message_ends=prompt.message_ends,
    )
    return asked, held


def _most_tokens(fields: ChatFields) -> int | None:
    most, newer = fields.max_tokens, fields.max_completion_tokens
    if most and newer and most != newer:
        said = f"max_tokens is {most} and max_completion_tokens is {newer}: say one of them."
        raise Invalid(said, field="max_completion_tokens")
    return newer or most


def chat_of(fields: PromptFields, talking: Talking) -> tuple[Chat, frozenset[str]]:
    """And the names of the strict tools. Raises Invalid."""
    tools, strict = even_tools(fields.tools if fields.tools is not None else [])
    abilities, name = talking.prompts.abilities, talking.engine.facts.name
    if tools and not abilities.tools:
        said = f"{name!r} does not support tools: its chat template shows the model none."
        raise Invalid(said, field="tools")
    messages = even_messages(fields.messages)
    return Chat(messages, tools, _template(fields, abilities)), strict


def _template(fields: PromptFields, abilities: Abilities) -> Mapping[str, object]:
    """What the template may look at. A name that it does not look at would be silence."""
    for name in fields.chat_template_kwargs:
        if name not in abilities.names:
            raise _not_looked_at(f"chat_template_kwargs.{name}", abilities)
    if fields.reasoning_effort is None:
        return fields.chat_template_kwargs
    if "reasoning_effort" not in abilities.names:
        raise _not_looked_at("reasoning_effort", abilities)
    return {**fields.chat_template_kwargs, "reasoning_effort": fields.reasoning_effort}


def _not_looked_at(field: str, abilities: Abilities) -> Invalid:
    names = ", ".join(sorted(abilities.names)) or "nothing of the kind"
    return Invalid(f"{field}: the model's template looks at {names}.", field=field)


def _choice(said: object, tools: Sequence[str]) -> str:
    if said is None:
        return "auto"
    choice = _named(said, tools) if isinstance(said, dict) else CHOICES.get(str(said))
    if choice is None:
        raise Invalid("tool_choice should be auto, none, required or a function.", field="tool_choice")
    if choice == "required" and not tools:
        raise Invalid("tool_choice is required, but there are no tools.", field="tool_choice")
    return choice


def _named(said: object, tools: Sequence[str]) -> str:
    choice = given(said, "tool_choice")
    known(choice, ("type", "function"), "tool_choice")
    function = given(choice.get("function"), "tool_choice.function")
    known(function, ("name",), "tool_choice.function")
    name = needed(function, "name", "tool_choice.function")
    if name not in tools:
        said = f"tool_choice.function.name: there is no tool {quoted(name)} in tools."
        raise Invalid(said, field="tool_choice.function.name")
    return name


def _schema(said: object) -> Mapping[str, object] | None:
    if said is None:
        return None
    form = given(said, "response_format")
    known(form, ("type", "json_schema"), "response_format")
    kind = form.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return {}
    if kind != "json_schema":
        said = f"response_format.type should be text, json_object or json_schema, not {kind!r}."
        raise Invalid(said, field="response_format.type")
    inner, place = (
        given(form.get("json_schema"), "response_format.json_schema"),
        "response_format.json_schema",
    )
    known(inner, ("name", "description", "schema", "strict"), place)
    flag(inner, "strict", place)
    return given(inner.get("schema"), f"{place}.schema")


def _check_streaming(fields: ReplyFields) -> None:
    if fields.stream_options is not None and not fields.stream:
        raise Invalid("stream_options needs stream to be true.", field="stream_options")


def stops(said: object) -> tuple[str, ...]:
    if said is None or said == []:
        return ()
    texts = said if isinstance(said, list) else [said]
    if len(texts) > MOST_STOPS or not all(isinstance(text, str) and text for text in texts):
        raise Invalid(f"stop should be up to {MOST_STOPS} texts that are not empty.", field="stop")
    return tuple(texts)


def sampling(fields: ReplyFields, usual: Sampling) -> Sampling:
    """As the request says, and what it leaves out as this model is usually asked."""
    names = (
        "temperature",
        "top_p",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "seed",
    )
    said = {name: value for name in names if (value := getattr(fields, name)) is not None}
    if fields.top_k is not None:
        said["top_k"] = max(fields.top_k, 0)  # -1 means all of them, too
    return replace(usual, **said)


def room(prompt_tokens: int, most_tokens: int | None, facts: ModelFacts) -> int:
    """How long the reply may become. Raises TooLong, before anybody waits for it."""
    left = facts.window_tokens - prompt_tokens
    if left < (most_tokens or 1):
        raise _too_long(str(prompt_tokens), prompt_tokens, most_tokens, facts)
    return most_tokens or left


@contextmanager
def _refused(most_tokens: int | None, facts: ModelFacts) -> Iterator[None]:
    """A prompt of which only so much was read as tells that it is too long."""
    try:
        yield
    except TooMany as error:
        raise _too_long(f"at least {error.least}", error.least, most_tokens, facts) from error


def _too_long(said: str, prompt_tokens: int, most_tokens: int | None, facts: ModelFacts) -> TooLong:
    beside = f" and {most_tokens} are asked for" if most_tokens else ""
    return TooLong(
        f"The model's context length is {facts.window_tokens} tokens, but the prompt has"
        f" {said}{beside}. Shorten one of them.",
        prompt_tokens=prompt_tokens,
        window_tokens=facts.window_tokens,
    )


def completion_asked(fields: CompletionFields, talking: Talking) -> Asked:
    """A text that is to be gone on with, as it is. Costs the time of its tokens. Raises Invalid, TooLong."""
    _check_streaming(fields)
    most_tokens, facts = fields.max_tokens or PLAIN_LENGTH, talking.engine.facts
    with _refused(most_tokens, facts):
        prompt = _plain_prompt(fields.prompt, talking)
    return Asked(
        prompt=prompt,
        most_tokens=room(len(prompt), most_tokens, facts),
        sampling=sampling(fields, talking.sampling),
        stop=stops(fields.stop),
        alternatives=fields.logprobs,
        lookup=fields.prompt_lookup,
    )


def _plain_prompt(said: object, talking: Talking) -> tuple[int, ...]:
    facts = talking.engine.facts
    if isinstance(said, list) and len(said) == 1 and isinstance(said[0], str | list):
        said = said[0]
    if isinstance(said, str):
        tokens = talking.prompts.beginning + talking.prompts.tokens(said, facts.window_tokens)
    else:
        tokens = _token_ids(items(said, "prompt"), facts.vocabulary)
    if not tokens:
        raise Invalid("prompt should hold one token at least.", field="prompt")
    return tokens


def _token_ids(said: Sequence[Any], vocabulary: int) -> tuple[int, ...]:
    if any(isinstance(entry, str | list) for entry in said):
        raise Invalid("prompt holds several prompts: one reply is written for a request.", field="prompt")
    for index, token in enumerate(said):
        if not isinstance(token, int) or isinstance(token, bool) or not 0 <= token < vocabulary:
            field = f"prompt[{index}]"
            raise Invalid(f"{field} should be a token, 0 to {vocabulary - 1}, not {token!r}.", field=field)
    return tuple(said)
