"""Pages that show their text by script only: read with a real chromium where there is one, reported where there is none."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
from scrapy.settings import Settings

from scraper import browser
from scraper.crawling import CrawlRequest, run_crawl, settings_for
from scraper.demo import CRAWL_SETTINGS, serve_sites

SITES = Path(__file__).parent / "scripted_sites"
SITE = "fallowmere-clinic"


def programs(database: Path) -> list[tuple]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(
            "select id, vslo, core_clerkships_required, good_standing_required from programs"
        ).fetchall()


@pytest.mark.browser
def test_a_site_rendered_by_script_is_crawled_with_chromium(tmp_path: Path, chromium: str) -> None:
    with serve_sites(SITES) as served:
        registry = served.write_registry(tmp_path / "r")
        request = CrawlRequest(tmp_path / "a.db", registry, settings=CRAWL_SETTINGS)
        report = run_crawl(request)
        asked = [path for _, path, _ in served.requests]
        # Marked in the registry, its pages are rendered at once. And no shell is trusted: what fills it may have changed.
        head, line = (registry / "institutions.csv").read_text("utf-8").splitlines()
        (registry / "institutions.csv").write_text(f"{head},browser\n{line},yes\n", "utf-8")
        marked = run_crawl(request)
        asked_again = [path for _, path, _ in served.requests[len(asked) :]]
    outcome = report.outcomes[SITE]
    assert not outcome.failures, report.log
    assert outcome.relevant == marked.outcomes[SITE].relevant == 2
    assert programs(request.database) == [(f"{SITE}--electives", 1, 1, 1)]
    with closing(sqlite3.connect(request.database)) as connection:
        assert connection.execute("select amount, refundable from fees where amount > 0").fetchall() == [(85, 0)]
    assert "/education/fees" in asked, "a link that only a script writes is followed"
    assert "/logo.png" not in asked, "images are not asked for"
    assert asked.count("/education/visiting") == 2, "the shell, then the page"
    assert asked_again.count("/education/visiting") == 1


def test_without_a_browser_such_pages_are_reported(tmp_path: Path) -> None:
    with serve_sites(SITES) as served:
        request = CrawlRequest(tmp_path / "a.db", served.write_registry(tmp_path / "r"), settings=CRAWL_SETTINGS)
        report = run_crawl(attrs.evolve(request, settings=CRAWL_SETTINGS | {"USCE_BROWSER": False}))
    assert set(report.failures) == {"needs_browser"}
    assert programs(request.database) == []


@pytest.mark.parametrize(
    ("kind", "url", "unwanted"),
    [
        ("document", "https://93.184.216.34/", False),
        ("fetch", "https://93.184.216.34/data", False),
        ("script", "data:text/javascript,1", False),
        ("image", "https://93.184.216.34/x.png", True),
        ("font", "https://93.184.216.34/x.woff", True),
        ("media", "https://93.184.216.34/x.mp4", True),
        ("fetch", "http://127.0.0.1/secret", True),
        ("fetch", "http://localhost/secret", True),
        ("fetch", "http://169.254.169.254/latest/meta-data/", True),
        ("document", "http://[::1]/", True),
        ("document", "file:///etc/passwd", True),
    ],
)
def test_what_a_browser_may_ask_for(kind: str, url: str, unwanted: bool) -> None:
    asked = browser.is_unwanted(SimpleNamespace(resource_type=kind, url=url))
    # In a thread of its own: the browser of other tests keeps an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, asked).result() is unwanted


def test_private_networks_are_closed_to_chromium_too() -> None:
    options = settings_for(CrawlRequest()).getdict("PLAYWRIGHT_LAUNCH_OPTIONS")
    rules = next(argument for argument in options["args"] if argument.startswith("--host-resolver-rules"))
    for name in ("127.*", "10.*", "169.254.*", "192.168.*", "172.16.*", "localhost"):
        assert f"MAP {name} ~NOTFOUND" in rules
    opened = browser.settings(
        Settings(
            {"USCE_ALLOW_PRIVATE_ADDRESSES": True, "USCE_HOSTS": {"a.example": "127.0.0.1"}, "DOWNLOAD_TIMEOUT": 3}
        )
    )
    rules = next(a for a in opened["PLAYWRIGHT_LAUNCH_OPTIONS"]["args"] if a.startswith("--host-resolver-rules"))
    assert rules == "--host-resolver-rules=MAP a.example 127.0.0.1"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser.importlib.util, "find_spec", lambda _: None)
    assert "usce-atlas[browser]" in browser.missing()
    monkeypatch.setattr(browser.importlib.util, "find_spec", lambda _: True)
    monkeypatch.setattr(browser, "chromium", lambda: None)
    assert "chromium" in browser.missing()
