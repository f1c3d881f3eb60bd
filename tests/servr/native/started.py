"""`roost serve` as a person starts it: a process of its own, whose words are read."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.servr.native.conftest import PACKAGES, SERVERS
from tests.servr.native.served import ANSWER_SECONDS

ROOT = Path(__file__).resolve().parents[3]
ROOST = f"""
import site, sys
site.addsitedir({str(Path(SERVERS, PACKAGES))!r})
from boot.entry import main
sys.exit(main(sys.argv[1:]))
"""


def start(*arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ROOST, "serve", *arguments, "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> Iterator[str]:
    """What Roost's own server says until it listens; torch has words of its own."""
    assert process.stderr is not None
    for line in process.stderr:
        yield line.rstrip("\n")
        if line.startswith("Ctrl-C"):
            return


def ended(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=ANSWER_SECONDS)
    return process.returncode
