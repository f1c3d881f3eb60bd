"""Parts of the tests of code search: the tool with a real index beside its workspace."""

from dataclasses import replace
from pathlib import Path

from core.profile import ModelProfile
from gate.embedding.hashed import HashedEmbedder
from store.code_index import CodeIndexFile
from tests.tool.filing import services_at
from tool.find_code import FindCode

SHOP = '''"""Where things are sold."""


class Shop:
    """Open by day."""

    def unlock(self):
        """Open the doors in the morning."""
        return self.doors

    def count_money(self, drawer):
        """How much was earned."""
        return sum(drawer)
'''
HOUSE = '''from shop import Shop


def build(stones):
    """A house of so many stones, beside a shop."""
    return [Shop(), *stones]
'''


def a_project(folder: Path) -> Path:
    project = folder / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "shop.py").write_text(SHOP)
    (project / "house.py").write_text(HOUSE)
    (project / "notes.md").write_text("# Opening\n\nThe shop opens at nine in the morning.\n")
    return project


def find_code_in(project: Path, profile: ModelProfile | None = None) -> FindCode:
    """Its index is in a file beside the project."""
    index = CodeIndexFile.open(project.parent / "cache" / "index.sqlite", HashedEmbedder())
    return FindCode(replace(services_at(project, profile), code_index=lambda: index))
