"""What holds for every test of how Roost is put together."""

import pytest


@pytest.fixture(autouse=True)
def unhurried(time_enough: None) -> None:
    """None of them is about a server that is late."""
