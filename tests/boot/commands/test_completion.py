"""What a shell is told to offer after `roost`."""

import shutil
import subprocess
from pathlib import Path

import pytest

from boot.arguments import parser
from boot.commands.completion import SCRIPTS, first_words
from boot.commands.table import NAMES

SHELLS = [
    pytest.param(shell, marks=pytest.mark.skipif(not shutil.which(shell), reason=f"no {shell} here"))
    for shell in SCRIPTS
]


def offered(*line: str) -> list[str]:
    """By bash, when Tab is pressed at the end of `line`."""
    words = " ".join(f"'{word}'" for word in line)
    program = "\n".join(
        [
            *SCRIPTS["bash"](),
            f"COMP_WORDS=({words}); COMP_CWORD={len(line) - 1}; _roost",
            'printf "%s\\n" "${COMPREPLY[@]}"',
        ]
    )
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        (("roost", "se"), ["sessions", "serve", "settings"]),
        (("roost", "--per"), ["--permission"]),
        (("roost", "--permission", "a"), ["ask", "auto-edit"]),
        (("roost", "sessions", "ex"), ["export"]),
        (("roost", "serve", "--engine", "v"), ["vllm"]),
        (("roost", "doctor", "--off"), ["--offline"]),
        (("roost", "completion", ""), ["-h", "--help", "--workspace", "bash", "zsh", "fish"]),
        (("roost", "--offline", "--gem"), ["--gemini"]),
        (("roost", "zzz"), []),
    ],
)
def test_bash_offers_commands_flags_and_values(line: tuple[str, ...], offers: list[str]) -> None:
    assert offered(*line) == offers


def test_every_command_and_flag_is_offered() -> None:
    words = {word.text for word in first_words()}

    assert words >= {*NAMES, *(flag for action in parser()._actions for flag in action.option_strings)}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_that_the_shell_can_read(shell: str, tmp_path: Path) -> None:
    script = tmp_path / f"roost.{shell}"
    script.write_text("\n".join(SCRIPTS[shell]()) + "\n")

    read = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True)

    assert (read.returncode, read.stderr) == (0, "")
