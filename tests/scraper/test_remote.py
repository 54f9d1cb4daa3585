"""Archives at addresses: a broken connection is gone on with, and half a file is never taken for a whole one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from scraper import remote
from scraper.extract import ExtractError
from scraper.remote import RemoteError, RemoteFile
from scraper.rereading import listed
from tests.files_server import Files, Handler, serving

DATA = bytes(range(251)) * 2_000


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    monkeypatch.setattr(remote, "WAIT", 0.001)
    with serving() as server:
        server.files["/a"] = DATA
        yield server


def read(url: str) -> bytes:
    with RemoteFile(url) as file:
        return b"".join(iter(lambda: file.read(10_000), b""))


def half(handler: Handler, data: bytes) -> None:
    """Break the connection off in the middle of what is left."""
    asked = handler.headers.get("Range", "")
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    rest = data[start:]
    if len(rest) < 1000:
        handler.send_file(data)
        return
    span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
    handler.answer(206 if start else 200, rest[: len(rest) // 2], span, says=len(rest))


def test_a_file_is_read_as_it_is(files: Files) -> None:
    assert read(files.url("/a")) == DATA


def test_a_broken_connection_is_gone_on_with(files: Files) -> None:
    files.behaviours["/a"] = half
    assert read(files.url("/a")) == DATA
    starts = [asked for _, asked in files.log]
    assert starts[0] == ""
    assert len(starts) > 3
    assert starts[1:] == sorted(starts[1:], key=lambda asked: int(asked[6:-1]))


def test_a_server_that_begins_anew_is_not_gone_on_with(files: Files) -> None:
    files.behaviours["/a"] = lambda handler, data: handler.answer(200, data[:5000], says=len(data))
    with pytest.raises(RemoteError, match="broke off after 5000 bytes"):
        read(files.url("/a"))


def test_a_busy_server_is_asked_again(files: Files) -> None:
    files.behaviours["/a"] = lambda handler, data: (
        handler.send_file(data) if len(files.log) > 2 else handler.answer(503, b"slow down")
    )
    assert read(files.url("/a")) == DATA
    assert len(files.log) == 3


def test_redirects_are_followed(files: Files) -> None:
    files.behaviours["/b"] = lambda handler, data: handler.answer(302, b"", {"Location": "/a"})
    assert read(files.url("/b")) == DATA


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (lambda handler, data: handler.answer(404, b""), "HTTP status 404"),
        (lambda handler, data: handler.answer(503, b""), "HTTP status 503, 5 times"),
        (lambda handler, data: handler.answer(302, b"", {"Location": "/a"}), "redirect"),
        (lambda handler, data: handler.answer(302, b"", {"Location": "file:///etc/hostname"}), "not an address"),
        (lambda handler, data: handler.answer(200, b"", says=10), "the connection failed"),
        (lambda handler, data: handler.answer(200, b"", says=remote.MAX_BYTES + 1), "larger than 16 GiB"),
    ],
)
def test_what_cannot_be_had_is_said(files: Files, behaviour, said: str) -> None:
    files.behaviours["/a"] = behaviour
    with pytest.raises(RemoteError, match=said):
        read(files.url("/a"))


def test_limits_of_size_and_time_end_a_download(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(handler: Handler, data: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 10_000)
        except OSError:
            handler.close_connection = True

    files.behaviours["/a"] = endless
    monkeypatch.setattr(remote, "MAX_BYTES", 1_000_000)
    with pytest.raises(RemoteError, match="larger than"):
        read(files.url("/a"))
    monkeypatch.setattr(remote, "MAX_SECONDS", -1)
    with pytest.raises(RemoteError, match="given up"):
        read(files.url("/a"))


LINES = "# archives\ncrawl-data/one.warc.gz\n\nhttps://other.example/two.warc.gz\n"


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["text", "gz"])
def test_lists_name_archives_on_their_server(files: Files, pack) -> None:
    """As Common Crawl writes them: relative to the top of the server, though the list lies deeper."""
    files.files["/crawl-data/2026/warc.paths.gz"] = pack(LINES.encode())
    files.files["/lists/mine.paths"] = pack(b"/etc/hostname\nhere.warc.gz\n")
    assert listed(files.url("/crawl-data/2026/warc.paths.gz")) == [
        files.url("/crawl-data/one.warc.gz"),
        "https://other.example/two.warc.gz",
    ]
    assert listed(files.url("/lists/mine.paths")) == [files.url("/etc/hostname"), files.url("/lists/here.warc.gz")]
    assert listed(files.url("/lists/mine.paths"), "https://data.example/x")[1] == "https://data.example/x/here.warc.gz"


def test_lists_on_this_machine(tmp_path, files: Files) -> None:
    path = tmp_path / "warc.paths.gz"
    path.write_bytes(gzip.compress(LINES.encode()))
    assert listed(str(path))[0] == str(tmp_path / "crawl-data/one.warc.gz")
    assert listed(str(path), "https://data.example/")[0] == "https://data.example/crawl-data/one.warc.gz"
    assert listed(str(path), "/mnt/x")[0] == "/mnt/x/crawl-data/one.warc.gz"


@pytest.mark.parametrize("data", [b"\xff\xfe", gzip.compress(b"a\n" * 100)[:-9]])
def test_what_is_no_list_is_said(tmp_path, data: bytes) -> None:
    path = tmp_path / "x.paths"
    path.write_bytes(data)
    with pytest.raises(ExtractError, match="list of paths"):
        listed(str(path))
