"""Conversations of which it is known what the model replies, by transformers alone: no batch, nothing kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TOKENS = 12
"""Of a reply, at most."""


@dataclass(frozen=True)
class Turn:
    prompt: tuple[int, ...]
    text: str
    """Of the reply."""
    finish: str


class Knowing:
    def __init__(self, folder: Path) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()

    def conversation(self, seed: int, *, begins: Sequence[int] = (), turns: int = 3) -> list[Turn]:
        """Each prompt holds the turns before it. `begins`: with these tokens, which others may share."""
        chance = Random(seed)
        prompt, told = [*begins, *_words(chance, 40, 160)], list[Turn]()
        for _ in range(turns):
            reply, finish = self._reply(prompt, TOKENS)
            told.append(Turn(tuple(prompt), self._text(reply), finish))
            prompt = [*prompt, *reply, *_words(chance, 3, 40)]
        return told

    def _text(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False)
        return text

    @torch.inference_mode()
    def _reply(self, prompt: Sequence[int], tokens: int) -> tuple[list[int], str]:
        rows = torch.tensor([prompt])
        made = self._model.generate(
            rows, attention_mask=torch.ones_like(rows), max_new_tokens=tokens, do_sample=False, pad_token_id=0
        )
        reply: list[int] = made[0, len(prompt) :].tolist()
        if reply[-1] in self._model.generation_config.eos_token_id:
            return reply[:-1], "stop"
        return reply, "length"


def _words(chance: Random, least: int, most: int) -> list[int]:
    """Tokens that are text in every tiny model."""
    return chance.choices(range(1_400), k=chance.randint(least, most))
