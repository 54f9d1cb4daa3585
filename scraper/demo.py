"""The sample sites: whole fictional hospital websites, served on this machine for `make demo` and for the tests.

A site is a folder of tests/sites/ (tests/sites/README.md says how to add one): `site.yml`, `layout.html`, `pages/`
and `expected.json`. Each is served on a loopback address of its own (127.0.0.1, 127.0.0.2, …), so that a crawl takes
each for a host of its own; where a system knows one loopback address only, on a port of its own.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import threading
from collections.abc import Iterator
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import yaml

from scraper.database import open_database
from scraper.registry import INSTITUTION_COLUMNS, START_URL_COLUMNS

ROOT = Path(__file__).resolve().parent.parent
SITES = ROOT / "tests" / "sites"
# Beside the real database, never in it.
DATABASE = ROOT / "data" / "local" / "demo.db"
PORT = 8790  # the sites' port in a demonstration: the same each time, so that a second one finds the pages of the first
MARK = "(fictional)"
NOTE = "Fictional: a sample site of the project, on no map and in no directory."
BANNER = "Demonstration: every hospital, program, person and number here is invented."

# For CrawlRequest.settings: the sites stand on this machine, so a crawl may go there, and there is nobody to be polite to.
CRAWL_SETTINGS: dict[str, Any] = {
    "USCE_ALLOW_PRIVATE_ADDRESSES": True,
    "DOWNLOAD_DELAY": 0,
    "AUTOTHROTTLE_ENABLED": False,
}

_CONTENT_TYPES = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".js": "text/javascript",
    ".json": "application/json",
}


class SiteError(ValueError):
    """A sample site that cannot be served; the message names the file and the remedy."""


@attrs.frozen
class Response:
    """What a site answers to a path."""

    status: int
    content_type: str
    body: bytes
    location: str = ""


@attrs.define(slots=False, eq=False)
class Site:
    """A sample site: its folder and what its site.yml says. `base` is its address while it is served."""

    directory: Path
    id: str
    name: str
    kind: str
    city: str
    state: str
    lat: float
    lon: float
    start: list[dict[str, str]]
    vslo_host: str = ""
    parent: str = ""
    suffix: str = ""  # what the site's addresses end with: '', '/', '.html', '.aspx'
    encoding: str = "utf-8"
    redirects: dict[str, str] = attrs.field(factory=dict)
    browser: bool = False  # its pages are filled by script
    base: str = ""

    @classmethod
    def read(cls, directory: Path) -> Site:
        """The site in `directory`. Raises SiteError where its site.yml lacks something or holds something unknown."""
        path = directory / "site.yml"
        try:
            return cls(directory=directory, **yaml.safe_load(path.read_text("utf-8")))
        except (OSError, yaml.YAMLError, TypeError) as error:
            raise SiteError(f"{path}: {error}. See {SITES / 'README.md'}.") from None

    @cached_property
    def routes(self) -> dict[str, Path]:
        """Path on the site → file: pages/a/b.html is /a/b plus the site's suffix, pages/index.html is /."""
        pages = self.directory / "pages"
        routes = {}
        for file in sorted(pages.rglob("*")):
            if not file.is_file():
                continue
            name = file.relative_to(pages).as_posix()
            if file.suffix == ".html":
                name = name.removesuffix(".html")
                name = "" if name == "index" else f"{name}{self.suffix}"
            routes[f"/{name}"] = file
        return routes

    def url(self, path: str) -> str:
        """The address of `path` while the site is served."""
        return f"{self.base}{path}"

    def answer(self, path: str) -> Response:
        """What the site answers to `path`: a page in its layout, a file, a redirect or 'not found'."""
        if path in self.redirects:
            return Response(301, "text/html", b"", self.redirects[path])
        file = self.routes.get(path)
        if file is None:
            return self._html(
                "<title>Page not found</title><h1>Page not found</h1><p>That page has moved or gone.</p>", 404
            )
        if file.suffix == ".html":
            return self._html(file.read_text("utf-8"))
        body = file.read_bytes()
        if file.suffix in (".txt", ".xml"):
            body = body.replace(b"{{base}}", self.base.encode())
        return Response(200, _CONTENT_TYPES.get(file.suffix, "application/octet-stream"), body)

    def _html(self, page: str, status: int = 200) -> Response:
        title, _, content = page.removeprefix("<title>").partition("</title>")
        layout = (self.directory / "layout.html").read_text("utf-8")
        html = layout.replace("{{title}}", title.strip()).replace("{{content}}", content.strip())
        body = html.encode(self.encoding, "xmlcharrefreplace")
        return Response(status, f"text/html; charset={self.encoding}", body)


def read_sites(directory: Path = SITES) -> list[Site]:
    """Every site of `directory`, by folder name. Raises SiteError where there is none."""
    sites = [Site.read(path.parent) for path in sorted(directory.glob("*/site.yml"))]
    if not sites:
        raise SiteError(
            f"{directory}: there is no sample site here. They come with the project's source, in tests/sites/."
        )
    return sites


def mark_fictional(database: Path) -> None:
    """Write into `database`, made where there is none, that all in it is invented: the site says so on every page."""
    rows = [{"property": "title", "value": f"USCE Atlas {MARK}"}, {"property": "fictional", "value": BANNER}]
    db = open_database(database)
    db.table("about").upsert_all(rows, pk="property")
    db.close()


@attrs.define
class ServedSites:
    """The sites while they are served, and every request that they got: (site id, path, status), in order."""

    sites: list[Site]
    requests: list[tuple[str, str, int]] = attrs.field(factory=list)

    def write_registry(self, directory: Path) -> Path:
        """Write institutions.csv and start_urls.csv of the served sites, every name marked as fictional."""
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "institutions.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(INSTITUTION_COLUMNS)
            for s in self.sites:
                name = f"{s.name} {MARK}"
                rows.writerow(
                    [s.id, name, s.kind, s.parent, s.city, s.state, s.lat, s.lon, s.url("/"), s.vslo_host, NOTE]
                )
        with (directory / "start_urls.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(START_URL_COLUMNS)
            for s in self.sites:
                rows.writerows([s.id, s.url(entry["path"]), entry["program_type"], "file"] for entry in s.start)
        return directory


@contextlib.contextmanager
def serve_sites(directory: Path = SITES, host: str = "127.0.0.1", port: int = 0) -> Iterator[ServedSites]:
    """Serve every site of `directory` while the block runs, from loopback address `host` on.

    `port` 0 takes a free one. Raises SiteError for a broken site, OSError where a port is taken.
    """
    served = ServedSites(read_sites(directory))
    with contextlib.ExitStack() as stack:
        for number, site in enumerate(served.sites):
            server = _listen(
                str(ip_address(host) + number), host, port, port + number if port else 0, _handler(site, served)
            )
            stack.callback(server.server_close)
            address, bound = server.server_address[:2]
            site.base = f"http://{address!s}:{bound}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            stack.callback(server.shutdown)
        yield served


def _listen(
    own: str, host: str, port: int, other_port: int, handler: type[BaseHTTPRequestHandler]
) -> ThreadingHTTPServer:
    """A server on the address `own`, or on `host` and another port where the system knows one loopback address only."""
    try:
        return ThreadingHTTPServer((own, port), handler)
    except OSError:
        return ThreadingHTTPServer((host, other_port), handler)


def _handler(site: Site, served: ServedSites) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            response = site.answer(path)
            tag = f'"{hashlib.sha256(response.body).hexdigest()[:16]}"'
            status = 304 if response.status == 200 and self.headers.get("If-None-Match") == tag else response.status
            served.requests.append((site.id, path, status))
            body = b"" if status == 304 else response.body
            self.send_response(status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(body)))
            if response.status == 200:
                self.send_header("ETag", tag)
            if response.location:
                self.send_header("Location", response.location)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: `served.requests` is the log."""

    return Handler
