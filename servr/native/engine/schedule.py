"""Which replies are worked at, and what each brings to the next step."""

from dataclasses import dataclass

from servr.native.engine.conversations import Model, Piece, Shelf
from servr.native.engine.drafts import Draft
from servr.native.engine.pace import Pace

MOST_GUESSES = 16
"""Of all replies in a step together."""


@dataclass(frozen=True)
class Entry:
    """What a reply brings to a step."""

    draft: Draft
    piece: Piece


class Schedule:
    """Drafts begin in the order in which they came; the last to begin is the first that gives way."""

    def __init__(self, model: Model, shelf: Shelf, *, slots: int) -> None:
        self.waiting: list[Draft] = []
        self.active: list[Draft] = []
        self._model = model
        self._shelf = shelf
        self._slots = slots

    @property
    def drafts(self) -> list[Draft]:
        return self.active + self.waiting

    def begin(self, now: float) -> list[Draft]:
        """Those that wait and for which there is a place and memory; they begin now."""
        begun = []
        while self.waiting and len(self.active) < self._slots and self._fits(self.waiting[0]):
            draft = self.waiting.pop(0)
            self.active.append(draft)
            draft.begin(self._shelf.take(draft.tokens), now)
            begun.append(draft)
        return begun

    def entries(self, pace: Pace) -> list[Entry]:
        """Each draft that is writing, and as much of the prompts of others as the pace allows."""
        entries: list[Entry] = []
        writing = [draft for draft in self.active if draft.is_writing]
        reading = [draft for draft in self.active if not draft.is_writing]
        guesses = MOST_GUESSES // max(1, len(writing)) if self._model.cuts else 0
        for draft in writing:
            if draft.conversation:  # it has not had to give way to one before it
                self._join(entries, draft, draft.newest(guesses))
        left = pace.tokens(is_beside=bool(writing))
        for draft in reading:
            if left > 0 and draft.conversation:
                piece = draft.piece(left, cuts=self._model.cuts)
                left -= len(piece.tokens)
                self._join(entries, draft, piece)
        return entries

    def too_long(self) -> Draft | None:
        """The one draft that is worked at, when there is no memory even for it."""
        return self.active[0] if len(self.active) == 1 else None

    def put_back(self, draft: Draft) -> None:
        """It gives up its memory and waits for its turn; what it has written is read again then."""
        self.remove(draft)
        self.waiting.insert(0, draft)

    def remove(self, draft: Draft) -> None:
        self.active = [each for each in self.active if each is not draft]
        self.waiting = [each for each in self.waiting if each is not draft]
        if draft.conversation:
            self._shelf.put(draft.conversation)
            draft.conversation = None

    def _join(self, entries: list[Entry], draft: Draft, piece: Piece) -> None:
        """When there is no room for the piece, the last to begin give theirs, which may be this draft."""
        more = piece.conversation.bytes_with(len(piece.tokens)) - piece.conversation.bytes
        while not self._shelf.make_room(more):
            last = self.active[-1]
            if last is draft:
                if len(self.active) > 1:
                    self.put_back(draft)
                return
            self.put_back(last)
            entries[:] = [entry for entry in entries if entry.draft is not last]
        entries.append(Entry(draft, piece))

    def _fits(self, draft: Draft) -> bool:
        """Whether there is room for it beside those that are worked at, as they are now; alone it begins."""
        claimed = sum(self._model.bytes_for(len(each.tokens)) for each in (*self.active, draft))
        return not self.active or claimed <= self._shelf.most_bytes
