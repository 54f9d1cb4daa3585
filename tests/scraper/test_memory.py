"""What is remembered of unchanged pages comes back as it was, for the rules that made it and no others."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from pipelines.programs import Summary, Visit
from pipelines.storage import store_visit
from scraper import memory
from scraper.database import insert, open_database, update
from scraper.items import Deadline, Fee
from scraper.memory import Known, Memory, Trail, remember
from scraper.urls import key
from tests.pipelines.making import fact, page

FACTS = (
    fact("vslo", True),
    fact("toefl_ibt_min", 90),
    fact("accepts_international", "yes", "international"),
    fact("fees", Fee(350.5, "application", refundable=False)),
    fact("fees", Fee(0.0)),
    fact("deadlines", Deadline(lead_n=8.0, lead_unit="week")),
    fact("deadlines", Deadline(rolling=True)),
    fact("visas", "B-1"),
)
PAGE = attrs.evolve(
    page("/visiting", *FACTS, name="Visiting “Students” – ½", links=("/fees", "/faq")), etag='W/"a,b"', score=0.9
)
TRAIL = Trail(2, 0.9, (("https://www.alderbrook.example/fees", 1.25),))


@pytest.fixture
def db(tmp_path: Path):
    db = open_database(tmp_path / "atlas.db")
    insert(db, "institutions", {"id": "alderbrook", "name": "Alderbrook"})
    return db


def known(db, now: str = "2026-03-08T12:00:00Z") -> Known:
    return Known.of(db, "alderbrook", now)


def test_a_page_comes_back_as_it_was(db) -> None:
    remember(db, "alderbrook", PAGE.remembered(TRAIL))
    back = known(db).pages[key(PAGE.url)]
    assert back.trail == TRAIL
    assert back.headers == {"If-None-Match": 'W/"a,b"'}
    recalled = Summary.recalled(back, "2026-03-08T12:00:00Z")
    assert recalled == attrs.evolve(PAGE, fetched_at="2026-03-08T12:00:00Z", etag="", score=0.0)


def test_a_page_without_validators_is_forgotten(db) -> None:
    for read, count in ((PAGE, 1), (attrs.evolve(PAGE, etag=""), 0)):
        store_visit(db, Visit("alderbrook", pages=[read]), trails={key(PAGE.url): TRAIL})
        assert len(known(db).pages) == count


def test_other_rules_read_the_page_anew(db, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(db, "alderbrook", PAGE.remembered(TRAIL))
    monkeypatch.setattr(memory, "reader_mark", lambda: "better")
    assert not known(db).pages


def test_nobody_is_believed_for_ever(db) -> None:
    remember(db, "alderbrook", PAGE.remembered(TRAIL))
    assert known(db, "2026-04-10T12:00:00Z").pages
    assert not known(db, "2026-04-20T12:00:00Z").pages


def test_a_memory_that_cannot_be_read_is_none(db) -> None:
    remember(db, "alderbrook", PAGE.remembered(TRAIL))
    update(db, "page_memory", {}, {"memory": "{"})
    assert not known(db).pages


def test_without_a_database_nothing_is_known(tmp_path: Path) -> None:
    assert Memory("").of("alderbrook", "2026-03-08T12:00:00Z") == Known()
    assert Memory(str(tmp_path / "none.db")).of("alderbrook", "2026-03-08T12:00:00Z") == Known()
