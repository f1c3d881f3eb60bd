"""What the server has done, as Prometheus reads it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from servr.native.asking import Counts

GAUGES = {
    "writing": "Replies that are being written.",
    "reading": "Prompts that are being read.",
    "waiting": "Requests that wait for their turn.",
    "kept_conversations": "Conversations whose keys and values are kept.",
    "kept_bytes": "What these take.",
    "most_kept_bytes": "What these may take.",
    "is_alive": "Whether the engine works.",
}
TOTALS = {
    "replies": "Replies that came to their end.",
    "failed": "Replies that did not, through a fault.",
    "cancelled": "Replies that nobody waited for any more.",
    "prompt_tokens": "Tokens of prompts.",
    "cached_tokens": "Of these, those that had been read before.",
    "reply_tokens": "Tokens of replies.",
    "guessed_tokens": "Of these, those that were looked up and proved right.",
    "steps": "Steps of the engine.",
    "evicted": "Conversations that were given up for others.",
    "out_of_memory": "Times that memory ran out.",
}


@dataclass
class Tally:
    """Answers that were begun, by page and status."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)


def metrics(tally: Tally, counts: Counts | None) -> str:
    return "".join(f"{line}\n" for line in _lines(tally, counts))


def _lines(tally: Tally, counts: Counts | None) -> Iterator[str]:
    yield from _about("requests_total", "Answers that were begun.", "counter")
    for (page, status), number in sorted(tally.answers.items()):
        yield f'roost_requests_total{{page="{page}",status="{status}"}} {number}'
    if counts is None:
        return
    for name, said in GAUGES.items():
        yield from _about(name, said, "gauge")
        yield f"roost_{name} {getattr(counts, name):d}"
    for name, said in TOTALS.items():
        yield from _about(f"{name}_total", said, "counter")
        yield f"roost_{name}_total {getattr(counts, name):d}"


def _about(name: str, said: str, kind: str) -> tuple[str, str]:
    return f"# HELP roost_{name} {said}", f"# TYPE roost_{name} {kind}"
