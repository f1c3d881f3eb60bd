import json

import pytest

from core.tools import ToolSpec
from gate.dialects.writing import reply_form
from servr.native.grammars.grammars import MaskingGrammars
from servr.native.parts import Held, Invalid
from tests.servr.native.sampling_at_random import answer, bytewise, said

UNUSED = 37
READ = ToolSpec(name="read_file", description="Read a file.", parameters={"type": "object"})


def grammars() -> MaskingGrammars:
    tokenizer = bytewise()
    end = tokenizer.token_to_id("<|im_end|>")
    return MaskingGrammars(
        tokenizer.to_str(),
        reply_form("hermes"),
        vocabulary=tokenizer.get_vocab_size() + UNUSED,
        end_tokens=frozenset({end}),
    )


@pytest.mark.parametrize("seed", range(8))
def test_any_object_is_an_object(seed: int) -> None:
    constraint = grammars().constraint(Held(schema={}))

    text = said(constraint, bytewise(), seed=seed, width=bytewise().get_vocab_size() + UNUSED)

    assert text is None or isinstance(json.loads(answer(text)), dict)


def test_a_tokenizer_that_is_not_known_is_named_as_the_cause() -> None:
    words = {
        "version": "1.0",
        "added_tokens": [],
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"},
    }
    unknown = MaskingGrammars(
        json.dumps(words), reply_form("hermes"), vocabulary=1, end_tokens=frozenset({0})
    )

    with pytest.raises(Invalid, match="its tokenizer is not known"):
        unknown.constraint(Held(schema={}))
    assert unknown.constraint(Held(tools=(READ,))) is None  # nothing was to be enforced


def test_a_model_whose_replies_never_end_can_be_held_to_a_schema() -> None:
    tokenizer = bytewise()
    endless = MaskingGrammars(
        tokenizer.to_str(),
        reply_form("hermes"),
        vocabulary=tokenizer.get_vocab_size(),
        end_tokens=frozenset(),
    )

    text = said(
        endless.constraint(Held(schema={"const": 5})), tokenizer, seed=1, width=tokenizer.get_vocab_size()
    )

    assert text == "5"
