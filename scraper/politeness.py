"""How the crawl behaves towards the hosts it visits, and what it refuses to fetch: small pieces for Scrapy, one job each."""

from __future__ import annotations

import contextlib
import email.utils
import ipaddress
import time
import urllib.request
import zlib
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.resolver import CachingThreadedResolver
from scrapy.robotstxt import RobotParser
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import DNSLookupError

from scraper import __version__
from scraper.outcomes import Refused
from scraper.urls import is_address


def user_agent(url: str = "", contact: str = "") -> str:
    """Who we say we are: the program, and where its maintainer can be found when settings name that."""
    where = "; ".join(part for part in (f"+{url}" if url else "", contact) if part)
    return f"usce-atlas/{__version__} ({where})" if where else f"usce-atlas/{__version__}"


class Robots(RobotsTxtMiddleware):
    """Scrapy's robots.txt middleware, with what RFC 9309 adds: where robots.txt cannot be had (5xx, or the host is not
    reached), its pages are left alone. The pages then fail for the same reason, without one more try each."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unreached: dict[str, Exception] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        parser = await super().robot_parser(request)
        if error := self._unreached.get(urlsplit(request.url).netloc):
            raise error
        return parser

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            self._unreached[netloc] = Refused("robots", f"robots.txt answers {response.status}")
        elif response.status >= 400:
            response = response.replace(body=b"")  # there is none: whatever stands on the error page is no rule
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if not isinstance(exc, IgnoreRequest) or isinstance(exc, Refused):
            self._unreached[netloc] = exc
        super()._robots_error(exc, netloc)


class Throttle(AutoThrottle):
    """AutoThrottle that never goes below a host's own Crawl-delay.

    A delay above USCE_CRAWL_DELAY_MAX counts as that: some sites ask for minutes, which would take a visit of forty
    pages a day.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.floors: dict[str, float] = {}
        self.longest = crawler.settings.getfloat("USCE_CRAWL_DELAY_MAX")
        self.agent = crawler.settings["ROBOTSTXT_USER_AGENT"] or crawler.settings["USER_AGENT"]
        crawler.signals.connect(self.robots_parsed, signal=signals.robots_parsed)

    def robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        asked = robotparser.crawl_delay(self.agent) if hasattr(robotparser, "crawl_delay") else None
        if not asked or asked <= 0:
            return
        key = urlsplit(request.url).hostname or ""
        self.floors[key] = min(float(asked), self.longest)
        self.crawler.stats.inc_value("politeness/crawl_delay")
        if slot := self.crawler.engine.downloader.slots.get(key):
            slot.delay = max(slot.delay, self.floors[key])

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        slot.delay = max(slot.delay, self.floors.get(urlsplit(response.url).hostname or "", 0.0))


class Retry(RetryMiddleware):
    """Retries as Scrapy does, but not before a host's Retry-After is over; a host that asks for more than
    USCE_RETRY_AFTER_MAX is left alone this time."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.longest = settings.getfloat("USCE_RETRY_AFTER_MAX")

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        if response.status in (429, 503) and (seconds := retry_after(response)) is not None:
            if seconds > self.longest:
                self.crawler.stats.inc_value("politeness/retry_after_too_long")
                return response
            slot = self.crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
            if slot is not None:
                self.crawler.stats.inc_value("politeness/retry_after")
                slot.delay = max(slot.delay, seconds)
                slot.lastseen = time.monotonic()
        return cast("Request | Response", super().process_response(request, response))


def retry_after(response: Response) -> float | None:
    """The seconds that a response's Retry-After asks for, given as a number or as a date; None without one."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isdigit() and len(value) < 10:
        return float(value)
    with contextlib.suppress(TypeError, ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None


class OwnSite:
    """Keeps every request on the site it was made for, after redirects too, and within http and https.

    The spider says in `meta["on_site"]` what belongs to the site. A request also takes its place in the queue of its
    own host, not of the host that redirected to it.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.private = crawler.settings.getbool("USCE_ALLOW_PRIVATE_ADDRESSES")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> OwnSite:
        if crawler.settings["USCE_REPLAY"]:
            raise NotConfigured
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        request.meta.pop("download_slot", None)
        parts = urlsplit(request.url)
        if parts.scheme == "data":
            return
        if parts.scheme not in ("http", "https"):
            raise self._refuse("off_site")
        on_site = request.meta.get("on_site")
        if on_site is not None and not on_site(request.url):
            raise self._refuse("off_site")
        host = parts.hostname or ""
        if not self.private and is_address(host) and not is_public(host):
            raise self._refuse("private_address")

    def _refuse(self, reason: str) -> Refused:
        self.crawler.stats.inc_value(f"refused/{reason}")
        return Refused(reason)


class WholeBodies(HttpCompressionMiddleware):
    """Scrapy's decompression, that does not take half of a compressed page for a page: what is missing would be read as no
    longer said. Damage that leaves the length as it should be is let pass, as browsers do."""

    @staticmethod
    def _decode(body: bytes, encoding: bytes, max_size: int) -> bytes:
        text = HttpCompressionMiddleware._decode(body, encoding, max_size)
        # The last four bytes of gzip tell the length (RFC 1952). Where they do not, it may be padding: that is looked into.
        if encoding in (b"gzip", b"x-gzip") and int.from_bytes(body[-4:], "little") != len(text) & 0xFFFFFFFF:
            unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
            with contextlib.suppress(zlib.error):
                unpacking.decompress(body, len(text) + 1)
                if not unpacking.eof and not unpacking.unconsumed_tail:
                    raise Refused("truncated")
        return text


class Conditional:
    """Asks for a page that is known only in case it is no longer the same (RFC 9110, 13): an unchanged one costs a 304.

    The spider says in `meta["remembered"]` what is known of an address. Every hop of a redirect is asked for by itself,
    without the validators of the hop before.
    """

    def process_request(self, request: Request) -> None:
        find = request.meta.get("remembered")
        if find is None:
            return
        for name in ("If-None-Match", "If-Modified-Since"):
            request.headers.pop(name, None)
        if page := find(request.url):
            request.headers.update(page.headers)


refused_hosts: set[str] = set()  # names that resolved to private addresses in this process


def is_public(address: str) -> bool:
    """May `address` be visited by a crawler that follows whatever links it finds? Not private, loopback, link-local
    (where cloud machines keep their secrets), multicast or reserved ones."""
    try:
        ip: Any = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return bool(ip.is_global) and not ip.is_multicast


class Resolver(CachingThreadedResolver):
    """Scrapy's resolver, that refuses names which lead into private networks, and knows the names in USCE_HOSTS.

    Refused is what the connection would go to, so a name cannot change its mind after the check.
    """

    def __init__(self, reactor: Any, cache_size: int, timeout: float, settings: Any) -> None:
        super().__init__(reactor, cache_size, timeout)
        self.private = settings.getbool("USCE_ALLOW_PRIVATE_ADDRESSES")
        self.hosts: dict[str, str] = settings.getdict("USCE_HOSTS")
        # A proxy that the machine is set up with may stand in its private network.
        self.proxies = {urlsplit(url).hostname for url in urllib.request.getproxies().values()}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> Resolver:
        settings = crawler.settings
        return cls(reactor, settings.getint("DNSCACHE_SIZE"), settings.getfloat("DNS_TIMEOUT"), settings)

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        if name in self.hosts:
            return succeed(self.hosts[name])
        found: Deferred[str] = super().getHostByName(name, timeout)
        return found if self.private or name in self.proxies else found.addCallback(self._check, name)

    @staticmethod
    def _check(address: str, name: str) -> str:
        if not is_public(address):
            refused_hosts.add(name)
            raise DNSLookupError(f"{name} resolves to the private address {address}")
        return address
