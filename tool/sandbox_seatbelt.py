"""Back-end of macOS: the policy as a profile for `sandbox-exec`.

The profile is written and compared as text; nobody has run it on a Mac yet, so it is no one's default.
"""

from collections.abc import Iterable
from pathlib import Path

from core.sandbox import SandboxPolicy

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/opt", "/System", "/Library/Frameworks", "/Library/Developer"),
    *("/Library/Apple", "/Applications/Xcode.app", "/private/etc", "/private/var/db/timezone", "/dev"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/tty")
GIT = r"/\.git/(.*/)?(hooks|info|config|config\.worktree|commondir|gitdir)(/|$)"
"""Below any writable folder, in repositories that are not there yet too."""
ALWAYS = """\
(version 1)
(deny default)
(allow process-fork)
(allow process-exec)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow file-read-metadata)
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow mach-lookup (global-name "com.apple.system.logger"))
(allow ipc-posix-sem)
"""


def profile(policy: SandboxPolicy, temporary: Path) -> str:
    """For `sandbox-exec -p`. The last rule that fits decides; `temporary` is the command's own folder.

    Raises:
        ValueError: a path has a character that the profile's language cannot hold.
    """
    writable = (*policy.writable, temporary)
    rules = [
        _rule("allow file-read*", (*map(Path, SYSTEM), *policy.readable, *writable)),
        _rule("allow file-write*", (*writable, *map(Path, DEVICES))),
        _rule("deny file-write*", policy.protected),
        *(f'(deny file-write* (regex #"^{_escaped(root)}(/.*)?{GIT}"))' for root in policy.writable),
        *(f'(deny file-write-unlink (regex #"^{_escaped(root)}(/.*)?/\\.git$"))' for root in policy.writable),
        _rule("deny file-read* file-write*", policy.hidden),
        "(deny network*)",  # the way to hosts is the proxy, which has no door here yet
    ]
    return ALWAYS + "".join(f"{rule}\n" for rule in rules if rule)


def _rule(what: str, paths: Iterable[Path]) -> str:
    places = " ".join(f"(subpath {_quoted(path)})" for path in paths)
    return f"({what} {places})" if places else ""


def _quoted(path: Path) -> str:
    _check(path)
    return f'"{path}"'


def _escaped(path: Path) -> str:
    """For a regular expression."""
    _check(path)
    return "".join(sign if sign.isalnum() or sign in "/_-" else f"\\{sign}" for sign in str(path))


def _check(path: Path) -> None:
    if any(sign in '"\\' or not sign.isprintable() for sign in str(path)):
        raise ValueError(f"{str(path)!r} cannot be written in a sandbox profile.")
