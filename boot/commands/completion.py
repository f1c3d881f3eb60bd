"""`roost completion`: a script that lets bash, zsh or fish complete what follows `roost`."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from shlex import quote

from boot.forms import PERMISSIONS
from boot.layers import Loaded
from boot.serving.choice import DTYPES, ENGINES
from core.values import value

CHOICES = {
    "--permission": PERMISSIONS,
    "--sandbox": ("auto", "external", "none"),
    "--engine": ENGINES,
    "--dtype": DTYPES,
}
FOLDERS = ("--workspace",)
FILES = ("--output",)


@value
class Word:
    """What may be typed next, and what it does."""

    text: str
    purpose: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=tuple(SCRIPTS), metavar="SHELL", help="bash, zsh or fish")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    sys.stdout.write("\n".join(SCRIPTS[given.shell]()) + "\n")
    return 0


def first_words() -> Sequence[Word]:
    """What may follow `roost`: commands, then flags."""
    from boot.arguments import parser
    from boot.commands.table import COMMANDS

    return [*(Word(text=row.name, purpose=row.purpose) for row in COMMANDS), *_words(parser())]


def words_by_command() -> Iterator[tuple[str, Sequence[Word]]]:
    """What may follow each command."""
    from boot.commands.running import parser_of
    from boot.commands.table import COMMANDS

    for row in COMMANDS:
        yield row.name, _words(parser_of(row))


def _words(parser: argparse.ArgumentParser) -> Sequence[Word]:
    found: list[Word] = []
    for action in parser._actions:
        found += (Word(text=flag, purpose=action.help or "") for flag in action.option_strings)
        for choice in action.choices or ():
            found.append(Word(text=str(choice), purpose=""))
    return found


def bash() -> Iterator[str]:
    yield "# source it in ~/.bashrc, or keep it as ~/.local/share/bash-completion/completions/roost"
    yield "_roost() {"
    yield '    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=""'
    yield "    case $prev in"
    for flag, choices in CHOICES.items():
        yield f'        {flag}) COMPREPLY=($(compgen -W "{" ".join(choices)}" -- "$cur")); return ;;'
    yield f'        {"|".join(FOLDERS)}) COMPREPLY=($(compgen -d -- "$cur")); return ;;'
    yield f'        {"|".join(FILES)}) COMPREPLY=($(compgen -f -- "$cur")); return ;;'
    yield "    esac"
    yield "    if ((COMP_CWORD == 1)); then"
    yield f'        words="{_texts(first_words())}"'
    yield "    else"
    yield "        case ${COMP_WORDS[1]} in"
    for name, words in words_by_command():
        yield f'            {name}) words="{_texts(words)}" ;;'
    yield f'            -*) words="{_texts([word for word in first_words() if word.text[0] == "-"])}" ;;'
    yield "        esac"
    yield "    fi"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$cur"))'
    yield "}"
    yield "complete -F _roost roost"


def zsh() -> Iterator[str]:
    yield "#compdef roost"
    yield "# keep it as _roost in a folder of $fpath, or source it after compinit"
    yield "_roost() {"
    yield "    local -a offers"
    yield "    case ${words[CURRENT-1]} in"
    for flag, choices in CHOICES.items():
        yield f"        {flag}) offers=({' '.join(choices)}); _describe value offers; return ;;"
    yield f"        {'|'.join(FOLDERS)}) _files -/; return ;;"
    yield f"        {'|'.join(FILES)}) _files; return ;;"
    yield "    esac"
    yield "    if ((CURRENT == 2)); then"
    yield f"        offers=({_described(first_words())})"
    yield "    else"
    yield "        case ${words[2]} in"
    for name, words in words_by_command():
        yield f"            {name}) offers=({_described(words)}) ;;"
    yield f"            -*) offers=({_described([word for word in first_words() if word.text[0] == '-'])}) ;;"
    yield "        esac"
    yield "    fi"
    yield "    _describe 'roost' offers"
    yield "}"
    yield 'if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _roost "$@"; else compdef _roost roost; fi'


def _described(words: Sequence[Word]) -> str:
    return " ".join(quote(f"{word.text}:{word.purpose}".rstrip(":")) for word in words)


def fish() -> Iterator[str]:
    yield "# keep it as ~/.config/fish/completions/roost.fish"
    yield "complete -c roost -f"
    for word in first_words():
        yield _fish("__fish_use_subcommand", word)
    for name, words in words_by_command():
        for word in words:
            yield _fish(f"__fish_seen_subcommand_from {name}", word)


def _fish(condition: str, word: Word) -> str:
    what = f"-a {word.text}"
    if word.text.startswith("--"):
        what = f"-l {word.text[2:]}"
    elif word.text.startswith("-"):
        what = f"-s {word.text[1:]}"
    if word.text in CHOICES:
        what += f" -x -a {quote(' '.join(CHOICES[word.text]))}"
    elif word.text in (*FOLDERS, *FILES):
        what += " -r -F"
    told = word.purpose.replace("\\", "\\\\").replace("'", "\\'")
    return f"complete -c roost -n '{condition}' {what}" + (f" -d '{told}'" if told else "")


def _texts(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


SCRIPTS: dict[str, Callable[[], Iterator[str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
