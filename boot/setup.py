"""Makes `.venv` beside cli.py: once, atomically, one process at a time.

lock ── still needed? ── venv (fresh, or cleared when unusable) ── pip install ── stamp
                                              │
                          `roost-unfinished` lies in .venv from here until the stamp is written
"""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import TextIO

from boot.stamp import Checkout, Stamp, running_python, with_extras_within
from core.errors import ConfigError
from store.locking import try_lock


def set_up_or_explain(root: str, extra: str, say: Callable[[str], None] | None = None) -> int:
    """The exit code: 0 when `.venv` is ready for `extra`, else what went wrong has been said on stderr."""
    say = say or to_stderr
    try:
        set_up(Checkout(root), extra, say)
    except ConfigError as error:
        say(str(error))
        return error.exit_code
    except OSError as error:
        say(f"Set-up could not write in {root!r}: {error}. Make the folder writable or move it.")
        return 2
    except KeyboardInterrupt:
        say("Set-up was interrupted. The next start begins it again.")
        return 130
    return 0


def to_stderr(line: str) -> None:
    print(f"roost: {line}", file=sys.stderr, flush=True)


def set_up(checkout: Checkout, extra: str, say: Callable[[str], None]) -> None:
    """Does nothing when the stamp is current.

    Raises:
        ConfigError: with pip's own words when pip failed.
    """
    if checkout.is_current(extra):
        return
    require_modules(("venv", "ensurepip"))
    with one_at_a_time(Path(checkout.root, ".venv.lock"), say) as journal:
        if checkout.is_current(extra):
            return
        began = time.monotonic()
        install(checkout, extra, journal, say)
        say(f"Set up in {time.monotonic() - began:.0f} s.")


def require_modules(names: Sequence[str]) -> None:
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"This Python ({sys.executable}) lacks the module {name!r}, which set-up needs.",
                hint="Install it (Debian, Ubuntu: sudo apt install python3-venv) and start again.",
            )


def install(checkout: Checkout, extra: str, journal: TextIO, say: Callable[[str], None]) -> None:
    """`journal` is empty but while `.venv` may be in pieces, so that the start after a kill makes it afresh.

    Extras that were there stay: `shell` asked for after `dev` keeps `dev`.
    """
    present = checkout.stamp() or Stamp("", "", ())
    extras = tuple(sorted({*with_extras_within(extra), *present.extras}))
    say(f"Setting up once: installing Roost ({', '.join(extras)}) into {checkout.venv} ...")
    python = usable_python(checkout) if is_empty(journal) else ""
    if not python:
        rewrite(journal, "making .venv\n")
        python = make_venv(checkout)
    elif present.lock not in ("", checkout.lock_hash()):
        write_stamp(checkout, Stamp("", present.python, present.extras))
    rewrite(journal, "installing\n")

    finished = pip_install(checkout, extras)
    if finished.returncode > 0:  # a download may have broken off, which pip itself does not take up
        say("pip failed; trying once more ...")
        finished = pip_install(checkout, extras)

    was_killed = finished.returncode < 0
    if not was_killed:  # a pip that fails by itself puts back what was there
        rewrite(journal, "")
    complain_unless_done(finished, "pip install")
    write_stamp(checkout, Stamp(checkout.lock_hash(), python, extras))


def is_empty(journal: TextIO) -> bool:
    journal.seek(0)
    return not journal.read()


def rewrite(journal: TextIO, text: str) -> None:
    journal.truncate(0)
    journal.write(text)
    journal.flush()


def write_stamp(checkout: Checkout, stamp: Stamp) -> None:
    draft = Path(checkout.stamp_file + ".new")
    draft.write_text(stamp.as_json() + "\n")
    draft.replace(checkout.stamp_file)


def usable_python(checkout: Checkout) -> str:
    """The version of `.venv`'s interpreter; empty when it does not start, is too old or finds no pip."""
    question = "import sys, pip; print('%d.%d' % sys.version_info[:2] if sys.version_info >= (3, 11) else '')"
    try:
        answer = subprocess.run([checkout.python, "-c", question], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def make_venv(checkout: Checkout) -> str:
    """The version of the interpreter it was made with: this one's."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    complain_unless_done(run([base, "-m", "venv", "--clear", checkout.venv], checkout), "python -m venv")
    return running_python()


def pip_install(checkout: Checkout, extras: Sequence[str]) -> CompletedProcess[str]:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    project = f".[{','.join(extras)}]"
    pip = [checkout.python, "-m", "pip", "install", *quiet]
    return run([*pip, "-c", checkout.lock_file, "-e", project], checkout)


def run(command: Sequence[str], checkout: Checkout) -> CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=checkout.root)
    except OSError as error:
        raise ConfigError(
            f"Set-up could not start {command[0]!r}: {error}.", hint="Remove .venv and start again."
        ) from error


def complain_unless_done(finished: CompletedProcess[str], name: str) -> None:
    if finished.returncode != 0:
        said = "\n".join(text.strip() for text in (finished.stdout, finished.stderr) if text.strip())
        raise ConfigError(
            f"Set-up failed: {name} ended with status {finished.returncode}.",
            hint=f"Mend what it says and start again:\n{said}",
        )


@contextmanager
def one_at_a_time(file: Path, say: Callable[[str], None]) -> Iterator[TextIO]:
    """Waits until no other process sets up here; the system lets go when a process dies."""
    with file.open("a+", encoding="utf-8") as handle:
        if not try_lock(handle.fileno()):
            say("Another start is setting up; waiting for it.")
            while not try_lock(handle.fileno()):
                time.sleep(0.2)
        yield handle
