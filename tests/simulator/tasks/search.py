"""An error message leads to its cause, some files away."""

from collections.abc import Mapping

from tests.simulator.plan import CHECK, Call, Change, Look, Task

LIMITS = '''"""What an order may have."""

MOST_ITEMS = 9
LEAST_CENTS = 500
'''
ORDERS = '''"""Orders are checked before they are taken."""

from shop.limits import LEAST_CENTS, MOST_ITEMS


class Refused(Exception):
    """The order is not taken."""


def take(items):
    if len(items) >= MOST_ITEMS:
        raise Refused(f"at most {MOST_ITEMS} items")
    cents = sum(price for _, price in items)
    if cents < LEAST_CENTS:
        raise Refused(f"at least {LEAST_CENTS} cents")
    return {"items": items, "cents": cents}
'''
CHECKS = """from shop.orders import Refused, take

assert take([("tea", 600)])["cents"] == 600
assert take([("tea", 100)] * 9)["cents"] == 900, "nine items are allowed"
for items in ([("tea", 100)] * 10, [("tea", 100)]):
    try:
        take(items)
    except Refused:
        continue
    raise AssertionError(items)
print("All checks passed.")
"""


def _others() -> Mapping[str, str]:
    """Files that have nothing to do with it."""
    return {
        f"shop/part{number}.py": f'"""Part {number}."""\n\n\ndef weight(items):\n    return len(items) * {number}\n'
        for number in range(12)
    }


SEARCH = Task(
    name="search",
    prompt="An order of nine items is refused with 'at most 9 items'. Nine are allowed: mend it.",
    files={
        "shop/__init__.py": "",
        "shop/limits.py": LIMITS,
        "shop/orders.py": ORDERS,
        **_others(),
        "check.py": CHECKS,
    },
    looks=(
        Look(Call("find_text", {"pattern": "at most .* items", "glob": "*.py"}), "shop/orders.py:12:"),
        Look(Call("read_file", {"path": "shop/limits.py"}), "MOST_ITEMS = 9"),
        Look(Call("shell", {"command": CHECK}), "orders.Refused"),
    ),
    changes=(
        Change("shop/orders.py", "    if len(items) >= MOST_ITEMS:", "    if len(items) > MOST_ITEMS:"),
    ),
)
