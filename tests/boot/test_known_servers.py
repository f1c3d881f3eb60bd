from pathlib import Path

import pytest

from boot.known_servers import KnownServers
from core.endpoint import ServedModel, ServerFacts

URL = "http://127.0.0.1:8080/v1"
FACTS = ServerFacts(
    url=URL,
    kind="llama.cpp",
    models=(ServedModel(name="m", loaded=True, window_tokens=4096, gpu_share=0.5, template="{{ä}}"),),
    slots=2,
    constrains=("json_schema", "grammar"),
)


def test_what_was_found_out_is_there_at_the_next_start(tmp_path: Path) -> None:
    KnownServers(tmp_path / "servers").keep(FACTS)

    known = KnownServers(tmp_path / "servers")

    assert known.recall(URL) == FACTS
    assert known.recall("http://127.0.0.1:8081/v1") is None


def test_nothing_is_made_for_a_question(tmp_path: Path) -> None:
    KnownServers(tmp_path / "servers").recall(URL)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{}", '{"models": [{}]}', '{"models": [], "later": 1}', "[" * 9999]
)
def test_a_file_that_does_not_fit_is_not_known(tmp_path: Path, text: str) -> None:
    known = KnownServers(tmp_path)
    known.keep(FACTS)
    (path,) = tmp_path.iterdir()

    path.write_text(text)

    assert known.recall(URL) is None


def test_a_cache_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    KnownServers(tmp_path / "file" / "below").keep(FACTS)

    assert KnownServers(tmp_path / "file" / "below").recall(URL) is None


def test_what_is_known_already_is_not_written_again(tmp_path: Path) -> None:
    known = KnownServers(tmp_path)
    known.keep(FACTS)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_ino

    known.keep(FACTS)

    assert path.stat().st_ino == before
