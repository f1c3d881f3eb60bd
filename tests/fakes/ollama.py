"""An Ollama that keeps its promises and its habits: a prompt beyond its window loses its oldest messages."""

import json
from collections.abc import Sequence
from typing import Any

from tests.fakes.bodies import OLLAMA, OLLAMA_SHOW
from tests.fakes.serving import Asked, FakeServer, Page, page

CHARS_PER_TOKEN = 4
LONGER = "the prompt is longer than the context length currently available to the model; context {}"


def line(**said: object) -> bytes:
    return json.dumps({"model": "qwen3:8b", "created_at": "2026-11-21T00:00:00Z", **said}).encode() + b"\n"


def said(text: str) -> list[bytes]:
    """A reply of words, a few characters a line."""
    pieces = [text[start : start + 8] for start in range(0, len(text), 8)]
    return [line(message={"role": "assistant", "content": piece}, done=False) for piece in pieces]


def thought(text: str) -> list[bytes]:
    return [line(message={"role": "assistant", "content": "", "thinking": text}, done=False)]


def called(name: str, **arguments: object) -> list[bytes]:
    call = {"id": "call_8x", "function": {"index": 0, "name": name, "arguments": arguments}}
    return [line(message={"role": "assistant", "content": "", "tool_calls": [call]}, done=False)]


class FakeOllama(FakeServer):
    """Each request for a reply gets the next of `replies`, and the counts of what was read and written.

    Args:
        refuses: whether it knows `truncate: false`, as newer versions do.
        fixed_tokens: a window that no request changes.
    """

    def __init__(
        self,
        *replies: Sequence[bytes],
        refuses: bool = True,
        fixed_tokens: int | None = None,
        show: dict[str, Any] = OLLAMA_SHOW,
    ) -> None:
        self.replies = list(replies)
        self.refuses = refuses
        self.fixed_tokens = fixed_tokens
        self.loads: list[int] = []
        """The window of each time the model was loaded."""
        super().__init__({**OLLAMA, "/api/ps": self._running, "/api/chat": self._reply, "/api/show": show})

    @property
    def requests(self) -> list[Asked]:
        return [asked for asked in self.log if asked.path == "/api/chat"]

    def _running(self, _: Asked) -> Page:
        running = {"name": "qwen3:8b", "size": 10, "size_vram": 10}
        return page({"models": [{**running, "context_length": self.loads[-1]}] if self.loads else []})

    def _reply(self, asked: Asked) -> Page:
        body = asked.json
        window = self.fixed_tokens or body["options"]["num_ctx"]
        if self.loads[-1:] != [window]:
            self.loads.append(window)
        tokens = len(json.dumps(body["messages"])) // CHARS_PER_TOKEN
        if tokens > window and self.refuses and body.get("truncate") is False:
            return page({"error": LONGER.format(window)}, 400)
        if not self.replies:
            return page({"error": "the fake has no further reply"}, 400)
        counts = {"prompt_eval_count": min(tokens, window), "eval_count": 7, "total_duration": 1}
        pieces = self.replies.pop(0)
        return Page(
            (
                *pieces,
                line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop", **counts),
            ),
            kind="application/x-ndjson",
        )
