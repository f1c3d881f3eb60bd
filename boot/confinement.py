"""What commands of a workspace may touch: the policy every sandbox of a session enforces."""

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from boot.paths import OWN_FOLDER, Folders
from core.errors import ConfigError
from core.sandbox import Ceilings, SandboxPolicy
from tool.sandbox_none import command_environment

ROOT = Path(__file__).resolve().parents[1]
OWN_CODE = ("tool", "core")
"""Parts of Roost that run inside: the processes behind pyexe and data_view."""
TOOLCHAINS = (
    *(".local/bin", ".local/lib", ".local/pipx", ".local/share/pipx", ".local/share/uv", ".local/share/mise"),
    *(".local/share/pnpm", ".local/share/fnm", ".local/share/virtualenvs", ".local/share/rtx"),
    *(".pyenv", ".rye", ".conda", "miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba"),
    *(".nvm", ".volta", ".fnm", ".nodenv", ".n", ".bun", ".deno", ".yarn", ".npm/_cacache", ".node-gyp"),
    *(".cargo/bin", ".cargo/env", ".cargo/registry", ".cargo/git", ".rustup", "go/bin", "go/pkg", ".goenv"),
    *(
        ".rbenv",
        ".rvm",
        ".gem/ruby",
        ".sdkman",
        ".jenv",
        ".m2/repository",
        ".gradle/caches",
        ".gradle/wrapper",
    ),
    *(".asdf", ".ghcup", ".cabal/packages", ".stack", ".nix-profile", ".dotnet", ".elan", ".juliaup"),
    *(".cache/pip", ".cache/uv", ".cache/pypoetry", ".cache/pre-commit", ".cache/yarn", ".cache/node"),
    *(".cache/ms-playwright", ".cache/huggingface/hub", ".cache/torch", ".config/git/ignore"),
)
"""Below the home: what builds need to read. None of these is where passwords are kept."""
TOOLCHAIN_VARIABLES = ("RUSTUP_HOME", "GOROOT", "JAVA_HOME", "PYENV_ROOT", "NVM_DIR")
"""Where a person has such a toolchain instead."""
SYSTEM_FOLDERS = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt", "/nix/store")))
"""Every back-end shows these as they are."""
TOO_MUCH = (
    *SYSTEM_FOLDERS,
    *map(Path, ("/", "/home", "/Users", "/root", "/var", "/tmp", "/run", "/proc", "/dev", "/sys", "/boot")),
)
MEMORY_SHARE = 0.75
PROCESSES, FILE_BYTES, CPU_SECONDS, OPEN_FILES = 512, 8 * 2**30, 4 * 3600, 4096


def policy_for(
    workspace: Path, folders: Folders, environment: Mapping[str, str] = os.environ
) -> SandboxPolicy:
    """The policy for commands that work in `workspace`, which is a real path.

    Raises:
        ConfigError: the workspace is or holds a folder that a sandbox has to keep commands out of.
    """
    home = Path(environment.get("HOME") or Path.home()).resolve()
    if workspace in TOO_MUCH or home.is_relative_to(workspace):
        raise ConfigError(
            f"No sandbox can protect {str(home)!r} from commands that work in {str(workspace)!r}.",
            hint="Start in the folder of a project.",
        )
    own = workspace / OWN_FOLDER
    return SandboxPolicy(
        writable=(workspace,),
        readable=(workspace, *_toolchains(workspace, home, environment), *_skill_folders(folders)),
        protected=(own, *_own_files(workspace)),
        hidden=(*_secret_files(), *_own_folders(folders)),
        home=home if home != Path("/") else None,  # a user without a home: nothing of it is shown anyway
        environment=command_environment(environment, {"HOME": str(home), **_identity(home)}),
        ceilings=Ceilings(
            memory_bytes=_memory_bytes(),
            processes=PROCESSES,
            file_bytes=FILE_BYTES,
            cpu_seconds=CPU_SECONDS,
            open_files=OPEN_FILES,
        ),
    )


def _skill_folders(folders: Folders) -> Iterator[Path]:
    """The user's own: what a skill tells a model to run may stand beside it."""
    folder = folders.config / "skills"
    if folder.is_dir():
        yield folder.resolve()


def _toolchains(workspace: Path, home: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Those that are there, and that neither the workspace nor the system's folders hold already."""
    there = {path for path in _named(home, environment) if os.access(path, os.R_OK)}
    shown: list[Path] = []
    for path in sorted((path for path in there if _may_be_shown(path, home)), key=lambda path: path.parts):
        if not any(path.is_relative_to(other) for other in (workspace, *SYSTEM_FOLDERS, *shown)):
            shown.append(path)
    return tuple(shown)


def _named(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Toolchains and caches; Python, and what of Roost runs inside."""
    yield from (home / name for name in TOOLCHAINS)
    yield from (Path(sys.prefix), Path(sys.base_prefix), *(ROOT / name for name in OWN_CODE))
    yield from (Path(environment.get(name, "")) for name in TOOLCHAIN_VARIABLES)
    named = (Path(environment.get(name, "")) for name in ("VIRTUAL_ENV", "CONDA_PREFIX"))
    yield from filter(_is_environment, named)
    for folder in map(Path, environment.get("PATH", "").split(os.pathsep)):
        yield folder
        if folder.name == "shims" or _is_environment(folder.parent):
            yield folder.parent


def _may_be_shown(folder: Path, home: Path) -> bool:
    """Not where it is or leads to the home, or to what holds it: nothing of that would stay hidden."""
    real = Path(os.path.realpath(folder))
    return folder.is_absolute() and not home.is_relative_to(real) and real not in TOO_MUCH


def _is_environment(folder: Path) -> bool:
    return any(os.access(folder / name, os.R_OK) for name in ("pyvenv.cfg", "conda-meta"))


def _own_files(workspace: Path) -> Iterator[Path]:
    """In the checkout's own workspace the agent's files lie beside the work."""
    if workspace == ROOT / "workspace":
        yield from (workspace / "project.json", workspace / "skills")


def _own_folders(folders: Folders) -> Iterator[Path]:
    own = (folders.data, folders.config, folders.cache)
    yield from dict.fromkeys((*own, *(folder.resolve() for folder in own)))


def _secret_files(folder: str = "/etc") -> Iterator[Path]:
    """For root, who can read all: what others cannot read, the outermost names of it."""
    if os.geteuid() != 0:
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            if not mode & (stat.S_IROTH | stat.S_IXOTH):
                yield Path(entry.path)
            elif stat.S_ISDIR(mode):
                yield from _secret_files(entry.path)


def _identity(home: Path) -> dict[str, str]:
    """Who commits: told by variables, because git's own settings may hold passwords and stay hidden."""
    found: dict[str, str] = {}
    for file in (home / ".config" / "git" / "config", home / ".gitconfig"):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for section in re.findall(r"^\s*\[user\]\s*$([^\[]*)", text, re.MULTILINE | re.IGNORECASE):
            found |= dict(re.findall(r"^\s*(name|email)\s*=\s*\"?(.*?)\"?\s*$", section, re.MULTILINE))
    return {
        f"GIT_{role}_{name.upper()}": said for role in ("AUTHOR", "COMMITTER") for name, said in found.items()
    }


def _memory_bytes() -> int | None:
    try:
        return int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * MEMORY_SHARE)
    except (ValueError, OSError):
        return None
