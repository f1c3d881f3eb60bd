"""`roost memory`: what is remembered, looked at, added to, and forgotten."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from boot.embedding import embedder_of, show_progress
from boot.layers import Loaded, here
from boot.masking import masking_of
from boot.remembering import Remembering
from boot.shown import show
from core.errors import AgentError, ConfigError
from core.memory import Fact
from core.values import encode
from servr.fact_lines import lines_of_facts, lines_of_stored
from servr.spans import Line

SHOWN, MOST_SHOWN = 30, 1_000_000
MOST_BYTES = 1_000_000
"""Of standard input; a fact is much shorter."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list")
    _add_flags(parser, "json", "all", "scope", "count")
    actions = parser.add_subparsers(metavar="ACTION")

    def action(name: str, text: str, *flags: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(action=name)
        added.add_argument("--workspace", metavar="FOLDER", default=argparse.SUPPRESS, help="whose facts")
        _add_flags(added, "json", *flags, given_before=True)
        return added

    action("list", "The facts of this project and of you, newest first.", "all", "scope", "count")
    search = action("search", "The facts nearest to these words, best first.", "all", "scope", "count")
    store = action("store", "Keeps a fact; without TEXT the one that standard input brings.", "scope")
    action("embed", "Makes the vectors that are missing, of every project's facts.")
    forget = action("forget", "Removes facts for good, with what they replaced.", "all")
    search.add_argument("words", nargs="+", metavar="WORD")
    store.add_argument("--replaces", type=int, metavar="ID", help="the fact that it corrects")
    store.add_argument("words", nargs="*", metavar="TEXT")
    forget.add_argument("ids", nargs="+", type=int, metavar="ID")


def _add_flags(parser: argparse.ArgumentParser, *names: str, given_before: bool = False) -> None:
    """`given_before`: what is not given here leaves what was given before the action's name."""

    def default(otherwise: object) -> object:
        return argparse.SUPPRESS if given_before else otherwise

    flags: dict[str, dict[str, Any]] = {
        "json": {"action": "store_true", "default": default(False), "help": "the facts as one line of JSON"},
        "all": {"action": "store_true", "default": default(False), "help": "of every project"},
        "scope": {
            "choices": ("project", "user"),
            "default": default(None),
            "help": "of this project, or of you everywhere",
        },
        "count": {"type": _count, "default": default(SHOWN), "metavar": "N", "help": f"at most ({SHOWN})"},
    }
    for name in names:
        parser.add_argument(f"--{name}", **flags[name])


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    memory = Remembering(
        path=here().folders.database,
        project="" if given.all else str(loaded.workspace),
        masking=masking_of(loaded.settings, here()),
        source="person",
        scope=given.scope,
        embedder=partial(embedder_of, loaded.settings, here().folders),
        in_background=False,
        counts_uses=lambda: False,  # what a person looks at says nothing of what a model needs
    )
    return asyncio.run(_done(memory, given))


async def _done(memory: Remembering, given: argparse.Namespace) -> int:
    async with aclosing(memory):
        match given.action:
            case "store":
                return await _store(memory, given)
            case "search":
                found = await memory.search(" ".join(given.words), count=given.count)
                sys.stderr.writelines(f"roost: {notice}\n" for notice in memory.notices)
                return _shown(found, given, nothing="Nothing of that is remembered.")
            case "forget":
                return await _forget(memory, given)
            case "embed":
                return await _embed(memory)
            case _:
                page = await memory.page(count=given.count)
                return _shown(page.facts, given, total=page.total, nothing="Nothing is remembered yet.")


async def _store(memory: Remembering, given: argparse.Namespace) -> int:
    text = " ".join(given.words) or _piped()
    stored = await memory.store(text, scope=given.scope or "project", replaces=given.replaces)
    if given.json:
        print(encode(stored))
    else:
        show(lines_of_stored(stored))
    return 0


async def _embed(memory: Remembering) -> int:
    made = 0
    async for step in memory.catch_up():
        show_progress(sys.stderr, step)
        made = step.done
    told = "1 vector was made." if made == 1 else f"{made:,} vectors were made."
    print(told if made else "Every fact has its vector.")
    return 0


async def _forget(memory: Remembering, given: argparse.Namespace) -> int:
    """All that there are; then those that there are not are told."""
    gone = [(number, await memory.forget(number)) for number in dict.fromkeys(given.ids)]
    facts = [found[0] for _, found in gone if found]
    if given.json:
        print(encode(facts))
    elif facts:
        show([Line("Forgotten:"), *lines_of_facts(facts, with_project=given.all)])
    already = {fact.id for _, found in gone for fact in found}
    if missing := [f"#{number}" for number, found in gone if not found and number not in already]:
        said = f"There is no fact {', '.join(missing)} of this project or of you."
        raise AgentError(said, hint="`roost memory list --all` shows all.")
    return 0


def _shown(facts: Sequence[Fact], given: argparse.Namespace, *, nothing: str, total: int = 0) -> int:
    if given.json:
        print(encode(facts))
        return 0
    show(lines_of_facts(facts, with_project=given.all))
    if not facts:
        show([Line(nothing)])
    elif (left := total - len(facts)) > 0:
        show([Line(f"({left:,} more: --count {total} shows all, `roost memory search WORDS` finds one)")])
    return 0


def _piped() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise ConfigError("There is nothing to remember.", hint='Say it: roost memory store "…".')
    return sys.stdin.buffer.read(MOST_BYTES).decode("utf-8", "replace")


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_SHOWN:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_SHOWN:,}")
    return int(text)
