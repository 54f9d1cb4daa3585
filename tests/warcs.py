"""WARC archives for tests, of fictional pages: the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import attrs
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

FRAGMENTS = Path(__file__).parent / "fragments"
DATE = "2026-05-04T03:02:01Z"


@attrs.frozen
class Capture:
    """A response to be archived."""

    url: str
    body: bytes = b""
    status: str = "200 OK"
    kind: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    record: str = "response"


def fragments() -> list[Capture]:
    """The pages of tests/fragments/."""
    return [
        Capture(f"https://www.{path.stem.replace('_', '-')}.example/visit", path.read_bytes())
        for path in sorted(FRAGMENTS.glob("*.html"))
    ]


def write(path: Path, captures: Iterable[Capture], gzip: bool = True) -> list[int]:
    """Write an archive. Gives the offsets of the records, the one after the last included."""
    offsets = []
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=gzip)
        for number, capture in enumerate(captures):
            offsets.append(file.tell())
            headers = None
            if capture.record == "response":
                headers = StatusAndHeaders(
                    capture.status, [("Content-Type", capture.kind), *capture.headers], protocol="HTTP/1.1"
                )
            writer.write_record(
                writer.create_warc_record(
                    capture.url,
                    capture.record,
                    payload=BytesIO(capture.body),
                    http_headers=headers,
                    warc_headers_dict={"WARC-Date": DATE, "WARC-Record-ID": f"<urn:uuid:{number:032x}>"},
                )
            )
        offsets.append(file.tell())
    return offsets
