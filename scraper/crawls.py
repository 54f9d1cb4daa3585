"""The rows about crawls: begun, ended, cut off, and what is still to be done of one that was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import attrs
import sqlite_utils

from scraper.database import Row, highest, insert, select, select_one, update
from scraper.items import utc_now

# What begins crawls.gate of a crawl that was published; anything else says why it was not.
PASSED, ACCEPTED = "passed", "accepted"


@attrs.frozen
class Unfinished:
    """A crawl that was cut off: its number, whom it was to visit, and whom of these it has not visited."""

    crawl_id: int
    started_at: str
    planned: tuple[str, ...]
    left: tuple[str, ...]


def start_crawl(
    db: sqlite_utils.Database, source: str, archive: str | None = None, plan: Iterable[str] | None = None
) -> int:
    """A new row of crawls; gives its number. `plan` are the ids of the institutions that it is to visit."""
    with db.atomic():
        number = highest(db, "crawls", "id") + 1
        row: Row = {"id": number, "started_at": utc_now(), "source": source, "archive": archive}
        insert(db, "crawls", row | ({} if plan is None else {"plan": json.dumps(list(plan))}))
    return number


def finish_crawl(db: sqlite_utils.Database, crawl_id: int, outcome: str = "finished") -> None:
    """Write down how a crawl ended: what its visits came to, all of them, also those before a break."""
    with db.atomic():
        update(db, "crawls", {"id": crawl_id}, {"finished_at": utc_now(), "outcome": outcome, **_totals(db, crawl_id)})


def _totals(db: sqlite_utils.Database, crawl_id: int) -> dict[str, Any]:
    visits = select(db, "crawl_hosts", crawl_id=crawl_id)
    names = ("pages", "relevant_pages", "programs", "changes", "unchanged_pages", "closed", "stale")
    totals: dict[str, Any] = {name: sum(visit[name] or 0 for visit in visits) for name in names}
    errors = sum(sum(reasons.values()) for visit in visits for reasons in failures_of(visit).values())
    return totals | {"institutions": len(visits), "errors": errors}


def failures_of(visit: Row) -> dict[str, dict[str, int]]:
    """The failures of a row of crawl_hosts: host → reason → count."""
    found = json.loads(visit["failures"] or "{}")
    return found if isinstance(found, dict) else {}


def unfinished(db: sqlite_utils.Database) -> Unfinished | None:
    """The last live crawl, where it was cut off or stopped before all were visited. One that the gate kept back is not
    gone on with: what it found is not there."""
    crawls = [row for row in select(db, "crawls", ("id",), source="live") if row["plan"]]
    if not crawls or crawls[-1]["outcome"] == "finished" or is_kept_back(crawls[-1]):
        return None
    last = crawls[-1]
    planned = tuple(json.loads(last["plan"]))
    visited = {row["institution_id"] for row in select(db, "crawl_hosts", crawl_id=last["id"])}
    left = tuple(identifier for identifier in planned if identifier not in visited)
    return Unfinished(last["id"], last["started_at"], planned, left)


def is_kept_back(crawl: Row) -> bool:
    """Did the gate keep the crawl from being published?"""
    return bool(crawl["gate"]) and not str(crawl["gate"]).startswith((PASSED, ACCEPTED))


def last_live(db: sqlite_utils.Database) -> Row | None:
    """The last crawl of the network."""
    number = db.execute("select max(id) from crawls where source = 'live'").fetchone()[0]
    return None if number is None else select_one(db, "crawls", id=number)
