"""`roost skills propose`: drafts of skills, made of what came back in past sessions."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from boot.layers import Loaded, here
from boot.skills import skill_folders, skill_shelf, skills_folder
from core.errors import StoreError
from core.skills import check_name
from flow.foundry.deeds import Deed, deeds_of
from flow.foundry.drafts import Draft, drafted
from store.session_log import read_records
from store.sessions import Sessions
from store.skill_drafts import SkillDrafts
from store.skill_shelf import SkillShelf

MOST_SESSIONS = 500


def propose(loaded: Loaded, *, of_all: bool) -> Iterator[str]:
    """Writes the drafts, and tells in lines what they are. Raises StoreError."""
    shelf = skill_shelf(loaded.workspace, here().folders, loaded.settings)
    drafts_kept = SkillDrafts(loaded.workspace, skills_folder(loaded.workspace))
    paths = Sessions(here().folders.sessions).paths(None if of_all else loaded.workspace)[:MOST_SESSIONS]
    sessions = dict(_deeds(reversed(paths)))
    taken = {*shelf.taken, *drafts_kept.names(), *(card.name for card in shelf.cards())}
    taken |= {one.name for one in skill_folders(loaded.workspace, here().folders).found()}
    drafts, passed = drafted(sessions, taken, shelf.allowed)
    lines = [line for draft in drafts if (line := _kept(draft, shelf, drafts_kept))]
    yield from lines
    yield from (f"{one.name} came back too, but is no draft: {_one_line(one.why)}" for one in passed)
    if lines:
        yield "Look at each, mend its words, then: roost skills accept NAME"
    else:
        yield f"Nothing new came back in {len(sessions)} sessions."


def _deeds(paths: Iterator[Path]) -> Iterator[tuple[str, Sequence[Deed]]]:
    """By session; what is damaged is read as far as it goes."""
    for path in filter(Path.is_file, paths):  # a pipe would be waited for
        deeds: list[Deed] = []
        with suppress(StoreError):
            deeds.extend(deeds_of(read_records(path)))
        if deeds:
            yield path.stem, deeds


def _kept(draft: Draft, shelf: SkillShelf, drafts: SkillDrafts) -> str:
    """What a person reads of it; empty when there is one of that name."""
    if draft.kind == "steps":
        place = drafts.put(draft.name, draft.text)
        return f"{place}: steps of {draft.sessions} sessions" if place else ""
    check_name(draft.name)
    shelf.files.put(draft.name, draft.text, 1)
    examples = f"{draft.examples or 'no'} example{'s' * (draft.examples != 1)}"
    return f"{shelf.files.folder}/{draft.name}.py: a function of {draft.sessions} sessions, {examples}"


def _one_line(text: str) -> str:
    return " ".join(text.removeprefix("Not promoted.").split())
