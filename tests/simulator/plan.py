"""Tasks, and the right next step of each as far as the conversation tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

PYTHON = "python3 -BS"
CHECK = f"{PYTHON} check.py"
PASSED = "All checks passed."


@dataclass(frozen=True)
class Call:
    name: str
    arguments: Mapping[str, object]


Words = str
Act = Call | Words
"""What the model means to do in one step: a call, or its last words."""


@dataclass(frozen=True)
class Look:
    """Something to find out; done when an answer shows it."""

    call: Call
    sees: str


@dataclass(frozen=True)
class Change:
    """One edit of a file."""

    path: str
    old: str
    new: str
    replace_all: bool = False

    def applied(self, before: str) -> str:
        places = before.count(self.old)
        if places != 1 and not (places and self.replace_all):
            raise ValueError(f"{self.old!r} stands {places} times in {self.path}")
        return before.replace(self.old, self.new)

    @property
    def call(self) -> Call:
        everywhere = {"replace_all": True} if self.replace_all else {}
        return Call("edit_file", {"path": self.path, "old": self.old, "new": self.new, **everywhere})


@dataclass(frozen=True)
class Whole:
    """A file written from its first line to its last."""

    path: str
    content: str

    def applied(self, before: str) -> str:
        return self.content

    @property
    def call(self) -> Call:
        return Call("write_file", {"path": self.path, "content": self.content})


@dataclass(frozen=True)
class Task:
    """A small repository, what is asked, and the steps of whoever knows the way.

    `check.py` prints `PASSED` when the work is right; it takes some hundredths of a second.
    """

    name: str
    prompt: str
    files: Mapping[str, str]
    looks: Sequence[Look]
    changes: Sequence[Change | Whole]
    check: Call = Call("shell", {"command": CHECK})
    last_words: str = f"It is done. I ran check.py; it says: {PASSED}"

    @cached_property
    def states(self) -> Mapping[str, Sequence[str]]:
        """Each file that changes: its content at first (empty when there is none), and after each change."""
        states: dict[str, list[str]] = {}
        for change in self.changes:
            texts = states.setdefault(change.path, [self.files.get(change.path, "")])
            texts.append(change.applied(texts[-1]))
        return states

    def numbered_changes(self) -> Iterator[tuple[int, Change | Whole]]:
        """Each change with the state of its file that it leads to."""
        reached = dict.fromkeys(self.states, 0)
        for change in self.changes:
            reached[change.path] += 1
            yield reached[change.path], change
