"""What goes wrong costs the one reply that it belongs to, and the engine goes on."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.errors import ConfigError
from servr.native.asking import Broken, Busy, NoMemory, Reading, Stopped, TooLong, Written
from servr.native.engine.loading import Loaded
from tests.servr.native.engines import Stock, Watched, loaded, prompt_of, question, reply, running
from tests.servr.native.models import Made

Folder = Callable[[Made], Path]
NO_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
NO_MPS_MEMORY = RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)")
NO_CPU_MEMORY = RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")


@pytest.fixture
def served(model_folder: Folder) -> Loaded:
    return loaded(model_folder(Made(ends=False)), slots=2)


@pytest.fixture
def stock(model_folder: Folder) -> Stock:
    return Stock(model_folder(Made(ends=False)))


async def test_who_goes_while_a_prompt_is_read_stops_it_at_the_next_chunk(served: Loaded) -> None:
    model = Watched(served.model)
    model.hold()

    async with running(served, model, chunk=32) as engine:
        asking = engine.ask(question(prompt_of(320)))
        first = asyncio.ensure_future(anext(asking))
        await model.begun()
        await first
        await asking.aclose()
        model.may_go.release(1 << 20)
        after = await reply(engine, question(prompt_of(40, 1)))
        counts = engine.counts()

    assert sum(tokens == [32] for tokens in model.steps) < 5  # of ten chunks; two are of the second prompt
    assert [] not in model.steps
    assert (counts.cancelled, counts.writing, counts.reading, counts.waiting) == (1, 0, 0, 0)
    assert len(after.tokens) == 24


async def test_who_goes_while_a_reply_is_written_leaves_what_was_read(served: Loaded, stock: Stock) -> None:
    prompt = prompt_of(100)

    async with running(served) as engine:
        other = asyncio.ensure_future(reply(engine, question(prompt_of(50, 1), 40)))
        asking = engine.ask(question(prompt, 4_000 - 100))
        while not isinstance(await anext(asking), Written):
            pass
        await asking.aclose()
        again = await reply(engine, question(prompt))
        beside = await other

    assert again.cached == 99
    assert again.tokens == stock.would_say(prompt, again.tokens)
    assert beside.tokens == stock.would_say(prompt_of(50, 1), beside.tokens)


@pytest.mark.parametrize("error", [NO_MEMORY, NO_MPS_MEMORY, NO_CPU_MEMORY, MemoryError()])
async def test_when_memory_runs_out_what_is_kept_is_dropped_and_the_step_is_done_again(
    error: Exception, served: Loaded, stock: Stock
) -> None:
    model = Watched(served.model)
    prompt = prompt_of(100)

    async with running(served, model) as engine:
        await reply(engine, question(prompt_of(80, 1)))
        model.failures = [None, error]
        made = await reply(engine, question(prompt))
        counts = engine.counts()

    assert made.tokens == stock.would_say(prompt, made.tokens)
    assert (counts.out_of_memory, counts.evicted, counts.kept_conversations, counts.failed) == (1, 1, 1, 0)


async def test_when_memory_runs_out_twice_only_what_does_not_fit_alone_is_given_up(
    served: Loaded, stock: Stock
) -> None:
    model = Watched(served.model)
    model.most_tokens = 200
    prompts = [prompt_of(150), prompt_of(300, 1), prompt_of(120, 2)]

    async with running(served, model, chunk=512) as engine:
        first, large, last = await asyncio.gather(
            *(reply(engine, question(prompt)) for prompt in prompts), return_exceptions=True
        )

    assert isinstance(large, NoMemory)
    assert engine.counts().failed == 1
    for prompt, made in ((prompts[0], first), (prompts[2], last)):
        assert not isinstance(made, BaseException)
        assert made.tokens == stock.would_say(prompt, made.tokens)


async def test_conversations_for_which_memory_is_too_little_at_once_go_on_one_by_one(served: Loaded) -> None:
    model = Watched(served.model)
    model.most_tokens = 150
    model.hold()

    async with running(served, model, chunk=512) as engine:
        asked = [asyncio.ensure_future(reply(engine, question(prompt_of(150, seed)))) for seed in range(2)]
        await model.begun()  # and so both are asked before any step is done
        model.may_go.release(1 << 20)
        replies = await asyncio.gather(*asked)

    assert [len(made.tokens) for made in replies] == [24, 24]
    assert max(map(sum, model.steps)) > 150
    assert engine.counts().failed == 0


@pytest.mark.parametrize("family", ["qwen3", "lfm2"])
async def test_a_poisoned_request_takes_nobody_with_it(
    family: str, model_folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    folder = model_folder(Made(family, ends=False))
    served, stock = loaded(folder, slots=3), Stock(folder)
    model = Watched(served.model)
    model.poison = 1_403
    prompts = [prompt_of(60, seed) for seed in range(2)]

    async with running(served, model) as engine:
        good, bad, fine = await asyncio.gather(
            reply(engine, question(prompts[0])),
            reply(engine, question([1, 2, 1_403, 4])),
            reply(engine, question(prompts[1])),
            return_exceptions=True,
        )
        is_alive = engine.counts().is_alive
        again = await reply(engine, question(prompts[0]))

    assert isinstance(bad, Broken)
    assert str(bad) == "The engine failed at this reply. What happened was logged."
    assert "index out of range" in caplog.text
    assert is_alive
    assert again.tokens == stock.would_say(prompts[0], again.tokens)
    for prompt, made in zip(prompts, (good, fine), strict=True):
        assert not isinstance(made, BaseException)
        assert made.tokens == stock.would_say(prompt, made.tokens)


async def test_a_model_that_only_fails_is_told_to_those_who_look_after_it(served: Loaded) -> None:
    model = Watched(served.model)

    async with running(served, model) as engine:
        await reply(engine, question(prompt_of(30), 4))
        model.failures = [RuntimeError("CUDA error: device-side assert triggered")] * 4
        for _ in range(2):  # each is followed by a trial
            with pytest.raises(Broken):
                await reply(engine, question(prompt_of(30, 1), 4))
        broken = engine.counts()
        made = await reply(engine, question(prompt_of(30, 1), 4))
        mended = engine.counts()

    assert (broken.is_alive, mended.is_alive, len(made.tokens)) == (False, True, 4)


async def test_a_constraint_that_raises_costs_only_its_own_reply(served: Loaded) -> None:
    class Faulty:
        is_over = False

        def mask(self, logits: torch.Tensor) -> None:
            raise ZeroDivisionError("division by zero")

        def take(self, token: int) -> bool:
            return True

    async with running(served) as engine:
        made, broken = await asyncio.gather(
            reply(engine, question(prompt_of(30), 10)),
            reply(engine, question(prompt_of(30), 10, constraint=Faulty())),
            return_exceptions=True,
        )

    assert isinstance(broken, Broken)
    assert not isinstance(made, BaseException)
    assert len(made.tokens) == 10


async def test_what_does_not_fit_is_refused_with_both_numbers(served: Loaded) -> None:
    async with running(served) as engine:
        with pytest.raises(TooLong, match=r"4000 tokens and the reply may have 97.*4096") as raised:
            await reply(engine, question(prompt_of(4_000), 97))
        fits = await reply(engine, question(prompt_of(4_000), 2))

    assert (raised.value.prompt_tokens, raised.value.window_tokens) == (4_000, 4_096)
    assert len(fits.tokens) == 2


async def test_tokens_that_the_model_does_not_have_are_refused(served: Loaded) -> None:
    async with running(served) as engine:
        with pytest.raises(Broken, match="none of the model's"):
            await reply(engine, question([1, 2, served.facts.vocabulary]))


async def test_more_than_may_wait_are_told_when_to_come_again(served: Loaded) -> None:
    model = Watched(served.model)
    model.hold()

    async with running(served, model, most_waiting=1) as engine:
        asked = [asyncio.ensure_future(reply(engine, question(prompt_of(9, seed), 2))) for seed in range(3)]
        await model.begun()
        with pytest.raises(Busy, match="1 requests wait already") as raised:
            await reply(engine, question(prompt_of(9, 5), 2))
        model.may_go.release(1 << 20)
        replies = await asyncio.gather(*asked)

    assert raised.value.retry_after_seconds >= 1
    assert [len(each.tokens) for each in replies] == [2, 2, 2]


async def test_closing_ends_what_is_written_and_refuses_what_comes(served: Loaded) -> None:
    model = Watched(served.model)
    model.hold()

    async with running(served, model) as engine:
        asking = engine.ask(question(prompt_of(30), 3_000))
        assert isinstance(await anext(asking), Reading)
        closing = asyncio.ensure_future(engine.close())
        await model.begun()  # in the step that it closes in
        model.may_go.release(1 << 20)
        await closing
        with pytest.raises(Stopped):
            async for _ in asking:
                pass
        with pytest.raises(Stopped):
            await reply(engine, question(prompt_of(30)))

    assert not engine.counts().is_alive


async def test_a_reader_that_is_slow_gets_what_came_meanwhile_at_once(served: Loaded) -> None:
    async with running(served) as engine:
        asking = engine.ask(question(prompt_of(30), 50, lookup=False))
        pieces = [told async for told in asking if isinstance(told, Written)]
        slow = engine.ask(question(prompt_of(30), 50, lookup=False))
        await anext(slow)
        await reply(engine, question(prompt_of(30), 60, lookup=False))  # longer: the other has come by then
        together = [told async for told in slow if isinstance(told, Written)]

    assert [token for piece in pieces for token in piece.tokens] == list(together[0].tokens)
    assert len(together) == 1
    assert "".join(piece.text for piece in pieces) == together[0].text


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"model": "/no/such/folder"}, "'/no/such/folder' cannot be loaded"),
        ({"dtype": "float3"}, "'float3' is no dtype. Take auto, bfloat16, float16 or float32."),
        ({"device": "cuda:7"}, "There is no device 'cuda:7' here."),
        ({"memory_bytes": 1_000}, "The memory that is left, 0 MiB, is not enough for a conversation."),
    ],
)
def test_what_cannot_be_loaded_is_told_in_a_sentence(
    wanted: dict[str, object], told: str, model_folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = model_folder(Made(ends=False))

    with pytest.raises(ConfigError) as raised:
        loaded(folder, **wanted)

    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
