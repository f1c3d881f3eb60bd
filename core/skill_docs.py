"""What a docstring says: of the function, and of each parameter, in Google's, NumPy's or reST's form."""

import re
from collections.abc import Iterator, Mapping, Sequence
from inspect import cleandoc

from core.text import printable
from core.values import value

MOST_SUMMARY_CHARS, MOST_PARAMETER_CHARS = 300, 160
GOOGLE = re.compile(
    r"(Args|Arguments|Attributes|Parameters|Params|Keyword Args|Keyword Arguments)\s*:\s*", re.IGNORECASE
)
NUMPY = re.compile(r"(Other )?(Parameters|Attributes|Params|Arguments|Args)\s*", re.IGNORECASE)
RULE = re.compile(r"[-=]{3,}\s*")
REST = re.compile(r":(?:param|parameter|arg|argument|key|keyword)\s+(?:[^:]*?\s)?\*{0,2}(\w+)\s*:\s*(.*)")
REST_OTHER = re.compile(r":\w+[^:]*:")
GOOGLE_ITEM = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
NUMPY_ITEM = re.compile(r"((?:\*{0,2}\w+\s*,\s*)*\*{0,2}\w+)\s*(?::.*)?")
EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)


@value
class Told:
    summary: str
    parameters: Mapping[str, str]
    has_examples: bool


def told_by(docstring: str) -> Told:
    lines = cleandoc(docstring).splitlines()
    found = dict(_google(lines)) | dict(_numpy(lines)) | dict(_rest(lines))
    parameters = {name: _one_line(said, MOST_PARAMETER_CHARS) for name, said in found.items() if said.strip()}
    return Told(
        summary=_one_line(_summary(lines), MOST_SUMMARY_CHARS),
        parameters=parameters,
        has_examples=bool(EXAMPLE.search(docstring)),
    )


def _summary(lines: Sequence[str]) -> str:
    """The first paragraph."""
    kept: list[str] = []
    for line in lines:
        if not line.strip() or GOOGLE.fullmatch(line) or REST_OTHER.match(line) or line.startswith(">>>"):
            break
        kept.append(line)
    return " ".join(kept)


def _google(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for at, line in enumerate(lines):
        if GOOGLE.fullmatch(line.strip()):
            yield from _items(lines[at + 1 :], _indent(line))


def _items(lines: Sequence[str], outside: int) -> Iterator[tuple[str, str]]:
    """Each item of a section that is indented further than `outside`, with the lines that go on below it."""
    name, said, level = "", list[str](), 0
    for line in lines:
        if line.strip() and _indent(line) <= outside:
            break
        level = level or _indent(line)
        item = GOOGLE_ITEM.fullmatch(line.strip()) if _indent(line) == level else None
        if item is None:
            said.append(line.strip())
            continue
        if name:
            yield name, " ".join(said)
        name, said = item[1], [item[2]]
    if name:
        yield name, " ".join(said)


def _numpy(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for at, line in enumerate(lines[:-1]):
        if NUMPY.fullmatch(line) and RULE.fullmatch(lines[at + 1]):
            yield from _numpy_items(lines[at + 2 :])


def _numpy_items(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    names, said = list[str](), list[str]()
    for at, line in enumerate(lines):
        if at + 1 < len(lines) and line.strip() and RULE.fullmatch(lines[at + 1]):
            break  # the next section
        if line.startswith(" ") or not line.strip():
            said.append(line.strip())
            continue
        yield from ((name, " ".join(said)) for name in names)
        item = NUMPY_ITEM.fullmatch(line)
        names, said = (re.findall(r"\w+", item[1]) if item else []), []
    yield from ((name, " ".join(said)) for name in names)


def _rest(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    name, said = "", list[str]()
    for line in lines:
        if field := REST.match(line.strip()):
            if name:
                yield name, " ".join(said)
            name, said = field[1], [field[2]]
        elif name and line.startswith(" "):
            said.append(line.strip())
        elif name:
            yield name, " ".join(said)
            name = ""
    if name:
        yield name, " ".join(said)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _one_line(text: str, most_chars: int) -> str:
    line = printable(" ".join(text.split()))
    if len(line) <= most_chars:
        return line
    return f"{line[: most_chars - 3].rpartition(' ')[0]}..."
