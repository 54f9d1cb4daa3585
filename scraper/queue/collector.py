"""`usce collect`: the one process that writes what the workers of a shared crawl found.

Visits come through a Redis stream, read as a consumer group. A batch is written in one transaction of the database, and acknowledged
after its commit: what was read by a collector that died is delivered again (XAUTOCLAIM). A visit that is delivered
twice is written once, because the row that says that an institution was visited stands in the same transaction as what was found there.

The database is guarded as in a crawl by one machine: the same lock beside the file, the same copy, the same gate (scraper/staging.py).
A collector that was cut off goes on where it was when it is started again. Only one works at a time, wherever it runs: who collects
holds a lease, as workers do of hosts.
"""

from __future__ import annotations

import json
import logging
import socket
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import sqlite_utils

from scraper.crawling import CrawlLocked, CrawlReport, Lock
from scraper.crawls import failures_of, finish_crawl, start_crawl
from scraper.database import DatabaseError, highest, open_database, select, select_one, write_institutions
from scraper.items import utc_now
from scraper.outcomes import Outcome
from scraper.queue import QueueError, connect, safe
from scraper.queue.shared import CRAWL, GROUP, OTHER_RULES, Counts, Shared, new_name, rules_of
from scraper.registry import load_registry
from scraper.staging import Staging, Thresholds, verdict_of

if TYPE_CHECKING:
    from redis import Redis

logger = logging.getLogger(__name__)

BATCH = 50  # visits in a transaction: a second's work at most
WAIT = 1.0  # seconds for which the stream is waited for before anything else is looked at

# Writes one delivery into a database, as part of the crawl with that number.
Write = Callable[[sqlite_utils.Database, bytes, int], None]


@attrs.define
class Progress:
    """How far it is. `counts` is None while no crawl goes on."""

    counts: Counts | None = None
    written: int = 0
    programs: int = 0
    waits_for: str = ""  # what keeps it from working


@attrs.define
class Collection:
    """What a collector works on."""

    shared: Shared
    database: Path
    registry: Path
    write: Write
    thresholds: Thresholds
    seconds: float  # of its lease
    on_progress: Callable[[Progress], None]
    stop: threading.Event
    batch: int = BATCH
    name: str = attrs.field(factory=new_name)

    def run(self) -> CrawlReport:
        """Write until the crawl is over or `stop` is set; how it went."""
        lock = Lock(self.database)
        if (holder := lock.acquire()) is not None:
            raise CrawlLocked(str(self.database), holder)
        try:
            if not self._lease():
                return CrawlReport(stopped=True)
            try:
                return self._collect()
            finally:
                self.shared.release("", self.name, 0)
        finally:
            lock.release()

    def _lease(self) -> bool:
        """Wait until no other collector is at work. False where `stop` came first. The place of a host without a name is the collector's."""
        while not self.stop.is_set():
            if self.shared.lease("", self.name, self.seconds):
                return True
            other = cast("str | None", self.shared.server.get(self.shared.key("host", ""))) or ""
            if _is_dead(other):
                self.shared.release("", other, 0)
                continue
            self.on_progress(Progress(self.shared.counts(), waits_for=f"the collector {other}"))
            self.stop.wait(WAIT)
        return False

    def _collect(self) -> CrawlReport:
        if (number := self._number()) is not None and (done := self._published(number)) is not None:
            self.shared.close()  # the end of the crawl was reached before, only Redis was not told
            return done
        staging = Staging(self.database)
        path = staging.prepare(resume=number is not None)
        db = open_database(path)
        try:
            write_institutions(db, load_registry(self.registry).institutions.values())
            number = self._begin(db, number)
            finished = self._write_all(db, number)
            if not finished:
                return CrawlReport(stopped=True)
            crawl = select_one(db, "crawls", id=number)
            if crawl is not None and crawl["outcome"] is None:
                finish_crawl(db, number, "stopped" if self.shared.is_ending() else "finished")
            report = report_of(db, number, self.shared)
        except sqlite3.OperationalError as error:
            raise DatabaseError(
                f"{path}: {error}. All that was written before is whole; mend that and collect again."
            ) from None
        finally:
            db.conn.close()
        if path == staging.path:
            report.verdict = staging.judge(self.thresholds)
        self.shared.close()
        return report

    # --- which crawl of the database it is ---

    def _number(self) -> int | None:
        """The number of the crawl in the database, where a collector has begun it."""
        found = cast("str | None", self.shared.server.hget(CRAWL, "number"))
        return None if found is None else int(found)

    def _published(self, number: int) -> CrawlReport | None:
        """How the crawl went, where it is in the public database, and at its end there."""
        db = open_database(self.database)
        try:
            row = select_one(db, "crawls", id=number)
            if row is None or not self._is_mine(row) or row["outcome"] is None:
                return None
            report = report_of(db, number, self.shared)
            report.verdict = verdict_of(row["gate"])
            return report
        finally:
            db.conn.close()

    def _begin(self, db: sqlite_utils.Database, number: int | None) -> int:
        """The number of the crawl, begun now where that was not done before. Redis is told first: a collector that dies between
        the two finds a number without a row, and begins."""
        if number is None:
            number = highest(db, "crawls", "id") + 1
            self.shared.server.hset(CRAWL, "number", str(number))
        row = select_one(db, "crawls", id=number)
        if row is not None and self._is_mine(row):
            return number
        if self._has_written():
            raise QueueError(
                f"{self.database} was crawled otherwise since this collection began, and what it had written is gone."
                f" Give the crawl in the queue up (redis-cli del {CRAWL}) and crawl again."
            )
        if number != (free := highest(db, "crawls", "id") + 1):
            self.shared.server.hset(CRAWL, "number", str(free))
        return start_crawl(db, "live", plan=self.shared.plan)

    def _has_written(self) -> bool:
        return self.shared.server.hget(CRAWL, "written") is not None

    def _is_mine(self, row: dict[str, Any]) -> bool:
        return row["started_at"] >= self.shared.opened_at and json.loads(row["plan"] or "[]") == list(self.shared.plan)

    # --- writing ---

    def _write_all(self, db: sqlite_utils.Database, number: int) -> bool:
        """Write what comes until the crawl is over; False where `stop` came first."""
        stream = _Stream(self.shared, self.name)
        progress = Progress(self.shared.counts())
        batch = stream.abandoned(self.batch)
        while not self.stop.is_set():
            if batch:
                written = self._write_batch(db, number, batch)
                stream.acknowledge([identifier for identifier, _, _ in batch])
                progress.written += written
            progress.counts = self.shared.counts()
            self.on_progress(progress)
            # In this order: what was handed over before the last visit ended is in the stream by then.
            if not batch and not self.shared.goes_on() and not self.shared.counts().waiting:
                return True
            if not self.shared.lease("", self.name, self.seconds):
                raise QueueError("another collector took over: this one was silent for too long")
            self.shared.bring_back()  # all workers may be dead, and one that comes later is to find their work
            batch = stream.abandoned(self.batch) or stream.next(self.batch)
        return False

    def _write_batch(self, db: sqlite_utils.Database, number: int, batch: list[tuple[str, str, bytes]]) -> int:
        """Write deliveries in one transaction. One that cannot be written for a fault of ours is left out, and told of."""
        if not self._has_written():
            self.shared.server.hset(CRAWL, "written", utc_now())
        written = 0
        with db.atomic():
            for _, institution, data in batch:
                if select_one(db, "crawl_hosts", crawl_id=number, institution_id=institution) is not None:
                    continue  # delivered before
                if data and self._write(db, institution, data, number):
                    written += 1
        return written

    def _write(self, db: sqlite_utils.Database, institution: str, data: bytes, number: int) -> bool:
        try:
            with db.atomic():
                self.write(db, data, number)
        except sqlite3.OperationalError:
            raise  # a full disk, a broken file: nothing more can be written, and all of it will be delivered again
        except Exception:
            logger.exception("%s could not be stored", institution)
            return False
        return True


class _Stream:
    """The visits, as this collector's part of a consumer group."""

    def __init__(self, shared: Shared, consumer: str) -> None:
        import redis

        self.key, self.consumer = shared.key("visits"), consumer
        # Visits are bytes: a connection that does not take them for text.
        pool = shared.server.connection_pool
        self.server: Redis = redis.Redis(
            connection_pool=redis.ConnectionPool(
                connection_class=pool.connection_class, **{**pool.connection_kwargs, "decode_responses": False}
            )
        )
        try:
            self.server.xgroup_create(self.key, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def abandoned(self, number: int) -> list[tuple[str, str, bytes]]:
        """What was read by collectors that are no more, and not acknowledged. Only one collects at a time, so all of that is."""
        found = self.server.xautoclaim(self.key, GROUP, self.consumer, min_idle_time=0, start_id="0-0", count=number)
        return _entries(cast("list[Any]", found)[1])

    def next(self, number: int) -> list[tuple[str, str, bytes]]:
        """What comes next."""
        found = self.server.xreadgroup(GROUP, self.consumer, {self.key: ">"}, count=number, block=round(WAIT * 1000))
        return _entries(cast("list[Any]", found)[0][1]) if found else []

    def acknowledge(self, identifiers: list[str]) -> None:
        """These are written: they need not be delivered or kept any more."""
        steps = self.server.pipeline()
        steps.xack(self.key, GROUP, *identifiers)
        steps.xdel(self.key, *identifiers)
        steps.execute()


def _entries(found: list[Any]) -> list[tuple[str, str, bytes]]:
    return [
        (identifier.decode(), fields[b"institution"].decode(), fields[b"visit"])
        for identifier, fields in found
        if fields
    ]


def _is_dead(collector: str) -> bool:
    """Was `collector` (its name) a process of this machine that is no more?"""
    host, _, rest = collector.rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    return not Path(f"/proc/{rest}").exists() if Path("/proc/self").exists() else False


def report_of(db: sqlite_utils.Database, number: int, shared: Shared) -> CrawlReport:
    """How a crawl went, as the database tells it: also what collectors before this one wrote."""
    crawl = select_one(db, "crawls", id=number) or {}
    report = CrawlReport(started_at=crawl.get("started_at") or "", finished_at=crawl.get("finished_at") or "")
    for row in select(db, "crawl_hosts", ("finished_at", "institution_id"), crawl_id=number):
        failures = sum((Counter(found) for found in failures_of(row).values()), Counter())
        report.outcomes[row["institution_id"]] = Outcome(
            row["institution_id"],
            fetches=row["pages"] + failures.total(),
            pages=row["pages"],
            relevant=row["relevant_pages"],
            unchanged=row["unchanged_pages"] or 0,
            programs=row["programs"],
            finished=True,
            started_at=row["started_at"] or "",
            failures=failures,
        )
    report.programs = sum(outcome.programs for outcome in report.outcomes.values())
    report.left_out = [identifier for identifier in shared.plan if identifier not in report.outcomes]
    return report


def collect(
    url: str,
    database: Path,
    registry: Path,
    write: Write,
    thresholds: Thresholds,
    seconds: float,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
    end: bool = False,
    batch: int = BATCH,
) -> CrawlReport:
    """Wait for a crawl in the queue at `url`, write what its workers find, and publish it. With `end` the crawl ends now.

    Raises QueueError, CrawlLocked, DatabaseError and RegistryError.
    """
    import redis

    load_registry(registry)
    server = connect(url)
    try:
        while (shared := Shared.find(server)) is None:
            if end:
                raise QueueError(f"no crawl goes on at {safe(url)}: there is nothing to end.")
            on_progress(Progress(waits_for="a crawl in the queue (usce crawl --queue …)"))
            if stop.wait(WAIT):
                return CrawlReport(stopped=True)
        if shared.rules != rules_of(registry):
            raise QueueError(OTHER_RULES)
        if end:
            shared.end()
        return Collection(shared, database, registry, write, thresholds, seconds, on_progress, stop, batch).run()
    except redis.RedisError as error:
        raise QueueError(
            f"the Redis at {safe(url)} does not answer any more ({str(error).rstrip('.')}). What was written is whole; start `usce collect` again when it does."
        ) from None
