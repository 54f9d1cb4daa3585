"""Reading beside the crawl: one process fetches, finds and judges links, another walks the pages through all stages and stores.

A page that takes a second to read holds up no download, and two processors share the work. What goes over is the page as it was fetched, and
what the stages are told by signals; what comes back is a few words of each page, and how storing went. Blocks and facts never travel.

In the process that crawls `ReadBeside` stands for all stages (Scrapy's ITEM_PROCESSOR). The other process holds the stages themselves,
the list that ITEM_PIPELINES names, and is the only one that writes to the database. It is a copy of the first, made before a reactor, a thread
or a connection is there: it begins within milliseconds, and holds the lock on the database (`scraper.crawling.Lock`) as long as it lives.

Neither outlives the other. Without the process that crawls, this one ends at once: SQLite undoes a transaction that was open, and a visit
counts as stored when the word of its commit came back, not before. Without the process that reads, the crawl closes and says so.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import pickle
import signal
import socket
import struct
import traceback
from collections import deque
from typing import Any

import attrs
from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.pipelines import ItemPipelineManager
from scrapy.settings import Settings
from scrapy.utils.log import configure_logging
from scrapy.utils.misc import load_object

from scraper import processes
from scraper.items import Page
from scraper.memory import Remembered, Trail
from scraper.outcomes import Outcome
from scraper.reading import collect_less_often
from scraper.registry import Registry
from scraper.signals import institution_finished, page_unchanged

ENDED = "reading_ended"  # why a crawl closes that lost the process that reads
END_SECONDS = 1.0  # what that process gets to end by itself, which takes it milliseconds
_LENGTH = struct.Struct("!Q")  # before each message


class ReadingEnded(RuntimeError):
    """The process that reads is gone, before it was told to end."""

    def __init__(self, how: str) -> None:
        super().__init__(
            f"the process that reads the pages ended before its time ({how})."
            " All that was stored before is whole: `usce crawl --resume` goes on from there."
        )


def _pack(message: object) -> tuple[bytes, bytes]:
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(data)), data


# --- in the process that crawls ----------------------------------------------------------------------------------------


class Reading:
    """The process that reads, as the process that crawls has it."""

    def __init__(self, settings: Settings) -> None:
        """Begin it: before a reactor, a thread or a connection to the database is here."""
        settings.set("ITEM_PROCESSOR", "scraper.beside.ReadBeside", priority="cmdline")
        self.socket, theirs = socket.socketpair()
        fork = multiprocessing.get_context("fork")
        self.process = fork.Process(target=_read, args=(settings, theirs, self.socket), daemon=True)
        self.process.start()
        theirs.close()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.how_it_ended()

    def how_it_ended(self) -> str:
        """Wait for its end, or bring it about; how it was."""
        self.process.join(END_SECONDS)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        code = self.process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class ReadBeside(asyncio.Protocol):
    """Stands for all stages: hands each page over, and waits for what is said of it without holding up anything else.

    Answers come in the order of the questions.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.reading: Reading = crawler.reading  # type: ignore[attr-defined]
        self.asked: deque[asyncio.Future[Any]] = deque()
        self.received = bytearray()
        self.transport: asyncio.Transport | None = None
        self.ended: ReadingEnded | None = None
        self.is_over = False
        crawler.signals.connect(self.page_unchanged, signal=page_unchanged)
        crawler.signals.connect(self.institution_finished, signal=institution_finished)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ReadBeside:
        return cls(crawler)

    # --- what Scrapy and the spider tell ---

    async def open_spider_async(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, sock=self.reading.socket)
        spider: Any = self.crawler.spider
        await self._ask("open", spider.registry, tuple(spider.to_visit))

    async def process_item_async(self, page: Page) -> Page:
        try:
            page.relevant, page.relevance_score, page.needs_browser, dropped = await self._ask("page", page)
        except ReadingEnded as error:
            raise DropItem(str(error)) from None  # that is told once, not for each page that was on its way
        if dropped is not None:
            raise DropItem(dropped)
        return page

    async def close_spider_async(self) -> None:
        """The stages are told with the reason, which comes with the signal."""

    def page_unchanged(self, institution_id: str, page: Remembered, fetched_at: str) -> None:
        if self.ended is None:
            self._tell("unchanged", institution_id, page, fetched_at)

    async def institution_finished(self, institution_id: str, outcome: Outcome, trails: dict[str, Trail]) -> None:
        outcome.programs, stats = await self._ask("finished", institution_id, outcome, trails)
        self._count(stats)

    async def spider_closed(self, reason: str) -> None:
        if self.transport is not None and self.ended is None:
            stats = await self._ask("close", reason)
            self.is_over = True
            self._count(stats)

    def _count(self, stats: dict[str, Any]) -> None:
        for name, value in stats.items():
            self.crawler.stats.set_value(name, value)

    # --- the line to the other process ---

    async def _ask(self, name: str, *values: object) -> Any:
        if self.ended is not None:
            raise self.ended
        answer = asyncio.get_running_loop().create_future()
        self.asked.append(answer)
        self._tell(name, *values)
        return await answer

    def _tell(self, name: str, *values: object) -> None:
        assert self.transport is not None
        self.transport.writelines(_pack((name, values)))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while len(self.received) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self.received)[0]
            if len(self.received) < end:
                return
            error, value = pickle.loads(self.received[_LENGTH.size : end])
            del self.received[:end]
            answer = self.asked.popleft()
            if answer.done():
                continue  # whoever asked was cancelled
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(value)

    def connection_lost(self, error: Exception | None) -> None:
        if self.is_over:
            return
        self.ended = ReadingEnded(self.reading.how_it_ended())
        stats = self.crawler.stats
        stats.set_value("reading/error", str(self.ended))
        stats.set_value("close/reason", ENDED)  # visits look at this between two fetches, and leave things as they are
        while self.asked:
            answer = self.asked.popleft()
            if not answer.done():
                answer.set_exception(self.ended)
        if self.crawler.engine.running:
            self.closing = asyncio.ensure_future(self.crawler.engine.close_spider_async(reason=ENDED))


# --- in the process that reads -----------------------------------------------------------------------------------------


@attrs.frozen
class Visits:
    """What stages ask the spider."""

    registry: Registry
    to_visit: tuple[str, ...]


class Stages(Crawler):
    """What the stages take for the crawler: settings, stats, signals and each other. Nothing is crawled with it."""

    def __init__(self, settings: Settings, spider: Any) -> None:
        super().__init__(Spider, settings)
        self.spider = spider
        self.stats = load_object(self.settings["STATS_CLASS"])(self)
        self.pipelines = ItemPipelineManager.from_crawler(self)

    def get_item_pipeline(self, cls: type[Any]) -> Any:
        return self._get_component(cls, self.pipelines.middlewares)


class Reader:
    """Does what the process that crawls asks for; the methods are its questions."""

    crawler: Stages

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def open(self, registry: Registry, to_visit: tuple[str, ...]) -> None:
        self.crawler = Stages(self.settings, Visits(registry, to_visit))
        await self.crawler.pipelines.open_spider_async()

    async def page(self, page: Page) -> tuple[bool | None, float, bool, str | None]:
        """Is it about a program, how much so, does it need a browser, and why it was dropped where it was."""
        dropped = None
        try:
            page = await self.crawler.pipelines.process_item_async(page)
        except DropItem as why:
            dropped = str(why)
            self.crawler.signals.send_catch_log(signals.item_dropped, item=page, exception=why, response=None)
        return page.relevant, page.relevance_score, page.needs_browser, dropped

    async def unchanged(self, institution_id: str, page: Remembered, fetched_at: str) -> None:
        self.crawler.signals.send_catch_log(
            page_unchanged, institution_id=institution_id, page=page, fetched_at=fetched_at
        )

    async def finished(
        self, institution_id: str, outcome: Outcome, trails: dict[str, Trail]
    ) -> tuple[int, dict[str, Any]]:
        """How many programs were stored, and what was counted so far."""
        results = await self.crawler.signals.send_catch_log_async(
            institution_finished, institution_id=institution_id, outcome=outcome, trails=trails, dont_log=Exception
        )
        for error in (result for _, result in results if isinstance(result, Exception)):
            raise error
        return outcome.programs, self.crawler.stats.get_stats()

    async def close(self, reason: str) -> dict[str, Any]:
        """What was counted."""
        await self.crawler.pipelines.close_spider_async()
        await self.crawler.signals.send_catch_log_async(signals.spider_closed, reason=reason)
        return self.crawler.stats.get_stats()


def _read(settings: Settings, line: socket.socket, theirs: socket.socket) -> None:
    """What the process that reads does from beginning to end."""
    theirs.close()  # or the end of the line could not be seen
    processes.follow()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # whoever stops a whole group wants what was found stored
    collect_less_often()
    configure_logging(settings)
    asyncio.run(_answer(Reader(settings), line))


async def _answer(reader: Reader, line: socket.socket) -> None:
    """Answer questions, one after the other, until the line ends. Nothing else goes on here that could be held up."""
    with line, line.makefile("rb") as questions:
        while head := questions.read(_LENGTH.size):
            name, values = pickle.loads(questions.read(*_LENGTH.unpack(head)))
            error = value = None
            try:
                value = await getattr(reader, name)(*values)
            except Exception as raised:
                error = _portable(raised)
            if name != "unchanged":
                line.sendall(b"".join(_pack((error, value))))
            values = value = ()  # no page is kept while the next is waited for


def _portable(error: Exception) -> Exception:
    """An error as it can travel: itself where that is possible, with a note of where it was raised."""
    where = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In the process that reads:\n{where}")
    return error
