"""Steps at fixed addresses say what packed ones say, whoever comes and goes; and what fails is done as ever."""

import logging
import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from servr.native.engine.attention import Look, attended
from servr.native.engine.conversations import Piece
from servr.native.engine.decoding import DecodingModel, Record, Step, Work
from servr.native.engine.keys_and_values import KeysAndValues
from servr.native.engine.packing import PackedConversation, PackedModel
from servr.native.engine.pool import Pool
from servr.native.engine.recording import recorder, room_for
from tests.servr.native.engines import loaded, prompt_of, question, reply, running
from tests.servr.native.models import Made

pytestmark = pytest.mark.slow
Folder = Callable[[Made], Path]
TOKENS = 600
"""Of each conversation in the pool."""


def each_time(work: Work) -> Work:
    """Records nothing."""
    return work


@dataclass
class Counting:
    """Records nothing, and counts what is played."""

    shapes: int = 0
    played: int = 0
    faults: list[Exception] = field(default_factory=list)
    """What goes wrong, at each recording."""
    added: float = 0
    """To each logit."""

    def __call__(self, work: Work) -> Work:
        self.shapes += 1
        if self.faults:
            raise self.faults.pop(0)

        def play() -> torch.Tensor:
            self.played += 1
            logits = work()
            return logits + torch.arange(logits.shape[-1]) * self.added

        return play


def packed(folder: Folder, family: str = "qwen3") -> PackedModel:
    model = loaded(folder(Made(family, ends=False))).model
    assert isinstance(model, PackedModel)
    return model


def decoding(model: PackedModel, record: Record = each_time, places: int = 4) -> DecodingModel:
    return DecodingModel(model, record, places=places, tokens=TOKENS)


def begun(model: PackedModel, prompts: Sequence[Sequence[int]]) -> list[PackedConversation]:
    conversations = [model.begin() for _ in prompts]
    pieces = [Piece(each, prompt, 0) for each, prompt in zip(conversations, prompts, strict=True)]
    with torch.inference_mode():
        model.read(pieces)
    return conversations


def prompts(numbers: random.Random, *lengths: int) -> list[list[int]]:
    return [[numbers.randrange(1_000) for _ in range(length)] for length in lengths]


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "llama", "mistral", "gemma3"])
@torch.inference_mode()
def test_steps_at_fixed_addresses_say_what_packed_ones_say(family: str, model_folder: Folder) -> None:
    model, numbers, record = packed(model_folder, family), random.Random(3), Counting()
    fast = decoding(model, record)
    written = prompts(numbers, 5, 300, 60, 256, 17)
    mine, theirs = begun(model, written), begun(model, written)

    for _ in range(60):
        chosen = numbers.sample(range(5), numbers.choice([1, 1, 2, 3, 4, 5]))
        news = [[numbers.randrange(1_000) for _ in range(numbers.choice([1, 1, 3, 9]))] for _ in chosen]
        found = fast.read([Piece(mine[who], new, len(new)) for who, new in zip(chosen, news, strict=True)])
        right = model.read([Piece(theirs[who], new, len(new)) for who, new in zip(chosen, news, strict=True)])
        torch.testing.assert_close(found, right, atol=1e-9, rtol=1e-9)
        for who, new in zip(chosen, news, strict=True):  # guesses that were wrong are cut
            kept = len(mine[who].tokens) - numbers.randrange(len(new))
            mine[who].crop(kept)
            theirs[who].crop(kept)
        assert [each.tokens for each in mine] == [each.tokens for each in theirs]

    assert not fast.is_given_up
    assert record.played > 40
    assert record.shapes < 30


@torch.inference_mode()
def test_a_copy_and_a_long_prompt_leave_the_pool(model_folder: Folder) -> None:
    model, numbers = packed(model_folder), random.Random(5)
    fast = decoding(model)
    (mine,), (theirs,) = (begun(model, prompts(random.Random(6), 100)) for _ in range(2))
    fast.read([Piece(mine, [7], 1)])
    model.read([Piece(theirs, [7], 1)])
    lent = mine.bytes

    copy, other = mine.branch(50), theirs.branch(50)
    long = prompts(numbers, TOKENS)[0]
    for one, another in ((mine, theirs), (copy, other)):
        found = fast.read([Piece(one, long, 1)])
        torch.testing.assert_close(found, model.read([Piece(another, long, 1)]), atol=1e-9, rtol=1e-9)
        found = fast.read([Piece(one, [3], 1)])
        torch.testing.assert_close(found, model.read([Piece(another, [3], 1)]), atol=1e-9, rtol=1e-9)

    assert lent == 0
    assert mine.bytes > 0


@torch.inference_mode()
def test_who_needs_a_place_gets_it_and_who_had_it_keeps_what_it_read(model_folder: Folder) -> None:
    model = packed(model_folder)
    fast = decoding(model, places=1)
    mine, theirs = (begun(model, prompts(random.Random(8), 30, 40, 50)) for _ in range(2))

    for turn in range(9):
        found = fast.read([Piece(mine[turn % 3], [turn], 1)])
        right = model.read([Piece(theirs[turn % 3], [turn], 1)])
        torch.testing.assert_close(found, right, atol=1e-9, rtol=1e-9)

    assert [each.bytes > 0 for each in mine] == [True, True, False]


@torch.inference_mode()
def test_what_is_no_number_stays_with_its_conversation(model_folder: Folder) -> None:
    model = packed(model_folder)
    fast = decoding(model, places=1)
    poisoned, well = begun(model, prompts(random.Random(9), 80, 20))
    fast.read([Piece(poisoned, [1], 1)])
    for keys, values in poisoned.memory.layers.values():
        keys[:] = float("nan")
        values[:] = float("nan")
    sick = fast.read([Piece(poisoned, [1], 1)])
    del poisoned

    for token in range(3):
        assert bool(fast.read([Piece(well, [token], 1)]).isfinite().all())
    assert not bool(sick.isfinite().any())
    assert not fast.is_given_up


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            Counting(faults=[RuntimeError("operation not permitted when stream is capturing")]),
            "operation not",
        ),
        (Counting(added=1.0), "differ by"),
    ],
    ids=["fails", "is wrong"],
)
@torch.inference_mode()
def test_recordings_that_fail_are_given_up_with_one_line(
    record: Counting,
    reason: str,
    model_folder: Folder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = packed(model_folder)
    fast = decoding(model, record)
    (mine,), (theirs,) = (begun(model, prompts(random.Random(1), 30)) for _ in range(2))

    with caplog.at_level(logging.WARNING):
        for token in range(5):
            found = fast.read([Piece(mine, [token], 1)])
            torch.testing.assert_close(found, model.read([Piece(theirs, [token], 1)]))

    (line,) = caplog.messages
    assert "without recorded steps" in line
    assert reason in line
    assert fast.is_given_up
    assert record.shapes == 1


def test_nothing_is_recorded_where_there_is_no_gpu() -> None:
    assert recorder("cpu") is None
    assert recorder("mps") is None


@pytest.mark.parametrize(
    ("memory", "room"),
    [(300 * 8_000, (8, 1_000)), (300 * 3_500, (3, 1_000)), (300 * 500, (1, 500)), (0, (1, 0))],
)
def test_places_are_long_before_they_are_many(memory: int, room: tuple[int, int]) -> None:
    assert room_for(100, slots=8, window=1_000, memory=memory) == room


@pytest.mark.parametrize(
    "look",
    [
        Look(None),
        Look(0.3),
        Look(None, window=7),
        Look(None, softcap=2.0),
        Look(0.2, window=30, softcap=3.0, sinks=torch.linspace(-1, 1, 6, dtype=torch.float64)),
    ],
    ids=str,
)
@torch.inference_mode()
def test_attention_at_fixed_addresses_is_that_of_a_conversation(look: Look) -> None:
    torch.manual_seed(2)
    heads, shared, width, before, news = 6, 2, 8, 40, 4
    memory = KeysAndValues(1)
    keys, values = (torch.randn(shared, before + news, width, dtype=torch.float64) for _ in range(2))
    memory.reserve(0, before)
    memory.extend(0, 0, keys[:, :before], values[:, :before])
    conversation = PackedConversation(memory, array("i", range(before)))
    pool = Pool(memory, places=2, tokens=64)
    step = Step(pool, (2, news, 64), "cpu")
    (seat,) = pool.seat([conversation], within=2)
    step.fill([[0] * news] * 2, [list(range(before, before + news)), list(range(news))])
    query = torch.randn(2, heads, news, width, dtype=torch.float64)
    both_keys, both_values = (torch.stack((new[:, before:],) * 2) for new in (keys, values))

    found = step.attend(0, query, both_keys, both_values, look)

    assert seat == 0
    torch.testing.assert_close(found[:1], attended(query[:1], keys, values, look, {}))


def test_who_outgrows_a_place_takes_all_layers_along_at_once() -> None:
    memory = KeysAndValues(1)
    memory.reserve(0, 60)
    first = torch.arange(60.0).view(1, 60, 1)
    for layer in range(2):
        memory.extend(layer, 0, first, -first)
    conversation = PackedConversation(memory, array("i", range(60)))
    pool = Pool(memory, places=1, tokens=64)
    pool.seat([conversation], within=1)

    memory.reserve(60, 10)
    for keys, values in pool.layers.values():  # somebody else sits there, before any layer is written
        keys.fill_(9)
        values.fill_(9)
    found = [memory.extend(layer, 60, first[:, :10], first[:, :10]) for layer in range(2)]

    assert memory.bytes > 0
    for keys, values in found:
        assert keys[0, :, 0].tolist() == [*range(60), *range(10)]
        assert values[0, :60, 0].tolist() == [-number for number in range(60)]


async def test_replies_are_the_same_with_recorded_steps(model_folder: Folder) -> None:
    served = loaded(model_folder(Made(ends=False)))
    assert isinstance(served.model, PackedModel)
    record = Counting()
    asked = [question(prompt_of(length, length), 40) for length in (12, 70, 33)]

    async with running(served) as engine:
        plain = [(await reply(engine, each)).tokens for each in asked]
    async with running(served, decoding(served.model, record)) as engine:
        fast = [(await reply(engine, each)).tokens for each in asked]

    assert fast == plain
    assert record.played > 40
