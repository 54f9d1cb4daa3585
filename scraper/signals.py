"""Signals of our own, sent through `crawler.signals` beside Scrapy's.

`institution_finished` is sent once for each institution of a crawl, after its last page has left the pipelines, with
the keyword arguments `institution_id` (str) and `outcome` (`scraper.items`-free: a `scraper.crawling.Outcome`, see
there). The stage that groups pages into programs waits for it. It is not sent for an institution that a
stopped crawl left unfinished: that one keeps what it had.

    crawler.signals.connect(self.institution_finished, signal=institution_finished)
"""

from __future__ import annotations

institution_finished = object()

# Sent by the programs stage when it has made programs of an institution's pages, with the keyword argument
# `visit` (`pipelines.programs.Visit`). The storage stage waits for it.
programs_ready = object()
