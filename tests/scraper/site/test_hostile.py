"""Texts of other people that mean harm: nothing of them runs in a browser, nothing of them is a formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import Browser

from scraper.database import TABLES, VIEWS
from scraper.site.app import harmless, json_block, marked, safe_url
from tests.scraper.site.conftest import Site, Visitor
from tests.scraper.site.hospitals import PAYLOADS, SCRAPED
from tests.scraper.site.test_pages import PAGES
from tests.scraper.site.test_pages import TABLES as TABLE_PAGES

FORMULA = re.compile(r"\s*[=+\-@\x00-\x1f]")
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")


def test_every_text_column_of_scraped_tables_is_planted() -> None:
    """A column that a crawl fills with somebody else's words must not be forgotten here."""
    exempt = {
        "institutions": {"id", "kind", "state"},  # the registry's, checked on load
        "programs": {"id", "institution_id", "first_seen", "last_seen", "stale_since", "closed_at"},
        "pages": {"url", "institution_id", "program_id", "first_seen", "fetched_at", "last_seen", "unreachable_since"},
        "evidence": {"program_id", "field", "audience", "first_seen", "last_seen", "closed_at"},
        "changes": {"date", "institution_id", "program_id", "field"},
        "fees": {"program_id", "kind", "audience"},
        "deadlines": {"program_id", "kind", "date", "month_day", "audience"},
        "contacts": {"program_id", "kind", "audience"},
        **{name: {"program_id", "audience"} for name in ("visas", "documents", "specialties")},
    }
    for table in TABLES:
        if table.name in exempt:
            texts = {
                column.name
                for column in table.columns
                if column.type in ("text", "url", "datetime", "date") and column.since == 1
            }
            assert texts - exempt[table.name] <= set(SCRAPED[table.name]), table.name


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["own", "datasette"])
def test_nothing_planted_runs(browser: Browser, hostile_site: Site, kind: str) -> None:
    visitor = Visitor(browser, hostile_site.base, 1280)
    page = visitor.page
    pages = PAGES if kind == "own" else {**TABLE_PAGES, **{t.name: f"/atlas/{t.name}" for t in (*TABLES, *VIEWS)}}
    more = {
        "hits": "/programs?q=heart",
        "hits-table": "/programs?q=script+window&view=table",
        "facet": "/programs?visa=%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E",
    }
    for name, path in {**pages, **(more if kind == "own" else {})}.items():
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        for focusable in page.locator("[onfocus], [autofocus]").all()[:3]:
            focusable.focus()
        assert page.evaluate("window.pwned") is None, name
        strange = "img[src='x'], [onload], [onerror], [onclick], [onfocus], [onmouseover], main script:not([src]):not([type='application/ld+json'])"
        assert page.locator(strange).count() == 0, name
        links = page.eval_on_selector_all(
            "a[href], form[action]", "all => all.map(e => e.getAttribute('href') || e.getAttribute('action'))"
        )
        assert not [link for link in links if re.match(r"\s*(javascript|data|vbscript):", link, re.I)], name
        assert "49" not in page.locator("h1").inner_text() or "{{" in page.locator("h1").inner_text()
    visitor.errors = [error for error in visitor.errors if "status of 404" not in error]
    visitor.check()
    visitor.context.close()


def cells(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row]


def test_no_cell_of_any_csv_is_a_formula(hostile_site: Site) -> None:
    queries = [
        "/programs.csv",
        "/program/brightwater--electives-international.csv",
        "/atlas.csv?sql=select+quote,in_words+from+evidence&_size=max",
    ]
    tables = [
        f"/atlas/{table.name}.csv?_stream=on&_size=max{extra}"
        for table in (*TABLES, *VIEWS)
        for extra in ("", "&_dl=1")
    ]
    planted = 0
    for path in [*queries, *tables, "/atlas/changes.csv?_labels=on&_size=max"]:
        found = cells(hostile_site.get(path).text)
        planted += sum("HYPERLINK" in cell for cell in found)
        bad = [cell for cell in found if FORMULA.match(cell) and not NUMBER.fullmatch(cell)]
        assert not bad, (path, bad[:3])
    assert planted > 20


def test_csv_keeps_every_row_and_cell(site: Site) -> None:
    """Making cells harmless changes no count, no number, no line break."""
    with closing(sqlite3.connect(site.database)) as connection:
        rows = connection.execute("select * from evidence").fetchall()
    parsed = list(csv.reader(io.StringIO(site.get("/atlas/evidence.csv?_stream=on&_size=max").text)))
    assert len(parsed) == len(rows) + 1
    assert {len(row) for row in parsed} == {len(rows[0])}
    places = list(csv.DictReader(io.StringIO(site.get("/atlas/institutions.csv?_size=max").text)))
    assert [row["longitude"] for row in places if row["id"] == "brightwater"] == ["-73.75"]


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        *((payload, "'" + payload) for payload in PAYLOADS if FORMULA.match(payload)),
        ("-73.75", "-73.75"), ("+1", "+1"), ("-2e5", "-2e5"), (-3.5, -3.5), (None, None), ("plain", "plain"), (" =1", "' =1"), ("1-2", "1-2"), ("\r=1", "'\r=1"),
    ],
)  # fmt: skip
def test_harmless(cell: object, wanted: object) -> None:
    assert harmless(cell) == wanted
    assert harmless(harmless(cell)) == wanted


def test_words_for_templates_are_escaped() -> None:
    assert marked("\x02<b>\x03 & \x00") == "<mark>&lt;b&gt;</mark> &amp; "
    assert json_block({"a": "</script><!--"}) == '{"a": "\\u003c/script\\u003e\\u003c!--"}'
    assert [safe_url(url) for url in ("javascript:x", "JavaScript:x", None, "https://a.example/", " javascript:x")] == [
        "",
        "",
        "",
        "https://a.example/",
        "",
    ]
