"""Measures how long it takes to find a model server, with none, one and five of them up, and prints a table.

python -m bench.discovery
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from statistics import median

from bench.tables import write
from core.endpoint import ServerFacts
from gate.discovery import LOCAL_URLS, discover, local_servers, server_facts
from tests.fakes import FakeServer, bodies
from tests.gate.sockets import answering

ROUNDS = 15
KINDS = (bodies.LLAMA_CPP, bodies.OLLAMA, bodies.LM_STUDIO, bodies.VLLM, bodies.SGLANG)


async def main() -> None:
    write("servers up", "found, ms", "budget")
    write("---", "---", "---")
    write("none", await taken(lambda: local_servers(closed(len(LOCAL_URLS)))), "≤ 300")
    for count in (1, len(KINDS)):
        with ExitStack() as stack:
            up = [stack.enter_context(FakeServer(pages)).url for pages in KINDS[:count]]
            urls = [*up, *closed(len(LOCAL_URLS) - count)]
            write(str(count), await taken(lambda urls=urls: local_servers(urls)), "≤ 300")
            known = {url: await server_facts(url) for url in up}
            again = await taken(lambda urls=urls, known=known: local_servers(urls, recall=known.get))
            write(f"{count}, known from before", again, "≤ 300")
    with FakeServer(bodies.VLLM) as server:
        async with answering(b"") as silent:
            urls = [server.url, silent.url, *closed(4)]
            write("1, and one that hangs", await taken(lambda: local_servers(urls)), "≤ 300")
    for name, pages in (("an unknown server", bodies.UNKNOWN), ("Ollama", bodies.OLLAMA)):
        with FakeServer(pages) as server:
            url = server.url
            write(f"{name}, named with its model", await taken(lambda url=url: discover(url, model="m")), "")
            known = ServerFacts(url=url)
            again = await taken(lambda url=url, known=known: discover(url, model="m", recall=lambda _: known))
            write(f"{name}, known from before", again, "0 requests")


def closed(count: int) -> list[str]:
    """URLs of ports nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    urls = [f"http://127.0.0.1:{one.getsockname()[1]}/v1" for one in sockets]
    for one in sockets:
        one.close()
    return urls


async def taken(work: Callable[[], Awaitable[object]]) -> str:
    """The median of some rounds, and in brackets the least and the most."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await work()
        times.append((time.perf_counter() - began) * 1000)
    return f"{median(times):.1f} ({min(times):.1f}–{max(times):.1f})"


if __name__ == "__main__":
    asyncio.run(main())
