"""What is known of a model before it is asked: by its family, by the user's files, and by its calibration."""

from pathlib import Path

from boot.calibrate.kept import Learn, nothing_learned
from core.profile import ModelProfile
from core.values import value
from gate.dialects.table import families
from model.catalog import profile_of
from store.session_log import SessionHeader


@value
class Profiles:
    own: Path | None = None
    """The folder with the user's family files."""
    learn: Learn = nothing_learned
    """What was found out about a model on its server."""
    begun: SessionHeader | None = None
    """Of a session that goes on: its model keeps the profile that it was begun with."""

    def profile(self, url: str, model: str, window_tokens: int | None, *, hosted: bool) -> ModelProfile:
        """Of a model on a server with this window. Raises ConfigError: a file of the user's is wrong."""
        if self.begun and self.begun.model == model:
            return self.begun.profile
        learned = self.learn(url, model).fields
        return profile_of(
            model,
            window_tokens,
            own=self.own,
            hosted=hosted,
            learned=learned,
            dialects=("any", *families()),
        )
