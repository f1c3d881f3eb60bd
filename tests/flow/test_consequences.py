"""How far a rule reaches into a shell command, whatever the command is made of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rules import Decision, Rule
from flow.permission import Mode
from tests.counting import calls_in
from tests.flow.permitting import ALLOW, ASK, allow, decision, permissions


@pytest.mark.parametrize(
    "command",
    [
        "git status; make",
        "git status && make",
        "git status || make",
        "git status | make",
        "git status & make",
        "git status\nmake",
        "git status $(make)",
        "git status `make`",
        'git status "$(make)"',
        "git status <(make)",
        "git status > >(make)",
        "git status > out.txt",
        "git status > /tmp/out.txt",
        "git status $ARGS",
        "git status ${ARGS}",
        "$GIT status",
        "./git status",
        "bin/git status",
        "/usr/bin/git status",
        "git -c core.pager=x status",
        "git -C .. status",
        "g{it,x} status",
        "g* status",
        "PATH=. git status",
        "GIT_EXTERNAL_DIFF=./x git status",
        "LD_PRELOAD=./x.so git status",
        "env PATH=. git status",
        "env -C .. git status",
        "env -S 'git status'",
        "export PATH=.; git status",
        "PATH=.; git status",
        "alias git=./x; git status",
        "git() { ./x; }; git status",
        "function git { ./x; }; git status",
        "eval git status",
        "source ./x; git status",
        ". ./x; git status",
        "hash -p ./x git; git status",
        "enable -f ./x git; git status",
        "read PATH; git status",
        "for PATH in .; do git status; done",
        "printf x | sh; git status",
        "sudo git status",
        "doas git status",
        "su -c 'git status'",
        "exec -x git status",
        "timeout --unknown 5 git status",
        "xargs -I status git status",
        "xargs -I{} sh -c 'git status {}'",
        "find status -exec git {} ;",
        "find . -exec git status {} ; -delete",
        "find . -fprint x -exec git status ;",
        "bash -c 'git status; make'",
        "bash -c 'git status' -x; make",
        "bash -x -O extglob -c 'git status'",
        "bash --rcfile ./x -c 'git status'",
        "bash <<E\ngit status\nE",
        "git status <<E\n$(make)\nE",
        "git status #\\\n\nmake",
        "git sta\\\ntus",
        "git status 'open",
        "git status \x07",
        "if git status; then make; fi",
        "case x in x) git status;; esac",
        "coproc git status",
        "trap 'make' EXIT; git status",
        "ssh host git status",
        "git stat",
        "git",
        "",
        "# git status",
        "git\u00a0status",
        "ｇit status",
    ],
)
def test_an_allow_rule_does_not_reach_what_is_more_than_it_says(command: str) -> None:
    policy = permissions("/home/person/project", allow("git status"), mode=Mode.ASK)

    assert decision(policy, command) is ASK


@pytest.mark.parametrize(
    "command",
    [
        "git status",
        "git status -s -- src",
        "git  status",
        "git 'status' \"-s\"",
        "git status && git status",
        "git status 2>&1",
        "git status > /dev/null",
        "timeout 5 git status",
        "time nice -n 3 git status",
        "env CI=1 git status",
        "LANG=C git status",
        "bash -c 'git status'",
        "(git status)",
        "{ git status; }",
        "for i in 1 2; do git status; done",
        "! git status",
        "[ -d .git ] && git status",
        "git status # to see",
        "xargs -0 git status",
    ],
)
def test_an_allow_rule_reaches_all_that_only_says_the_same(command: str) -> None:
    policy = permissions("/home/person/project", allow("git status"), mode=Mode.ASK)

    assert decision(policy, command) is ALLOW


SHELL_TEXT = st.text(alphabet="ab -;&|<>(){}'\"\\\n#=*x/.", max_size=12)


@settings(max_examples=300)
@given(SHELL_TEXT, st.sampled_from(["$(a)", "`a`", "$a", "${a}", "$(a", "`"]), SHELL_TEXT)
def test_an_expansion_outside_single_quotes_is_never_allowed_by_a_rule(
    before: str, inside: str, after: str
) -> None:
    plain = "'" not in before and "\\" not in before and "#" not in before and "<" not in before
    command = f"a {before}{inside}{after}"

    judged = decision(permissions("/p/w", Rule(decision=ALLOW, tool="shell"), mode=Mode.ASK), command)

    assert not plain or judged is not ALLOW


@settings(max_examples=300)
@given(st.text(alphabet="git satus-;&|<>(){}$'\"\\\n#=*/.~![]:", max_size=30))
def test_no_text_breaks_the_policy(command: str) -> None:
    assert decision(permissions("/p/w", allow("git")), command) in Decision


@pytest.mark.parametrize(
    "command",
    [
        "x " * 49_000 + "'",
        "rm -" + "r" * 90_000 + "x",
        "cat " + "/*" * 40_000,
        "cat " + "{a,b}" * 15_000,
        "(" * 90_000,
    ],
    ids=["open quote", "long option", "wildcards", "braces", "parentheses"],
)
@pytest.mark.slow
def test_what_is_built_to_be_slow_costs_its_length(command: str) -> None:
    judged = list[Decision]()
    calls = calls_in(lambda: judged.append(decision(permissions(mode=Mode.ASK), command)))

    assert calls < 100 * len(command)
    assert judged[0] in Decision
