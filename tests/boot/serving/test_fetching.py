"""A whole start of a process asks a fake hub, for huggingface_hub reads its environment once."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from boot.serving.hub import answers
from tests.fakes.hub import FakeHub
from tests.processes import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.server]

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS = bytes(range(256)) * 96_000
"""More than two of the pieces, of 10 MiB each, that huggingface_hub writes at once."""
TINY = {
    "config.json": json.dumps({"model_type": "qwen3", "dtype": "bfloat16"}).encode(),
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"never",
    "README.md": b"# Tiny",
}
FETCH = """
import sys
from boot.serving.machine import Machine
from boot.serving.native import fetched
from core.errors import AgentError
for name in sys.argv[1:]:
    try:
        folder = fetched(name, lambda wanted: None)
    except AgentError as error:
        print(error.exit_code, error)
    else:
        print(0, *sorted(path.name for path in folder.iterdir()), (folder / "model.safetensors").stat().st_size)
"""
LIMIT_SECONDS = 120
PATIENT = {"HF_HUB_DOWNLOAD_TIMEOUT": str(LIMIT_SECONDS), "HF_HUB_ETAG_TIMEOUT": str(LIMIT_SECONDS)}
"""The hub here may stand still for a while, and is not asked again for that."""
SLOW_CHECK = """
import hashlib, pathlib, time
digest = hashlib.file_digest
def slow(file, name):
    pathlib.Path({reached!r}).touch()
    while pathlib.Path({hold!r}).exists():
        time.sleep(0.05)
    return digest(file, name)
hashlib.file_digest = slow
"""
WHOLE = f"0 config.json model.safetensors tokenizer.json {len(WEIGHTS)}\n"


def start(hub: str, home: Path, *names: str, script: str = FETCH, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, **PATIENT, "HF_ENDPOINT": hub, "HF_HOME": str(home), **more}
    return subprocess.Popen(
        [sys.executable, "-c", script, *(names or ("tiny/coder",))],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(hub: str, home: Path, *names: str, **more: str) -> tuple[str, str]:
    """What was printed on both streams."""
    out, err = start(hub, home, *names, **more).communicate(timeout=LIMIT_SECONDS)
    return out, err


def begun(hub: FakeHub, process: subprocess.Popen[str], home: Path) -> Path:
    """The part of the weights that came, once there is some of it on the disk."""
    assert hub.has_stopped.wait(LIMIT_SECONDS)
    part = next(home.rglob("*.part"))
    wait_until(lambda: part.stat().st_size, process)
    return part


def test_what_is_needed_comes_with_its_size_and_nothing_else(tmp_path: Path) -> None:
    with FakeHub({"tiny/coder": TINY}) as hub:
        out, err = run(hub.url, tmp_path)
        again, said = run(hub.url, tmp_path)

    assert (out, again) == (WHOLE, WHOLE)
    assert err.startswith(
        "tiny/coder needs 1 file of weights and 2 others, 24.6 MB; 24.6 MB are still to come"
    )
    assert said == "tiny/coder is in the cache.\n"
    assert len(hub.ranges) == 1
    assert not any(path.endswith((".bin", ".md")) for _, path, _ in hub.log)


def test_a_start_that_was_killed_is_gone_on_with_where_it_was(tmp_path: Path) -> None:
    with FakeHub({"tiny/coder": TINY}, stops_after=16_000_000) as hub:
        process = start(hub.url, tmp_path)
        part = begun(hub, process, tmp_path)
        process.kill()
        process.communicate()
        come = part.stat().st_size
        hub.stops_after = None
        hub.goes_on.set()

        out, _ = run(hub.url, tmp_path)

    assert out == WHOLE
    assert hub.ranges == ["", f"bytes={come}-"]


def test_whoever_interrupts_reads_that_what_came_is_kept(tmp_path: Path) -> None:
    with FakeHub({"tiny/coder": TINY}, stops_after=16_000_000) as hub:
        process = start(hub.url, tmp_path)
        part = begun(hub, process, tmp_path)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LIMIT_SECONDS)

    assert "Interrupted. What came is kept; the same command goes on from there.\n" in err
    assert part.stat().st_size > 0


def test_a_second_start_leaves_alone_what_the_first_one_still_checks(tmp_path: Path) -> None:
    reached, hold = tmp_path / "reached", tmp_path / "hold"
    hold.touch()
    with FakeHub({"tiny/coder": TINY}) as hub:
        first = start(
            hub.url, tmp_path, script=SLOW_CHECK.format(reached=str(reached), hold=str(hold)) + FETCH
        )
        wait_until(reached.exists, first)
        second, _ = run(hub.url, tmp_path)
        hold.unlink()
        out, _ = first.communicate(timeout=LIMIT_SECONDS)

    assert second == "2 Another start is fetching 'tiny/coder'. Wait for it.\n"
    assert (out, len(hub.ranges)) == (WHOLE, 1)


def test_a_connection_that_breaks_is_taken_up_again(tmp_path: Path) -> None:
    with FakeHub({"tiny/coder": TINY}, breaks_after=14_000_000) as hub:
        out, _ = run(hub.url, tmp_path)

    assert out == WHOLE
    assert [asked[:6] for asked in hub.ranges] == ["", "bytes="]


def test_what_came_damaged_is_thrown_away(tmp_path: Path) -> None:
    with FakeHub({"tiny/coder": TINY}, damages=True) as hub:
        out, _ = run(hub.url, tmp_path)

    assert out == "4 model.safetensors came damaged, and was thrown away. The same command fetches it.\n"
    assert not list(tmp_path.rglob("*.part"))


def test_a_full_disk_is_told_as_what_it_is(tmp_path: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (12_000_000,) * 2)\n" + FETCH
    with FakeHub({"tiny/coder": TINY}) as hub:
        out, _ = start(hub.url, tmp_path, script=limited).communicate(timeout=LIMIT_SECONDS)

    assert out.startswith(
        f"4 'tiny/coder' could not be kept in {str(tmp_path / 'hub')!r}: File too large. Make room"
    )


def test_what_is_in_the_cache_needs_no_hub(tmp_path: Path) -> None:
    with FakeHub({"tiny/coder": TINY}) as hub:
        run(hub.url, tmp_path)
        asked = len(hub.log)
        offline, _ = run(hub.url, tmp_path, HF_HUB_OFFLINE="1")
        asked_offline = len(hub.log) - asked
        url = hub.url

    gone, said = run(url, tmp_path)

    assert (offline, asked_offline, gone) == (WHOLE, 0, WHOLE)
    assert "Going on with what is in the cache." in said


def test_what_cannot_be_had_is_one_sentence(tmp_path: Path) -> None:
    models = {
        "tiny/pickled": {"config.json": b"{}", "pytorch_model.bin": b""},
        "tiny/gguf": {"model-Q4_K_M.gguf": b""},
        "tiny/bare": {"model.safetensors": b""},
        "tiny/adapter": {
            "adapter_config.json": b"{}",
            "adapter_model.safetensors": b"",
            "config.json": b"{}",
        },
        "tiny/empty": {"README.md": b""},
    }
    refusals = {"tiny/gated": (403, "GatedRepo"), "tiny/broken": (500, ""), "tiny/forbidden": (403, "")}
    names = ("tiny/missing", *refusals, "a/b/c", *models)
    with FakeHub(models, refusals=refusals) as hub:
        out, _ = run(hub.url, tmp_path, *names)

    host = hub.url.removeprefix("http://")
    assert out.splitlines() == [
        f"2 There is no model 'tiny/missing' at {host}, or it is private. Look at its name, OWNER/MODEL; for a private one set HF_TOKEN.",
        f"2 'tiny/gated' is given only to those who asked for it. Ask on its page at {host}, then set HF_TOKEN to a token of yours.",
        f"3 {host} answered 500 for 'tiny/broken'. Try again later.",
        f"2 {host} refused the token. Set HF_TOKEN to one that may read it.",
        "2 'a/b/c' is neither a folder here nor the name of a model. A name is OWNER/MODEL.",
        "2 'tiny/pickled' has its weights as pickles only, which can run anything when they are read. Take a copy with .safetensors files.",
        "2 'tiny/gguf' has GGUF files only. llama.cpp serves those: --engine llama.cpp",
        "2 'tiny/bare' is no model of Transformers: it has no config.json. Take its whole model.",
        "2 'tiny/adapter' is an adapter (LoRA), not a whole model. Name one that it was merged into.",
        "2 'tiny/empty' has no weights. Name a model with .safetensors files.",
    ]


def test_a_hub_that_asks_for_a_pause_is_told(tmp_path: Path) -> None:
    with FakeHub({}, refusals={"tiny/coder": (429, "")}) as hub:
        out, _ = run(hub.url, tmp_path)

    host = hub.url.removeprefix("http://")
    assert out == f"3 {host} asks for a pause. Try again in some minutes; with HF_TOKEN set it allows more.\n"


def test_a_token_of_the_environment_opens_a_gated_model(tmp_path: Path) -> None:
    with FakeHub({"tiny/coder": TINY}, token="hf_mine") as hub:
        refused, _ = run(hub.url, tmp_path)
        out, err = run(hub.url, tmp_path, HF_TOKEN="hf_mine")

    assert refused.startswith("2 'tiny/coder' is given only to those who asked for it.")
    assert out == WHOLE
    assert "hf_mine" not in out + err


def test_without_hub_and_cache_there_is_one_sentence(tmp_path: Path) -> None:
    out, _ = run("http://127.0.0.1:1", tmp_path)
    offline, _ = run("http://127.0.0.1:1", tmp_path, HF_HUB_OFFLINE="1")

    assert out == (
        "3 No answer from 127.0.0.1:1, which has 'tiny/coder'. "
        "Is there a network? HF_ENDPOINT names another hub. The same command goes on from there.\n"
    )
    assert offline == (
        f"2 HF_HUB_OFFLINE is set, and 'tiny/coder' is not whole in {str(tmp_path / 'hub')!r}. "
        "Fetch it once with a network, or name a folder.\n"
    )


def test_whether_a_hub_can_be_reached_is_known_at_once() -> None:
    with FakeHub({}) as hub:
        assert answers(hub.url)
    assert not answers("http://127.0.0.1:1")
