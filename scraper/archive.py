"""Recording crawls as standard WARC, and replaying them without the network.

A cache storage for Scrapy's own HttpCacheMiddleware: with USCE_RECORD every response and its request is written to one
new file of that folder; with USCE_REPLAY every response comes from that file and nothing is fetched. The bodies
are stored as read, transfer and content encodings undone, with headers that say so.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import attrs
from scrapy import Spider
from scrapy.http import Headers, Request, Response
from scrapy.responsetypes import responsetypes
from scrapy.settings import BaseSettings
from w3lib.http import headers_dict_to_raw
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scraper import __version__
from scraper.items import utc_now
from scraper.urls import key

logger = logging.getLogger(__name__)

# A header of ours inside of the WARC record: whose visit fetched the page. Other tools pass over it.
INSTITUTION = "USCE-Institution"
READABLE = ("text/html", "application/xhtml+xml", "application/pdf")


class ArchiveError(ValueError):
    """An archive that cannot be read or written; the message names the file and the remedy."""


@attrs.frozen
class Entry:
    """Where a response stands in the archive, and what is known of it without reading it."""

    url: str
    offset: int
    date: str
    status: int
    content_type: str
    institution_id: str | None = None

    @property
    def is_page(self) -> bool:
        """Is it a page that a crawl would read, not a redirect, an error, robots.txt or a sitemap?"""
        kind = self.content_type.partition(";")[0].strip().lower()
        return self.status == 200 and (not kind or kind in READABLE) and not self.url.endswith("/robots.txt")


class Archive:
    """The responses of a WARC file by their address. Only the index is kept in memory, about 300 bytes a page."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.entries: dict[str, Entry] = {}
        for entry in self._index():
            old = self.entries.get(key(entry.url))
            # Of several captures of a page the last good one counts.
            if old is None or entry.status == 200 or old.status != 200:
                self.entries[key(entry.url)] = entry
        if not self.entries and self.path.stat().st_size == 0:
            raise ArchiveError(f"{self.path}: is empty: record a crawl first")

    def _index(self) -> Iterator[Entry]:
        try:
            with self.path.open("rb") as file:
                records = ArchiveIterator(file)
                for record in records:
                    if record.rec_type != "response" or record.http_headers is None:
                        continue
                    headers = record.rec_headers
                    yield Entry(
                        url=(headers.get_header("WARC-Target-URI") or "").strip("<>"),
                        offset=records.get_record_offset(),
                        date=headers.get_header("WARC-Date") or "",
                        status=status_of(record.http_headers),
                        content_type=record.http_headers.get_header("Content-Type") or "",
                        institution_id=headers.get_header(INSTITUTION),
                    )
        except FileNotFoundError:
            raise ArchiveError(f"{self.path}: there is no such archive") from None
        except IsADirectoryError:
            raise ArchiveError(f"{self.path}: is a folder: name a file in it") from None
        except Exception as error:  # warcio raises of every kind on what is damaged
            if not self.entries:
                raise ArchiveError(f"{self.path}: is not a WARC file that can be read ({_first_line(error)})") from None
            # A crawl that was killed leaves a last record cut short: what stands before it is whole.
            logger.warning("%s: read up to a damaged record: %s", self.path, _first_line(error))

    def pages(self) -> list[Entry]:
        """The entries that a crawl would read, in the order of the file."""
        return sorted((entry for entry in self.entries.values() if entry.is_page), key=lambda entry: entry.offset)

    def find(self, url: str) -> Entry | None:
        """The entry of an address, whatever its spelling."""
        return self.entries.get(key(url))

    def read(self, entry: Entry, limit: int = 0) -> tuple[Headers, bytes]:
        """The headers and the decoded body of an entry, the body cut off after `limit` bytes where that is not 0."""
        with self.path.open("rb") as file:
            file.seek(entry.offset)
            record = next(iter(ArchiveIterator(file)))
            body = record.content_stream().read(limit) if limit else record.content_stream().read()
            if len(body) != limit and getattr(record.raw_stream, "limit", None):
                raise ArchiveError(f"{self.path}: the record of {entry.url} is cut short")
            headers = Headers()
            for name, value in record.http_headers.headers:
                if name.lower() not in ("content-encoding", "transfer-encoding", "content-length"):
                    headers.appendlist(name, value)
        return headers, body


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def status_of(headers: StatusAndHeaders) -> int:
    """The status of an answer; 0 where it has none that is a number."""
    code = headers.get_statuscode()
    return int(code) if code.isdigit() else 0


class Recorder:
    """Writes requests and responses to a new WARC file of a folder, each record whole on disk before the next."""

    def __init__(self, directory: Path | str, agent: str = "") -> None:
        directory = Path(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self.path, self.file = _new_file(directory)
        except OSError as error:
            raise ArchiveError(
                f"{directory}: cannot record there ({error.strerror or error}): name a folder that may be written"
            ) from None
        self.writer = WARCWriter(self.file, gzip=True, warc_version="1.1")
        info = {
            "software": f"usce-atlas/{__version__}",
            "format": "WARC File Format 1.1",
            "http-header-user-agent": agent,
            "robots": "obey",
        }
        self.writer.write_record(self.writer.create_warcinfo_record(self.path.name, info))
        self.file.flush()

    def record(self, request: Request, response: Response) -> None:
        """Append a response and its request."""
        body = response.body
        status = StatusAndHeaders(
            f"{response.status} {_phrase(response.status)}".strip(),
            [*_pairs(response.headers, drop=("content-length",)), ("Content-Length", str(len(body)))],
            protocol=response.protocol or "HTTP/1.1",
        )
        # The page that is made of the response is as old as its record, to the second.
        date = request.meta["archived_at"] = utc_now()
        extra = {"WARC-Date": date}
        if response.ip_address is not None:
            extra["WARC-IP-Address"] = str(response.ip_address)
        if institution := request.meta.get("institution_id"):
            extra[INSTITUTION] = institution
        answer = self.writer.create_warc_record(
            response.url, "response", payload=BytesIO(body), http_headers=status, warc_headers_dict=extra
        )
        parts = urlsplit(request.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = [("Host", parts.netloc), *_pairs(request.headers, drop=("host", "cookie", "proxy-authorization"))]
        question = self.writer.create_warc_record(
            response.url,
            "request",
            payload=BytesIO(request.body),
            http_headers=StatusAndHeaders(f"{request.method} {target} HTTP/1.1", headers, is_http_request=True),
            warc_headers_dict={"WARC-Date": date},
        )
        self.writer.write_request_response_pair(question, answer)
        self.file.flush()

    def close(self) -> None:
        """Close the file. Nothing is lost without: every record was flushed."""
        self.file.close()


def _new_file(directory: Path) -> tuple[Path, IO[bytes]]:
    """A file named by the moment that did not exist before."""
    moment = dt.datetime.now(dt.UTC)
    while True:
        path = directory / f"crawl-{moment:%Y%m%d%H%M%S}.warc.gz"
        try:
            return path, path.open("xb")
        except FileExistsError:
            moment += dt.timedelta(seconds=1)


def _pairs(headers: Headers, drop: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Headers as WARC wants them, without those that spoke of the encodings that are undone by now."""
    undone = (*drop, "content-encoding", "transfer-encoding")
    raw = headers_dict_to_raw(headers) or b""
    pairs = [line.decode("latin-1").partition(": ") for line in raw.split(b"\r\n") if line]
    return [(name, value) for name, _, value in pairs if name.lower() not in undone]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


class ArchiveStorage:
    """The cache storage for Scrapy: reads from USCE_REPLAY, else writes to USCE_RECORD."""

    def __init__(self, settings: BaseSettings) -> None:
        self.replay: str = settings["USCE_REPLAY"] or ""
        self.record_to: str = settings["USCE_RECORD"] or ""
        self.agent: str = settings["USER_AGENT"]
        self.limit = settings.getint("DOWNLOAD_MAXSIZE")
        self.archive: Archive | None = None
        self.recorder: Recorder | None = None

    def open_spider(self, spider: Spider) -> None:
        if self.replay:
            # A spider that goes by the archive's index has it open already.
            self.archive = getattr(spider, "archive", None) or Archive(self.replay)
        elif self.record_to:
            self.recorder = Recorder(self.record_to, self.agent)
            spider.crawler.stats.set_value("archive/path", str(self.recorder.path))

    def close_spider(self, spider: Spider) -> None:
        if self.recorder:
            self.recorder.close()

    def retrieve_response(self, spider: Spider, request: Request) -> Response | None:
        entry = self.archive.find(request.url) if self.archive else None
        if self.archive is None or entry is None:
            return None
        headers, body = self.archive.read(entry, self.limit)
        request.meta["archived_at"] = entry.date
        kind = responsetypes.from_args(headers=headers, url=entry.url, body=body)
        return kind(url=entry.url, headers=headers, status=entry.status, body=body)

    def store_response(self, spider: Spider, request: Request, response: Response) -> None:
        if self.recorder:
            self.recorder.record(request, response)
