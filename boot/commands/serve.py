"""`roost serve`: finds a model that fits this machine, fetches it, and serves it."""

import argparse

from boot.layers import Loaded
from boot.serving.choice import DTYPES, ENGINES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    text = "a name at the hub, or a folder; without one a model is proposed that fits this machine"
    add("served", nargs="?", default="", metavar="MODEL", help=text)
    add("--engine", choices=ENGINES, default="native", help="what serves it: Roost's own, or another program")
    text = "the address to listen at; any but this machine's own wants a token, AGENT_SERVER_TOKEN"
    add("--host", default="127.0.0.1", help=text)
    add("--port", type=int, default=8000, help="where Roost looks first: 8000")
    add(
        "--window", type=int, metavar="TOKENS", help="the longest conversation; as long as fits, if not given"
    )
    add("--slots", type=int, metavar="N", help="how many replies are written at once; more wait")
    text = "what the weights are computed in; auto: what the device does best"
    add("--dtype", choices=DTYPES, default="auto", help=text)
    add("--yes", action="store_true", help="asks nothing: installs, fetches and serves what is proposed")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    from boot.serving.asked import Asked
    from boot.serving.start import serve

    asked = Asked(
        model=given.served,
        engine=given.engine,
        host=given.host,
        port=given.port,
        window_tokens=given.window,
        slots=given.slots,
        dtype=given.dtype,
        yes=given.yes,
        token=loaded.settings.server_token,
    )
    return serve(asked)
