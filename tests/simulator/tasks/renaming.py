"""A function gets another name, wherever it is used."""

from tests.simulator.plan import Call, Change, Look, Task

SHAPES = '''"""Plane shapes."""

from math import pi


def calc(width, height):
    return width * height


def circle(radius):
    return pi * radius**2
'''
REPORT = '''"""Areas as text."""

from shapes import calc, circle


def rooms(sizes):
    """One line for each room, and one for all of them."""
    lines = [f"{width} x {height}: {calc(width, height)}" for width, height in sizes]
    whole = sum(calc(width, height) for width, height in sizes)
    return [*lines, f"all: {whole}"]


def pond(radius):
    return f"pond: {circle(radius):.1f}"
'''
MAIN = """from report import pond, rooms
from shapes import calc

if __name__ == "__main__":
    print("\\n".join([*rooms([(2, 3), (4, 5)]), pond(1)]))
    print("lawn:", calc(10, 20))
"""
CHECKS = """from pathlib import Path

import main
import report
import shapes

assert shapes.rectangle_area(2, 3) == 6
assert report.rooms([(2, 3)]) == ["2 x 3: 6", "all: 6"]
assert main.rectangle_area is shapes.rectangle_area
for name in ("main.py", "report.py", "shapes.py"):
    assert "calc" not in Path(name).read_text(), name
print("All checks passed.")
"""

RENAMING = Task(
    name="renaming",
    prompt="Rename calc to rectangle_area in all files. check.py proves it.",
    files={"shapes.py": SHAPES, "report.py": REPORT, "main.py": MAIN, "check.py": CHECKS},
    looks=(Look(Call("find_text", {"pattern": r"\bcalc\b"}), "report.py:3:"),),
    changes=(
        Change("shapes.py", "def calc(", "def rectangle_area("),
        Change("report.py", "calc", "rectangle_area", replace_all=True),
        Change("main.py", "from shapes import calc", "from shapes import rectangle_area"),
        Change("main.py", '    print("lawn:", calc(10, 20))', '    print("lawn:", rectangle_area(10, 20))'),
    ),
)
