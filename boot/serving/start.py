"""From what was asked to a server that runs.

asked ─► sound? ─► machine ─► model ─┬─► native: extra, files, weights, app
                                     └─► another engine: its command line
"""

import os
import shlex
import shutil
import sys

from boot.serving.asked import Asked, require_sound
from boot.serving.engines import OTHERS, Wanted
from boot.serving.machine import Machine, looked_at
from boot.serving.person import told
from boot.serving.proposing import found_for
from core.errors import ConfigError


def serve(asked: Asked) -> int:
    """The exit code; another engine takes the place of this process.

    Raises:
        AgentError: what is in the way, with the next step.
    """
    require_sound(asked)
    if asked.engine == "native":
        from boot.serving.native import serve_natively

        return serve_natively(asked)
    return serve_by_another(asked, looked_at())


def serve_by_another(asked: Asked, machine: Machine) -> int:
    engine = OTHERS[asked.engine]
    found = found_for(asked, machine)
    if found is None and not asked.model:
        return 1
    line = engine.line(
        Wanted(
            model=found.model.name if found else asked.model,
            host=asked.host,
            port=asked.port,
            window_tokens=asked.window_tokens or (found.window_tokens if found else None),
            slots=asked.slots,
            dtype=asked.dtype,
            cards=found.cards if found else 1,
            token=asked.token,
            known=found.model if found else None,
        )
    )
    told(*line.notes, shlex.join(line.words))
    if shutil.which(engine.program) is None:
        raise ConfigError(f"{engine.program!r} is not installed here.", hint=f"Get it: {engine.how_to_get}.")
    return replaced_by(line.words, {**os.environ, **line.variables})


def replaced_by(words: tuple[str, ...], environment: dict[str, str]) -> int:
    """Does not come back but on Windows."""
    sys.stdout.flush()
    if os.name != "nt":
        os.execvpe(words[0], words, environment)
    import subprocess

    return subprocess.call(words, env=environment)
