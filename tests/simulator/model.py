"""A model that knows the right next step of its task, and errs on the way."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from core.deltas import Delta
from core.messages import UserMessage
from core.protocols import ModelRequest
from tests.simulator.knowledge import Knowledge
from tests.simulator.mistakes import KINDS, Moment, Reply, held, mistaken, said_again, spoken
from tests.simulator.plan import Act, Call, Task

EQUAL: Mapping[str, float] = dict.fromkeys(KINDS, 1.0)
REPEATED = "repeated call"


@dataclass
class WeakModel:
    """A gateway, in the place of a server's. All it goes by is what it is sent, its task and its seed.

    In each step it errs with the probability `rate`, in one of the ways that fit what it was about to
    do, chosen by `weights`. After a mistake it goes by what it is told, as likely to err as before.
    """

    task: Task
    seed: int
    rate: float
    weights: Mapping[str, float] = field(default_factory=lambda: EQUAL)
    deaf: bool = False
    """Whether it takes a step that went wrong in the very same way again, whatever it is told."""
    made: Counter[str] = field(default_factory=Counter)
    """How often it erred in which way."""
    requests: list[ModelRequest] = field(default_factory=list)
    _repeats: bool = False
    """It is caught in saying the same again, until somebody speaks to it."""
    _habit: tuple[Act, Reply] | None = None
    """The step that went wrong last, and how."""

    def __post_init__(self) -> None:
        self.random = Random(f"{self.task.name} {self.seed}")

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        self.requests.append(request)
        for delta in self._reply(request):
            yield delta

    def _reply(self, request: ModelRequest) -> Sequence[Delta]:
        known = Knowledge.of(self.task, request.messages)
        moment = Moment(right_step(known), known, request, self.random)
        errs = self.random.random() < self.rate
        if request.held_to:
            return held(self._kinds()[0] if errs else None, moment)
        if self.deaf and self._habit and self._habit[0] == moment.right:
            return said_again(self._habit[1], self.random)
        self._repeats = self._repeats and not isinstance(request.messages[-1], UserMessage)
        if self._repeats and (again := mistaken(REPEATED, moment)):
            return again
        for kind in self._kinds() if errs else ():
            if reply := mistaken(kind, moment):
                self.made[kind] += 1
                self._repeats = kind == REPEATED
                self._habit = moment.right, reply
                return reply
        return spoken(moment.right, self.random)

    def _kinds(self) -> Sequence[str]:
        """Kinds of mistakes in random order, those of more weight more likely to be first."""
        weights = {kind: weight for kind, weight in self.weights.items() if weight > 0}
        keys = {kind: self.random.random() ** (1 / weight) for kind, weight in weights.items()}
        return sorted(keys, key=keys.__getitem__, reverse=True)


def right_step(known: Knowledge) -> Act:
    """What somebody who knows the way does next."""
    task = known.task
    for look in task.looks:
        if look.sees not in known.seen:
            return look.call
    for state, change in task.numbered_changes():
        at = known.files.get(change.path)
        if at is not None and at >= state:
            continue
        if at == state - 1:
            return change.call
        if known.shown.get(change.path):  # it is as it should never be
            return Call("write_file", {"path": change.path, "content": task.states[change.path][-1]})
        return Call("read_file", {"path": change.path})
    return task.last_words if known.passed else task.check
