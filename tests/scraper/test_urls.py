"""The many spellings of one address, and whose site a page stands on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from w3lib.url import canonicalize_url, safe_url_string

from scraper.items import Institution, StartUrl
from scraper.registry import Registry
from scraper.urls import _PLAIN, Sites, canonical, domain_of, is_address, is_plain, key

SAME = [
    "https://www.lakeshore.example/visiting",
    "http://lakeshore.example/visiting/",
    "https://WWW.Lakeshore.example:443/visiting#apply",
    "https://www.lakeshore.example/visiting/index.html",
    "https://www.lakeshore.example/visiting/default.aspx?utm_source=mail&utm_medium=x",
    "https://www.lakeshore.example/visiting?gclid=1&fbclid=2",
    "https://www.lakeshore.example/visiting;jsessionid=A1B2?PHPSESSID=9",
    "https://www.lakeshore.example/visiting?print=1",
    "https://www.lakeshore.example/visiting?view=print",
    "https://www.lakeshore.example/visiting/print",
]


@pytest.mark.parametrize("url", SAME)
def test_spellings_of_one_page(url):
    assert key(url) == key(SAME[0])


@pytest.mark.parametrize(
    "url",
    [
        "https://www.lakeshore.example/visiting?page=2",
        "https://med.lakeshore.example/visiting",
        "https://www.lakeshore.example/visiting/fees",
        "https://www.lakeshore.example/Visiting",
        "https://www.lakeshore.example:8080/visiting",
    ],
)
def test_other_pages(url):
    assert key(url) != key(SAME[0])


def test_canonical_keeps_what_is_fetched():
    assert canonical("HTTP://www.Lakeshore.example/a/?b=2&utm_id=7&a=1#x") == "http://www.lakeshore.example/a/?a=1&b=2"


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("med.lakeshore.edu", "lakeshore.edu"),
        ("a.b.lakeshore.k12.ny.us", "lakeshore.k12.ny.us"),
        ("hospital.github.io", "hospital.github.io"),
        ("med.lakeshore.example", "lakeshore.example"),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
    ],
)
def test_registered_domain(host, domain):
    assert domain_of(host) == domain


SITES = Sites(
    Registry(
        {
            "school": Institution("school", "School", website="https://med.lakeshore.edu/"),
            "hospital": Institution("hospital", "Hospital", website="https://www.lakeshorehealth.org/main/"),
            "sister": Institution("sister", "Sister", website="https://www.lakeshorehealth.org/sister/"),
            "lone": Institution("lone", "Lone", website="https://lone.org/"),
        },
        {"school": [StartUrl("school", "https://registrar.lakeshore.edu/visitors/apply.html")]},
    )
)


@pytest.mark.parametrize(
    ("url", "owners"),
    [
        ("http://registrar.lakeshore.edu/visitors/apply.html#top", ["school"]),
        ("https://registrar.lakeshore.edu/other", ["school"]),
        ("https://library.lakeshore.edu/", ["school"]),
        ("https://www.lakeshorehealth.org/sister/education", ["sister"]),
        ("https://www.lakeshorehealth.org/Main/x", ["hospital"]),
        ("https://www.lakeshorehealth.org/about", ["hospital", "sister"]),
        ("https://jobs.lone.org/", ["lone"]),
        ("https://lone.org.evil.example/", []),
        ("https://elsewhere.edu/", []),
    ],
)
def test_whose_page(url, owners):
    assert SITES.owners(url) == owners


@given(st.from_regex(_PLAIN, fullmatch=True))
def test_plain_addresses_are_their_own_canonical_spelling(url):
    assert canonicalize_url(safe_url_string(url, "utf-8")) == canonical(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/a?b=1",
        "https://h.example",
        "https://H.example/",
        "https://h.example/a/../b",
        "https://h.example/a%20b",
        "https://h.example/a;jsessionid=1",
        "https://h.example/a#b",
        "https://me@h.example/",
        "ftp://h.example/",
    ],
)
def test_others_are_looked_at_closely(url):
    assert not is_plain(url)


@pytest.mark.parametrize(
    ("host", "told"),
    [("127.0.0.1", True), ("[::1]", True), ("::ffff:a", True), ("h.example", False), ("h1", False), ("", False)],
)
def test_addresses_by_number(host, told):
    assert is_address(host) is told
