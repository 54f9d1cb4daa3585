"""Builds and runs a crawl, tells how it goes, and reports how it went. `usce crawl` and `usce up` call `run_crawl`.

A crawl runs in a child process. Twisted's reactor can be started once in a process only, and wants its main thread; a
child makes `run_crawl` usable any number of times, from any thread, beside a server or a progress bar, and nothing that a
page does to the crawl (memory, a crash in a parser) reaches the caller. The child reads its order as JSON from
stdin and writes events as JSON lines to stdout. It has a session of its own, so that Ctrl-C reaches the caller alone, who asks the
child to stop; and it stops by itself when its stdin closes, so that no crawl outlives a caller that was killed.

Beside it a second process reads the pages and stores what they say (scraper/beside.py). It holds the child's stdout too: when the
events end, both are gone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import attrs
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings

from scraper import browser
from scraper.archive import ArchiveError
from scraper.beside import Reading
from scraper.crawls import finish_crawl, unfinished
from scraper.database import DatabaseError, open_database
from scraper.items import Page, utc_now
from scraper.outcomes import Outcome
from scraper.politeness import user_agent
from scraper.queue import QueueError, connect
from scraper.queue import settings as queue_settings
from scraper.reading import collect_less_often
from scraper.registry import DIRECTORY, load_registry
from scraper.signals import institution_reported, page_read, queue_moved
from scraper.staging import Staging, Verdict

ROOT = Path(__file__).resolve().parent.parent
SPIDER = "institutions"
OUT_OF_TIME = "out_of_time"  # why a crawl closes whose minutes are over
NOTHING_LEFT = "nothing_left"  # why a worker ends that came too late
STOP_SECONDS = 60.0  # what a child gets to come to its end after the first Ctrl-C


class CrawlError(RuntimeError):
    """A crawl that could not be run, or broke off; the message is for people."""


class CrawlLocked(CrawlError):
    """Another crawl works on the same database. `holder` says who, as far as it is known."""

    def __init__(self, database: str, holder: dict[str, Any]) -> None:
        self.holder = holder
        who = f"process {holder['pid']}, since {holder['since']}" if "pid" in holder else "another process"
        super().__init__(f"another crawl works on {database} ({who}): wait until it has ended, or stop it")


@attrs.frozen
class CrawlRequest:
    """What to crawl, and where to put it.

    `institutions` are ids, () for all. `record` is a folder for a WARC file, `replay` a WARC file to crawl instead of the
    network. `settings` go over all others (see scraper/settings.py). `log_file` gets the log of level `log_level`.
    A `staged` crawl works on a copy that is published if it passes the gate (scraper/staging.py). `resume` goes on with
    a crawl that was cut off; where there is none, a new one is begun. `minutes` is what it may take. With `queue`, the address of a
    Redis, this is one worker of many (scraper/queue): nothing is stored here, the database only tells what is known already.
    """

    database: Path | None = None
    registry: Path = DIRECTORY
    institutions: tuple[str, ...] = ()
    record: Path | None = None
    replay: Path | None = None
    max_pages: int | None = None
    url: str | None = None  # the project's address in the user agent; None: as set by USCE_URL
    contact: str | None = None  # the maintainer's; None: as set by USCE_CONTACT
    log_file: Path | None = None
    log_level: str = "WARNING"
    staged: bool = False
    resume: bool = False
    minutes: float | None = None
    queue: str = ""
    settings: dict[str, Any] = attrs.field(factory=dict)

    def to_json(self) -> str:
        """The order as the child reads it."""
        return json.dumps(attrs.asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> CrawlRequest:
        """The order that `to_json` wrote."""
        values = json.loads(text)
        for name in ("database", "registry", "record", "replay", "log_file"):
            values[name] = Path(values[name]) if values[name] else None
        return cls(**(values | {"institutions": tuple(values["institutions"])}))


@attrs.define
class Progress:
    """How far a crawl is."""

    institutions: int = 0  # to visit
    done: int = 0
    pages: int = 0
    relevant: int = 0
    programs: int = 0
    errors: int = 0
    latest: str = ""  # the id of the institution done last
    workers: int = 1
    elsewhere: int = 0  # institutions that other workers have done


@attrs.define
class CrawlReport:
    """How a crawl went: an outcome for each institution that was visited, in the order in which they ended."""

    started_at: str = ""
    finished_at: str = ""
    outcomes: dict[str, Outcome] = attrs.field(factory=dict)
    stopped: bool = False  # by Ctrl-C or a `stop` event, before the end
    archive: Path | None = None  # what was recorded
    no_institution: list[str] = attrs.field(
        factory=list
    )  # archived pages that belong to no institution of the registry
    programs: int = 0
    verdict: Verdict | None = None  # of a staged crawl: was it published?
    resumed: int = 0  # institutions that a crawl which was cut off had visited before
    out_of_time: bool = False
    left_out: list[str] = attrs.field(factory=list)  # of a collected crawl: whom no worker could visit to the end
    stats: dict[str, Any] = attrs.field(factory=dict)
    log: list[str] = attrs.field(factory=list)  # the last lines of the log

    @property
    def pages(self) -> int:
        """Pages read."""
        return sum(outcome.pages for outcome in self.outcomes.values())

    @property
    def relevant(self) -> int:
        """Pages that describe a program."""
        return sum(outcome.relevant for outcome in self.outcomes.values())

    @property
    def failures(self) -> Counter[str]:
        """Failures by reason (scraper.outcomes.REASONS)."""
        return sum((outcome.failures for outcome in self.outcomes.values()), Counter())

    @property
    def unreached(self) -> list[str]:
        """The institutions of which no host answered."""
        return [identifier for identifier, outcome in self.outcomes.items() if not outcome.reached]

    @property
    def offline(self) -> bool:
        """Did no host at all answer? Then it is the line here that is dead, not the hospitals'."""
        visited = [outcome for outcome in self.outcomes.values() if outcome.fetches]
        return bool(visited) and not any(outcome.reached for outcome in visited)


def run_crawl(
    request: CrawlRequest,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> CrawlReport:
    """Run a crawl to its end and report how it went.

    `on_progress` is called with the state of things whenever it has changed, in the caller's thread. Ctrl-C, or `stop`
    being set, ends the crawl gracefully: what is finished is stored, the rest stays as it was, the report says `stopped`. A second
    Ctrl-C kills it. Raises RegistryError, ArchiveError, CrawlLocked and CrawlError.
    """
    _check(request)
    report, progress = CrawlReport(started_at=utc_now()), Progress()
    with tempfile.TemporaryFile("w+b") as log, _child(request, log) as child:
        last: dict[str, Any] = {}
        for event in _events(child, stop, report):
            if event["event"] in ("closed", "locked", "failed"):
                last = event
            else:
                _note(event, report, progress)
                if on_progress:
                    on_progress(progress)
        code = child.wait()
        report.log = _tail(log)
    report.finished_at = utc_now()
    if last.get("event") == "locked":
        raise CrawlLocked(str(request.database), last["holder"])
    if last.get("event") == "failed":
        raise _ERRORS.get(last["kind"], CrawlError)(last["message"])
    if last.get("event") != "closed" and not report.stopped:
        raise CrawlError("\n".join([f"the crawl broke off (exit code {code})", *report.log[-20:]]))
    report.stats = last.get("stats", {})
    report.archive = Path(report.stats["archive/path"]) if "archive/path" in report.stats else None
    report.programs = progress.programs
    report.out_of_time = report.stats.get("finish_reason") == OUT_OF_TIME
    return report


# What a child may raise that has a name of its own.
_ERRORS: dict[str, type[Exception]] = {
    "ArchiveError": ArchiveError,
    "DatabaseError": DatabaseError,
    "QueueError": QueueError,
    "ReadingEnded": CrawlError,
}


def _check(request: CrawlRequest) -> None:
    """Whatever can be said to be wrong before anything is started."""
    registry = load_registry(request.registry)
    if unknown := [identifier for identifier in request.institutions if identifier not in registry.institutions]:
        raise CrawlError(
            f"not in the registry: {', '.join(unknown)}. Ids are the first column of {request.registry / 'institutions.csv'}"
        )
    if request.queue and (request.replay or request.staged):
        raise CrawlError("the worker of a queue neither replays nor stores anything")
    if request.queue:
        connect(request.queue).close()
    if request.record and request.replay:
        raise CrawlError("a replay cannot be recorded: it would be the same archive again")
    if request.replay and not request.replay.is_file():
        raise ArchiveError(f"{request.replay}: there is no such archive")
    if request.record:
        try:
            request.record.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(
                f"{request.record}: cannot record there ({error.strerror}): name a folder that may be written"
            ) from None


@contextlib.contextmanager
def _child(request: CrawlRequest, log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The child process that crawls, with its order given; killed if it is still there at the end."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "scraper.crawling"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        env=environment,
    )
    try:
        assert child.stdin is not None
        child.stdin.write(request.to_json().encode() + b"\n")
        child.stdin.flush()
        yield child
    except BaseException:
        _kill(child)
        raise
    finally:
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _events(
    child: subprocess.Popen[bytes], stop: threading.Event | None, report: CrawlReport
) -> Iterator[dict[str, Any]]:
    """The child's events until it ends. Ctrl-C and `stop` are passed on to it."""
    done = threading.Event()
    if stop is not None:

        def watch() -> None:
            while not done.wait(0.2):
                if stop.is_set():
                    report.stopped = True
                    _interrupt(child)
                    return

        threading.Thread(target=watch, daemon=True).start()
    assert child.stdout is not None
    killer: threading.Timer | None = None
    try:
        while True:
            try:
                line = child.stdout.readline()
                if not line:
                    return
                yield json.loads(line)
            except KeyboardInterrupt:
                if report.stopped:
                    raise
                report.stopped = True
                _interrupt(child)
                killer = threading.Timer(STOP_SECONDS, _kill, (child,))
                killer.daemon = True
                killer.start()
    finally:
        done.set()
        if killer:
            killer.cancel()


def _interrupt(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, OSError):
        child.send_signal(signal.SIGINT)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the process that crawls, and what it has begun: the one that reads beside it, a browser."""
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL)


def _note(event: dict[str, Any], report: CrawlReport, progress: Progress) -> None:
    if event["event"] == "started":
        progress.institutions = event["institutions"]
        report.no_institution = event["no_institution"]
    elif event["event"] == "resumed":
        report.resumed = event["visited"]
    elif event["event"] == "queue":
        progress.workers = event["workers"]
        progress.elsewhere = max(0, event["done"] - progress.done)
    elif event["event"] == "judged":
        report.verdict = Verdict(tuple(event["problems"]), tuple(event["institutions"]))
    elif event["event"] == "page":
        progress.pages += 1
        progress.relevant += event["relevant"]
    elif event["event"] == "institution":
        outcome = Outcome.of(event["outcome"])
        report.outcomes[outcome.institution_id] = outcome
        progress.done += 1
        progress.errors += outcome.failures.total()
        progress.latest = outcome.institution_id
        progress.programs = event["programs"]


def _tail(log: IO[bytes], size: int = 20_000) -> list[str]:
    log.seek(0, os.SEEK_END)
    log.seek(max(0, log.tell() - size))
    return log.read().decode("utf-8", "replace").splitlines()


# --- The child --------------------------------------------------------------------------------------------------------------


class Reporter:
    """Turns a crawl's signals into events."""

    def __init__(self, crawler: Crawler, emit: Callable[[dict[str, Any]], None]) -> None:
        self.crawler = crawler
        self.emit = emit
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.page_read, signal=page_read)
        crawler.signals.connect(self.institution_reported, signal=institution_reported)
        crawler.signals.connect(self.queue_moved, signal=queue_moved)

    def spider_opened(self, spider: Any) -> None:
        event = {"event": "started", "institutions": len(spider.to_visit)}
        self.emit(event | {"no_institution": getattr(spider, "no_institution", [])})

    def page_read(self, page: Page) -> None:
        self.emit(
            {"event": "page", "url": page.url, "institution": page.institution_id, "relevant": bool(page.relevant)}
        )

    def institution_reported(self, outcome: Outcome) -> None:
        programs = self.crawler.stats.get_value("programs/built", 0)
        self.emit({"event": "institution", "outcome": outcome.record(), "programs": programs})

    def queue_moved(self, counts: Any) -> None:
        self.emit({"event": "queue", "done": counts.done, "workers": counts.workers})


def settings_for(request: CrawlRequest) -> Settings:
    """Scrapy's settings for a crawl: the project's, then the request's own, then those that the request overrides."""
    settings = Settings()
    settings.setmodule("scraper.settings", priority="project")
    own: dict[str, Any] = {
        "USCE_DATABASE": str(request.database or ""),
        "USCE_REGISTRY": str(request.registry),
        "USCE_INSTITUTIONS": list(request.institutions),
        "USCE_RECORD": str(request.record or ""),
        "USCE_REPLAY": str(request.replay or ""),
        "HTTPCACHE_ENABLED": bool(request.record or request.replay),
        "LOG_LEVEL": request.log_level,
        "LOG_FILE": str(request.log_file) if request.log_file else None,
    }
    if request.minutes is not None:
        own["USCE_MINUTES"] = request.minutes
    if request.max_pages is not None:
        own["USCE_MAX_PAGES"] = request.max_pages
    if request.url is not None or request.contact is not None:
        url = settings["USCE_URL"] if request.url is None else request.url
        contact = settings["USCE_CONTACT"] if request.contact is None else request.contact
        own["USER_AGENT"] = user_agent(url, contact)
    if request.replay:
        # Nothing leaves this machine, so there is nobody to be polite to.
        own |= {
            "HTTPCACHE_IGNORE_MISSING": True,
            "ROBOTSTXT_OBEY": False,
            "DOWNLOAD_DELAY": 0,
            "AUTOTHROTTLE_ENABLED": False,
            "RETRY_ENABLED": False,
        }
    settings.setdict(own, priority="cmdline")
    settings.setdict(request.settings, priority="cmdline")
    settings.setdict(browser.settings(settings), priority="project")
    return settings


class Lock:
    """The right to crawl into a database: a lock on a file beside it, that ends with its process, however that ends."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(f"{database.name}.lock")
        self.file: IO[str] | None = None

    def acquire(self) -> dict[str, Any] | None:
        """None when the lock is ours now, else what is known of its holder."""
        import fcntl  # only a crawl needs it, and only Unix has it

        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            with file, contextlib.suppress(ValueError):
                return dict(json.loads(file.read()))
            return {}
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "since": utc_now()}))
        file.flush()
        self.file = file
        return None

    def release(self) -> None:
        """Give the right back."""
        if self.file:
            self.path.unlink(missing_ok=True)
            self.file.close()
            self.file = None


def crawl_here(request: CrawlRequest, emit: Callable[[dict[str, Any]], None], quit_when: IO[str] | None = None) -> None:
    """Run a crawl in this process, once; `emit` gets its events. Ends early when `quit_when` reaches its end."""
    if request.queue:
        _work(request, emit, quit_when)
        return
    lock = Lock(request.database) if request.database else None
    try:
        holder = lock.acquire() if lock else None
    except OSError as error:
        raise DatabaseError(
            f"{request.database}: cannot be written ({error.strerror}). Check the folder's permissions and free space."
        ) from None
    if holder is not None:
        emit({"event": "locked", "holder": holder})
        return
    try:
        staging = Staging(request.database) if request.database and request.staged else None
        if request.database and staging:
            request = attrs.evolve(request, database=staging.prepare(request.resume))
        settings = settings_for(request)
        stats: dict[str, Any] = {}
        if _resume(request, settings, emit, judged_next=bool(staging and staging.resumed)):
            with Reading(settings) as reading:
                stats = _run(settings, emit, quit_when, reading)
        if stats.get("failed"):
            emit(stats["failed"])
            return
        if staging and request.database == staging.path:
            verdict = staging.judge(settings)
            emit({"event": "judged", "problems": verdict.problems, "institutions": verdict.institutions})
        emit({"event": "closed", "stats": stats})
    finally:
        if lock:
            lock.release()


def _work(request: CrawlRequest, emit: Callable[[dict[str, Any]], None], quit_when: IO[str] | None) -> None:
    """Be a worker of the crawl in the queue; begin one where none goes on."""
    from scraper.queue.shared import OTHER_RULES, Shared, rules_of  # what stands there needs the extra

    chosen = request.institutions or tuple(load_registry(request.registry).institutions)
    rules = rules_of(request.registry)
    shared = Shared.open(connect(request.queue), chosen, rules)
    if shared.rules != rules:
        raise QueueError(OTHER_RULES)
    if request.institutions and not set(request.institutions) <= set(shared.plan):
        raise QueueError(
            f"another crawl goes on in the queue since {shared.opened_at}, of {len(shared.plan)} institutions: name none to join it, or wait for its end."
        )
    if not shared.goes_on():
        emit({"event": "closed", "stats": {"finish_reason": NOTHING_LEFT}})
        return
    if request.database and request.database.exists():
        open_database(request.database).close()  # what is known is read from it: in today's form
    settings = settings_for(attrs.evolve(request, institutions=shared.plan))
    mine = queue_settings(
        request.queue,
        shared,
        settings.getdict("ITEM_PIPELINES"),
        settings.getdict("DOWNLOADER_MIDDLEWARES"),
        settings.getdict("EXTENSIONS"),
    )
    settings.setdict(mine, priority="cmdline")
    stats = _run(settings, emit, quit_when)
    emit(stats["failed"] if stats.get("failed") else {"event": "closed", "stats": stats})


def _resume(
    request: CrawlRequest, settings: Settings, emit: Callable[[dict[str, Any]], None], judged_next: bool
) -> bool:
    """Set a crawl up to go on where one was cut off, if that is wanted. Is anything to be fetched then? Not where all were
    visited, or where the crawl came to its end and was cut off before it was judged (`judged_next`)."""
    if not (request.resume and request.database and request.database.exists()) or request.replay:
        return True
    db = open_database(request.database)
    try:
        if (found := unfinished(db)) is None:
            return not judged_next
        known = load_registry(request.registry).institutions
        left = [identifier for identifier in found.left if identifier in known]
        emit({"event": "resumed", "visited": len(found.planned) - len(left)})
        if not left:
            finish_crawl(db, found.crawl_id)
            return False
        settings.setdict({"USCE_INSTITUTIONS": left, "USCE_RESUME": found.crawl_id}, priority="cmdline")
        return True
    finally:
        db.conn.close()


def _run(
    settings: Settings,
    emit: Callable[[dict[str, Any]], None],
    quit_when: IO[str] | None,
    reading: Reading | None = None,
) -> dict[str, Any]:
    """Let Scrapy crawl; its stats, with the event to send under 'failed' where it broke. Without `reading` pages are read in this process."""
    collect_less_often()
    process = AsyncCrawlerProcess(settings)
    _silence(settings["LOG_LEVEL"])
    crawler = process.create_crawler(SPIDER)
    crawler.reading = reading  # type: ignore[attr-defined]
    reporters: list[Reporter] = [Reporter(crawler, emit)]
    task = process.crawl(crawler)
    if quit_when is not None:
        threading.Thread(target=_stop_at_end_of, args=(quit_when,), daemon=True).start()
    process.start()
    del reporters
    if error := (None if task.cancelled() else task.exception()):
        return {"failed": _failed(error)}
    stats = crawler.stats.get_stats()
    if message := stats.get("queue/error"):
        return {"failed": {"event": "failed", "kind": "QueueError", "message": message}}
    if message := stats.get("reading/error"):
        return {"failed": {"event": "failed", "kind": "ReadingEnded", "message": message}}
    if message := stats.get("storage/error"):
        said = f"what was found could not be stored: {message}"
        return {"failed": {"event": "failed", "kind": "", "message": said}}
    return {name: value if isinstance(value, (int, float, list)) else str(value) for name, value in stats.items()}


def _failed(error: BaseException) -> dict[str, Any]:
    kind = type(error).__name__
    return {"event": "failed", "kind": kind, "message": str(error) if kind in _ERRORS else f"{kind}: {error}"}


def _silence(level: str) -> None:
    """Failures of hosts are outcomes of their own, counted and named; Scrapy's tracebacks for each of them are not wanted. Records below
    `level`, some for each page, are not even made."""
    logging.disable(logging.getLevelName(level) - 1)
    logging.getLogger("scrapy.downloadermiddlewares.robotstxt").setLevel(logging.CRITICAL)
    for name in (
        "scrapy.core.downloader.handlers.http11",
        "scrapy.utils._download_handlers",
        "scrapy.downloadermiddlewares.httpcompression",
        "scrapy-playwright",
    ):
        logging.getLogger(name).setLevel(logging.ERROR)


def _stop_at_end_of(stream: IO[str]) -> None:
    """Interrupt this process when `stream` ends: whoever wanted the crawl is gone."""
    while stream.read(4096):
        pass
    os.kill(os.getpid(), signal.SIGINT)


def main() -> None:
    """The child: an order on stdin, events on stdout."""
    request = CrawlRequest.from_json(sys.stdin.readline())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints goes to the log

    def emit(event: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            out.write(json.dumps(event) + "\n")
            out.flush()

    try:
        crawl_here(request, emit, quit_when=sys.stdin)
    except Exception as error:
        emit(_failed(error))
        raise


if __name__ == "__main__":
    main()
