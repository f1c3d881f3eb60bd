"""A server of fixed pages on the loopback address, in a thread of its own."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, Self

from tests.clocks import ENOUGH_SECONDS
from tests.scripted_server.app import Receive, Scope, Send
from tests.scripted_server.serving import QuickServer, listening


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    """With its query."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Page:
    pieces: Sequence[bytes]
    status: int = 200
    kind: str = "application/json"


Answer = Page | Callable[[Asked], Page] | dict[str, Any]


def page(held: object, status: int = 200) -> Page:
    return Page((json.dumps(held).encode(),), status)


NOT_FOUND = page({"error": "Not Found"}, 404)


@dataclass
class FakeServer:
    """Answers `GET` and `POST` by path; a path without its query answers every query of it."""

    pages: Mapping[str, Answer]
    missing: Page = NOT_FOUND
    """What is said of all other paths."""
    key: str = ""
    """Without which everything is refused, if there is one."""
    port: int = 0
    """Any that is free, when it is 0."""
    log: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = listening(self.port)
        self._server = QuickServer(self)  # an ASGI application like the scripted one
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self.root = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{self.root}/v1"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.log]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join(ENOUGH_SECONDS)
        self._listener.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope["query_string"].decode()
        headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
        path = f"{scope['path']}?{query}" if query else scope["path"]
        asked = Asked(scope["method"], path, headers, body)
        self.log.append(asked)
        answer = self._answer(asked, scope["path"])
        kind = (b"content-type", answer.kind.encode())
        await send({"type": "http.response.start", "status": answer.status, "headers": [kind]})
        for piece in answer.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _answer(self, asked: Asked, bare_path: str) -> Page:
        if self.key and asked.headers.get("authorization") != f"Bearer {self.key}":
            return page({"detail": "Please provide an API key"}, 401)
        found = self.pages.get(asked.path, self.pages.get(bare_path, self.missing))
        answer = found(asked) if callable(found) else found
        return answer if isinstance(answer, Page) else page(answer)
