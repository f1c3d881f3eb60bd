"""From a path to a table: which form the file has, and how it is read."""

import io
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import ToolError
from core.workspace import Workspace
from tool.encoding import Encoding, binary_kind, encoding_of
from tool.files import opened
from tool.tables import (
    JSON_HEAD_CHARS,
    LOADED_JSON_BYTES,
    SNIFFED_BYTES,
    Reading,
    Table,
    csv_table,
    delimiter_of,
    json_head,
    jsonl_table,
    kind_of,
    outline_of,
    records_table,
)

FORMS = {".json": "json", ".geojson": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""Everything else is CSV, or Parquet by its first bytes."""


@dataclass(frozen=True)
class Source:
    """A file that is about to be looked at."""

    name: str
    path: Path
    form: str
    encoding: Encoding
    size_bytes: int
    delimiter: str = ""

    @property
    def options(self) -> Mapping[str, str]:
        """What a reader of this form has to be told."""
        if self.form != "csv":
            return {}
        encoding = (
            {} if self.encoding.name == "utf-8" else {"encoding": self.encoding.name.removesuffix("-le")}
        )
        return {"delim": self.delimiter} | encoding

    @property
    def size(self) -> str:
        if self.size_bytes < 1_000_000:
            return f", {self.size_bytes:,} bytes"
        return f", {self.size_bytes / 1_000_000:,.1f} MB"


def source_at(workspace: Workspace, asked: str) -> Source:
    """Raises ToolError for what is no regular file, or holds no table."""
    with opened(workspace, asked) as (path, file):
        head = file.read(SNIFFED_BYTES)
        size_bytes = file.seek(0, io.SEEK_END)
    name = workspace.name_of(path)
    if head.startswith(b"PAR1"):
        return Source(name, path, "parquet", Encoding("utf-8"), size_bytes)
    if kind := binary_kind(head):
        raise ToolError(f"{asked!r} is {kind}, not a table in text.", hint="Export it as CSV, or use pyexe.")
    encoding = encoding_of(head, whole=False)
    form = FORMS.get(path.suffix.lower(), "csv")
    return Source(name, path, form, encoding, size_bytes, delimiter_of(encoding.decode(head)))


def looked_at(
    source: Source, workspace: Workspace, stopped: threading.Event, progress: Callable[[str], None]
) -> Table | str:
    """The table, or of JSON that is none its structure. Blocks, until `stopped` is set.

    Raises:
        ToolError: it cannot be read as what it is called.
    """
    with opened(workspace, str(source.path)) as (_, file):
        text = io.TextIOWrapper(file, encoding=source.encoding.name, errors="replace", newline="")
        reading = Reading(text, len(source.encoding.mark), stopped, progress)
        match source.form:
            case "jsonl":
                return jsonl_table(reading)
            case "json" if source.size_bytes <= LOADED_JSON_BYTES:
                return _document(reading)
            case "json":
                return _long_document(reading, source)
            case _:
                return csv_table(reading, source.delimiter)


def _document(reading: Reading) -> Table | str:
    content = reading.beginning()
    try:
        value = json.loads(content)
    except RecursionError as error:
        raise ToolError("The JSON is nested too deeply.", hint="find_text can search it.") from error
    except ValueError as error:
        if _is_json(content.partition("\n")[0]):
            return jsonl_table(reading)
        raise ToolError(f"It is no valid JSON: {error}.", hint="read_file shows the place.") from error
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return records_table(value, "JSON, an array of objects")
    return "\n".join([f"JSON that is no table, but {kind_of(value)}", *outline_of(value)])


def _long_document(reading: Reading, source: Source) -> Table:
    """Of a long array its first elements, and from them a guess at how many there are."""
    content = reading.beginning(JSON_HEAD_CHARS)
    if _is_json(content.partition("\n")[0]):
        return jsonl_table(reading)
    values, taken = json_head(content) if content.lstrip().startswith("[") else ([], 0)
    if not values:
        limit = f"{LOADED_JSON_BYTES // 1_000_000} MB"
        raise ToolError(
            f"{source.name!r} is JSON of more than {limit}, and no array of rows.",
            hint="Ask with sql, or use pyexe.",
        )
    table = records_table(values, "JSON, an array")
    guess = round(len(values) * source.size_bytes / len(content[:taken].encode()))
    note = f"Only its first {len(values):,} rows were read: it is long. With sql all of it can be asked."
    return replace(table, row_count=guess, is_counted=False, notes=[note])


def _is_json(line: str) -> bool:
    try:
        return bool(json.loads(line))
    except (ValueError, RecursionError):
        return False
