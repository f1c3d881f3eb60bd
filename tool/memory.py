"""`memory`: facts that outlast a session, and notes that stay in view during one."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from core.errors import InvalidArguments, StoreError, ToolError
from core.memory import MOST_NOTE_CHARS, MOST_NOTES, Fact, FactScope, Memory
from core.permissions import Effect
from core.text import clip, quoted
from core.tools import ToolContext, ToolResult, ToolServices
from core.views import FactList

FOUND, LISTED = 8, 30
"""How many facts an answer tells of."""
FACT_CHARS, PAST_CHARS, MOST_PAST = 700, 200, 3
ROOM_FOR_THE_REST = 120
PARTLY = "(Not all could be searched by meaning just now: try other words, too.)"
WRITING = ("store", "forget")


class MemoryArgs(BaseModel):
    """Facts for later sessions; notes stay in view in this one."""

    operation: Literal["note", "store", "search", "forget", "list"]
    text: str = ""
    id: int | None = None
    about_user: bool = False

    @property
    def scope(self) -> FactScope:
        return "user" if self.about_user else "project"


@dataclass(frozen=True)
class MemoryTool:
    services: ToolServices
    name = "memory"
    args = MemoryArgs
    effect = Effect.WRITE

    def effect_of(self, args: MemoryArgs) -> Effect:
        """A note stands in the session's own log, and nowhere else."""
        return Effect.WRITE if args.operation in WRITING else Effect.READ

    async def run(self, args: MemoryArgs, context: ToolContext) -> ToolResult:
        if args.operation == "note":
            return _noted(args.text)
        acts: dict[str, Callable[[MemoryArgs, Memory], Awaitable[ToolResult]]] = {
            "store": self._store,
            "search": self._search,
            "forget": self._forget,
            "list": self._list,
        }
        if self.services.memory is None:
            raise ToolError("Nothing is remembered here.", hint="Go on without it.")
        try:
            return await acts[args.operation](args, self.services.memory)
        except StoreError as error:
            raise ToolError(str(error), hint="The user can mend it: go on without it.") from error

    async def _store(self, args: MemoryArgs, memory: Memory) -> ToolResult:
        stored = await memory.store(args.text, scope=args.scope, replaces=args.id)
        fact = stored.fact
        lines = [f"Known as #{fact.id}: it is said anew." if stored.known else f"Stored as #{fact.id}."]
        lines += _past(fact, "It replaces")
        view = _view("known already" if stored.known else "stored", [fact])
        if stored.alike:
            lines += ["Near to it:", *map(_line, stored.alike)]
            lines.append("What of these is out of date: forget it.")
        return ToolResult("\n".join(lines), view)

    async def _search(self, args: MemoryArgs, memory: Memory) -> ToolResult:
        if not args.text.strip():
            raise InvalidArguments("search needs words in `text`.", hint="list shows the newest facts.")
        found = await memory.search(args.text, count=FOUND)
        title = f"remembered of {quoted(args.text, 60)}"
        told = self._told(found, len(found)) if found else f"Nothing is {title}."
        return ToolResult(f"{told}\n{PARTLY}" if memory.note else told, _view(title, found))

    async def _list(self, args: MemoryArgs, memory: Memory) -> ToolResult:
        page = await memory.page(count=LISTED)
        if not page.facts:
            return ToolResult("Nothing is remembered yet.", _view("remembered", ()))
        return ToolResult(self._told(page.facts, page.total), _view("remembered", page.facts))

    async def _forget(self, args: MemoryArgs, memory: Memory) -> ToolResult:
        if args.id is None:
            raise InvalidArguments("forget needs the `id` of a fact.", hint="search tells it.")
        gone = await memory.forget(args.id)
        if not gone:
            raise ToolError(f"There is no fact #{args.id}.", hint="search and list tell which there are.")
        lines = ["Forgotten:", *map(_line, gone)]
        return ToolResult("\n".join(lines), _view("forgotten", gone[:1]))

    def _told(self, facts: Sequence[Fact], total: int) -> str:
        """As many as there is room for, and how many are left."""
        room = self.services.profile.output_chars - ROOM_FOR_THE_REST
        told = list[str]()
        for fact in facts:
            text = _whole(fact)
            room -= len(text) + 1
            if room < 0:
                break
            told.append(text)
        if left := total - len(told):
            told.append(f"({left:,} more: search with other words finds them.)")
        return "\n".join(told)


def _noted(text: str) -> ToolResult:
    note = " ".join(text.split())
    if not note:
        raise InvalidArguments("note needs `text`.", hint="Say what to keep in view.")
    if len(note) > MOST_NOTE_CHARS:
        said = f"A note has at most {MOST_NOTE_CHARS} characters, and this one {len(note):,}."
        raise InvalidArguments(said, hint="Say it shorter, or write it to a file and note its path.")
    told = f"Noted: it stays in view in this session, as do the newest {MOST_NOTES} notes."
    return ToolResult(told, FactList(title="noted", text=note))


def _line(fact: Fact) -> str:
    of = "of the user, " if fact.scope == "user" else ""
    text = clip(fact.text, FACT_CHARS).replace("\n", "\n  ")  # no line of it poses as another fact
    return f"#{fact.id} {text} ({of}{fact.said:%Y-%m-%d})"


def _whole(fact: Fact) -> str:
    return "\n".join([_line(fact), *_past(fact, "  before:")])


def _view(title: str, facts: Sequence[Fact]) -> FactList:
    return FactList(title=title, text="\n".join(map(_whole, facts)) or "nothing")


def _past(fact: Fact, lead: str) -> Iterator[str]:
    for older in fact.earlier[:MOST_PAST]:
        yield f"{lead} #{older.id} {clip(older.text, PAST_CHARS)} ({older.said:%Y-%m-%d})"
