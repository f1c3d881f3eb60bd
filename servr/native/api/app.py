"""The model server as an ASGI app: its pages, and what becomes of what goes wrong on them.

Guard ─▶ FastAPI's routes ─▶ a body ─▶ a page, in `RequestThread` ─▶ Reply or Answer
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import FastAPI

from core.text import quoted
from servr.native.api.bodies import Gone, body_of
from servr.native.api.errors import Denied
from servr.native.api.guard import OPEN_PAGE, Guard
from servr.native.api.metrics import Tally, metrics
from servr.native.api.pages import EmbeddingPages, Page, Pages, TalkingPages
from servr.native.api.replying import Answer, Reply, refusal
from servr.native.api.request_thread import RequestThread
from servr.native.asking import Refused
from servr.native.parts import Invalid, Served, Talking

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Handler = Callable[[Any], Awaitable[Answer | Reply]]


def pages_of(served: Served) -> Pages:
    created = int(time.time())
    return TalkingPages(served, created) if isinstance(served, Talking) else EmbeddingPages(served, created)


def make_app(pages: Pages, thread: RequestThread, *, token: str = "", local_only: bool = True) -> Guard:
    """`local_only`: whether only names of this machine are served, as on loopback they should be."""
    tally = Tally()
    shown = _shown(pages, tally)
    paths = [*pages.pages, *shown]
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=_fences(paths),
    )
    for path, page in pages.pages.items():
        app.add_route(path, _asked(page, thread), methods=["POST"])
    for path, handler in shown.items():
        app.add_route(path, handler, methods=["GET"])
    return Guard(app, tally, frozenset(paths), token=token, local_only=local_only)


def _asked(page: Page, thread: RequestThread) -> Handler:
    async def handler(request: Any) -> Answer | Reply:
        body = await body_of(request.receive)
        return await thread.run(partial(page, body))

    return handler


def _shown(pages: Pages, tally: Tally) -> dict[str, Handler]:
    """What is only looked at."""

    async def models(request: Any) -> Answer:
        return Answer({"object": "list", "data": [pages.entry]})

    async def model(request: Any) -> Answer:
        if (name := request.path_params["name"]) != pages.name:
            said = f"The model {quoted(name)} does not exist here; {pages.name!r} is served."
            raise Denied(404, said, code="model_not_found", field="model")
        return Answer(pages.entry)

    async def health(request: Any) -> Answer:
        counts = pages.counts()
        if counts is None or counts.is_alive:
            return Answer({"status": "ok"})
        raise Denied(503, "The engine has stopped: restart the server.", code="engine_stopped")

    async def numbers(request: Any) -> Answer:
        return Answer(metrics(tally, pages.counts()), media_type=METRICS_TYPE)

    return {
        "/v1/models": models,
        "/v1/models/{name:path}": model,
        OPEN_PAGE: health,
        "/metrics": numbers,
    }


def _fences(paths: list[str]) -> dict[Any, Callable[[Any, Any], Awaitable[Answer | None]]]:
    async def refused(request: Any, error: Any) -> Answer:
        return refusal(error)

    async def gone(request: Any, error: Any) -> None:
        """Nobody is there to be answered."""

    async def no_page(request: Any, error: Any) -> Answer:
        said = f"There is no page {quoted(request.url.path)}. There are {', '.join(sorted(paths))}."
        return refusal(Denied(404, said, code="not_found"))

    async def no_method(request: Any, error: Any) -> Answer:
        allowed = error.headers["Allow"]
        said = f"{request.url.path} takes {allowed}, not {request.method}."
        return refusal(Denied(405, said, code="method_not_allowed", headers={"allow": allowed}))

    return {
        Invalid: refused,
        Denied: refused,
        Refused: refused,
        Exception: refused,
        Gone: gone,
        404: no_page,
        405: no_method,
    }
