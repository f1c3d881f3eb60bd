"""Who may ask: the door that every request comes through, before any page.

request ─▶ Host and Origin (on loopback) ─▶ token ─▶ app ─▶ x-request-id on whatever is answered
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from ipaddress import ip_address
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from core.text import quoted
from servr.native.api.bodies import Receive
from servr.native.api.errors import Denied
from servr.native.api.metrics import Tally
from servr.native.api.replying import Scope, Send, refusal

App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_PAGE = "/health"
"""Asked by what watches over servers, which has no token; it says nothing about anybody."""
REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it; a name is not looked up, for that is how one is deceived."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Guard:
    app: App
    tally: Tally
    pages: frozenset[str]
    """Paths that are counted by their name."""
    token: str = ""
    """Empty: none is asked for."""
    local_only: bool = True
    """Whether to serve only who knows this server by a name of this machine: a page of the web that has its
    own name lead here does not."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        identity = given if REQUEST_ID.fullmatch(given) else token_hex(12).encode()
        page = scope["path"] if scope["path"] in self.pages else "other"

        async def counted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.tally.answers[page, message["status"]] += 1
                message["headers"] = [*message["headers"], (b"x-request-id", identity)]
            await send(message)

        try:
            self._check(scope["path"], headers)
        except Denied as error:
            await refusal(error)(scope, receive, counted)
            return
        await self.app(scope, receive, counted)

    def _check(self, path: str, headers: Mapping[bytes, bytes]) -> None:
        if self.local_only:
            for name in ("host", "origin"):
                _check_local(name, headers.get(name.encode(), b"").decode("latin-1"))
        if self.token and path != OPEN_PAGE:
            self._check_token(headers.get(b"authorization", b""))

    def _check_token(self, said: bytes) -> None:
        kind, _, token = said.partition(b" ")
        if kind.lower() == b"bearer" and hmac.compare_digest(token.strip(), self.token.encode()):
            return
        what = "Invalid API key" if said else "No API key"
        message = f"{what}: send this server's token as 'Authorization: Bearer …'."
        headers = {"www-authenticate": "Bearer"}
        raise Denied(401, message, code="invalid_api_key", headers=headers)


def _check_local(name: str, said: str) -> None:
    try:
        host = urlsplit(said if name == "origin" else f"//{said}").hostname
    except ValueError:
        host = None
    if said and not is_loopback(host or ""):
        message = f"{name.title()} {quoted(said)} is none of this machine, and only those are served."
        raise Denied(403, message, code="foreign_host")
