"""What a page's words state: one stage a file, in the order that `scraper.settings.READING_STAGES` lists once.

A stage is a pure function from blocks to facts, and the thin class below that Scrapy, `usce extract` and the tests call.
"""

from __future__ import annotations

from scraper.items import Block, Fact, Page


class Stage:
    """A pipeline that adds the facts which `find` reads from a page's blocks."""

    @staticmethod
    def find(blocks: list[Block]) -> list[Fact]:
        """The facts of one kind that `blocks` state."""
        raise NotImplementedError

    def process_item(self, page: Page) -> Page:
        page.facts.extend(self.find(page.blocks))
        return page
