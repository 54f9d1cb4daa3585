"""What the database holds, how fresh it is, how the last crawl went, what to look at first, and whom to visit next."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import attrs
import sqlite_utils
from rich.table import Table

from scraper.crawls import failures_of, is_kept_back, last_live, unfinished
from scraper.database import Row, open_database, select
from scraper.outcomes import GONE, REASONS
from scraper.registry import Registry, load_registry
from scraper.staging import Staging

FRESH_DAYS = 7  # whoever was read within a week is not read again before the others

# When an institution is due. Pages of programs change a few times a year, so a week is often enough; in the weeks before
# a date on which applications open or close it matters to somebody today.
INTERVAL = dt.timedelta(days=7)
NEAR_INTERVAL = dt.timedelta(days=2)
NEAR = dt.timedelta(days=21)
SLACK = dt.timedelta(hours=12)  # a weekly crawl that took an hour less than last week's is not to miss anybody
RETRY = dt.timedelta(hours=20)  # whoever could not be read is tried again the next day, not by the next run
FORM = "%Y-%m-%dT%H:%M:%SZ"


@attrs.frozen
class Freshness:
    """When an institution was last visited, when last to some good ('' for never), and is a date of its programs near?"""

    tried: str = ""
    read: str = ""
    near: bool = False

    def due_from(self) -> str:
        """From when on it is due; '' for at once."""
        if not self.read:
            good = ""
        else:
            good = _later(self.read, (NEAR_INTERVAL if self.near else INTERVAL) - SLACK)
        again = _later(self.tried, RETRY) if self.tried > self.read else ""
        return max(good, again)


def _later(moment: str, by: dt.timedelta) -> str:
    return (dt.datetime.strptime(moment, FORM).replace(tzinfo=dt.UTC) + by).strftime(FORM)


def freshness(db: sqlite_utils.Database, now: dt.datetime) -> dict[str, Freshness]:
    """How fresh each institution is of which anything is known."""
    live = {row["id"]: row for row in select(db, "crawls") if row["source"] != "replay"}
    tried: dict[str, str] = defaultdict(str)
    read: dict[str, str] = defaultdict(str)
    for visit in select(db, "crawl_hosts"):
        if visit["crawl_id"] in live:
            name = visit["institution_id"]
            tried[name] = max(tried[name], visit["finished_at"])
            if visit["pages"] and not is_kept_back(live[visit["crawl_id"]]):
                read[name] = max(read[name], visit["finished_at"])
    for page in select(db, "pages"):
        if page["institution_id"] and page["last_seen"]:
            read[page["institution_id"]] = max(read[page["institution_id"]], page["last_seen"])
    first, last = now.date().isoformat(), (now + NEAR).date().isoformat()
    near = {
        row[0]
        for row in db.execute(
            "select distinct p.institution_id from deadline_dates d join programs p on p.id = d.program_id"
            " where p.closed_at is null and d.date between ? and ?",
            [first, last],
        )
    }
    return {name: Freshness(tried.get(name, ""), read.get(name, ""), name in near) for name in {*tried, *read, *near}}


def due(database: Path, registry: Path, now: dt.datetime | None = None) -> tuple[str, ...]:
    """The ids of the institutions whose last good visit is longer ago than their interval.

    Those with a date near go first, then those read longest ago, then those never read, so that what little time there
    is goes where somebody is waiting.
    """
    now = now or dt.datetime.now(dt.UTC)
    moment = now.strftime(FORM)
    with _opened(database) as db:
        known = freshness(db, now)
    fresh = {name: known.get(name, Freshness()) for name in load_registry(registry).institutions}
    chosen = [name for name, one in fresh.items() if one.due_from() <= moment]
    return tuple(sorted(chosen, key=lambda name: (not fresh[name].near, not fresh[name].read, fresh[name].read)))


def nobody_is_due(database: Path, registry: Path) -> str:
    """Who is next, in words."""
    with _opened(database) as db:
        known = freshness(db, dt.datetime.now(dt.UTC))
    times = {name: known.get(name, Freshness()).due_from() for name in load_registry(registry).institutions}
    name = min(times, key=lambda name: times[name])
    return f"Nobody is due. Next: {name}, from {times[name].replace('T', ' ').rstrip('Z')} UTC on."


class _opened:
    def __init__(self, database: Path) -> None:
        self.db = open_database(database)

    def __enter__(self) -> sqlite_utils.Database:
        return self.db

    def __exit__(self, *_: object) -> None:
        self.db.conn.close()


def longest_ago(database: Path, registry: Path, number: int) -> tuple[str, ...]:
    """The ids of the `number` institutions to visit next.

    Those with a known reading go first, the oldest reading first; then those never read, known start URLs first. Whoever
    was read in the last FRESH_DAYS days comes last.
    """
    loaded = load_registry(registry)
    with _opened(database) as db:
        visited = dict(
            db.execute(
                "select institution_id, max(seen) from ("
                " select institution_id, max(finished_at) as seen from crawl_hosts group by 1"
                " union all select institution_id, max(last_seen) from pages group by 1) group by 1"
            ).fetchall()
        )
    fresh = (dt.datetime.now(dt.UTC) - dt.timedelta(days=FRESH_DAYS)).strftime(FORM)

    def rank(identifier: str) -> tuple[int, str, int]:
        seen = visited.get(identifier)
        if seen is None:
            return 1, "", 0 if identifier in loaded.start_urls else 1
        return (2 if seen >= fresh else 0), seen, 0

    return tuple(sorted(loaded.institutions, key=rank)[:number])


# --- what `usce status` says ---------------------------------------------------------------------------------------


def tables(database: Path, registry: Registry | None = None, rows: int = 15) -> list[Table]:
    """The tables that `usce status` prints: what is held, coverage, the last crawls, failures, what to look at first."""
    with _opened(database) as db:
        now = dt.datetime.now(dt.UTC)
        visits = _last_visits(db)
        return [
            _held(db),
            _coverage(db, registry, now),
            _crawls(db),
            _failures(visits, rows),
            _advice(advice(db, visits, Staging(database).path, registry), rows),
        ]


def _held(db: sqlite_utils.Database) -> Table:
    held = _table("What the database holds")
    counts = (
        ("Programs", "select count(*) from programs where closed_at is null"),
        ("  of institutions", "select count(distinct institution_id) from programs where closed_at is null"),
        ("  not reachable now", "select count(*) from programs where closed_at is null and stale_since is not null"),
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
    return held


def _coverage(db: sqlite_utils.Database, registry: Registry | None, now: dt.datetime) -> Table:
    """How many institutions of the registry were read, how long ago, and what they gave."""
    known = freshness(db, now)
    names = list(registry.institutions) if registry else [row["id"] for row in select(db, "institutions")]
    ages: Counter[str] = Counter()
    with_programs = {row["institution_id"] for row in select(db, "programs", closed_at=None)}
    for name in names:
        read = known.get(name, Freshness()).read
        days = (now - dt.datetime.strptime(read, FORM).replace(tzinfo=dt.UTC)).days if read else None
        ages["never" if days is None else "week" if days < 8 else "month" if days < 31 else "older"] += 1
    coverage = _table("Coverage by institution")
    moment = now.strftime(FORM)
    for words, number in (
        ("In the registry", len(names)),
        ("  with programs", sum(name in with_programs for name in names)),
        ("  read within a week", ages["week"]),
        ("  read within a month", ages["month"]),
        ("  read longer ago", ages["older"]),
        ("  never read", ages["never"]),
        ("Due now", sum(known.get(name, Freshness()).due_from() <= moment for name in names)),
    ):
        coverage.add_row(words, str(number))
    return coverage


CRAWL_COLUMNS = {
    "id": "id", "started_at": "started", "minutes": "minutes", "source": "source", "institutions": "institutions", "pages": "pages",
    "unchanged_pages": "unchanged", "programs": "programs", "changes": "changes", "closed": "closed", "stale": "stale",
    "errors": "errors", "outcome": "outcome", "gate": "gate",
}  # fmt: skip


def _crawls(db: sqlite_utils.Database) -> Table:
    crawls = Table(title="The last crawls", title_justify="left", box=None, pad_edge=False)
    for title in CRAWL_COLUMNS.values():
        crawls.add_column(title)
    for row in select(db, "crawls", ("id",))[:-6:-1]:
        row["minutes"] = _minutes(row)
        row["gate"] = "not published" if is_kept_back(row) else row["gate"]
        crawls.add_row(*("" if row[name] is None else str(row[name]) for name in CRAWL_COLUMNS))
    return crawls


def _minutes(row: Row) -> str | None:
    if not row["finished_at"]:
        return None
    begun, ended = (dt.datetime.strptime(row[name], FORM) for name in ("started_at", "finished_at"))
    return f"{(ended - begun).total_seconds() / 60:.1f}"


def _last_visits(db: sqlite_utils.Database) -> dict[str, Row]:
    """The last visit to each institution."""
    return {row["institution_id"]: row for row in select(db, "crawl_hosts", ("crawl_id",))}


def _failures(visits: dict[str, Row], rows: int) -> Table:
    """What could not be read when each institution was visited last, by host and kind."""
    table = Table(title="Not read, at each institution's last visit", title_justify="left", box=None, pad_edge=False)
    table.add_column("pages", justify="right")
    for title in ("host", "institution", "why"):
        table.add_column(title)
    found = [
        (count, host, name, reason)
        for name, visit in visits.items()
        for host, reasons in failures_of(visit).items()
        for reason, count in reasons.items()
    ]
    for count, host, name, reason in sorted(found, key=lambda row: (-row[0], row[1:]))[:rows]:
        table.add_row(str(count), host, name, in_words(reason))
    if len(found) > rows:
        table.add_row("…", f"and {len(found) - rows} more", "", "see the table crawl_hosts")
    return table


def in_words(reason: str) -> str:
    """The name of a failure, for people."""
    return REASONS.get(reason, reason.replace("http_", "answered with HTTP status "))


# What each kind of failure asks of a maintainer.
REMEDIES = {
    "needs_browser": "mark it `browser` in data/institutions.csv, with usce-atlas[browser] installed",
    "no_address": "give it a website in data/institutions.csv",
    "dns": "look for its new address, and mend data/institutions.csv and data/start_urls.csv",
    "login": "its program may have moved behind a login: look for a public page",
    "robots": "its robots.txt closes the pages to us; only its webmaster can change that",
    "challenge": "it wants to see a human: ask its webmaster to let our user agent in",
    "http_403": "it shuts us out: ask its webmaster to let our user agent in",
}


def advice(
    db: sqlite_utils.Database, visits: dict[str, Row], staging: Path, registry: Registry | None = None
) -> Iterator[str]:
    """What a maintainer should look at, what costs visitors most first."""
    last = last_live(db)
    if last and is_kept_back(last):
        where = (
            f"; if it is right after all: usce crawl --accept (it waits in {staging.name})" if staging.exists() else ""
        )
        yield f"Crawl {last['id']} was not published: {last['gate']}{where}"
    if found := unfinished(db):
        yield f"Crawl {found.crawl_id} was cut off with {len(found.left)} of {len(found.planned)} institutions to visit: usce crawl --resume"
    stale: Counter[str] = Counter()
    since: dict[str, str] = {}
    for program in select(db, "programs", closed_at=None):
        if program["stale_since"]:
            stale[program["institution_id"]] += 1
            since[program["institution_id"]] = min(program["stale_since"], since.get(program["institution_id"], "9"))
    for name, count in sorted(stale.items(), key=lambda pair: (-pair[1], since[pair[0]], pair[0])):
        yield f"{name}: {count} program(s) out of reach since {since[name]}{_why(visits.get(name))}"
    for row in select(db, "changes", ("id",), crawl_id=last["id"], field="program", new=None) if last else ():
        yield f"{row['institution_id']}: closed in the last crawl: {row['old']} ({row['page_url']})"
    for name, visit in sorted(visits.items()):
        if name not in stale and not visit["pages"] and failures_of(visit):
            yield f"{name}: no page could be read{_why(visit)}"
    starts = {name for name, urls in registry.start_urls.items() if urls} if registry else set()
    for name, visit in sorted(visits.items()):
        gone = sum(
            count for reasons in failures_of(visit).values() for reason, count in reasons.items() if reason in GONE
        )
        if name in starts and visit["pages"] and not visit["relevant_pages"] and gone:
            yield f"{name}: its start URLs lead nowhere any more: mend data/start_urls.csv"


def _why(visit: Row | None) -> str:
    """Why a visit failed, and what can be done."""
    if visit is None:
        return ""
    total: Counter[str] = Counter()
    for reasons in failures_of(visit).values():
        total.update(reasons)
    if not total:
        return ""
    reason = total.most_common(1)[0][0]
    return f": {in_words(reason)}" + (f"; {REMEDIES[reason]}" if reason in REMEDIES else "")


def _advice(lines: Iterator[str], rows: int) -> Table:
    table = _table("Look at first")
    found = list(lines)
    for number, line in enumerate(found[:rows], start=1):
        table.add_row(f"{number}.", line)
    if len(found) > rows:
        table.add_row("", f"and {len(found) - rows} more")
    if not found:
        table.add_row("", "Nothing: all is well.")
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False, show_header=False)
