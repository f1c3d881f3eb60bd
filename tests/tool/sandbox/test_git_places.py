import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tool.sandbox.area import areas, git
from tool.sandbox_git import MOST_FOLDERS, GitPlaces, KnownRepositories, repositories


def git_places(root: Path) -> GitPlaces:
    return repositories([root]).places()


def below(folder: Path, paths: tuple[Path, ...]) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in paths}


def test_a_folder_without_a_repository_has_none(tmp_path: Path) -> None:
    assert git_places(tmp_path) == GitPlaces()
    assert git_places(tmp_path / "missing") == GitPlaces()


def test_repositories_nested_ones_and_submodules_are_found() -> None:
    with areas(["plain"], "self") as (area,):
        places = git_places(area.project)

        git = {".git", "nested/.git", ".git/modules/part"}
        inner = {f"{folder}/{name}" for folder in git for name in ("hooks", "info", "modules", "worktrees")}
        assert below(area.project, places.pinned) == {*git, *inner, "nested", "part"}
        assert below(area.project, places.protected) == {
            *(f"{folder}/{name}" for folder in git for name in ("hooks", "config")),
            "part/.git",
        }
        assert {".git/commondir", "nested/.git/config.worktree"} <= below(area.project, places.watched)
        assert places.outside == ()


def test_a_linked_worktree_brings_the_repository_it_is_of() -> None:
    with areas(["worktree"], "self") as (area,):
        places = git_places(area.project)

        assert below(area.base, places.outside) == {"main/.git"}
        assert {"main/.git", "main/.git/worktrees/project"} <= below(area.base, places.pinned)
        fixed = {"main/.git/hooks", "main/.git/config", "main/.git/worktrees/project/commondir"}
        assert fixed <= below(area.base, places.protected)


def test_a_file_that_claims_to_be_a_worktree_is_not_believed() -> None:
    with areas(["pointer"], "self") as (area,):
        places = git_places(area.project)

        assert places == GitPlaces(protected=(area.project / ".git",))


def test_hooks_and_settings_that_the_settings_name_are_found(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    (tmp_path / "tools/hooks").mkdir(parents=True)
    (tmp_path / "more").write_text("")
    git("config", "core.hooksPath", "tools/hooks", folder=tmp_path)
    git("config", "include.path", "../more", folder=tmp_path)
    git("config", "--add", "include.path", "../missing", folder=tmp_path)
    git("config", "--add", "include.path", "/etc/hostname", folder=tmp_path)

    places = git_places(tmp_path)

    assert {"tools/hooks", "more"} <= below(tmp_path, places.protected)
    assert "tools" in below(tmp_path, places.pinned)
    assert not any(str(path).startswith("/etc") or path.name == "missing" for path in places.protected)


def test_scripts_that_hooks_are_links_to_are_found(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/check").write_text("")
    (tmp_path / ".git/hooks/pre-commit").symlink_to("../../tools/check")
    (tmp_path / ".git/hooks/pre-push").symlink_to("/etc/hostname")
    (tmp_path / ".git/hooks/post-merge").symlink_to("../..")

    places = git_places(tmp_path)

    assert below(tmp_path, places.protected) == {".git/hooks", ".git/config", "tools/check"}
    assert "tools" in below(tmp_path, places.pinned)


@pytest.mark.parametrize("name", [".git", ".git/config", ".git/gitdir"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / name)

    assert tmp_path / name in git_places(tmp_path).watched


@pytest.mark.parametrize("said", ["gitdir: circle\n", "gitdir: a\0b\n"])
def test_a_pointer_that_leads_nowhere_is_not_followed(tmp_path: Path, said: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / ".git").write_text(said)

    assert git_places(tmp_path) == GitPlaces(protected=(tmp_path / ".git",))


@pytest.mark.parametrize("named", ["circle", "a\0b"])
def test_settings_that_name_what_cannot_be_are_no_obstacle(tmp_path: Path, named: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text(f"[core]\n\thooksPath = {named}\n")

    assert tmp_path / ".git/config" in git_places(tmp_path).protected


@pytest.mark.parametrize("name", ["hooks", "info", "modules", "worktrees", "config.worktree"])
def test_what_a_command_made_a_link_is_not_mounted(tmp_path: Path, name: str) -> None:
    git("init", "-q", folder=tmp_path)
    (tmp_path / "elsewhere/part").mkdir(parents=True)
    (tmp_path / "elsewhere/part/HEAD").write_text("")
    shutil.rmtree(tmp_path / ".git" / name, ignore_errors=True)
    (tmp_path / ".git" / name).symlink_to(tmp_path / "elsewhere")

    places = git_places(tmp_path)

    mounted = (*places.pinned, *places.protected)
    assert not any(path == tmp_path / ".git" / name or name in path.parts for path in mounted)


def test_only_the_repositories_of_the_beginning_are_held(tmp_path: Path) -> None:
    git("init", "-q", folder=tmp_path)
    (tmp_path / "old").mkdir()
    git("init", "-q", folder=tmp_path / "old")
    known = KnownRepositories()
    known.places((tmp_path,))
    (tmp_path / "new").mkdir()
    git("init", "-q", folder=tmp_path / "new")
    (tmp_path / "old").rename(tmp_path / "renamed")

    held = below(tmp_path, known.places((tmp_path,)).pinned)

    assert {name.split("/")[0] for name in held} == {".git"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real/.git").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    (tmp_path / "project/.git").symlink_to(tmp_path / "real/.git")
    (tmp_path / "project/there").symlink_to(tmp_path / "real")

    assert git_places(tmp_path / "project") == GitPlaces()


def test_looking_ends_in_a_huge_project_and_the_nearest_are_found(tmp_path: Path) -> None:
    for number in range(MOST_FOLDERS + 200):
        (tmp_path / f"d{number}/deep").mkdir(parents=True)
    (tmp_path / "d7/.git").mkdir()

    assert tmp_path / "d7/.git" in git_places(tmp_path).pinned


def test_a_folder_nobody_may_look_into_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, timeout=60)

    found = git_places(tmp_path).protected
    (tmp_path / "closed").chmod(0o700)  # so that it can be cleaned up

    assert tmp_path / ".git/hooks" in found
