"""A module is written, with its tests."""

from tests.simulator.plan import Call, Look, Task, Whole

SLUGS = '''"""Titles as names of files."""

import re
import unicodedata


def slug(title, longest=40):
    """Lower case, words joined by "-", nothing that a path could not hold.

    Raises ValueError when nothing is left.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    if not words:
        raise ValueError(f"{title!r} has no letter in it")
    joined = "-".join(words)
    if len(joined) > longest:
        joined = joined[: longest + 1].rpartition("-")[0] or joined[:longest]
    return joined
'''
TESTS = """from slugs import slug


def test_words_are_joined():
    assert slug("It's \\"Hello, World\\"") == "it-s-hello-world"


def test_accents_are_dropped():
    assert slug("Crème Brûlée") == "creme-brulee"


def test_a_long_title_ends_with_a_word():
    assert slug("one two three", longest=9) == "one-two"


def test_nothing_is_an_error():
    try:
        slug("!?")
    except ValueError as error:
        assert str(error) == "'!?' has no letter in it"
    else:
        raise AssertionError("no error")
"""
CHECKS = """import test_slugs

tests = [test for name, test in vars(test_slugs).items() if name.startswith("test_")]
for test in tests:
    test()
assert len(tests) >= 3
print("All checks passed.")
"""

NEW_MODULE = Task(
    name="new module",
    prompt="Write slugs.py with slug(title), as NOTES.md says, and tests for it in test_slugs.py.",
    files={
        "NOTES.md": "slug(title): lower case, words joined by '-', accents dropped, at most 40 characters.\n",
        "check.py": CHECKS,
    },
    looks=(Look(Call("read_file", {"path": "NOTES.md"}), "accents dropped"),),
    changes=(Whole("slugs.py", SLUGS), Whole("test_slugs.py", TESTS)),
)
