"""`usce crawl` for a schedule: whom it visits, what it says, and with which code it ends."""

from __future__ import annotations

import datetime as dt
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scraper import cli
from scraper.crawling import CrawlReport, CrawlRequest
from scraper.database import open_database, update
from scraper.outcomes import Outcome
from scraper.staging import Staging, Verdict
from tests.scraper.test_staging import fill, visited
from tests.spiders.hosts import write_registry

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[CrawlRequest]:
    """The crawls that were asked for; each ends with the report in `report`."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("USCE_SETTINGS", str(tmp_path / "settings.yml"))
    monkeypatch.delenv("USCE_CONTACT", raising=False)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    requests: list[CrawlRequest] = []

    def crawl(request: CrawlRequest) -> CrawlReport:
        requests.append(request)
        return CrawlReport(outcomes={"site-0": Outcome("site-0", fetches=1, pages=1, finished=True)}, **REPORT)

    REPORT.clear()
    monkeypatch.setattr(cli, "crawl_with_bar", crawl)
    return requests


REPORT: dict = {}


@pytest.fixture
def usce(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["usce", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        said = capsys.readouterr()
        return code, " ".join(said.out.split()), " ".join(said.err.split())

    return run


@pytest.fixture
def database(tmp_path: Path) -> Path:
    db = fill(tmp_path / "atlas.db", sites=3)
    update(db, "pages", {}, {"last_seen": (dt.datetime.now(dt.UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")})
    update(db, "pages", {"institution_id": "site-1"}, {"last_seen": "2026-01-01T00:00:00Z"})
    db.conn.commit()
    db.conn.close()
    return tmp_path / "atlas.db"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return write_registry(tmp_path / "registry", {f"site-{n}": f"https://site-{n}.example/" for n in range(3)})


def test_who_is_due_is_visited(usce: Run, asked: list[CrawlRequest], database: Path, registry: Path) -> None:
    code, _, _ = usce("crawl", "--due", "--resume", "--minutes", "5", "-d", database, "--registry", registry)
    assert code == 0
    [request] = asked
    assert (request.institutions, request.staged, request.resume, request.minutes) == (("site-1",), True, True, 5)


def test_nobody_may_be_due(usce: Run, asked: list[CrawlRequest], database: Path, registry: Path) -> None:
    db = open_database(database)
    update(db, "pages", {}, {"last_seen": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})
    db.conn.commit()
    code, out, _ = usce("crawl", "--due", "-d", database, "--registry", registry)
    assert (code, asked) == (0, [])
    assert "Nobody is due" in out


def test_due_chooses_by_itself(usce: Run, asked: list[CrawlRequest], database: Path, registry: Path) -> None:
    code, _, err = usce("crawl", "site-0", "--due", "-d", database, "--registry", registry)
    assert (code, asked) == (2, [])
    assert "name no institution" in err


def test_a_crawl_that_is_not_published_ends_with_4_and_says_who_broke(
    usce: Run, asked: list[CrawlRequest], database: Path, registry: Path
) -> None:
    REPORT["verdict"] = Verdict(("15 programs where 20 were known",), ("site-0: 5 programs before, 0 now",))
    code, _, err = usce("crawl", "-d", database, "--registry", registry)
    assert code == 4
    assert "not published; the data stays as it was. 15 programs where 20 were known" in err
    assert "site-0: 5 programs before, 0 now" in err
    assert "usce crawl --accept" in err


def test_a_crawl_out_of_time_is_no_failure(
    usce: Run, asked: list[CrawlRequest], database: Path, registry: Path
) -> None:
    REPORT["out_of_time"] = True
    code, _, err = usce("crawl", "-d", database, "--registry", registry)
    assert code == 0
    assert "Out of time" in err


def test_many_sites_want_to_know_who_comes(usce: Run, asked: list[CrawlRequest], tmp_path: Path) -> None:
    many = write_registry(tmp_path / "many", {f"site-{n}": f"https://site-{n}.example/" for n in range(30)})
    code, _, err = usce("crawl", "-d", tmp_path / "b.db", "--registry", many)
    assert (code, asked) == (1, [])
    assert "a crawl of 30 sites must tell their hosts who runs it: give --contact" in err
    code, out, _ = usce("crawl", "-d", tmp_path / "b.db", "--registry", many, "--contact", "crawl@atlas.example")
    assert code == 0 and "Kept in" in out
    assert asked[0].contact == "crawl@atlas.example"
    code, _, _ = usce("crawl", "-d", tmp_path / "b.db", "--registry", many)
    assert code == 0 and asked[1].contact == "crawl@atlas.example"


def test_a_crawl_that_was_kept_back_can_be_accepted(usce: Run, database: Path) -> None:
    staging = Staging(database)
    staging.prepare(resume=False)
    copy = open_database(staging.path)
    update(copy, "programs", {}, {"name": "Away Electives"})
    number = visited(copy, sites=3)
    update(copy, "crawls", {"id": number}, {"gate": "3 programs where 8 were known"})
    copy.conn.commit()
    copy.conn.close()
    code, out, _ = usce("crawl", "--accept", "-d", database)
    assert code == 0 and "Published" in out
    db = open_database(database)
    assert {row["name"] for row in db.query("select name from programs")} == {"Away Electives"}
    assert next(db.query("select gate from crawls"))["gate"] == "accepted: 3 programs where 8 were known"
    code, _, err = usce("crawl", "--accept", "-d", database)
    assert code == 1 and "no crawl that waits" in err
