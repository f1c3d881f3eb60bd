"""Whatever was kept, packed, cut, copied or put back: a greedy reply is that of the model alone."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

import pytest
import torch

from servr.native.asking import Asked, Ended, Sampling, Written
from servr.native.engine.detokenising import Spelling
from servr.native.engine.drafts import Draft
from servr.native.engine.keys_and_values import KeysAndValues
from servr.native.engine.packing import PackedConversation, PackedModel, memory_of
from servr.native.engine.whole import WholeModel
from servr.native.engine.writing import Writer
from tests.servr.native.engines import Stock, Watched, loaded, prompt_of, question, reply, running
from tests.servr.native.models import FAMILIES, Made

Folder = Callable[[Made], Path]
EXACT = [name for name in FAMILIES if name != "qwen3_moe"]
"""Those that run in float64."""


@pytest.mark.parametrize("family", EXACT)
async def test_replies_are_those_of_transformers_alone_or_read_on_or_beside_others(
    family: str, model_folder: Folder
) -> None:
    folder = model_folder(Made(family, ends=False))
    served, stock = loaded(folder, slots=3), Stock(folder)
    prompts = [prompt_of(150, seed) for seed in range(4)]

    async with running(served) as engine:
        alone = await reply(engine, question(prompts[0]))
        longer = [*prompts[0], *alone.tokens, *prompt_of(20, 9)]
        read_on = await reply(engine, question(longer))
        beside = await asyncio.gather(*(reply(engine, question(prompt)) for prompt in prompts))

    assert alone.tokens == stock.would_say(prompts[0], alone.tokens)
    assert read_on.tokens == stock.would_say(longer, read_on.tokens)
    assert read_on.cached == 150 + 24 - 1
    assert [each.tokens for each in beside] == [
        stock.would_say(prompt, each.tokens) for prompt, each in zip(prompts, beside, strict=True)
    ]


@pytest.mark.parametrize(("family", "kind"), [("mistral", PackedModel), ("lfm2", WholeModel)])
async def test_models_that_cannot_be_cut_run_whole(family: str, kind: type, model_folder: Folder) -> None:
    served = loaded(model_folder(Made(family, ends=False)))

    assert isinstance(served.model, kind)


@pytest.mark.parametrize("family", ["qwen3", "lfm2", "qwen3_next"])
async def test_a_prompt_with_other_words_at_its_end_is_read_on_from_where_they_begin(
    family: str, model_folder: Folder
) -> None:
    folder = model_folder(Made(family, ends=False))
    served, stock = loaded(folder), Stock(folder)
    first = prompt_of(200)
    second = [*first[:150], *prompt_of(50, 8)]

    async with running(served) as engine:
        await reply(engine, question(first, message_ends=(60, 150)))
        other = await reply(engine, question(second, message_ends=(60, 150)))
        again = await reply(engine, question(first, message_ends=(60, 150)))
        start = await reply(engine, question([*first[:60], *prompt_of(50, 7)], message_ends=(60,)))

    assert (other.cached, start.cached) == (150, 60)
    assert again.cached == (199 if served.model.cuts else 150)
    assert other.tokens == stock.would_say(second, other.tokens)
    assert again.tokens == stock.would_say(first, again.tokens)


async def test_what_is_being_written_can_be_read_on_from(model_folder: Folder) -> None:
    folder = model_folder(Made(ends=False))
    served, stock = loaded(folder), Stock(folder)
    prompt = prompt_of(120)

    async with running(served) as engine:
        asking = engine.ask(question(prompt, 200))
        while not isinstance(await anext(asking), Written):
            pass
        beside = await reply(engine, question([*prompt, 5, 6, 7]))
        async for told in asking:
            last = told

    assert beside.cached >= 120
    assert beside.tokens == stock.would_say([*prompt, 5, 6, 7], beside.tokens)
    assert isinstance(last, Ended)
    assert last.reply_tokens == 200


@dataclass
class Round:
    """Has the model say these for ever, so that sooner or later each is guessed."""

    tokens: tuple[int, ...]
    is_over: bool = False

    def mask(self, logits: torch.Tensor) -> None:
        likelihood = float(logits[self.tokens[0]])
        logits.fill_(-inf)
        logits[self.tokens[0]] = likelihood

    def take(self, token: int) -> bool:
        first, *rest = self.tokens
        self.tokens = (*rest, first)
        return token == first


@pytest.mark.parametrize("lookup", [True, False])
async def test_guesses_change_nothing_but_the_number_of_steps(lookup: bool, model_folder: Folder) -> None:
    folder = model_folder(Made(ends=False))
    served, stock = loaded(folder), Stock(folder)
    prompt = prompt_of(40) * 4

    async with running(served) as engine:
        first = await reply(engine, question(prompt, 60, lookup=False))
        told = [*prompt, *first.tokens, *prompt]  # it may say the same again
        second = await reply(engine, question(told, 60, lookup=lookup))
        third = await reply(engine, question([*told, *second.tokens, *told], 60, lookup=lookup))
        held = await reply(engine, question(told, 60, lookup=lookup, constraint=Round((5, 6, 7, 8))))
        guessed = engine.counts().guessed_tokens

    assert second.tokens == stock.would_say(told, second.tokens)
    assert third.tokens == stock.would_say([*told, *second.tokens, *told], third.tokens)
    assert held.tokens == [5, 6, 7, 8] * 15
    assert bool(guessed) == lookup


async def test_a_seed_makes_a_reply_again_whatever_runs_beside_it(model_folder: Folder) -> None:
    served = loaded(model_folder(Made(ends=False)))
    warm = Asked(tuple(prompt_of(50)), 20, Sampling(temperature=0.8, top_p=0.95, seed=4))

    async with running(served) as engine:
        alone = await reply(engine, warm)
        beside, *_ = await asyncio.gather(
            reply(engine, warm), *(reply(engine, question(prompt_of(60, seed))) for seed in (1, 2))
        )

    assert beside.tokens == alone.tokens


async def test_memory_for_one_conversation_serves_many_in_turn(model_folder: Folder) -> None:
    folder = model_folder(Made(ends=False))
    served, stock = loaded(folder, memory_bytes=1 << 20, slots=4), Stock(folder)
    prompts = [prompt_of(300, seed) for seed in range(4)]

    async with running(served) as engine:
        replies = await asyncio.gather(*(reply(engine, question(prompt, 150)) for prompt in prompts))
        counts = engine.counts()

    assert served.facts.window_tokens < 4 * 450
    assert [each.tokens for each in replies] == [
        stock.would_say(prompt, each.tokens) for prompt, each in zip(prompts, replies, strict=True)
    ]
    assert counts.kept_bytes <= 1 << 20
    assert counts.evicted


async def test_a_conversation_may_be_as_long_as_memory_allows(model_folder: Folder) -> None:
    folder = model_folder(Made(ends=False))
    served, stock = loaded(folder, memory_bytes=1_400_000), Stock(folder)
    window = served.facts.window_tokens
    prompt = prompt_of(window - 60)

    async with running(served) as engine:
        made = await reply(engine, question(prompt, 60))
        counts = engine.counts()

    assert window < 1_400  # as memory has it, not the model
    assert len(made.tokens) == 60
    assert made.tokens == stock.would_say(prompt, made.tokens)
    assert counts.kept_bytes <= 1_400_000


async def test_what_cannot_be_copied_is_read_again(model_folder: Folder) -> None:
    class Uncopied(PackedConversation):
        def branch(self, length: int) -> PackedConversation:
            raise MemoryError

    class Crowded(Watched):
        def begin(self) -> PackedConversation:
            return Uncopied(memory_of(self.inner.begin()))

    folder = model_folder(Made(ends=False))
    served, stock = loaded(folder), Stock(folder)
    first, other = prompt_of(100), [*prompt_of(100)[:50], *prompt_of(50, 1)]

    async with running(served, Crowded(served.model)) as engine:
        asking = engine.ask(question(first, 200))
        while not isinstance(await anext(asking), Written):
            pass
        made = await reply(engine, question(other))
        rest = [told async for told in asking]

    assert (made.cached, made.tokens) == (0, stock.would_say(other, made.tokens))
    assert isinstance(rest[-1], Ended)


def test_guesses_are_forgotten_when_the_next_step_has_no_room_for_any(model_folder: Folder) -> None:
    served = loaded(model_folder(Made(ends=False)))
    asked = question([5, 6, 7, 8, 9] * 3)
    writer = Writer(asked, Spelling(served.tokenizer.backend_tokenizer), frozenset())
    draft = Draft(asked, writer, 0.0)
    draft.begin(served.model.begin(), 0.0)

    first, second = draft.newest(3), draft.newest(0)

    assert (list(first.tokens), list(second.tokens)) == ([9, 5, 6, 7], [9])
    assert writer.guessed == ()


def test_bytes_are_counted_while_a_layer_is_added() -> None:
    class Growing:
        @property
        def nbytes(self) -> int:
            memory.layers[len(memory.layers)] = (Growing(), Growing())
            return 8

    memory = KeysAndValues(1, layers={0: (Growing(), Growing())})

    assert memory.bytes == 16


@pytest.mark.slow
async def test_many_requests_leave_nothing_behind_but_what_is_kept(model_folder: Folder) -> None:
    served = loaded(model_folder(Made(ends=False)), memory_bytes=2 << 20, slots=8)
    others = conversations_alive()

    async with running(served) as engine:
        for round_ in range(25):
            await asyncio.gather(
                *(reply(engine, question(prompt_of(20 + place, round_ * 8 + place), 4)) for place in range(8))
            )
        counts = engine.counts()
        alive = conversations_alive() - others

    assert counts.replies == 200
    assert counts.kept_bytes <= 2 << 20
    assert alive == counts.kept_conversations


def conversations_alive() -> int:
    gc.collect()
    return sum(type(each) is PackedConversation for each in gc.get_objects())


async def test_a_prompt_that_is_read_does_not_stop_a_reply(model_folder: Folder) -> None:
    served = loaded(model_folder(Made(ends=False)))
    model = Watched(served.model)
    model.hold()

    async with running(served, model, chunk=32) as engine:
        asking = asyncio.ensure_future(reply(engine, question(prompt_of(20), 200, lookup=False)))
        await model.begun()
        model.may_go.release()
        await model.begun()
        beside = asyncio.ensure_future(reply(engine, question(prompt_of(320, 1), 1)))
        await asyncio.sleep(0)  # it is asked now, while the reply's second token is made
        model.may_go.release(1 << 20)
        await asyncio.gather(asking, beside)

    assert model.steps.count([1, 32]) == 10
