"""Makes up paths, addresses and shell lines, and looks for those that get past a guard, break it or hang it.

python -m bench.fuzz                       100,000 paths, 1,000,000 addresses, 100,000 shell lines
python -m bench.fuzz --paths 0 --seed 7    only some of it, made up differently
python -m bench.fuzz --quick               a hundredth of everything

The same seed makes up the same inputs. What is a fault is told by other means than the guard's own: see the
modules of `bench/fuzzing`. The command fails when there is one.
"""

import sys
from argparse import ArgumentParser
from functools import partial

from bench.fuzzing import commands, paths, urls
from bench.fuzzing.found import Found, timed
from bench.tables import write

KINDS = {"paths": (paths.fuzz, 100_000), "urls": (urls.fuzz, 1_000_000), "commands": (commands.fuzz, 100_000)}


def main() -> int:
    parser = ArgumentParser(prog="bench.fuzz")
    for name, (_, count) in KINDS.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    faults: list[str] = []
    write("made up", "count", "seconds", "faults", "the others")
    write(*["---"] * 5)
    for name, (fuzz, _) in KINDS.items():
        if count := getattr(asked, name) // (100 if asked.quick else 1):
            found = timed(partial(fuzz, count, asked.seed))
            write(*cells_of(found))
            faults += found.faults
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


def cells_of(found: Found) -> tuple[str, ...]:
    others = sorted((name, count) for name, count in found.verdicts.items() if name != "fault")
    judged = ", ".join(f"{count:,} {name}" for name, count in others)
    return (found.kind, f"{found.inputs:,}", f"{found.seconds:.0f}", str(found.verdicts["fault"]), judged)


if __name__ == "__main__":
    sys.exit(main())
