from dataclasses import replace
from pathlib import Path

import pytest

from boot.confinement import ROOT, policy_for
from boot.paths import Folders
from core.errors import ConfigError


@pytest.fixture
def folders(home: Path) -> Folders:
    return Folders(
        data=home / ".local/share/roost", config=home / ".config/roost", cache=home / ".cache/roost"
    )


def made(home: Path, *names: str) -> None:
    for name in names:
        (home / name).mkdir(parents=True)


def test_a_project_may_be_written_and_its_rules_may_not(home: Path, folders: Folders) -> None:
    made(home, "project")

    policy = policy_for(home / "project", folders)

    assert policy.writable == (home / "project",)
    assert policy.protected == (home / "project/.roost",)
    assert policy.home == home
    assert {folders.data, folders.config, folders.cache} <= set(policy.hidden)
    assert policy.hosts == ()


def test_of_the_home_only_toolchains_are_shown(home: Path, folders: Folders) -> None:
    made(home, "project", ".ssh", ".cargo/bin", ".local/bin", ".local/share/keyrings", ".aws", "Documents")

    policy = policy_for(home / "project", folders, {"HOME": str(home), "PATH": ""})

    shown = {path for path in policy.readable if path.is_relative_to(home)}
    assert shown == {home / "project", home / ".cargo/bin", home / ".local/bin"}


def test_folders_of_commands_are_shown_and_whole_environments(home: Path, folders: Folders) -> None:
    made(home, "project/bin", "tools/bin", "env/bin", "env/conda-meta", "versions/shims")
    path = ":".join(
        map(
            str,
            (
                home / "tools/bin",
                home / "env/bin",
                home / "versions/shims",
                home / "project/bin",
                home,
                "relative",
                "/",
            ),
        )
    )

    policy = policy_for(home / "project", folders, {"HOME": str(home), "PATH": path})

    shown = {path for path in policy.readable if path.is_relative_to(home)}
    assert shown == {home / "project", home / "tools/bin", home / "env", home / "versions"}


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "CONDA_PREFIX", "GOROOT", "PATH"])
@pytest.mark.parametrize("place", [".", "bin", "shims", "link", "project/../bin"])
def test_a_home_that_is_an_environment_is_not_shown(
    home: Path, folders: Folders, name: str, place: str
) -> None:
    made(home, "project", "bin", "shims", "conda-meta")
    (home / "pyvenv.cfg").touch()
    (home / "link").symlink_to(home)

    policy = policy_for(home / "project", folders, {"HOME": str(home), name: f"{home}/{place}"})

    assert not any(home.is_relative_to(path.resolve()) for path in policy.readable)


def test_a_project_that_is_an_environment_is_one_to_start_in(
    home: Path, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(home, "project")
    (home / "project/pyvenv.cfg").touch()
    monkeypatch.chdir(home / "project")

    policy = policy_for(home / "project", folders, {"HOME": str(home), "PATH": ""})

    assert all(path.is_absolute() for path in policy.readable)


@pytest.mark.parametrize("below", [".", ".."])
def test_the_home_itself_is_too_much_for_a_sandbox(home: Path, folders: Folders, below: str) -> None:
    with pytest.raises(ConfigError, match="Start in the folder of a project"):
        policy_for((home / below).resolve(), folders)


def test_secrets_of_the_environment_stay_out(home: Path, folders: Folders) -> None:
    made(home, "project")
    own = {
        "HOME": str(home),
        "PATH": "/usr/bin",
        "GEMINI_API_KEY": "k",
        "SSH_AUTH_SOCK": "/run/x",
        "LC_ALL": "C",
    }

    policy = policy_for(home / "project", folders, own)

    assert {"GEMINI_API_KEY", "SSH_AUTH_SOCK"} & set(policy.environment) == set()
    assert policy.environment["LC_ALL"] == "C"


def test_who_commits_is_known_without_gits_own_settings(home: Path, folders: Folders) -> None:
    made(home, "project", ".config/git")
    (home / ".config/git/config").write_text("[user]\n\tname = Old\n\temail = a@b.c\n")
    (home / ".gitconfig").write_text(
        '[url "https://secret@host/"]\n\tinsteadOf = x\n[user]\n\tname = "An Author"\n'
    )

    environment = policy_for(home / "project", folders).environment

    told = {
        name: said for name, said in environment.items() if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))
    }
    assert told == {
        "GIT_AUTHOR_NAME": "An Author",
        "GIT_AUTHOR_EMAIL": "a@b.c",
        "GIT_COMMITTER_NAME": "An Author",
        "GIT_COMMITTER_EMAIL": "a@b.c",
    }


def test_a_tool_may_ask_for_less(home: Path, folders: Folders) -> None:
    made(home, "project")

    narrower = replace(policy_for(home / "project", folders), writable=())

    assert home / "project" in narrower.readable


def test_toolchains_that_variables_name_are_shown(home: Path, folders: Folders) -> None:
    made(home, "project", "elsewhere/rust", "env/bin")
    (home / "env/pyvenv.cfg").write_text("")
    own = {
        "HOME": str(home),
        "RUSTUP_HOME": str(home / "elsewhere/rust"),
        "JAVA_HOME": "/",
        "GOROOT": str(home),
    }

    policy = policy_for(home / "project", folders, own | {"VIRTUAL_ENV": str(home / "env")})

    shown = {path for path in policy.readable if path.is_relative_to(home)}
    assert shown == {home / "project", home / "elsewhere/rust", home / "env"}
    assert policy.environment["RUSTUP_HOME"] == str(home / "elsewhere/rust")
    assert Path("/") not in policy.readable


def test_in_the_checkout_s_own_workspace_the_agent_s_files_are_protected(folders: Folders) -> None:
    policy = policy_for(ROOT / "workspace", folders)

    assert policy.protected == tuple(
        ROOT / "workspace" / name for name in (".roost", "project.json", "skills")
    )
