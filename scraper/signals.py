"""Signals of our own, sent through `crawler.signals` beside Scrapy's.

`institution_finished` is sent once for each institution, after its last page has left the pipelines, with
`institution_id` (str) and `outcome` (scraper.outcomes.Outcome). The stage that groups pages into programs waits for
it, and may write `outcome.programs`. What a handler raises counts as a failure to store. It is not sent for an institution that a
stopped crawl left unfinished: that one keeps what it had.

`institution_reported` follows when those handlers are done, finished or not, with `outcome`. `page_read` is sent for each
page that has left the pipelines, kept or dropped, with `page`. Both are for reports and progress.

`page_unchanged` is sent for a page that answered 'not modified', instead of the page itself: with `institution_id`, `page`
(scraper.memory.Remembered) and `fetched_at`. The stage that groups pages takes up what it said when it was read last.
`institution_finished` carries `trails` besides (page key -> scraper.memory.Trail), for what is to be remembered.

    crawler.signals.connect(self.institution_finished, signal=institution_finished)

Stages run in a process of their own (scraper/beside.py). `institution_finished` and `page_unchanged` reach them there too, and of Scrapy's own
`item_dropped` and `spider_closed`; `institution_reported` and `page_read` stay where the spider is.
"""

from __future__ import annotations

institution_finished = object()
institution_reported = object()
page_read = object()
page_unchanged = object()

# Sent by a worker of a shared crawl now and then, with `counts` (scraper.queue.shared.Counts): how far all workers are.
queue_moved = object()
