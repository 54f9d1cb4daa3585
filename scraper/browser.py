"""Pages that show their text by script only are fetched with a real browser: scrapy-playwright on the system's chromium.

Nothing of it is needed for other pages: the browser is started by the first page that wants one, and where
scrapy-playwright (`pip install usce-atlas[browser]`) or chromium is missing such pages are reported as 'needs_browser'.

A browser asks for more than a page: images, fonts, media and whatever scripts think of. What is not needed for the text is
blocked, and so is every address in a private network, by name and by number, as for the crawler itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import socket
from typing import Any
from urllib.parse import urlsplit

from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings

from scraper.politeness import is_public
from scraper.urls import is_address

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
UNWANTED = frozenset({"image", "font", "media", "texttrack", "manifest", "eventsource", "websocket", "ping"})
SETTLE_SECONDS = 5.0  # what a page gets after it is loaded to fetch its text; most need less than one
# Addresses by number that a page must not lead the browser to, through redirects either (which cannot be stopped one by one).
_PRIVATE = (
    "localhost", "*.localhost", "0.*", "10.*", "127.*", "169.254.*", "192.168.*", "*.internal", "*.local",
    *(f"172.{number}.*" for number in range(16, 32)), *(f"100.{number}.*" for number in range(64, 128)),
)  # fmt: skip


def chromium() -> str | None:
    """The path of a chromium on this machine: USCE_CHROMIUM, or what is found."""
    return os.environ.get("USCE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str:
    """What is missing for pages that need a browser; '' where nothing is."""
    if importlib.util.find_spec("scrapy_playwright") is None:
        return "scrapy-playwright: pip install 'usce-atlas[browser]'"
    return "" if chromium() else "chromium: install it with the system's package manager, or name it in USCE_CHROMIUM"


def settings(crawl: BaseSettings) -> dict[str, Any]:
    """The settings of scrapy-playwright for a crawl."""
    hosts = [f"MAP {name} {address}" for name, address in crawl.getdict("USCE_HOSTS").items()]
    if not crawl.getbool("USCE_ALLOW_PRIVATE_ADDRESSES"):
        hosts += [f"MAP {name} ~NOTFOUND" for name in _PRIVATE]
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--blink-settings=imagesEnabled=false",
    ]
    if hosts:
        arguments.append(f"--host-resolver-rules={', '.join(hosts)}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # chromium does not start for root with it: containers, mostly
    return {
        "PLAYWRIGHT_LAUNCH_OPTIONS": {"executable_path": chromium(), "args": arguments, "timeout": 30_000},
        "PLAYWRIGHT_ABORT_REQUEST": "scraper.browser.is_unwanted",
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": crawl.getfloat("DOWNLOAD_TIMEOUT") * 1000,
        "PLAYWRIGHT_MAX_CONTEXTS": 1,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 3,  # each takes some 100 MB
    }


def meta() -> dict[str, Any]:
    """What a request carries that is to be fetched with the browser."""
    from scrapy_playwright.page import PageMethod

    return {
        "playwright": True,
        "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
        "playwright_context_kwargs": {"service_workers": "block", "accept_downloads": False},
        "playwright_page_methods": [PageMethod(_settle)],
    }


async def _settle(page: Any) -> None:
    """Wait until the page has fetched its text: until its host has been silent for half a second, within bounds."""
    from playwright.async_api import Error

    with contextlib.suppress(Error):  # some pages never stop asking: what they show by now is what they say
        await page.wait_for_load_state("networkidle", timeout=SETTLE_SECONDS * 1000)


_allow_private = False  # as the crawl's settings say; a crawl has its process to itself
_public: dict[str, bool] = {}  # host -> may the browser go there


async def is_unwanted(request: Any) -> bool:
    """Is a request of the browser one that the text does not need, or one that must not be made?"""
    if request.resource_type in UNWANTED:
        return True
    parts = urlsplit(request.url)
    if parts.scheme in ("data", "blob", "about"):
        return False
    if parts.scheme not in ("http", "https"):
        return True
    return not (_allow_private or await _is_public(parts.hostname or ""))


async def _is_public(host: str) -> bool:
    if host not in _public:
        if is_address(host):
            _public[host] = is_public(host)
        else:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
                _public[host] = all(is_public(str(entry[4][0])) for entry in found)
            except OSError:
                return False
    return _public[host]


class Handler(HTTP11DownloadHandler):
    """Scrapy's own handler for http and https, with a browser for the requests that ask for one.

    scrapy-playwright's handler would start its driver with every crawl; here the first page that wants it does.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler=crawler)
        self.crawler = crawler

    async def download_request(self, request: Request) -> Response:
        if not request.meta.get("playwright"):
            return await super().download_request(request)
        return await (await self._browser()).download_request(request)

    async def _browser(self) -> Any:
        """One browser for http and https."""
        global _allow_private
        starting = getattr(self.crawler, "usce_browser", None)
        if starting is None:
            _allow_private = self.crawler.settings.getbool("USCE_ALLOW_PRIVATE_ADDRESSES")
            starting = asyncio.ensure_future(self._start())
            self.crawler.usce_browser = starting  # type: ignore[attr-defined]
        return await asyncio.shield(starting)

    async def _start(self) -> Any:
        from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

        handler = ScrapyPlaywrightDownloadHandler(self.crawler)
        await handler._launch()  # what it does by itself when the engine starts, which was long ago
        return handler

    async def close(self) -> None:
        await super().close()
        starting = getattr(self.crawler, "usce_browser", None)
        if starting is not None:
            self.crawler.usce_browser = None  # type: ignore[attr-defined]
            if starting.done() and not starting.cancelled() and starting.exception() is None:
                await starting.result().close()
