"""Runs inside a sandbox at its trial and tries to get out: `python -I -S sandbox_probe.py '{"canary": …}'`.

Whether an attempt succeeded is found out from outside, by its effects; what is printed is the canary, if it
could be read, and a last line that says the attempts were made.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

DONE = "every attempt was made"


def main() -> None:
    aims = json.loads(sys.argv[1])
    for name, attempt in ATTEMPTS.items():
        with suppress(OSError):
            attempt(aims[name])
    print(DONE, flush=True)  # noqa: T201


def work(path: str) -> None:
    Path(path).write_text("done")


def read(path: str) -> None:
    sys.stdout.write(Path(path).read_text())


def write(path: str) -> None:
    Path(path).write_text("escaped")


def connect(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


def connect_locally(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(1)
        caller.connect(path)


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def hook(folder: str) -> None:
    git = Path(folder)
    with suppress(OSError):
        git.rename(git.with_name("moved"))
    (git / "hooks").mkdir(parents=True, exist_ok=True)
    (git / "hooks" / "pre-commit").write_text("escaped")


def setting(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("[core]\n\tfsmonitor = escaped\n")


ATTEMPTS: dict[str, Callable[..., None]] = {
    "work": work,
    "read": read,
    "write": write,
    "connect": connect,
    "connect_locally": connect_locally,
    "end": end,
    "setting": setting,
    "hook": hook,
}

if __name__ == "__main__":
    main()
