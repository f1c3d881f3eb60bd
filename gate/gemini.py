"""Gemini, for tasks too long for a local window: its OpenAI-compatible endpoint.

Its calls bear a thought signature in `extra_content`; like every unknown field of a call it is kept and
sent back, without which Gemini refuses the next request.
"""

from core.endpoint import Constraint
from core.errors import ConfigError
from core.profile import ModelProfile, fitted
from gate.manner import PLAIN, Manner
from gate.openai_compatible import OpenAICompatibleGateway

GEMINI_CONSTRAINS: tuple[Constraint, ...] = ("tool_choice", "json_schema")
"""In this order: older models refuse a schema beside tools."""
GEMINI_PROFILE = fitted(ModelProfile(name="gemini", hosted=True), 1_048_576)


def gemini_gateway(api_key: str, *, model: str, url: str, manner: Manner = PLAIN) -> OpenAICompatibleGateway:
    """Raises ConfigError without a key."""
    if not api_key:
        raise ConfigError("Gemini needs a key.", hint="Set GEMINI_API_KEY in the environment or in .env.")
    return OpenAICompatibleGateway(url, model, api_key=api_key, manner=manner, key_setting="GEMINI_API_KEY")
