"""What real servers say of themselves is what we take them for."""

import pytest

from core.endpoint import ServedModel, ServerFacts
from gate.discovery import server_facts

pytestmark = [pytest.mark.server, pytest.mark.real]


async def test_transformers_serve_is_known_though_it_says_nothing(transformers: str) -> None:
    assert await server_facts(transformers) == ServerFacts(url=transformers, kind="transformers serve")


async def test_llama_cpp_python_lists_its_model_and_tells_nothing_of_it(llama: str) -> None:
    assert await server_facts(llama) == ServerFacts(url=llama, models=(ServedModel(name="tiny"),))
