"""Undo with real files: what is asked, what is told, and what becomes of the conversation."""

from pathlib import Path

import pytest

from core.conversation import Conversation, counting
from core.errors import UndoRefused
from core.events import (
    ContextShrunk,
    FilesRestored,
    ModelReplied,
    NoteAdded,
    Outcome,
    Record,
    RestoreBegan,
    Rewound,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from core.messages import AssistantMessage, Text, ToolCall, ToolStatus, UserMessage
from core.permissions import Effect
from core.views import FileChange
from flow.prompts import prompt
from flow.undo_notes import UndoNotes
from tests.undoing import Agent, tree


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path / "workspace", tmp_path / "state")


async def test_turn_after_turn_is_taken_back_and_brought_back(agent: Agent) -> None:
    trees = [tree(agent.root)]
    for number in range(3):
        agent.turn()
        await agent.writes("a.txt", f"{number}")
        await agent.runs(lambda number=number: (agent.root / f"b{number}").write_text("b"))
        trees.append(tree(agent.root))

    seen = []
    for _ in range(3):
        await agent.undo.back(agent.consent)
        seen.append(tree(agent.root))
    with pytest.raises(UndoRefused, match=r"nothing to take back\. All of it was, and can be brought back"):
        await agent.undo.back(agent.consent)
    for _ in range(3):
        await agent.undo.forward(agent.consent)
        seen.append(tree(agent.root))
    with pytest.raises(UndoRefused, match="There is nothing to bring back"):
        await agent.undo.forward(agent.consent)

    assert seen == [*trees[2::-1], *trees[1:]]
    assert agent.asked == []


async def test_files_go_to_any_step_back_and_forward(agent: Agent) -> None:
    agent.turn()
    trees = [tree(agent.root)]
    for number in range(4):
        await agent.writes(f"{number % 2}.txt", f"{number}")
        trees.append(tree(agent.root))

    for step in (2, 0, 4, 1, 3):
        await agent.undo.to_step(step, agent.consent)
        assert tree(agent.root) == trees[step]


def promote(agent: Agent, name: str, status: ToolStatus = ToolStatus.OK) -> None:
    call = ToolCall(id=f"call-{name}", name="promote_skill", arguments=f'{{"tool_name": "{name}"}}')
    agent.log.append(ModelReplied(reply=AssistantMessage(parts=(call,))))
    agent.log.append(ToolStarted(call=call, effect=Effect.WRITE))
    agent.log.append(ToolFinished(call_id=call.id, text="", status=status))


async def test_skills_that_were_promoted_meanwhile_are_named_for_they_stay(agent: Agent) -> None:
    agent.turn()
    await agent.writes("a.txt", "a")
    promote(agent, "early")
    agent.turn()
    await agent.writes("b.txt", "b")
    promote(agent, "late")
    promote(agent, "late")
    promote(agent, "refused", ToolStatus.FAILED)

    last = await agent.undo.back(agent.consent)
    all_ = await agent.undo.back(agent.consent)
    to_step = await agent.undo.to_step(2, agent.consent)
    rewound = await agent.undo.rewind(5, agent.consent)

    assert (last, all_, to_step, rewound) == (["late"], ["early", "late"], ["late"], [])


async def test_a_step_that_is_not_there_is_named(agent: Agent) -> None:
    with pytest.raises(UndoRefused, match=r"There is no step 1\. The model has taken no step yet"):
        await agent.undo.to_step(1, agent.consent)
    agent.turn()
    await agent.writes("a", "a")
    with pytest.raises(UndoRefused, match=r"There is no step 7\. There are steps 1 to 1; 0 is before"):
        await agent.undo.rewind(7, agent.consent)


@pytest.mark.parametrize("wish", ["overwrite", "keep", "stop"])
async def test_a_persons_own_change_is_asked_about(agent: Agent, wish: str) -> None:
    agent.wish = wish  # type: ignore[assignment]
    agent.turn()
    await agent.writes("a.txt", "agent")
    await agent.writes("b.txt", "agent")
    (agent.root / "a.txt").write_text("mine")

    if wish == "stop":
        with pytest.raises(UndoRefused, match="No file was touched"):
            await agent.undo.back(agent.consent)
    else:
        await agent.undo.back(agent.consent)

    left = {name: content for name, (_, _, content) in tree(agent.root).items()}
    assert agent.asked == [["a.txt: it was changed since"]]
    assert (
        left
        == {
            "overwrite": {},
            "keep": {"a.txt": b"mine"},
            "stop": {"a.txt": b"mine", "b.txt": b"agent"},
        }[wish]
    )


async def test_what_was_overwritten_comes_back_with_a_redo(agent: Agent) -> None:
    agent.turn()
    await agent.writes("a.txt", "agent")
    (agent.root / "a.txt").write_text("mine")

    await agent.undo.back(agent.consent)
    await agent.undo.forward(agent.consent)

    assert (agent.root / "a.txt").read_text() == "mine"


async def test_a_change_between_two_steps_is_asked_about_when_both_are_taken_back(agent: Agent) -> None:
    agent.turn()
    await agent.writes("a.txt", "one")
    (agent.root / "a.txt").write_text("mine")
    await agent.writes("a.txt", "two")

    await agent.undo.to_step(1, agent.consent)
    kept = (agent.root / "a.txt").read_text()
    await agent.undo.to_step(0, agent.consent)

    assert kept == "mine"
    assert agent.asked == [["a.txt: somebody else may have changed it too"]]
    assert tree(agent.root) == {}


async def test_what_a_person_did_by_hand_is_not_asked_about(agent: Agent) -> None:
    (agent.root / "a.txt").write_text("before")
    agent.turn()
    await agent.writes("a.txt", "agent")
    await agent.writes("b.txt", "agent")
    (agent.root / "a.txt").write_text("before")
    (agent.root / "b.txt").unlink()

    await agent.undo.back(agent.consent)

    assert agent.asked == []
    assert [change.path for change in agent.last_restored.changes] == ["a.txt", "b.txt"]


async def test_a_restore_that_was_cut_off_is_carried_out(agent: Agent) -> None:
    agent.turn()
    for name in ("a", "b", "c"):
        await agent.writes(name, "agent")
    plan = agent.undo.history().plan(1)
    agent.log.append(RestoreBegan(reason="undo", to=1, changes=plan.changes))
    (agent.root / "a").unlink()  # so far it came
    (agent.root / "c").write_text("mine")  # and this was done since

    agent.restart()
    finished = agent.undo.finish()

    assert finished
    assert agent.last_restored == FilesRestored(
        reason="undo", to=1, changes=plan.changes[:2], kept=("c: it changed meanwhile",)
    )
    assert sorted(tree(agent.root)) == ["c"]
    assert not agent.undo.finish()


async def test_differences_are_told_for_all_steps_and_for_one(agent: Agent) -> None:
    (agent.root / "gone.bin").write_bytes(b"\0\1\2")
    (agent.root / "a.txt").write_text("one\ntwo\n")
    agent.turn()
    await agent.writes("a.txt", "one\n2\n")
    await agent.runs(
        lambda: (
            (agent.root / "gone.bin").unlink(),
            (agent.root / "a.txt").chmod(0o755),
            (agent.root / "new").mkdir(),
            (agent.root / "link").symlink_to("a.txt"),
        )
    )

    views = agent.undo.differences()

    assert [(view.path, view.diff, view.created, view.deleted) for view in views] == [
        ("a.txt", "@@ file 644 becomes file 755 @@\n@@ -1,2 +1,2 @@\n one\n-two\n+2", False, False),
        ("gone.bin", "@@ 3 bytes replaced by nothing @@", False, True),
        ("link", "@@ -0,0 +1,2 @@\n+a.txt\n+\\ No newline at end of file", True, False),
    ]
    (first,) = agent.undo.differences(1)
    assert isinstance(first, FileChange)
    assert (first.path, first.diff) == ("a.txt", "@@ -1,2 +1,2 @@\n one\n-two\n+2")


async def test_a_preview_changes_nothing(agent: Agent) -> None:
    agent.turn()
    await agent.writes("a.txt", "agent\n")
    (agent.root / "a.txt").write_text("mine\n")
    before = len(agent.log.kept)

    views, conflicts = agent.undo.preview(0)

    assert [(view.path, view.deleted) for view in views] == [("a.txt", True)]
    assert conflicts == ["a.txt: it was changed since"]
    assert len(agent.log.kept) == before
    assert (agent.root / "a.txt").read_text() == "mine\n"


def spoken(agent: Agent, text: str) -> None:
    agent.log.append(TurnStarted(prompt=UserMessage(text=text)))
    agent.log.append(ModelReplied(reply=AssistantMessage(parts=(Text(text=f"About {text}."),))))
    agent.log.append(TurnFinished(outcome=Outcome.DONE))


async def test_a_rewind_takes_files_and_conversation_back(agent: Agent) -> None:
    spoken(agent, "one")
    agent.turn()
    await agent.writes("a.txt", "agent")
    agent.log.append(ToolFinished(call_id=agent.last_change.call_id, text="Wrote it."))
    spoken(agent, "two")
    told: list[list[Record]] = []
    agent.undo.forget = lambda records: told.append(list(records))

    await agent.undo.rewind(1, agent.consent)

    conversation = Conversation.replay(agent.events)
    assert [message.text for message in conversation.messages] == ["one", "About one."]
    assert agent.events[-1] == Rewound(to=2, kept=2)
    assert tree(agent.root) == {}
    assert [record.seq for record in told[0]] == [1, 2, len(agent.log.kept)]


async def test_a_rewind_behind_a_shortening_brings_the_long_conversation_back(agent: Agent) -> None:
    spoken(agent, "one")
    spoken(agent, "two")
    long = Conversation.replay(agent.events).messages
    agent.log.append(ContextShrunk(reason="", messages=(UserMessage(text="card"),)))
    spoken(agent, "three")

    await agent.undo.rewind(2, agent.consent)

    assert agent.events[-1] == Rewound(to=5, kept=0, messages=tuple(long))
    assert Conversation.replay(agent.events).messages == long


async def test_a_rewind_can_go_forward_again(agent: Agent) -> None:
    spoken(agent, "one")
    spoken(agent, "two")
    whole = Conversation.replay(agent.events).messages

    await agent.undo.rewind(1, agent.consent)
    await agent.undo.rewind(2, agent.consent)

    assert Conversation.replay(agent.events).messages == whole
    assert [
        record.seq for record in counting(agent.log.records()) if isinstance(record.event, ModelReplied)
    ] == [2, 5]


async def test_to_rewind_to_the_beginning_forgets_everything(agent: Agent) -> None:
    spoken(agent, "one")

    await agent.undo.rewind(0, agent.consent)

    assert Conversation.replay(agent.events) == Conversation()


def news(*events: object) -> list[str]:
    notes = UndoNotes()
    for event in events:
        notes.follow(event)  # type: ignore[arg-type]
    return list(notes.news(anew=False))


async def test_the_model_is_told_once_which_files_are_others(agent: Agent) -> None:
    (agent.root / "gone").write_text("g")
    (agent.root / "a").write_text("a")
    agent.turn()
    await agent.runs(
        lambda: (
            (agent.root / "gone").unlink(),
            (agent.root / "a").write_text("b"),
            (agent.root / "new").write_text("n"),
        )
    )
    await agent.undo.back(agent.consent)

    said = prompt("files_restored", files="'a', 'gone' (is there again), 'new' (removed)")
    assert news(*agent.events) == [said]
    assert news(*agent.events, NoteAdded(source="undo", text=said)) == []


async def test_what_was_taken_back_and_brought_back_is_no_news(agent: Agent) -> None:
    agent.turn()
    await agent.writes("new/a", "agent")
    await agent.undo.back(agent.consent)
    await agent.undo.forward(agent.consent)

    assert news(*agent.events) == []


async def test_after_a_rewind_the_model_is_told_only_of_what_was_kept(agent: Agent) -> None:
    agent.wish = "keep"
    spoken(agent, "one")
    agent.turn()
    await agent.writes("a", "agent")
    await agent.writes("b", "agent")
    await agent.undo.back(agent.consent)
    await agent.undo.forward(agent.consent)
    (agent.root / "a").write_text("mine")

    await agent.undo.rewind(1, agent.consent)

    assert news(*agent.events) == [prompt("files_kept", files="'a: it was changed since'")]
