"""Policies for the tests of permission, and what they decide."""

from pathlib import Path

from core.messages import ToolCall
from core.permissions import Effect
from core.rules import Decision, Rule
from flow.permission import Mode, Permissions
from flow.places import Places

ALLOW, ASK, DENY = Decision.ALLOW, Decision.ASK, Decision.DENY
CALL = ToolCall(id="call-1", name="shell", arguments="{}")


def permissions(
    root: Path | str = "/home/person/project",
    *rules: Rule,
    mode: Mode = Mode.FULL,
    isolated: bool = True,
    person: bool = True,
) -> Permissions:
    home = Path(root).parent
    places = Places.of(str(root), str(home))
    return Permissions(mode=mode, isolated=isolated, has_person=person, places=places, rules=rules)


def decision(policy: Permissions, command: str) -> Decision:
    return policy.judge(Effect.EXECUTE, policy.found("shell", Effect.EXECUTE, {"command": command})).decision


def file_decision(policy: Permissions, path: str, effect: Effect = Effect.READ) -> Decision:
    tool = "read_file" if effect is Effect.READ else "write_file"
    return policy.judge(effect, policy.found(tool, effect, {"path": path})).decision


def allow(command: str) -> Rule:
    return Rule(decision=ALLOW, tool="shell", command=command)
