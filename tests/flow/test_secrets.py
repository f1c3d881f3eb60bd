"""What searching passes over."""

import pytest

from flow.secrets import SECRETS, Secrets

HELD = [
    "/home/me/.ssh/config",
    "/work/.env",
    "/work/app/.ENV",
    "/work/.env.local",
    "/work/certs/a.pem",
    "/etc/shadow",
]
FREE = [
    "/work/a.py",
    "/work/.env.example",
    "/home/me/.ssh/id_rsa.pub",
    "/work/environment.py",
    "/work/pem/a.txt",
]


@pytest.mark.parametrize(
    ("path", "held"), [*((path, True) for path in HELD), *((path, False) for path in FREE)]
)
def test_a_file_is_known_by_its_name(path: str, held: bool) -> None:
    assert Secrets("/home/me").holds(path) is held


def test_every_plain_example_of_the_table_is_known() -> None:
    read = [rule for rule in SECRETS if rule.effect is None]
    plain = [name for rule in read for name in rule.matches if " " not in name]
    paths = [name.replace("~", "/home/me") if name[0] in "~/" else f"/work/{name}" for name in plain]

    assert [path for path in paths if not Secrets("/home/me").holds(path)] == []
