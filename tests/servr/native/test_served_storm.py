"""Many clients at one server, good and bad ones: each gets the right reply or an error that says why."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from tests.servr.native import random_schemas
from tests.servr.native.known_replies import TOKENS, Knowing, Turn
from tests.servr.native.models import Made
from tests.servr.native.served import Client, Served, client_of, serving
from tests.servr.native.tiny_server import MEMORY_ALWAYS, MEMORY_ONCE, POISON
from tests.servr.native.validating import faults, read

pytestmark = [pytest.mark.slow, pytest.mark.server]

WINDOW = 2_048
KEPT_BYTES = 2 << 20
"""Of some 2,000 tokens: most of what is read is given up for others."""


@pytest.fixture(scope="module")
def folder(model_folder: Callable[[Made], Path]) -> Path:
    return model_folder(Made())


@pytest.fixture(scope="module")
def known(folder: Path) -> list[list[Turn]]:
    """Twelve conversations; each three of them begin alike."""
    knowing = Knowing(folder)
    begins = [knowing.conversation(100 + group, turns=1)[0].prompt for group in range(4)]
    return [knowing.conversation(number, begins=begins[number % 4]) for number in range(12)]


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    with serving(folder, dtype="float64", window_tokens=WINDOW, slots=4, memory_bytes=KEPT_BYTES) as server:
        yield server


async def talks(client: Client, turns: Sequence[Turn], number: int) -> None:
    for turn in turns:
        way = client.streamed if number % 2 else client.complete
        answer = await way(turn.prompt, TOKENS, prompt_lookup=number % 3 > 0)
        assert (answer.text, answer.finish) == (turn.text, turn.finish), answer.error


async def hangs_up(client: Client, turns: Sequence[Turn], number: int) -> None:
    asked = {"prompt": turns[0].prompt, "max_tokens": 1_000, "temperature": 0}
    async with aclosing(client.events("completions", asked)) as events:
        async for _ in events:
            break


async def gives_up_at_once(client: Client, turns: Sequence[Turn], number: int) -> None:
    with suppress(TimeoutError):  # or it has ended by then, as any reply may
        async with asyncio.timeout(0.02):
            await client.complete(turns[-1].prompt, 1_000)


async def is_held_to_a_schema(client: Client, turns: Sequence[Turn], number: int) -> None:
    schema = random_schemas.schema(number)
    wanted = {"type": "json_schema", "json_schema": {"name": "wanted", "schema": schema}}

    answer = await client.chat(f"Number {number}?", 400, response_format=wanted, seed=number)

    assert answer.status == 200, answer.error
    if answer.finish == "stop":
        assert faults(schema, read(answer.text)) == []


async def asks_for_too_much(client: Client, turns: Sequence[Turn], number: int) -> None:
    answer = await client.complete([7] * WINDOW, 10)

    assert (answer.status, answer.error["code"]) == (400, "context_length_exceeded")
    assert str(WINDOW) in answer.error["message"]


async def says_nonsense(client: Client, turns: Sequence[Turn], number: int) -> None:
    answer = await client.chat("Hm?", 10, n=3)

    assert (answer.status, answer.error["param"]) == (400, "n")


async def is_poison(client: Client, turns: Sequence[Turn], number: int) -> None:
    answer = await client.chat(f"{number}: {POISON}", 10)

    assert (answer.status, answer.error["code"]) == (500, "server_error")


async def needs_memory_once(client: Client, turns: Sequence[Turn], number: int) -> None:
    answer = await client.chat(f"{number}: {MEMORY_ONCE}", 10)

    assert answer.status == 200, answer.error


async def never_has_enough_memory(client: Client, turns: Sequence[Turn], number: int) -> None:
    answer = await client.chat(f"{number}: {MEMORY_ALWAYS}", 10)

    assert (answer.status, answer.error["code"]) == (503, "out_of_memory")


Visit = Callable[[Client, Sequence[Turn], int], Awaitable[None]]
GOOD: list[Visit] = [talks, talks, talks, is_held_to_a_schema]
BAD: list[Visit] = [
    hangs_up, gives_up_at_once, asks_for_too_much, says_nonsense, is_poison, needs_memory_once,
    never_has_enough_memory,
]  # fmt: skip


async def test_thirty_two_clients_at_once_get_right_replies_or_clean_errors(
    served: Served, known: Sequence[Sequence[Turn]]
) -> None:
    visits = [GOOD[number % 4] if number % 3 else BAD[number // 3 % len(BAD)] for number in range(32)]

    async with client_of(served) as client:
        await asyncio.gather(
            *(visit(client, known[number % len(known)], number) for number, visit in enumerate(visits))
        )
        await served.comes_to_rest()
    numbers = served.numbers()
    assert served.is_well()
    assert numbers["evicted_total"] > 0
    assert numbers["kept_bytes"] <= numbers["most_kept_bytes"] == KEPT_BYTES
    assert numbers["out_of_memory_total"] >= 1


async def test_memory_that_runs_out_twice_costs_one_reply_and_no_more(
    served: Served, known: Sequence[Sequence[Turn]]
) -> None:
    async with client_of(served) as client:
        await asyncio.gather(
            never_has_enough_memory(client, known[1], 1), *(talks(client, known[0], way) for way in range(3))
        )

    assert served.is_well()
