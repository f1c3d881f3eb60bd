"""Searches files for a pattern in a process of its own: some patterns take for ever, and are ended with it.

Standard input is one JSON object, standard output one JSON object a line for each part of a file that
has matches. Started by `tool/find_text.py`; imports little, because it starts with every search.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from os.path import dirname, relpath
from typing import BinaryIO

from core.beneath import Held, hold
from core.text import clip_around
from tool.encoding import binary_kind, encoding_of

PIECE_BYTES = 16_000_000
LINE_BOUND = re.compile(r"\(\?[!<>]|\\[AZ]|[*+?]\+")
"""A pattern with one of these can match a line and yet not the text around it."""


@dataclass(frozen=True)
class Task:
    root: str
    """Real path of the folder that no file is looked for outside of."""
    pattern: str
    literal: bool
    files: list[str]
    """Real paths."""
    context: int
    """Lines to show before and after a match."""
    most: int
    """Matches after which to stop."""
    line_chars: int
    files_only: bool


@dataclass(frozen=True)
class Part:
    """What was found in one piece of a file."""

    path: str
    matches: int
    lines: list[tuple[int, bool, str]]
    """Number, whether it matches, text."""


def parts(task: Task) -> Iterator[Part]:
    left = task.most
    for part in _all_parts(task):
        yield part
        left -= 1 if task.files_only else part.matches
        if left <= 0:
            return


def _all_parts(task: Task) -> Iterator[Part]:
    regex = re.compile(re.escape(task.pattern) if task.literal else task.pattern, re.MULTILINE)
    for folder, paths in groupby(task.files, key=dirname):
        with suppress(OSError), hold(task.root, relpath(folder, task.root)) as held:
            for path in paths:
                yield from _parts_of(task, regex, held, path)


def _parts_of(task: Task, regex: re.Pattern[str], folder: Held, path: str) -> Iterator[Part]:
    for first, text in _pieces(folder, path):
        part = _searched(task, regex, path, first, text)
        if not part.matches:
            continue
        yield part
        if task.files_only:
            return


def _searched(task: Task, regex: re.Pattern[str], path: str, first: int, text: str) -> Part:
    if not LINE_BOUND.search(task.pattern) and not regex.search(text):
        return Part(path, 0, [])
    lines = text.removesuffix("\n").split("\n")
    spans: dict[int, tuple[int, int]] = {}
    for number, line in enumerate(lines):
        if found := regex.search(line):
            spans[number] = found.span()
            if task.files_only or len(spans) >= task.most:
                break
    near = {n for at in spans for n in range(at - task.context, at + task.context + 1) if 0 <= n < len(lines)}
    shown = [
        (first + n, n in spans, clip_around(lines[n], *spans.get(n, (0, 0)), task.line_chars))
        for n in sorted(near)
    ]
    return Part(path, len(spans), shown)


def _pieces(folder: Held, path: str) -> Iterator[tuple[int, str]]:
    """Pieces of whole lines, each with the number of its first; none for what is no text."""
    with suppress(OSError), folder.read(path.rpartition("/")[2]) as file:
        yield from _texts(file)


def _texts(file: BinaryIO) -> Iterator[tuple[int, str]]:
    piece = file.read(PIECE_BYTES)
    if binary_kind(piece):
        return
    encoding = encoding_of(piece, whole=len(piece) < PIECE_BYTES)
    if encoding.is_wide:
        yield 1, encoding.decode(piece + file.read()).replace("\r\n", "\n")
        return
    first = 1
    rest = piece.removeprefix(encoding.mark)
    while rest:
        end = rest.rfind(b"\n") + 1 if len(piece) == PIECE_BYTES else 0
        whole, rest = (rest[:end], rest[end:]) if end else (rest, b"")
        yield first, whole.decode(encoding.name, "replace").replace("\r\n", "\n")
        first += whole.count(b"\n")
        piece = file.read(PIECE_BYTES)
        rest += piece


def main() -> None:
    task = Task(**json.load(sys.stdin.buffer))
    for part in parts(task):
        sys.stdout.write(json.dumps(vars(part)) + "\n")
        sys.stdout.flush()
