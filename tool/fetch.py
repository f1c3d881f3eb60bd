"""Reading a page of the public web.

Every hop is taken apart, resolved, checked and then asked at the very address that
was checked: neither a name that changes nor a redirect leads into a private network.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

from pydantic import BaseModel

from core.errors import PermissionDenied, ToolError, ToolTimedOut
from core.permissions import Effect
from core.tools import ToolContext, ToolResult, ToolServices, WebResponse
from core.views import WebPage
from core.web import WebAddress, web_address
from tool.addresses import addresses_of, is_own, is_public
from tool.clipping import clipped
from tool.leaks import holds_secret
from tool.pages import Page, page_of

TOTAL_SECONDS = 30.0
MOST_BYTES = 5_000_000
MOST_REDIRECTS = 5
MOST_ADDRESSES = 3
EXCERPT_CHARS = 300
REDIRECTS = (301, 302, 303, 307, 308)


class FetchArgs(BaseModel):
    """Read a public web page (as Markdown), text or JSON."""

    url: str


@dataclass(frozen=True)
class Fetch:
    services: ToolServices
    resolve: Callable[[str, int], Awaitable[tuple[str, ...]]] = addresses_of
    is_own: Callable[[str], bool] = is_own
    """Whether a public address is of this machine or its network."""
    seconds: float = TOTAL_SECONDS
    """For all of it: names, redirects, and reading what came."""
    name = "fetch"
    args = FetchArgs
    effect = Effect.NETWORK

    async def run(self, args: FetchArgs, context: ToolContext) -> ToolResult:
        try:
            async with asyncio.timeout(self.seconds):
                url, response = await self._follow(args.url)
                page = await asyncio.to_thread(page_of, url, response)
        except TimeoutError as error:
            raise ToolTimedOut(
                f"{args.url!r} did not answer in {self.seconds:g} s.",
                hint="Try again later, or elsewhere.",
            ) from error
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
        here = self._checked(asked)
        inside = True  # a page of the public web does not lead to a private one
        for _ in range(MOST_REDIRECTS + 1):
            inside = inside and self.services.web_rules.allows_private(here)
            response = await self._ask(here, inside=inside)
            target = response.headers.get("location", "")
            if response.status not in REDIRECTS or not target:
                return here.url, response
            there = self._checked(_joined(here.url, target))
            if (here.scheme, there.scheme) == ("https", "http"):
                raise ToolError(
                    f"{asked!r} leads from https to {there.url!r}.",
                    hint="Fetch that yourself if you trust it.",
                )
            here = there
        raise ToolError(f"{asked!r} redirects more than {MOST_REDIRECTS} times.", hint="Try another address.")

    def _checked(self, url: str) -> WebAddress:
        """Raises ToolError when it is no address that may be asked; nothing was asked for by then."""
        address = web_address(url)
        if holds_secret(url, self.services.web_rules.secrets()):
            raise PermissionDenied(
                "The address holds a secret value, or one in disguise.", hint="Leave it out of the address."
            )
        if reason := self.services.web_rules.forbids(address.host):
            raise PermissionDenied(f"{address.host!r} was refused: {reason}.", hint="Use another source.")
        return address

    async def _ask(self, address: WebAddress, *, inside: bool) -> WebResponse:
        """One hop, at the first address of the host that answers."""
        found = await self.resolve(address.host, address.port)
        if not inside:
            self._require_public(address, found)
        failed = ToolError(f"{address.host!r} has no address.", hint="Check the address.")
        for ip in found[:MOST_ADDRESSES]:
            try:
                return await self.services.web.get(
                    address.url, address=ip, timeout_seconds=self.seconds, max_bytes=MOST_BYTES
                )
            except ToolError as error:
                failed = error
        raise failed

    def _require_public(self, address: WebAddress, found: tuple[str, ...]) -> None:
        """Raises PermissionDenied unless the host has a public name, and all its addresses are public."""
        inner = next((ip for ip in found if not is_public(ip) or self.is_own(ip)), "")
        if inner or not (address.is_number or "." in address.host):
            named = f"is {inner}, which" if inner else "has no dot in its name, so it"
            raise PermissionDenied(
                f"{address.host!r} {named} is not on the public internet: fetch does not go there.",
                hint=f'The user can allow it: private_hosts = "{address.place}" in settings.toml.',
            )


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
