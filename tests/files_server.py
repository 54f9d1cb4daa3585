"""A loopback server of files that behaves as badly as it is told to. Every request is written down in `log`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Behaviour = Callable[["Handler", bytes], None]


class Handler(BaseHTTPRequestHandler):
    """Sends what `files` holds at a path; `behaviours` does it in another way."""

    protocol_version = "HTTP/1.1"
    server: Files

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        asked = self.headers.get("Range", "")
        self.server.log.append((path, asked))
        data = self.server.files.get(path)
        if path in self.server.behaviours:
            self.server.behaviours[path](self, data or b"")
        elif data is None:
            self.answer(404, b"not here")
        else:
            self.send_file(data)

    def send_file(self, data: bytes) -> None:
        """Send a file, or the end of it that was asked for."""
        asked = self.headers.get("Range", "")
        if asked:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.answer(206, data[start:], {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        else:
            self.answer(200, data)

    def answer(self, status: int, data: bytes, headers: dict[str, str] | None = None, says: int | None = None) -> None:
        """Send an answer; `says`: the length that it claims to have."""
        self.send_response(status)
        for name, value in {"ETag": '"one"', **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if says is None else says))
        self.end_headers()
        self.wfile.write(data)
        if says is not None:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Tests read the log."""


class Files(ThreadingHTTPServer):
    """The server."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.behaviours: dict[str, Behaviour] = {}
        self.log: list[tuple[str, str]] = []

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.server_port}{path}"


@contextlib.contextmanager
def serving() -> Iterator[Files]:
    """The server on a free port of loopback."""
    with Files() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()
