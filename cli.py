"""Roost from a checkout: set up once, then over to boot.entry.

Written for any Python 3, so that an old one reads a sentence instead of a SyntaxError.
"""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
if sys.path[:1] != [HERE]:
    sys.path.insert(0, HERE)  # a foreign package named core or tool must not come before ours


def refusal(version: "tuple[int, int]") -> str:
    """Why this Python will not do; empty when it will."""
    if version >= (3, 11):
        return ""
    return (
        "roost: this is Python %d.%d, and Roost needs 3.11 or newer. Install one, then: python3.11 cli.py\n"
        % version
    )


def set_up(extra: str) -> int:
    """Makes `.venv` beside this file what the lock file says, with `extra`; the exit code."""
    reason = refusal(sys.version_info[:2])
    if reason:
        sys.stderr.write(reason)
        return 2
    from boot.setup import set_up_or_explain

    return set_up_or_explain(HERE, extra)


def main() -> int:
    if refusal(sys.version_info[:2]):
        return set_up("shell")
    from boot.stamp import Checkout

    checkout = Checkout(HERE)
    if checkout.wants_set_up():
        failure = 0 if checkout.is_current("shell") else set_up("shell")
        if failure:
            return failure
        if not checkout.is_running():
            return checkout.restart(sys.argv)
    from boot.entry import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
