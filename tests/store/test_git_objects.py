"""What git has packed, read without git: from real repositories, and from ones that lie."""

import os
import random
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from store.git_objects import GitObjects, blob_name

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout


@pytest.fixture(scope="module")
def contents() -> list[bytes]:
    chance = random.Random(1)
    long = [b"line %d\n" % chance.randrange(1000) for _ in range(3_000)]
    versions = [b"".join([*long[:at], b"changed\n", *long[at + 5 :]]) for at in range(0, 3_000, 100)]
    return [b"", b"\n", bytes(chance.randbytes(300_000)), *versions]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> Path:
    """Files that are much alike, which git writes as differences to each other."""
    folder = tmp_path_factory.mktemp("packed") / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for number, content in enumerate(contents):
        (folder / f"file{number}").write_bytes(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    git(folder, "gc", "-q", "--aggressive")
    (index,) = folder.glob(".git/objects/pack/*.idx")
    assert "chain length = 1: " in git(folder, "verify-pack", "-v", str(index))
    return folder


@pytest.fixture
def repository(tmp_path: Path, packed: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "repository"))


def test_every_version_of_a_file_is_read_as_it_was(repository: Path, contents: list[bytes]) -> None:
    objects = GitObjects(repository)

    read = [objects.read(blob_name(content)) for content in contents]

    assert read == contents
    assert all(objects.has(blob_name(content)) for content in contents)
    assert objects.read(blob_name(b"never there")) is None
    objects.close()


def test_what_was_packed_can_be_read_after_the_repository_is_gone(
    repository: Path, contents: list[bytes]
) -> None:
    objects = GitObjects(repository)
    assert objects.has(blob_name(contents[-1]))

    shutil.rmtree(repository)

    assert objects.read(blob_name(contents[-1])) == contents[-1]
    objects.close()
    assert not objects.has(blob_name(contents[-1]))


def test_an_object_with_a_file_of_its_own_is_passed_over(repository: Path) -> None:
    (repository / "file").write_bytes(b"loose")
    git(repository, "add", "file")

    assert not GitObjects(repository).has(blob_name(b"loose"))


def test_the_packs_of_worktrees_and_borrowed_repositories_are_read(
    repository: Path, contents: list[bytes], tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"))
    git(tmp_path, "clone", "-q", "--shared", str(repository), "borrower")
    (repository / "below" / "it").mkdir(parents=True)

    for folder in (tmp_path / "tree", tmp_path / "borrower", repository / "below" / "it"):
        objects = GitObjects(folder)
        assert objects.read(blob_name(contents[5])) == contents[5]
        objects.close()


@pytest.mark.parametrize(
    "said", [b"gitdir: \0", b"gitdir: " + b"x/" * 9_000, b"gitdir: \xff\xfe", b"", b"gitdir: /dev"]
)
def test_a_repository_that_is_nowhere_has_nothing(tmp_path: Path, said: bytes) -> None:
    (tmp_path / ".git").write_bytes(said)

    assert not GitObjects(tmp_path).has(blob_name(b""))


def test_outside_of_a_repository_there_is_nothing(tmp_path: Path) -> None:
    assert not GitObjects(tmp_path).has(blob_name(b""))


@pytest.mark.parametrize("seed", range(30))
def test_a_broken_pack_is_read_as_something_else_or_nothing_and_never_fails(
    repository: Path, contents: list[bytes], seed: int
) -> None:
    chance = random.Random(seed)
    for file in repository.glob(".git/objects/pack/*.*"):
        file.chmod(0o644)
        content = bytearray(file.read_bytes())
        for _ in range(chance.randrange(1, 200)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        file.write_bytes(content[: chance.randrange(len(content))] if chance.random() < 0.3 else content)
    objects = GitObjects(repository)

    for content in contents:
        found = objects.read(blob_name(content))
        assert found is None or isinstance(found, bytes)
    objects.close()


def test_a_pack_that_is_cut_short_while_it_is_held_has_nothing(
    repository: Path, contents: list[bytes]
) -> None:
    objects = GitObjects(repository)
    assert objects.has(blob_name(contents[2]))

    for file in repository.glob(".git/objects/pack/*.pack"):
        file.chmod(0o644)
        os.truncate(file, 20)

    assert objects.read(blob_name(contents[2])) is None
    objects.close()


@pytest.mark.parametrize("place", ["index", "pack", "git"])
def test_a_pipe_where_a_file_should_be_does_not_make_it_wait(repository: Path, place: str) -> None:
    where = {
        "index": next(repository.glob(".git/objects/pack/*.idx")),
        "pack": next(repository.glob(".git/objects/pack/*.pack")),
        "git": repository / ".git" / "objects" / "info" / "alternates",
    }[place]
    where.unlink(missing_ok=True)
    os.mkfifo(where)

    objects = GitObjects(repository)
    objects.has(blob_name(b""))
    objects.close()


def test_a_size_that_is_not_true_is_found_out(repository: Path, contents: list[bytes]) -> None:
    """A bomb says that it is small: no more than it says is unpacked."""
    (index,) = repository.glob(".git/objects/pack/*.idx")
    objects = GitObjects(repository)
    pack = objects._opened()[0]
    offset = pack.offset(blob_name(contents[2]))
    assert offset is not None
    kind, size, place = pack._head(offset)
    assert (kind, size) == (3, len(contents[2]))
    data = index.with_suffix(".pack")
    data.chmod(0o644)
    with data.open("r+b") as file:
        file.seek(place)
        file.write(zlib.compress(b"\0" * 100_000_000, 9)[:200_000])

    assert objects.read(blob_name(contents[2])) != contents[2]
    objects.close()
