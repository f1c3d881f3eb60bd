"""A hub of models on the loopback address, with what huggingface_hub asks of one: ranges, digests, commits, refusals."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

COMMIT = "c0ffee0000000000000000000000000000000001"


@dataclass
class FakeHub:
    """Files by model and name; those of weights are large ones, whose digest the hub tells."""

    models: Mapping[str, Mapping[str, bytes]]
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By model: the status, and what the hub calls it."""
    token: str = ""
    """Without it nothing is told, if there is one."""
    stops_after: int | None = None
    """How many bytes of a large file are sent before the hub says no more, until `goes_on`."""
    breaks_after: int | None = None
    """After how many bytes it hangs up, once."""
    damages: bool = False
    """Whether large files come with another byte at their end."""
    log: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and range of each request."""
    has_stopped: Event = field(default_factory=Event)
    goes_on: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                hub.answer(self)

            def do_HEAD(self) -> None:
                hub.answer(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.goes_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def ranges(self) -> list[str]:
        """What was asked of large files."""
        return [
            asked for method, path, asked in self.log if method == "GET" and path.endswith(".safetensors")
        ]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        self.log.append((request.command, path, request.headers.get("Range", "")))
        found = re.fullmatch(
            r"(?:/api/models)?/([^/]+/[^/]+?)(?:/(tree|resolve|revision)/([^/]+)(?:/(.+))?)?", path
        )
        name, file = (found[1], found[4]) if found else ("", "")
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            _refuse(request, 401, "GatedRepo")
        elif name in self.refusals:
            _refuse(request, *self.refusals[name])
        elif name not in self.models:
            _refuse(request, 404, "RepoNotFound")
        elif not path.startswith("/api/"):
            self._file(request, self.models[name].get(file or ""))
        elif "/tree/" in path:
            _send(request, [_entry(*item) for item in self.models[name].items()])
        else:
            _send(request, {"id": name, "sha": COMMIT, "siblings": []})

    def _file(self, request: BaseHTTPRequestHandler, content: bytes | None) -> None:
        if content is None:
            _refuse(request, 404, "EntryNotFound")
            return
        is_large = request.path.partition("?")[0].endswith(".safetensors")
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        sent = content[start:]
        request.send_response(206 if asked else 200)
        request.send_header("ETag", f'"{_digest(content) if is_large else _blob(content)}"')
        request.send_header("X-Repo-Commit", COMMIT)
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Length", str(len(sent)))
        if asked:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        if request.command == "GET":
            self._body(request, sent[:-1] + b"?" if is_large and self.damages else sent, is_large)

    def _body(self, request: BaseHTTPRequestHandler, sent: bytes, is_large: bool) -> None:
        if is_large and self.breaks_after is not None:
            sent, self.breaks_after = sent[: self.breaks_after], None
            request.close_connection = True
        elif is_large and self.stops_after is not None:
            request.wfile.write(sent[: self.stops_after])
            request.wfile.flush()
            self.has_stopped.set()
            self.goes_on.wait()
            request.close_connection = True
            return
        request.wfile.write(sent)


def _entry(name: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": name, "size": len(content), "oid": _blob(content)}
    if name.endswith(".safetensors"):
        entry["lfs"] = {"oid": _digest(content), "size": len(content), "pointerSize": 134}
    return entry


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _send(request: BaseHTTPRequestHandler, answer: object) -> None:
    body = json.dumps(answer).encode()
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def _refuse(request: BaseHTTPRequestHandler, status: int, code: str) -> None:
    request.send_response(status)
    request.send_header("X-Error-Code", code)
    request.send_header("Content-Length", "0")
    request.end_headers()
