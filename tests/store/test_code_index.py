import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from core.code import Chunk, Definition, FileChunks, FileState
from core.errors import StoreError
from gate.embedding.hashed import HashedEmbedder
from store.code_index import CodeIndexFile, name_for
from tests.tool.coding import find_code_in
from tests.tool.filing import said

ROOT = Path(__file__).resolve().parents[2]
STATE = FileState("1", "digest")
SHOP = FileChunks(
    "src/shop.py",
    STATE,
    (Chunk(1, 3, "class Shop:\n    doors = 2", "Shop", heads=True), Chunk(5, 5, "shop = Shop()")),
    ("Shop", "doors"),
)
HOUSE = FileChunks("house.py", STATE, (Chunk(1, 2, "# Stones.\ndef build(): ...", "build", heads=True),))


class Other(HashedEmbedder):
    model = "other"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "index.sqlite"


@pytest.fixture
def index(path: Path) -> Iterator[CodeIndexFile]:
    index = CodeIndexFile.open(path, HashedEmbedder())
    yield index
    index.close()


def found(index: CodeIndexFile, words: str, below: str = "") -> list[tuple[str, int, int]]:
    return [(hit.path, hit.chunk.first, hit.chunk.last) for hit in index.search(words, below=below, most=10)]


def test_what_is_put_is_found_as_it_was(index: CodeIndexFile) -> None:
    index.put([SHOP, HOUSE])

    [hit] = index.search("build of stones", below="house.py", most=1)
    assert (hit.path, hit.chunk) == ("house.py", HOUSE.chunks[0])
    assert found(index, "doors", "src") == [("src/shop.py", 1, 3), ("src/shop.py", 5, 5)]
    assert index.states() == {"src/shop.py": STATE, "house.py": STATE}
    assert index.definitions() == [
        Definition("house.py", "build", 2, "def build(): ..."),
        Definition("src/shop.py", "Shop", 1, "class Shop:"),
    ]
    assert index.uses() == {"src/shop.py": ["Shop", "doors"]}


def test_what_is_put_again_takes_the_place_of_what_was_there(index: CodeIndexFile) -> None:
    index.put([SHOP, HOUSE])
    index.put([FileChunks("house.py", FileState("2", "other"), (Chunk(9, 9, "windows"),))])

    assert found(index, "stones", "house.py") == [("house.py", 9, 9)]
    assert index.states()["house.py"] == FileState("2", "other")


def test_what_is_forgotten_is_not_found(index: CodeIndexFile) -> None:
    index.put([SHOP, HOUSE])
    index.forget(["src/shop.py", "never/there.py"])

    assert found(index, "doors of the shop", "src") == []
    assert list(index.states()) == ["house.py"]


def test_a_stamp_is_changed_only_for_the_content_that_it_is_of(index: CodeIndexFile) -> None:
    index.put([SHOP, HOUSE])
    index.restamp({"house.py": FileState("2", "digest"), "src/shop.py": FileState("2", "another")})

    assert index.states() == {"house.py": FileState("2", "digest"), "src/shop.py": STATE}


def test_a_path_is_searched_even_if_a_thousand_better_ones_are_elsewhere(index: CodeIndexFile) -> None:
    better = [
        FileChunks(f"many/f{number}.py", STATE, (Chunk(1, 1, "doors of a shop", "doors", heads=True),))
        for number in range(1_200)
    ]
    index.put([*better, SHOP])

    assert found(index, "doors of a shop", "src") == [("src/shop.py", 1, 3), ("src/shop.py", 5, 5)]
    assert len(found(index, "doors of a shop")) == 10


@pytest.mark.parametrize("below", ["sr", "src/sho", "c"])
def test_a_path_that_is_the_beginning_of_a_name_holds_nothing(below: str, index: CodeIndexFile) -> None:
    index.put([SHOP, HOUSE])

    assert found(index, "shop doors", below) == []


@pytest.mark.parametrize("words", ["", '"', "AND OR NOT", "x' OR 1=1 --", "*", "\ud800", "()" * 1_000])
def test_any_words_can_be_asked_for(words: str, index: CodeIndexFile) -> None:
    index.put([SHOP])

    assert len(found(index, words)) <= 2


def test_it_is_for_its_owner_alone(index: CodeIndexFile, path: Path) -> None:
    index.put([SHOP])

    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_is_still_there_when_it_is_opened_again(path: Path) -> None:
    first = CodeIndexFile.open(path, HashedEmbedder())
    first.put([SHOP])
    first.close()
    again = CodeIndexFile.open(path, HashedEmbedder())

    assert found(again, "doors", "src") == [("src/shop.py", 1, 3), ("src/shop.py", 5, 5)]
    again.close()


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 8_000])
def test_a_damaged_file_is_made_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    index = CodeIndexFile.open(path, HashedEmbedder())
    index.put([SHOP])

    assert found(index, "doors", "src") != []
    index.close()


def test_a_text_that_cannot_be_unpacked_is_damage(index: CodeIndexFile, path: Path) -> None:
    index.put([SHOP])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE code_texts SET text = substr(text, 1, 9)")

    with pytest.raises(StoreError) as raised:
        index.search("doors", below="", most=3)

    assert index.begin_anew(raised.value)
    assert index.states() == {}


def test_a_file_of_another_form_is_made_anew(path: Path) -> None:
    CodeIndexFile.open(path, HashedEmbedder()).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO migrations VALUES ('of tomorrow', '2100')")
    connection.close()

    index = CodeIndexFile.open(path, HashedEmbedder())

    assert index.states() == {}
    index.close()


def test_an_index_of_another_embedder_is_made_anew(path: Path) -> None:
    first = CodeIndexFile.open(path, Other())
    first.put([SHOP])
    first.close()

    index = CodeIndexFile.open(path, HashedEmbedder())

    assert index.states() == {}
    index.close()


def test_every_workspace_has_a_file_of_its_own() -> None:
    assert name_for(Path("/a")) != name_for(Path("/b"))
    assert name_for(Path("/a\udcff")).endswith(".sqlite")


def a_large_project(folder: Path) -> Path:
    project = folder / "project"
    project.mkdir()
    for number in range(400):
        (project / f"f{number:03}.py").write_text(f"def function{number}():\n    return {number}\n" * 10)
    return project


INDEXING = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from core.tools import ToolContext
from tests.tool.coding import find_code_in
tool = find_code_in(Path(sys.argv[2]))
context = ToolContext(call_id="1", progress=lambda text: print(text, end="", flush=True))
asyncio.run(tool.run(tool.args(query="function7"), context))
"""


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 2, 3])
async def test_an_index_that_was_killed_half_way_goes_on_from_there(tmp_path: Path, lines: int) -> None:
    project = a_large_project(tmp_path)
    command = (sys.executable, "-c", INDEXING, str(ROOT), str(project))
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = [await process.stdout.readline() for _ in range(lines)]
    with suppress(ProcessLookupError):  # it may have come to its end
        process.kill()
    await process.wait()

    tool = find_code_in(project)
    index = tool.services.code_index()
    kept = len(index.states())
    text = await said(tool, query="function7")

    assert told[0] == b"looking for changed files\n"
    assert kept > 0 or lines == 1
    assert len(index.states()) == 400
    assert len(index.definitions()) == 4_000
    assert text.startswith("f007.py:")
    await asyncio.to_thread(index.close)


@pytest.mark.slow
async def test_two_processes_index_the_same_workspace_at_once(tmp_path: Path) -> None:
    project = a_large_project(tmp_path)
    command = (sys.executable, "-c", INDEXING, str(ROOT), str(project))

    both = [await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL) for _ in range(2)]
    codes = [await process.wait() for process in both]

    index = find_code_in(project).services.code_index()
    assert codes == [0, 0]
    assert len(index.states()) == 400
    assert len(index.definitions()) == 4_000
    await asyncio.to_thread(index.close)
