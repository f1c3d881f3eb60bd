"""Runs all contenders side by side, and asks them in turn."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.native.contenders import COMMANDS, Models, Server, environment, servers_folder, serving
from bench.native.conversations import Writer
from bench.native.llama_server import converted
from bench.native.loop import NAME, BareLoop, looping
from bench.native.results import Results
from bench.native.rows import OF_THE_LOOP, ROWS, Course, Sizes, decode_figures

OURS, THEIRS, LLAMA = COMMANDS
WINDOW = 16_384
MAKING = """
import sys
from pathlib import Path
from tests.servr.native.models import Large, make_large
make_large(Path(sys.argv[1]), Large({shape}))
"""
THIN = "hidden=64, layers=1"
"""Of little but its vocabulary: what a token takes beside it is the server's."""
REPEATING = "spread=0.02"
OVERHEAD = "decode, a model of one thin layer"
PLAIN, GUESSING = "decode, one token for ever", "the same with prompt lookup"
GUESS = {"prompt_lookup": True}


def measure(results: Results, folder: Path, names: Sequence[str], sizes: Sizes, rounds: int) -> None:
    models = Models(made(folder / "model", ""), folder / "model.gguf", WINDOW)
    if LLAMA in names:
        converted(models.folder, servers_folder() / "transformers" / "bin" / "python", models.gguf)
    with ExitStack() as running:
        contenders: list[Server | BareLoop] = [
            running.enter_context(serving(name, models, folder / f"{name}.log")) for name in names
        ]
        contenders.append(running.enter_context(looping(models.folder, models.threads, folder / "loop.log")))
        for contender in contenders:
            contender.ask(Writer(-1).prompt(600), 8)
        for number in range(rounds):
            _one_round(results, contenders, number, sizes)


def _one_round(results: Results, contenders: Sequence[Server | BareLoop], number: int, sizes: Sizes) -> None:
    """Every row of each, row by row, beginning with another one than in the round before."""
    first = number % len(contenders)
    courses = [Course(each, Writer(number), sizes) for each in [*contenders[first:], *contenders[:first]]]
    for row, figures in ROWS.items():
        for course in courses:
            if course.asked.name != NAME or row in OF_THE_LOOP:
                results.add(row, course.asked.name, figures(course))
                sys.stderr.write(f"round {number + 1}, {row}: {course.asked.name}\n")


def measure_overhead(results: Results, folder: Path, sizes: Sizes, rounds: int) -> None:
    model = made(folder / "thin", THIN)
    with _ours_and_the_loop(model, folder) as (server, loop):
        for number in range(rounds):
            for asked in (server, loop):
                reply = asked.ask(Writer(number).prompt(100), 2 * sizes.decoded)
                results.add(OVERHEAD, asked.name, decode_figures(reply))


def measure_guessing(results: Results, folder: Path, sizes: Sizes, rounds: int) -> None:
    """The best case of prompt lookup: a model that only repeats itself."""
    model = made(folder / "repeating", REPEATING)
    with _ours_and_the_loop(model, folder) as (server, loop):
        for number in range(rounds):
            prompt = Writer(number).prompt(100)
            results.add(PLAIN, loop.name, decode_figures(loop.ask(prompt, sizes.decoded)))
            results.add(PLAIN, server.name, decode_figures(server.ask(prompt, sizes.decoded)))
            results.add(GUESSING, server.name, decode_figures(server.ask(prompt, sizes.decoded, **GUESS)))


@contextmanager
def _ours_and_the_loop(model: Path, folder: Path) -> Iterator[tuple[Server, BareLoop]]:
    models = Models(model, model, WINDOW)
    with (
        serving(OURS, models, folder / "log") as server,
        looping(model, models.threads, folder / "log") as loop,
    ):
        for asked in (server, loop):
            asked.ask(Writer(-1).prompt(100), 8)
        yield server, loop


def made(folder: Path, shape: str) -> Path:
    """A model of random weights, made where torch is."""
    python = servers_folder() / "transformers" / "bin" / "python"
    command = [python, "-c", MAKING.format(shape=shape), folder]
    subprocess.run(command, check=True, capture_output=True, env=environment(1))
    return folder
