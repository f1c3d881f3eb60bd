"""What earlier starts found out about model servers: one file for each URL in the cache folder."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.endpoint import ServedModel, ServerFacts
from core.values import encode


@dataclass(frozen=True)
class KnownServers:
    folder: Path
    """Made when it is first needed."""

    def recall(self, url: str) -> ServerFacts | None:
        """Reads without pydantic, which a start has no time for: what does not fit is not known."""
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            kept = json.loads(self._path(url).read_text(encoding="utf-8"))
            models = tuple(ServedModel(**model) for model in kept["models"])
            return ServerFacts(**{**kept, "models": models, "constrains": tuple(kept["constrains"])})
        return None

    def keep(self, facts: ServerFacts) -> None:
        """A cache that cannot be written is no reason to stop."""
        if facts == self.recall(facts.url):
            return
        path = self._path(facts.url)
        draft = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(encode(facts), encoding="utf-8")
            draft.replace(path)

    def _path(self, url: str) -> Path:
        return self.folder / f"{sha256(url.encode()).hexdigest()[:16]}.json"
