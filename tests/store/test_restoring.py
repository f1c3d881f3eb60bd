"""Files are put back where they were and nowhere else, whoever swaps what while it happens."""

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from core.file_states import FileState, PathChange
from store.looking import Look, Looker
from store.pending import Pending, PendingFile
from tests.undoing import Agent, tree


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path / "workspace", tmp_path / "state")


def state(agent: Agent, content: bytes, mode: int = 0o644) -> FileState:
    digest = agent.checkpoints.looker.objects.put(content)
    return FileState(kind="file", mode=mode, size=len(content), digest=digest)


@pytest.mark.slow
@pytest.mark.parametrize("comes", [True, False], ids=["written", "removed"])
def test_nothing_outside_is_touched_while_a_folder_and_a_link_change_places(
    agent: Agent, tmp_path: Path, comes: bool
) -> None:
    outside, real = tmp_path / "outside", agent.root / "real"
    outside.mkdir()
    real.mkdir()
    (agent.root / "link").symlink_to(outside)
    (outside / "canary").write_text("canary")
    stop = threading.Event()

    def swap() -> None:
        places = [agent.root / "real", agent.root / "link", agent.root / "d"]
        while not stop.is_set():
            for here, there in ((0, 2), (2, 0), (1, 2), (2, 1)):
                with suppress(OSError):
                    places[here].rename(places[there])

    racing = threading.Thread(target=swap)
    racing.start()
    try:
        for number in range(400):
            name = "d/new" if comes else "d/canary"
            there = state(agent, f"{number}".encode() if comes else b"canary")
            before, after = (None, there) if comes else (there, None)
            agent.checkpoints.restore([PathChange(path=name, before=before, after=after)])
            for place in (agent.root / "real" / "new", agent.root / "d" / "new"):
                with suppress(OSError):
                    if not place.parent.is_symlink():
                        place.unlink()
    finally:
        stop.set()
        racing.join()

    assert [(file.name, file.read_text()) for file in outside.iterdir()] == [("canary", "canary")]


def test_what_is_not_as_expected_stays_as_it_is(agent: Agent) -> None:
    (agent.root / "a").write_text("mine")
    change = PathChange(path="a", before=state(agent, b"agent"), after=state(agent, b"before"))

    restored = agent.checkpoints.restore([change])

    assert (restored.done, restored.kept) == ((), ("a: it changed meanwhile",))
    assert (agent.root / "a").read_text() == "mine"


def test_what_a_killed_process_left_half_written_is_cleared_away(agent: Agent) -> None:
    there = state(agent, b"before")
    (agent.root / f".roost-undo-{there.digest[:16]}").write_bytes(b"bef")

    agent.checkpoints.restore([PathChange(path="a", after=there)])

    assert sorted(tree(agent.root)) == ["a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(agent: Agent) -> None:
    (agent.root / "d").mkdir(mode=0o500)

    restored = agent.checkpoints.restore([PathChange(path="d/a", after=state(agent, b"a"))])

    assert restored.kept == ("d/a: Permission denied",)


def test_one_path_that_fails_does_not_stop_the_others(agent: Agent) -> None:
    (agent.root / "file").write_text("in the way")
    changes = [PathChange(path=path, after=state(agent, b"x")) for path in ("file/inside", "good")]

    restored = agent.checkpoints.restore(changes)

    assert [change.path for change in restored.done] == ["good"]
    assert len(restored.kept) == 1
    assert restored.kept[0].startswith("file/inside: ")


def test_a_pending_call_is_read_back_as_it_was_written(agent: Agent, tmp_path: Path) -> None:
    (agent.root / "a\udcff").write_text("a")
    (agent.root / "d").mkdir()
    looker: Looker = agent.checkpoints.looker
    look = looker.look()
    file = PendingFile(tmp_path / "pending", "s")

    file.write(Pending("call-1", look))
    whole = PendingFile(tmp_path / "pending", "s").read()
    file.write(Pending("call-2", looker.see(["d", "gone"]), ("d", "gone")))
    named = PendingFile(tmp_path / "pending", "s").read()

    assert whole == Pending("call-1", look)
    assert named == Pending("call-2", Look(files={"d": look.files["d"]}, missing={"gone"}), ("d", "gone"))
    file.remove()
    assert list((tmp_path / "pending").iterdir()) == []


@pytest.mark.parametrize(
    "written", ["", "{}", "[1]", '{"call_id": "c", "paths": null, "before": null}', "\xff"]
)
def test_a_pending_call_that_cannot_be_read_is_none(tmp_path: Path, written: str) -> None:
    (tmp_path / "s.json").write_text(written)

    assert PendingFile(tmp_path, "s").read() is None
