"""`data_view`: the shape of a table in a file, what its columns hold, and SQL over it."""

import asyncio
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from core.permissions import Effect
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import Table as TableView
from tool.clipping import clipped
from tool.columns import Cell, column_of, text_of
from tool.table_queries import Answer, answers_of
from tool.table_source import Source, looked_at, source_at
from tool.tables import HEAD_ROWS, Table

SUMMARY = (
    "SELECT column_name, column_type, null_percentage, approx_unique, min, max, avg FROM (SUMMARIZE data)"
)


class DataViewArgs(BaseModel):
    """Shape, types, statistics and first rows of a CSV, TSV, JSON, JSONL or Parquet file."""

    path: str
    sql: str = Field("", description="SELECT from the table `data` instead.")


@dataclass(frozen=True)
class DataView:
    services: ToolServices
    name = "data_view"
    args = DataViewArgs
    effect = Effect.READ

    async def run(self, args: DataViewArgs, context: ToolContext) -> ToolResult:
        source = await asyncio.to_thread(source_at, self.services.workspace, args.path)
        if args.sql.strip():
            [answer] = await self._ask(source, args.sql)
            return self._shown(answer.rows, answer.columns, args.sql, _ending(answer))
        if not source.size_bytes:
            return ToolResult(f"{source.name} is empty.")
        if source.form == "parquet":
            return await self._parquet(source)

        stopped = threading.Event()
        try:
            found = await asyncio.to_thread(
                looked_at, source, self.services.workspace, stopped, context.progress
            )
        finally:
            stopped.set()  # a cancelled call must not go on reading
        if not isinstance(found, Table):
            return ToolResult(clipped(f"{source.name}{source.size}: {found}", self.services))
        facts = await asyncio.to_thread(_facts, found)
        about = "" if found.is_counted else "about "
        title = f"{source.name}: {about}{found.row_count:,} rows, {len(found.columns)} columns"
        return self._shown(_texts(found.head), found.columns, f"{title} ({found.form}{source.size})", facts)

    async def _parquet(self, source: Source) -> ToolResult:
        head, summary, count = await self._ask(
            source, f"FROM data LIMIT {HEAD_ROWS}", SUMMARY, "SELECT count(*) FROM data"
        )
        shape = f"{int(count.rows[0][0]):,} rows, {len(head.columns)} columns"
        title = f"{source.name}: {shape} (Parquet{source.size})"
        facts = [
            f"{name}: {kind}, {gaps} % empty, about {distinct} distinct, {least} to {most}, mean {mean}"
            for name, kind, gaps, distinct, least, most, mean in summary.rows
        ]
        return self._shown(head.rows, head.columns, title, facts)

    async def _ask(self, source: Source, *queries: str) -> list[Answer]:
        form = "json" if source.form == "jsonl" else source.form
        return await answers_of(self.services, source.path, form, queries, source.options)

    def _shown(
        self, rows: Sequence[Sequence[str]], columns: Sequence[str], title: str, facts: Iterable[str]
    ) -> ToolResult:
        lines = [" | ".join(row) for row in (columns, *rows)]
        text = "\n".join([title, *facts, "", *lines])
        view = TableView(title=title, columns=tuple(columns), rows=tuple(map(tuple, rows)))
        return ToolResult(clipped(text, self.services), view)


def _facts(table: Table) -> list[str]:
    """What is said between the title and the first rows."""
    note = "" if table.sampled_all else f"What follows is of {len(table.sample):,} random rows."
    columns = [
        column_of(name, (row[place] for row in table.sample if place < len(row))).line()
        for place, name in enumerate(table.columns)
    ]
    return [*table.notes, *filter(None, [note]), *columns]


def _texts(rows: Iterable[Sequence[Cell]]) -> list[tuple[str, ...]]:
    return [tuple(map(text_of, row)) for row in rows]


def _ending(answer: Answer) -> list[str]:
    count = f"{len(answer.rows):,} rows"
    return [f"{count}, and there are more: filter, aggregate or LIMIT."] if answer.has_more else [count]
