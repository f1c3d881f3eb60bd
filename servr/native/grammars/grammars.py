"""What replies are held to: JSON schemas and calls of tools, as grammars over the model's own tokens.

Held ─▶ a grammar in Lark's notation ─▶ compiled once, kept ─▶ a copy for each reply
"""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from core.call_forms import ReplyForm
from servr.native.asking import Constraint
from servr.native.grammars.matching import Matched
from servr.native.grammars.reply_grammar import ReplyGrammar
from servr.native.grammars.schemas import enforced
from servr.native.parts import Held, Invalid

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

MOST_KEPT = 64
MOST_TOLD = 200
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
        form: how the model's family writes replies.
        vocabulary: width of the logits.
        end_tokens: those that end a turn.
    """

    def __init__(
        self, tokenizer: str, form: ReplyForm, *, vocabulary: int, end_tokens: frozenset[int]
    ) -> None:
        self._form = form
        self._vocabulary = vocabulary
        starting = ThreadPoolExecutor(1, "grammars")
        self._tokens = starting.submit(_tokens, tokenizer, vocabulary, end_tokens)
        starting.shutdown(wait=False)
        self._matchers: OrderedDict[str, LLMatcher] = OrderedDict()
        self._lock = Lock()

    def constraint(self, held: Held) -> Constraint | None:
        if held.is_free:
            return None
        matcher = self._kept(_key(held)) or self._compiled(held)
        return Matched(matcher, vocabulary=self._vocabulary)

    def _kept(self, key: str) -> "LLMatcher | None":
        with self._lock:
            if kept := self._matchers.get(key):
                self._matchers.move_to_end(key)
            return kept.deep_copy() if kept else None

    def _compiled(self, held: Held) -> "LLMatcher":
        try:
            tokens = self._tokens.result()
        except ValueError as error:
            said = (
                f"Replies of this model cannot be held to anything, for its tokenizer is not known: {error}."
            )
            raise Invalid(said, field="response_format" if held.schema is not None else "tools") from error
        grammar = ReplyGrammar(self._form, tokens.special, tokens.added, tokens.ends, self._enforced)
        source = grammar.source(held)
        matcher = self._new(source, "response_format" if held.schema is not None else "tools")
        with self._lock:
            self._matchers[_key(held)] = matcher
            while len(self._matchers) > MOST_KEPT:
                self._matchers.popitem(last=False)
            return matcher.deep_copy()

    def _enforced(self, schema: Mapping[str, object], field: str) -> str:
        text = enforced(schema, field=field)
        self._new(f"start: %json {text}", field)
        return text

    def _new(self, grammar: str, field: str) -> "LLMatcher":
        from llguidance import LLMatcher, LLParserLimits

        limits = LLParserLimits(**LIMITS)
        matcher = LLMatcher(self._tokens.result().matching, grammar, log_level=0, limits=limits)
        matcher.compute_bitmask()  # what cannot be begun is told now
        if matcher.is_error():
            raise Invalid(f"This cannot be enforced: {_why(matcher.get_error())}.", field=field)
        return matcher


def _key(held: Held) -> str:
    tools = [(tool.name, tool.parameters) for tool in held.tools]
    try:
        return json.dumps(
            (held.schema, tools, held.choice, sorted(held.strict), held.parallel, held.in_thought)
        )
    except RecursionError as error:
        field = "response_format" if held.schema is not None else "tools"
        raise Invalid("A schema is nested too deeply.", field=field) from error


def _why(error: str) -> str:
    """In one line, and without the grammar, which is shown behind it."""
    told = re.split(r"\n\s*\d+ \|", error)[0].rpartition("JSON schema: ")[2]
    told = " ".join(told.removesuffix("<non-verbose/>").split())
    return WORDS.get(told, told)[:MOST_TOLD]


@dataclass(frozen=True)
class _Tokens:
    matching: "LLTokenizer"
    special: Mapping[str, int]
    added: frozenset[str]
    ends: frozenset[str]


def _tokens(tokenizer: str, vocabulary: int, end_tokens: frozenset[int]) -> _Tokens:
    from llguidance import LLTokenizer

    matching = LLTokenizer(tokenizer, n_vocab=vocabulary, eos_token=sorted(end_tokens) or None)
    added = {token["content"]: token["id"] for token in json.loads(tokenizer)["added_tokens"]}
    special = {text: token for text, token in added.items() if matching.is_special_token(token)}
    ends = frozenset(text for text, token in special.items() if token in end_tokens)
    return _Tokens(matching, special, frozenset(added), ends)
