"""Commands that prove work: which ones run tests, and whether they passed. Read from a conversation alone."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress

from core.messages import ToolCall, ToolMessage, ToolStatus
from flow.circles import WRITING_TOOLS
from flow.steps import Step

TESTS = (
    r"\b(?:pytest|unittest|tox|nox|ctest|vitest|jest|mocha|rspec|phpunit|gotestsum|nextest)\b"
    r"|\b(?:npm|pnpm|yarn|bun|go|cargo|make|mvn|gradlew?|dotnet|swift|mix|deno|zig|bazel)\b[^|;&\n]*\b(?:test|check)"
    r"|(?:^|[\s/])(?:run_)?(?:tests?|checks?)(?:_\w+)?\.(?:sh|py)\b"
)
"""Compiled at the first use, not at a start: a session may never need it."""
RUNNER = (
    r"(?:\w+=\S*\s+)*(?:\S*/)?(?:python[\d.]*|py|uv|poetry|pipenv|hatch|bash|sh|npx|node|bundle|pytest|tox|nox|ctest|vitest"
    r"|jest|mocha|rspec|phpunit|gotestsum|npm|pnpm|yarn|bun|go|cargo|make|mvn|gradlew?|dotnet|swift|mix|deno|zig|bazel"
    r"|(?:run_)?(?:tests?|checks?)(?:_\w+)?\.(?:sh|py))\s*(?:\s|$)"
)
"""How a command begins that runs something, and does not only name a test."""
HIDES_A_FAILURE = r"[|;!\n]|(?<![&>])&(?!&)"
"""In a command that has this, the exit code may be that of another one."""
FAILED = re.compile(r"exit code \d+|ended by ")
LONGEST_COMMAND_CHARS = 2_000


def command_with_tests(call: ToolCall) -> str:
    """The command of a call that runs tests; empty for any other."""
    command = _command(call)[:LONGEST_COMMAND_CHARS]
    return command if re.search(TESTS, command) else ""


def passed_again(steps: Sequence[Step]) -> str:
    """The test command that the newest step ran, if it passed and files were changed before; else empty."""
    *before, newest = steps
    if len(newest.reply.calls) != 1 or not any(map(_changes, before)):
        return ""
    command = command_with_tests(newest.reply.calls[0])
    return command if _proves(command) and all(map(_is_success, newest.answers)) else ""


def passed_last(steps: Sequence[Step]) -> str:
    """The newest command with tests that passed, if nothing was changed by a tool after it; else empty."""
    for step in reversed(steps):
        for call in reversed(step.reply.calls):
            answers = [answer for answer in step.answers if answer.call_id == call.id]
            command = command_with_tests(call)
            if answers and _proves(command) and all(map(_is_success, answers)):
                return command
        if _changes(step):
            return ""
    return ""


def _proves(command: str) -> bool:
    """Whether it fails when its tests do."""
    last = command.rpartition("&&")[2].strip()
    return bool(re.match(RUNNER, last) and re.search(TESTS, last)) and not re.search(HIDES_A_FAILURE, command)


def _is_success(answer: ToolMessage) -> bool:
    last = answer.text.rstrip().rpartition("\n")[2]
    return answer.status is ToolStatus.OK and not FAILED.match(last)


def _changes(step: Step) -> bool:
    return any(call.name in WRITING_TOOLS for call in step.reply.calls)


def _command(call: ToolCall) -> str:
    with suppress(ValueError):
        given = json.loads(call.arguments)
        if isinstance(given, dict) and isinstance(command := given.get("command"), str):
            return command
    return ""
