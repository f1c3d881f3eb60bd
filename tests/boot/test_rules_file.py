"""Rule files: what is taken, what is refused with which sentence, and what an *always* adds."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from boot.rules_file import load_rules, remember
from core.errors import ConfigError, StoreError
from core.permissions import Effect
from core.rules import Decision, Rule


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "roost" / "rules.toml"


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_a_missing_file_has_no_rules(file: Path, tmp_path: Path) -> None:
    assert load_rules(file, tmp_path) == ((), ())


def test_every_key_is_read(file: Path, tmp_path: Path) -> None:
    write(
        file,
        """
        [[rule]]
        decision = "deny"
        effect = "execute"
        tool = "shell"
        command = "npm publish"
        reason = "CI does that"
        matches = ["npm publish --tag x", "sudo npm publish"]
        not_matches = "npm pack"
        [[rule]]
        decision = "ask"
        path = ["docs/**", "!docs/own/**"]
        [[rule]]
        decision = "allow"
        host = "docs.python.org"
        matches = "https://docs.python.org/3/"
        """,
    )

    rules, warnings = load_rules(file, tmp_path)

    assert warnings == ()
    assert rules == (
        Rule(
            decision=Decision.DENY,
            effect=Effect.EXECUTE,
            tool="shell",
            command="npm publish",
            reason="CI does that",
            matches=("npm publish --tag x", "sudo npm publish"),
            not_matches=("npm pack",),
            origin="roost/rules.toml, rule 1",
        ),
        Rule(decision=Decision.ASK, path=("docs/**", "!docs/own/**"), origin="roost/rules.toml, rule 2"),
        Rule(
            decision=Decision.ALLOW,
            host="docs.python.org",
            matches=("https://docs.python.org/3/",),
            origin="roost/rules.toml, rule 3",
        ),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rules]]", "{file} has the unknown key 'rules'. Did you mean rule?"),
        (
            '[[rule]]\ndecison = "deny"',
            "{file}, rule 1 has the unknown key 'decison'. Did you mean decision?",
        ),
        ("[[rule]]", "{file}, rule 1: decision is ''. It may be allow, ask or deny."),
        ('[[rule]]\ndecision = "no"', "{file}, rule 1: decision is 'no'. It may be allow, ask or deny."),
        (
            '[[rule]]\ndecision = "ask"\neffect = "run"',
            "{file}, rule 1: effect is 'run'. It may be read, write, execute or network.",
        ),
        (
            '[[rule]]\ndecision = "allow"\ncommand = " "',
            "{file}, rule 1: command is ' ', not a text. Give one, or leave the line out.",
        ),
        (
            '[[rule]]\ndecision = "ask"\ncommand = 3',
            "{file}, rule 1: command is 3, not a text. Give one, or leave the line out.",
        ),
        (
            '[[rule]]\ndecision = "ask"\npath = []',
            "{file}, rule 1: path is empty. Give a text or more, or leave the line out.",
        ),
        ("rule = 3", "{file}: 'rule' is no list of tables. Write [[rule]] above each rule."),
        (
            '[[rule]]\ndecision = "ask"\n[[rule]]\ndecision = "deny"\ncommand = "rm"\nmatches = ["rmdir x"]',
            "{file}, rule 2: its example 'rmdir x' is not matched by it. Mend the rule or the example.",
        ),
        (
            '[[rule]]\ndecision = "allow"\ncommand = "git"\nnot_matches = ["git push"]',
            "{file}, rule 1: its example 'git push' is matched by it. Mend the rule or the example.",
        ),
        (
            '[[rule]]\ndecision = "allow"\ncommand = "git"\nmatches = ["git log $(x)"]',
            "{file}, rule 1: its example 'git log $(x)' is not matched by it. Mend the rule or the example.",
        ),
        (
            '[[rule]]\ndecision = "deny"\npath = "*.key"\nmatches = ["a.pem"]',
            "{file}, rule 1: its example 'a.pem' is not matched by it. Mend the rule or the example.",
        ),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(file: Path, tmp_path: Path, text: str, said: str) -> None:
    write(file, text)

    with pytest.raises(ConfigError) as caught:
        load_rules(file, tmp_path)

    assert str(caught.value) == said.format(file=file)


def test_a_file_that_is_no_toml_is_named(file: Path, tmp_path: Path) -> None:
    write(file, "[[rule")

    with pytest.raises(ConfigError, match=r"rules\.toml' cannot be read: .+\. Mend or remove it\."):
        load_rules(file, tmp_path)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_read(file: Path, tmp_path: Path, make: Callable[[Path], None]) -> None:
    file.parent.mkdir()
    make(file)

    with pytest.raises(ConfigError, match=r"rules\.toml' is no file\. Remove it\."):
        load_rules(file, tmp_path)


def test_a_projects_file_may_only_tighten(file: Path, tmp_path: Path) -> None:
    write(file, '[[rule]]\ndecision = "allow"\n[[rule]]\ndecision = "deny"\ncommand = "make"')

    rules, warnings = load_rules(file, tmp_path, may_allow=False)

    assert [rule.decision for rule in rules] == [Decision.DENY]
    assert warnings == (f"{file}, rule 1 is left out: a project's rules may deny and ask, not allow.",)


def test_a_rule_bound_to_another_workspace_is_left_out(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "one")
    write(file, f'[[rule]]\ndecision = "allow"\nworkspace = "{tmp_path / "one"}"')

    assert len(load_rules(file, tmp_path / "link")[0]) == 1
    assert load_rules(file, tmp_path / "two") == ((), ())


ALWAYS = Rule(
    decision=Decision.ALLOW,
    effect=Effect.EXECUTE,
    tool="shell",
    command='say "ü\\x\x7f"',
    path=("a b/*", 'c"d'),
    workspace="/w",
    origin="never written",
)


@pytest.mark.parametrize("before", ["", "# mine\r\n\r\n", '[[rule]]\ndecision = "deny" # no newline'])
def test_an_always_is_added_and_the_rest_stays_byte_for_byte(file: Path, before: str) -> None:
    write(file, "").write_bytes(before.encode())

    remember(ALWAYS, file)
    remember(ALWAYS, file)

    assert file.read_bytes().startswith(before.encode())
    added = load_rules(file, Path("/w"))[0][before.count("[[rule]]") :]
    assert [replace(rule, origin="") for rule in added] == [replace(ALWAYS, origin="")]
    assert sorted(path.name for path in file.parent.iterdir()) == ["rules.toml"]


def test_the_first_always_makes_the_file(file: Path) -> None:
    remember(Rule(decision=Decision.ALLOW, command="make", workspace="/w"), file)

    assert file.read_text() == '[[rule]]\ndecision = "allow"\ncommand = "make"\nworkspace = "/w"\n'


def test_links_are_kept_and_the_file_is_closed_to_others(file: Path, tmp_path: Path) -> None:
    real = write(file, "")
    real.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(real)

    remember(ALWAYS, link)

    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert load_rules(real, Path("/w"))[0]


def test_a_damaged_file_is_not_added_to(file: Path) -> None:
    write(file, "[[rule")

    with pytest.raises(ConfigError):
        remember(ALWAYS, file)

    assert file.read_text() == "[[rule"


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")

    with pytest.raises((StoreError, ConfigError), match=r"rules\.toml' cannot be"):
        remember(ALWAYS, tmp_path / "plain" / "rules.toml")
