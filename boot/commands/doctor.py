"""`roost doctor`: what is missing or wrong here, and how to mend it.

A check looks at one thing and answers with findings; it depends on no other check.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from boot.layers import Loaded, here
from core.errors import AgentError
from core.values import value

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("boot", "core", "flow", "gate", "model", "servr", "store", "tool")
REQUIRED = ("dotenv", "httpx", "numpy", "prompt_toolkit", "pydantic", "rich")
INSTALL = "Install Roost again: in a checkout remove .venv and start python3 cli.py."
LEAST_FREE_BYTES = 500 * 2**20


@value
class Finding:
    subject: str
    state: Literal["ok", "note", "problem"] = "ok"
    """A note is no failure: something works less well than it could."""
    text: str
    mend: str = ""


Check = Callable[[Loaded], Iterable[Finding]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="leave the model server alone")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    return examine(loaded, ask_model=not given.offline)


def examine(loaded: Loaded, *, ask_model: bool) -> int:
    """Print what every check finds; the exit code is 1 when there is a problem, else 0."""
    problems = 0
    for finding in findings(loaded, ask_model=ask_model):
        problems += finding.state == "problem"
        _print(finding)
    sys.stdout.write("All is well.\n" if not problems else f"{problems} to mend.\n")
    return 1 if problems else 0


def findings(loaded: Loaded, *, ask_model: bool) -> Iterator[Finding]:
    """What every check finds, as soon as it does."""
    for check in (*CHECKS, model_server, fallbacks) if ask_model else CHECKS:
        yield from _findings(check, loaded)


def _findings(check: Check, loaded: Loaded) -> Iterator[Finding]:
    subject = check.__name__.replace("_", " ")
    try:
        yield from check(loaded)
    except AgentError as error:
        yield Finding(subject=subject, state="problem", text=error.args[0], mend=error.hint)
    except OSError as error:
        yield Finding(subject=subject, state="problem", text=f"{error}.", mend="Mend the folder's rights.")


def _print(finding: Finding) -> None:
    sys.stdout.write(f"{finding.state:<8} {finding.subject:<14} {finding.text}\n")
    if finding.mend:
        sys.stdout.write(f"{'':<23} → {finding.mend}\n")
    sys.stdout.flush()


def python(loaded: Loaded) -> Iterator[Finding]:
    yield Finding(subject="Python", text=f"{sys.version.split()[0]}, {sys.executable}")


def packages(loaded: Loaded) -> Iterator[Finding]:
    places = {name: _place_of(name) for name in PACKAGES}
    elsewhere = [f"{name} from {place}" for name, place in places.items() if place != ROOT / name]
    missing = [name for name in REQUIRED if find_spec(name) is None]
    if elsewhere:
        text = f"These come before ours: {', '.join(elsewhere)}."
        yield Finding(subject="packages", state="problem", text=text, mend="Take them off PYTHONPATH.")
    if missing:
        yield Finding(subject="packages", state="problem", text=f"Not installed: {missing}.", mend=INSTALL)
    if not elsewhere and not missing:
        yield Finding(subject="packages", text=f"all in {ROOT}")


def workspace(loaded: Loaded) -> Iterator[Finding]:
    with tempfile.TemporaryFile(dir=loaded.workspace):
        yield Finding(subject="workspace", text=f"{loaded.workspace} can be written to")


def folders(loaded: Loaded) -> Iterator[Finding]:
    ours = here().folders
    for name, folder in (("data", ours.data), ("config", ours.config), ("cache", ours.cache)):
        if os.access(existing(folder), os.W_OK | os.X_OK):
            yield Finding(subject=f"{name} folder", text=str(folder))
        else:
            mend = f"Give yourself the right to, or name another in AGENT_{name.upper()}_DIR."
            text = f"{folder} cannot be written to."
            yield Finding(subject=f"{name} folder", state="problem", text=text, mend=mend)


def disk(loaded: Loaded) -> Iterator[Finding]:
    places = (existing(here().folders.data), loaded.workspace)
    for folder in {place.stat().st_dev: place for place in places}.values():
        free = shutil.disk_usage(folder).free
        text = f"{free / 2**30:.1f} GiB free at {folder}"
        if free < LEAST_FREE_BYTES:
            yield Finding(subject="disk", state="problem", text=text, mend="Make room: logs are never cut.")
        else:
            yield Finding(subject="disk", text=text)


def shell_grammar(loaded: Loaded) -> Iterator[Finding]:
    if find_spec("tree_sitter") and find_spec("tree_sitter_bash"):
        yield Finding(subject="shell grammar", text="tree-sitter-bash")
    else:
        text = "Not installed: no rule can allow a shell command, each one is asked for."
        yield Finding(subject="shell grammar", state="note", text=text, mend="pip install 'roost[shell]'")


def sandbox(loaded: Loaded) -> Iterator[Finding]:
    from asyncio import run

    from boot.sandbox_choice import sandbox_for

    choice = run(sandbox_for(loaded.settings, loaded.workspace, here().folders))
    if not choice.notices:
        yield Finding(subject="sandbox", text=choice.backend.name)
    for notice in choice.notices:
        yield Finding(subject="sandbox", state="note", text=notice, mend=choice.mend)


def ripgrep(loaded: Loaded) -> Iterator[Finding]:
    if found := shutil.which("rg"):
        yield Finding(subject="ripgrep", text=found)
    else:
        text = "Not found: searching works, and takes longer in large folders."
        yield Finding(subject="ripgrep", state="note", text=text, mend="Install ripgrep.")


def memory(loaded: Loaded) -> Iterator[Finding]:
    path = here().folders.database
    if not path.exists():
        yield Finding(subject="memory", text="nothing is remembered yet")
        return
    from contextlib import closing

    from store.database import Database
    from store.facts import Facts
    from store.migrations import MIGRATIONS

    with closing(Database.open(path, MIGRATIONS)) as database, database.reading() as connection:
        damage = [row for (row,) in connection.execute("PRAGMA quick_check(1)") if row != "ok"]
        facts = Facts(connection)
        count = facts.how_many(facts.projects().values())
    if damage:
        text, mend = f"{path} is damaged: {damage[0]}.", "Move it away, or rescue it with sqlite3's .recover."
        yield Finding(subject="memory", state="problem", text=text, mend=mend)
    else:
        yield Finding(subject="memory", text=f"{count:,} facts in {path}")


def terminal(loaded: Loaded) -> Iterator[Finding]:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if not sys.stdout.isatty():
        yield Finding(subject="terminal", text="none: the output goes to a file or a pipe")
    elif os.environ.get("TERM") == "dumb":
        yield Finding(subject="terminal", state="note", text="TERM is dumb: no colours, no redrawing.")
    elif encoding != "utf8":
        text, mend = f"It takes {encoding}, not UTF-8.", "Set LANG to a locale that ends in .UTF-8."
        yield Finding(subject="terminal", state="note", text=text, mend=mend)
    else:
        colours = "colours off by NO_COLOR" if os.environ.get("NO_COLOR") else "colours"
        yield Finding(subject="terminal", text=f"{colours}, UTF-8")


def model_server(loaded: Loaded) -> Iterator[Finding]:
    from boot.model_check import model_findings

    yield from model_findings(loaded.settings)


def fallbacks(loaded: Loaded) -> Iterator[Finding]:
    if loaded.settings.fallback_urls:
        from boot.model_check import fallback_findings

        yield from fallback_findings(loaded.settings)


CHECKS: tuple[Check, ...] = (
    python,
    packages,
    workspace,
    folders,
    disk,
    shell_grammar,
    sandbox,
    ripgrep,
    memory,
    terminal,
)


def existing(folder: Path) -> Path:
    """`folder`, or what there is of the way to it."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _place_of(package: str) -> Path | None:
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))).resolve() if places else None
