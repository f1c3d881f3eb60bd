"""Measures what a run costs, beside a bare loop and the other agents that are installed, and prints a table.

python -m bench.measure            under a minute on a quiet machine
python -m bench.measure --quick    fewer rounds and steps
"""

import math
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from bench.contenders import ROOT, Contender, bare_environment, floor, installed_peers, roost
from bench.running import Cost, Runner
from bench.tables import write
from bench.tokens import parts, token_counter
from bench.typing import terminal
from tests.scripted_server import Recorded, ScriptedServer, Spoken, Step, call, kept, say

FILES = 196
"""In the repository in which every command is started."""
Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Sizes:
    rounds: int
    steps: int
    window: int
    """How many gaps around a step its cost is the median of."""


FULL = Sizes(rounds=9, steps=1000, window=20)
QUICK = Sizes(rounds=3, steps=200, window=10)


def main() -> None:
    parser = ArgumentParser("python -m bench.measure", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and steps")
    sizes = QUICK if parser.parse_args().quick else FULL
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        workspace, empty, home = (Path(folder, name) for name in ("workspace", "empty", "home"))
        make_workspace(workspace)
        empty.mkdir()
        home.mkdir()
        runner = Runner(workspace, bare_environment(home))
        bench = Bench(runner, roost(workspace), roost(empty), floor(), installed_peers(home), sizes)
        write("what", "roost", "budget", "beside")
        write(*("---",) * 4)
        for measure in bench.measures():
            for row in measure():
                write(*row)
    for error in dict.fromkeys(runner.errors):
        sys.stdout.write(f"\n{error}\n")


@dataclass(frozen=True)
class Bench:
    runner: Runner
    roost: Contender
    in_empty: Contender
    """Roost in a folder without files, where undo has nothing to look at."""
    floor: Contender
    peers: Sequence[Contender]
    sizes: Sizes

    def measures(self) -> Sequence[Callable[[], Sequence[Row]]]:
        return (
            self.one_request,
            self.first_requests_of_peers,
            self.chat,
            self.version,
            self.prompt,
            self.steps,
            self.memory,
        )

    def one_request(self) -> Sequence[Row]:
        """Exec to the first request, and the processor time of the whole run."""
        ours, bare = self._interleaved(lambda contender: self.runner.run(contender, [say("Done.")]))
        return (
            (
                "exec → first model request, ms",
                spread([cost.first_request_ms for cost in ours]),
                "≤ 0.75 × codex (about 170)",
                f"floor {spread([cost.first_request_ms for cost in bare])}",
            ),
            (
                "CPU of a one-request run, s",
                spread([cost.cpu_seconds for cost in ours], digits=2),
                "≤ 0.20",
                f"floor {spread([cost.cpu_seconds for cost in bare], digits=2)}",
            ),
        )

    def first_requests_of_peers(self) -> Sequence[Row]:
        """Ours and theirs in turn, each ended at its first request."""
        if not self.peers:
            return (("the same beside other agents", "–", "", "none of codex, claude and pi is installed"),)
        contenders = (self.roost, *self.peers)
        taken: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        for _ in range(self.sizes.rounds):
            for contender in contenders:
                taken[contender.name].append(self.runner.first_request_ms(contender))
        ours = taken.pop("roost")
        beside = [f"{name} {spread(theirs)}, ratio {ratio(ours, theirs)}" for name, theirs in taken.items()]
        return (
            (
                "the same, interleaved with other agents, ms",
                spread(ours),
                "≤ 0.75 × codex",
                "; ".join(beside),
            ),
        )

    def chat(self) -> Sequence[Row]:
        """Exec of a chat until it takes keys, in a pseudo-terminal."""

        def prompt_ms() -> float:
            with ScriptedServer((), port=self.runner.port) as server:
                started = time.perf_counter()
                with terminal(self.runner.workspace, self.runner.environment, server.url):
                    return (time.perf_counter() - started) * 1000

        prompt_ms()  # the first makes what it keeps in the home
        return (
            ("exec → the chat's prompt, ms", spread([prompt_ms() for _ in range(self.sizes.rounds)]), "", ""),
        )

    def version(self) -> Sequence[Row]:
        def wall_ms(*arguments: str) -> float:
            return self.runner.cost([sys.executable, *arguments], None).wall_seconds * 1000

        cli = str(ROOT / "cli.py")
        both = [(wall_ms(cli, "--version"), wall_ms("-c", "pass")) for _ in range(self.sizes.rounds)]
        ours, bare = zip(*both, strict=True)
        return (("`--version`, ms", spread(ours), "≤ 40", f"`python -c pass` {spread(bare)}"),)

    def prompt(self) -> Sequence[Row]:
        """Tokens of the first request, and what two runs of one prompt share."""
        first, second = (self.runner.run(self.roost, [say("Done.")]).requests for _ in range(2))
        again = f"{kept(first[0], second[0]):.1%}" if first and second else "–"
        count = token_counter()
        if not first:
            counted = "–"
        elif count is None:
            counted = "not counted: ROOST_QWEN3_TOKENIZER names no tokenizer.json"
        else:
            system, tools, context = map(count, parts(first[0]))
            counted = f"{system + tools} ({system} / {tools}) + {context}"
        return (
            ("first request, tokens: system + tools (system / tools) + context", counted, "≤ 1,000", ""),
            ("same prompt, next run: prefix kept", again, "100 %", ""),
        )

    def steps(self) -> Sequence[Row]:
        ours, looked, bare = (
            self.runner.run(contender, stepping(self.sizes.steps))
            for contender in (self.in_empty, self.roost, self.floor)
        )
        early, late = self._early_and_late(ours)
        early_looked, _ = self._early_and_late(looked)
        bare_early, bare_late = self._early_and_late(bare)
        return (
            ("per step without sandbox, ms", spread(early), "≤ 8", f"floor {spread(bare_early)}"),
            (
                f"step cost at step {self.sizes.steps:,} / step 10",
                ratio(late, early),
                "≤ 1.1",
                f"floor {ratio(bare_late, bare_early)}",
            ),
            (f"the same, with undo looking at {FILES} files, ms", spread(early_looked), "measured apart", ""),
        )

    def memory(self) -> Sequence[Row]:
        costs = [self.runner.run(self.roost, stepping(20), sample_memory=True) for _ in range(3)]
        bare = [self.runner.run(self.floor, stepping(20), sample_memory=True) for _ in range(3)]
        shares = [kept(earlier, later) for cost in costs for earlier, later in pairwise(cost.requests)]
        return (
            (
                "peak PSS of a 20-step run, MB",
                spread([cost.peak_pss_mb for cost in costs]),
                "≤ 60",
                f"floor {spread([cost.peak_pss_mb for cost in bare])}",
            ),
            ("prefix kept between consecutive requests", f"{min(shares, default=0):.1%}", "100 %", ""),
        )

    def _interleaved(self, run: Callable[[Contender], Cost]) -> tuple[Sequence[Cost], Sequence[Cost]]:
        pairs = [(run(self.roost), run(self.floor)) for _ in range(self.sizes.rounds)]
        return [ours for ours, _ in pairs], [bare for _, bare in pairs]

    def _early_and_late(self, cost: Cost) -> tuple[Sequence[float], Sequence[float]]:
        """Gaps from step 10 on, and those up to the last step."""
        gaps, window = cost.gaps_ms, self.sizes.window
        return gaps[10 : 10 + window], gaps[-window:]


def stepping(count: int) -> Iterator[Step]:
    """So many calls of `true`, no two the same, and an end. Bodies long answered are let go."""
    recorded: list[Recorded] = []

    def step(number: int) -> Callable[[Recorded], Spoken]:
        def answer(request: Recorded) -> Spoken:
            recorded.append(request)
            if number > 40:
                recorded[-2].body = b""
            return call("shell", command=f"true {number}")

        return answer

    yield from (step(number) for number in range(count))
    yield say("Done.")


def make_workspace(folder: Path) -> None:
    """A git repository of small files."""
    for number in range(FILES):
        path = folder / f"part{number // 20}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""Module {number}."""\n\n\ndef answer() -> int:\n    return {number}\n')
    author = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "-A"), (*author, "commit", "-q", "-m", "a repository")):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and in brackets the least and the most."""
    found = measured(values)
    if not found:
        return "–"
    return f"{median(found):.{digits}f} ({min(found):.{digits}f}–{max(found):.{digits}f})"


def ratio(over: Sequence[float], under: Sequence[float]) -> str:
    above, below = measured(over), measured(under)
    return f"{median(above) / median(below):.2f}" if above and below else "–"


def measured(values: Sequence[float]) -> Sequence[float]:
    return [value for value in values if not math.isnan(value)]


if __name__ == "__main__":
    main()
