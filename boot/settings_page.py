"""Writes docs/settings.md below its mark, from the tree: `python -m boot.settings_page`."""

from collections.abc import Iterator
from pathlib import Path

from boot.settings import known_settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
MARK = (
    "<!-- Below this line `python -m boot.settings_page` writes; a test fails when that was not done. -->\n"
)


def written(page: str) -> str:
    """`page` with a section for each setting below the mark."""
    head, _, _ = page.partition(MARK)
    return head + MARK + "".join(_sections())


def _sections() -> Iterator[str]:
    for name, known in known_settings().items():
        default = known.shown(known.default)
        yield f"\n## {name}\n\n{known.description}\n\n"
        yield f"- Variable: `{known.variable}`\n"
        yield f"- Default: {'not set' if default == '(not set)' else f'`{default}`'}\n"
        yield f"- Allowed: {known.form.allowed}\n"
        yield f"- May a project's file set it: {known.tightening}\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
