"""A test fails: find out why, and mend the package."""

from tests.simulator.plan import CHECK, Call, Change, Look, Task

PRICES = '''"""What a basket costs."""


def total(prices, discount_percent=0):
    """The sum of `prices` less the discount."""
    return sum(prices) - discount_percent


def dearest(prices):
    return max(prices)
'''
CHECKS = """from basket.prices import dearest, total

assert total([20, 30]) == 50
assert total([20, 30], discount_percent=10) == 45, "the discount is not a percentage"
assert dearest([20, 30]) == 30
print("All checks passed.")
"""

FAILING_TEST = Task(
    name="failing test",
    prompt="check.py fails. Find out why, and mend the package.",
    files={"basket/__init__.py": "", "basket/prices.py": PRICES, "check.py": CHECKS},
    looks=(
        Look(Call("shell", {"command": CHECK}), "AssertionError"),
        Look(Call("find_text", {"pattern": "def total", "glob": "*.py"}), "basket/prices.py:4:"),
    ),
    changes=(
        Change(
            "basket/prices.py",
            "    return sum(prices) - discount_percent",
            "    return sum(prices) * (100 - discount_percent) / 100",
        ),
    ),
)
