"""`usce extract`: WARC archives, files and addresses → one record a page, through the same stages as a crawl."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scrapy.exceptions import DropItem
from scrapy.utils.misc import load_object
from warcio.archiveiterator import ArchiveIterator

from scraper.items import Page
from scraper.settings import READING_STAGES


class Reader:
    """Walks pages through the reading stages, as Scrapy does in a crawl."""

    def __init__(self) -> None:
        self.stages = [load_object(path)() for path in READING_STAGES]

    def read(self, page: Page) -> Page:
        """`page` with its blocks and facts; `relevant` is False where a stage dropped it."""
        try:
            for stage in self.stages:
                page = stage.process_item(page)
        except DropItem:
            page.relevant = False
            page.facts.clear()
        return page


def pages_of_warc(path: Path) -> Iterator[Page]:
    """The HTML and PDF responses of a WARC file, in order, transfer and content encodings undone."""
    with path.open("rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type != "response" or record.http_headers is None:
                continue
            yield Page(
                url=record.rec_headers.get_header("WARC-Target-URI"),
                body=record.content_stream().read(),
                content_type=record.http_headers.get_header("Content-Type") or "text/html",
                fetched_at=record.rec_headers.get_header("WARC-Date") or "",
                status=int(record.http_headers.get_statuscode() or 200),
            )
