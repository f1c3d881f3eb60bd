"""Which variables are taken for secrets, and where their values do not turn up."""

import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from boot.layers import Surroundings
from boot.logs import MaskedFormatter
from boot.masking import looks_secret, masked_here, masking_of, too_short
from boot.paths import Folders, user_folders
from boot.settings import Settings
from core.masking import Masking
from tests.scripted_server.replies import say
from tests.scripted_server.serving import ScriptedServer

ROOT = Path(__file__).resolve().parents[2]
OPEN_START = "import os; os.umask(0); from boot.entry import main; raise SystemExit(main())"
VALUE = "hunter2-AbCdEfGh-999"


def around(folder: Path, **environment: str) -> Surroundings:
    folders = Folders(data=folder / "data", config=folder / "config", cache=folder / "cache")
    return Surroundings(environment=environment, cwd=folder, folders=folders, checkout=folder / "checkout")


@pytest.mark.parametrize(
    "name",
    [
        *("AGENT_API_KEY", "GEMINI_API_KEY", "OPENAI_APIKEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        *("GITHUB_TOKEN", "npm_config__authToken", "PGPASSWORD", "MYSQL_PWD", "DB_PASS", "SSH_PASSPHRASE"),
        *("GOOGLE_CREDENTIALS", "CLIENT_SECRET", "GITHUB_PAT", "KEY", "SENTRY_DSN", "KEY2", "BASIC_AUTH"),
    ],
)
def test_a_variable_named_like_a_secret_is_one(name: str, tmp_path: Path) -> None:
    shown = masking_of(Settings(), around(tmp_path, **{name: VALUE})).masked(VALUE)

    assert shown == f"[masked {name}]"


@pytest.mark.parametrize("name", ["KEYBOARD_LAYOUT", "TOKENIZER", "AUTHOR", "PATH", "COMPASS", "HISTFILE"])
def test_other_variables_are_none(name: str, tmp_path: Path) -> None:
    assert masking_of(Settings(), around(tmp_path, **{name: VALUE})).masked(VALUE) == VALUE


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (VALUE, True),
        ("abcdefghijklmnop", True),
        ("a1b2c3d4", True),
        ("development", False),
        ("lm-studio", False),
        ("not-needed", False),
        ("a1b2c3d", False),
        ("12345678", False),
        ("/home/ada/.ssh/id_ed25519", False),
        ("~/.keys/k1", False),
        ("/run/user/1000/agent.sock", False),
        ("C:\\keys\\k1.pem", False),
        ("11111111111111111111", False),
    ],
)
def test_a_plain_word_a_number_and_a_path_are_no_secrets(value: str, secret: bool) -> None:
    assert looks_secret(value) is secret


def test_of_a_url_the_password_is_secret(tmp_path: Path) -> None:
    given = around(
        tmp_path, DATABASE_URL="postgres://ada:hunter2-9z@db/x", SENTRY_DSN="https://k3yk3y-0815@host/1"
    )
    masking = masking_of(Settings(), given)

    assert masking.masked("postgres://ada:hunter2-9z@db/x") == "postgres://ada:[masked DATABASE_URL]@db/x"
    assert masking.masked("https://k3yk3y-0815@host/1") == "https://[masked SENTRY_DSN]@host/1"
    url = around(tmp_path, AUTH_URL="https://login.example.com/oauth2")
    assert not masking_of(Settings(), url)


def test_a_key_of_several_lines_is_masked_line_by_line(tmp_path: Path) -> None:
    lines = ["MIIEpAIBAAKCAQEA7v0x1y2z3a4b5c6d7e8f", "Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2Ji1Hg0Fe0Dc"]
    pem = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    credentials = json.dumps({"url": "https://www.googleapis.com/oauth2/v1", "private_key": pem})
    numbered = "\n".join(f"{number:>6}  {line}" for number, line in enumerate(pem.splitlines(), 1))

    for name, value in (("DEPLOY_KEY", pem), ("GOOGLE_CREDENTIALS", credentials)):
        masked = masking_of(Settings(), around(tmp_path, **{name: value})).masked(numbered)
        assert masked.count(f"[masked {name}]") == 2
        assert "-----BEGIN RSA PRIVATE KEY-----" in masked


def test_settings_and_trusted_files_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / ".env").write_text(f"AGENT_MODEL=m\nSERVICE_TOKEN={VALUE}\n")
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / ".env").write_bytes(b"\xff\xfe")
    (tmp_path / ".env").write_text("PROJECT_TOKEN=of-a-stranger-1234\n")
    settings = Settings(api_key="sk-1a2b3c4d5e", model_url="http://ada:pa55word-9@host/v1")
    masking = masking_of(settings, around(tmp_path))

    assert masking.masked(f"{VALUE} sk-1a2b3c4d5e") == "[masked SERVICE_TOKEN] [masked AGENT_API_KEY]"
    assert masking.masked("http://ada:pa55word-9@host/v1") == "http://ada:[masked AGENT_MODEL_URL]@host/v1"
    assert masking.masked("of-a-stranger-1234") == "of-a-stranger-1234"


def test_what_a_person_declares_is_masked_however_plain_it_is(tmp_path: Path) -> None:
    given = around(tmp_path, CODENAME="bluebird", PIN="1234", OTHER="redkites")
    settings = Settings(mask="CODENAME, PIN MISSING")

    assert masking_of(settings, given).masked("bluebird redkites 1234") == "[masked CODENAME] redkites 1234"
    assert list(too_short(settings, given)) == [
        "PIN cannot be masked: its value needs 8 characters, and some variety."
    ]


def test_a_strange_name_is_not_repeated(tmp_path: Path) -> None:
    given = around(tmp_path, **{"A\x1b[2J_KEY": VALUE})

    assert masking_of(Settings(), given).masked(VALUE) == "[masked secret]"


def test_the_log_is_masked_and_keeps_to_its_lines() -> None:
    formatter = MaskedFormatter(Masking([("API_KEY", VALUE)]))
    error = ValueError(f"no {VALUE}\x1b[2J")
    told = (ValueError, error, None)
    record = logging.LogRecord("a", logging.ERROR, __file__, 1, "%s\nforged", (VALUE,), told)

    lines = formatter.format(record).splitlines()

    assert lines[0].endswith("ERROR a [masked API_KEY]")
    assert lines[1] == "    forged"
    assert lines[-1] == "    ValueError: no [masked API_KEY]␛[2J"


def roost(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH",)}
    places = {
        f"AGENT_{name}_DIR": str(folder / name.lower() / "roost") for name in ("DATA", "CONFIG", "CACHE")
    }
    return subprocess.run(
        [sys.executable, "-c", OPEN_START, *arguments],
        env={**kept, **places, "PYTHONPATH": str(ROOT), "HOME": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def left_behind(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.server
def test_no_key_is_in_anything_a_run_leaves_or_shows(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "data" / "roost").mkdir(parents=True)
    (tmp_path / "data" / "roost").chmod(0o755)
    (tmp_path / "data" / "roost" / "roost.log").write_text("older\n")
    (tmp_path / "data" / "roost" / "roost.log").chmod(0o644)
    environment = {"AGENT_API_KEY": VALUE, "AGENT_LOG_LEVEL": "debug"}
    with ScriptedServer([say(f"Your key is {VALUE}, I think.")] * 2) as server:
        flags = ["-p", f"What is {VALUE}?", "--url", server.url, "--model", "m", "--workspace", "work"]
        plain = roost(tmp_path, *flags, **environment)
        streamed = roost(tmp_path, *flags, "--json", "--deltas", **environment)
        requests = [request.body for request in server.requests]
    listed = roost(tmp_path, "sessions", "--all", **environment)
    exported = roost(
        tmp_path, "sessions", "export", listed.stdout.split()[0], "--output", "out.md", **environment
    )

    assert plain.stdout == "Your key is [masked AGENT_API_KEY], I think.\n"
    assert "[masked AGENT_API_KEY]" in listed.stdout
    assert exported.returncode == 0
    everything = "".join(run.stdout + run.stderr for run in (plain, streamed, listed, exported))
    everything += "".join(content.decode("utf-8", "replace") for content in left_behind(tmp_path).values())
    assert VALUE not in everything
    assert all(VALUE not in str(body) for body in requests)
    assert wide_open(tmp_path) == []


def wide_open(folder: Path) -> list[str]:
    """What of the state of Roost others could read, although the umask was 0."""
    state = [path for name in ("data", "config", "cache") for path in (folder / name / "roost").rglob("*")]
    state += [folder / name / "roost" for name in ("data", "cache")]
    return [str(path) for path in state if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.server
def test_no_command_prints_what_a_terminal_would_obey(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e"
    (tmp_path / "work" / ".roost").mkdir(parents=True)
    rule = '[[rule]]\ndecision = "ask"\ncommand = "ls"\nreason = "\\u001b[2J\\u202e"\n'
    (tmp_path / "work" / ".roost" / "rules.toml").write_text(rule)
    with ScriptedServer([say(f"done {evil}")]) as server:
        flags = ["--url", server.url, "--model", f"m{evil}", "--workspace", "work"]
        ran = [roost(tmp_path, "-p", f"hello {evil}", *flags)]
    session = roost(tmp_path, "sessions", "--all").stdout.split()[0]
    ran += [
        roost(tmp_path, "sessions", "--all"),
        roost(tmp_path, "sessions", "search", "--all", "hello"),
        roost(tmp_path, "sessions", "show", session),
        roost(tmp_path, "sessions", "export", session),
        roost(tmp_path, "why", f"ls {evil}", "--workspace", "work"),
        roost(tmp_path, "settings", "--workspace", "work", AGENT_MODEL=evil),
        roost(tmp_path, "doctor", "--offline", "--workspace", "work", AGENT_MODEL=evil),
    ]

    assert [run.returncode for run in ran[:-1]] == [0] * (len(ran) - 1)
    told = ["".join((run.stdout if place else "", run.stderr)) for place, run in enumerate(ran)]
    assert [mark for text in told for mark in "\x1b\x07\u202e" if mark in text] == []
    assert "␛]0;owned␇␛[2J<U+202E>" in told[1]


@pytest.mark.server
def test_a_log_from_before_a_secret_was_declared_is_masked_when_it_is_shown(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with ScriptedServer([say("bluebird sings")]) as server:
        flags = ["-p", "hello bluebird", "--url", server.url, "--model", "m", "--workspace", "work"]
        roost(tmp_path, *flags)
    given = {"AGENT_MASK": "BIRD", "BIRD": "bluebird"}
    session = roost(tmp_path, "sessions", "--all").stdout.split()[0]

    shown = roost(tmp_path, "sessions", "show", session, **given)
    roost(tmp_path, "sessions", "export", session, "--output", "out.md", **given)

    assert "[masked BIRD] sings" in shown.stdout
    assert "bluebird" not in shown.stdout + (tmp_path / "out.md").read_text()


def test_what_a_failing_start_says_is_masked_by_all_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    config = user_folders(os.environ).config
    config.mkdir(parents=True)
    (config / "settings.toml").write_text(f'api_key = "{VALUE}"\n')
    monkeypatch.chdir(tmp_path)

    assert masked_here(f"no {VALUE}") == "no [masked AGENT_API_KEY]"


def test_settings_that_are_wrong_themselves_leave_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENT_MAX_STEPS", "many")
    monkeypatch.setenv("SERVICE_TOKEN", VALUE)

    assert masked_here(f"no {VALUE}") == "no [masked SERVICE_TOKEN]"


def test_a_start_that_fails_says_so_without_the_key(tmp_path: Path) -> None:
    ran = roost(tmp_path, "-p", "x", "--permission", VALUE, AGENT_API_KEY=VALUE)

    assert ran.returncode == 2
    assert VALUE not in ran.stdout + ran.stderr
    assert "[masked AGENT_API_KEY]" in ran.stderr
