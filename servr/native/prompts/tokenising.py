"""Text to tokens, where most of the text was tokenised before: a conversation grows at its end."""

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from servr.native.counting import is_long, require_most

MOST_CHARS = 4_000_000
"""Of the texts whose tokens are kept: some conversations of a hundred thousand tokens."""

Tokens = tuple[int, ...]


class Tokeniser:
    """What the tokenizer says of a text, piece by piece, each read once.

    A piece begins with a special token that nothing in front of it can change, so no token reaches over
    its border.
    """

    def __init__(self, tokenizer: Any, *, most_chars: int = MOST_CHARS) -> None:
        """`tokenizer`: one of transformers; those without a `backend_tokenizer` read each text whole."""
        self._tokenizer = tokenizer
        self._fast = getattr(tokenizer, "backend_tokenizer", None)
        added = self._fast.get_added_tokens_decoder() if self._fast else {}
        self._ids = {one.content: token for token, one in added.items()}
        self._border = _borders(list(added.values()))
        self._most_chars = most_chars
        self._kept: OrderedDict[str, Tokens] = OrderedDict()
        self._kept_chars = 0

    def tokens(self, text: str, most: int | None = None) -> Tokens:
        """Raises TooMany for a text of far more than `most`, before all of it is read."""
        if most is not None and is_long(text, most):
            require_most(most, self.pieces(text), lambda piece: len(self.tokens_of(piece)))
        return tuple(token for piece in self.pieces(text) for token in self.tokens_of(piece))

    def pieces(self, text: str) -> Iterator[str]:
        start = 0
        for found in self._border.finditer(text):
            if found.start() > start:
                yield text[start : found.start()]
                start = found.start()
        if text[start:]:
            yield text[start:]

    def tokens_of(self, piece: str) -> Tokens:
        if (known := self._kept.get(piece)) is None:
            return self._keep(piece, self._read(piece))
        self._kept.move_to_end(piece)
        return known

    def next_special(self, text: str, start: int) -> int | None:
        """The first special token in a text, not before `start`."""
        found = self._border.search(text, start)
        return self._ids[found[0]] if found else None

    def _read(self, piece: str) -> Tokens:
        if self._fast is None:
            return tuple(self._tokenizer.encode(piece, add_special_tokens=False))
        (read,) = self._fast.encode_batch_fast([piece], add_special_tokens=False)
        return tuple(read.ids)  # `encode` says the same, but no other thread runs while it reads

    def _keep(self, piece: str, tokens: Tokens) -> Tokens:
        self._kept[piece] = tokens
        self._kept_chars += len(piece)
        while self._kept_chars > self._most_chars:
            oldest, _ = self._kept.popitem(last=False)
            self._kept_chars -= len(oldest)
        return tokens


def _borders(added: Sequence[Any]) -> re.Pattern[str]:
    """An expression for the special tokens that are cut out whatever stands in front of them."""
    first = [one.content for one in added if one.content and not one.normalized]  # before any other
    endings = {one[start:] for one in first for start in range(1, len(one))}
    special = {one.content for one in added if one.special} & set(first)
    lengths = {len(one) for one in special}
    swallowed = {ending[:length] for ending in endings for length in lengths}
    looking_back = [one.content for one in added if one.lstrip or one.single_word]

    def is_safe(token: str) -> bool:
        is_begun = any(token[:length] in endings for length in range(1, len(token)))
        return not (is_begun or token in swallowed or any(one.startswith(token) for one in looking_back))

    longest_first = sorted(filter(is_safe, special), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
