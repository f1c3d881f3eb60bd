"""Measures this checkout against another, in turn, so that both bear the same load; a table.

python -m bench.against FOLDER [ROUNDS]    of another checkout, such as a git worktree of an earlier commit
"""

import sys
import tempfile
from pathlib import Path

from bench.contenders import ROOT, Contender, bare_environment, roost
from bench.measure import spread, stepping
from bench.running import Runner
from bench.tables import write
from tests.scripted_server import say

STEPS = 100


def main(other: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        workspace, home = Path(folder, "workspace"), Path(folder, "home")
        workspace.mkdir()
        home.mkdir()
        contenders = [roost(workspace, root=root) for root in (ROOT, other)]
        runner = Runner(workspace, bare_environment(home))
        taken: list[list[tuple[float, ...]]] = [[], []]
        for round_ in range(rounds):
            for place in (0, 1) if round_ % 2 else (1, 0):
                taken[place].append(costs(runner, contenders[place]))
    write("what", "here", "there")
    write("---", "---", "---")
    names = ("exec → first model request, ms", "CPU of a one-request run, ms", "CPU of a step, ms")
    for name, *columns in zip(names, *(zip(*rows, strict=True) for rows in taken), strict=True):
        write(name, *(spread(column, digits=1) for column in columns))
    for error in dict.fromkeys(runner.errors):
        sys.stdout.write(f"\n{error}\n")


def costs(runner: Runner, contender: Contender) -> tuple[float, ...]:
    """Processor time is that of the process and of all it started."""
    once = runner.run(contender, [say("Done.")])
    often = runner.run(contender, stepping(STEPS))
    step = (often.cpu_seconds - once.cpu_seconds) / STEPS
    return once.first_request_ms, once.cpu_seconds * 1000, step * 1000


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 9)
