"""The processes of a text search: ripgrep, if there is one, drops files; the scanner finds the lines.

The lines always come from the scanner, so that the answer is the same with ripgrep and without.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from core.errors import ToolError
from tool.sandbox_none import command_environment
from tool.scan import Part, Task

SCANNER = "import sys; sys.path.insert(0, sys.argv[1]); from tool.scan import main; main()"
OUR_FOLDER = str(Path(__file__).resolve().parents[1])
LONGEST_LINE_BYTES = 16_000_000
BATCH_CHARS = 100_000
"""Of file names on one command line."""
FEWEST_FILES = 64
"""For which starting ripgrep pays."""


async def search(task: Task, ripgrep: str | None) -> AsyncGenerator[Part, None]:
    """What the scanner finds, file by file. Closing the generator ends the processes.

    Raises:
        ToolError: the scanner broke.
    """
    if ripgrep and len(task.files) >= FEWEST_FILES and task.pattern.isascii():
        task = replace(task, files=await _narrowed(task, ripgrep))
    async with _running(sys.executable, "-I", "-S", "-c", SCANNER, OUR_FOLDER) as process:
        if process.stdin is None or process.stdout is None:
            return
        with suppress(ConnectionError):
            process.stdin.write(json.dumps(asdict(task)).encode())
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            yield Part(**json.loads(line))
        if await process.wait():
            raise ToolError("The search broke off.", hint="Use a simpler pattern, or narrow the path.")


async def _narrowed(task: Task, ripgrep: str) -> list[str]:
    """The files in which ripgrep sees a match, or all where it understands the pattern differently."""
    options = (
        "--no-config",
        "--text",
        "--crlf",
        "--no-messages",
        "-l",
        "-0",
        *(("-F",) if task.literal else ()),
    )
    seen: set[str] = set()
    for batch in _batches(task.files):
        async with _running(ripgrep, *options, "-e", task.pattern, "--", *batch) as process:
            names, _ = await process.communicate()
        if process.returncode not in (0, 1):
            return task.files
        seen.update(map(os.fsdecode, names.split(b"\0")))
    return [file for file in task.files if file in seen]


def _batches(files: Sequence[str]) -> Iterator[list[str]]:
    batch, room = list[str](), BATCH_CHARS
    for file in files:
        if room < len(file):
            yield batch
            batch, room = [], BATCH_CHARS
        batch.append(file)
        room -= len(file) + 1
    yield batch


@asynccontextmanager
async def _running(*command: str) -> AsyncIterator[Process]:
    """A process that does not outlive its block."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=LONGEST_LINE_BYTES,
        env=command_environment(os.environ, {}),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
