"""The commands beside the chat and `-p`: `roost sessions`, `models`, `calibrate` and so on.

Each takes `--workspace`, prints to stdout what it was asked for, and answers an exit code.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import TextIOWrapper
from typing import Any

from boot.layers import Loaded, here, load_settings
from boot.masking import masking_of
from boot.settings import known_settings
from boot.shown import Shown
from core.visible import visible


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line that begins with the command's name.

    Exits with code 2 and a usage line when it is not understood.

    Raises:
        AgentError: with the exit code it names.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what was said may hold letters this terminal lacks
    given = _parser().parse_args(arguments)
    flags = {name: getattr(given, name, None) for name in ("workspace", "model", "model_url")}
    loaded = load_settings(here(), {name: flag for name, flag in flags.items() if flag})
    _warn(loaded.warnings)
    act: Command = given.act
    shown: Any = Shown(sys.stdout, masking_of(loaded.settings, here()))
    with redirect_stdout(shown):
        return act(given, loaded)


def _sessions(given: argparse.Namespace, loaded: Loaded) -> int:
    from boot.session_commands import export_session, list_sessions, search_sessions, show_session
    from store.sessions import Sessions

    sessions = Sessions(here().folders.sessions)
    workspace = None if given.all else loaded.workspace
    match given.action:
        case "search":
            return search_sessions(sessions, workspace, given.words)
        case "show":
            return show_session(sessions, given.id)
        case "export":
            masking = masking_of(loaded.settings, here())
            return export_session(sessions, given.id, given.output, masking)
        case _:
            return list_sessions(sessions, workspace)


def _undo(given: argparse.Namespace, loaded: Loaded) -> int:
    from boot.undo_command import list_steps, preview, undo_to

    of = (here().folders, loaded.workspace, given.session)
    if given.to is None:
        return list_steps(*of)
    if given.preview:
        return preview(*of, given.to)
    masking = masking_of(loaded.settings, here())
    return undo_to(*of, given.to, overwrite=given.overwrite, masking=masking)


def _models(given: argparse.Namespace, loaded: Loaded) -> int:
    from boot.calibrate.kept import Calibrations
    from boot.models_command import list_models

    kept = Calibrations(here().folders.calibrations)
    return list_models(loaded.settings, given.url or loaded.settings.model_url, kept, json=given.json)


def _calibrate(given: argparse.Namespace, loaded: Loaded) -> int:
    from boot.calibrate.command import calibrate

    return calibrate(loaded.settings, here().folders, json=given.json, anew=given.anew)


def _settings(given: argparse.Namespace, loaded: Loaded) -> int:
    """Every value with its origin; secrets are said to be set or not."""
    rows = [
        (name, known.shown(getattr(loaded.settings, name)), loaded.origins[name])
        for name, known in known_settings().items()
    ]
    rows.append(("(workspace in use)", str(loaded.workspace), ""))
    names, values = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, current, origin in rows:
        sys.stdout.write(f"{name:<{names}}  {current:<{values}}  {origin}".rstrip() + "\n")
    return 0


def _doctor(given: argparse.Namespace, loaded: Loaded) -> int:
    from boot.doctor import examine

    return examine(loaded, ask_model=not given.offline)


def _why(given: argparse.Namespace, loaded: Loaded) -> int:
    from asyncio import run

    from boot.permissions import permissions_for
    from boot.sandbox_choice import sandbox_for
    from core.permissions import Effect
    from flow.why import explain

    folders = here().folders
    sandbox = run(sandbox_for(loaded.settings, loaded.workspace, folders)).backend
    permissions, warnings = permissions_for(
        loaded.settings, loaded.workspace, folders, isolated=sandbox.isolated, has_person=True
    )
    _warn(warnings)
    sys.stdout.write(explain(permissions, "shell", Effect.EXECUTE, {"command": given.text}) + "\n")
    return 0


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        sys.stderr.write(f"roost: {visible(warning)}\n")


Command = Callable[[argparse.Namespace, Loaded], int]


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--workspace", metavar="FOLDER", help="folder to work in (AGENT_WORKSPACE)")
    parser = argparse.ArgumentParser(prog="roost", allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, parents=[shared], allow_abbrev=False)
        added.set_defaults(act=act)
        return added

    _add_session_actions(command("sessions", _sessions, "What was said before, in this workspace."))
    undo = command("undo", _undo, "The steps of a session, and its files back to one of them.")
    undo.add_argument(
        "--session", metavar="ID", help="or how it alone begins; else the newest of the workspace"
    )
    undo.add_argument(
        "--to", type=int, metavar="STEP", help="files become what they were after it; 0: before all"
    )
    undo.add_argument("--preview", action="store_true", help="only show what would change")
    undo.add_argument("--overwrite", action="store_true", help="also what somebody else changed since")
    models = command("models", _models, "Which models there are, what each can do, and where.")
    models.add_argument("--url", metavar="URL", help="of this server, not of all on the usual local ports")
    models.add_argument("--json", action="store_true", help="all that is known, as one line of JSON")
    exam = command("calibrate", _calibrate, "What a model on its server can do: an exam of five minutes.")
    exam.add_argument("--model", metavar="NAME", help="model to ask (AGENT_MODEL)")
    exam.add_argument("--url", dest="model_url", metavar="URL", help="its server (AGENT_MODEL_URL)")
    exam.add_argument("--anew", action="store_true", help="from the first check on, not where it broke off")
    exam.add_argument("--json", action="store_true", help="the report as one line of JSON")
    command("settings", _settings, "Every setting, its value and where that stands.")
    doctor = command("doctor", _doctor, "What is missing or wrong here, and how to mend it.")
    doctor.add_argument("--offline", action="store_true", help="leave the model server alone")
    why = command("why", _why, "How a shell command would be judged, and by which rule.")
    why.add_argument("text", metavar="COMMAND", help="in quotes, as one word")
    return parser


def _add_session_actions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="of every workspace")
    parser.set_defaults(action="list")
    actions = parser.add_subparsers(metavar="ACTION")

    def action(name: str, text: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(action=name)
        return added

    listing = action("list", "The sessions, last used first.")
    search = action("search", "Sessions with a prompt or a reply that has all these words.")
    show = action("show", "What was said and done.")
    export = action("export", "A session as Markdown.")
    for one in (listing, search):  # what was not given here leaves what was given before
        one.add_argument("--all", action="store_true", default=argparse.SUPPRESS, help="of every workspace")
        one.add_argument("--workspace", metavar="FOLDER", default=argparse.SUPPRESS, help="whose sessions")
    for one in (show, export):
        one.add_argument("id", metavar="ID", help="the id, or how it alone begins")
    search.add_argument("words", nargs="+", metavar="WORD")
    export.add_argument("--output", metavar="FILE", help="a new file instead of stdout")
