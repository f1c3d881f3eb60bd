"""Who is measured: Roost, a bare loop, and the other agents that are installed here."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROMPT = "Run the commands that are needed."


@dataclass(frozen=True)
class Contender:
    name: str
    command: Callable[[str], Sequence[str]]
    """The command line for a server's base URL, which ends in /v1."""
    environment: Callable[[str], Mapping[str, str]] = field(default=lambda _: {})
    path: str = "/chat/completions"
    """How the path of its first model request ends."""


def roost(workspace: Path, prompt: str = PROMPT, root: Path = ROOT) -> Contender:
    """Of the checkout at `root`."""

    def command(url: str) -> Sequence[str]:
        return [
            *(sys.executable, str(root / "cli.py"), "-p", prompt, "--json", "--url", url, "--model", "m"),
            *(
                "--workspace",
                str(workspace),
                "--permission",
                "full",
                "--sandbox",
                "external",
                "--max-steps",
                "2000",
            ),
        ]

    return Contender("roost", command)


def floor() -> Contender:
    return Contender("floor", lambda url: [sys.executable, str(ROOT / "bench" / "floor.py"), url, PROMPT])


def installed_peers(home: Path) -> Sequence[Contender]:
    """Those of codex, claude and pi that are on PATH, set up in `home` to ask a given server."""
    made = {"codex": codex, "claude": claude, "pi": pi}
    return [make(home) for name, make in made.items() if shutil.which(name)]


def codex(home: Path) -> Contender:
    folder = home / "codex"

    def environment(url: str) -> Mapping[str, str]:
        folder.mkdir(parents=True, exist_ok=True)
        provider = f'name = "scripted"\nbase_url = "{url}"\nwire_api = "responses"\n'
        (folder / "config.toml").write_text(
            f'model = "m"\nmodel_provider = "scripted"\n\n[model_providers.scripted]\n{provider}'
        )
        return {"CODEX_HOME": str(folder)}

    flags = ("--skip-git-repo-check", "--sandbox", "danger-full-access")
    return Contender("codex", lambda _: ["codex", "exec", *flags, PROMPT], environment, "/responses")


def claude(home: Path) -> Contender:
    def environment(url: str) -> Mapping[str, str]:
        return {
            "ANTHROPIC_BASE_URL": url.removesuffix("/v1"),
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CONFIG_DIR": str(home / "claude"),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }

    return Contender("claude", lambda _: ["claude", "-p", PROMPT, "--model", "m"], environment, "/messages")


def pi(home: Path) -> Contender:
    folder = home / "pi"

    def environment(url: str) -> Mapping[str, str]:
        folder.mkdir(parents=True, exist_ok=True)
        model = {"id": "m", "name": "m", "contextWindow": 32768, "maxTokens": 4096}
        provider = {"baseUrl": url, "api": "openai-completions", "apiKey": "none", "models": [model]}
        (folder / "models.json").write_text(json.dumps({"providers": {"scripted": provider}}))
        return {"PI_CODING_AGENT_DIR": str(folder)}

    return Contender(
        "pi", lambda _: ["pi", "-p", PROMPT, "--provider", "scripted", "--model", "m"], environment
    )


def bare_environment(home: Path) -> Mapping[str, str]:
    """An empty home, and nothing set that an agent might read."""
    folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "ROOST_NO_SETUP": "1",
        **folders,
    }
