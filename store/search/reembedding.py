"""Vectors that are missing, made up for: of texts that came without one, and of all for another model.

    one vector ─► is its model the one that is wanted? else all texts wait ─► 64 at a time ─► older ones go

The vectors of the model that was wanted before stay: two sessions with different embedders do not make them
anew in turn, and whoever changes back has them still. Those of a third go.

Each step is a transaction of its own, and what is still to do is written in the file: whoever is killed goes
on where it was. Meanwhile the old vectors are there to be searched.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from secrets import token_hex

from core.embedding import EmbeddingFailed
from core.errors import StoreError
from core.values import value
from store.search.searching import Searching
from store.search.vectors import Vector

BATCH = 64
SLICE = 1000
"""Old vectors that are removed at once: nobody waits long for the file."""


@value
class Progress:
    done: int
    total: int
    """Texts that had no vector at the beginning."""


async def caught_up(searching: Searching) -> AsyncGenerator[Progress, None]:
    """Make the vectors that are missing, and tell after each step how far that is.

    Raises:
        EmbeddingFailed: what was made until then is kept.
        StoreError: likewise.
    """
    sample = await _sample(searching)
    index, database = searching.index, searching.database
    with database.writing() as connection:
        model = index.vectors.model_made(connection, sample).number
        index.change(connection, model)
        total = index.state(connection).waiting
    done = 0
    while done < total:
        step = await _step(searching, model)
        if not step:
            break
        done = min(done + step, total)
        yield Progress(done=done, total=total)
    await _remove_others(searching, model)


async def catch_up_quietly(searching: Searching) -> None:
    """Beside whatever else happens; what fails is tried again by the next process."""
    with suppress(EmbeddingFailed, StoreError, sqlite3.ProgrammingError):  # the last: the file was closed
        async with aclosing(caught_up(searching)) as steps:
            async for _ in steps:
                await asyncio.sleep(0)


async def _sample(searching: Searching) -> Vector:
    """Of a text that nobody can have kept a vector of: the model may be another one under the same name."""
    text = token_hex(8)
    [sample] = await searching.vectors_made([text])
    searching.let_go([text])
    return sample


async def _step(searching: Searching, model: int) -> int:
    """How many texts were dealt with: none where another process wants another model by now."""
    index, database = searching.index, searching.database
    with database.reading() as connection:
        waiting = index.waiting(connection, BATCH) if index.want(connection, model) else []
    if not waiting:
        return 0
    vectors = await searching.vectors_made([text for _, _, text in waiting])
    await asyncio.sleep(0)  # an embedder may never have let others run
    with database.writing() as connection:
        for (record, scope, text), vector in zip(waiting, vectors, strict=True):
            if index.stands(connection, record, scope, text):  # else it waits, as it is now
                index.complete(connection, record, scope, vector)
    return len(waiting)


async def _remove_others(searching: Searching, model: int) -> None:
    """The vectors of older models, unless texts still wait or another process wants another model by now."""
    from store.search.derived_file import remove_derived

    index, gone = searching.index, list[int]()
    more = True
    while more:
        with searching.database.writing() as connection:
            if index.waiting(connection, 1) or not index.want(connection, model):
                return
            kept = index.wanted(connection)
            more = index.vectors.remove_others(connection, kept, SLICE)
            gone = [] if more else index.vectors.forget_others(connection, kept)
        await asyncio.sleep(0)
    for other in gone:
        remove_derived(searching.signs_of(other))
        remove_derived(searching.signs_of(other).with_suffix(".graph"))
