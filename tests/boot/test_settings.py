from pathlib import Path

import pytest

from boot.settings import Settings, known_settings
from boot.settings_page import PAGE, written

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == written(page)


def test_the_example_names_every_variable_and_no_other() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()

    named = [
        line.removeprefix("#").partition("=")[0]
        for line in lines
        if line[:1] == "#" and "=" in line.split(" ")[0]
    ]

    assert sorted(named) == sorted(known.variable for known in known_settings().values())


def test_the_example_shows_the_defaults() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    shown = dict(line.removeprefix("#").split("=", 1) for line in lines if "=" in line.split(" ")[0])

    given = {
        name: known.form.read(shown[known.variable])
        for name, known in known_settings().items()
        if shown[known.variable]
    }

    defaults = {name: known.default for name, known in known_settings().items()}
    local = {"model_url": "http://localhost:8000/v1"}
    assert given == {name: {**defaults, **local}[name] for name in given}


def test_the_established_variables_are_kept() -> None:
    established = {
        *("AGENT_MODEL", "AGENT_MODEL_URL", "AGENT_MAX_STEPS", "AGENT_TEMPERATURE", "AGENT_LOG_LEVEL"),
        *(
            f"AGENT_ENABLE_{tool}"
            for tool in (
                "SHELL",
                "FILES",
                "FETCH",
                "DATA_VIEW",
                "PYEXE",
                "PROJECT",
                "MEMORY",
                "FIND_CODE",
                "SKILLS",
            )
        ),
        *("GEMINI_API_KEY", "AGENT_API_KEY", "AGENT_GEMINI_MODEL", "AGENT_GEMINI_URL"),
        *("AGENT_WORKSPACE", "AGENT_PERMISSION", "AGENT_SANDBOX", "AGENT_WINDOW_TOKENS", "AGENT_HOSTED"),
        *("AGENT_FALLBACK_URLS", "AGENT_FALLBACK_API_KEY"),
        *("AGENT_PRIVATE_HOSTS", "AGENT_SANDBOX_HOSTS", "AGENT_SKILL_IMPORTS"),
        *("AGENT_EMBEDDER", "AGENT_EMBEDDER_URL", "AGENT_SERVER_TOKEN"),
        *("AGENT_MASK", "AGENT_THEME", "AGENT_KEYS", "AGENT_NOTICE"),
    }

    assert {known.variable for known in known_settings().values()} == established


def test_every_default_is_of_its_own_form() -> None:
    given = {name: known.default for name, known in known_settings().items() if known.default is not None}

    assert {name: known_settings()[name].form.read(default) for name, default in given.items()} == given


def test_a_key_is_never_shown() -> None:
    settings = Settings(api_key="sk-secret", gemini_api_key="g-secret")

    shown = [known.shown(getattr(settings, name)) for name, known in known_settings().items()]

    assert "secret" not in repr(settings) + "".join(shown)
    assert shown.count("(set)") == 2


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("max_steps", "20", 20),
        ("max_steps", 20, 20),
        ("temperature", "0.7", 0.7),
        ("temperature", 0, 0.0),
        ("enable_shell", "No", False),
        ("enable_shell", True, True),
        ("permission", "Auto-Edit", "auto-edit"),
        ("sandbox_hosts", " PyPI.org  *.pythonhosted.org:8443 ", "pypi.org *.pythonhosted.org:8443"),
        ("model_url", " localhost:1234 ", "localhost:1234"),
    ],
)
def test_a_value_is_read_from_text_and_from_toml(name: str, given: object, read: object) -> None:
    assert known_settings()[name].form.read(given) == read


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("max_steps", "0"),
        ("max_steps", "many"),
        ("max_steps", True),
        ("max_steps", 2.5),
        ("temperature", "hot"),
        ("temperature", 3),
        ("temperature", True),
        ("enable_shell", "maybe"),
        ("enable_shell", 1),
        ("permission", "all"),
        ("sandbox_hosts", "*"),
        ("sandbox_hosts", "a.*.org"),
        ("sandbox_hosts", "https://pypi.org"),
        ("private_hosts", "wiki.corp/page"),
        ("sandbox", ["auto"]),
        ("model_url", "ftp://localhost"),
        ("model_url", "http://local host"),
        ("model", 7),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, given: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        known_settings()[name].form.read(given)


@pytest.mark.parametrize("given", ["http://a/v1,b:8000", " http://a/v1 b:8000", "http://a/v1, b:8000,"])
def test_fallbacks_are_separated_by_commas_or_blanks(given: str) -> None:
    read = known_settings()["fallback_urls"].form.read(given)

    assert (read, Settings(fallback_urls=read).fallbacks) == (
        "http://a/v1, b:8000",
        ["http://a/v1", "b:8000"],
    )
    assert Settings(fallback_urls=given).fallbacks == ["http://a/v1", "b:8000"]
