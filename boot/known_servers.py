"""What earlier starts found out about model servers: one file for each URL in the cache folder."""

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from core.endpoint import ServedModel, ServerFacts
from core.records import dataclass
from core.values import encode
from store.private import make_private_folder, replace_private_file


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
        with suppress(OSError):
            make_private_folder(path.parent)
            replace_private_file(path, encode(facts).encode())

    def _path(self, url: str) -> Path:
        return self.folder / f"{sha256(url.encode()).hexdigest()[:16]}.json"
