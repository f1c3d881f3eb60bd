"""Vectors are put in order for searches by a thread of its own: half a minute for a million, once.

Whoever ends meanwhile, or is killed, loses that half minute and nothing else: the file that is made is put in
place at once (`store/search/sign_file.py`).
"""

import asyncio
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from store.database import Database

if TYPE_CHECKING:
    from store.search.nearest import Nearest
    from store.search.signs import SignTable


@dataclass
class Ordering:
    """For the models of one index; begun and ended in one event loop."""

    database: Database
    with_graphs: bool
    """Whether a graph is made, too: it takes minutes, and searches do without meanwhile."""
    _tasks: "dict[int, asyncio.Task[None]]" = field(default_factory=dict)
    _given_up: Event = field(default_factory=Event)

    def begun(self, nearest: "Nearest") -> "asyncio.Task[None]":
        """The work on the vectors of this model, begun unless it goes on already."""
        number = nearest.model.number
        if (going_on := self._tasks.get(number)) is None or going_on.done():
            going_on = self._tasks[number] = asyncio.create_task(self._put_in_order(nearest, self._given_up))
            going_on.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return going_on

    def give_up(self) -> None:
        """What goes on leaves no file behind. For any thread."""
        self._given_up.set()
        self._given_up = Event()

    async def aclose(self) -> None:
        self.give_up()
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def _put_in_order(self, nearest: "Nearest", given_up: Event) -> None:
        def made_aside() -> "SignTable | None":
            with self.database.reading_aside() as connection:
                return nearest.in_order(connection, given_up)

        try:
            if nearest.behind:
                made = await asyncio.to_thread(made_aside)
                if made is not None and not given_up.is_set():
                    nearest.take(made)
            while self.with_graphs and nearest.wants_graph and not given_up.is_set():
                graph = await asyncio.to_thread(nearest.grown_graph, given_up)
                if graph is not None and not given_up.is_set():
                    nearest.take_graph(graph)
        except asyncio.CancelledError:
            given_up.set()
            raise
