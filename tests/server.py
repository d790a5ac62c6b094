"""A server of files that fails as the network does."""

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

Fault = Literal["drop", "stall", "503", "404"]


class Server:
    """Files of a folder on 127.0.0.1, byte ranges too; some requests fail.

    Args:
        folder: What is served.
        fails: How a request fails, by the number of GETs before it; not at all when null.
    """

    def __init__(self, folder: Path, fails: Callable[[int], Fault | None]) -> None:
        self.folder = folder
        self.fails = fails
        self.requests: list[str] = []
        self.closed = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                server.answer(self, server.fails(len(server.requests)), with_body=False)

            def do_GET(self) -> None:
                fault = server.fails(len(server.requests))
                server.requests.append(self.path)
                with contextlib.suppress(OSError):  # the client may be gone
                    server.answer(self, fault)

            def log_message(self, *arguments: object) -> None:
                pass

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{name}"

    def close(self) -> None:
        self.closed.set()
        self.http.shutdown()
        self.http.server_close()

    def answer(
        self, request: BaseHTTPRequestHandler, fault: Fault | None, with_body: bool = True
    ) -> None:
        file = self.folder / request.path.lstrip("/")
        if fault in ("503", "404") or not file.is_file():
            request.send_response(int(fault) if fault in ("503", "404") else 404)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        content, asked = file.read_bytes(), request.headers.get("Range")
        first, last = 0, len(content) - 1
        if asked:
            ends = asked.removeprefix("bytes=").split("-")
            first, last = int(ends[0]), min(int(ends[1] or last), last)
        request.send_response(206 if asked else 200)
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Length", str(last - first + 1))
        request.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        request.end_headers()
        if with_body:
            self.send(request, content[first : last + 1], fault)

    def send(self, request: BaseHTTPRequestHandler, body: bytes, fault: Fault | None) -> None:
        request.wfile.write(body if fault is None else body[: len(body) // 2])
        request.wfile.flush()
        if fault == "stall":
            self.closed.wait(30)
        if fault is not None:
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
