"""What a link promises, where it stands on the page, and in which order pages are fetched."""

from __future__ import annotations

import pytest
from scrapy.http import HtmlResponse

from scraper.vocabulary import vocabulary
from spiders.frontier import Candidate, Frontier
from spiders.links import find_links, score_agency_link, score_link

# Each link promises more than the next one.
RANKED = [
    [
        ("Visiting Medical Students", "https://h.example/education/visiting-students", "main", 0.9),
        ("Visiting Medical Students", "https://h.example/education/visiting-students", "nav", 0),
        ("Visiting Medical Students", "https://h.example/node/7", "nav", 0),
        ("Medical Student Education", "https://h.example/node/8", "nav", 0),
        ("Education", "https://h.example/node/9", "nav", 0),
        ("About us", "https://h.example/about", "nav", 0),
        ("Find a Doctor", "https://h.example/doctors", "nav", 0),
    ],
    [
        ("Clinical Observership", "https://h.example/a", "main", 0),
        ("Clinical Observership", "https://h.example/a", "footer", 0),
        ("Patients & Visitors", "https://h.example/patients-visitors", "main", 0),
    ],
    [
        ("Apply", "https://h.example/apply", "main", 1.0),
        ("Apply", "https://h.example/apply", "main", 0),
        ("Apply for a job", "https://h.example/careers/apply", "main", 0),
    ],
    [
        ("Application checklist", "https://h.example/checklist.pdf", "main", 0.9),
        ("Application checklist", "https://h.example/checklist.pdf", "main", 0.2),
        ("Annual report", "https://h.example/report.pdf", "main", 0.2),
    ],
    [
        ("Visiting students", "https://h.example/students/visiting", "main", 0),
        ("Visiting students", "https://h.example/news/2025/03/visiting-students", "main", 0),
        ("Visiting hours", "https://h.example/visiting-hours", "main", 0),
    ],
    [
        ("Observer program", "https://h.example/gme/observers", "nav", 0),
        ("Observer program", "https://h.example/careers/volunteers/observers", "nav", 0),
        ("Student rotations", "https://h.example/locations/north/rotations", "nav", 0),
        ("Volunteers", "https://h.example/careers/volunteers", "nav", 0),
    ],
]


@pytest.mark.parametrize("links", RANKED, ids=lambda links: links[0][0])
def test_links_are_ranked(links):
    scores = [score_link(*link) for link in links]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Away Rotations", "/x"),
        ("Sub-Internships", "/x"),
        ("VSLO", "/x"),
        ("International Visiting Students", "/x"),
        ("Observer Program", "/x"),
        ("Electives for Visiting Students", "/x"),
        ("Guest students", "/x"),
        ("Visiting Physicians", "/x"),
        ("Externship program", "/x"),
        ("Click here", "/registrar/VisitingStudents.aspx"),
        ("", "/gme/international_observers/"),
        ("Learn more", "/education/visiting-medical-student-electives"),
    ],
)
def test_the_thing_itself_is_recognised(text, path):
    assert score_link(text, f"https://h.example{path}", "nav") >= 0.8


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Visitor Information", "/visitors"),
        ("Plan your visit", "/visit"),
        ("Careers", "/careers"),
        ("MyChart", "/mychart"),
        ("Donate", "/give"),
        ("March", "/calendar/2026/03/"),
        ("Privacy policy", "/privacy"),
    ],
)
def test_what_leads_elsewhere_is_not_followed(text, path):
    assert score_link(text, f"https://h.example{path}", "main", 0.5) < 0.15


def test_a_calendar_of_blocks_is_followed_from_a_promising_page_other_calendars_are_not() -> None:
    url = "https://h.example/md/visiting/calendar.html"
    assert score_link("Block calendar", url, "main", 0.8) > 0.5
    assert score_link("Block calendar", url, "main", 0.0) < 0.15
    assert score_link("Calendar", "https://h.example/calendar", "main", 0.8) < 0.15


def test_hostile_links_take_no_time():
    score_link("visiting " * 50_000, "https://h.example/" + "visiting-" * 50_000, "main", 1.0)


PAGE = b"""<html><head><base href="https://h.example/edu/"></head><body>
<header><a href="/top">Top</a></header><nav><ul><li><a href="menu">Menu</a></li></ul></nav>
<div class="main-menu"><a href="/mega">Mega</a></div>
<main><p><a href="visiting?utm_source=x#apply">Visiting <b>students</b></a> <a href="visiting">Visiting students</a>
<a href="mailto:a@h.example">Mail</a> <a href="javascript:void(0)">Script</a> <a href="#here">Here</a> <a href="photo.jpg">Photo</a>
<a href="form.pdf">Form</a> <a href="http://[bad">Bad</a> <a href="ftp://h.example/f">Ftp</a>
<a href="/aria" aria-label="Observerships"></a> <a href="/img"><img alt="Electives"></a> <a href="/caf%E9 menu">Space</a></p></main>
<div id="site-footer"><a href="/foot">Foot</a></div></body></html>"""


def test_links_of_a_page():
    found = {
        link.url.removeprefix("https://h.example"): (link.text, link.section)
        for link in find_links(HtmlResponse("https://h.example/x", body=PAGE, encoding="utf-8"))
    }
    assert found == {
        "/top": ("Top", "header"),
        "/edu/menu": ("Menu", "nav"),
        "/mega": ("Mega", "nav"),
        "/edu/visiting": ("Visiting students", "main"),
        "/edu/form.pdf": ("Form", "main"),
        "/aria": ("Observerships", "main"),
        "/img": ("Electives", "main"),
        "/caf%E9%20menu": ("Space", "main"),
        "/foot": ("Foot", "footer"),
    }


def test_vocabulary_has_the_keys_that_are_weighed():
    assert set(vocabulary("links").titles) == {"strong", "fair", "weak", "away", "section"}


def test_frontier_gives_the_best_first_and_each_once():
    frontier = Frontier()
    for url, score, depth in [
        ("/b", 0.5, 2),
        ("/a", 0.2, 1),
        ("/c", 0.5, 1),
        ("/a?utm_source=x", 0.9, 3),
        ("/c/", 0.1, 1),
    ]:
        frontier.push(f"https://h.example{url}", score, depth)
    order = []
    while candidate := frontier.pop():
        order.append(candidate.url.removeprefix("https://h.example"))
    assert order == ["/a?utm_source=x", "/c", "/b"]
    frontier.push("https://h.example/b", 5.0, 0)
    assert not frontier
    assert frontier.pop() is None


def test_frontier_takes_a_handful_of_an_endless_kind():
    frontier = Frontier()
    for number in range(500):
        frontier.push(f"https://h.example/calendar/{number}", 0.3, 1)
        frontier.push(f"https://h.example/list?facet={number}", 0.3, 1)
        frontier.push(f"https://h.example/node/{number}", 0.9, 1)
    urls = [candidate.url for candidate in iter(frontier.pop, None)]
    assert len([url for url in urls if "calendar" in url]) == 12
    assert len([url for url in urls if "facet" in url]) == 12
    assert len([url for url in urls if "node" in url]) == 500


def test_frontier_forgets_the_worst():
    frontier = Frontier(limit=10)
    for number in range(1000):
        frontier.push(f"https://h.example/{chr(97 + number % 26)}x{number}y", 1 + number, 1)
    assert len(frontier._heap) <= 20
    assert frontier.pop().score == 1000


def test_frontier_knows_the_shortest_way():
    frontier = Frontier()
    frontier.push("https://h.example/a", 0.3, 1)
    frontier.push("https://h.example/a", 0.6, 4)
    assert frontier.pop() == Candidate("https://h.example/a", 0.6, 1)


def test_frontier_learns_what_a_part_of_the_site_is_worth():
    frontier = Frontier()
    for department in "abcd":
        frontier.push(f"https://h.example/{department}/research", 0.5, 1)
        frontier.push(f"https://h.example/{department}/education", 0.4, 1)
    first = frontier.pop()
    assert first.url.endswith("/a/research")
    frontier.learn(first.url, 0.0)
    assert frontier.pop().url.endswith("/education"), "research led nowhere once: what is near it waits"
    frontier.learn("https://h.example/a/education", 0.9)
    rest = [candidate.url.rpartition("/")[2] for candidate in iter(frontier.pop, None)]
    assert rest == ["education"] * 3 + ["research"] * 3


def test_frontier_credits_the_pages_on_the_way():
    frontier = Frontier()
    frontier.push("https://h.example/units/one", 0.2, 1)
    frontier.push("https://h.example/units/two", 0.2, 1)
    frontier.push("https://h.example/other/three", 0.25, 1)
    frontier.push("https://h.example/units/one/x", 0.2, 2, "https://h.example/units/one")
    frontier.learn("https://h.example/units/one", 0.1)
    frontier.learn("https://h.example/units/one/x", 1.0)
    assert frontier.pop().url.endswith("/units/one")
    assert frontier.pop().url.endswith("/units/two")


def test_frontier_takes_a_link_that_names_the_thing_at_its_word():
    frontier = Frontier()
    for number in range(5):
        frontier.learn(f"https://h.example/{chr(97 + number)}/visiting-students", 0.0)
    frontier.push("https://h.example/z/visiting-students", 1.3, 1)
    assert frontier.pop().score == 1.3


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Pricing", "/pricing"),
        ("Refund & cancellation policy", "/legal/r"),
        ("Terms and Conditions", "/t"),
        ("", "/about-us"),
        ("Our clinical sites", "/sites"),
        ("FAQs", "/help"),
        ("Contact", "/contact"),
    ],
)
def test_agencies_are_asked_for_their_terms_and_hospitals_are_not(text: str, path: str) -> None:
    url = f"https://a.example{path}"
    assert score_agency_link(text, url, "footer") >= 0.4
    assert score_link(text, url, "footer") < 0.4


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (
            "Seven things that nobody tells you about the cost of living abroad",
            "/blog/seven-things-that-nobody-tells-you-about",
        ),
        ("Pricing", "/2025/03/11/pricing"),
        ("Log in", "/login"),
    ],
)
def test_articles_of_agencies_are_left_aside(text: str, path: str) -> None:
    assert score_agency_link(text, f"https://a.example{path}", "main") < 0.2
