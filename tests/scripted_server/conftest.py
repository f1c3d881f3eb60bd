from collections.abc import Iterator

import httpx
import pytest

from tests.clocks import ENOUGH_SECONDS


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=ENOUGH_SECONDS) as client:
        yield client
