import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boot.calibrate.kept import Calibrations
from boot.calibrate.report import Report
from boot.commands.models import list_models
from boot.commands.running import run
from boot.models import served_model
from boot.settings import Settings
from core.errors import RequestRejected
from tests.fakes import FakeServer, bodies

Captured = pytest.CaptureFixture[str]
KEPT = Calibrations(Path("/nowhere"))


def test_all_models_of_all_local_servers_are_listed(capsys: Captured) -> None:
    with (
        FakeServer(bodies.OLLAMA) as ollama,
        FakeServer(bodies.LM_STUDIO) as studio,
        FakeServer(bodies.UNKNOWN) as other,
    ):
        urls = ("http://127.0.0.1:1/v1", ollama.url, studio.url, other.url)
        code = list_models(Settings(), "", KEPT, json=False, local_urls=urls)

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "model                                 window      trained for  tools  vision  thinking  calibrated  where",
        f"qwen3:8b                              4,096       40,960       yes    no      yes       no          {ollama.url} (Ollama)",
        f"qwen/qwen3-8b                         4,096       40,960       yes    no      yes       no          {studio.url} (LM Studio)",
        f"text-embedding-nomic-embed-text-v1.5  not loaded  2,048        ?      ?       ?         no          {studio.url} (LM Studio)",
        f"m                                     ?           ?            ?      ?       ?         no          {other.url}",
    ]


def test_where_two_servers_have_a_model_of_one_name_the_one_at_the_url_is_meant() -> None:
    with FakeServer(bodies.VLLM) as one, FakeServer(bodies.VLLM) as two:
        urls, name = (one.url, two.url), "Qwen/Qwen3-8B"
        found = [
            asyncio.run(served_model(Settings(), name, url, local_urls=urls))
            for url in (two.url, "", "http://127.0.0.1:1/v1")
        ]

    assert [endpoint and endpoint.url for endpoint in found] == [two.url, one.url, one.url]


def test_the_models_of_one_server_are_asked_for_by_its_url(tmp_path: Path, capsys: Captured) -> None:
    with FakeServer(bodies.VLLM) as server:
        code = run(["models", "--workspace", str(tmp_path), "--url", server.root, "--json"])

    (facts,) = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (facts["url"], facts["kind"], facts["models"][0]["window_tokens"]) == (server.url, "vLLM", 32_768)
    assert facts["models"][0]["calibrated"] is False


def test_where_there_is_no_model_it_says_what_was_tried(capsys: Captured) -> None:
    code = list_models(Settings(), "", KEPT, json=False, local_urls=("http://127.0.0.1:1/v1",))

    assert code == 1
    assert capsys.readouterr().out == "No model server was found on localhost (ports 1).\n"


def test_a_server_without_models_is_told_as_it_is(capsys: Captured) -> None:
    with FakeServer({"/v1/models": bodies.listed()}) as empty, FakeServer({"/v1/models": {}}) as other:
        codes = [list_models(Settings(), server.url, KEPT, json=False) for server in (empty, other)]

    assert codes == [1, 1]
    assert capsys.readouterr().out.splitlines() == [
        f"{empty.url} has no model.",
        f"{other.url} does not say which models it has.",
    ]


def test_the_key_goes_to_the_configured_server_and_to_no_other(capsys: Captured) -> None:
    with FakeServer(bodies.TABBY, key="secret") as server:
        ours = replace(Settings(), model_url=server.url, api_key="secret")
        code = list_models(ours, server.url, KEPT, json=False)
        with pytest.raises(RequestRejected, match="401"):
            list_models(replace(ours, model_url="http://127.0.0.1:1/v1"), server.url, KEPT, json=False)

    assert code == 0
    assert "24,576" in capsys.readouterr().out


def test_those_that_were_examined_on_their_server_are_marked(tmp_path: Path, capsys: Captured) -> None:
    kept, now = Calibrations(tmp_path), datetime(2026, 11, 21, tzinfo=UTC)
    with FakeServer(bodies.OLLAMA) as ollama, FakeServer(bodies.OLLAMA) as other:
        kept.keep(Report(model="qwen3:8b", url=ollama.url, begun=now, finished=True))
        list_models(Settings(), "", kept, json=False, local_urls=(ollama.url, other.url))

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    column = rows[0].index("calibrated") - 1  # "trained for" are two words
    assert [row[column] for row in rows[1:]] == ["yes", "no"]
