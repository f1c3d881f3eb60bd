"""The process behind `pyexe`: runs code, keeps its variables, and says in lines of JSON what came of it.

    pyexe ── {"code": …} ──▶ keeper ──▶ interpreter        two processes: whatever the code does to
          ◀─ {"output": …} ─   ▲ ◀─ pipe on 1 and 2 ─┘     its own (os._exit, a crash, a fork, closed
          ◀─ {"done": …}       └ sees how it ended         files), the keeper still speaks correctly

Run by its path, by any Python from 3.8 on. It imports the standard library only, and nothing of ours.
"""

from __future__ import annotations

import ast
import base64
import builtins
import codecs
import io
import json
import linecache
import os
import reprlib
import runpy
import select
import signal
import socket
import sys
import traceback
import types
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TextIO

CHUNK_BYTES = 32_768
MOST_VALUE_CHARS = 4_000
MOST_SHOWN_ITEMS = 200
CELL = "<cell "


def main() -> None:
    """Fork the interpreter and keep it."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    output, printed = os.pipe()
    ours, theirs = socket.socketpair()
    os.dup2(null, 0)
    child = os.fork()
    if child == 0:
        os.close(output)
        for file in (requests, answers, ours):
            file.close()
        if sys.argv[1:] == ["skills"]:
            runpy.run_path(str(Path(__file__).with_name("skill_worker.py")))["serve"](theirs, printed)
        interpret(theirs, printed)
    os.close(printed)
    theirs.close()
    Keeper(child, ours, output, answers).serve(requests)


class Keeper:
    """Passes code in, and output and ends out."""

    def __init__(self, child: int, channel: socket.socket, output: int, answers: BinaryIO) -> None:
        self._child = child
        self._channel = channel
        self._output = output
        self._answers = answers
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(output, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def serve(self, requests: BinaryIO) -> None:
        """Ends with whoever asks, or with the interpreter."""
        for line in requests:
            self._channel.sendall(line)
            done = self._follow()
            while self._pass_output():
                pass
            self._say(done)
            if "died" in done:
                return

    def _follow(self) -> dict[str, Any]:
        """Pass output on until the code is done, or the interpreter has died."""
        answer = b""
        sources: list[int | socket.socket] = [self._output, self._channel, self._woken]
        while True:
            ready, _, _ = select.select(sources, [], [])
            if self._output in ready:
                self._pass_output()
            if self._channel in ready:
                answer += self._channel.recv(CHUNK_BYTES)
                if answer.endswith(b"\n"):
                    return {"done": json.loads(answer)}
            if self._woken in ready:
                os.read(self._woken, 512)
            pid, status = os.waitpid(self._child, os.WNOHANG)
            if pid:
                return {"died": -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)}

    def _pass_output(self) -> bool:
        try:
            chunk = os.read(self._output, CHUNK_BYTES)
        except BlockingIOError:
            return False
        if chunk:
            self._say({"output": self._decoder.decode(chunk)})
        return bool(chunk)

    def _say(self, message: dict[str, Any]) -> None:
        self._answers.write(json.dumps(message).encode() + b"\n")
        self._answers.flush()


def interpret(channel: socket.socket, printed: int) -> NoReturn:
    """Run code as it comes, in one module that lasts."""
    sys.path[0] = str(Path.cwd())  # not the folder of this file
    sys.stdin = io.StringIO()
    builtins.input = no_input
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    process = os.getpid()
    streams: dict[str, TextIO] = {}
    with channel.makefile("rb") as requests:
        for number, line in enumerate(requests, 1):
            os.dup2(printed, 1)  # the code before may have closed them
            os.dup2(printed, 2)
            put_back(streams)
            with Shown() as shown:
                run_cell(json.loads(line)["code"], f"{CELL}{number}>", module.__dict__)
            images: list[str] = []
            with Shown() as shown_plots:
                images = plots()
            for stream in streams.values():
                if not stream.closed:
                    stream.flush()
            if os.getpid() != process:  # a fork made by the code has come to the code's end
                os._exit(0)
            answer = {"failed": shown.failed or shown_plots.failed, "images": images}
            channel.sendall(json.dumps(answer).encode() + b"\n")
    os._exit(0)


def put_back(streams: dict[str, TextIO]) -> None:
    """Let `sys.stdout` and `sys.stderr` write as ever: the code before may have replaced or closed them."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if name not in streams or streams[name].closed:
            streams[name] = os.fdopen(
                descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
            )
        setattr(sys, name, streams[name])


def run_cell(code: str, name: str, variables: dict[str, Any]) -> None:
    """Run `code`; if it ends in an expression, print what that comes to."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), variables)
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), name, "eval"), variables)
        if value is not None:
            variables["_"] = value
            sys.stdout.write(bounded(value) + "\n")


def bounded(value: object) -> str:
    """The `repr` of a value, without building the whole of a huge one."""
    if isinstance(value, (list, tuple, set, frozenset, dict, str, bytes)) and len(value) > MOST_SHOWN_ITEMS:
        short = reprlib.Repr()
        short.maxlist = short.maxtuple = short.maxset = short.maxfrozenset = short.maxdict = MOST_SHOWN_ITEMS
        short.maxstring = short.maxother = MOST_VALUE_CHARS
        text = short.repr(value)
    else:
        text = repr(value)
    return text if len(text) <= MOST_VALUE_CHARS else f"{text[:MOST_VALUE_CHARS]}… ({len(text):,} characters)"


def plots() -> list[str]:
    """Draw the open figures as PNG, in base64, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    images = []
    for number in pyplot.get_fignums():
        image = io.BytesIO()
        pyplot.figure(number).savefig(image, format="png", bbox_inches="tight")
        images.append(base64.b64encode(image.getvalue()).decode())
    pyplot.close("all")
    return images


class Shown:
    """A block whose error is printed, as far as it is the user's code, and goes no further."""

    failed = False

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self.failed = True
            story = traceback.TracebackException.from_exception(error)
            shorten(story)
            with suppress(OSError):
                os.write(2, "".join(story.format()).encode("utf-8", "replace"))
        return True


def shorten(story: traceback.TracebackException | None) -> None:
    """Keep the frames of cells and of the user's own files."""
    if story is None:
        return
    here = f"{Path.cwd()}{os.sep}"
    own = [
        frame
        for frame in story.stack
        if frame.filename.startswith(CELL)
        or (frame.filename.startswith(here) and f"{os.sep}site-packages{os.sep}" not in frame.filename)
    ]
    story.stack = traceback.StackSummary.from_list(own)
    shorten(story.__cause__)
    shorten(story.__context__)


def no_input(prompt: object = "") -> str:
    raise EOFError("input() has nobody to ask here: write the value into the code.")


if __name__ == "__main__":
    main()
