"""From understood arguments to a running surface: one task without a person, or a chat with one."""

import os
import select
import stat
import sys
from contextlib import redirect_stdout

from boot.arguments import Arguments
from boot.layers import Loaded, here, load_settings
from boot.logs import set_up_logging
from boot.masking import masking_of, too_short
from boot.model_way import Kind
from boot.wiring import Choice, open_session
from core.errors import ConfigError
from core.visible import visible

PATIENCE_SECONDS = 3.0
"""How long a pipe may say nothing before a task that has a text goes on without it."""


async def start(given: Arguments) -> int:
    loaded = load_settings(here(), given.settings)
    around = here()
    masking = masking_of(loaded.settings, around)
    set_up_logging(loaded.settings.log_level, masking)
    _tell(*loaded.warnings, *too_short(loaded.settings, around))
    if given.prompt is None:
        return await _chat(given, loaded)
    return await _task(given, loaded, task_text(given.prompt))


async def _task(given: Arguments, loaded: Loaded, text: str) -> int:
    from servr.headless import run_task

    out = sys.stdout
    with redirect_stdout(sys.stderr):  # what a plug-in prints is no part of the answer
        async with open_session(loaded.settings, _choice(given, "server")) as opened:
            _tell(*opened.notices)
            return await run_task(opened.session, text, out=out, json=given.json, deltas=given.deltas)


async def _chat(given: Arguments, loaded: Loaded) -> int:
    from boot.chat import chat_from

    if given.json:
        raise ConfigError("--json and --deltas need a task.", hint='Give one with -p "…".')
    return await chat_from(loaded, _choice(given, "server or offline"), given.settings)


def _choice(given: Arguments, otherwise: Kind) -> Choice:
    chosen: Kind = "offline" if given.offline else "gemini" if given.gemini else otherwise
    named = given.offline or given.gemini or "model" in given.settings
    return Choice(newest=given.newest, resume=given.resume, model=chosen, last_model=not named)


def task_text(prompt: str) -> str:
    """What is to be done: the text of `-p`, then what comes from standard input, if it is no terminal.

    Raises:
        ConfigError: both are empty.
    """
    parts = [prompt, "" if sys.stdin is None or sys.stdin.isatty() else _piped(patient=not prompt)]
    text = "\n\n".join(part.strip() for part in parts if part.strip())
    if not text:
        raise ConfigError("There is nothing to do.", hint='Give a task with -p "…", or on standard input.')
    return text


def _piped(*, patient: bool) -> str:
    """Standard input to its end. A pipe that stays silent is left alone, unless it is all there is."""
    is_pipe = not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
    if is_pipe and not patient and not select.select([sys.stdin], [], [], PATIENCE_SECONDS)[0]:
        _tell(f"Standard input said nothing for {PATIENCE_SECONDS:g} s: going on without it.")
        return ""
    return sys.stdin.buffer.read().decode("utf-8", errors="replace")


def _tell(*texts: str) -> None:
    for text in texts:
        sys.stderr.write(f"roost: {visible(text)}\n")
