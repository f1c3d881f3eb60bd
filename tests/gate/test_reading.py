"""How far a prompt is read, reckoned; and what it says of the cache when less was kept than could be."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import pytest

from core.deltas import CacheLostDelta, Delta, FinishDelta, ProgressDelta, TextDelta
from core.messages import AssistantMessage, Finish, Message, Text, Usage, UserMessage
from core.protocols import ModelRequest
from gate.reading import ReadingGateway
from tests.gate.asking import deltas, request

ASKED = UserMessage(text="q" * 4_000)
SAID = AssistantMessage(parts=(Text(text="a" * 400),))
MORE = UserMessage(text="m" * 1_200)


@dataclass
class Server:
    """Takes a second for each 1,000 tokens that it reads, and counts a token for each four characters."""

    kept: list[int | None]
    """For each request how much was kept; None: it does not say, and kept nothing."""
    progress: tuple[Delta, ...] = ()
    now: float = 0.0
    asked: list[ModelRequest] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        self.asked.append(request)
        cached = self.kept.pop(0)
        tokens = (
            sum(len(one.whole if isinstance(one, UserMessage) else one.text) for one in request.messages) // 4
        )
        for delta in self.progress:
            yield delta
        self.now += (tokens - (cached or 0)) / 1_000
        yield TextDelta(text="a")
        self.now += 99.0
        yield FinishDelta(
            finish=Finish.DONE, usage=Usage(prompt_tokens=tokens, cached_tokens=cached, reply_tokens=100)
        )


def asking(*messages: Message) -> ModelRequest:
    return replace(request(), system="", messages=messages)


def progress_of(said: list[Delta]) -> list[ProgressDelta]:
    return [delta for delta in said if isinstance(delta, ProgressDelta)]


def losses(said: list[Delta]) -> list[CacheLostDelta]:
    return [delta for delta in said if isinstance(delta, CacheLostDelta)]


async def test_the_first_request_has_nothing_to_reckon_with() -> None:
    server = Server(kept=[None])

    said = await deltas(ReadingGateway(server, server.clock), asking(ASKED))

    assert progress_of(said) == []


async def test_the_next_is_reckoned_from_what_is_new_and_the_speed_that_was_seen() -> None:
    server = Server(kept=[0, 1_100])
    gateway = ReadingGateway(server, server.clock)
    await deltas(gateway, asking(ASKED))

    (reckoned,) = progress_of(await deltas(gateway, asking(ASKED, SAID, MORE)))

    assert (reckoned.estimated, reckoned.processed_tokens, reckoned.cached_tokens) == (True, 1_100, 1_100)
    assert reckoned.total_tokens == pytest.approx(1_400, rel=0.01)
    assert reckoned.seconds_left == pytest.approx(0.3, rel=0.02)


async def test_what_the_server_says_itself_is_passed_on_with_a_time_where_it_has_none() -> None:
    told = ProgressDelta(processed_tokens=0, total_tokens=1_000)
    server = Server(kept=[0, 0], progress=(told, replace(told, processed_tokens=500, seconds_left=7.0)))
    gateway = ReadingGateway(server, server.clock)
    first = progress_of(await deltas(gateway, asking(ASKED)))

    _, *second = progress_of(await deltas(gateway, asking(ASKED, SAID, MORE)))

    assert first == [told, replace(told, processed_tokens=500, seconds_left=7.0)]
    assert second == [replace(told, seconds_left=pytest.approx(1.0)), first[1]]


@pytest.mark.parametrize(
    ("messages", "kept", "changed"),
    [
        ((ASKED, SAID, MORE), 0, None),
        ((replace(ASKED, text="Q" + ASKED.text[1:]), SAID, MORE), 0, 1),
        ((ASKED, MORE, MORE), 200, 2),
    ],
    ids=["same messages", "the first", "the second"],
)
async def test_the_first_message_that_differs_is_named_when_the_cache_is_lost(
    messages: tuple[Message, ...], kept: int, changed: int | None
) -> None:
    server = Server(kept=[0, kept])
    gateway = ReadingGateway(server, server.clock)
    await deltas(gateway, asking(ASKED, SAID))

    said = await deltas(gateway, asking(*messages))

    assert losses(said) == [CacheLostDelta(lost_tokens=1_100 - kept, changed=changed)]
    assert isinstance(said[-1], FinishDelta)


async def test_other_tools_are_named_as_the_beginning() -> None:
    server = Server(kept=[0, 0])
    gateway = ReadingGateway(server, server.clock)
    await deltas(gateway, asking(ASKED))

    said = await deltas(gateway, replace(asking(ASKED), tools=request(tools=["ls"]).tools))

    assert losses(said) == [CacheLostDelta(lost_tokens=1_000, changed=0)]


@pytest.mark.parametrize("kept", [1_000, 800, None], ids=["all", "all but a page", "unsaid"])
async def test_nothing_is_lost_when_most_is_kept_or_nobody_says(kept: int | None) -> None:
    server = Server(kept=[0, kept])
    gateway = ReadingGateway(server, server.clock)
    await deltas(gateway, asking(ASKED))

    said = await deltas(gateway, asking(ASKED, SAID, MORE))

    assert losses(said) == []


async def test_a_helper_between_two_requests_is_not_what_they_are_compared_with() -> None:
    server = Server(kept=[0, 0, 1_000])
    gateway = ReadingGateway(server, server.clock)
    await deltas(gateway, asking(ASKED))

    aside = await deltas(gateway, replace(asking(MORE), background=True))
    said = await deltas(gateway, asking(ASKED, SAID, MORE))

    assert losses([*aside, *said]) == []


async def test_what_was_read_in_advance_makes_the_first_reckoning_possible() -> None:
    server = Server(kept=[0, 1_000])
    gateway = ReadingGateway(server, server.clock)
    await deltas(
        gateway, replace(asking(UserMessage(text="", head="h" * 3_998)), max_tokens=0, background=True)
    )

    said = await deltas(gateway, asking(UserMessage(text="t" * 2_000, head="h" * 3_998)))

    (reckoned,) = progress_of(said)
    assert (reckoned.processed_tokens, losses(said)) == (1_000, [])
    assert reckoned.total_tokens == pytest.approx(1_500, rel=0.01)


async def test_an_empty_prompt_is_reckoned_too() -> None:
    server = Server(kept=[None, None])
    server_says_one = Server(kept=[0, 0])
    for one in (server, server_says_one):
        gateway = ReadingGateway(one, one.clock)
        await deltas(gateway, asking())
        assert losses(await deltas(gateway, asking())) == []
