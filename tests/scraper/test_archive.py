"""Archives: what was recorded opens in other tools and replays as it was."""

from __future__ import annotations

import gzip
import itertools
import subprocess
import sys
from io import BytesIO

import pytest
from scrapy.http import Headers, HtmlResponse, Request, Response
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from scraper.archive import Archive, ArchiveError, Recorder
from tests.spiders.hosts import Answer, crawl, page, redirect, serve

URL = "https://www.lakeshore.example/visiting"


def record(folder, *responses):
    recorder = Recorder(folder, "usce-atlas/test")
    for response in responses:
        recorder.record(Request(response.url, meta={"institution_id": "lakeshore"}), response)
    recorder.close()
    return recorder.path


def warcio(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "warcio.cli", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_a_recorded_response_is_found_and_read(tmp_path):
    headers = {"Content-Type": "text/html", "Content-Encoding": "gzip", "Transfer-Encoding": "chunked", "ETag": '"x"'}
    path = record(tmp_path, HtmlResponse(URL, headers=headers, body="<p>Grüße</p>".encode()))
    archive = Archive(path)
    entry = archive.find("http://lakeshore.example/visiting/?utm_source=mail")
    assert (entry.url, entry.status, entry.institution_id) == (URL, 200, "lakeshore")
    assert entry.date.endswith("Z")
    read, body = archive.read(entry)
    assert body.decode() == "<p>Grüße</p>"
    assert read.to_unicode_dict() == {"Content-Type": "text/html", "Etag": '"x"'}
    assert archive.pages() == [entry]


def test_other_tools_read_what_we_write(tmp_path):
    path = record(
        tmp_path, Response(URL, body=b"\x00" * 5000), HtmlResponse(URL + "/b", status=404), HtmlResponse(URL, body=b"")
    )
    check = warcio("check", "-v", path)
    assert check.returncode == 0, check.stdout + check.stderr
    assert "fail" not in check.stdout
    index = warcio("index", "-f", "warc-type,http:status", path).stdout.splitlines()
    assert [line.count("response") for line in index] == [0, 1, 0, 1, 0, 1, 0]


def test_the_last_good_capture_counts(tmp_path):
    bodies = [
        HtmlResponse(URL, body=b"old"),
        HtmlResponse(URL, body=b"new"),
        HtmlResponse(URL, body=b"gone", status=500),
    ]
    archive = Archive(record(tmp_path, *bodies))
    assert archive.read(archive.find(URL))[1] == b"new"


def test_only_pages_are_pages(tmp_path):
    kinds = {
        "a": "text/html",
        "b": "application/pdf",
        "c": "image/png",
        "robots.txt": "text/html",
        "d": "application/xml",
    }
    responses = [
        Response(f"https://h.example/{name}", headers={"Content-Type": kind}, body=b"x") for name, kind in kinds.items()
    ]
    responses.append(Response("https://h.example/e", status=404, headers={"Content-Type": "text/html"}))
    archive = Archive(record(tmp_path, *responses))
    assert [entry.url for entry in archive.pages()] == ["https://h.example/a", "https://h.example/b"]


def test_a_file_for_each_run(tmp_path):
    assert record(tmp_path) != record(tmp_path)
    assert all(path.name.startswith("crawl-") and path.name.endswith(".warc.gz") for path in tmp_path.iterdir())


def test_archives_of_others_are_read(tmp_path):
    path = tmp_path / "other.warc"
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=False)
        headers = StatusAndHeaders(
            "200 OK", [("Content-Type", "text/html"), ("Content-Encoding", "gzip")], protocol="HTTP/1.1"
        )
        writer.write_record(
            writer.create_warc_record(URL, "response", payload=BytesIO(gzip.compress(b"hello")), http_headers=headers)
        )
    archive = Archive(path)
    assert archive.read(archive.find(URL)) == (Headers({"Content-Type": ["text/html"]}), b"hello")


def test_an_archive_cut_short_is_read_up_to_there(tmp_path):
    path = record(tmp_path, HtmlResponse(URL, body=b"a" * 3000), HtmlResponse(URL + "/b", body=bytes(range(256)) * 40))
    whole = path.read_bytes()
    cut = next(offset for offset in range(len(whole) - 1, 0, -1) if whole[offset : offset + 3] == b"\x1f\x8b\x08") - 40
    path.write_bytes(whole[:cut])
    archive = Archive(path)
    assert len(archive.read(archive.find(URL))[1]) == 3000
    if entry := archive.find(URL + "/b"):
        with pytest.raises(ArchiveError, match="is cut short"):
            archive.read(entry)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "there is no such archive"), (b"hello world", "is not a WARC file"), (b"", "is empty")],
)
def test_what_is_no_archive_is_refused(tmp_path, content, words):
    path = tmp_path / "x.warc.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ArchiveError, match=words):
        Archive(path)


def test_a_page_is_as_old_as_its_record(tmp_path, monkeypatch):
    """Two looks at the clock may fall on two sides of a second: a replay would find another date."""
    seconds = itertools.count()
    monkeypatch.setattr("scraper.archive.utc_now", lambda: f"2026-05-17T08:00:{next(seconds):02}Z")
    response = HtmlResponse(URL, body=b"x", request=Request(URL))
    recorder = Recorder(tmp_path, "usce-atlas/test")
    recorder.record(response.request, response)
    recorder.close()
    assert response.meta["archived_at"] == Archive(recorder.path).find(URL).date


def test_a_recorded_crawl_replays_as_it_was(tmp_path):
    site = {
        "/": page("Home", "Visiting students -> /old", "Form -> /visiting/form.pdf"),
        "/old": redirect("/visiting"),
        "/visiting": Answer(gzip.compress(page("Visiting students", "Form -> /form.pdf", text="students may apply").encode()), headers={"Content-Encoding": "gzip"}),
        "/form.pdf": Answer(b"%PDF-1.4", content_type="application/pdf"),
    }  # fmt: skip
    with serve({"www.lakeshore.example": site}) as hosts:
        websites = {"lakeshore": hosts.url("www.lakeshore.example")}
        first, live = crawl(tmp_path, hosts, websites, record=tmp_path / "archives")
        assert len(live) == 3
        asked = len(hosts.log)
        assert warcio("check", first.archive).returncode == 0
        again, replayed = crawl(tmp_path, hosts, websites, replay=first.archive)
        assert len(hosts.log) == asked, "a replay asks nobody"
    assert replayed == live
    assert again.outcomes["lakeshore"].pages == 3
    assert not again.failures


def test_pages_of_nobody_are_told(tmp_path):
    path = record(tmp_path, HtmlResponse(URL, headers={"Content-Type": "text/html"}, body=b"x"))
    with serve({"www.pinehill.example": {}}) as hosts:
        report, read = crawl(tmp_path, hosts, {"pinehill": "http://www.pinehill.example/"}, replay=path)
    assert report.no_institution == [URL]
    assert read == []
