"""The system text: what every session of a model begins with, frozen in the session's header."""

from core.profile import ModelProfile
from flow.prompts import prompt


def system_text(profile: ModelProfile) -> str:
    return prompt("system", changes=prompt(f"change_by_{profile.edit_format}"))
