"""A chat as the tokens that the model goes on from.

messages, tools ─▶ chat_form ─▶ template ─▶ text ─▶ Tokeniser ─▶ tokens, and where messages end
"""

from collections.abc import Mapping, Sequence
from typing import Any

from servr.native.parts import Abilities, Chat, Invalid, Prompt
from servr.native.prompts.chat_form import PROBE, Form, Message, form_of, shaped, tool_form
from servr.native.prompts.templates import FAULTS, Template
from servr.native.prompts.tokenising import Tokeniser, Tokens

OWN_NAMES = ("messages", "tools", "documents", "add_generation_prompt")
REASONING = ("reasoning_content", "thinking", "<|channel|>analysis")
"""Of what templates of models that think speak, beside the marks of thoughts."""


class TemplatePrompts:
    """`Prompts` by the chat template of a tokenizer."""

    def __init__(self, tokenizer: Any, *, thoughts: Sequence[str] = ("<think>",)) -> None:
        """Nothing of a template that cannot be used is told before somebody chats.

        Args:
            tokenizer: one of transformers.
            thoughts: what opens one.
        """
        self.tokenizer = tokenizer
        self._tokeniser = Tokeniser(tokenizer)
        self._thoughts = tuple(thoughts)
        self._templates: dict[bool, Template] = {}
        """By whether there are tools."""
        self._fault = "This model has no chat template, so it completes texts but does not chat."
        try:
            self._templates = _templates(tokenizer.chat_template)
        except FAULTS as error:
            self._fault = f"The model's chat template cannot be read: {error}"
        self.form = form_of(self._render, self._templates[True].text) if self._templates else Form()
        self.beginning: Tokens = _beginning(tokenizer)
        self.abilities = self._abilities()
        self._ends = frozenset(self._turn_ends())

    def prompt(self, chat: Chat, most: int | None = None) -> Prompt:
        text = self.rendered(chat)
        tokens = self.tokens(text, most)
        if not tokens:
            raise Invalid("The chat template makes nothing of these messages.", field="messages")
        return Prompt(
            tokens=tokens,
            message_ends=tuple(place for place, token in enumerate(tokens, 1) if token in self._ends),
            in_thought=text.rstrip().endswith(self._thoughts),
        )

    def rendered(self, chat: Chat) -> str:
        if not self._templates:
            raise Invalid(self._fault, field="messages")
        if chat.tools and not self.form.knows_tools:
            raise Invalid("The model's chat template knows no tools.", field="tools")
        for name in OWN_NAMES:
            if name in chat.template:
                raise Invalid(f"{name!r} is said elsewhere.", field=f"chat_template_kwargs.{name}")
        messages = shaped(chat.messages, self.form)
        try:
            return self._render(messages, chat.tools, chat.template)
        except FAULTS as error:
            words = str(error) or type(error).__name__
            raise Invalid(f"The model's chat template refuses this: {words}", field="messages") from error

    def tokens(self, text: str, most: int | None = None) -> Tokens:
        return self._tokeniser.tokens(text, most)

    def _render(
        self, messages: Sequence[Message], tools: Sequence[Any], names: Mapping[str, object] | None = None
    ) -> str:
        given = {
            **self.tokenizer.special_tokens_map,
            **(names or {}),
            "messages": messages,
            "tools": tool_form(tools) or None,
            "documents": None,
            "add_generation_prompt": True,
        }
        return self._templates[bool(tools)].render(given)

    def _abilities(self) -> Abilities:
        words = " ".join({template.text for template in self._templates.values()})
        names = frozenset[str]().union(*(template.names() for template in self._templates.values()))
        return Abilities(
            tools=self.form.knows_tools,
            reasoning=any(one in words for one in (*self._thoughts, *REASONING)),
            names=names - {*OWN_NAMES, *self.tokenizer.special_tokens_map},
        )

    def _turn_ends(self) -> set[int]:
        """Special tokens behind what was said: those that end a message, of whichever role."""
        words = {"user": f"{PROBE}a", "assistant": f"{PROBE}b"}
        messages = [{"role": role, "content": word} for role, word in words.items()]
        try:
            text = self._render([*messages, messages[0]], ())
        except (*FAULTS, KeyError):
            return set()
        places = (text.find(word) for word in words.values())
        found = {self._tokeniser.next_special(text, place) for place in places if place >= 0}
        return {token for token in found if token is not None}


def _templates(known: str | Mapping[str, str] | None) -> dict[bool, Template]:
    if not known:
        return {}
    if isinstance(known, str):
        return dict.fromkeys((False, True), Template(known))
    usual = known.get("default") or next(iter(known.values()))
    return {False: Template(usual), True: Template(known.get("tool_use", usual))}


def _beginning(tokenizer: Any) -> Tokens:
    """What a text that is no chat begins with."""
    plain = tokenizer.encode(PROBE, add_special_tokens=False)
    whole = tokenizer.encode(PROBE)
    starts = range(len(whole) - len(plain) + 1)
    start = next((start for start in starts if whole[start : start + len(plain)] == plain), 0)
    return tuple(whole[:start])
