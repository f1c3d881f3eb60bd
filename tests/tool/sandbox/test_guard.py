import os
import stat
from pathlib import Path

import pytest

from core.errors import ToolError
from tool.sandbox_guard import MOST_BYTES, Guard, Kept


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "rules/deep").mkdir(parents=True)
    (folder / "rules/a.toml").write_text("a")
    (folder / "rules/deep/b.toml").write_text("b")
    (folder / "rules/link").symlink_to("a.toml")
    return folder


def picture(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): f"{path.lstat().st_mode:o} "
        + (str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else "")
        for path in folder.rglob("*")
    }


def guard(project: Path) -> Guard:
    return Guard.over([project / "rules", project / "never"], [project])


def test_what_is_as_it_was_is_left_alone(project: Path) -> None:
    guarded = guard(project)
    (project / "other").write_text("x")

    assert guarded.restore() == ()
    assert (project / "other").read_text() == "x"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda p: (p / "rules/a.toml").write_text("evil"), "rules/a.toml"),
        (lambda p: (p / "rules/a.toml").unlink(), "rules/a.toml"),
        (lambda p: (p / "rules/a.toml").chmod(0o777), "rules/a.toml"),
        (lambda p: (p / "rules/new").write_text("evil"), "rules/new"),
        (lambda p: (p / "rules/deep").rename(p / "away"), "rules/deep"),
        (lambda p: (p / "rules").rename(p / "away"), "rules"),
        (lambda p: (p / "never").mkdir(), "never"),
        (lambda p: ((p / "rules/link").unlink(), (p / "rules/link").symlink_to("/")), "rules/link"),
        (lambda p: ((p / "rules/a.toml").unlink(), (p / "rules/a.toml").mkdir()), "rules/a.toml"),
        (lambda p: (p / "rules/deep").chmod(0o700), "rules/deep"),
        (lambda p: ((p / "rules").rename(p / "away"), (p / "rules").symlink_to("away")), "rules"),
    ],
    ids=[
        *("written", "removed", "rights", "new", "folder moved", "all moved", "appeared", "link", "folder"),
        *("rights of a folder", "folder became a link"),
    ],
)
def test_what_was_changed_is_put_back_and_named(project: Path, change: object, named: str) -> None:
    before, guarded = picture(project), guard(project)
    assert callable(change)
    change(project)

    changed = guarded.restore()

    assert changed == (project / named,)
    assert {name: said for name, said in picture(project).items() if not name.startswith("away")} == before


def test_a_folder_that_became_a_link_leads_our_own_hand_nowhere(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "rules").mkdir(parents=True)
    (outside / "rules/mine").write_text("mine")
    guarded = Guard.over([project / "inner/rules/a.toml"], [project])
    (project / "inner").symlink_to(outside)

    guarded.restore()

    assert picture(outside) == {
        "rules": picture(outside)["rules"],
        "rules/mine": picture(outside)["rules/mine"],
    }
    assert not (project / "inner").is_symlink()


def test_a_link_is_put_back_and_what_it_leads_to_is_not_looked_at(project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_text("mine")
    (project / "linked").symlink_to(tmp_path / "secret")
    guarded = Guard.over([project / "linked"], [project])
    (project / "linked").unlink()
    (project / "linked").mkdir()

    assert guarded.restore() == (project / "linked",)
    assert (project / "linked").readlink() == tmp_path / "secret"
    assert list(guarded.before) == [project / "linked"]


def test_what_cannot_be_put_back_is_told(project: Path) -> None:
    impossible = project / ("x" * 300)
    guarded = Guard((impossible,), (project,), None, {impossible: Kept(mode=stat.S_IFREG, content=b"")})

    with pytest.raises(ToolError, match="which could not be put back"):
        guarded.restore()


def test_a_large_file_is_noticed_by_its_size_and_time(project: Path) -> None:
    large = project / "rules/large"
    large.write_bytes(b"x" * (MOST_BYTES + 1))
    guarded = guard(project)
    os.utime(large, (1, 1))

    assert guarded.restore() == (large,)
