"""In a crawl by several workers: finished visits go to the one process that writes them, instead of into a database.

Takes the place of the storage stage in a worker (scraper/queue). What travels is what that stage would have written: the
visit with its programs and pages, its outcome, and the trails of the pages.
"""

from __future__ import annotations

import inspect
from typing import Any

import attrs
from scrapy.crawler import Crawler

from pipelines.programs import ProgramsStage, Summary, Visit
from scraper import items
from scraper.memory import Trail
from scraper.outcomes import Outcome
from scraper.queue.travel import Codec
from scraper.queue.worker import Worker
from scraper.signals import institution_finished


@attrs.frozen
class Delivery:
    """A finished visit on its way."""

    visit: Visit
    outcome: Outcome
    trails: dict[str, Trail]


_WORDS = [cls for _, cls in inspect.getmembers(items, inspect.isclass) if attrs.has(cls)]
codec = Codec([*_WORDS, Summary, Visit, Trail, Outcome, Delivery])


class HandOverStage:
    """Hands each institution over when its visit is done."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        crawler.signals.connect(self.institution_finished, signal=institution_finished)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> HandOverStage:
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        return item

    def institution_finished(
        self, institution_id: str, outcome: Outcome | None = None, trails: dict[str, Trail] | None = None
    ) -> None:
        programs, worker = self.crawler.get_item_pipeline(ProgramsStage), self.crawler.get_extension(Worker)
        if programs is None or worker is None or outcome is None:
            return
        visit = programs.take(institution_id, outcome)
        outcome.programs = len(visit.programs)
        packed = codec.dumps(Delivery(visit, outcome, trails or {}))
        if not worker.finish(institution_id, packed, reached=outcome.reached):
            self.crawler.stats.inc_value("handover/others")
        self.crawler.stats.inc_value("handover/bytes", len(packed))
        self.crawler.stats.inc_value("handover/visits")
