"""Kills one of two workers in the middle of a shared crawl, then collectors in the middle of a batch, and compares databases.

    python benchmarks/kill_workers.py [--rounds 10] [--seed 1]

Needs a redis-server. Each round of the first kind: two workers crawl the sample sites, one is killed (kill -9) at a random moment of
its work, a collector writes meanwhile. Each round of the second kind: the visits of a finished crawl wait in Redis, a collector is killed
within its transaction, another within the next but one, or at a random moment, and a third ends the work. The database has to be what one machine
comes to, and every page is asked for once, but for those of institutions that a killed worker was at. Exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import redis  # noqa: E402

from scraper.crawling import CrawlRequest, run_crawl  # noqa: E402
from scraper.demo import CRAWL_SETTINGS, ServedSites, serve_sites  # noqa: E402
from tests.redis_server import redis_server  # noqa: E402
from tests.states import facts, is_whole  # noqa: E402
from tests.workers import WorkerProcess, collect_all, collector_that_dies  # noqa: E402

LEASE = 5.0
SETTINGS = CRAWL_SETTINGS | {
    "USCE_LEASE_SECONDS": LEASE, "USCE_CONCURRENT_INSTITUTIONS": 3, "USCE_BROWSER": False, "DOWNLOAD_DELAY": 0.1,
}  # fmt: skip


class Crawl:
    """The sample sites, what one machine finds on them, and a folder for databases."""

    def __init__(self, served: ServedSites, folder: Path) -> None:
        self.served, self.folder = served, folder
        self.registry = served.write_registry(folder / "registry")
        run_crawl(CrawlRequest(folder / "alone.db", self.registry, settings=SETTINGS))
        self.wanted = facts(folder / "alone.db")
        self.requests = Counter(served.requests)

    def worker(self, url: str) -> CrawlRequest:
        return CrawlRequest(None, self.registry, queue=url, settings=SETTINGS)

    def is_same(self, database: Path) -> bool:
        same = is_whole(database) and facts(database) == self.wanted
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
        return same


def kill_a_worker(crawl: Crawl, chance: random.Random, number: int) -> bool:
    database, asked = crawl.folder / f"worker-{number}.db", len(crawl.served.requests)
    with redis_server(crawl.folder) as url:
        first, second = WorkerProcess(crawl.worker(url)), WorkerProcess(crawl.worker(url))
        stop = threading.Event()
        collector = threading.Thread(
            target=collect_all, args=(url, database, crawl.registry), kwargs={"stop": stop}, daemon=True
        )
        collector.start()
        while not any(event["event"] == "page" for event in first.events):
            time.sleep(0.01)
        moment = chance.uniform(0, 2.5)
        time.sleep(moment)
        at_work = first.is_at_work and len(second.visited) + len(first.visited) < len(crawl.served.sites)
        done = set(first.visited)
        first.kill()
        ended = second.wait()[-1]
        collector.join(30)
        if collector.is_alive():
            print(f"    the collector still waits; the other worker ended with {ended}")
            stop.set()
            collector.join()
    again = Counter(crawl.served.requests[asked:]) - crawl.requests
    twice = {site for site, _, _ in again} & done  # finished before the kill: nobody may have asked again
    same = crawl.is_same(database)
    print(
        f"worker    {number + 1:3}: killed {moment:4.2f} s after its first page, {len(done)} of its institutions done,"
        f" at work {at_work}, {again.total()} pages asked for again, of finished ones {len(twice)}, same {same}",
        flush=True,
    )
    return same and not twice


def kill_collectors(crawl: Crawl, visits: dict[bytes, bytes], chance: random.Random, number: int) -> bool:
    database, batch = crawl.folder / f"collector-{number}.db", chance.randint(1, 4)
    with redis_server(crawl.folder) as url:
        server = redis.Redis.from_url(url)
        for key, value in visits.items():
            server.restore(key, 0, value)
        after = [chance.randint(0, 6), chance.randint(0, 2)]
        codes = [collector_that_dies(url, database, crawl.registry, number_of, batch) for number_of in after]
        collect_all(url, database, crawl.registry, batch=batch)
    same = crawl.is_same(database)
    print(
        f"collector {number + 1:3}: batches of {batch}, killed in writing visit {after[0] + 1}, and {after[1] + 1} of the next try"
        f" (exit codes {codes}), same {same}",
        flush=True,
    )
    return same and codes[0] == -9


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with serve_sites() as served, tempfile.TemporaryDirectory() as folder:
        crawl = Crawl(served, Path(folder))
        workers = sum(kill_a_worker(crawl, chance, number) for number in range(options.rounds))
        with redis_server(Path(folder)) as url:
            run_crawl(crawl.worker(url))
            server = redis.Redis.from_url(url)
            visits = {key: server.dump(key) for key in server.scan_iter() if b":host:" not in key}
        collectors = sum(kill_collectors(crawl, visits, chance, number) for number in range(options.rounds))
    print(
        f"the same as one machine's: {workers} of {options.rounds} with a killed worker, {collectors} of {options.rounds} with killed collectors"
    )
    return 0 if workers == collectors == options.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
