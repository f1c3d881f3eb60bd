import subprocess
from pathlib import Path

from tests.tool.sandbox.area import areas
from tool.sandbox_git import MOST_FOLDERS, GitPlaces, git_places


def below(folder: Path, paths: tuple[Path, ...]) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in paths}


def test_a_folder_without_a_repository_has_none(tmp_path: Path) -> None:
    assert git_places([tmp_path]) == GitPlaces()
    assert git_places([tmp_path / "missing"]) == GitPlaces()


def test_repositories_nested_ones_and_submodules_are_found() -> None:
    with areas(["plain"], "self") as (area,):
        places = git_places([area.project])

        git = {".git", "nested/.git", ".git/modules/part"}
        assert below(area.project, places.writable) == {
            *git,
            *(f"{folder}/info" for folder in git),
            ".git/modules",
        }
        assert below(area.project, places.protected) == {
            *(f"{folder}/{name}" for folder in git for name in ("hooks", "config")),
            "part/.git",
        }
        assert {".git/commondir", "nested/.git/config.worktree"} <= below(area.project, places.absent)


def test_a_linked_worktree_brings_the_repository_it_is_of() -> None:
    with areas(["worktree"], "self") as (area,):
        places = git_places([area.project])

    assert {"main/.git", "main/.git/worktrees/project"} <= below(area.base, places.writable)
    assert {"main/.git/hooks", "main/.git/config", "main/.git/worktrees/project/commondir"} <= below(
        area.base, places.protected
    )


def test_a_file_that_claims_to_be_a_worktree_is_not_believed() -> None:
    with areas(["pointer"], "self") as (area,):
        places = git_places([area.project])

    assert places == GitPlaces(protected=(area.project / ".git",))


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real/.git").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    (tmp_path / "project/.git").symlink_to(tmp_path / "real/.git")
    (tmp_path / "project/there").symlink_to(tmp_path / "real")

    assert git_places([tmp_path / "project"]) == GitPlaces()


def test_looking_ends_in_a_huge_project_and_the_nearest_are_found(tmp_path: Path) -> None:
    for number in range(MOST_FOLDERS + 200):
        (tmp_path / f"d{number}/deep").mkdir(parents=True)
    (tmp_path / "d7/.git").mkdir()

    assert tmp_path / "d7/.git" in git_places([tmp_path]).writable


def test_a_folder_nobody_may_look_into_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, timeout=60)

    found = git_places([tmp_path]).protected
    (tmp_path / "closed").chmod(0o700)  # so that it can be cleaned up

    assert tmp_path / ".git/hooks" in found
