"""A tiny model that is served by a process of its own, and what can be seen of the process from outside."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import httpx

ROOT = Path(__file__).parents[3]
START_SECONDS = 600.0
ANSWER_SECONDS = 600.0
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Served:
    url: str
    """Ends in /v1."""
    model: str
    folder: Path
    process: subprocess.Popen[str]

    @property
    def held_bytes(self) -> int:
        """What it has made; pages of its files come and go as the machine has room for them."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        sizes = re.findall(r"^(?:RssAnon|VmSwap):\s+(\d+) kB$", status, re.MULTILINE)
        return sum(1024 * int(size) for size in sizes)

    @property
    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    @property
    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def numbers(self) -> dict[str, float]:
        """What /metrics says of the engine."""
        text = self._shown("metrics").raise_for_status().text
        return {
            name: float(number) for name, number in re.findall(r"^roost_(\w+) (\S+)$", text, re.MULTILINE)
        }

    def is_busy(self) -> bool:
        numbers = self.numbers()
        return any(numbers[name] for name in ("writing", "reading", "waiting"))

    async def comes_to_rest(self) -> None:
        """Once what was hung up on is noticed."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while await asyncio.to_thread(self.is_busy):
                pass

    async def closes_files(self, most: int) -> None:
        """Until so many are open at most: those of clients that went are closed when that is noticed."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while self.open_files > most:
                await asyncio.to_thread(self.is_busy)

    def is_well(self) -> bool:
        return self._shown("health").json() == {"status": "ok"}

    def _shown(self, page: str) -> httpx.Response:
        return httpx.get(self.url.replace("/v1", f"/{page}"), timeout=ANSWER_SECONDS)


@dataclass(frozen=True)
class Answered:
    status: int
    text: str = ""
    """Of the reply, as it is."""
    finish: str = ""
    cached_tokens: int = 0
    error: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Client:
    served: Served
    http: httpx.AsyncClient

    async def complete(self, prompt: Sequence[int], tokens: int, **fields: object) -> Answered:
        """The likeliest reply to a prompt of tokens, all of its text."""
        asked = {"prompt": prompt, "max_tokens": tokens, "temperature": 0}
        return await self.reply("completions", asked | fields)

    async def chat(self, text: str, tokens: int, **fields: object) -> Answered:
        asked = {"messages": [{"role": "user", "content": text}], "max_tokens": tokens}
        return await self.reply("chat/completions", asked | fields)

    async def reply(self, page: str, fields: Json) -> Answered:
        answer = await self.http.post(f"{self.served.url}/{page}", json=fields)
        body = answer.json()
        if answer.status_code != 200:
            return Answered(answer.status_code, error=body["error"], headers=answer.headers)
        choice = body["choices"][0]
        text = choice["text"] if "text" in choice else choice["message"]["content"] or ""
        cached = body["usage"]["prompt_tokens_details"]["cached_tokens"]
        return Answered(200, text, choice["finish_reason"], cached)

    async def streamed(self, prompt: Sequence[int], tokens: int, **fields: object) -> Answered:
        """The same as `complete`, piece by piece."""
        text, finish, cached = "", "", 0
        asked = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, **fields}
        async with aclosing(self.events("completions", asked)) as events:
            async for event in events:
                for choice in event["choices"]:
                    text += choice["text"]
                    finish = choice["finish_reason"] or finish
                if usage := event.get("usage"):
                    cached = usage["prompt_tokens_details"]["cached_tokens"]
        return Answered(200, text, finish, cached)

    async def events(self, page: str, fields: Json) -> AsyncGenerator[Json, None]:
        """Closed early, it hangs up."""
        asked = {**fields, "stream": True, "stream_options": {"include_usage": True}}
        async with self.http.stream("POST", f"{self.served.url}/{page}", json=asked) as answer:
            assert answer.status_code == 200, await answer.aread()
            left = b""
            async for piece in answer.aiter_bytes():  # aiter_lines knows other ends, which a reply may hold
                *lines, left = (left + piece).split(b"\n")
                for event in (json.loads(line[6:]) for line in lines if line.startswith(b"data: {")):
                    assert "error" not in event, event
                    yield event


@asynccontextmanager
async def client_of(served: Served) -> AsyncGenerator[Client, None]:
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=0)
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits, trust_env=False) as http:
        yield Client(served, http)


@contextmanager
def serving(folder: Path, **options: object) -> Iterator[Served]:
    command = [sys.executable, "-m", "tests.servr.native.tiny_server", str(folder), json.dumps(options)]
    with started(command) as (process, url):
        yield Served(url, folder.name, folder, process)


@contextmanager
def started(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that says where it listens, and its URL there."""
    packages = next(Path(os.environ["ROOST_TEST_SERVERS"]).glob("native/lib/python*/site-packages"))
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    environment |= {"ROOST_NATIVE_PACKAGES": str(packages)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    lines = SimpleQueue[str]()
    reader = Thread(target=_follow, args=(process, lines), daemon=True)
    reader.start()
    try:
        yield process, _url(lines)
    finally:
        process.kill()
        process.wait()
        reader.join()
        assert process.stdout
        process.stdout.close()


def _follow(process: "subprocess.Popen[str]", lines: "SimpleQueue[str]") -> None:
    """Reads on to its end, so that its output never blocks it."""
    assert process.stdout
    for line in process.stdout:
        lines.put(line)
    lines.put("")


def _url(lines: "SimpleQueue[str]") -> str:
    told = ""
    try:
        while line := lines.get(timeout=START_SECONDS):
            told += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/v1", line):
                return found[0]
    except Empty:
        pass
    raise AssertionError(f"The server did not start: {told}")
