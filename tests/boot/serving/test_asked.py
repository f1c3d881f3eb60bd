import socket

import pytest

from boot.serving.asked import Asked, require_sound
from core.errors import ConfigError


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(port=70_000), "--port is 70000. It has to be from 0 (any that is free) to 65535."),
        (Asked(port=0, window_tokens=0), "--window is 0. It has to be at least 1."),
        (Asked(port=0, slots=-1), "--slots is -1. It has to be at least 1."),
        (Asked(port=0, host="0.0.0.0"), "At '0.0.0.0' other machines can ask, and there is no token. Set AGENT_SERVER_TOKEN to a long random text, or leave --host out."),
        (Asked(port=0, model="./nowhere"), "'./nowhere' is not a folder. Name one with config.json and weights."),
        (Asked(port=0, model=__file__), f"{__file__!r} is not a folder. Name one with config.json and weights."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_before_anything_is_done(asked: Asked, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        require_sound(asked)

    assert str(caught.value) == said


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(
            ConfigError, match=f"Nothing can listen at 127.0.0.1 port {port}: Address already in use"
        ):
            require_sound(Asked(port=port))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_this_machine_alone_needs_no_token(host: str) -> None:
    require_sound(Asked(port=0, host=host))


def test_others_may_ask_where_there_is_a_token() -> None:
    asked = Asked(port=0, host="0.0.0.0", token="hush")

    require_sound(asked)

    assert "hush" not in repr(asked)
    assert asked.url == "http://127.0.0.1:0/v1"
