"""`usce crawl --queue` and `usce collect`: what they say, and with which code they end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scraper import cli, cli_collect
from scraper.crawling import NOTHING_LEFT, OUT_OF_TIME, CrawlReport, CrawlRequest
from scraper.outcomes import Outcome
from scraper.queue import OFFLINE
from scraper.staging import Verdict
from tests.spiders.hosts import write_registry

Run = Callable[..., tuple[int, str, str]]
URL = "redis://:secret@h.example:6379/0"


@pytest.fixture
def usce(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("USCE_SETTINGS", str(tmp_path / "settings.yml"))
    registry = write_registry(tmp_path / "registry", {"oak": "https://oak.example/"})

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["usce", *arguments, *(["--registry", str(registry)] if arguments else [])])
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, " ".join(said.out.split()), " ".join(said.err.split())

    before = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("report", "code", "words"),
    [
        (
            {"stats": {"finish_reason": "finished"}},
            0,
            "is written by: usce collect --queue redis://:…@h.example:6379/0",
        ),
        ({"stats": {"finish_reason": NOTHING_LEFT}}, 0, "Nothing is left to visit"),
        ({"stats": {"finish_reason": OUT_OF_TIME}, "out_of_time": True}, 0, "left to other workers"),
        ({"stats": {"finish_reason": "shutdown"}, "stopped": True}, 130, "other workers' work now"),
        ({"stats": {"finish_reason": OFFLINE}}, 1, "is this machine online? Other workers visit them."),
    ],
)
def test_how_a_worker_ends(
    usce: Run, monkeypatch: pytest.MonkeyPatch, report: dict[str, Any], code: int, words: str
) -> None:
    asked: list[CrawlRequest] = []

    def crawl(request: CrawlRequest) -> CrawlReport:
        asked.append(request)
        return CrawlReport(outcomes={"oak": Outcome("oak", fetches=1, failures=Counter(dns=1))}, **report)

    monkeypatch.setattr(cli, "crawl_with_bar", crawl)
    found, _, err = usce("crawl", "--queue", URL)
    assert (found, asked[0].queue, asked[0].staged) == (code, URL, False)
    assert words in err
    assert "secret" not in err


@pytest.mark.parametrize(
    ("report", "code", "words"),
    [
        ({}, 0, "Institutions visited"),
        ({"left_out": ["elm"]}, 0, "Not visited to the end: elm"),
        ({"stopped": True}, 130, "goes on with the rest"),
        (
            {"verdict": Verdict(("2 programs where 9 were known",), ("oak: 9 before",))},
            4,
            "2 programs where 9 were known",
        ),
    ],
)
def test_how_collecting_ends(
    usce: Run, monkeypatch: pytest.MonkeyPatch, report: dict[str, Any], code: int, words: str
) -> None:
    monkeypatch.setattr(cli_collect, "run", lambda *_: CrawlReport(**report))
    found, out, err = usce("collect", "--queue", URL)
    assert found == code
    assert words in out + err


def test_what_cannot_be_is_told(usce: Run) -> None:
    for command in ("crawl", "collect"):
        code, _, err = usce(command, "--queue", "redis://127.0.0.1:1/0")
        assert code == 1 and "no Redis answers at redis://127.0.0.1:1/0" in err and "redis-server" in err
    code, _, err = usce("crawl", "--queue", URL, "--replay", "pages.warc.gz")
    assert code == 2 and "a replay makes none" in err
    code, _, err = usce("collect")
    assert code == 2 and "--queue" in err


def test_help_shows_examples(usce: Run) -> None:
    code, out, _ = usce("collect", "--help")
    assert code == 0 and "usce collect --queue redis://10.0.0.5/0" in out
    _, out, _ = usce("crawl", "--help")
    assert "usce crawl --queue redis://10.0.0.5/0" in out


def test_a_collector_that_waits_can_be_stopped(redis_url: str, tmp_path: Path, root: Path) -> None:
    command = [sys.executable, "-m", "scraper.cli", "collect", "--queue", redis_url, "-d", str(tmp_path / "a.db")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stderr is not None
        assert "waiting for a crawl in the queue" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert "What was written is whole" in process.stderr.read()
    assert process.returncode == 130
    assert not (tmp_path / "a.db").exists()
