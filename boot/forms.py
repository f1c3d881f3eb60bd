"""What a setting may be: how it is read of a TOML file or a variable, and the same in words."""

from collections.abc import Callable
from typing import Any

from core.errors import ToolError
from core.records import dataclass
from core.web import web_address

PERMISSIONS = ("plan", "ask", "auto-edit", "full")
"""From the strictest to the freest."""
YES, NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


@dataclass(frozen=True)
class Form:
    """What a value may be."""

    allowed: str
    """In words: ends the sentence "It has to be …"."""
    read: Callable[[object], Any]
    """The value of what a TOML file or a variable holds; raises ValueError or TypeError."""


def _text(given: object) -> str:
    if isinstance(given, str):
        return given.strip()
    raise TypeError(given)


def _url(given: object) -> str:
    text = _text(given)
    scheme, found, _ = text.partition("://")
    if any(map(str.isspace, text)) or (found and scheme not in ("http", "https")):
        raise ValueError(given)
    return text


def _urls(given: object) -> str:
    return ", ".join(map(_url, _text(given).replace(",", " ").split()))


def _flag(given: object) -> bool:
    if isinstance(given, bool):
        return given
    word = _text(given).lower()
    if word not in (*YES, *NO):
        raise ValueError(given)
    return word in YES


def _count(given: object) -> int:
    number = int(given) if isinstance(given, str) else given
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(given)
    return number


def _temperature(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise TypeError(given)
    number = float(given)
    if not 0 <= number <= 2:
        raise ValueError(given)
    return number


def _one_of(*words: str) -> Form:
    def read(given: object) -> str:
        text = _text(given).lower()
        if text not in words:
            raise ValueError(given)
        return text

    return Form(f"{', '.join(words[:-1])} or {words[-1]}", read)


def _hosts(given: object) -> str:
    """Checked as they would be in an address."""
    hosts = _text(given).split()
    for host in hosts:
        if any(sign in host for sign in "/?#"):
            raise ValueError(given)
        try:
            web_address(f"http://{host}")
        except ToolError as error:
            raise ValueError(given) from error
    return " ".join(hosts).lower()


def _hosts_and_below(given: object) -> str:
    """Also `*.host`, which stands for all names below it."""
    _hosts(" ".join(host.removeprefix("*.") for host in _text(given).split()))
    return " ".join(_text(given).lower().split())


TEXT = Form("a text", _text)
HOSTS = Form("hosts such as wiki.corp 127.0.0.1:8000 [::1]:8000", _hosts)
HOSTS_AND_BELOW = Form("hosts such as pypi.org *.pythonhosted.org mirror.corp:8080", _hosts_and_below)
URL = Form("a URL such as http://127.0.0.1:8000/v1", _url)
URLS = Form("URLs such as http://10.0.0.2:8000/v1, separated by commas", _urls)
FLAG = Form("true or false", _flag)
COUNT = Form("a whole number of at least 1", _count)
TEMPERATURE = Form("a number from 0 to 2", _temperature)
PERMISSION = _one_of(*PERMISSIONS)
SANDBOX = _one_of("auto", "external", "none")
THEME = _one_of("auto", "dark", "light", "none")
KEYS = _one_of("emacs", "vi")
NOTICE = _one_of("none", "bell", "desktop")
LOG_LEVEL = _one_of("debug", "info", "warning", "error")
