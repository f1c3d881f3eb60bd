"""Measures how fast texts are searched for secrets, and prints a table.

python -m bench.masking

A row for each number of values (of 40 characters). Columns: what it takes to get ready; MB/s through a
million characters of code, of base64, of code with a value every 5,000 characters, and of the worst text
there is (the first 15 characters of a value, again and again); the output of a command in pieces of 64 KiB;
and one delta of a reply. Seconds are those of the processor.
"""

import base64
import random
import string
from collections.abc import Callable
from pathlib import Path
from time import process_time

from bench.tables import write
from core.masking import MaskedBytes, MaskedStream, Masking

COUNTS = (1, 5, 20, 100)
LETTERS = string.ascii_letters + string.digits + "-_"
CHARS, PIECE_BYTES, DELTA_CHARS, DELTAS = 1_000_000, 65_536, 4, 5_000
ROUNDS = 3


def main() -> None:
    rng = random.Random(20_261_129)
    code = Path(__file__).read_text(encoding="utf-8") * 1_000
    blob = base64.b64encode(rng.randbytes(CHARS)).decode()
    write("values", "ready (ms)", "code", "base64", "with values", "worst", "output (MB/s)", "a delta (µs)")
    write("---", *["---:"] * 7)
    for count in COUNTS:
        values = [(f"KEY_{number}", "".join(rng.choices(LETTERS, k=40))) for number in range(count)]
        first = values[0][1]
        texts = (code, blob, (code[:5_000] + first) * 200, f"{first[:15]} x " * 60_000)
        masking = Masking(values)
        ready = seconds(lambda: Masking(values).masked("x" * 8))  # noqa: B023 - called at once
        rates = [rate(masking.masked, text[:CHARS]) for text in texts]
        write(str(count), f"{ready * 1e3:.1f}", *rates, output(masking, code[:CHARS]), delta(masking, code))


def rate(act: Callable[[str], object], text: str) -> str:
    return f"{len(text) / seconds(lambda: act(text)) / 1e6:.1f}"


def output(masking: Masking, text: str) -> str:
    data = text.encode()

    def read() -> None:
        masked = MaskedBytes(masking)
        for start in range(0, len(data), PIECE_BYTES):
            masked.add(data[start : start + PIECE_BYTES])
        masked.add(b"", final=True)

    return f"{len(data) / seconds(read) / 1e6:.1f}"


def delta(masking: Masking, text: str) -> str:
    pieces = [text[at : at + DELTA_CHARS] for at in range(0, DELTAS * DELTA_CHARS, DELTA_CHARS)]

    def read() -> None:
        stream = MaskedStream(masking)
        for piece in pieces:
            stream.add(piece)

    return f"{seconds(read) / len(pieces) * 1e6:.0f}"


def seconds(act: Callable[[], object]) -> float:
    """The least of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = process_time()
        act()
        times.append(process_time() - began)
    return max(min(times), 1e-9)


if __name__ == "__main__":
    main()
