"""Random work of an agent and a person, and random undoing, against a model of what has to be there after it."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UndoRefused
from tests.undoing import Agent, tree

MOVED = ("undo", "redo", "step")

Tree = Mapping[str, tuple[str, int, bytes]]

PATHS = st.sampled_from(["a", "b", "d", "d/a", "d/e", "d/e/a", "x y/\udcff", "b/c"])
EDITS = st.one_of(
    st.tuples(st.just("file"), PATHS, st.sampled_from(["", "one\n", "two\n", "\0binary"])),
    st.tuples(st.just("folder"), PATHS, st.just("")),
    st.tuples(st.just("link"), PATHS, st.sampled_from(["a", "d", "/nowhere"])),
    st.tuples(st.just("delete"), PATHS, st.just("")),
    st.tuples(st.just("rights"), PATHS, st.just("")),
)
COMMANDS = st.tuples(st.just("command"), st.lists(EDITS, min_size=1, max_size=3))
WRITES = st.tuples(st.just("write"), st.tuples(PATHS, st.sampled_from(["w1", "w2"])))
TURNS = st.tuples(st.just("turn"), st.none())
MOVES = st.one_of(
    st.tuples(st.sampled_from(["undo", "redo"]), st.none()),
    st.tuples(st.just("step"), st.integers(0, 12)),
)


def apply(root: Path, edit: tuple[str, str, str]) -> None:
    """Make it so, whatever is in the way."""
    kind, name, content = edit
    path = root / name
    if kind == "rights":
        if path.is_file() and not path.is_symlink():
            path.chmod(path.stat().st_mode ^ 0o100)
        return
    for place in [*reversed([parent for parent in path.parents if root in parent.parents]), path]:
        if place.is_symlink() or place.is_file() or (place == path and place.exists()):
            shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()
    if kind == "delete":
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        path.write_text(content)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(content)


@dataclass
class Model:
    """What undo promises, by whole trees."""

    now: Tree
    turn_is_new: bool = True
    standing: tuple[Tree, ...] = ()
    """Before each turn that changed something and stands."""
    after_step: list[tuple[Tree, tuple[Tree, ...]]] = field(default_factory=list)
    forward: list[tuple[Tree, tuple[Tree, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.after_step.append((self.now, ()))

    def follows(self, deed: tuple[str, object], now: Tree) -> bool:
        """What has to have come of a deed; False when it has to be refused."""
        self.turn_is_new |= deed[0] in (*MOVED, "turn")
        match deed:
            case ("undo", _):
                return self.undo()
            case ("redo", _):
                return self.redo()
            case ("step", int(number)):
                return self.step(number)
            case ("command" | "write", _):
                self.stepped(now)
        return True

    def stepped(self, now: Tree) -> None:
        if now != self.now:
            if self.turn_is_new:
                self.standing = (*self.standing, self.now)
            self.turn_is_new = False
            self.forward.clear()
            self.now = now
        self.after_step.append((self.now, self.standing))

    def undo(self) -> bool:
        places = [place for place, before in enumerate(self.standing) if before != self.now]
        if not places:
            return False
        self._go(self.standing[places[-1]], self.standing[: places[-1]])
        return True

    def redo(self) -> bool:
        if not self.forward:
            return False
        self.now, self.standing = self.forward.pop()
        return True

    def step(self, number: int) -> bool:
        if number >= len(self.after_step):
            return False
        self._go(*self.after_step[number])
        return True

    def _go(self, now: Tree, standing: tuple[Tree, ...]) -> None:
        self.forward.append((self.now, self.standing))
        self.now, self.standing = now, standing


async def act(agent: Agent, deed: tuple[str, object]) -> bool:
    """False when it was refused."""
    match deed:
        case ("command", list(edits)):
            await agent.runs(lambda: [apply(agent.root, edit) for edit in edits])
        case ("write", (str(path), str(content))):
            with suppress(OSError):  # a folder is in the way, or a file where its folder should be
                await agent.writes(path, content)
        case ("person", list(edits)):
            for edit in edits:
                apply(agent.root, edit)
        case ("turn", None):
            agent.turn()
        case (str(move), number):
            moves: dict[str, Callable[[], object]] = {
                "undo": lambda: agent.undo.back(agent.consent),
                "redo": lambda: agent.undo.forward(agent.consent),
                "step": lambda: agent.undo.to_step(int(str(number)), agent.consent),
            }
            try:
                await moves[move]()  # type: ignore[misc]
            except UndoRefused:
                return False
            finally:
                agent.turn()
    return True


def begun(folder: Path, *, in_git: bool) -> Agent:
    agent = Agent(folder / "workspace", folder / "state")
    for edit in (("file", "a", "one\n"), ("file", "d/e/a", "two\n"), ("link", "b", "a")):
        apply(agent.root, edit)
    if in_git:
        for command in ("init -q", "add -A", "-c user.name=A -c user.email=a@b commit -qm all", "gc -q"):
            subprocess.run(["git", *command.split()], cwd=agent.root, check=True, capture_output=True)
    return agent


async def alone(agent: Agent, deeds: Sequence[tuple[str, object]]) -> None:
    """Nobody but the agent changes anything: every tree is known."""
    model = Model(tree(agent.root))
    agent.turn()
    for deed in deeds:
        done = await act(agent, deed)
        assert model.follows(deed, tree(agent.root)) == done
        assert tree(agent.root) == model.now
        if len(agent.log.kept) % 5 == 0:
            agent.restart()
    assert agent.asked == []


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.one_of(COMMANDS, WRITES, TURNS, MOVES, MOVES), max_size=14), st.booleans())
def test_whatever_an_agent_does_every_state_comes_back(deeds: list[tuple[str, object]], in_git: bool) -> None:
    in_git = in_git and shutil.which("git") is not None
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(alone(begun(Path(folder), in_git=in_git), deeds))


MINE = st.lists(
    st.tuples(st.just("file"), PATHS, st.integers(0, 999).map(lambda number: f"mine {number}")),
    min_size=1,
    max_size=2,
)
BOTH = st.lists(st.one_of(COMMANDS, WRITES, TURNS, MOVES, st.tuples(st.just("person"), MINE)), max_size=14)


def mine(found: Tree) -> dict[str, bytes]:
    return {path: content for path, (_, _, content) in found.items() if content.startswith(b"mine")}


async def together(deeds: Sequence[tuple[str, object]], folder: Path) -> None:
    """A person who keeps what they wrote loses none of it to an undo."""
    agent = Agent(folder / "workspace", folder / "state", wish="keep")
    agent.turn()
    written: dict[str, bytes] = {}
    for deed in deeds:
        await act(agent, deed)
        found = mine(tree(agent.root))
        if deed[0] in MOVED:
            assert {path: found.get(path) for path in written} == written
        elif deed[0] == "person":
            written = {
                path: found[path] for path in (*written, *(edit[1] for edit in deed[1])) if path in found
            }
        else:
            written = {path: content for path, content in written.items() if found.get(path) == content}


@pytest.mark.slow
@settings(max_examples=60)
@given(BOTH)
def test_what_a_person_keeps_is_never_lost_to_an_undo(deeds: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(together(deeds, Path(folder)))


async def there_and_back(deeds: Sequence[tuple[str, object]], folder: Path) -> None:
    agent = Agent(folder / "workspace", folder / "state")
    agent.turn()
    for deed in deeds:
        before = tree(agent.root)
        done = await act(agent, deed)
        if done and deed[0] in ("undo", "step"):
            await agent.undo.forward(agent.consent)
            assert tree(agent.root) == before
            with suppress(UndoRefused):  # what a person had undone by hand
                await agent.undo.back(agent.consent)


@pytest.mark.slow
@settings(max_examples=60)
@given(BOTH)
def test_a_redo_brings_back_all_that_an_undo_overwrote(deeds: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(there_and_back(deeds, Path(folder)))


RULES = st.tuples(
    st.just("file"),
    st.sampled_from([".gitignore", "d/.gitignore"]),
    st.sampled_from(["", "d/\n", "a\n", "*\n", "*\n!b\n!d\n", "/d/e\n", "e/\n!a\n"]),
)
BASE = [("file", path, "one\n") for path in ("a", "b", "d/a", "d/e/a")]


def is_touched(path: str, edits: Sequence[tuple[str, str, str]]) -> bool:
    """Whether it lies at, above or below a path of the edits."""
    return any(f"{path}/".startswith(f"{name}/") or f"{name}/".startswith(f"{path}/") for _, name, _ in edits)


async def under_rules(
    before: Sequence[tuple[str, str, str]], edits: Sequence[tuple[str, str, str]], root: Path
) -> None:
    agent = Agent(root / "workspace", root / "state")
    for edit in before:
        apply(agent.root, edit)
    there = tree(agent.root)
    agent.turn()
    await agent.runs(lambda: [apply(agent.root, edit) for edit in edits])
    with suppress(UndoRefused):
        await agent.undo.back(agent.consent)
    now = tree(agent.root)
    untouched = {path: entry for path, entry in there.items() if not is_touched(path, edits)}
    assert {path: now.get(path) for path in untouched} == untouched


@pytest.mark.slow
@settings(max_examples=100)
@given(
    st.tuples(st.lists(EDITS, max_size=2), st.lists(RULES, max_size=2)).map(
        lambda both: [*BASE, *both[0], *both[1]]
    ),
    st.tuples(RULES, st.lists(EDITS, max_size=2)).map(lambda both: [both[0], *both[1]]),
)
def test_what_a_command_did_not_touch_stays_whatever_it_does_to_the_rules(
    before: list[tuple[str, str, str]], edits: list[tuple[str, str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(under_rules(before, edits, Path(folder)))
