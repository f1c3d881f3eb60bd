"""What replies are held to: JSON schemas and calls of tools, as grammars over the model's own tokens.

Held ─▶ a grammar in Lark's notation ─▶ compiled once, kept ─▶ a copy for each reply
"""

import re
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from servr.native.asking import Constraint
from servr.native.matching import Matched
from servr.native.parts import Held, Invalid
from servr.native.schemas import enforced

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

MOST_KEPT = 64
MOST_TOLD = 200
ANY_OBJECT = {"type": "object"}
WORDS = {"NoExtensionBias": "no JSON fits it"}
LIMITS = {
    "max_items_in_row": 20_000,  # four for each property that may be left out
    "max_lexer_states": 50_000,  # of up to 2 kB
    "verbose_errors": False,
}


class MaskingGrammars:
    """Takes about a second of another thread to make, for which only the first constraint waits.

    Args:
        tokenizer: the tokenizer's file, `tokenizer.json`, as text.
        vocabulary: width of the logits.
        end_tokens: those that end a turn.
    """

    def __init__(self, tokenizer: str, *, vocabulary: int, end_tokens: frozenset[int]) -> None:
        self._vocabulary = vocabulary
        starting = ThreadPoolExecutor(1, "grammars")
        self._tokens = starting.submit(_tokens, tokenizer, vocabulary, end_tokens)
        starting.shutdown(wait=False)
        self._kept: OrderedDict[str, LLMatcher] = OrderedDict()
        self._lock = Lock()

    def constraint(self, held: Held) -> Constraint | None:
        if held.schema is None:
            return None
        field = "response_format.json_schema.schema"
        grammar = f"start: %json {enforced(held.schema or ANY_OBJECT, field=field)}"
        return Matched(self._compiled(grammar, field), vocabulary=self._vocabulary)

    def _compiled(self, grammar: str, field: str) -> "LLMatcher":
        with self._lock:
            if kept := self._kept.get(grammar):
                self._kept.move_to_end(grammar)
                return kept.deep_copy()
        matcher = self._new(grammar, field)
        with self._lock:
            self._kept[grammar] = matcher
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return matcher.deep_copy()

    def _new(self, grammar: str, field: str) -> "LLMatcher":
        from llguidance import LLMatcher, LLParserLimits

        limits = LLParserLimits(**LIMITS)
        matcher = LLMatcher(self._tokens.result(), grammar, log_level=0, limits=limits)
        matcher.compute_bitmask()  # what cannot be begun is told now
        if matcher.is_error():
            raise Invalid(f"This cannot be enforced: {_why(matcher.get_error())}.", field=field)
        return matcher


def _why(error: str) -> str:
    """In one line, and without the grammar, which is shown behind it."""
    told = re.split(r"\n\s*\d+ \|", error)[0].rpartition("JSON schema: ")[2]
    told = " ".join(told.removesuffix("<non-verbose/>").split())
    return WORDS.get(told, told)[:MOST_TOLD]


def _tokens(tokenizer: str, vocabulary: int, end_tokens: frozenset[int]) -> "LLTokenizer":
    from llguidance import LLTokenizer

    return LLTokenizer(tokenizer, n_vocab=vocabulary, eos_token=sorted(end_tokens))
