"""Modes, default denials, rules and answers: what may run, what is asked, what is refused, in which words."""

import pytest

from core.errors import NobodyToAsk, PermissionDenied
from core.messages import ToolCall
from core.permissions import Approval, Effect, Scope
from core.policies import PermissionQuestion
from core.rules import Decision, Rule
from flow.permission import Mode
from flow.why import explain
from tests.flow.permitting import ALLOW, ASK, CALL, DENY, allow, decision, file_decision, permissions
from tests.processes import printed_by

YES, NO = ALLOW, DENY


@pytest.mark.parametrize(
    ("mode", "isolated", "expected"),
    [
        (Mode.PLAN, True, (YES, NO, NO, ASK)),
        (Mode.ASK, True, (YES, ASK, ASK, ASK)),
        (Mode.AUTO_EDIT, True, (YES, YES, YES, ASK)),
        (Mode.FULL, True, (YES, YES, YES, YES)),
        (Mode.PLAN, False, (YES, NO, NO, ASK)),
        (Mode.ASK, False, (YES, ASK, ASK, ASK)),
        (Mode.AUTO_EDIT, False, (YES, YES, ASK, ASK)),
        (Mode.FULL, False, (YES, YES, ASK, YES)),
    ],
)
def test_the_mode_decides_what_no_rule_does(
    mode: Mode, isolated: bool, expected: tuple[Decision, ...]
) -> None:
    policy = permissions(mode=mode, isolated=isolated)

    decisions = tuple(policy.judge(effect, policy.found("tool", effect, {})).decision for effect in Effect)

    assert decisions == expected


@pytest.mark.parametrize("mode", list(Mode))
def test_a_deny_rule_holds_in_every_mode(mode: Mode) -> None:
    policy = permissions("/p/w", Rule(decision=DENY, command="make"), mode=mode)

    assert decision(policy, "make all") is DENY


@pytest.mark.parametrize("effect", [Effect.WRITE, Effect.EXECUTE])
def test_no_rule_lifts_what_plan_refuses(effect: Effect) -> None:
    policy = permissions("/p/w", Rule(decision=ALLOW), mode=Mode.PLAN)

    assert policy.judge(effect, policy.found("tool", effect, {})).decision is DENY


def test_rules_change_what_the_mode_would_do() -> None:
    rules = (
        allow("git status"),
        Rule(decision=ASK, command="make"),
        Rule(decision=ASK, effect=Effect.READ, path=("x",)),
    )

    assert decision(permissions("/p/w", *rules, mode=Mode.ASK), "git status -s") is ALLOW
    assert decision(permissions("/p/w", *rules, mode=Mode.FULL), "make all") is ASK
    assert file_decision(permissions("/p/w", *rules), "x") is ASK


def test_no_rule_lifts_the_question_before_a_command_that_is_not_isolated() -> None:
    policy = permissions("/p/w", allow("git"), isolated=False)

    assert decision(policy, "git status") is ASK


@pytest.mark.parametrize(
    ("mode", "isolated", "asked", "said"),
    [
        (
            Mode.ASK, False, ("shell", Effect.EXECUTE, {"command": "make"}),
            "shell was refused: nobody is there to ask."
            " Get a sandbox (roost doctor says how) and run with --permission full, or run with"
            " --sandbox external --permission full on a machine that is itself one.",
        ),
        (
            Mode.FULL, False, ("shell", Effect.EXECUTE, {"command": "make"}),
            "shell was refused: nobody is there to ask. Get a sandbox (roost doctor says how), or run with"
            " --sandbox external on a machine that is itself one.",
        ),
        (
            Mode.ASK, True, ("shell", Effect.EXECUTE, {"command": "make all"}),
            "shell was refused: nobody is there to ask. Run with --permission auto-edit,"
            " or add to rules.toml: allow tool shell, effect execute, command `make all …`.",
        ),
        (
            Mode.ASK, True, ("shell", Effect.EXECUTE, {"command": "make $(x)"}),
            "shell was refused: nobody is there to ask. Run with --permission auto-edit.",
        ),
        (
            Mode.ASK, True, ("write_file", Effect.WRITE, {"path": "src/a.py"}),
            "write_file was refused: nobody is there to ask. Run with --permission auto-edit,"
            " or add to rules.toml: allow tool write_file, effect write, path src/*.",
        ),
        (
            Mode.AUTO_EDIT, True, ("fetch", Effect.NETWORK, {"url": "https://docs.python.org/3/"}),
            "fetch was refused: nobody is there to ask. Run with --permission full,"
            " or add to rules.toml: allow tool fetch, effect network, host docs.python.org.",
        ),
        (
            Mode.FULL, True, ("shell", Effect.EXECUTE, {"command": "git push --force"}),
            "shell was refused: nobody is there to ask. Leave this to the person.",
        ),
    ],
)  # fmt: skip
async def test_with_nobody_to_ask_the_refusal_names_the_way_out(
    mode: Mode, isolated: bool, asked: tuple[str, Effect, dict[str, object]], said: str
) -> None:
    policy = permissions(mode=mode, isolated=isolated, person=False)
    tool, effect, arguments = asked

    with pytest.raises(NobodyToAsk) as caught:
        await policy.check(ToolCall(id="1", name=tool, arguments="{}"), effect, arguments)

    assert str(caught.value) == said


YOURSELF = " Find another way; only the person can do this, in a terminal of their own."


@pytest.mark.parametrize(
    ("mode", "command", "said"),
    [
        (
            Mode.FULL, "rm -rf /",
            "shell was refused: it removes files outside the workspace, or all of it: 'rm -rf /'." + YOURSELF,
        ),
        (
            Mode.FULL, "npm publish",
            "shell was refused: a rule forbids it: CI does that (deny command `npm publish …`)." + YOURSELF,
        ),
        (
            Mode.FULL, "cat .env",
            "shell was refused: a rule forbids it: it holds secrets of the project." + YOURSELF,
        ),
        (
            Mode.PLAN, "ls",
            "shell was refused: mode plan only reads."
            " Say what you would do instead; the person can choose --permission ask.",
        ),
        (
            Mode.FULL, "echo " + "a" * 100_000,
            "shell was refused: a command of 100005 characters is too long to be checked. Write it to a file, and run the file.",
        ),
    ],
)  # fmt: skip
async def test_a_denial_says_why_and_what_to_do(mode: Mode, command: str, said: str) -> None:
    policy = permissions("/p/w", Rule(decision=DENY, command="npm publish", reason="CI does that"), mode=mode)

    with pytest.raises(PermissionDenied) as caught:
        await policy.check(CALL, Effect.EXECUTE, {"command": command})

    assert str(caught.value) == said
    assert not isinstance(caught.value, NobodyToAsk)


@pytest.mark.parametrize(
    ("command", "offer"),
    [
        ("git status -s", "allow tool shell, effect execute, command `git status …`"),
        ("git --no-pager log", "allow tool shell, effect execute, command `git --no-pager log`"),
        ("npm run test:unit -- -x", "allow tool shell, effect execute, command `npm run test:unit …`"),
        ("pytest tests/a.py", "allow tool shell, effect execute, command `pytest …`"),
        ("python -m pytest", "allow tool shell, effect execute, command `python -m pytest …`"),
        ("rm a.txt", "allow tool shell, effect execute, command `rm a.txt`"),
        ("./run.sh fast", "allow tool shell, effect execute, command `./run.sh fast`"),
        (
            "ls -l | head",
            "allow tool shell, effect execute, command `ls …`; allow tool shell, effect execute, command `head …`",
        ),
        (
            "ls > src/x",
            "allow tool shell, effect execute, command `ls …`; allow tool shell, effect write, path src/*",
        ),
        ("python -c 'print(1, 2)'", ""),
        ("make $(x)", ""),
        ("sudo make", ""),
        ("ls > /tmp/x", ""),
        ("git push --force", ""),
    ],
)
async def test_an_always_is_offered_as_narrow_as_is_of_use(command: str, offer: str) -> None:
    question = await permissions(mode=Mode.ASK).check(CALL, Effect.EXECUTE, {"command": command})

    assert question is not None
    assert question.rule == offer


async def test_a_question_says_why_it_is_asked() -> None:
    policy = permissions(mode=Mode.ASK, isolated=False)

    question = await policy.check(CALL, Effect.EXECUTE, {"command": "make"})

    assert question == PermissionQuestion(reason="commands are not isolated here, so each needs a yes")


@pytest.mark.parametrize(("scope", "kept"), [(Scope.ONCE, 0), (Scope.SESSION, 0), (Scope.ALWAYS, 1)])
async def test_an_answer_reaches_as_far_as_its_scope(scope: Scope, kept: int) -> None:
    rules: list[Rule] = []
    policy = permissions(mode=Mode.ASK)
    policy.keep = rules.append
    arguments = {"command": "make all"}

    await policy.check(CALL, Effect.EXECUTE, arguments)
    await policy.remember(CALL, arguments, Approval(allowed=True, scope=scope))

    assert decision(policy, "make all -j2") is (ASK if scope is Scope.ONCE else ALLOW)
    assert decision(policy, "make other") is ASK
    assert [rule.workspace for rule in rules] == ["/home/person/project"] * kept


async def test_a_no_is_not_remembered_as_a_yes() -> None:
    policy = permissions(mode=Mode.ASK)

    await policy.check(CALL, Effect.EXECUTE, {"command": "make"})
    await policy.remember(CALL, {"command": "make"}, Approval(allowed=False, scope=Scope.SESSION))

    assert decision(policy, "make") is ASK


async def test_an_answer_does_not_lift_the_question_before_a_command_that_is_not_isolated() -> None:
    policy = permissions(mode=Mode.ASK, isolated=False)

    await policy.check(CALL, Effect.EXECUTE, {"command": "make"})
    await policy.remember(CALL, {"command": "make"}, Approval(allowed=True, scope=Scope.ALWAYS))

    assert decision(policy, "make") is ASK


def test_why_tells_parts_rules_and_the_end() -> None:
    policy = permissions("/p/w", allow("ls"), mode=Mode.ASK, person=False)

    told = explain(policy, "shell", Effect.EXECUTE, {"command": "timeout 5 ls -l | wc -l > 'a b'"})

    assert told.splitlines() == [
        "wraps: timeout 5 ls -l",
        "runs: ls -l",
        "runs: wc -l",
        "writes: 'a b'",
        "No rule decides it: mode ask does, with commands isolated.",
        "A person is asked: mode ask asks before execute calls. With nobody to ask it is refused."
        " Run with --permission auto-edit, or add to rules.toml: allow tool shell, effect execute, command `ls …`;"
        " allow tool shell, effect execute, command `wc …`; allow tool shell, effect write, path ./a b.",
    ]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("rm -rf /", "danger (deny): it removes files outside the workspace, or all of it"),
        (
            "ls $(x)",
            "No allow rule can match it: what its command substitution does is only known when it runs.",
        ),
        ("ls", "rule: allow tool shell, command `ls …`"),
        ("ls", "Allowed: a rule allows it: allow tool shell, command `ls …`."),
        (
            "cat .env",
            "rule: deny path .env .env.* !.env.example !.env.sample !.env.template !.env.dist, because it holds secrets of the project",
        ),
    ],
)
def test_why_names_what_counted(command: str, line: str) -> None:
    policy = permissions("/p/w", allow("ls"), mode=Mode.ASK)

    assert line in explain(policy, "shell", Effect.EXECUTE, {"command": command}).splitlines()


def test_the_start_of_a_session_loads_no_parser() -> None:
    code = "import sys, flow.permission, core.rules; print({'tree_sitter', 'tomllib', 'pydantic'} & set(sys.modules))"

    assert printed_by(code) == "set()\n"
