"""What a shell command would run: found everywhere, and sure only when it is sure."""

import sys

import pytest

from flow.shell_grammar import MAX_CHARACTERS, MISSING_EXTRA, ParsedCommand, SimpleCommand, parse
from tests.counting import calls_in


def told(command: str) -> list[str]:
    """The commands that decide, each as one text."""
    return [" ".join(part.argv) for part in parse(command).parts if not part.wrapper]


def seen(command: str) -> set[str]:
    """All commands that deny rules see."""
    return {" ".join(part.argv) for part in parse(command).parts}


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("git status", ["git status"]),
        ("a; b && c || d", ["a", "b", "c", "d"]),
        ("a | b |& c &", ["a", "b", "c"]),
        ("a\nb", ["a", "b"]),
        ("(a; b) && { c; }", ["a", "b", "c"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("while a; do b; done", ["a", "b"]),
        ("until a; do b; done", ["a", "b"]),
        ("for f in x y; do a; done", ["a"]),
        ("! a", ["a"]),
        ("a # b", ["a"]),
        ("a # b \\\nc", ["a", "c"]),
        ("[ -f x ] && a", ["a"]),
        ("[[ -f x ]] && a", ["a"]),
        ("git \\\n  status", ["git status"]),
        ('g"i"t st\\atus', ["git status"]),
        ("r''m 'x'", ["rm x"]),
        (r"$'r\x6d' x", ["rm x"]),
        (r"$'\162m' x", ["rm x"]),
        (r"$'\u0072m' x", ["rm x"]),
        (r"$'rm\0zzz' x", ["rm x"]),
        ('$"rm" x', ["rm x"]),
        (r"\rm x", ["rm x"]),
        (r"a\;b", ["a;b"]),
        ('a "b; c"', ["a b; c"]),
        ('a "x \\" y"', ['a x " y']),
        ("CI=1 LANG=C git status", ["git status"]),
        ("echo $?", ["echo $?"]),
        ("cat <<'EOF' > a.py\nx = \"$(rm)\"\nEOF", ["cat"]),
        ("cat <<EOF\nplain\nEOF\ngit status", ["cat", "git status"]),
        ("cat <<A && b > q\nbody\nA", ["cat", "b"]),
        ("rm >x -rf /", ["rm -rf /"]),
        ("rm -a <x 2>&1 -rf / | b", ["rm -a -rf /", "b"]),
        (">x rm -rf /", ["rm -rf /"]),
        ("rm <<E -rf /\nbody\nE", ["rm -rf /"]),
        ("rm <<< x -rf /", ["rm -rf /"]),
        ("command -v git", ["command -v git"]),
        ("bash run.sh -x", ["bash run.sh -x"]),
        ("timeout 5 git status", ["git status"]),
        ("timeout -k 3 --signal=KILL 5s git status", ["git status"]),
        ("nice -n 5 nohup stdbuf -oL setsid -w a b", ["a b"]),
        ("nice -5 a", ["a"]),
        ("time -p a", ["a"]),
        ("env -u X CI=1 a b", ["a b"]),
        ("env -i a", ["a"]),
        ("command -p a", ["a"]),
        ("exec a", ["a"]),
        ("xargs -0 -n 1 grep x", ["grep x"]),
        ("xargs", ["echo"]),
        ("busybox ls x", ["ls x"]),
        ("bash -c 'a; b'", ["a", "b"]),
        ("bash -euo pipefail -c 'a && b'", ["a", "b"]),
        ("sh -lc \"sh -c 'a b'\"", ["a b"]),
        ("watch -n 2 git status", ["git status"]),
        (
            "find . -name '*.py' -exec grep -l x {} +",
            ["find . -name *.py -exec grep -l x {} +", "grep -l x {}"],
        ),
        ("find src -delete", ["find src -delete", "rm -r src"]),
    ],
)
def test_a_command_that_is_understood_has_these_parts(command: str, parts: list[str]) -> None:
    parsed = parse(command)

    assert (told(command), parsed.why_not) == (parts, "")
    assert parsed.understood


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("git status $(rm x)", "rm x"),
        ("git status `rm x`", "rm x"),
        ('git status "$(rm x)"', "rm x"),
        ('echo "a `rm x` b"', "rm x"),
        ("echo ${a:-$(rm x)}", "rm x"),
        ("a=$(rm x)", "rm x"),
        ("a=(1 $(rm x))", "rm x"),
        ("echo $((1 + $(rm x)))", "rm x"),
        ("diff <(rm x) y", "rm x"),
        ("a > >(rm x)", "rm x"),
        ("for f in $(rm x); do a; done", "rm x"),
        ("case x in a) rm x;; esac", "rm x"),
        ("[[ -f $(rm x) ]]", "rm x"),
        ("f() { rm x; }; f", "rm x"),
        ("function f { rm x; }", "rm x"),
        ("eval rm x", "rm x"),
        ("eval 'rm x'", "rm x"),
        ("cat <<EOF\n$(rm x)\nEOF", "rm x"),
        ("sh <<EOF\nrm x\nEOF", "rm x"),
        ("cat <<EOF | sh\nrm x\nEOF", "rm x"),
        ("sh <<< 'rm x'", "rm x"),
        ("timeout 5 sh <<< 'rm x'", "rm x"),
        ("a b\n\\\n rm x", "rm x"),
        ("a ={$b/; rm x", "rm x"),
        ("! ! rm x; a $b", "rm x"),
        ("! { rm x; }", "rm x"),
        ("sudo rm x", "rm x"),
        ("sudo -u bob -- rm x", "rm x"),
        ("sudo -Z rm x", "rm x"),
        ("doas rm x", "rm x"),
        ("su -c 'rm x' bob", "rm x"),
        ("env PATH=. rm x", "rm x"),
        ("env -S 'rm x'", "rm x"),
        ("timeout --odd 5 rm x", "rm x"),
        ("xargs -I{} rm x", "rm x"),
        ("xargs sh -c 'rm x'", "rm x"),
        ("find . -exec sh -c 'rm x' ';'", "rm x"),
        ("bash --rcfile y -c 'rm x'", "rm x"),
        ("trap 'rm x' EXIT", "rm x"),
        ("parallel rm x", "rm x"),
        ("ssh host rm x", "rm x"),
        ("coproc rm x", "rm x"),
        ("r\\\nm x", "rm x"),
        ('"r\\\nm" x', "rm x"),
        ("PATH=. rm x", "rm x"),
        ("LD_PRELOAD=./a.so rm x", "rm x"),
        ("BASH_ENV=x; rm x", "rm x"),
        ("export PATH=.; rm x", "rm x"),
        ("declare -x A=$(rm x)", "rm x"),
        ("read PATH; rm x", "rm x"),
        ("for PATH in .; do rm x; done", "rm x"),
        ("$x; rm x", "rm x"),
        ("a $x; rm x", "rm x"),
        ('a "$x"; rm x', "rm x"),
        ("/bin/r? y; rm x", "rm x"),
        ("{rm,x} y; rm x", "rm x"),
        ("source ./f; rm x", "rm x"),
        (". ./f; rm x", "rm x"),
        ("alias a=b; rm x", "rm x"),
        ("((i=1)); rm x", "rm x"),
        ("rm x\x07", "rm x\x07"),
        ("rm x; echo 'open", "rm x"),
        ("rm x; if", "rm x"),
        ("rm x <> y", "rm x"),
        ("bash -s; rm x", "rm x"),
        ("bash; rm x", "rm x"),
        ("rm x | bash -", "rm x"),
        ("cat <<'E F'\nbody\nE F\nrm x", "rm x"),
        ("{ rm; } >y x", "rm x"),
        ("cat << \\E\nbody\nE\nrm x", "rm x"),
        ("a;#b\nrm x; a$(b)", "rm x"),
        ("'r'\\m x", "rm x"),
        ("git status # a\n\\rm x", "rm x"),
        ("git status\n  \\rm x", "rm x"),
        ("a=b \\ ! rm x", "_! rm x"),
        ("a & \\ #b rm x", "_#b rm x"),
        ("bash -c 'rm x'\\y", "bash -c rm xy"),
    ],
)
def test_a_command_that_is_not_surely_known_says_so_and_shows_its_parts(command: str, part: str) -> None:
    parsed = parse(command)

    assert part in seen(command)
    assert not parsed.understood
    assert parsed.why_not


def test_redirections_are_told_apart() -> None:
    parsed = parse(">a cmd >>b <c &>d >&e >|f 2>&1 2>&- && x > 'g h'")

    assert parsed.writes == ("a", "b", "d", "e", "f", "g h")
    assert parsed.reads == ("c",)
    assert parsed.understood


def test_a_pipe_tells_who_feeds_whom() -> None:
    parts = {part.argv: part.fed_by for part in parse("curl x | tee y | sudo sh; ls").parts}

    assert parts["tee", "y"] == ("curl",)
    assert parts[("sh",)] == ("curl", "tee")
    assert parts[("ls",)] == ()


def test_a_wrapper_is_a_part_that_does_not_decide() -> None:
    assert parse("timeout 5 ls").parts == (
        SimpleCommand(argv=("timeout", "5", "ls"), wrapper=True),
        SimpleCommand(argv=("ls",)),
    )


def test_find_names_the_places_it_starts_at_to_what_it_runs() -> None:
    assert "rm -rf / /etc" in seen("find -L / /etc -exec rm -rf {} +")
    assert "rm -rf /found /etc/found" in seen("find -L / /etc -name x -exec rm -rf {} +")


def test_a_here_document_whose_end_is_doubtful_is_not_understood() -> None:
    assert not parse("cat <<'E F'\nbody\nE F\n").understood


def test_without_the_extra_plain_commands_are_still_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_bash", None)

    plain, other = parse("git log --oneline -n 5"), parse("sudo 'rm' -rf /; cat $(x) > \"out\"")

    assert plain == parse("git log --oneline -n 5")
    assert plain.understood
    assert (other.understood, other.why_not) == (False, MISSING_EXTRA)
    assert {("rm", "-rf", "/"), ("x",)} <= {part.argv for part in other.parts}


def test_a_very_long_command_is_not_understood_and_still_looked_at() -> None:
    parsed = parse("rm x; " + "echo a; " * MAX_CHARACTERS)

    assert not parsed.understood
    assert ("rm", "x") in [part.argv for part in parsed.parts]


@pytest.mark.parametrize(
    "command",
    [
        "(" * 5_000 + "rm x" + ")" * 5_000,
        "sh -c " * 3_000 + "'rm x'",
        "sudo " * 5_000 + "rm x",
        "$(" * 2_000 + "rm x" + ")" * 2_000,
        "a && " * 5_000 + "rm x",
        "a | " * 5_000 + "rm x",
        "xargs " * 5_000 + "rm x",
        "find " + ". " * 5_000 + "-exec rm {} ; " * 2_000,
        "rm x " + "-r" * 40_000,
        "{a," * 5_000 + "}" * 5_000,
    ],
    ids=lambda command: command[:12],
)
def test_what_is_built_to_be_slow_costs_its_length(command: str) -> None:
    parsed = list[ParsedCommand]()
    calls = calls_in(lambda: parsed.append(parse(command)))

    assert calls < 1_000 * len(command)
    assert len(parsed[0].parts) < 100_000


@pytest.mark.parametrize(
    "command", ["", " ", "\n", "#", ";", "&&", "''", "\ud800", "\0", "$", '"', 'sh -" "git; a"é', '"é$x é']
)
def test_what_is_no_command_does_not_break(command: str) -> None:
    parse(command)
