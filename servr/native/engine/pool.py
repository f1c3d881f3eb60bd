"""Places at fixed addresses for the keys and values of conversations that are being written to.

A recorded step works on the same addresses each time, so what it reads and writes has to stand there: in the
first place, or in the first two, four, eight. Who comes is copied in once; who sits there and is not of the
step goes to buffers of its own.
"""

import weakref
from collections.abc import Sequence

from torch import Tensor

from servr.native.engine.keys_and_values import KeysAndValues
from servr.native.engine.packing import PackedConversation

Resident = weakref.ref[PackedConversation]


class Pool:
    def __init__(self, like: KeysAndValues, *, places: int, tokens: int) -> None:
        """`like`: one that was written to, which shows what layers there are."""
        self.tokens = tokens
        self.layers = {
            layer: (_room(keys, places, tokens), _room(values, places, tokens))
            for layer, (keys, values) in like.layers.items()
        }
        self.places = places
        self._residents: dict[int, Resident] = {}

    def seat(self, conversations: Sequence[PackedConversation], within: int) -> list[int]:
        """The place of each, among the first `within` ones, of which there are enough."""
        known = [self._place(conversation, within) for conversation in conversations]
        free = iter([place for place in range(within) if place not in known])
        seats = []
        for conversation, place in zip(conversations, known, strict=True):
            if place is None:
                place = next(free)
                self._move(conversation, place)
            seats.append(place)
        return seats

    def length(self, place: int) -> int:
        """How many of its tokens mean something."""
        resident = self._resident(place)
        return len(resident.tokens) if resident else 0

    def _place(self, conversation: PackedConversation, within: int) -> int | None:
        return next((place for place in range(within) if self._resident(place) is conversation), None)

    def _resident(self, place: int) -> PackedConversation | None:
        """One that was dropped, or outgrew its place, sits there no more."""
        found = self._residents.get(place)
        conversation = found() if found else None
        first = next(iter(self.layers.values()))[0]
        return conversation if conversation and conversation.memory.is_in(first[place]) else None

    def _move(self, conversation: PackedConversation, place: int) -> None:
        if resident := self._resident(place):
            resident.memory.leave(len(resident.tokens))
        views, length = self._views(place), len(conversation.tokens)
        for keys, values in views.values():  # a weight of 0 does not undo what is no number
            keys[:, length:] = 0
            values[:, length:] = 0
        conversation.memory.move(views, length, self.tokens)
        self._residents[place] = weakref.ref(conversation)

    def _views(self, place: int) -> dict[int, tuple[Tensor, Tensor]]:
        return {
            layer: (keys[place, :, : self.tokens], values[place, :, : self.tokens])
            for layer, (keys, values) in self.layers.items()
        }


def _room(like: Tensor, places: int, tokens: int) -> Tensor:
    """(places, heads, tokens + 1, width): the last of all is where rows write that have nothing to write."""
    return like.new_zeros(places, like.shape[0], tokens + 1, like.shape[2])
