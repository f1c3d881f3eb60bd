"""The command line of `roost`, without its commands (`boot/commands/`)."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import partial

from boot.commands.table import typed_in_full
from core.commands import help_lines
from core.values import value

EXIT_CODES = """\
exit codes: 0 done, 1 not done, 2 usage or settings, 3 model server, 4 files of ours, 5 unverified,
70 a bug, 130 interrupted
"""


@value
class Arguments:
    prompt: str | None
    """None for a chat; empty when the text comes from standard input alone."""
    json: bool
    deltas: bool
    newest: bool
    resume: str | None
    offline: bool
    gemini: bool
    version: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    """Settings given as flags, by their names in `boot/settings.py`."""


def parse(argv: Sequence[str]) -> Arguments:
    """Exits with code 2 and a usage line on standard error when `argv` is not understood."""
    given = parser().understood(argv)
    names = ("model", "model_url", "max_steps", "workspace", "permission", "sandbox")
    flags = {name: str(getattr(given, name)) for name in names if getattr(given, name) is not None}
    return Arguments(
        prompt=given.prompt,
        json=given.json or given.deltas,
        deltas=given.deltas,
        newest=given.newest,
        resume=given.resume,
        offline=given.offline,
        gemini=given.gemini,
        version=given.version,
        settings=flags,
    )


class DiscreetParser(argparse.ArgumentParser):
    """It does not repeat what follows a flag that there is not: somebody may have typed a key there."""

    def understood(self, words: Sequence[str]) -> argparse.Namespace:
        """Exits with code 2 and a usage line when it does not."""
        given, left = self.parse_known_args(words)
        if left:
            self.error(f"unrecognized arguments: {' '.join(_discreet(left))}")
        return given


def _discreet(words: Sequence[str]) -> Iterator[str]:
    after_flag = False
    for word in words:
        is_flag = word.startswith("-")
        flag = word.partition("=")[0] if word.startswith("--") else word[:2]
        if is_flag:
            yield flag if flag == word else f"{flag}…"
        else:
            yield "…" if after_flag else word
        after_flag = after_flag or is_flag


class CommandLine(DiscreetParser):
    """Its help ends with the commands, from their table; no other start has to read that."""

    def format_help(self) -> str:
        from shutil import get_terminal_size

        self.formatter_class = argparse.HelpFormatter
        commands = "\n".join(help_lines(typed_in_full(), width=get_terminal_size().columns))
        return f"{super().format_help()}\ncommands:\n{commands}\n\n{EXIT_CODES}"


def parser() -> CommandLine:
    """Its help is docs/commands.md as well: `python -m boot.commands_page` writes it there."""
    line = CommandLine(
        prog="roost",
        description="A coding agent for the model on your own machine. Without -p it opens a chat.",
        allow_abbrev=False,
        add_help=False,
        formatter_class=partial(argparse.HelpFormatter, width=80),  # else each flag asks the terminal
    )
    add = line.add_argument
    text = "does one task and exits; text from standard input is added to it, or stands alone"
    add("-p", "--prompt", nargs="?", const="", metavar="TEXT", help=text)
    text = "with -p: every durable event on standard output, one JSON record a line, and nothing else there"
    add("--json", action="store_true", help=text)
    add("--deltas", action="store_true", help="--json with the passing events too")
    add("--model", metavar="NAME", help="the model to ask (AGENT_MODEL)")
    text = "the OpenAI-compatible server to ask (AGENT_MODEL_URL)"
    add("--url", dest="model_url", metavar="URL", help=text)
    add("--workspace", metavar="FOLDER", help="the folder to work in (AGENT_WORKSPACE)")
    text = "what may run without a question: plan, ask, auto-edit or full (AGENT_PERMISSION)"
    add("--permission", metavar="MODE", help=text)
    text = "what keeps commands in: auto, external (this machine is one) or none (AGENT_SANDBOX)"
    add("--sandbox", metavar="KIND", help=text)
    text = "model replies in one turn before it is stopped (AGENT_MAX_STEPS)"
    add("--max-steps", metavar="N", help=text)
    which = line.add_mutually_exclusive_group()
    text = "goes on with the session of this workspace that was used last"
    which.add_argument("-c", "--continue", dest="newest", action="store_true", help=text)
    text = "goes on with this session; how the id alone begins will do"
    which.add_argument("--resume", metavar="ID", help=text)
    model = line.add_mutually_exclusive_group()
    model.add_argument("--offline", action="store_true", help="built-in rules answer, no model")
    text = "asks Gemini, for long tasks; needs GEMINI_API_KEY"
    model.add_argument("--gemini", action="store_true", help=text)
    add("--version", action="store_true", help="prints the version")
    add("-h", "--help", action="help", help="prints this")
    return line
