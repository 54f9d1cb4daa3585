"""What the crawl finds, and what it costs: order, speed and memory on generated websites that this machine serves itself.

    python benchmarks/crawl.py order     share of the program pages of a site of 5,000 pages found by the first fetches
    python benchmarks/crawl.py speed     pages a second, against a bare Scrapy spider that only downloads the same pages
    python benchmarks/crawl.py memory    peak memory of both processes at 1,000 and at 10,000 pages

Every page is invented. The site has what hospitals' sites have: menus on every page, news by date, calendars, faculty,
clinics, and words that mislead (visiting hours, visiting professors, international patients). What describes a program stands two to
five links deep; a part of it under link texts and addresses that say nothing ('Learn more', /node/417).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scrapy import Request, Spider, signals  # noqa: E402

DEPARTMENTS = (
    "Anesthesiology", "Cardiology", "Dermatology", "Emergency Medicine", "Family Medicine", "Gastroenterology", "General Surgery",
    "Internal Medicine", "Nephrology", "Neurology", "Neurosurgery", "Obstetrics and Gynecology", "Oncology", "Ophthalmology",
    "Orthopedics", "Otolaryngology", "Pathology", "Pediatrics", "Psychiatry", "Pulmonology", "Radiology", "Rheumatology",
    "Urology", "Vascular Surgery",
)  # fmt: skip
FIRST = [
    "Ada",
    "Ben",
    "Cora",
    "Dan",
    "Eve",
    "Finn",
    "Gus",
    "Hana",
    "Ira",
    "Joan",
    "Kai",
    "Lena",
    "Max",
    "Nora",
    "Omar",
    "Pia",
    "Quin",
    "Rosa",
    "Sam",
    "Tess",
    "Uma",
    "Vic",
    "Wes",
    "Yara",
    "Zoe",
]
LAST = [
    "Alder",
    "Birch",
    "Cole",
    "Dunn",
    "Ells",
    "Frost",
    "Gray",
    "Hart",
    "Irwin",
    "Jay",
    "Kerr",
    "Lowe",
    "Marsh",
    "Nash",
    "Oaks",
    "Penn",
    "Quill",
    "Reed",
    "Stone",
    "Thorne",
    "Vale",
    "Webb",
]
FILLER = (
    "Our teams care for patients from three counties and beyond. ", "The clinic is open on weekdays from eight to five. ",
    "Parking is free in the garage on Elm Street. ", "Ask your physician for a referral before your first appointment. ",
    "Research of the group is supported by grants and by the gifts of our community. ", "A new wing will open next year. ",
    "The conference takes place on Tuesdays at noon in the main auditorium. ", "Residents rotate through all of our sites. ",
)  # fmt: skip


@attrs.define
class Site:
    """A generated website: path → (title, body, links as (text, path)), and which paths describe a program."""

    pages: dict[str, tuple[str, str, list[tuple[str, str]]]] = attrs.field(factory=dict)
    programs: set[str] = attrs.field(factory=set)

    def html(self, path: str) -> bytes | None:
        if path not in self.pages:
            return None
        title, body, links = self.pages[path]
        items = "".join(f'<li><a href="{to}">{text}</a></li>' for text, to in links)
        menu = "".join(f'<li><a href="{to}">{text}</a></li>' for text, to in MENU)
        return (
            f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title} | Larkspur Health</title></head><body>"
            f"<header><nav><ul>{menu}</ul></nav></header><main><h1>{title}</h1>{body}<ul>{items}</ul></main>"
            f"<footer><p>Larkspur Health, 1 Elm Street. Visitors: see our visiting hours.</p></footer></body></html>"
        ).encode()

    def breadth_first(self, start: str = "/") -> list[str]:
        """The order in which a crawl that takes links as they come would fetch the pages."""
        order, seen, queue = [], {start}, deque([start])
        while queue:
            path = queue.popleft()
            order.append(path)
            for _, to in [*MENU, *self.pages[path][2]]:
                if to in self.pages and to not in seen:
                    seen.add(to)
                    queue.append(to)
        return order


MENU = [
    ("Patients and visitors", "/patients"), ("Find a doctor", "/doctors"), ("Departments", "/departments"), ("Research", "/research"),
    ("Education", "/education"), ("News", "/news"), ("Events", "/events"), ("Careers", "/careers"), ("International patients", "/patients/international"),
]  # fmt: skip


def generate(pages: int = 5000, seed: int = 1, catalog: bool = True) -> Site:
    """A site of so many pages; the same seed gives the same. Without `catalog` each department's elective can be reached by
    way of that department alone, four links deep."""
    chance, site = random.Random(seed), Site()
    node = 100

    def text(sentences: int) -> str:
        paragraphs = ("".join(chance.choice(FILLER) for _ in range(4)) for _ in range(max(1, sentences // 4)))
        return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)

    def add(path: str, title: str, parent: str | None, link: str = "", body: str = "") -> str:
        site.pages[path] = (title, body or text(chance.randint(8, 40)), [])
        if parent is not None:
            site.pages[parent][2].append((link or title, path))
        return path

    def program(path: str, title: str, parent: str, about: str, link: str = "") -> str:
        site.programs.add(path)
        who = chance.choice(
            (
                "students of other medical schools",
                "medical students in their final year",
                "international medical graduates",
            )
        )
        offer = "an observership" if "bserver" in about else "a clinical elective"
        said = (
            f"<p>Larkspur Health offers {offer} in {about} to {who}. Applications must be received at least"
            f" {chance.choice((60, 90, 120))} days before the start date.</p><h2>Requirements</h2><ul><li>Curriculum vitae</li>"
            f"<li>Proof of immunizations</li><li>Letter of good standing</li></ul><p>The application fee is"
            f" ${chance.choice((50, 100, 150))} and is non-refundable. Visiting students may rotate for four weeks.</p>"
        )
        return add(path, title, parent, link, said + text(8))

    add("/", "Welcome to Larkspur Health", None)
    for title, path in MENU:
        add(path, title, "/")
    for name in (
        "Visiting hours",
        "Visitor information",
        "Visiting nurses",
        "Medical records",
        "Student volunteers",
        "Pay a bill",
    ):
        add(f"/patients/{name.lower().replace(' ', '-')}", name, "/patients")
    for name in ("Visa letters for patients", "Interpreters", "Travel to us"):
        add(f"/patients/international/{name.lower().replace(' ', '-')}", name, "/patients/international")
    # What a medical school has: the way to its visitors goes by way of its own students.
    for name in (
        "Residency programs",
        "Fellowships",
        "Continuing medical education",
        "Medical school",
        "Nursing school",
        "Library",
    ):
        add(f"/education/{name.lower().replace(' ', '-')}", name, "/education")
    for name in ("Admissions", "Curriculum", "Student affairs", "Registrar", "Tuition", "Graduation"):
        add(f"/education/medical-school/{name.lower().replace(' ', '-')}", name, "/education/medical-school")
    hub = program(
        "/education/medical-school/registrar/visiting-students",
        "Visiting Medical Students",
        "/education/medical-school/registrar",
        "most specialties",
    )
    for name, link in (
        ("How to apply", "Apply"), ("Fees and payment", ""), ("Frequently asked questions", "FAQ"), ("International students", ""),
        ("Requirements", "Learn more"), ("Housing for visiting students", ""), ("Elective catalog", ""),
    ):  # fmt: skip
        slug = name.lower().replace(" ", "-") if chance.random() < 0.7 else ""
        node += 1
        listing = program(
            f"{hub}/{slug}" if slug else f"/node/{node}", f"Visiting students: {name}", hub, name.lower(), link
        )
    gme = "/education/residency-programs"
    observers = program(
        "/education/gme/observers",
        "Observership program for international physicians",
        gme,
        "observerships",
        "Observerships",
    )
    program(f"{observers}/application", "Observer application", observers, "observerships")
    program(
        "/research/visiting-scholars",
        "Summer research for visiting medical students",
        "/research",
        "laboratory research",
        "Opportunities for students",
    )
    for department in DEPARTMENTS:
        base = add(f"/departments/{department.lower().replace(' ', '-')}", department, "/departments")
        for name in ("Our team", "Clinics", "Conditions we treat", "Research", "Education"):
            add(f"{base}/{name.lower().replace(' ', '-')}", f"{department}: {name}", base, name)
        education = f"{base}/education"
        add(f"{education}/residency", f"{department} residency", education, "Residency")
        add(
            f"{education}/grand-rounds", f"{department} grand rounds", education, "Grand rounds and visiting professors"
        )
        if chance.random() < 0.75:
            node += 1
            telling = chance.random() < 0.8
            path = f"{education}/medical-students/visiting-electives" if telling else f"/node/{node}"
            students = add(
                f"{education}/medical-students", f"{department}: medical students", education, "Medical students"
            )
            program(
                path,
                f"{department} elective for visiting students",
                students,
                department.lower(),
                "Visiting students" if telling else "Learn more",
            )
            if catalog and chance.random() < 0.33:  # the school's catalog lists some departments
                site.pages[listing][2].append((department, path))
        for _ in range(30):
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            node += 1
            add(f"{base}/our-team/{name.lower().replace(' ', '-')}-{node}", f"{name}, MD", f"{base}/our-team")
            add(f"{base}/conditions-we-treat/{node}", f"Condition {node}", f"{base}/conditions-we-treat")
            add(f"{base}/research/lab-{node}", f"{name.split()[1]} Laboratory", f"{base}/research")
    month = 0
    while len(site.pages) < pages:  # news and events without end
        node, month = node + 1, (month + 1) % 120
        kind = chance.choice(("news", "events"))
        date = f"{2016 + month // 12}/{month % 12 + 1:02}"
        index = f"/{kind}/{date}"
        if index not in site.pages:
            add(index, f"{kind.title()} of {date}", f"/{kind}")
        subject = chance.choice(
            (
                "Match Day for our students",
                "Visiting professor speaks on heart failure",
                "A new clinic opens",
                "International nurses day",
                "Students visit schools",
            )
        )
        add(f"{index}/{subject.lower().replace(' ', '-')}-{node}", subject, index)
    return site


# --- serving ---------------------------------------------------------------------------------------------------------


def serve(site: Site, ready: Any, log: Any) -> None:
    """Serve a site to any host name on a free port, in a process of its own, as fast as Python can."""
    ready_pages = {path: page for path in site.pages if (page := site.html(path)) is not None}
    missing = b"<h1>Not found</h1>"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode().partition("?")[0]
                body = ready_pages.get(path)
                status = "200 OK" if body is not None else "404 Not Found"
                content = missing if body is None else body
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                if log is not None and body is not None:
                    log.append(path)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Served:
    """A site while it is served; `log` holds what was asked for, in order."""

    def __init__(self, site: Site, logged: bool = False) -> None:
        self.manager = multiprocessing.Manager() if logged else None
        self.log: Any = self.manager.list() if self.manager else None
        mine, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(site, theirs, self.log), daemon=True)
        self.process.start()
        self.port = mine.recv()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.join()
        if self.manager:
            self.manager.shutdown()


# --- crawling --------------------------------------------------------------------------------------------------------


class Peak:
    """An extension that notes in the stats the peak memory of the process that crawls, and what processor time it took."""

    prefix = ""  # of the names in the stats

    def __init__(self, crawler: Any) -> None:
        self.stats = crawler.stats
        crawler.signals.connect(self.opened, signal=signals.spider_opened)
        crawler.signals.connect(self.closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Any) -> Any:
        return cls(crawler)

    def opened(self) -> None:
        self.begun = time.process_time()

    def closed(self) -> None:
        self.stats.set_value(f"{self.prefix}processor_seconds", time.process_time() - self.begun)
        self.stats.set_value(f"{self.prefix}peak_kib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


class ReadingCost(Peak):
    """A last stage that notes the same of the process that reads."""

    prefix = "reading/"

    def open_spider(self) -> None:
        self.opened()

    def process_item(self, page: Any) -> Any:
        return page


class Bare(Spider):
    """Downloads the addresses that it is given, and does nothing else."""

    name = "bare"

    async def start(self) -> Any:
        for url in json.loads(Path(self.settings["BARE_URLS"]).read_text("utf-8")):
            yield Request(url, self.parse)

    def parse(self, response: Any) -> None:
        pass


def registry(folder: Path, hosts: list[str], port: int) -> Path:
    folder.mkdir(parents=True)
    lines = ["id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes"]
    lines += [f"{host.split('.')[0]},{host.split('.')[0].title()},,,,,,,http://{host}:{port}/,," for host in hosts]
    (folder / "institutions.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "start_urls.csv").write_text("institution_id,url,program_type,seen\n", "utf-8")
    return folder


def crawl(folder: Path, port: int, sites: int, max_pages: int, stages: dict[str, int] | None = None) -> dict[str, Any]:
    """Crawl `sites` hosts of the served site, all of them the same to look at; the crawl's stats, with `pages`. `stages` take the place of all others."""
    from scraper.crawling import CrawlRequest, run_crawl
    from scraper.demo import CRAWL_SETTINGS
    from scraper.settings import ITEM_PIPELINES

    stages = (stages or ITEM_PIPELINES) | {"benchmarks.crawl.ReadingCost": 10_000}
    hosts = [f"site{number}.example" for number in range(sites)]
    own = {"USCE_HOSTS": dict.fromkeys(hosts, "127.0.0.1"), "EXTENSIONS": {"benchmarks.crawl.Peak": 1}}
    request = CrawlRequest(
        database=folder / "bench.db",
        registry=registry(folder / "registry", hosts, port),
        max_pages=max_pages,
        settings=CRAWL_SETTINGS | {"USCE_MAX_SITEMAPS": 0, "USCE_BROWSER": False, "ITEM_PIPELINES": stages} | own,
    )
    report = run_crawl(request)
    return report.stats | {"pages": report.pages, "programs": report.programs, "failures": dict(report.failures)}


def order() -> None:
    for catalog in (True, False):
        site = generate(catalog=catalog)
        breadth = site.breadth_first()
        with tempfile.TemporaryDirectory() as folder, Served(site, logged=True) as served:
            crawl(Path(folder), served.port, 1, 100)
            best = list(served.log)
        assert set(breadth) == set(site.pages), "every page can be reached"
        kind = "a third of the departments in a catalog" if catalog else "no catalog of the departments"
        print(f"{len(site.pages)} pages, {len(site.programs)} of them describe a program, {kind}")
        print("fetches   best first   breadth first")
        for number in (20, 50, 100):
            shares = [len(site.programs & set(way[:number])) / len(site.programs) for way in (best, breadth)]
            print(f"{number:7}   {shares[0]:10.0%}   {shares[1]:13.0%}")
        print("missed:", ", ".join(sorted(site.programs - set(best[:100]))) or "none", flush=True)


def speed(rounds: int = 5) -> None:
    """Pages a second, by the clock, and by the processor time of the process that crawls and the one that reads together."""
    site = generate()
    with Served(site, logged=True) as served, tempfile.TemporaryDirectory() as folder:
        crawl(Path(folder), served.port, 1, 60)
        paths = list(dict.fromkeys(served.log))
    best: dict[str, tuple[float, float]] = {}
    with Served(site) as served:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                runs = {
                    "crawled, read and stored": crawl(Path(folder) / "a", served.port, 32, 60),
                    "crawled": crawl(Path(folder) / "b", served.port, 32, 60, {"benchmarks.crawl.Unread": 1}),
                    "downloaded by a bare spider": download(
                        Path(folder), [f"http://127.0.0.1:{served.port}{path}" for path in paths] * 32
                    ),
                }
            for name, stats in runs.items():
                number = stats.get("pages") or stats["response_received_count"]
                processor = stats["processor_seconds"] + stats.get("reading/processor_seconds", 0)
                speeds = number / stats["elapsed_time_seconds"], number / processor
                best[name] = max(speeds[0], best.get(name, speeds)[0]), max(speeds[1], best.get(name, speeds)[1])
    bare = best["downloaded by a bare spider"]
    print(f"{'best of ' + str(rounds) + ', pages/s':30} by the clock      by processor time")
    for name, (clock, processor) in best.items():
        print(f"{name:30} {clock:6.0f} ({clock / bare[0]:.2f})      {processor:6.0f} ({processor / bare[1]:.2f})")


class Unread:
    """Stands in for the stages where fetching alone is measured."""

    def process_item(self, page: Any) -> Any:
        page.relevant, page.relevance_score = False, 0.0
        return page


def download(folder: Path, urls: list[str]) -> dict[str, float]:
    """The stats of a bare Scrapy spider."""
    unique = [f"{url}?{number}" for number, url in enumerate(urls)]
    (folder / "urls.json").write_text(json.dumps(unique), "utf-8")
    mine, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_download, args=(str(folder / "urls.json"), theirs))
    process.start()
    stats = mine.recv()
    process.join()
    return dict(stats)


def _download(urls: str, result: Any) -> None:
    from scrapy.crawler import AsyncCrawlerProcess

    # Scrapy as it comes, with as many requests at a time as our crawl has; no delay, no robots.txt, no log.
    settings = {
        "BARE_URLS": urls, "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "DOWNLOAD_DELAY": 0, "ROBOTSTXT_OBEY": False,
        "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "EXTENSIONS": {"benchmarks.crawl.Peak": 1},
    }  # fmt: skip
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(Bare)
    process.crawl(crawler)
    process.start()
    result.send({name: value for name, value in crawler.stats.get_stats().items() if isinstance(value, (int, float))})


def memory() -> None:
    peaks = {}
    with Served(generate()) as served:
        for sites in (25, 250):
            with tempfile.TemporaryDirectory() as folder:
                begun = time.monotonic()
                stats = crawl(Path(folder), served.port, sites, 40)
                each = [stats[name] / 1024 for name in ("peak_kib", "reading/peak_kib")]
                peaks[sites] = sum(each)
                print(
                    f"{stats['pages']:6} pages: peak {each[0]:.0f} MiB (crawling) + {each[1]:.0f} MiB (reading) = {peaks[sites]:.0f} MiB,"
                    f" {time.monotonic() - begun:.0f} s",
                    flush=True,
                )
    print(f"ratio {peaks[250] / peaks[25]:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["order", "speed", "memory"])
    {"order": order, "speed": speed, "memory": memory}[parser.parse_args().what]()
