"""A WARC archive as a stream of pages: broken records are named and passed over, and memory stays flat whatever is in it.

warcio parses; what is added here is what strangers' archives need: damage is an answer and not the end, reading goes on at the next
record that can be made out, nothing is read that is no page, and no record is held that is larger than a page may be.
"""

from __future__ import annotations

import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, Protocol, TypeVar

import attrs
from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader, DecompressingBufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.limitreader import LimitReader
from warcio.recordloader import ArcWarcRecordLoader

from scraper.archive import Entry, status_of
from scraper.items import Page

MAX_BODY = 10 * 1024 * 1024  # bytes of a page, decoded: as much as a crawl takes (DOWNLOAD_MAXSIZE)
MAX_RECORD = 64 * 1024 * 1024  # bytes of a record that is looked into at all
MAX_LINE = 1024 * 1024  # bytes of a header line, and of all HTTP headers: a file without line ends is not held whole
MAX_BROKEN = 10_000  # spots of one file, after which it is not an archive that one reads
KEPT = 256 * 1024  # bytes that can be gone back, to look for the next record
BLOCK = 16 * 1024
LOOK_AHEAD = 512  # bytes that tell whether a record begins
RECORD = re.compile(rb"\x1f\x8b\x08|WARC/(?:1\.[01]|0\.1[78])\r?\n")

T = TypeVar("T")


class NoArchive(ValueError):
    """What is read holds not one record."""


class Stream(Protocol):
    """What an archive is read from: a file, or an answer of a server."""

    def read(self, size: int, /) -> bytes: ...


@attrs.frozen
class Broken:
    """A record that could not be read: where it stands, whose it was as far as is known, and why."""

    where: str
    offset: int | None
    reason: str
    url: str = ""

    def __str__(self) -> str:
        place = self.where if self.offset is None else f"{self.where}, byte {self.offset}"
        said = f"{place}{f' ({self.url})' if self.url else ''}: {self.reason}"
        return "".join(letter if letter.isprintable() else "?" for letter in said)  # archives may hold anything


class Window:
    """A stream that knows where it is and can go back a little, even where the stream itself cannot."""

    def __init__(self, stream: Stream, offset: int = 0) -> None:
        self.stream, self.offset = stream, offset
        self.kept: deque[bytes] = deque()
        self.kept_bytes = 0
        self.ahead = b""  # gone back over, and to be read again

    def read(self, size: int = BLOCK) -> bytes:
        if self.ahead:
            data, self.ahead = self.ahead[:size], self.ahead[size:]
        else:
            data = self.stream.read(size)
        self.offset += len(data)
        self.kept.append(data)
        self.kept_bytes += len(data)
        while self.kept_bytes - len(self.kept[0]) >= KEPT:
            self.kept_bytes -= len(self.kept.popleft())
        return data

    def tell(self) -> int:
        return self.offset

    def back(self, offset: int) -> None:
        """Go back to `offset`, or as far as can be."""
        again = b"".join(self.kept)
        again = again[max(0, len(again) - (self.offset - offset)) :]
        self.kept.clear()
        self.kept_bytes = 0
        self.ahead = again + self.ahead
        self.offset -= len(again)


class _Decompressing(DecompressingBufferedReader):
    """warcio's reader, but damage is raised, where warcio prints it and goes on with half of the data."""

    def _decompress(self, data: bytes) -> bytes:
        if self.decompressor and data and self.num_block_read:
            return self.decompressor.decompress(data)
        return super()._decompress(data)

    def readline(self, length: int | None = None) -> bytes:
        return super().readline(MAX_LINE if length is None else min(length, MAX_LINE))


class _Loader(ArcWarcRecordLoader):
    """warcio's loader, with an end to HTTP headers."""

    def load_http_headers(self, rec_type: str, uri: str, stream: Any, length: int) -> Any:
        if rec_type != "response":
            return None
        return super().load_http_headers(rec_type, uri, LimitReader(stream, MAX_LINE), length)


class _Records(ArchiveIterator):
    """warcio's iterator. `offset` is where the record stands that is being read, or that comes next."""

    def __init__(self, window: Window, headers_only: bool = False) -> None:
        super().__init__(window, no_record_parse=headers_only, block_size=BLOCK)
        self.loader = _Loader(verify_http=False, arc2warc=False)
        self.reader = _Decompressing(window, block_size=BLOCK)

    def _consume_blanklines(self) -> tuple[bytes | None, int]:
        """What stands between two records. warcio prints when it is no empty line; here it is damage like any other."""
        empty, first = 0, True
        while line := self.reader.readline():
            if line.strip():
                if first:
                    raise ArchiveLoadFailed("the record is longer or shorter than it says")
                return line, empty
            empty, first = empty + len(line), False
        return None, empty


def _first_line(error: Exception) -> str:
    if "non-chunked gzip" in str(error):
        return "the records are not compressed one by one: `warcio recompress` mends that"
    said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    if "first line: " in said:
        return "no WARC record begins here"
    return re.sub(r"Error -?\d+ while decompressing data", "damaged", said)


def _seek_record(window: Window, offset: int, compressed: bool | None) -> bool:
    """Put `window` where the first record after `offset` begins. False where none does."""
    window.back(offset)
    held, base = b"", window.tell()
    while True:
        block = window.read(BLOCK)
        held += block
        last = len(held) - LOOK_AHEAD if block else len(held)
        for match in RECORD.finditer(held):
            if match.start() >= last:
                break
            if _is_record(held[match.start() : match.start() + LOOK_AHEAD], compressed):
                window.back(base + match.start())
                return True
        if not block:
            return False
        held, base = held[max(last, 0) :], base + max(last, 0)


def _is_record(head: bytes, compressed: bool | None) -> bool:
    """Does a record begin with these bytes? In a compressed archive only a gzip member does, in a plain one only plain text."""
    packed = head.startswith(b"\x1f\x8b")
    if compressed is not None and packed != compressed:
        return False
    if not packed:
        return True
    try:
        return zlib.decompressobj(31).decompress(head, 16).startswith(b"WARC/")
    except zlib.error:
        return False


def walk(
    stream: Stream,
    where: str,
    take: Callable[[Any], T],
    start: int = 0,
    end: int | None = None,
    headers_only: bool = False,
) -> Iterator[tuple[int, T | Broken]]:
    """What `take` makes of every record that begins from `start` to before `end`, with its offset; damage as Broken.

    A record counts only when it was there whole, its checksum too where it is compressed. Raises NoArchive where there is
    not one, and OSError where the stream itself fails.
    """
    window = Window(stream, start)
    head = window.read(4)
    window.back(start)
    if not head and start == 0:
        raise NoArchive("is empty")
    compressed = True if head.startswith(b"\x1f\x8b\x08") else False if head == b"WARC" else None
    records = _Records(window, headers_only)
    whole = broken = 0
    first = start == 0
    while True:
        offset = max(records.offset, start)
        if end is not None and offset >= end:
            return
        record = None
        try:
            record = next(records, None)
            if record is None:
                if window.tell() == offset:
                    return
                raise ArchiveLoadFailed("the record is cut short")
            found: T | Broken = take(record)
            records.read_to_end()
            if record.length is None:
                raise ArchiveLoadFailed("the record has no length")
            if getattr(record.raw_stream, "limit", 0):
                raise ArchiveLoadFailed("the record is cut short")
            whole += 1
        except OSError:
            raise
        except Exception as error:  # warcio raises of every kind on what is damaged
            url = (record.rec_headers.get_header("WARC-Target-URI") or "") if record is not None else ""
            found, broken = Broken(where, offset, _first_line(error), url), broken + 1
            if "non-chunked gzip" in str(error):
                raise NoArchive(found.reason) from None
            again = broken < MAX_BROKEN and _seek_record(window, offset + 1, compressed)
            if first and not again and not whole:
                raise NoArchive("is not a WARC archive, or a damaged one: " + found.reason) from None
            yield offset, found
            if not again:
                if broken >= MAX_BROKEN:
                    yield window.tell(), Broken(where, window.tell(), f"given up after {broken} broken records")
                return
            start = window.tell()
            records = _Records(window, headers_only)
            continue
        yield offset, found


def pages(
    stream: Stream, where: str, start: int = 0, end: int | None = None, passed: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, Page | Broken]]:
    """The pages of an archive with their offsets, in order, encodings undone; what a crawl would not read (redirects, errors,
    images, robots.txt) is told to `passed`."""
    for offset, found in walk(stream, where, _page, start, end):
        if found is None:
            passed()
        elif isinstance(found, _TooLarge):
            yield offset, Broken(where, offset, f"larger than {found.limit // 1024 // 1024} MiB", found.url)
        else:
            yield offset, found


@attrs.frozen
class _TooLarge:
    url: str
    limit: int


def _page(record: Any) -> Page | _TooLarge | None:
    """The page of a record; None where it is none."""
    if record.rec_type != "response" or record.http_headers is None:
        return None
    url = record.rec_headers.get_header("WARC-Target-URI")
    entry = Entry(
        url=url,
        offset=0,
        date=record.rec_headers.get_header("WARC-Date") or "",
        status=status_of(record.http_headers),
        content_type=record.http_headers.get_header("Content-Type") or "",
    )
    if not entry.is_page:
        return None
    if (record.length or 0) > MAX_RECORD:
        return _TooLarge(url, MAX_RECORD)
    body = _body(record)
    if len(body) > MAX_BODY:
        return _TooLarge(url, MAX_BODY)
    return Page(
        url=url,
        body=body,
        content_type=entry.content_type or "text/html",
        fetched_at=entry.date,
        status=entry.status,
    )


def _body(record: Any) -> bytes:
    """The body of a response with its encodings undone: no more of it than one byte beyond what a page may have.

    warcio's own content_stream() decompresses a chunk in one go, so that a small one may fill the memory.
    """
    encoding = (record.http_headers.get_header("Content-Encoding") or "").lower()
    stream = record.raw_stream
    if record.http_headers.get_header("Transfer-Encoding") == "chunked":
        stream = BytesIO(ChunkedDataReader(stream).read(MAX_RECORD))
    if encoding in DecompressingBufferedReader.get_supported_decompressors():
        stream = _Decompressing(stream, decomp_type=encoding)
    return stream.read(MAX_BODY + 1)
