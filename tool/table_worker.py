"""Answers SQL over one file, in a process of its own: `python -I table_worker.py '{"path": …}'`.

The request: root and name of the file, form (csv, json, parquet), options of its reader, queries, packages
(where duckdb is installed), core (where ours is), and the most rows and characters of an answer. Printed is
one line of JSON: the answers, or what is wrong with a query.

Nothing but that file can be read and nothing at all written: duckdb is given its descriptor and may open no
other path, loads no extension, spills nothing, its settings are locked, and only SELECT is run.
"""

import json
import sys
from types import ModuleType
from typing import Any

READERS = {"csv": "read_csv", "json": "read_json", "parquet": "read_parquet"}
MOST_CELL_CHARS = 200
MEMORY = "1GB"


def main() -> None:
    request = json.loads(sys.argv[1])
    sys.path.append(request["packages"])
    import duckdb

    sys.modules["core"] = core = ModuleType("core")
    core.__path__ = [request["core"]]  # a sandbox may show that folder, and not the one it is in
    from core.beneath import opened_below

    try:
        with opened_below(request["root"], request["name"]) as file:
            connection = connected(duckdb, f"/dev/fd/{file.fileno()}", request)
            answers = [answer(duckdb, connection, query, request) for query in request["queries"]]
        said: dict[str, Any] = {"answers": answers}
    except (duckdb.Error, ImportError, OSError) as error:
        said = {"error": str(error)}
    sys.stdout.write(json.dumps(said) + "\n")


def connected(duckdb: Any, place: str, request: dict[str, Any]) -> Any:
    """A database that has the file as its view `data`, and can reach nothing else."""
    path = quoted(place)
    reader = READERS[request["form"]]
    options = "".join(f", {name}={quoted(value)}" for name, value in request["options"].items())
    connection = duckdb.connect()
    for statement in (
        "SET autoinstall_known_extensions=false",
        "SET autoload_known_extensions=false",
        "SET temp_directory=''",
        f"SET memory_limit='{MEMORY}'",
        f"SET allowed_paths=[{path}]",
        "SET enable_external_access=false",
    ):
        connection.execute(statement)
    view = f"CREATE VIEW data AS SELECT * FROM {reader}({path}{options}"
    try:
        connection.execute(f"{view})")
    except duckdb.InvalidInputException:
        if reader != "read_csv":
            raise
        connection.execute(f"{view}, null_padding=true)")  # its rows have different numbers of fields
    connection.execute("SET lock_configuration=true")
    return connection


def answer(duckdb: Any, connection: Any, query: str, request: dict[str, Any]) -> dict[str, Any]:
    statements = duckdb.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise duckdb.InvalidInputException("Only one SELECT is run. The table is called data.")
    cursor = connection.execute(query)
    columns = [str(column[0]) for column in cursor.description]
    rows: list[list[str]] = []
    room = request["most_chars"]
    while room > 0 and len(rows) < request["most_rows"] and (row := cursor.fetchone()):
        rows.append([shown(cell) for cell in row])
        room -= sum(map(len, rows[-1]))
    return {"columns": columns, "rows": rows, "has_more": cursor.fetchone() is not None}


def shown(cell: object) -> str:
    if cell is None:
        return "NULL"
    text = " ".join(str(cell).split())
    return text if len(text) <= MOST_CELL_CHARS else text[: MOST_CELL_CHARS - 1] + "…"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
