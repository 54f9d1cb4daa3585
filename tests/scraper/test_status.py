"""Whom to visit next, and what a maintainer is told."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from scraper import status
from scraper.crawls import finish_crawl, start_crawl
from scraper.database import insert, open_database, update
from scraper.registry import load_registry
from tests.scraper.test_staging import fill
from tests.spiders.hosts import write_registry

NOW = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)


def at(days: float) -> str:
    return (NOW - dt.timedelta(days=days)).strftime(status.FORM)


@pytest.mark.parametrize(
    ("tried", "read", "near", "is_due"),
    [
        (None, None, False, True),
        (3, 3, False, False),
        (6.6, 6.6, False, True),
        (3, 3, True, True),
        (1, 1, True, False),
        (0.1, None, False, False),
        (1, None, False, True),
        (0.1, 30, False, False),
        (2, 30, False, True),
    ],
)
def test_when_an_institution_is_due(tried: float | None, read: float | None, near: bool, is_due: bool) -> None:
    one = status.Freshness(at(tried) if tried else "", at(read) if read else "", near)
    assert (one.due_from() <= NOW.strftime(status.FORM)) is is_due


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "atlas.db"
    db = fill(path, sites=4)
    update(db, "pages", {}, {"last_seen": at(10)})
    update(db, "pages", {"institution_id": "site-1"}, {"last_seen": at(3)})
    update(db, "pages", {"institution_id": "site-2"}, {"last_seen": at(3)})
    update(db, "pages", {"institution_id": "site-3"}, {"last_seen": at(20)})
    near = {"kind": "closes", "date": "2026-04-01", "rolling": 0, "audience": "any", "program_id": "site-2--0"}
    insert(db, "deadlines", near)
    db.conn.commit()
    db.conn.close()
    return path


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    sites = {f"site-{number}": f"https://site-{number}.example/" for number in range(4)}
    return write_registry(tmp_path / "registry", {**sites, "unseen": "https://unseen.example/"})


def test_a_date_near_goes_first_and_the_fresh_wait(database: Path, registry: Path) -> None:
    assert status.due(database, registry, NOW) == ("site-2", "site-3", "site-0", "unseen")
    assert status.due(database, registry, NOW - dt.timedelta(days=30))[0] == "unseen"


def test_nobody_is_due(database: Path, registry: Path) -> None:
    db = open_database(database)
    update(db, "pages", {}, {"last_seen": dt.datetime.now(dt.UTC).strftime(status.FORM)})
    number = start_crawl(db, "live")
    row = {"crawl_id": number, "institution_id": "site-0", "outcome": "x", "finished_at": at(-5)}
    insert(db, "crawl_hosts", row)
    db.conn.commit()
    db.conn.close()
    assert status.nobody_is_due(database, registry).startswith("Nobody is due. Next: unseen")


def test_status_says_what_to_look_at_first(database: Path, registry: Path) -> None:
    db = open_database(database)
    number = start_crawl(db, "live", plan=[f"site-{n}" for n in range(5)])
    visits = {
        "site-0": {"www.site-0.example": {"http_403": 3}},
        "site-1": {"site-1.example": {"http_404": 1}, "old.site-1.example": {"dns": 1}},
        "site-3": {"site-3.example": {"needs_browser": 2}},
    }
    for name, failures in visits.items():
        row = {"crawl_id": number, "institution_id": name, "outcome": "x", "finished_at": at(0)}
        insert(db, "crawl_hosts", row | {"pages": int(name == "site-1"), "failures": json.dumps(failures)})
    update(db, "programs", {"institution_id": "site-0"}, {"stale_since": "2026-03-13"})
    finish_crawl(db, number)
    update(db, "crawls", {"id": number}, {"gate": "3 programs where 8 were known"})
    db.conn.commit()
    db.conn.close()
    out = Console(file=io.StringIO(), width=200)
    for table in status.tables(database, load_registry(registry)):
        out.print(table)
    said = out.file.getvalue()  # type: ignore[attr-defined]
    lines = [line.strip() for line in said[said.index("Look at first") :].splitlines()[1:]]
    assert lines[0].endswith(f"Crawl {number} was not published: 3 programs where 8 were known")
    assert "site-0: 2 program(s) out of reach since 2026-03-13: answered with HTTP status 403" in lines[1]
    assert "site-3: no page could be read: the page shows its text by script only; mark it `browser`" in lines[2]
    failed = said[said.index("Not read") : said.index("Look at first")]
    assert [line.split()[:2] for line in failed.splitlines()[2:4]] == [
        ["3", "www.site-0.example"],
        ["2", "site-3.example"],
    ]
    assert "never read" in said and "Due now" in said


def test_a_crawl_that_was_cut_off_is_told(database: Path) -> None:
    db = open_database(database)
    start_crawl(db, "live", plan=["site-0", "site-1"])
    assert next(iter(status.advice(db, {}, database))).endswith("2 of 2 institutions to visit: usce crawl --resume")


def test_visits_that_were_not_published_do_not_count_as_read(database: Path, registry: Path) -> None:
    db = open_database(database)
    number = start_crawl(db, "live", plan=["site-0"])
    row = {"crawl_id": number, "institution_id": "site-0", "outcome": "x", "finished_at": at(1), "pages": 3}
    insert(db, "crawl_hosts", row)
    finish_crawl(db, number)
    update(db, "crawls", {"id": number}, {"gate": "3 programs where 8 were known"})
    db.conn.commit()
    assert "site-0" in status.due(database, registry, NOW)
    update(db, "crawls", {"id": number}, {"gate": "passed"})
    db.conn.commit()
    assert "site-0" not in status.due(database, registry, NOW)


def test_all_may_be_well(database: Path) -> None:
    assert not list(status.advice(open_database(database), {}, database))
