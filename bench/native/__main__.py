"""Measures Roost's own model server beside `transformers serve --continuous-batching` and llama.cpp's server.

python -m bench.native             four rounds: 13 minutes on a quiet machine
python -m bench.native --quick     two rounds, with prompts of 1,000 tokens
python -m bench.native --only roost llama-server        the bare loop always runs

It needs `export ROOST_TEST_SERVERS="$(.ci/servers)"` and ROOST_QWEN3_TOKENIZER; the first run builds
llama.cpp's server. All have the same random weights in 32 bits, one compute thread, and turns at every row.
"""

import signal
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bench.native.contenders import COMMANDS
from bench.native.loop import NAME
from bench.native.measuring import (
    GUESSING,
    LLAMA,
    OURS,
    OVERHEAD,
    PLAIN,
    THEIRS,
    measure,
    measure_guessing,
    measure_overhead,
)
from bench.native.results import Budget, Results, ratios, write_budgets, write_prompts, write_rates
from bench.native.rows import ROWS, Sizes
from bench.tables import write

RATES = ("decode", "decode at this length", "four at once")
PROMPTS = [row for row in ROWS if row not in RATES]


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    arguments = parsed()
    names = [name for name in COMMANDS if not arguments.only or name in arguments.only]
    sizes = Sizes(prompt=1_000, decoded=48) if arguments.quick else Sizes()
    rounds = 2 if arguments.quick else 4
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        measure(results, Path(folder), names, sizes, rounds)
        if OURS in names:
            measure_overhead(results, Path(folder), sizes, rounds)
            measure_guessing(results, Path(folder), sizes, rounds)
    write_prompts(results, PROMPTS, [*names, NAME])
    write()
    write_rates(results, [*RATES, OVERHEAD, PLAIN, GUESSING], [*names, NAME])
    write()
    write_budgets(budgets(results))


def parsed() -> Namespace:
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", choices=list(COMMANDS))
    return parser.parse_args()


def budgets(results: Results) -> list[Budget]:
    first = {name: results.values("next turn", name, "first") for name in COMMANDS}
    fastest = [min(both) for both in zip(*filter(None, (first[THEIRS], first[LLAMA])), strict=True)]
    costs = (results.values(OVERHEAD, name, "ms") for name in (OURS, NAME))
    return [
        Budget(
            "next turn, beside the fastest", "≤ 1.2", lambda found: found <= 1.2,
            ratios(first[OURS], fastest),
        ),
        Budget(
            "next turn, beside its own cold time", "≤ 0.10", lambda found: found <= 0.1,
            ratios(first[OURS], results.values("cold", OURS, "first")),
        ),
        _rate(results, "decode", NAME, 0.95),
        _rate(results, "decode at this length", NAME, 0.95),
        _rate(results, "decode", THEIRS, 1.0),
        _rate(results, "decode at this length", THEIRS, 1.0),
        _rate(results, "four at once", THEIRS, 1.0),
        Budget(
            "milliseconds a token beyond the bare loop", "≤ 1", lambda found: found <= 1,
            [ours - theirs for ours, theirs in zip(*costs, strict=True)],
        ),
    ]  # fmt: skip


def _rate(results: Results, row: str, beside: str, least: float) -> Budget:
    rates = (results.values(row, name, "rate") for name in (OURS, beside))
    return Budget(f"{row}, beside {beside}", f"≥ {least}", lambda found: found >= least, ratios(*rates))


if __name__ == "__main__":
    main()
