"""What is measured of one server: each row goes on where the one before left the conversation."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median

from bench.native.asking import Messages, Reply, leave
from bench.native.contenders import Server
from bench.native.conversations import Writer
from bench.native.loop import BareLoop

SHORT_REPLY, LONG_REPLY = 16, 64
READING_SECONDS = 0.5
"""How long a client waits before it leaves while its prompt is read."""


@dataclass(frozen=True)
class Sizes:
    prompt: int = 4_000
    decoded: int = 128
    clients: int = 4


@dataclass
class Course:
    """One contender in one round: what it was asked last, and what it said."""

    asked: Server | BareLoop
    writer: Writer
    sizes: Sizes
    messages: Messages = ()
    reply: str = ""
    lookup: Mapping[str, object] = field(default_factory=dict)


Figures = Mapping[str, float]
"""`first`: seconds until text came; `cpu`: those of the server until then; `rate`: tokens a second."""


def cold(course: Course) -> Figures:
    course.messages = course.writer.prompt(course.sizes.prompt)
    reply = course.asked.ask(course.messages, SHORT_REPLY)
    course.reply = reply.text
    return prompt_figures(reply)


def again(course: Course) -> Figures:
    return prompt_figures(course.asked.ask(course.messages, SHORT_REPLY))


def longer(course: Course) -> Figures:
    return prompt_figures(course.asked.ask(course.writer.longer(course.messages, 50), SHORT_REPLY))


def next_turn(course: Course) -> Figures:
    course.messages = course.writer.next_turn(course.messages, course.reply, 50)
    return prompt_figures(course.asked.ask(course.messages, SHORT_REPLY))


def there_and_back(course: Course) -> Figures:
    course.asked.ask(course.writer.prompt(course.sizes.prompt), SHORT_REPLY)
    return prompt_figures(course.asked.ask(course.messages, SHORT_REPLY))


def decode_long(course: Course) -> Figures:
    messages = course.messages or course.writer.prompt(course.sizes.prompt)
    return decode_figures(course.asked.ask(messages, LONG_REPLY))


def decode_short(course: Course) -> Figures:
    return decode_figures(course.asked.ask(course.writer.prompt(100), course.sizes.decoded))


def at_once(course: Course) -> Figures:
    prompts = [course.writer.prompt(200) for _ in range(course.sizes.clients)]
    started = time.perf_counter()
    with ThreadPoolExecutor(len(prompts)) as clients:
        replies = list(clients.map(lambda prompt: course.asked.ask(prompt, LONG_REPLY), prompts))
    seconds = time.perf_counter() - started
    firsts = [reply.first_seconds for reply in replies]
    rate = sum(reply.tokens for reply in replies) / seconds
    return {"rate": rate, "first": median(firsts), "last first": max(firsts)}


def left_while_writing(course: Course) -> Figures:
    leave(course.asked.url, course.asked.body(course.writer.prompt(100), 1_000))
    return prompt_figures(course.asked.ask(course.writer.prompt(50), SHORT_REPLY))


def left_while_reading(course: Course) -> Figures:
    body = course.asked.body(course.writer.prompt(course.sizes.prompt), 1_000)
    leave(course.asked.url, body, after_seconds=READING_SECONDS)
    return prompt_figures(course.asked.ask(course.writer.prompt(50), SHORT_REPLY))


ROWS: Mapping[str, Callable[[Course], Figures]] = {
    "cold": cold,
    "same again": again,
    "and 50 tokens": longer,
    "next turn": next_turn,
    "another prompt, and back": there_and_back,
    "decode at this length": decode_long,
    "decode": decode_short,
    "four at once": at_once,
    "a client left while its reply was written": left_while_writing,
    "a client left while its prompt was read": left_while_reading,
}
OF_THE_LOOP = ("cold", "decode at this length", "decode")
"""It keeps nothing and serves one."""


def prompt_figures(reply: Reply) -> Figures:
    cached = {} if reply.cached_tokens is None else {"cached": reply.cached_tokens}
    return {
        "first": reply.first_seconds,
        "cpu": reply.first_cpu_seconds,
        "prompt": reply.prompt_tokens,
        **cached,
    }


def decode_figures(reply: Reply) -> Figures:
    return {"rate": reply.rate, "ms": reply.token_ms, "cpu ms": reply.token_cpu_ms}
