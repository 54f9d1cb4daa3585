"""What a page's words state: one stage a file, in the order that `scraper.settings.STAGES` lists once.

A stage is a pure function from blocks to facts, and the thin class below that Scrapy, `usce extract` and the tests call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from scraper.items import Block, Fact, Page


class Stage:
    """A pipeline that adds the facts which `find` reads from a page's blocks."""

    find: ClassVar[Callable[[list[Block]], list[Fact]]]

    def process_item(self, page: Page) -> Page:
        page.facts.extend(type(self).find(page.blocks))
        return page
