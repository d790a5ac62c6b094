"""A stand-in of the hub: datasets in a folder, served as the hub's client asks for them."""

import contextlib
import functools
import hashlib
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from huggingface_hub import HfFileSystem
from huggingface_hub.utils import http_backoff


class Hub:
    """Datasets of a folder on 127.0.0.1, which any change moves to another commit.

    Attributes:
        root: Folder of the datasets, each at OWNER/NAME.
        fails: The status of a request that fails, by its path; null where it does not.
        sent: Bytes of contents that were sent, by file.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fails: Callable[[str], int | None] = lambda path: None
        self.sent: dict[str, int] = {}
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub.answer(self)

            def do_GET(self) -> None:
                with contextlib.suppress(OSError):  # the client may be gone
                    hub.answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def install(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        """Make the libraries of this process ask it, and keep what they fetch in a folder."""
        for module in ("huggingface_hub.constants", "datasets.config"):
            monkeypatch.setattr(f"{module}.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", self.url)
        template = self.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("datasets.config.HF_ENDPOINT", self.url)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(home))
        monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", self.url)
        quick = functools.partial(http_backoff, base_wait_time=0.01, max_retries=1)
        monkeypatch.setattr("huggingface_hub.hf_file_system.http_backoff", quick)
        HfFileSystem.clear_instance_cache()

    def files(self, name: str) -> dict[str, Path]:
        folder = self.root / name
        found = (file for file in sorted(folder.rglob("*")) if file.is_file())
        return {str(file.relative_to(folder)): file for file in found}

    def commit(self, name: str) -> str:
        about = [(path, file.stat().st_mtime_ns) for path, file in self.files(name).items()]
        return hashlib.sha1(repr(about).encode()).hexdigest()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = unquote(urlsplit(request.path).path)
        fault = self.fails(path)
        if fault:
            return send(request, fault, b"", {})
        found = re.fullmatch(r"(?:/api)?/datasets/([^/]+/[^/]+)(?:/(\w+)/([^/]+)(?:/(.+))?)?", path)
        name = found[1] if found else ""
        if found is None or not (self.root / name).is_dir():
            return refuse(request, 404, "RepoNotFound", "Repository not found")
        what, revision, below = found[2] or "revision", found[3] or "main", found[4] or ""
        if (self.root / name / ".gated").exists() and what != "revision":
            return refuse(request, 401, "GatedRepo", f"Access to dataset {name} is restricted.")
        if revision not in ("main", self.commit(name)):
            return refuse(request, 404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return self.give(request, name, what, below)

    def give(self, request: BaseHTTPRequestHandler, name: str, what: str, below: str) -> None:
        files, commit = self.files(name), self.commit(name)
        if what == "revision":
            names = [{"rfilename": path} for path in files]
            return send(request, 200, {"id": name, "sha": commit, "siblings": names}, {})
        if what == "tree":
            recursive = "recursive=true" in request.path
            return send(request, 200, tree(files, below, recursive), {})
        if below not in files:
            return refuse(request, 404, "EntryNotFound", f"{below} does not exist")
        content = files[below].read_bytes()
        headers = {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        if asked := request.headers.get("Range"):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            end = min(int(last or len(content)), len(content) - 1)
            headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
            content = content[int(first) : end + 1]
        if request.command == "GET":
            self.sent[below] = self.sent.get(below, 0) + len(content)
        return send(request, 206 if asked else 200, content, headers)


def tree(files: dict[str, Path], below: str, recursive: bool) -> list[dict[str, Any]]:
    """The files and folders below a folder, as the hub lists them."""
    entries: dict[str, dict[str, Any]] = {}
    for path, file in files.items():
        if not path.startswith(f"{below}/" if below else ""):
            continue
        rest = path[len(below) :].strip("/")
        if "/" in rest:
            folder = f"{below}/{rest.split('/')[0]}".strip("/")
            entries.setdefault(
                folder, {"type": "directory", "oid": "0" * 40, "size": 0, "path": folder}
            )
        if recursive or "/" not in rest:
            oid = hashlib.sha1(file.read_bytes()).hexdigest()
            entries[path] = {"type": "file", "oid": oid, "size": file.stat().st_size, "path": path}
    return list(entries.values())


def refuse(request: BaseHTTPRequestHandler, status: int, code: str, message: str) -> None:
    """Refuse a request, in the hub's words."""
    send(request, status, b"", {"X-Error-Code": code, "X-Error-Message": message})


def send(request: BaseHTTPRequestHandler, status: int, body: Any, headers: dict[str, str]) -> None:
    """Send an answer; what is no bytes as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/octet-stream" if body is content else "application/json"
    request.send_response(status)
    for key, value in {"Content-Type": kind, "Content-Length": len(content), **headers}.items():
        request.send_header(key, str(value))
    request.end_headers()
    if request.command == "GET":
        request.wfile.write(content)
