"""Rule files: read and checked with their own examples, and written to when a person says *always*.

[[rule]]
decision = "deny"                  # or "ask", "allow"
command = "npm publish"
reason = "releases are made by CI"
matches = ["npm publish --tag next"]
not_matches = ["npm pack"]
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import NoReturn

from boot.paths import make_own_folder
from core.errors import ConfigError, StoreError
from core.permissions import Effect
from core.rules import Decision, Rule
from store.private import replace_private_file

_LISTS = ("path", "matches", "not_matches")
_KEYS = tuple(field.name for field in fields(Rule) if field.name != "origin")


def load_rules(
    file: Path, workspace: Path, *, may_allow: bool = True
) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules of a file that hold in this workspace, and warnings for the person.

    Args:
        file: a missing one has no rules.
        workspace: rules bound to another are left out.
        may_allow: False for a project's file, which may only tighten: its allow rules are left out.

    Raises:
        ConfigError: naming the file, the rule and what is wrong with it.
    """
    rules: list[Rule] = []
    warnings: list[str] = []
    for number, table in enumerate(_tables(file), start=1):
        rule = _checked(_rule(f"{file}, rule {number}", table), f"{file}, rule {number}")
        if rule.decision is Decision.ALLOW and not may_allow:
            warnings.append(
                f"{file}, rule {number} is left out: a project's rules may deny and ask, not allow."
            )
        elif not rule.workspace or os.path.realpath(rule.workspace) == os.path.realpath(workspace):
            rules.append(replace(rule, origin=f"{file.parent.name}/{file.name}, rule {number}"))
    return tuple(rules), tuple(warnings)


def remember(rule: Rule, file: Path) -> None:
    """Add a rule to the end of a file; all else in it stays byte for byte. Written whole or not at all.

    Raises:
        ConfigError: the file as it stands cannot be read.
        StoreError: it cannot be written.
    """
    target = Path(os.path.realpath(file))
    bare = replace(rule, origin="")
    if bare in [_rule(str(file), table) for table in _tables(target)]:
        return
    before = target.read_bytes() if target.exists() else b""
    gap = b"" if not before else b"\n" if before.endswith(b"\n") else b"\n\n"
    try:
        make_own_folder(target.parent)
        replace_private_file(target, before + gap + _written(bare).encode(), sync=True)
    except OSError as error:
        raise StoreError(
            f"{str(file)!r} cannot be written: {error}.", hint="Mend its folder's rights."
        ) from error


def _written(rule: Rule) -> str:
    told = {field.name: getattr(rule, field.name) for field in fields(rule)}
    lines = [
        f"{name} = {_toml(given)}" for name, given in told.items() if given and (name, given) != ("tool", "*")
    ]
    return "\n".join(["[[rule]]", *lines]) + "\n"


def _toml(given: str | tuple[str, ...]) -> str:
    if isinstance(given, tuple):
        return f"[{', '.join(map(_toml, given))}]"
    return json.dumps(str(given), ensure_ascii=False).replace("\x7f", "\\u007f")


def _tables(file: Path) -> Iterator[Mapping[str, object]]:
    if not file.exists():
        return
    if not file.is_file():  # a pipe would be waited for, and a device read without an end
        raise ConfigError(f"{str(file)!r} is no file.", hint="Remove it.")
    import tomllib

    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{str(file)!r} cannot be read: {error}.", hint="Mend or remove it.") from error
    for name in content:
        if name != "rule":
            _wrong_key(str(file), name, ("rule",))
    tables = content.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{file}: 'rule' is no list of tables.", hint="Write [[rule]] above each rule.")
    yield from tables


def _rule(where: str, table: Mapping[str, object]) -> Rule:
    for name in table:
        if name not in _KEYS:
            _wrong_key(where, name, _KEYS)
    words = {name: _word(where, name, given) for name, given in table.items() if name not in _LISTS}
    lists = {name: _list(where, name, given) for name, given in table.items() if name in _LISTS}
    effect = words.pop("effect", None)
    return Rule(
        decision=Decision(_one_of(where, "decision", words.pop("decision", ""), tuple(Decision))),
        effect=None if effect is None else Effect(_one_of(where, "effect", effect, tuple(Effect))),
        tool=words.get("tool", "*"),
        path=lists.get("path", ()),
        command=words.get("command", ""),
        host=words.get("host", ""),
        reason=words.get("reason", ""),
        matches=lists.get("matches", ()),
        not_matches=lists.get("not_matches", ()),
        workspace=words.get("workspace", ""),
    )


def _word(where: str, name: str, given: object) -> str:
    if isinstance(given, str) and given.strip():
        return given
    raise ConfigError(f"{where}: {name} is {given!r}, not a text.", hint="Give one, or leave the line out.")


def _list(where: str, name: str, given: object) -> tuple[str, ...]:
    items = given if isinstance(given, list) else [given]
    if not items:
        raise ConfigError(f"{where}: {name} is empty.", hint="Give a text or more, or leave the line out.")
    return tuple(_word(where, name, item) for item in items)


def _one_of(where: str, name: str, given: str, known: tuple[str, ...]) -> str:
    if given in known:
        return given
    raise ConfigError(
        f"{where}: {name} is {given!r}.", hint=f"It may be {', '.join(known[:-1])} or {known[-1]}."
    )


def _wrong_key(where: str, name: str, known: tuple[str, ...]) -> NoReturn:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else f"It may have {', '.join(known)}."
    raise ConfigError(f"{where} has the unknown key {name!r}.", hint=hint)


def _checked(rule: Rule, where: str) -> Rule:
    if not rule.matches and not rule.not_matches:
        return rule
    from flow.rule_examples import broken_example

    if example := broken_example(rule):
        kind = "is not matched by it" if example in rule.matches else "is matched by it"
        raise ConfigError(f"{where}: its example {example!r} {kind}.", hint="Mend the rule or the example.")
    return rule
