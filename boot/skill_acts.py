"""What a person does with the skills of a workspace, in a shell or in the chat: looks, tests, accepts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.differences import difference
from core.errors import ConfigError, SkillRejected, StoreError
from core.skill_shelf import SkillCard, SkillRunner
from core.skills import check_name, kept_contract
from store.skill_files import NAME, SkillFile
from store.skill_shelf import SkillShelf

if TYPE_CHECKING:
    from core.skills import Contract

MOST_BYTES = 240_000


@dataclass(frozen=True)
class SkillActs:
    shelf: SkillShelf

    def listed(self) -> Iterator[str]:
        """A line for each skill, and why it is set aside if it is."""
        cards = self.shelf.cards()
        width = max((len(card.name) for card in cards), default=0)
        yield from (_line(card, width) for card in cards)
        if self.shelf.problem:
            yield self.shelf.problem
        if not cards:
            yield f"No Python skill is in {self.shelf.files.folder}: the model makes them with promote_skill."

    def shown(self, name: str) -> Iterator[str]:
        """All of a skill, and how it fares. Raises ConfigError."""
        file = self.file(name)
        (card,) = (card for card in self.shelf.cards() if card.name == name)
        yield _line(card, len(name))
        yield from (f"earlier: {older}" for older in self.shelf.files.older(name))
        yield ""
        yield from file.text.splitlines()

    def to_accept(self, file: SkillFile) -> Iterator[str]:
        """What a person says yes to: the code, or what changed since they last did."""
        name, before = file.name, self.shelf.record.accepted_text(file.name)
        if before == file.text:
            yield f"{name} is what was accepted before."
        elif before:
            yield f"{name}, changed since it was accepted:"
            yield from difference(before, file.text).splitlines()
        else:
            yield f"{name}, which nobody has accepted on this machine:"
            yield from file.text.splitlines()

    async def faults(self, file: SkillFile, runner: SkillRunner) -> Sequence[str]:
        """What is wrong with a skill when it is compiled and its examples run."""
        try:
            return await runner.faults(self._contract(file))
        except SkillRejected as error:
            return str(error).removeprefix("Not promoted.\n").splitlines()

    async def accept(self, file: SkillFile, runner: SkillRunner) -> str:
        """This very text. Raises ConfigError or StoreError when it is not accepted."""
        name = file.name
        if name in self.shelf.taken:
            raise ConfigError(f"A tool is called {name!r}.", hint="Rename the file of the skill.")
        if faults := await self.faults(file, runner):
            raise ConfigError(f"{name} is not accepted: {'; '.join(faults[:5])}", hint="Mend it first.")
        contract = self._contract(file)
        version = self.shelf.accept(file, contract)
        tested = "its examples pass" if contract.is_tested else "it has no examples"
        return f"{name} is accepted (version {version}, {tested})."

    def disable(self, name: str) -> str:
        self.file(name)
        self.shelf.disable(name)
        return f"{name} is disabled. roost skills accept {name} brings it back."

    def remove(self, name: str) -> str:
        self.file(name)
        self.shelf.remove(name)
        return f"{name} is removed; it stays as {self.shelf.files.older(name)[-1]}."

    def export(self, names: Sequence[str], folder: Path) -> Iterator[str]:
        """Copies of all skills, or of these, into a folder. Raises ConfigError or StoreError."""
        wanted = names or [card.name for card in self.shelf.cards()]
        files = [self.file(name) for name in wanted]
        for file in files:
            place = folder / f"{file.name}.py"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with place.open("x", encoding="utf-8") as out:
                    out.write(file.text)
            except FileExistsError:
                yield f"{place} is there already, and was left as it is."
            except OSError as error:
                raise StoreError(f"{str(place)!r} cannot be written: {error.strerror}.") from error
            else:
                yield f"{place}"

    def bring_in(self, folder: Path) -> Iterator[str]:
        """Copies of the skills of a folder, none of them accepted. Raises ConfigError or StoreError."""
        if not folder.is_dir():
            raise ConfigError(
                f"{str(folder)!r} is no folder.", hint="Name one that holds skills, as NAME.py."
            )
        there = {card.name for card in self.shelf.cards()}
        found = [
            (match[1], path) for path in sorted(folder.iterdir()) if (match := NAME.fullmatch(path.name))
        ]
        for name, path in found:
            if name in there:
                yield f"{name} is there already, and was left as it is."
            elif problem := self._brought(name, path):
                yield f"{name} was left out: {problem}"
            else:
                yield f"{name} is here now. It is not run before you accept it: roost skills accept {name}"
        if not found:
            yield f"There is no skill in {folder}."

    def _brought(self, name: str, path: Path) -> str:
        """Why a file is no skill; empty, and it is copied, when it is one."""
        try:
            if not path.is_file() or path.stat().st_size > MOST_BYTES:
                return "it is no file, or too large."
            check_name(name, self.shelf.taken)
            text = path.read_bytes().decode()
            kept_contract(text, name, self.shelf.allowed)
        except SkillRejected as error:
            return str(error).removeprefix("Not promoted.\n").partition("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            return f"{error}."
        self.shelf.files.put(name, text, 1)
        return ""

    def _contract(self, file: SkillFile) -> "Contract":
        return kept_contract(file.text, file.name, self.shelf.allowed)

    def file(self, name: str) -> SkillFile:
        """Raises ConfigError."""
        if NAME.fullmatch(f"{name}.py") and (file := self.shelf.files.one(name)):
            return file
        names = ", ".join(card.name for card in self.shelf.cards())
        raise ConfigError(
            f"There is no skill {name!r}.", hint=f"There is {names}." if names else "There is none."
        )


def _line(card: SkillCard, width: int) -> str:
    if card.state == "set aside":
        return f"{card.name:<{width}}  set aside: {card.why}"
    tested = "" if card.tested else ", untested"
    calls = "1 call" if card.calls == 1 else f"{card.calls} calls"
    fares = f"version {card.version}{tested}, {calls}, {card.failures} failed"
    return f"{card.name:<{width}}  {card.description}  ({fares})"
