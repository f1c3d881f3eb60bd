"""Starts the scripted model server by hand.

python -m tests.scripted_server --script repo-task --repository /tmp/basket --port 8000
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from shlex import quote

from tests.scripted_server.app import ScriptedApp
from tests.scripted_server.faults import FAULTS, TOLD_WINDOW, VARIANTS, Fault, aside, script
from tests.scripted_server.replies import Pause, Step, say
from tests.scripted_server.repository_task import PROMPT, make_repository, repository_task
from tests.scripted_server.serving import QuickServer, listening

FAULTS_BY_NAME = {fault.name: fault for fault in (*FAULTS, *VARIANTS)}
PLAIN: dict[str, Callable[[], Iterable[Step]]] = {
    "hello": lambda: cycle([say("Hello, ", "I am a script.")]),
    "slow": lambda: cycle([say("One ", Pause(1), "two ", Pause(1), "three.")]),
    "repo-task": lambda: cycle(repository_task(quote(sys.executable))),
}


def main() -> None:
    parser = ArgumentParser(
        "python -m tests.scripted_server", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--script", choices=[*PLAIN, *FAULTS_BY_NAME], default="hello", help="what it answers"
    )
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--repository", type=Path, help="make the package of repo-task in this new folder first"
    )
    arguments = parser.parse_args()
    if arguments.repository:
        arguments.repository.mkdir(parents=True)
        make_repository(arguments.repository)
        sys.stdout.write(f"The prompt for {arguments.repository}: {PROMPT}\n")
    faults: tuple[Fault, ...] = tuple(
        fault for name, fault in FAULTS_BY_NAME.items() if name == arguments.script
    )
    steps = script(*faults) if faults else PLAIN[arguments.script]()
    app = ScriptedApp(steps, window_tokens=TOLD_WINDOW, aside=aside(*faults))
    with suppress(KeyboardInterrupt), listening(arguments.port) as listener:
        sys.stdout.write(
            f"{arguments.script} at http://127.0.0.1:{listener.getsockname()[1]}/v1 until Ctrl-C\n"
        )
        sys.stdout.flush()
        QuickServer(app).run(sockets=[listener])


if __name__ == "__main__":
    main()
