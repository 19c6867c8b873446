"""The Hugging Face Hub's upload endpoints on loopback: just what the real client calls."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

TOKEN = "hf_right"


@dataclass
class FakeHub:
    """What has arrived.

    Attributes:
        repos: settings of the repositories by name.
        files: content by path, of all commits.
        commits: the summaries.
        blobs: large files by their SHA-256.
        uploads: how many large files were sent.
        fail_after_uploads: refuse to take more; None: take everything.
    """

    url: str = ""
    repos: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: int = 0
    fail_after_uploads: int | None = None

    def environment(self, home: Path, token: str | None = TOKEN) -> dict[str, str]:
        """For a process that shall talk to this Hub."""
        values = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        values |= {"HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
        return values if token is None else values | {"HF_TOKEN": token}


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """Serve a Hub until the block ends."""
    hub = FakeHub()
    counting = Lock()  # files arrive side by side

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

        def do_POST(self) -> None:
            body = self._body()
            path = self.path.split("?")[0]
            if self.headers.get("authorization") != f"Bearer {TOKEN}":
                self._answer(401, {"error": "Invalid username or password."})
            elif path == "/api/repos/create":
                self._create(json.loads(body))
            elif path == "/api/validate-yaml":
                self._answer(200, {"errors": [], "warnings": []})
            elif "/preupload/" in path:
                files = json.loads(body)["files"]
                modes = [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith((".mp4", ".bin", ".parquet")) else "regular",
                        "shouldIgnore": False,
                    }
                    for file in files
                ]
                self._answer(200, {"files": modes})
            elif path.endswith("/info/lfs/objects/batch"):
                self._batch(json.loads(body))
            elif "/commit/" in path:
                self._commit(path.partition("/api/")[2].partition("/commit/")[0], body)
            else:
                self._answer(404, {"error": f"no {path}"})

        def do_GET(self) -> None:
            self._answer(404, {"error": "Repository not found"})

        def do_PUT(self) -> None:
            content = self._body()
            with counting:
                refused = hub.fail_after_uploads is not None and hub.uploads >= hub.fail_after_uploads
                hub.uploads += not refused
            if refused:
                self._answer(403, {"error": "out of luck"})
                return
            assert hashlib.sha256(content).hexdigest() == self.path.rpartition("/")[2]
            hub.blobs[self.path.rpartition("/")[2]] = content
            self._answer(200, {})

        def _create(self, wanted: dict[str, Any]) -> None:
            name = f"{wanted['organization']}/{wanted['name']}"
            url = f"{hub.url}/datasets/{name}"
            if name in hub.repos:
                self._answer(409, {"error": "You already created this dataset repo", "url": url})
                return
            hub.repos[name] = wanted
            self._answer(200, {"url": url})

        def _batch(self, wanted: dict[str, Any]) -> None:
            objects = []
            for item in wanted["objects"]:
                answer = {"oid": item["oid"], "size": item["size"]}
                if item["oid"] not in hub.blobs:
                    answer["actions"] = {"upload": {"href": f"{hub.url}/lfs/{item['oid']}"}}
                objects.append(answer)
            self._answer(200, {"transfer": "basic", "objects": objects})

        def _commit(self, repo: str, body: bytes) -> None:
            for line in body.splitlines():
                item = json.loads(line)
                value = item["value"]
                if item["key"] == "header":
                    hub.commits.append(value["summary"])
                elif item["key"] == "file":
                    hub.files[value["path"]] = base64.b64decode(value["content"])
                else:
                    hub.files[value["path"]] = hub.blobs[value["oid"]]
            self._answer(200, {"commitUrl": f"{hub.url}/{repo}/commit/{'1' * 40}", "commitOid": "1" * 40})

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            content = b""
            while size := int(self.rfile.readline(), 16):
                content += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return content

        def _answer(self, status: int, value: dict[str, Any]) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
