"""Events out of bytes, however careless the server."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StreamBroken
from gate.server_sent_events import LONGEST_LINE_BYTES, EventParser, ServerSentEvent

WIRE = (
    b"\xef\xbb\xbf: hello\n\ndata: one\r\n\r\nevent: error\r\ndata: two\r\ndata: lines\r\n\r\n"
    b'id: 7\ndata:no space\n\n{"raw": 1}\n\ndata: \xe2\x80\xa8 in a string\n\n\n\ndata: last'
)
EVENTS = [
    ServerSentEvent("one"),
    ServerSentEvent("two\nlines", "error"),
    ServerSentEvent("no space"),
    ServerSentEvent('{"raw": 1}'),
    ServerSentEvent("\u2028 in a string"),
    ServerSentEvent("last"),
]


def parsed(*pieces: bytes) -> list[ServerSentEvent]:
    parser = EventParser()
    return [*(event for piece in pieces for event in parser.feed(piece)), *parser.close()]


@given(st.sets(st.integers(0, len(WIRE))))
def test_where_the_pieces_end_makes_no_difference(cuts: set[int]) -> None:
    ends = [0, *sorted(cuts), len(WIRE)]

    events = parsed(*(WIRE[start:end] for start, end in pairwise(ends)))

    assert events == EVENTS


def test_lines_may_end_in_carriage_returns_alone() -> None:
    assert parsed(b"data: a\r\rdata: b\r\r") == [ServerSentEvent("a"), ServerSentEvent("b")]


@pytest.mark.parametrize("pieces", [1, 4_096])
def test_a_line_without_end_is_given_up(pieces: int) -> None:
    with pytest.raises(StreamBroken, match="a line of more than"):
        parsed(*[b"x" * (LONGEST_LINE_BYTES // pieces + 1)] * pieces)
