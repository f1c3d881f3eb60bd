"""A program that imports modules and prints what doing so did."""

from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def importing(names: Sequence[str], *, before: Sequence[str], folders: Sequence[Path] = ()) -> str:
    """Of the modules `before`, which are not ours, nothing is watched; `folders` may hold some of them."""
    return f"""
import site
import sys
sys.path.insert(0, {str(ROOT)!r})
for folder in {[str(folder) for folder in folders]!r}:
    site.addsitedir(folder)
def audit(event, arguments):
    watched = ("socket.connect", "subprocess.Popen", "os.mkdir", "os.remove", "os.rename", "sqlite3.connect")
    if event in watched or (event == "open" and isinstance(arguments[1], str) and "w" in arguments[1]):
        if ".pyc" not in str(arguments[0]):
            print("did", event, arguments)
import importlib
for name in {before!r}:
    importlib.import_module(name)
sys.dont_write_bytecode = True
sys.addaudithook(audit)
for name in {names!r}:
    importlib.import_module(name)
print("imported", len({names!r}))
"""
