"""What a crawl of many hosts needs, worked out from what is measured on this machine: the table of docs/scale.md.

    python benchmarks/plan.py PAGES.warc.gz [--hosts 500 6000 50000] [--hours 8] [--core-hour 0.05]

Measured: reading, handing over and writing the pages of the archive, and a queue of 10,000 institutions in a redis-server. Taken from the
settings: delay, pages of a site, visits of a worker at a time. Given as options, because no measurement here can tell: what a host
needs for an answer, what a processor costs, in how many hours a crawl is to be done. Every formula stands in `plan`.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import attrs  # noqa: E402
from scrapy import Request  # noqa: E402

from pipelines.handover import Delivery, codec  # noqa: E402
from pipelines.programs import Summary, Visit, merge_programs  # noqa: E402
from pipelines.storage import store_visit  # noqa: E402
from scraper import extract, settings  # noqa: E402
from scraper.crawls import start_crawl  # noqa: E402
from scraper.database import open_database  # noqa: E402
from scraper.items import Page  # noqa: E402
from scraper.memory import Trail  # noqa: E402
from scraper.outcomes import Outcome  # noqa: E402
from scraper.queue import connect, requests  # noqa: E402
from scraper.queue.shared import Shared  # noqa: E402
from scraper.reading import Reader  # noqa: E402
from scraper.registry import load_registry  # noqa: E402
from scraper.urls import Sites, host_of, key  # noqa: E402
from tests.redis_server import redis_server  # noqa: E402

WORKER_MB = 160  # peak of a worker at 10,000 pages: docs/performance.md, 'Memory', and what the queue adds
DOWNLOAD_MS = 1.8  # processor time of a bare download, at the same place: 587 pages a second
EXTRA_FETCHES = 3  # of a visit: robots.txt, an index of sitemaps and a part of it


@attrs.define
class Measured:
    """What a page of one kind costs."""

    pages: int = 0
    body: float = 0  # bytes of its body
    wire: float = 0  # the same, compressed as servers send it
    read_ms: float = 0  # processor time of reading it
    stream: float = 0  # bytes of its part of a finished visit
    write_ms: float = 0  # processor time of the collector
    database: float = 0  # bytes


def measure(pages: list[Page], sites: Sites) -> Measured:
    """What pages that were read cost on their further way. `stream` and so on are of visits to their owners."""
    found, number = Measured(len(pages)), max(1, len(pages))
    visits: dict[str, Visit] = defaultdict(lambda: Visit(""))
    trails: dict[str, Trail] = {}
    for page in pages:
        found.body += len(page.body) / number
        found.wire += len(zlib.compress(page.body)) / number
        owner = sites.owner(page.url) or host_of(page.url)
        page.fetched_at = page.fetched_at or "2026-11-22T00:00:00Z"
        page.etag = '"0123456789abcdef"'  # what a page that can say 'not modified' is remembered with
        visits[owner].institution_id = owner
        visits[owner].pages.append(Summary.of(page))
        # A dozen links that promise something, as pages of generated sites have them.
        links = tuple((f"https://www.example.edu/education/electives/page-{n}", 0.5) for n in range(12))
        trails[key(page.url)] = Trail(2, 0.5, links)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.db"
        db = open_database(path)
        crawl_id = start_crawl(db, "live", plan=())
        db.execute("pragma wal_checkpoint(truncate)")
        empty = path.stat().st_size
        for owner, visit in visits.items():
            visit.programs = merge_programs(owner, visit.pages)
            own = {key(page.url): trails[key(page.url)] for page in visit.pages}
            packed = codec.dumps(Delivery(visit, Outcome(owner, pages=len(visit.pages)), own))
            found.stream += len(packed) / number
            begun = time.process_time()
            delivery = codec.loads(packed)
            store_visit(db, delivery.visit, crawl_id, delivery.outcome, delivery.trails)
            found.write_ms += 1000 * (time.process_time() - begun) / number
        db.execute("pragma wal_checkpoint(truncate)")
        db.conn.close()
        found.database = (path.stat().st_size - empty) / number
    return found


def measure_all(archive: Path) -> tuple[Measured, Measured]:
    """What a page about a program costs, and what another."""
    reader, sites = Reader(), Sites(load_registry())
    for page in list(extract.pages_of_warc(archive))[:3]:
        reader.read(page)  # phrases are compiled once
    kinds: tuple[list[Page], list[Page]] = ([], [])
    seconds = [0.0, 0.0]
    for page in extract.pages_of_warc(archive):
        begun = time.process_time()
        reader.read(page)
        seconds[not page.relevant] += time.process_time() - begun
        kinds[not page.relevant].append(page)
    about, other = (measure(pages, sites) for pages in kinds)
    about.read_ms, other.read_ms = (1000 * s / max(1, len(pages)) for s, pages in zip(seconds, kinds, strict=True))
    return about, other


def measure_queue(number: int = 10_000) -> float:
    """Bytes of Redis for an institution that waits."""
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as url:
        server = connect(url)
        before = server.info("memory")["used_memory"]
        ids = [f"school-of-medicine-number-{n}" for n in range(number)]
        shared = Shared.open(server, ids, "rules")
        for identifier in ids:
            request = Request(f"data:,{identifier}", meta={"institution_id": identifier, "dont_cache": True})
            mark = hashlib.sha1(identifier.encode()).hexdigest()
            shared.enqueue(mark, requests.dumps(request.to_dict()))
        return float(server.info("memory")["used_memory"] - before) / number


@attrs.define
class Plan:
    """What a crawl of so many hosts needs."""

    hosts: int
    pages: float
    gigabytes: float
    hours_alone: float
    workers: int
    hours: float
    cores: float
    redis_mb: float
    database_gb: float
    writer: float  # of the crawl's time in which the collector is at work
    cost: float


def plan(about: Measured, other: Measured, queue: float, hosts: int, options: argparse.Namespace) -> Plan:
    """The formulas.

    A page takes a host max(delay, latency / target concurrency) seconds; a visit so often that as it has fetches. A worker makes
    16 visits at a time. Workers: as few as end in time. Redis: the queue, and finished visits that wait, at most USCE_QUEUE_BACKLOG.
    """

    def a_visit(cost: str) -> float:
        return float(
            options.relevant * getattr(about, cost) + (options.pages - options.relevant) * getattr(other, cost)
        )

    seconds = max(settings.DOWNLOAD_DELAY, options.latency / settings.AUTOTHROTTLE_TARGET_CONCURRENCY)
    visit = (options.pages + EXTRA_FETCHES) * seconds
    alone = hosts * visit / settings.USCE_CONCURRENT_INSTITUTIONS / 3600
    workers = max(1, math.ceil(alone / options.hours))
    hours = max(alone / workers, visit / 3600)
    return Plan(
        hosts=hosts,
        pages=hosts * options.pages,
        gigabytes=hosts * a_visit("wire") / 1e9,
        hours_alone=alone,
        workers=workers,
        hours=hours,
        cores=hosts * (a_visit("read_ms") + options.pages * DOWNLOAD_MS) / 1000 / 3600 / hours,
        redis_mb=(hosts * queue + min(hosts, settings.USCE_QUEUE_BACKLOG) * a_visit("stream")) / 1e6,
        database_gb=hosts * a_visit("database") / 1e9,
        writer=hosts * a_visit("write_ms") / 1000 / 3600 / hours,
        # A worker has a processor to itself, and so have the collector and Redis together, for as long as it goes on.
        cost=(workers + 1) * hours * options.core_hour,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--hosts", type=int, nargs="+", default=[500, 6000, 50000])
    parser.add_argument("--hours", type=float, default=8, help="in which a crawl is to be done")
    parser.add_argument("--latency", type=float, default=0.5, help="seconds in which a host answers")
    parser.add_argument("--pages", type=int, default=settings.USCE_MAX_PAGES, help="fetched of a host")
    parser.add_argument("--relevant", type=int, default=4, help="of these, about a program")
    parser.add_argument("--core-hour", type=float, default=0.05, help="price of a processor for an hour")
    options = parser.parse_args()
    about, other = measure_all(options.archive)
    queue = measure_queue()
    print(f"| measured, for a page | about a program ({about.pages}) | another ({other.pages}) |")
    print("|---|---:|---:|")
    for words, cost, unit, scale in (
        ("body", "body", "kB", 1000),
        ("body, compressed as it is sent", "wire", "kB", 1000),
        ("reading, processor time", "read_ms", "ms", 1),
        ("in a finished visit in Redis", "stream", "kB", 1000),
        ("taken up and written by the collector, processor time", "write_ms", "ms", 1),
        ("in the database", "database", "kB", 1000),
    ):
        print(f"| {words} | {getattr(about, cost) / scale:.1f} {unit} | {getattr(other, cost) / scale:.1f} {unit} |")
    print(f"\nAn institution in the queue: {queue:.0f} bytes of Redis.")
    plans = [plan(about, other, queue, hosts, options) for hosts in options.hosts]
    print("\n| | " + " | ".join(f"{one.hosts:,} hosts" for one in plans) + " |")
    print("|---|" + "---:|" * len(plans))
    for words, values in (
        ("pages", [f"{one.pages:,.0f}" for one in plans]),
        ("bytes fetched", [f"{one.gigabytes:,.1f} GB" for one in plans]),
        ("hours by one worker", [f"{one.hours_alone:.1f}" for one in plans]),
        (f"workers for {options.hours:g} hours", [str(one.workers) for one in plans]),
        ("hours with these", [f"{one.hours:.1f}" for one in plans]),
        ("processors kept busy by all workers", [f"{one.cores:.2f}" for one in plans]),
        ("memory of the workers", [f"{one.workers * WORKER_MB / 1000:.1f} GB" for one in plans]),
        ("Redis, at most", [f"{one.redis_mb:,.0f} MB" for one in plans]),
        ("database, after one crawl", [f"{one.database_gb:,.2f} GB" for one in plans]),
        ("collector at work", [f"{one.writer:.0%} of the time" for one in plans]),
        (f"cost at $ {options.core_hour:g} a processor hour", [f"$ {one.cost:.2f}" for one in plans]),
    ):
        print(f"| {words} | " + " | ".join(values) + " |")


if __name__ == "__main__":
    main()
