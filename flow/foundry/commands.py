"""Commands that came back in one order: steps for a SKILL.md."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from core.values import value
from flow.foundry.deeds import Deed
from flow.rule_offers import BY_SECOND
from flow.shell_words import guessed_words, names

LEAST_STEPS, MOST_STEPS = 2, 8
MOST_SEEN = 5
"""Values that are shown for one place."""
ACTING = BY_SECOND | names("docker podman kubectl make just rake tox gradle mvn bazel dotnet systemctl")
"""Programs whose second word says what they do."""
LOOKING = names("cat cd date echo env file find grep head ls pwd rg sed sort stat tail tree wc which")
"""Programs that only look: a sequence of these alone is no work."""


@value
class Steps:
    """A sequence of commands that was run in several sessions."""

    commands: tuple[str, ...]
    """With `<1>`, `<2>`, … where they differed."""
    seen: tuple[tuple[str, ...], ...]
    """By place: what stood there."""
    sessions: int
    programs: tuple[str, ...]


def steps_of(sessions: Mapping[str, Sequence[Deed]], least_sessions: int) -> list[Steps]:
    """The longest sequences that came back in so many sessions, the most frequent first."""
    runs = {session: [_words(deed.text) for deed in deeds] for session, deeds in sessions.items()}
    shapes = {session: [_shape(words) for words in commands] for session, commands in runs.items()}
    found: list[Steps] = []
    covered: set[tuple[str, ...]] = set()
    for length in range(MOST_STEPS, LEAST_STEPS - 1, -1):
        for shape, places in _windows(shapes, length).items():
            in_sessions = {session for session, _ in places}
            if len(in_sessions) >= least_sessions and shape not in covered and _is_work(shape):
                found.append(_steps([runs[name][at : at + length] for name, at in places], len(in_sessions)))
                covered |= set(_parts(shape))
    return sorted(found, key=lambda one: (-one.sessions, one.commands))


def _words(command: str) -> tuple[str, ...]:
    """The words of a command; of several in one line, with `;` between them."""
    parts = [" ".join(part) for part in guessed_words(command) if part]
    return tuple(" ; ".join(parts).split())


def _shape(words: Sequence[str]) -> str:
    """The program, its sub-command and its flags; what they are applied to is left open."""
    if not words:
        return ""
    kept = _named(words)
    rest = words[len(kept) :]
    kept += [word.partition("=")[0] if word.startswith("-") or word == ";" else "…" for word in rest]
    return " ".join(kept)


def _windows(
    sessions: Mapping[str, Sequence[str]], length: int
) -> Mapping[tuple[str, ...], list[tuple[str, int]]]:
    """Where each sequence of shapes of this length stands."""
    found: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for session, shapes in sessions.items():
        for at in range(len(shapes) - length + 1):
            window = tuple(shapes[at : at + length])
            if all(window) and len(set(window)) == length:
                found[window].append((session, at))
    return found


def _parts(shape: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All sequences within it."""
    for start in range(len(shape)):
        for end in range(start + LEAST_STEPS, len(shape) + 1):
            yield shape[start:end]


def _is_work(shape: Iterable[str]) -> bool:
    return sum(one.split()[0] not in LOOKING for one in shape) >= LEAST_STEPS


def _steps(places: Sequence[Sequence[tuple[str, ...]]], sessions: int) -> Steps:
    seen: dict[tuple[str, ...], int] = {}
    commands = [_command([place[number] for place in places], seen) for number in range(len(places[0]))]
    programs = [" ".join(_named(words)) for words in places[0]]
    return Steps(
        commands=tuple(commands),
        seen=tuple(tuple(dict.fromkeys(values))[:MOST_SEEN] for values in seen),
        sessions=sessions,
        programs=tuple(dict.fromkeys(programs)),
    )


def _command(variants: Sequence[tuple[str, ...]], seen: dict[tuple[str, ...], int]) -> str:
    """One command, with a number in each place where it differed; equal places have equal numbers."""
    words: list[str] = []
    for column in zip(*variants, strict=True):
        if len(set(column)) == 1:
            words.append(column[0])
        else:
            words.append(f"<{seen.setdefault(column, len(seen) + 1)}>")
    return " ".join(words)


def _named(words: Sequence[str]) -> list[str]:
    """The program, with what it does."""
    program = words[0].rpartition("/")[2]
    return [program, words[1]] if program in ACTING and len(words) > 1 else [program]
