"""Which call a piece belongs to: servers number calls well, badly or not at all."""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from itertools import count

from core.deltas import CallDelta
from core.records import dataclass

OURS = frozenset({"index", "id", "type", "function"})
"""What we read of a call ourselves; every other field is kept for the server."""


@dataclass
class _Call:
    index: int
    wire_id: str
    name: str
    pieces: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether its arguments are a JSON object; they are parsed only if they end like one."""
        if not self.pieces or not self.pieces[-1].rstrip().endswith("}"):
            return False
        try:
            json.loads("".join(self.pieces), strict=False)
        except ValueError:
            return False
        return True


@dataclass
class CallIds:
    """Gives every call of a conversation an id of its own: some servers send none, or the same again."""

    taken: AbstractSet[str] = frozenset()
    """Ids of earlier replies."""
    _given: set[str] = field(default_factory=set)

    def own(self, wished: str = "") -> str:
        free = (
            name for name in self._candidates(wished) if name not in self.taken and name not in self._given
        )
        own = next(free)
        self._given.add(own)
        return own

    def _candidates(self, wished: str) -> Iterator[str]:
        if wished:
            yield wished
        yield from (f"call-{number}" for number in count(len(self.taken) + 1))


@dataclass
class CallPieces:
    """Sorts the pieces of one reply's calls."""

    ids: CallIds = field(default_factory=CallIds)
    _calls: list[_Call] = field(default_factory=list)
    _by_wire_index: dict[int, _Call] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def cut_off(self) -> bool:
        """Whether the newest call ends in the middle of its arguments."""
        return bool(self._calls) and bool(self._calls[-1].pieces) and not self._calls[-1].complete

    def delta(self, piece: Mapping[str, object]) -> CallDelta:
        function = piece.get("function")
        function = function if isinstance(function, Mapping) else {}
        wire_id, name = _text(piece.get("id")), _text(function.get("name"))
        wire_index = piece.get("index")
        call = self._call(wire_index if isinstance(wire_index, int) else None, wire_id, name)
        begins = call is None
        if call is None:
            call = self._begin(wire_index, wire_id, name)
        call.name = call.name or name
        if arguments := _arguments(function.get("arguments")):
            call.pieces.append(arguments)
        return CallDelta(
            index=call.index,
            id=self.ids.own(wire_id) if begins else "",
            name=name,
            arguments=arguments,
            extra={key: held for key, held in piece.items() if key not in OURS and held is not None},
        )

    def _call(self, wire_index: int | None, wire_id: str, name: str) -> _Call | None:
        """The call that a piece goes on with, or None if it begins another."""
        if wire_index is None:
            call = self._calls[-1] if self._calls else None
            unsure = bool(wire_id or name)
        else:
            call = self._by_wire_index.get(wire_index)
            unsure = bool(name and wire_id and call and call.wire_id)
        if call is None or not unsure:
            return call
        if wire_id and wire_id == call.wire_id:
            return call
        if wire_index is None and wire_id and call.wire_id:
            return None
        return None if name and (name != call.name or call.complete) else call

    def _begin(self, wire_index: object, wire_id: str, name: str) -> _Call:
        call = _Call(len(self._calls), wire_id, name)
        self._calls.append(call)
        if isinstance(wire_index, int):
            self._by_wire_index[wire_index] = call
        return call


def _arguments(said: object) -> str:
    """Arguments are text, but some servers send the object itself."""
    if said is None or isinstance(said, str):
        return said or ""
    return json.dumps(said, ensure_ascii=False)


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""
