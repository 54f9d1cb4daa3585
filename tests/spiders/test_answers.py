"""Pages that are none are told from pages, by what stands in their title and how little they say besides."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse, Response

from spiders.answers import judge, of_status

MENU = "<nav>" + "<a href=/x>Find a doctor or a place near you</a> " * 200 + "</nav>"
LONG = "<p>Visiting students rotate with us for four weeks and see patients on the wards of the hospital.</p>" * 40
PASSWORD = "<form><input type='text' name='user'><input type='password' name='secret'></form>"


def page(title: str, body: str = "", url: str = "https://www.hill.example/x", **values: object) -> HtmlResponse:
    html = f"<!doctype html><html><head><title>{title}</title></head><body>{MENU}<main>{body}</main></body></html>"
    return HtmlResponse(url, body=html.encode(), encoding="utf-8", **values)


@pytest.mark.parametrize(
    "title",
    [
        "Page not found | Hill Hospital",
        "404 - Hill Hospital School of Medicine",
        "404 Not Found",
        "Error 404",
        "Hill Hospital: File Not Found",
        "We can’t find that page",
        "Sorry, we couldn't find the page you were looking for",
        "This page doesn't exist",
        "This Page No Longer Exists - Hill",
        "The page you are looking for has moved",
        "Page Unavailable",
    ],
)
def test_soft_404(title: str) -> None:
    assert judge(page(title, "<p>Use the search, or go to our home page.</p>")) == "soft_404"
    assert judge(page("Hill Hospital", f"<h1>{title}</h1><p>Use the search.</p>")) == "soft_404"


@pytest.mark.parametrize(
    "response",
    [
        page("Sign in", PASSWORD),
        page("Hill Hospital | Log In to continue", PASSWORD),
        page("Hill Hospital", "<p>Welcome</p>" + PASSWORD),
        page("Staff area", f"<p>{'For our staff. ' * 60}</p>{PASSWORD}", url="https://sso.hill.example/idp/profile"),
    ],
)
def test_login(response: HtmlResponse) -> None:
    assert judge(response) == "login"


@pytest.mark.parametrize(
    "response",
    [
        page("Just a moment..."),
        page("Access Denied", "<p>You don't have permission to access this on this server.</p>"),
        page("Attention Required!", "<h1>Sorry, you have been blocked</h1>"),
        page("Hill", "<p>Verify you are human by completing the action below.</p>"),
        page("Hill", "<script src='/cdn-cgi/challenge-platform/h/b/x.js'></script>"),
        page("", "<iframe src='/_Incapsula_Resource?x=1'></iframe>"),
        page("Pardon Our Interruption"),
    ],
)
def test_challenge(response: HtmlResponse) -> None:
    assert judge(response) == "challenge"


@pytest.mark.parametrize(
    "response",
    [
        page("Visiting Students", LONG),
        page("Visiting Students", LONG + "<p>If a page cannot be found, write to us. Error 404 may show in VSLO.</p>"),
        page("Visiting Students", LONG + PASSWORD),
        page("Log in to VSLO: how visiting students apply", LONG),
        page("Observership", "<p>Observers follow a physician for two weeks. No positions are available in June.</p>"),
        page("Observership", "<p>Applications are not available at this time.</p>"),
        page("Apply", "<p>Applicants log in to VSLO, choose their dates and pay the fee of $50.</p>"),
        page("Human resources", "<p>Our office verifies licenses.</p>"),
        page("Housing", "<p>Rooms can be found within a short walk; no longer than ten minutes.</p>"),
        Response("https://www.hill.example/x.pdf", body=b"%PDF-1.7 Page not found"),
    ],
)
def test_a_page_that_says_something_is_a_page(response: Response) -> None:
    assert judge(response) == ""


def test_what_a_status_hides() -> None:
    assert of_status(page("x", status=401)) == "login"
    assert of_status(page("x", "<script>window._cf_chl_opt = {}</script>", status=403)) == "challenge"
    assert of_status(page("Forbidden", status=403)) == ""
    assert of_status(page("Error", status=500)) == ""


def test_a_hostile_page_costs_little() -> None:
    for body in ("<div>" * 50_000 + "not found", "<input " * 100_000, "not found " * 100_000, "<h1>" * 20_000):
        assert judge(page("Page", body)) in ("", "soft_404", "login", "challenge")
