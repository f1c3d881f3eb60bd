"""A table of data is corrected, and a summary is written beside it."""

from tests.simulator.plan import Call, Change, Look, Task, Whole

ROWS = """town,people,founded
Aachen,249070,765
Bonn,331885,-11
Köln,1087353,-38
Düren,93440,
Essen,584580,845
"""
CHECKS = """import csv
import json
from pathlib import Path

rows = list(csv.DictReader(Path("towns.csv").read_text(encoding="utf-8").splitlines()))
assert [row["town"] for row in rows] == ["Aachen", "Bonn", "Köln", "Düren", "Essen", "Neuss"]
assert rows[3]["founded"] == "747"
summary = json.loads(Path("summary.json").read_text())
assert summary == {"towns": len(rows), "people": sum(int(row["people"]) for row in rows)}
print("All checks passed.")
"""

TABLE = Task(
    name="table",
    prompt="In towns.csv Düren was founded in 747, and Neuss (155414, -16) is missing. Then write the number "
    "of towns and of all people to summary.json.",
    files={"towns.csv": ROWS, "summary.json": '{"towns": 0, "people": 0}\n', "check.py": CHECKS},
    looks=(Look(Call("data_view", {"path": "towns.csv"}), "founded"),),
    changes=(
        Change("towns.csv", "Düren,93440,\n", "Düren,93440,747\n"),
        Change("towns.csv", "Essen,584580,845\n", "Essen,584580,845\nNeuss,155414,-16\n"),
        Whole("summary.json", '{"towns": 6, "people": 2501742}\n'),
    ),
)
