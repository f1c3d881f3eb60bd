"""What a tool call would do, put as a question to the rules: commands, files written and read, hosts."""

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from core.errors import ToolError
from core.permissions import Effect
from core.records import dataclass
from core.rules import Act, Question, prefix_end
from core.web import web_address
from flow.places import Places, meant_by, on_disk
from flow.shell_grammar import ParsedCommand, SimpleCommand, parse
from flow.shell_words import names
from flow.shell_wrappers import command_name

_PATH_ARGUMENTS = ("path", "paths", "file", "files", "directory", "folder", "source", "target")
_SAYS_ONLY = names("echo printf test [ stat basename dirname realpath")
"""Commands that read none of the files they name."""
_GIT_SAYS_ONLY = ("git check-ignore", "git ls-files", "git rm --cached")
_WRITES = names(
    "tee cp mv rm ln install touch truncate chmod chown chgrp mkdir rmdir shred unlink rsync dd patch sed"
    " vi vim nano ed ex rename mktemp"
)
"""Commands that write to the files they name."""
_MAX_FOLDERS = 8
_NOT_FILES = frozenset(("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"))


@dataclass(frozen=True)
class Consequences:
    question: Question
    command: str = ""
    parsed: ParsedCommand | None = None
    folders: tuple[str, ...] = ()
    """Where the command may stand when its parts run."""


def consequences(
    tool: str, effect: Effect, arguments: Mapping[str, object], places: Places, been: Sequence[str] = ()
) -> Consequences:
    """What a call would do; `been` are folders that earlier commands may have left the shell in."""
    command = arguments.get("command")
    if isinstance(command, str):
        return _of_command(tool, command, places, been)
    acts = [_act_on(path, effect, places.workspace, places) for path in _paths(arguments)]
    url = arguments.get("url")
    if isinstance(url, str):
        acts.append(Act(effect=effect, host=_host(url)))
    return Consequences(Question(tool=tool, acts=tuple(acts) or (Act(effect=effect),)))


def _paths(arguments: Mapping[str, object]) -> Iterator[str]:
    for name in _PATH_ARGUMENTS:
        given = arguments.get(name)
        if isinstance(given, str):
            yield given
        elif isinstance(given, list | tuple):
            yield from (path for path in given if isinstance(path, str))


def _host(url: str) -> str:
    """As `fetch` will ask for it; of what is no address to it, whatever another tool may make of it."""
    try:
        return web_address(url).host
    except ToolError:
        pass
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _act_on(path: str, effect: Effect, folder: str, places: Places) -> Act:
    """An act on a file named in an argument: a path, with nothing expanded but what a shell would."""
    whole = places.resolve(path, folder)
    return Act(effect=effect, names=places.real_names(whole), aliases=places.names(whole))


def _of_command(tool: str, command: str, places: Places, been: Sequence[str]) -> Consequences:
    parsed = parse(command)
    folders = _folders(parsed, (places.workspace, *been), places)
    acts = [Act(effect=Effect.EXECUTE, argv=part.argv) for part in parsed.parts if not part.wrapper]
    touched = [Act(effect=Effect.EXECUTE, argv=part.argv) for part in parsed.parts if part.wrapper]
    for path in parsed.writes:
        if path not in _NOT_FILES:
            acts += _named(path, Effect.WRITE, folders, places)
    for path in parsed.reads:
        touched += _named(path, Effect.READ, folders, places)
    for part in parsed.parts:
        touched += _touched(part, folders, places)
    question = Question(
        tool=tool,
        acts=tuple(dict.fromkeys(acts)),
        touched=tuple(dict.fromkeys(touched)),
        understood=parsed.understood,
    )
    return Consequences(question, command, parsed, folders)


def _touched(part: SimpleCommand, folders: Sequence[str], places: Places) -> Iterator[Act]:
    name = command_name(part.argv[0])
    if name in _SAYS_ONLY or any(prefix_end(said.split(), part.argv) for said in _GIT_SAYS_ONLY):
        return
    effect = Effect.WRITE if name in _WRITES else Effect.READ
    for word in part.argv:
        for piece in meant_by(word):
            yield from _named(piece, effect, folders, places)


def _named(word: str, effect: Effect, folders: Sequence[str], places: Places) -> Iterator[Act]:
    for folder in folders:
        whole = places.resolve(word, folder)
        for path in on_disk(whole):
            yield Act(effect=effect, names=places.real_names(path), aliases=places.names(path))


def _folders(parsed: ParsedCommand, starts: Sequence[str], places: Places) -> tuple[str, ...]:
    """Where the command starts, and every folder it goes to."""
    folders = list(starts)
    for part in parsed.parts:
        if command_name(part.argv[0]) in ("cd", "pushd"):
            target = next((word for word in part.argv[1:] if not word.startswith("-")), "~")
            folders += [places.resolve(target, folder) for folder in tuple(folders)]
            folders = folders[:_MAX_FOLDERS]
    return tuple(dict.fromkeys(folders))
