"""Grammars in llguidance's variant of Lark: rules by name, and texts in which special tokens are tokens."""

import json
import re
from collections.abc import Iterable, Mapping

ANYTHING = "/(?s:.*)/"


class Lark:
    """A grammar that grows. What its methods return stands for a part of it, to be put into another."""

    def __init__(self, special: Mapping[str, int]) -> None:
        self._special = special
        self._pattern = re.compile(
            "|".join(map(re.escape, sorted(special, key=len, reverse=True))) or r"(?!)"
        )
        self._rules: list[str] = []

    def source(self, start: str) -> str:
        return "\n".join((f"start: {start}", *self._rules)) + "\n"

    def rule(self, body: str, *, options: str = "") -> str:
        name = f"rule_{len(self._rules)}"
        self._rules.append(f"{name}{options}: {body}")
        return name

    def text(self, text: str) -> str:
        """Exactly this; may be empty."""
        parts, at = list[str](), 0
        for found in self._pattern.finditer(text):
            parts += [_literal(text[at : found.start()]), f"<[{self._special[found[0]]}]>"]
            at = found.end()
        return " ".join(part for part in (*parts, _literal(text[at:])) if part)

    def until(self, closing: str) -> str:
        """Any text, and then `closing`, which is not in it."""
        if self._pattern.match(closing):
            return f"{ANYTHING} {self.text(closing)}"
        head, mark, tail = self._parted(closing)
        return f"{self.rule(ANYTHING, options=f'[suffix={_literal(head)}]')} {self.text(mark + tail)}"

    def json(self, schema: str) -> str:
        return self.rule(f"%json {schema}")

    def any_of(self, bodies: Iterable[str]) -> str:
        return self.rule(" | ".join(bodies))

    def _parted(self, text: str) -> tuple[str, str, str]:
        """The text before the first special token, and what is from there on."""
        found = self._pattern.search(text)
        return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False) if text else ""
