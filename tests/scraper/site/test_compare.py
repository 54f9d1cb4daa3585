"""Programs side by side: chosen in the list, from a program or by searching; what differs is marked, and not by colour alone."""

from __future__ import annotations

import sqlite3
from typing import Any

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from scraper.database import VIEW
from scraper.site.compare import LINES, MOST, Line, shown
from tests.scraper.site.conftest import LOOKS, WIDTHS, Site, Visitor
from tests.scraper.site.test_pages import RULES

ELECTIVE = "brightwater--electives-international"


def ids(site: Site) -> list[str]:
    """The written-out programs, as the site knows them."""
    found = sqlite3.connect(site.database).execute(
        "select id from programs where institution_id in ('brightwater', 'lakemont', 'cedar-bluff', 'stonehill') and closed_at is null order by id"
    )
    return [row[0] for row in found]


def path(chosen: list[str], more: str = "") -> str:
    return "/compare?" + "&".join(f"id={one}" for one in chosen) + more


@pytest.mark.parametrize(
    ("values", "kind", "mark"),
    [
        (["yes", "yes"], "text", "same"),
        (["yes", "no"], "text", "differs"),
        (["yes", None], "text", "partly"),
        (["yes", "no", None], "text", "differs"),
        ([None, None], "text", "unstated"),
        (["", "yes"], "text", "partly"),
        ([0, 100.0], "dollars", "differs"),
        (["B-1, J-1", "J-1, B-1"], "list", "same"),
        (["B-1, J-1", "B-1"], "list", "differs"),
        (["B-1", None], "list", "partly"),
    ],
)
def test_rows_are_marked(values: list[Any], kind: Any, mark: str) -> None:
    assert shown(Line("x", "X", kind), [{"x": value} for value in values]).mark == mark


def test_housing_is_told_in_words() -> None:
    row = shown(Line("housing", "Housing", "housing"), [{"housing": "help"}, {"housing": None}])
    assert row.cells == ("none, but help to find some", None)


def test_members_that_not_all_have_are_told_from_those_they_share() -> None:
    row = shown(Line("x", "X", "list"), [{"x": "B-1, J-1"}, {"x": "B-1"}, {"x": None}])
    assert [[(item.text, item.shared) for item in cell or ()] for cell in row.cells] == [
        [("B-1", True), ("J-1", False)],
        [("B-1", True)],
        [],
    ]


def test_every_line_is_a_column_of_the_overview() -> None:
    assert all(line.column in VIEW["program_overview"].column for _, lines in LINES for line in lines)


@pytest.mark.browser
def test_programs_are_ticked_in_the_list_and_compared(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/programs?q=visiting")
    for number in (0, 1, 2):
        page.locator('input[form="compare"]').nth(number).check()
    page.get_by_role("button", name="Compare what is ticked").click()
    expect(page.locator("table.versus thead th")).to_have_count(3)
    page.get_by_role("link", name="Only what differs").click()
    marks = page.locator("table.versus tbody tr:not(.head)")
    assert marks.count() == page.locator("table.versus tr.is-differs, table.versus tr.is-partly").count() > 0
    expect(page.locator("table.versus tr.is-differs th .differs").first).to_have_text("differs")
    page.get_by_role("link", name="Remove").first.click()
    expect(page.locator("table.versus thead th")).to_have_count(2)


@pytest.mark.browser
def test_from_a_program_to_a_comparison_by_searching(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/program/{ELECTIVE}")
    page.get_by_role("link", name="Compare", exact=True).first.click()
    expect(page.locator("table.versus thead th")).to_have_count(1)
    page.get_by_role("searchbox").fill("lakemont")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Add Visiting Student Electives, Lakemont School of Medicine").click()
    expect(page.locator("table.versus thead th")).to_have_count(2)
    row = page.locator("table.versus tbody tr", has=page.get_by_text("Program fee, 4 weeks"))
    expect(row).to_contain_text("$2,500")
    expect(row).to_contain_text("$3,500")
    expect(row).to_contain_text("differs")
    page.goto(f"/compare?id={ELECTIVE}&q=nothingatall")
    expect(page.locator("main")).to_contain_text("No other program was found")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), LOOKS, ids=WIDTHS)
def test_it_is_accessible_and_fits_the_window(browser: Browser, site: Site, width: int, scheme: str) -> None:
    visitor = Visitor(browser, site.base, width, color_scheme=scheme)
    for address in (
        "/compare",
        path(ids(site)[:1], "&q=visiting"),
        path(ids(site)[:2]),
        path(ids(site), "&only=differences"),
    ):
        visitor.page.goto(address)
        found = Axe().run(visitor.page, options=RULES).response["violations"]
        assert not [(address, v["id"], v["nodes"][0]["html"][:200]) for v in found]
        assert not visitor.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), address
    visitor.check()
    visitor.context.close()


def test_more_than_four_and_unknown_programs_are_said(site: Site) -> None:
    many = [
        row[0]
        for row in sqlite3.connect(site.database).execute("select id from programs where closed_at is null limit 6")
    ]
    text = site.get(path(many)).text
    assert text.count('<th scope="col"') == MOST
    assert "More than 4 programs were chosen" in text
    assert "1 program that was chosen is not there any more" in site.get(path([ELECTIVE, "no-such-program"])).text
    assert site.get("/compare?id=").status_code == 200


def test_the_html_is_valid(site: Site) -> None:
    for address in ("/compare", path(ids(site)), path(ids(site)[:2], "&only=differences")):
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(site.get(address).text)
        assert not parser.errors


def test_hostile_texts_stay_texts(hostile_site: Site) -> None:
    answer = hostile_site.get(path(ids(hostile_site), "&q=heart"))
    assert answer.status_code == 200
    assert "<script>window" not in answer.text
    assert 'href="javascript:' not in answer.text
