"""scrapy-redis's scheduler and queue, with what a crawl needs that loses nothing and comes to an end (see the package)."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import redis
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy_redis.queue import FifoQueue
from scrapy_redis.scheduler import Scheduler as RedisScheduler

from scraper.queue.worker import WAKE, Worker

logger = logging.getLogger(__name__)


class Queue(FifoQueue):
    """First in, first out. `encode` and `decode` tell the request's text, by which it is known until it is done."""

    def encode(self, request: Request) -> str:
        """The request as it stands in Redis."""
        return str(self._encode_request(request))

    def decode(self, text: str) -> Request:
        """The request that `encode` wrote."""
        found: Request = self._decode_request(text)
        return found


class Scheduler(RedisScheduler):
    """Hands out institutions to this worker, as many as it visits at a time, and keeps it until all workers are done."""

    worker: Worker
    queue: Queue
    crawler: Crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Scheduler:
        scheduler: Scheduler = super().from_crawler(crawler)
        worker = crawler.get_extension(Worker)
        assert worker is not None, "the settings of a queue bring the worker along"
        scheduler.worker, scheduler.crawler = worker, crawler
        return scheduler

    def open(self, spider: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it greets a queue that holds something by a method that Scrapy gives up
            super().open(spider)
        self.worker.enter()

    def close(self, reason: str) -> None:
        """Nothing is flushed: what is left is other workers' work."""
        self.worker.leave()

    def enqueue_request(self, request: Request) -> bool:
        """Every worker brings the whole plan; what any of them has queued before is dropped here."""
        if request.meta.get(WAKE):
            return False
        try:
            return self.worker.shared.enqueue(self.df.request_fingerprint(request), self.queue.encode(request))
        except redis.RedisError as error:
            self.worker.give_up(f"the queue could not be filled: {error}")
            return False

    def next_request(self) -> Request | None:
        """The next institution; None where this worker has its hands full, or none waits."""
        text = self.worker.take()
        return None if text is None else self.worker.is_at(self.queue.decode(text), text)

    def has_pending_requests(self) -> bool:
        """As long as anybody is at work something may come back: a worker without work stays."""
        return self.worker.goes_on()
