"""A model in a folder, run by a process of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.embedding import EmbeddingFailed
from gate.embedding.directory import DirectoryEmbedder
from tests.processes import has_ended

ROOT = Path(__file__).parents[3]
LIBRARY = '''
"""Stands in for the library: the vector of a text is its length and 1, over the length of that."""
import os, sys, time
import numpy as np

class SentenceTransformer:
    def __init__(self, folder, **options):
        print("what a library prints is no answer")
        assert options == {"device": "cpu", "local_files_only": True, "model_kwargs": {"use_safetensors": True}}

    def encode(self, texts, **options):
        if "die" in texts:
            os.kill(os.getpid(), 9)
        if "wait" in texts:
            time.sleep(600)
        if "fail" in texts:
            raise RuntimeError("no memory for this")
        rows = np.array([[len(text), 1.0] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1)[:, None]
'''


@pytest.fixture
def python(tmp_path: Path) -> str:
    """A Python whose sentence-transformers is the library above."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "sentence_transformers.py").write_text(LIBRARY)
    started = tmp_path / "python"
    started.write_text(
        f"#!{sys.executable}\nimport runpy, sys\nsys.path.insert(0, {str(library)!r})\n"
        "sys.argv = sys.argv[2:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    started.chmod(0o755)
    return str(started)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    modules = [{"type": "sentence_transformers.models.Transformer"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    return folder


def process_of(embedder: DirectoryEmbedder) -> int:
    assert embedder._process is not None
    return embedder._process.pid


async def test_a_model_in_a_folder_makes_vectors(folder: Path, python: str) -> None:
    embedder = DirectoryEmbedder(folder, python)

    first = await embedder.embed(["aaa", "\ud800" * 4])
    second = await embedder.embed(["é" * 100_000])
    await embedder.close()

    assert np.allclose(first, [[3 / 10**0.5, 1 / 10**0.5], [4 / 17**0.5, 1 / 17**0.5]])
    assert np.allclose(second, [[1, 0]], atol=1e-3)


async def test_one_process_answers_all_questions(folder: Path, python: str) -> None:
    embedder = DirectoryEmbedder(folder, python)

    await embedder.embed(["a"])
    first = process_of(embedder)
    await asyncio.gather(*(embedder.embed(["b" * length]) for length in range(1, 20)))

    assert process_of(embedder) == first
    await embedder.close()


async def test_a_process_that_was_killed_is_started_again(folder: Path, python: str) -> None:
    embedder = DirectoryEmbedder(folder, python)
    before = await embedder.embed(["aaa"])

    os.kill(process_of(embedder), signal.SIGKILL)

    assert np.array_equal(await embedder.embed(["aaa"]), before)
    await embedder.close()


async def test_a_model_that_dies_of_a_text_is_told_of_and_lives_again(folder: Path, python: str) -> None:
    embedder = DirectoryEmbedder(folder, python)

    with pytest.raises(EmbeddingFailed, match="ended by itself, twice"):
        await embedder.embed(["die"])

    assert len(await embedder.embed(["aaa"])) == 1
    await embedder.close()


async def test_a_model_that_hangs_is_ended(folder: Path, python: str) -> None:
    embedder = DirectoryEmbedder(folder, python, seconds=0.5)

    with pytest.raises(EmbeddingFailed, match=r"no vectors within 0\.5 seconds"):
        await embedder.embed(["wait"])

    assert embedder._process is None


async def test_a_question_that_nobody_waits_for_does_not_answer_the_next_one(
    folder: Path, python: str
) -> None:
    embedder = DirectoryEmbedder(folder, python)
    await embedder.embed(["a"])
    asking = asyncio.ensure_future(embedder.embed(["wait"]))
    await asyncio.sleep(0)

    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert np.allclose(await embedder.embed(["aaa"]), [[3 / 10**0.5, 1 / 10**0.5]])
    await embedder.close()


@pytest.mark.parametrize(
    ("modules", "reason"),
    [
        ('[{"type": "os.system"}]', "'os.system' to be run, which is not part of sentence-transformers"),
        ("[{}]", "KeyError"),
        ("no JSON", "JSONDecodeError"),
        (None, "FileNotFoundError"),
    ],
)
async def test_a_folder_that_holds_no_model_is_told_of(
    folder: Path, python: str, modules: str | None, reason: str
) -> None:
    (folder / "modules.json").unlink()
    if modules is not None:
        (folder / "modules.json").write_text(modules)
    embedder = DirectoryEmbedder(folder, python)

    with pytest.raises(EmbeddingFailed, match="cannot be used") as failed:
        await embedder.embed(["a"])

    assert reason in str(failed.value)


@pytest.mark.parametrize("texts", [["a"], ["a" * 10_000] * 200], ids=["short", "more than a pipe holds"])
async def test_without_the_library_it_says_what_to_install(folder: Path, texts: list[str]) -> None:
    embedder = DirectoryEmbedder(folder)

    with pytest.raises(EmbeddingFailed, match=r"ModuleNotFoundError.*roost\[embed\]"):
        await embedder.embed(texts)


async def test_other_weights_are_another_model(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"1" * 300_000)
    before = DirectoryEmbedder(folder).model

    (folder / "model.safetensors").write_bytes(b"1" * 299_999 + b"2")

    assert before == "tiny " + before.removeprefix("tiny ")
    assert DirectoryEmbedder(folder).model != before


HOLDER = """
import asyncio, sys
from pathlib import Path
from gate.embedding.directory import DirectoryEmbedder

async def run() -> None:
    embedder = DirectoryEmbedder(Path(sys.argv[1]), sys.argv[2])
    await embedder.embed(["a"])
    print(embedder._process.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(run())
"""


@pytest.mark.slow
def test_the_process_ends_when_we_are_killed(folder: Path, python: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), python], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    worker = int(holder.stdout.readline())

    holder.kill()
    holder.wait()
    holder.stdout.close()

    assert has_ended(worker)


@pytest.fixture(scope="module")
def real_python() -> str:
    """The Python of `.ci/servers` that has sentence-transformers."""
    python = Path(os.environ.get("ROOST_TEST_SERVERS", ""), "sentence", "bin", "python")
    if not python.is_file() and not os.environ.get("CI"):
        pytest.skip('there is no sentence-transformers: export ROOST_TEST_SERVERS="$(.ci/servers)"')
    return str(python)


@pytest.fixture
def real_folder(real_python: str, tmp_path: Path) -> Path:
    """A model of random weights, written on the spot."""
    writer = ROOT / "tests" / "servers" / "tiny_sentence_transformer.py"
    subprocess.run([real_python, str(writer), str(tmp_path / "tiny")], check=True, capture_output=True)
    return tmp_path / "tiny"


@pytest.mark.real
@pytest.mark.slow
async def test_a_real_model_makes_vectors(real_python: str, real_folder: Path) -> None:
    embedder = DirectoryEmbedder(real_folder, real_python)

    rows = await embedder.embed(["how is it built?", "how is it built?", "日本語 " * 1000, ""])
    os.kill(process_of(embedder), signal.SIGKILL)
    again = await embedder.embed(["how is it built?"])
    await embedder.close()

    assert rows.shape == (4, 32)
    assert np.allclose(
        np.linalg.norm(rows, axis=1), [1, 1, 1, 0], atol=1e-5
    )  # this one has no mark at a text's end
    assert np.allclose(rows[:1], again, atol=1e-5)
    assert np.allclose(rows[0], rows[1], atol=1e-5)
    assert rows[0] @ rows[2] < 0.999
