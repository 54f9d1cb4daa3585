"""AAMC's public VSLO pages, fetched as hospitals' pages are: robots.txt, delays and limits hold. No login, no catalog behind it.

It exists because these pages belong to no institution: they list hosts and say what holds for all of them. The addresses
in data/vslo_pages.csv are those under which AAMC has kept such pages; to be confirmed on the live site, since they move now and then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scraper import extract
from scraper.items import Page, utc_now
from scraper.registry import DIRECTORY

PAGES = tuple(
    line.partition(",")[0] for line in (DIRECTORY / "vslo_pages.csv").read_text("utf-8").splitlines()[1:] if line
)


def read_pages(
    sources: Iterable[str] = PAGES, settings: dict[str, Any] | None = None
) -> Iterator[tuple[str, Page | None, str]]:
    """Each source with its page; without a page where it cannot be had, with the reason."""
    for source in sources:
        try:
            if source.startswith(("http://", "https://")):
                pages = list(extract.pages_of_url(source, settings))
            else:
                pages = list(extract.pages_of_file(Path(source)))
        except extract.ExtractError as error:
            yield source, None, str(error)
            continue
        for page in pages:
            page.fetched_at = (page.fetched_at or utc_now())[:19].rstrip("Z") + "Z"
            yield source, page, ""
