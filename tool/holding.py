"""How a command is held by the runner: its ceilings, and what its process gives up before it begins."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field

from core.records import dataclass
from core.sandbox import Ceilings

FILTER_PLACE, RULESET_PLACE, DOOR_PLACE = 10, 11, 12
"""Where a command finds the descriptors of its sandbox, until it is begun."""

NO_CEILINGS = Ceilings()


@dataclass(frozen=True)
class Hold:
    ceilings: Ceilings = NO_CEILINGS
    descriptors: Mapping[int, int] = field(default_factory=dict)
    """Ours, by the number the command's process knows them by."""
    filter: bytes = b""
    """System calls to give up, together with the ruleset at `RULESET_PLACE`; empty when neither is."""

    own_processes: int = 0
    """Of the sandbox itself, between the runner's child and the command."""

    def request(self) -> dict[str, object]:
        """What the runner is told of it."""
        ceilings = self.ceilings
        each = {
            "RLIMIT_CORE": 0,
            "RLIMIT_FSIZE": ceilings.file_bytes,
            "RLIMIT_CPU": ceilings.cpu_seconds,
            "RLIMIT_NOFILE": ceilings.open_files,
            "RLIMIT_DATA": ceilings.memory_bytes,
        }
        together = {"memory_bytes": ceilings.memory_bytes, "processes": ceilings.processes}
        confined = {"ruleset": RULESET_PLACE, "filter": self.filter.hex()} if self.filter else {}
        return {
            "limits": {name: most for name, most in each.items() if most is not None},
            "ceilings": {name: most for name, most in together.items() if most is not None},
            **confined,
        }


UNHELD = Hold()


@contextmanager
def filter_file(program: bytes) -> Iterator[int]:
    """A descriptor that reads as `program`, once."""
    descriptor = os.memfd_create("filter", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, program)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
