"""What was typed in earlier chats is kept for its owner alone, without secrets, and never in the way."""

from pathlib import Path

from store.prompt_history import MOST_CHARS, MOST_KEPT, PromptHistory


def test_texts_come_back_in_their_order_with_their_lines(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "roost" / "prompts.jsonl")

    history.add("first\nline")
    history.add("zweite Zeile ✓")

    assert history.texts() == ["first\nline", "zweite Zeile ✓"]
    assert history.path.stat().st_mode & 0o077 == 0


def test_a_secret_is_not_kept(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "prompts.jsonl", lambda text: text.replace("hunter2", "[masked]"))

    history.add("the key is hunter2")

    assert "hunter2" not in history.path.read_text()
    assert history.texts() == ["the key is [masked]"]


def test_only_the_newest_are_kept_when_there_are_very_many(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "prompts.jsonl")
    history.path.write_text("".join(f'"{number}"\n' for number in range(2 * MOST_KEPT + 1)))

    texts = history.texts()

    assert (texts[0], texts[-1], len(texts)) == (str(MOST_KEPT + 1), str(2 * MOST_KEPT), MOST_KEPT)
    assert len(history.path.read_bytes().splitlines()) == MOST_KEPT


def test_what_is_no_text_is_passed_over_and_what_is_too_long_is_not_kept(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "prompts.jsonl")
    history.path.write_bytes(b'"good"\n{"a": 1}\n\xff\xfe\n"torn')

    history.add("x" * (MOST_CHARS + 1))

    assert history.texts() == ["good"]


def test_a_place_that_cannot_be_written_does_not_end_the_chat(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = PromptHistory(tmp_path / "file" / "prompts.jsonl")

    history.add("lost")

    assert history.texts() == []
