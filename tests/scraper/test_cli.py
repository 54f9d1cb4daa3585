"""The front door: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import lxml.html
import pytest
from typer.testing import CliRunner

from scraper import serving
from scraper.cli import app, main

COMMANDS = ["crawl", "extract", "export", "load", "status", "serve", "up", "demo", "registry", "institution", "vslo"]

PAGE = """<!doctype html><html><head><title>Visiting Students | Fernbrook Hospital</title></head><body><main>
<h1>Observership for medical graduates</h1>
<p>Fernbrook Hospital offers a four-week observership to international medical graduates. The application fee is $275 and is
non-refundable.</p><p>Write to <a href="mailto:observers@fernbrook.example">observers@fernbrook.example</a> to apply.</p>
</main></body></html>"""


@attrs.frozen
class Result:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def usce(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run the command as a user does, in this process."""
    # Typer would style its usage errors for a terminal whose width the tests do not know.
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["usce", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "visiting.html"
    path.write_text(PAGE, "utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_commands_show_examples(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output
    assert command == "registry" or f"usce {command}" in result.output


def test_extract_writes_one_record_a_page_with_its_evidence(
    usce: Callable[..., Result], page: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.jsonl"
    result = usce("extract", page, "--url", "https://fernbrook.example/observe", "--jsonl", facts)
    assert result.returncode == 0, result.stderr
    record = json.loads(facts.read_text("utf-8"))
    assert record["url"] == "https://fernbrook.example/observe"
    assert record["relevant"] is True
    assert record["program_types"] == ["observership"]
    assert [fee["amount"] for fee in record["fees"]] == [275.0]
    assert record["emails"] == ["observers@fernbrook.example"]
    squeezed = "".join(lxml.html.fromstring(PAGE).text_content().split())
    assert record["evidence"]
    assert all("".join(fact["quote"].split()) in squeezed for fact in record["evidence"])


def test_extract_without_a_file_prints_to_stdout(usce: Callable[..., Result], page: Path) -> None:
    result = usce("extract", page)
    assert json.loads(result.stdout)["relevant"] is True
    assert json.loads(result.stdout)["url"].startswith("file://")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["extract", "no-such-file.html"], 1, "there is no such file"),
        (["extract", "https://"], 1, "not an address"),
        (["extract", "a.html", "b.html", "--url", "https://x.example/"], 2, "one HTML or PDF file"),
        (["crawl", "no-such-institution"], 1, "no-such-institution"),
        (["crawl", "--max-pages", "0"], 2, "--max-pages"),
        (["crawl", "--replay", "no-such.warc.gz"], 1, "no-such.warc.gz"),
        (["status", "-d", "no-such.db"], 1, "there is no such database"),
        (["serve", "-d", "no-such.db"], 1, "there is no such database"),
        (["load", "no-such-folder"], 1, "no-such-folder"),
        (["up", "--all", "--no-crawl"], 2, "--no-crawl"),
        (["registry", "check", "--registry", "no-such-folder"], 1, "no-such-folder"),
        (["fly"], 2, "fly"),
    ],
)
def test_errors_go_to_stderr_with_a_code_that_scripts_can_use(
    usce: Callable[..., Result], arguments: list[str], code: int, said: str
) -> None:
    result = usce(*arguments)
    assert result.returncode == code
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_warc_that_is_none_is_named(usce: Callable[..., Result], tmp_path: Path) -> None:
    broken = tmp_path / "broken.warc.gz"
    broken.write_bytes(b"this is no archive")
    facts = tmp_path / "facts.jsonl"
    result = usce("extract", broken, "--jsonl", facts)
    assert result.returncode == 1
    assert "broken.warc.gz" in result.stderr
    assert not facts.exists()


def test_a_database_of_another_program_is_left_alone(usce: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("create table recipes (name text)")
    before = path.read_bytes()
    result = usce("crawl", "yale-school-of-medicine", "-d", path)
    assert result.returncode == 1
    assert "database of another program" in result.stderr
    assert path.read_bytes() == before


def test_a_port_in_use_is_said_with_a_way_on() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(serving.ServingError, match=rf"Port {port} is in use .* make run PORT={port + 1}"):
            serving.check_port(port)


def test_the_version_is_printed(usce: Callable[..., Result]) -> None:
    assert usce("--version").stdout.startswith("usce-atlas 0.")
