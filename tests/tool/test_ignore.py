import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.workspace import Workspace
from tests.tool.filing import make_tree
from tool.ignore import Folder, Walk, patterns_of

NAMES = st.sampled_from(["a", "b", "a.py", "b.pyc", "lib", "docs"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
LINES = st.sampled_from(
    [
        *("a", "*.py", "!a.py", "lib/", "/a", "lib/a", "**/b", "lib/**", "a/**/b", "?", "[ab]", "[!a].py"),
        *(
            "!lib/",
            "*",
            "!*.pyc",
            "docs/*",
            "!docs/a",
            "# a",
            "\\#a",
            "a ",
            "a\\ ",
            "",
            "/",
            "**",
            "b**",
            "*/a",
        ),
    ]
)


def seen(folder: Path, root: Path | None = None) -> list[str]:
    root = root or folder
    walk = Walk(Folder.at(folder, Workspace(root), root / ".roost" / "artifacts"))
    return [os.path.relpath(file, folder) for file in walk.files()]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "core.excludesFile=", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_what_gitignore_names_is_left_out(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.py", "a.pyc", "build/x.py", "src/b.py", "src/build", "src/keep.log", "src/c.log")
    (tmp_path / ".gitignore").write_text("*.pyc\nbuild/\n*.log\n")
    (tmp_path / "src" / ".gitignore").write_text("!keep.log\n")

    assert seen(tmp_path) == [
        ".gitignore",
        "a.py",
        "src/.gitignore",
        "src/b.py",
        "src/build",
        "src/keep.log",
    ]


def test_the_rules_of_folders_above_hold_below(tmp_path: Path) -> None:
    make_tree(tmp_path, "lib/a.py", "lib/b.tmp", "lib/deep/c.tmp", "lib/deep/d.py")
    (tmp_path / ".gitignore").write_text("*.tmp\n/lib/a.py\n")

    assert seen(tmp_path / "lib", tmp_path) == ["deep/d.py"]


def test_the_rules_of_a_repository_reach_into_a_workspace_below_it(tmp_path: Path) -> None:
    make_tree(tmp_path, ".git/", "work/a.py", "work/b.tmp")
    (tmp_path / ".gitignore").write_text("*.tmp\n")

    assert seen(tmp_path / "work") == ["a.py"]


def test_a_repository_inside_has_its_own_rules(tmp_path: Path) -> None:
    make_tree(tmp_path, ".git/", "a.tmp", "inner/.git/HEAD", "inner/a.tmp", "inner/b.log")
    (tmp_path / ".gitignore").write_text("*.tmp\n")
    (tmp_path / "inner" / ".gitignore").write_text("*.log\n")

    assert seen(tmp_path) == [".gitignore", "inner/.gitignore", "inner/a.tmp"]


def test_a_repositorys_own_exclude_file_counts(tmp_path: Path) -> None:
    make_tree(tmp_path, ".git/info/", "a.py", "b.py")
    (tmp_path / ".git" / "info" / "exclude").write_text("b.py\n")

    assert seen(tmp_path) == ["a.py"]


def test_an_ignored_folder_can_be_looked_into_when_it_is_named(tmp_path: Path) -> None:
    make_tree(tmp_path, "node_modules/a/index.js", "node_modules/a/b.tmp")
    (tmp_path / ".gitignore").write_text("node_modules/\n*.tmp\n")

    assert seen(tmp_path) == [".gitignore"]
    assert seen(tmp_path / "node_modules", tmp_path) == ["a/b.tmp", "a/index.js"]


def test_artifacts_are_hidden_unless_they_are_named(tmp_path: Path) -> None:
    make_tree(tmp_path, ".roost/artifacts/text-1.txt", ".roost/rules.toml")

    assert seen(tmp_path) == [".roost/rules.toml"]
    assert seen(tmp_path / ".roost" / "artifacts", tmp_path) == ["text-1.txt"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    make_tree(tmp_path, "a/b.py")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")

    assert seen(tmp_path) == ["a/b.py"]


def test_rules_in_a_pipe_or_a_link_do_no_harm(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.py", "sub/b.py")
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "sub" / ".gitignore").symlink_to("/dev/zero")

    assert seen(tmp_path / "sub", tmp_path) == ["b.py"]


def test_a_walk_ends_when_it_has_seen_enough(tmp_path: Path) -> None:
    make_tree(tmp_path, *(f"{number}.txt" for number in range(20)))
    walk = Walk(Folder.at(tmp_path, Workspace(tmp_path), tmp_path / "none"), most_files=5)

    assert len(list(walk.files())) == 5
    assert not walk.complete


def test_a_walk_ends_when_its_time_is_over(tmp_path: Path) -> None:
    make_tree(tmp_path, "a.txt")
    walk = Walk(Folder.at(tmp_path, Workspace(tmp_path), tmp_path / "none"), seconds=-1)

    assert list(walk.files()) == []
    assert not walk.complete


@pytest.mark.parametrize("line", ["", "#", "!", "/", "   ", "[]"])
def test_a_line_that_means_nothing_is_no_pattern(line: str) -> None:
    assert [pattern for pattern in patterns_of(line) if pattern.regex.fullmatch("a")] == []


@pytest.mark.slow
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    paths=st.lists(PATHS, min_size=1, max_size=6),
    lines=st.lists(LINES, max_size=4),
    below=st.lists(LINES, max_size=2),
)
def test_git_sees_the_same_files(
    paths: list[str], lines: list[str], below: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    for path in paths:
        target = folder / path
        if not any(each.is_file() for each in target.parents) and not target.is_dir():
            make_tree(folder, path)
    (folder / ".gitignore").write_text("\n".join(lines))
    if (folder / "lib").is_dir():
        (folder / "lib" / ".gitignore").write_text("\n".join(below))

    theirs = git(folder, "ls-files", "-z", "-o", "--exclude-standard").split("\0")

    assert sorted(seen(folder)) == sorted(filter(None, theirs))
