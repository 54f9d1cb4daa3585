"""Sample sites that are rearranged between two crawls: pages renamed, split and merged. Programs keep ids and history."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from scraper.crawling import CrawlRequest, run_crawl
from scraper.database import Row, open_database, select
from scraper.demo import CRAWL_SETTINGS, SITES, serve_sites

VISITING = "education/visiting-students"


@attrs.frozen
class Rearranged:
    """The database after the first crawl, and after the second and third one of the rearranged site."""

    before: dict[str, list[Row]]
    after: dict[str, list[Row]]
    pages: Path


def tables(database: Path) -> dict[str, list[Row]]:
    db = open_database(database)
    found = {name: select(db, name) for name in ("programs", "evidence", "changes", "fees")}
    db.conn.close()
    return found


@pytest.fixture
def rearrange(tmp_path: Path) -> Callable[[str, Callable[[Path], None]], Rearranged]:
    """Crawl a copy of a sample site, rearrange it, and crawl it twice more: a page gone once may be a slip."""

    def run(name: str, change: Callable[[Path], None]) -> Rearranged:
        folder = tmp_path / "sites"
        shutil.copytree(SITES / name, folder / name)
        database = tmp_path / "atlas.db"

        def crawl() -> None:
            with serve_sites(folder, host="127.0.7.1", port=8977) as served:
                registry = served.write_registry(tmp_path / "registry")
                run_crawl(CrawlRequest(database=database, registry=registry, settings=CRAWL_SETTINGS))

        crawl()
        before = tables(database)
        change(folder / name / "pages")
        crawl()
        crawl()
        return Rearranged(before, tables(database), folder / name / "pages")

    return run


def opened(found: dict[str, list[Row]]) -> dict[str, Row]:
    return {row["id"]: row for row in found["programs"] if row["closed_at"] is None}


def said(found: dict[str, list[Row]], program: str) -> set[tuple[Any, ...]]:
    return {(row["field"], row["value"], row["audience"]) for row in found["evidence"] if row["program_id"] == program}


def relink(pages: Path, old: str, new: str) -> None:
    """Let every link of the site lead to the new address."""
    for file in pages.rglob("*.html"):
        file.write_text(file.read_text("utf-8").replace(f'"{old}"', f'"{new}"'), "utf-8")
    site = pages.parent / "site.yml"
    site.write_text(site.read_text("utf-8").replace(old, new), "utf-8")


def renamed(pages: Path) -> None:
    (pages / f"{VISITING}/international").rename(pages / f"{VISITING}/abroad")
    (pages / f"{VISITING}/international.html").rename(pages / f"{VISITING}/abroad.html")
    for tail in ("", "/fees"):
        relink(pages, f"/{VISITING}/international{tail}", f"/{VISITING}/abroad{tail}")


def test_renamed_pages_keep_their_program(rearrange: Any) -> None:
    result = rearrange("cedar-hollow", renamed)
    assert set(opened(result.before)) == set(opened(result.after))
    moved = [row for row in opened(result.after).values() if "/abroad" in row["url"]]
    assert len(moved) == 1
    was = opened(result.before)[moved[0]["id"]]
    assert moved[0]["first_seen"] == was["first_seen"]
    assert said(result.before, was["id"]) <= said(result.after, was["id"])
    # What stood on the old addresses is history, with the day on which it went.
    assert all(row["closed_at"] for row in result.after["evidence"] if "/international" in row["page_url"])


def merged(pages: Path) -> None:
    fees, page = pages / f"{VISITING}/international/fees.html", pages / f"{VISITING}/international.html"
    body = fees.read_text("utf-8").partition("</title>")[2]
    page.write_text(page.read_text("utf-8") + body, "utf-8")
    fees.unlink()


def test_a_page_merged_into_another_leaves_its_facts_there(rearrange: Any) -> None:
    result = rearrange("cedar-hollow", merged)
    assert set(opened(result.before)) == set(opened(result.after))
    prices = {
        name: sorted((row["kind"], row["amount"]) for row in found["fees"])
        for name, found in (("before", result.before), ("after", result.after))
    }
    assert prices["before"] == prices["after"] != []
    assert not any(row["field"] == "program" for row in result.after["changes"])


def split(pages: Path) -> None:
    """The FAQ's questions get a page of their own beside it."""
    page = pages / "clinical-rotations/visiting.html"
    (pages / "clinical-rotations/visiting-fees.html").write_text(
        "<title>Fees for visiting students | Prairie Oak</title><h1>Fees for visiting students</h1>"
        "<p>Visiting students pay a processing fee of $85 with the application.</p>",
        "utf-8",
    )
    page.write_text(
        page.read_text("utf-8") + '<p><a href="/clinical-rotations/visiting-fees">Fees for visiting students</a></p>',
        "utf-8",
    )


def test_a_page_split_off_belongs_to_the_same_program(rearrange: Any) -> None:
    result = rearrange("prairie-oak", split)
    before, after = opened(result.before), opened(result.after)
    assert set(before) == set(after)
    program = next(iter(after))
    urls = {row["page_url"].rpartition("/")[2] for row in result.after["evidence"] if row["program_id"] == program}
    assert "visiting-fees" in urls
    assert said(result.before, program) <= said(result.after, program)
