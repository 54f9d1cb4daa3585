"""A visit to an institution: what is fetched, in which order, and how gently."""

from __future__ import annotations

import gzip
import itertools

from tests.spiders.hosts import Answer, crawl, page, serve

SITE = "www.lakeshore.example"
PROGRAM = page("Visiting students", text="Visiting students may apply.")


def visit(tmp_path, pages, starts=None, settings=None, websites=None, home=SITE, **request):
    with serve(pages) as hosts:
        websites = websites or {"lakeshore": hosts.url(home)}
        websites = {name: url.replace(".example/", f".example:{hosts.port}/") for name, url in websites.items()}
        starts = {
            name: [url.replace(".example/", f".example:{hosts.port}/") for url in urls]
            for name, urls in (starts or {}).items()
        }
        report, read = crawl(tmp_path, hosts, websites, starts, settings, **request)
    return hosts, report, read


def paths(read):
    return ["/" + line["url"].split("/", 3)[3] for line in read]


def test_best_links_first_and_three_hops_deep(tmp_path):
    pages = {
        "/": page("Home", "News -> /news", "Research -> /research", "Education -> /education", "Careers -> /careers"),
        "/education": page("Education", "Residency -> /residency", "Medical students -> /students"),
        "/students": page("Students", "Curriculum -> /curriculum", "Visiting students -> /visiting"),
        "/visiting": PROGRAM,
        **{path: page(path) for path in ("/news", "/research", "/careers", "/residency", "/curriculum")},
    }
    _, report, read = visit(tmp_path, {SITE: pages})
    found = paths(read)
    assert found[0] == "/"
    assert found.index("/visiting") <= 4
    assert found.index("/visiting") < found.index("/curriculum")
    assert "/news" not in found and "/careers" not in found
    assert report.outcomes["lakeshore"].relevant == 1


def test_the_budget_is_exact(tmp_path):
    pages = {"/": page("Home", *(f"Visiting students -> /visiting-{name}" for name in "abcdefghij"))}
    pages |= {f"/visiting-{name}": PROGRAM for name in "abcdefghij"}
    hosts, report, read = visit(tmp_path, {SITE: pages}, max_pages=4)
    assert len(read) == report.outcomes["lakeshore"].fetches == len(hosts.asked(SITE)) == 4


def test_depth_is_limited(tmp_path):
    pages = {"/": page("Home", "Visiting students -> /visiting-1")}
    pages |= {f"/visiting-{n}": page("Visit", f"Visiting students -> /visiting-{n + 1}") for n in range(1, 9)}
    _, _, read = visit(tmp_path, {SITE: pages}, settings={"USCE_MAX_DEPTH": 3})
    assert paths(read) == ["/", "/visiting-1", "/visiting-2", "/visiting-3"]


def test_start_urls_come_first_and_the_home_page_only_when_all_fail(tmp_path):
    pages = {SITE: {"/": page("Home"), "/a": PROGRAM, "/b": PROGRAM}}
    _, _, read = visit(tmp_path / "1", pages, {"lakeshore": [f"http://{SITE}/b", f"http://{SITE}/a"]})
    assert paths(read) == ["/b", "/a"]
    _, report, read = visit(tmp_path / "2", pages, {"lakeshore": [f"http://{SITE}/moved", f"http://{SITE}/gone"]})
    assert paths(read) == ["/"]
    assert report.outcomes["lakeshore"].failures == {"http_404": 2}


def test_sister_hosts_are_its_own_and_others_are_not(tmp_path):
    pages = {
        SITE: {
            "/": page(
                "Home",
                "Visiting students -> http://med.lakeshore.example/visiting",
                "Visiting students -> http://www.partner.example/visiting",
                "Visiting students -> http://www.pinehill.example/visiting",
            )
        },
        "med.lakeshore.example": {"/visiting": PROGRAM},
        "www.partner.example": {"/visiting": PROGRAM, "/start": PROGRAM},
        "www.pinehill.example": {"/visiting": PROGRAM},
    }
    starts = {"lakeshore": [f"http://{SITE}/", "http://www.partner.example/start"]}
    hosts, _, read = visit(tmp_path, pages, starts)
    assert sorted(line["url"].split("/")[2].split(":")[0] for line in read) == [
        "med.lakeshore.example",
        "www.lakeshore.example",
        "www.partner.example",
        "www.partner.example",
    ]
    assert not hosts.asked("www.pinehill.example")


def test_sitemaps_are_read_where_nothing_else_is_known(tmp_path):
    def urls(*paths):
        entries = "".join(f"<url><loc>http://{SITE}{path}</loc></url>" for path in paths)
        return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'

    with serve({SITE: {}}) as hosts:
        hosts.pages[SITE] = {
            "/robots.txt": Answer(f"Sitemap: {hosts.url(SITE)}map/index.xml".encode(), content_type="text/plain"),
            "/map/index.xml": "<sitemapindex>"
            + "".join(
                f"<sitemap><loc>http://{SITE}/map/{name}</loc></sitemap>"
                for name in ("news.xml", "education.xml.gz", "broken.xml")
            )
            + "</sitemapindex>",
            "/map/news.xml": urls("/news/visiting-hours"),
            "/map/education.xml.gz": Answer(
                gzip.compress(
                    urls("/hidden/visiting-students", "/about").replace(SITE, f"{SITE}:{hosts.port}").encode()
                ),
                content_type="application/gzip",
            ),
            "/map/broken.xml": "<urlset><url><loc>oops",
            "/": page("Home"),
            "/hidden/visiting-students": PROGRAM,
            "/about": page("About"),
        }
        _, read = crawl(tmp_path, hosts, {"lakeshore": hosts.url(SITE)})
    assert sorted(paths(read)) == ["/", "/hidden/visiting-students"]


def test_one_page_under_many_addresses_is_fetched_once(tmp_path):
    pages = {
        "/": page("Home", "Visiting students -> /visiting", "Visiting students -> /visiting/?utm_source=a", "Visiting students -> /visiting#b",
                  "Visiting students -> /visiting/index.html", "Visiting students -> /visiting;jsessionid=7", "Visiting students -> /alias"),
        "/visiting": PROGRAM,
        "/alias": Answer(b"", 301, headers={"Location": "/visiting"}),
    }  # fmt: skip
    _, _, read = visit(tmp_path, {SITE: pages})
    assert paths(read) == ["/", "/visiting"]


def test_pdfs_are_read_from_program_pages(tmp_path):
    pdf = Answer(b"%PDF-1.4 visiting student", content_type="application/pdf")
    pages = {
        "/": page("Home", "Annual report -> /report.pdf", "Visiting students -> /visiting"),
        "/visiting": page(
            "Visiting students", "Checklist -> /files/checklist.pdf", text="Visiting students may apply."
        ),
        "/files/checklist.pdf": pdf,
        "/report.pdf": pdf,
    }
    _, _, read = visit(tmp_path, {SITE: pages})
    assert paths(read) == ["/", "/visiting", "/files/checklist.pdf"]
    assert read[-1]["content_type"] == "application/pdf"


def test_a_site_that_institutions_share_is_read_once(tmp_path):
    pages = {SITE: {"/": page("Home", "Visiting students -> /visiting"), "/visiting": PROGRAM}}
    websites = {"north": f"http://{SITE}/", "south": f"http://{SITE}/"}
    hosts, _, read = visit(tmp_path, pages, websites=websites, settings={"USCE_CONCURRENT_INSTITUTIONS": 1})
    assert hosts.asked(SITE).count("/visiting") == 1
    assert len({line["url"] for line in read}) == len(read)


def test_only_the_chosen_are_visited(tmp_path):
    pages = {SITE: {"/": PROGRAM}, "www.pinehill.example": {"/": PROGRAM}}
    websites = {"lakeshore": f"http://{SITE}/", "pinehill": "http://www.pinehill.example/"}
    _, report, read = visit(tmp_path, pages, websites=websites, institutions=("pinehill",))
    assert list(report.outcomes) == ["pinehill"]
    assert [line["institution_id"] for line in read] == ["pinehill"]


def test_crawl_delay_and_one_request_at_a_time(tmp_path):
    pages = {f"/visiting-{n}": PROGRAM for n in range(3)} | {
        "/": page("Home", *(f"Visiting students -> /visiting-{n}" for n in range(3))),
        "/robots.txt": Answer(b"User-agent: *\nCrawl-delay: 0.6", content_type="text/plain"),
    }
    hosts, _, read = visit(
        tmp_path,
        {SITE: pages},
        {"lakeshore": [f"http://{SITE}/"]},
        {"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0},
    )
    assert len(read) == 4
    times = [time for time, _, _ in hosts.log]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.4  # the rest is for a busy machine


def test_retry_after_is_waited_for(tmp_path):
    asked = []

    def busy_once(handler):
        asked.append(handler.path)
        status = 429 if len(asked) == 1 else 200
        handler.send_response(status)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", "24")
        if status == 429:
            handler.send_header("Retry-After", "1")
        handler.end_headers()
        handler.wfile.write(b"<p>visiting student</p>\n")

    hosts, report, read = visit(
        tmp_path, {SITE: {"/": busy_once}}, {"lakeshore": [f"http://{SITE}/"]}, {"RETRY_TIMES": 1}
    )
    assert len(read) == 1 and not report.failures
    first, second = (time for time, _, path in hosts.log if path == "/")
    assert second - first >= 0.95


def test_we_say_who_we_are(tmp_path):
    hosts, _, _ = visit(tmp_path, {SITE: {"/": PROGRAM}}, url="https://atlas.example", contact="crawl@atlas.example")
    agents = {headers["User-Agent"] for headers in hosts.headers}
    assert len(agents) == 1
    assert agents.pop().endswith(" (+https://atlas.example; crawl@atlas.example)")
