"""Values that nobody is to see, found in any text: whole or in part, as they are or encoded.

value ─► its forms: as it is, in JSON, percent-encoded, hex, base64
                                   │ every six characters of them
text ─► without white space ─► looked up ─► followed both ways as far as they agree ─► [masked NAME]

White space does not count, so that a value is found where a program has broken its lines. Looking costs the
same however many values there are.
"""

import json
from base64 import b64encode, urlsafe_b64encode
from bisect import bisect_right
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from core.records import dataclass

LEAST_CHARS = 8
"""A shorter value is not masked: it would be found where nobody meant it."""
LEAST_DIFFERENT = 4
"""How many different characters a value has at least."""
MOST_REPEATED = 8
"""How often the same six characters may stand in it."""
PART_CHARS = 16
"""So many of its characters in a row give a longer value away: the rest of a line that was cut, say."""
UNRESERVED = b"-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
_GRAM = 6
_STRIDE = LEAST_CHARS - _GRAM + 1  # so that wherever a value stands, one of its grams is looked up


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    name: str


class Masking:
    """Masks the values it was given, each under its name."""

    def __init__(self, values: Iterable[tuple[str, str]] = ()) -> None:
        """`values`: pairs of a name and a value; those that cannot be masked are passed over."""
        forms = {form: name for name, value in values if can_mask(value) for form in _forms(value)}
        self._names = tuple(forms.values())
        self._all = "\n".join(forms)
        lengths = map(len, forms)
        self._starts = tuple(_starts(lengths))

    def __bool__(self) -> bool:
        return bool(self._names)

    def masked(self, text: str) -> str:
        """`text` with a mark in the place of every value."""
        if not self._names or not (spans := self._spans(dense := _dense(text))):
            return text
        return "".join(self._pieces(text, spans, _places(text, dense)))

    def mistaken(self, before: str, after: str) -> str:
        """A mark in `after` where `before` has the value that it stands for; empty when there is none."""
        marks = {_mark(span.name) for span in self._spans(_dense(before))} if self._names else set()
        return next((mark for mark in marks if mark in after and mark not in before), "")

    def begun(self, text: str) -> tuple[str, str]:
        """The beginning of `text` that is masked alike whatever follows, masked, and the rest as it is."""
        dense = _dense(text)
        spans = self._spans(dense)
        cut = len(dense) - self._beginning(dense)
        cut = next((span.start for span in reversed(spans) if span.start < cut < span.end), cut)
        end = _end_before(text, len(dense) - cut)
        if not (settled := [span for span in spans if span.end <= cut]):
            return text[:end], text[end:]
        return "".join(self._pieces(text[:end], settled, _places(text, dense))), text[end:]

    def _beginning(self, dense: str) -> int:
        """How many characters at the end of `dense` stand together in a value."""
        count = 0
        while count < len(dense) and dense[-count - 1 :] in self._all:
            count += 1
        return count

    def _pieces(self, text: str, spans: Iterable[_Span], places: "range | list[int]") -> Iterator[str]:
        done = 0
        for span in spans:
            yield text[done : places[span.start]]
            yield _mark(span.name)
            done = places[span.end - 1] + 1
        yield text[done:]

    def _spans(self, dense: str) -> list[_Span]:
        """Where the values are, in order; what overlaps is one, under the name of what begins it."""
        merged: list[_Span] = []
        for span in sorted(self._found(dense), key=lambda span: (span.start, -span.end)):
            if not merged or span.start >= merged[-1].end:
                merged.append(span)
            elif span.end > merged[-1].end:
                merged[-1] = _Span(merged[-1].start, span.end, merged[-1].name)
        return merged

    def _found(self, dense: str) -> Iterator[_Span]:
        grams = self._grams
        followed: dict[int, int] = {}  # by offset between text and forms: up to where in the text
        covered = 0
        for at in [at for at in range(0, len(dense) - _GRAM + 1, _STRIDE) if dense[at : at + _GRAM] in grams]:
            if at + _GRAM + _STRIDE <= covered:
                continue  # what reaches beyond is found from a gram nearer to the end
            for place in grams[dense[at : at + _GRAM]]:
                if followed.get(place - at, 0) > at:
                    continue
                start, end = self._agreement(dense, at, place)
                followed[place - at] = end
                form = bisect_right(self._starts, place) - 1
                if end - start >= min(PART_CHARS, self._starts[form + 1] - self._starts[form] - 1):
                    covered = max(covered, end)
                    yield _Span(start, end, self._names[form])

    def _agreement(self, dense: str, at: int, place: int) -> tuple[int, int]:
        """From where to where `dense` and a form agree around `at` and `place`; no text has a form's end."""
        forms, start, end = self._all, at, at + _GRAM
        before = place - at
        while start > 0 and before + start > 0 and dense[start - 1] == forms[before + start - 1]:
            start -= 1
        limit = min(len(dense), len(forms) - before)
        while end < limit and dense[end] == forms[before + end]:
            end += 1
        return start, end

    @cached_property
    def _grams(self) -> Mapping[str, list[int]]:
        """Where each six characters of the forms stand in all of them."""
        grams: dict[str, list[int]] = {}
        for start, end in zip(self._starts, self._starts[1:], strict=False):
            for place in range(start, end - _GRAM):
                grams.setdefault(self._all[place : place + _GRAM], []).append(place)
        return grams


@dataclass
class MaskedStream:
    """Masks a text that comes in pieces: together they are what the whole text would be.

    Only what may be the beginning of a value is held back until more is known.
    """

    masking: Masking
    _held: str = ""

    def add(self, piece: str) -> str:
        """What can be shown by now."""
        if not self.masking:
            return piece
        shown, self._held = self.masking.begun(self._held + piece)
        return shown

    def end(self) -> str:
        """The rest, when nothing follows."""
        rest, self._held = self._held, ""
        return self.masking.masked(rest)


@dataclass
class MaskedBytes:
    """The same for bytes, of which most are text in UTF-8; the others stay as they are."""

    masking: Masking

    def __post_init__(self) -> None:
        self._stream = MaskedStream(self.masking)
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")

    def add(self, chunk: bytes, *, final: bool = False) -> bytes:
        """What can be shown by now; after a `final` chunk all of it."""
        if not self.masking:
            return chunk
        text = self._stream.add(self._decoder.decode(chunk, final)) + (self._stream.end() if final else "")
        return text.encode("utf-8", "surrogateescape")


def _mark(name: str) -> str:
    return f"[masked {name}]"


def can_mask(value: str) -> bool:
    """Whether `value` is long and varied enough; one that repeats itself would be found anywhere."""
    dense = _dense(value)
    grams = Counter(dense[at : at + _GRAM] for at in range(len(dense) - _GRAM + 1))
    varied = len(set(dense)) >= LEAST_DIFFERENT and max(grams.values(), default=0) <= MOST_REPEATED
    return len(dense) >= LEAST_CHARS and varied


def _forms(value: str) -> Iterator[str]:
    """What `value` may look like, each without white space."""
    said = value.encode("utf-8", "surrogateescape")
    written = [value, *(json.dumps(value, ensure_ascii=escaped)[1:-1] for escaped in (True, False))]
    for case in "xX":
        written += [_percent(said, plain, case) for plain in (UNRESERVED, UNRESERVED + b"/", b"")]
        written.append("".join(f"{byte:02{case}}" for byte in said))
    yield from map(_dense, (*written, *_base64_forms(said)))


def _percent(said: bytes, plain: bytes, case: str) -> str:
    return "".join(chr(byte) if byte in plain else f"%{byte:02{case}}" for byte in said)


def _base64_forms(said: bytes) -> Iterator[str]:
    """The characters that are the same whatever stands before and behind: three ways to fall into threes."""
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(said)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + said)[first:last].decode()


def _starts(lengths: Iterable[int]) -> Iterator[int]:
    start = 0
    for length in lengths:
        yield start
        start += length + 1
    yield start


def _dense(text: str) -> str:
    return "".join(text.split())


def _places(text: str, dense: str) -> "range | list[int]":
    """Where in `text` each character of `dense` stands."""
    if len(text) == len(dense):
        return range(len(text))
    return [place for place, character in enumerate(text) if not character.isspace()]


def _end_before(text: str, count: int) -> int:
    """Where the last `count` characters of `text` that are no white space begin."""
    end = len(text)
    while count:
        end -= 1
        count -= not text[end].isspace()
    return end
