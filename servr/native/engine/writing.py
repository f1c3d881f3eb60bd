"""One reply while it is written: from rows of logits to what is told of it.

         ┌─ guesses ◀─ lookup ◀────────────────┐
forward ─┴▶ rows of logits ─▶ sampling ─▶ token ┴▶ detokenising ─▶ stopping ─▶ Written
"""

from collections import deque
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from servr.native.asking import Asked, Token, Written
from servr.native.engine.detokenising import Detokeniser, Spelling
from servr.native.engine.lookup import MOST, Lookup
from servr.native.engine.sampling import Chooser, likeliest, likelihoods, sure
from servr.native.engine.stopping import Stopping

if TYPE_CHECKING:
    from torch import Tensor

Rows: TypeAlias = "Tensor | Sequence[tuple[int, float]]"
"""(n, vocabulary) logits; or of each row the likeliest token and its logit, where no more is needed."""


class Writer:
    """Belongs to the engine's thread. What it holds grows with the reply and with nothing else."""

    def __init__(self, asked: Asked, spelling: Spelling, end_tokens: frozenset[int]) -> None:
        self.tokens: list[int] = []
        """Of the reply so far, the end of the turn among them. The last one was not read by the model."""
        self.guessed: tuple[int, ...] = ()
        """What the next rows are about, beside the last token."""
        self.finish: Literal["stop", "length"] | None = None
        self.guessed_tokens = 0
        """That proved right."""
        self._asked = asked
        self._spelling = spelling
        self._end_tokens = end_tokens
        self._chooser = Chooser(asked.sampling, asked.constraint, asked.prompt)
        self._text = _Text(spelling, asked.stop)
        self._lookup: Lookup | None = None

    def guess(self, most: int = MOST) -> tuple[int, ...]:
        """Tokens that may come next; the model reads them behind the last one, and tells of each."""
        self.guessed = ()
        if self._asked.lookup and most:
            if self._lookup is None:
                self._lookup = Lookup((*self._asked.prompt, *self.tokens))
            left = self._asked.most_tokens - len(self.tokens) - 1  # one more is written without a guess
            self.guessed = tuple(self._lookup.guesses(min(most, left)))
        return self.guessed

    @property
    def is_plain(self) -> bool:
        """Whether its tokens are those of the greatest logits, and no likelihood is told."""
        return self._chooser.is_plain and self._asked.alternatives is None

    def write(self, rows: Rows) -> Written:
        """The next token, and one more for each guess that was right.

        Args:
            rows: one for the last token, and one for each guess.

        Raises:
            Broken: this reply cannot go on.
        """
        right = 0
        for guess in (*self.guessed, None):
            token = self._chosen(rows[right])
            self._take(token)
            if self.finish or token.id != guess:
                break
            right += 1
        if self._lookup is not None:
            self._lookup.learn(len(self.guessed), right)
        self.guessed_tokens += right
        self.guessed = ()
        return self._text.told()

    def _chosen(self, row: "Tensor | tuple[int, float]") -> Token:
        if isinstance(row, tuple):
            token = sure(*row)
        else:
            token = self._chooser.choose(row)
            if self._asked.alternatives is not None:
                return self._weighed(row, token)
        return Token(token, self._spelling[token].text)

    def _weighed(self, logits: "Tensor", token: int) -> Token:
        own, others = likelihoods(logits, token, self._asked.alternatives or 0)
        told = tuple((other, self._spelling[other].text, likelihood) for other, likelihood in others)
        return Token(token, self._spelling[token].text, own, told)

    def _take(self, token: Token) -> None:
        self.tokens.append(token.id)
        if self._lookup is not None:
            self._lookup.take(token.id)
        if token.id in self._end_tokens:
            self.finish = "stop"
        else:
            self._chooser.take(token.id)
            self._text.take(token)
            if self._text.is_stopped or self._chooser.is_over:
                self.finish = "stop"
            elif len(self.tokens) >= self._asked.most_tokens:
                self.finish = "length"
        if self.finish and self._text.end():
            self.finish = "stop"


def rows_each(writers: Sequence[Writer], logits: "Tensor") -> list[Rows]:
    """Of one forward those of each writer. All that are plain are looked at together.

    Args:
        writers: those that the model has read for.
        logits: (rows, vocabulary), in their order: for each, a row for its last token and one for each guess.
    """
    spans = list(pairwise(accumulate((1 + len(writer.guessed) for writer in writers), initial=0)))
    plain = [
        row for writer, span in zip(writers, spans, strict=True) if writer.is_plain for row in range(*span)
    ]
    rows = logits if len(plain) == len(logits) else logits[plain]
    best = dict(zip(plain, likeliest(rows), strict=True)) if plain else {}
    return [
        [best[row] for row in range(*span)] if writer.is_plain else logits[slice(*span)]
        for writer, span in zip(writers, spans, strict=True)
    ]


class _Text:
    """Text and tokens of a reply, held back until they are sure to be told."""

    def __init__(self, spelling: Spelling, stops: Sequence[str]) -> None:
        self._detokeniser = Detokeniser(spelling)
        self._stopping = Stopping(stops)
        self._made = self._sure = 0
        """Characters so far, and those that no stop text can take back."""
        self._untold = ""
        self._halves: list[Token] = []
        """Tokens that end within a character."""
        self._placed: deque[tuple[int, Token]] = deque()
        """With where they end."""

    @property
    def is_stopped(self) -> bool:
        return self._stopping.is_found

    def take(self, token: Token) -> None:
        self._add(self._detokeniser.take(token.id))
        self._halves.append(token)
        if not self._detokeniser.is_waiting:
            self._place()

    def end(self) -> bool:
        """No more comes; whether a stop text was found in what was left."""
        self._add(self._detokeniser.end())
        self._place()
        self._let_out(self._stopping.end())
        return self.is_stopped

    def told(self) -> Written:
        """What is sure and was not told."""
        tokens = []
        while self._placed and self._placed[0][0] <= self._sure:
            tokens.append(self._placed.popleft()[1])
        text, self._untold = self._untold, ""
        return Written(text, tuple(tokens))

    def _add(self, text: str) -> None:
        self._made += len(text)
        self._let_out(self._stopping.take(text))

    def _let_out(self, text: str) -> None:
        self._untold += text
        self._sure += len(text)

    def _place(self) -> None:
        self._placed.extend((self._made, token) for token in self._halves)
        self._halves.clear()
