"""Reading pages of the public web, and of nothing else."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.errors import ToolError, ToolTimedOut
from core.tools import ToolContext, ToolResult, WebResponse
from core.views import WebPage
from core.web import WebRules
from tests.tool.commanding import services_in
from tool.fetch import Fetch, FetchArgs
from tool.sandbox_none import PlainBackend

PUBLIC = "93.184.216.34"
OWN = "2606:4700::7"
"""Public, and of this machine."""
HOSTS = {
    "example.com": (PUBLIC,),
    "other.example": ("8.8.8.8",),
    "inner.example": ("10.0.0.7",),
    "rebound.example": (PUBLIC, "127.0.0.1"),
    "two.example": ("8.8.4.4", PUBLIC),
    "empty.example": (),
    "private.example": ("10.0.0.8",),
    "own.example": (OWN,),
    "intranet": (PUBLIC,),
    "xn--bcher-kva.example": (PUBLIC,),
}


def page(body: bytes | str = b"", status: int = 200, *, complete: bool = True, **headers: str) -> WebResponse:
    return WebResponse(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body.encode() if isinstance(body, str) else body,
        complete=complete,
    )


def to(place: str, status: int = 302) -> WebResponse:
    return page(status=status, location=place)


@dataclass
class Web:
    """A web of a few pages, which remembers whom it was asked to reach."""

    pages: Mapping[str, WebResponse]
    dead: tuple[str, ...] = ()
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def get(self, url: str, *, address: str, timeout_seconds: float, max_bytes: int) -> WebResponse:
        self.asked.append((url, address))
        if address in self.dead:
            raise ToolError(f"No answer from {address}.")
        return self.pages[url]


async def resolve(host: str, port: int) -> tuple[str, ...]:
    return HOSTS.get(host, (host,))


PLAIN_RULES = WebRules()


def fetch(folder: Path, web: Web, *, output_chars: int = 8_000, rules: WebRules = PLAIN_RULES) -> Fetch:
    services = services_in(folder, PlainBackend(), output_chars=output_chars)
    return Fetch(replace(services, web=web, web_rules=rules), resolve=resolve, is_own=lambda ip: ip == OWN)


async def run(tool: Fetch, url: str) -> ToolResult:
    return await tool.run(FetchArgs(url=url), ToolContext("call-1"))


async def test_a_page_comes_as_markdown_with_its_title_and_address(tmp_path: Path) -> None:
    html = "<html><title>Hello</title><body><h1>Hi</h1><p>Some text.</p></body></html>"
    web = Web({"https://example.com/": page(html, content_type="text/html")})

    result = await run(fetch(tmp_path, web), "https://example.com")

    text = "Hello <https://example.com/>\n\n# Hi\n\nSome text."
    assert result == ToolResult(text, WebPage(url="https://example.com/", title="Hello", text=text))
    assert web.asked == [("https://example.com/", PUBLIC)]


@pytest.mark.parametrize(
    ("asked", "spelled"),
    [
        ("  https://EXAMPLE.com:443/a b?q=x y#part ", "https://example.com/a%20b?q=x%20y"),
        ("https://example.com/é", "https://example.com/%C3%A9"),
        ("https://example.com/%C3%A9?a=1&b=%20", "https://example.com/%C3%A9?a=1&b=%20"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://example.com:8080/x", "http://example.com:8080/x"),
    ],
)
async def test_what_is_asked_for_is_the_spelling_that_was_checked(
    tmp_path: Path, asked: str, spelled: str
) -> None:
    web = Web({spelled: page("ok", content_type="text/plain")})

    await run(fetch(tmp_path, web), asked)

    assert web.asked == [(spelled, PUBLIC)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "is no web address. Give one that starts with https://."),
        ("file:///etc/passwd", "is no web address. Give one that starts with https://."),
        ("example.com", "is no web address. Give one that starts with https://."),
        ("https://", "is no web address. Give one that starts with https://."),
        ("https://exa mple.com/", "is no web address. Check it."),
        ("https://example.com\\@127.0.0.1/", "Leave out what stands before the @."),
        ("https://user:secret@example.com/", "Leave out what stands before the @."),
        ("https://example.com:99999/", "is no web address. Check it."),
        ("https://[::1/", "is no web address. Check it."),
        ("https://127.0.0.1/", "'127.0.0.1' is 127.0.0.1, which is not on the public internet"),
        ("https://[::1]/", "'::1' is ::1, which is not on the public internet"),
        ("https://[::ffff:10.0.0.1]/", "which is not on the public internet"),
        ("http://169.254.169.254/latest/meta-data/", "which is not on the public internet"),
        ("https://inner.example/", "'inner.example' is 10.0.0.7, which is not on the public internet"),
        ("https://rebound.example/", "'rebound.example' is 127.0.0.1, which is not on the public internet"),
        ("https://own.example/", "'own.example' is 2606:4700::7, which is not on the public internet"),
        ("https://intranet/", "'intranet' has no dot in its name, so it is not on the public internet"),
        ("https://0177.0.0.1/", "is no web address. Check it."),
        ("https://empty.example/", "'empty.example' has no address."),
    ],
)
async def test_what_is_not_the_public_web_is_never_asked(tmp_path: Path, url: str, said: str) -> None:
    web = Web({})

    with pytest.raises(ToolError) as raised:
        await run(fetch(tmp_path, web), url)

    assert said in str(raised.value)
    assert web.asked == []


async def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as raised:
        await run(fetch(tmp_path, Web({})), "https://user:secret@example.com/")

    assert "secret" not in str(raised.value)


async def test_a_redirect_is_followed_to_the_page(tmp_path: Path) -> None:
    web = Web(
        {
            "http://example.com/a": to("https://other.example/b", 301),
            "https://other.example/b": to("c?d=1#e", 307),
            "https://other.example/c?d=1": page("there", content_type="text/plain"),
        }
    )

    result = await run(fetch(tmp_path, web), "http://example.com/a")

    assert result.text == "No title <https://other.example/c?d=1>\n\nthere"
    assert [address for _, address in web.asked] == [PUBLIC, "8.8.8.8", "8.8.8.8"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("https://inner.example/", "'inner.example' is 10.0.0.7, which is not on the public internet"),
        ("//127.0.0.1/x", "which is not on the public internet"),
        ("http://other.example/", "leads from https to 'http://other.example/'"),
        ("file:///etc/passwd", "is no web address"),
        ("https://a:b@other.example/", "holds a user name or password"),
        ("/again", "redirects more than 5 times"),
        ("https://[", "is no web address"),
    ],
)
async def test_a_redirect_leads_nowhere_a_fetch_may_not_go(tmp_path: Path, target: str, said: str) -> None:
    web = Web({"https://example.com/": to(target), "https://example.com/again": to("/again")})

    with pytest.raises(ToolError) as raised:
        await run(fetch(tmp_path, web), "https://example.com/")

    assert said in str(raised.value)
    assert {address for _, address in web.asked} == {PUBLIC}


SECRET = "sk-Live_51HxYz0aBcDeF"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (f"https://other.example/?k={SECRET}", "The address holds a secret value"),
        ("https://denied.example/", "'denied.example' was refused: it is not for you."),
        ("https://private.example/", "which is not on the public internet"),
    ],
)
async def test_a_redirect_is_held_to_the_rules_of_the_person(tmp_path: Path, target: str, said: str) -> None:
    web = Web({"https://example.com/": to(target)})
    rules = WebRules(
        private_hosts=("private.example",),
        forbids=lambda host: "it is not for you" if host == "denied.example" else "",
        secrets=lambda: (SECRET,),
    )

    with pytest.raises(ToolError) as raised:
        await run(fetch(tmp_path, web, rules=rules), "https://example.com/")

    assert said in str(raised.value)
    assert SECRET not in str(raised.value)
    assert web.asked == [("https://example.com/", PUBLIC)]


@pytest.mark.parametrize("named", ["private.example", "private.example:443", "PRIVATE.example."])
async def test_a_private_host_is_asked_where_the_person_has_named_it(tmp_path: Path, named: str) -> None:
    web = Web({"https://private.example/": page("ok", content_type="text/plain")})

    result = await run(
        fetch(tmp_path, web, rules=WebRules(private_hosts=(named.lower().rstrip("."),))),
        "https://private.example",
    )

    assert result.text.endswith("ok")
    assert web.asked == [("https://private.example/", "10.0.0.8")]


async def test_a_private_host_may_lead_to_another_and_to_the_public_web_but_not_back(tmp_path: Path) -> None:
    web = Web(
        {
            "https://private.example/": to("https://inner.example/"),
            "https://inner.example/": to("https://example.com/"),
            "https://example.com/": to("https://inner.example/"),
        }
    )
    rules = WebRules(private_hosts=("private.example", "inner.example"))

    with pytest.raises(ToolError, match=r"'inner\.example' is 10\.0\.0\.7"):
        await run(fetch(tmp_path, web, rules=rules), "https://private.example")

    assert [address for _, address in web.asked] == ["10.0.0.8", "10.0.0.7", PUBLIC]


async def test_the_next_address_is_tried_when_one_does_not_answer(tmp_path: Path) -> None:
    web = Web({"https://two.example/": page("ok", content_type="text/plain")}, dead=("8.8.4.4",))

    result = await run(fetch(tmp_path, web), "https://two.example/")

    assert result.text.endswith("ok")
    assert [address for _, address in web.asked] == ["8.8.4.4", PUBLIC]


async def test_when_no_address_answers_the_last_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"No answer from 93\.184\.216\.34\."):
        await run(fetch(tmp_path, Web({}, dead=(PUBLIC,))), "https://example.com/")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (page(status=404), "https://example.com/ answered 404 Not Found. Check the address, or try another."),
        (
            page('{"error":\n "gone"}', 410, content_type="application/json"),
            'https://example.com/ answered 410 Gone. It says: {"error": "gone"}',
        ),
        (
            page(status=799),
            "https://example.com/ answered 799 no standard status. Check the address, or try another.",
        ),
        (page(status=302), "https://example.com/ answered 302 Found. Check the address, or try another."),
    ],
)
async def test_an_answer_that_is_no_page_fails_and_says_so(
    tmp_path: Path, answer: WebResponse, said: str
) -> None:
    with pytest.raises(ToolError) as raised:
        await run(fetch(tmp_path, Web({"https://example.com/": answer})), "https://example.com/")

    assert str(raised.value) == said


async def test_a_long_page_is_cut_and_kept_whole_in_a_file(tmp_path: Path) -> None:
    body = "\n".join(f"line {number}" for number in range(1, 2_001))
    web = Web({"https://example.com/": page(body, content_type="text/plain")})

    result = await run(fetch(tmp_path, web, output_chars=2_000), "https://example.com/")

    [kept] = (tmp_path / ".roost" / "artifacts").iterdir()
    lines = result.text.splitlines()
    shown = len(lines) - 1
    assert len(result.text) <= 2_000
    assert f"all of it is in .roost/artifacts/{kept.name}, go on at its line {shown + 1})" in lines[-1]
    assert kept.read_text().splitlines()[shown] == f"line {shown - 1}"
    assert kept.read_text().endswith("line 2000")


async def test_a_page_beyond_the_size_limit_says_that_it_is_cut(tmp_path: Path) -> None:
    web = Web({"https://example.com/": page("part", content_type="text/plain", complete=False)})

    result = await run(fetch(tmp_path, web), "https://example.com/")

    assert result.text.endswith("part\n(It is longer than 5 MB; the rest was left.)")


async def test_what_is_no_text_is_told_by_its_kind_and_size(tmp_path: Path) -> None:
    web = Web({"https://example.com/": page(b"\x89PNG", content_type="image/png")})

    result = await run(fetch(tmp_path, web), "https://example.com/")

    assert result.text == "https://example.com/ is no text: image/png, 4 bytes."


async def test_a_page_that_only_a_script_draws_says_so(tmp_path: Path) -> None:
    web = Web({"https://example.com/": page("<html><script>draw()</script>", content_type="text/html")})

    result = await run(fetch(tmp_path, web), "https://example.com/")

    assert result.text.endswith("(The page has no text: a script may draw it.)")


async def test_a_host_whose_name_never_resolves_times_out(tmp_path: Path) -> None:
    async def resolve_never(host: str, port: int) -> tuple[str, ...]:
        raise TimeoutError

    tool = Fetch(services_in(tmp_path, PlainBackend()), resolve=resolve_never)

    with pytest.raises(ToolTimedOut, match="did not answer in 30 s"):
        await run(tool, "https://example.com/")


async def test_a_cancelled_fetch_ends_at_once(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def resolve_for_ever(host: str, port: int) -> tuple[str, ...]:
        started.set()
        await asyncio.Event().wait()
        return ()

    tool = Fetch(services_in(tmp_path, PlainBackend()), resolve=resolve_for_ever)
    running = asyncio.create_task(run(tool, "https://example.com/"))
    await started.wait()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
