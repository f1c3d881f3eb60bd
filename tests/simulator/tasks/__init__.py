"""Small repositories, and what is to be done in each."""

from collections.abc import Sequence

from tests.simulator.plan import Task
from tests.simulator.tasks.configuration import CONFIGURATION
from tests.simulator.tasks.failing_test import FAILING_TEST
from tests.simulator.tasks.moving import MOVING
from tests.simulator.tasks.new_module import NEW_MODULE
from tests.simulator.tasks.option import OPTION
from tests.simulator.tasks.renaming import RENAMING
from tests.simulator.tasks.search import SEARCH
from tests.simulator.tasks.table import TABLE

TASKS: Sequence[Task] = (
    FAILING_TEST,
    RENAMING,
    OPTION,
    NEW_MODULE,
    CONFIGURATION,
    SEARCH,
    MOVING,
    TABLE,
)
