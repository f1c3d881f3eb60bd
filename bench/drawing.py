"""Measures what it costs to draw replies and cards: per size, per piece, and for what must not slow it down.

python -m bench.drawing            about a minute on a quiet machine
python -m bench.drawing --quick    a tenth of the sizes
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.tables import write
from core.events import ToolFinished
from core.views import CommandOutput
from servr.cards import Cards
from servr.markdown import MarkdownStream
from servr.terminal.opening import be_ready

PIECE_CHARS = 4
"""About a token."""
WIDTH = 100
TAIL_ROWS = 40
PROSE = "Some **bold** text with `code` and a [link](http://example.com/) in a paragraph. " * 8 + "\n\n"
REPLIES: Mapping[str, tuple[str, Callable[[int], str]]] = {
    "prose": ("1 MB", lambda size: PROSE * (size // len(PROSE))),
    "a line of words": ("100,000 characters", lambda size: "word " * (size // 50)),
    "a line without spaces": ("100,000 characters", lambda size: "x" * (size // 10)),
    "a line of Japanese": ("100,000 characters", lambda size: "日本語、" * (size // 40)),
    "a table": (
        "10,000 rows",
        lambda size: "| a | b |\n|---|---|\n" + "| some `cell` | another |\n" * (size // 100),
    ),
    "a block of Python": (
        "10,000 lines",
        lambda size: "```python\n" + "    x = f(1, 'two')  # three\n" * (size // 100),
    ),
    "a list": ("10,000 items", lambda size: "- item **b** text\n  - within\n" * (size // 200)),
    "brackets": ("100,000 characters", lambda size: "[" * (size // 10)),
    "stars": ("100,000 characters", lambda size: "*a " * (size // 30)),
    "bars": ("100,000 characters", lambda size: "|" * (size // 10)),
    "marks of quotes": ("100,000 characters", lambda size: ">" * (size // 10)),
}


@dataclass(frozen=True)
class Cost:
    seconds: float
    worst_feed: float
    worst_tail: float


def main() -> None:
    parser = ArgumentParser("python -m bench.drawing", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes")
    size = 100_000 if parser.parse_args().quick else 1_000_000
    write("reply", "size", "µs a character", "at half the size", "worst piece, ms", "worst tail, ms")
    write(*("---",) * 6)
    be_ready()
    for name, (told, reply) in REPLIES.items():
        half, whole = reply(size // 2), reply(size)
        before, cost = drawn(half), drawn(whole)
        each, each_before = (1e6 * one.seconds / len(text) for one, text in ((cost, whole), (before, half)))
        told = told if size == 1_000_000 else f"a tenth of {told}"
        write(
            name,
            told,
            f"{each:.1f}",
            f"{each_before:.1f}",
            f"{1e3 * cost.worst_feed:.1f}",
            f"{1e3 * cost.worst_tail:.1f}",
        )
    for lines in (size // 1_000, size // 100):
        write(f"a command of {lines:,} lines", "a card", f"{1e3 * card_seconds(lines):.2f} ms", "", "", "")


def drawn(text: str) -> Cost:
    """In pieces as they come; the tail is drawn twenty times."""
    stream = MarkdownStream(WIDTH)
    feeds, tails = list[float](), list[float]()
    every = max(PIECE_CHARS, len(text) // 20 // PIECE_CHARS * PIECE_CHARS)
    for place in range(0, len(text), PIECE_CHARS):
        feeds.append(timed(lambda: stream.feed(text[place : place + PIECE_CHARS])))  # noqa: B023  # called at once
        if place % every == 0:
            tails.append(timed(lambda: stream.tail(TAIL_ROWS)))
    feeds.append(timed(stream.end))
    return Cost(sum(feeds), max(feeds), max(tails))


def card_seconds(lines: int) -> float:
    view = CommandOutput(command="seq", output="a line of output\n" * lines, exit_code=0, seconds=1)
    event = ToolFinished(call_id="c", text="", view=view)
    return min(timed(lambda: [*Cards(lambda: WIDTH).see(event)]) for _ in range(5))


def timed(work: Callable[[], object]) -> float:
    """Seconds of the processor: what other programs do meanwhile does not count."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


if __name__ == "__main__":
    main()
