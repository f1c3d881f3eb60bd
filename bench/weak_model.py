"""Measures how often weak models finish small tasks, and what each repair is worth to them, in two tables.

python -m bench.weak_model            some minutes on a quiet machine
python -m bench.weak_model --quick    a tenth of the runs
"""

import asyncio
import os
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

from bench.tables import write
from tests.simulator.model import EQUAL
from tests.simulator.running import runs

RUNS, RUNS_WITHOUT = 500, 100
RATES = ((0.1, "≥ 99 %"), (0.3, "≥ 90 %"))
WORSE_RATE = RATES[-1][0]
CHUNK = 25


@dataclass(frozen=True)
class Repair:
    kinds: Sequence[str]
    """The mistakes that it is there for."""
    beside: Sequence[str] = ()
    """What would do its work is left out with it and without it: another repair, or the server's holding."""


REPAIRS: Mapping[str, Repair] = {
    "text_calls": Repair(("text dialect", "missing tags", "call in thoughts")),
    "call_in_thinking": Repair(("call in thoughts",), ("empty_reply",)),
    "empty_reply": Repair(("empty reply",)),
    "names": Repair(("wrong tool name",)),
    "almost_json": Repair(("malformed JSON",), ("constrained",)),
    "aliases": Repair(("wrong argument name",), ("constrained",)),
    "coercion": Repair(("wrong types",), ("constrained",)),
    "constrained": Repair(("malformed JSON", "wrong argument name", "wrong types", "refused arguments")),
    "cut_off": Repair(("cut call",)),
    "announcement": Repair(("narrated intent",)),
    "loops": Repair(("repeated call",)),
}


@dataclass(frozen=True)
class Sample:
    """So many seeds under one condition."""

    count: int
    rate: float
    kinds: Sequence[str] = tuple(EQUAL)
    without: Sequence[str] = ()
    deaf: bool = False

    def chunks(self) -> Iterable["tuple[range, Sample]"]:
        return ((range(at, min(at + CHUNK, self.count)), self) for at in range(0, self.count, CHUNK))


@dataclass(frozen=True)
class Ended:
    """What is kept of a run."""

    is_success: bool
    how: str
    requests: int


def main() -> None:
    parser = ArgumentParser(
        "python -m bench.weak_model", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    share = 10 if parser.parse_args().quick else 1
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        write("mistakes per step", "tasks done", "budget", "requests per task", "ended otherwise")
        write(*("---",) * 5)
        for rate, budget in RATES:
            ended = measured(pool, Sample(RUNS // share, rate))
            write(f"{rate:.0%}", success(ended), budget, requests(ended), failures(ended))
        sys.stdout.write("\n")
        titles = ("tasks done", "requests", "tasks done by deaf models")
        write("repair", *(f"{title}: with / without it" for title in titles), "all mistakes, without it")
        write(*("---",) * 5)
        for name, repair in REPAIRS.items():
            write(name, *worth(pool, name, repair, RUNS_WITHOUT // share))


def worth(pool: ProcessPoolExecutor, name: str, repair: Repair, count: int) -> Sequence[str]:
    """Its mistakes alone: of models that listen, and of those that do not; then all mistakes, without it."""
    both = [Sample(count, WORSE_RATE, repair.kinds, (*off, *repair.beside)) for off in ((), (name,))]
    listening, deaf = ([measured(pool, replace(one, deaf=deaf)) for one in both] for deaf in (False, True))
    mixed = measured(pool, Sample(count, WORSE_RATE, without=(name,)))
    rows = map(success, listening), map(requests, listening), map(success, deaf)
    return *(" / ".join(row) for row in rows), success(mixed)


def measured(pool: ProcessPoolExecutor, sample: Sample) -> Sequence[Ended]:
    return [ended for chunk in pool.map(_measured, *zip(*sample.chunks(), strict=True)) for ended in chunk]


def _measured(seeds: range, sample: Sample) -> Sequence[Ended]:
    weights = dict.fromkeys(sample.kinds, 1.0)
    found = asyncio.run(runs(seeds, sample.rate, weights, sample.without, deaf=sample.deaf))
    return [
        Ended(run.is_success, f"{run.outcome}, {'done' if run.passed else 'not done'}", run.requests)
        for run in found
    ]


def success(ended: Sequence[Ended]) -> str:
    return f"{sum(one.is_success for one in ended) / len(ended):.1%}"


def requests(ended: Sequence[Ended]) -> str:
    """The median, and in brackets the least and the most."""
    counts = [one.requests for one in ended]
    return f"{median(counts):.0f} ({min(counts)}–{max(counts)})"


def failures(ended: Sequence[Ended]) -> str:
    counted = Counter(one.how for one in ended if not one.is_success)
    return "; ".join(f"{how}: {count}" for how, count in counted.most_common())


if __name__ == "__main__":
    main()
