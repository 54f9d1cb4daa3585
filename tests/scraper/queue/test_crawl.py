"""Crawls by several workers, over real HTTP and a real Redis: what they find, how they treat hosts, and what survives a kill."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
import redis

from pipelines.handover import codec
from pipelines.storage import store_visit
from scraper import cli_collect
from scraper.crawling import NOTHING_LEFT, CrawlLocked, CrawlReport, CrawlRequest, Lock, run_crawl
from scraper.crawls import unfinished
from scraper.database import DatabaseError, open_database
from scraper.demo import CRAWL_SETTINGS, ServedSites, serve_sites
from scraper.queue import OFFLINE, QueueError, connect
from scraper.queue.shared import Shared, rules_of
from scraper.staging import Staging
from tests.redis_server import BINARY, MISSING, redis_server
from tests.spiders.hosts import Hosts, page, serve, write_registry
from tests.states import facts, is_whole, rows
from tests.workers import WorkerProcess, collect_all, collector_that_dies

LEASE = 5.0
WORKER: dict[str, Any] = CRAWL_SETTINGS | {
    "USCE_LEASE_SECONDS": LEASE,
    "USCE_CONCURRENT_INSTITUTIONS": 2,
    "USCE_BROWSER": False,
}
pytestmark = pytest.mark.skipif(not BINARY, reason=MISSING)


@attrs.frozen
class Alone:
    """Some of the sample sites, and what one machine found on them."""

    served: ServedSites
    registry: Path
    sites: tuple[str, ...]
    database: Path
    requests: Counter[tuple[str, str, int]]

    def worker(self, url: str, **settings: Any) -> CrawlRequest:
        """The order of a worker."""
        return CrawlRequest(None, self.registry, queue=url, settings=WORKER | settings)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    folder = tmp_path_factory.mktemp("alone")
    with serve_sites() as served:
        served.sites = served.sites[:5]
        registry = served.write_registry(folder / "registry")
        run_crawl(CrawlRequest(folder / "a.db", registry, settings=WORKER))
        sites = tuple(sorted(site.id for site in served.sites))
        yield Alone(served, registry, sites, folder / "a.db", Counter(served.requests))


@pytest.fixture(scope="module")
def visited(alone: Alone, tmp_path_factory: pytest.TempPathFactory) -> dict[bytes, bytes]:
    """What stands in Redis when a worker has visited all and nothing is collected."""
    with redis_server(tmp_path_factory.mktemp("visited")) as url:
        report = run_crawl(alone.worker(url))
        assert len(report.outcomes) == len(alone.sites) and not report.log
        server = redis.Redis.from_url(url)
        return {key: server.dump(key) for key in server.scan_iter() if b":host:" not in key}


@pytest.fixture
def filled(redis_url: str, visited: dict[bytes, bytes]) -> str:
    """A Redis in which all visits wait for a collector."""
    server = redis.Redis.from_url(redis_url)
    for key, value in visited.items():
        server.restore(key, 0, value)
    return redis_url


def copy_of(database: Path, place: Path) -> Path:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(place)) as target:
        source.backup(target)
    return place


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def together(requests: list[CrawlRequest], url: str, database: Path) -> tuple[list[CrawlReport], CrawlReport]:
    """Let workers work and one collector collect; their reports."""
    reports: list[CrawlReport] = []
    broken: list[Exception] = []
    stop = threading.Event()

    def work_on(request: CrawlRequest) -> None:
        try:
            reports.append(run_crawl(request))
        except Exception as error:
            broken.append(error)
            stop.set()

    workers = [threading.Thread(target=work_on, args=(request,)) for request in requests]
    for worker in workers:
        worker.start()
    report = collect_all(url, database, requests[0].registry, stop=stop)
    for worker in workers:
        worker.join()
    assert not broken
    return reports, report


def test_two_workers_find_what_one_machine_finds(alone: Alone, redis_url: str, tmp_path: Path) -> None:
    database, asked = tmp_path / "b.db", len(alone.served.requests)
    reports, report = together([alone.worker(redis_url)] * 2, redis_url, database)
    assert Counter(alone.served.requests[asked:]) == alone.requests, "every page once"
    assert facts(database) == facts(alone.database)
    assert is_whole(database)
    visited = [set(one.outcomes) for one in reports]
    assert all(visited) and not visited[0] & visited[1]
    assert sorted(report.outcomes) == sorted(visited[0] | visited[1]) == list(alone.sites)
    assert report.relevant == sum(one.relevant for one in reports) > 0 and report.programs > 0
    assert not report.left_out
    with closing(sqlite3.connect(database)) as connection:
        crawls = connection.execute("select id, source, institutions, outcome from crawls").fetchall()
    assert crawls == [(1, "live", len(alone.sites), "finished")]
    left = [key for key in connect(redis_url).scan_iter("usce:*") if ":host:" not in key]
    assert not left, "nothing is left in Redis but leases that run out"


def test_a_second_crawl_goes_through_the_gate_and_changes_nothing(alone: Alone, redis_url: str, tmp_path: Path) -> None:
    database = copy_of(alone.database, tmp_path / "b.db")
    before, asked = rows(database), len(alone.served.requests)
    request = attrs.evolve(alone.worker(redis_url), database=database)
    _, report = together([request], redis_url, database)
    assert report.verdict is not None and report.verdict.passed
    assert rows(database) == before
    assert sum(status == 304 for _, _, status in alone.served.requests[asked:]) >= report.pages > 0, "as they were"
    assert not Staging(database).path.exists()


# --- the collector ---------------------------------------------------------------------------------------------------


def test_what_does_not_pass_the_gate_is_kept_back(alone: Alone, filled: str, tmp_path: Path) -> None:
    database = copy_of(alone.database, tmp_path / "b.db")
    before = rows(database)

    def write_nothing(db: Any, data: bytes, number: int) -> None:
        delivery = codec.loads(data)
        delivery.visit.programs.clear()
        silent = [attrs.evolve(page, relevant=False, facts=(), content_hash="x") for page in delivery.visit.pages]
        delivery.visit.pages[:] = silent
        store_visit(db, delivery.visit, number, delivery.outcome, delivery.trails)

    report = collect_all(filled, database, alone.registry, write_nothing)
    assert report.verdict is not None and "programs where" in report.verdict.problems[0]
    assert rows(database) == before
    assert Staging(database).path.exists()


@pytest.mark.parametrize("after", [0, 2, 4])
def test_a_killed_collector_loses_nothing(alone: Alone, filled: str, tmp_path: Path, after: int) -> None:
    database = tmp_path / "b.db"
    assert collector_that_dies(filled, database, alone.registry, after, batch=2) == -9
    collect_all(filled, database, alone.registry, batch=2)
    assert facts(database) == facts(alone.database) and is_whole(database)
    with closing(sqlite3.connect(database)) as connection:
        crawls = connection.execute("select id, institutions, outcome from crawls").fetchall()
        assert crawls == [(1, len(alone.sites), "finished")]
        assert connection.execute("select count(*) from crawl_hosts").fetchone() == (len(alone.sites),)
    assert not Staging(database).path.exists()


def test_what_is_delivered_twice_is_written_once(alone: Alone, filled: str, tmp_path: Path) -> None:
    server = redis.Redis.from_url(filled)
    shared = Shared.find(connect(filled))
    assert shared is not None
    for _, fields in server.xrange(shared.key("visits")):
        server.xadd(shared.key("visits"), fields)
    written: list[int] = []

    def write(*arguments: Any) -> None:
        written.append(arguments[2])
        cli_collect.write(*arguments)

    collect_all(filled, tmp_path / "b.db", alone.registry, write, batch=3)
    assert written == [1] * len(alone.sites)
    assert facts(tmp_path / "b.db") == facts(alone.database)


def test_a_visit_that_cannot_be_written_keeps_nobody_else_out(alone: Alone, filled: str, tmp_path: Path) -> None:
    bad = alone.sites[2]

    def write(db: Any, data: bytes, number: int) -> None:
        cli_collect.write(db, data, number)
        if codec.loads(data).visit.institution_id == bad:
            raise ValueError("a bug")

    report = collect_all(filled, tmp_path / "b.db", alone.registry, write)
    assert report.left_out == [bad]
    db = open_database(tmp_path / "b.db")
    assert {row["institution_id"] for row in db.query("select institution_id from programs")} <= set(alone.sites) - {
        bad
    }
    db.conn.close()


def test_a_full_disk_loses_nothing(alone: Alone, filled: str, tmp_path: Path) -> None:
    def write(*arguments: Any) -> None:
        cli_collect.write(*arguments)
        raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(DatabaseError, match="All that was written before is whole"):
        collect_all(filled, tmp_path / "b.db", alone.registry, write)
    collect_all(filled, tmp_path / "b.db", alone.registry)
    assert facts(tmp_path / "b.db") == facts(alone.database)


def test_a_crawl_can_be_ended_early(alone: Alone, filled: str, tmp_path: Path) -> None:
    shared = Shared.find(connect(filled))
    assert shared is not None
    last, fields = redis.Redis.from_url(filled).xrevrange(shared.key("visits"), count=1)[0]
    missing = fields[b"institution"].decode()
    shared.server.xdel(shared.key("visits"), last)
    shared.server.srem(shared.key("done"), missing)
    assert shared.goes_on()
    report = collect_all(filled, tmp_path / "b.db", alone.registry, end=True)
    assert report.left_out == [missing]
    db = open_database(tmp_path / "b.db")
    found = unfinished(db)
    assert found is not None and found.left == (missing,), "`usce crawl --resume` visits the others"
    db.conn.close()


def test_one_collects_at_a_time(alone: Alone, filled: str, tmp_path: Path) -> None:
    shared = Shared.find(connect(filled))
    lock = Lock(tmp_path / "b.db")
    assert lock.acquire() is None
    with pytest.raises(CrawlLocked):
        collect_all(filled, tmp_path / "b.db", alone.registry)
    lock.release()
    assert shared is not None and shared.lease("", "elsewhere-12-abcdef", 60)
    stop, said = threading.Event(), []

    def show(progress: Any) -> None:
        said.append(progress.waits_for)
        stop.set()

    report = collect_all(filled, tmp_path / "b.db", alone.registry, stop=stop, show=show)
    assert report.stopped and said == ["the collector elsewhere-12-abcdef"]
    assert not (tmp_path / "b.db").exists()


# --- coming and going ------------------------------------------------------------------------------------------------


def test_what_a_killed_worker_was_at_is_done_by_another(alone: Alone, redis_url: str, tmp_path: Path) -> None:
    request = alone.worker(redis_url, DOWNLOAD_DELAY=0.05)
    first = WorkerProcess(request)
    wait_until(lambda: any(event["event"] == "page" for event in first.events))
    second = WorkerProcess(request)  # not before: it might leave nothing to the first
    first.kill()
    collect_all(redis_url, tmp_path / "b.db", alone.registry)
    second.wait()
    assert set(second.visited) | set(first.visited) == set(alone.sites)
    assert facts(tmp_path / "b.db") == facts(alone.database)


def test_who_is_stopped_leaves_the_rest_to_others(alone: Alone, redis_url: str, tmp_path: Path) -> None:
    stop = threading.Event()
    first = run_crawl(alone.worker(redis_url), lambda now: stop.set() if now.done >= 1 else None, stop)
    assert first.stopped
    second = run_crawl(alone.worker(redis_url))
    finished = [o.institution_id for one in (first, second) for o in one.outcomes.values() if o.finished]
    assert sorted(finished) == list(alone.sites)
    collect_all(redis_url, tmp_path / "b.db", alone.registry)
    assert facts(tmp_path / "b.db") == facts(alone.database)


def test_who_comes_too_late_is_told(alone: Alone, filled: str) -> None:
    late = run_crawl(alone.worker(filled))
    assert late.stats["finish_reason"] == NOTHING_LEFT and not late.outcomes


def test_a_worker_whose_line_is_dead_gives_back(redis_url: str, tmp_path: Path) -> None:
    registry = write_registry(tmp_path / "r", {name: f"http://{name}.invalid/" for name in "abcdef"})
    settings = WORKER | {"DNS_TIMEOUT": 2, "RETRY_TIMES": 0}
    report = run_crawl(CrawlRequest(None, registry, queue=redis_url, settings=settings))
    assert report.stats["finish_reason"] == OFFLINE
    shared = Shared.find(connect(redis_url))
    assert shared is not None and shared.counts().queued == 6 and shared.counts().waiting == 0


def test_what_does_not_fit_is_told(alone: Alone, redis_url: str, tmp_path: Path) -> None:
    server = connect(redis_url)
    Shared.open(server, alone.sites[:1], rules_of(alone.registry))
    request = alone.worker(redis_url)
    with pytest.raises(QueueError, match="another crawl goes on in the queue"):
        run_crawl(attrs.evolve(request, institutions=alone.sites[1:2]))
    server.hset("usce:crawl", "rules", "others")
    with pytest.raises(QueueError, match="Bring all machines to the same state"):
        run_crawl(request)
    with pytest.raises(QueueError, match="Bring all machines to the same state"):
        collect_all(redis_url, tmp_path / "b.db", alone.registry)
    with pytest.raises(QueueError, match="no Redis answers"):
        run_crawl(attrs.evolve(request, queue="redis://127.0.0.1:1/0"))


# --- hosts -----------------------------------------------------------------------------------------------------------

DELAY = 0.3
JITTER = 0.1  # between a request's leaving there and its being noticed here, on a machine with other work


class Watched:
    """Pages that tell when each request for a host came and when it was answered."""

    def __init__(self) -> None:
        self.log: list[tuple[str, float, float]] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        begun, host = time.monotonic(), (handler.headers.get("Host") or "").partition(":")[0]
        port = handler.server.server_address[1]  # type: ignore[index]
        body = page(
            "Visiting students", *(f"Electives {n} -> {handler.path.rstrip('/')}/electives-{n}" for n in range(3))
        )
        if handler.path.count("/") > 2:
            body = page("Visiting students", "Sister -> http://shared.oak.example/visiting-students")
        time.sleep(0.05)
        data = body.replace(".example/", f".example:{port}/").encode()
        handler.send_response(200 if handler.path not in ("/robots.txt", "/sitemap.xml") else 404)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        self.log.append((host, begun, time.monotonic()))
        handler.wfile.write(data)

    def faults(self, delay: float) -> list[str]:
        """Where a host had two requests in flight, or two within its delay."""
        found = []
        for host in {name for name, _, _ in self.log}:
            mine = sorted((begun, ended) for name, begun, ended in self.log if name == host)
            for (begun, ended), (later, _) in pairwise(mine):
                if later < ended or later - begun < delay:
                    found.append(f"{host}: {later - begun:.3f} s after, answered after {ended - begun:.3f} s")
        return found


def sisters(folder: Path, hosts: Hosts) -> Path:
    """Six institutions on three hosts: three share one, two are under it by path, one has a host to itself."""
    shared, own = hosts.url("shared.oak.example", ""), hosts.url("own.elm.example", "")
    other = hosts.url("med.oak.example", "")
    websites = {
        "a": f"{shared}/a/", "b": f"{shared}/b/", "c": f"{shared}/c/", "d": f"{other}/d/", "e": f"{other}/e/", "f": f"{own}/f/",
    }  # fmt: skip
    starts = {identifier: [f"{url}visiting-students"] for identifier, url in websites.items()}
    return write_registry(folder, websites, starts)


@contextlib.contextmanager
def watched_sisters(redis_url: str, folder: Path) -> Iterator[tuple[CrawlRequest, Watched]]:
    """A crawl of six institutions on three hosts that write down when they were asked, with a delay between two requests."""
    watched = Watched()
    with serve(
        {name: {"*": watched} for name in ("shared.oak.example", "med.oak.example", "own.elm.example")}
    ) as hosts:
        names = dict.fromkeys(hosts.pages, "127.0.0.1")
        settings = WORKER | {"DOWNLOAD_DELAY": DELAY, "USCE_HOSTS": names, "USCE_CONCURRENT_INSTITUTIONS": 1}
        yield CrawlRequest(None, sisters(folder, hosts), queue=redis_url, max_pages=5, settings=settings), watched


def test_a_host_is_asked_by_one_worker_at_a_time(redis_url: str, tmp_path: Path) -> None:
    with watched_sisters(redis_url, tmp_path / "r") as (request, watched):
        reports, report = together([request, request, request], redis_url, tmp_path / "b.db")
    assert report.pages > 15 and len(watched.log) > 20
    assert sum(bool(one.outcomes) for one in reports) > 1
    assert sum(one.stats.get("leases/waits", 0) for one in reports) > 0, "workers met at a host"
    assert not watched.faults(DELAY - JITTER)


def test_a_host_rests_after_its_worker_died(redis_url: str, tmp_path: Path) -> None:
    with watched_sisters(redis_url, tmp_path / "r") as (request, watched):
        first, second = WorkerProcess(request), WorkerProcess(request)
        wait_until(lambda: len(watched.log) >= 6)
        first.kill()
        report = collect_all(redis_url, tmp_path / "b.db", request.registry)
        second.wait()
    assert len(report.outcomes) == 6
    assert not watched.faults(DELAY - JITTER)


def test_who_waits_for_a_host_can_be_stopped(redis_url: str, tmp_path: Path) -> None:
    watched = Watched()
    with serve({"own.elm.example": {"*": watched}}) as hosts:
        url = hosts.url("own.elm.example", "/")
        registry = write_registry(tmp_path / "r", {"f": url}, {"f": [f"{url}visiting-students"]})
        shared = Shared.open(connect(redis_url), ["f"], rules_of(registry))
        assert shared.lease("own.elm.example", "another", 60)
        names = {"USCE_HOSTS": {"own.elm.example": "127.0.0.1"}}
        worker = WorkerProcess(CrawlRequest(None, registry, queue=redis_url, settings=WORKER | names))
        wait_until(lambda: shared.counts().taken == 1)
        time.sleep(0.5)
        begun = time.monotonic()
        worker.interrupt()
        worker.wait()
    assert time.monotonic() - begun < 10
    assert not watched.log
    assert (shared.counts().queued, shared.counts().workers) == (1, 0)
