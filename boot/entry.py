"""Where every start begins: which surface, with which settings, and what an error ends as.

main ─┬─ --version
      ├─ sessions, settings, doctor, why ─► boot/commands
      └─ parse ─► settings ─► wiring ─┬─► servr/headless   (-p)
                                      └─► servr/terminal   (chat)
"""

import os
import sys
from collections.abc import Sequence

from boot.version import VERSION

COMMANDS = ("sessions", "settings", "doctor", "why")
BUG, INTERRUPTED = 70, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run `roost` with these arguments and answer its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
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
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the last flush finds a way
        return 1
    except Exception as error:  # noqa: BLE001 - a surface's top level: whatever it is, it is told in one line
        from boot.logs import keep_bug

        _complain(f"A bug: {type(error).__name__}. {keep_bug(error)}")
        return BUG


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] and arguments[0] in COMMANDS:
        from boot.commands import run

        return run(arguments)
    from boot.arguments import parse

    given = parse(arguments)
    if given.version:
        return _say_version()
    import asyncio

    from boot.start import start

    return asyncio.run(start(given))


def _say_version() -> int:
    sys.stdout.write(f"roost {VERSION}\n")
    return 0


def _complain(text: str) -> None:
    sys.stderr.write(f"roost: {text}\n")
