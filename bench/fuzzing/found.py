"""What a run of made-up inputs came to."""

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SLOW_SECONDS = 5.0
"""Of a processor: an input that takes more of it counts as one that hangs."""
MOST_KEPT = 20


@dataclass
class Found:
    """Faults by kind, with the first inputs that showed them, and how the rest was judged."""

    kind: str
    inputs: int = 0
    seconds: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str, given: object) -> None:
        self.verdicts["fault"] += 1
        if len(self.faults) < MOST_KEPT:
            self.faults.append(f"{self.kind}: {what}: {given!r}")

    @contextmanager
    def judging(self, given: object) -> Iterator[None]:
        """An error that is not ours, or much work, is a fault of whatever is judged in the block."""
        self.inputs += 1
        began = time.process_time()
        try:
            yield
        except Exception:  # noqa: BLE001 - that is what is looked for
            self.fault(f"broke: {traceback.format_exc(limit=-3)}", given)
        if (took := time.process_time() - began) > SLOW_SECONDS:
            self.fault(f"took {took:.1f} s", given)


def timed(run: Callable[[], Found]) -> Found:
    began = time.monotonic()
    found = run()
    found.seconds = time.monotonic() - began
    return found
