"""A text in the person's own editor: `$VISUAL`, `$EDITOR`, or what there is."""

import asyncio
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from core.errors import ConfigError

USUAL = ("nano", "vi", "notepad.exe")


async def edited(text: str, name: str) -> str:
    """What the person makes of `text`, shown to them as a file called `name`.

    Raises:
        ConfigError: there is no editor, or it ended with an error; the text is as it was.
    """
    from prompt_toolkit.application import in_terminal

    argv = editor(os.environ)
    with TemporaryDirectory(prefix="roost-") as folder:  # for the owner alone
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8")
        async with in_terminal():
            try:
                process = await asyncio.create_subprocess_exec(*argv, str(file))
                exit_code = await process.wait()
            except OSError as error:
                hint = "Set EDITOR to one that is there."
                raise ConfigError(
                    f"The editor {argv[0]!r} cannot be started: {error.strerror}.", hint=hint
                ) from error
        if exit_code:
            raise ConfigError(f"The editor ended with {exit_code}.", hint="Nothing was changed.")
        return file.read_text(encoding="utf-8", errors="replace")


def editor(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The command that the environment names, else the first of the usual ones. Raises ConfigError."""
    named = environment.get("VISUAL") or environment.get("EDITOR") or ""
    try:
        words = tuple(shlex.split(named))
    except ValueError as error:
        raise ConfigError(f"EDITOR is {named!r}, which is no command.", hint="Mend it.") from error
    if words:
        return words
    found = next((name for name in USUAL if which(name)), None)
    if found is None:
        raise ConfigError("There is no editor.", hint="Set EDITOR to one.")
    return (found,)
