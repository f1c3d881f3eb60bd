"""The rules that an *always* would add: as narrow as is still of use."""

import re
from collections.abc import Sequence
from dataclasses import replace

from core.permissions import Effect
from core.rules import WHOLE, Act, Decision, Rule, grants
from flow.consequences import Consequences
from flow.places import Places
from flow.shell_words import names
from flow.shell_wrappers import command_name

_WHOLE = names(
    "python pypy node nodejs ruby perl php lua java deno bun bash sh zsh fish npx bunx uvx osascript"
    " awk gawk mawk sed gsed"
    " rm mv cp dd tee chmod chown chgrp curl wget find ssh scp rsync kill pkill killall ln install"
    " truncate shred docker podman kubectl"
)
"""Commands that do too much to be allowed by their name alone."""
BY_SECOND = names("git npm pnpm yarn pip uv poetry cargo go gh aws gcloud az terraform helm brew apt apt-get")
"""Commands of which the second word says what they do: one without it is offered as it stands."""
_SEEN_EACH_TIME = ("promote_skill",)
"""Tools whose calls let code run later: a person looks at each."""
_GLOB = re.compile(r"[*?\[\]!]")
_THREE = names("run exec compose remote config submodule")
"""Second words that say nothing without a third."""


def offered_rules(found: Consequences, places: Places) -> tuple[Rule, ...]:
    """Allow rules that would have granted the call, here only; none when they would grant too much."""
    if not found.question.understood or found.question.tool in _SEEN_EACH_TIME:
        return ()
    rules: list[Rule] = []
    for act in found.question.acts:
        narrowed = _narrowed(act)
        if narrowed is None:
            return ()
        rules.append(
            replace(narrowed, effect=act.effect, tool=found.question.tool, workspace=places.workspace)
        )
    return tuple(dict.fromkeys(rules))


def _narrowed(act: Act) -> Rule | None:
    """None where a rule would say something else than the act: a word with spaces, a `*` in a name."""
    allow = Rule(decision=Decision.ALLOW)
    if act.argv:
        words = _words(act.argv)
        rule = replace(allow, command=" ".join(words))
        said = tuple(rule.command.split()) == tuple(words)
    elif act.names:
        rule = replace(allow, path=(_folder_glob(act.names[0]),))
        said = not act.names[0].startswith(("/", "~")) and not _GLOB.search(act.names[0])
    else:
        rule = replace(allow, host=act.host)
        said = bool(act.host) or act.effect is not Effect.NETWORK
        said = said and not _GLOB.search(act.host)
    return rule if said and str(rule).isprintable() and grants(rule, "", act) else None


def _words(argv: Sequence[str]) -> Sequence[str]:
    """The first words, of commands of which these say what they do; else all, and nothing may follow."""
    name = command_name(argv[0]).rstrip("0123456789.")  # python3.11 does what python does
    if name == "python" and argv[1:2] == ("-m",) and "/" not in argv[0]:
        return argv[:3]
    if name in _WHOLE or "/" in argv[0]:
        return (*argv, WHOLE)
    if len(argv) < 2 or not re.fullmatch(r"[a-z][a-z0-9:_-]*", argv[1]):
        return (*argv, WHOLE) if name in BY_SECOND else argv[:1]
    return argv[:3] if argv[1] in _THREE else argv[:2]


def _folder_glob(name: str) -> str:
    """All files of the folder a file lies in; the file itself when that is the workspace's root."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}/*" if slash else f"./{last}"
