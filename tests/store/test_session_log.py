import random
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import StoreError
from core.events import (
    ModelReplied,
    NoteAdded,
    Outcome,
    Record,
    ToolFinished,
    ToolStarted,
    TurnFinished,
    TurnStarted,
)
from core.messages import AssistantMessage, Finish, Text, Thinking, ToolCall, Usage, UserMessage
from core.permissions import Effect
from core.profile import ModelProfile
from core.tools import ToolSpec
from core.views import FileWindow
from store.session_log import SessionHeader, SessionLog, read_header, read_records

AT = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
FIXTURE = Path(__file__).with_name("fixtures") / "format-1.jsonl"

HEADER = SessionHeader(
    session="20261121-031200-7f3a",
    created=AT,
    root="/work/notes",
    model="qwen3",
    system="You work in a folder.",
    tools=(ToolSpec(name="read_file", description="Read a file.", parameters={"type": "object"}),),
    profile=ModelProfile(size="small", window_tokens=16_384),
    thinking="never",
)
CALL = ToolCall(id="call-1", name="read_file", arguments='{"path":"a.txt"}', extra={"signature": "s"})

FIRST, SECOND = TurnStarted(prompt=UserMessage(text="Hello")), NoteAdded(source="steering", text="Go on.")


def new_log(folder: Path) -> SessionLog:
    return SessionLog.create(folder / "log.jsonl", HEADER, clock=lambda: AT)


def closed_log(folder: Path) -> Path:
    """A log of two events that nobody holds."""
    log = new_log(folder)
    log.append(FIRST)
    log.append(SECOND)
    log.close()
    return log.path


def opened_and_read(path: Path) -> None:
    log = SessionLog.open(path)
    try:
        list(log.records())
    finally:
        log.close()


def test_the_file_is_made_with_the_first_event(tmp_path: Path) -> None:
    log = new_log(tmp_path / "a" / "b")
    before = list(tmp_path.iterdir())

    log.append(FIRST)

    assert before == []
    assert [len(line) > 2 for line in log.path.read_bytes().splitlines()] == [True, True]
    log.close()


def test_a_session_is_for_its_owner_s_eyes_only(tmp_path: Path) -> None:
    log = new_log(tmp_path / "a" / "b")

    log.append(FIRST)

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (log.path, tmp_path / "a" / "b", tmp_path / "a")]
    assert modes == [0o600, 0o700, 0o700]
    log.close()


def test_an_old_session_goes_on_after_its_last_record(tmp_path: Path) -> None:
    path = closed_log(tmp_path)

    log = SessionLog.open(path, clock=lambda: AT)
    record = log.append(SECOND)

    assert (log.header, log.torn, record.seq) == (HEADER, False, 3)
    assert [found.seq for found in log.records()] == [1, 2, 3]
    log.close()


def test_a_line_without_its_end_is_cut_off_before_anything_is_added(tmp_path: Path) -> None:
    path = closed_log(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"session":"20261121-0312')

    log = SessionLog.open(path, clock=lambda: AT)
    log.append(SECOND)

    assert log.torn
    assert path.read_bytes().startswith(whole)
    assert [record.seq for record in log.records()] == [1, 2, 3]
    log.close()


def test_a_reader_passes_over_a_line_without_its_end_and_leaves_it(tmp_path: Path) -> None:
    path = closed_log(tmp_path)
    path.write_bytes(path.read_bytes() + b'{"session"')
    before = path.read_bytes()

    records = list(read_records(path))

    assert [record.event for record in records] == [FIRST, SECOND]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("number", "line", "complaint"),
    [
        (1, b'{"form', "is no header of a session"),
        (1, b"[]", "is no header of a session"),
        (1, b'{"format":1}', "is no header of a session"),
        (1, b'{"format":7}', "has format 7, and this Roost reads formats up to 1. Update Roost"),
        (2, b"\0\0\0", "Line 2 of"),
        (
            2,
            b'{"session":"s","seq":2,"at":"2026-11-21T03:12:00Z","event":{"type":"no_such"}}',
            "is no record of a",
        ),
        (2, b"", "Line 2 of"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, number: int, line: bytes, complaint: str) -> None:
    path = closed_log(tmp_path)
    lines = path.read_bytes().splitlines()
    lines[number - 1] = line
    path.write_bytes(b"\n".join(lines) + b"\n")

    with pytest.raises(StoreError) as caught:
        opened_and_read(path)

    assert complaint in str(caught.value)
    assert repr(str(path)) in str(caught.value)


def test_a_record_out_of_its_place_is_named(tmp_path: Path) -> None:
    path = closed_log(tmp_path)
    header, first, second = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([header, second, first]) + b"\n")

    with pytest.raises(StoreError, match=r"Line 2 of .* is no record 1 of a session"):
        list(read_records(path))


def test_a_header_without_its_end_is_no_session(tmp_path: Path) -> None:
    path = closed_log(tmp_path)
    header = path.read_bytes().splitlines()[0]
    path.write_bytes(header)

    with pytest.raises(StoreError, match=r"Line 1 of .* is no header"):
        SessionLog.open(path)

    assert path.read_bytes() == header


def test_a_second_process_is_told_and_may_read(tmp_path: Path) -> None:
    log = new_log(tmp_path)
    log.append(FIRST)
    code = (
        "import sys; from pathlib import Path; from store.session_log import *\n"
        "path = Path(sys.argv[1])\n"
        "print([record.seq for record in read_records(path)], read_header(path).session)\n"
        "try: SessionLog.open(path)\n"
        "except StoreError as error: print(error)\n"
    )

    other = subprocess.run(
        [sys.executable, "-c", code, str(log.path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert other.stdout.splitlines() == [
        f"[1] {HEADER.session}",
        f"Session {HEADER.session!r} is in use by another process. "
        f"Read it with `roost sessions show {HEADER.session}`, or start a new one.",
    ]
    log.close()


def test_a_closed_session_can_be_taken_up_by_another_process(tmp_path: Path) -> None:
    first = new_log(tmp_path)
    first.append(FIRST)
    first.close()

    second = SessionLog.open(first.path)

    assert second.seq == 1
    second.close()


def test_a_refused_write_leaves_no_half_line(tmp_path: Path) -> None:
    log = new_log(tmp_path)
    log.append(FIRST)
    before = log.path.read_bytes()

    with room_for(len(before) + 20), pytest.raises(StoreError, match="Make room"):
        log.append(SECOND)
    after = log.path.read_bytes()
    record = log.append(SECOND)

    assert after == before
    assert record.seq == 2
    assert [found.event for found in log.records()] == [FIRST, SECOND]
    log.close()


def test_a_refused_first_write_leaves_no_file(tmp_path: Path) -> None:
    log = new_log(tmp_path)

    with room_for(20), pytest.raises(StoreError, match="Make room"):
        log.append(FIRST)
    after = list(tmp_path.iterdir())
    record = log.append(FIRST)

    assert (after, record.seq) == ([], 1)
    log.close()


def test_a_folder_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("")

    with pytest.raises(StoreError, match=r"sessions/log\.jsonl' cannot be used: Not a directory\. Make room"):
        new_log(tmp_path / "sessions").append(FIRST)


def test_a_missing_log_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        SessionLog.open(tmp_path / "none.jsonl")


def test_half_a_character_does_not_spoil_the_log(tmp_path: Path) -> None:
    log = new_log(tmp_path)

    log.append(TurnStarted(prompt=UserMessage(text="caf\udce9")))

    assert [record.event for record in log.records()] == [TurnStarted(prompt=UserMessage(text="caf?"))]
    log.close()


def test_a_log_of_format_1_is_read(tmp_path: Path) -> None:
    usage = Usage(prompt_tokens=900, cached_tokens=800, reply_tokens=20)
    parts = (Thinking(text="Look first."), Text(text="I look."), CALL)
    view = FileWindow(path="a.txt", start=1, lines=("alpha",), total_lines=1, digest="d1")
    events = (
        TurnStarted(prompt=UserMessage(text="What is in a.txt?", head="Today is Saturday.")),
        ModelReplied(reply=AssistantMessage(parts=parts, finish=Finish.CALLS, usage=usage)),
        ToolStarted(call=CALL, effect=Effect.READ),
        ToolFinished(call_id="call-1", text="     1  alpha", view=view),
        TurnFinished(outcome=Outcome.DONE, evidence=("cat a.txt",)),
    )

    expected = [
        Record(session=HEADER.session, seq=seq, at=AT, event=event) for seq, event in enumerate(events, 1)
    ]

    assert read_header(FIXTURE) == HEADER
    assert list(read_records(FIXTURE)) == expected


WRITER = """
import sys
from pathlib import Path
from core.events import NoteAdded
from store.session_log import SessionLog
log = SessionLog.open(Path(sys.argv[1]))
while True:
    record = log.append(NoteAdded(source="test", text="x" * 2000))
    sys.stdout.write(f"{record.seq}\\n")
    sys.stdout.flush()
"""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    path = closed_log(tmp_path)
    chance = random.Random(20261121)

    for _ in range(5):
        acknowledged = killed_writer(path, after_lines=chance.randint(1, 300))
        seqs = [record.seq for record in read_records(path)]

        assert seqs == list(range(1, len(seqs) + 1))
        assert acknowledged <= len(seqs)
        SessionLog.open(path).close()


def killed_writer(path: Path, after_lines: int) -> int:
    """The last `seq` a writer told of before it was killed, some time after it told of so many."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(after_lines)]
        writer.kill()
        told += [line for line in writer.stdout if line.endswith("\n")]
    return int(told[-1])


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes: what a full disk does, for a moment."""
    import signal

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
