"""What a page makes of a body: of a model that replies, and of one that makes vectors.

Each is called in `RequestThread`.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from servr.native.api.answers import ChatWords, Envelope, PlainWords, Words
from servr.native.api.bodies import json_object
from servr.native.api.course import Course, PlainReader
from servr.native.api.fields import (
    ChatFields,
    CompletionFields,
    CountFields,
    EmbeddingFields,
    Fields,
    PromptFields,
    ReplyFields,
    TextFields,
    fields_of,
)
from servr.native.api.messages import items
from servr.native.api.replying import Answer, Reply
from servr.native.api.usage import Json
from servr.native.api.wanted import chat_asked, chat_of, check_model, completion_asked
from servr.native.asking import Asked, Counts, TooLong
from servr.native.counting import TooMany
from servr.native.parts import Embeddings, Invalid, Talking

FieldsT = TypeVar("FieldsT", bound=Fields)

Page = Callable[[bytes], Answer | Reply]
"""Raises Invalid, Denied and Refused."""


def read(kind: type[FieldsT], body: bytes, name: str) -> FieldsT:
    """The fields of a request to the model of this name."""
    fields = fields_of(kind, json_object(body))
    check_model(fields, name)
    return fields


@dataclass(frozen=True)
class TalkingPages:
    talking: Talking
    created: int
    """When the server began, in seconds since 1970."""

    @property
    def name(self) -> str:
        return self.talking.engine.facts.name

    @property
    def entry(self) -> Json:
        """What /v1/models says of it."""
        facts, abilities = self.talking.engine.facts, self.talking.prompts.abilities
        meta = {
            "tools": abilities.tools,
            "vision": False,
            "reasoning": abilities.reasoning,
            "parser": self.talking.parser,
            "dtype": facts.dtype,
            "device": facts.device,
            "slots": facts.slots,
        }
        return {**_entry(self.name, self.created), "max_model_len": facts.window_tokens, "meta": meta}

    @property
    def pages(self) -> Mapping[str, Page]:
        return {
            "/v1/chat/completions": self.chat,
            "/v1/completions": self.completion,
            "/v1/embeddings": self.embeddings,
            "/tokenize": self.tokenize,
            "/apply-template": self.apply_template,
        }

    def counts(self) -> Counts:
        return self.talking.engine.counts()

    async def close(self) -> None:
        await self.talking.engine.close()

    def chat(self, body: bytes) -> Reply:
        fields = read(ChatFields, body, self.name)
        asked, held = chat_asked(fields, self.talking)
        course = Course(self.talking.new_reader(held), thinks=held.in_thought)
        return self._reply(fields, asked, course, ChatWords())

    def completion(self, body: bytes) -> Reply:
        fields = read(CompletionFields, body, self.name)
        return self._reply(
            fields, completion_asked(fields, self.talking), Course(PlainReader()), PlainWords()
        )

    def embeddings(self, body: bytes) -> Answer:
        raise Invalid(f"{self.name!r} replies, but makes no embeddings.", field="model")

    def tokenize(self, body: bytes) -> Answer:
        fields = read(CountFields, body, self.name)
        return _counted(self._tokens(fields), self.talking.engine.facts.window_tokens)

    def apply_template(self, body: bytes) -> Answer:
        chat, _ = chat_of(read(PromptFields, body, self.name), self.talking)
        return Answer({"prompt": self.talking.prompts.rendered(chat)})

    def _tokens(self, fields: CountFields) -> Sequence[int]:
        prompts = self.talking.prompts
        if (fields.prompt is None) == (fields.messages is None):
            raise Invalid("Say either prompt or messages.", field="prompt")
        if fields.prompt is None:
            _check_unsaid(fields, ["add_special_tokens"] if fields.add_special_tokens else [], "messages")
            return prompts.prompt(chat_of(fields, self.talking)[0]).tokens
        _check_unsaid(fields, ["tools", "chat_template_kwargs", "reasoning_effort"], "a prompt")
        beginning = prompts.beginning if fields.add_special_tokens else ()
        return beginning + prompts.tokens(fields.prompt)

    def _reply(self, fields: ReplyFields, asked: Asked, course: Course, words: Words) -> Reply:
        options = fields.stream_options
        return Reply(
            engine=self.talking.engine,
            asked=asked,
            course=course,
            envelope=Envelope(words, self.name, self.created),
            streams=fields.stream,
            tells_usage=bool(options and options.include_usage),
        )


@dataclass(frozen=True)
class EmbeddingPages:
    embedder: Embeddings
    created: int

    @property
    def name(self) -> str:
        return self.embedder.facts.name

    @property
    def entry(self) -> Json:
        facts = self.embedder.facts
        meta = {"dtype": facts.dtype, "device": facts.device, "width": facts.width}
        kind: Json = {"type": "embedding", "max_model_len": facts.window_tokens, "meta": meta}
        return {**_entry(self.name, self.created), **kind}

    @property
    def pages(self) -> Mapping[str, Page]:
        return {
            "/v1/chat/completions": self.no_reply,
            "/v1/completions": self.no_reply,
            "/v1/embeddings": self.embeddings,
            "/tokenize": self.tokenize,
            "/apply-template": self.no_reply,
        }

    def counts(self) -> None:
        return None

    async def close(self) -> None:
        """Nothing of it outlasts a request."""

    def no_reply(self, body: bytes) -> Answer:
        raise Invalid(f"{self.name!r} makes embeddings, but replies to nothing.", field="model")

    def tokenize(self, body: bytes) -> Answer:
        fields = read(TextFields, body, self.name)
        return _counted(self.embedder.tokens(fields.prompt), self.embedder.facts.window_tokens)

    def embeddings(self, body: bytes) -> Answer:
        fields, facts = read(EmbeddingFields, body, self.name), self.embedder.facts
        if fields.dimensions not in (None, facts.width):
            raise Invalid(f"dimensions can only be {facts.width} with this model.", field="dimensions")
        texts = [self._tokens(text) for text in _texts(fields.input)]
        vectors = self.embedder.vectors(texts)
        told = [
            base64.b64encode(vector.astype("<f4").tobytes()).decode()
            if fields.encoding_format == "base64"
            else vector.tolist()
            for vector in vectors
        ]
        rows = [
            {"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(told)
        ]
        count = sum(map(len, texts))
        usage = {"prompt_tokens": count, "total_tokens": count}
        return Answer({"object": "list", "data": rows, "model": self.name, "usage": usage})

    def _tokens(self, text: str) -> Sequence[int]:
        window = self.embedder.facts.window_tokens
        try:
            tokens = self.embedder.tokens(text, window)
        except TooMany as error:
            raise _too_long(window, error.least, f"at least {error.least}") from error
        if len(tokens) > window:
            raise _too_long(window, len(tokens), str(len(tokens)))
        return tokens


Pages = TalkingPages | EmbeddingPages


def _texts(said: object) -> Sequence[str]:
    texts = [said] if isinstance(said, str) else items(said, "input")
    for index, text in enumerate(texts):
        if not isinstance(text, str) or not text:
            field = f"input[{index}]"
            raise Invalid(f"{field} should be a text that is not empty.", field=field)
    if not texts:
        raise Invalid("input should hold one text at least.", field="input")
    return [str(text) for text in texts]


def _too_long(window: int, tokens: int, said: str) -> TooLong:
    return TooLong(
        f"The model's context length is {window} tokens, but a text of input has {said}.",
        prompt_tokens=tokens,
        window_tokens=window,
    )


def _check_unsaid(fields: Fields, names: Sequence[str], what: str) -> None:
    """Raises Invalid for the first of these that was said: it would be ignored."""
    for name in names:
        if name in fields.model_fields_set:
            raise Invalid(f"{name} says nothing of {what}.", field=name)


def _counted(tokens: Sequence[int], window_tokens: int) -> Answer:
    return Answer({"count": len(tokens), "max_model_len": window_tokens, "tokens": list(tokens)})


def _entry(name: str, created: int) -> Json:
    return {"id": name, "object": "model", "created": created, "owned_by": "roost"}
