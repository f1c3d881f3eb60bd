"""Calls file tools as rows of paths.toml say, as root or as nobody: a line of JSON for each row, and for what came of it.

Started by path, `driver.py self PYTHON` or `driver.py nobody PYTHON`; PYTHON is what tools start their processes with. Who
it is to be it becomes when everything is loaded: files of root's home, where Python may be, are out of reach then.
"""

import asyncio
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from socket import AF_UNIX, socket
from time import monotonic
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from core.errors import ToolError
from core.ledger import FileLedger
from core.profile import ActiveProfile, ModelProfile
from core.rules import Decision, Rule
from core.tools import AnyTool, ToolContext, ToolServices
from core.workspace import Workspace
from flow.instructions import InstructionNotes, session_head
from flow.permission import Mode, Permissions
from flow.places import Places
from tests.clocks import ENOUGH_SECONDS
from tests.tool.commanding import Nobody
from tool.data_view import DataView
from tool.edit_file import EditFile
from tool.find_files import FindFiles
from tool.find_text import FindText
from tool.list_files import ListFiles
from tool.read_file import ReadFile
from tool.sandbox_none import PlainBackend
from tool.write_file import WriteFile

CANARY = "CANARY"
NOBODY = 65534
TOOLS = {
    tool.name: tool for tool in (DataView, EditFile, FindFiles, FindText, ListFiles, ReadFile, WriteFile)
}
WARMING: Mapping[str, Mapping[str, Any]] = {
    "read_file": {"path": "README.md"},
    "edit_file": {"path": "README.md", "old": "hello", "new": "hi"},
    "find_text": {"pattern": "x", "glob": "*.md"},
    "list_files": {},
    "data_view": {"path": "data.csv", "sql": "FROM data"},
    "instructions": {},
}
"""Calls that load what tools load when they are called."""
FILES = {
    "outside/CANARY.txt": "x",
    "outside/secret.txt": f"the passwords are {CANARY}\n",
    "outside/note.txt": "a note\n",
    "outside/notes.md": f"{CANARY}\n",
    "outside/data.csv": f"name,amount\n{CANARY},1\n",
    "outside/folder/inner.txt": CANARY,
    "home/.ssh/id_rsa": CANARY,
    "project/README.md": "hello from the project\n",
    "project/notes.txt": "some notes\n",
    "project/data.csv": "name,amount\nfirst,1\nsecond,42\n",
    "project/src/main.py": "print('hi')\n",
    "project/.gitignore": "*.log\n",
    "project/.env": f"TOKEN={CANARY}\n",
    "project/.git/HEAD": "ref: refs/heads/main\n",
    "project/.git/config": "[core]\n\tbare = false\n",
    "project/.git/info/exclude": "",
    "project/.git/hooks/post-commit": "x",
    "project/.roost/rules.toml": "",
}


@dataclass
class Area:
    """One row's own corner of the disk."""

    base: Path
    row: Mapping[str, Any]
    descriptor: int = -1
    before: Mapping[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        named: str = self.row.get("workspace", "project")
        return self.base / named

    def filled(self, text: str) -> str:
        known = {
            "base": str(self.base),
            "descriptor": str(self.descriptor),
            "long": "x/" * 3_000 + "y",
            "pid": str(os.getpid()),
        }
        for name, given in known.items():
            text = text.replace("{" + name + "}", given)
        return text

    def make(self) -> None:
        for name, text in (FILES | self.row.get("files", {})).items():
            (self.base / name).parent.mkdir(parents=True, exist_ok=True)
            (self.base / name).write_text(text)
        if self.row.get("wide"):
            (self.base / "project/wide.csv").write_text(",".join(f"column_{n}" for n in range(400)) + "\n1\n")
        for name in self.row.get("without", ()):
            remove(self.base / name)
        self.descriptor = os.open(self.base / "outside/secret.txt", os.O_RDONLY)
        os.chdir(self.base / "outside")
        self._make_odd_ones()
        with suppress(PermissionError):
            Path("/proc/self/comm").write_text("python")
        self.before = self.fingerprints()

    def _make_odd_ones(self) -> None:
        for name, target in self.row.get("links", ()):
            (self.base / name).symlink_to(self.filled(target))
        for name, existing in self.row.get("hard", ()):
            (self.base / name).hardlink_to(self.base / existing)
        for name in self.row.get("pipes", ()):
            remove(self.base / name)
            os.mkfifo(self.base / name)
        for name in self.row.get("sockets", ()):
            os.chdir((self.base / name).parent)
            socket(AF_UNIX).bind(Path(name).name)
        for name in self.row.get("devices", ()):
            os.mknod(self.base / name, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        for name, mode in self.row.get("modes", {}).items():
            (self.base / name).chmod(int(mode, 8))

    def fingerprints(self) -> dict[str, str]:
        found = {"comm": Path("/proc/self/comm").read_text()}
        for path in self.base.rglob("*"):
            name = path.relative_to(self.base).as_posix()
            if not name.startswith("project/.roost/artifacts") and name != "project/.roost/.gitignore":
                found[name] = fingerprint(path)
        return found

    def reached(self) -> Iterator[str]:
        """What is not as it was, and may not be so."""
        after = self.fingerprints()
        for name in sorted({*self.before, *after}):
            if self.before.get(name) != after.get(name) and name not in self.row.get("changes", ()):
                yield name
            if after.get(name, "").startswith("file 4") or after.get(name, "").startswith("file 6"):
                yield f"{name} runs as somebody else"

    def holds(self) -> dict[str, str]:
        return {
            name: (self.base / name).read_text()
            for name in self.row.get("holds", {})
            if (self.base / name).exists()
        }


def fingerprint(path: Path) -> str:
    status = path.lstat()
    if path.is_symlink():
        return f"link {path.readlink()}"
    if stat.S_ISREG(status.st_mode):
        return f"file {stat.S_IMODE(status.st_mode):04o} {path.read_text()}"
    return f"{stat.S_IFMT(status.st_mode):o}"


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            remove(inner)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def services_of(area: Area) -> ToolServices:
    rules = tuple(Rule(decision=Decision.DENY, path=(path,)) for path in area.row.get("rules", ()))
    permissions = Permissions(
        mode=Mode.FULL,
        isolated=True,
        has_person=False,
        places=Places.of(str(area.root), str(area.base / "home")),
        rules=rules,
    )
    ledger = FileLedger()
    for name in area.before:
        path = area.base / name
        if path.is_file() and not path.is_symlink():
            ledger.saw(path.resolve(), path.read_bytes())  # so that no write is refused only as a surprise
    return ToolServices(
        workspace=Workspace(area.root, permissions.forbids),
        artifacts=area.base / "project/.roost/artifacts",
        sandbox=PlainBackend(),
        asker=Nobody(),
        web=Nobody(),
        hides=permissions.hides,
        active=ActiveProfile(ModelProfile(output_chars=4_000)),
        ledger=ledger,
    )


async def called(area: Area, services: ToolServices) -> str:
    """What a model would be shown. Raises whatever the tool does."""
    arguments = {
        name: area.filled(given) if isinstance(given, str) else given
        for name, given in area.row.get("arguments", {}).items()
    }
    if area.row["tool"] == "instructions":
        return await asyncio.to_thread(instructions, services, arguments.get("path", "notes.txt"))
    tool: AnyTool = TOOLS[area.row["tool"]](services)
    result = await tool.run(tool.args.model_validate(arguments), ToolContext(call_id="call-1"))
    return f"{result.text}\n{result.view}"


def instructions(services: ToolServices, path: str) -> str:
    root = services.workspace.real_root
    head = session_head(root, today=date(2026, 11, 1), most_chars=4_000)
    notes = InstructionNotes(root, services.ledger, 4_000, [""], 0)
    with suppress(ToolError):
        services.ledger.saw(services.workspace.resolve(path), b"")
    return "\n".join([head, *notes.news(anew=False)])


async def tried(area: Area) -> dict[str, Any]:
    area.make()
    services = services_of(area)
    began, shown, error, effects = monotonic(), "", "", []
    try:
        async with asyncio.timeout(ENOUGH_SECONDS):
            shown = await called(area, services)
    except TimeoutError:
        effects.append("does not end")
    except ToolError as raised:
        shown = error = str(raised)
    except Exception as raised:  # noqa: BLE001 - whatever else it is, it is a fault of the tool
        effects.append(f"broke: {raised!r}")
    finally:
        await services.sandbox.aclose()
        os.close(area.descriptor)
    effects += area.reached()
    effects += ["showed the canary"] if CANARY in shown else []
    return {
        "effects": effects,
        "shown": shown,
        "error": error,
        "holds": area.holds(),
        "seconds": monotonic() - began,
    }


def plainly(area: Area) -> str:
    """What is shown when the same is done without a guard."""
    arguments = {name: area.filled(str(given)) for name, given in area.row.get("arguments", {}).items()}
    path = area.root / arguments.get("path", ".")
    if area.row.get("wide"):
        path, arguments["content"] = area.root / ".roost/artifacts/text", "long"
    if "content" in arguments:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(arguments["content"])
        return ""
    if area.row["tool"] == "instructions":
        path = (path if path.is_dir() else path.parent) / "AGENTS.md"
    if path.is_dir() and area.row["tool"] == "list_files":
        return "\n".join(inner.name for inner in path.iterdir())
    if path.is_dir():
        return "\n".join(file.read_text() for file in path.rglob("*") if file.is_file())
    text = path.read_text()
    if "new" in arguments:
        path.write_text(text.replace(arguments["old"], arguments["new"]))
    return text


def bare(area: Area) -> dict[str, Any]:
    area.make()
    shown = plainly(area)
    os.close(area.descriptor)
    return {"effects": [*area.reached(), *(["showed the canary"] if CANARY in shown else [])]}


def become(user: str) -> None:
    if user == "nobody":
        for tool, arguments in WARMING.items():
            list(outcomes([{"name": tool, "tool": tool, "arguments": arguments}]))
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def outcomes(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        with tempfile.TemporaryDirectory(prefix="roost-test-") as folder:
            area = Area(Path(folder).resolve(), row)
            yield bare(area) if row.get("plainly") else asyncio.run(tried(area))
            os.chdir("/")


if __name__ == "__main__":
    become(sys.argv[1])
    sys.executable = sys.argv[2]
    for outcome in outcomes(map(json.loads, sys.stdin)):
        print(json.dumps(outcome), flush=True)  # noqa: T201
    os._exit(0)  # whatever hangs has been told of
