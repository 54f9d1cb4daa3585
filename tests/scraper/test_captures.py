"""Archives as strangers leave them: what is whole is read, what is broken is named, and nothing is made up."""

from __future__ import annotations

import gzip
import itertools
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper import captures
from scraper.captures import Broken, NoArchive, pages, walk
from scraper.extract import ExtractError, pages_of_warc
from tests.warcs import Capture, write

URLS = [f"https://www.lakeshore.example/{number}" for number in range(8)]
# Bodies of every sort: text, what does not compress, and the signs by which records are looked for.
BODIES = [
    b"<p>Visiting students</p>" * 40,
    bytes(range(256)) * 30,
    b"",
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://forged.example/\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
    * 3,
    b"\x1f\x8b\x08" * 20,
    b"x" * 70_000,
    b"<p>Observers</p>",
    b"last",
]
ALL = [Capture(url, body) for url, body in zip(URLS, BODIES, strict=True)]


def archive(tmp_path: Path, things: list[Capture] = ALL, packed: bool = True) -> tuple[bytes, list[int]]:
    path = tmp_path / "made.warc"
    offsets = write(path, things, packed)
    return path.read_bytes(), offsets


def read(data: bytes, start: int = 0, end: int | None = None) -> tuple[list[tuple[str, bytes]], list[Broken]]:
    stream = BytesIO(data)
    stream.seek(start)
    good, broken = [], []
    for _, found in pages(stream, "a.warc.gz", start, end):
        if isinstance(found, Broken):
            broken.append(found)
        else:
            good.append((found.url, found.body))
    return good, broken


@pytest.mark.parametrize("packed", [True, False])
def test_pages_are_as_they_were_archived(tmp_path: Path, packed: bool) -> None:
    data, _ = archive(tmp_path, packed=packed)
    assert read(data) == (list(zip(URLS, BODIES, strict=True)), [])


@pytest.mark.parametrize("packed", [True, False])
def test_runs_of_records_make_up_the_whole(tmp_path: Path, packed: bool) -> None:
    data, offsets = archive(tmp_path, packed=packed)
    found = [offset for offset, _ in walk(BytesIO(data), "a", lambda record: None, headers_only=True)]
    assert found == offsets[:-1]
    cuts = [0, offsets[2], offsets[3], offsets[7], len(data)]
    parts = [read(data, start, end) for start, end in itertools.pairwise(cuts)]
    assert [page for good, _ in parts for page in good] == list(zip(URLS, BODIES, strict=True))
    assert not any(broken for _, broken in parts)


def spoil(data: bytes, offsets: list[int], how: str) -> bytes:
    at = offsets[5] + 60
    return {
        "garbage over it": data[:at] + b"\xa5" * 40 + data[at + 40 :],
        "garbage before it": data[: offsets[5]] + b"\xa5\x00garbage\n" * 400 + data[offsets[5] :],
        "a bit of its checksum": data[: offsets[6] - 6] + bytes([data[offsets[6] - 6] ^ 1]) + data[offsets[6] - 5 :],
        "half of it gone": data[:at] + data[offsets[6] :],
    }[how]


@pytest.mark.parametrize("how", ["garbage over it", "garbage before it", "a bit of its checksum", "half of it gone"])
def test_damage_costs_the_damaged_record_only(tmp_path: Path, how: str) -> None:
    data, offsets = archive(tmp_path)
    good, broken = read(spoil(data, offsets, how))
    whole = list(zip(URLS, BODIES, strict=True))
    assert good == (whole if how == "garbage before it" else whole[:5] + whole[6:])
    assert len(broken) == 1
    assert broken[0].offset == offsets[5]
    assert str(broken[0]).startswith(f"a.warc.gz, byte {offsets[5]}")
    assert str(broken[0]).isprintable()


def test_a_plain_archive_is_read_on_after_a_wrong_length(tmp_path: Path) -> None:
    data, offsets = archive(tmp_path, packed=False)
    at = data.index(b"Content-Length: ", offsets[5])
    good, broken = read(data[:at] + data[at:].replace(b"Content-Length: ", b"Content-Length: 1", 1))
    assert [url for url, _ in good] == [*URLS[:5], *URLS[6:]]
    assert [found.offset for found in broken] == [offsets[5]]


def test_an_archive_that_is_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    data, offsets = archive(tmp_path)
    good, broken = read(data[: offsets[5] + 50])
    assert len(good) == 5
    assert [(found.offset, found.reason) for found in broken] == [(offsets[5], "the record is cut short")]


@settings(max_examples=100, deadline=None)
@given(damage=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=30), st.integers(0, 30)), max_size=3))
def test_whatever_is_broken_no_page_is_made_up(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, bytes, int]]
) -> None:
    data, _ = archive(tmp_path_factory.mktemp("a"))
    for at, put, gone in damage:
        at %= len(data)
        data = data[:at] + put + data[at + gone :]
    try:
        good, broken = read(data)
    except NoArchive:
        return
    assert set(good) <= set(zip(URLS, BODIES, strict=True))
    assert len(good) == 8 or broken or not damage


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"this is no archive", "no WARC record begins here"),
        (b"\x00" * 3_000_000, "no WARC record begins here"),
        (gzip.compress(b"neither is this"), "no WARC record begins here"),
    ],
)
def test_what_is_no_archive_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(NoArchive, match=said):
        read(data)


def test_one_gzip_stream_for_all_records_is_told_with_the_remedy(tmp_path: Path) -> None:
    data, _ = archive(tmp_path, packed=False)
    with pytest.raises(NoArchive, match="warcio recompress"):
        read(gzip.compress(data))


def test_what_a_crawl_would_not_read_is_passed_over(tmp_path: Path) -> None:
    data, _ = archive(
        tmp_path,
        [
            Capture("https://h.example/robots.txt", b"User-agent: *", kind="text/html"),
            Capture("https://h.example/logo", b"\x89PNG", kind="image/png"),
            Capture("https://h.example/gone", b"gone", status="404 Not Found"),
            Capture("https://h.example/", b"GET / HTTP/1.1\r\n\r\n", record="metadata"),
            Capture("https://h.example/form", b"%PDF-1.4", kind="application/pdf"),
            Capture("https://h.example/page", b"<p>here", kind="text/html; charset=utf-8"),
        ],
    )
    passed: list[int] = []
    found = [page.url for _, page in pages(BytesIO(data), "a", passed=lambda: passed.append(1)) if page]  # type: ignore[union-attr]
    assert found == ["https://h.example/form", "https://h.example/page"]
    assert len(passed) == 4


def chunks(data: bytes) -> bytes:
    return b"%x\r\n" % len(data) + data + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(b"hello"), (("Content-Encoding", "gzip"),)),
        (zlib.compress(b"hello"), (("Content-Encoding", "deflate"),)),
        (b"hello", (("Content-Encoding", "gzip"),)),  # some servers say so and do not
        (chunks(b"hello"), (("Transfer-Encoding", "chunked"),)),
        (chunks(gzip.compress(b"hello")), (("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip"))),
    ],
)
def test_encodings_are_undone(tmp_path: Path, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    data, _ = archive(tmp_path, [Capture(URLS[0], body, headers=headers)])
    assert read(data) == ([(URLS[0], b"hello")], [])


@pytest.mark.parametrize("wrap", [lambda data: data, chunks], ids=["plain", "chunked"])
def test_a_page_that_unfolds_without_end_is_not_held(tmp_path: Path, wrap) -> None:
    headers = [("Content-Encoding", "gzip")] + ([("Transfer-Encoding", "chunked")] if wrap is chunks else [])
    bomb = wrap(gzip.compress(b"\x00" * 200_000_000, 9))
    data, offsets = archive(tmp_path, [Capture(URLS[0], bomb, headers=tuple(headers)), Capture(URLS[1], b"next")])
    good, broken = read(data)
    assert good == [(URLS[1], b"next")]
    assert [(found.offset, found.reason) for found in broken] == [(offsets[0], "larger than 10 MiB")]


def test_a_record_that_is_too_large_is_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "MAX_RECORD", 1024 * 1024)
    data, _ = archive(tmp_path, [Capture(URLS[0], b"a" * 2_000_000), Capture(URLS[1], b"next")])
    good, broken = read(data)
    assert good == [(URLS[1], b"next")]
    assert [(found.url, found.reason) for found in broken] == [(URLS[0], "larger than 1 MiB")]


def test_who_wants_a_whole_archive_is_told_of_damage(tmp_path: Path) -> None:
    data, offsets = archive(tmp_path)
    path = tmp_path / "spoilt.warc.gz"
    path.write_bytes(spoil(data, offsets, "garbage over it"))
    with pytest.raises(ExtractError, match=rf"spoilt.warc.gz, byte {offsets[5]}"):
        list(pages_of_warc(path))
