"""What holds for every test of how Roost is put together."""

import pytest


@pytest.fixture(autouse=True)
def unhurried(time_enough: None) -> None:
    """Servers are in time; a test about one that is late sets limits of its own."""
