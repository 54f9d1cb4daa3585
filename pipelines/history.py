"""The state of another day: a copy of the database with all undone that came later.

Evidence carries it: a reading holds from `first_seen` to the day before `closed_at`. What holds for a program is worked
out from the readings of that day as it is after a crawl (`storage.settle`). What is not kept comes back as far as it is
known: a page's fingerprint and the wording of a quote are those of the last reading, the day on which a page was last
read is the last one that left a trace, which may be earlier than the true one and is never later.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import sqlite_utils

from pipelines.storage import settle
from scraper.database import (
    SET_TABLES,
    TABLES,
    DatabaseError,
    Row,
    after,
    check,
    delete,
    delete_search,
    iterate,
    open_database,
    select,
    select_one,
    update,
)

# Tables whose rows have their own span of time, beside programs and evidence; and those that may name a program.
SPANS = tuple(
    table
    for table in TABLES
    if {"first_seen", "closed_at"} <= table.column.keys() and table.name not in ("programs", "evidence")
)
MAY_NAME_PROGRAMS = ("pages", *(table.name for table in SPANS if "program_id" in table.column))
OF_PROGRAMS = ("fees", "deadlines", *dict.fromkeys(table for table, _, _ in SET_TABLES.values()))


@contextlib.contextmanager
def as_of(database: Path, day: dt.date) -> Iterator[Path]:
    """A copy of a database as it stood at the end of `day` (UTC), which is gone after the block.

    Raises DatabaseError where there is no such database, or nothing had been read by that day.
    """
    if not database.exists():
        raise DatabaseError(f"{database}: there is no such database.")
    check(database)
    with tempfile.TemporaryDirectory(prefix="usce-") as directory:
        path = Path(directory) / "as-of.db"
        with contextlib.closing(sqlite3.connect(database)) as source, contextlib.closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
        db = open_database(path)
        try:
            first = min((row["first_seen"] for row in iterate(db, "pages") if row["first_seen"]), default="")[:10]
            if first > day.isoformat():
                raise DatabaseError(f"{database}: nothing had been read by {day}; the first page was read on {first}.")
            with db.atomic():
                rewind(db, day.isoformat())
        finally:
            db.conn.close()
        yield path


def rewind(db: sqlite_utils.Database, day: str) -> None:
    """Undo in `db` what came after `day`: open again what was closed later, forget what was first seen later."""
    for row in after(db, "changes", "date", day):
        delete(db, "changes", id=row["id"])
    late = {row["id"] for row in after(db, "programs", "first_seen", day)}
    opened = after(db, "evidence", "first_seen", day)
    closed = after(db, "evidence", "closed_at", day)
    touched = {row["program_id"] for row in (*opened, *closed)} | late
    touched |= {row["id"] for row in after(db, "programs", "closed_at", day)}
    for identifier in touched:
        for table in OF_PROGRAMS:
            update(db, table, {"program_id": identifier}, {"evidence_id": None})
    for row in opened:
        delete(db, "evidence", id=row["id"])
    for row in closed:
        update(db, "evidence", {"id": row["id"]}, {"closed_at": None})
    for identifier in late:
        _forget(db, identifier)
    for span in SPANS:
        for row in after(db, span.name, "first_seen", day):
            delete(db, span.name, **{part: row[part] for part in span.key})
        for row in after(db, span.name, "closed_at", day):
            update(db, span.name, {part: row[part] for part in span.key}, {"closed_at": None})
    _rewind_pages(db, day)
    for identifier in sorted(touched - late):
        _rewind_program(db, identifier)
    for row in after(db, "programs", "stale_since", day):
        update(db, "programs", {"id": row["id"]}, {"stale_since": None})
    for row in after(db, "programs", "last_seen", day):
        read = [page["last_seen"] or page["fetched_at"] for page in select(db, "pages", program_id=row["id"])]
        update(db, "programs", {"id": row["id"]}, {"last_seen": max(read, default=row["first_seen"])[:10]})


def _forget(db: sqlite_utils.Database, identifier: str) -> None:
    """Take out a program that was not known yet."""
    program = select_one(db, "programs", id=identifier)
    for table in (*OF_PROGRAMS, "changes", "evidence"):
        delete(db, table, program_id=identifier)
    update(db, "pages", {"program_id": identifier}, {"relevant": 0})
    for table in MAY_NAME_PROGRAMS:
        update(db, table, {"program_id": identifier}, {"program_id": None})
    if program is not None:
        delete_search(db, program["search_id"])
    delete(db, "programs", id=identifier)


def _rewind_pages(db: sqlite_utils.Database, day: str) -> None:
    """Forget pages read later for the first time; of others, give the last reading by `day` that left a trace."""
    for row in after(db, "pages", "first_seen", day):
        delete(db, "pages", url=row["url"])
    for row in after(db, "pages", "unreachable_since", day):
        update(db, "pages", {"url": row["url"]}, {"unreachable_since": None})
    traces: dict[str, str] = defaultdict(str)
    late = after(db, "pages", "last_seen", day)
    if late:
        for row in iterate(db, "evidence"):
            for date in (row["first_seen"], row["closed_at"]):
                if date and date[:10] <= day:
                    traces[row["page_url"]] = max(traces[row["page_url"]], date)
    for row in late:
        is_old = row["fetched_at"][:10] <= day
        known = [row["first_seen"] or "", row["fetched_at"] if is_old else "", traces[row["url"]]]
        values: Row = {"last_seen": max(known)}
        if not is_old:
            values |= {"fetched_at": max(known), "content_hash": None}
        update(db, "pages", {"url": row["url"]}, values)


def _rewind_program(db: sqlite_utils.Database, identifier: str) -> None:
    """A program as its readings had it: closed where all of them were, with their pages as its own."""
    evidence = select(db, "evidence", program_id=identifier)
    held = {row["page_url"] for row in evidence if row["closed_at"] is None}
    last = max((row["closed_at"] for row in evidence if row["closed_at"]), default=None)
    update(db, "programs", {"id": identifier}, {"closed_at": None if held or last is None else last[:10]})
    for own in select(db, "pages", program_id=identifier):
        if own["url"] not in held:
            update(db, "pages", {"url": own["url"]}, {"program_id": None, "relevant": 0})
    for url in held:
        page = select_one(db, "pages", url=url)
        if page is not None and (page["program_id"] is None or not page["relevant"]):
            update(db, "pages", {"url": url}, {"program_id": page["program_id"] or identifier, "relevant": 1})
    settle(db, identifier)
