"""Made-up shell lines against the rules, judged by a real bash that runs what a rule allowed.

`git status` and `git log` are allowed. A line that the rules allow is run with nothing but stubs on its PATH,
which write down under which name and with which words they were called: whatever else than those two was
called is a fault. Nobody's rights are used for it, where root runs this.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from bench.fuzzing.found import Found
from core.permissions import Effect
from core.rules import Decision, Rule
from flow.permission import Mode, Permissions
from flow.places import Places

ALLOWED = ("git status", "git log")
RULES = tuple(Rule(decision=Decision.ALLOW, tool="shell", command=command) for command in ALLOWED)
BATCH = 400
STUBS = ("git", "make", "a", "b", "x", "rm", "sudo", "doas", "status", "log")
WRAPPERS = ("timeout", "env", "nice", "nohup", "stdbuf", "setsid", "xargs", "bash", "sh", "time")
"""Real programs that run what they are told to."""
WORDS = (
    *(["git status"] * 6),
    *("git log", "git status -s", "git log --oneline", "git  status", "git 'status'", "g\\it status"),
    *("make", "a", "b", "x", "git", "status", "log", "git push", "git stat", "./git status"),
    *("sudo git status", "timeout 5 git status", "env A=1 git status", "nice git log", "xargs git status"),
    *("bash -c 'git status'", "bash -c 'make'", 'sh -c "git status; a"', "env -i make", "nohup make"),
    *("timeout 1 make", "time git log"),
)
SIGNS = (
    *(" ", " ", " ; ", ";", " && ", " || ", " | ", " & ", "\n", " |& ", " -- ", " -x ", " > /dev/null "),
    *(
        " 2>&1 ",
        " $(",
        ")",
        "`",
        " ${",
        "}",
        '"',
        "'",
        "\\",
        "#",
        " # ",
        "(",
        " ( ",
        " { ",
        " ; }",
        "!",
        " ! ",
    ),
    *("<(", ">(", "<<E\n", "\nE\n", " <<< ", "$'", "\\n", "\\\n", "=", "A=1 ", "PATH=. ", "*", "?", "~"),
    *("[", "]", "{a,b}", "$x", "$?", "\t", "if ", "; then ", "; fi", "for i in a; do ", "; done", "while "),
    *("case x in x) ", ";; esac", "a() { ", "function a { ", "eval ", "coproc ", "trap ", "alias git=make\n"),
    *("[[ -f x ]] && ", "((1))", "\r", "\x0b", "\u00a0", "\udcff", "é", "\0"),
)
RUNNER = """
exec 3>&1
while IFS= read -r -d '' line; do
    printf '%s\\0' "==" >> "$CALLS"
    ( exec 3>&-; eval "$line" ) < /dev/null > /dev/null 2>&1
    wait
done
"""
STUB = '#!/bin/sh\nprintf "%s\\0" "$(basename "$0")${1:+ $1}" >> "$CALLS"\n'
NOT_FOUND = '() { printf "%s\\0" "$*" >> "$CALLS"; }'


def fuzz(count: int, seed: int, rules: Sequence[Rule] = RULES) -> Found:
    found, random = Found("shell lines"), Random(seed)
    with tempfile.TemporaryDirectory(prefix="roost-fuzz-") as folder:
        bash = Bash(Path(folder).resolve())
        allowed: list[str] = []
        policy = policy_for(bash.project, rules)
        for _ in range(count):
            line = a_line(random)
            with found.judging(line):
                if judged(policy, line, found):
                    allowed.append(line)
            if len(allowed) >= BATCH:
                bash.check(allowed, found)
                allowed.clear()
        bash.check(allowed, found)
    return found


def policy_for(project: Path, rules: Sequence[Rule]) -> Permissions:
    places = Places.of(str(project), str(project.parent))
    return Permissions(mode=Mode.ASK, isolated=True, has_person=True, places=places, rules=rules)


def judged(policy: Permissions, line: str, found: Found) -> bool:
    """Whether the rules allow it."""
    seen = policy.found("shell", Effect.EXECUTE, {"command": line})
    decision = policy.judge(Effect.EXECUTE, seen).decision
    found.verdicts[decision.value] += 1
    if decision is Decision.ALLOW and seen.parsed and not seen.parsed.understood:
        found.fault("it is allowed, and not understood", line)
    return decision is Decision.ALLOW


class Bash:
    """A real one, in a folder where every program is a stub."""

    def __init__(self, base: Path) -> None:
        self.project, self.calls, programs = base / "project", base / "calls", base / "programs"
        for folder in (self.project, programs):
            folder.mkdir()
        for name in STUBS:
            (programs / name).write_text(STUB)
            (programs / name).chmod(0o755)
        (self.project / "git").write_text(STUB.replace("$(basename", "./$(basename"))
        (self.project / "git").chmod(0o755)
        (programs / "ash").symlink_to("/bin/sh")
        for name in (*WRAPPERS, "basename"):
            for place in ("/usr/bin", "/bin"):
                if os.access(f"{place}/{name}", os.X_OK) and not os.access(programs / name, os.F_OK):
                    (programs / name).symlink_to(f"{place}/{name}")
        self.calls.touch()
        self.environment = {
            "PATH": str(programs),
            "CALLS": str(self.calls),
            "BASH_FUNC_command_not_found_handle%%": NOT_FOUND,
        }
        if os.getuid() == 0:
            for path in (base, self.project, self.calls):
                os.chown(path, 65534, 65534)

    def check(self, lines: Sequence[str], found: Found) -> None:
        """Run lines that were allowed, and look at what they called."""
        for line, calls in zip(lines, self.run(lines), strict=True):
            found.verdicts["run"] += 1
            wrong = [call for call in calls if call not in ALLOWED]
            if wrong:
                found.fault(f"it is allowed, and calls {wrong}", line)

    def run(self, lines: Sequence[str]) -> list[list[str]]:
        self.calls.write_text("")
        who: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        given = b"".join(os.fsencode(line) + b"\0" for line in lines)
        subprocess.run(
            ["/bin/bash", "--norc", "-c", RUNNER],
            input=given,
            cwd=self.project,
            env=self.environment,
            timeout=1500,
            check=True,
            stdout=sys.stderr,
            **who,
        )
        return list(self._called(self.calls.read_bytes().decode("utf-8", "surrogateescape")))

    def _called(self, text: str) -> Iterator[list[str]]:
        for part in text.split("==\0")[1:]:
            yield [" ".join(call.split()[:2]) for call in part.split("\0")[:-1]]


def a_line(random: Random) -> str:
    pieces = [random.choice(WORDS)]
    for _ in range(random.choice((0, 1, 1, 2, 3, 5))):
        pieces += [random.choice(SIGNS), random.choice(WORDS) if random.random() < 0.6 else ""]
    line = "".join(pieces)
    if random.random() < 0.2:
        at = random.randint(0, len(line))
        line = line[:at] + random.choice(SIGNS) + line[at + random.choice((0, 1)) :]
    return line
