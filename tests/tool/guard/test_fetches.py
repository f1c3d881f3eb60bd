"""No address leads inside, and no secret out: each row of fetches.toml, with the real tool, judged by its effects."""

import asyncio
import base64
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from bench.fuzzing.urls import OWN, may_be_asked
from core.errors import ToolError
from core.tools import ToolContext
from core.web import WebRules
from gate.web import DirectWebClient
from tests.clocks import ENOUGH_SECONDS
from tests.tool.commanding import services_in
from tests.tool.guard.webs import Web, web_of
from tool.fetch import MOST_BYTES, Fetch, FetchArgs
from tool.sandbox_none import PlainBackend

TABLE = tomllib.loads(Path(__file__).with_name("fetches.toml").read_text(encoding="utf-8"))
ROWS: list[dict[str, Any]] = TABLE["row"]
BENIGN: list[dict[str, Any]] = TABLE["benign"]
SECRET = "sk-Live_51HxYz0aBcDeF"
LONGEST_SECONDS = 120.0
MOST_SENT_BYTES = MOST_BYTES + 12_000_000
"""What was taken, and what may lie in the buffers of the system when the connection is dropped."""


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def filled(text: str, port: int) -> str:
    encoded = base64.urlsafe_b64encode(SECRET.encode()).decode()
    known = {
        "port": str(port),
        "long": "x" * 5_000,
        "secret": SECRET,
        "secret_head": SECRET[:9],
        "secret_tail": SECRET[9:],
        "secret_host": SECRET.replace("_", "-").lower(),
        "secret_percent": percent(SECRET),
        "secret_percent_twice": percent(percent(SECRET)),
        "secret_base64": encoded.rstrip("="),
        "secret_base64_inside": base64.urlsafe_b64encode(f"the key is {SECRET}!".encode()).decode(),
        "secret_hex": SECRET.encode().hex(),
        "secret_backwards": SECRET[::-1],
    }
    for name, given in known.items():
        text = text.replace("{" + name + "}", given)
    return text


def filled_pages(row: Mapping[str, Any]) -> dict[str, Any]:
    pages = {
        path: {
            name: given.replace("{secret}", SECRET) if isinstance(given, str) else given
            for name, given in page.items()
        }
        for path, page in row.get("pages", {}).items()
    }
    return {**row, "pages": pages}


def fetch(folder: Path, web: Web, row: Mapping[str, Any], *, guarded: bool = True) -> Fetch:
    private = filled(row.get("private", ""), web.inside_port)
    rules = WebRules(
        private_hosts=tuple(private.split()),
        forbids=lambda host: "the person said so" if host == "denied.example" else "",
        secrets=lambda: (SECRET,) if guarded else (),
    )
    services = replace(services_in(folder, PlainBackend()), web=DirectWebClient(web.connect), web_rules=rules)
    return Fetch(
        services, resolve=web.resolve, is_own=lambda ip: ip == OWN, seconds=row.get("seconds", ENOUGH_SECONDS)
    )


async def fetched(folder: Path, web: Web, row: Mapping[str, Any], *, guarded: bool = True) -> tuple[str, str]:
    """What was shown, and the error if there was one."""
    args = FetchArgs(url=filled(row["url"], web.inside_port))
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            result = await fetch(folder, web, row, guarded=guarded).run(args, ToolContext("call-1"))
    except ToolError as error:
        return "", str(error)
    return result.text, ""


def effects(web: Web) -> list[str]:
    found = [f"connected to {ip}" for ip in web.reached if not may_be_asked(ip)]
    found += ["the server inside was heard of"] if web.heard else []
    found += ["too much was taken"] if web.sent > MOST_SENT_BYTES else []
    for request in web.requests:
        lines = request.decode("latin-1").lower().split("\r\n")
        found += [line for line in lines[1:] if line.startswith("x-injected") or "x-injected: yes" in line]
        found += ["a secret went out"] if gives_away(lines[0]) else []
    return found


def gives_away(line: str) -> bool:
    line = unquote(unquote(line)).replace("/x/../", "").replace("/./", "").replace("-", "_")
    wanted = [
        SECRET,
        SECRET[::-1],
        SECRET.encode().hex(),
        base64.urlsafe_b64encode(SECRET.encode()).decode()[:24],
    ]
    return any(form.lower().replace("-", "_") in line for form in wanted)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
async def test_an_attempt_has_no_effect(row: dict[str, Any], tmp_path: Path) -> None:
    async with web_of(filled_pages(row)) as web:
        shown, error = await fetched(tmp_path, web, row)

    assert bool(effects(web)) == bool(row.get("weak")), (effects(web), shown, error)
    assert row.get("said", "") in error
    assert SECRET not in error


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("bare")], ids=lambda row: row["name"])
async def test_the_same_address_leads_inside_a_client_that_only_connects(row: dict[str, Any]) -> None:
    async with web_of(row) as web:
        parts = urlsplit(
            filled(row["url"], web.inside_port).replace("\\", "/" if "\\@" not in row["url"] else "")
        )
        host = parts.hostname or ""
        ip = (await web.resolve(host, 0))[0]
        reader, writer = await web.connect(ip, parts.port or 80, "")
        assert await reader.read()
        writer.close()

    assert web.heard == 1


@pytest.mark.parametrize("row", [row for row in ROWS if row.get("leaks")], ids=lambda row: row["name"])
async def test_the_same_address_goes_out_where_no_secret_is_known(
    row: dict[str, Any], tmp_path: Path
) -> None:
    async with web_of(filled_pages(row)) as web:
        web.hosts = {**web.hosts, f"{filled('{secret_host}', 0)}.public.example": [["93.184.216.34"]]}
        await fetched(tmp_path, web, row, guarded=False)

    assert web.requests != []


@pytest.mark.parametrize("row", BENIGN, ids=lambda row: row["name"])
async def test_what_has_to_work_works(row: dict[str, Any], tmp_path: Path) -> None:
    async with web_of(row) as web:
        shown, error = await fetched(tmp_path, web, row)

    assert error == ""
    assert shown.endswith("\n\nhello")
    assert web.heard == bool(row.get("private"))
