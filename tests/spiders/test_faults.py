"""Every way in which a fetch can go wrong has a name, ends as that outcome, and harms nobody else's visit."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import re
import socket
import time

import pytest
from pypdf import PdfWriter

from tests.spiders.hosts import Answer, crawl, page, redirect, serve


def _hang_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def _silence(handler):
    time.sleep(3)


def _silence_after_head(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    handler.wfile.flush()
    time.sleep(3)


def _trickle(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(40):
            handler.wfile.write(b"<")
            handler.wfile.flush()
            time.sleep(0.1)
    handler.close_connection = True


def _endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(200):
            handler.wfile.write(b"<p>more</p>" * 2000)
    handler.close_connection = True


def _cut_short(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"<p>half of a page")
    handler.wfile.flush()
    handler.close_connection = True


def _chain(length):
    return {f"/{number}": redirect(f"/{number + 1}") for number in range(length)}


def _encrypted_pdf():
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("secret", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _endless_calendar(handler):
    number = int(re.sub(r"\D", "", handler.path) or 0)
    links = [f"Students, part {n} -> /students/part-{n}" for n in (number + 1, number + 2)]
    links += [f"Education -> /education?sort={n}&of={number}" for n in range(3)]
    body = page("Students, part by part", *links).encode()
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


BOMB = gzip.compress(b"<p>again</p>" * 200_000)
# fault -> (pages of its host, the reason by which it is counted). The start URL is `/`, unless it is given.
FAULTS = {
    "hangs-up": ({"/": _hang_up}, "reset"),
    "is-silent": ({"/": _silence}, "timeout"),
    "is-silent-after-its-head": ({"/": _silence_after_head}, "timeout"),
    "is-a-bad-gateway": ({"/": Answer(b"", 502)}, "http_502"),
    "answers-418": ({"/": Answer(b"", 418)}, "http_418"),
    "trickles": ({"/": _trickle}, "timeout"),
    "forbids": ({"/": Answer(b"no", 403)}, "http_403"),
    "is-missing": ({}, "http_404"),
    "is-gone": ({"/": Answer(b"", 410)}, "http_410"),
    "breaks": ({"/": Answer(b"", 500)}, "http_500"),
    "is-busy": ({"/": Answer(b"", 503, headers={"Retry-After": "3600"})}, "http_503"),
    "limits": ({"/": Answer(b"", 429, headers={"Retry-After": "86400"})}, "http_429"),
    "loops": ({"/": redirect("/a"), "/a": redirect("/")}, "redirects"),
    "chains": ({"/": redirect("/0")} | _chain(12), "redirects"),
    "refreshes": ({"/": '<html><head><meta http-equiv="refresh" content="0;url=/"></head></html>'}, "redirects"),
    "leaves": ({"/": redirect("http://elsewhere.example/")}, "off_site"),
    "leaves-for-ftp": ({"/": redirect("ftp://leaves-for-ftp.example/file")}, "redirects"),
    "announces-much": ({"/": Answer(b"x", headers={"Content-Length": "500000000"})}, "too_large"),
    "sends-much": ({"/": _endless}, "too_large"),
    "is-a-gzip-bomb": ({"/": Answer(BOMB, headers={"Content-Encoding": "gzip"})}, "too_large"),
    "stops-short": ({"/": _cut_short}, "truncated"),
    "is-no-gzip": ({"/": Answer(b"plain words", headers={"Content-Encoding": "gzip"})}, "truncated"),
    "cuts-its-gzip-off": ({"/": Answer(gzip.compress(random.Random(1).randbytes(9000))[:2000], headers={"Content-Encoding": "gzip"})}, "truncated"),
    "is-empty": ({"/": Answer(b"")}, "empty"),
    "is-blank": ({"/": Answer(b" \n\t ")}, "empty"),
    "is-an-image": ({"/": Answer(b"GIF89a", content_type="image/gif")}, "not_html"),
    "is-binary": ({"/": Answer(b"\x00\x01\x02", content_type="application/octet-stream")}, "not_html"),
    "is-json": ({"/": Answer(b'{"a": 1}', content_type="application/json")}, "not_html"),
    "disallows": ({"/robots.txt": Answer(b"User-agent: *\nDisallow: /", content_type="text/plain"), "/": page("Hi")}, "robots"),
    "disallows-us": ({"/robots.txt": Answer(b"User-agent: usce-atlas\nDisallow: /", content_type="text/plain"), "/": page("Hi")}, "robots"),
    "has-broken-robots": ({"/robots.txt": Answer(b"", 503), "/": page("Hi")}, "robots"),
    "says-not-found": ({"/": page("Page not found | Hill Hospital", text="Try the search.")}, "soft_404"),
    "says-so-in-a-sentence": ({"/": "<title>Hill Hospital</title><main><p>The page you requested could not be found.</p></main>"}, "soft_404"),
    "asks-for-a-login": ({"/": "<title>Sign In</title><h1>Sign in</h1><form><input name=u><input type=password></form>"}, "login"),
    "leads-to-a-login": ({"/": redirect("/login?to=/"), "/login": "<title>Hill</title><form>Name <input name=u><input type='password'></form>"}, "login"),
    "is-not-for-us": ({"/": Answer(b"", 401, headers={"WWW-Authenticate": "Basic"})}, "login"),
    "challenges": ({"/": "<title>Just a moment...</title><h1>www.hill.example</h1><p>Checking your browser.</p>"}, "challenge"),
    "challenges-with-403": ({"/": Answer(b"<html><script>window._cf_chl_opt={}</script>", 403)}, "challenge"),
    "challenges-in-a-header": ({"/": Answer(b"<html>wait</html>", 503, headers={"cf-mitigated": "challenge"})}, "challenge"),
    "asks-not-to-be-indexed": ({"/": '<html><head><meta name="robots" content="noindex"></head><body>Hi</body></html>'}, "noindex"),
    "asks-so-in-a-header": ({"/": Answer(b"<html>Hi</html>", headers={"X-Robots-Tag": "noindex"})}, "noindex"),
}  # fmt: skip
# Pages that look broken, and are read all the same.
ODDITIES = {
    "names-no-type": Answer(b"<!DOCTYPE html><p>visiting students</p>", content_type=None),
    "names-a-wrong-charset": Answer(
        "<p>visiting students</p>".encode("utf-16"), content_type="text/html; charset=no-such-thing"
    ),
    "nests-deeply": b"<div>" * 100_000 + b"visiting students",
    "is-a-broken-pdf": Answer(b"%PDF-1.7 broken", content_type="application/pdf"),
    "calls-a-pdf-binary": Answer(b"%PDF-1.7 broken", content_type="application/octet-stream"),
    "is-an-encrypted-pdf": Answer(_encrypted_pdf(), content_type="application/pdf"),
    "is-plain-zeros": b"<p>\x00\x00\x00visiting students</p>",
    "needs-cookies": lambda handler: _cookie_wall(handler),
    "is-fine": page("Visiting students", text="visiting students may apply"),
}
ELSEWHERE = {
    "is-unknown": ("http://no-such-host.invalid/", "dns"),
    "refuses": ("http://127.0.0.1:1/", "refused"),
    "speaks-no-tls": ("https://speaks-no-tls.example:{port}/", "tls"),
    "has-no-address": ("", "no_address"),
}


def _cookie_wall(handler):
    if "seen=1" in (handler.headers.get("Cookie") or ""):
        body = b"<p>visiting students</p>"
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
    else:
        body = b""
        handler.send_response(302)
        handler.send_header("Set-Cookie", "seen=1")
        handler.send_header("Location", "/")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    pages = {f"{fault}.example": content for fault, (content, _) in FAULTS.items()}
    pages |= {f"{oddity}.example": {"/": content} for oddity, content in ODDITIES.items()}
    pages["is-an-endless-calendar.example"] = {"*": _endless_calendar, "/robots.txt": Answer(b"", 404)}
    with serve(pages | {"speaks-no-tls.example": {}, "elsewhere.example": {"/": page("Else")}}) as hosts:
        websites = {name.partition(".")[0]: hosts.url(name) for name in pages}
        websites |= {name: url.format(port=hosts.port) for name, (url, _) in ELSEWHERE.items()}
        settings = {"DOWNLOAD_TIMEOUT": 1, "DOWNLOAD_MAXSIZE": 1_000_000, "USCE_CONCURRENT_INSTITUTIONS": 50}
        starts = {name: [url] for name, url in websites.items() if url}
        report, read = crawl(tmp_path_factory.mktemp("faults"), hosts, dict.fromkeys(websites, ""), starts, settings)
        yield hosts, report, read


@pytest.mark.parametrize(
    ("fault", "reason"), [(fault, reason) for table in (FAULTS, ELSEWHERE) for fault, (_, reason) in table.items()]
)
def test_fault_is_named(crawled, fault, reason):
    _, report, read = crawled
    outcome = report.outcomes[fault]
    assert dict(outcome.failures) == {reason: 1}
    assert outcome.finished
    assert not [line for line in read if line["institution_id"] == fault]


@pytest.mark.parametrize("oddity", ODDITIES)
def test_oddity_is_read(crawled, oddity):
    _, report, read = crawled
    assert not report.outcomes[oddity].failures
    assert [line["institution_id"] for line in read].count(oddity) == 1


def test_an_endless_calendar_ends(crawled):
    _, report, read = crawled
    outcome = report.outcomes["is-an-endless-calendar"]
    assert outcome.finished and not outcome.failures
    assert 5 < [line["institution_id"] for line in read].count("is-an-endless-calendar") < 30, "a handful of each kind"


def test_other_sites_are_not_visited(crawled):
    hosts, _, _ = crawled
    assert not hosts.asked("elsewhere.example")
    assert not [name for _, name, _ in hosts.log if name == "elsewhere.example"]


def test_pages_that_robots_forbid_are_not_asked_for(crawled):
    hosts, _, _ = crawled
    for host in ("disallows", "disallows-us", "has-broken-robots"):
        assert hosts.asked(f"{host}.example") == []


def test_a_crawl_with_faults_is_not_offline(crawled):
    _, report, _ = crawled
    assert not report.offline
    assert {"is-silent", "refuses", "is-unknown", "speaks-no-tls", "hangs-up"} <= set(report.unreached)


def test_private_addresses_are_refused(tmp_path):
    with serve({"www.open.example": {"/": redirect("http://127.0.0.1:1/secret")}}) as hosts:
        starts = {
            "by-number": ["http://10.0.0.7/"],
            "metadata": ["http://169.254.169.254/latest/meta-data/"],
            "by-name": [f"http://localhost:{hosts.port}/"],
            "by-redirect": [hosts.url("www.open.example"), "http://127.0.0.1:2/"],
            "six": ["http://[::1]/"],
        }
        report, _ = crawl(tmp_path, hosts, dict.fromkeys(starts, ""), starts, {"USCE_ALLOW_PRIVATE_ADDRESSES": False})
    for identifier in ("by-number", "metadata", "by-name", "six"):
        assert dict(report.outcomes[identifier].failures) == {"private_address": 1}, identifier
    assert report.outcomes["by-redirect"].failures["private_address"] == 1
    assert not [host for _, host, _ in hosts.log if host in ("localhost", "127.0.0.1")]
