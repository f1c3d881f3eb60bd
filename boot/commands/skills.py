"""`roost skills`: what the agent made for itself, looked at, tested, accepted, and carried elsewhere."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

from boot.folder_acts import FolderActs
from boot.layers import Loaded, here
from boot.sandbox_choice import sandbox_for
from boot.skill_acts import SkillActs
from boot.skill_foundry import propose
from boot.skills import skill_runner, skill_shelf
from core.errors import AgentError
from core.visible import revealed, visible


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="ACTION")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(action=name)
        added.add_argument("--workspace", metavar="FOLDER", default=argparse.SUPPRESS, help="whose skills")
        return added

    action("list", "The skills of this workspace, and why some are set aside.")
    action("test", "Compiles skills and runs their examples.").add_argument(
        "names", nargs="*", metavar="NAME"
    )
    for name, text in (
        ("show", "The code of a skill, and how it fares."),
        ("accept", "Shows the code of a skill or what changed, runs its examples, and lets it be called."),
        ("disable", "Sets a skill aside until it is accepted again."),
        ("remove", "Takes a skill away; its versions stay among the older ones."),
    ):
        added = action(name, text)
        added.add_argument("name", metavar="NAME")
        if name == "accept":
            added.add_argument("--yes", action="store_true", help="without a question")
    export = action("export", "Copies skills into a folder.")
    export.add_argument("folder", type=Path, metavar="FOLDER")
    export.add_argument("names", nargs="*", metavar="NAME")
    propose = action("propose", "Drafts skills of code and commands that came back in past sessions.")
    propose.add_argument("--all", action="store_true", help="of the sessions of every workspace")
    bring = action("import", "Copies the skills of a folder here; none of them is accepted by that.")
    bring.add_argument("folder", type=Path, metavar="FOLDER")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    acts = SkillActs(skill_shelf(loaded.workspace, here().folders, loaded.settings))
    texts = FolderActs.of(loaded.workspace, here().folders)
    if given.action == "accept" and (draft := texts.drafts.text(given.name)) is not None:
        return _accept_draft(texts, given, draft)
    if given.action in ("test", "accept"):
        return asyncio.run(_run(acts, given, loaded))
    ways: dict[str, Callable[[], Iterable[str]]] = {
        "list": lambda: chain(acts.listed(), texts.listed()),
        "show": lambda: texts.shown(given.name) or acts.shown(given.name),
        "disable": lambda: [acts.disable(given.name)],
        "remove": lambda: [acts.remove(given.name)],
        "export": lambda: acts.export(given.names, given.folder),
        "import": lambda: acts.bring_in(given.folder),
        "propose": lambda: propose(loaded, of_all=given.all),
    }
    return _show(ways[given.action](), as_code=given.action == "show")


def _accept_draft(texts: FolderActs, given: argparse.Namespace, draft: str) -> int:
    _show(texts.shown(given.name) or (), as_code=True)
    if not given.yes and not _says_yes():
        return 1
    return _show([f"{texts.drafts.accept(given.name, draft)} is a skill now."])


async def _run(acts: SkillActs, given: argparse.Namespace, loaded: Loaded) -> int:
    """What runs code, in the sandbox of the workspace."""
    files = [acts.file(name) for name in _named(acts, given)]
    if given.action == "accept":
        _show(acts.to_accept(files[0]), as_code=True)
        if not given.yes and not _says_yes():
            return 1
    held = await sandbox_for(loaded.settings, loaded.workspace, here().folders)
    for notice in held.notices:
        sys.stderr.write(f"roost: {visible(notice)}\n")
    runner = skill_runner(held.backend, loaded.workspace)
    try:
        if given.action == "accept":
            return _show([await acts.accept(files[0], runner)])
        found = {file.name: await acts.faults(file, runner) for file in files}
        _show(line for name, faults in found.items() for line in _lines_of_test(name, faults))
        return 1 if any(found.values()) else 0
    finally:
        await runner.aclose()
        await held.backend.aclose()


def _named(acts: SkillActs, given: argparse.Namespace) -> Sequence[str]:
    if given.action == "accept":
        return [given.name]
    return given.names or [card.name for card in acts.shelf.cards()]


def _lines_of_test(name: str, faults: Sequence[str]) -> Iterable[str]:
    return [f"{name}: {fault}" for fault in faults] or [f"{name}: passes"]


def _says_yes() -> bool:
    if not sys.stdin.isatty():
        raise AgentError("Nobody is there to say yes.", hint="Look at it above, then give --yes.")
    sys.stdout.write("Accept it? [y/n] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _show(lines: Iterable[str], *, as_code: bool = False) -> int:
    """`as_code`: what nobody would see of a line is written out."""
    for line in lines:
        sys.stdout.write(f"{revealed(line) if as_code else visible(line)}\n")
    return 0
