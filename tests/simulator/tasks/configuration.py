"""Settings change in two files, one TOML and one JSON."""

from tests.simulator.plan import Call, Change, Look, Task

TOML = """[project]
name = "shop"
version = "1.4.0"
dependencies = [
    "requests>=2.31",
]

[tool.shop]
retries = 3
"""
JSON = """{
  "name": "shop",
  "version": "1.4.0",
  "scripts": {
    "build": "vite build",
    "test": "vitest run"
  },
  "files": ["dist", "\\"quoted\\""]
}
"""
CHECKS = """import json
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())
package = json.loads(Path("package.json").read_text())
assert project["project"]["version"] == package["version"] == "1.5.0"
assert project["project"]["dependencies"] == ["requests>=2.31", "rich>=13"]
assert project["tool"]["shop"] == {"retries": 3, "greeting": 'say "hi"'}
assert package["scripts"] == {"build": "vite build", "test": "vitest run", "lint": "eslint ."}
assert package["files"] == ["dist", '"quoted"']
print("All checks passed.")
"""

CONFIGURATION = Task(
    name="configuration",
    prompt='Make it version 1.5.0 in both files; add rich>=13, a greeting that says "hi", and a script lint.',
    files={"pyproject.toml": TOML, "package.json": JSON, "check.py": CHECKS},
    looks=(Look(Call("find_files", {"pattern": "*.{toml,json}"}), "pyproject.toml"),),
    changes=(
        Change("pyproject.toml", 'version = "1.4.0"', 'version = "1.5.0"'),
        Change("pyproject.toml", '    "requests>=2.31",\n', '    "requests>=2.31",\n    "rich>=13",\n'),
        Change("pyproject.toml", "retries = 3\n", "retries = 3\ngreeting = 'say \"hi\"'\n"),
        Change("package.json", '"version": "1.4.0"', '"version": "1.5.0"'),
        Change(
            "package.json",
            '    "test": "vitest run"\n',
            '    "test": "vitest run",\n    "lint": "eslint ."\n',
        ),
    ),
)
