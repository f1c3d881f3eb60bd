"""What a model names is opened in one place: `core/beneath.py`, reached through `core/workspace.py`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPENS = frozenset(
    (
        *("open", "fdopen", "scandir", "listdir", "walk", "iterdir", "glob", "rglob", "iglob"),
        *("read_text", "read_bytes", "write_text", "write_bytes", "truncate", "readlink"),
        *("mkdir", "makedirs", "touch", "unlink", "remove", "rmdir", "rmtree", "rename", "renames"),
        *("symlink_to", "hardlink_to", "link", "symlink", "chmod", "chown", "utime"),
        *("mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory"),
        *("copy", "copyfile", "copytree", "move"),
    )
)
"""Names of functions that open, list, make, change or remove what a path names."""
OWN = {
    "tool/generate_schemas.py": "writes our own schemas, for developers",
    "tool/registry.py": "reads our own schemas",
    "tool/processes.py": "starts the helper that starts commands",
    "tool/runner.py": "is that helper: pipes, /dev/null and /proc",
    "tool/runner_family.py": "is a part of it",
    "tool/runner_supervisor.py": "is a part of it",
    "tool/supervision.py": "reads what commands have started, in /proc",
    "tool/holding.py": "reads what commands have started, in /proc",
    "tool/python_worker.py": "runs inside the sandbox",
    "tool/skill_worker.py": "runs inside the sandbox",
    "core/beneath.py": "is the guard",
}
"""Files that open what no model names, and why."""


def sources() -> list[Path]:
    found = [*ROOT.glob("tool/*.py"), *ROOT.glob("core/*.py")]
    names = {file.relative_to(ROOT).as_posix(): file for file in found}
    return [file for name, file in sorted(names.items()) if name not in OWN and "/sandbox_" not in name]


def openings(tree: ast.AST) -> Iterator[str]:
    """Calls that go around the guard. A method of what is held has a `with` or a name of the guard before it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in OPENS:
                yield f"line {node.lineno}: {name}"
            case ast.Attribute(value=ast.Name(id="os" | "shutil" | "tempfile" | "io"), attr=name) if (
                name in OPENS
            ):
                yield f"line {node.lineno}: {name}"
            case ast.Attribute(attr=name) if name in OPENS - {"copy", "walk", "remove", "link"}:
                yield f"line {node.lineno}: {name}"
            case _:
                pass


@pytest.mark.parametrize("file", sources(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_tool_opens_a_file_by_itself(file: Path) -> None:
    assert list(openings(ast.parse(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    ["open(x)", "os.open(x, 0)", "Path(x).read_text()", "path.open()", "os.scandir(x)", "tempfile.mkstemp()"],
)
def test_a_way_around_would_be_found(code: str) -> None:
    assert len(list(openings(ast.parse(code)))) == 1
