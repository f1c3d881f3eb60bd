"""A call that is told while it is written, and how it goes with what the scanner heard in the end."""

import json
import re
from dataclasses import dataclass, field

SPACE_OR_STRING = re.compile(r'("(?:[^"\\]|\\.)*+"?)|\s++', re.DOTALL)


@dataclass
class Grown:
    """A call, as far as it is certain."""

    number: int
    """Which call of the reply it is, from 0."""
    name: str
    id: str = ""
    told: list[str] = field(default_factory=list)
    """Its arguments without their last brace."""
    _fresh: int = 0

    def tell(self, text: str) -> None:
        if text:
            self.told.append(text)

    def fresh(self) -> str:
        """What was told since this was asked last."""
        start, self._fresh = self._fresh, len(self.told)
        return "".join(self.told[start:])

    def rest(self, arguments: str) -> str | None:
        """What is still to be told, now that the scanner knows all; None: the end disagrees."""
        told = "".join(self.told)
        if arguments.startswith(told):
            return arguments[len(told) :]
        meant, whole = _read(arguments), _read(told + "}")
        if meant is None:
            return None
        if whole is not None:
            return "}" if whole == meant else None
        shortest = json.dumps(meant, ensure_ascii=False, separators=(",", ":"))
        compact = _compact(told)
        return shortest[len(compact) :] if shortest.startswith(compact) else None


def _read(text: str) -> object:
    """None for what is no JSON."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found


def _compact(text: str) -> str:
    """Without the white space that is in no string."""
    return SPACE_OR_STRING.sub(lambda found: found[1] or "", text)
