import pytest

from core.errors import ToolError
from tool.globs import matcher

PATHS = ("a.py", "src/a.py", "src/lib/b.ts", "src/lib/c.tsx", "docs/[x].md", "test_a.py", "src/lib/test_b.py")


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("*.py", ["a.py", "src/a.py", "test_a.py", "src/lib/test_b.py"]),
        ("/*.py", ["a.py", "test_a.py"]),
        ("a.py", ["a.py", "src/a.py"]),
        ("src/*.py", ["src/a.py"]),
        ("src/**/test_*.py", ["src/lib/test_b.py"]),
        ("**/a.py", ["a.py", "src/a.py"]),
        ("src/**", ["src/a.py", "src/lib/b.ts", "src/lib/c.tsx", "src/lib/test_b.py"]),
        ("*.{ts,tsx}", ["src/lib/b.ts", "src/lib/c.tsx"]),
        ("{src,docs}/{a,[[]x]}.{py,md}", ["src/a.py", "docs/[x].md"]),
        ("?.py", ["a.py", "src/a.py"]),
        ("[!b].??", ["a.py", "src/a.py"]),
        ("[", []),
        ("A.PY", []),
    ],
)
def test_a_glob_means_these_paths(glob: str, paths: list[str]) -> None:
    means = matcher(glob)

    assert [path for path in PATHS if means(path)] == paths


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a" * 50 + "b", "a" * 250),
        ("**/a/" * 30 + "b", "a/" * 1_000),
        ("**/*a*/" * 20 + "b", "aaa/" * 500),
        ("a*" * 90 + "[b]", "a" * 250),
    ],
)
def test_no_glob_takes_long(glob: str, path: str) -> None:
    assert not matcher(glob)(path)


@pytest.mark.parametrize("glob", ["[!]", "[z-a]", "x" * 201, "{a,b}" * 40])
def test_what_is_no_glob_is_refused(glob: str) -> None:
    with pytest.raises(ToolError, match="glob"):
        matcher(glob)
