"""Other names for arguments: what models call them that learned from other agents."""

import re
from collections.abc import Iterable, Mapping

ALIASES = {
    "path": (
        *(
            "file_path",
            "filepath",
            "file_name",
            "filename",
            "file",
            "pathname",
            "target_file",
            "relative_path",
        ),
        *("directory", "dir", "folder"),
    ),
    "pattern": ("query", "regex", "regexp", "search", "search_term", "text", "glob"),
    "content": ("contents", "text", "body", "file_text", "file_content", "new_content"),
    "old": ("old_string", "old_str", "old_text", "search"),
    "new": ("new_string", "new_str", "new_text", "replace", "replacement"),
    "glob": ("include", "file_pattern", "file_glob"),
    "start": ("offset", "start_line", "from_line", "line"),
    "count": ("limit", "line_count", "num_lines", "max_lines", "lines"),
    "end": ("end_line", "to_line", "last_line"),
    "first": ("first_line", "old_first"),
    "depth": ("max_depth", "levels"),
    "context": ("context_lines",),
    "command": ("cmd", "shell_command", "bash_command"),
    "code": ("script", "source", "python_code"),
    "sql": ("query", "statement"),
    "url": ("uri", "link"),
    "timeout_seconds": ("timeout", "timeout_secs"),
    "question": ("prompt", "message"),
    "choices": ("options",),
    "operation": ("action", "command", "op", "mode", "type"),
    "text": ("content", "fact", "note", "query", "memory", "value"),
    "id": ("fact_id", "memory_id", "number"),
}
"""A name that is an argument itself is never taken for another, and one in another unit is none of these."""

REMARKS = frozenset({"description", "explanation", "reason", "thought", "thoughts", "comment"})
"""Arguments that models add to any call, to say why; they change nothing and are dropped."""


def renamed(given: Mapping[str, object], members: Iterable[str]) -> tuple[dict[str, object], tuple[str, ...]]:
    """The arguments under the names that the tool has for them, and what was changed.

    A name that would give an argument a second, different value is left: which one is meant is a guess.
    """
    known = frozenset(members)
    found = {name: item for name, item in given.items() if name in known}
    changes: list[str] = []
    for name, item in given.items():
        if name in known:
            continue
        meant = _meant(name, known)
        if meant and found.setdefault(meant, item) == item:
            changes.append(f"{name} is called {meant}")
        elif not meant and name in REMARKS:
            changes.append(f"{name} is no argument, and was dropped")
        else:
            found[name] = item
    return found, tuple(changes)


def _meant(name: str, known: frozenset[str]) -> str | None:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower()
    if plain in known:
        return plain
    return next((to for to, others in ALIASES.items() if plain in others and to in known), None)
