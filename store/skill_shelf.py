"""The skills of a workspace: files anybody may edit, of which those can be called that the user accepted.

.roost/skills/NAME.py ── its hash ── is it the accepted one? ── yes ──▶ ready
   (the workspace)                    (the user's own folder)   no  ──▶ set aside, until it is accepted
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.errors import SkillRejected, StoreError, ToolError
from core.records import dataclass
from core.skill_shelf import COMPILER, Skill, SkillCard
from core.values import plain
from store.skill_files import MOST_FILES, SkillFile, SkillFiles
from store.skill_record import Entry, SkillRecord

if TYPE_CHECKING:
    from core.skills import Contract

MOST_FAILURES_IN_A_ROW = 3
NOT_ACCEPTED = "nobody has accepted it on this machine"
CHANGED = "it was changed since it was accepted"
FAILED = f"it failed {MOST_FAILURES_IN_A_ROW} times in a row"
DISABLED = "it was disabled"
TAKEN = "a tool has its name"
GONE = "its file is gone"

Compiled = Mapping[str, Any]


@dataclass
class SkillShelf:
    files: SkillFiles
    record: SkillRecord
    allowed: Sequence[str] = ()
    """Modules that skills may import beside the standard library and numpy."""
    taken: set[str] = field(default_factory=set)
    """Names of tools, which no skill may have."""
    problem: str = field(default="", init=False)
    """Why no skill can be called at all; empty when that is not so."""
    _contracts: "dict[str, tuple[str, Contract]]" = field(default_factory=dict, init=False)

    def skills(self) -> Sequence[Skill]:
        return sorted(self._ready.values(), key=lambda skill: (-skill.calls, skill.name))

    def set_aside(self) -> Mapping[str, str]:
        self._load()
        return self._aside

    def contract(self, name: str) -> "Contract":
        """As it is now: another process may have changed, accepted or disabled it."""
        try:
            entry = self.record.read().get(name, Entry())
        except StoreError as error:
            raise ToolError(error.args[0], hint=error.hint) from error
        file = self.files.one(name)
        why = self._refusal(file, entry) if file else GONE
        if why or file is None:
            self._put_aside(name, why)
            hint = f"The user accepts it with roost skills accept {name}; or promote it again."
            raise ToolError(f"The skill {name!r} cannot be used: {why}.", hint=hint)
        contract = self._compiled(file)
        self._set_ready(file, self._told(file, contract), entry.calls)
        return contract

    def keep(self, contract: "Contract") -> int:
        def put(entry: Entry) -> SkillFile:
            return self.files.put(contract.name, contract.source, entry.version + 1)

        try:
            return self._accept(contract, put)
        except StoreError as error:
            raise ToolError(error.args[0], hint=error.hint) from error

    def accept(self, file: SkillFile, contract: "Contract") -> int:
        """From now on this very text may be called; which version it is. Raises StoreError."""
        return self._accept(contract, lambda _: file)

    def _accept(self, contract: "Contract", placed: Callable[[Entry], SkillFile]) -> int:
        """What `placed` answers is put there and accepted as one act: of two processes one is the last."""
        done: list[tuple[SkillFile, Compiled]] = []

        def act(entries: dict[str, Entry]) -> None:
            entry = entries.get(contract.name, Entry())
            file = placed(entry)
            compiled = self._told(file, contract)
            done.append((file, compiled))
            self.record.keep_text(file.name, file.text)
            is_new = entry.accepted != file.digest
            entries[file.name] = replace(
                entry,
                accepted=file.digest,
                version=entry.version + is_new,
                aside="",
                failures_in_a_row=0,
                compiled=compiled,
            )

        entry = self.record.change(act)[contract.name]
        self._set_ready(*done[0], entry.calls)
        return entry.version

    def count(self, name: str, *, failed: bool) -> None:
        """A count that cannot be kept stops nothing."""
        aside: list[str] = []

        def act(entries: dict[str, Entry]) -> None:
            entry = entries.get(name, Entry())
            in_a_row = entry.failures_in_a_row + 1 if failed else 0
            if in_a_row >= MOST_FAILURES_IN_A_ROW:
                aside.append(FAILED)
            entries[name] = replace(
                entry,
                calls=entry.calls + 1,
                failures=entry.failures + failed,
                failures_in_a_row=in_a_row,
                aside=aside[0] if aside else entry.aside,
            )

        try:
            self.record.change(act)
        except StoreError as error:
            self.problem = str(error)
        if aside:
            self._put_aside(name, aside[0])

    def disable(self, name: str) -> None:
        """Raises StoreError."""
        self.record.update(name, aside=DISABLED)
        self._put_aside(name, DISABLED)

    def remove(self, name: str) -> None:
        """Its versions stay with the older ones; nothing of it is accepted any more. Raises StoreError."""
        version = self.record.read().get(name, Entry()).version
        self.files.remove(name, version)
        self.record.forget(name)
        self._ready.pop(name, None)

    def cards(self) -> Sequence[SkillCard]:
        """All that there are, as people are told of them."""
        self._load()
        entries = self._entries()
        return [self._card(file, entries.get(file.name, Entry())) for file in self.files.all()]

    def notices(self) -> Sequence[str]:
        """What a person should know when a session begins."""
        told = [self.problem] if self.problem else []
        if len(self._ready) + len(self._aside) >= MOST_FILES:
            told.append(f"Only the first {MOST_FILES} skills of {self.files.folder} are looked at.")
        aside = {name: why for name, why in self.set_aside().items() if why != DISABLED}
        if len(aside) == 1:
            (name, why), *_ = aside.items()
            told.append(f"The skill {name} is set aside: {why}. roost skills accept {name} shows it.")
        elif aside:
            named = ", ".join([*list(aside)[:5], *(["…"] if len(aside) > 5 else [])])
            told.append(f"{len(aside)} skills are set aside ({named}): roost skills list tells why.")
        return told

    @cached_property
    def _ready(self) -> dict[str, Skill]:
        return self._loaded[0]

    @cached_property
    def _aside(self) -> dict[str, str]:
        return self._loaded[1]

    def _load(self) -> None:
        self._loaded  # noqa: B018  read once

    @cached_property
    def _loaded(self) -> tuple[dict[str, Skill], dict[str, str]]:
        ready, aside, fresh = dict[str, Skill](), dict[str, str](), dict[str, Compiled]()
        files = self.files.all()
        entries = self._entries() if files else {}
        for file in files:
            entry = entries.get(file.name, Entry())
            if why := self._refusal(file, entry):
                aside[file.name] = why
                continue
            try:
                ready[file.name] = self._skill(file, entry, fresh)
            except SkillRejected as error:
                aside[file.name] = str(error).removeprefix("Not promoted.\n").partition("\n")[0].rstrip(".")
        if fresh:
            self._remember(fresh)
        return ready, aside

    def _entries(self) -> Mapping[str, Entry]:
        try:
            return self.record.read()
        except StoreError as error:
            self.problem = str(error)
            return {}

    def _refusal(self, file: SkillFile, entry: Entry) -> str:
        if file.name in self.taken:
            return TAKEN
        if entry.accepted != file.digest:
            return CHANGED if entry.accepted else NOT_ACCEPTED
        return entry.aside

    def _skill(self, file: SkillFile, entry: Entry, fresh: dict[str, Compiled]) -> Skill:
        """From what is known of this very text, or compiled anew. Raises SkillRejected."""
        known = entry.compiled
        if not known or known.get("key") != self._key(file):
            known = fresh[file.name] = self._told(file, self._compiled(file))
        return _skill(file, known, entry.calls)

    def _remember(self, fresh: Mapping[str, Compiled]) -> None:
        def act(entries: dict[str, Entry]) -> None:
            for name, compiled in fresh.items():
                if name in entries:
                    entries[name] = replace(entries[name], compiled=compiled)

        try:
            self.record.change(act)
        except StoreError as error:
            self.problem = str(error)

    def _compiled(self, file: SkillFile) -> "Contract":
        """Raises SkillRejected."""
        from core.skills import kept_contract

        digest, contract = self._contracts.get(file.name, ("", None))
        if contract is None or digest != file.digest:
            contract = kept_contract(file.text, file.name, self.allowed)
            self._contracts[file.name] = (file.digest, contract)
        return contract

    def _told(self, file: SkillFile, contract: "Contract") -> Compiled:
        return {
            "key": self._key(file),
            "description": contract.description,
            "parameters": plain(contract.parameters),
            "tested": contract.is_tested,
        }

    def _key(self, file: SkillFile) -> str:
        """Of all that a contract depends on."""
        return " ".join((str(COMPILER), file.digest, *self.allowed))

    def _set_ready(self, file: SkillFile, compiled: Compiled, calls: int) -> None:
        self._aside.pop(file.name, None)
        self._ready[file.name] = _skill(file, compiled, calls)

    def _put_aside(self, name: str, why: str) -> None:
        self._ready.pop(name, None)
        self._aside[name] = why

    def _card(self, file: SkillFile, entry: Entry) -> SkillCard:
        why = self.set_aside().get(file.name, "")
        known = entry.compiled if entry.accepted == file.digest and entry.compiled else {}
        return SkillCard(
            name=file.name,
            state="set aside" if why else "ready",
            why=why,
            version=entry.version,
            tested=bool(known.get("tested")),
            calls=entry.calls,
            failures=entry.failures,
            description=str(known.get("description", "")),
        )


def _skill(file: SkillFile, compiled: Compiled, calls: int) -> Skill:
    parameters = compiled["parameters"]
    return Skill(
        name=file.name,
        description=str(compiled["description"]),
        parameters=parameters if isinstance(parameters, dict) else {},
        digest=file.digest,
        calls=calls,
    )
