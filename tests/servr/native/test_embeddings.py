"""A model that makes vectors says what sentence-transformers says of it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError
from gate.embedding.endpoint import EndpointEmbedder
from servr.native.counting import CHARS_EACH, CUT, TooMany
from servr.native.embeddings import FolderEmbeddings, makes_vectors
from servr.native.parts import Invalid
from tests.servr.native.started import ended, start, told

pytestmark = pytest.mark.slow
SENTENCE = Path(os.environ.get("ROOST_TEST_SERVERS", ""), "sentence", "bin", "python")
TEXTS = ("A short one.", "Größe of 日本", "x", "A longer text. " * 7)
THEIRS = """
import json, sys
from sentence_transformers import SentenceTransformer
models = [SentenceTransformer(folder, device="cpu") for folder in sys.argv[2:]]
texts = json.loads(sys.argv[1])
print(json.dumps([model.encode(texts, normalize_embeddings=True).tolist() for model in models]))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors") / "model"
    maker = Path(__file__).parents[2] / "servers" / "tiny_sentence_transformer.py"
    subprocess.run([str(SENTENCE), str(maker), str(folder)], check=True, capture_output=True)
    return folder


def change(folder: Path, file: str, **values: object) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.fixture
def model(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "model"))


def by_mean(folder: Path) -> None:
    """As it was made."""


def by_first(folder: Path) -> None:
    change(folder, "1_Pooling/config.json", pooling_mode="cls")


def by_last(folder: Path) -> None:
    change(folder, "1_Pooling/config.json", pooling_mode="lasttoken")


def by_prompt(folder: Path) -> None:
    change(
        folder, "config_sentence_transformers.json", prompts={"query": "Find: "}, default_prompt_name="query"
    )


def by_prompt_that_does_not_count(folder: Path) -> None:
    by_prompt(folder)
    change(folder, "1_Pooling/config.json", include_prompt=False)


def by_older_words(folder: Path) -> None:
    path = folder / "1_Pooling" / "config.json"
    path.write_text(json.dumps({"word_embedding_dimension": 32, "pooling_mode_cls_token": True}))


def test_vectors_are_those_of_sentence_transformers(written: Path, tmp_path: Path) -> None:
    changes = (by_mean, by_first, by_last, by_prompt, by_prompt_that_does_not_count, by_older_words)
    folders = [tmp_path / change.__name__ for change in changes]
    for folder, changed in zip(folders, changes, strict=True):
        shutil.copytree(written, folder)
        changed(folder)
    models = [FolderEmbeddings(folder, name="tiny") for folder in folders]

    found = [model.vectors([model.tokens(text) for text in TEXTS]) for model in models]

    command = [str(SENTENCE), "-c", THEIRS, json.dumps(TEXTS), *map(str, folders)]
    ran = subprocess.run(command, capture_output=True, check=True)
    theirs = np.array(json.loads(ran.stdout), np.float32)
    np.testing.assert_allclose(np.array(found), theirs, atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1, atol=1e-6)


def test_a_model_says_what_it_takes(model: Path) -> None:
    ours = FolderEmbeddings(model, name="tiny")

    assert (ours.facts.window_tokens, ours.facts.width, ours.facts.dtype) == (128, 32, "float32")
    with pytest.raises(Invalid, match="This text has 129 tokens; the model takes 1 to 128"):
        ours.vectors([ours.tokens("x"), ours.tokens("x" * 129)])
    assert ours.vectors([]).shape == (0, 32)


def test_a_text_that_is_far_too_long_is_not_read_to_its_end(model: Path) -> None:
    ours = FolderEmbeddings(model, name="tiny")
    text = "word " * 10_000
    least = len(ours.tokens(text[: CHARS_EACH * 128])) - CUT

    with pytest.raises(TooMany) as raised:
        ours.tokens(text, most=128)

    assert 128 < raised.value.least == least


def test_many_texts_are_read_together_and_come_back_in_order(model: Path) -> None:
    ours = FolderEmbeddings(model, name="tiny")
    texts = [ours.tokens("word " * (number % 20 + 1)) for number in range(150)]

    found = ours.vectors(texts)

    alone = [ours.vectors([text])[0] for text in texts[:25]]
    np.testing.assert_allclose(found[:25], alone, atol=2e-6)


@pytest.mark.server
async def test_its_folder_is_served_and_memory_gets_vectors_of_it(written: Path) -> None:
    server = start(str(written))
    *_, greeting, serves, use, _ = told(server)
    url = serves.rpartition(" at ")[2].rstrip(".")
    embedder = EndpointEmbedder(url, "model")

    try:
        found = await embedder.embed(TEXTS)
    finally:
        await embedder.close()
        code = ended(server)

    ours = FolderEmbeddings(written, name="model")
    np.testing.assert_allclose(found, ours.vectors([ours.tokens(text) for text in TEXTS]), atol=2e-6)
    assert greeting == "model: float32 on cpu, vectors of 32 numbers, of texts of up to 128 tokens."
    assert use == f"Roost's memory asks it with AGENT_EMBEDDER=model AGENT_EMBEDDER_URL={url}"
    assert code == 0


def test_a_model_of_something_else_than_texts_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "clip", "architectures": ["CLIPModel"]}')

    with pytest.raises(ConfigError, match="'tiny' makes no vectors of texts: it is of the kind 'clip'"):
        FolderEmbeddings(tmp_path, name="tiny")


def test_a_step_that_is_not_known_is_named(model: Path) -> None:
    steps = json.loads((model / "modules.json").read_text())
    path = model / "modules.json"
    path.write_text(json.dumps([*steps, {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]))

    with pytest.raises(ConfigError, match="a step of the kind 'Dense'"):
        FolderEmbeddings(model, name="tiny")
    change(model, "1_Pooling/config.json", pooling_mode="max")
    path.write_text(json.dumps(steps))
    with pytest.raises(ConfigError, match="pools by 'max'"):
        FolderEmbeddings(model, name="tiny")


def test_it_is_known_which_models_make_vectors(model: Path, tmp_path: Path) -> None:
    assert makes_vectors(model)
    for architecture, makes in (
        ("BertModel", True),
        ("BertForSequenceClassification", False),
        ("GPT2LMHeadModel", False),
        ("Qwen3ForCausalLM", False),
        ("T5ForConditionalGeneration", False),
    ):
        folder = tmp_path / architecture
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({"architectures": [architecture]}))
        assert makes_vectors(folder) is makes
