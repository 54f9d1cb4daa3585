"""A crawl that runs every week: what a second one asks for, writes and closes, over real HTTP, on the sample sites."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from scraper.crawling import CrawlReport, CrawlRequest, run_crawl
from scraper.database import TABLES
from scraper.demo import CRAWL_SETTINGS, ServedSites, serve_sites

OF_A_CRAWL = ("crawls", "crawl_hosts")


def rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but those about crawls."""
    with closing(sqlite3.connect(database)) as connection:
        return {
            table.name: sorted(connection.execute(f"select * from {table.name}").fetchall(), key=str)
            for table in TABLES
            if table.name not in OF_A_CRAWL
        }


@attrs.frozen
class Twice:
    """Two crawls of the sample sites, one after the other, into one database."""

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
        yield Twice(request.database, before, first, second, served.requests[asked:], served)


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
    pages = twice.first.pages - twice.first.failures["needs_browser"]
    assert visits == [(1, pages, pages, 0, 0), (2, pages, 0, pages, 0)]
