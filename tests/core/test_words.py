"""Words as searches compare them."""

import pytest

from core.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("getHTTPResponse2", "get http response 2 gethttpresponse2"),
        ("snake_case = __init__", "snake case snakecase init"),
        ("src/some_file.py:12", "src some file somefile py 12"),
        ("МойКласс naïve Überraschung", "мои класс моикласс naive uberraschung"),
        ("日本語", "日 日本 本 本語 語"),
        ("ไทย x", "ไ ไท ท ทย ย x"),
        ("हिन्दी में", "हिन्दी में"),
        ("deploy 🚀 now", "deploy 🚀 now"),
        ("'a\" OR* NEAR(b\x00c", "a or near b c"),
        ("…--()*^:\"'", ""),
        ("\ud800", ""),
    ],
)
def test_a_text_is_read_as_these_words(text: str, expected: str) -> None:
    assert " ".join(words(text)) == expected


def test_an_identifier_is_found_under_each_way_of_writing_it() -> None:
    assert set(words("parse_json_line")) == set(words("parseJsonLine")) == set(words("ParseJSONLine"))


def test_an_accent_is_the_same_however_it_is_encoded() -> None:
    assert list(words("cafe\u0301")) == list(words("caf\u00e9")) == ["cafe"]


def test_no_word_is_longer_than_a_word_can_be() -> None:
    assert max(len(word) for word in words("x" * 100_000 + " Ab1" * 40 + "aB" * 10_000)) == 64


def test_a_text_in_ascii_is_read_as_one_in_any_script() -> None:
    text = "".join(map(chr, range(128))) + " getHTTPResponse2 _x__y 1st a.b-c"

    assert [*words(text), "e"] == list(words(f"{text} é"))
