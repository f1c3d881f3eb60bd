"""Where in a text an edit belongs. Pure; never a guess by similarity.

Levels, each tried when those before found nothing:

    exact ─▶ lines but for spaces at their end ─▶ lines but for indentation ─▶ look-alike characters ─▶ both

An edit found below the first level is fitted: it takes the file's indentation, and what it leaves
alone stays as it is in the file.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from itertools import accumulate

MOST_FOLDED_CHARS = 2_000_000
MOST_SHOWN_LINES = 15
MOST_COMPARED_LINES = 5_000

LOOKALIKES = {
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""),
}


@dataclass(frozen=True)
class Place:
    """`text[start:end]` is what is to be replaced, by `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True)
class Found:
    places: tuple[Place, ...]
    remark: str = ""
    """How the match differs from what was asked for; empty when it does not."""


def locate(text: str, old: str, new: str) -> Found:
    """All places of `old` in `text` at the first level that has any; every line ends in `\\n`."""
    levels: tuple[tuple[str, Callable[[], Iterable[Place]]], ...] = (
        ("", lambda: _exact(text, old, new)),
        ("spaces at line ends differ", lambda: _lines_alike(text, old, new, str.rstrip)),
        ("the indentation differs", lambda: _lines_alike(text, old, new, str.strip)),
        ("quotes, dashes or the like differ", lambda: _characters_alike(text, old, new)),
        ("indentation, and quotes or the like, differ", lambda: _lines_alike(text, old, new, _folded_line)),
    )
    for remark, places_of in levels:
        if places := tuple(places_of()):
            return Found(places, remark)
    return Found(())


def _exact(text: str, old: str, new: str) -> Iterator[Place]:
    at = text.find(old)
    while at >= 0:
        yield Place(at, at + len(old), new)
        at = text.find(old, at + len(old))


def _lines_alike(text: str, old: str, new: str, key: Callable[[str], str]) -> tuple[Place, ...]:
    """Runs of whole lines that are those of `old` as `key` sees them."""
    wanted, replacement = old.strip("\n").split("\n"), _as_lines(new, old)
    keys = [key(line) for line in wanted]
    if not any(keys):
        return ()
    lines = text.split("\n")
    seen = [key(line) for line in lines]
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    places, free = list[Place](), 0
    for at in range(len(lines) - len(keys) + 1):
        if at < free or seen[at] != keys[0] or seen[at : at + len(keys)] != keys:
            continue
        free = at + len(keys)
        if (fitted := _fitted(replacement, wanted, lines[at:free])) is not None:
            end = starts[free] if not fitted and free < len(lines) else starts[free] - 1
            places.append(Place(starts[at], end, "\n".join(fitted)))
    return tuple(places)


def _as_lines(new: str, old: str) -> list[str]:
    """The lines of `new`, without the empty ones at its ends that `old` has as well."""
    for_start = min(len(old) - len(old.lstrip("\n")), len(new) - len(new.lstrip("\n")))
    for_end = min(len(old) - len(old.rstrip("\n")), len(new) - len(new.rstrip("\n")))
    kept = new[for_start : len(new) - for_end]
    return kept.split("\n") if kept else []


def _fitted(new: Sequence[str], old: Sequence[str], window: Sequence[str]) -> list[str] | None:
    """`new` as the file would have it: lines kept from `old` as in `window`, others with its indentation.

    None when no rule leads from the indentation of `old` to that of `window`.
    """
    indents = _indents(old, window)
    if indents is None:
        return None
    fitted: list[str] = []
    matcher = SequenceMatcher(None, [line.rstrip() for line in old], [line.rstrip() for line in new], False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            fitted += window[old_from:old_to]
            continue
        for line in new[new_from:new_to]:
            indented = _indented(line, indents)
            if indented is None:
                return None
            fitted.append(indented)
    return fitted


def _indents(old: Sequence[str], window: Sequence[str]) -> dict[str, str] | None:
    """Which indentation of the file stands for which of `old`, if that is always the same one."""
    indents: dict[str, str] = {}
    for asked, there in zip(old, window, strict=True):
        if asked.strip() and indents.setdefault(_indent(asked), _indent(there)) != _indent(there):
            return None
    return indents


def _indented(line: str, indents: dict[str, str]) -> str | None:
    if not line.strip():
        return line.strip()
    indent = _indent(line)
    rest = line[len(indent) :]
    if indent in indents:
        return indents[indent] + rest
    if deeper := [known for known in indents if indent.startswith(known)]:
        base = max(deeper, key=len)
        return indents[base] + _steps(indent[len(base) :], indents) + rest
    for known, there in indents.items():
        if known.startswith(indent) and there.endswith(extra := _steps(known[len(indent) :], indents)):
            return there.removesuffix(extra) + rest
    return None


def _steps(spaces: str, indents: dict[str, str]) -> str:
    """`spaces` of the edit in the characters that the file indents with."""
    for asked, there in indents.items():
        if there and asked and set(there) == {"\t"} and set(asked) == {" "} and not len(asked) % len(there):
            width = len(asked) // len(there)
            if not len(spaces) % width:
                return "\t" * (len(spaces) // width)
    return spaces


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _characters_alike(text: str, old: str, new: str) -> Iterator[Place]:
    """Places that look like `old`; of each, only what `new` changes is replaced."""
    wanted = _folded(old)
    if not wanted.strip() or len(text) > MOST_FOLDED_CHARS or (text.isascii() and wanted == old):
        return
    seen = _folded(text)
    origins = [at for at, character in enumerate(text) for _ in _folded_character(character)] + [len(text)]
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    before, after = len(_folded(old[:head])), len(_folded(old[len(old) - tail :]))
    for found in re.finditer(re.escape(wanted), seen):
        start, end = found.start() + before, found.end() - after
        if all(at == 0 or origins[at] != origins[at - 1] for at in (*found.span(), start, end)):
            yield Place(origins[start], origins[end], new[head : len(new) - tail])


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, pair in pairs if pair[0] != pair[1]), min(len(one), len(other)))


@cache
def _folded_character(character: str) -> str:
    plain = LOOKALIKES.get(character)
    if plain is not None:
        return plain
    return "".join(LOOKALIKES.get(part, part) for part in unicodedata.normalize("NFKD", character))


def _folded(text: str) -> str:
    """`text` in the plainest characters that look like it."""
    return text if text.isascii() or len(text) > MOST_FOLDED_CHARS else "".join(map(_folded_character, text))


def _folded_line(line: str) -> str:
    return _folded(line).strip()


def closest(text: str, old: str) -> range | None:
    """The lines of `text`, counted from 0, that `old` was most likely meant for: at most 15 of them."""
    seen = [_folded_line(line) for line in text.split("\n")]
    wanted = [_folded_line(line) for line in old.strip("\n").split("\n")]
    start = _most_agreed(seen, wanted)
    if start is None:
        start = _most_similar(seen, wanted)
    if start is None:
        return None
    start = max(0, start)
    window = seen[start : start + len(wanted)]
    differs = next((at for at, pair in enumerate(zip(window, wanted, strict=False)) if pair[0] != pair[1]), 0)
    first = start + max(0, differs - MOST_SHOWN_LINES // 3)
    return range(first, min(len(seen), start + len(wanted) + 1, first + MOST_SHOWN_LINES))


def _most_agreed(seen: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where most of the wanted lines stand as they should; a rare line counts more than a frequent one."""
    places: dict[str, list[int]] = {line: [] for line in wanted if line}
    for at, line in enumerate(seen):
        if line in places:
            places[line].append(at)
    votes = Counter[int]()
    for offset, line in enumerate(wanted):
        for at in places.get(line, ())[:100]:
            votes[at - offset] += len(line) * 1_000 // len(places[line])
    return max(votes, key=lambda at: (votes[at], -at)) if votes else None


def _most_similar(seen: Sequence[str], wanted: Sequence[str]) -> int | None:
    """Where the longest line has to stand for its nearest relative to be in its place."""
    longest = max(range(len(wanted)), key=lambda at: len(wanted[at]))
    candidates = {line[:300]: at for at, line in reversed([*enumerate(seen[:MOST_COMPARED_LINES])])}
    near = get_close_matches(wanted[longest][:300], candidates, n=1)
    return candidates[near[0]] - longest if near else None
