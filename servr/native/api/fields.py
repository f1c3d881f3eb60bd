"""The fields of a request, each checked by type and range; what is not supported is refused by its name.

JSON object ─▶ without what changes nothing ─▶ without what only says what happens anyway ─▶ its model
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.schema import FAULTS
from core.text import clip, quoted
from servr.native.api.messages import Json, unknown
from servr.native.parts import Invalid

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

HARMLESS = frozenset(
    {
        "metadata",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "user",
    }
)
"""What clients tell a host about themselves; here it changes nothing."""
ONLY: Mapping[str, tuple[object, str]] = {
    "add_generation_prompt": (True, "the prompt always ends where the reply begins"),
    "best_of": (1, "one reply is written for a request"),
    "cache_prompt": (True, "a prompt is always kept"),
    "echo": (False, "a reply does not repeat the prompt"),
    "include_reasoning": (True, "thoughts are always told"),
    "logit_bias": ({}, "tokens are not biased"),
    "modalities": (["text"], "replies are text"),
    "n": (1, "one reply is written for a request"),
    "suffix": ("", "nothing is written into a gap"),
}
"""Fields that may be there as long as they ask for what is done anyway."""
INSTEAD = {
    "function_call": "tool_choice",
    "functions": "tools",
    "grammar": "response_format",
    "guided_json": "response_format",
    "json_schema": "response_format",
    "max_new_tokens": "max_tokens",
    "n_predict": "max_tokens",
    "repeat_penalty": "repetition_penalty",
    "structured_outputs": "response_format",
    "thinking": "chat_template_kwargs",
    "enable_thinking": "chat_template_kwargs",
}
"""What other servers call what is called something else here."""


class Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    model: str = ""


class Streaming(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    include_usage: bool = False
    include_obfuscation: bool = False


class ReplyFields(Fields):
    """What every kind of reply can be asked with."""

    stream: bool = False
    stream_options: Streaming | None = None
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=-1)
    min_p: float | None = Field(None, ge=0, le=1)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    repetition_penalty: float | None = Field(None, ge=0.01, le=10)
    seed: int | None = Field(None, ge=-(2**63), le=2**63 - 1)
    stop: Any = None
    prompt_lookup: bool = True


class PromptFields(Fields):
    """What is made a prompt of."""

    messages: Any = None
    tools: Any = None
    chat_template_kwargs: dict[str, Any] = Field(default_factory=dict)
    reasoning_effort: str | None = None


class ChatFields(ReplyFields, PromptFields):
    max_completion_tokens: int | None = Field(None, ge=1)
    tool_choice: Any = None
    parallel_tool_calls: bool = True
    response_format: Any = None
    logprobs: bool = False
    top_logprobs: int | None = Field(None, ge=0, le=20)


class CompletionFields(ReplyFields):
    prompt: Any = None
    logprobs: int | None = Field(None, ge=0, le=20)


class CountFields(PromptFields):
    prompt: str | None = None
    add_special_tokens: bool = True


class TextFields(Fields):
    """Of `/tokenize`, where an embedding model is served."""

    prompt: str
    add_special_tokens: Literal[True] = True


class EmbeddingFields(Fields):
    input: Any = None
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)


FieldsT = TypeVar("FieldsT", bound=Fields)


def fields_of(kind: type[FieldsT], said: Json) -> FieldsT:
    """Raises Invalid, naming the first field that is wrong. A field that is null is one that was not said."""
    meant = {name: value for name, value in said.items() if value is not None and name not in HARMLESS}
    for name in [name for name in meant if name not in kind.model_fields]:
        if name not in ONLY:
            raise _unknown(name, kind)
        only, reason = ONLY[name]
        if (value := meant.pop(name)) != only or isinstance(value, bool) != isinstance(only, bool):
            raise Invalid(f"{name} can only be {json.dumps(only)} here: {reason}.", field=name)
    try:
        return kind.model_validate(meant)
    except ValidationError as error:
        raise _invalid(error.errors()[0]) from error


def _unknown(name: str, kind: type[Fields]) -> Invalid:
    if (instead := INSTEAD.get(name)) in kind.model_fields:
        return Invalid(f"{name} is not supported. Use {instead}.", field=name)
    return unknown(name, tuple(kind.model_fields))


def _invalid(fault: "ErrorDetails") -> Invalid:
    place = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        return Invalid(f"{quoted(place)} is not supported.", field=place)
    words = FAULTS.get(fault["type"], "").format(given=clip(repr(fault["input"]), 80), **fault.get("ctx", {}))
    said = f"{place} {words}" if words else f"{place}: {fault['msg']}"
    return Invalid(f"{said}.", field=place)
