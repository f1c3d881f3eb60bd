"""The memory under kill -9 and under several writers, with real processes."""

import asyncio
import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from boot.remembering import Remembering
from store.database import Database
from store.migrations import MIGRATIONS

ROOT = Path(__file__).parents[2]
ROUNDS, WRITERS, FACTS = 12, 3, 40
LIMIT_SECONDS = 120

WRITER = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from boot.remembering import Remembering

async def write(path, name, count):
    memory = Remembering(path=Path(path), project="/p")
    print("ready", flush=True)
    for number in range(int(count)):
        stored = await memory.store(f"{{name}} keeps the number {{number}} of wheel{{number}}", scope="project")
        print("stored", stored.fact.id, stored.fact.text, flush=True)
        if number % 5 == 4:
            for fact in await memory.forget(stored.fact.id):
                print("forgot", fact.id, fact.text, flush=True)
    memory.close()

asyncio.run(write(*sys.argv[1:]))
"""


def writer(path: Path, name: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(output: str) -> tuple[dict[int, str], set[int]]:
    """What was answered for: facts that are kept, and those that are gone. A line that was cut is no answer."""
    kept, gone = dict[int, str](), set[int]()
    for line in output.splitlines(keepends=True)[1:]:
        word, number, text = line.split(" ", 2)
        if not line.endswith("\n"):
            break
        if word == "stored":
            kept[int(number)] = text.rstrip("\n")
        else:
            gone.add(int(number))
            kept.pop(int(number), None)
    return kept, gone


def held(path: Path) -> dict[int, str]:
    """All facts that the file has, once it was looked at all over."""
    with closing(Database.open(path, MIGRATIONS)) as database, database.reading() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("INSERT INTO facts_words (facts_words) VALUES ('integrity-check')")
        facts = dict(connection.execute("SELECT id, text FROM facts").fetchall())
        indexed = dict(connection.execute("SELECT record, text FROM facts_texts").fetchall())
        worded = [row for (row,) in connection.execute("SELECT rowid FROM facts_words ORDER BY rowid")]
        vectors = [row for (row,) in connection.execute("SELECT record FROM facts_vectors ORDER BY record")]
    assert indexed == facts
    assert worded == vectors == sorted(facts)
    return facts


@pytest.mark.slow
def test_a_kill_while_writing_loses_nothing_that_was_answered_for(tmp_path: Path) -> None:
    path, chance = tmp_path / "roost.sqlite", random.Random(20261129)
    kept, gone, killed = dict[int, str](), set[int](), 0

    for number in range(ROUNDS):
        with writer(path, f"round {number}", 10_000) as process:
            assert process.stdout
            assert process.stderr
            begun = [process.stdout.readline() for _ in range(chance.randint(3, 60))]
            for _ in range(chance.randint(0, 3_000)):
                path.exists()  # a while, in work rather than in seconds
            process.kill()
            output, errors = "".join(begun) + process.stdout.read(), process.stderr.read()
        assert errors == ""
        killed += process.returncode != 0
        now_kept, now_gone = told(output)
        kept, gone = kept | now_kept, gone | now_gone

        facts = held(path)
        lost = kept.keys() - facts.keys()
        assert lost <= {max(kept, default=0)}, "only what was forgotten without an answer may be gone"
        assert {fact: facts[fact] for fact in kept.keys() - lost} == {
            fact: text for fact, text in kept.items() if fact not in lost
        }
        assert len(facts.keys() - kept.keys()) <= 1, "kept without an answer"
        assert gone.isdisjoint(facts)
        kept = facts

    assert killed == ROUNDS
    assert len(kept) > ROUNDS


@pytest.mark.slow
def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "roost.sqlite"

    running = [writer(path, f"writer {number}", FACTS) for number in range(WRITERS)]
    ended = [process.communicate(timeout=LIMIT_SECONDS) for process in running]

    assert [errors for _, errors in ended] == [""] * WRITERS
    answers = [told(output)[0] for output, _ in ended]
    expected = {fact: text for kept in answers for fact, text in kept.items()}
    assert sum(map(len, answers)) == len(expected) == WRITERS * FACTS * 4 // 5
    assert held(path) == expected


@pytest.mark.slow
def test_two_that_say_the_same_at_the_same_time_say_one_fact(tmp_path: Path) -> None:
    path = tmp_path / "roost.sqlite"

    running = [writer(path, "everybody", FACTS) for _ in range(WRITERS)]
    ended = [process.communicate(timeout=LIMIT_SECONDS) for process in running]

    assert [errors for _, errors in ended] == [""] * WRITERS
    texts = list(held(path).values())
    assert len(texts) == len(set(texts))
    assert set(texts) <= {f"everybody keeps the number {number} of wheel{number}" for number in range(FACTS)}

    async def count() -> int:
        with closing(Remembering(path=path, project="/p")) as memory:
            return (await memory.page(count=1)).total

    assert asyncio.run(count()) == len(texts)
