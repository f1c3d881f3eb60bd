"""What calls change is found out, kept and put back: with real files, by plain functions instead of tools."""

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from core.checkpoints import Cover
from core.file_states import FileState, PathChange
from store import looking
from tests.undoing import Agent, tree

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    agent = Agent(tmp_path / "workspace", tmp_path / "state")
    agent.turn()
    return agent


def committed(root: Path) -> None:
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "-A"), (*author, "commit", "-q", "-m", "all")):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    subprocess.run(["git", "gc", "-q"], cwd=root, check=True, capture_output=True)


def fill(root: Path) -> None:
    (root / "a.txt").write_text("alpha\n")
    (root / "tool.sh").write_text("#!/bin/sh\n")
    (root / "tool.sh").chmod(0o755)
    (root / "image.bin").write_bytes(bytes(range(256)) * 10)
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "b.txt").write_text("beta\r\n")
    (root / "empty").mkdir()
    (root / "link").symlink_to("a.txt")
    (root / "nowhere").symlink_to("/no/such/place")
    (root / "caf\udce9").mkdir()
    (root / "caf\udce9" / "\udcff\udcfe.txt").write_bytes(b"not UTF-8\n")
    (root / "back\\slash").write_text("a name with a backslash\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "changes a file": lambda root: (root / "a.txt").write_text("other\n"),
    "changes a file to one of the same length and time": lambda root: (
        status := (root / "a.txt").stat(),
        (root / "a.txt").write_text("ALPHA\n"),
        os.utime(root / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns)),
    ),
    "makes a file": lambda root: (root / "new.txt").write_text("new\n"),
    "makes a file in new folders": lambda root: (
        (root / "x" / "y").mkdir(parents=True),
        (root / "x" / "y" / "z").write_text("z"),
    ),
    "deletes a file": lambda root: (root / "a.txt").unlink(),
    "deletes a folder": lambda root: shutil.rmtree(root / "deep"),
    "deletes everything": lambda root: [
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for path in root.iterdir()
    ],
    "renames a file": lambda root: (root / "a.txt").rename(root / "deep" / "c.txt"),
    "renames a folder": lambda root: (root / "deep").rename(root / "shallow"),
    "makes and removes empty folders": lambda root: ((root / "empty").rmdir(), (root / "hollow").mkdir()),
    "takes the right to run": lambda root: (root / "tool.sh").chmod(0o644),
    "gives the right to run": lambda root: (root / "a.txt").chmod(0o700),
    "changes the rights of a folder": lambda root: (root / "deep").chmod(0o700),
    "changes bytes": lambda root: (root / "image.bin").write_bytes(b"\x00\x01"),
    "empties a file": lambda root: (root / "image.bin").write_bytes(b""),
    "changes where a link leads": lambda root: ((root / "link").unlink(), (root / "link").symlink_to("deep")),
    "removes a link that leads nowhere": lambda root: (root / "nowhere").unlink(),
    "puts a link in the place of a file": lambda root: (
        (root / "a.txt").unlink(),
        (root / "a.txt").symlink_to("tool.sh"),
    ),
    "puts a file in the place of a folder": lambda root: (
        shutil.rmtree(root / "deep"),
        (root / "deep").write_text("flat"),
    ),
    "puts a folder in the place of a file": lambda root: (
        (root / "a.txt").unlink(),
        (root / "a.txt").mkdir(),
        (root / "a.txt" / "inside").write_text("i"),
    ),
    "puts a link in the place of a folder": lambda root: (
        shutil.rmtree(root / "deep"),
        (root / "deep").symlink_to("empty"),
    ),
    "changes a name that is no UTF-8": lambda root: (root / "caf\udce9" / "\udcff\udcfe.txt").rename(
        root / "\udce9"
    ),
    "changes a name with a backslash": lambda root: (root / "back\\slash").rename(root / "back\\\\slash"),
    "breaks a hard link": lambda root: (
        os.link(root / "a.txt", root / "same.txt"),
        (root / "same.txt").write_text("both"),
    ),
}


@pytest.mark.parametrize("in_git", [False, pytest.param(True, marks=needs_git)], ids=["plain", "git"])
@pytest.mark.parametrize("change", CHANGES)
async def test_what_a_command_does_is_taken_back_and_brought_back(
    agent: Agent, change: str, in_git: bool
) -> None:
    fill(agent.root)
    if in_git:
        committed(agent.root)
    before = tree(agent.root)
    await agent.runs(lambda: CHANGES[change](agent.root))
    after = tree(agent.root)
    assert after != before

    await agent.undo.back(agent.consent)
    taken_back = tree(agent.root)
    await agent.undo.forward(agent.consent)

    assert taken_back == before
    assert tree(agent.root) == after
    assert agent.last_restored.kept == ()
    assert agent.asked == []


async def test_a_step_that_changes_nothing_tells_nothing(agent: Agent) -> None:
    fill(agent.root)

    await agent.runs(lambda: (agent.root / "a.txt").touch())

    assert [event.type for event in agent.events] == ["turn_started", "model_replied"]


async def test_a_call_that_names_its_path_is_kept_without_a_look_at_the_rest(agent: Agent) -> None:
    fill(agent.root)

    await agent.writes("x/y/new.txt", "new")

    assert [(change.mark, change.path) for change in agent.last_change.changes] == [
        ("+", "x"),
        ("+", "x/y"),
        ("+", "x/y/new.txt"),
    ]
    assert not agent.last_change.found
    await agent.undo.back(agent.consent)
    assert not (agent.root / "x").exists()


@pytest.mark.parametrize("tool", ["project", "memory"])
async def test_a_call_that_leaves_files_alone_costs_no_look_at_them(agent: Agent, tool: str) -> None:
    fill(agent.root)

    await agent.runs(lambda: None, tool=tool)

    assert not list(agent.state.rglob("objects/*"))


async def test_a_written_file_that_git_ignores_is_kept_too(agent: Agent) -> None:
    (agent.root / ".gitignore").write_text("*.log\n")
    (agent.root / "a.log").write_text("old")

    await agent.writes("a.log", "new")
    await agent.undo.back(agent.consent)

    assert (agent.root / "a.log").read_text() == "old"


async def test_what_gitignore_hides_from_a_look_is_left_alone(agent: Agent) -> None:
    (agent.root / ".gitignore").write_text("build/\n*.log\n")
    (agent.root / "build").mkdir()

    def change() -> None:
        (agent.root / "build" / "out").write_text("o")
        (agent.root / "a.log").write_text("l")
        (agent.root / "a.txt").write_text("t")

    await agent.runs(change)
    await agent.undo.back(agent.consent)

    assert [change.path for change in agent.last_change.changes] == ["a.txt"]
    assert sorted(tree(agent.root)) == [".gitignore", "a.log", "build", "build/out"]


async def test_files_that_come_into_view_were_not_made(agent: Agent) -> None:
    (agent.root / ".gitignore").write_text("kept/\n*.env\n")
    (agent.root / "kept").mkdir()
    (agent.root / "kept" / "precious").write_text("mine")
    (agent.root / "my.env").write_text("mine")

    await agent.runs(lambda: (agent.root / ".gitignore").unlink())
    await agent.undo.back(agent.consent)

    assert [change.path for change in agent.last_change.changes] == [".gitignore"]
    assert (agent.root / "kept" / "precious").read_text() == "mine"
    assert (agent.root / "my.env").read_text() == "mine"


async def test_files_that_go_out_of_view_were_not_deleted(agent: Agent) -> None:
    (agent.root / "notes.txt").write_text("notes")
    (agent.root / "src").mkdir()
    (agent.root / "src" / "a.py").write_text("a = 1\n")

    def change() -> None:
        (agent.root / ".gitignore").write_text("*\n")
        (agent.root / "src" / "a.py").write_text("a = 2\n")

    await agent.runs(change)

    changed = [(change.mark, change.path) for change in agent.last_change.changes]
    assert changed == [("~", "src/a.py")]


async def test_what_a_person_changed_between_two_commands_is_not_the_agents(agent: Agent) -> None:
    fill(agent.root)
    await agent.runs(lambda: (agent.root / "new.txt").write_text("n"))
    (agent.root / "a.txt").write_text("mine\n")
    (agent.root / "mine.txt").write_text("mine\n")

    await agent.runs(lambda: (agent.root / "new.txt").write_text("nn"))
    await agent.undo.back(agent.consent)

    assert [change.path for change in agent.last_change.changes] == ["new.txt"]
    assert (agent.root / "a.txt").read_text() == "mine\n"
    assert (agent.root / "mine.txt").exists()
    assert not (agent.root / "new.txt").exists()


@needs_git
async def test_clean_files_are_not_copied_and_come_back_from_git(agent: Agent) -> None:
    fill(agent.root)
    committed(agent.root)

    await agent.runs(lambda: None)
    copied = [path for path in (agent.state / "objects").rglob("*") if path.is_file()]
    await agent.runs(lambda: (shutil.rmtree(agent.root / "deep"), shutil.rmtree(agent.root / ".git")))
    await agent.undo.back(agent.consent)

    assert len(copied) == 2  # where the two links lead
    assert (agent.root / "deep" / "er" / "b.txt").read_bytes() == b"beta\r\n"


@needs_git
async def test_bytes_that_git_would_change_are_copied(agent: Agent) -> None:
    (agent.root / ".gitattributes").write_text("*.txt text eol=crlf\n")
    (agent.root / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    committed(agent.root)

    await agent.runs(lambda: (agent.root / "a.txt").write_bytes(b"gone"))
    await agent.undo.back(agent.consent)

    assert (agent.root / "a.txt").read_bytes() == b"one\r\ntwo\r\n"


@needs_git
async def test_what_git_threw_away_meanwhile_is_named(agent: Agent) -> None:
    (agent.root / "a.txt").write_text("alpha\n")
    committed(agent.root)
    await agent.runs(lambda: None)

    def change() -> None:
        (agent.root / "a.txt").write_text("beta\n")
        shutil.rmtree(agent.root / ".git" / "objects")

        agent.checkpoints.looker.git.close()  # as if git had done so a day before

    await agent.runs(change)
    await agent.undo.back(agent.consent)

    assert "a.txt: git has thrown it away" in agent.not_kept
    assert agent.last_restored.kept == ("a.txt: its content was not kept, or not for so long",)
    assert (agent.root / "a.txt").read_text() == "beta\n"


async def test_the_store_is_for_its_owner_alone(agent: Agent) -> None:
    fill(agent.root)

    await agent.runs(lambda: (agent.root / "a.txt").write_text("other"))

    rights = {path.stat().st_mode & 0o077 for path in [agent.state, *agent.state.rglob("*")]}
    assert rights == {0}


async def test_larger_files_than_there_is_room_for_are_named_once(agent: Agent) -> None:
    agent.checkpoints.looker.most_bytes = 1_000
    (agent.root / "small.txt").write_text("small")
    (agent.root / "large.bin").write_bytes(b"x" * 2_000)

    await agent.runs(lambda: (agent.root / "large.bin").write_bytes(b"y" * 2_000))
    await agent.runs(lambda: (agent.root / "small.txt").write_text("other"))
    await agent.undo.back(agent.consent)

    assert agent.not_kept == [f"large.bin: {looking.TOO_LARGE}"]
    assert agent.last_restored.kept == ("large.bin: its content was not kept, or not for so long",)
    assert (agent.root / "small.txt").read_text() == "small"


async def test_a_new_file_that_is_too_large_to_keep_is_removed_only_after_a_yes(agent: Agent) -> None:
    agent.checkpoints.looker.most_bytes = 1_000
    await agent.runs(lambda: (agent.root / "large.bin").write_bytes(b"y" * 2_000))

    await agent.undo.back(agent.consent)

    assert agent.asked == [["large.bin: its content is not known"]]
    assert tree(agent.root) == {}


async def test_a_large_file_is_kept_when_there_is_room(agent: Agent) -> None:
    content = os.urandom(looking.SMALL_BYTES + 1)
    (agent.root / "large.bin").write_bytes(content)

    await agent.runs(lambda: (agent.root / "large.bin").write_bytes(b"gone"))
    await agent.undo.back(agent.consent)

    assert (agent.root / "large.bin").read_bytes() == content
    assert agent.not_kept == []


async def test_beyond_the_limit_nothing_is_taken_for_new_or_gone(agent: Agent) -> None:
    agent.checkpoints.looker.most_files = 3
    for name in ("a", "b", "c"):
        (agent.root / name).mkdir()
        (agent.root / name / "file").write_text(name)

    await agent.runs(lambda: shutil.rmtree(agent.root / "a"))
    changed = [(change.mark, change.path) for change in agent.last_change.changes]
    await agent.undo.back(agent.consent)

    assert changed == [("-", "a")]
    assert sorted(tree(agent.root)) == ["a", "b", "b/file", "c", "c/file"]
    assert agent.not_kept == [looking.TOO_MANY]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_what_cannot_be_read_is_named(agent: Agent) -> None:
    (agent.root / "secret").write_text("s")
    (agent.root / "secret").chmod(0)
    (agent.root / "closed").mkdir(mode=0)

    await agent.runs(lambda: (agent.root / "secret").unlink())
    (agent.root / "closed").chmod(0o700)

    assert agent.not_kept == [
        "closed: it cannot be read (Permission denied)",
        "secret: Permission denied",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_what_is_in_a_folder_that_was_closed_was_not_deleted(agent: Agent) -> None:
    (agent.root / "d").mkdir()
    (agent.root / "d" / "a.txt").write_text("a")

    await agent.runs(lambda: (agent.root / "d").chmod(0))
    await agent.undo.back(agent.consent)

    assert [(change.mark, change.path) for change in agent.last_change.changes] == [("~", "d")]
    assert (agent.root / "d" / "a.txt").read_text() == "a"


async def test_pipes_and_sockets_are_passed_over(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(agent.root)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        await agent.runs(lambda: Path("pipe").unlink())

    assert [event.type for event in agent.events] == ["turn_started", "model_replied"]


async def test_a_full_disk_is_named_and_does_not_stop_the_call(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (agent.root / "a.txt").write_text("alpha\n")
    agent.state.mkdir()
    (agent.state / "objects").symlink_to("/dev/full")  # nothing can be made below it

    await agent.writes("a.txt", "beta\n")

    assert (agent.root / "a.txt").read_text() == "beta\n"
    assert agent.not_kept == ["a.txt: Not a directory"]


async def test_a_call_that_is_cancelled_before_it_ran_has_changed_nothing(agent: Agent) -> None:
    """The look that was begun goes on meanwhile, and is not taken for that of a call."""
    begun, go_on = threading.Event(), threading.Event()
    cover = agent.checkpoints.looker.cover

    def slow_cover() -> Cover:
        begun.set()
        go_on.wait()
        return cover()

    agent.checkpoints.looker.cover = slow_cover
    running = asyncio.ensure_future(agent.runs(lambda: (agent.root / "never").touch()))
    await asyncio.to_thread(begun.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    (agent.root / "mine.txt").write_text("mine")
    go_on.set()

    await agent.runs(lambda: (agent.root / "a.txt").write_text("a"))
    await agent.undo.back(agent.consent)

    assert [change.path for change in agent.last_change.changes] == ["a.txt"]
    assert sorted(tree(agent.root)) == ["mine.txt"]


async def test_an_end_that_is_cancelled_is_told_with_the_next_call(agent: Agent) -> None:
    go_on = threading.Event()
    cover = agent.checkpoints.looker.cover
    await agent.runs(lambda: None)

    def change() -> None:
        (agent.root / "a.txt").write_text("a")
        agent.checkpoints.looker.cover = slow_cover
        running.cancel()

    def slow_cover() -> Cover:
        go_on.wait()
        return cover()

    running = asyncio.ensure_future(agent.runs(change))
    with pytest.raises(asyncio.CancelledError):
        await running
    go_on.set()
    await agent.runs(lambda: None)

    assert [change.path for change in agent.last_change.changes] == ["a.txt"]
    assert not agent.last_change.certain


async def test_two_sessions_in_one_workspace_do_not_take_back_each_others_work(tmp_path: Path) -> None:
    first = Agent(tmp_path / "workspace", tmp_path / "state", "first")
    second = Agent(tmp_path / "workspace", tmp_path / "state", "second", wish="keep")
    for agent in (first, second):
        agent.turn()
    await first.writes("a.txt", "one")
    await second.runs(lambda: (first.root / "b.txt").write_text("two"))
    await first.writes("a.txt", "three")
    await second.writes("a.txt", "four")

    first.wish = "stop"
    with pytest.raises(Exception, match="No file was touched"):
        await first.undo.back(first.consent)
    await second.undo.back(second.consent)
    await first.undo.back(first.consent)

    assert first.asked == [["a.txt: it was changed since"]]
    assert tree(first.root) == {}


async def test_a_link_in_the_place_of_a_folder_is_not_followed(agent: Agent, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.txt").write_text("canary")
    (agent.root / "deep").mkdir()
    (agent.root / "deep" / "b.txt").write_text("before")
    await agent.runs(lambda: (agent.root / "deep" / "b.txt").write_text("after"))
    shutil.rmtree(agent.root / "deep")
    (agent.root / "deep").symlink_to(outside)

    await agent.undo.back(agent.consent)

    assert (outside / "b.txt").read_text() == "canary"
    assert sorted(path.name for path in outside.iterdir()) == ["b.txt"]
    assert agent.asked == [["deep/b.txt: it was removed since"]]
    assert len(agent.last_restored.kept) == 1


async def test_a_command_that_links_out_of_the_workspace_gets_nothing_in(
    agent: Agent, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("a secret outside")

    await agent.runs(lambda: (agent.root / "in").symlink_to(tmp_path / "secrets"))

    assert [change.path for change in agent.last_change.changes] == ["in"]
    kept = b"".join(path.read_bytes() for path in (agent.state / "objects").rglob("*") if path.is_file())
    assert b"a secret outside" not in kept


@pytest.mark.parametrize("path", ["../outside", "/etc/roost-was-here", "a/../../outside", "deep/../../o"])
def test_a_path_that_leads_out_is_never_written(agent: Agent, tmp_path: Path, path: str) -> None:
    (digest,) = [agent.checkpoints.looker.objects.put(b"x")]
    state = FileState(kind="file", mode=0o644, size=1, digest=digest)

    restored = agent.checkpoints.restore([PathChange(path=path, after=state)])

    assert restored.done == ()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["state", "workspace"]


async def test_the_right_to_run_as_somebody_else_is_not_given_back(agent: Agent) -> None:
    (agent.root / "a").write_text("a")
    (agent.root / "a").chmod(0o4755)

    await agent.runs(lambda: (agent.root / "a").unlink())
    await agent.undo.back(agent.consent)

    assert (agent.root / "a").stat().st_mode & 0o7777 == 0o755


async def test_a_folder_with_something_of_a_persons_in_it_stays(agent: Agent) -> None:
    await agent.writes("new/a.txt", "a")
    (agent.root / "new" / "mine.txt").write_text("mine")

    await agent.undo.back(agent.consent)

    assert sorted(tree(agent.root)) == ["new", "new/mine.txt"]
    assert agent.last_restored.kept == ("new: there is something else in it",)


async def test_what_nobody_needs_any_more_goes_when_a_session_ends(agent: Agent) -> None:
    await agent.runs(lambda: (agent.root / "a.txt").write_text("alpha\n"))
    old = agent.checkpoints.looker.objects.put(b"of last year")
    for path in (left := agent.state / "pending" / "other.json", *agent.state.glob(f"objects/*/{old[2:]}")):
        path.touch()
        os.utime(path, (0, 0))

    agent.checkpoints.close()

    objects = agent.checkpoints.looker.objects
    assert (objects.has(old), left.exists()) == (False, False)
    assert objects.has(sha256(b"alpha\n").hexdigest())


async def test_contents_of_a_damaged_store_are_never_put_back(agent: Agent) -> None:
    (agent.root / "a.txt").write_text("alpha\n")
    await agent.runs(lambda: (agent.root / "a.txt").unlink())
    for path in (agent.state / "objects").glob("??/*"):
        path.write_bytes(b"")

    await agent.undo.back(agent.consent)

    assert not (agent.root / "a.txt").exists()
    assert agent.last_restored.kept == ("a.txt: its content was not kept, or not for so long",)
