"""The head of a SKILL.md: fields between two lines of `---`, in YAML, then the text itself.

    ---
    name: pdf-forms                      a plain text
    description: >-                      a block, in deeper lines
      Fill in PDF forms.
    metadata:                            what stands deeper is passed over, but for texts
      author: somebody
    ---
    # Filling in forms …

Of YAML it reads what this format has: texts, plain, quoted or in blocks, each told as one line. A plain text
may hold `: `, which YAML refuses and many such files have.
"""

import re
from collections.abc import Iterable, Sequence

FENCE = re.compile(r"---[ \t]*")
END = re.compile(r"(?:---|\.\.\.)[ \t]*")
FIELD = re.compile(r"([\w.-]{1,100})[ \t]*:(?:[ \t]+(.*))?")
BLOCK = re.compile(r"[|>][-+0-9]{0,2}(?:[ \t]+#.*)?")
COMMENT = re.compile(r"(?:^|[ \t]+)#.*")
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U(000[0-9A-Fa-f]{5}|0010[0-9A-Fa-f]{4})|(.))")
LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "", "a": "", "b": "", "e": "", "f": " ", "v": " "}


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """Its fields, each in one line, and what comes after them.

    Raises:
        ValueError: in words for whoever wrote it.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or not FENCE.fullmatch(lines[0]):
        raise ValueError("its first line is not ---")
    end = next((place for place, line in enumerate(lines) if place and END.fullmatch(line)), None)
    if end is None:
        raise ValueError("its head has no second line of ---")
    return _fields(lines[1:end]), "\n".join(lines[end + 1 :]).strip()


def _fields(lines: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    starts = [place for place, line in enumerate(lines) if line.strip() and line[0] not in " \t#"]
    for start, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        found = FIELD.fullmatch(lines[start].rstrip())
        if found is None:
            if lines[start].startswith(("- ", "]", "}")) or lines[start].strip() == "-":
                continue  # the rest of a list
            raise ValueError(f"line {start + 2} of it is no `field: text`")
        if found[1] in fields:
            raise ValueError(f"{found[1]!r} stands twice in its head")
        fields[found[1]] = _text(found[2] or "", lines[start + 1 : after])
    return fields


def _text(first: str, deeper: Sequence[str]) -> str:
    if BLOCK.fullmatch(first):
        return _in_a_line(deeper)
    if first[:1] in ('"', "'"):
        return _unquoted(" ".join([first, *(line.strip() for line in deeper)]))
    return _in_a_line(COMMENT.sub("", line) for line in (first, *deeper))


def _unquoted(text: str) -> str:
    """Raises ValueError when the quotes are not closed."""
    if text[0] == "'":
        found = re.match(r"'((?:[^']|'')*)'", text)
        inner = found[1].replace("''", "'") if found else ""
    else:
        found = re.match(r'"((?:[^"\\]|\\.)*)"', text)
        inner = ESCAPE.sub(_letter, found[1]) if found else ""
    if found is None:
        raise ValueError(f"the quotes of {text[:40]!r} are not closed")
    return _in_a_line([inner])


def _letter(found: "re.Match[str]") -> str:
    code = found[1] or found[2] or found[3]
    return chr(int(code, 16)) if code else LETTERS.get(found[4], found[4])


def _in_a_line(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())
