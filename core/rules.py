"""Permission rules: frozen data, and one pure function that decides with them.

A call is put as a `Question`: the acts it would do, and what else it would touch.

    deny  if any deny rule speaks of any act or anything touched
    ask   else if any ask rule does
    allow else if each act is granted by some allow rule, and the call is fully understood
    None  else: the mode's default stands

Order and specificity of rules do not matter. Deny and ask rules match generously
(case, look-alike letters, options between words); allow rules match exactly.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from core.path_globs import Globs, path_matches, put_together
from core.permissions import Effect
from core.values import value

_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Characters without width that Unicode does not count among its formatting ones."""
_ENDINGS = re.compile(r"(?<=[^./])(?:[. ]+|:[^/]*)(?=/|$)")
"""Blanks and full stops at the end of a name, and what follows a colon."""
WHOLE = "$"
"""The last word of a rule's command that grants no further words."""
_WORDS_LOOKED_AT = 256
"""How far into a command the words of a rule are looked for."""


class Decision(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@value
class Rule:
    """What may, may not, or needs a yes. A field left empty speaks of everything."""

    decision: Decision
    effect: Effect | None = None
    tool: str = "*"
    """Glob over the tool's name."""
    path: tuple[str, ...] = ()
    """Globs over a file's path; one that begins with `!` takes files out again."""
    command: str = ""
    """The first words of a command; all of them where the last is `$`."""
    host: str = ""
    """Glob over the host of a URL."""
    reason: str = ""
    matches: tuple[str, ...] = ()
    not_matches: tuple[str, ...] = ()
    workspace: str = ""
    """Real path of the only workspace it holds in."""
    origin: str = ""
    """Where it was written."""

    def __str__(self) -> str:
        told = [f"{name} {given}" for name, given in self._conditions() if given]
        return f"{self.decision} {', '.join(told) or 'everything'}" + (
            f" ({self.origin})" * bool(self.origin)
        )

    def _conditions(self) -> tuple[tuple[str, str], ...]:
        effect = self.effect.value if self.effect else ""
        tool = "" if self.tool == "*" else self.tool
        words, whole = command_words(self)
        command = f"`{' '.join(words)}{'' if whole else ' …'}`" if words else ""
        return (
            ("tool", tool),
            ("effect", effect),
            ("command", command),
            ("path", " ".join(self.path)),
            ("host", self.host),
        )


@value
class Act:
    """One thing a call would do."""

    effect: Effect
    argv: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """A file's real path, links followed: relative within the workspace, else absolute; and from `~`."""
    aliases: tuple[str, ...] = ()
    """The same as it was written, before links were followed."""
    host: str = ""


@value
class Question:
    tool: str
    acts: tuple[Act, ...]
    """Each must be granted before the call is allowed by rules."""
    touched: tuple[Act, ...] = ()
    """What only deny and ask rules look at: wrappers, files named in a command."""
    understood: bool = True
    """Whether the acts are certainly all there is."""


@value
class Ruling:
    decision: Decision | None
    rules: tuple[Rule, ...] = ()
    """Those that made it."""


def decide(rules: Sequence[Rule], question: Question) -> Ruling:
    """What the rules say, or a ruling without a decision when they leave it to the mode."""
    for decision in (Decision.DENY, Decision.ASK):
        hits = [rule for rule in rules if rule.decision is decision and _speaks_of(rule, question)]
        if hits:
            return Ruling(decision=decision, rules=tuple(hits))
    return _allowance([rule for rule in rules if rule.decision is Decision.ALLOW], question)


def _allowance(rules: Sequence[Rule], question: Question) -> Ruling:
    found = [
        next((rule for rule in rules if grants(rule, question.tool, act)), None) for act in question.acts
    ]
    granting = [rule for rule in found if rule is not None]
    if not question.understood or not found or len(granting) < len(found):
        return Ruling(decision=None)
    return Ruling(decision=Decision.ALLOW, rules=tuple(dict.fromkeys(granting)))


def _speaks_of(rule: Rule, question: Question) -> bool:
    return any(touches(rule, question.tool, act) for act in (*question.acts, *question.touched))


def touches(rule: Rule, tool: str, act: Act) -> bool:
    """Whether a deny or ask rule speaks of this act, read generously."""
    return (
        rule.effect in (None, act.effect)
        and fnmatchcase(fold(tool), fold(rule.tool))
        and (not rule.path or _path_touches(rule.path, (*act.names, *act.aliases)))
        and (not rule.command or prefix_end(command_words(rule)[0], act.argv) > 0)
        and (not rule.host or _is_host(rule.host, act.host))
    )


def grants(rule: Rule, tool: str, act: Act) -> bool:
    """Whether an allow rule permits this act, read to the letter.

    A file outside the workspace is granted only by a rule that names its place.
    """
    words, whole = command_words(rule)
    outside = bool(act.names) and act.names[0].startswith(("/", "~"))
    return (
        rule.effect in (None, act.effect)
        and fnmatchcase(tool, rule.tool)
        and (_path_grants(rule.path, act.names, outside) if rule.path else not outside)
        and (act.argv if whole else act.argv[: len(words)]) == words
        and (not rule.host or _is_host(rule.host, act.host))
    )


def command_words(rule: Rule) -> tuple[tuple[str, ...], bool]:
    """The words of a rule's command, and whether they are all that a command may have."""
    words = tuple(rule.command.split())
    return (words[:-1], True) if words[-1:] == (WHOLE,) else (words, False)


def _is_host(glob: str, host: str) -> bool:
    return bool(host) and fnmatchcase(host.casefold(), glob.casefold())


def prefix_end(words: Sequence[str], argv: Sequence[str]) -> int:
    """Where in `argv` the prefix `words` ends, or 0 when it does not begin so.

    Read generously: the command may be given by its path, and options (with a value)
    may stand between the words. Words may be globs.
    """
    seen = _folded(tuple(argv[:_WORDS_LOOKED_AT]))
    if not words or not seen or not _names_command(fold(words[0]), seen[0]):
        return 0
    ends = {1}
    for word in words[1:]:
        ends = {at + 1 for at in _past_options(seen, ends) if fnmatchcase(seen[at], fold(word))}
    return min(ends, default=0)


@lru_cache(maxsize=256)
def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    """A command is held against the first words of dozens."""
    return tuple(map(fold, words))


@lru_cache(maxsize=4096)
def _names_command(word: str, said: str) -> bool:
    name = re.split(r"[/\\]", said)[-1].removesuffix(".exe")
    return fnmatchcase(name, word) or said == word or (_is_glob(name) and fnmatchcase(word, name))


def _is_glob(word: str) -> bool:
    return any(sign in word for sign in "*?[") and word.strip("*?[]") != ""


def _past_options(seen: Sequence[str], starts: Iterable[int]) -> set[int]:
    """The places that can be reached from `starts` by passing options and their values."""
    reached: set[int] = set()
    waiting = list(starts)
    while waiting:
        at = waiting.pop()
        if at >= len(seen) or at in reached:
            continue
        reached.add(at)
        if seen[at].startswith("-"):
            waiting += [at + 1, at + 2]
    return reached


def _path_touches(globs: tuple[str, ...], names: Sequence[str]) -> bool:
    wanted, taken_out = _generous(globs)
    folded = map(fold_path, names)
    return any(wanted.holds(name) and not taken_out.holds(name) for name in folded)


def _path_grants(globs: Sequence[str], names: Sequence[str], outside: bool) -> bool:
    wanted = [glob for glob in globs if not glob.startswith("!") and ("/" in glob or not outside)]
    taken_out = [glob[1:] for glob in globs if glob.startswith("!")]
    return any(path_matches(glob, name) for glob in wanted for name in names) and not any(
        path_matches(fold(glob), fold(name)) for glob in taken_out for name in names
    )


@lru_cache(maxsize=256)
def _generous(globs: tuple[str, ...]) -> tuple[Globs, Globs]:
    """Of a rule's globs those that it speaks of, and those that it takes out again."""
    wanted = [fold(glob) for glob in globs if not glob.startswith("!")]
    return put_together(wanted), put_together([glob[1:] for glob in globs if glob.startswith("!")])


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """`text` without what hides it: case, look-alike forms, characters nobody sees."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _UNSEEN.sub("", "".join(sign for sign in plain if unicodedata.category(sign) != "Cf"))


@lru_cache(maxsize=4096)
def fold_path(path: str) -> str:
    """A path as the least exact file system reads it: without what some take for no part of a name."""
    return re.sub(r"(?<=/)git~1(?=/|$)|^git~1(?=/|$)", ".git", _ENDINGS.sub("", fold(path)))
