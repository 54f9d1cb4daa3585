"""`usce collect`: writes what the workers of `usce crawl --queue` find. Arguments, progress and messages; scraper/queue does the work."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import sqlite_utils
import typer
from rich.console import Console

from scraper.cli_progress import progress_bar
from scraper.crawling import CrawlReport, CrawlRequest, settings_for
from scraper.queue import connect
from scraper.queue.collector import Progress, collect

EXAMPLES = (
    "usce collect --queue redis://10.0.0.5/0               one process, beside the database",
    "usce crawl --queue redis://10.0.0.5/0                 on as many machines as you like",
    "usce collect --queue redis://10.0.0.5/0 --end         publish what was found till now",
)
err = Console(stderr=True)


def write(db: sqlite_utils.Database, data: bytes, crawl_id: int) -> None:
    """Write one delivery."""
    from pipelines.handover import codec  # needs the extra
    from pipelines.storage import store_visit

    delivery = codec.loads(data)
    store_visit(db, delivery.visit, crawl_id, delivery.outcome, delivery.trails)


def run(queue: str, database: Path, registry: Path, end: bool = False) -> CrawlReport:
    """Collect until the crawl is published or somebody stops it, and draw how it goes."""
    connect(queue).close()
    settings = settings_for(CrawlRequest(database=database, registry=registry))
    seconds = settings.getfloat("USCE_LEASE_SECONDS")
    with _stopped_by_signals() as stop, _shown() as show:
        return collect(queue, database, registry, write, settings, seconds, show, stop, end)


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets: the transaction that is open comes to its end. A second one breaks off."""
    stop = threading.Event()

    def ask(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _shown() -> Iterator[Any]:
    """Draws progress; without a terminal, a line every half minute and whenever it waits for something else."""
    said, waited = time.monotonic(), ""
    with progress_bar(err) as (bar, task):

        def show(progress: Progress) -> None:
            nonlocal said, waited
            waits = f"waiting for {progress.waits_for}" if progress.waits_for else ""
            counts, words = progress.counts, waits
            if counts is not None and not waits:
                words = f"{counts.workers} workers · {counts.queued} queued · {counts.waiting} to write"
                if counts.workers == 0 and counts.done < counts.planned:
                    words += " · no worker is at work: usce crawl --queue …"
                bar.update(task, total=counts.planned, completed=counts.done - counts.waiting)
            bar.update(task, counts=words)
            if bar.disable and (waits != waited or time.monotonic() - said > 30):
                said, waited = time.monotonic(), waits
                done = f"{counts.done} of {counts.planned} institutions · " if counts is not None else ""
                err.print(done + words, highlight=False, soft_wrap=True)

        yield show


QueueOption = Annotated[
    str, typer.Option("--queue", metavar="URL", help="The Redis of the crawl: redis://HOST:6379/0.", show_default=False)
]
EndOption = Annotated[
    bool, typer.Option("--end", help="End the crawl now: nobody else is visited, what was found is published.")
]
