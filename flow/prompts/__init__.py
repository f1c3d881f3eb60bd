"""Every sentence that is said to a model, one file each; `{name}` marks what is filled in."""

import re
from functools import cache
from pathlib import Path


@cache
def _template(name: str) -> str:
    return (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8").strip()


def prompt(name: str, **values: str) -> str:
    """The text of `prompts/<name>.md` with its marks filled in; what is filled in is not looked at again."""
    return re.sub(r"\{(\w+)\}", lambda mark: values[mark[1]], _template(name))
