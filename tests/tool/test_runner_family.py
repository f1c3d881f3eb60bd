"""How what a command leaves behind is ended, by a process that has it for its children."""

import sys

import pytest

from tests.processes import printed_by

PROGRAM = """
import os, signal, time
from tool.runner_family import KILL, LEAVE, Family

ready, say = os.pipe()
head = os.fork()
if head == 0:
    end = time.process_time() + {busy_seconds}
    os.write(say, b"+")
    while time.process_time() < end:
        pass
    os._exit(0)
os.read(ready, 1)
family = Family(head)
left = family.end({phases})
while family.reap():
    time.sleep(0.001)
print(left > 0, family.status, family.ended)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def told(phases: str, busy_seconds: float) -> str:
    return printed_by(PROGRAM.format(phases=phases, busy_seconds=busy_seconds))


def test_a_phase_that_comes_too_late_still_sends_its_signal() -> None:
    assert told("[(KILL, 0.0)]", busy_seconds=600).split()[1] == "9"


def test_the_time_of_a_phase_is_not_that_in_which_its_processes_work() -> None:
    assert told("[(LEAVE, 0.01), (KILL, 1.0)]", busy_seconds=0.05) == "False 0 set()\n"
