"""Edits whose text is not that of the file: other whitespace, or from memory."""

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from textwrap import dedent, indent

from tests.simulator.knowledge import Knowledge
from tests.simulator.plan import Act, Call, Change

SPACINGS: Sequence[Callable[[str], str]] = (
    dedent,
    lambda text: indent(text, "    "),
    lambda text: text.lstrip(" "),
    lambda text: re.sub(r"(?m) {4}", "\t", text),
    lambda text: re.sub(r"(?m)$", "  ", text),
    lambda text: f"\n{text}\n",
    lambda text: text + " ",
    lambda text: text.replace("\n", "\r\n"),
    lambda text: re.sub(r"(?m)^( +)", r"\1 ", text),
    lambda text: re.sub(r"(?<=\S) (?=\S)", "  ", text, count=1),
)
"""The last two change indentation by one, and the blanks within a line."""


def respaced(arguments: Mapping[str, object], random: Random) -> dict[str, object]:
    """An edit with other whitespace in its old text, and the same in its new one, or not."""
    old, new = str(arguments["old"]), str(arguments["new"])
    changes = [change for change in SPACINGS if change(old) != old]
    change = random.choice(changes)
    return {**arguments, "old": change(old), "new": random.choice((change(new), new))}


def misremembered(right: Act, known: Knowledge, random: Random) -> Call | None:
    """An edit that was made already; the right one with a word wrong; a rewrite of a file never read."""
    task = known.task
    made = [
        change.call
        for state, change in task.numbered_changes()
        if isinstance(change, Change) and (known.files.get(change.path) or 0) >= state
    ]
    match right:
        case Call("edit_file", {"old": str(old)}):
            made.append(Call("edit_file", {**right.arguments, "old": _with_a_word_wrong(old, random)}))
        case Call("read_file", {"path": str(path)}) if path in task.states:
            made.append(Call("write_file", {"path": path, "content": task.states[path][-1][:-20]}))
        case _:
            pass
    return random.choice(made) if made else None


def _with_a_word_wrong(text: str, random: Random) -> str:
    words = sorted(set(re.findall(r"[A-Za-z]{3,}", text)))
    if not words:
        return f"{text}#"
    return text.replace(random.choice(words), "value", 1)
