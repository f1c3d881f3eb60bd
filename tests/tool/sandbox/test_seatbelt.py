from dataclasses import replace
from pathlib import Path

import pytest

from core.sandbox import SandboxPolicy
from tool.sandbox_seatbelt import ALWAYS, profile

POLICY = SandboxPolicy(
    writable=(Path("/Users/me/my.project"),),
    readable=(Path("/Users/me/.cargo/bin"),),
    protected=(Path("/Users/me/my.project/.roost"),),
    hidden=(Path("/Users/me/Library/Application Support/roost"),),
)
OWN = Path("/private/tmp/roost-1")


def test_the_profile_says_what_the_policy_says_and_denies_the_rest() -> None:
    text = profile(POLICY, OWN)

    assert text.startswith(ALWAYS)
    assert text.removeprefix(ALWAYS).splitlines()[1:] == [
        '(allow file-write* (subpath "/Users/me/my.project") (subpath "/private/tmp/roost-1")'
        ' (subpath "/dev/null") (subpath "/dev/zero") (subpath "/dev/random") (subpath "/dev/urandom")'
        ' (subpath "/dev/tty"))',
        '(deny file-write* (subpath "/Users/me/my.project/.roost"))',
        r'(deny file-write* (regex #"^/Users/me/my\.project(/.*)?/\.git/(.*/)?'
        r'(hooks|info|config|config\.worktree|commondir|gitdir)(/|$)"))',
        r'(deny file-write-unlink (regex #"^/Users/me/my\.project(/.*)?/\.git$"))',
        '(deny file-read* file-write* (subpath "/Users/me/Library/Application Support/roost"))',
        "(deny network*)",
    ]
    assert '(subpath "/Users/me/.cargo/bin")' in text.splitlines()[len(ALWAYS.splitlines())]


def test_the_home_itself_is_never_named() -> None:
    assert '"/Users/me"' not in profile(replace(POLICY, home=Path("/Users/me")), OWN)


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\0b"])
def test_a_path_that_could_end_its_quotes_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be written in a sandbox profile"):
        profile(replace(POLICY, writable=(Path("/Users/me") / name,)), OWN)


def test_brackets_are_balanced() -> None:
    text = profile(POLICY, OWN)

    assert text.count("(") == text.count(")")
