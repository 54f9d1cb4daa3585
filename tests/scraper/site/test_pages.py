"""Every type of page: accessible, valid, without errors, at both widths, in light and dark; what stands around the pages."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import html as lxml_html
from playwright.sync_api import Browser

from scraper.site.electives import month_words
from tests.scraper.site.conftest import LOOKS, WIDTHS, Site, Visitor

PAGES = {
    "home": "/",
    "programs": "/programs",
    "filtered": "/programs?state=NY&visa=B-1&fee_max=3000&unstated=no&type=clinical_elective",
    "search": "/programs?q=visiting",
    "nothing": "/programs?q=nothingatall",
    "table": "/programs?view=table",
    "program": "/program/brightwater--electives-international",
    "stale-program": "/program/stonehill--research-international",
    "institutions": "/institutions",
    "institutions-all": "/institutions?all=yes&state=HI",
    "institution": "/institution/brightwater",
    "institution-without": "/institution/quiet-harbor",
    "agency": "/institution/bridgeway",
    "agency-program": "/program/bridgeway--electives-international",
    "electives": "/electives",
    "electives-of": "/electives?q=consults&specialty=cardiovascular_disease&international=yes",
    "no-electives": "/electives?q=nothingatall",
    "vslo": "/vslo",
    "vslo-of": "/vslo?state=NY&by=aamc",
    "agencies": "/agencies",
    "deadlines": "/deadlines",
    "deadlines-of": "/deadlines?state=NY&event=close&for=international&type=clinical_elective",
    "changes": "/changes",
    "no-changes": "/changes?field=phones",
    "charts": "/charts",
    "data": "/data",
    "health": "/health",
    "not-found": "/no/such/page",
}
# Datasette's own pages: they are held to the same, but for the validity of their HTML.
TABLES = {
    "database": "/atlas",
    "table-of": "/atlas/program_overview?_size=3",
    "fees": "/atlas/fees?kind=application&_sort=amount&_size=3",
    "row": "/atlas/fees/1",
    "sql": "/atlas?sql=select+*+from+fees+limit+3",
    "query": "/atlas/programs_by_visa?visa=B-1",
}
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), LOOKS, ids=WIDTHS)
def test_no_accessibility_violation_no_error_no_sideways_scrolling(
    browser: Browser, site: Site, width: int, scheme: str
) -> None:
    visitor = Visitor(browser, site.base, width, color_scheme=scheme)
    found = []
    for name, path in {**PAGES, **TABLES}.items():
        visitor.page.goto(path)
        visitor.page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        results = Axe().run(visitor.page, options=RULES)
        found += [
            f"{name}: {v['id']}: {v['nodes'][0]['html'][:200]} ({v['nodes'][0]['failureSummary'][:200]})"
            for v in results.response["violations"]
        ]
        if visitor.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"):
            found.append(f"{name}: wider than the window")
    visitor.errors = [error for error in visitor.errors if "status of 404" not in error]
    assert not found, "\n".join(found)
    visitor.check()
    visitor.context.close()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_html_is_valid(site: Site, path: str) -> None:
    text = site.get(path).text
    html5lib.HTMLParser(strict=True).parse(text)
    tree = lxml_html.document_fromstring(text)
    ids = Counter(tree.xpath("//@id"))
    assert not [name for name, number in ids.items() if number > 1]
    assert len(tree.xpath("//h1")) == 1
    assert len(tree.xpath("//main")) == 1
    for label in tree.xpath("//label[@for]/@for"):
        assert ids[label] == 1
    # What the content model forbids and a parser does not see.
    assert not tree.xpath("//p//*[self::div or self::ul or self::dl or self::p or self::table]")
    assert not tree.xpath(
        "//a//a | //button//a | //a//button | //label//label | //ul/*[not(self::li)] | //ol/*[not(self::li)]"
    )
    assert not tree.xpath("//dl/*[not(self::dt or self::dd or self::div)]")
    assert not tree.xpath("//*[starts-with(name(@*), 'on')] | //*[@style]")
    assert not tree.xpath("//input[@type='checkbox' or @type='radio'][@autocomplete]")
    assert not [link for link in tree.xpath("//a/@href") if re.search(r"\s", link)]


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_pages_say_what_they_are(site: Site, path: str) -> None:
    tree = lxml_html.document_fromstring(site.get(path).text)
    assert tree.xpath("string(//title)").endswith("USCE Atlas") or path == "/"
    if path == PAGES["not-found"]:
        return
    description = tree.xpath("string(//meta[@name='description']/@content)")
    assert 40 <= len(description) <= 320
    assert tree.xpath("string(//meta[@property='og:title']/@content)")
    asks = bool(re.search(r"\?", path))
    assert bool(tree.xpath("//meta[@name='robots'][contains(@content, 'noindex')]")) is asks
    assert bool(tree.xpath("//link[@rel='canonical']")) is not asks


@pytest.mark.parametrize(
    "path",
    [
        *PAGES.values(),
        *TABLES.values(),
        "/programs.csv",
        "/programs.json",
        "/static/atlas.css",
        "/atlas/fees.csv",
        "/atlas.db",
    ],
)
def test_every_answer_is_guarded(site: Site, path: str) -> None:
    headers = site.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers


def test_all_links_of_the_pages_lead_somewhere(site: Site) -> None:
    links: set[str] = set()
    for path in PAGES.values():
        tree = lxml_html.document_fromstring(site.get(path).text)
        links |= {link for link in tree.xpath("//a/@href | //link/@href | //script/@src") if link.startswith("/")}
    sample = sorted(link for link in links if not re.search(r"/(program|institution)/made-", link) and "?" not in link)
    assert len(sample) > 20
    broken = [link for link in sample if site.get(link).status_code != 200]
    assert not broken


def test_sitemap_and_robots(site: Site) -> None:
    robots = site.get("/robots.txt").text
    assert "Disallow: /*?" in robots
    assert "Disallow: /atlas" in robots
    assert f"Sitemap: {site.base}/sitemap.xml" in robots
    tree = ET.fromstring(site.get("/sitemap.xml").text)
    addresses = [element.text or "" for element in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert f"{site.base}/program/brightwater--electives-international" in addresses
    assert f"{site.base}/institution/brightwater" in addresses
    assert all(site.get(address.removeprefix(site.base)).status_code == 200 for address in addresses[:12])
    assert site.get("/sitemap-2.xml").status_code == 404


def test_the_examples_on_the_data_page_run(site: Site) -> None:
    tree = lxml_html.document_fromstring(site.get("/data").text)
    examples = tree.xpath("//dl[@class='examples']//a/@href")
    assert len(examples) == 5
    for path in examples:
        answer = site.get(path)
        assert answer.status_code == 200
        assert answer.json() if ".json" in path else answer.text.count("\n") > 0


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/no/such/page", 404, "There is no such page"),
        ("/program/nobody", 404, "There is no such page"),
        ("/program/nobody.csv", 404, ""),
        ("/institution/nobody", 404, "There is no such page"),
        ("/atlas/nothing", 404, "There is no such page"),
        ("/atlas?sql=drop+table+fees", 400, "Statement must be a SELECT"),
        ("/atlas.json?sql=select+*+from+nothing", 400, '"ok": false'),
        ("/programs?page=99999&sort=x&state=%00&fee_max=abc&q=%22%28*", 200, ""),
        ("/deadlines?month=2026-99&page=x&day=%3Cscript%3E", 200, ""),
        ("/changes?field=%27&page=-1", 200, ""),
        ("/institutions?page=1e9&q=%25", 200, ""),
    ],
)
def test_odd_addresses_get_a_page_with_a_way_on(site: Site, path: str, status: int, says: str) -> None:
    answer = site.get(path)
    assert answer.status_code == status
    assert says in answer.text
    assert "Traceback" not in answer.text


def test_a_program_that_went_says_so(site: Site, atlas_file, tmp_path) -> None:
    from scraper.database import open_database

    db = open_database(atlas_file)
    [closed] = db.execute("select id from programs where id like 'made-%' order by id desc limit 1").fetchone()
    db.execute("update programs set closed_at = '2026-01-02' where id = ?", [closed])
    db.conn.commit()
    try:
        answer = site.get(f"/program/{closed}")
        assert answer.status_code == 410
        assert "no longer describe this program since January 2, 2026" in answer.text
        assert closed not in site.get("/programs.csv").text
    finally:
        db.execute("update programs set closed_at = null where id = ?", [closed])
        db.conn.commit()
        db.close()
    assert site.get(f"/program/{closed}").status_code == 200


def test_a_long_query_is_cut_off(site: Site) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    answer = site.get("/atlas.json", params={"sql": endless})
    assert answer.status_code == 400
    assert "SQL query took too long" in answer.text
    many = "with recursive n(i) as (select 1 union all select i + 1 from n limit 5000) select i from n"
    rows = site.get("/atlas.json", params={"sql": many, "_shape": "array"}).json()
    assert len(rows) == 1000


def test_visitors_leave_no_line_in_the_log(atlas_file, tmp_path) -> None:
    import subprocess
    import time
    import urllib.request

    from scraper.serving import datasette_command
    from tests.scraper.site.conftest import free_port

    port = free_port()
    with (tmp_path / "log").open("w+b") as log:
        process = subprocess.Popen(datasette_command(atlas_file, port), stdout=log, stderr=log)
        try:
            for _ in range(100):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/programs?q=secretwish", timeout=5).read()
                    break
                except OSError:
                    time.sleep(0.1)
        finally:
            process.terminate()
            process.wait(10)
        log.seek(0)
        assert b"secretwish" not in log.read()


def test_what_students_ask_besides_is_shown_with_its_words(site: Site) -> None:
    """Housing, interview, mentor, setting, who pays, who applies, insurance: each in words, each with its proof, each a filter where it helps."""
    tree = lxml_html.document_fromstring(site.get("/program/brightwater--electives-international").text)
    shown = {
        fact.xpath("string(dt)"): " ".join(fact.xpath("string(dd)").split())
        for fact in tree.xpath("//div[contains(@class, 'fact')]")
    }
    wanted = {
        "Interview required": ("yes", "Every applicant is interviewed by video."),
        "Home school has to apply": ("no, visitors apply themselves", "Students apply to us themselves."),
        "Mentor": ("yes", "Each visitor is given a mentor."),
        "Housing": ("none, but help to find some", "We have no rooms, but a list of landlords."),
        "Hospital setting": ("Academic or teaching hospital", "Ours is an academic medical center."),
        "Who pays": ("Visitor pays own travel and living", "Visitors pay for their own travel and meals."),
        "Malpractice cover by the host": ("yes", "Our malpractice policy covers visitors."),
    }
    for title, (value, words) in wanted.items():
        assert shown[title].startswith(value), title
        assert words in shown[title], title
    assert shown["Health insurance by the host"] == "not stated"
    for query in ("housing=help", "interview=yes", "mentor=yes", "setting=academic", "housing=help&state=NY"):
        rows = site.get(f"/programs.json?{query}").json()
        assert [row["id"] for row in rows] == ["brightwater--electives-international"], query
        assert rows[0]["who_pays"] == "Visitor pays own travel and living"
    assert not site.get("/programs.json?housing=free").json()


def titles(site: Site, query: str) -> list[str]:
    tree = lxml_html.document_fromstring(site.get(f"/electives{query}").text)
    return [" ".join(heading.text_content().split()) for heading in tree.xpath("//ul[@class='entries']/li/h2")]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["Cardiology Consults MED 701", "Wound Care", "Pediatric Neurology PED-12"]),
        ("?q=ped-12", ["Pediatric Neurology PED-12"]),
        ("?q=main+cardiology", ["Cardiology Consults MED 701"]),
        ("?q=100%25", []),
        ("?specialty=neurology", ["Pediatric Neurology PED-12"]),
        ("?international=yes", ["Cardiology Consults MED 701"]),
        ("?international=no", ["Pediatric Neurology PED-12"]),
        ("?international=unknown", ["Wound Care"]),
        ("?at=lakemont", ["Pediatric Neurology PED-12"]),
        ("?program=brightwater--electives-international", ["Cardiology Consults MED 701", "Wound Care"]),
        ("?state=TX", []),
        ("?international=%27&page=99", ["Cardiology Consults MED 701", "Wound Care", "Pediatric Neurology PED-12"]),
    ],
)
def test_electives_are_found(site: Site, query: str, wanted: list[str]) -> None:
    assert titles(site, query) == wanted


def test_an_elective_says_what_its_catalog_says_and_leads_to_the_program(site: Site) -> None:
    tree = lxml_html.document_fromstring(site.get("/electives?at=brightwater").text)
    consults, wounds = (" ".join(" ".join(one.itertext()).split()) for one in tree.xpath("//ul[@class='entries']/li"))
    for words in (
        "Specialty Cardiovascular disease",
        "International students yes",
        "Length 4 weeks",
        "Offered in Jul to Sep",
    ):
        assert words in consults
    assert "Places at a time 2" in consults and "Prerequisites Internal medicine" in consults
    assert wounds.count("not stated") == 3
    assert "Cardiology Consults, as the catalog words it" in consults
    assert tree.xpath("//ul[@class='entries']/li[1]//a[@href='/program/brightwater--electives-international']")
    assert (
        "/electives?program=brightwater--electives-international"
        in site.get("/program/brightwater--electives-international").text
    )
    assert "/electives?at=brightwater" in site.get("/institution/brightwater").text


def test_hosts_in_vslo_say_who_says_so(site: Site) -> None:
    tree = lxml_html.document_fromstring(site.get("/vslo").text)
    hosts = [" ".join(one.text_content().split()) for one in tree.xpath("//ul[@class='rows']/li")]
    [lakemont] = [one for one in hosts if one.startswith("Lakemont")]
    assert "listed by AAMC (Global network, US network)" in lakemont and lakemont.endswith("1 program")
    [farbank] = [one for one in hosts if one.startswith("Farbank")]
    assert farbank.endswith("not in our registry")
    assert "Upload a photo." in tree.text_content()
    assert not [one for one in hosts if one.startswith("Brightwater")]
    only = lxml_html.document_fromstring(site.get("/vslo?by=aamc&q=lakemont").text)
    assert len(only.xpath("//ul[@class='rows']/li")) == 1


def test_agencies_are_told_by_what_they_tell(site: Site) -> None:
    tree = lxml_html.document_fromstring(site.get("/agencies").text)
    bridgeway, goldcrest = tree.xpath("//section[contains(@class, 'agency')]")
    said = " ".join(bridgeway.text_content().split())
    assert "3 of 5 told on 1 page that was read" in said
    assert said.count("not found") == 2
    assert "You will be at Fairlawn Family Clinic." in said and "2 more" in said
    assert "None of its pages has been read yet." in goldcrest.text_content()
    assert bridgeway.xpath(".//a[@href='/program/bridgeway--electives-international']")


def test_what_agencies_sell_is_never_among_the_hospitals_programs(site: Site) -> None:
    name = "Hands-on Rotations for Everyone"
    for path in (
        "/",
        "/programs?q=rotations",
        "/programs.csv",
        "/deadlines",
        "/institutions?all=yes&q=bridgeway",
        "/compare?q=rotations",
    ):
        assert name not in site.get(path).text, path
    assert "Bridgeway Rotations" not in site.get("/institutions?all=yes").text
    page = site.get("/program/bridgeway--electives-international")
    assert page.status_code == 200 and "Sold by a" in page.text
    assert '"@type": "Organization"' in site.get("/institution/bridgeway").text


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (None, ""),
        ("7 8", "Jul, Aug"),
        ("1 2 3 10", "Jan to Mar, Oct"),
        ("1 2 9 10 11 12", "Sep to Feb"),
        ("1 2 3 4 5 6 8 9 10 11 12", "all year but Jul"),
        ("1 2 3 4 5 6 7 8 9 10 11 12", "all year"),
    ],
)
def test_months_in_words(months: str | None, words: str) -> None:
    assert month_words(months) == words
