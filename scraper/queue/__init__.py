"""One crawl by many workers: `usce crawl --queue redis://host/0` on as many machines as wanted, and `usce collect` on one.

Redis holds what the workers share: the plan, the queue of institutions, who works on which, which host belongs to whom, and
the finished visits on their way to the one process that writes them. Connection, scheduler, queue and duplicate filter are
scrapy-redis's. Its last release (0.9.1, July 2024) is made for spiders that wait for work for ever, and lacks what a crawl needs that
has an end and loses nothing. Each lack is made good in a piece of its own:

- `scheduler.py`: a request that is taken is gone from scrapy-redis's queue, and with its worker; here it stays beside the worker's name until the
  visit is handed over, and comes back when the worker dies. A request is filtered and then queued in two steps, between which a dying worker would
  lose it; here it is one. A worker takes whatever its memory holds; here no more than it visits at a time. A worker that finds the
  queue empty closes; here it waits while others are at work, and all end together.
- `requests.py`: requests are pickles, and whoever can write to Redis can then run code on every worker; here they are JSON.
- `leases.py`: scrapy-redis knows no hosts: two workers may ask one host at once. Here a host belongs to one worker at a time.
- `worker.py`: who is alive, what has come back, when a worker has to give up.
- `shared.py`: the state itself, and the steps in it that may not be divided, as scripts that Redis runs.
- `collector.py`: `usce collect`, which writes what the workers found.

No spider and no stage knows of any of this: `settings` below is all that differs from a crawl by one machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from redis import Redis

    from scraper.queue.shared import Shared

WRITES = "pipelines.storage.StorageStage"  # the stage whose place is taken by
HANDS_OVER = "pipelines.handover.HandOverStage"
OLDEST_REDIS = (6, 2)  # the first that knows LMOVE and XAUTOCLAIM
OFFLINE = "offline"  # why a worker ends whose line is dead
TIMEOUT = 15.0  # seconds after which Redis counts as gone


class QueueError(RuntimeError):
    """Something is wrong with the queue; the message says what, and the remedy."""


def connect(url: str, **options: Any) -> Redis:
    """A connection to the Redis at `url`. Raises QueueError where none answers, or the extra is not installed."""
    try:
        import redis
        from scrapy_redis.connection import get_redis
    except ImportError:
        raise QueueError("a crawl by several workers needs scrapy-redis: pip install 'usce-atlas[scale]'") from None
    remedy = "Start one (apt-get install redis-server; redis-server), or mend the address."
    try:
        server: Redis = get_redis(
            url=url, decode_responses=True, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, **options
        )
        found = server.info("server")
    except ValueError:
        raise QueueError(f"{safe(url)} is no address of a Redis: write redis://HOST:6379/0") from None
    except redis.RedisError as error:
        raise QueueError(f"no Redis answers at {safe(url)} ({str(error).rstrip('.')}). {remedy}") from None
    version = str(found["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        raise QueueError(f"the Redis at {safe(url)} is version {version}: 6.2 or newer is needed.")
    return server


def safe(url: str) -> str:
    """`url` without its password, for messages."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":…@") if parts.password else url


def settings(
    url: str, shared: Shared, pipelines: dict[str, Any], middlewares: dict[str, Any], extensions: dict[str, Any]
) -> dict[str, Any]:
    """What a worker's settings have that a single machine's have not; the last three are those that it begins with."""
    return {
        "USCE_QUEUE": url,
        "USCE_QUEUE_CRAWL": shared.id,
        "REDIS_URL": url,
        "REDIS_PARAMS": {"decode_responses": True, "socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT},
        "SCHEDULER": "scraper.queue.scheduler.Scheduler",
        "SCHEDULER_QUEUE_CLASS": "scraper.queue.scheduler.Queue",
        "SCHEDULER_QUEUE_KEY": shared.key("queue"),
        "SCHEDULER_DUPEFILTER_KEY": shared.key("seen"),
        "SCHEDULER_SERIALIZER": "scraper.queue.requests",
        "DUPEFILTER_CLASS": "scrapy_redis.dupefilter.RFPDupeFilter",
        "ITEM_PIPELINES": {HANDS_OVER if stage == WRITES else stage: place for stage, place in pipelines.items()},
        # After what refuses requests, before robots.txt, which is a request to the host as well.
        "DOWNLOADER_MIDDLEWARES": middlewares | {"scraper.queue.leases.HostLeases": 97},
        "EXTENSIONS": extensions | {"scraper.queue.worker.Worker": 0},
    }
