"""Gemini, for tasks too long for a local window: its OpenAI-compatible endpoint.

Its calls bear a thought signature in `extra_content`; like every unknown field of a call it is kept and
sent back, without which Gemini refuses the next request.
"""

from core.errors import ConfigError
from core.profile import ModelProfile
from gate.openai_compatible import OpenAICompatibleGateway

GEMINI_PROFILE = ModelProfile(name="gemini", window_tokens=1_048_576)


def gemini_gateway(
    api_key: str, *, model: str, url: str, temperature: float | None = None
) -> OpenAICompatibleGateway:
    """Raises ConfigError without a key."""
    if not api_key:
        raise ConfigError("Gemini needs a key.", hint="Set GEMINI_API_KEY in the environment or in .env.")
    return OpenAICompatibleGateway(
        url, model, api_key=api_key, temperature=temperature, key_setting="GEMINI_API_KEY"
    )
