import pytest

from gate.hosted import is_hosted


@pytest.mark.parametrize(
    ("url", "hosted"),
    [
        ("https://api.openai.com/v1", True),
        ("https://openrouter.ai/api/v1", True),
        ("https://OpenRouter.ai./api/v1", True),
        ("http://localhost:8000/v1", False),
        ("http://192.168.1.7:8080/v1", False),
        ("https://llm.example.com/v1", False),
        ("https://notopenai.com/v1", False),
        ("https://openai.com.evil.example/v1", False),
        ("http://[::1]:8000/v1", False),
        ("", False),
    ],
)
def test_only_large_providers_are_known_to_be_hosted(url: str, hosted: bool) -> None:
    assert is_hosted(url) is hosted
