import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from boot.layers import Loaded, Surroundings, load_settings
from boot.paths import Folders
from core.errors import ConfigError


@dataclass(frozen=True)
class Place:
    """A user's folders, a checkout and a project, all empty."""

    root: Path

    def __post_init__(self) -> None:
        for folder in (self.config, self.checkout / "workspace", self.project / ".roost"):
            folder.mkdir(parents=True)

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def checkout(self) -> Path:
        return self.root / "checkout"

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def user_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def project_file(self) -> Path:
        return self.project / ".roost" / "settings.toml"

    def load(
        self,
        environment: Mapping[str, str] | None = None,
        flags: Mapping[str, object] | None = None,
        cwd: Path | None = None,
    ) -> Loaded:
        folders = Folders(data=self.root / "data", config=self.config, cache=self.root / "cache")
        around = Surroundings(
            environment=environment or {}, cwd=cwd or self.project, folders=folders, checkout=self.checkout
        )
        return load_settings(around, flags or {})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path.resolve())


def test_without_anything_all_is_default(place: Place) -> None:
    loaded = place.load()

    assert (loaded.settings.max_steps, loaded.settings.permission, loaded.settings.model) == (100, "ask", "")
    assert set(loaded.origins.values()) == {"default"}
    assert (loaded.workspace, loaded.warnings) == (place.project, ())


def test_each_layer_wins_over_those_before_it(place: Place) -> None:
    place.user_file.write_text("max_steps = 90\n")
    place.project_file.write_text("max_steps = 80\n")
    (place.project / ".env").write_text("AGENT_MAX_STEPS=70\n")
    (place.config / ".env").write_text("AGENT_MAX_STEPS=60\n")
    (place.checkout / ".env").write_text("AGENT_MAX_STEPS=50\n")
    environment, flags = {"AGENT_MAX_STEPS": "40"}, {"max_steps": "30"}

    loads = [place.load(environment, flags), place.load(environment), place.load()]
    for file in (place.checkout / ".env", place.config / ".env", place.project / ".env", place.project_file):
        file.unlink()
        loads.append(place.load())

    assert [(loaded.settings.max_steps, loaded.origins["max_steps"]) for loaded in loads] == [
        (30, "--max-steps"),
        (40, "AGENT_MAX_STEPS"),
        (50, f"AGENT_MAX_STEPS in {str(place.checkout / '.env')!r}"),
        (60, f"AGENT_MAX_STEPS in {str(place.config / '.env')!r}"),
        (70, f"AGENT_MAX_STEPS in {str(place.project / '.env')!r}"),
        (80, str(place.project_file)),
        (90, str(place.user_file)),
    ]


def test_a_project_may_only_tighten(place: Place) -> None:
    place.user_file.write_text(
        'permission = "full"\nsandbox = "none"\nmodel = "mine"\nenable_fetch = false\n'
    )
    place.project_file.write_text(
        'permission = "plan"\nsandbox = "auto"\nenable_shell = false\nenable_fetch = true\nmax_steps = 500\n'
        'model_url = "http://evil.example/v1"\nworkspace = "/"\nlog_level = "debug"\nmodel = "theirs"\n'
    )

    loaded = place.load()

    settings = loaded.settings
    assert (settings.permission, settings.sandbox, settings.enable_shell) == ("plan", "auto", False)
    assert (settings.enable_fetch, settings.max_steps, settings.model_url) == (False, 100, "")
    assert (settings.log_level, settings.model, loaded.workspace) == ("warning", "mine", place.project)
    assert loaded.warnings == (
        f"{str(place.project_file)!r} may only make settings stricter; ignored there: "
        "enable_fetch, max_steps, model_url, workspace, log_level, model.",
    )


@pytest.mark.parametrize(
    ("asked", "given"), [("pypi.org", "pypi.org"), ("", ""), ("pypi.org evil.example", "pypi.org b.org")]
)
def test_a_project_may_name_fewer_hosts_and_no_others(place: Place, asked: str, given: str) -> None:
    place.user_file.write_text('sandbox_hosts = "pypi.org b.org"\n')
    place.project_file.write_text(f'sandbox_hosts = "{asked}"\n')

    assert place.load().settings.sandbox_hosts == given


def test_a_project_s_env_file_may_only_tighten(place: Place) -> None:
    (place.project / ".env").write_text(
        "AGENT_PERMISSION=full\nAGENT_ENABLE_PYEXE=false\nAGENT_MODEL_URL=http://evil.example\n"
        "GEMINI_API_KEY=theirs\nDATABASE_URL=x\nAGENT_OF_CHANGE=1\n"
    )

    loaded = place.load()

    settings = loaded.settings
    assert (settings.permission, settings.enable_pyexe, settings.model_url) == ("ask", False, "")
    assert settings.gemini_api_key == ""
    assert loaded.warnings == (
        f"{str(place.project / '.env')!r} names no setting of Roost with AGENT_OF_CHANGE.",
        f"{str(place.project / '.env')!r} may only make settings stricter; ignored there: model_url, "
        "permission.",
    )


def test_the_user_may_loosen_what_the_project_tightened(place: Place) -> None:
    place.project_file.write_text('permission = "plan"\n')

    loaded = place.load({"AGENT_PERMISSION": "full"})

    assert (loaded.settings.permission, loaded.warnings) == ("full", ())


def test_the_env_file_of_a_checkout_is_trusted_in_its_own_root_too(place: Place) -> None:
    (place.checkout / ".env").write_text(
        'AGENT_MODEL="qwen3"\nAGENT_API_KEY=$HOME\nexport GEMINI_API_KEY=k\n'
    )

    loaded = place.load(flags={"workspace": str(place.checkout)})

    assert (loaded.settings.model, loaded.settings.api_key, loaded.settings.gemini_api_key) == (
        "qwen3",
        "$HOME",
        "k",
    )
    assert (loaded.workspace, loaded.warnings) == (place.checkout, ())


def test_an_empty_variable_is_one_that_is_not_set(place: Place) -> None:
    place.user_file.write_text("max_steps = 7\n")

    loaded = place.load({"AGENT_MAX_STEPS": "", "AGENT_TEMPERATURE": ""})

    assert (loaded.settings.max_steps, loaded.settings.temperature) == (7, None)


def test_the_workspace_is_found_by_the_outermost_layer_that_names_one(place: Place) -> None:
    (place.root / "other").mkdir()
    (place.config / ".env").write_text(f"AGENT_WORKSPACE={place.root / 'other'}\n")

    named = place.load()
    given = place.load(flags={"workspace": "../project"}, cwd=place.checkout)

    assert (named.workspace, given.workspace) == (place.root / "other", place.project)


def test_in_the_checkout_s_root_the_workspace_is_the_one_that_ships(place: Place) -> None:
    assert place.load(cwd=place.checkout).workspace == place.checkout / "workspace"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "config/settings.toml",
            "max_step = 3",
            "There is no setting 'max_step' in {file}. Did you mean max_steps?",
        ),
        (
            "config/settings.toml",
            "colour = 3",
            "There is no setting 'colour' in {file}. roost settings lists them all.",
        ),
        (
            "config/settings.toml",
            "max_steps = -1",
            "max_steps in {file} is -1. It has to be a whole number of at least 1.",
        ),
        (
            "config/settings.toml",
            "api_key = 12345",
            "api_key in {file} is something else. It has to be a text.",
        ),
        (
            "project/.roost/settings.toml",
            "sandbx = 1",
            "There is no setting 'sandbx' in {file}. Did you mean sandbox?",
        ),
        (
            "checkout/.env",
            "AGENT_MODLE=x",
            "There is no setting 'AGENT_MODLE' in {file}. Did you mean AGENT_MODEL?",
        ),
        (
            "checkout/.env",
            "AGENT_DATA_DIR=/x",
            "AGENT_DATA_DIR cannot stand in {file}. Set it in the environment.",
        ),
        (
            "config/.env",
            "AGENT_SANDBOX=jail",
            "AGENT_SANDBOX in {file} is 'jail'. It has to be auto, external or none.",
        ),
    ],
)
def test_a_wrong_file_is_named(place: Place, file: str, text: str, message: str) -> None:
    path = place.root / file
    path.write_text(text + "\n")

    with pytest.raises(ConfigError) as caught:
        place.load()

    assert str(caught.value) == message.format(file=repr(str(path)))


@pytest.mark.parametrize(
    ("environment", "flags", "message"),
    [
        (
            {"AGENT_MAX_STEP": "5"},
            {},
            "There is no setting 'AGENT_MAX_STEP' in the environment. Did you mean AGENT_MAX_STEPS?",
        ),
        (
            {"AGENT_DATADIR": "/x"},
            {},
            "There is no setting 'AGENT_DATADIR' in the environment. Did you mean AGENT_DATA_DIR?",
        ),
        (
            {"AGENT_TEMPERATURE": "warm"},
            {},
            "AGENT_TEMPERATURE is 'warm'. It has to be a number from 0 to 2.",
        ),
        ({}, {"permission": "yolo"}, "--permission is 'yolo'. It has to be plan, ask, auto-edit or full."),
        ({}, {"model_url": "a b"}, "--url is 'a b'. It has to be a URL such as http://127.0.0.1:8000/v1."),
    ],
)
def test_a_wrong_value_or_name_is_told_with_its_mend(
    place: Place, environment: Mapping[str, str], flags: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        place.load(environment, flags)

    assert str(caught.value) == message


def test_another_program_s_variables_are_told_of_once(place: Place) -> None:
    environment = {"AGENT_NAME": "ci-7", "AGENT_OS": "Linux", "AGENT_VERSION": "3", "AGENT_DATA_DIR": "/x"}

    assert place.load(environment).warnings == (
        "No setting of Roost, ignored in the environment: AGENT_NAME, AGENT_OS, AGENT_VERSION.",
    )


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("settings.toml", b"= 3"),
        ("settings.toml", b"\xff"),
        (".env", b"AGENT_\xff"),
        (".env", b'AGENT_MODEL="never closed\n'),
    ],
)
def test_an_unreadable_file_is_named(place: Place, file: str, content: bytes) -> None:
    (place.config / file).write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        place.load()

    assert str(caught.value).startswith(f"{str(place.config / file)!r} cannot be read: ")
    assert str(caught.value).endswith("Mend it or take it away.")


def test_a_line_of_others_in_a_dotenv_file_is_passed_over(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    (place.config / ".env").write_text("set -a; for AGENT_ in\nAGENT_MODEL=m\n")

    assert place.load().settings.model == "m"
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("named", "problem"), [("none", "does not exist"), ("a.txt", "is not a folder")])
def test_a_workspace_that_is_no_folder_is_named(place: Place, named: str, problem: str) -> None:
    (place.project / "a.txt").write_text("")

    with pytest.raises(ConfigError) as caught:
        place.load(flags={"workspace": named})

    assert str(caught.value) == (
        f"The workspace {str(place.project / named)!r} {problem}. "
        "Make it, or name another with --workspace or AGENT_WORKSPACE."
    )


def test_files_that_hold_nothing_for_us_cost_no_import(place: Place) -> None:
    (place.project / ".env").write_text("DATABASE_URL=x\n")
    code = (
        "import sys\nfrom boot.layers import here, load_settings\n"
        f"load_settings(here(), {{'workspace': {str(place.project)!r}}})\n"
        "print(sorted({'dotenv', 'tomllib', 'pydantic', 'difflib', 'importlib.metadata'} & set(sys.modules)))"
    )

    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "AGENT_CONFIG_DIR": str(place.config)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (finished.stdout, finished.stderr) == ("[]\n", "")
