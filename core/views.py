"""What a tool shows to a person: a closed set of shapes every surface can draw."""

from typing import Literal

from core.values import value


@value
class FileWindow:
    kind: Literal["file_window"] = "file_window"
    path: str
    start: int
    """Number of the first line shown, from 1."""
    lines: tuple[str, ...]
    total_lines: int
    digest: str
    """SHA-256 of the whole file's bytes when it was read, in hex."""


@value
class FileChange:
    kind: Literal["file_change"] = "file_change"
    path: str
    diff: str
    """Unified diff, without the header lines."""
    created: bool
    digest: str
    """SHA-256 of the file's bytes after the change, in hex."""
    deleted: bool = False


@value
class PathList:
    kind: Literal["path_list"] = "path_list"
    root: str
    text: str
    """The tree or the list, ready to be shown in a fixed-width font."""
    count: int
    complete: bool


@value
class MatchList:
    kind: Literal["match_list"] = "match_list"
    pattern: str
    text: str
    """`path:line: text`, one a line."""
    count: int
    complete: bool


@value
class CommandOutput:
    kind: Literal["command_output"] = "command_output"
    command: str
    output: str
    exit_code: int | None
    """None when it did not end by itself."""
    seconds: float
    full_output: str = ""
    """Path of the file with all of the output, when `output` is clipped."""


@value
class CodeResult:
    kind: Literal["code_result"] = "code_result"
    code: str
    output: str
    failed: bool
    images: tuple[str, ...] = ()
    """Paths of the plots that were saved."""


@value
class Table:
    kind: Literal["table"] = "table"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@value
class WebPage:
    kind: Literal["web_page"] = "web_page"
    url: str
    title: str
    text: str


@value
class Question:
    kind: Literal["question"] = "question"
    question: str
    choices: tuple[str, ...]
    answer: str


@value
class FactList:
    """What is remembered, or was until now."""

    kind: Literal["fact_list"] = "fact_list"
    title: str
    """What is told of the facts: `stored`, say."""
    text: str
    """A fact a line, and below it what it replaced."""


View = (
    FileWindow
    | FileChange
    | PathList
    | MatchList
    | CommandOutput
    | CodeResult
    | Table
    | WebPage
    | Question
    | FactList
)
