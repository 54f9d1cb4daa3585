"""The site as a visitor has it: served by Datasette from a database of fictional hospitals, seen in a headless Chromium."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import attrs
import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scraper.serving import serving
from tests.scraper.site.hospitals import make, plant

FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
)
WIDTHS = {"phone": 390, "desk": 1280}
# Each width and each color scheme once: what is wrong with colors is so at any width.
LOOKS = tuple(zip(WIDTHS.values(), ("light", "dark"), strict=True))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@attrs.frozen
class Site:
    """A running site: its address without a slash at the end, and its database."""

    base: str
    database: Path

    def get(self, path: str, **more: object) -> httpx.Response:
        return httpx.get(self.base + path, timeout=30, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def atlas_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("site") / "atlas.db")


@pytest.fixture(scope="session")
def site(atlas_file: Path) -> Iterator[Site]:
    with serving(atlas_file, free_port()) as address:
        yield Site(address.rstrip("/"), atlas_file)


@pytest.fixture(scope="session")
def hostile_site(atlas_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same hospitals, with payloads in every scraped text."""
    path = tmp_path_factory.mktemp("hostile") / "atlas.db"
    shutil.copy(atlas_file, path)
    with serving(plant(path), free_port()) as address:
        yield Site(address.rstrip("/"), path)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


class Visitor:
    """A browser window that remembers what must not happen: errors in the console, requests to others, cookies."""

    def __init__(self, browser: Browser, base: str, width: int, **options: object) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, base_url=base, **options)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.others: list[str] = []
        self.page.on(
            "console",
            lambda message: (
                self.errors.append(f"{self.page.url}: {message.text}") if message.type in ("error", "warning") else None
            ),
        )
        self.page.on("pageerror", lambda error: self.errors.append(f"{self.page.url}: {error}"))
        self.page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on(
            "request",
            lambda request: self.others.append(request.url) if not request.url.startswith((base, "data:")) else None,
        )

    def check(self) -> None:
        assert not self.errors
        assert not self.others
        assert not self.context.cookies()


@pytest.fixture(params=WIDTHS.values(), ids=WIDTHS.keys())
def visitor(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Visitor]:
    """A visitor on a phone, and at a desk; at the end nothing forbidden may have happened."""
    visitor = Visitor(browser, site.base, request.param)
    yield visitor
    visitor.check()
    visitor.context.close()
