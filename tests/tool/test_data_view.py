"""Looking into tables, small and large, whole and broken."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.errors import ToolError
from core.sandbox import Command, CommandResult, Limits, SandboxPolicy
from core.tools import ToolContext, ToolResult
from core.views import Table
from tests.tool.commanding import NOTHING, plain_backend, services_in
from tool.data_view import DataView, DataViewArgs
from tool.sandbox_none import PlainBackend
from tool.tables import LONGEST_LINE_CHARS


@dataclass
class Watched:
    """A back-end that tells when a command is started and when it has ended."""

    inner: PlainBackend
    started: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    name = "watched"
    isolated = False
    policy = NOTHING

    async def run(
        self, command: Command, policy: SandboxPolicy, limits: Limits, progress: Callable[[str], None] = print
    ) -> CommandResult:
        self.started.set()
        try:
            return await self.inner.run(command, policy, limits)
        finally:
            self.ended = True


@pytest.fixture
async def backend() -> AsyncIterator[PlainBackend]:
    async with plain_backend() as backend:
        yield backend


async def view(
    folder: Path, path: str, backend: PlainBackend | None = None, *, sql: str = "", output_chars: int = 8_000
) -> ToolResult:
    services = services_in(folder, backend or PlainBackend(), output_chars=output_chars)
    return await DataView(services).run(DataViewArgs(path=path, sql=sql), ToolContext("call-1"))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_csv_shows_its_shape_its_columns_and_its_first_rows(tmp_path: Path) -> None:
    rows = [
        f"{number},city {number % 2},{number / 2},2024-01-{number:02d},{'x' if number > 3 else ''}"
        for number in range(1, 8)
    ]
    (tmp_path / "a.csv").write_text("id,city,price,day,flag\n" + "\n".join(rows) + "\n")

    result = await view(tmp_path, "a.csv")

    assert result.text == (
        "a.csv: 7 rows, 5 columns (CSV, comma between fields, 202 bytes)\n"
        "id: integer, 0 empty, 7 distinct, 1 to 7, mean 4\n"
        "city: text, 0 empty, 2 distinct, such as 'city 1' (4x), 'city 0' (3x)\n"
        "price: number, 0 empty, 7 distinct, 0.5 to 3.5, mean 2\n"
        "day: date, 0 empty, 7 distinct, 2024-01-01 to 2024-01-07\n"
        "flag: text, 3 empty, 1 distinct, such as 'x' (4x)\n\n"
        "id | city | price | day | flag\n"
        "1 | city 1 | 0.5 | 2024-01-01 | \n"
        "2 | city 0 | 1.0 | 2024-01-02 | \n"
        "3 | city 1 | 1.5 | 2024-01-03 | \n"
        "4 | city 0 | 2.0 | 2024-01-04 | x\n"
        "5 | city 1 | 2.5 | 2024-01-05 | x"
    )
    assert isinstance(result.view, Table)
    assert result.view.columns == ("id", "city", "price", "day", "flag")
    assert result.view.rows[0] == ("1", "city 1", "0.5", "2024-01-01", "")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "a;b\n1;2\n", ["1 rows, 2 columns (CSV, semicolon between fields"]),
        ("a.tsv", "a\tb\n1,5\t2\n", ["1 rows, 2 columns (CSV, tab between fields", "1,5 | 2"]),
        ("a.txt", "a|b\n1|2\n", ["1 rows, 2 columns (CSV, bar between fields"]),
        ("a.csv", "\ufeffa,b\n1,2\n", ["a: integer", "a | b\n1 | 2"]),
        ("a.csv", 'a,b\n1,"x\ny, z"\n2,"say ""no"""\n', ["2 rows, 2 columns", '1 | x y, z\n2 | say "no"']),
        ("a.csv", "a,b\r\n1,2\r\n\r\n3,4\r\n", ["2 rows, 2 columns"]),
        ("a.csv", "a,b\n", ["0 rows, 2 columns", "a: empty"]),
        ("a.csv", "a\n1\n2\n", ["2 rows, 1 columns"]),
        ("a.csv", "1,2\n3,4\n", ["2 rows, 2 columns", "it has no header", "column1 | column2\n1 | 2"]),
        ("a.csv", "a,,a\n1,2,3\n", ["a | column2 | a"]),
        ("a.csv", "a,b\n1,2\n3\n4,5,6\n", ["3 rows, 2 columns", "2 rows do not have 2 fields, but 1 or 3."]),
        ("a.csv", 'a,b\n1,"x\n2,y\n', ["2 rows, 2 columns", "A quotation mark is never closed", '1 | "x\n2 | y']),
        ("a.csv", 'a,b\n1,"x" y\n2,z\n', ["2 rows, 2 columns"]),
        ("a.csv", "a\n" + "1\n" * 98 + "?\n" * 2, ["a: number but for 2, 0 empty, 2 distinct, 1 to 1, mean 1"]),
        ("a.csv", "a,b,c\nNA,true,x\nnull,FALSE,2\n", ["a: empty, 2 empty", "b: boolean", "c: text"]),
        ("a.csv", "t\n2024-01-01T10:00:00Z\n2024-01-02\n", ["t: time, 0 empty, 2 distinct, 2024-01-01T10:00:00Z to 2024-01-02"]),
        ("a.csv", "a\n007\n1e3\n-.5\n", ["a: number, 0 empty, 3 distinct, -0.5 to 1000"]),
        ("a.csv", "", ["a.csv is empty."]),
        ("a.jsonl", '{"a":1}\n\nbroken\n{"b":"x"}\n', ["3 rows, 2 columns (JSON lines", "1 of the 3 lines looked at are not JSON."]),
        ("a.jsonl", '[1]\n{"a":2}\n', ["2 rows, 2 columns", "a | (value)\n | [1]\n2 | "]),
        ("a.json", '[{"a":1,"b":{"c":[1]}},{"a":null,"d":true}]', ["2 rows, 3 columns (JSON, an array", '1 | {"c": [1]} | \n |  | true', "d: boolean"]),
        ("a.json", '{"a":1}\n{"a":2}\n', ["2 rows, 1 columns (JSON lines"]),
        ("a.json", '{"a":{"b":[{"c":1}]}}', ["JSON that is no table, but object of 1 keys\na: object of 1 keys\n  b: array of 1"]),
        ("a.json", "[]", ["JSON that is no table, but array of 0"]),
        ("a.json", "[1, NaN]", ["JSON that is no table, but array of 2"]),
        ("a.json", '[{"a":NaN},{"a":2}]', ["a: integer, 1 empty, 1 distinct, 2 to 2, mean 2"]),
    ],
)  # fmt: skip
async def test_a_table_is_understood_in_whatever_form_it_comes(
    tmp_path: Path, name: str, content: str, said: list[str]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")

    result = await view(tmp_path, name)

    for part in said:
        assert part in result.text


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8-sig"])
async def test_other_encodings_are_recognised(tmp_path: Path, encoding: str, backend: PlainBackend) -> None:
    (tmp_path / "a.csv").write_text("name;city\nJosé;Orléans\n", encoding=encoding)

    look = await view(tmp_path, "a.csv")
    asked = await view(tmp_path, "a.csv", backend, sql="SELECT city FROM data WHERE name = 'José'")

    assert look.text.endswith("name | city\nJosé | Orléans")
    assert asked.text.endswith("city\nOrléans")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"{broken", "It is no valid JSON: Expecting property name"),
        ("a.json", b"[" * 100_000, "The JSON is nested too deeply."),
        ("a.jsonl", b"no\njson\n", "No line of it is JSON."),
        ("a.xlsx", b"PK\x03\x04rest", "'a.xlsx' is a ZIP archive, not a table in text."),
        ("a.csv.gz", gzip.compress(b"a,b\n", mtime=0), "is gzip data, not a table in text."),
        ("a.csv", b"a,\0b\n1,2\n", "is a binary file, not a table in text."),
        ("a.csv", b"x" * LONGEST_LINE_CHARS + b"\n", "A line is longer than 16,000,000 characters."),
    ],
)
async def test_what_is_no_table_is_said_to_be_none(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ToolError) as raised:
        await view(tmp_path, name)

    assert said in str(raised.value)


@pytest.mark.parametrize("path", ["missing.csv", "../out.csv", "."])
async def test_only_files_of_the_workspace_are_looked_at(tmp_path: Path, path: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.csv").write_text("a\n1\n")

    with pytest.raises(ToolError):
        await view(tmp_path / "in", path)


async def test_a_huge_field_is_counted_and_shown_short(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n1,"' + "x\n" * 1_000_000 + '"\n2,y\n')

    result = await view(tmp_path, "a.csv")

    assert result.text.startswith("a.csv: 2 rows, 2 columns")
    assert len(result.text) < 1_000


@pytest.mark.slow
async def test_all_rows_of_a_long_csv_are_counted_and_a_sample_is_described(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w") as file:
        file.write("id,group\n")
        file.writelines(f"{number},g{number % 100}\n" for number in range(300_000))

    result = await view(tmp_path, "a.csv")

    lines = result.text.splitlines()
    assert lines[0].startswith("a.csv: 300,000 rows, 2 columns")
    assert lines[1].endswith("random rows.")
    assert "group: text, 0 empty, 100 distinct" in lines[3]
    assert lines[6:8] == ["0 | g0", "1 | g1"]


async def test_a_cancelled_look_stops_reading(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 500_000)
    looking = asyncio.create_task(view(tmp_path, "a.csv"))
    await asyncio.sleep(0)

    looking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await looking


@pytest.mark.slow
async def test_a_long_json_array_is_described_by_its_first_rows(tmp_path: Path) -> None:
    rows = [{"id": number, "text": "some words " * 9} for number in range(150_000)]
    (tmp_path / "a.json").write_text(json.dumps(rows))

    result = await view(tmp_path, "a.json")

    first, note = result.text.splitlines()[:2]
    about = int(first.removeprefix("a.json: about ").partition(" rows")[0].replace(",", ""))
    assert 140_000 < about < 160_000
    assert note.startswith("Only its first ")


async def test_a_wide_table_is_cut_and_kept_whole_in_a_file(tmp_path: Path) -> None:
    names = [f"column_{number}" for number in range(500)]
    (tmp_path / "a.csv").write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")

    result = await view(tmp_path, "a.csv", output_chars=2_000)

    [kept] = (tmp_path / ".roost" / "artifacts").iterdir()
    assert len(result.text) <= 2_000
    assert f"all of it is in .roost/artifacts/{kept.name}" in result.text
    assert "column_499" in kept.read_text()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT city, count(*) AS n FROM data GROUP BY city ORDER BY n DESC", "2 rows\n\ncity | n\nRome | 2\nParis | 1"),
        ("FROM data WHERE price IS NULL;", "1 rows\n\ncity | price\nParis | NULL"),
        ("SELECT now() > TIMESTAMPTZ '2020-01-01' AS later", "later\nTrue"),
        ("DESCRIBE data", "price | BIGINT"),
        ("SELECT * FROM range(1000)", "200 rows, and there are more: filter, aggregate or LIMIT."),
        ("SELECT repeat('x', 1000) AS a", "x…"),
    ],
)  # fmt: skip
async def test_sql_is_answered_from_the_table_data(
    tmp_path: Path, backend: PlainBackend, sql: str, said: str
) -> None:
    (tmp_path / "it's.csv").write_text("city,price\nRome,1\nRome,2\nParis,\n")

    result = await view(tmp_path, "it's.csv", backend, sql=sql)

    assert said in result.text
    assert isinstance(result.view, Table)


async def test_sql_reads_rows_with_more_and_with_fewer_fields_too(
    tmp_path: Path, backend: PlainBackend
) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "a.csv").write_text("a,b\n1,x\n2,y,z\n3\n")

    result = await view(tmp_path, "a.csv", backend, sql="SELECT sum(a) AS total FROM data")

    assert result.text.endswith("total\n6")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nope FROM data", 'Referenced column "nope" not found'),
        ("SELEC 1", "syntax error"),
        ("COPY data TO 'stolen.csv'", "Only one SELECT is run."),
        ("COPY (SELECT 1) TO 'a.csv'", "Only one SELECT is run."),
        ("CREATE TABLE t AS SELECT 1", "Only one SELECT is run."),
        ("SELECT 1; SELECT 2", "Only one SELECT is run."),
        ("SET enable_external_access=true", "Only one SELECT is run."),
        ("ATTACH 'x.db'", "Only one SELECT is run."),
        ("INSTALL httpfs", "Only one SELECT is run."),
        ("SELECT * FROM 'secret.csv'", "Cannot access file"),
        ("SELECT * FROM read_text('secret.csv')", "Cannot access file"),
        ("SELECT * FROM glob('*')", "Cannot access file"),
        ("SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')", "Cannot access file"),
        ("SELECT getenv('HOME')", "getenv does not exist"),
    ],
)
async def test_sql_can_neither_write_nor_reach_another_file(
    tmp_path: Path, backend: PlainBackend, sql: str, said: str
) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "secret.csv").write_text("password\nhunter2\n")

    with pytest.raises(ToolError) as raised:
        await view(tmp_path, "a.csv", backend, sql=sql)

    assert said in str(raised.value)
    assert names_in(tmp_path) == ["a.csv", "secret.csv"]
    assert (tmp_path / "a.csv").read_text() == "a\n1\n"


async def test_parquet_shows_its_shape_its_columns_and_its_first_rows(
    tmp_path: Path, backend: PlainBackend
) -> None:
    import duckdb

    duckdb.sql(f"COPY (SELECT i AS id, 'n' || i AS name FROM range(7) r(i)) TO '{tmp_path}/a.parquet'")

    result = await view(tmp_path, "a.parquet", backend)

    assert result.text.startswith("a.parquet: 7 rows, 2 columns (Parquet, ")
    assert "id: BIGINT, 0.00 % empty, about 7 distinct, 0 to 6, mean 3.0" in result.text
    assert result.text.endswith("id | name\n0 | n0\n1 | n1\n2 | n2\n3 | n3\n4 | n4")


async def test_a_cancelled_query_is_ended(tmp_path: Path, backend: PlainBackend) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    endless = (
        "SELECT count(*) FROM range(1000000000) a, range(1000000) b, data WHERE (a.range * b.range) % 7 = 3"
    )
    watched = Watched(backend)
    services = replace(services_in(tmp_path, backend), sandbox=watched)
    asking = asyncio.create_task(
        DataView(services).run(DataViewArgs(path="a.csv", sql=endless), ToolContext("call-1"))
    )
    await watched.started.wait()

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
    assert watched.ended


async def test_a_path_with_wildcards_is_one_file_to_sql(tmp_path: Path, backend: PlainBackend) -> None:
    (tmp_path / "a[1].csv").write_text("a\nright\n")
    (tmp_path / "a1.csv").write_text("a\nwrong\n")

    result = await view(tmp_path, "a[1].csv", backend, sql="FROM data")

    assert result.text.splitlines()[-1] == "right"
