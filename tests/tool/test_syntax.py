import pytest

from tool.syntax import problem_in, verdict


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.py", "x = 1", None),
        ("a.py", r"'\d'", None),
        ("a.py", "def f(:\n", "line 1: invalid syntax"),
        ("a.json", "{}", None),
        ("a.json", "[1", "Expecting ',' delimiter: line 1 column 3 (char 2)"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.toml", "[a]\nb = 1\n", None),
        ("a.txt", "anything", None),
        ("json", "anything", None),
    ],
)
def test_a_problem_is_told_with_its_place(name: str, text: str, problem: str | None) -> None:
    found = problem_in(name, text)

    assert (found is None) == (problem is None)
    assert found == problem or "nested" in (problem or "")


def test_brackets_without_end_do_no_harm() -> None:
    assert problem_in("a.py", "(" * 100_000) is not None


def test_of_files_nobody_here_can_parse_nothing_is_said() -> None:
    assert verdict("a.rs", "fn main() {") == ""
    assert verdict("a.json", " " * 3_000_000) == ""
