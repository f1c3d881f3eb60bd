"""A server's pages of JSON, read without trust: what is none is empty."""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Self

from core.records import dataclass
from gate.answers import Answer
from gate.http import HttpClient

Json = Mapping[str, object]


@dataclass(frozen=True)
class Page:
    status: int
    text: str

    @property
    def json(self) -> Json:
        """The object it holds; an empty one for a refusal, HTML, a list, or no JSON at all."""
        if self.status == 200:
            with suppress(ValueError, RecursionError):
                held = json.loads(self.text)
                return held if isinstance(held, dict) else {}
        return {}


@dataclass
class Site:
    """Asks one server for pages, between `async with` and its end."""

    url: str
    """Of its OpenAI interface."""
    api_key: str = ""
    seconds: float = 10.0
    """How long it may be silent."""

    def __post_init__(self) -> None:
        self._interface, self._root = self._client(self.url), self._client(self.url.removesuffix("/v1"))

    async def models(self) -> Page:
        """The list every server has, and the first page that is asked for."""
        return await _page(self._interface.get("models"))

    async def page(self, path: str, question: Json | None = None) -> Page:
        """A page beside the OpenAI interface. Raises GatewayError when there is no answer."""
        body = json.dumps(question).encode()
        return await _page(self._root.get(path) if question is None else self._root.post(path, body))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._interface.close()
        await self._root.close()

    def _client(self, url: str) -> HttpClient:
        return HttpClient(
            url, self.api_key, connect_seconds=min(self.seconds, 5.0), idle_seconds=self.seconds
        )


async def _page(asking: AbstractAsyncContextManager[Answer]) -> Page:
    async with asking as answer:
        return Page(answer.status, await answer.text())


def within(held: object, *names: str) -> object:
    """What stands at the end of this way through objects; None where the way ends early."""
    for name in names:
        held = held.get(name) if isinstance(held, Mapping) else None
    return held


def objects(held: object) -> list[Json]:
    """The objects of a list; none when it is no list."""
    return [item for item in held if isinstance(item, Mapping)] if isinstance(held, list) else []


def text(held: object) -> str:
    return held if isinstance(held, str) else ""


def count(held: object) -> int | None:
    """A number above zero: servers write 0 for what they do not know."""
    return held if isinstance(held, int) and not isinstance(held, bool) and held > 0 else None


def first_count(held: Iterable[object]) -> int | None:
    return next((number for number in map(count, held) if number), None)


def flag(held: object) -> bool | None:
    return held if isinstance(held, bool) else None
