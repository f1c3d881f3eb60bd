"""The process behind skills: each call in a fork of its own, within limits, and its result as JSON.

    keeper ── {"source": …, "arguments": …} ──▶ template ──fork──▶ call ──▶ one line of JSON, or its end
                                                (imports)          its own session, memory, time

Loaded by python_worker.py, by any Python from 3.8 on, with the standard library only and nothing of ours.
A call can spoil nothing but itself: the template has never run the text of a skill.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import math
import os
import resource
import select
import signal
import socket
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from tool.skill_values import NotPlain, Unfit, fitted, short, written
else:  # the file beside this one
    from skill_values import NotPlain, Unfit, fitted, short, written

MOST_FAULT_CHARS, MOST_SAID_BYTES = 600, 4_000_000
WATCH_SECONDS = 0.05
CLOSE = 1e-9
"""How far two numbers may be from each other, as a part of them, that an example calls equal."""


def serve(channel: socket.socket, printed: int) -> NoReturn:
    """Answer requests until nobody asks any more."""
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    here = Path(sys.argv[0]).resolve().parent
    sys.path[:] = [folder for folder in sys.path if folder and Path(folder).resolve() != here]
    sys.stdin = io.StringIO()
    with channel.makefile("rb") as requests:
        for line in requests:
            answer = answered(json.loads(line), channel)
            channel.sendall(json.dumps(answer).encode() + b"\n")
    os._exit(0)


def answered(request: dict[str, Any], channel: socket.socket) -> dict[str, Any]:
    for name in request["imports"]:  # once, not at every call
        with Caught():
            importlib.import_module(name)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        channel.close()
        call(request, writing)
    os.close(writing)
    try:
        return followed(child, reading, request["seconds"])
    finally:
        os.close(reading)


def followed(child: int, reading: int, seconds: float) -> dict[str, Any]:
    """What the call says; if it says nothing, how it ended."""
    deadline = time.monotonic() + seconds
    said, status, late = b"", None, False
    while not said.endswith(b"\n") and len(said) < MOST_SAID_BYTES:
        late = time.monotonic() >= deadline  # before a look: what is said by then was said in time
        ready, _, _ = select.select([reading], [], [], 0 if late else WATCH_SECONDS)
        chunk = os.read(reading, 65_536) if ready else b""
        said += chunk
        if not chunk:
            status = end_of(child, os.WNOHANG)
            if status is not None or late:
                break
            time.sleep(0.002 if ready else 0)  # it has closed the pipe, and may be about to end
    for kill in (os.killpg, os.kill):  # and what it has left running
        with suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    if status is None:
        status = end_of(child)
    with suppress(ValueError, RecursionError):
        answer = json.loads(said)
        if isinstance(answer, dict):
            return answer
    return {"fault": f"it ran longer than {seconds:g} s" if late else ended_as(status or 0)}


def end_of(child: int, how: int = 0) -> int | None:
    pid, status = os.waitpid(child, how)
    return status if pid else None


def ended_as(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"its process was ended by {signal.strsignal(os.WTERMSIG(status))}"
    return f"it ended its process, with exit code {os.WEXITSTATUS(status)}, before it returned"


def call(request: dict[str, Any], writing: int) -> NoReturn:
    """In the fork: carry out the request and say what came of it."""
    os.setsid()
    reseed()
    limit(request["memory_bytes"], request["seconds"])
    caught = Caught(request)
    answer: dict[str, Any] = {}
    with caught:
        answer = carried_out(request)
    with Caught():
        sys.stdout.flush()
        sys.stderr.flush()
    with Caught():
        line = json.dumps(caught.answer or answer).encode() + b"\n"
        while line:
            line = line[os.write(writing, line) :]
        os._exit(0)
    os._exit(1)  # it has closed or changed what it answers with


def reseed() -> None:
    """Else every fork draws the same numbers; `random` sees to that by itself."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        with Caught():
            numpy_random.seed()


def limit(memory_bytes: int, seconds: float) -> None:
    mapped = 0
    with suppress(OSError), io.FileIO("/proc/self/statm") as file:
        mapped = int(file.readall().split()[0]) * resource.getpagesize()
    wanted = {
        resource.RLIMIT_AS: mapped + memory_bytes,
        resource.RLIMIT_CPU: int(seconds) + 2,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


class Caught:
    """A block whose every error becomes an answer."""

    def __init__(self, request: dict[str, Any] | None = None) -> None:
        self.request = request or {}
        self.answer: dict[str, Any] = {}

    def __enter__(self) -> Caught:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self.answer = {"fault": "it failed"}  # if even the words are hostile
            with suppress(BaseException):
                self.answer = {"fault": told(error, self.request)[:MOST_FAULT_CHARS]}
                self.answer["refused"] = is_refusal(error, self.request)
        return True


def told(error: BaseException, request: dict[str, Any]) -> str:
    """What went wrong, and at which line of the skill."""
    if isinstance(error, (NotPlain, Unfit)):
        return str(error)
    if isinstance(error, MemoryError):
        what = f"it needed more than {request.get('memory_bytes', 0) >> 20} MB of memory"
    elif isinstance(error, SystemExit):
        what = "it called exit, which ends nothing here"
    elif isinstance(error, RecursionError):
        what = "it called itself too often"
    else:
        words = str(error)
        what = type(error).__name__ + (": " + words if words else "")
    return what + place_of(error, request)


def is_refusal(error: BaseException, request: dict[str, Any]) -> bool:
    """Whether the arguments are to blame: the function says so itself, and does not stumble over them."""
    _, line, is_last = line_of(error, request)
    return isinstance(error, Unfit) or (
        isinstance(error, (ValueError, TypeError)) and is_last and line.startswith("raise ")
    )


def place_of(error: BaseException, request: dict[str, Any]) -> str:
    number, line, _ = line_of(error, request)
    return f" (line {number}: {line[:120]})" if number else ""


def line_of(error: BaseException, request: dict[str, Any]) -> tuple[int, str, bool]:
    """The last line of the skill that was at work, and whether nothing else was at work below it."""
    number, is_last, trace = 0, False, error.__traceback__
    while trace is not None:
        is_last = trace.tb_frame.f_code.co_filename == file_of(request)
        if is_last:
            number = trace.tb_lineno
        trace = trace.tb_next
    lines = request.get("source", "").split("\n")
    return (number, lines[number - 1].strip(), is_last) if 0 < number <= len(lines) else (0, "", False)


def file_of(request: dict[str, Any]) -> str:
    return f"<skill {request.get('name')}>"


def carried_out(request: dict[str, Any]) -> dict[str, Any]:
    module = types.ModuleType("skill_" + request["name"])
    sys.modules[module.__name__] = module  # dataclasses look there
    exec(compile(request["source"], file_of(request), "exec", dont_inherit=True), module.__dict__)
    function = module.__dict__[request["function"]]
    if "arguments" in request:
        placed, named = fitted(function, request["members"], request["arguments"], module.__dict__)
        return {"returned": written(function(*placed, **named))}
    variables = dict(module.__dict__, math=math)
    variables[request["name"]] = variables[request["function"]] = checked(function)
    faults = [fault for text in request["examples"] for fault in example_fault(text, variables, request)]
    return {"faults": faults + doctest_faults(function, variables, request)}


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, for examples: what it returns has to be what JSON can say."""

    def call_checked(*placed: Any, **named: Any) -> Any:
        returned = function(*placed, **named)
        written(returned)
        return returned

    return call_checked


def example_fault(text: str, variables: dict[str, Any], request: dict[str, Any]) -> Iterator[str]:
    caught = Caught(request)
    with caught:
        tree = ast.parse(text, mode="eval").body
        if isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], ast.Eq):
            got, wanted = evaluated(tree.left, variables), evaluated(tree.comparators[0], variables)
            if not same(got, wanted):
                yield f"{text}: the left side is {short(got)}, the right side {short(wanted)}"
        elif not evaluated(tree, variables):
            yield f"{text} is not true"
    if caught.answer:
        yield f"{text}: {caught.answer['fault']}"


def evaluated(tree: ast.expr, variables: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(tree), "<example>", "eval", dont_inherit=True), variables)


def same(one: Any, other: Any) -> bool:
    """Equal, or as near as numbers with a point can be."""
    one, other = (value.tolist() if hasattr(value, "tolist") else value for value in (one, other))
    number = (int, float)
    if isinstance(one, number) and isinstance(other, number):
        return one == other or math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-12)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def doctest_faults(function: Any, variables: dict[str, Any], request: dict[str, Any]) -> list[str]:
    if not request["doctests"]:
        return []
    import doctest

    test = doctest.DocTestParser().get_doctest(function.__doc__ or "", variables, function.__name__, None, 0)
    output: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=output.append, clear_globs=False)
    if not runner.failures:
        return []
    return ["the docstring's example failed: " + " ".join("".join(output).split())[:400]]
