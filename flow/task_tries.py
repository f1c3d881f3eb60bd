"""One task in one session: said, done, checked by us, and sent back with what failed, a few times."""

from dataclasses import dataclass, replace

from core.errors import GatewayError, PlanRefused
from core.events import Outcome, TurnFinished
from core.marking import marked
from core.messages import AssistantMessage
from core.project import Project, Status, Task, changed, find
from core.text import clip
from flow.acceptance import Acceptance
from flow.plan_desk import NOTE_CHARS, PlanDesk, failure
from flow.prompts import prompt
from flow.proofs import passed_last
from flow.sessions import Session
from flow.steps import steps_of
from flow.task_words import task_words

WORDS_SHARE, CHARS_PER_TOKEN = 0.12, 3
"""Of the window, for what a task's session begins with."""
LEAST_WORDS, MOST_WORDS, USUAL_WORDS = 1_800, 12_000, 5_000
GIVES_UP, EMPHASIS = "BLOCKED:", "*#_> "


@dataclass(frozen=True)
class Workplace:
    """A fresh session for one task."""

    session: Session
    acceptance: Acceptance
    window_tokens: int | None


@dataclass(frozen=True)
class Verdict:
    """What came of a try. DOING: it goes on with `feedback`."""

    status: Status
    note: str = ""
    feedback: str = ""


@dataclass(frozen=True)
class TaskTries:
    desk: PlanDesk
    place: Workplace
    most_tries: int

    async def run(self, task: Task) -> Status:
        """What became of it. Raises GatewayError when the model server cannot go on."""
        words = task_words(self.desk.project(), task, words_chars(self.place.window_tokens))
        while True:
            finished = await self.place.session.send(words)
            _require_free_hands(finished)
            now = find(self.desk.project(), task.id)
            if now.runner != self.desk.me and now.status not in (Status.DONE, Status.REVIEW):
                return now.status  # the model, or the person, has said what it is
            verdict = self._bounded(now, await self._verdict(now, finished))
            await self._keep(now.id, verdict)
            if (status := find(self.desk.project(), task.id).status) is not Status.DOING:
                return status
            self.desk.tell(f"Task {task.id}: not done yet, try {now.tries + 1} of {self.most_tries}.")
            words = verdict.feedback

    def _bounded(self, task: Task, verdict: Verdict) -> Verdict:
        if verdict.status is not Status.DOING or task.tries < self.most_tries:
            return verdict
        return Verdict(Status.BLOCKED, f"{task.tries} tries did not get it done. {verdict.note}")

    async def _verdict(self, task: Task, finished: TurnFinished) -> Verdict:
        said = last_words(self.place.session)
        if finished.outcome is Outcome.NEEDS_INPUT:
            return Verdict(Status.BLOCKED, clip(finished.note, NOTE_CHARS))
        if said.lstrip(EMPHASIS).upper().startswith(GIVES_UP):
            return Verdict(Status.BLOCKED, clip(said, NOTE_CHARS))
        results = [await self.desk.checked(self.place.acceptance, command) for command in task.checks]
        if refused := next((result for result in results if result.refused), None):
            return Verdict(Status.REVIEW, clip(f"{said}\n{refused.said}".strip(), NOTE_CHARS))
        if failed := [result for result in results if not result.passed]:
            told = "\n".join(marked(result.said) for result in failed)
            return Verdict(Status.DOING, failure(failed), prompt("task_failed", text=told))
        return (
            Verdict(Status.DONE, clip(said, NOTE_CHARS)) if results else self._unchecked(task, finished, said)
        )

    def _unchecked(self, task: Task, finished: TurnFinished, said: str) -> Verdict:
        """The model's word alone is no proof: tests that it ran are, or a person's look."""
        talk = self.place.session.conversation
        if proof := passed_last(steps_of(talk.messages[talk.turn_start :])):
            return Verdict(Status.DONE, clip(f"{said}\nShown by: {clip(proof, 200)}", NOTE_CHARS))
        if finished.outcome is not Outcome.DONE:
            return Verdict(Status.DOING, finished.note, prompt("task_failed", text=finished.note))
        if task.tries < 2:
            return Verdict(Status.DOING, "Nothing that was run shows it.", prompt("task_unproven"))
        return Verdict(Status.REVIEW, clip(f"{said}\nNothing that was run shows it: look at it.", NOTE_CHARS))

    async def _keep(self, task_id: str, verdict: Verdict) -> None:
        again = verdict.status is Status.DOING

        def act(project: Project) -> Project:
            task = find(project, task_id)
            if task.status not in (Status.DOING, Status.REVIEW, Status.DONE):
                return project
            notes = (*task.notes, verdict.note) if verdict.note and not again else task.notes
            runner, tries = (self.desk.me, task.tries + 1) if again else ("", task.tries)
            new = replace(task, status=verdict.status, notes=notes, runner=runner, tries=tries)
            return changed(project, new)

        await self.desk.change(act)


def _require_free_hands(finished: TurnFinished) -> None:
    """Raises for what no try of a task can change: it is to be done as before, when that is mended."""
    if finished.outcome is Outcome.GATEWAY_FAILED:
        raise GatewayError(finished.note)
    if finished.outcome is Outcome.REFUSED:
        raise PlanRefused(finished.note)


def words_chars(window_tokens: int | None) -> int:
    """How long the words are that a task's session begins with."""
    share = int(window_tokens * WORDS_SHARE * CHARS_PER_TOKEN) if window_tokens else USUAL_WORDS
    return max(LEAST_WORDS, min(share, MOST_WORDS))


def last_words(session: Session) -> str:
    last = session.conversation.messages[-1]
    return last.text.strip() if isinstance(last, AssistantMessage) else ""
