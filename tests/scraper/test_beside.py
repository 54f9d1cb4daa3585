"""Two processes for one crawl, one that fetches and one that reads and stores: what becomes of one without the other."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from scraper.beside import _portable
from scraper.crawling import CrawlError, CrawlReport, CrawlRequest, Lock, run_crawl
from scraper.database import DatabaseError, open_database, select
from scraper.demo import CRAWL_SETTINGS, serve_sites
from scraper.settings import ITEM_PIPELINES
from scraper.signals import institution_finished
from tests.spiders.hosts import crawl, page, serve
from tests.states import facts, is_whole

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = "tests.scraper.test_beside"
AFTER = 12  # pages that are read before something happens


class Incident:
    """A last stage, in the process that reads: lets something happen there once."""

    def __init__(self, crawler: Any) -> None:
        self.note = Path(crawler.settings["USCE_NOTE"])
        self.pages = 0

    @classmethod
    def from_crawler(cls, crawler: Any) -> Incident:
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        self.pages += 1
        if self.pages == AFTER:
            self.note.write_text(str(os.getpid()))
            self.happens()
        return item

    def happens(self) -> None:
        raise NotImplementedError


class ReaderIsKilled(Incident):
    def happens(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class ReaderExits(Incident):
    def happens(self) -> None:
        os._exit(7)


class CrawlerIsKilled(Incident):
    def happens(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(300)  # a page that is never read to its end


class CrawlerIsKilledAndReaderStands(Incident):
    def happens(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGSTOP)


class GroupIsInterrupted(Incident):
    def happens(self) -> None:
        os.killpg(0, signal.SIGINT)


class GroupIsTerminated(Incident):
    def happens(self) -> None:
        os.killpg(0, signal.SIGTERM)


class Slow:
    """A stage that takes its time."""

    def process_item(self, item: Any) -> Any:
        time.sleep(0.3)
        item.relevant = False
        return item


class SlowToStore:
    """A stage that takes its time when a visit is over."""

    @classmethod
    def from_crawler(cls, crawler: Any) -> SlowToStore:
        stage = cls()
        crawler.signals.connect(stage.finished, signal=institution_finished)
        return stage

    def process_item(self, item: Any) -> Any:
        item.relevant = False
        return item

    def finished(self) -> None:
        time.sleep(0.6)


class Counts:
    """A stage that counts what it is told, each in the process where it stands."""

    def __init__(self, crawler: Any) -> None:
        self.stats = crawler.stats
        self.stats.set_value("counts/process", os.getpid())

    @classmethod
    def from_crawler(cls, crawler: Any) -> Counts:
        return cls(crawler)

    def open_spider(self) -> None:
        self.stats.inc_value("counts/opened")

    def process_item(self, item: Any) -> Any:
        self.stats.inc_value("counts/pages")
        return item

    def close_spider(self) -> None:
        self.stats.inc_value("counts/closed")


class CannotOpen:
    def open_spider(self) -> None:
        raise DatabaseError("there is no place")

    def process_item(self, item: Any) -> Any:
        return item


@attrs.frozen
class Sites:
    """The sample sites, and what an undisturbed crawl of them comes to."""

    request: CrawlRequest
    report: CrawlReport

    def with_stage(self, name: str, database: Path, place: int = 10_000) -> CrawlRequest:
        """A crawl into `database` with one stage more."""
        stages = ITEM_PIPELINES | {f"{PLACE}.{name}": place}
        settings = self.request.settings | {"ITEM_PIPELINES": stages, "USCE_NOTE": str(database.with_suffix(".note"))}
        return attrs.evolve(self.request, database=database, settings=settings)

    def holds_all(self, database: Path) -> bool:
        assert self.request.database
        return is_whole(database) and facts(database) == facts(self.request.database)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    folder = tmp_path_factory.mktemp("beside")
    with serve_sites() as served:
        request = CrawlRequest(
            folder / "undisturbed.db",
            served.write_registry(folder / "registry"),
            settings=CRAWL_SETTINGS | {"USCE_BROWSER": False},
        )
        yield Sites(request, run_crawl(request))


def until(is_so: Any, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(is_so())


def is_free(database: Path) -> bool:
    lock = Lock(database)
    if lock.acquire() is not None:
        return False
    lock.release()
    return True


# --- what is stored, and counted -----------------------------------------------------------------------------------------


def test_what_is_stored_and_counted_is_what_one_process_stores_and_counts(sites: Sites, tmp_path: Path) -> None:
    request = attrs.evolve(sites.request, database=tmp_path / "one.db")
    alone = f"""
import json, sys
from scraper.crawling import CrawlRequest, _run, settings_for
print(json.dumps(_run(settings_for(CrawlRequest.from_json({request.to_json()!r})), lambda event: None, None)))
"""
    done = subprocess.run([sys.executable, "-c", alone], cwd=ROOT, capture_output=True, text=True, check=True)
    assert sites.holds_all(tmp_path / "one.db")
    assert facts(tmp_path / "one.db")["programs"]
    counted = json.loads(done.stdout)
    varying = ("start_time", "finish_time", "elapsed_time_seconds", "responses_per_minute", "items_per_minute")
    assert {name: value for name, value in sites.report.stats.items() if name not in varying} == {
        name: value for name, value in counted.items() if name not in varying
    }


def test_stages_run_in_one_other_process_from_beginning_to_end(tmp_path: Path) -> None:
    host = "www.lakeshore.example"
    with serve({host: {"/": page("Home", "Visiting students -> /visiting"), "/visiting": page("Visiting")}}) as hosts:
        settings = {"ITEM_PIPELINES": {f"{PLACE}.Counts": 1}}
        report, _ = crawl(tmp_path, hosts, {"lakeshore": hosts.url(host)}, settings=settings)
    counted = {name: value for name, value in report.stats.items() if name.startswith("counts/")}
    process = counted.pop("counts/process")
    assert counted == {"counts/opened": 1, "counts/pages": report.pages, "counts/closed": 1}
    assert process != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(int(process), 0)


def test_a_page_that_takes_long_to_read_holds_up_no_download(tmp_path: Path) -> None:
    names = [f"www.site-{number}.example" for number in range(4)]
    with serve({name: {"/": page("Home")} for name in names}) as hosts:
        settings = {"ITEM_PIPELINES": {f"{PLACE}.Slow": 1}}
        report, _ = crawl(tmp_path, hosts, {n.split(".")[1]: hosts.url(n) for n in names}, settings=settings)
    first = [min(when for when, host, path in hosts.log if (host, path) == (name, "/")) for name in names]
    assert max(first) - min(first) < 0.3
    assert report.pages == 4


def test_while_a_visit_is_stored_the_next_one_begins(tmp_path: Path) -> None:
    names = ["www.site-0.example", "www.site-1.example"]
    with serve({name: {"/": page("Home")} for name in names}) as hosts:
        settings = {"ITEM_PIPELINES": {f"{PLACE}.SlowToStore": 1}, "USCE_CONCURRENT_INSTITUTIONS": 1}
        report, _ = crawl(tmp_path, hosts, {n.split(".")[1]: hosts.url(n) for n in names}, settings=settings)
    first, second = (next(when for when, host, path in hosts.log if (host, path) == (name, "/")) for name in names)
    assert second - first < 0.5
    assert all(outcome.finished for outcome in report.outcomes.values())


# --- one without the other -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stage", "how"), [("ReaderIsKilled", "signal SIGKILL"), ("ReaderExits", "exit code 7")])
def test_a_crawl_that_loses_its_reader_says_so(tmp_path: Path, stage: str, how: str) -> None:
    host = "www.lakeshore.example"
    with serve(
        {host: {"/": page("Home", *(f"Elective -> /elective-{n}" for n in range(20))), "*": page("Elective")}}
    ) as hosts:
        settings = {"ITEM_PIPELINES": {f"{PLACE}.{stage}": 1}, "USCE_NOTE": str(tmp_path / "note")}
        with pytest.raises(CrawlError) as raised:
            crawl(tmp_path, hosts, {"lakeshore": hosts.url(host)}, settings=settings)
    assert str(raised.value) == (
        f"the process that reads the pages ended before its time ({how})."
        " All that was stored before is whole: `usce crawl --resume` goes on from there."
    )
    assert len(hosts.asked(host)) <= AFTER + 1, "pages that nobody would read are not asked for"


def test_a_crawl_that_lost_its_reader_can_be_gone_on_with(sites: Sites, tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    with pytest.raises(CrawlError, match="the process that reads"):
        run_crawl(sites.with_stage("ReaderIsKilled", database))
    assert is_whole(database)
    assert is_free(database)
    report = run_crawl(attrs.evolve(sites.request, database=database, resume=True))
    assert report.resumed + len(report.outcomes) == len(sites.report.outcomes)
    assert sites.holds_all(database)


def test_a_staged_crawl_that_loses_its_reader_leaves_the_database_alone(sites: Sites, tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    shutil.copy(sites.request.database or "", database)
    before = database.read_bytes()
    request = sites.with_stage("ReaderIsKilled", database)
    with pytest.raises(CrawlError, match="the process that reads"):
        run_crawl(attrs.evolve(request, staged=True, settings=request.settings | {"USCE_CONDITIONAL": False}))
    assert database.read_bytes() == before
    report = run_crawl(attrs.evolve(sites.request, database=database, staged=True, resume=True))
    assert report.verdict is not None and report.verdict.passed


def test_nobody_reads_on_when_the_crawl_is_killed(sites: Sites, tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    begun = time.monotonic()
    with pytest.raises(CrawlError, match=r"broke off \(exit code -9\)"):
        run_crawl(sites.with_stage("CrawlerIsKilled", database))
    assert time.monotonic() - begun < 100, "the page that was being read is not waited for"
    assert is_free(database)
    assert is_whole(database)
    run_crawl(attrs.evolve(sites.request, database=database, resume=True))
    assert sites.holds_all(database)


def test_no_second_crawl_begins_while_the_reader_of_a_killed_one_may_still_write(sites: Sites, tmp_path: Path) -> None:
    database, note = tmp_path / "a.db", tmp_path / "a.note"
    failed: list[str] = []

    def run() -> None:
        try:
            run_crawl(sites.with_stage("CrawlerIsKilledAndReaderStands", database))
        except CrawlError as error:
            failed.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    assert until(lambda: note.exists() and note.read_text(), 30)
    reader = int(note.read_text())
    assert until(lambda: _state(reader) == "T")
    assert not is_free(database), "the crawling process is dead, but its reader is not"
    os.kill(reader, signal.SIGCONT)
    thread.join(10)
    assert failed and "exit code -9" in failed[0]
    assert is_free(database)
    assert is_whole(database)


def _state(process: int) -> str:
    """'T' for a process that stands still."""
    known = Path(f"/proc/{process}/stat")
    if known.exists():
        return known.read_text().rpartition(") ")[2][:1]
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True)
    return done.stdout.strip()[:1]


@pytest.mark.parametrize("stage", ["GroupIsInterrupted", "GroupIsTerminated"])
def test_signals_to_both_stop_the_crawl_and_store_what_is_finished(sites: Sites, tmp_path: Path, stage: str) -> None:
    database = tmp_path / "a.db"
    request = sites.with_stage(stage, database)
    report = run_crawl(attrs.evolve(request, settings=request.settings | {"USCE_CONCURRENT_INSTITUTIONS": 2}))
    assert report.stats["finish_reason"] == "shutdown"
    finished = {identifier for identifier, outcome in report.outcomes.items() if outcome.finished}
    assert 0 < len(finished) < len(sites.report.outcomes)
    db = open_database(database)
    assert {row["institution_id"] for row in select(db, "crawl_hosts")} == finished
    assert [row["outcome"] for row in select(db, "crawls")] == ["shutdown"]
    db.conn.close()


# --- errors on their way -------------------------------------------------------------------------------------------------


def test_what_cannot_be_opened_is_told_as_it_was_said(sites: Sites, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"^there is no place$"):
        run_crawl(sites.with_stage("CannotOpen", tmp_path / "a.db"))
    assert is_free(tmp_path / "a.db")


class Odd(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (DatabaseError("the disk is full"), DatabaseError, "the disk is full"),
        (ValueError("no number"), ValueError, "no number"),
        (Odd(1, 2), RuntimeError, "Odd: 1 and 2"),
        (OSError(28, "No space left"), OSError, "[Errno 28] No space left"),
    ],
)
def test_errors_travel_with_the_place_where_they_were_raised(
    error: Exception, kind: type[Exception], words: str
) -> None:
    def deep_inside() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        deep_inside()
    arrived = pickle.loads(pickle.dumps(_portable(raised.value)))
    assert type(arrived) is kind
    assert str(arrived) == words
    assert any("deep_inside" in note for note in arrived.__notes__)
