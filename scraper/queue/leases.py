"""A host belongs to one worker at a time, so that what is polite on one machine is polite on many.

Within a worker Scrapy sees to it that a host has one request in flight and its delay between two. Across workers a lease does: the first
request for a host takes it, for all requests of this worker; it is renewed while the worker has requests for the host, given
back when the host has rested for its delay, and runs out by itself where the worker died. Who does not get a lease waits. A request has one
host, and waits for that while it holds nothing else: no two workers can wait for each other.

A request begins only while its lease lasts longer than an answer may take, so that a worker which cannot renew (Redis is out of reach, the
machine slept) has nothing in flight any more when the host becomes another's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from urllib.parse import urlsplit

import redis
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured

from scraper.queue.shared import Shared
from scraper.queue.worker import Worker

logger = logging.getLogger(__name__)

LINGER = 1.0  # seconds for which an idle host is kept: between two pages of a visit nobody else gets in
LOOK = 0.25  # seconds between two looks whether a host has become free


class HostLeases:
    """Lets a request pass when its host is this worker's. A downloader middleware."""

    def __init__(self, crawler: Crawler) -> None:
        worker = crawler.get_extension(Worker)
        if worker is None:
            raise NotConfigured
        self.crawler = crawler
        self.worker = worker
        self.shared: Shared = worker.shared
        self.seconds = worker.seconds
        self.margin = min(crawler.settings.getfloat("DOWNLOAD_TIMEOUT"), self.seconds / 2)
        self.until: dict[str, float] = {}  # host → when its lease runs out
        self.used: dict[str, float] = {}  # host → when a request for it passed last
        self.keeper: asyncio.Task[None] | None = None
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> HostLeases:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https"):
            return
        host = parts.hostname or ""
        while not self._holds(host) and not self._take(host):
            if self.worker.is_closing:
                raise IgnoreRequest("the crawl is being stopped")
            self.crawler.stats.inc_value("leases/waits")
            await asyncio.sleep(LOOK)
        self.used[host] = time.monotonic()

    def _holds(self, host: str) -> bool:
        return self.until.get(host, 0.0) - time.monotonic() > self.margin

    def _take(self, host: str) -> bool:
        """Take or renew the lease of a host."""
        asked = time.monotonic()
        try:
            if self.shared.lease(host, self.worker.name, self.seconds):
                self.until[host] = asked + self.seconds
                return True
        except redis.RedisError as error:
            logger.info("no lease of %s: %s", host, error)
        return False

    def spider_opened(self) -> None:
        self.keeper = asyncio.ensure_future(self._keep())

    async def _keep(self) -> None:
        """Renew the leases of hosts that have work, give back those of hosts that have rested."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(LOOK)
            due = time.monotonic() - renewed >= self.seconds / 4
            renewed = time.monotonic() if due else renewed
            for host in list(self.until):
                if self._rest(host) <= 0:
                    self._give_back(host)
                elif due and not self._take(host):
                    logger.warning("the lease of %s could not be renewed", host)

    def _rest(self, host: str) -> float:
        """The seconds for which a host is to be kept yet."""
        slot: Any = self.crawler.engine.downloader.slots.get(host)
        now = time.monotonic()
        if slot is not None and (slot.active or slot.queue or slot.transferring):
            return self.seconds
        last, delay = self.used.get(host, 0.0), 0.0
        if slot is not None:
            last, delay = max(last, slot.lastseen), slot.delay
        return last + max(LINGER, delay) - now

    def _give_back(self, host: str, rest: float = 0.0) -> None:
        self.until.pop(host, None)
        self.used.pop(host, None)
        try:
            self.shared.release(host, self.worker.name, rest)
        except redis.RedisError as error:
            logger.info("the lease of %s runs out by itself: %s", host, error)

    def spider_closed(self) -> None:
        if self.keeper is not None:
            self.keeper.cancel()
        for host in list(self.until):
            self._give_back(host, min(self._rest(host), self.seconds))
