"""Made-up paths against the file guard, judged by `os.path`, by inodes and by where a descriptor is."""

import errno
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from random import Random

from bench.fuzzing.found import Found
from core.beneath import Way
from core.errors import ToolError
from core.workspace import Workspace, nothing_forbidden
from flow.permission import Mode, Permissions
from flow.places import Places
from tool.files import opened

FILES = ("README.md", "src/main.py", "src/deep/a.txt", "docs/.hidden", "-rf", "a b", "é", "x\n")
SECRET = (
    ".env",
    "src/.env.local",
    ".git/config",
    ".git/hooks/pre-commit",
    ".roost/rules.toml",
    "keys/a.pem",
    "id_rsa",
)
READABLE = (".git/config", ".git/hooks/pre-commit", ".roost/rules.toml")
"""Of these, what may be read though not written."""
LINKS = {
    "out": "../outside",
    "src/out": "../../outside/secret.txt",
    "in": "src/deep",
    "back": "src/..",
    "loop": "loop",
    "round": "src/round",
    "src/round": "../round",
    "whole": "{base}/root/src",
    "top": "/",
    "self": ".",
    "proc": "/proc/self",
    "plain.txt": ".env",
    "hook": ".git/hooks",
    "dangling": "nothing",
    "gone": "../outside/new",
}
ATOMS = (
    *(
        "..",
        ".",
        "",
        "..",
        "../..",
        "~",
        "$HOME",
        "*",
        "\\",
        "%2e%2e",
        "．．",
        "..\u200d",
        "...",
        ".. ",
        "\0",
        "\udcff",
    ),
    *(
        "root",
        "outside",
        "secret.txt",
        "new",
        "nothing",
        "proc",
        "self",
        "etc",
        "passwd",
        "dev",
        "fd",
        "0",
        "null",
    ),
    *(
        ".GIT",
        ".g\u200bit",
        ".git.",
        "git~1",
        ".ENV",
        ".e\ufe0fnv",
        "．env",
        ".env:x",
        "hooks",
        "config",
        "environ",
    ),
    *(part for name in (*FILES, *SECRET, *LINKS) for part in name.split("/")),
    *("x" * 255, "x" * 256, "\u202e", "a\nb", "\x7f", "ſrc", "SRC"),
)
NAMES = (*FILES, *SECRET, *LINKS, "out/secret.txt", "in/a.txt", "whole/main.py", "self/src/main.py", "pipe")
DETOURS = (
    ["."],
    ["src", ".."],
    ["in", ".."],
    ["self"],
    ["..", "root"],
    ["nothing", ".."],
    ["out", "..", "root"],
)
"""Ways to go round, some of which lead elsewhere than they seem."""
SUSPECTS = (
    ".env",
    ".git",
    "git~1",
    ".roost",
    ".pem",
    "id_rsa",
    ".ssh",
    "shadow",
    "sudoers",
    "environ",
    "mem",
)


def fuzz(count: int, seed: int, way: Way | None = None, *, ruled: bool = True) -> Found:
    """`ruled`: False leaves the rules about protected names out."""
    found, random = Found("paths"), Random(seed)
    with tempfile.TemporaryDirectory(prefix="roost-fuzz-") as folder:
        base = Path(folder).resolve()
        make(base)
        judge = Judge(base, found, way, ruled=ruled)
        for _ in range(count):
            path = a_path(random, base)
            with found.judging(path):
                judge.read(path)
                judge.write(path)
        if sorted(os.listdir(base / "outside")) != ["CANARY", "secret.txt"]:
            found.fault("something was made outside", os.listdir(base / "outside"))
    return found


def make(base: Path) -> None:
    root = base / "root"
    for name in (*FILES, *SECRET, "../outside/secret.txt", "../outside/CANARY"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name, target in LINKS.items():
        (root / name).symlink_to(target.replace("{base}", str(base)))
    os.mkfifo(root / "pipe")


def a_path(random: Random, base: Path) -> str:
    parts = [random.choice(ATOMS) for _ in range(random.randint(0, 4))]
    if random.random() < 0.6:
        parts = parts[:1] * (random.random() < 0.2) + random.choice(NAMES).split("/") + parts[2:]
    if random.random() < 0.5:
        parts[random.randint(0, len(parts)) : 0] = random.choice(DETOURS)
    start = random.choice(["", "", "", "", "/", f"{base}/root/", f"{base}/", "./", "//", f"/{base}/root/"])
    path = start + random.choice(["/", "/", "/", "/", "//", "/./", "\\"]).join(parts)
    return path + random.choice(["", "", "", "", "/", "/.", "/.."])


class Judge:
    """Asks the guard, and looks by other means at what it let through and at what it refused."""

    def __init__(self, base: Path, found: Found, way: Way | None, *, ruled: bool) -> None:
        self.root, self.found = base / "root", found
        places = Places.of(str(self.root), str(base / "home"))
        rules = Permissions(mode=Mode.FULL, isolated=True, has_person=False, places=places)
        self.workspace = Workspace(self.root, rules.forbids if ruled else nothing_forbidden, way)
        self.secret = {os.stat(self.root / name).st_ino: name for name in SECRET}

    def read(self, path: str) -> None:
        real = self._real(path)
        try:
            with opened(self.workspace, path) as (_, file):
                place, inode = os.readlink(f"/proc/self/fd/{file.fileno()}"), os.fstat(file.fileno()).st_ino
        except ToolError:
            self.found.verdicts["not read"] += 1
            if self._inside(real) and os.path.isfile(real) and not suspect(path, real):
                self.found.fault("an innocent file was not read", path)
            return
        self.found.verdicts["read"] += 1
        if place != real or not self._inside(real):
            self.found.fault(f"{place} was read, and it is {real}", path)
        if self.secret.get(inode, READABLE[0]) not in READABLE:
            self.found.fault(f"{self.secret[inode]} was read", path)

    def write(self, path: str) -> None:
        real = self._real(path)
        try:
            target = self.workspace.to_write(path)
            with self.workspace.hold(target.parent) as folder, folder.create("fuzzed"):
                place = os.readlink(f"/proc/self/fd/{folder.descriptor}")
            os.unlink(f"{place}/fuzzed")
        except (ToolError, OSError):
            self.found.verdicts["not written"] += 1
            if self._may_be_written(path, real):
                self.found.fault("an innocent place was not written to", path)
            return
        self.found.verdicts["written"] += 1
        if str(target) != real or place != os.path.dirname(real) or not self._inside(real):
            self.found.fault(f"{place} was written to, and it is {real}", path)
        if any(part.lower().rstrip(". ") in (".git", ".roost") for part in plain(real).split("/")):
            self.found.fault(f"{real} was written to", path)

    def _may_be_written(self, path: str, real: str) -> bool:
        folder = os.path.dirname(real)
        spelled = os.path.normpath(os.path.join(self.root, path)) if real else ""
        return (
            self._inside(real)
            and real != str(self.root)
            and os.path.isdir(folder)
            and os.path.dirname(spelled) == folder
            and os.path.realpath(spelled) == real
            and len(os.path.basename(real).encode("utf-8", "surrogateescape")) <= 255
            and not suspect(path, real)
        )

    def _real(self, path: str) -> str:
        """Where a path leads; empty where it leads nowhere that can be said."""
        try:
            joined = os.path.join(self.root, path)
            real = os.path.realpath(re.sub("/+", "/", joined))  # with two it goes astray behind a circle
            os.lstat(real)
        except ValueError:
            return ""
        except OSError as error:
            return real if error.errno in (errno.ENOENT, errno.ENAMETOOLONG) else ""
        return "" if os.path.islink(real) else real

    def _inside(self, real: str) -> bool:
        return real == str(self.root) or real.startswith(f"{self.root}/")


def suspect(*texts: str) -> bool:
    """Whether a name is, or is made to look, like one that is protected."""
    return any(word in plain(text) for text in texts for word in SUSPECTS)


def plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(_seen(folded))


def _seen(text: str) -> Iterator[str]:
    return (sign for sign in text if sign not in "\u200b\u200d\ufe0f\u202e")
