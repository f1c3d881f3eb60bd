"""What became of files, to be looked at: a view for each, whatever kind of file it is."""

from collections.abc import Callable, Iterable, Iterator

from core.differences import difference
from core.file_states import FileState, PathChange
from core.views import FileChange

Content = Callable[[FileState], bytes | None]

MOST_COMPARED_BYTES = 2_000_000
LOOKED_AT_BYTES = 8_000
"""A NUL among the first of them makes a file binary, as git has it."""


def file_differences(changes: Iterable[PathChange], content: Content) -> Iterator[FileChange]:
    """Of folders only those that come or go empty-handed matter to nobody, so all are left out."""
    for change in changes:
        kinds = {state.kind for state in (change.before, change.after) if state}
        if kinds != {"folder"}:
            yield FileChange(
                path=change.path,
                diff="\n".join(filter(None, (_rights(change), _content(change, content)))),
                created=change.before is None,
                deleted=change.after is None,
                digest=change.after.digest if change.after else "",
            )


def _rights(change: PathChange) -> str:
    before, after = change.before, change.after
    if not before or not after or (before.kind, before.mode) == (after.kind, after.mode):
        return ""
    return f"@@ {_said(before)} becomes {_said(after)} @@"


def _said(state: FileState) -> str:
    return f"{state.kind} {state.mode:03o}" if state.kind == "file" else state.kind


def _content(change: PathChange, content: Content) -> str:
    old, new = (_text(state, content) for state in (change.before, change.after))
    if isinstance(old, str) and isinstance(new, str):
        return difference(old, new)
    return f"@@ {_size(change.before)} replaced by {_size(change.after)} @@"


def _text(state: FileState | None, content: Content) -> str | None:
    """None for what cannot be shown as text."""
    if state is None or state.kind == "folder":
        return ""
    found = content(state) if state.size <= MOST_COMPARED_BYTES else None
    if found is None or b"\0" in found[:LOOKED_AT_BYTES]:
        return None
    return found.decode("utf-8", "replace")


def _size(state: FileState | None) -> str:
    return f"{state.size:,} bytes" if state else "nothing"
