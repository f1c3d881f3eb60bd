"""Calls that a model of random weights writes in each family's form are read back, and valid by schema."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pytest
from tokenizers import Tokenizer

from core.tools import ToolSpec
from gate.dialects import parse
from gate.dialects.writing import FORMS, reply_form
from servr.native.grammars import MaskingGrammars
from servr.native.parts import Held
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
