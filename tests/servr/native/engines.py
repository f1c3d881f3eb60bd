"""Runs engines over tiny models, and says what transformers alone replies."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from servr.native.asking import Asked, Ended, Reading, Sampling, Written
from servr.native.engine.conversations import Model, Piece
from servr.native.engine.detokenising import Spelling
from servr.native.engine.drafts import Draft
from servr.native.engine.engine import NativeEngine
from servr.native.engine.loading import Loaded, Wanted, load
from servr.native.engine.pace import Pace
from servr.native.engine.writing import Writer
from tests.servr.native.around import Around

GREEDY = Sampling(temperature=0)


class Steady(Pace):
    """Reads as many tokens of prompts in each step, however long that takes."""

    def __init__(self, chunk: int) -> None:
        super().__init__()
        self.chunk = chunk

    def tokens(self, *, is_beside: bool) -> int:
        return self.chunk


def loaded(folder: Path, **wanted: object) -> Loaded:
    return load(
        Wanted(
            **{"model": str(folder), "dtype": "float64", "device": "cpu", "memory_bytes": 64 << 20} | wanted
        )
    )


@asynccontextmanager
async def running(
    served: Loaded, model: Model | None = None, *, most_waiting: int = 32, chunk: int = 64
) -> AsyncGenerator[NativeEngine, None]:
    spelling = Spelling(served.tokenizer.backend_tokenizer)
    engine = NativeEngine(
        model or served.model,
        served.facts,
        lambda asked, now: Draft(asked, Writer(asked, spelling, served.facts.end_tokens), now),
        most_kept_bytes=served.memory_bytes,
        most_waiting=most_waiting,
        pace=Steady(chunk),
    )
    try:
        yield engine
    finally:
        if isinstance(model, Watched):
            model.may_go.release(1 << 20)
        await engine.close()


@dataclass
class Reply:
    tokens: list[int] = field(default_factory=list)
    text: str = ""
    readings: list[Reading] = field(default_factory=list)
    ended: Ended | None = None

    @property
    def cached(self) -> int:
        assert self.ended is not None
        return self.ended.cached_tokens


def question(prompt: Sequence[int], most_tokens: int = 24, **more: object) -> Asked:
    return replace(Asked(tuple(prompt), most_tokens, GREEDY), **more)  # type: ignore[arg-type]


async def reply(engine: NativeEngine, asked: Asked) -> Reply:
    made = Reply()
    async for told in engine.ask(asked):
        if isinstance(told, Reading):
            made.readings.append(told)
        elif isinstance(told, Written):
            made.text += told.text
            made.tokens += [token.id for token in told.tokens]
        else:
            made.ended = told
    return made


def prompt_of(length: int, seed: int = 0) -> list[int]:
    """Tokens at random, of those that every tiny model knows as text."""
    return torch.randint(0, 1_400, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


class Stock:
    """The same model, as transformers runs it."""

    def __init__(self, folder: Path, dtype: str = "float64") -> None:
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype)).eval()

    def would_say(self, prompt: Sequence[int], reply: Sequence[int]) -> list[int]:
        """The likeliest token at each place of the reply, when the reply so far stands before it."""
        row = torch.tensor([[*prompt, *reply[:-1]]])
        with torch.inference_mode():
            logits = self.model(input_ids=row, use_cache=False).logits[0]
        return logits[len(prompt) - 1 :].argmax(-1).tolist()


class Watched(Around):
    """A model whose steps can be held, counted and made to fail."""

    def __init__(self, inner: Model) -> None:
        super().__init__(inner)
        self.steps: list[list[int]] = []
        """How many tokens each conversation brought."""
        self.failures: list[Exception | None] = []
        """What the next steps raise."""
        self.most_tokens = 1 << 20
        """Of a step; there is no memory for more."""
        self.poison: int | None = None
        """A token that no step survives."""
        self.may_go = threading.Semaphore(1 << 20)
        self.has_begun = threading.Semaphore(0)

    def hold(self) -> None:
        self.may_go = threading.Semaphore(0)

    async def begun(self) -> None:
        """Until one more step has begun."""
        await asyncio.to_thread(self.has_begun.acquire)

    def read(self, pieces: Sequence[Piece]) -> torch.Tensor:
        self.has_begun.release()
        self.may_go.acquire()
        self.steps.append([len(piece.tokens) for piece in pieces])
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        if sum(self.steps[-1]) > self.most_tokens:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        if any(self.poison in piece.tokens for piece in pieces):
            raise IndexError("index out of range in self")
        return super().read(pieces)
