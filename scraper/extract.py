"""`usce extract`: archives, files and addresses → pages with facts, through the same stages as a crawl."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scraper import captures
from scraper.crawling import CrawlRequest, run_crawl
from scraper.items import Page
from scraper.outcomes import REASONS
from scraper.registry import INSTITUTION_COLUMNS, START_URL_COLUMNS


class ExtractError(ValueError):
    """A source that cannot be read; the message names it and the remedy."""


def pages_of_warc(path: Path) -> Iterator[Page]:
    """The pages of a WARC file, in order, transfer and content encodings undone; what a crawl would not read is passed over.

    Raises ExtractError where the file is no WARC, or a damaged one; what was read before stays read.
    """
    try:
        with path.open("rb") as file:
            for _, found in captures.pages(file, str(path)):
                if isinstance(found, captures.Broken):
                    raise ExtractError(str(found))
                yield found
    except (captures.NoArchive, OSError) as error:
        raise ExtractError(f"{path}: {error}") from None


def is_archive(path: Path) -> bool:
    """Does the name say that the file is a WARC?"""
    return path.name.lower().endswith((".warc", ".warc.gz"))


def pages_of_file(path: Path, url: str | None = None) -> Iterator[Page]:
    """The pages of a WARC, or the one page of an HTML or PDF file, which `url` names.

    Raises ExtractError where there is no such file, or it cannot be read.
    """
    if not path.exists():
        raise ExtractError(f"{path}: there is no such file. Give a WARC, an HTML or PDF file, or an http(s) address.")
    if is_archive(path):
        yield from pages_of_warc(path)
        return
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ExtractError(f"{path}: cannot be read: {error.strerror}") from None
    pdf = path.suffix.lower() == ".pdf" or body.startswith(b"%PDF-")
    yield Page(url=url or path.resolve().as_uri(), body=body, content_type="application/pdf" if pdf else "text/html")


def pages_of_url(url: str, settings: dict[str, Any] | None = None) -> Iterator[Page]:
    """The page at `url`, fetched as a crawl fetches it: robots.txt, time and size limits hold.

    Raises ExtractError where it cannot be fetched, with the reason.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ExtractError(f"{url}: not an address. Write it with its host, such as https://www.example.edu/visiting")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        for name, columns, values in (
            (
                "institutions.csv",
                INSTITUTION_COLUMNS,
                {"id": "page", "name": "One page", "website": f"{parts.scheme}://{parts.netloc}/"},
            ),
            ("start_urls.csv", START_URL_COLUMNS, {"institution_id": "page", "url": url}),
        ):
            with (folder / name).open("w", newline="", encoding="utf-8") as file:
                rows = csv.DictWriter(file, columns)
                rows.writeheader()
                rows.writerow(values)
        report = run_crawl(CrawlRequest(registry=folder, record=folder, max_pages=1, settings=settings or {}))
        pages = list(pages_of_warc(report.archive)) if report.archive and report.pages else []
        if not pages:
            reason = next(iter(report.failures), "other")
            raise ExtractError(f"{url}: {REASONS.get(reason, reason)}.")
        yield pages[-1]  # the pages before it are robots.txt and redirects
