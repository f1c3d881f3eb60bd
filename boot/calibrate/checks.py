"""The checks of the exam, in their order: what a model is asked for, and what it would have been right."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from boot.calibrate import grading
from boot.calibrate.examinee import TOOLS, Examinee
from boot.calibrate.grading import LINES, PIECES, WHOLE, Read, Tried
from boot.calibrate.haystack import PARAGRAPH_CHARS, drawers, haystack
from boot.calibrate.report import LEFT_OUT, Graded
from boot.calibrate.turns import Asked
from core.errors import ContextOverflow, RequestRejected
from flow.prompts import prompt

CODES = {"notes/today.txt": "K-4817", "old/plan.md": "R-2950"}
FAMILIES = ("hermes", "roost")
"""Ways of writing calls that many models know, tried after the model's own."""
CONTENT = 'path = "C:\\\\temp\\\\new"\nsaid = "She said: \\"no\\""\nprint(f"{path}\\t{said} 100%")'
SHOP = '''"""Orders of a small shop."""

FREE_FROM = 100


def shipping(total: float) -> float:
    """What sending an order costs."""
    if total >= FREE_FROM:
        return 0.0
    if total >= 50:
        return 2.5
    return 4.9


def label(name: str, city: str) -> str:
    lines = [name, city]
    for line in lines:
        if not line:
            return "?"
    return "\\n".join(lines)
'''
CHANGES = {
    "In the file `shop.py`, shipping has to cost 3.5 where it costs 2.5 now.": SHOP.replace("2.5", "3.5"),
    'In the file `shop.py`, add the line `lines.append("Europe")` to the function label, right before its '
    "for loop and with the same indentation.": SHOP.replace(
        "    for line", '    lines.append("Europe")\n    for line'
    ),
}
WORDS = {"a.txt": "amber", "b.txt": "birch", "c.txt": "cedar"}
SHORT, MOST = 8, 512
"""Paragraphs of the shortest and of the longest text: some 1,300 and 80,000 tokens."""
FULL_SHARE = 0.8
"""How much of a window a text may take: the rest is for the reply, and for what is not known exactly."""
SPEED_TOKENS = 150


@dataclass(frozen=True)
class Check:
    name: str
    title: str
    seconds: float
    """How long it may take."""
    run: Callable[[Examinee], Awaitable[Graded]]
    needed: bool = False
    """Whether a model that fails here is asked nothing more."""


async def answering(examinee: Examinee) -> Graded:
    return grading.words((await examinee.ask(prompt("check_streaming"))).reply)


async def calls(examinee: Examinee) -> Graded:
    native = await _read_codes(examinee, "")
    told = dict[str, list[Tried]]()
    own = examinee.way.profile.dialect
    for family in dict.fromkeys((*(() if own == "any" else (own,)), *FAMILIES)):
        if any(all(tried.right for tried in tries) for tries in (native, *told.values())):
            break
        told[family] = await _read_codes(examinee, family)
    return grading.calls(native, told)


async def _read_codes(examinee: Examinee, family: str) -> list[Tried]:
    """Stops at the first failure of a way that has not worked once."""
    files = {path: f"The code is {code}.\n" for path, code in CODES.items()}
    tries = list[Tried]()
    for path, code in CODES.items():
        turn = await examinee.turn(prompt("exam_call", path=path), files, family=family)
        tries.append(Tried(turn=turn, right=turn.done and bool(turn.calls) and code in turn.said))
        if not tries[0].right:
            break
    return tries


async def content(examinee: Examinee) -> Graded:
    task = prompt("exam_content", path="said.py", content=CONTENT)
    return grading.content(await _tried(examinee, task, {}, {"said.py": CONTENT}))


async def plan(examinee: Examinee) -> Graded:
    files = {"start.txt": "The number is in data/number.txt.\n", "data/number.txt": "21\n"}
    return grading.plan(await _tried(examinee, prompt("exam_plan"), files, {"answer.txt": "42"}))


async def stopping(examinee: Examinee) -> Graded:
    return grading.stopping(await _tried(examinee, prompt("exam_stop"), {}, {"done.txt": "done"}))


async def edits(examinee: Examinee) -> Graded:
    """By passages, by line numbers, by whole files: until all changes arrive."""
    tries = dict[str, list[Tried]]()
    for tool in (PIECES, LINES, WHOLE):
        tries[tool] = await _changes(examinee, tool)
        if all(tried.right for tried in tries[tool]):
            break
    return grading.edits(tries)


async def _changes(examinee: Examinee, tool: str) -> list[Tried]:
    """Stops at the first failure: there is another way to try, and the time is short."""
    tries, tools = list[Tried](), ("read_file", tool)
    for change, after in CHANGES.items():
        task = prompt("exam_edit", change=change, tool=tool)
        tries.append(await _tried(examinee, task, {"shop.py": SHOP}, {"shop.py": after}, tools))
        if not tries[-1].right:
            break
    return tries


async def parallel(examinee: Examinee) -> Graded:
    turn = await examinee.turn(prompt("exam_parallel"), WORDS)
    return grading.parallel(Tried(turn=turn, right=turn.done and all(map(turn.said.count, WORDS.values()))))


async def speed(examinee: Examinee) -> Graded:
    text = prompt("exam_speed", text=haystack(f"{examinee.nonce}-speed", SHORT))
    return grading.speed(await examinee.ask(text, max_tokens=SPEED_TOKENS), len(text))


async def cache(examinee: Examinee) -> Graded:
    nonce = f"{examinee.nonce}-cache"
    first = await _needles(examinee, nonce, SHORT, (1,))
    return grading.cache(first, await _needles(examinee, nonce, SHORT, (SHORT,)))


async def window(examinee: Examinee) -> Graded:
    """Longer and longer texts, for as long as the next one can be read in the time that is left."""
    told = await examinee.window()
    began, count, reads = examinee.clock(), SHORT, list[Read]()
    while True:
        started = examinee.clock()
        try:
            reads.append(await _longest(examinee, count))
        except (ContextOverflow, RequestRejected) as refusal:
            return grading.window(reads, told, refusal)
        now = examinee.clock()
        following = _following(count, reads[-1].tokens, told)
        if not reads[-1].whole or following is None or now - began + 3 * (now - started) > WINDOW_SECONDS:
            return grading.window(reads, told)
        count = following


def _following(count: int, tokens: int, told: int | None) -> int | None:
    """Twice as long, or as long as the window allows; None when that is hardly more."""
    fits = int(FULL_SHARE * told * count / tokens) if told else MOST
    longer = min(2 * count, fits, MOST)
    return longer if longer >= 1.2 * count else None


async def _longest(examinee: Examinee, count: int) -> Read:
    """What is missed is asked for once more."""
    nonce, asked = examinee.nonce, drawers(count)
    for _ in range(2):
        read = grading.read_of(
            await _needles(examinee, nonce, count, asked), nonce, asked, count * PARAGRAPH_CHARS
        )
        if read.whole:
            break
    return read


async def _needles(examinee: Examinee, nonce: str, count: int, asked: tuple[int, ...]) -> Asked:
    text = haystack(nonce, count)
    return await examinee.ask(prompt("exam_needle", text=text, drawers=", ".join(map(str, asked))))


async def _tried(
    examinee: Examinee,
    task: str,
    files: Mapping[str, str],
    after: Mapping[str, str],
    tools: tuple[str, ...] = TOOLS,
) -> Tried:
    """`after`: what these files have to hold, but for empty lines at their end."""
    turn = await examinee.turn(task, files, tools=tools)
    right = all(turn.files.get(path, "").strip() == text.strip() for path, text in after.items())
    return Tried(turn=turn, right=right)


WINDOW_SECONDS = 45
EXAM = (
    Check("answering", "answers", 120, answering, needed=True),
    Check("calls", "calls tools", 60, calls, needed=True),
    Check("content", "quotes in JSON", 20, content),
    Check("plan", "follows a plan", 30, plan),
    Check("stopping", "stops when done", 15, stopping),
    Check("edits", "changes files", 75, edits),
    Check("parallel", "several calls", 20, parallel),
    Check("speed", "speed", 15, speed),
    Check("cache", "keeps the prompt", 20, cache),
    Check("window", "real window", WINDOW_SECONDS, window),
)
"""The first may have to wait for the model to be loaded; the others take five minutes at most, together."""


async def graded(check: Check, examinee: Examinee) -> Graded:
    """A check that runs out of time, or out of a tiny window, says nothing of the model but that.

    Raises:
        GatewayError: the server is gone, or refuses this one altogether.
    """
    try:
        async with asyncio.timeout(check.seconds):
            return await check.run(examinee)
    except TimeoutError:
        return Graded(verdict=LEFT_OUT, found=f"it took longer than {check.seconds:g} seconds")
    except ContextOverflow:
        return Graded(verdict=LEFT_OUT, found="the server refused its length")
