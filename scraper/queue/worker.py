"""This process as one worker of a shared crawl: alive, at work on some institutions, and gone in an orderly way."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

import redis
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy_redis.connection import get_redis_from_settings

from scraper.outcomes import Outcome
from scraper.queue import OFFLINE, QueueError
from scraper.queue.shared import Shared, new_name
from scraper.signals import institution_reported, queue_moved
from scraper.urls import Sites

logger = logging.getLogger(__name__)

WAKE = "usce_wake"  # marks a request that only wakes the engine
LOST = "queue_lost"  # why a crawl closes that lost its queue
OFFLINE_FROM = 3  # so many sites silent, and none that answers: it is the line here that is dead, not the hospitals'
PAUSE = 0.5  # seconds between two looks into an empty queue
PATIENCE = 600.0  # seconds for which reading may hold up everything else before the worker counts as dead


class Worker:
    """Keeps the worker alive in Redis, knows what it is at, and gives back what it does not finish.

    A thread renews its life, since a page that takes long to read, or a machine with much else to do, holds up everything else. It does so while
    the rest goes on within PATIENCE: a page that is never read to its end must not hold its institution for ever.

    A worker that could not renew its life for as long as others wait for it stops: its work and its hosts are others' by
    then. One whose first visits find no host that answers gives them back and stops, since it is its own line that is dead, and an empty line
    is the quickest worker of all: it would mark every institution as out of reach.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        if not settings["USCE_QUEUE"]:
            raise NotConfigured
        found = Shared.find(get_redis_from_settings(settings))
        if found is None or found.id != settings["USCE_QUEUE_CRAWL"]:
            raise QueueError("the crawl ended before this worker was at work")
        self.crawler = crawler
        self.shared = found
        self.name = new_name()
        self.seconds = settings.getfloat("USCE_LEASE_SECONDS")
        self.at_once = settings.getint("USCE_CONCURRENT_INSTITUTIONS")
        self.backlog = settings.getint("USCE_QUEUE_BACKLOG")
        self.taken: dict[str, str] = {}  # institution → its request as it stands in Redis
        self.silent: dict[
            str, bytes
        ] = {}  # institution → visit that reached nobody and waits for a sign that it is not us
        self.anyone_reached = False
        self.renewed = self.ticked = time.monotonic()
        self.lost = ""  # why this worker has to stop
        self.left = threading.Event()
        self.nothing_until = 0.0  # the queue was empty a moment ago
        self.is_full = False  # the collector is behind
        self.has_run = False
        self.beat: asyncio.Task[None] | None = None
        self.closing: asyncio.Future[None] | None = None
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.institution_reported, signal=institution_reported)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Worker:
        return cls(crawler)

    # --- being alive ---

    def enter(self) -> None:
        """Join the workers."""
        self.shared.enter(self.name, self.seconds)
        self.renewed = time.monotonic()
        threading.Thread(target=self._stay_alive, daemon=True).start()

    def _stay_alive(self) -> None:
        """Renew this worker's life, four times as often as it runs out. In a thread of its own."""
        while not self.left.wait(self.seconds / 4) and not self.lost:
            now = time.monotonic()
            try:
                if now - self.ticked > PATIENCE:
                    continue
                if self.shared.renew(self.name, self.seconds):
                    self.renewed = now
                else:
                    self.lost = "this worker was silent for too long: others do its work"
            except redis.RedisError as error:
                if now - self.renewed > self.seconds:
                    self.lost = f"the queue cannot be reached any more: {error}"

    def spider_opened(self, spider: Any) -> None:
        if hasattr(spider, "claims") and hasattr(spider, "sites"):
            spider.claims = SharedClaims(self.shared, spider.sites)
        self.beat = asyncio.ensure_future(self._beat())

    async def _beat(self) -> None:
        """Bring back what dead workers were at, and wake the engine while it has room for work."""
        looked = 0.0
        while not self.is_closing:
            self.ticked = time.monotonic()
            if self.lost:
                self.give_up(self.lost)
                return
            if self.ticked - looked >= self.seconds / 4:
                looked = self.ticked
                self._look_around()
            if self.has_run and self.has_room and self.crawler.engine.spider is not None:
                # The engine looks into the queue when something has happened here; what happens elsewhere it cannot see.
                self.crawler.engine.crawl(Request("data:,", meta={WAKE: True}))
            await asyncio.sleep(min(1.0, self.seconds / 4))

    def _look_around(self) -> None:
        try:
            if number := self.shared.bring_back():
                logger.warning("%d institutions came back from workers that died", number)
            counts = self.shared.counts()
        except redis.RedisError as error:
            logger.warning("the queue cannot be reached: %s", error)
            return
        self.is_full = counts.waiting >= self.backlog
        self.crawler.signals.send_catch_log(queue_moved, counts=counts)

    @property
    def is_closing(self) -> bool:
        """Is the crawl ending here, in whatever way?"""
        running = self.crawler.engine is not None and self.crawler.engine.running
        self.has_run |= running
        return (self.has_run and not running) or "close/reason" in self.crawler.stats.get_stats()

    @property
    def has_room(self) -> bool:
        """Could this worker visit one more? Visits that only wait for a sign of life elsewhere are over."""
        return len(self.taken) - len(self.silent) < self.at_once

    def give_up(self, message: str) -> None:
        """Stop at once: what this worker does from now on may be done by others as well."""
        self.crawler.stats.set_value("queue/error", message)
        self._close(LOST)

    def _close(self, reason: str) -> None:
        if "close/reason" not in self.crawler.stats.get_stats():
            # The spider looks at this between two fetches, and leaves things as they are.
            self.crawler.stats.set_value("close/reason", reason)
            self.closing = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason=reason))

    def leave(self) -> None:
        """Leave the workers, and give back what was not finished."""
        self.left.set()
        if self.beat is not None:
            self.beat.cancel()
        try:
            if number := self.shared.leave(self.name):
                logger.info("%d institutions are given back to the queue", number)
        except redis.RedisError as error:
            logger.warning("what was not finished comes back by itself in %.0f s: %s", self.seconds, error)

    # --- work ---

    def take(self) -> str | None:
        """A request for this worker; None where it has its hands full or none waits."""
        now = time.monotonic()
        if not self.has_room or now < self.nothing_until or self.is_full or self.is_closing:
            return None
        try:
            text = self.shared.take(self.name)
        except redis.ResponseError as error:
            self.give_up(f"this worker was {error}: others do its work")
            return None
        except redis.RedisError as error:
            logger.warning("the queue cannot be reached: %s", error)
            text = None
        if text is None:
            self.nothing_until = now + PAUSE
            self._tell_of_silent()
        return text

    def is_at(self, request: Request, text: str) -> Request:
        """Remember what this worker is at."""
        self.taken[request.meta["institution_id"]] = text
        return request

    def goes_on(self) -> bool:
        """Is there work left, here or anywhere?"""
        try:
            return not self.is_closing and self.shared.goes_on()
        except redis.RedisError:
            return True

    def finish(self, institution: str, visit: bytes, reached: bool = True) -> bool:
        """Hand a visit over. False where the institution came back meanwhile and is another worker's."""
        if not reached and not self.anyone_reached:
            self.silent[institution] = visit
            if len(self.silent) >= OFFLINE_FROM:
                self._close(OFFLINE)
            return True
        handed = self._hand_over(institution, visit)
        if reached:
            self.anyone_reached = True
            self._tell_of_silent(at_once=True)
        return handed

    def _tell_of_silent(self, at_once: bool = False) -> None:
        """Hand over the visits that reached nobody, when somebody was reached, or when nothing is left that could reach anybody."""
        if self.silent and not self.is_closing and (at_once or set(self.taken) <= set(self.silent)):
            for institution in list(self.silent):
                self._hand_over(institution, self.silent.pop(institution))

    def _hand_over(self, institution: str, visit: bytes) -> bool:
        text = self.taken.pop(institution, None)
        if text is None:
            return False
        try:
            return self.shared.hand_over(self.name, text, institution, visit)
        except redis.RedisError as error:
            self.taken[institution] = text
            self.give_up(f"a finished visit could not be handed over: {error}")
            return False

    def institution_reported(self, outcome: Outcome) -> None:
        """A visit that broke off by a fault of ours is over as well: it would break off again."""
        identifier = outcome.institution_id
        if not outcome.finished and not self.is_closing:
            self._hand_over(identifier, b"")


class SharedClaims(dict[str, str]):
    """Which institution read a page, where several share a site: what is a dictionary on one machine is one in Redis for many.

    Pages of sites that are one institution's alone, nearly all, are not asked about.
    """

    def __init__(self, shared: Shared, sites: Sites) -> None:
        super().__init__()
        self.shared, self.sites = shared, sites
        self.place = shared.key("claims")

    def get(self, page: str, default: Any = None) -> Any:
        if page not in self and self._is_shared(page):
            found = self.shared.server.hget(self.place, page)
            if found is not None:
                self[page] = str(found)
        return super().get(page, default)

    def setdefault(self, page: str, institution: str = "") -> str:
        if page not in self and self._is_shared(page):
            self.shared.server.hsetnx(self.place, page, institution)
            institution = str(self.shared.server.hget(self.place, page))
        return super().setdefault(page, institution)

    def _is_shared(self, page: str) -> bool:
        return len(self.sites.owners(f"http://{page}")) > 1
