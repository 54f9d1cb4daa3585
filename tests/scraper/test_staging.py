"""The gate: which differences between two states of a database stop a crawl from being published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from scrapy.settings import Settings

from scraper.crawls import finish_crawl, start_crawl, unfinished
from scraper.database import DatabaseError, insert, open_database, select, select_one, update
from scraper.staging import Staging, Verdict, judge, verdict_of

DAY = "2026-03-01T12:00:00Z"


@pytest.fixture
def thresholds() -> Settings:
    settings = Settings()
    settings.setmodule("scraper.settings")
    return settings


def fill(path: Path, sites: int = 10, programs: int = 2) -> sqlite_utils.Database:
    """Some institutions with programs, each with a fee, a page and VSLO stated."""
    db = open_database(path)
    for number in range(sites):
        name = f"site-{number}"
        insert(db, "institutions", {"id": name, "name": name})
        for each in range(programs):
            program, url = f"{name}--{each}", f"https://{name}.example/{each}"
            insert(
                db,
                "programs",
                {
                    "id": program, "institution_id": name, "name": "Electives", "url": url, "vslo": 1,
                    "first_seen": "2026-03-01", "last_seen": "2026-03-01", "search_id": number * programs + each + 1,
                },
            )  # fmt: skip
            page = {"url": url, "institution_id": name, "program_id": program, "fetched_at": DAY, "last_seen": DAY}
            insert(db, "pages", page)
            insert(
                db, "fees", {"program_id": program, "kind": "program", "amount": 100, "per": "week", "audience": "any"}
            )
    db.conn.commit()
    return db


def visited(db: sqlite_utils.Database, failing: int = 0, sites: int = 10) -> int:
    """A crawl that visited all, the first ones in vain."""
    number = start_crawl(db, "live", plan=[f"site-{n}" for n in range(sites)])
    for n in range(sites):
        fails = n < failing
        row: dict[str, Any] = {"crawl_id": number, "institution_id": f"site-{n}", "outcome": "x", "finished_at": DAY}
        reasons = {f"site-{n}.example": {"timeout": 2}} if fails else {}
        insert(db, "crawl_hosts", row | {"pages": 0 if fails else 2, "failures": json.dumps(reasons)})
    finish_crawl(db, number)
    return number


def verdict(tmp_path: Path, thresholds: Settings, failing: int = 0, sites: int = 10, **change: Any) -> Verdict:
    before, after = fill(tmp_path / "before.db", sites), fill(tmp_path / "after.db", sites)
    crawl = visited(after, failing, sites)
    programs = [row["id"] for row in select(after, "programs", ("id",))]
    for identifier in programs[: change.get("closed", 0)]:
        update(after, "programs", {"id": identifier}, {"closed_at": "2026-03-08"})
    for identifier in programs[: change.get("vslo", 0)]:
        update(after, "programs", {"id": identifier}, {"vslo": None})
    for identifier in programs[: change.get("fees", 0)]:
        after.execute("delete from fees where program_id = ?", [identifier])
    after.conn.commit()
    return judge(before, after, crawl, thresholds)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"closed": 4}, ""),
        ({"closed": 5}, "15 programs where 20 were known"),
        ({"failing": 2}, ""),
        ({"failing": 3}, "3 of 10 sites that could be read before cannot be read now"),
        ({"vslo": 6}, ""),
        ({"vslo": 7}, "Through VSLO: stated by 13 of 20 programs, before by 20 of 20"),
        ({"fees": 7}, "Fees: stated by 13 of 20 programs, before by 20 of 20"),
        ({"sites": 1, "closed": 1}, ""),
        ({"sites": 1, "failing": 1}, ""),
        ({"sites": 2, "failing": 2}, "2 of 2 sites that could be read before cannot be read now"),
        ({"sites": 1, "closed": 2}, "0 programs where 2 were known"),
    ],
)
def test_what_stops_a_crawl(tmp_path: Path, thresholds: Settings, change: dict[str, int], problem: str) -> None:
    found = verdict(tmp_path, thresholds, **change)
    assert (found.problems[0] if found.problems else "") == problem
    assert found.passed is not bool(problem)
    assert bool(found.institutions) is bool(problem)


def test_a_verdict_names_who_broke_and_how(tmp_path: Path, thresholds: Settings) -> None:
    found = verdict(tmp_path, thresholds, failing=3, closed=5)
    assert found.institutions[0] == "site-0: 2 programs before, 0 now; could not be read: timeout 2"
    assert [line.partition(":")[0] for line in found.institutions] == ["site-0", "site-1", "site-2"]


def test_sites_that_never_let_us_in_are_no_news(tmp_path: Path, thresholds: Settings) -> None:
    before, after = fill(tmp_path / "before.db"), fill(tmp_path / "after.db")
    before.execute("delete from pages")
    before.conn.commit()
    assert judge(before, after, visited(after, failing=9), thresholds).passed


def test_a_first_crawl_has_nothing_to_protect(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "atlas.db")
    assert staging.prepare(resume=False) == tmp_path / "atlas.db"
    assert not staging.path.exists()


def test_the_copy_takes_the_place_of_the_database_at_once(tmp_path: Path, thresholds: Settings) -> None:
    database = tmp_path / "atlas.db"
    fill(database).conn.close()
    staging = Staging(database)
    assert staging.prepare(resume=False) == staging.path
    copy = open_database(staging.path)
    update(copy, "programs", {}, {"name": "Away Electives"})
    visited(copy)
    copy.conn.close()
    reader = open_database(database)
    assert select(reader, "programs")[0]["name"] == "Electives"
    assert staging.judge(thresholds).passed
    assert select(reader, "programs")[0]["name"] == "Away Electives", "whoever has the database open sees the new state"
    assert select_one(reader, "crawls", id=1)["gate"] == "passed"
    assert not staging.path.exists()


def test_a_crawl_that_is_cut_off_before_it_is_judged_waits(tmp_path: Path) -> None:
    database = tmp_path / "atlas.db"
    fill(database).conn.close()
    staging = Staging(database)
    staging.prepare(resume=False)
    assert not staging.waiting()
    copy = open_database(staging.path)
    visited(copy)
    copy.conn.close()
    assert staging.waiting()
    assert Staging(database).prepare(resume=True) == staging.path
    assert Staging(database).prepare(resume=False) == staging.path, "a fresh copy"
    assert not staging.waiting()


def test_a_crawl_that_is_cut_off_while_it_is_published_waits(
    tmp_path: Path, thresholds: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "atlas.db").conn.close()
    staging = Staging(tmp_path / "atlas.db")
    copy = open_database(staging.prepare(resume=False))
    visited(copy)
    copy.conn.close()
    with monkeypatch.context() as killed:
        killed.setattr(staging, "publish", lambda: None)
        assert staging.judge(thresholds).passed
    assert staging.waiting()
    assert staging.prepare(resume=True) == staging.path
    assert staging.judge(thresholds).passed
    assert not staging.waiting() and not staging.path.exists()


@pytest.mark.parametrize(
    ("gate", "problems"),
    [(None, None), ("passed", ()), ("accepted: 1 program", ()), ("one; two", ("one", "two"))],
)
def test_a_verdict_is_read_back(gate: str | None, problems: tuple[str, ...] | None) -> None:
    found = verdict_of(gate)
    assert (None if found is None else found.problems) == problems


def test_a_copy_in_which_no_crawl_was_begun_is_no_crawl(tmp_path: Path) -> None:
    database = tmp_path / "atlas.db"
    db = fill(database)
    visited(db)  # straight into the database, as the first crawl of all: it was never judged
    db.conn.close()
    staging = Staging(database)
    staging.prepare(resume=False)
    assert staging.path.exists()
    assert not staging.waiting()


def test_what_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    database = tmp_path / "atlas.db"
    fill(database).conn.close()
    staging = Staging(database)
    staging.prepare(resume=False)
    copy, public = open_database(staging.path), open_database(database)
    visited(copy)
    insert(public, "crawls", {"id": 1, "started_at": "2026-03-07T00:00:00Z", "source": "import"})
    public.conn.commit()
    with pytest.raises(DatabaseError, match="changed by something else"):
        staging.publish()


def test_there_may_be_nothing_to_accept(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no crawl that waits"):
        Staging(tmp_path / "atlas.db").accept()


def test_a_crawl_that_was_cut_off_knows_who_is_left(tmp_path: Path) -> None:
    db = fill(tmp_path / "atlas.db")
    assert unfinished(db) is None
    number = start_crawl(db, "live", plan=["site-3", "site-1", "site-2"])
    insert(db, "crawl_hosts", {"crawl_id": number, "institution_id": "site-1", "outcome": "x", "finished_at": DAY})
    found = unfinished(db)
    assert found is not None
    assert (found.crawl_id, found.left) == (number, ("site-3", "site-2"))
    finish_crawl(db, number, "shutdown")
    assert unfinished(db) is not None, "stopped is not finished"
    update(db, "crawls", {"id": number}, {"gate": "3 programs where 8 were known"})
    assert unfinished(db) is None, "what it found is not there"
    update(db, "crawls", {"id": number}, {"gate": "passed"})
    assert unfinished(db) is not None
    finish_crawl(db, number)
    assert unfinished(db) is None
