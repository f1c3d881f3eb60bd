"""Right calls, written down wrongly: names, types and JSON."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

Arguments = Mapping[str, object]

BREAKS: Sequence[Callable[[str, Arguments], str]] = (
    lambda right, arguments: repr(dict(arguments)),
    lambda right, arguments: right[:-1] + ",}",
    lambda right, arguments: right[:-1],
    lambda right, arguments: right + "}",
    lambda right, arguments: right.replace("\\n", "\n"),
    lambda right, arguments: right.replace('\\"', '"'),
    lambda right, arguments: f"```json\n{right}\n```",
    lambda right, arguments: f"Here it is: {right}",
    lambda right, arguments: json.dumps(right),
    lambda right, arguments: re.sub(r'"(\w+)": ', r"\1: ", right),
    lambda right, arguments: right.replace('": ', '" = ', 1),
    lambda right, arguments: right.replace('", "', '" "', 1),
    lambda right, arguments: right.replace('"', "“", 1).replace('"', "”", 1),
)


def broken_json(arguments: Arguments, random: Random) -> str:
    """What was meant to be `arguments` in JSON, and is none."""
    right = json.dumps(arguments)
    broken = [text for change in BREAKS if not _is_object(text := change(right, arguments))]
    return random.choice(broken)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def other_types(name: str, arguments: Arguments, random: Random) -> dict[str, object]:
    """One of the arguments in another type, or one more of them; every second time one that was left out."""
    if (optional := OPTIONAL.get(name)) and random.random() < 0.5:
        added = random.choice(sorted(optional))
        return {**arguments, added: random.choice(optional[added])}
    chosen = random.choice(sorted(arguments))
    choices = [*_retyped(arguments[chosen]), None]
    item = random.choice(choices)
    return {**arguments, **({"timeout": None} if item is None else {chosen: item})}


OPTIONAL: Mapping[str, Mapping[str, Sequence[object]]] = {
    "list_files": {"depth": ("2", 2.0, None)},
    "read_file": {"start": ("1", 1.0, None), "count": ("400", 400.0, "all", None)},
    "edit_file": {"replace_all": ("false", "False", None)},
    "find_text": {"context": ("0", 0.0, None), "files_only": ("false", "no", None)},
    "shell": {"timeout_seconds": ("60", 60.0, "60s", None)},
}
"""What models add in a type of their own: mostly the usual value, as text or as null."""


def _retyped(item: object) -> Sequence[object]:
    match item:
        case bool():
            return str(item).lower(), str(item), int(item)
        case int():
            return str(item), float(item), f"{item} lines"
        case str() if "\n" in item:
            return [item], item.splitlines(), {"text": item}
        case _:
            return [item], {"value": item}


TOOLS_ELSEWHERE = {
    "list_files": ("ls", "list_dir", "listFiles"),
    "find_text": ("grep", "search", "search_files"),
    "find_files": ("glob", "find"),
    "read_file": ("cat", "view", "open_file"),
    "edit_file": ("str_replace", "apply_patch", "replace_in_file"),
    "write_file": ("create_file", "save_file"),
    "shell": ("bash", "run_command", "terminal"),
    "data_view": ("view_data", "read_csv"),
}
ARGUMENTS_ELSEWHERE = {
    "path": ("file_path", "filePath", "filename", "target_file"),
    "pattern": ("query", "regex", "search_term"),
    "old": ("old_string", "oldText", "old_str", "search"),
    "new": ("new_string", "newText", "new_str", "replace"),
    "content": ("contents", "file_text", "code"),
    "command": ("cmd", "shell_command"),
    "glob": ("include", "file_pattern"),
    "replace_all": ("replaceAll", "all"),
    "sql": ("query", "statement"),
}
"""What the same is called by other agents, which models have been trained with."""


def wrong_name(name: str, random: Random) -> str:
    words = name.split("_")
    camel = "".join(word.title() for word in words)
    spelt = {camel, camel[0].lower() + camel[1:], "-".join(words), name.upper(), f"functions.{name}"}
    mistyped = {name[:-1], " ".join(words), f"{name}_tool"}
    return random.choice(sorted((spelt | mistyped) - {name}) + list(TOOLS_ELSEWHERE[name]))


def other_words(arguments: Arguments, random: Random) -> dict[str, object]:
    """One argument under another name, or all of them, or one more that is unknown."""
    known = [name for name in sorted(arguments) if name in ARGUMENTS_ELSEWHERE]
    chosen = random.choice([[name] for name in known] + [known])
    renamed = {name: random.choice(ARGUMENTS_ELSEWHERE[name]) for name in chosen}
    added = random.choice(({}, {}, {"description": "The next step."}, {"confirm": True}))
    return {renamed.get(name, name): item for name, item in arguments.items()} | added
