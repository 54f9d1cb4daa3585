"""What is remembered of a page that can say 'not modified': its validators, what it said, and where it led.

A page whose ETag or Last-Modified still holds costs a 304 and no reading: what it said when it was read last takes the
place of the reading, and the links that it had are followed as before. A memory holds for the rules that made it only
(`reader_mark`): better rules read every page anew. And it holds for TRUST_DAYS, since some hosts answer 304 whatever
happened.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import sqlite_utils

from scraper.database import Row, delete, select, upsert
from scraper.items import Fact
from scraper.reading import fingerprint
from scraper.record import value_of, value_text
from scraper.urls import key

TRUST_DAYS = 45
MAX_LINKS = 400  # remembered of a page: a visit never follows more


@cache
def reader_mark() -> str:
    """The fingerprint of the rules by which pages are read now, and their links followed."""
    return fingerprint("spiders/links.py", "scraper/urls.py")


@attrs.frozen
class Trail:
    """Where a page stood and led: its distance from a start, what it is worth, and its links with what each promises."""

    depth: int = 0
    score: float = 0.0
    links: tuple[tuple[str, float], ...] = ()


@attrs.frozen
class Remembered:
    """A page as it was when it was read last. `summary` is what `pipelines.programs.Summary` makes of itself."""

    url: str
    etag: str
    last_modified: str
    read_at: str
    relevant: bool
    trail: Trail
    summary: dict[str, Any]
    needs_browser: bool = False  # what was read is the shell of a page that scripts fill

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request that asks whether the page is still the same."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


def fact_record(fact: Fact) -> dict[str, Any]:
    """A fact as plain values."""
    return attrs.asdict(fact) | {"value": value_text(fact.value), "headings": list(fact.headings)}


def fact_of(record: Mapping[str, Any]) -> Fact:
    """The fact that `fact_record` wrote."""
    value = value_of(record["field"], record["value"])
    return Fact(**{**record, "value": value, "headings": tuple(record["headings"])})


def forget(db: sqlite_utils.Database, url: str) -> None:
    """Forget a page that can no longer say 'not modified'."""
    delete(db, "page_memory", url=url)


def remember(db: sqlite_utils.Database, institution_id: str, page: Remembered) -> None:
    """Write a page down that may say 'not modified' next time."""
    memory = {
        "relevant": page.relevant,
        "needs_browser": page.needs_browser,
        "depth": page.trail.depth,
        "score": page.trail.score,
        "links": page.trail.links[:MAX_LINKS],
        "summary": page.summary,
    }
    row: Row = {
        "url": page.url,
        "institution_id": institution_id,
        "reader": reader_mark(),
        "etag": page.etag or None,
        "last_modified": page.last_modified or None,
        "read_at": page.read_at,
        "memory": json.dumps(memory, ensure_ascii=False, sort_keys=True),
    }
    upsert(db, "page_memory", row)


@attrs.frozen
class Known:
    """What the database knows of an institution's pages before a visit."""

    pages: dict[str, Remembered] = attrs.field(factory=dict)  # by key: those that may answer 'not modified'
    programs: tuple[str, ...] = ()  # addresses of pages that describe a program: to be looked at again, linked or not
    last_seen: dict[str, str] = attrs.field(factory=dict)  # by key

    @classmethod
    def of(cls, db: sqlite_utils.Database, institution_id: str, now: str) -> Known:
        """What `db` knows."""
        pages = select(db, "pages", ("url",), institution_id=institution_id)
        opened = {row["id"] for row in select(db, "programs", institution_id=institution_id, closed_at=None)}
        oldest = dt.datetime.fromisoformat(now) - dt.timedelta(days=TRUST_DAYS)
        remembered = {}
        for row in select(db, "page_memory", institution_id=institution_id, reader=reader_mark()):
            if dt.datetime.fromisoformat(row["read_at"]) >= oldest:
                with contextlib.suppress(ValueError, KeyError, TypeError):  # a memory that cannot be read is none
                    remembered[key(row["url"])] = _remembered(row)
        return cls(
            pages=remembered,
            programs=tuple(row["url"] for row in pages if row["program_id"] in opened),
            last_seen={key(row["url"]): row["last_seen"] or "" for row in pages},
        )


def _remembered(row: Row) -> Remembered:
    memory = json.loads(row["memory"])
    links = tuple((str(url), float(score)) for url, score in memory["links"])
    return Remembered(
        url=row["url"],
        etag=row["etag"] or "",
        last_modified=row["last_modified"] or "",
        read_at=row["read_at"],
        relevant=bool(memory["relevant"]),
        trail=Trail(int(memory["depth"]), float(memory["score"]), links),
        summary=dict(memory["summary"]),
        needs_browser=bool(memory["needs_browser"]),
    )


class Memory:
    """Looks up what the database at `path` knows, without ever writing to it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._db: sqlite_utils.Database | None = None

    def of(self, institution_id: str, now: str) -> Known:
        """What is known of an institution's pages. Nothing, where there is no database."""
        if not self.path or not Path(self.path).exists():
            return Known()
        if self._db is None:
            uri = f"{Path(self.path).resolve().as_uri()}?mode=ro"
            self._db = sqlite_utils.Database(sqlite3.connect(uri, uri=True, timeout=30))
        return Known.of(self._db, institution_id, now)

    def close(self) -> None:
        """Let the file go."""
        if self._db is not None:
            self._db.conn.close()
            self._db = None
