"""Which files hold secrets: searching passes over them, as reading them is denied."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from flow.danger import SECRETS


@dataclass(frozen=True)
class Secrets:
    """The names of `flow/danger.py`, put so that thousands of files can be asked about."""

    home: str
    """Real path of the person's home."""

    def holds(self, path: str) -> bool:
        """Whether the file at an absolute path is one of them."""
        name = path.casefold()
        return bool(self._named.search(name)) and not self._spared.search(name)

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return self._any(glob for glob in _globs() if not glob.startswith("!"))

    @cached_property
    def _spared(self) -> re.Pattern[str]:
        return self._any(glob.removeprefix("!") for glob in _globs() if glob.startswith("!"))

    def _any(self, globs: Iterator[str]) -> re.Pattern[str]:
        return re.compile("|".join(map(self._pattern, globs)))

    def _pattern(self, glob: str) -> str:
        whole = glob.replace("~/", f"{self.home}/", 1) if "/" in glob else f"*/{glob}"
        return translate(whole.casefold()).replace(r"\Z", "$")


def _globs() -> Iterator[str]:
    return (glob for rule in SECRETS for glob in rule.path)
