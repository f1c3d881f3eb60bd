"""Values that nobody is to see: whole, in part, encoded, over line breaks, and in any pieces."""

import base64
import json
import string
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.masking import LEAST_CHARS, PART_CHARS, MaskedStream, Masking, can_mask

KEY = "sk-Q7r/x+2Zp_9aLw31VbT0"
PHRASE = 'it\'s "blue\\grün" 4ever & ever'
MASKING = Masking([("API_KEY", KEY), ("PHRASE", PHRASE)])
SURROUNDINGS = [b"", b"k", b"key", b"AGENT_API_KEY=", b'{"a": "']

values = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=8, max_size=60).filter(
    can_mask
)
keys = st.text(string.ascii_letters + string.digits + "-_/+=.", min_size=8, max_size=80).filter(can_mask)


def base64_of(value: str, before: bytes, behind: bytes) -> str:
    return base64.b64encode(before + value.encode() + behind).decode()


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
        " ".join(f"{byte:02x}" for byte in KEY.encode()),
        quote(KEY, safe=""),
        quote(KEY),
        quote(KEY, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
        "".join(f"%{byte:02x}" for byte in KEY.encode()),
        "\n".join(KEY),
        f"{KEY[:9]}\r\n    {KEY[9:]}",
    ],
)
def test_a_value_is_masked_in_every_form(form: str) -> None:
    assert MASKING.masked(f"before {form} behind") == "before [masked API_KEY] behind"


@pytest.mark.parametrize("escaped", [True, False])
def test_a_value_with_quotes_is_masked_within_json(escaped: bool) -> None:
    text = json.dumps({"command": f"echo {PHRASE}!"}, ensure_ascii=escaped)

    assert json.loads(MASKING.masked(text)) == {"command": "echo [masked PHRASE]!"}


@pytest.mark.parametrize("behind", SURROUNDINGS)
@pytest.mark.parametrize("before", SURROUNDINGS)
def test_base64_hides_nothing_whatever_stands_around(before: bytes, behind: bytes) -> None:
    text = MASKING.masked(base64_of(KEY, before, behind))

    assert "[masked API_KEY]" in text
    rest = text.replace("[masked API_KEY]", "")
    assert len(rest) <= len(base64.b64encode(before + behind)) + 4
    assert "[masked" in MASKING.masked(base64.urlsafe_b64encode(before + KEY.encode() + behind).decode())


def test_base64_with_broken_lines_hides_nothing() -> None:
    lines = base64.encodebytes(b"PATH=/usr/bin:/bin:/usr/local/bin LANG=C KEY=" + KEY.encode()).decode()

    assert lines.count("\n") == 2
    assert MASKING.masked(lines).count("[masked API_KEY]") == 1


def test_a_long_part_of_a_value_gives_it_away() -> None:
    assert MASKING.masked(f"...{KEY[-PART_CHARS:]} x") == "...[masked API_KEY] x"
    assert MASKING.masked(f"...{KEY[-PART_CHARS + 1 :]} x") == f"...{KEY[-PART_CHARS + 1 :]} x"


def test_what_is_short_or_of_one_letter_is_not_masked() -> None:
    masking = Masking([("A", "1234567"), ("B", "aaaaaaaaaaaa"), ("C", "   \n"), ("D", "")])

    assert not masking
    assert masking.masked("1234567 aaaaaaaaaaaa") == "1234567 aaaaaaaaaaaa"
    assert [can_mask(text) for text in ("1234567", "abcabcab", "abcdabcd")] == [False, False, True]
    assert [can_mask("ab" * count + "cd") for count in (10, 20)] == [True, False]


def test_neighbours_and_repetitions_are_all_masked() -> None:
    masking = Masking([("ONE", "abcdefgh1"), ("TWO", "zyxwvut98")])

    assert masking.masked("abcdefgh1abcdefgh1zyxwvut98") == "[masked ONE][masked ONE][masked TWO]"


def test_a_value_within_another_goes_by_the_longer_one() -> None:
    masking = Masking([("SHORT", "token-4711"), ("LONG", "my-token-4711-and-more")])

    assert masking.masked("my-token-4711-and-more, token-4711") == "[masked LONG], [masked SHORT]"


def test_values_that_overlap_are_one() -> None:
    masking = Masking([("ONE", "abcdefgh1234"), ("TWO", "gh1234zyxwvut")])

    assert masking.masked("-abcdefgh1234zyxwvut-") == "-[masked ONE]-"


def test_masking_again_changes_nothing() -> None:
    once = MASKING.masked(f"{KEY} {PHRASE}")

    assert MASKING.masked(once) == once


@settings(max_examples=300)
@given(values, st.text(max_size=20), st.text(max_size=20))
def test_no_value_is_ever_left_whole(value: str, before: str, behind: str) -> None:
    masked = Masking([("NAME", value)]).masked(f"{before}{value}{behind}")

    assert value not in masked.replace("[masked NAME]", "")


@settings(max_examples=300)
@given(keys, st.binary(max_size=9), st.binary(max_size=9))
def test_no_base64_of_a_value_is_left(value: str, before: bytes, behind: bytes) -> None:
    said = base64_of(value, before, behind)
    masked = Masking([("NAME", value)]).masked(said)

    assert "[masked NAME]" in masked
    whole = len(said.rstrip("=")) - len(base64.b64encode(before)) - len(base64.b64encode(behind))
    assert len(said) - len(masked.replace("[masked NAME]", "")) >= min(whole - 4, LEAST_CHARS)


@st.composite
def texts_with_values(draw: st.DrawFn) -> tuple[Masking, list[str]]:
    """Values, and a text of them, of parts of them, and of what is like them, in any pieces."""
    few = "abA1-_ \n"
    secrets = draw(st.lists(st.one_of(keys, st.text(few, min_size=8, max_size=24)), min_size=1, max_size=4))
    forms = [form for one in secrets for form in (one, one.encode().hex(), base64_of(one, b"x", b""))]
    part = st.sampled_from(forms).flatmap(
        lambda form: st.tuples(st.integers(0, len(form)), st.integers(0, len(form))).map(
            lambda ends: form[min(ends) : max(ends)]
        )
    )
    pieces = draw(st.lists(st.one_of(part, st.sampled_from(forms), st.text(few, max_size=5)), max_size=12))
    text = "".join(pieces)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    masking = Masking((f"N{number}", one) for number, one in enumerate(secrets))
    return masking, [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@pytest.mark.slow
@settings(max_examples=1_000)
@given(texts_with_values())
def test_in_pieces_a_text_is_masked_as_in_one(given_: tuple[Masking, list[str]]) -> None:
    masking, pieces = given_
    stream = MaskedStream(masking)

    shown = [stream.add(piece) for piece in pieces]

    assert "".join([*shown, stream.end()]) == masking.masked("".join(pieces))


@settings(max_examples=200)
@given(texts_with_values())
def test_letter_by_letter_a_text_is_masked_as_in_one(given_: tuple[Masking, list[str]]) -> None:
    masking, pieces = given_
    text = "".join(pieces)
    stream = MaskedStream(masking)

    assert "".join(map(stream.add, text)) + stream.end() == masking.masked(text)


def test_only_what_may_be_the_beginning_of_a_value_waits() -> None:
    stream = MaskedStream(MASKING)
    shown = ""

    waiting = []
    text = "The quick brown fox jumps over the lazy dog, and nobody knows why it does. " * 4
    for letter in text:
        shown += stream.add(letter)
        waiting.append(len(text[: len(waiting) + 1]) - len(shown))

    assert max(waiting) <= 5
    assert shown + stream.end() == text


def test_the_worst_text_costs_its_length() -> None:
    masking = Masking([("SILLY", "ab" * 9 + "cd"), ("KEY", KEY)])
    looked_at = 0

    class Counted(str):
        def __getitem__(self, at):
            nonlocal looked_at
            looked_at += 1
            return super().__getitem__(at)

    def cost(text: str) -> int:
        nonlocal looked_at
        looked_at = 0
        list(masking._found(Counted(text)))
        return looked_at

    for text in ("ab", "abababababababx", KEY[:15], KEY, "a", "0"):
        short, long = (text * (chars // len(text)) for chars in (5_000, 20_000))
        assert cost(long) < 4.2 * cost(short) + 1_000
        assert cost(long) < 100 * len(long)


def test_without_values_nothing_waits() -> None:
    stream = MaskedStream(Masking())

    assert (stream.add("sk-"), stream.end()) == ("sk-", "")
