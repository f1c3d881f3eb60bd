"""What an *always* grants is what its text says: read here by another reader than the one that decides."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from boot.rules_file import load_rules, remember
from core.permissions import Effect
from core.rules import Decision, Rule
from flow.consequences import Consequences
from flow.permission import Mode
from flow.rule_offers import offered_rules
from tests.flow.permitting import permissions

NAMES = ["git", "rm", "make", "python3", "ls", "curl", "./run.sh", "npm", "find", "echo", "sort", "docker"]
WORDS = [
    *(
        "status",
        "push",
        "build",
        "-rf",
        "-m",
        "run",
        "x",
        "src/a.py",
        "''",
        "'a b'",
        '"a\nb"',
        "'`'",
        "'$'",
        "$",
    ),
    *("\\ ", "'*'", "*", "a?", "--", "-c", "'#'", "# x", "'…'", "é", "'\t'", "a\\\nb", "test:unit", "'; rm'"),
]
JOINTS = [" ", " ", " ", "  ", "\t", "; ", " && ", " | ", "\n", " > ", " >> src/", " 2>&1 ", " & "]

words = st.sampled_from(WORDS)
commands = st.builds(
    lambda name, rest: name + "".join(joint + word for joint, word in rest),
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.sampled_from(JOINTS), st.one_of(words, st.sampled_from(NAMES))), max_size=5),
)


def judged(policy, command: str) -> tuple[Consequences, tuple[Rule, ...]]:
    found = policy.found("shell", Effect.EXECUTE, {"command": command})
    return found, offered_rules(found, policy.places)


def says(text: str, act) -> bool:
    """Whether a rule's text speaks of this act, as a person would read it."""
    assert text.startswith("allow tool shell, effect ")
    if f"effect {act.effect}" not in text:
        return False
    if found := re.search(r", command `(.*?)( …)?`$", text, re.DOTALL):
        words = found[1].split(" ")
        return list(act.argv[: len(words)] if found[2] else act.argv) == words
    if found := re.search(r", path (.*)$", text, re.DOTALL):
        place, _, last = found[1].removeprefix("./").rpartition("/")
        return any(
            name.rpartition("/")[0] == place and fnmatchcase(name.rpartition("/")[2], last)
            for name in act.names
        )
    return False


@pytest.mark.slow
@settings(max_examples=600)
@given(commands, commands)
def test_an_always_grants_no_more_than_its_text_says(approved: str, other: str) -> None:
    policy = permissions(mode=Mode.ASK)
    _, offers = judged(policy, approved)
    assume(offers)

    then = permissions("/home/person/project", *offers, mode=Mode.ASK)
    found = then.found("shell", Effect.EXECUTE, {"command": other})

    if then.judge(Effect.EXECUTE, found).decision is Decision.ALLOW:
        assert all(any(says(str(rule), act) for rule in offers) for act in found.question.acts)


@pytest.mark.slow
@settings(max_examples=600)
@given(commands)
def test_an_always_grants_what_was_approved(approved: str) -> None:
    policy = permissions(mode=Mode.ASK)
    found, offers = judged(policy, approved)
    assume(offers)

    then = permissions("/home/person/project", *offers, mode=Mode.ASK)

    assert then.judge(Effect.EXECUTE, found).decision in (Decision.ALLOW, Decision.DENY)
    assert all("\n" not in str(rule) for rule in offers)


@pytest.mark.slow
@settings(max_examples=200)
@given(commands)
def test_what_is_written_down_is_read_back_as_it_was(approved: str) -> None:
    import tempfile

    policy = permissions(mode=Mode.ASK)
    _, offers = judged(policy, approved)
    assume(offers)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.toml"
        for rule in offers:
            remember(rule, file)
        kept, warnings = load_rules(file, Path(policy.places.workspace))

    assert [str(rule).partition(" (")[0] for rule in kept] == [str(rule) for rule in offers]
    assert not warnings


@pytest.mark.parametrize(
    ("approved", "not_granted"),
    [
        ("rm ''", "rm -r src"),
        ("git ''", "git push"),
        ("rm build", "rm build src"),
        ("curl https://a.example", "curl https://a.example -o x https://b.example"),
        ("find . -name a", "find . -name a -delete"),
        ("./run.sh fast", "./run.sh fast --all"),
        ("bash a.sh", "bash a.sh b"),
        ("python3.11 -c 1", "python3.11 -c 2"),
        ("gawk 1 a", "gawk 2 a"),
        ("java -jar a", "java -jar b"),
        ("make", "make; rm x"),
        ("echo '$'", "rm x"),
        ("ls > 'a*/x'", "ls > ab/x"),
        ("ls > src/x", "ls > src/y/z"),
    ],
)
def test_what_looks_like_more_is_not_granted(approved: str, not_granted: str) -> None:
    policy = permissions(mode=Mode.ASK)
    _, offers = judged(policy, approved)
    then = permissions("/home/person/project", *offers, mode=Mode.ASK)

    found = then.found("shell", Effect.EXECUTE, {"command": not_granted})

    assert then.judge(Effect.EXECUTE, found).decision is not Decision.ALLOW


@pytest.mark.parametrize("url", ["http://[bad", "https://*.example/x", "nothing", ""])
def test_an_address_without_a_host_is_offered_no_rule(url: str) -> None:
    policy = permissions(mode=Mode.ASK)

    assert offered_rules(policy.found("fetch", Effect.NETWORK, {"url": url}), policy.places) == ()


@pytest.mark.parametrize("path", ["a*/b", "a?/b", "[a]/b", "!a/b"])
def test_a_folder_named_like_a_glob_is_offered_no_rule(path: str) -> None:
    policy = permissions(mode=Mode.ASK)

    assert offered_rules(policy.found("write_file", Effect.WRITE, {"path": path}), policy.places) == ()
