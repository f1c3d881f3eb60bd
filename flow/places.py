"""Which files a word of a command or an argument may mean, by every name they go by."""

import re
from collections.abc import Iterator, Sequence
from glob import iglob
from itertools import islice
from os.path import normpath, realpath
from pathlib import PurePath

from core.records import dataclass

_MAX_FILES = 200
_MAX_WILD_FOLDERS = 2


@dataclass(frozen=True)
class Places:
    """The folders that names are told from, both as real paths."""

    workspace: str
    home: str

    @classmethod
    def of(cls, workspace: str, home: str) -> "Places":
        return cls(realpath(workspace), realpath(home))

    def resolve(self, word: str, folder: str) -> str:
        """The absolute path of `word` as it is written, links not followed."""
        path = self.expanded(word)
        return normpath(path if path.startswith("/") else f"{folder}/{path}")

    def expanded(self, word: str) -> str:
        """With `~` and the variables that stand for known folders replaced; every home is the person's."""
        word = re.sub(r"\$HOME\b|\$\{HOME\b[^}]*\}", lambda _: self.home, word)
        word = re.sub(r"\$PWD\b|\$\{PWD\b[^}]*\}|~\+|\$\(pwd\)|`pwd`", lambda _: self.workspace, word)
        return re.sub(r"^~[\w.-]*(?=/|$)", lambda _: self.home, word)

    def names(self, path: str) -> tuple[str, ...]:
        """What the file at an absolute path is called: within the workspace, from home, absolutely."""
        return tuple(
            filter(None, (self._below(path, self.workspace, ""), path, self._below(path, self.home, "~/")))
        )

    def real_names(self, path: str) -> tuple[str, ...]:
        return self.names(_real(path))

    def is_inside(self, path: str) -> bool:
        """Whether a path lies in the workspace, and is not the whole of it."""
        return bool(self._below(_real(path), self.workspace, ""))

    def _below(self, path: str, folder: str, prefix: str) -> str:
        if path == folder:
            return prefix.rstrip("/")
        return prefix + path[len(folder) + 1 :] if path.startswith(folder.rstrip("/") + "/") else ""


def _real(path: str) -> str:
    try:
        return realpath(path)
    except (OSError, ValueError):
        return path


def meant_by(word: str) -> tuple[str, ...]:
    """What in a word may name a file: all of it, or what follows `=`, `:`, `@` or an option letter."""
    pieces = dict.fromkeys([word, *re.split(r"[=:@,]", word)[:16]])
    if re.match(r"-\w[^-]", word):
        pieces[word[2:]] = None
    return tuple(piece for whole in pieces if whole for piece in braced(whole))


def braced(word: str) -> Iterator[str]:
    """The words that `{a,b}` in a word stands for."""
    waiting = [word]
    for _ in range(_MAX_FILES):
        if not waiting:
            return
        text = waiting.pop()
        found = re.search(r"\{([^{}]*,[^{}]*)\}", text)
        if found is None:
            yield text
        else:
            waiting += [text[: found.start()] + one + text[found.end() :] for one in found[1].split(",")]


def on_disk(path: str) -> Sequence[str]:
    """The files that a path with wildcards stands for, and the path itself."""
    wild = [part for part in PurePath(path).parts if re.search(r"[*?\[]", part)]
    if not wild or len(wild) > _MAX_WILD_FOLDERS:
        return (path,)
    files = iglob(path)  # noqa: PTH207  `*` of Path.glob means hidden files too, a shell's does not
    return (path, *islice(files, _MAX_FILES))
