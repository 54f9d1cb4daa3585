"""What the database holds and how fresh it is: for `usce status`, and for choosing whom to visit next."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from rich.table import Table

from scraper.database import open_database
from scraper.registry import load_registry

FRESH_DAYS = 7  # whoever was read within a week is not read again before the others


def longest_ago(database: Path, registry: Path, number: int) -> tuple[str, ...]:
    """The ids of the `number` institutions to visit next.

    Those with a known reading go first, the oldest reading first; then those never read, known start URLs first. Whoever
    was read in the last FRESH_DAYS days comes last.
    """
    loaded = load_registry(registry)
    db = open_database(database)
    try:
        visited = dict(
            db.execute(
                "select institution_id, max(seen) from ("
                " select institution_id, max(finished_at) as seen from crawl_hosts group by 1"
                " union all select institution_id, max(last_seen) from pages group by 1) group by 1"
            ).fetchall()
        )
    finally:
        db.close()
    fresh = (dt.datetime.now(dt.UTC) - dt.timedelta(days=FRESH_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def rank(identifier: str) -> tuple[int, str, int]:
        seen = visited.get(identifier)
        if seen is None:
            return 1, "", 0 if identifier in loaded.start_urls else 1
        return (2 if seen >= fresh else 0), seen, 0

    return tuple(sorted(loaded.institutions, key=rank)[:number])


def tables(database: Path) -> list[Table]:
    """The tables that `usce status` prints."""
    db = open_database(database)
    try:
        held = Table(title="What the database holds", title_justify="left", box=None, pad_edge=False, show_header=False)
        counts = (
            ("Programs", "select count(*) from programs where closed_at is null"),
            ("  of institutions", "select count(distinct institution_id) from programs where closed_at is null"),
            (
                "  not reachable now",
                "select count(*) from programs where closed_at is null and stale_since is not null",
            ),
            ("  closed", "select count(*) from programs where closed_at is not null"),
            ("Fees", "select count(*) from fees"),
            ("Deadlines", "select count(*) from deadlines"),
            ("Changes seen", "select count(*) from changes"),
        )
        for name, sql in counts:
            held.add_row(name, str(db.execute(sql).fetchone()[0]))
        oldest, newest = db.execute(
            "select date(min(last_seen)), date(max(last_seen)) from programs where closed_at is null"
        ).fetchone()
        held.add_row("Pages read", f"{oldest} to {newest}" if oldest else "none yet")
        crawls = Table(title="The last crawls", title_justify="left", box=None, pad_edge=False)
        columns = (
            "id",
            "started_at",
            "finished_at",
            "source",
            "institutions",
            "pages",
            "programs",
            "changes",
            "errors",
            "outcome",
        )
        for name in columns:
            crawls.add_column(name.replace("_", " "))
        for row in db.execute(f"select {', '.join(columns)} from crawls order by id desc limit 5").fetchall():
            crawls.add_row(*("" if cell is None else str(cell) for cell in row))
        return [held, crawls]
    finally:
        db.close()
