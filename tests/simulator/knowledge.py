"""What a model can know from its conversation: which files it saw in which state, and what it found out.

Everything is taken from the words of the answers, as a model has to; nothing else is looked at.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.messages import AssistantMessage, Message, ToolCall, ToolMessage
from tests.simulator.plan import PASSED, Task

NUMBERED = re.compile(r" {0,5}(\d+)  (.*)")
MORE = re.compile(r"\((?:at least )?[\d,]+ more lines?: ")
READ_IT = re.compile(r"Read (?:it|the file) (?:again|with read_file)")
WRITTEN = ("Created ", "Wrote ", "Unchanged: ")


@dataclass
class Knowledge:
    """The conversation so far, as the one who leads it understands it."""

    task: Task
    files: dict[str, int | None] = field(default_factory=dict)
    """Which of its states a file is in; None: it was seen in none of them."""
    shown: dict[str, bool] = field(default_factory=dict)
    """Whether a file that is in none was shown from end to end."""
    seen: set[str] = field(default_factory=set)
    passed: bool = False
    """Whether the checks passed after the last change."""

    @classmethod
    def of(cls, task: Task, messages: Sequence[Message]) -> "Knowledge":
        known = cls(task)
        known.files.update({path: 0 for path in task.states if path not in task.files})
        for call, answer in exchanges(messages):
            known.learn(call, answer)
        return known

    def learn(self, call: ToolCall, answer: str) -> None:
        self.seen.update(look.sees for look in self.task.looks if look.sees in answer)
        path, arguments = self._file_of(call)
        if path and answer.startswith("Edited "):
            self.passed = False
            self._learn_edit(path, blocks(answer))
        elif path and answer.startswith(WRITTEN):
            self.passed = self.passed and answer.startswith("Unchanged")
            self._take(path, self._state(path, arguments.get("content")))
        elif path and NUMBERED.match(answer):
            self._learn_window(path, answer)
        elif path:
            self._learn_refusal(path, answer)
        elif self._is_check(arguments):
            self.passed = PASSED in answer
            if not self.passed and self.is_changed:
                self.files.clear()  # something is not as it should be: look again

    @property
    def is_changed(self) -> bool:
        """Whether every file is in its last state, as far as is known."""
        return all(self.files.get(path) == len(texts) - 1 for path, texts in self.task.states.items())

    def _learn_edit(self, path: str, shown: Sequence[str]) -> None:
        """The region that was edited shows which state the file is in now."""
        texts, before = self.task.states[path], self.files.get(path)
        fits = [at for at, text in enumerate(texts) if shown and all(block in text for block in shown)]
        later = [at for at in fits if before is None or at > before]
        self._take(path, later[0] if later else None)

    def _learn_window(self, path: str, answer: str) -> None:
        if answer.lstrip().startswith("1  ") and not MORE.search(answer):
            self._take(path, self._state(path, blocks(answer)[0]))
            self.shown[path] = True

    def _learn_refusal(self, path: str, answer: str) -> None:
        """What is shown of the file may be none of what was expected; or the answer says to read it."""
        expected, shown = self.files.get(path), blocks(answer)
        fits = expected is not None and all(block in self.task.states[path][expected] for block in shown)
        if not fits or READ_IT.search(answer):
            self._take(path, None)

    def _take(self, path: str, state: int | None) -> None:
        self.files[path] = state
        self.shown[path] = False

    def _state(self, path: str, content: object) -> int | None:
        """The latest state with these lines."""
        lines = content.splitlines() if isinstance(content, str) else None
        fits = [at for at, text in enumerate(self.task.states[path]) if text.splitlines() == lines]
        return fits[-1] if fits else None

    def _file_of(self, call: ToolCall) -> tuple[str, Mapping[str, object]]:
        """The file of the task that a call was about, under whichever name it gave it; else nothing."""
        try:
            arguments = json.loads(call.arguments)
        except ValueError:
            named = [path for path in self.task.states if path in call.arguments]
            return (named[0] if named else ""), {}
        if not isinstance(arguments, dict):
            return "", {}
        words = [word for item in arguments.values() for word in (item if isinstance(item, list) else [item])]
        named = [word.removeprefix("./") for word in words if isinstance(word, str)]
        return next((word for word in named if word in self.task.states), ""), arguments

    def _is_check(self, arguments: Mapping[str, object]) -> bool:
        return self.task.check.arguments["command"] in arguments.values()


def exchanges(messages: Sequence[Message]) -> Iterator[tuple[ToolCall, str]]:
    """Each call that was answered, with its answer."""
    answers = {message.call_id: message.text for message in messages if isinstance(message, ToolMessage)}
    for message in messages:
        if isinstance(message, AssistantMessage):
            yield from ((call, answers[call.id]) for call in message.calls if call.id in answers)


def blocks(answer: str) -> list[str]:
    """Runs of numbered lines as text."""
    runs: list[list[str]] = []
    expected = -1
    for line in answer.splitlines():
        found = NUMBERED.fullmatch(line)
        if found is None:
            expected = -1
            continue
        if int(found[1]) != expected:
            runs.append([])
        runs[-1].append(found[2])
        expected = int(found[1]) + 1
    return ["\n".join(run) for run in runs]
