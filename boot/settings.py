"""Every setting: its default, its name outside, what it may be, and who may set it.

Files and flags use the field's own name; the environment and `.env` files use `AGENT_`
and the name in capitals, but for one name that was established before. `boot/layers.py`
fills the tree.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, fields
from functools import cache
from typing import Any, Literal, TypeVar

from boot.forms import (
    COUNT,
    FLAG,
    HOSTS,
    HOSTS_AND_BELOW,
    KEYS,
    LOG_LEVEL,
    NOTICE,
    PERMISSION,
    PERMISSIONS,
    SANDBOX,
    TEMPERATURE,
    TEXT,
    THEME,
    URL,
    URLS,
    Form,
)
from core.values import value

T = TypeVar("T")


@value
class Setting:
    """What is known of a field of `Settings` beside its type and default."""

    name: str
    default: object
    description: str
    form: Form
    variable: str
    """Its name in the environment."""
    tightens: Callable[[Any, Any], bool] | None
    """Whether the second value is at least as strict as the first: a file of a project may set no other.
    None: a file of a project may not set it at all."""
    tightening: str
    """The same in words."""
    secret: bool

    def shown(self, current: object) -> str:
        """For a person's eyes: never a secret."""
        if self.secret:
            return "(set)" if current else "(not set)"
        if current in ("", None):
            return "(not set)"
        return str(current).lower() if isinstance(current, bool) else str(current)


def _not_more(old: int, new: int) -> bool:
    return new <= old


def _not_freer(old: str, new: str) -> bool:
    return PERMISSIONS.index(new) <= PERMISSIONS.index(old)


def _not_others(old: str, new: str) -> bool:
    return set(new.split()) <= set(old.split())


def _auto(old: str, new: str) -> bool:
    return new in ("auto", old)


def _setting(
    default: T,
    description: str,
    form: Form,
    *,
    variable: str = "",
    tightens: Callable[[Any, Any], bool] | None = None,
    tightening: str = "no",
    secret: bool = False,
) -> T:
    known = {
        "description": description,
        "form": form,
        "variable": variable,
        "tightens": tightens,
        "tightening": tightening,
        "secret": secret,
    }
    return field(default=default, repr=not secret, metadata=known)


def _switch(what: str) -> bool:
    return _setting(
        True, f"Whether the model is given {what}.", FLAG, tightens=_not_more, tightening="only to false"
    )


@value
class Settings:
    model: str = _setting("", "Model to ask; empty: the server's only model.", TEXT)
    model_url: str = _setting("", "OpenAI-compatible server; empty: the usual local ports are tried.", URL)
    api_key: str = _setting("", "Key for that server; sent to no other.", TEXT, secret=True)
    fallback_urls: str = _setting(
        "", "Servers of the same model that are asked, in this order, when that one is not there.", URLS
    )
    fallback_api_key: str = _setting("", "Key for those servers; sent to no other.", TEXT, secret=True)
    hosted: bool = _setting(
        False, "Whether others run that server: larger answers of tools, and its own sampling.", FLAG
    )
    window_tokens: int | None = _setting(
        None, "Window to use at most; not set: the server's own, on Ollama mostly 16384.", COUNT
    )
    max_steps: int = _setting(
        100,
        "Model replies in one turn before it is stopped.",
        COUNT,
        tightens=_not_more,
        tightening="only to fewer",
    )
    temperature: float | None = _setting(
        None, "Sampling temperature; not set: the model's profile or the server decides.", TEMPERATURE
    )
    permission: Literal["plan", "ask", "auto-edit", "full"] = _setting(
        "ask",
        "What may run without a question: plan (reading only), ask, auto-edit (file changes too), full.",
        PERMISSION,
        tightens=_not_freer,
        tightening="only to a stricter mode",
    )
    sandbox: Literal["auto", "external", "none"] = _setting(
        "auto",
        "What keeps commands in: auto (the best there is), external (this machine is a sandbox), none.",
        SANDBOX,
        tightens=_auto,
        tightening="only to auto",
    )
    sandbox_hosts: str = _setting(
        "",
        "Hosts that commands in the sandbox may reach, with blanks between them; empty: no network.",
        HOSTS_AND_BELOW,
        tightens=_not_others,
        tightening="only to fewer of them",
    )
    mask: str = _setting(
        "", "Names of more variables whose values are masked everywhere, separated by commas.", TEXT
    )
    workspace: str = _setting("", "Folder to work in; empty: the current one.", TEXT)
    enable_shell: bool = _switch("shell")
    enable_files: bool = _switch("the tools that list, read, write and search files")
    enable_fetch: bool = _switch("fetch, which reads web pages")
    enable_data_view: bool = _switch("data_view, which looks into tables")
    enable_pyexe: bool = _switch("pyexe, which runs Python")
    enable_find_code: bool = _switch("find_code, which searches code by meaning")
    enable_project: bool = _switch("project, by which it keeps the plan of a workspace that has one")
    enable_memory: bool = _switch("memory, and what is remembered of earlier sessions")
    enable_skills: bool = _switch("promote_skill and use_skill, by which it makes its own tools")
    skill_imports: str = _setting(
        "",
        "Modules that skills may import beside the standard library and numpy, with blanks between them.",
        TEXT,
        tightens=_not_others,
        tightening="only to fewer of them",
    )
    embedder: str = _setting(
        "hashed",
        "Who makes vectors for searches of memory: hashed, a server's model, or the folder of a model.",
        TEXT,
    )
    embedder_url: str = _setting("", "Server of that model; empty: the one of AGENT_MODEL_URL.", URL)
    private_hosts: str = _setting(
        "",
        "Hosts that fetch may ask although they are not on the public internet, with blanks between them.",
        HOSTS,
    )
    server_token: str = _setting(
        "",
        "Token that `roost serve` wants of whoever asks, for other machines may ask then.",
        TEXT,
        secret=True,
    )
    theme: Literal["auto", "dark", "light", "none"] = _setting(
        "auto", "Colours of the chat: auto (as the terminal's background is), dark, light, none.", THEME
    )
    keys: Literal["emacs", "vi"] = _setting("emacs", "Keys of the chat's input line.", KEYS)
    notice: Literal["none", "bell", "desktop"] = _setting(
        "bell",
        "What tells of a question, and of the end of a long turn, while the terminal is not in front.",
        NOTICE,
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "warning", "Least grave message that is logged.", LOG_LEVEL
    )
    gemini_api_key: str = _setting(
        "", "Key for Gemini, used with --gemini only.", TEXT, variable="GEMINI_API_KEY", secret=True
    )
    gemini_model: str = _setting("gemini-2.5-pro", "Model to ask with --gemini.", TEXT)
    gemini_url: str = _setting(
        "https://generativelanguage.googleapis.com/v1beta/openai", "Server to ask with --gemini.", URL
    )

    @property
    def fallbacks(self) -> Sequence[str]:
        """One by one."""
        return self.fallback_urls.replace(",", " ").split()


@cache
def known_settings() -> Mapping[str, Setting]:
    """By field name, in the order of the tree."""
    return {item.name: _known(item.name, item.default, **item.metadata) for item in fields(Settings)}


def _known(name: str, default: object, *, variable: str, **rest: Any) -> Setting:
    variable = variable or f"AGENT_{name.upper()}"
    return Setting(name=name, default=default, variable=variable, **rest)
