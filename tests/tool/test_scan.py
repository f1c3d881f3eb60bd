from pathlib import Path

import pytest

from tool.scan import PIECE_BYTES, Part, Task, parts


def task(
    *files: Path, pattern: str = "hit", context: int = 0, most: int = 100, files_only: bool = False
) -> Task:
    return Task(
        root=str(files[0].parent),
        pattern=pattern,
        literal=False,
        files=[str(file) for file in files],
        context=context,
        most=most,
        line_chars=20,
        files_only=files_only,
    )


def test_lines_and_their_neighbours_are_found(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one\nhit two\nthree\nfour\n")

    found = list(parts(task(file, context=1)))

    assert found == [Part(str(file), 1, [(1, False, "one"), (2, True, "hit two"), (3, False, "three")])]


def test_a_search_stops_when_it_has_enough(tmp_path: Path) -> None:
    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.write_text("hit\nhit\n")

    assert [part.matches for part in parts(task(*files, most=3))] == [2, 2]
    assert [part.matches for part in parts(task(*files, most=1))] == [1]
    assert [part.path for part in parts(task(*files, most=2, files_only=True))] == [
        str(files[0]),
        str(files[1]),
    ]


@pytest.mark.parametrize("pattern", ["^$", r"\Ahit\Z", "hit(?!x)", "(?<!x)hit", "h++it"])
def test_a_pattern_speaks_of_lines(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n\nhit\nx")

    (found,) = parts(task(tmp_path / "a", pattern=pattern))

    assert found.lines == [(2, True, "")] if pattern == "^$" else [(3, True, "hit")]


def test_a_line_across_two_pieces_is_whole_and_keeps_its_number(tmp_path: Path) -> None:
    filler = b"0123456789\n" * (PIECE_BYTES // 11)
    (tmp_path / "a").write_bytes(filler + b"before hit after\nhit\n")

    found = list(parts(task(tmp_path / "a")))

    first = PIECE_BYTES // 11 + 1
    assert [line for part in found for line in part.lines] == [
        (first, True, "before hit after"),
        (first + 1, True, "hit"),
    ]


def test_a_missing_file_is_passed_by(tmp_path: Path) -> None:
    assert list(parts(task(tmp_path / "none"))) == []
