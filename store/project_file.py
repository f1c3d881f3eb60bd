"""`project.json`: one project, read strictly, changed by one process at a time, and never half written.

lock ─► read ─► what becomes of it ─► read once more: still the same? ─► replaced at once
         ▲                                      │ a person saved it meanwhile
         └──────────────────────────────────────┘

The locks are in the user's own folder, where no command of a model can hold them.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.beneath import LEFT_OVER_SECONDS
from core.errors import PlanRefused, StoreError
from core.project import Project
from core.project_form import ID, NewerFormat, Unreadable, read, written
from core.project_store import Act, ProjectChange
from core.workspace import Workspace
from store.locking import try_lock
from store.private import make_private_folder, private_descriptor

MOST_BYTES = 64_000_000
MOST_RACES = 20
"""How often somebody may save the file between our reading and our writing it, before that is an error."""
PATIENCE_SECONDS, LOOK_SECONDS = 10.0, 0.02
LOCK = "plan.lock"


@dataclass(frozen=True)
class ProjectFile:
    workspace: Workspace
    path: Path
    """Below the workspace's real root."""
    locks: Path
    """A folder of the user's, for this workspace alone."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time

    @property
    def name(self) -> str:
        return self.workspace.name_of(self.path)

    def stamp(self) -> object:
        try:
            found = self.path.lstat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)

    def load(self) -> Project | None:
        content = self._content()
        return None if content is None else self._read(content)

    def change(self, act: Act) -> ProjectChange:
        with self._locked():
            for _ in range(MOST_RACES):
                content = self._content()
                if content is None:
                    raise PlanRefused("There is no plan here.", hint='Make one: roost plan "what you want".')
                before = self._read(content)
                after = act(before)
                if after == before:
                    return ProjectChange(before=before, after=after)
                if self._put(content, after):
                    return ProjectChange(before=before, after=after)
        raise StoreError(f"{self.name} is changed by somebody else all the time.", hint="Try again later.")

    def begin(self, project: Project) -> Project | None:
        with self._locked():
            content = self._content()
            before = None if content is None else self._read(content)
            if content is not None:
                self._replace(self.path.with_suffix(".previous.json").name, content)
            self._replace(self.path.name, written(project).encode())
        return before

    def _put(self, known: bytes, project: Project) -> bool:
        """False when the file is no longer what was `known` of it."""
        if self._content() != known:
            return False
        self._replace(self.path.name, written(project).encode())
        return True

    def _content(self) -> bytes | None:
        try:
            with self.workspace.opened(self.path) as file:
                content = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error
        if len(content) > MOST_BYTES:
            most = f"{MOST_BYTES // 1_000_000} MB"
            raise StoreError(f"{self.name} is larger than {most}.", hint="Move it away, or make it smaller.")
        return content

    def _read(self, content: bytes) -> Project:
        try:
            return read(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            problem = f"is not UTF-8 at byte {error.start:,}"
        except NewerFormat as error:
            raise StoreError(
                f"{self.name} {error}.", hint="Use the version that wrote it; it is left as it is."
            ) from error
        except Unreadable as error:
            problem = str(error)
        hint = "Mend it, or move it away; it is left as it is."
        raise StoreError(f"{self.name} {problem}.", hint=hint)

    def _replace(self, name: str, content: bytes) -> None:
        try:
            with self.workspace.hold(self.path.parent, make=True) as folder:
                folder.clear(before=self.clock() - LEFT_OVER_SECONDS)
                folder.replace(name, content)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> StoreError:
        said = f"{self.name} cannot be used: {error.strerror or error}."
        return StoreError(said, hint="Look at it and at its folder: rights, links, room on the disk.")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        make_private_folder(self.locks)
        descriptor = private_descriptor(self.locks / LOCK, os.O_RDWR | os.O_CREAT)
        try:
            waited = 0.0
            while not try_lock(descriptor):
                if waited >= PATIENCE_SECONDS:
                    raise StoreError(
                        f"Another process has held {self.name} for a while.", hint="Try again later."
                    )
                self.sleep(LOOK_SECONDS)
                waited += LOOK_SECONDS
            yield
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class RunnerLocks:
    """Runners as files that are locked for as long as each lives: a killed one holds none."""

    folder: Path
    new_name: Callable[[], str] = lambda: f"runner-{os.getpid()}-{os.urandom(3).hex()}"

    @contextmanager
    def enter(self) -> Iterator[str]:
        make_private_folder(self.folder)
        self._clear_away()
        name = self.new_name()
        path = self.folder / f"{name}.lock"
        descriptor = self._held(path)
        try:
            yield name
        finally:
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)

    def is_there(self, runner: str) -> bool:
        if not ID.fullmatch(runner):  # it comes from a file that anybody may edit
            return False
        return not self._is_free(self.folder / f"{runner}.lock")

    def _held(self, path: Path) -> int:
        """Somebody who clears away may have it for a moment, or have taken it for a dead one's."""
        while True:
            descriptor = private_descriptor(path, os.O_RDWR | os.O_CREAT)
            with suppress(FileNotFoundError):
                if try_lock(descriptor) and os.path.samestat(path.stat(), os.fstat(descriptor)):
                    return descriptor
            os.close(descriptor)

    def _is_free(self, path: Path) -> bool:
        try:
            descriptor = os.open(path, os.O_RDWR)
        except OSError:
            return True
        try:
            return try_lock(descriptor)
        finally:
            os.close(descriptor)

    def _clear_away(self) -> None:
        """What killed runners left."""
        with suppress(OSError):
            for path in self.folder.glob("runner-*.lock"):
                if self._is_free(path):
                    path.unlink(missing_ok=True)
