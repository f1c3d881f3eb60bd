"""The command line of `roost`, without its sub-commands (`boot/commands.py`)."""

import argparse
from collections.abc import Sequence
from dataclasses import field

from core.values import value

EPILOG = """commands:
  roost sessions [search WORDS | show ID | export ID]   what was said before
  roost models [--url URL] [--json]                     which models there are, what each can do, and where
  roost calibrate [--url URL] [--model NAME]            what a model can do, found out in five minutes
  roost settings                                        every setting and where it comes from
  roost doctor                                          what is missing, and how to mend it
  roost why "COMMAND"                                   how a command would be judged

exit codes: 0 done, 1 not done, 2 usage or settings, 3 model server, 4 files of ours, 5 unverified,
70 a bug, 130 interrupted"""


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
    given = parser().parse_args(argv)
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


def parser() -> argparse.ArgumentParser:
    line = argparse.ArgumentParser(
        prog="roost",
        description="A coding agent for the model on your own machine. Without -p it opens a chat.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = line.add_argument
    add("-p", "--prompt", nargs="?", const="", metavar="TEXT", help="do one task and exit; also reads stdin")
    add("--json", action="store_true", help="with -p: every event on stdout, one JSON record a line")
    add("--deltas", action="store_true", help="with -p: --json, with the passing events too")
    add("--model", metavar="NAME", help="model to ask (AGENT_MODEL)")
    add("--url", dest="model_url", metavar="URL", help="OpenAI-compatible server (AGENT_MODEL_URL)")
    add("--workspace", metavar="FOLDER", help="folder to work in (AGENT_WORKSPACE)")
    add("--permission", metavar="MODE", help="plan, ask, auto-edit or full (AGENT_PERMISSION)")
    add("--sandbox", metavar="KIND", help="auto, external (this machine is one) or none (AGENT_SANDBOX)")
    add("--max-steps", metavar="N", help="model replies in one turn (AGENT_MAX_STEPS)")
    which = line.add_mutually_exclusive_group()
    which.add_argument(
        "-c", "--continue", dest="newest", action="store_true", help="go on with the newest session"
    )
    which.add_argument("--resume", metavar="ID", help="go on with this session")
    model = line.add_mutually_exclusive_group()
    model.add_argument("--offline", action="store_true", help="built-in rules, no model")
    model.add_argument("--gemini", action="store_true", help="ask Gemini (GEMINI_API_KEY), for long tasks")
    add("--version", action="store_true", help="print the version and exit")
    return line
