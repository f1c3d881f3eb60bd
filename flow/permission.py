"""Whether a tool call may run: deny rules, then what plan refuses, then ask and allow rules, then the mode.

    mode        read   write     execute             network
    plan        yes    refused   refused             ask
    ask         yes    ask       ask                 ask
    auto-edit   yes    yes       yes, if isolated    ask
    full        yes    yes       yes, if isolated    yes

Commands that are not isolated need a person's yes every time, in every mode and whatever a rule allows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from functools import cached_property

from core.errors import NobodyToAsk, PermissionDenied
from core.messages import ToolCall
from core.permissions import Approval, Effect, Scope
from core.policies import PermissionQuestion
from core.records import dataclass
from core.rules import Act, Decision, Rule, Ruling, decide, touches
from core.values import value
from flow.consequences import Consequences, consequences
from flow.danger import Danger, dangers_of
from flow.places import Places
from flow.rule_offers import offered_rules
from flow.secrets import SECRETS, Secrets
from flow.shell_grammar import MAX_CHARACTERS

_SHOWN = 200
_MAX_BEEN = 4


class Mode(StrEnum):
    PLAN = "plan"
    ASK = "ask"
    AUTO_EDIT = "auto-edit"
    FULL = "full"


_YES, _ASK, _NO = Decision.ALLOW, Decision.ASK, Decision.DENY
_DEFAULTS: Mapping[Mode, Mapping[Effect, Decision]] = {
    Mode.PLAN: {Effect.READ: _YES, Effect.WRITE: _NO, Effect.EXECUTE: _NO, Effect.NETWORK: _ASK},
    Mode.ASK: {Effect.READ: _YES, Effect.WRITE: _ASK, Effect.EXECUTE: _ASK, Effect.NETWORK: _ASK},
    Mode.AUTO_EDIT: {Effect.READ: _YES, Effect.WRITE: _YES, Effect.EXECUTE: _YES, Effect.NETWORK: _ASK},
    Mode.FULL: {Effect.READ: _YES, Effect.WRITE: _YES, Effect.EXECUTE: _YES, Effect.NETWORK: _YES},
}


@value
class Judgement:
    """What is decided about one call, and why."""

    decision: Decision
    reason: str
    way_out: str = ""
    """What would make it run, or what to do instead."""
    offers: tuple[Rule, ...] = ()
    """What an *always* would add."""


def _nowhere(rule: Rule) -> None:
    """Nothing is kept beyond the session."""


@dataclass(kw_only=True)
class Permissions:
    """The permission policy of one session. `mode` may be set while it runs."""

    mode: Mode
    isolated: bool
    """Whether the sandbox keeps commands from doing harm."""
    has_person: bool
    places: Places
    rules: Sequence[Rule] = ()
    """The user's and the project's; what is refused by default comes on top."""
    keep: Callable[[Rule], None] = _nowhere
    """Writes an *always* down."""
    _given: list[Rule] = field(default_factory=list, init=False)
    _offers: dict[str, tuple[Rule, ...]] = field(default_factory=dict, init=False)
    _been: tuple[str, ...] = field(default=(), init=False)
    """Folders of the workspace that commands went to: a `cd` lasts."""

    async def check(
        self, call: ToolCall, effect: Effect, arguments: Mapping[str, object]
    ) -> PermissionQuestion | None:
        found = self.found(call.name, effect, arguments)
        judged = self.judge(effect, found)
        if judged.decision is Decision.DENY:
            raise PermissionDenied(f"{call.name} was refused: {judged.reason}.", hint=judged.way_out)
        if judged.decision is Decision.ASK and not self.has_person:
            raise NobodyToAsk(f"{call.name} was refused: nobody is there to ask.", hint=judged.way_out)
        self._remember_folders(found)
        if judged.decision is Decision.ALLOW:
            return None
        self._offers[call.id] = judged.offers
        return PermissionQuestion(reason=judged.reason, rule="; ".join(map(str, judged.offers)))

    async def remember(self, call: ToolCall, arguments: Mapping[str, object], approval: Approval) -> None:
        offers = self._offers.pop(call.id, ())
        if not approval.allowed or approval.scope is Scope.ONCE:
            return
        self._given += offers
        if approval.scope is Scope.ALWAYS:
            for rule in offers:
                self.keep(rule)

    def forbids(self, path: str, effect: Effect) -> str:
        """Why no file tool may read or write the file at an absolute path; empty when no rule says so."""
        act = Act(effect=effect, names=self.places.names(path))
        tool = "write_file" if effect is Effect.WRITE else "read_file"
        return self._denial((*SECRETS, *self.rules), tool, act)

    def hides(self, path: str) -> bool:
        """Whether searching passes over the file at an absolute path. Asked of thousands."""
        if self._secrets.holds(path):
            return True
        act = Act(effect=Effect.READ, names=self.places.names(path))
        return bool(self._denial([rule for rule in self.rules if rule.path], "read_file", act))

    def forbids_host(self, host: str) -> str:
        """Why a host may not be asked; empty when no rule says so."""
        return self._denial(self.rules, "fetch", Act(effect=Effect.NETWORK, host=host))

    @cached_property
    def _secrets(self) -> Secrets:
        return Secrets(self.places.home)

    def _denial(self, rules: Iterable[Rule], tool: str, act: Act) -> str:
        hits = (rule for rule in rules if rule.decision is Decision.DENY and touches(rule, tool, act))
        return next((_told_of(rule) for rule in hits), "")

    def found(self, tool: str, effect: Effect, arguments: Mapping[str, object]) -> Consequences:
        return consequences(tool, effect, arguments, self.places, self._been)

    def judge(self, effect: Effect, found: Consequences) -> Judgement:
        """Decide about one call. Does nothing and remembers nothing."""
        ruling, dangers = self.ruling(found), self._dangers(found)
        if refusal := self._refusal(effect, ruling, found, dangers):
            return Judgement(decision=Decision.DENY, reason=refusal[0], way_out=refusal[1])
        if effect is Effect.EXECUTE and not self.isolated:
            reason = "commands are not isolated here, so each needs a yes"
            return Judgement(decision=Decision.ASK, reason=reason, way_out=self._way_to_isolation())
        if asking := self._asking(ruling, found, dangers):
            return Judgement(decision=Decision.ASK, reason=asking[0], way_out=asking[1])
        default = _DEFAULTS[self.mode][effect]
        if ruling.decision is Decision.ALLOW:
            return Judgement(decision=Decision.ALLOW, reason=f"a rule allows it: {_told(ruling)}")
        if default is Decision.ALLOW:
            return Judgement(decision=default, reason=f"mode {self.mode} lets {effect} calls run")
        offers = offered_rules(found, self.places)
        return Judgement(
            decision=default,
            reason=f"mode {self.mode} asks before {effect} calls",
            way_out=_way_past_mode(effect, offers),
            offers=offers,
        )

    def ruling(self, found: Consequences) -> Ruling:
        return decide((*SECRETS, *self.rules, *self._given), found.question)

    def _refusal(
        self, effect: Effect, ruling: Ruling, found: Consequences, dangers: Sequence[Danger]
    ) -> tuple[str, str] | None:
        yourself = "Find another way; only the person can do this, in a terminal of their own."
        if len(found.command) > MAX_CHARACTERS:
            said = f"a command of {len(found.command)} characters is too long to be checked"
            return said, "Write it to a file, and run the file."
        if reason := _first(dangers, Decision.DENY):
            return f"{reason}: {found.command[:_SHOWN]!r}", yourself
        if ruling.decision is Decision.DENY:
            return f"a rule forbids it: {_told(ruling)}", yourself
        if _DEFAULTS[self.mode][effect] is Decision.DENY:
            hint = "Say what you would do instead; the person can choose --permission ask."
            return f"mode {self.mode} only reads", hint
        return None

    def _asking(
        self, ruling: Ruling, found: Consequences, dangers: Sequence[Danger]
    ) -> tuple[str, str] | None:
        if reason := _first(dangers, Decision.ASK):
            return f"{reason}: {found.command[:_SHOWN]!r}", "Leave this to the person."
        if ruling.decision is Decision.ASK:
            return f"a rule asks: {_told(ruling)}", "Change that rule, or leave this to the person."
        return None

    def _dangers(self, found: Consequences) -> tuple[Danger, ...]:
        if found.parsed is None or len(found.command) > MAX_CHARACTERS:
            return ()
        return dangers_of(found.command, found.parsed, found.folders, self.places)

    def _way_to_isolation(self) -> str:
        mode = "" if _DEFAULTS[self.mode][Effect.EXECUTE] is Decision.ALLOW else " --permission full"
        held = f"Get a sandbox (roost doctor says how){f' and run with{mode}' if mode else ''}"
        return f"{held}, or run with --sandbox external{mode} on a machine that is itself one."

    def _remember_folders(self, found: Consequences) -> None:
        inside = [folder for folder in found.folders if self.places.is_inside(folder)]
        self._been = tuple(dict.fromkeys(inside))[-_MAX_BEEN:]


def _first(dangers: Sequence[Danger], decision: Decision) -> str:
    return next((danger.reason for danger in dangers if danger.decision is decision), "")


def _told(ruling: Ruling) -> str:
    return _told_of(ruling.rules[0])


def _told_of(rule: Rule) -> str:
    if rule in SECRETS:
        return rule.reason
    return f"{rule.reason} ({rule})" if rule.reason else str(rule)


def _way_past_mode(effect: Effect, offers: Sequence[Rule]) -> str:
    flag = "full" if effect is Effect.NETWORK else "auto-edit"
    rules = "; ".join(str(rule) for rule in offers)
    return f"Run with --permission {flag}" + (f", or add to rules.toml: {rules}." if rules else ".")
