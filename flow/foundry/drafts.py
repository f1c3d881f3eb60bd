"""Drafts of skills, as files that a person reads, mends and accepts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from core.errors import SkillRejected
from core.skills import promoted
from core.values import value
from flow.foundry.cells import Cell, cells_of, function_of
from flow.foundry.commands import Steps, steps_of
from flow.foundry.completing import completed
from flow.foundry.deeds import Deed
from flow.foundry.history import SeenFunction, seen_functions

LEAST_SESSIONS = 2
MOST_DRAFTS = 20
MOST_NAME_CHARS = 40


@value
class Draft:
    kind: Literal["function", "steps"]
    name: str
    text: str
    """The whole file: Python, or a SKILL.md."""
    sessions: int
    """In how many it came back."""
    examples: int = 0


@value
class Passed:
    """What came back, and is no draft."""

    name: str
    why: str


def drafted(
    sessions: Mapping[str, Sequence[Deed]], taken: Collection[str] = (), allowed: Collection[str] = ()
) -> tuple[list[Draft], list[Passed]]:
    """What came back in these sessions, each with its deeds in their order, the oldest session first.

    Args:
        sessions: the deeds, by session.
        taken: names that no draft may have, because tools or skills have them.
        allowed: modules that skills may import beside the usual ones.
    """
    drafts: list[Draft] = []
    passed: list[Passed] = []
    for function, count in _functions(sessions):
        if function.name in taken or any(draft.name == function.name for draft in drafts):
            continue
        try:
            drafts.append(_function_draft(function, count, allowed))
        except SkillRejected as error:
            passed.append(Passed(name=function.name, why=error.args[0]))
    drafts = [draft for draft in drafts if draft.examples or not _is_part(draft, drafts)]
    commands = {name: [deed for deed in deeds if deed.kind == "command"] for name, deeds in sessions.items()}
    names = {*taken, *(draft.name for draft in drafts)}
    for draft in map(_steps_draft, steps_of(commands, LEAST_SESSIONS)):
        if draft.name not in names:
            names.add(draft.name)
            drafts.append(draft)
    return drafts[:MOST_DRAFTS], passed


def _is_part(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Whether another one needs it, and so has it."""
    return any(other is not draft and f"\ndef {draft.name}(" in other.text for other in drafts)


def _functions(sessions: Mapping[str, Sequence[Deed]]) -> Iterable[tuple[SeenFunction, int]]:
    """Each that came back, as it was last, and in how many sessions it was."""
    groups: list[list[SeenFunction]] = []
    by_key: dict[object, list[SeenFunction]] = {}
    cells: dict[str, list[Cell]] = {}
    for session, deeds in sessions.items():
        for seen in seen_functions(session, deeds):
            keys = ((seen.name, seen.parameters), seen.shape)
            group = next((by_key[key] for key in keys if key in by_key), None)
            if group is None:
                groups.append(group := [])
            group.append(seen)
            by_key |= {key: group for key in keys if key not in by_key}
        for cell in cells_of(deeds):
            cells.setdefault(cell.shape, []).append(cell)
    for group in groups:
        if (count := len({seen.session for seen in group})) >= LEAST_SESSIONS:
            yield group[-1], count
    for same in cells.values():
        count = len({cell.session for cell in same})
        if count >= LEAST_SESSIONS and (function := function_of(same)):
            yield function, count


def _function_draft(function: SeenFunction, count: int, allowed: Collection[str]) -> Draft:
    """Raises SkillRejected when it cannot be a skill."""
    summary = f"Drafted from {count} sessions; say here what it does, and what it returns."
    source = completed(function.source, function.name, function.calls, summary)
    name = function.name.lower().strip("_")
    examples = [f"{call} == {result}" for call, result in function.calls]
    contract = promoted(source, function.name, name, examples, allowed)
    return Draft(kind="function", name=name, text=contract.source, sessions=count, examples=len(examples))


def _steps_draft(steps: Steps) -> Draft:
    name = "-".join("-".join(steps.programs).lower().split())
    name = "-".join(
        part for part in "".join(one if one.isalnum() and one.isascii() else " " for one in name).split()
    )
    name = name[:MOST_NAME_CHARS].strip("-") or "steps"
    told = ", ".join(steps.programs)
    lines = [
        *("---", f"name: {name}"),
        f'description: "Steps of {steps.sessions} sessions: {told}. Say here when to use them."',
        *("---", "", "Run these, one after the other, and look at what each answers:", ""),
        *(f"{number}. `{command}`" for number, command in enumerate(steps.commands, 1)),
    ]
    if steps.seen:
        lines += ["", "What differs from time to time:", ""]
        lines += [
            f"- `<{number}>`: {', '.join(f'`{one}`' for one in seen)}"
            for number, seen in enumerate(steps.seen, 1)
        ]
    return Draft(kind="steps", name=name, text="\n".join(lines) + "\n", sessions=steps.sessions)
