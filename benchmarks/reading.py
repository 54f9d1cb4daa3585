"""How fast pages are read: from HTML to facts, beside trafilatura and bare lxml, on the same pages in the same run.

    python benchmarks/reading.py PAGES.warc.gz [--rounds 5]

In every round each reader in turn reads all pages, one after the other as in a crawl: page by page in turn, each would find the
processor's caches full of another's data. Whatever else the machine does hits all readers alike over the rounds; of each page the
fastest counts. The first round is not counted: it compiles the phrases that the pages need. What is remembered of single sentences is
forgotten before each round, since a crawl reads no page twice. Needs the extra `bench` (`pip install -e '.[bench]'`). Times are
processor times of one core.
"""

from __future__ import annotations

import argparse
import functools
import gc
import logging
import platform
import time
from collections.abc import Callable
from pathlib import Path

import lxml.html

from scraper.extract import pages_of_warc
from scraper.items import Page
from scraper.reading import Reader, collect_less_often

Read = Callable[[Page], object]


def forget() -> None:
    """Empty every bounded memory of texts; what is read from data/vocabulary/ stays."""
    for thing in gc.get_objects():
        if isinstance(thing, functools._lru_cache_wrapper):
            room = getattr(thing, "__module__", "") or ""
            if room.split(".")[0] in ("scraper", "pipelines") and thing.cache_parameters()["maxsize"]:
                thing.cache_clear()


def readers() -> dict[str, Read]:
    """The ways to read a page that are compared."""
    import trafilatura

    logging.disable(logging.CRITICAL)  # trafilatura tells of every page that it finds empty
    reader = Reader()
    return {
        "facts (the whole way)": lambda page: reader.read(
            Page(url=page.url, body=page.body, content_type=page.content_type)
        ),
        "trafilatura.extract(fast=True, include_tables=True)": lambda page: trafilatura.extract(
            page.body, fast=True, include_tables=True
        ),
        "lxml.html.fromstring": lambda page: lxml.html.fromstring(page.body),
    }


def measure(pages: list[Page], ways: dict[str, Read], rounds: int) -> dict[str, float]:
    """Pages a second of each way."""
    best = {name: [float("inf")] * len(pages) for name in ways}
    for number in range(rounds + 1):
        for name, read in ways.items():
            forget()
            for index, page in enumerate(pages):
                start = time.process_time()
                read(page)
                if number:
                    best[name][index] = min(best[name][index], time.process_time() - start)
    return {name: len(pages) / sum(times) for name, times in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=Path, help="a WARC of HTML pages")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    args = parser.parse_args()
    collect_less_often()  # as the command does
    pages = [page for page in pages_of_warc(args.pages) if "html" in page.content_type]
    rates = measure(pages, readers(), args.rounds)
    facts = next(iter(rates.values()))
    print(
        f"{len(pages)} pages of HTML, {args.rounds} rounds, Python {platform.python_version()}, {platform.machine()}\n"
    )
    print("| way | pages/s | facts are |")
    print("|---|---:|---:|")
    for name, rate in rates.items():
        print(f"| {name} | {rate:.0f} | {facts / rate:.2f} × |")


if __name__ == "__main__":
    main()
