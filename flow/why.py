"""`roost why`: how a call would be judged, step by step, for people."""

from collections.abc import Iterator, Mapping

from core.permissions import Effect
from core.rules import Decision
from flow.consequences import Consequences
from flow.danger import dangers_of
from flow.permission import Permissions

_VERDICTS = {
    Decision.ALLOW: "Allowed",
    Decision.ASK: "A person is asked",
    Decision.DENY: "Denied",
}


def explain(permissions: Permissions, tool: str, effect: Effect, arguments: Mapping[str, object]) -> str:
    found = permissions.found(tool, effect, arguments)
    judged = permissions.judge(effect, found)
    decision = judged.decision
    way_out = judged.way_out
    verdict = f"{_VERDICTS[decision]}: {judged.reason}."
    if decision is Decision.ASK and not permissions.has_person:
        verdict += f" With nobody to ask it is refused. {way_out}"
    elif decision is Decision.DENY:
        verdict += f" {way_out}"
    return "\n".join([*_parts(found), *_dangers(permissions, found), *_rules(permissions, found), verdict])


def _parts(found: Consequences) -> Iterator[str]:
    if found.parsed is None:
        return
    for part in found.parsed.parts:
        yield f"{'runs' if not part.wrapper else 'wraps'}: {' '.join(map(_quoted, part.argv))}"
    for path in found.parsed.writes:
        yield f"writes: {_quoted(path)}"
    if not found.parsed.understood:
        yield f"No allow rule can match it: {found.parsed.why_not}."


def _quoted(word: str) -> str:
    return word if word and word.isprintable() and " " not in word else repr(word)


def _dangers(permissions: Permissions, found: Consequences) -> Iterator[str]:
    if found.parsed is not None:
        for danger in dangers_of(found.command, found.parsed, found.folders, permissions.places):
            yield f"danger ({danger.decision}): {danger.reason}"


def _rules(permissions: Permissions, found: Consequences) -> Iterator[str]:
    ruling = permissions.ruling(found)
    for rule in ruling.rules:
        yield f"rule: {rule}" + (f", because {rule.reason}" if rule.reason else "")
    if ruling.decision is None:
        isolated = "isolated" if permissions.isolated else "not isolated"
        yield f"No rule decides it: mode {permissions.mode} does, with commands {isolated}."
