"""What a session is joined from: here, that the profile of its model reaches everybody."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from boot.paths import user_folders
from boot.settings import Settings
from boot.wiring import NEW_SESSION, Choice, open_session
from core.events import Outcome
from core.profile import Sampling
from tests.scripted_server import prefix_breaks
from tests.scripted_server.replies import call, say
from tests.scripted_server.serving import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer([say("One."), say("Two."), say("Three.")]) as server:
        yield server


@pytest.fixture
def settings(server: ScriptedServer, tmp_path: Path) -> Settings:
    return Settings(model_url=server.url, model="devstral:24b", workspace=str(tmp_path))


async def said(settings: Settings, choice: Choice = NEW_SESSION) -> str:
    """Runs one turn; answers the session's id."""
    async with open_session(settings, choice) as opened:
        finished = await opened.session.send("Hi")
        assert finished.outcome is Outcome.DONE
        return opened.session.id


@pytest.mark.server
async def test_a_model_is_asked_as_its_card_advises(settings: Settings, server: ScriptedServer) -> None:
    await said(settings)

    assert server.requests[0].json["temperature"] == 0.15


@pytest.mark.server
async def test_the_temperature_of_the_settings_wins(settings: Settings, server: ScriptedServer) -> None:
    await said(replace(settings, temperature=0.7))

    assert server.requests[0].json["temperature"] == 0.7


@pytest.mark.server
async def test_a_session_begins_with_the_profile_of_its_model(settings: Settings, home: Path) -> None:
    async with open_session(settings) as opened:
        header = opened.session.log.header

    assert (header.profile.name, header.profile.sampling) == ("devstral", Sampling(temperature=0.15))
    assert header.thinking == "never"


@pytest.mark.server
async def test_thinking_that_has_to_go_back_is_promised_in_the_header(settings: Settings) -> None:
    async with open_session(replace(settings, model="gpt-oss:20b")) as opened:
        assert opened.session.log.header.thinking == "always"


@pytest.mark.server
async def test_a_session_goes_on_with_the_profile_it_was_begun_with(
    settings: Settings, server: ScriptedServer
) -> None:
    session = await said(settings)
    profiles = user_folders(os.environ).config / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "own.toml").write_text('family = "devstral"\n[sampling]\ntemperature = 0.9\n')

    await said(settings, Choice(resume=session))
    await said(settings)

    assert [request.json["temperature"] for request in server.requests] == [0.15, 0.15, 0.9]


@pytest.mark.server
async def test_the_instructions_of_a_folder_come_with_the_first_file_of_it(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "AGENTS.md").write_text("Mind the api.")
    (tmp_path / "api" / "a.py").write_text("a = 1\n")
    read = call("read_file", path="api/a.py")

    with ScriptedServer([read, say("Read."), say("And now?")]) as server:
        settings = Settings(model_url=server.url, model="devstral:24b", workspace=str(tmp_path))
        session = await said(settings)
        await said(settings, Choice(resume=session))

    told = [str(request.messages).count("Mind the api.") for request in server.requests]
    assert told == [0, 1, 1]
    assert prefix_breaks(server.requests) == []


@pytest.mark.server
async def test_no_address_holds_a_secret_of_the_settings_or_a_host_that_a_rule_denies(
    tmp_path: Path, home: Path
) -> None:
    key = "sk-Live-51HxYz0aBcDeF"
    config = user_folders(os.environ).config
    config.mkdir(parents=True)
    (config / "rules.toml").write_text('[[rule]]\ndecision = "deny"\nhost = "*.denied.example"\n')
    replies = [
        call("fetch", url=f"https://a.example/{key[::-1]}"),
        call("fetch", url="https://A.DENIED.example./"),
        call("fetch", url="http://127.0.0.1:1/"),
        say("Done."),
    ]
    with ScriptedServer(replies) as server:
        settings = Settings(
            model_url=server.url, model="m", api_key=key, workspace=str(tmp_path), permission="full"
        )
        await said(settings)

    told = [str(request.json["messages"][-1]["content"]) for request in server.requests[1:]]
    assert "The address holds a secret value" in told[0]
    assert "a rule forbids it" in told[1]
    assert "127.0.0.1, which is not on the public internet" in told[2]


@pytest.mark.server
async def test_a_file_tool_is_held_to_a_rule_while_it_opens(tmp_path: Path, home: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "a.txt").write_text("the words")
    config = user_folders(os.environ).config
    config.mkdir(parents=True)
    (config / "rules.toml").write_text('[[rule]]\ndecision = "deny"\npath = "private/**"\n')
    with ScriptedServer([call("find_text", pattern="word"), say("Done.")]) as server:
        await said(Settings(model_url=server.url, model="m", workspace=str(tmp_path)))

    assert "the words" not in str(server.requests[1].json)
