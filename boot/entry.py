"""Where every start begins: which surface, with which settings, and what an error ends as.

main ─┬─ --version
      ├─ sessions, models, calibrate, settings, doctor, why ─► boot/commands
      └─ parse ─► settings ─► wiring ─┬─► servr/headless   (-p)
                                      └─► servr/terminal   (chat)
"""

import atexit
import gc
import os
import sys
from collections.abc import Sequence

from boot.version import VERSION

COMMANDS = ("sessions", "undo", "models", "calibrate", "settings", "doctor", "why")
BUG, INTERRUPTED = 70, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `roost` with these arguments and answer its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_what_is_closed()
    if arguments == ["--version"]:
        return _say_version()
    from core.errors import AgentError

    try:
        return _dispatch(arguments)
    except AgentError as error:
        _complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        return _end_without(error)
    except Exception as error:  # noqa: BLE001 - a surface's top level: whatever it is, it is told in one line
        from boot.logs import keep_bug

        _complain(f"A bug: {type(error).__name__}. {keep_bug(error)}")
        return BUG


def _dispatch(arguments: list[str]) -> int:
    from boot.commands.table import NAMES

    if arguments and arguments[0] in NAMES:
        from boot.commands.running import run

        return run(arguments)
    from boot.arguments import parse

    given = parse(arguments)
    if given.version:
        return _say_version()
    atexit.register(gc.freeze)  # what a process still holds at its end is not searched for garbage
    gc.disable()  # nor is what a start makes: it is kept. An open session enables it
    try:
        import asyncio

        from boot.start import start

        return asyncio.run(start(given))
    finally:
        gc.enable()


def _end_without(error: OSError) -> int:
    """A full disk, a folder without rights: the user mends it, wherever it shows. The exit code."""
    from core.errors import StoreError

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the last flush finds a way
    if isinstance(error, BrokenPipeError):
        return 1
    if error.filename is None:
        from boot.logs import keep_bug

        _complain(f"The output cannot be written: {error.strerror or error}. {keep_bug(error)}")
    else:
        _complain(f"{str(error.filename)!r} cannot be used: {error.strerror}. Make room, or mend its rights.")
    return StoreError.exit_code


def _open_what_is_closed() -> None:
    """A stream that whoever started us had closed is None: then nothing is read, and nobody is told."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            from pathlib import Path

            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - to the end


def _say_version() -> int:
    sys.stdout.write(f"roost {VERSION}\n")
    return 0


def _complain(text: str) -> None:
    from boot.masking import masked_here
    from core.visible import visible

    sys.stderr.write(f"roost: {visible(masked_here(text))}\n")
