"""The bare loop in its own process, asked as a server is."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.native.asking import Messages, Reply
from bench.native.contenders import environment, servers_folder

NAME = "bare loop"


@dataclass(frozen=True)
class BareLoop:
    process: subprocess.Popen[bytes]
    name: str = NAME

    def ask(self, messages: Messages, tokens: int) -> Reply:
        self.process.stdin.write(json.dumps({"messages": messages, "tokens": tokens}).encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("The bare loop ended.")
        told: Mapping[str, Any] = json.loads(line)
        return Reply(**told)


@contextmanager
def looping(folder: Path, threads: int, told: Path) -> Iterator[BareLoop]:
    """`told`: the file that gets what it writes to stderr."""
    python = servers_folder() / "transformers" / "bin" / "python"
    command = [str(python), "-m", "bench.native.bare", str(folder)]
    with told.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, env=environment(threads)
        )
        try:
            if not process.stdout.readline():
                raise RuntimeError(told.read_text(errors="replace")[-2_000:])
            yield BareLoop(process)
        finally:
            process.kill()
            process.wait()
