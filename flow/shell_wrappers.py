"""Commands that run other commands, and how to find those: sudo, env, timeout, xargs, `sh -c`, find -exec.

Pure data and pure functions over words. What a wrapper's words do not say for certain
is a problem, and then every tail of its words is offered as a command, so that deny
rules see whatever it may run.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from core.values import value
from flow.shell_words import names

Words = tuple[str, ...]

_TAILS = 64
_RUNS = 8
_HARMLESS_VARIABLES = names(
    "CI COLUMNS LINES LANG LANGUAGE LC_ALL LC_CTYPE TZ TERM NO_COLOR FORCE_COLOR CLICOLOR"
    " DEBIAN_FRONTEND PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED PYTHONHASHSEED RUST_BACKTRACE"
)
"""The only variables that may be set before a command without making it another command."""

_SHELLS = names("sh bash dash zsh ksh mksh ash fish rbash")
_UNREADABLE = names(
    "eval source . su runuser pkexec trap parallel flock strace ltrace gdb systemd-run chroot unshare"
    " nsenter setarch taskset chrt script tmux screen fakeroot unbuffer entr coproc ssh at batch alias"
    " unalias read mapfile readarray hash enable let bind complete compgen getopts export declare"
    " typeset local readonly unset fc sudoedit expect dbus-run-session cgexec prlimit proot runcon"
    " start-stop-daemon { } [[ if then else elif fi for while until do done case esac select function"
)
"""Commands that run, or change what is run by, words we do not take apart; and signs taken for commands."""


@value
class Unwrapped:
    """What one command runs besides itself."""

    commands: tuple[Words, ...] = ()
    scripts: tuple[str, ...] = ()
    """Texts it gives to a shell."""
    tails: tuple[Words, ...] = ()
    """What it may run, not to be taken apart further."""
    problem: str = ""
    """Why that may not be all, or may be wrong."""
    transparent: bool = False
    """Whether it does nothing else, so that the commands it runs decide."""


@value
class _Wrapper:
    flags: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    operands: int = 0
    """Words of its own between options and command."""


def _wrapper(flags: str = "", valued: str = "", operands: int = 0) -> _Wrapper:
    return _Wrapper(flags=names(flags), valued=names(valued), operands=operands)


_WRAPPERS = {
    "timeout": _wrapper(
        "-f --foreground -p --preserve-status -v --verbose", "-k --kill-after -s --signal", operands=1
    ),
    "time": _wrapper("-p"),
    "nice": _wrapper("", "-n --adjustment"),
    "ionice": _wrapper("-t --ignore", "-c -n --class --classdata"),
    "nohup": _wrapper(),
    "setsid": _wrapper("-c -f -w --ctty --fork --wait"),
    "stdbuf": _wrapper("", "-i -o -e --input --output --error"),
    "command": _wrapper("-p"),
    "builtin": _wrapper(),
    "exec": _wrapper("-c -l", "-a"),
    "env": _wrapper("- -i --ignore-environment -v --debug", "-u --unset"),
    "!": _wrapper(),
    "busybox": _wrapper(),
    "toybox": _wrapper(),
    "watch": _wrapper("-d --differences -t --no-title -b --beep -e --errexit -g --chgexit", "-n --interval"),
    "xargs": _wrapper(
        "-0 --null -r --no-run-if-empty -t --verbose -x --exit -p --interactive",
        "-n --max-args -P --max-procs -L --max-lines -s --max-chars -d --delimiter -E -a --arg-file",
    ),
    "sudo": _wrapper(
        "-n --non-interactive -E --preserve-env -H --set-home -S --stdin -k -b --background",
        "-u --user -g --group -p --prompt -h --host -r -t -T -C",
    ),
    "doas": _wrapper("-n -s", "-u -C"),
}  # fmt: skip


def command_name(word: str) -> str:
    return word.rsplit("/", 1)[-1].casefold()


def is_harmless_variable(name: str) -> bool:
    """Whether setting it changes no command: a known one, or a short name as loops use."""
    return name in _HARMLESS_VARIABLES or re.fullmatch(r"(?!\w*path)[a-z][a-z0-9]{0,7}", name) is not None


def unwrap(argv: Words) -> Unwrapped:
    """What `argv` runs besides itself; nothing for most commands."""
    name, args = command_name(argv[0]), argv[1:]
    if name in _SHELLS:
        return _shell(name, args)
    if name in _WRAPPERS and not (name == "command" and args[:1] in (("-v",), ("-V",))):
        return _wrapped(name, args)
    if name in _UNREADABLE:
        return _unreadable(name, args)
    return _find(args) if name == "find" else Unwrapped()


def tails(words: Sequence[str]) -> tuple[Words, ...]:
    """Every end of `words`, each cut to a length that any rule fits in."""
    return tuple(tuple(words[at : at + _TAILS]) for at in range(len(words)))


def _unreadable(name: str, args: Words, why: str = "") -> Unwrapped:
    scripts = tuple(word for word in args if " " in word)
    if name == "eval":
        scripts = (" ".join(args),)
    problem = why or f"{name} runs or changes commands in ways that are not read"
    return Unwrapped(tails=tails(args), scripts=scripts, problem=problem)


def _wrapped(name: str, args: Words) -> Unwrapped:
    wrapper = _WRAPPERS[name]
    at, unknown = _past_options(wrapper, args)
    if unknown:
        return _unreadable(name, args, f"{name} has the option {unknown!r}, which is not known")
    rest = args[at + wrapper.operands :]
    problem = ""
    if name in ("env", "sudo", "doas"):
        rest, problem = _past_assignments(rest)
    if name in ("sudo", "doas"):
        problem = f"{name} runs it as another user"
    if name == "watch":
        return Unwrapped(scripts=(" ".join(rest),), transparent=True)
    if name == "xargs":
        rest, problem = rest or ("echo",), _placed(name, rest)
    return Unwrapped(commands=(rest,) if rest else (), problem=problem, transparent=bool(rest))


def _past_options(wrapper: _Wrapper, args: Words) -> tuple[int, str]:
    """Where the options end, and the first that is not known."""
    at = 0
    while at < len(args) and args[at].startswith("-"):
        option = args[at]
        at += 1
        if option == "--":
            break
        if option in wrapper.valued:
            at += 1
        elif not _is_known(wrapper, option):
            return at, option
    return at, ""


def _is_known(wrapper: _Wrapper, option: str) -> bool:
    if option in wrapper.flags:
        return True
    if option.startswith("--"):
        name, equals, _ = option.partition("=")
        return bool(equals) and name in wrapper.valued
    if option[:2] in wrapper.valued or ("-n" in wrapper.valued and re.fullmatch(r"-\d+", option)):
        return True
    return len(option) > 1 and all(f"-{letter}" in wrapper.flags for letter in option[1:])


def _past_assignments(args: Words) -> tuple[Words, str]:
    problem = ""
    while args and re.match(r"[A-Za-z_]\w*=", args[0]):
        name = args[0].partition("=")[0]
        if not is_harmless_variable(name):
            problem = f"the variable {name} is set for it"
        args = args[1:]
    return args, problem


def _placed(name: str, inner: Words) -> str:
    """What is wrong with a command whose words are filled in by `name`."""
    if any(command_name(word) in _SHELLS | {"eval"} for word in inner):
        return f"{name} fills in the words of a shell"
    return f"{name} fills in the command itself" if inner and re.search(r"[{}%]", inner[0]) else ""


def _shell(name: str, args: Words) -> Unwrapped:
    at, letters = 0, ""
    while at < len(args) and args[at][:1] in ("-", "+") and len(args[at]) > 1:
        option = args[at]
        at += 1
        if option == "--":
            break
        if option in ("--login", "--norc", "--noprofile", "--posix"):
            continue
        if not re.fullmatch(r"[-+][ceuxlvnfos]+", option):
            return _unreadable(name, args, f"{name} has the option {option!r}, which is not known")
        letters += option[1:]
        at += option.count("o")
    if "c" in letters and at < len(args):
        return Unwrapped(scripts=(args[at],), transparent=True)
    if "s" in letters or "c" in letters or args[at:] in ((), ("-",)):
        return Unwrapped(problem=f"{name} reads its commands from its input")
    return Unwrapped()


_FIND_TESTS = (
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-regex",
    "-iregex",
    "-empty",
    "-size",
    "-mtime",
    "-newer",
)
"""With one of these, find names files below the places it starts at, not those places."""


def _find(args: Words) -> Unwrapped:
    starts = _starts(args)
    if any(
        word.startswith(_FIND_TESTS) and wanted.strip("*./") != "" for word, wanted in pairwise((*args, "it"))
    ):
        starts = tuple(f"{start.rstrip('/')}/found" for start in starts)
    runs = [at for at, word in enumerate(args) if word in ("-exec", "-execdir", "-ok", "-okdir")]
    inner = [_until_end(args[at + 1 :]) for at in runs[:_RUNS]]
    commands = [words for words in inner if words]
    if "-delete" in args:
        commands.append(("rm", "-r", *starts))
    unread = next((word for word in args if word.startswith(("-fprint", "-fls", "-files0"))), "")
    problems = [_placed("find", words) for words in commands]
    problems += [f"find has the option {unread!r}, which is not read"] * bool(unread)
    problems += ["find runs too many commands"] * (len(runs) > _RUNS)
    return Unwrapped(
        commands=tuple(commands),
        tails=tuple(_filled(words, starts[:_TAILS]) for words in commands),
        problem=next(filter(None, problems), ""),
    )


def _starts(args: Words) -> Words:
    """The paths a find begins at."""
    at = 0
    while at < len(args) and re.fullmatch(r"-[HLP]+|-O\d|-D", args[at]):
        at += 2 if args[at] == "-D" else 1
    end = at
    while end < len(args) and not args[end].startswith(("-", "(", "!")):
        end += 1
    return args[at:end] or (".",)


def _until_end(args: Words) -> Words:
    ends = [at for at, word in enumerate(args) if word == ";" or (word == "+" and args[at - 1] == "{}")]
    return args[: ends[0]] if ends else args


def _filled(inner: Words, starts: Words) -> Words:
    filled: list[str] = []
    for word in inner[:_TAILS]:
        filled += starts if word == "{}" else (word,)
    return tuple(filled)
