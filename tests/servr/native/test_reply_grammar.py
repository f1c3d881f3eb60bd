"""Calls that a model of random weights writes in each family's form are read back, and valid by schema."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer

from core.tools import ToolSpec
from gate.dialects import parse
from gate.dialects.writing import FORMS, reply_form
from servr.native.grammars.grammars import MaskingGrammars
from servr.native.parts import Held, Invalid
from tests.servr.native.sampling_at_random import MARKS, bytewise, said
from tests.servr.native.validating import faults, read

UNUSED = 5
MARK = re.compile(r"<[^<>\s=]*>|\[/?[A-Z_]+\]")
WORDS = {"type": "string"}
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": WORDS,
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "unit": {"enum": ["C", "F"]},
        "exact": {"type": "boolean"},
        "places": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 9}, "maxItems": 3},
        "note": {"anyOf": [WORDS, {"type": "null"}]},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
DEEP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "pattern": "^[a-z]{2}-[0-9]{2}$"},
        "within": {"type": "object", "properties": {"a": {"const": "x"}}, "required": ["a"], "additionalProperties": False},
    },
    "required": ["code", "within"],
    "additionalProperties": False,
}  # fmt: skip
NONE: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def tools(*schemas: dict[str, Any]) -> list[ToolSpec]:
    return [
        ToolSpec(name=f"tool_{place}", description="", parameters=one) for place, one in enumerate(schemas)
    ]


@dataclass(frozen=True)
class Family:
    """A model whose tokenizer has the family's marks as special tokens, or what ends its values as plain ones."""

    name: str
    special: bool = True

    @cached_property
    def tokenizer(self) -> Tokenizer:
        form = reply_form(self.name)
        calls = form.calls
        texts = (
            calls.begin,
            calls.before,
            calls.argument,
            calls.quote,
            calls.after,
            calls.between,
            calls.end,
        )
        marks = MARK.findall(" ".join((*texts, *form.thoughts[0], form.answer))) if self.special else []
        ends = (calls.argument.partition("VALUE")[2], calls.quote, form.thoughts[0][1], form.mark)
        pieces = () if self.special else tuple(filter(None, ends))
        return bytewise((MARKS[0], *dict.fromkeys(marks)), pieces)

    @cached_property
    def grammars(self) -> MaskingGrammars:
        ends = frozenset({self.tokenizer.token_to_id(MARKS[0])})
        return MaskingGrammars(
            self.tokenizer.to_str(), reply_form(self.name), vocabulary=self.width, end_tokens=ends
        )

    @property
    def width(self) -> int:
        return int(self.tokenizer.get_vocab_size()) + UNUSED

    def says(self, held: Held, *, seed: int) -> str:
        constraint = self.grammars.constraint(held)
        assert constraint is not None
        text = said(constraint, self.tokenizer, seed=seed, width=self.width)
        assert text is not None
        return text


family_of = cache(Family)


def calls(text: str, offered: Sequence[ToolSpec], family: str) -> list[tuple[str, str]]:
    parsed = parse(text, offered, family)
    return [(call.name, call.arguments) for call in parsed.calls]


@pytest.mark.slow
@pytest.mark.parametrize("special", [True, False])
@pytest.mark.parametrize("family", sorted(FORMS))
def test_a_required_call_is_read_and_valid(family: str, special: bool) -> None:
    for seed, schemas in enumerate([(CITY, NONE), (DEEP,), (NONE, CITY)]):
        offered = tools(*schemas)

        text = family_of(family, special).says(Held(tools=offered, choice="required"), seed=seed)

        found = calls(text, offered, family)
        assert found, text
        for name, arguments in found:
            (tool,) = [one for one in offered if one.name == name]
            assert faults(tool.parameters, read(arguments)) == [], text


@pytest.mark.parametrize("family", ["qwen_xml", "gemma4", "lfm2", "mistral", "harmony"])
def test_a_call_is_written_in_the_familys_own_form(family: str) -> None:
    form = reply_form(family).calls
    held = Held(tools=tools(NONE, CITY), choice="tool_1", parallel=False)

    text = family_of(family).says(held, seed=1)

    assert form.begin + form.named("tool_1") in text
    assert [name for name, _ in calls(text, held.tools, family)] == ["tool_1"]


@pytest.mark.parametrize("seed", range(6))
def test_strict_tools_are_held_to_their_schema_amid_free_words(seed: int) -> None:
    offered = tools(NONE, CITY)
    family = family_of("hermes")
    held = Held(tools=offered, strict=frozenset({"tool_1"}))
    words = family.tokenizer.encode("Let me see.\n<tool_call>").ids

    constraint = family.grammars.constraint(held)

    assert constraint is not None
    assert all(map(constraint.take, words))
    rest = said(constraint, family.tokenizer, seed=seed, width=family.width)
    for name, arguments in calls(f"<tool_call>{rest}", offered, "hermes"):
        assert name == "tool_0" or faults(CITY, read(arguments)) == []


@pytest.mark.parametrize("family", ["hermes", "mistral", "llama", "harmony", "qwen_xml"])
def test_words_alone_are_allowed_where_no_call_is_required(family: str) -> None:
    one = family_of(family)
    held = Held(tools=tools(CITY), strict=frozenset({"tool_0"}))
    constraint = one.grammars.constraint(held)
    assert constraint is not None

    taken = map(constraint.take, one.tokenizer.encode(f"{reply_form(family).answer}It is fine.").ids)

    assert all(taken)
    assert constraint.take(one.tokenizer.token_to_id(MARKS[0]))
    assert constraint.is_over


def test_one_call_is_all_of_a_reply_where_calls_are_not_parallel() -> None:
    for seed in range(4):
        held = Held(tools=tools(NONE), choice="required", parallel=False)

        text = family_of("hermes").says(held, seed=seed)

        assert text.count("<tool_call>") == 1


@pytest.mark.parametrize("in_thought", [True, False])
def test_a_constraint_begins_behind_the_thought(in_thought: bool) -> None:
    family = family_of("hermes")
    constraint = family.grammars.constraint(Held(schema={}, in_thought=in_thought))
    assert constraint is not None
    thought = ("" if in_thought else "<think>") + "\nSo {what}?\n</think>\n\n"

    taken = map(constraint.take, family.tokenizer.encode(thought + '{"a": 1}').ids)

    assert all(taken)
    assert constraint.is_over


def test_a_family_without_marks_of_thoughts_has_none_before_its_call() -> None:
    thoughtless = bytewise(MARKS[:3])
    thinking = bytewise()
    held = Held(tools=tools(NONE), choice="required")

    opened = [
        MaskingGrammars(
            tokenizer.to_str(),
            reply_form("hermes"),
            vocabulary=tokenizer.get_vocab_size(),
            end_tokens=frozenset({tokenizer.token_to_id(MARKS[0])}),
        )
        .constraint(held)
        .take(tokenizer.encode("<think>").ids[0])
        for tokenizer in (thinking, thoughtless)
    ]

    assert opened == [True, False]


def test_a_reply_by_a_schema_calls_nothing() -> None:
    family = family_of("hermes")
    constraint = family.grammars.constraint(Held(tools=tools(NONE), schema={}))
    assert constraint is not None
    call, reply = (family.tokenizer.encode(text).ids for text in ("<tool_call>", '{"a": 1}'))

    assert not constraint.take(call[0])
    assert all(map(constraint.take, reply))


@pytest.mark.parametrize(
    "held",
    [
        Held(),
        Held(tools=tools(CITY)),
        Held(tools=tools(CITY), choice="none", strict=frozenset({"tool_0"})),
    ],
    ids=["nothing wanted", "free calls", "no calls"],
)
def test_a_reply_that_is_held_to_nothing_is_free(held: Held) -> None:
    assert family_of("hermes").grammars.constraint(held) is None


def test_a_tool_that_cannot_be_enforced_is_named() -> None:
    with pytest.raises(Invalid, match="`not` cannot be enforced") as caught:
        family_of("qwen_xml").grammars.constraint(Held(tools=tools(CITY, {"not": {}}), choice="required"))

    assert caught.value.field == "tools[1].function.parameters.not"


def test_only_strict_tools_have_to_be_enforceable_where_the_model_chooses() -> None:
    held = Held(tools=tools(CITY, {"not": {}}), strict=frozenset({"tool_0"}))

    assert family_of("qwen_xml").grammars.constraint(held)


def test_a_token_that_may_not_stand_there_changes_nothing() -> None:
    family = family_of("hermes")
    constraint = family.grammars.constraint(Held(schema={"const": "a"}))
    assert constraint is not None
    opening, wrong, rest = (family.tokenizer.encode(text).ids for text in ('"', "b", 'a"'))

    taken = [constraint.take(token) for token in (*opening, *wrong, *rest)]

    assert (taken, constraint.is_over) == ([True, False, True, True], True)
    assert not constraint.take(family.width - 1)


def test_tokens_that_the_tokenizer_lacks_are_never_allowed() -> None:
    family = family_of("hermes")
    constraint = family.grammars.constraint(Held(tools=tools(CITY), strict=frozenset({"tool_0"})))
    assert constraint is not None
    logits = torch.zeros(family.width, dtype=torch.bfloat16)

    constraint.mask(logits)

    assert logits[-UNUSED:].isneginf().all()
    assert logits.isneginf().sum() < family.width / 2
