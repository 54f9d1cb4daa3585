"""Who runs a crawl is asked for once, kept, and required where many hosts are visited."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scraper import cli, contact


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "deep" / "settings.yml"
    monkeypatch.setenv("USCE_SETTINGS", str(path))
    monkeypatch.delenv("USCE_CONTACT", raising=False)
    return path


def test_it_is_kept_beside_other_settings(settings: Path) -> None:
    settings.parent.mkdir()
    settings.write_text("colour: blue\n")
    contact.keep_contact("crawl@atlas.example")
    assert yaml.safe_load(settings.read_text()) == {"colour": "blue", "contact": "crawl@atlas.example"}
    assert contact.known_contact() == "crawl@atlas.example"


def test_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    contact.keep_contact("crawl@atlas.example")
    monkeypatch.setenv("USCE_CONTACT", "other@atlas.example")
    assert contact.known_contact() == "other@atlas.example"


def test_a_broken_file_is_named(settings: Path) -> None:
    settings.parent.mkdir()
    settings.write_text("- a list\n")
    with pytest.raises(contact.ContactError, match=r"settings\.yml: cannot be read"):
        contact.known_contact()


@pytest.mark.parametrize("good", ["crawl@atlas.example", "https://atlas.example/crawler"])
def test_addresses_that_reach_somebody(good: str) -> None:
    assert contact.checked(f" {good} ") == good


@pytest.mark.parametrize("bad", ["", "me", "me@", "a b@c.example", "ftp://x.example/", "x@y.example) (evil"])
def test_addresses_that_reach_nobody(bad: str) -> None:
    with pytest.raises(contact.ContactError, match="neither an e-mail address nor a web address"):
        contact.checked(bad)


def test_a_handful_of_sites_needs_none_and_more_do() -> None:
    assert cli.who_we_are(None, contact.HANDFUL) == ""
    with pytest.raises(contact.ContactError, match="--contact"):
        cli.who_we_are(None, contact.HANDFUL + 1)
    assert cli.who_we_are("crawl@atlas.example", 300) == "crawl@atlas.example"
    assert cli.who_we_are(None, 300) == "crawl@atlas.example", "asked for once"


def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(cli.err, "_force_terminal", True)
    monkeypatch.setattr(cli.typer, "prompt", lambda *_, **__: "crawl@atlas.example")
    assert cli.who_we_are(None, 300) == "crawl@atlas.example"
    assert contact.known_contact() == "crawl@atlas.example"
