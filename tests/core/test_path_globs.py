import pytest

from core.path_globs import path_matches, put_together


@pytest.mark.parametrize(
    ("glob", "name", "hit"),
    [
        ("*.pem", "a/b/server.pem", True),
        ("*.pem", "server.pem.txt", False),
        ("src/*", "src/a.py", True),
        ("src/*", "src/a/b.py", False),
        ("src/**", "src/a/b.py", True),
        ("src/**", "src", True),
        ("src/**", "srcs/a", False),
        ("**/x", "x", True),
        ("**/x", "a/b/x", True),
        ("a/**/x", "a/x", True),
        ("./x", "x", True),
        ("./x", "a/x", False),
        ("a?c", "abc", True),
        ("a[b]c", "a[b]c", True),
        ("a[b]c", "abc", False),
        ("~/.ssh/**", "~/.ssh/id", True),
    ],
)
def test_a_glob_matches_paths(glob: str, name: str, hit: bool) -> None:
    assert path_matches(glob, name) is hit
    assert put_together([glob]).holds(name) is hit
    assert put_together(["**/y", glob, "z"]).holds(name) is hit


def test_no_globs_hold_nothing() -> None:
    assert not put_together([]).holds("a")
