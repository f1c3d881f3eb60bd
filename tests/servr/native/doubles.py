"""Plain parts for tests of the API: a byte is a token, nothing is held, and marks are one character."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import numpy as np
from numpy.typing import NDArray

from core.deltas import CallDelta, TextDelta, ThinkingDelta
from servr.native.api.app import make_app, pages_of
from servr.native.api.patience import PatientProtocol
from servr.native.api.request_thread import RequestThread
from servr.native.api.serving import serve
from servr.native.asking import Constraint, Engine
from servr.native.counting import is_long, require_most
from servr.native.parts import (
    Abilities,
    Chat,
    EmbeddingFacts,
    Held,
    Invalid,
    Prompt,
    ReplyReader,
    Said,
    Served,
    Talking,
)

ABLE = Abilities(tools=True, reasoning=True, names=frozenset({"enable_thinking", "reasoning_effort"}))

VECTORS = EmbeddingFacts("vectors", window_tokens=8, width=2, dtype="float32", device="cpu")


def bytes_of(text: str, most: int | None) -> tuple[int, ...]:
    if most is not None and is_long(text, most):
        require_most(most, [text], len)
    return tuple(text.encode())


@dataclass
class BytePrompts:
    """Messages in lines; it refuses a chat that begins with the assistant."""

    abilities: Abilities = ABLE
    beginning: tuple[int, ...] = (1,)
    chats: list[Chat] = field(default_factory=list)

    def prompt(self, chat: Chat, most: int | None = None) -> Prompt:
        return Prompt(tokens=self.tokens(self.rendered(chat), most), message_ends=(), in_thought=False)

    def rendered(self, chat: Chat) -> str:
        self.chats.append(chat)
        if chat.messages[0]["role"] == "assistant":
            raise Invalid("The template wants a user first.", field="messages")
        lines = [f"{message['role']}: {message['content']}\n" for message in chat.messages]
        return "".join([*(f"tool {tool.name}\n" for tool in chat.tools), *lines])

    def tokens(self, text: str, most: int | None = None) -> tuple[int, ...]:
        return bytes_of(text, most)


@dataclass
class NoGrammars:
    held: list[Held] = field(default_factory=list)

    def constraint(self, held: Held) -> Constraint | None:
        self.held.append(held)
        if held.schema and "unheard" in held.schema:
            raise Invalid("unheard cannot be enforced.", field="response_format")
        return None


@dataclass
class MarkReader:
    """A piece that begins with `~` is thought, with `!` the name of a call, with `+` more of its arguments."""

    calls: int = 0

    def read(self, text: str) -> Sequence[Said]:
        mark, rest = text[0], text[1:]
        if mark == "~":
            return (ThinkingDelta(text=rest),)
        if mark == "!":
            self.calls += 1
            return (CallDelta(index=self.calls - 1, name=rest),)
        if mark == "+":
            return (CallDelta(index=self.calls - 1, arguments=rest),)
        return (TextDelta(text=text),)

    def end(self, *, cut: bool) -> Sequence[Said]:
        return ()


def mark_reader(held: Held) -> ReplyReader:
    return MarkReader()


@dataclass
class LengthEmbeddings:
    """The vector of a text says how long it is."""

    facts: EmbeddingFacts = VECTORS

    def tokens(self, text: str, most: int | None = None) -> tuple[int, ...]:
        return bytes_of(text, most)

    def vectors(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def talking(
    engine: Engine, prompts: BytePrompts | None = None, grammars: NoGrammars | None = None
) -> Talking:
    return Talking(engine, prompts or BytePrompts(), grammars or NoGrammars(), mark_reader, "qwen")


@asynccontextmanager
async def client_of(
    served: Served, *, token: str = "", local_only: bool = True, thread: RequestThread | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the app without a port."""
    thread = thread or RequestThread()
    app = make_app(pages_of(served), thread, token=token, local_only=local_only)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8000", timeout=None
    ) as client:
        yield client
    thread.close()


async def begun(
    served: Served, *, grace_seconds: float = 5.0, protocol: type[PatientProtocol] = PatientProtocol
) -> tuple[str, asyncio.Task[bool]]:
    """The address of a real server, up to and with /v1, and the task that ends with it."""
    told: asyncio.Queue[str] = asyncio.Queue()
    server = asyncio.create_task(
        serve(
            served,
            host="127.0.0.1",
            port=0,
            say=told.put_nowait,
            grace_seconds=grace_seconds,
            protocol=protocol,
        )
    )
    return (await told.get()).rpartition(" ")[2], server


@asynccontextmanager
async def served_at(
    served: Served, *, protocol: type[PatientProtocol] = PatientProtocol
) -> AsyncIterator[str]:
    """The address of a server that is ended by a signal."""
    url, server = await begun(served, protocol=protocol)
    try:
        yield url
    finally:
        signal.raise_signal(signal.SIGTERM)
        await server
