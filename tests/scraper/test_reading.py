"""The reading stages in a crawl: here or in another process, what is found is the same."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from scrapy.exceptions import DropItem

from scraper.crawling import CrawlRequest, run_crawl
from scraper.demo import CRAWL_SETTINGS, serve_sites
from scraper.items import Page
from scraper.reading import Reader, ReadingStages
from tests.states import facts

PROGRAM = b"""<html><head><title>Visiting students</title></head><body><main><h1>Visiting medical students</h1>
<p>Thistle Ridge Hospital offers clinical electives to visiting medical students in their final year.</p>
<p>The application fee is $75. Apply at least 60 days before the start date. Electives last four weeks.</p>
</main></body></html>"""
NEWS = b"<html><body><main><h1>News</h1><p>The new wing of the hospital opens in spring.</p></main></body></html>"


def apart(asked: Coroutine[Any, Any, Page | None]) -> Page:
    """What a coroutine gives, run in a thread that has no loop: the suite as a whole has one running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asked).result()  # type: ignore[return-value]


def page(body: bytes = PROGRAM) -> Page:
    return Page("https://thistle.example/visiting", body, "thistle", fetched_at="2026-03-01T00:00:00Z")


@pytest.fixture
def stages() -> Iterator[ReadingStages]:
    made = ReadingStages(others=1, here=0)
    yield made
    made.close_spider()


def test_another_process_writes_down_what_this_one_would(stages: ReadingStages) -> None:
    sent = page()
    read, here = apart(stages.process_item(sent)), Reader().walk(page())
    assert read is sent and read.body == PROGRAM
    assert [(fact.field, fact.value, fact.quote) for fact in read.facts] == [
        (fact.field, fact.value, fact.quote) for fact in here.facts
    ]
    assert [(block.kind, block.text, block.headings) for block in read.blocks] == [
        (block.kind, block.text, block.headings) for block in here.blocks
    ]
    assert (read.title, read.relevant, read.relevance_score) == (here.title, True, here.relevance_score)


def test_what_is_laid_aside_there_is_laid_aside_here(stages: ReadingStages) -> None:
    sent = page(NEWS)
    with pytest.raises(DropItem, match="not relevant"):
        apart(stages.process_item(sent))
    assert sent.relevant is False and sent.blocks


def test_a_page_that_kills_its_reader_costs_that_page_alone(stages: ReadingStages) -> None:
    async def killed() -> None:
        task = asyncio.ensure_future(stages.process_item(page()))
        await asyncio.sleep(0)
        assert stages.pool is not None
        for process in stages.pool._processes.values():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
        await task

    with pytest.raises(BrokenExecutor):
        apart(killed())
    assert apart(stages.process_item(page())).facts


def test_a_few_pages_begin_no_process() -> None:
    stages = ReadingStages(others=1, here=2)
    for _ in range(2):
        assert apart(stages.process_item(page())).facts
    assert stages.pool is None


def test_a_crawl_finds_the_same_either_way(tmp_path: Path) -> None:
    with serve_sites() as served:
        registry = served.write_registry(tmp_path / "registry")
        for readers in (0, 1):
            settings = CRAWL_SETTINGS | {"USCE_READERS": readers, "USCE_READ_HERE": 0}
            report = run_crawl(CrawlRequest(tmp_path / f"{readers}.db", registry, settings=settings))
            assert report.programs and not report.failures.get("stage")
    assert facts(tmp_path / "0.db") == facts(tmp_path / "1.db")
