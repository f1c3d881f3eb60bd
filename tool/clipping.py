"""What the model gets of a long text, and where the rest is."""

from hashlib import sha256

from core.artifacts import artifacts_in
from core.errors import ToolError
from core.tools import ToolServices
from tool.output_text import fitted

NOTE_CHARS = 160


def clipped(text: str, services: ToolServices, *, suffix: str = ".txt") -> str:
    """`text`, or its first lines and the name of the file that holds all of it."""
    text = services.masking.masked(text)
    most = services.profile.output_chars
    if len(text) <= most:
        return text
    path = kept(text, services, suffix=suffix)
    room = max(most - NOTE_CHARS, most // 2)
    end = text.rfind("\n", room // 2, room)
    shown = text[: end if end > 0 else room]
    line = shown.count("\n") + (2 if end > 0 else 1)
    left = len(text) - len(shown)
    return f"{shown}\n({left:,} more characters: all of it is in {path}, go on at its line {line})"


def outline(text: str, services: ToolServices) -> str:
    """`text`, or its ends and what looks like an error, where whoever wrote it has not seen to its length."""
    most = services.profile.output_chars
    note = f"\n(full output: {kept(text, services)})"
    return fitted(text, most - len(note)) + note


def kept(text: str, services: ToolServices, *, suffix: str = ".txt") -> str:
    """Put `text` into a file of its own, the same for the same text; answers what the model calls it."""
    content = services.masking.masked(text).encode("utf-8", "replace")
    path = services.artifacts / f"text-{sha256(content).hexdigest()[:12]}{suffix}"
    try:
        with artifacts_in(services.artifacts) as held:
            if not held.has(path.name):
                held.replace(path.name, content, 0o600)
    except OSError as error:
        said = f"The answer is long, and could not be kept in {path.parent}: {error.strerror or error}."
        raise ToolError(said, hint="Ask for less, or have the person mend that folder.") from error
    return services.workspace.name_of(path.resolve())
