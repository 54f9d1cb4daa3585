"""'Match me' in a real browser: the reasoned no and the fit, with JavaScript and without, and what is kept of the person: nothing."""

from __future__ import annotations

import re

import html5lib
import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.scraper.site.conftest import LOOKS, WIDTHS, Site, Visitor
from tests.scraper.site.test_pages import RULES

ELECTIVE = "International Visiting Student Electives"
ANSWERS = {"who": "student", "school": "abroad", "year": "final", "toefl": "110", "step1": "yes", "visa": "B-1"}


def fill(page: Page, **wants: str) -> None:
    """Fill in the form."""
    for name, answer in {**ANSWERS, **wants}.items():
        field = page.locator(f'[name="{name}"]').first
        if field.get_attribute("type") == "radio":
            page.locator(f'[name="{name}"][value="{answer}"]').check()
        elif field.evaluate("(field) => field.tagName") == "SELECT":
            field.select_option(answer)
        else:
            field.fill(answer)


def card(page: Page, group: str, name: str = ELECTIVE) -> Locator:
    return page.locator(f"#{group} article", has=page.get_by_role("link", name=name))


def walk(page: Page) -> None:
    """The journey: a no with its reason, then fewer weeks, and a fit."""
    page.goto("/")
    page.get_by_role("link", name="Match me", exact=True).click()
    fill(page, weeks="8", budget="3000")
    page.get_by_role("button", name="Match me").click()
    no = card(page, "does_not_fit")
    expect(no).to_contain_text("$5,250 for 8 weeks; your budget is $3,000.")
    expect(no).to_contain_text("4 weeks would cost $2,750.")
    no.locator("li.is-no summary").first.click()
    expect(no.locator("li.is-no blockquote").first).to_have_text("A fee of $250 is paid with the application.")
    expect(no.locator("li.is-no .reading a").first).to_have_attribute(
        "href", re.compile(r"^https://brightwater\.example/")
    )
    expect(page.locator('[name="toefl"]')).to_have_value("110")
    page.locator('[name="weeks"]').fill("4")
    page.get_by_role("button", name="Match me again").click()
    fits = card(page, "fits")
    expect(fits).to_contain_text("$2,750")
    expect(fits).not_to_contain_text("What would change that")
    expect(page.locator("#fits .count")).not_to_have_text("0")


@pytest.mark.browser
def test_a_reasoned_no_then_fewer_weeks_and_a_fit(visitor: Visitor) -> None:
    walk(visitor.page)
    assert visitor.page.url.endswith("/match#results")  # the answers stand in no address


@pytest.mark.browser
def test_it_works_without_javascript(browser: Browser, site: Site) -> None:
    visitor = Visitor(browser, site.base, WIDTHS["phone"], java_script_enabled=False)
    visitor.page.goto("/match")
    fill_without_script(visitor.page)
    visitor.page.get_by_role("button", name="Match me").click()
    expect(card(visitor.page, "does_not_fit")).to_contain_text("$5,250 for 8 weeks")
    visitor.page.locator('[name="weeks"]').fill("4")
    visitor.page.get_by_role("button", name="Match me again").click()
    expect(card(visitor.page, "fits")).to_contain_text("$2,750")
    visitor.check()
    visitor.context.close()


def fill_without_script(page: Page) -> None:
    for name in ("who", "school"):
        page.locator(f'[name="{name}"][value="{ANSWERS[name]}"]').check()
    for name in ("year", "step1", "visa"):
        page.locator(f'[name="{name}"]').select_option(ANSWERS[name])
    for name, answer in (("toefl", "110"), ("weeks", "8"), ("budget", "3000")):
        page.locator(f'[name="{name}"]').fill(answer)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), LOOKS, ids=WIDTHS)
def test_form_and_results_are_accessible_and_fit_the_window(
    browser: Browser, site: Site, width: int, scheme: str
) -> None:
    visitor = Visitor(browser, site.base, width, color_scheme=scheme)
    page = visitor.page
    page.goto("/match")
    for step in ("form", "results"):
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        found = Axe().run(page, options=RULES).response["violations"]
        assert not [(step, v["id"], v["nodes"][0]["html"][:200]) for v in found]
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), step
        if step == "form":
            fill(page, weeks="8", budget="3000")
            page.get_by_role("button", name="Match me").click()
    visitor.check()
    visitor.context.close()


@pytest.mark.browser
def test_back_from_a_program_shows_the_results_again(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/match")
    fill(page, weeks="4", budget="3000")
    page.get_by_role("button", name="Match me").click()
    page.locator("#fits article h3 a").first.click()
    expect(page.locator("body.program")).to_be_visible()
    page.go_back()
    expect(page.locator("#fits article").first).to_be_visible()


@pytest.mark.browser
def test_matches_can_be_ticked_and_compared(visitor: Visitor) -> None:
    page = visitor.page
    page.goto("/match")
    fill(page, weeks="4")
    page.get_by_role("button", name="Match me").click()
    for number in (0, 1):
        page.locator('#may_fit input[form="compare"]').nth(number).check()
    page.get_by_role("button", name="Compare what is ticked").click()
    expect(page.locator("table.versus thead th")).to_have_count(2)


def post(site: Site, **answers: str) -> httpx.Response:
    return httpx.post(f"{site.base}/match", data=answers, timeout=30)


def test_nothing_is_kept_and_no_cookie_is_set(site: Site) -> None:
    before = site.database.read_bytes()
    answer = post(site, **ANSWERS, weeks="8", budget="3000")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert site.database.read_bytes() == before


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({}, "Say who you are"),
        ({"who": "student", "school": "abroad", "toefl": "lots"}, "Write a number from 0 to 120."),
        ({"who": "student", "school": "abroad", "start": "2020-01"}, "That month has passed"),
    ],
)
def test_answers_that_cannot_be_used_are_marked(site: Site, answers: dict[str, str], said: str) -> None:
    answer = post(site, **answers, specialty="x")
    assert answer.status_code == 400
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'id="results"' not in answer.text


def test_a_body_that_is_no_form_is_refused(site: Site) -> None:
    assert post(site, specialty="x" * 20_000).status_code == 400


def test_what_is_typed_is_shown_as_text(site: Site) -> None:
    answer = post(site, **ANSWERS, specialty='"><script>alert(1)</script>')
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_the_html_is_valid(site: Site) -> None:
    for text in (site.get("/match").text, post(site, **ANSWERS, weeks="8", budget="3000").text):
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(text)
        assert not parser.errors
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids))


def test_hostile_texts_stay_texts(hostile_site: Site) -> None:
    answer = post(hostile_site, **ANSWERS, weeks="8", budget="3000", specialty="Cardiology", start="")
    assert answer.status_code == 200
    assert "<script>window" not in answer.text
    assert 'href="javascript:' not in answer.text


def test_more_of_a_group_is_shown_when_asked_for(site: Site) -> None:
    few, many = (post(site, who="student", school="abroad", more=more).text for more in ("", "may_fit"))
    assert few.count("<article") < many.count("<article")
    assert "Show more" in few
