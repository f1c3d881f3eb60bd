"""Model servers as a table: which models there are, what each can do, and where."""

from collections.abc import Callable, Iterator, Sequence

from core.endpoint import ServerFacts

TITLES = ("model", "window", "trained for", "tools", "vision", "thinking")
SAY_NOT_WHAT_IS_LOADED = ("unknown", "transformers serve")


IsCalibrated = Callable[[str, str], bool]
"""Whether a model was examined on its server: by the server's URL and the model's name."""


def model_table(
    servers: Sequence[ServerFacts], in_use: str | None = None, calibrated: IsCalibrated | None = None
) -> Iterator[str]:
    """A line of titles, and one for each model; "?" is what its server does not say, "*" the one in use.

    Where it can be told which are `calibrated`, that has a column.
    """
    examined = ("calibrated",) if calibrated else ()
    rows = [(*TITLES, *examined, "where"), *(row for server in servers for row in _rows(server, calibrated))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        mark = "" if in_use is None else "* " if row[0] == in_use else "  "
        yield mark + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _rows(server: ServerFacts, calibrated: IsCalibrated | None) -> Iterator[Sequence[str]]:
    kind = "" if server.kind == "unknown" else f" ({server.kind})"
    idle = "?" if server.kind in SAY_NOT_WHAT_IS_LOADED else "not loaded"
    for model in server.models:
        abilities = (_word(model.tools), _word(model.vision), _word(model.thinking))
        examined = (_word(calibrated(server.url, model.name)),) if calibrated else ()
        window = _tokens(model.window_tokens) if model.loaded or model.window_tokens else idle
        trained = _tokens(model.trained_tokens)
        yield model.name, window, trained, *abilities, *examined, f"{server.url}{kind}"


def _tokens(count: int | None) -> str:
    return f"{count:,}" if count else "?"


def _word(can: bool | None) -> str:
    return "?" if can is None else "yes" if can else "no"
