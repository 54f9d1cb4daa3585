"""The reading stages, one after the other: for `usce extract` and for a crawl, which hands pages to a process of its own as they come quickly."""

from __future__ import annotations

import asyncio
import gc
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import cache
from typing import Any

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.utils.misc import load_object

from scraper import processes
from scraper.items import Page
from scraper.settings import READING_STAGES

# What the stages write down of a page.
RESULTS = (
    "title",
    "blocks",
    "facts",
    "relevant",
    "relevance_score",
    "needs_browser",
    "electives",
    "agency_terms",
)


def collect_less_often() -> None:
    """Let Python look for cyclic garbage less often: reading makes many small objects and hardly a cycle. It saves a tenth of the time."""
    gc.set_threshold(20_000, 20, 20)


class Reader:
    """Walks pages through the reading stages."""

    def __init__(self) -> None:
        self.stages = [load_object(path)() for path in READING_STAGES]

    def walk(self, page: Page) -> Page:
        """`page` with its blocks and facts. Raises DropItem where a stage lays it aside."""
        for stage in self.stages:
            page = stage.process_item(page)
        return page

    def read(self, page: Page) -> Page:
        """`page` with its blocks and facts; `relevant` is False where a stage dropped it."""
        try:
            self.walk(page)
        except DropItem:
            page.relevant = False
            page.facts.clear()
        return page


class ReadingStages:
    """Scrapy's way through the reading stages.

    Reading takes more time than a download does. A polite crawl waits for its hosts most of the time, and reads meanwhile;
    once pages come quickly, a second process reads them, where the machine has a second processor, and fetching goes on.
    """

    def __init__(self, others: int, here: int) -> None:
        self.others = others  # processes besides this one
        self.left = here  # pages that are read before they are begun
        self.reader = Reader()
        self.pool: ProcessPoolExecutor | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReadingStages:
        others = crawler.settings.getint("USCE_READERS")
        return cls(others if others >= 0 else int((os.cpu_count() or 1) > 1), crawler.settings.getint("USCE_READ_HERE"))

    async def process_item(self, page: Page) -> Page:
        if not self.others or self.left > 0:
            self.left -= 1
            return self.reader.walk(page)
        if self.pool is None:
            self.pool = ProcessPoolExecutor(self.others, processes.context(), initializer=_prepare)
        try:
            read, dropped = await asyncio.get_running_loop().run_in_executor(self.pool, _read, page)
        except BrokenExecutor:
            self.close_spider()  # a page that kills its reader is counted as one that no stage could read; the next goes on
            raise
        for name in RESULTS:
            setattr(page, name, read[name])
        if dropped is not None:
            raise DropItem(dropped)
        return page

    def close_spider(self) -> None:
        if self.pool is not None:
            processes.end(self.pool)
            self.pool = None


@cache
def _reader() -> Reader:
    return Reader()


def _prepare() -> None:
    processes.prepare()
    collect_less_often()
    _reader()


def _read(page: Page) -> tuple[dict[str, Any], str | None]:
    """In another process: what the stages write down of `page`, and why it was laid aside if it was."""
    dropped = None
    try:
        _reader().walk(page)
    except DropItem as reason:
        dropped = str(reason)
    for block in page.blocks:
        block.forget()
    return {name: getattr(page, name) for name in RESULTS}, dropped
