"""What people come for, walked through in a real browser, on a phone and at a desk, with JavaScript and without."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from icalendar import Calendar
from playwright.sync_api import Browser, Page, expect

from tests.scraper.site.conftest import WIDTHS, Site, Visitor
from tests.scraper.site.hospitals import IN_40_DAYS

pytestmark = pytest.mark.browser
ELECTIVE = "brightwater--electives-international"


def show_filters(page: Page) -> None:
    """Open the filters where they are folded."""
    filters = page.locator("details.filters")
    if filters.get_attribute("open") is None:
        filters.locator("> summary").click()


def choose(page: Page, facet: str, value: str) -> None:
    """Tick a value of a filter, opening what is folded above it."""
    box = page.locator(f'input[name="{facet}"][value="{value}"]')
    for details in box.locator("xpath=ancestor::details").all():
        if details.get_attribute("open") is None:
            details.locator("> summary").first.click()
    box.check()


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def shown_facts(page: Page, container: str) -> dict[str, str]:
    """The names and values of a description list."""
    pairs = page.locator(f"{container} dl > div").all()
    return {pair.locator("dt").inner_text().strip(): pair.locator("dd").inner_text().strip() for pair in pairs}


def test_home_table_filter_program_csv_say_the_same(visitor: Visitor, tmp_path: Path) -> None:
    """The main job: home page → program table → filtered by state and visa → one program → its CSV."""
    page = visitor.page
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Programs").click()
    page.get_by_role("link", name="Table", exact=True).click()
    show_filters(page)
    choose(page, "state", "NY")
    choose(page, "visa", "B-1")
    page.get_by_role("button", name="Show programs").first.click()
    row = page.locator("table.grid tbody tr", has_text="Brightwater Medical Center")
    expect(row).to_have_count(1)
    heads = [head.inner_text() for head in page.locator("table.grid thead th").all()]
    cells = dict(zip(heads, [cell.inner_text() for cell in row.locator("th, td").all()], strict=True))
    assert all("NY" in line.inner_text() for line in page.locator("table.grid tbody tr").all())
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("International Visiting Student Electives")
    glance = shown_facts(page, ".glance")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    download.value.save_as(tmp_path / "program.csv")
    [line] = read_csv((tmp_path / "program.csv").read_text("utf-8"))
    assert cells["State"] == line["state"] == "NY"
    assert cells["International"] == glance["International students"] == line["international_students"] == "yes"
    assert cells["Visas"] == glance["Visas accepted"] == line["visas"] == "B-1, B-2"
    assert (cells["Application fee"], float(line["application_fee"])) == ("$250", 250)
    assert (cells["Program fee, 4 weeks"], float(line["program_fee_4_weeks"])) == ("$2,500", 2500)
    assert cells["Together"] == glance["Stated cost, 4 weeks"] == "$2,750"
    assert cells["Next deadline"] == line["next_deadline"] == str(IN_40_DAYS)
    assert glance["Next deadline"] == f"{IN_40_DAYS:%b} {IN_40_DAYS.day}, {IN_40_DAYS.year}"
    assert (cells["TOEFL"], float(line["toefl_ibt_min"])) == ("90", 90)


def test_student_finds_an_elective_in_new_york_under_3000_that_takes_b1(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.page
    page.goto("/")
    page.get_by_role("link", name="I study abroad").click()
    show_filters(page)
    choose(page, "type", "clinical_elective")
    choose(page, "state", "NY")
    choose(page, "visa", "B-1")
    page.get_by_label("Budget for 4 weeks, USD").fill("3000")
    page.get_by_label("Leave out programs that do not state it").check()
    page.get_by_role("button", name="Show programs").first.click()
    cards = page.locator("article.card")
    expect(page.get_by_role("status")).to_contain_text("program")
    assert "fee_max=3000" in page.url and "unstated=no" in page.url and "sort" not in page.url
    expect(cards.filter(has_text="Brightwater")).to_have_count(1)
    for text in cards.all_inner_texts():
        assert "NY" in text and "B-1" in text
    cards.filter(has_text="Brightwater").get_by_role("link").first.click()
    first = page.locator(".when li").first
    expect(first).to_contain_text("Closes")
    expect(first).to_contain_text("in 40 days")
    with page.expect_download() as download:
        page.get_by_role("link", name="Calendar", exact=True).first.click()
    download.value.save_as(tmp_path / "deadlines.ics")
    calendar = Calendar.from_ical((tmp_path / "deadlines.ics").read_bytes())
    assert IN_40_DAYS in [event.decoded("dtstart") for event in calendar.walk("VEVENT")]


def test_analyst_filters_and_row_counts_agree(visitor: Visitor, site: Site) -> None:
    page = visitor.page
    page.goto("/programs?type=observership&visa=unknown")
    count = int(page.get_by_role("status").locator("strong").inner_text().replace(",", ""))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    rows = read_csv(Path(download.value.path()).read_text("utf-8"))
    path = page.get_by_role("link", name="JSON", exact=True).get_attribute("href") or ""
    assert count == len(rows) == len(site.get(path).json()) > 0
    assert all("Observership" in row["types"] and not row["visas"] for row in rows)


def test_maintainer_sees_a_failing_host(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/")
    page.get_by_role("link", name="Health of the data").click()
    row = page.locator("#failing tr", has_text="Stonehill Health")
    expect(row).to_contain_text("not reached: the host took too long (1)")
    expect(page.locator("#pages")).to_contain_text("stonehill.example/research")
    row.get_by_role("link").click()
    expect(page.locator("header.title")).to_contain_text("the host took too long")
    page.locator("article.card").get_by_role("link").first.click()
    expect(page.locator(".alert")).to_contain_text("could not be reached since")


def test_every_fact_opens_its_proof(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/program/{ELECTIVE}")
    visas = page.locator("#visa .fact", has_text="Visas accepted")
    visas.get_by_text("How do we know?").click()
    expect(visas.locator("blockquote").first).to_have_text("Visitors may come on a B-1 visa.")
    expect(visas.get_by_role("link", name="brightwater.example").first).to_have_attribute(
        "href", "https://brightwater.example/visiting/international"
    )
    toefl = page.locator("#visa .fact", has_text="TOEFL")
    expect(toefl).to_contain_text("pages disagree")
    toefl.get_by_text("How do we know?").click()
    expect(toefl.locator(".conflict")).to_contain_text("says otherwise")
    stale = page.locator("#visa .fact", has_text="Host sponsors visas")
    expect(stale.locator("dd")).to_have_text("not stated")
    assert all(text.strip() for text in page.locator("dd").all_inner_texts())
    expect(page.locator("#who .fact", has_text="Affiliation")).to_contain_text("not sure")
    expect(page.locator("#changes")).to_contain_text("$200, non-refundable → $250, non-refundable")
    expect(page.locator("#cost caption")).to_have_text("For students of schools abroad")


def test_ticks_stay_in_the_browser(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/program/{ELECTIVE}")
    page.get_by_label("Curriculum vitae").check()
    expect(page.locator("[data-ticked]")).to_have_text("1 of 5 ticked")
    page.reload()
    expect(page.get_by_label("Curriculum vitae")).to_be_checked()
    expect(page.get_by_label("Passport")).not_to_be_checked()


def test_search_shows_where_it_hit(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/")
    page.get_by_role("searchbox").fill("brightwater elect")
    page.get_by_role("button", name="Search").click()
    card = page.locator("article.card").first
    expect(card).to_contain_text("Brightwater Medical Center")
    assert "Brightwater" in card.locator("mark").all_inner_texts()
    page.get_by_role("searchbox").fill("no such words anywhere")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="No program fits all of this")).to_be_visible()


def test_deadlines_by_month_and_day(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"/deadlines?month={IN_40_DAYS:%Y-%m}&state=NY")
    page.locator(f'table.calendar a.day:has(time[datetime="{IN_40_DAYS}"])').click()
    entry = page.locator("ol.dates li", has_text="Brightwater Medical Center")
    expect(entry).to_contain_text("closes in 40 days")


def test_sorting_needs_one_choice(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/programs")
    page.get_by_label("Sort by").select_option("fee")
    page.wait_for_url("**sort=fee**")
    assert "q=" not in page.url  # what is empty stays out of an address that may be shared


def test_keyboard_alone_is_enough(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/programs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_without_javascript(browser: Browser, site: Site, width: int) -> None:
    visitor = Visitor(browser, site.base, width, java_script_enabled=False)
    page = visitor.page
    page.goto("/programs")
    show_filters(page)
    choose(page, "state", "NY")
    choose(page, "visa", "B-1")
    page.get_by_role("button", name="Show programs").first.click()
    card = page.locator("article.card", has_text="Brightwater")
    expect(card).to_have_count(1)
    page.get_by_label("Sort by").select_option("fee")
    page.get_by_role("button", name="Sort", exact=True).click()
    assert "sort=fee" in page.url and "state=NY" in page.url
    page.locator("article.card", has_text="Brightwater").get_by_role("link").first.click()
    page.locator("#visa .fact", has_text="Visas accepted").get_by_text("How do we know?").click()
    expect(page.locator("#visa blockquote").first).to_be_visible()
    page.get_by_label("Curriculum vitae").check()
    visitor.check()
    visitor.context.close()


def test_printing_keeps_the_checklist_and_drops_the_frame(browser: Browser, site: Site) -> None:
    visitor = Visitor(browser, site.base, 1280)
    visitor.page.goto(f"/program/{ELECTIVE}")
    visitor.page.emulate_media(media="print")
    expect(visitor.page.locator("header.top")).to_be_hidden()
    expect(visitor.page.locator(".checklist").first).to_be_visible()
    visitor.context.close()


def test_structured_data_says_what_the_page_says(browser: Browser, site: Site) -> None:
    visitor = Visitor(browser, site.base, 1280)
    visitor.page.goto(f"/program/{ELECTIVE}")
    data = json.loads(visitor.page.locator('script[type="application/ld+json"]').inner_text())
    assert data["@type"] == "EducationalOccupationalProgram"
    assert data["provider"]["name"] == "Brightwater Medical Center"
    assert data["applicationDeadline"] == str(IN_40_DAYS)
    assert data["offers"]["price"] == 2750
    visitor.context.close()
