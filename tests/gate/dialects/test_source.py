"""The text at hand: no more of it than what is read, and what may be read again."""

from gate.dialects.source import Source

PIECE = "<opening>"


def test_what_stands_before_a_mark_is_dropped_however_often_is_read_again_from_there() -> None:
    source = Source()
    source.feed(PIECE * 2)
    at_hand = []

    for _ in range(50):
        source.mark()
        start = source.place
        source.at += len(PIECE)
        source.feed(PIECE)
        source.back_to(start)
        source.at += len(PIECE)
        at_hand.append(len(source.text))

    assert max(at_hand) <= 8 * len(PIECE)


def test_what_was_read_since_a_mark_is_kept_whole_across_pieces() -> None:
    source = Source()
    source.feed("before|one ")
    source.at = 7
    source.mark()
    start = source.place
    source.at = len(source.text)
    for word in ("two ", "three "):
        source.feed(word)
        source.at = len(source.text)

    words, tail = source.since_mark(), source.between(start + 4, source.place)
    source.back_to(start + 4)

    assert (words, tail) == ("one two three ", "two three ")
    assert source.text[source.at :] == "two three "
