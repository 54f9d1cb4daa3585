"""Are the registry's addresses still good? Tries them as a crawl does, and names what moved, died or looks wrong.

It is a crawl of the start URLs (and of home pages where there are none) that follows no link: robots.txt, delays and
limits hold, nothing is stored but what the report is made of.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import attrs
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from scraper.crawling import CrawlRequest, Progress, run_crawl
from scraper.database import open_database, select
from scraper.outcomes import GONE, REASONS
from scraper.registry import Registry, load_registry
from scraper.urls import canonical, domain_of, host_of, key

State = Literal["good", "moved", "dead", "suspicious", "unreachable"]
_NOT_FOUND = re.compile(
    r"\b(?:404|not found|page (?:has )?moved|no longer (?:exists|available)|log ?in|sign ?in)\b", re.I
)


@attrs.frozen
class Checked:
    """What became of an address: its state, in words why, and where it leads now."""

    institution_id: str
    url: str
    state: State
    why: str = ""
    now: str = ""


def check_addresses(
    directory: Path,
    ids: tuple[str, ...] = (),
    on_progress: Callable[[Progress], None] | None = None,
    settings: dict[str, Any] | None = None,
) -> list[Checked]:
    """Try the addresses of the institutions `ids` (all where none is named); gives each with its state."""
    registry = load_registry(directory)
    chosen = ids or tuple(registry.institutions)
    most = max((len(registry.starts(one)) for one in chosen if one in registry.institutions), default=1)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "check.db"
        report = run_crawl(
            CrawlRequest(
                database=database,
                registry=directory,
                institutions=ids,
                record=Path(folder),
                max_pages=max(most, 1),
                settings={"USCE_MAX_DEPTH": 0, "USCE_MAX_SITEMAPS": 0, **(settings or {})},
            ),
            on_progress,
        )
        db = open_database(database)
        pages = {key(row["url"]): row for row in select(db, "pages")}
        db.conn.close()
        answers = _answers(report.archive) if report.archive else {}
    found: list[Checked] = []
    for identifier in chosen:
        outcome = report.outcomes.get(identifier)
        failed = {key(url): reason for url, reason in outcome.failed_urls.items()} if outcome else {}
        for url in _addresses(registry, identifier):
            found.append(_judge(identifier, url, answers, pages, failed))
    return found


def _addresses(registry: Registry, identifier: str) -> list[str]:
    starts = [start.url for start in registry.starts(identifier)]
    home = registry.institutions[identifier].website
    return starts or ([home] if home else [])


def _judge(
    identifier: str,
    url: str,
    answers: dict[str, tuple[int, str]],
    pages: dict[str, dict[str, Any]],
    failed: dict[str, str],
) -> Checked:
    now = _followed(canonical(url), answers)
    reason = failed.get(key(url)) or failed.get(key(now))
    if reason is not None:
        state: State = "dead" if reason in GONE else "unreachable"
        why = REASONS.get(reason, reason.replace("http_", "answered with HTTP status "))
        return Checked(identifier, url, state, why, now if key(now) != key(url) else "")
    page = pages.get(key(now)) or pages.get(key(url))
    if page is None:
        return Checked(identifier, url, "unreachable", "was not tried, or its page is another address's too", "")
    if key(now) != key(url):
        if not urlsplit(now).path.strip("/") and urlsplit(url).path.strip("/"):
            return Checked(identifier, url, "suspicious", "leads to a home page now", now)
        where = "another site" if domain_of(host_of(now)) != domain_of(host_of(url)) else "another address"
        return Checked(identifier, url, "moved", f"leads to {where} now", now)
    if _NOT_FOUND.search(page["title"] or ""):
        return Checked(identifier, url, "suspicious", f"its title is '{page['title']}'", "")
    if not page["relevant"] and urlsplit(url).path.strip("/"):
        return Checked(identifier, url, "suspicious", "says nothing about a program for visitors", "")
    return Checked(identifier, url, "good")


def _followed(url: str, answers: dict[str, tuple[int, str]]) -> str:
    """Where an address leads, all redirects followed."""
    for _ in range(10):
        status, location = answers.get(url, (0, ""))
        if not 300 <= status < 400 or not location:
            break
        url = canonical(urljoin(url, location))
    return url


def _answers(archive: Path) -> dict[str, tuple[int, str]]:
    """Status and Location of every answer in an archive, by address."""
    found: dict[str, tuple[int, str]] = {}
    try:
        with archive.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type == "response" and record.http_headers is not None:
                    url = record.rec_headers.get_header("WARC-Target-URI")
                    location = record.http_headers.get_header("Location") or ""
                    found[canonical(url)] = (int(record.http_headers.get_statuscode() or 0), location)
    except (ArchiveLoadFailed, EOFError, OSError):
        pass  # what was written until then is known
    return found
