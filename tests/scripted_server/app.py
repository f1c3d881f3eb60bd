"""A model server that answers by script: plain ASGI, no framework.

    script ── step 0, step 1, … ──▶ POST /v1/chat/completions   stream of events, or one JSON object
                                    GET  /v1/models
                                    any other path              404, or what `pages` says

Whatever comes in is recorded; what the client may rely on is stated in `recorded`.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from threading import Condition
from typing import Any

from tests.scripted_server.recorded import Recorded
from tests.scripted_server.replies import Action, Drop, Gate, Pause, Reply, Spoken, Step, refuse, say
from tests.scripted_server.wire import rendered

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Aside = Callable[[Recorded], Spoken | Reply | None]

READ_ONLY = b',"max_tokens":1}'
LOOK_SECONDS = 0.002
"""How often a closed gate is looked at."""


class ScriptedApp:
    """Answers the n-th request for a reply with the n-th step of `script`.

    Args:
        script: may be endless; past its end every request is refused with 400.
        model: the only model of the server.
        window_tokens: what `/v1/models` says the window is; nothing when None.
        aside: asked first; what it answers costs no step.
        pages: JSON bodies for further paths, `/props` say.
    """

    def __init__(
        self,
        script: Iterable[Step],
        *,
        model: str = "m",
        window_tokens: int | None = None,
        aside: Aside = lambda _: None,
        pages: Mapping[str, object] | None = None,
    ) -> None:
        self.log: list[Recorded] = []
        """Every request, of whatever kind."""
        self.requests: list[Recorded] = []
        """The requests for a reply."""
        self.read: list[Recorded] = []
        """The requests that only have a prompt read; they cost no step."""
        self.came = Condition()
        """Notified at every request for a reply."""
        self.model = model
        self._steps = iter(script)
        self._aside = aside
        described: dict[str, object] = {"id": model, "object": "model", "owned_by": "scripted"}
        if window_tokens:
            described["max_model_len"] = window_tokens
        self._pages = {"/v1/models": {"object": "list", "data": [described]}, **(pages or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _recorded(scope, receive)
        self.log.append(request)
        if request.method == "POST" and request.path.endswith("/chat/completions"):
            reply = self._answer(request)
        elif request.method == "GET" and request.path in self._pages:
            reply = Reply((json.dumps(self._pages[request.path]).encode(),))
        else:
            reply = refuse(404, f"There is no {request.path!r} here.")
        request.status = reply.status
        await _deliver(reply, request, _Connection(scope, receive, send))

    def _answer(self, request: Recorded) -> Reply:
        if request.body.endswith(READ_ONLY):
            self.read.append(request)
            return rendered(say("."), number=len(self.read), model=self.model, streams=request.streams)
        with self.came:
            request.number = len(self.requests)
            self.requests.append(request)
            self.came.notify_all()
        answer = self._aside(request) or self._step(request)
        if isinstance(answer, Spoken):
            return rendered(answer, number=request.number, model=self.model, streams=request.streams)
        return answer

    def _step(self, request: Recorded) -> Spoken | Reply:
        step = next(self._steps, None)
        if step is None:
            return refuse(400, f"The script has no answer to request {request.number}.")
        return step(request) if callable(step) else step


async def _recorded(scope: Scope, receive: Receive) -> Recorded:
    arrived, date = time.perf_counter(), time.time()
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
    return Recorded(scope["method"], scope["path"], headers, body, arrived, date)


class _Connection:
    """One request's way back to the client."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.send = send
        self.close: Callable[[], None] = scope.get("extensions", {}).get("drop", lambda: None)
        self.dropped = False
        self.gone = asyncio.ensure_future(self._until_gone(receive))

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    async def drop(self) -> None:
        self.dropped = True
        self.close()
        await self.gone


async def _deliver(reply: Reply, request: Recorded, connection: _Connection) -> None:
    playing = asyncio.ensure_future(_play(reply, connection))
    await asyncio.wait({playing, connection.gone}, return_when=asyncio.FIRST_COMPLETED)
    request.abandoned = not (playing.done() or connection.dropped)
    playing.cancel()
    connection.gone.cancel()
    await asyncio.gather(playing, connection.gone, return_exceptions=True)
    request.ended.set()


async def _play(reply: Reply, connection: _Connection) -> None:
    if reply.body[:1] == (Drop(),):
        await connection.drop()
        return
    headers = [(name.encode(), text.encode()) for name, text in reply.headers]
    await connection.send({"type": "http.response.start", "status": reply.status, "headers": headers})
    for action in reply.body:
        if isinstance(action, bytes):
            await connection.send({"type": "http.response.body", "body": action, "more_body": True})
        elif isinstance(action, Drop):
            await connection.drop()
            return
        else:
            await _wait(action)
    await connection.send({"type": "http.response.body", "body": b""})


async def _wait(action: Action) -> None:
    match action:
        case Gate():
            action.reached.set()
            # The test that opens the gate runs in another thread, where asyncio's event cannot be set.
            while not action.opened.is_set():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
        case Pause(seconds):
            await asyncio.sleep(seconds)
