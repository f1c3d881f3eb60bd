"""What a person asked to be served, and what is wrong with it before anything is done."""

import socket
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from boot.serving.choice import EngineName
from core.errors import ConfigError
from servr.native.api.guard import is_loopback


@dataclass(frozen=True, kw_only=True)
class Asked:
    model: str = ""
    """Empty: one is proposed."""
    engine: EngineName = "native"
    host: str = "127.0.0.1"
    port: int = 8000
    window_tokens: int | None = None
    slots: int | None = None
    dtype: str = "auto"
    yes: bool = False
    token: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """Of its OpenAI interface, from this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/v1"

    @property
    def folder(self) -> Path | None:
        """The model's, if it is a folder of this machine."""
        named = Path(self.model).expanduser()
        return named if self.model and named.is_dir() else None


def require_sound(asked: Asked) -> None:
    """Raises ConfigError with the first thing that cannot be."""
    if not 0 <= asked.port <= 65_535:
        raise ConfigError(f"--port is {asked.port}.", hint="It has to be from 0 (any that is free) to 65535.")
    for flag, count in (("--window", asked.window_tokens), ("--slots", asked.slots)):
        if count is not None and count < 1:
            raise ConfigError(f"{flag} is {count}.", hint="It has to be at least 1.")
    if not is_loopback(asked.host) and not asked.token:
        raise ConfigError(
            f"At {asked.host!r} other machines can ask, and there is no token.",
            hint="Set AGENT_SERVER_TOKEN to a long random text, or leave --host out.",
        )
    _require_free(asked)
    if asked.engine == "native":
        _require_folder(asked)


def _require_folder(asked: Asked) -> None:
    """What is written like a path is one."""
    is_path = asked.model.startswith((".", "/", "~")) or Path(asked.model).is_file()
    if is_path and not asked.folder:
        raise ConfigError(f"{asked.model!r} is not a folder.", hint="Name one with config.json and weights.")


def _require_free(asked: Asked) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(asked.host, asked.port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(
            f"Nothing can listen at {asked.host} port {asked.port}: {reason}.",
            hint="Stop what listens there, or take another --port.",
        ) from error
