"""What is asked: prompts of a wanted length, each of other words, so that nothing of it was read before."""

from collections.abc import Sequence
from random import Random

from bench.contenders import ROOT
from bench.native.asking import Messages

WORD_TOKENS = 1.02
"""Of the words below, by the tokenizer of Qwen3."""


class Writer:
    def __init__(self, seed: int) -> None:
        text = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
        self._words: Sequence[str] = [word for word in text.split() if word.isalpha()]
        self._random = Random(seed)

    def prompt(self, tokens: int) -> Messages:
        """One message of the system and one of the user, of about so many tokens together."""
        system = f"You are called {self._random.random()}."
        return [{"role": "system", "content": system}, {"role": "user", "content": self.text(tokens)}]

    def text(self, tokens: int) -> str:
        return " ".join(self._random.choices(self._words, k=round(tokens / WORD_TOKENS)))

    def longer(self, messages: Messages, tokens: int) -> Messages:
        """The same with more words at the end of the last message."""
        last = messages[-1]
        return [*messages[:-1], {**last, "content": f"{last['content']} {self.text(tokens)}"}]

    def next_turn(self, messages: Messages, reply: str, tokens: int) -> Messages:
        said = {"role": "assistant", "content": reply}
        return [*messages, said, {"role": "user", "content": self.text(tokens)}]
