"""Reading a page of the public web.

Every hop is taken apart, resolved, checked and then asked at the very address that
was checked: neither a name that changes nor a redirect leads into a private network.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from pydantic import BaseModel

from core.errors import ToolError, ToolTimedOut
from core.protocols import Effect, ToolContext, ToolResult, ToolServices, WebResponse
from core.views import WebPage
from tool.addresses import addresses_of, is_public
from tool.clipping import clipped
from tool.pages import Page, page_of

TOTAL_SECONDS = 30.0
MOST_BYTES = 5_000_000
MOST_REDIRECTS = 5
MOST_ADDRESSES = 3
EXCERPT_CHARS = 300
PORTS = {"http": 80, "https": 443}
KEPT_IN_PATH = "/%:@!$&'()*+,;=~-._"


class FetchArgs(BaseModel):
    """Read a public web page (as Markdown), text or JSON."""

    url: str


@dataclass(frozen=True)
class Fetch:
    services: ToolServices
    resolve: Callable[[str, int], Awaitable[tuple[str, ...]]] = addresses_of
    is_allowed: Callable[[str], bool] = is_public
    name = "fetch"
    args = FetchArgs
    effect = Effect.NETWORK

    async def run(self, args: FetchArgs, context: ToolContext) -> ToolResult:
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                url, response = await self._follow(args.url.strip())
        except TimeoutError as error:
            raise ToolTimedOut(
                f"{args.url!r} did not answer in {TOTAL_SECONDS:.0f} s.",
                hint="Try again later, or elsewhere.",
            ) from error
        page = await asyncio.to_thread(page_of, url, response)
        if not 200 <= response.status < 300:
            raise _refused(url, response.status, page)
        if not page.is_text:
            return ToolResult(page.text, WebPage(url=url, title=page.title, text=page.text))
        cut = (
            ""
            if response.complete
            else f"\n(It is longer than {MOST_BYTES // 1_000_000} MB; the rest was left.)"
        )
        body = f"{page.text}{cut}" if page.text.strip() else "(The page has no text: a script may draw it.)"
        text = clipped(f"{page.title or 'No title'} <{url}>\n\n{body}", self.services, suffix=".md")
        return ToolResult(text, WebPage(url=url, title=page.title, text=text))

    async def _follow(self, asked: str) -> tuple[str, WebResponse]:
        """The last answer after all redirects, and whose it is."""
        url = asked
        for _ in range(MOST_REDIRECTS + 1):
            parts = _checked(url)
            url = parts.geturl()
            response = await self._ask(parts)
            target = response.headers.get("location", "")
            if response.status not in (301, 302, 303, 307, 308) or not target:
                return url, response
            url = _joined(url, target)
            if parts.scheme == "https" and url.lower().startswith("http:"):
                raise ToolError(
                    f"{asked!r} leads from https to {url!r}.", hint="Fetch that yourself if you trust it."
                )
        raise ToolError(f"{asked!r} redirects more than {MOST_REDIRECTS} times.", hint="Try another address.")

    async def _ask(self, parts: SplitResult) -> WebResponse:
        """One hop, at the first address of the host that answers."""
        host = parts.hostname or ""
        addresses = await self.resolve(host, parts.port or PORTS[parts.scheme])
        if inner := next((address for address in addresses if not self.is_allowed(address)), ""):
            raise ToolError(
                f"{host!r} is {inner}, which is not on the public internet: fetch does not go there.",
                hint="Use shell with curl if the user wants it.",
            )
        failed = ToolError(f"{host!r} has no address.", hint="Check the address.")
        for address in addresses[:MOST_ADDRESSES]:
            try:
                return await self.services.web.get(
                    parts.geturl(), address=address, timeout_seconds=TOTAL_SECONDS, max_bytes=MOST_BYTES
                )
            except ToolError as error:
                failed = error
        raise failed


def _checked(url: str) -> SplitResult:
    """`url` in parts, in the one spelling that is resolved and asked for; without its fragment.

    Raises:
        ToolError: it is no web address, or it holds a password.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode() if parts.hostname else ""
        port = parts.port
    except ValueError as error:
        raise ToolError(f"{url[:200]!r} is no web address.", hint="Check it.") from error
    if parts.scheme not in PORTS or not host or re.search(r"[\s\\%@]", host):
        raise ToolError(f"{url[:200]!r} is no web address.", hint="Give one that starts with https://.")
    if "@" in parts.netloc:
        raise ToolError(
            "The address holds a user name or password.", hint="Leave out what stands before the @."
        )

    named = f"[{host}]" if ":" in host else host
    netloc = named if port in (None, PORTS[parts.scheme]) else f"{named}:{port}"
    path = quote(parts.path or "/", safe=KEPT_IN_PATH)
    return SplitResult(parts.scheme, netloc, path, quote(parts.query, safe=KEPT_IN_PATH + "?[]"), "")


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError as error:
        raise ToolError(f"{url!r} redirects to {target[:200]!r}, which is no web address.") from error


def _refused(url: str, status: int, page: Page) -> ToolError:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "no standard status"
    said = " ".join(page.text.split())[:EXCERPT_CHARS] if page.is_text else ""
    hint = f"It says: {said}" if said else "Check the address, or try another."
    return ToolError(f"{url} answered {status} {phrase}.", hint=hint)
