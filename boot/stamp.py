"""Is `.venv` what the lock file says? Asked before every start, so no pathlib and no dataclasses here.

constraints.txt ── hash ──┐
                          ├── equal, and the extras suffice: start
.venv/roost-stamp.json ───┘   else: boot.setup
"""

import json
import os
import sys

EXTRAS_WITHIN = {"dev": ("code", "data", "dev", "shell", "web")}


class Stamp:
    """What a finished set-up leaves behind; written last.

    Args:
        lock: SHA-256 of constraints.txt; empty while it is being replaced.
        python: version of the interpreter of `.venv`, as in '3.11'.
        extras: those that were installed.
    """

    def __init__(self, lock: str, python: str, extras: tuple[str, ...]) -> None:
        self.lock = lock
        self.python = python
        self.extras = extras

    def as_json(self) -> str:
        return json.dumps({"lock": self.lock, "python": self.python, "extras": self.extras})


def with_extras_within(extra: str) -> tuple[str, ...]:
    return EXTRAS_WITHIN.get(extra, (extra,))


def running_python() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


class Checkout:
    """A folder with cli.py, pyproject.toml and constraints.txt."""

    def __init__(self, root: str) -> None:
        self.root = root

    @property
    def venv(self) -> str:
        return os.path.join(self.root, ".venv")

    @property
    def python(self) -> str:
        folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        return os.path.join(self.venv, folder, name)

    @property
    def stamp_file(self) -> str:
        return os.path.join(self.venv, "roost-stamp.json")

    @property
    def lock_file(self) -> str:
        return os.path.join(self.root, "constraints.txt")

    def wants_set_up(self) -> bool:
        """Not in an installed package, and not where ROOST_NO_SETUP says to take the Python that runs."""
        is_checkout = os.path.exists(os.path.join(self.root, "pyproject.toml"))
        return is_checkout and os.environ.get("ROOST_NO_SETUP", "") in ("", "0")

    def lock_hash(self) -> str:
        import hashlib

        with open(self.lock_file, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()

    def stamp(self) -> Stamp | None:
        """None when there is none, or one that cannot be read."""
        try:
            with open(self.stamp_file, encoding="utf-8") as file:
                fields = json.load(file)
            return Stamp(fields["lock"], fields["python"], tuple(fields["extras"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_current(self, extra: str) -> bool:
        stamp = self.stamp()
        return (
            stamp is not None
            and extra in stamp.extras
            and stamp.lock == self.lock_hash()
            and os.path.exists(self.python)
            and os.path.exists(os.path.join(self.venv, "pyvenv.cfg"))
            and (not self.is_running() or stamp.python == running_python())
        )

    def is_running(self) -> bool:
        """Is this process the interpreter of `.venv`?"""
        return os.path.realpath(sys.prefix) == os.path.realpath(self.venv)

    def restart(self, arguments: list[str]) -> int:
        """The same command under the interpreter of `.venv`; comes back on Windows only."""
        command = [self.python, os.path.join(self.root, "cli.py"), *arguments[1:]]
        if os.name != "nt":
            os.execv(self.python, command)
        import subprocess

        return subprocess.call(command)
