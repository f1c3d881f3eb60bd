"""Model servers as a table: which models there are, what each can do, and where."""

from collections.abc import Callable, Iterator, Sequence

from core.endpoint import ServedModel, ServerFacts

TITLES = ("model", "window", "trained for", "tools", "vision", "thinking")
SAY_NOT_WHAT_IS_LOADED = ("unknown", "transformers serve")
LEAST_NAME_COLUMNS = 16


IsCalibrated = Callable[[str, str], bool]
"""Whether a model was examined on its server: by the server's URL and the model's name."""


def model_table(servers: Sequence[ServerFacts], calibrated: IsCalibrated) -> Iterator[str]:
    """A line of titles, and one for each model; "?" is what its server does not say."""
    rows: list[Sequence[str]] = [(*TITLES, "calibrated", "where")]
    for server in servers:
        for model in server.models:
            examined = _word(calibrated(server.url, model.name))
            rows.append((*_cells(server, model), examined, _where(server)))
    yield from _lined(rows)


def model_list(servers: Sequence[ServerFacts], in_use: tuple[str, str], columns: int) -> Iterator[str]:
    """The same for a screen of so many columns: a heading for each server, "*" before the model in use.

    `in_use` is its name and the URL of its server. A name that is too long loses its middle.
    """
    rows = [_cells(server, model) for server in servers for model in server.models]
    besides = max(map(len, _lined([("", *row[1:]) for row in (TITLES, *rows)])))
    longest = max(columns - 3 - besides, LEAST_NAME_COLUMNS)
    titles, *lines = _lined([TITLES, *((_cut(name, longest), *cells) for name, *cells in rows)])
    yield f"  {titles}"
    for server in servers:
        yield _where(server)
        for model in server.models:
            mark = "*" if (model.name, server.url) == in_use else " "
            yield f"{mark} {lines.pop(0)}"


def _where(server: ServerFacts) -> str:
    return server.url if server.kind == "unknown" else f"{server.url} ({server.kind})"


def _cells(server: ServerFacts, model: ServedModel) -> tuple[str, ...]:
    idle = "?" if server.kind in SAY_NOT_WHAT_IS_LOADED else "not loaded"
    window = _tokens(model.window_tokens) if model.loaded or model.window_tokens else idle
    abilities = (_word(model.tools), _word(model.vision), _word(model.thinking))
    return model.name, window, _tokens(model.trained_tokens), *abilities


def _lined(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _cut(name: str, columns: int) -> str:
    """Its beginning and its end, which says how it is quantised."""
    if len(name) <= columns:
        return name
    end = columns // 2
    return f"{name[: columns - end - 1]}…{name[-end:]}"


def _tokens(count: int | None) -> str:
    return f"{count:,}" if count else "?"


def _word(can: bool | None) -> str:
    return "?" if can is None else "yes" if can else "no"
