"""The pure decision: which rules speak of a call, and which of them counts."""

import pytest

from core.permissions import Effect
from core.rules import Act, Decision, Question, Rule, Ruling, decide, fold, prefix_end

ALLOW, ASK, DENY = Decision.ALLOW, Decision.ASK, Decision.DENY


def runs(*commands: str, understood: bool = True) -> Question:
    acts = tuple(Act(effect=Effect.EXECUTE, argv=tuple(command.split())) for command in commands)
    return Question(tool="shell", acts=acts, understood=understood)


def writes(*names: str) -> Question:
    return Question(tool="write_file", acts=(Act(effect=Effect.WRITE, names=names),))


def command(decision: Decision, words: str) -> Rule:
    return Rule(decision=decision, command=words)


def test_no_rule_leaves_it_to_the_mode() -> None:
    assert decide([], runs("git status")) == Ruling(decision=None)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_deny_stands_over_ask_and_ask_over_allow_in_any_order(order: tuple[int, ...]) -> None:
    deny, ask, allow = (
        command(DENY, "git"),
        command(ASK, "git push origin"),
        command(ALLOW, "git push origin main"),
    )
    rules = [(deny, ask, allow)[at] for at in order]
    without_deny = [rule for rule in rules if rule is not deny]

    assert decide(rules, runs("git push origin main")) == Ruling(decision=DENY, rules=(deny,))
    assert decide(without_deny, runs("git push origin main")) == Ruling(decision=ASK, rules=(ask,))


def test_every_part_must_be_allowed() -> None:
    rules = [command(ALLOW, "git status"), command(ALLOW, "head")]

    assert decide(rules, runs("git status", "head -5")).decision is ALLOW
    assert decide(rules, runs("git status", "tee x")).decision is None


def test_one_part_that_is_denied_is_enough() -> None:
    assert decide([command(DENY, "tee")], runs("git status", "tee x")).decision is DENY


def test_a_call_that_is_not_understood_is_never_allowed() -> None:
    question = runs("git status", understood=False)

    assert decide([Rule(decision=ALLOW)], question).decision is None
    assert decide([Rule(decision=DENY, command="git")], question).decision is DENY


def test_a_call_without_acts_is_never_allowed() -> None:
    assert decide([Rule(decision=ALLOW)], Question(tool="shell", acts=())).decision is None


def test_what_is_only_touched_is_denied_but_needs_no_allowance() -> None:
    touched = Act(effect=Effect.READ, names=(".env",))
    question = Question(tool="shell", acts=runs("cat .env").acts, touched=(touched,))

    assert decide([command(ALLOW, "cat")], question).decision is ALLOW
    assert decide([Rule(decision=DENY, path=(".env",))], question).decision is DENY


@pytest.mark.parametrize(
    ("words", "argv", "end"),
    [
        ("git", "git status", 1),
        ("git status", "git status -s", 2),
        ("git status", "git stat", 0),
        ("git push", "git -C . push", 4),
        ("git push", "git --no-pager push", 3),
        ("git push", "git commit -m push", 0),
        ("git push", "git", 0),
        ("rm", "/bin/rm x", 1),
        ("rm", "RM x", 1),
        ("rm", "/bin/r? x", 1),
        ("rm", "rmdir x", 0),
        ("rm", "", 0),
        ("mkfs*", "mkfs.ext4 x", 1),
    ],
)
def test_a_deny_prefix_is_found_behind_paths_options_and_case(words: str, argv: str, end: int) -> None:
    assert prefix_end(words.split(), argv.split()) == end


@pytest.mark.parametrize(
    "said", ["./git status", "/usr/bin/git status", "GIT status", "git -C . status", "g*t status"]
)
def test_an_allow_prefix_is_taken_to_the_letter(said: str) -> None:
    assert decide([command(ALLOW, "git status")], runs(said)).decision is None


def test_a_long_row_of_options_is_searched_quickly() -> None:
    argv = ("git", *["-x"] * 50_000, "push")

    assert prefix_end(("git", "push"), argv) == 0


@pytest.mark.parametrize("name", [".ENV", ".e\u200bnv", "\uff0eenv", ".en\u00adv", ".EN\u2060V"])
def test_a_deny_rule_sees_through_look_alike_names(name: str) -> None:
    assert decide([Rule(decision=DENY, path=(".env",))], writes(name)).decision is DENY


def test_an_allow_rule_does_not_take_look_alikes_for_the_name() -> None:
    allow = Rule(decision=ALLOW, path=("docs/*",))

    assert decide([allow], writes("docs/a.md")).decision is ALLOW
    assert decide([allow], writes("DOCS/a.md")).decision is None


def test_an_exclamation_mark_takes_files_out() -> None:
    deny = Rule(decision=DENY, path=(".env", ".env.*", "!.env.example"))

    assert decide([deny], writes(".env.local")).decision is DENY
    assert decide([deny], writes(".env.example")).decision is None
    assert decide([deny], writes(".env.example", ".env")).decision is DENY


def test_a_file_outside_the_workspace_is_granted_only_by_a_rule_that_names_its_place() -> None:
    outside = writes("/etc/hosts")

    assert decide([Rule(decision=ALLOW)], outside).decision is None
    assert decide([Rule(decision=ALLOW, path=("hosts",))], outside).decision is None
    assert decide([Rule(decision=ALLOW, path=("/etc/*",))], outside).decision is ALLOW


def test_a_denied_alias_is_denied_and_an_allowed_alias_is_not_enough() -> None:
    link = Question(
        tool="write_file", acts=(Act(effect=Effect.WRITE, names=("secret/key",), aliases=("docs/key",)),)
    )

    assert decide([Rule(decision=ALLOW, path=("docs/*",))], link).decision is None
    assert decide([Rule(decision=DENY, path=("docs/*",))], link).decision is DENY


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        (Rule(decision=DENY, effect=Effect.WRITE), True),
        (Rule(decision=DENY, effect=Effect.READ), False),
        (Rule(decision=DENY, tool="write_*"), True),
        (Rule(decision=DENY, tool="WRITE_file"), True),
        (Rule(decision=DENY, tool="shell"), False),
        (Rule(decision=DENY, command="write_file"), False),
        (Rule(decision=DENY, host="*"), False),
    ],
)
def test_conditions_are_taken_together(rule: Rule, hit: bool) -> None:
    question = Question(tool="write_file", acts=(Act(effect=Effect.WRITE, names=("a",), host=""),))

    assert (decide([rule], question).decision is DENY) is hit


def test_a_host_is_matched_by_a_glob() -> None:
    fetch = Question(tool="fetch", acts=(Act(effect=Effect.NETWORK, host="docs.python.org"),))
    bare = Question(tool="fetch", acts=(Act(effect=Effect.NETWORK),))
    allow = Rule(decision=ALLOW, host="*.python.org")

    assert decide([allow], fetch).decision is ALLOW
    assert decide([allow], bare).decision is None
    assert decide([Rule(decision=ALLOW, host="python.org")], fetch).decision is None


def test_a_rule_is_told_in_words() -> None:
    rule = Rule(decision=DENY, tool="shell", command="git push", origin="roost/rules.toml, rule 2")

    assert str(rule) == "deny tool shell, command `git push …` (roost/rules.toml, rule 2)"
    assert str(Rule(decision=ALLOW)) == "allow everything"


def test_folding_keeps_what_is_plain() -> None:
    assert fold("src/Main.py") == "src/main.py"
    assert fold("straße") == "strasse"
