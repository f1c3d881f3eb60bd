"""From what a model did to a verdict, and to what a profile of it should say. Pure: nothing is asked here."""

import re
from collections.abc import Mapping, Sequence

from boot.calibrate.haystack import found
from boot.calibrate.report import HELP, LEFT_OUT, NO, WELL, Graded
from boot.calibrate.turns import Asked, Turn
from core.errors import ContextOverflow, GatewayError
from core.events import Outcome
from core.messages import AssistantMessage
from core.values import value

GOOD_READING, LEAST_READING = 100, 20
"""Tokens a second; with less than the least, a step takes many minutes."""
GOOD_WRITING, LEAST_WRITING = 8, 2
CHARS_PER_TOKEN = 4
MOST_CHARS_PER_TOKEN = 6
"""No prompt has fewer tokens than this says; some servers count only what they had not read before."""
TELLING_SECONDS = 0.3
"""What was read faster than this says nothing of a cache."""
LEAST_WINDOW = 4_096
"""With less there is hardly room to work in: only a server that names its limit is believed to have less."""
LEAST_WORTH_HAVING = 8_192
"""A model that overlooks something in a shorter text would not do better with less room."""
PIECES, LINES, WHOLE = "edit_file", "replace_lines", "write_file"


@value
class Tried:
    """A turn, and whether it came to what was asked."""

    turn: Turn
    right: bool

    @property
    def flawless(self) -> bool:
        return self.right and self.turn.flawless


@value
class Read:
    """One long prompt: its length, and which of the drawers asked for came back with their codes."""

    tokens: int
    asked: tuple[int, ...]
    found: tuple[int, ...]

    @property
    def whole(self) -> bool:
        return self.found == self.asked

    @property
    def cut(self) -> bool:
        """Whether its beginning never reached the model."""
        return self.asked[-1] in self.found and self.asked[0] not in self.found


def words(reply: AssistantMessage) -> Graded:
    """It was asked to count from one to five, in words."""
    said = reply.text.strip()
    if re.search(r"three\W+four", said, re.IGNORECASE):
        return Graded(verdict=WELL, found="it does what is asked")
    if re.search(r"3\W+4\W+5", said):
        return Graded(verdict=HELP, found="it does what is asked, but not quite as it is asked")
    if said:
        return Graded(verdict=NO, found=f"asked to count, it said {said[:30]!r}", help="Take another model.")
    if reply.thinking:
        how = "Turn its thinking off, or down, on the server."
        return Graded(verdict=NO, found="it thought, and came to no answer", help=how)
    return Graded(verdict=NO, found="its reply was empty", help="Take another model.")


def calls(native: Sequence[Tried], told: Mapping[str, Sequence[Tried]]) -> Graded:
    """`native`: with tools given to the server; `told`: with tools told in the words of a family."""
    family = max(told, key=lambda name: _right(told[name]), default="")
    if family and _right(told[family]) > _right(native):
        return Graded(
            verdict=HELP,
            found=f"as tools {_score(native)}, as text ({family}) {_score(told[family])}",
            help="Roost tells it of the tools in words, and reads its calls out of the text.",
            fields={"calls": "text", "dialect": family},
        )
    if not _right(native):
        notes = [f"as tools and as text {_score(native)}", *(tried.turn.note for tried in native[:1])]
        mend = "It cannot work with tools: take another model, or see docs/servers.md for its server's flags."
        return Graded(verdict=NO, found=": ".join(filter(None, notes)), help=mend)
    if all(tried.flawless for tried in native) and not any(tried.turn.written_calls for tried in native):
        return Graded(verdict=WELL, found=f"as tools {_score(native)}", fields={"calls": "native"})
    written = any(tried.turn.written_calls for tried in native)
    how = "Roost reads its calls out of the text." if written else "Roost mends its calls, or asks again."
    return Graded(verdict=HELP, found=f"as tools {_score(native)}", help=how, fields={"calls": "native"})


def content(tried: Tried) -> Graded:
    if tried.flawless:
        return Graded(verdict=WELL, found="quotes and backslashes arrived as they were meant")
    if tried.right:
        return Graded(verdict=HELP, found="right in the end", help="Roost mends what is almost JSON.")
    how = "Roost mends what is almost JSON, and checks what was written; look at its changes."
    return Graded(verdict=NO, found="text with quotes and backslashes arrived damaged", help=how)


def edits(tries: Mapping[str, Sequence[Tried]]) -> Graded:
    """By the tool that was tried; the best is that by which most arrive, and of equals the one before."""
    scores = ", ".join(f"{WAYS_TO_CHANGE[tool]} {_score(tried)}" for tool, tried in tries.items())
    best = max(tries, key=lambda tool: _right(tries[tool]))
    if not _right(tries[best]):
        return Graded(verdict=NO, found=scores, help="Have it read and explain; make the changes yourself.")
    if best == PIECES and all(tried.flawless for tried in tries[best]):
        return Graded(verdict=WELL, found=scores, fields={"edit_format": best})
    return Graded(verdict=HELP, found=scores, help=HELPS[best], fields={"edit_format": best})


WAYS_TO_CHANGE = {PIECES: "edit_file", LINES: "by line numbers", WHOLE: "whole files"}
HELPS = {
    PIECES: "Roost refuses edits that do not fit, and shows it the closest lines.",
    LINES: "Roost has it name lines by their numbers, and checks the first of them.",
    WHOLE: "Roost has it write files anew: keep them short.",
}


def parallel(tried: Tried) -> Graded:
    if tried.flawless and tried.turn.most_calls > 1:
        number = tried.turn.most_calls
        return Graded(verdict=WELL, found=f"{number} calls in one reply", fields={"parallel_calls": True})
    if tried.right and tried.turn.most_calls <= 1:
        return Graded(verdict=HELP, found="one call at a time", help="It takes more steps, and works.")
    how = "Roost asks it for one call at a time."
    return Graded(
        verdict=HELP if tried.right else NO,
        found="several calls in one reply come out wrong",
        help=how,
        fields={"parallel_calls": False},
    )


def plan(tried: Tried) -> Graded:
    if tried.flawless:
        return Graded(verdict=WELL, found=f"done in {_count(len(tried.turn.calls), 'call')}")
    if tried.right:
        how = "Roost sends it back to work when it stops half-way."
        return Graded(verdict=HELP, found="done, with a push", help=how)
    return Graded(verdict=NO, found=_end(tried.turn), help="Give it one step at a time.")


def stopping(tried: Tried) -> Graded:
    if tried.flawless and len(tried.turn.calls) <= 2:
        return Graded(verdict=WELL, found="it stops when it is done")
    if tried.turn.done:
        found_ = f"it stops, after {_count(len(tried.turn.calls), 'call')}"
        return Graded(verdict=HELP, found=found_, help="Roost warns it when it repeats itself.")
    how = "Roost ends the turn when it goes round in circles; set a lower AGENT_MAX_STEPS."
    return Graded(verdict=NO, found=_end(tried.turn), help=how)


def speed(asked: Asked, prompt_chars: int) -> Graded:
    usage = asked.reply.usage
    prompt_tokens = usage.prompt_tokens or prompt_chars // CHARS_PER_TOKEN
    reply_chars = len(asked.reply.text) + len(asked.reply.thinking)
    reply_tokens = usage.reply_tokens or reply_chars // CHARS_PER_TOKEN
    reading = _per_second(prompt_tokens - (usage.cached_tokens or 0), asked.first_seconds)
    writing = _per_second(reply_tokens, asked.seconds - asked.first_seconds)
    said = f"reads {reading:,.0f} and writes {writing:,.0f} tokens a second"
    if reading >= GOOD_READING and writing >= GOOD_WRITING:
        return Graded(verdict=WELL, found=said)
    if reading >= LEAST_READING and writing >= LEAST_WRITING:
        how = "Roost sends every prompt with the same beginning, so that it is read once."
        return Graded(verdict=HELP, found=said, help=how)
    return Graded(verdict=NO, found=said, help="Take a smaller model, or one that fits the graphics card.")


def cache(first: Asked, second: Asked) -> Graded:
    """Two prompts with the same beginning: whether the server read it once."""
    usage = second.reply.usage
    kept = usage.cached_tokens or 0
    if kept * 2 >= usage.prompt_tokens > 0:
        return Graded(verdict=WELL, found=f"{kept:,} of {usage.prompt_tokens:,} tokens kept")
    if first.first_seconds < TELLING_SECONDS:
        return Graded(verdict=LEFT_OUT, found="it reads too fast to tell, and the server does not say")
    share = second.first_seconds / first.first_seconds
    said = f"a prompt with the same beginning takes {share:.0%} of the time"
    if share <= 0.5:
        return Graded(verdict=WELL, found=said)
    how = "Every step reads everything again: turn the server's prefix cache on (docs/servers.md)."
    return Graded(verdict=NO, found=said, help=how)


def window(reads: Sequence[Read], told: int | None, refusal: GatewayError | None = None) -> Graded:
    """What was read, shortest first; `refusal` is what the server said to the next length."""
    good = max((read.tokens for read in reads if read.whole), default=0)
    named = f"of {told:,} tokens" if told else "tokens; the server names no window"
    if not good:
        said = "the server refuses a longer text" if refusal else "it finds nothing in a longer text"
        return Graded(verdict=NO, found=said, help="Keep files and tasks small.")
    lost = next((read for read in reads if not read.whole), None)
    if lost is None and refusal is None:
        return Graded(verdict=WELL, found=f"read at least {good:,} {named}")
    if lost is None:
        limit = refusal.limit_tokens if isinstance(refusal, ContextOverflow) else None
        usable, why = limit or max(good, LEAST_WINDOW), "the server refused more"
    elif lost.cut:
        usable, why = max(good, LEAST_WINDOW), f"the beginning is lost at {lost.tokens:,}"
    else:
        usable, why = max(good, LEAST_WORTH_HAVING), f"some of it is overlooked at {lost.tokens:,}"
    usable = min(usable, told or usable)
    return Graded(
        verdict=HELP,
        found=f"read {good:,} {named}; {why}",
        help=f"Roost uses {usable:,} tokens.",
        fields={"window_tokens": usable},
    )


def read_of(asked: Asked, nonce: str, drawers: tuple[int, ...], prompt_chars: int) -> Read:
    tokens = max(asked.reply.usage.prompt_tokens, prompt_chars // MOST_CHARS_PER_TOKEN)
    return Read(tokens=tokens, found=found(asked.reply.text, nonce, drawers), asked=drawers)


def _right(tries: Sequence[Tried]) -> int:
    return sum(tried.right for tried in tries)


def _score(tries: Sequence[Tried]) -> str:
    return f"{_right(tries)} of {len(tries)}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _end(turn: Turn) -> str:
    if turn.outcome is Outcome.DONE:
        return "it stopped before it was done"
    return turn.note.rstrip(".") or f"it ended as {turn.outcome}"


def _per_second(tokens: int, seconds: float) -> float:
    return max(tokens, 0) / max(seconds, 1e-3)
