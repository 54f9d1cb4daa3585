"""The reading stages, one after the other, as Scrapy walks pages through them in a crawl."""

from __future__ import annotations

import gc
import hashlib
from pathlib import Path

from scrapy.exceptions import DropItem
from scrapy.utils.misc import load_object

from scraper.items import Page
from scraper.settings import READING_STAGES

ROOT = Path(__file__).resolve().parent.parent
# Whatever decides what is read out of a page.
READS_BY = (
    "pipelines/**/*.py",
    "data/vocabulary/*.yml",
    *(
        f"scraper/{name}.py"
        for name in ("gates", "items", "menus", "record", "scope", "statements", "text", "vocabulary")
    ),
)


def fingerprint(*more: str) -> str:
    """What pages are read by now, as a short number: readings by different code or phrases are not the same.

    `more` are the files that count besides where it is asked, as patterns from the root of the project.
    """
    mark = hashlib.sha256(repr(READING_STAGES).encode())
    for path in sorted({path for pattern in (*READS_BY, *more) for path in ROOT.glob(pattern)}):
        mark.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return mark.hexdigest()[:16]


def collect_less_often() -> None:
    """Let Python look for cyclic garbage less often: reading makes many small objects and hardly a cycle. It saves a tenth of the time."""
    gc.set_threshold(20_000, 20, 20)


class Reader:
    """Walks pages through the reading stages."""

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
