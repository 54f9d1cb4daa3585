"""Hosts for tests of the crawl: names under `.example` that one loopback server answers for, page by page.

A page is a str (HTML), bytes (sent as they are, as HTML), an `Answer`, or a function of the request handler that does whatever it
likes with the connection. What is not there is a 404. Every request is written down in `Hosts.log`.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from scraper.crawling import CrawlReport, CrawlRequest, run_crawl

NO_DELAY: dict[str, Any] = {
    "USCE_ALLOW_PRIVATE_ADDRESSES": True,
    "DOWNLOAD_DELAY": 0,
    "AUTOTHROTTLE_ENABLED": False,
    "RETRY_TIMES": 0,
    "DOWNLOAD_TIMEOUT": 2,
    "DNS_TIMEOUT": 2,
    "ITEM_PIPELINES": {"tests.spiders.collector.Collector": 1},
}


@attrs.frozen
class Answer:
    """A response: status, body and headers."""

    body: bytes = b""
    status: int = 200
    content_type: str | None = "text/html; charset=utf-8"
    headers: dict[str, str] = attrs.field(factory=dict)


Content = str | bytes | Answer | Callable[[BaseHTTPRequestHandler], None]


def page(title: str, *links: str, text: str = "") -> str:
    """A small page with links, each 'text -> address'."""
    anchors = "".join(
        '<li><a href="{1}">{0}</a></li>'.format(*(part.strip() for part in link.split("->"))) for link in links
    )
    return f"<!doctype html><html><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p><ul>{anchors}</ul></main></body></html>"


def redirect(to: str, status: int = 302) -> Answer:
    """A redirect."""
    return Answer(b"", status, headers={"Location": to})


@attrs.define(slots=False)
class Hosts:
    """The pages of all hosts of a test by host and path, and what was asked for."""

    pages: dict[str, dict[str, Content]]
    log: list[tuple[float, str, str]] = attrs.field(factory=list)
    headers: list[dict[str, str]] = attrs.field(factory=list)
    port: int = 0

    def url(self, host: str, path: str = "/") -> str:
        """The address of a page."""
        return f"http://{host}:{self.port}{path}"

    def asked(self, host: str) -> list[str]:
        """The paths that were asked for on a host, in order, robots.txt and sitemap apart."""
        return [path for _, name, path in self.log if name == host and path not in ("/robots.txt", "/sitemap.xml")]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        host = (handler.headers.get("Host") or "").partition(":")[0]
        self.log.append((time.monotonic(), host, handler.path))
        self.headers.append(dict(handler.headers.items()))
        pages = self.pages.get(host, {})
        # '*' stands for every page of a host that names no other.
        content = pages.get(handler.path, pages.get(urlsplit(handler.path).path, pages.get("*")))
        if callable(content):
            content(handler)
            return
        if content is None:
            content = Answer(b"<h1>Not here</h1>", 404)
        if isinstance(content, str):
            # Addresses in test pages may leave the port out.
            content = Answer(content.replace(".example/", f".example:{self.port}/").encode())
        if isinstance(content, bytes):
            content = Answer(content)
        handler.send_response(content.status)
        if content.content_type is not None:
            handler.send_header("Content-Type", content.content_type)
        for name, value in content.headers.items():
            handler.send_header(name, value.replace(".example/", f".example:{self.port}/"))
        if "Content-Length" not in content.headers:
            handler.send_header("Content-Length", str(len(content.body)))
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(content.body)


@contextlib.contextmanager
def serve(pages: dict[str, dict[str, Content]]) -> Iterator[Hosts]:
    """Serve the pages of some hosts on a free loopback port."""
    hosts = Hosts(pages)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # head and body in one packet, or every answer waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            hosts.answer(self)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # a whole registry may knock at once

        def handle_error(self, *args: Any) -> None:
            """A client that hung up is what many of these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    hosts.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield hosts
    finally:
        server.shutdown()
        server.server_close()


def write_registry(folder: Path, websites: dict[str, str], starts: dict[str, list[str]] | None = None) -> Path:
    """A registry of `websites` (institution id -> address, '' for none) and `starts` (id -> start URLs)."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes"]
    lines += [f"{identifier},{identifier.title()},,,,,,,{website},," for identifier, website in websites.items()]
    (folder / "institutions.csv").write_text("\n".join(lines) + "\n")
    rows = [f"{identifier},{url},," for identifier, urls in (starts or {}).items() for url in urls]
    (folder / "start_urls.csv").write_text("\n".join(["institution_id,url,program_type,seen", *rows]) + "\n")
    return folder


def crawl(
    folder: Path,
    hosts: Hosts,
    websites: dict[str, str],
    starts: dict[str, list[str]] | None = None,
    settings: dict[str, Any] | None = None,
    **request: Any,
) -> tuple[CrawlReport, list[dict[str, Any]]]:
    """Crawl the hosts with a registry made for it; the report, and the pages that reached the pipelines."""
    names = dict.fromkeys(hosts.pages, "127.0.0.1")
    collected = folder / "pages.jsonl"
    collected.unlink(missing_ok=True)
    report = run_crawl(
        CrawlRequest(
            registry=write_registry(folder / "registry", websites, starts),
            settings=NO_DELAY | {"USCE_HOSTS": names, "USCE_COLLECT": str(collected)} | (settings or {}),
            **request,
        )
    )
    lines = collected.read_text().splitlines() if collected.exists() else []
    return report, [json.loads(line) for line in lines]
