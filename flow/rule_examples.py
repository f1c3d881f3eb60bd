"""Rules that prove themselves: the examples a rule carries, tried on the rule alone."""

from core.permissions import Effect
from core.rules import Decision, Rule, decide
from flow.consequences import Consequences, consequences
from flow.danger import Danger, dangers_of
from flow.places import Places
from flow.shell_grammar import MISSING_EXTRA

_PLACES = Places(workspace="/home/person/project", home="/home/person")
"""Where examples are told from."""


def broken_example(rule: Rule) -> str:
    """The first example that the rule does not treat as it says; empty when all hold.

    An example is a command for a rule about commands, a URL or host for one about hosts, else
    a path; with spaces in it, a path is taken for a command that names the file.
    """
    for example, wanted in [(one, True) for one in rule.matches] + [(one, False) for one in rule.not_matches]:
        found = _consequences(rule, example)
        if found.parsed is not None and found.parsed.why_not == MISSING_EXTRA:
            continue
        if (decide([rule], found.question).decision is rule.decision) is not wanted:
            return example
    return ""


def _consequences(rule: Rule, example: str) -> Consequences:
    tool = rule.tool.replace("*", "")
    effect = rule.effect or Effect.READ
    if rule.command or (" " in example and not rule.host):
        return consequences(tool, Effect.EXECUTE, {"command": example}, _PLACES)
    if rule.host:
        url = example if "//" in example else f"https://{example}"
        return consequences(tool, rule.effect or Effect.NETWORK, {"url": url}, _PLACES)
    return consequences(tool, effect, {"path": example}, _PLACES)


def decision_on(danger: Danger, example: str) -> Decision | None:
    """What one row of the table of dangers says of a command."""
    found = consequences("shell", Effect.EXECUTE, {"command": example}, _PLACES)
    if found.parsed is None:
        return None
    dangers = dangers_of(example, found.parsed, found.folders, _PLACES)
    return danger.decision if danger in dangers else None
