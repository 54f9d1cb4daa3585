"""A crawl that runs every week: what a second one asks for, writes and closes, over real HTTP, on the sample sites."""

from __future__ import annotations

import contextlib
import resource
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from scraper.crawling import CrawlError, CrawlReport, CrawlRequest, run_crawl
from scraper.crawls import start_crawl, unfinished
from scraper.database import DatabaseError, open_database, select, select_one
from scraper.demo import CRAWL_SETTINGS, Response, ServedSites, read_sites, serve_sites
from scraper.staging import Staging
from tests.states import facts, is_whole, rows

SITES = len(read_sites())


@attrs.frozen
class Twice:
    """Two crawls of the sample sites, one after the other, into one database."""

    request: CrawlRequest
    database: Path
    before: dict[str, list[tuple[Any, ...]]]
    first: CrawlReport
    second: CrawlReport
    requests: list[tuple[str, str, int]]  # of the second
    served: ServedSites


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twice]:
    folder = tmp_path_factory.mktemp("twice")
    with serve_sites() as served:
        request = CrawlRequest(folder / "a.db", served.write_registry(folder / "registry"), settings=CRAWL_SETTINGS)
        first = run_crawl(request)
        before, asked = rows(request.database), len(served.requests)
        second = run_crawl(request)
        yield Twice(request, request.database, before, first, second, served.requests[asked:], served)


def test_every_page_of_a_second_crawl_is_asked_for_conditionally_and_unchanged(twice: Twice) -> None:
    pages = [
        (site, path, status)
        for site, path, status in twice.requests
        if path not in ("/robots.txt", "/sitemap.xml") and status not in (301, 404)
    ]
    assert pages
    assert {status for _, _, status in pages} == {304}
    assert sum(outcome.unchanged for outcome in twice.second.outcomes.values()) == twice.first.pages == len(pages)


def test_a_second_crawl_of_unchanged_sites_changes_no_row_but_the_crawls(twice: Twice) -> None:
    for name, found in rows(twice.database).items():
        assert found == twice.before[name], name


def test_both_crawls_find_the_same(twice: Twice) -> None:
    for identifier, outcome in twice.first.outcomes.items():
        second = twice.second.outcomes[identifier]
        assert (second.pages, second.relevant, second.programs, second.failures) == (
            outcome.pages, outcome.relevant, outcome.programs, outcome.failures,
        ), identifier  # fmt: skip


def test_how_it_went_is_written_down(twice: Twice) -> None:
    with closing(sqlite3.connect(twice.database)) as connection:
        visits = connection.execute(
            "select crawl_id, sum(pages), sum(new_pages), sum(unchanged_pages), sum(changed_pages) from crawl_hosts group by 1"
        ).fetchall()
    pages = twice.first.pages - twice.first.failures["needs_browser"]  # none where there is a browser
    assert visits == [(1, pages, pages, 0, 0), (2, pages, 0, pages, 0)]


# --- the gate --------------------------------------------------------------------------------------------------------


@pytest.fixture
def staged(twice: Twice, tmp_path: Path) -> CrawlRequest:
    """A staged crawl of the sample sites, into a copy of the database."""
    database = tmp_path / "atlas.db"
    with closing(sqlite3.connect(twice.database)) as source, closing(sqlite3.connect(database)) as target:
        source.backup(target)
    return attrs.evolve(twice.request, database=database, staged=True)


def break_sites(monkeypatch: pytest.MonkeyPatch, served: ServedSites, number: int, **broken: Any) -> list[str]:
    """Let the first sites that have programs answer otherwise."""
    chosen = [site for site in served.sites if "birchwater" not in site.id][:number]
    for site in chosen:
        monkeypatch.setattr(site, "answer", lambda path, own=site.answer: broken["answer"](own(path)))
    return [site.id for site in chosen]


def test_a_crawl_that_passes_is_published(staged: CrawlRequest) -> None:
    before = rows(staged.database)
    report = run_crawl(staged)
    assert report.verdict is not None and report.verdict.passed
    assert rows(staged.database) == before
    assert not Staging(staged.database).path.exists()
    with closing(sqlite3.connect(staged.database)) as connection:
        assert connection.execute("select gate from crawls order by id desc").fetchone() == ("passed",)


def test_sites_that_cannot_be_read_keep_the_old_data_public(
    twice: Twice, staged: CrawlRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(staged.database)
    broken = break_sites(
        monkeypatch,
        twice.served,
        4,
        answer=lambda old: attrs.evolve(old, status=503 if old.status == 200 else old.status),
    )
    report = run_crawl(attrs.evolve(staged, settings=staged.settings | {"RETRY_TIMES": 0}))
    assert report.verdict is not None
    assert report.verdict.problems == (f"4 of {SITES} sites that could be read before cannot be read now",)
    assert [line.partition(":")[0] for line in report.verdict.institutions] == sorted(broken)
    assert "http_503" in report.verdict.institutions[0]
    assert rows(staged.database) == before
    with closing(sqlite3.connect(staged.database)) as connection:
        gate, errors = connection.execute("select gate, errors from crawls order by id desc").fetchone()
        assert gate == report.verdict.problems[0]
        assert errors >= 4, "the crawl itself is told of"
    Staging(staged.database).accept()
    with closing(sqlite3.connect(staged.database)) as connection:
        assert connection.execute("select count(*) from programs where stale_since is not null").fetchone()[0] >= 4


def test_sites_that_say_nothing_any_more_keep_the_old_data_public(
    twice: Twice, staged: CrawlRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(staged.database)
    empty = b"<html><title>Welcome</title><body><h1>Welcome</h1><p>Our new site is here.</p></body></html>"
    broken = break_sites(
        monkeypatch, twice.served, 5,
        answer=lambda old: Response(200, "text/html", empty) if old.status == 200 and "html" in old.content_type else old,
    )  # fmt: skip
    report = run_crawl(staged)
    assert report.verdict is not None and not report.verdict.passed
    assert "programs where" in report.verdict.problems[0]
    assert {line.partition(":")[0] for line in report.verdict.institutions} <= set(broken)
    assert rows(staged.database) == before


def test_a_lost_field_keeps_the_old_data_public(
    twice: Twice, staged: CrawlRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(staged.database)
    break_sites(
        monkeypatch, twice.served, 9,
        answer=lambda old: attrs.evolve(old, body=old.body.replace(b"$", b"")),
    )  # fmt: skip
    report = run_crawl(staged)
    assert report.verdict is not None
    assert [problem.partition(":")[0] for problem in report.verdict.problems] == ["Fees"]
    assert all("Fees of" in line for line in report.verdict.institutions)
    assert rows(staged.database) == before


# --- cut off, and gone on with ---------------------------------------------------------------------------------------


def test_a_crawl_that_was_cut_off_is_gone_on_with(twice: Twice, tmp_path: Path) -> None:
    request = attrs.evolve(twice.request, database=tmp_path / "a.db", staged=True)
    stop = threading.Event()
    request = attrs.evolve(request, settings=request.settings | {"USCE_CONCURRENT_INSTITUTIONS": 1})
    first = run_crawl(request, lambda progress: stop.set() if progress.done >= 4 else None, stop)
    done = {identifier for identifier, outcome in first.outcomes.items() if outcome.finished}
    assert first.stopped and 4 <= len(done) < SITES
    asked = len(twice.served.requests)
    second = run_crawl(attrs.evolve(request, resume=True))
    assert second.resumed == len(done)
    assert not done & {site for site, _, _ in twice.served.requests[asked:]}
    assert facts(request.database) == facts(twice.database)
    with closing(sqlite3.connect(request.database)) as connection:
        assert connection.execute("select id, institutions, outcome from crawls").fetchall() == [(1, SITES, "finished")]
    third = run_crawl(attrs.evolve(request, resume=True, institutions=("birchwater-memorial-hospital",)))
    assert list(third.outcomes) == ["birchwater-memorial-hospital"], "where none was cut off, one is begun"


def test_what_was_found_before_a_break_waits_in_the_copy(twice: Twice, staged: CrawlRequest) -> None:
    """As a process leaves it that is killed: a copy with a crawl that never ended."""
    staging = Staging(staged.database)
    assert staging.prepare(resume=True) == staging.path
    db = open_database(staging.path)
    plan = [row["id"] for row in select(db, "institutions", ("id",))]
    number = start_crawl(db, "live", plan=plan)
    before = select(db, "crawl_hosts", crawl_id=1)
    for row in before[:7]:
        db.table("crawl_hosts").insert(row | {"crawl_id": number})
    db.conn.close()
    report = run_crawl(attrs.evolve(staged, resume=True))
    assert (report.resumed, len(report.outcomes)) == (7, SITES - 7)
    assert report.verdict is not None and report.verdict.passed
    db = open_database(staged.database)
    assert select_one(db, "crawls", id=number)["institutions"] == SITES
    assert unfinished(db) is None
    db.conn.close()


def test_a_crawl_keeps_to_its_minutes(twice: Twice, tmp_path: Path) -> None:
    settings = twice.request.settings | {"USCE_CONCURRENT_INSTITUTIONS": 1, "DOWNLOAD_DELAY": 0.1}
    request = attrs.evolve(twice.request, database=tmp_path / "a.db", minutes=0.05, settings=settings)
    report = run_crawl(request)
    assert report.out_of_time
    assert 0 < len([o for o in report.outcomes.values() if o.finished]) < SITES
    db = open_database(request.database)
    assert unfinished(db) is not None
    db.conn.close()


# --- a line that is dead, a disk that is full, a database that is locked -----------------------------------------------


def test_a_dead_line_makes_nothing_stale(twice: Twice, tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    shutil.copy(twice.database, database)
    before = rows(database)
    registry = tmp_path / "registry"
    shutil.copytree(twice.request.registry, registry)
    for name in ("institutions.csv", "start_urls.csv"):
        text = (registry / name).read_text("utf-8")
        (registry / name).write_text(text.replace("http://127.0.0.", "http://127.1.0."), "utf-8")
    report = run_crawl(attrs.evolve(twice.request, database=database, registry=registry))
    assert report.offline
    after = rows(database)
    assert {name for name in before if after[name] != before[name]} == {"institutions"}
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select count(*) from crawl_hosts where crawl_id = 3 and pages = 0").fetchone() == (
            SITES,
        )


@contextlib.contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file may grow beyond `size`, here and in child processes: to SQLite as good as a disk that is full."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, was[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)


def test_a_full_disk_is_told_and_leaves_the_data_whole(twice: Twice, tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    shutil.copy(twice.database, database)
    before = rows(database)
    with (
        disk_of(database.stat().st_size - 4096),
        pytest.raises((CrawlError, DatabaseError), match=r"no copy to work on can be made .* Is the disk full"),
    ):
        run_crawl(attrs.evolve(twice.request, database=database, staged=True))
    assert rows(database) == before
    open_database(tmp_path / "b.db").conn.close()
    with (
        disk_of((tmp_path / "b.db").stat().st_size + 40_000),
        pytest.raises(CrawlError, match=r"what was found could not be stored: .*(?:full|disk I/O error)"),
    ):
        run_crawl(attrs.evolve(twice.request, database=tmp_path / "b.db"))
    assert is_whole(tmp_path / "b.db")


def test_a_locked_database_is_told_and_left_alone(twice: Twice, tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    shutil.copy(twice.database, database)
    before = rows(database)
    with closing(sqlite3.connect(database)) as other:
        other.execute("begin immediate")
        with pytest.raises((CrawlError, DatabaseError), match="locked"):
            run_crawl(attrs.evolve(twice.request, database=database, settings=twice.request.settings))
    assert rows(database) == before
