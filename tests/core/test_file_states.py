import os

from hypothesis import given
from hypothesis import strategies as st

from core.file_states import FileState, PathChange, is_same, name_written, written_name

FILE = FileState(kind="file", mode=0o644, size=1, digest="d")
UNREAD = FileState(kind="file", mode=0o644, size=1)


@given(st.binary(min_size=1).map(os.fsdecode))
def test_every_name_can_be_written_in_one_line_of_utf_8_and_read_back(name: str) -> None:
    written = written_name(name)

    assert written.encode().decode().isprintable() or not name.isascii()
    assert not set(written) & set("\n\r\0")
    assert name_written(written) == name


def test_ordinary_names_are_written_as_they_are() -> None:
    assert written_name("src/über/a b.py") == "src/über/a b.py"
    assert written_name("a\\b\n\udcff") == r"a\\b\x0a\xff"


def test_what_was_not_read_is_the_same_as_nothing() -> None:
    assert is_same(FILE, FILE)
    assert is_same(None, None)
    assert not is_same(UNREAD, UNREAD)
    assert not is_same(FILE, None)


def test_a_change_says_in_a_mark_what_it_is() -> None:
    changes = (PathChange(path="a", after=FILE), PathChange(path="a", before=FILE))

    assert [change.mark for change in changes] == ["+", "-"]
    assert PathChange(path="a", before=FILE, after=UNREAD).mark == "~"
