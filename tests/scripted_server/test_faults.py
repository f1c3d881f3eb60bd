import json
from itertools import islice

from tests.scripted_server import Recorded, Reply, Spoken
from tests.scripted_server.faults import FAULTS, FINISH, GIVES_WAY_AFTER, REAL_WINDOW, aside, script

BY_NAME = {fault.name: fault for fault in FAULTS}
SHELL = {"type": "function", "function": {"name": "shell"}}


def request(size: int = 0, **fields: object) -> Recorded:
    body = {"messages": [{"role": "user", "content": "x" * size}], "tools": [SHELL], **fields}
    return Recorded("POST", "/v1/chat/completions", {}, json.dumps(body).encode(), 0.0, 0.0)


def test_there_are_thirteen_faults() -> None:
    assert len(BY_NAME) == 13


def test_a_script_ends_with_the_task() -> None:
    steps = list(script(BY_NAME["http-500"], BY_NAME["empty-reply"]))

    assert steps == [*BY_NAME["http-500"].steps, *BY_NAME["empty-reply"].steps, *FINISH]


def test_an_endless_fault_gives_way_to_the_one_behind_it() -> None:
    steps = script(BY_NAME["same-call"], BY_NAME["http-500"])

    *endless, after = islice(steps, GIVES_WAY_AFTER + 1)

    assert all(step == endless[0] for step in endless)
    assert isinstance(endless[0], Spoken)
    assert isinstance(after, Reply)


def test_an_overflow_for_good_refuses_long_requests_and_every_summary() -> None:
    answers = aside(BY_NAME["overflow-for-good"])

    refused = [
        answers(request(4 * REAL_WINDOW)),
        answers(request(tools=[])),
        answers(request(tool_choice="none")),
    ]

    assert [isinstance(answer, Reply) and answer.status for answer in refused] == [400, 400, 400]
    assert answers(request()) is None


def test_a_summary_is_given_where_there_is_room() -> None:
    answers = aside(BY_NAME["overflow-once"])

    assert isinstance(answers(request(tools=[])), Spoken)
    assert answers(request(4 * REAL_WINDOW)) is None
