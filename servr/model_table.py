"""Model servers as a table: which models there are, what each can do, and where."""

from collections.abc import Iterator, Sequence

from core.endpoint import ServerFacts

TITLES = ("model", "window", "trained for", "tools", "vision", "thinking", "where")
SAY_NOT_WHAT_IS_LOADED = ("unknown", "transformers serve")


def model_table(servers: Sequence[ServerFacts], in_use: str | None = None) -> Iterator[str]:
    """A line of titles, and one for each model; "?" is what its server does not say, "*" the one in use."""
    rows = [TITLES, *(row for server in servers for row in _rows(server))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        mark = "" if in_use is None else "* " if row[0] == in_use else "  "
        yield mark + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _rows(server: ServerFacts) -> Iterator[Sequence[str]]:
    kind = "" if server.kind == "unknown" else f" ({server.kind})"
    idle = "?" if server.kind in SAY_NOT_WHAT_IS_LOADED else "not loaded"
    for model in server.models:
        abilities = (_word(model.tools), _word(model.vision), _word(model.thinking))
        window = _tokens(model.window_tokens) if model.loaded or model.window_tokens else idle
        yield model.name, window, _tokens(model.trained_tokens), *abilities, f"{server.url}{kind}"


def _tokens(count: int | None) -> str:
    return f"{count:,}" if count else "?"


def _word(can: bool | None) -> str:
    return "?" if can is None else "yes" if can else "no"
