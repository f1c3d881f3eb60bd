"""What two modules share moves into a third."""

from tests.simulator.plan import Call, Change, Look, Task, Whole

MAIL = '''"""Letters."""


def cleaned(name):
    return " ".join(name.split()).title()


def greeting(name):
    return f"Dear {cleaned(name)},"
'''
LABELS = '''"""Labels for parcels."""


def cleaned(name):
    return " ".join(name.split()).title()


class Label:
    def __init__(self, name, town):
        self.name = cleaned(name)
        self.town = town

    def lines(self):
        if self.town:
            return [self.name, self.town.upper()]
        return [self.name]
'''
TWICE = 'def cleaned(name):\n    return " ".join(name.split()).title()\n\n\n'
CHECKS = """import labels
import mail
import names

assert mail.greeting(" ada  lovelace ") == "Dear Ada Lovelace,"
assert labels.Label("ada lovelace", "London").lines() == ["Ada Lovelace", "LONDON"]
assert labels.Label("ada lovelace", "").lines() == ["Ada Lovelace", "(no town)"]
assert names.cleaned is mail.cleaned is labels.cleaned
print("All checks passed.")
"""

MOVING = Task(
    name="moving",
    prompt="cleaned() is there twice: move it to names.py. A label without a town should say '(no town)'.",
    files={"mail.py": MAIL, "labels.py": LABELS, "check.py": CHECKS},
    looks=(Look(Call("find_text", {"pattern": "def cleaned", "files_only": True}), "labels.py"),),
    changes=(
        Whole("names.py", f'"""Names of people."""\n\n\n{TWICE.strip()}\n'),
        Change("mail.py", f"\n\n{TWICE}", "\nfrom names import cleaned\n\n\n"),
        Change("labels.py", f"\n\n{TWICE}", "\nfrom names import cleaned\n\n\n"),
        Change("labels.py", "        return [self.name]\n", '        return [self.name, "(no town)"]\n'),
    ),
)
