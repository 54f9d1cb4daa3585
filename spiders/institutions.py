"""The focused crawl: the registry's institutions, each from its start URLs (or its home page and sitemap), best first.

The unit of work is the institution. To Scrapy each is one request (`data:,ID`, answered without the network), so that
any scheduler, a shared one too, can hand them out; its callback is the whole visit. Inside of a visit one page is
fetched after the other with `engine.download_async`, through all downloader middlewares: what has been read decides what
is fetched next, the budget is exact, and the visit is over when the loop is.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import attrs
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response, TextResponse
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap
from twisted.python.failure import Failure

from scraper import browser
from scraper.archive import Archive, Entry
from scraper.crawling import OUT_OF_TIME
from scraper.database import DatabaseError
from scraper.items import Institution, Page, utc_now
from scraper.memory import MAX_LINKS, Known, Memory, Trail
from scraper.outcomes import Outcome, Refused, reason_of
from scraper.politeness import Robots, refused_hosts
from scraper.registry import DIRECTORY, load_registry
from scraper.signals import institution_finished, institution_reported, page_read, page_unchanged
from scraper.urls import Sites, canonical, key
from spiders.answers import judge, of_status, same_text
from spiders.frontier import STEP, Frontier
from spiders.links import find_links, is_pdf, score_agency_link, score_link

logger = logging.getLogger(__name__)

START_SCORE = 10.0  # start URLs go before whatever is found
KNOWN_SCORE = 5.0  # then pages that described a program last time, whether anything links to them still or not
RELEVANT = 0.5  # a page that says so much is about a program
DEEPER = 0.02  # what a link loses with each link that it is away from a start
LAST_VISITS = (
    0.85  # of the time that a crawl has: later no visit is begun, so that most that were begun come to their end
)
STOP_POLL = 0.5  # seconds after which a fetch looks whether the crawl is being stopped
_HTML = ("text/html", "application/xhtml+xml")
_PDF = "application/pdf"


class Stopped(Exception):
    """The crawl is being stopped: leave things as they are."""


@attrs.define
class Visit:
    """A visit to one institution: what is to be fetched, what was, and how it went."""

    institution: Institution
    outcome: Outcome
    frontier: Frontier
    seen: set[str] = attrs.field(factory=set)  # keys of the pages read
    read: asyncio.Event = attrs.field(factory=asyncio.Event)  # set when the page in the pipelines has left them
    from_home: bool = False
    known: Known = attrs.field(factory=Known)  # what the database knew of its pages
    trails: dict[str, Trail] = attrs.field(factory=dict)  # by key: where each page that was read stood and led


class InstitutionsSpider(Spider):
    """Visits the institutions of the registry. With USCE_REPLAY it visits every page of an archive instead."""

    name = "institutions"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> InstitutionsSpider:
        spider = super().from_crawler(crawler, *args, **kwargs)
        settings = crawler.settings
        spider.registry = load_registry(Path(settings["USCE_REGISTRY"] or DIRECTORY))
        spider.sites = Sites(spider.registry)
        spider.no_institution = []
        spider.archive = Archive(settings["USCE_REPLAY"]) if settings["USCE_REPLAY"] else None
        spider.max_pages = settings.getint("USCE_MAX_PAGES")
        spider.max_depth = settings.getint("USCE_MAX_DEPTH")
        spider.min_score = settings.getfloat("USCE_MIN_LINK_SCORE")
        spider.max_sitemaps = settings.getint("USCE_MAX_SITEMAPS")
        spider.max_candidates = settings.getint("USCE_MAX_CANDIDATES")
        spider.chosen = spider._choose(settings.getlist("USCE_INSTITUTIONS"))
        spider.archived = spider._archived()
        spider.seconds = settings.getfloat("USCE_MINUTES") * 60
        spider.begun = time.monotonic()
        spider.skipped = 0
        spider.at_once = settings.getint("USCE_CONCURRENT_INSTITUTIONS")
        spider.visits = {}
        spider.claims = {}
        spider.browser = settings.getbool("USCE_BROWSER") and spider.archive is None and not browser.missing()
        spider.max_size = settings.getint("DOWNLOAD_MAXSIZE")
        spider.memory = Memory("" if spider.archive else settings["USCE_DATABASE"] or "")
        spider.conditional = settings.getbool("USCE_CONDITIONAL") and not settings["USCE_RECORD"]
        crawler.signals.connect(spider._left_pipelines, signal=signals.item_scraped)
        crawler.signals.connect(spider._left_pipelines, signal=signals.item_dropped)
        crawler.signals.connect(spider._failed_in_pipelines, signal=signals.item_error)
        crawler.signals.connect(spider._let_go, signal=signals.spider_closed)
        return spider

    registry: Any
    sites: Sites
    archive: Archive | None
    archived: dict[str, list[Entry]]
    no_institution: list[str]  # addresses of the archive's pages that are nobody's
    max_pages: int
    max_depth: int
    min_score: float
    max_sitemaps: int
    max_candidates: int
    chosen: list[str]
    at_once: int
    seconds: float  # that the crawl may take, 0 for any number
    begun: float
    skipped: int  # institutions for which there was no time
    visits: dict[str, Visit]
    browser: bool  # is there one for pages that need it?
    max_size: int
    memory: Memory
    conditional: bool
    claims: dict[str, str]  # key of a page -> the institution that took it, where several share a site

    def _choose(self, ids: list[str]) -> list[str]:
        unknown = [identifier for identifier in ids if identifier not in self.registry.institutions]
        if unknown:
            raise ValueError(f"not in the registry: {', '.join(unknown)}")
        return list(dict.fromkeys(ids)) or list(self.registry.institutions)

    async def start(self) -> AsyncIterator[Request]:
        self.slots = asyncio.Semaphore(self.at_once)
        for identifier in self.to_visit:
            yield Request(f"data:,{identifier}", self.visit, meta={"institution_id": identifier, "dont_cache": True})

    def _archived(self) -> dict[str, list[Entry]]:
        """The archive's pages by the institution they belong to. Pages of no known institution are counted and listed."""
        if self.archive is None:
            return {}
        found: dict[str, list[Entry]] = {}
        foreign: list[str] = []
        for entry in self.archive.pages():
            owner = (
                entry.institution_id
                if entry.institution_id in self.registry.institutions
                else self.sites.owner(entry.url)
            )
            if owner is None:
                foreign.append(entry.url)
            else:
                found.setdefault(owner, []).append(entry)
        self.no_institution = foreign
        return {identifier: found[identifier] for identifier in self.chosen if identifier in found}

    @property
    def to_visit(self) -> list[str]:
        """The institutions of this crawl: the chosen ones, of an archive those that it holds pages of."""
        return list(self.chosen) if self.archive is None else list(self.archived)

    async def visit(self, response: Response) -> AsyncIterator[Page]:
        """One institution from beginning to end."""
        institution = self.registry.institutions[response.meta["institution_id"]]
        came_through = False
        async with self.slots:
            if self._is_late(LAST_VISITS) or not self._running:
                await self._skip()
                return
            visit = Visit(institution, Outcome(institution.id, started_at=utc_now()), Frontier(self.max_candidates))
            self.visits[institution.id] = visit
            try:
                visit.known = self.memory.of(institution.id, utc_now())
                pages = self._replayed(visit) if self.archive is not None else self._crawled(visit)
                async for page in pages:
                    visit.read.clear()
                    yield page
                    await visit.read.wait()
                came_through = True
            except Stopped:
                pass
            except Exception:
                # Nothing that one site does may end the visits to the others.
                logger.exception("the visit to %s broke off", institution.id)
                visit.outcome.failed("other")
        if came_through:
            await self._finish(visit)  # while it is stored, the next one is visited
        del self.visits[institution.id]
        self.crawler.signals.send_catch_log(institution_reported, outcome=visit.outcome)
        if self.skipped and not self.visits and self._running:
            await self._close(CloseSpider(OUT_OF_TIME))

    async def _finish(self, visit: Visit) -> None:
        """Let the stages that group and store have their turn; an error of theirs is a failure of the visit."""
        visit.outcome.finished = True
        results = await self.crawler.signals.send_catch_log_async(
            institution_finished, institution_id=visit.institution.id, outcome=visit.outcome, trails=visit.trails
        )
        for _, result in results:
            error = result.value if isinstance(result, Failure) else result
            if isinstance(error, CloseSpider):
                await self._close(error)
            elif isinstance(error, DatabaseError):
                await self._close(CloseSpider("storage"))  # what cannot be written need not be fetched
            if isinstance(error, Exception):
                logger.error("%s could not be stored: %s", visit.institution.id, error)
                visit.outcome.finished = False
                visit.outcome.failed("storage")
                self.crawler.stats.set_value("storage/error", str(error))

    def _is_late(self, share: float = 1.0) -> bool:
        return bool(self.seconds) and time.monotonic() - self.begun >= self.seconds * share

    async def _skip(self) -> None:
        """Whoever is not visited now is left for the next crawl; visits that go on may come to their end."""
        self.skipped += 1
        if not self.visits and self._running:
            await self._close(CloseSpider(OUT_OF_TIME))

    async def _close(self, error: CloseSpider) -> None:
        task = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason=error.reason or "cancelled"))
        self.crawler.stats.set_value("close/reason", error.reason)
        task.add_done_callback(lambda _: None)

    # --- Replay -----------------------------------------------------------------------------------------------------------

    async def _replayed(self, visit: Visit) -> AsyncIterator[Page]:
        for entry in self.archived[visit.institution.id]:
            response = await self._fetch(visit, entry.url)
            page = self._page(visit, response) if response is not None else None
            if page is not None:
                yield page

    # --- Crawl ------------------------------------------------------------------------------------------------------------

    async def _crawled(self, visit: Visit) -> AsyncIterator[Page]:
        for start in self.registry.starts(visit.institution.id):
            visit.frontier.push(canonical(start.url), START_SCORE, 0)
        if not visit.frontier:
            await self._begin_at_home(visit)
        for url in visit.known.programs:
            if self._is_own(visit, url):
                remembered = visit.known.pages.get(key(url))
                visit.frontier.push(canonical(url), KNOWN_SCORE, remembered.trail.depth if remembered else 1)
        while visit.outcome.fetches < self.max_pages:
            if not visit.frontier and visit.outcome.pages == 0:
                await self._begin_at_home(visit)  # the start URLs are all gone: look for where they went
            candidate = visit.frontier.pop()
            if candidate is None:
                break
            rendered = self.browser and visit.institution.browser and not is_pdf(candidate.url)
            response = await self._fetch(visit, candidate.url, rendered)
            if response is None:
                continue
            if response.status == 304:
                if not (self.browser and visit.known.pages[key(response.url)].needs_browser):
                    self._unchanged(visit, response, candidate.depth)
                    continue
                # The shell is as it was, which says nothing about what scripts fill it with.
                if (response := await self._fetch(visit, candidate.url, rendered=True)) is None:
                    continue
                rendered = True
            page = self._page(visit, response, rendered)
            if page is None:
                continue
            directives = _robots_directives(response)
            if "noindex" in directives:
                visit.outcome.failed("noindex", response.url)
            else:
                yield page
                if self.browser and page.needs_browser and not (rendered or page.relevant):
                    shown = await self._fetch(visit, page.url, rendered=True)
                    again = self._page(visit, shown, rendered=True) if shown is not None else None
                    if shown is not None and again is not None:
                        if same_text(response, shown):  # it says little, but that without scripts: no shell after all
                            again.etag, again.last_modified = page.etag, page.last_modified
                        response, page = shown, again
                        yield page
            score = page.relevance_score if page.relevant is not None else 0.0
            # Where pages of its kind led to programs, the links of a page that says little are worth a look, whatever they say.
            promising = max(score, visit.frontier.experience(page.url))
            links = [] if "nofollow" in directives else self._promising_links(visit, response, promising)
            trail = visit.trails[key(page.url)] = Trail(candidate.depth, score, tuple(links))
            self._follow(visit, page.url, trail)

    async def _begin_at_home(self, visit: Visit) -> None:
        """Home page and sitemaps, once."""
        home = visit.institution.website
        if visit.from_home:
            return
        visit.from_home = True
        if not home:
            if not self.registry.starts(visit.institution.id):
                visit.outcome.failed("no_address")
            return
        visit.frontier.push(canonical(home), START_SCORE, 0)
        async for url in self._sitemap_urls(visit, home):
            score = _scorer(visit)("", url, "sitemap")
            # Nothing but its address speaks for such a page: it must name something near to a program.
            if score >= 2 * self.min_score and self._is_own(visit, url):
                visit.frontier.push(canonical(url), score, 1)

    async def _sitemap_urls(self, visit: Visit, home: str) -> AsyncIterator[str]:
        named = await self._sitemaps_in_robots(home)
        queue = [url for url in named if self._is_own(visit, url)] or [urljoin(home, "/sitemap.xml")]
        done: set[str] = set()
        while queue and len(done) < self.max_sitemaps:
            # Of many parts those first whose names promise most ('pages' before 'news').
            queue.sort(key=lambda url: score_link("", url, "sitemap"), reverse=True)
            url = queue.pop(0)
            if url in done:
                continue
            done.add(url)
            response = await self._fetch_quietly(visit, url)
            if response is None:
                continue
            parts, pages = _read_sitemap(response)
            queue += [part for part in parts if self._is_own(visit, part)]
            for page in pages:
                yield page

    async def _sitemaps_in_robots(self, home: str) -> list[str]:
        """The sitemaps that robots.txt names, which the middleware has read or is about to read anyway."""
        middleware = self.crawler.get_downloader_middleware(Robots)
        if middleware is None:
            return []
        try:
            parser = await middleware.robot_parser(Request(home))
        except Exception as error:
            logger.info("%s: no robots.txt: %r", home, error)
            return []
        return [urljoin(home, url) for url in getattr(getattr(parser, "rp", None), "sitemaps", [])]

    def _promising_links(self, visit: Visit, response: Response, page_score: float) -> list[tuple[str, float]]:
        """The page's links to pages of this institution that promise something, the best first."""
        found: dict[str, float] = {}
        page_score = round(page_score, 1)  # so that the links of a menu, which are on every page, are judged once
        worth = _scorer(visit)
        for link in find_links(response) if isinstance(response, TextResponse) else ():
            score = worth(link.text, link.url, link.section, page_score)
            if score < self.min_score:
                continue
            if not self._is_own(visit, link.url):
                self.crawler.stats.inc_value("links/off_site")
                continue
            found[link.url] = max(score, found.get(link.url, score))
        return sorted(found.items(), key=lambda pair: -pair[1])[:MAX_LINKS]

    def _follow(self, visit: Visit, url_of_page: str, trail: Trail) -> None:
        """Queue the links of a page that was read, now or on an earlier visit, and learn what such a page is worth: what it
        says itself, and what the best of its links promises, which is one step further away."""
        promise = max((score for url, score in trail.links if key(url) not in visit.seen), default=0.0)
        visit.frontier.learn(url_of_page, max(trail.score, STEP * promise))
        depth = trail.depth + 1
        if trail.score >= RELEVANT:
            depth = min(
                depth, self.max_depth - 1
            )  # however deep it lies: where programs are described is where to look
        if depth > self.max_depth:
            return
        for url, promise in trail.links:
            score = promise - DEEPER * depth
            if score >= self.min_score and self._is_own(visit, url):
                visit.frontier.push(url, score, depth, url_of_page)

    def _unchanged(self, visit: Visit, response: Response, depth: int) -> None:
        """A page that its host calls unchanged says and links to what it did when it was read last."""
        identity = key(response.url)
        if identity in visit.seen:
            self.crawler.stats.inc_value("pages/again")
            return
        visit.seen.add(identity)
        self.claims.setdefault(identity, visit.institution.id)
        page, now = visit.known.pages[identity], utc_now()
        visit.outcome.pages += 1
        visit.outcome.unchanged += 1
        visit.outcome.relevant += page.relevant
        # Twice on one day is no news: no row has to change for it.
        seen = visit.known.last_seen.get(identity, "")
        fetched_at = seen if seen[:10] == now[:10] else now
        signals = self.crawler.signals
        if page.needs_browser:
            self._failed(visit, "needs_browser", page.url)
        else:
            signals.send_catch_log(
                page_unchanged, institution_id=visit.institution.id, page=page, fetched_at=fetched_at
            )
        shown = Page(page.url, institution_id=visit.institution.id, fetched_at=fetched_at, relevant=page.relevant)
        signals.send_catch_log(page_read, page=shown)
        self._follow(visit, page.url, attrs.evolve(page.trail, depth=depth))

    def _is_own(self, visit: Visit, url: str) -> bool:
        """Does `url` belong to the institution visited? A site that several share gives each page to who asks first."""
        owners = self.sites.owners(url)
        return (
            visit.institution.id in owners and self.claims.get(key(url), visit.institution.id) == visit.institution.id
        )

    # --- One fetch ----------------------------------------------------------------------------------------------------------

    async def _fetch(self, visit: Visit, url: str, rendered: bool = False) -> Response | None:
        """The response of a page; None, with its failure counted, where there is none that can be read."""
        visit.outcome.fetches += 1
        try:
            response = await self._download(visit, url, rendered)
            if rendered and not self._is_own(visit, response.url):
                raise Refused("off_site")  # a script may lead elsewhere
            if rendered and len(response.body) > self.max_size:
                raise Refused("too_large")
        except Stopped:
            raise
        except Exception as error:
            reason = "private_address" if (urlsplit(url).hostname or "") in refused_hosts else reason_of(error)
            if reason == "other":
                logger.warning("%s: %r", url, error)
            self._failed(visit, reason, url)
            return None
        if response.status == 304 and key(response.url) in visit.known.pages:
            return response
        if not 200 <= response.status < 300:
            reason = "redirects" if 300 <= response.status < 400 else of_status(response) or f"http_{response.status}"
            self._failed(visit, reason, url)
            return None
        if self.archive is None and (reason := judge(response)):
            self._failed(visit, reason, url)
            return None
        return response

    async def _fetch_quietly(self, visit: Visit, url: str) -> Response | None:
        """robots.txt or a sitemap, which may well not exist."""
        try:
            response = await self._download(visit, url)
        except Stopped:
            raise
        except Exception as error:
            self.crawler.stats.inc_value(f"sitemap/failed/{reason_of(error)}")
            return None
        return response if response.status == 200 else None

    async def _download(self, visit: Visit, url: str, rendered: bool = False) -> Response:
        meta: dict[str, Any] = {
            "institution_id": visit.institution.id,
            "on_site": lambda target: self._is_own(visit, target),
        }
        if rendered:
            meta |= browser.meta()
        elif self.conditional:
            meta["remembered"] = lambda target: visit.known.pages.get(key(target))
        request = Request(url, meta=meta, dont_filter=True)
        task = asyncio.ensure_future(self.crawler.engine.download_async(request))
        while not task.done():
            if self._is_late() and self._running:
                await self._close(CloseSpider(OUT_OF_TIME))
            if not self._running:
                task.cancel()
                await asyncio.wait({task}, timeout=5)
                raise Stopped
            await asyncio.wait({task}, timeout=STOP_POLL)
        if not self._running:
            raise Stopped
        return task.result()

    @property
    def _running(self) -> bool:
        return bool(self.crawler.engine.running) and "close/reason" not in self.crawler.stats.get_stats()

    def _failed(self, visit: Visit, reason: str, url: str) -> None:
        visit.outcome.failed(reason, url)
        self.crawler.stats.inc_value(f"failed/{reason}")

    def _page(self, visit: Visit, response: Response, rendered: bool = False) -> Page | None:
        """The page of a response; None for what is neither HTML nor PDF, is empty, or was read already."""
        identity = key(response.url)
        if identity in visit.seen and not rendered:
            self.crawler.stats.inc_value("pages/again")
            return None
        known = identity in visit.seen
        visit.seen.add(identity)
        self.claims.setdefault(identity, visit.institution.id)
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
        if not response.body.strip():
            self._failed(visit, "empty", response.url)
            return None
        if not _is_readable(content_type, response):
            self._failed(visit, "not_html", response.url)
            return None
        visit.outcome.pages += not known
        return Page(
            url=response.url,
            body=response.body,
            institution_id=visit.institution.id,
            institution_kind=visit.institution.kind,
            content_type=content_type or "text/html",
            fetched_at=response.meta.get("archived_at") or utc_now(),
            status=response.status,
            # The validators of a shell say nothing about what scripts fill it with.
            etag="" if rendered else _header(response, "ETag"),
            last_modified="" if rendered else _header(response, "Last-Modified"),
            rendered=rendered,
        )

    def _let_go(self) -> None:
        self.memory.close()

    # --- What the pipelines say -----------------------------------------------------------------------------------------------

    def _left_pipelines(self, item: Any, response: Response | None) -> None:
        visit = self._visit_of(response)
        if visit is None:
            return
        if isinstance(item, Page):
            visit.outcome.relevant += bool(item.relevant)
            if item.needs_browser and not (item.relevant or item.rendered or self.browser):
                self._failed(visit, "needs_browser", item.url)
            self.crawler.signals.send_catch_log(page_read, page=item)
        visit.read.set()

    def _failed_in_pipelines(self, item: Any, response: Response | None, failure: Failure) -> None:
        visit = self._visit_of(response)
        if visit is not None:
            self._failed(visit, "stage", getattr(item, "url", ""))
            visit.read.set()

    def _visit_of(self, response: Response | None) -> Visit | None:
        return self.visits.get(response.meta.get("institution_id", "")) if isinstance(response, Response) else None


def _scorer(visit: Visit) -> Callable[..., float]:
    """What tells how much a link of the institution promises."""
    return score_agency_link if visit.institution.kind == "agency" else score_link


def _header(response: Response, name: str) -> str:
    """A header that is to be sent back as it is; '' where it is missing or longer than any host needs."""
    value = (response.headers.get(name) or b"").decode("latin-1").strip()
    return value if len(value) <= 200 and value.isprintable() else ""


def _is_readable(content_type: str, response: Response) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    if kind:
        # Some servers send PDFs and pages as 'octet-stream' or 'text/plain': the first bytes decide.
        if kind in _HTML or kind == _PDF:
            return True
        if kind not in ("application/octet-stream", "binary/octet-stream", "text/plain", "application/force-download"):
            return False
    start = response.body[:1024].lstrip().lower()
    return (
        start.startswith((b"%pdf-", b"<!doctype html", b"<html"))
        or (not kind and b"<" in start)
        or (is_pdf(response.url) and b"%pdf" in start)
    )


def _robots_directives(response: Response) -> set[str]:
    """What the page asks of robots in its own head or in X-Robots-Tag: 'noindex', 'nofollow'."""
    texts = [value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag")]
    # A directive after an agent's name is for that agent alone.
    texts = [
        text for text in texts if not re.match(r"\s*(?!unavailable_after|max-)[\w-]+\s*:", text) or "usce-atlas" in text
    ]
    if isinstance(response, TextResponse):
        head = response.text[:50_000]
        for tag in re.findall(r"<meta\b[^<>]{0,300}>", head, re.I):
            if re.search(r"""name\s*=\s*["']?(?:robots|usce-atlas)["'\s/>]""", tag, re.I) and (
                content := re.search(r"""content\s*=\s*["']?([^"'>]{0,200})""", tag, re.I)
            ):
                texts.append(content[1])
    words = set(re.findall(r"[a-z]+", " ".join(texts).lower()))
    return (words & {"noindex", "nofollow"}) | ({"noindex", "nofollow"} if "none" in words else set())


def _read_sitemap(response: Response) -> tuple[list[str], list[str]]:
    """The parts that a sitemap index names, and the pages that a sitemap names. Broken files give what can be read."""
    try:
        body = response.body
        if gzip_magic_number(response):
            body = gunzip(body, max_size=50 * 1024 * 1024)
        sitemap = Sitemap(body)
        found = [entry["loc"].strip() for entry in _entries(sitemap) if entry.get("loc")]
    except Exception as error:  # lxml and zlib raise of every kind on broken files
        logger.info("%s: no sitemap that can be read: %s", response.url, error)
        return [], []
    return (found, []) if sitemap.type == "sitemapindex" else ([], found)


def _entries(sitemap: Sitemap) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(sitemap):
        if number >= 50_000:  # the limit of the format
            return
        yield entry
