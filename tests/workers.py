"""Workers and collectors of a shared crawl as processes that tests and benchmarks may kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scraper import cli_collect
from scraper.crawling import CrawlReport, CrawlRequest, settings_for
from scraper.queue.collector import Write, collect

ROOT = Path(__file__).resolve().parent.parent
# Collects with a function of this module for writing: argv are its name, the number of visits that it writes, and what `collect` wants.
_COLLECT = "import sys; from tests.workers import collect_and_die; collect_and_die(*sys.argv[1:])"


class WorkerProcess:
    """One worker; `events` are what it told of until now."""

    def __init__(self, request: CrawlRequest) -> None:
        self.events: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scraper.crawling"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(request.to_json().encode() + b"\n")
        self.process.stdin.flush()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.events.append(json.loads(line))

    @property
    def visited(self) -> list[str]:
        """The institutions whose visits it finished."""
        outcomes = [event["outcome"] for event in self.events if event["event"] == "institution"]
        return [outcome["institution_id"] for outcome in outcomes if outcome["finished"]]

    @property
    def is_at_work(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.wait()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> list[dict[str, Any]]:
        """Its events, when it has ended."""
        self.process.wait()
        self.reader.join()
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.events


def collect_all(
    url: str,
    database: Path,
    registry: Path,
    write: Write = cli_collect.write,
    seconds: float = 4.0,
    stop: threading.Event | None = None,
    show: Callable[[Any], None] = lambda _: None,
    **options: Any,
) -> CrawlReport:
    """Collect in this process until the crawl is over."""
    thresholds = settings_for(CrawlRequest(database=database, registry=registry))
    return collect(url, database, registry, write, thresholds, seconds, show, stop or threading.Event(), **options)


def collector_that_dies(url: str, database: Path, registry: Path, after: int, batch: int) -> int:
    """Let a collector run in a process of its own that is killed when it has written `after` visits; its exit code."""
    command = [sys.executable, "-c", _COLLECT, url, str(database), str(registry), str(after), str(batch)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def collect_and_die(url: str, database: str, registry: str, after: str, batch: str) -> None:
    """What that process does. The visit before its death is written, not committed."""
    written = 0

    def write(*arguments: Any) -> None:
        nonlocal written
        cli_collect.write(*arguments)
        written += 1
        if written > int(after):
            os.kill(os.getpid(), signal.SIGKILL)

    collect_all(url, Path(database), Path(registry), write, batch=int(batch))
