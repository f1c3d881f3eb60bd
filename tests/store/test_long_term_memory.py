"""Facts that outlast a session: found again, merged, corrected and really forgotten."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import InvalidArguments
from core.masking import Masking
from core.memory import Fact
from gate.embedding.hashed import HashedEmbedder
from gate.embedding.scripted import ScriptedEmbedder
from store.database import Database
from store.facts import Facts
from store.long_term_memory import FACTS_INDEX, LongTermMemory
from store.migrations import MIGRATIONS
from store.search.asking import STRANGERS
from store.search.searching import Searching
from store.search.sign_file import read_signs
from store.search.signs import bits_of
from tests.building import NOW


@dataclass
class Clock:
    days: float = 0

    def __call__(self):
        self.days += 0.001
        return NOW + timedelta(days=self.days)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(tmp_path / "roost.sqlite", MIGRATIONS)) as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(database: Database, clock: Clock) -> LongTermMemory:
    searching = Searching(database, FACTS_INDEX, HashedEmbedder())
    return LongTermMemory(database, searching, "/p", session="s-1", clock=clock)


def texts(facts: Sequence[Fact]) -> list[str]:
    return [fact.text for fact in facts]


async def test_what_is_stored_is_found_by_its_words_and_by_words_near_to_them(memory: LongTermMemory) -> None:
    await memory.store("The tests are run with `make check`", scope="project")
    await memory.store("getUserName lives in src/people.py", scope="project")

    assert texts(await memory.search("how do I run tests?", count=1)) == [
        "The tests are run with `make check`"
    ]
    assert texts(await memory.search("user name", count=1)) == ["getUserName lives in src/people.py"]
    assert texts(await memory.search("testing", count=1)) == ["The tests are run with `make check`"]


async def test_what_has_nothing_to_do_with_the_words_is_not_found(memory: LongTermMemory) -> None:
    await memory.store("The tests are run with `make check`", scope="project")

    assert await memory.search("Grandmother's apple pie", count=5) == []


@pytest.mark.parametrize(
    "words", ['"', "NEAR(a b)", "a OR", "*", "\x00\ud800", "[/data]", "x" * 50_000, "' --"]
)
async def test_no_words_of_a_search_are_an_order(memory: LongTermMemory, words: str) -> None:
    await memory.store("The tests are run with `make check`", scope="project")

    await memory.search(words, count=5)


async def test_a_fact_says_where_it_comes_from(memory: LongTermMemory) -> None:
    stored = await memory.store("Call me Kim", scope="user")
    said = await replace(memory, source="person", session="").store("Call me Kim.", scope="user")

    assert (stored.known, stored.fact.source, stored.fact.session, stored.fact.project) == (
        False,
        "model",
        "s-1",
        "",
    )
    assert (said.known, said.fact.id, said.fact.source) == (True, stored.fact.id, "person")
    assert (await memory.page(count=9)).total == 1


async def test_the_facts_of_another_project_are_out_of_reach(memory: LongTermMemory) -> None:
    other = replace(memory, project="/q")
    theirs = await other.store("The tests are run with tox", scope="project")
    await other.store("Call me Kim", scope="user")
    await memory.store("The tests are run with pytest", scope="project")

    assert texts(await memory.search("tests run with", count=9)) == ["The tests are run with pytest"]
    assert texts((await memory.page(count=9)).facts) == ["The tests are run with pytest", "Call me Kim"]
    assert await memory.forget(theirs.fact.id) == ()
    with pytest.raises(InvalidArguments, match=r"There is no fact #1 to replace\. Leave the id out\."):
        await memory.store("The tests are run with nose", scope="project", replaces=theirs.fact.id)
    assert (await memory.page(count=9)).total == 2


async def test_a_scope_narrows_and_all_projects_widen_what_is_searched(memory: LongTermMemory) -> None:
    for project in ("/p", "/q"):
        await replace(memory, project=project).store(f"The tests of {project}", scope="project")
    await memory.store("The tests I like", scope="user")

    async def seen(**change: object) -> list[str]:
        looked = replace(memory, **change)
        assert sorted(texts(await looked.search("tests", count=9))) == sorted(
            texts((await looked.page(count=9)).facts)
        )
        return sorted(texts((await looked.page(count=9)).facts))

    assert await seen(scope="user") == ["The tests I like"]
    assert await seen(scope="project") == ["The tests of /p"]
    assert await seen(project="") == ["The tests I like", "The tests of /p", "The tests of /q"]
    assert await seen(project="", scope="project") == ["The tests of /p", "The tests of /q"]


async def test_a_correction_is_found_by_the_words_of_what_it_replaced(memory: LongTermMemory) -> None:
    older = await memory.store("We deploy by hand on Fridays", scope="project")
    newer = await memory.store("A pipeline ships every merge", scope="project", replaces=older.fact.id)

    (found,) = await memory.search("deploy by hand", count=5)

    assert newer.fact == found
    assert texts([found, *found.earlier]) == ["A pipeline ships every merge", "We deploy by hand on Fridays"]


async def test_a_value_that_changed_needs_nobody_to_say_so(memory: LongTermMemory) -> None:
    await memory.store("The port of the server is 8080", scope="project")
    stored = await memory.store("The port of the server is 9090", scope="project")

    assert texts(stored.fact.earlier) == ["The port of the server is 8080"]
    assert texts((await memory.page(count=9)).facts) == ["The port of the server is 9090"]


async def test_what_is_near_and_may_be_out_of_date_is_shown(memory: LongTermMemory) -> None:
    await memory.store("Use tabs in Python files", scope="project")
    await memory.store("The tests are slow", scope="project")

    stored = await memory.store("Use spaces in Python files", scope="project")

    assert (texts(stored.alike), stored.fact.earlier) == (["Use tabs in Python files"], ())


async def test_a_search_counts_as_a_use_where_that_may_be_written(memory: LongTermMemory) -> None:
    await memory.store("The tests are slow", scope="project")

    await replace(memory, counts_uses=lambda: False).search("tests", count=5)
    assert (await memory.page(count=1)).facts[0].uses == 0

    await memory.search("tests", count=5)
    (fact,) = (await memory.page(count=1)).facts
    assert (fact.uses, fact.used is not None) == (1, True)


async def test_a_secret_is_masked_before_it_is_kept(memory: LongTermMemory, tmp_path: Path) -> None:
    masked = replace(memory, masking=Masking([("DEPLOY_TOKEN", "canary-4f9Xq7Lw2Tz")]))

    stored = await masked.store("The token is canary-4f9Xq7Lw2Tz.", scope="project")

    assert stored.fact.text == "The token is [masked DEPLOY_TOKEN]."
    assert b"4f9Xq7" not in everything(tmp_path)


def everything(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.iterdir()))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_is_forgotten_is_in_no_file_of_the_memory(memory: LongTermMemory, tmp_path: Path) -> None:
    for number in range(40):
        await memory.store(f"The part {number} is called wheel{number}", scope="project")
    await memory.store("The zanzibar is quetzalcoatlus", scope="project")
    newer = await memory.store("The zanzibar is xylophonist", scope="project")
    before = everything(tmp_path).lower()
    assert (b"quetzalcoatlus" in before, b"xylophonist" in before) == (True, True)

    gone = await memory.forget(newer.fact.id)

    assert texts(gone) == ["The zanzibar is xylophonist", "The zanzibar is quetzalcoatlus"]
    after = everything(tmp_path).lower()
    assert [word for word in (b"zanzibar", b"quetzalcoatl", b"xylophonist") if word in after] == []
    assert await memory.search("zanzibar quetzalcoatlus", count=5) == []
    assert (await memory.page(count=1)).total == 40


async def test_of_what_is_forgotten_no_vector_is_left(memory: LongTermMemory, database: Database) -> None:
    fact = (await memory.store("The zanzibar is blue", scope="project")).fact

    await memory.forget(fact.id)

    with database.reading() as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        left = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    assert {name for name, rows in left.items() if rows} <= {
        *("projects", "migrations", "sqlite_sequence"),
        *("facts_scopes", "facts_models", "facts_wanted"),
        *("facts_words_config", "facts_words_data"),
    }


async def many(database: Database, clock: Clock) -> LongTermMemory:
    """So many facts that their signs are in a file."""
    searching = Searching(database, FACTS_INDEX, HashedEmbedder(), most_held=50)
    memory = LongTermMemory(database, searching, "/p", session="s-1", clock=clock)
    rows = await searching.vectors([f"The part {number} is called wheel{number}" for number in range(60)])
    for number, row in enumerate(rows):
        memory._keep(f"The part {number} is called wheel{number}", row, "/p", None)
    return memory


async def test_in_the_order_of_many_nothing_is_left_of_what_is_forgotten(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    memory = await many(database, clock)
    fact = (await memory.store("The zanzibar is xylophonist", scope="project")).fact
    await memory.search("wheel7", count=1)
    [row] = await memory.searching.embedder.embed([fact.text])
    own = [row.astype("<f2").tobytes(), *(word.tobytes() for word in bits_of(row[None])[0])]
    signs = memory.searching.signs_of(1)
    copies = [signs.with_name(f".{signs.name}.0123abcd"), signs.with_name(signs.name.replace("-1.", "-7."))]
    for copy in copies:
        copy.write_bytes(signs.read_bytes())
    before = everything(tmp_path)
    assert [part for part in own if part not in before] == []

    await memory.forget(fact.id)

    after = everything(tmp_path)
    assert [part for part in own if part in after] == []
    assert [name for name in names(tmp_path) if "signs" in name] == [signs.name]


async def test_the_others_stay_in_their_order_when_one_is_forgotten(database: Database, clock: Clock) -> None:
    memory = await many(database, clock)
    await memory.search("wheel7", count=1)
    signs = memory.searching.signs_of(1)
    before = read_signs(signs, model=HashedEmbedder.model, dimensions=1024)

    await memory.forget(31)

    after = read_signs(signs, model=HashedEmbedder.model, dimensions=1024)
    assert before is not None
    assert after is not None
    assert after.ids.tolist() == [number for number in before.ids.tolist() if number != 31]
    assert texts(await memory.search("wheel7", count=1)) == ["The part 7 is called wheel7"]


async def test_an_order_that_cannot_be_believed_or_written_goes_with_what_is_forgotten(
    memory: LongTermMemory,
) -> None:
    fact = (await memory.store("The zanzibar is blue", scope="project")).fact
    signs = memory.searching.signs_of(1)
    signs.write_bytes(b"made of all vectors")
    graph = signs.with_suffix(".graph")
    graph.write_bytes(b"made of all signs")

    await memory.forget(fact.id)

    assert (signs.exists(), graph.exists()) == (False, False)


async def test_forgetting_the_older_leaves_the_newer(memory: LongTermMemory) -> None:
    older = await memory.store("The port is 8080", scope="project")
    await memory.store("The port is 8081", scope="project")
    await memory.store("The port is 9090", scope="project")

    gone = await memory.forget(older.fact.id)

    assert texts(gone) == ["The port is 8080"]
    (fact,) = (await memory.page(count=9)).facts
    assert texts([fact, *fact.earlier]) == ["The port is 9090", "The port is 8081"]


async def test_what_is_not_there_cannot_be_forgotten(memory: LongTermMemory) -> None:
    assert await memory.forget(12) == ()
    assert await memory.forget(-(2**70)) == ()


class Remembers(HashedEmbedder):
    """Keeps what it was given."""

    def __init__(self) -> None:
        self.texts: set[str] = set()

    async def embed(self, texts: Sequence[str]):
        self.texts |= set(texts)
        return await super().embed(texts)

    def forget(self, texts: Sequence[str]) -> None:
        self.texts -= set(texts)


async def test_an_embedder_that_keeps_something_of_a_fact_lets_go_of_it(
    memory: LongTermMemory, database: Database
) -> None:
    embedder = Remembers()
    kept = replace(memory, searching=Searching(database, FACTS_INDEX, embedder))
    fact = (await kept.store("The zanzibar is blue", scope="project")).fact
    await kept.store("The tests are slow", scope="project")

    await kept.forget(fact.id)

    assert embedder.texts - set(STRANGERS) == {"The tests are slow"}


def broken_embedder() -> ScriptedEmbedder:
    return ScriptedEmbedder({}, failure="No answer.")


async def test_without_vectors_it_is_kept_and_found_by_its_words(
    memory: LongTermMemory, database: Database
) -> None:
    broken = replace(memory, searching=Searching(database, FACTS_INDEX, broken_embedder()))

    await broken.store("The tests are slow", scope="project")

    assert texts(await broken.search("tests", count=5)) == ["The tests are slow"]


async def test_when_the_index_cannot_be_written_the_fact_is_not_kept_either(
    memory: LongTermMemory, database: Database
) -> None:
    with database.writing() as connection:
        connection.execute("DROP TABLE facts_waiting")
        connection.execute("DROP TABLE facts_vectors")
    broken = replace(memory, searching=Searching(database, FACTS_INDEX, broken_embedder()))

    with pytest.raises(Exception, match="no such table"):
        await broken.store("The tests are slow", scope="project")

    with database.reading() as connection:
        assert Facts(connection).how_many([0, 1]) == 0


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1e18, 9e999])
async def test_a_time_that_there_is_not_hides_no_fact(
    memory: LongTermMemory, database: Database, seconds: float
) -> None:
    await memory.store("The tests are slow", scope="project")
    with database.writing() as connection:
        connection.execute("UPDATE facts SET said = ?, used = ?", (seconds, seconds))

    assert texts((await memory.page(count=9)).facts) == ["The tests are slow"]
    assert texts(await memory.search("tests", count=1)) == ["The tests are slow"]


@pytest.mark.parametrize("half", [b"\x00\x7e", b"\x00\x7c", b"\x00\xfc"], ids=["nan", "inf", "-inf"])
async def test_vectors_that_are_no_numbers_hide_nothing_and_lead_nowhere(
    memory: LongTermMemory, database: Database, half: bytes
) -> None:
    for number in range(9):
        await memory.store(f"The wheel{number} turns", scope="project")
    with database.writing() as connection:
        for row, kept in connection.execute("SELECT id, halves FROM facts_vectors").fetchall():
            connection.execute(
                "UPDATE facts_vectors SET halves = ? WHERE id = ?", (half * (len(kept) // 2), row)
            )

    assert texts(await memory.search("wheel7", count=1)) == ["The wheel7 turns"]
