"""A crawl as a whole: progress, report, stopping, two at once, no network, and what is said when it cannot be run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import attrs
import pytest

from scraper.archive import ArchiveError
from scraper.crawling import CrawlError, CrawlLocked, CrawlReport, CrawlRequest, Lock, Progress, run_crawl
from scraper.outcomes import Outcome
from scraper.registry import RegistryError
from tests.spiders.hosts import NO_DELAY, crawl, page, serve, write_registry

SITE = "www.lakeshore.example"
PROGRAM = page("Visiting students", text="Visiting students may apply.")


class Broken:
    """A stage that fails on every other page, and when an institution is done."""

    def __init__(self):
        self.count = 0

    @classmethod
    def from_crawler(cls, crawler):
        from scraper.signals import institution_finished

        stage = cls()
        if crawler.settings.getbool("USCE_BREAK_STORAGE"):
            crawler.signals.connect(stage.finished, signal=institution_finished)
        return stage

    def process_item(self, item):
        self.count += 1
        if self.count % 2:
            raise RuntimeError("a bug")
        return item

    def finished(self, institution_id):
        raise OSError("database or disk is full")


def test_requests_travel_as_json():
    request = CrawlRequest(
        Path("a.db"), Path("data"), ("x", "y"), replay=Path("b.warc.gz"), max_pages=3, settings={"A": [1]}
    )
    assert CrawlRequest.from_json(request.to_json()) == request
    outcome = Outcome("x", fetches=2, pages=1)
    outcome.failed("http_404", "https://h.example/")
    assert Outcome.of(outcome.record()) == outcome


def test_progress_and_report(tmp_path):
    seen: list[Progress] = []
    with serve({SITE: {"/": PROGRAM}, "www.pinehill.example": {"/": page("Home", "Electives -> /gone")}}) as hosts:
        registry = write_registry(
            tmp_path, {"lakeshore": hosts.url(SITE), "pinehill": hosts.url("www.pinehill.example")}
        )
        settings = NO_DELAY | {
            "USCE_HOSTS": dict.fromkeys(hosts.pages, "127.0.0.1"),
            "USCE_COLLECT": str(tmp_path / "p"),
        }
        report = run_crawl(
            CrawlRequest(registry=registry, settings=settings), lambda now: seen.append(attrs.evolve(now))
        )
    assert seen[0] == Progress(institutions=2)
    assert (seen[-1].done, seen[-1].pages, seen[-1].relevant, seen[-1].errors) == (2, 2, 1, 1)
    assert (report.pages, report.relevant, report.failures) == (2, 1, {"http_404": 1})
    assert report.outcomes["pinehill"].failed_urls == {f"http://www.pinehill.example:{hosts.port}/gone": "http_404"}
    assert not report.stopped and not report.offline
    assert report.started_at <= report.finished_at


def test_visits_begin_at_once(tmp_path):
    """The delay between two requests is a host's own: one institution does not wait for another."""
    names = [f"www.site-{number}.example" for number in range(6)]
    with serve({name: {"/": PROGRAM} for name in names}) as hosts:
        report, _ = crawl(
            tmp_path, hosts, {n.split(".")[1]: hosts.url(n) for n in names}, settings={"DOWNLOAD_DELAY": 1.0}
        )
    first = {name: min(when for when, host, _ in hosts.log if host == name) for name in names}
    assert max(first.values()) - min(first.values()) < 1.0
    assert report.pages == 6


def test_offline_is_told_from_broken_sites(tmp_path):
    websites = {name: f"http://{name}.invalid/" for name in ("one", "two", "three")}
    with serve({}) as hosts:
        report, _ = crawl(tmp_path, hosts, websites)
    assert report.offline
    assert sorted(report.unreached) == sorted(websites)
    assert not report.log, "no tracebacks for hosts that are not there"
    assert not CrawlReport().offline


def test_a_crawl_can_be_stopped(tmp_path):
    stop = threading.Event()
    with serve({SITE: {"/": PROGRAM}, "www.slow.example": {"/": lambda _: stop.set() or time.sleep(20)}}) as hosts:
        websites = {"lakeshore": hosts.url(SITE), "slow": hosts.url("www.slow.example")}
        registry = write_registry(tmp_path, websites, {name: [url] for name, url in websites.items()})
        settings = NO_DELAY | {
            "USCE_HOSTS": dict.fromkeys(hosts.pages, "127.0.0.1"),
            "USCE_COLLECT": str(tmp_path / "p"),
            "DOWNLOAD_TIMEOUT": 60,
        }
        begun = time.monotonic()
        report = run_crawl(CrawlRequest(registry=registry, settings=settings), stop=stop)
    assert time.monotonic() - begun < 10
    assert report.stopped
    assert report.outcomes["lakeshore"].finished
    assert not report.outcomes["slow"].finished
    assert not report.outcomes["slow"].failures


def test_a_crawl_runs_in_any_thread(tmp_path):
    found = []
    with serve({SITE: {"/": PROGRAM}}) as hosts:
        thread = threading.Thread(target=lambda: found.append(crawl(tmp_path, hosts, {"lakeshore": hosts.url(SITE)})))
        thread.start()
        thread.join()
    assert found[0][0].pages == 1


def test_a_bug_in_a_stage_is_counted_and_stops_nothing(tmp_path):
    site = {"/": page("Home", "Electives -> /electives"), "/electives": PROGRAM}
    with serve({SITE: site}) as hosts:
        settings = {"ITEM_PIPELINES": {"tests.scraper.test_crawling.Broken": 1}}
        report, _ = crawl(tmp_path, hosts, {"lakeshore": hosts.url(SITE)}, settings=settings)
    assert report.failures == {"stage": 1}
    assert report.outcomes["lakeshore"].pages == 2
    assert any("a bug" in line for line in report.log)


def test_what_cannot_be_stored_is_an_error(tmp_path):
    with serve({SITE: {"/": PROGRAM}}) as hosts:
        settings = {"ITEM_PIPELINES": {"tests.scraper.test_crawling.Broken": 1}, "USCE_BREAK_STORAGE": True}
        with pytest.raises(CrawlError, match="database or disk is full"):
            crawl(tmp_path, hosts, {"lakeshore": hosts.url(SITE)}, settings=settings)


def test_two_crawls_at_once_on_one_database(tmp_path):
    lock = Lock(tmp_path / "atlas.db")
    assert lock.acquire() is None
    with serve({SITE: {"/": PROGRAM}}) as hosts:
        with pytest.raises(CrawlLocked, match=r"another crawl works on .*atlas\.db \(process \d+, since 20"):
            crawl(tmp_path, hosts, {"lakeshore": hosts.url(SITE)}, database=tmp_path / "atlas.db")
        lock.release()
        report, _ = crawl(tmp_path, hosts, {"lakeshore": hosts.url(SITE)}, database=tmp_path / "atlas.db")
    assert report.pages == 1
    assert not (tmp_path / "atlas.db.lock").exists()


@pytest.mark.parametrize(
    ("request_of", "error", "words"),
    [
        (lambda path: {"institutions": ("nobody",)}, CrawlError, "not in the registry: nobody"),
        (lambda path: {"replay": path / "none.warc.gz"}, ArchiveError, "there is no such archive"),
        (lambda path: {"replay": path / "registry/institutions.csv"}, ArchiveError, "is not a WARC file"),
        (lambda path: {"replay": path, "record": path}, CrawlError, "cannot be recorded"),
        (lambda path: {"record": path / "registry/institutions.csv/x"}, ArchiveError, "cannot record there"),
        (lambda path: {"registry": path}, RegistryError, "there is no such file"),
    ],
)
def test_what_cannot_be_run_is_explained(tmp_path, request_of, error, words):
    registry = write_registry(tmp_path / "registry", {"lakeshore": ""})
    with pytest.raises(error, match=words):
        run_crawl(CrawlRequest(**({"registry": registry} | request_of(tmp_path))))
