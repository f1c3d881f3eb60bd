"""The card that takes the place of old messages: what was asked, touched and done, told without a model.

goal and what else the person said ─┐
rules, of what had to be clipped    │
plan · files with their digests     ├─▶ one user message, and the same as a value for the next card
last test run · deeds · summary     ┘
"""

from collections.abc import Callable, Iterator, Sequence

from core.marking import kept_apart, marked
from core.messages import PERSONS, AssistantMessage, Message, Recap, ToolMessage, UserMessage
from core.text import clip, printable
from core.values import value
from flow.constraints import constraints
from flow.prompts import prompt
from flow.proofs import command_with_tests

SAID_SHARE, SECTION_SHARE, DONE_SHARE, HEAD_SHARE = 0.7, 0.15, 0.25, 0.2
"""Of the room: what the person said at most, a section of the rest, deeds, the first message's head."""
SECTION_SHARE_OF_REST = 1 / 3
"""Of what the person's words and the head have left: no section is longer."""
WORDING_CHARS = 450
"""What stands between all that is filled in."""
LEAST_SAID_CHARS = 160
"""Of one message; where not even that is left for each, the oldest but the first are in a file alone."""
KEPT_DEEDS = 40
TEST_CHARS = 1_500
Keep = Callable[[str], str]
"""Puts a text into a file of its own and says its name, the same one for the same text; "" when it cannot."""


@value
class TouchedFile:
    path: str
    digest: str
    changed: bool = False
    """Whether it was written, or only read."""


@value
class Surroundings:
    """What a card tells that no message holds."""

    files: tuple[TouchedFile, ...] = ()
    """The one that was touched last at the end."""
    plan: str = ""


def recap_of(messages: Sequence[Message], summary: str = "") -> Recap:
    """All that was asked and done, earlier recaps included."""
    asked: list[str] = []
    done: list[str] = []
    last_test = ""
    for message in messages:
        if isinstance(message, UserMessage) and (before := message.recap):
            asked += before.asked
            done += before.done
            last_test, summary = before.last_test, summary or before.summary
        elif isinstance(message, UserMessage) and message.source in PERSONS:
            asked.append(message.text)
    done += _deeds(messages)
    return Recap(
        asked=tuple(asked),
        done=tuple(done[-KEPT_DEEDS:]),
        last_test=_last_test(messages) or last_test,
        summary=summary,
    )


def card(
    recap: Recap,
    surroundings: Surroundings,
    *,
    head: str,
    room_chars: int,
    said_chars: int,
    keep: Keep,
) -> UserMessage:
    """At most `room_chars` long; what the person said gets `said_chars` of them, if there are so many."""
    head = clip(head, int(room_chars * HEAD_SHARE))
    asked, rules = _said(recap.asked, min(said_chars, int(room_chars * SAID_SHARE)), keep)
    left = max(0, room_chars - len(head) - len(asked) - len(rules) - len(recap.summary) - WORDING_CHARS)
    room = int(min(room_chars * SECTION_SHARE, left * SECTION_SHARE_OF_REST))
    sections = {
        "rules": rules,
        "plan": clip(surroundings.plan, room),
        "files": "\n".join(_fitting(map(_file_line, surroundings.files), room // 2)),
        "test": recap.last_test and marked(_tail(recap.last_test, room)),
        "done": "",
        "summary": kept_apart(recap.summary),
    }
    left -= sum(len(sections[name]) for name in ("plan", "files", "test"))
    deeds = [f"- {deed}" for deed in recap.done]
    if done := _fitting(deeds, min(left, int(room_chars * DONE_SHARE))):
        sections["done"] = marked("\n".join(done))
    parts = [prompt("shrunk", asked=asked)]
    parts += [prompt(f"shrunk_{name}", text=text) for name, text in sections.items() if text]
    text = "\n\n".join([*parts, prompt("shrunk_end")])
    return UserMessage(
        text=clip(text, max(0, room_chars - len(head))), head=head, source="recap", recap=recap
    )


def excerpt(text: str, most_chars: int, keep: Keep) -> str:
    """`text`, or its head and its tail and the name of the file that has all of it."""
    if len(text) <= most_chars:
        return text
    file = keep(text)
    if not file:
        return clip(text, most_chars)
    note = prompt("excerpt", count=f"{len(text):,}", file=file)
    kept = max(0, most_chars - len(note) - 2)
    head = kept * 2 // 3
    return f"{text[:head]} {note} {text[len(text) - kept + head :]}"


def excerpt_with_rules(text: str, most_chars: int, keep: Keep) -> str:
    """The same, with the rules that its middle may hold."""
    if len(text) <= most_chars or not (rules := constraints([text], most_chars // 3)):
        return excerpt(text, most_chars, keep)
    told = prompt("shrunk_rules", text=rules)
    return f"{excerpt(text, most_chars - len(told) - 2, keep)}\n\n{told}"


def fair_share(lengths: Sequence[int], room: int) -> int:
    """The longest that each may be, so that all fit: the short ones leave their rest to the long."""
    for place, length in enumerate(ordered := sorted(lengths)):
        share = room // (len(ordered) - place)
        if length > share:
            return max(0, share)
        room -= length
    return max(lengths, default=0)


def _said(asked: Sequence[str], room: int, keep: Keep) -> tuple[str, str]:
    """What the person said, a line each, and the rules in those parts of it that did not fit."""
    if sum(map(len, asked)) <= room:
        return "\n".join(f"- {text}" for text in asked), ""
    share = fair_share([len(text) for text in asked], room)
    most = max(2, room * 2 // 3 // LEAST_SAID_CHARS)
    missing = asked[1 : len(asked) - most + 1] if len(asked) > most else ()
    rules = constraints([text for text in asked if len(text) > share or text in missing], room // 3)
    room -= len(rules)
    kept, newest = [*asked[:1], *asked[1 + len(missing) : -1]], asked[-1]
    if len(asked) == 1:
        return f"- {excerpt(newest, room, keep)}", rules
    first_room = min(len(newest), room // 2)
    share = max(LEAST_SAID_CHARS, fair_share([len(text) for text in kept], room - first_room))
    lines = [f"- {excerpt(text, share, keep)}" for text in kept]
    lines.append(f"- {excerpt(newest, max(LEAST_SAID_CHARS, first_room), keep)}")
    if missing:
        file = keep("\n\n".join(missing)) or "the session's log"
        lines.insert(1, prompt("shrunk_unsaid", count=str(len(missing)), file=file))
    return "\n".join(lines), rules


def _deeds(messages: Sequence[Message]) -> Iterator[str]:
    answers = {message.call_id: message for message in messages if isinstance(message, ToolMessage)}
    for message in messages:
        if not isinstance(message, AssistantMessage):
            continue
        for call in message.calls:
            answer = answers.get(call.id)
            ended = answer.text.strip().splitlines()[:1] if answer else []
            yield f"{call.name} {clip(call.arguments, 100)} -> {clip(''.join(ended), 80)}"
        if message.text.strip():
            yield f"said: {clip(message.text.strip(), 200)}"


def _last_test(messages: Sequence[Message]) -> str:
    calls = {
        call.id: call
        for message in messages
        if isinstance(message, AssistantMessage)
        for call in message.calls
    }
    for message in reversed(messages):
        call = calls.get(message.call_id) if isinstance(message, ToolMessage) else None
        if call and (command := command_with_tests(call)):
            return f"$ {clip(command, 200)}\n{_tail(message.text.strip(), TEST_CHARS)}"
    return ""


def _tail(text: str, most_chars: int) -> str:
    """`text`, or its first line and its end, where a test says what failed."""
    if len(text) <= most_chars:
        return text
    first = clip(text.partition("\n")[0], most_chars // 3)
    return f"{first}\n[...]\n{text[-max(1, most_chars - len(first) - 8) :]}"[:most_chars]


def _file_line(file: TouchedFile) -> str:
    return f"- {printable(file.path)} ({'changed' if file.changed else 'read'}, sha256 {file.digest[:12]})"


def _fitting(lines: Iterator[str] | Sequence[str], room: int) -> list[str]:
    """The newest of `lines`, in their order, as many as fit."""
    kept: list[str] = []
    for line in reversed([*lines]):
        if (room := room - len(line) - 1) < 0:
            break
        kept.append(line)
    return kept[::-1]
