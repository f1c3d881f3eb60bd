"""`roost models`: which models there are, what each can do, and where."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from json import loads

from boot.calibrate.kept import Calibrations
from boot.layers import Loaded, here
from boot.models import servers_of
from boot.settings import Settings
from core.endpoint import ServerFacts
from core.values import encode
from gate.discovery import LOCAL_URLS
from servr.model_table import model_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", metavar="URL", help="of this server, not of all on the usual local ports")
    parser.add_argument("--json", action="store_true", help="all that is known, as one line of JSON")


def act(given: argparse.Namespace, loaded: Loaded) -> int:
    kept = Calibrations(here().folders.calibrations)
    return list_models(loaded.settings, given.url or loaded.settings.model_url, kept, json=given.json)


def list_models(
    settings: Settings, url: str, kept: Calibrations, *, json: bool, local_urls: Sequence[str] = LOCAL_URLS
) -> int:
    """Print the models of one server, or of all that answer on the usual ports; 1 when there is none.

    Where the server that is set is not there, they are those of its first fallback that is.

    Raises:
        ConfigError: the URL is none.
        GatewayError: the server at this URL gives no answer, or refuses this one.
    """
    asked = settings
    if url != settings.model_url:
        asked = replace(settings, model_url=url, api_key="", fallback_urls="")
    servers, nobody = asyncio.run(servers_of(asked, local_urls=local_urls))
    if json:
        sys.stdout.write(f"{encode([_with_calibrated(server, kept) for server in servers])}\n")
    elif any(server.models for server in servers):
        table = model_table(servers, calibrated=lambda url, model: kept.learned(url, model).calibrated)
        sys.stdout.writelines(f"{line}\n" for line in table)
    else:
        sys.stdout.write(f"{nobody}\n")
    return 0 if any(server.models for server in servers) else 1


def _with_calibrated(server: ServerFacts, kept: Calibrations) -> object:
    """All that is known, and of each model what the table says, too: whether it was examined here."""
    told = loads(encode(server))
    for model in told["models"]:
        model["calibrated"] = kept.learned(server.url, model["name"]).calibrated
    return told
