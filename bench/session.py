"""Measures long sessions in process: how much of each prompt is kept, and what a step costs; two tables.

python -m bench.session            under a minute on a quiet machine

A scripted model reads one file after the other with the real tool; loop, policies and prompts are the
real ones, and each request is written as it would be sent. Nothing is sent.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.measure import spread
from bench.tables import write
from core.deltas import Delta, FinishDelta
from core.events import ContextShrunk
from core.messages import Usage, UserMessage
from core.protocols import ModelRequest
from flow.sessions import Session
from gate.scripted import call, say
from gate.serialising import PrefixWriter
from tests.simulator.running import a_sandbox, a_session, write_files

STEPS, WINDOW = 200, 40_960
LINES = 40
"""Of each file that is read in the session of 200 steps."""
WINDOWS = (8_192, 32_768, 131_072)
FILLED, MEASURED = 0.65, 30
"""The share of the window that is full after the last step, and how many steps before it are timed."""
ROUNDS = 3
CHARS_PER_TOKEN = 3.5
SUMMARY = "The files were read in their order, and each holds numbered lines. Nothing was changed yet."


@dataclass
class Reader:
    """A model that reads file after file, and keeps what it was sent."""

    last: int
    """After so many calls it is done."""
    writer: PrefixWriter = field(default_factory=lambda: PrefixWriter("m"))
    bodies: list[bytes] = field(default_factory=list)
    """Those for a reply; what was asked for a summary is left out."""
    work_ms: list[float] = field(default_factory=list)
    """From the end of a reply until the next request is written."""
    most_tokens: int | None = None
    """With a prompt of so many it is done too."""
    _replied: float = 0.0

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        body = self.writer.body(request)
        took = (perf_counter() - self._replied) * 1000
        usage = Usage(prompt_tokens=int(len(body) / CHARS_PER_TOKEN), reply_tokens=30)
        newest = request.messages[-1]
        if isinstance(newest, UserMessage) and newest.source == "summary":
            reply = say(SUMMARY)
        else:
            self.work_ms.append(took)
            self.bodies.append(body)
            reply = say("Done.") if self._is_done(usage) else call("read_file", path=self._next_path)
        for delta in reply:
            if isinstance(delta, FinishDelta):
                self._replied = perf_counter()
                yield replace(delta, usage=usage)
            elif not isinstance(delta, asyncio.Event | Exception):
                yield delta

    @property
    def _next_path(self) -> str:
        return f"file{len(self.bodies)}.txt"

    def _is_done(self, usage: Usage) -> bool:
        is_full = self.most_tokens is not None and usage.prompt_tokens >= self.most_tokens
        return is_full or len(self.bodies) > self.last


@dataclass(frozen=True)
class Told:
    """What came of a session."""

    reader: Reader
    session: Session

    @property
    def shrunk(self) -> int:
        return sum(isinstance(record.event, ContextShrunk) for record in self.session.log.records())


async def read(steps: int, window_tokens: int, lines: int, most_tokens: int | None = None) -> Told:
    reader = Reader(last=steps, most_tokens=most_tokens)
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        write_files(
            Path(folder), {f"file{number}.txt": text(number, lines) for number in range(1, steps + 1)}
        )
        async with a_sandbox() as sandbox:
            session = a_session(
                reader, Path(folder), sandbox, window_tokens=window_tokens, max_steps=steps + 1
            )
            await session.send("Read all files, one after the other.")
            await session.aclose()
    return Told(reader, session)


def text(number: int, lines: int) -> str:
    return "".join(f"line {line} of file {number}: {line * number}\n" for line in range(lines))


async def prefixes() -> None:
    told = await read(STEPS, WINDOW, LINES)
    bodies = [body.removesuffix(b"]}") for body in told.reader.bodies]
    pairs = list(pairwise(bodies))
    common = [shared(earlier, later) for earlier, later in pairs]
    whole = [length == len(earlier) for length, (earlier, _) in zip(common, pairs, strict=True)]
    cut = [
        f"{length / len(earlier):.0%}"
        for length, (earlier, _), kept in zip(common, pairs, whole, strict=True)
        if not kept
    ]
    reused = sum(common) / sum(len(later) for _, later in pairs)
    write(f"{STEPS} steps, window {WINDOW:,}", "measured", "budget")
    write("---", "---", "---")
    write("compactions", str(told.shrunk), "2")
    write(
        "requests that begin with the whole of the one before", f"{sum(whole)} of {len(whole)}", "all others"
    )
    write("of a request, kept over a compaction", ", ".join(cut), "system and tools")
    write("of all bytes sent, those that the request before had", f"{reused:.1%}", "")


def shared(earlier: bytes, later: bytes) -> int:
    """How many bytes both begin with."""
    if later.startswith(earlier):
        return len(earlier)
    return next(at for at, pair in enumerate(zip(earlier, later, strict=False)) if pair[0] != pair[1])


async def costs() -> None:
    """The windows take turns, so that what else the machine does meets all of them."""
    write("window", "steps before", "a step, ms", "beside the smallest")
    write(*("---",) * 4)
    await filled(WINDOWS[0])  # what is loaded and compiled once
    rounds = [[await filled(window) for window in WINDOWS] for _ in range(ROUNDS)]
    taken = {
        window: [ms for told in of for ms in told.reader.work_ms[-MEASURED:]]
        for window, of in by_window(rounds)
    }
    for window, of in by_window(rounds):
        steps = len(of[0].reader.work_ms) - MEASURED
        ratio = median(taken[window]) / median(taken[WINDOWS[0]])
        write(f"{window // 1024}k", str(steps), spread(taken[window], digits=2), f"{ratio:.2f}")


async def filled(window_tokens: int) -> Told:
    """A session that reads short files until most of the window is full; nothing is shrunk."""
    return await read(window_tokens // 60, window_tokens, 2, int(window_tokens * FILLED))


def by_window(rounds: Sequence[Sequence[Told]]) -> Iterator[tuple[int, Sequence[Told]]]:
    return zip(WINDOWS, zip(*rounds, strict=True), strict=True)


def main() -> None:
    asyncio.run(prefixes())
    sys.stdout.write("\n")
    asyncio.run(costs())


if __name__ == "__main__":
    main()
