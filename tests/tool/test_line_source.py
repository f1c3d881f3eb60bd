from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tool import line_source
from tool.line_source import LineSource, Survey


def survey(content: bytes, start: int) -> Survey:
    return LineSource(BytesIO(content), "utf-8").survey(start)


@given(st.text(alphabet="ab\n").map(str.encode), st.integers(1, 6))
def test_lines_are_those_of_the_text(content: bytes, start: int) -> None:
    expected = content.decode().removesuffix("\n").split("\n") if content else []
    source = LineSource(BytesIO(content), "utf-8")

    found = source.survey(start)

    lines = [] if found.place is None else list(source.lines(found.place))
    assert (found.lines, found.complete) == (len(expected), True)
    assert lines == expected[start - 1 :]
    assert found.digest == sha256(content).hexdigest()


def test_a_line_far_behind_is_found() -> None:
    content = b"".join(b"%d\n" % number for number in range(1, 400_001))
    source = LineSource(BytesIO(content), "utf-8")

    found = source.survey(399_999)

    assert found.place is not None
    assert list(source.lines(found.place)) == ["399999", "400000"]


def test_a_line_of_megabytes_is_cut_and_the_next_one_is_whole() -> None:
    source = LineSource(BytesIO(b"a" * 3_000_000 + b"\nnext\n"), "utf-8")

    lines = list(source.lines(0))

    assert lines == ["a" * 500 + "[... 2,999,501 more in this line]", "next"]


def test_a_very_large_file_is_counted_only_so_far() -> None:
    class Endless(BytesIO):
        """Gives the same lines for ever."""

        def read(self, size: int | None = -1) -> bytes:
            return b"line\n" * 200_000

    found = LineSource(Endless(), "utf-8").survey(3)

    assert (found.place, found.complete, found.digest) == (10, False, "")
    assert found.lines * 5 > line_source.COUNTED_BYTES


@pytest.mark.parametrize(("start", "place"), [(1, 0), (2, 2), (3, None)])
def test_a_line_after_the_last_is_none(start: int, place: int | None) -> None:
    assert survey(b"a\nb\n", start).place == place
