"""The table of facts, with sqlite alone: what a session begins with is chosen here.

said ──► in the same words?     said anew
    ──► of the same subject?   the older becomes its past
    ──► standing               uses and age in one number, which an index keeps in order
"""

import dataclasses
import sqlite3
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from math import log2
from typing import TYPE_CHECKING

from core.memory import Fact

if TYPE_CHECKING:
    from store.sayings import Saying

USER = 0
"""In the place of a project: what holds for its user everywhere."""
WHOLE = (
    "SELECT facts.id, text, path, source, session, said, used, uses"
    " FROM facts JOIN projects ON projects.id = project"
)
HALF_LIFE_SECONDS = 30 * 86_400.0
"""After so long a use counts half."""
LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
Row = tuple[int, str, str, str, str, float, float | None, int]


class Facts:
    """Nothing here begins or ends a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def projects(self) -> dict[str, int]:
        """The number of each project by its real path; that of the user by an empty one."""
        return dict(self.connection.execute("SELECT path, id FROM projects ORDER BY id").fetchall())

    def project(self, path: str) -> int | None:
        row = self.connection.execute("SELECT id FROM projects WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else None

    def make_project(self, path: str) -> int:
        self.connection.execute("INSERT INTO projects (path) VALUES (?) ON CONFLICT DO NOTHING", (path,))
        number = self.project(path)
        assert number is not None
        return number

    def put(self, saying: "Saying") -> tuple[int, bool]:
        """Keep a fact.

        Returns:
            Its id, and whether it was there before.
        """
        same = (saying.project, saying.folded)
        row = self.connection.execute(
            "SELECT id, standing, source FROM facts WHERE project = ? AND folded = ?", same
        ).fetchone()
        if row is None:
            return self._insert(saying), False
        fact, stood, source = row
        by = "person" if "person" in (source, saying.source) else "model"
        self.connection.execute(
            "UPDATE facts SET text = ?, source = ?, session = ?, said = ?, standing = ?, replaced_by = NULL"
            " WHERE id = ?",
            (saying.text, by, saying.session, saying.at, standing(saying.at, stood), fact),
        )
        return int(fact), True

    def _insert(self, saying: "Saying") -> int:
        made = self.connection.execute(
            "INSERT INTO facts (project, folded, text, subject, source, session, said, standing)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(saying.project, saying.folded, saying.text, saying.subject),
                *(saying.source, saying.session, saying.at, standing(saying.at)),
            ),
        )
        assert made.lastrowid is not None
        return made.lastrowid

    def replace(self, fact: int, older: int | None = None) -> None:
        """Make what `fact` contradicts its past: what gave the same subject another value, and `older`."""
        self.connection.execute(
            "UPDATE facts SET replaced_by = :fact WHERE id <> :fact AND (id = :older OR ("
            " replaced_by IS NULL AND subject <> ''"
            " AND (project, subject) = (SELECT project, subject FROM facts WHERE id = :fact)))",
            {"fact": fact, "older": older},
        )

    def remove(self, facts: Collection[int]) -> None:
        """What one of them had replaced holds again, unless it is among them."""
        self.connection.executemany("UPDATE facts SET replaced_by = NULL WHERE replaced_by = ?", zip(facts))
        self.connection.executemany("DELETE FROM facts WHERE id = ?", zip(facts))

    def count_use(self, facts: Collection[int], at: float) -> None:
        for fact in facts:
            stood = self.connection.execute("SELECT standing FROM facts WHERE id = ?", (fact,)).fetchone()
            if stood:
                self.connection.execute(
                    "UPDATE facts SET used = ?, uses = uses + 1, standing = ? WHERE id = ?",
                    (at, standing(at, stood[0]), fact),
                )

    def known(self, fact: int) -> Fact | None:
        """A fact with all that it replaced."""
        rows = self.connection.execute(
            "WITH RECURSIVE chain (id) AS"
            " (VALUES (?) UNION SELECT facts.id FROM facts, chain WHERE replaced_by = chain.id)"
            f" {WHOLE} WHERE facts.id IN chain ORDER BY facts.id = ? DESC, said DESC, facts.id DESC",
            (fact, fact),
        )
        found = [fact_of(row) for row in rows]
        if not found or found[0].id != fact:
            return None
        return dataclasses.replace(found[0], earlier=tuple(found[1:]))

    def successor(self, fact: int) -> int:
        """The fact that holds now, where this one may have been replaced."""
        (holds,) = self.connection.execute(
            "WITH RECURSIVE chain (id, next) AS (SELECT id, replaced_by FROM facts WHERE id = ?"
            " UNION SELECT facts.id, facts.replaced_by FROM facts, chain WHERE facts.id = chain.next)"
            " SELECT id FROM chain WHERE next IS NULL",
            (fact,),
        ).fetchone() or (fact,)
        return int(holds)

    def best(self, projects: Collection[int], count: int) -> list[Fact]:
        """The facts of these projects that stand highest, best first."""
        return self._first("standing", projects, count)

    def newest(self, projects: Collection[int], count: int) -> list[Fact]:
        """The facts of these projects that were said last, newest first."""
        return self._first("said", projects, count)

    def _first(self, column: str, projects: Collection[int], count: int) -> list[Fact]:
        """Those that hold with the greatest `column`: `count` steps in the index of each project."""
        found = [
            row
            for project in projects
            for row in self.connection.execute(
                f"SELECT {column}, id FROM facts WHERE project = ? AND replaced_by IS NULL"
                f" ORDER BY {column} DESC, id DESC LIMIT ?",
                (project, count),
            )
        ]
        chosen = [fact for _, fact in sorted(found, reverse=True)[:count]]
        return [fact_of(row) for fact in chosen for row in self._rows(fact)]

    def _rows(self, fact: int) -> Sequence[Row]:
        return self.connection.execute(f"{WHOLE} WHERE facts.id = ?", (fact,)).fetchall()

    def how_many(self, projects: Collection[int]) -> int:
        """Of those that hold."""
        counting = "SELECT count(*) FROM facts WHERE project = ? AND replaced_by IS NULL"
        return sum(self.connection.execute(counting, (project,)).fetchone()[0] for project in projects)


def standing(at: float, before: float | None = None) -> float:
    """How much a fact counts once it is said or used at a time, on top of how it stood `before`.

    Each use counts half after a half-life. The number is the logarithm of what they all count together, as of
    one time for all facts: so their order changes with a use, and never by waiting.
    """
    now = at / HALF_LIFE_SECONDS
    return now if before is None else now + log2(1 + 2 ** min(before - now, 100.0))


def fact_of(row: Row) -> Fact:
    fact, text, project, source, session, said, used, uses = row
    return Fact(
        id=fact,
        text=text,
        scope="project" if project else "user",
        project=project,
        source="person" if source == "person" else "model",
        session=session,
        said=_time(said),
        used=None if used is None else _time(used),
        uses=uses,
    )


def _time(seconds: float) -> datetime:
    """The nearest that there is, whatever a damaged file says."""
    return datetime.fromtimestamp(min(max(seconds, 0.0), LATEST), UTC)
