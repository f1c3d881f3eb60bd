"""Weak models finish small tasks, for their mistakes are mended or answered. bench/weak_model.py runs many more."""

from dataclasses import replace

import pytest

from core.messages import AssistantMessage
from tests.simulator.mistakes import KINDS
from tests.simulator.model import WeakModel
from tests.simulator.plan import Task
from tests.simulator.running import Run, a_sandbox, check_passes, run, runs, write_files
from tests.simulator.tasks import TASKS

SEEDS = range(50)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
async def test_a_model_without_mistakes_goes_straight_to_the_end(task: Task) -> None:
    async with a_sandbox() as sandbox:
        ended = await run(WeakModel(task, seed=0, rate=0.0), sandbox)

    reads = sum(path in task.files for path in task.states)
    assert ended.is_success
    assert len(task.changes) < ended.requests <= len(task.looks) + reads + len(task.changes) + 2


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_is_not_done_before_its_last_change(task: Task, tmp_path) -> None:
    write_files(tmp_path, task.files)
    assert not check_passes(task, tmp_path)

    for change in task.changes[:-1]:
        path = tmp_path / change.path
        path.write_text(change.applied(path.read_text() if path.exists() else ""))
    assert not check_passes(task, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "least"), [(0.1, 49), (0.3, 45)])
async def test_models_that_err_finish_nearly_all_tasks(rate: float, least: int) -> None:
    ended = await runs(SEEDS, rate)

    made = sum(sum(one.mistakes.values()) for one in ended) / sum(one.requests for one in ended)
    assert rate * 0.7 < made < rate * 1.3
    assert sum(one.is_success for one in ended) >= least, [one for one in ended if not one.is_success]


@pytest.mark.slow
async def test_a_seed_is_always_the_same_run() -> None:
    first, again = await runs(SEEDS[:8], 0.3), await runs(SEEDS[:8], 0.3)

    assert [_told(one) for one in first] == [_told(one) for one in again]
    assert [one.mistakes for one in first] != [{}] * len(first)


def _told(ended: Run) -> object:
    said = [message for message in ended.conversation.messages if isinstance(message, AssistantMessage)]
    return ended.outcome, ended.passed, ended.requests, ended.mistakes, said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("repair", "kind", "beside"),
    [
        ("text_calls", "text dialect", ()),
        ("call_in_thinking", "call in thoughts", ("empty_reply",)),
        ("empty_reply", "empty reply", ()),
        ("announcement", "narrated intent", ()),
        ("cut_off", "cut call", ()),
        ("loops", "repeated call", ()),
    ],
)
async def test_a_repair_that_is_missing_is_missed(repair: str, kind: str, beside: tuple[str, ...]) -> None:
    with_it = await runs(SEEDS[:6], 0.3, {kind: 1.0}, beside)
    without = await runs(SEEDS[:6], 0.3, {kind: 1.0}, (repair, *beside))

    assert sum(one.is_success for one in with_it) > sum(one.is_success for one in without)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("repair", "kind", "beside"),
    [
        ("names", "wrong tool name", ()),
        ("almost_json", "malformed JSON", ("constrained",)),
        ("aliases", "wrong argument name", ("constrained",)),
        ("coercion", "wrong types", ("constrained",)),
        ("constrained", "refused arguments", ()),
    ],
)
async def test_a_model_that_is_deaf_to_what_it_is_told_misses_the_mends_of_calls(
    repair: str, kind: str, beside: tuple[str, ...]
) -> None:
    with_it = await runs(SEEDS[:8], 0.3, {kind: 1.0}, beside, deaf=True)
    without = await runs(SEEDS[:8], 0.3, {kind: 1.0}, (repair, *beside), deaf=True)

    assert sum(one.is_success for one in with_it) > sum(one.is_success for one in without)


async def test_a_model_goes_by_nothing_but_what_it_is_sent() -> None:
    model = WeakModel(TASKS[0], seed=3, rate=0.3)
    async with a_sandbox() as sandbox:
        await run(model, sandbox)

    twin = replace(model, requests=[], made=type(model.made)())
    for request in model.requests:
        _ = [delta async for delta in twin.stream(request)]
    assert (twin.made, twin.requests) == (model.made, model.requests)


def test_every_kind_has_a_weight() -> None:
    assert set(WeakModel(TASKS[0], seed=0, rate=0.3).weights) == set(KINDS)
