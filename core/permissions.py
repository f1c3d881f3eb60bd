"""What a tool can do at worst, and what a person may answer to it."""

from enum import StrEnum

from core.values import value


class Effect(StrEnum):
    """The worst a tool can do; permission rules are written against it."""

    READ = "read"
    WRITE = "write"
    EXECUTE = "execute"
    NETWORK = "network"


RISKY = (Effect.WRITE, Effect.EXECUTE)
"""What can change files: the log is on the disk before it, and what it changes is kept for an undo."""


class Scope(StrEnum):
    """How far an approval reaches."""

    ONCE = "once"
    SESSION = "session"
    ALWAYS = "always"


@value
class Approval:
    """What a person answered when asked whether a call may run."""

    allowed: bool
    scope: Scope = Scope.ONCE
    note: str = ""
    """Why not, in the person's words."""
