"""Three models behind the scripted server: one that can do all of the exam, one that half can, one that cannot.

What each does next follows from the conversation alone, so that it may be asked in any order.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import repeat

from boot.calibrate.checks import CHANGES, CONTENT, SHOP, WORDS
from tests.scripted_server.recorded import Recorded
from tests.scripted_server.replies import Call, Reply, Spoken, Step, calls, overflow, say

COUNTED = "one, two, three, four, five"
Moves = tuple[Spoken, ...]


def script(model: Callable[[Recorded], Spoken | Reply]) -> "repeat[Step]":
    """Its replies for ever, with the length of what it was asked."""

    def counted(request: Recorded) -> Spoken | Reply:
        reply = model(request)
        return replace(reply, usage=(request.tokens, 10)) if isinstance(reply, Spoken) else reply

    return repeat(counted)


def perfect(request: Recorded) -> Spoken | Reply:
    task, asked = _task(request)
    moves = _moves(task, whole=False)
    if moves is None:
        return say(_codes(task) or COUNTED)
    return moves[min(asked, len(moves) - 1)]


def mediocre(request: Recorded) -> Spoken | Reply:
    """Calls tools only in words, in almost-JSON and one at a time; loses backslashes, edits and long texts."""
    task, asked = _task(request)
    if request.tools:
        return say("I have no tools. Please paste the file here.")
    if request.tokens > 6_000:
        return say(_codes(task, least=2))
    moves = _clumsy_moves(task)
    return _in_words(moves[min(asked, len(moves) - 1)]) if moves else say(_codes(task) or COUNTED)


def _clumsy_moves(task: str) -> Moves:
    """Empty for a question without tools."""
    if "the tool edit_file" in task:
        return (
            _read("shop.py"),
            calls(("edit_file", {"path": "shop.py", "old": "no", "new": "x"})),
            say("Done."),
        )
    if "the tool replace_lines" in task:
        wrong = {"path": "shop.py", "start": 9, "end": 9, "first": "no", "new": "x"}
        return _read("shop.py"), calls(("replace_lines", wrong)), say("Done.")
    if "`said.py`" in task:
        return _write("said.py", CONTENT.replace("\\", "")), say("Done.")
    if "`a.txt`" in task:
        return *map(_read, WORDS), say(" ".join(WORDS.values()))
    return _moves(task, whole=True) or ()


def counting(request: Recorded) -> Spoken | Reply:
    """A perfect one, but that it cannot copy a passage; it names lines by their numbers."""
    task, asked = _task(request)
    if "the tool edit_file" in task:
        return _clumsy_moves(task)[asked]
    after = next((after for change, after in CHANGES.items() if change in task), None)
    if after is None or "the tool replace_lines" not in task:
        return perfect(request)
    before, now = SHOP.split("\n"), after.split("\n")
    at = next(at for at, line in enumerate(before) if line != now[at])
    new = "\n".join(now[at : at + 1 + len(now) - len(before)])
    lines = {"path": "shop.py", "start": at + 1, "end": at + 1, "first": before[at], "new": new}
    return (_read("shop.py"), calls(("replace_lines", lines)), say("It is changed."))[asked]


def hopeless(request: Recorded) -> Spoken:
    """Can count, and nothing else."""
    return say(COUNTED)


def _task(request: Recorded) -> tuple[str, int]:
    """What a person asked, and how many answers of tools came since."""
    texts = [str(message["content"]) for message in request.messages if message["role"] == "user"]
    told = [text for text in texts if text.startswith("<tool_")]
    return next(text for text in texts if text not in told), len(told) + len(request.tool_results)


def _moves(task: str, *, whole: bool) -> Moves | None:
    """The replies to a task, one after another; None for a question without tools."""
    if found := re.search(r"code stands in the file `(\S+)`", task):
        path = found[1]
        return _read(path), say({"notes/today.txt": "It is K-4817.", "old/plan.md": "It is R-2950."}[path])
    for sign, moves in MOVES.items():
        if sign in task:
            return moves
    after = next((after for change, after in CHANGES.items() if change in task), None)
    if after is None:
        return None
    write = calls(("write_file", {"path": "shop.py", "content": after}))
    return _read("shop.py"), write if whole else _edit(after), say("It is changed.")


def _edit(after: str) -> Spoken:
    old, new = (
        ("2.5", "3.5") if "3.5" in after else ("    for line", '    lines.append("Europe")\n    for line')
    )
    assert SHOP.replace(old, new) == after
    return calls(("edit_file", {"path": "shop.py", "old": old, "new": new}))


def _read(*paths: str) -> Spoken:
    return calls(*(("read_file", {"path": path}) for path in paths))


def _write(path: str, content: str) -> Spoken:
    return calls(("write_file", {"path": path, "content": content}))


MOVES: Mapping[str, Moves] = {
    "`said.py`": (_write("said.py", CONTENT), say("It is written.")),
    "`start.txt`": (
        _read("start.txt"),
        _read("data/number.txt"),
        _write("answer.txt", "42\n"),
        say("It is 42."),
    ),
    "`done.txt`": (_write("done.txt", "done\n"), say("It is written.")),
    "`a.txt`": (_read(*WORDS), say(" ".join(WORDS.values()))),
}


def _codes(task: str, least: int = 1) -> str:
    """The codes of the drawers a text is asked for, from number `least` on."""
    _, found, wanted = task.rpartition("Drawers: ")
    numbers = [number for number in wanted.split(", ") if found and int(number) >= least]
    codes = (re.search(rf"code of drawer {number} is (\d+)", task) for number in numbers)
    return ", ".join(code[1] for code in codes if code)


def _in_words(spoken: Spoken) -> Spoken:
    return say("\n".join(map(_written, spoken.calls))) if spoken.calls else spoken


def _written(one: Call) -> str:
    made = {"name": one.name, "arguments": json.loads(one.arguments)}
    return f"<tool_call>\n{json.dumps(made)[:-1]},}}\n</tool_call>"  # a comma that JSON does not know


def full_at(tokens: int, model: Callable[[Recorded], Spoken | Reply]) -> Callable[[Recorded], Spoken | Reply]:
    """The same model with a server that refuses what is longer."""

    def answer(request: Recorded) -> Spoken | Reply:
        return overflow(request.tokens, tokens) if request.tokens > tokens else model(request)

    return answer
