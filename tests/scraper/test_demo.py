"""The server of the sample sites: what it answers, and what it says of a site that cannot be served."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest

from scraper.demo import ServedSites, SiteError, read_sites, serve_sites

GOOD = "id: a\nname: A\nkind: teaching_hospital\ncity: X\nstate: ME\nlat: 44.1\nlon: -69.1\nstart: []\n"


def make_site(directory: Path, settings: str = GOOD) -> Path:
    pages = directory / "a-site" / "pages"
    (pages / "deep").mkdir(parents=True)
    (directory / "a-site" / "site.yml").write_text(settings, "utf-8")
    (directory / "a-site" / "layout.html").write_text("<title>{{title}}</title><main>{{content}}</main>", "utf-8")
    (pages / "index.html").write_text("<title>Home</title>\n<p>It’s home</p>", "utf-8")
    (pages / "deep" / "page.html").write_text("<title>Page</title>\n<p>Deep</p>", "utf-8")
    (pages / "robots.txt").write_text("Sitemap: {{base}}/sitemap.xml", "utf-8")
    return directory


@pytest.mark.parametrize(
    ("settings", "path", "status", "says"),
    [
        ("", "/", 200, "<title>Home</title><main><p>It’s home</p></main>"),
        ("", "/deep/page", 200, "Deep"),
        ("", "/deep/page/", 404, "Page not found"),
        ("suffix: /\n", "/deep/page/", 200, "Deep"),
        ("suffix: .aspx\n", "/deep/page.aspx", 200, "Deep"),
        ("", "/robots.txt", 200, "Sitemap: http://127.0.0."),
        ("encoding: windows-1252\n", "/", 200, "It’s home"),
        ("redirects: {/old: /deep/page}\n", "/old", 200, "Deep"),
    ],
)
def test_answers(tmp_path: Path, settings: str, path: str, status: int, says: str) -> None:
    with serve_sites(make_site(tmp_path, GOOD + settings)) as served:
        try:
            answer = urllib.request.urlopen(served.sites[0].url(path), timeout=10)
        except HTTPError as error:
            answer = error
        with answer:
            body = answer.read().decode(answer.headers.get_content_charset() or "ascii")
    assert answer.status == status
    assert says in body
    assert served.requests[0][:2] == ("a", path)


def test_an_unchanged_page_is_not_sent_again(sample_sites: ServedSites) -> None:
    url = sample_sites.sites[0].url("/")
    with urllib.request.urlopen(url, timeout=10) as answer:
        tag = answer.headers["ETag"]
    with pytest.raises(HTTPError) as error:
        urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": tag}), timeout=10)
    assert error.value.status == 304
    error.value.close()


def test_each_site_is_a_host_of_its_own(sample_sites: ServedSites) -> None:
    assert len({urlsplit(site.base).netloc for site in sample_sites.sites}) == len(sample_sites.sites)


@pytest.mark.parametrize(
    ("settings", "says"),
    [("id: a\n", "site.yml"), ("id: [", "site.yml"), (f"{GOOD}color: blue\n", "color"), ("", "site.yml")],
)
def test_broken_sites_are_named(tmp_path: Path, settings: str, says: str) -> None:
    with pytest.raises(SiteError, match=says):
        read_sites(make_site(tmp_path, settings))


def test_a_folder_without_sites_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="no sample site"):
        read_sites(tmp_path)
