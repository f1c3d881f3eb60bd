"""What the model knows of the plan: told as a whole once, and afterwards only what others changed.

a change by the tool ──► the tool's own answer says it ─────────┐
a change by others ────► one note with the difference ──────────┼─► what the model was told last
a shrunk history, or a session that is taken up ─► the whole ───┘
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.errors import StoreError
from core.marking import kept_apart
from core.project import Project
from core.project_outline import changes, outline, ready_line
from core.project_store import Act, ProjectChange, ProjectStore
from flow.prompts import prompt


@dataclass
class FollowedPlan:
    """The plan's store for the tool, and the source of notes about what others do to it."""

    store: ProjectStore
    most_chars: Callable[[], int]
    """How long the whole plan may be when it is told."""
    name: str = "plan"
    has_tool: bool = True
    """Whether the model has the tool that changes it."""
    silent: bool = False
    """Whether the session is about one task, and was given that in words."""
    _on_card: bool = field(default=False, init=False)
    """Whether the card in the place of a history holds the plan: then it need not be told once more."""
    _told: Project | None = field(default=None, init=False)
    _begun: bool = field(default=False, init=False)
    """Whether anything was told yet."""
    _stamp: object = field(default=None, init=False)
    _pending: list[str] = field(default_factory=list, init=False)
    """What others had changed when the tool came to it."""

    def stamp(self) -> object:
        return self.store.stamp()

    def load(self) -> Project | None:
        return self.store.load()

    def begin(self, project: Project) -> Project | None:
        return self.store.begin(project)

    def change(self, act: Act) -> ProjectChange:
        """As the store does; the tool's answer tells it, so no note will."""
        change = self.store.change(act)
        if self._begun and (said := self._difference(change.before)):
            self._pending.append(said)
        self._told, self._begun = change.after, True
        return change

    def news(self, *, anew: bool) -> Sequence[str]:
        on_card, self._on_card = self._on_card, False
        if self.silent or (anew and on_card):
            return ()
        pending, self._pending = self._pending, []
        stamp = self.store.stamp()
        if stamp == self._stamp and not anew:
            return pending
        self._stamp = stamp
        if not self._begun or anew:
            return self._whole()
        return [*pending, *self._news()]

    def whole(self) -> str:
        """The plan as the model is told of it; empty when there is none that can be read."""
        if self.silent:
            return ""
        self._on_card = True
        self._stamp, self._begun = self.store.stamp(), True
        try:
            self._told = self.store.load()
        except StoreError as error:
            return kept_apart(str(error.args[0]))
        return self._text(self._told) if self._told else ""

    def _whole(self) -> Sequence[str]:
        self._begun = True
        try:
            self._told = self.store.load()
        except StoreError as error:
            return [prompt("plan_unreadable", fault=kept_apart(str(error.args[0])))]
        if self._told is None:
            return ()
        told = prompt("plan", file=self.store.name, text=self._text(self._told))
        return [f"{told}\n{prompt('plan_kept' if self.has_tool else 'plan_without_tool')}"]

    def _news(self) -> Sequence[str]:
        try:
            project = self.store.load()
        except StoreError as error:
            return [prompt("plan_unreadable", fault=kept_apart(str(error.args[0])))]
        if project is None:
            gone = self._told is not None
            self._told = None
            return [prompt("plan_gone", file=self.store.name)] if gone else ()
        said = self._difference(project)
        self._told = project
        return [said] if said else ()

    def _difference(self, project: Project) -> str:
        said = kept_apart(changes(self._told, project))
        return prompt("plan_changed", text=said) if said else ""

    def _text(self, project: Project) -> str:
        more = f"{'the tool project shows one, ' if self.has_tool else ''}{self.store.name} has all"
        text = outline(project, self.most_chars(), more=more)
        return kept_apart("\n".join(filter(None, (text, ready_line(project)))))
