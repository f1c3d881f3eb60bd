"""Who makes vectors, by the settings; and a change of it from the command line."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from boot.embedding import NoEmbedder, embedder_of, show_progress
from boot.paths import user_folders
from boot.settings import Settings
from gate.embedding.cached import CachedEmbedder
from gate.embedding.directory import DirectoryEmbedder
from gate.embedding.endpoint import EndpointEmbedder
from gate.embedding.hashed import HashedEmbedder
from store.search.reembedding import Progress
from tests.fakes.serving import Asked, FakeServer, Page, page

ROOT = Path(__file__).parents[2]


def test_without_a_setting_words_are_hashed() -> None:
    assert isinstance(embedder_of(Settings(), user_folders(os.environ)), HashedEmbedder)


def test_a_folder_is_a_model_of_sentence_transformers(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]")

    embedder = embedder_of(Settings(embedder=str(tmp_path)), user_folders(os.environ))

    assert isinstance(embedder, DirectoryEmbedder)


@pytest.mark.parametrize(
    ("settings", "url", "key"),
    [
        (
            Settings(embedder="e5", model_url="http://127.0.0.1:1/v1", api_key="k"),
            "http://127.0.0.1:1/v1",
            "k",
        ),
        (
            Settings(
                embedder="e5",
                embedder_url="http://127.0.0.1:2/v1",
                model_url="http://127.0.0.1:1/v1",
                api_key="k",
            ),
            "http://127.0.0.1:2/v1",
            "",
        ),
    ],
)
def test_a_model_of_a_server_is_asked_there_with_the_key_of_that_server_only(
    settings: Settings, url: str, key: str
) -> None:
    embedder = embedder_of(settings, user_folders(os.environ))

    assert isinstance(embedder, CachedEmbedder)
    assert isinstance(embedder.inner, EndpointEmbedder)
    assert (embedder.inner.url, embedder.inner.api_key, embedder.model) == (url, key, f"e5 at {url}")


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (
            "e5",
            "AGENT_EMBEDDER is 'e5', a model of a server, but no server is set. Set AGENT_EMBEDDER_URL or",
        ),
        ("/nowhere", "AGENT_EMBEDDER is '/nowhere', which holds no sentence-transformers model."),
    ],
)
def test_what_is_not_there_is_told_when_it_is_needed(chosen: str, reason: str) -> None:
    embedder = embedder_of(Settings(embedder=chosen), user_folders(os.environ))

    assert isinstance(embedder, NoEmbedder)
    assert embedder.reason.startswith(reason)


def test_progress_is_a_line_for_each_tenth_where_nothing_can_move() -> None:
    out = io.StringIO()

    for done in (64, 128, 1000):
        show_progress(out, Progress(done=done, total=1000))

    assert out.getvalue() == "roost: 128 of 1,000 vectors\nroost: 1,000 of 1,000 vectors\n"


def vectors(asked: Asked) -> Page:
    texts = asked.json["input"]
    entries = [{"index": i, "embedding": [float("build" in text), 0.5, 0.1]} for i, text in enumerate(texts)]
    return page({"data": entries})


def roost(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words],
        env={**os.environ, **settings, "ROOST_NO_SETUP": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.server
def test_a_change_of_the_embedder_is_carried_out_with_its_progress_shown(tmp_path: Path) -> None:
    roost("memory", "store", "we build with ninja", "--workspace", str(tmp_path))
    with FakeServer({"/v1/embeddings": vectors}) as served:
        changed = {"AGENT_EMBEDDER": "tiny", "AGENT_EMBEDDER_URL": served.url}

        embedded = roost("memory", "embed", "--workspace", str(tmp_path), **changed)
        searched = roost("memory", "search", "how is a build made", "--workspace", str(tmp_path), **changed)
    away = roost("memory", "search", "ninja", "--workspace", str(tmp_path), **changed)

    assert (embedded.stderr, embedded.stdout) == ("roost: 1 of 1 vectors\n", "1 vector was made.\n")
    assert "we build with ninja" in searched.stdout
    assert searched.stderr == ""
    assert "we build with ninja" in away.stdout
    assert away.stderr.startswith("roost: Searched by words alone: There are no vectors from tiny at")
