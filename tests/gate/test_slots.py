"""Who asks a server when, if it has fewer slots than there are questions."""

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.deltas import TextDelta
from gate.openai_compatible import OpenAICompatibleGateway
from gate.scripted import Reply, ScriptedGateway, say
from gate.slots import SlotGateway, Slots
from tests.clocks import ENOUGH_SECONDS
from tests.gate.asking import deltas, request
from tests.gate.sockets import hanging

ASIDE = replace(request("aside"), background=True)


def held(gate: asyncio.Event) -> Reply:
    return (TextDelta(text="…"), gate, *say("done"))


async def test_only_as_many_ask_at_once_as_there_are_slots() -> None:
    gate = asyncio.Event()
    inner = ScriptedGateway(held(gate), held(gate), say("last"))
    gateway = SlotGateway(inner, Slots(lambda: 2))

    asking = [asyncio.create_task(deltas(gateway, request(text))) for text in "abc"]
    await inner.asked(2)
    await asyncio.sleep(0)
    before = len(inner.requests)
    gate.set()
    await asyncio.gather(*asking)

    assert (before, len(inner.requests)) == (2, 3)


async def test_what_is_in_the_background_goes_last() -> None:
    gate = asyncio.Event()
    inner = ScriptedGateway(held(gate), say("1"), say("2"), say("3"))
    gateway = SlotGateway(inner)

    asking = [
        asyncio.create_task(deltas(gateway, one)) for one in (request("a"), ASIDE, request("b"), request("c"))
    ]
    await inner.asked(1)
    gate.set()
    await asyncio.gather(*asking)

    assert [asked.messages[0].text for asked in inner.requests] == ["a", "b", "c", "aside"]


async def test_slots_that_become_known_later_are_used() -> None:
    gate, slots = asyncio.Event(), 1
    inner = ScriptedGateway(held(gate), say("at once"))
    gateway = SlotGateway(inner, Slots(lambda: slots))
    first = asyncio.create_task(deltas(gateway))
    await inner.asked(1)

    slots = 4
    said = await deltas(gateway)
    gate.set()
    await first

    assert said == list(say("at once"))


async def test_a_request_that_is_cancelled_closes_its_connection_and_one_that_waits_never_opens_any() -> None:
    async with hanging() as server:
        gateway = SlotGateway(OpenAICompatibleGateway(server.url, "m"))
        asks = asyncio.create_task(deltas(gateway))
        await server.asked.wait()
        waits = asyncio.create_task(deltas(gateway))
        await asyncio.sleep(0)

        waits.cancel()
        asks.cancel()
        await asyncio.wait({asks, waits})
        async with asyncio.timeout(ENOUGH_SECONDS):
            await server.left.wait()

    assert (asks.cancelled(), waits.cancelled(), server.connections) == (True, True, 1)


async def test_a_place_given_to_one_who_is_cancelled_at_that_moment_is_given_on() -> None:
    slots = Slots()

    async def hold() -> None:
        async with slots.place(background=False):
            await asyncio.Event().wait()

    first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)  # the second has its place now, and does not know it yet
    second.cancel()
    await asyncio.wait({first, second})

    async with asyncio.timeout(ENOUGH_SECONDS), slots.place(background=True):
        pass


@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.none() | st.integers(0, 8)), max_size=12),
)
def test_places_are_never_lost_and_never_too_many(
    count: int, askers: list[tuple[bool, int, int | None]]
) -> None:
    slots, inside, most = Slots(lambda: count), 0, 0

    async def ask(background: bool, steps: int) -> None:
        nonlocal inside, most
        async with slots.place(background=background):
            inside, most = inside + 1, max(most, inside + 1)
            try:
                for _ in range(steps):
                    await asyncio.sleep(0)
            finally:
                inside -= 1

    async def cancel(task: asyncio.Task[None], steps: int) -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()

    async def all_of_them() -> list[BaseException | None]:
        tasks = [asyncio.create_task(ask(background, steps)) for background, steps, _ in askers]
        enders = [cancel(task, at) for task, (_, _, at) in zip(tasks, askers, strict=True) if at is not None]
        async with asyncio.timeout(ENOUGH_SECONDS):
            await asyncio.gather(*enders)
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(ask(False, 1) for _ in range(count)))
        return ended

    ended = asyncio.run(all_of_them())

    assert (inside, most <= count) == (0, True)
    assert all(at is not None or error is None for (_, _, at), error in zip(askers, ended, strict=True))
