"""Asks a server for one reply and times it, over a plain socket, which costs next to nothing."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

LIMIT_SECONDS = 300.0
Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Reply:
    text: str
    first_seconds: float
    """From just before the request was sent until text came."""
    seconds: float
    """Until its end."""
    tokens: int
    prompt_tokens: int
    cached_tokens: int | None
    """Of the prompt; None where it is not told."""
    first_cpu_seconds: float
    """Of the server, until the first text came."""
    cpu_seconds: float
    """Until the end."""

    @property
    def rate(self) -> float:
        """Tokens a second after the first."""
        return (self.tokens - 1) / (self.seconds - self.first_seconds)

    @property
    def token_ms(self) -> float:
        return 1_000 / self.rate

    @property
    def token_cpu_ms(self) -> float:
        return 1_000 * (self.cpu_seconds - self.first_cpu_seconds) / (self.tokens - 1)


def reply_of(url: str, body: Mapping[str, object], cpu: Callable[[], float]) -> Reply:
    """`cpu`: the server's CPU time so far, in seconds."""
    started, cpu_started = time.perf_counter(), cpu()
    text, usage, first = "", {}, (0.0, 0.0)
    with _answer(url, body) as answer:
        for chunk in _chunks(answer):
            usage = chunk.get("usage") or usage
            text += _text(chunk)
            if text and not first[0]:
                first = time.perf_counter() - started, cpu() - cpu_started
    seconds, cpu_seconds = time.perf_counter() - started, cpu() - cpu_started
    first = first if first[0] else (seconds, cpu_seconds)
    told = usage["prompt_tokens"], (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    return Reply(text, first[0], seconds, usage["completion_tokens"], *told, first[1], cpu_seconds)


def leave(url: str, body: Mapping[str, object], *, after_seconds: float | None = None) -> None:
    """Ask, and go away: after this time, or when the first text came."""
    if after_seconds is not None:
        connection = _asked(url, body)
        time.sleep(after_seconds)
        connection.close()
        return
    with _answer(url, body) as answer:
        for chunk in _chunks(answer):
            if _text(chunk):
                return


@contextmanager
def _answer(url: str, body: Mapping[str, object]) -> Iterator[HTTPResponse]:
    connection = _asked(url, body)
    try:
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{url} answered {answer.status}: {answer.read(2_000).decode()}")
        yield answer
    finally:
        connection.close()


def _asked(url: str, body: Mapping[str, object]) -> HTTPConnection:
    where = urlsplit(url)
    connection = HTTPConnection(where.netloc, timeout=LIMIT_SECONDS)
    sent = json.dumps({**body, "stream": True, "stream_options": {"include_usage": True}})
    connection.request("POST", f"{where.path}/chat/completions", sent, {"Content-Type": "application/json"})
    return connection


def _text(chunk: Mapping[str, Any]) -> str:
    deltas = [choice["delta"] for choice in chunk["choices"]]
    return "".join(delta.get("content") or delta.get("reasoning_content") or "" for delta in deltas)


def _chunks(answer: HTTPResponse) -> Iterator[dict[str, Any]]:
    for line in answer:
        if line.startswith(b"data: {"):
            chunk = json.loads(line[6:])
            if "error" in chunk:
                raise RuntimeError(f"The stream ended with {chunk['error']}")
            yield chunk
