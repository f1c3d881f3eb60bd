"""A command gets an option."""

from tests.simulator.plan import Call, Change, Look, Task

COUNT = '''"""Counts the lines of files."""

import argparse
import sys
from pathlib import Path


def arguments(given):
    parser = argparse.ArgumentParser("count")
    parser.add_argument("paths", nargs="+")
    return parser.parse_args(given)


def counted(path):
    return len(Path(path).read_text().splitlines())


def main(given):
    options = arguments(given)
    for path in options.paths:
        print(counted(path), path)


if __name__ == "__main__":
    main(sys.argv[1:])
'''
CHECKS = """from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from count import main


def said(*given):
    out = StringIO()
    with redirect_stdout(out):
        main(given)
    return out.getvalue()


assert said("poem.txt") == "4 poem.txt\\n"
assert said("--skip-empty", "poem.txt") == "3 poem.txt\\n"
assert "--skip-empty" in Path("README.md").read_text()
print("All checks passed.")
"""

OPTION = Task(
    name="option",
    prompt="Give count.py an option --skip-empty that leaves empty lines out, and name it in README.md.",
    files={
        "count.py": COUNT,
        "README.md": "# count\n\nUsage: python count.py PATH...\n",
        "poem.txt": "one\ntwo\n\nthree\n",
        "check.py": CHECKS,
    },
    looks=(Look(Call("list_files", {"path": "."}), "count.py"),),
    changes=(
        Change(
            "count.py",
            '    parser.add_argument("paths", nargs="+")\n',
            '    parser.add_argument("paths", nargs="+")\n'
            '    parser.add_argument("--skip-empty", action="store_true")\n',
        ),
        Change(
            "count.py",
            "def counted(path):\n    return len(Path(path).read_text().splitlines())",
            "def counted(path, skip_empty):\n"
            "    lines = Path(path).read_text().splitlines()\n"
            "    return sum(bool(line.strip()) or not skip_empty for line in lines)",
        ),
        Change(
            "count.py",
            "        print(counted(path), path)",
            "        print(counted(path, options.skip_empty), path)",
        ),
        Change(
            "README.md",
            "count.py PATH...\n",
            "count.py [--skip-empty] PATH...\n\n--skip-empty leaves empty lines out.\n",
        ),
    ),
)
