"""Vectors from a model server, and what is made of servers that fail."""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from core.embedding import EmbeddingFailed
from gate.embedding.cached import CachedEmbedder
from gate.embedding.endpoint import EndpointEmbedder
from tests.clocks import Waits
from tests.fakes.serving import Answer, Asked, FakeServer, Page, page
from tests.gate.sockets import listening

pytestmark = pytest.mark.server


def vectors(asked: Asked) -> Page:
    """The length of each text, as a direction; last one first, as the order is the server's own affair."""
    entries = [
        {"index": index, "embedding": [float(len(text)), 1.0, 0.0]}
        for index, text in enumerate(asked.json["input"])
    ]
    return page({"object": "list", "data": entries[::-1], "model": asked.json["model"]})


def server(answer: Answer = vectors, *, key: str = "") -> FakeServer:
    return FakeServer({"/v1/embeddings": answer}, key=key)


def embedder(served: FakeServer, *, api_key: str = "", seconds: float = 20.0) -> EndpointEmbedder:
    return EndpointEmbedder(served.url, "tiny", api_key, seconds=seconds, sleep=Waits())


def directions(*lengths: int) -> np.ndarray:
    rows = np.array([[length, 1.0, 0.0] for length in lengths], np.float32)
    return rows / np.linalg.norm(rows, axis=1)[:, None]


async def test_texts_are_sent_in_batches_and_come_back_in_their_order() -> None:
    with server() as served:
        asking = embedder(served)
        rows = await asking.embed(["x" * length for length in range(1, 71)])
        await asking.close()

    assert np.allclose(rows, directions(*range(1, 71)))
    assert rows.dtype == np.float32
    assert [len(asked.json["input"]) for asked in served.log] == [32, 32, 6]


async def test_the_key_goes_with_the_question() -> None:
    with server(key="sesame") as served:
        asking = embedder(served, api_key="sesame")
        rows = await asking.embed(["abc"])
        await asking.close()

    assert np.allclose(rows, directions(3))


async def test_no_texts_are_no_question() -> None:
    with server() as served:
        assert len(await embedder(served).embed([])) == 0

    assert served.log == []


def only_up_to(limit: int, refusal: Page) -> Callable[[Asked], Page]:
    return lambda asked: vectors(asked) if max(map(len, asked.json["input"])) <= limit else refusal


@pytest.mark.parametrize(
    "refusal",
    [
        page({"error": "input is too large to process. increase the physical batch size"}, 500),
        page({"error": {"message": "maximum context length is 512 tokens"}}, 400),
        page({"error": "the input exceeds the context"}, 422),
        page({}, 413),
    ],
)
async def test_what_is_too_long_for_the_model_is_halved_until_it_fits(refusal: Page) -> None:
    with server(only_up_to(700, refusal)) as served:
        asking = embedder(served)
        rows = await asking.embed(["short", "x" * 2400, "also short"])
        await asking.close()

    assert np.allclose(rows, directions(5, 600, 10))


@dataclass
class Failing:
    """Refuses the first questions."""

    times: int
    refusal: Page
    asked: int = 0

    def __call__(self, asked: Asked) -> Page:
        self.asked += 1
        return self.refusal if self.asked <= self.times else vectors(asked)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_server_that_is_busy_is_asked_again(status: int) -> None:
    with server(Failing(2, page({"error": "busy"}, status))) as served:
        asking = embedder(served)
        rows = await asking.embed(["abc"])
        await asking.close()

    assert np.allclose(rows, directions(3))


def data(*entries: object) -> Page:
    return page({"data": list(entries)})


def vector(*numbers: object, index: object = 0) -> dict[str, object]:
    return {"index": index, "embedding": numbers}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (page({"error": "no"}, 500), "answered 500: no. The model server's own log says why."),
        (page({"error": "no such route"}, 404), "answered 404: no such route. Has it an embedding model?"),
        (page({"error": "model 'tiny' not found"}, 404), "Has it an embedding model? `roost models` lists"),
        (page({"error": "too long"}, 400), "answered 400: too long"),
        (Page((b"<html>",)), "Its answer holds no vectors."),
        (Page((b"[" * 100_000,)), "Its answer holds no vectors."),
        (page([]), "Its answer holds no vectors."),
        (page({"data": "x"}), "Its answer holds no vectors."),
        (data(vector("a")), "Its answer holds no vectors."),
        (data(vector()), "Its answer holds no vectors."),
        (data(vector([[1.0]])), "Its answer holds no vectors."),
        (data(vector([1.0, 0.0], [0.0, 1.0])), "It gave a vector for each token: its model does not say how"),
        (data(vector([1.0], 2.0)), "Its answer holds no vectors."),
        (data(vector(10**400)), "Its answer holds no vectors."),
        (data(vector(1.0, index=float("inf"))), "Its answer holds no vectors."),
        (data(vector(*[1.0] * 70_000)), "Its answer holds no vectors."),
        (data(vector(float("nan"), 1.0)), "A vector holds what is no number."),
        (data(vector(float("inf"), 1.0)), "A vector holds what is no number."),
        (data(), "It gave 0 vectors for 1 texts."),
        (data(vector(1.0), vector(1.0, index=1)), "It gave 2 vectors for 1 texts."),
        (data(vector(1.0, index=7)), "It gave 1 vectors for 1 texts."),
    ],
)
async def test_a_server_that_gives_no_vectors_is_told_of(answer: Page, reason: str) -> None:
    with server(answer) as served:
        asking = embedder(served)
        with pytest.raises(EmbeddingFailed) as failed:
            await asking.embed(["abc"])
        await asking.close()

    assert reason in str(failed.value)
    assert str(failed.value).startswith(f"There are no vectors from tiny at {served.url}: ")


async def test_vectors_of_different_lengths_are_refused() -> None:
    with server(data(vector(1.0), vector(1.0, 2.0, index=1))) as served:
        asking = embedder(served)
        with pytest.raises(EmbeddingFailed, match="not all of one length"):
            await asking.embed(["abc", "def"])
        await asking.close()


async def test_very_large_and_very_small_numbers_make_a_vector_of_length_one() -> None:
    with server(data(vector(1e300, 1e300), vector(3e-300, 4e-300, index=1))) as served:
        asking = embedder(served)
        rows = await asking.embed(["abc", "def"])
        await asking.close()

    assert np.allclose(rows, [[0.5**0.5, 0.5**0.5], [0.6, 0.8]])


async def test_a_server_that_is_not_there_is_told_of() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        asking = EndpointEmbedder(f"http://127.0.0.1:{held.getsockname()[1]}/v1", "tiny", sleep=Waits())
        with pytest.raises(EmbeddingFailed, match="No answer from"):
            await asking.embed(["abc"])
        await asking.close()


async def test_a_server_that_never_answers_is_not_waited_for_long() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as port:
        asking = EndpointEmbedder(
            f"http://127.0.0.1:{port}/v1", "tiny", seconds=0.05, attempts=2, sleep=Waits()
        )
        with pytest.raises(EmbeddingFailed, match=r"0\.05 seconds"):
            await asking.embed(["abc"])
        await asking.close()


async def test_a_server_that_dies_in_its_answer_is_told_of() -> None:
    async def dying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
        await writer.drain()
        writer.close()

    async with listening(dying) as port:
        asking = EndpointEmbedder(f"http://127.0.0.1:{port}/v1", "tiny", attempts=2, sleep=Waits())
        with pytest.raises(EmbeddingFailed, match="broke"):
            await asking.embed(["abc"])
        await asking.close()


@dataclass
class Kept:
    """A cache in memory."""

    held: dict[bytes, bytes] = field(default_factory=dict)

    def known(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {key: self.held[key] for key in keys if key in self.held}

    def keep(self, vectors: Mapping[bytes, bytes]) -> None:
        self.held |= vectors

    def forget(self, keys: Sequence[bytes]) -> None:
        for key in keys:
            self.held.pop(key, None)


async def test_a_text_is_asked_for_once() -> None:
    with server() as served:
        inner = embedder(served)
        asking = CachedEmbedder(inner, Kept())
        first = await asking.embed(["a", "bb", "a"])
        again = await asking.embed(["bb", "ccc", "a"])
        await asking.close()

    assert [asked.json["input"] for asked in served.log] == [["a", "bb"], ["ccc"]]
    assert np.array_equal(first[[1, 0]], again[[0, 2]])
    assert np.allclose(again, directions(2, 3, 1), atol=1e-3)


@pytest.mark.parametrize("damaged", [b"", b"x", b"\0\0"])
async def test_what_is_damaged_in_the_cache_is_asked_for_again(damaged: bytes) -> None:
    cache = Kept()
    with server() as served:
        asking = CachedEmbedder(embedder(served), cache)
        await asking.embed(["a", "bb"])
        cache.held[next(iter(cache.held))] = damaged
        rows = await asking.embed(["a", "bb"])
        await asking.close()

    assert np.allclose(rows, directions(1, 2), atol=1e-3)


async def test_what_is_forgotten_is_asked_for_again_and_the_rest_is_not() -> None:
    cache = Kept()
    with server() as served:
        asking = CachedEmbedder(embedder(served), cache)
        await asking.embed(["a", "bb"])
        asking.forget(["a", "never asked for"])
        left = len(cache.held)
        await asking.embed(["a", "bb"])
        await asking.close()

    assert left == 1
    assert [asked.json["input"] for asked in served.log] == [["a", "bb"], ["a"]]


async def test_a_text_of_halves_of_characters_is_sent_as_one_of_whole_ones() -> None:
    with server() as served:
        asking = CachedEmbedder(embedder(served), Kept())
        await asking.embed(["\ud800", "", " \n"])
        await asking.close()

    assert json.loads(served.log[0].body)["input"] == ["?", ".", "."]
