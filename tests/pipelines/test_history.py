"""The state of another day is what was exported on that day."""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.history import as_of
from pipelines.programs import Summary, Visit, merge_programs
from pipelines.storage import store_visit
from scraper.database import DatabaseError, open_database
from scraper.export import FILES, export
from scraper.items import Deadline, Fact, Fee
from tests.pipelines.making import fact, page

DAYS = ("2026-03-01", "2026-04-01", "2026-05-01")
ELECTIVE, OBSERVER = fact("program_types", "clinical_elective"), fact("program_types", "observership")


def store(path: Path, day: str, *pages: Summary, failed: Sequence[str] = ()) -> None:
    dated = [attrs.evolve(one, fetched_at=f"{day}T12:00:00Z") for one in pages]
    programs = merge_programs("alderbrook", dated)
    db = open_database(path)
    with closing(db.conn):
        store_visit(db, Visit("alderbrook", pages=dated, programs=programs, failed=dict.fromkeys(failed, "timeout")))


def rows(directory: Path, name: str, *without: str) -> list[dict[str, str]]:
    with (directory / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{key: text for key, text in row.items() if key not in without} for row in csv.DictReader(file)]


def same(one: Path, other: Path) -> None:
    """What a page's earlier text was is not kept, and when it was last read only where something changed."""
    for file in FILES:
        without = ("content_hash", "last_seen", "fetched_at") if file.name == "pages" else ()
        assert rows(one, file.name, *without) == rows(other, file.name, *without), file.name


def visiting(*facts: Fact) -> Summary:
    return page("/visiting", ELECTIVE, *facts, name="Visiting Students")


def observers(*facts: Fact) -> Summary:
    return page("/observers", OBSERVER, *facts, name="Observership")


APPLICATION, HIGHER = fact("fees", Fee(300, "application")), fact("fees", Fee(350, "application"))
NOTHING = page("/observers", name="Closed", relevant=False)
STORIES: dict[str, tuple[tuple[Summary, ...], ...]] = {
    "a fee goes up and comes down": ((visiting(APPLICATION),), (visiting(HIGHER),), (visiting(APPLICATION),)),
    "a program comes, goes and is back": (
        (visiting(), observers()),
        (visiting(), NOTHING),
        (visiting(), observers(fact("vslo", False))),
    ),
    "a program comes later": ((visiting(),), (visiting(), observers(fact("visas", "B-1")))),
    "a conflict begins and ends": (
        (visiting(fact("ielts_min", 6.5)),),
        (visiting(fact("ielts_min", 6.5)), page("/visiting/faq", ELECTIVE, fact("ielts_min", 7), name="FAQ")),
        (visiting(fact("ielts_min", 7)), page("/visiting/faq", ELECTIVE, fact("ielts_min", 7), name="FAQ")),
    ),
    "members of sets change": (
        (visiting(fact("visas", "B-1"), fact("documents", "cv")),),
        (visiting(fact("visas", "J-1"), fact("documents", "cv")),),
        (visiting(fact("documents", "photo")),),
    ),
    "deadlines move": tuple((visiting(fact("deadlines", Deadline(date=f"2026-0{n}-15"))),) for n in (6, 7, 8)),
}


@pytest.mark.parametrize("name", STORIES)
def test_every_day_is_as_it_was_exported(tmp_path: Path, name: str) -> None:
    path = tmp_path / "atlas.db"
    for day, pages in zip(DAYS, STORIES[name], strict=False):
        store(path, day, *pages)
        export(path, tmp_path / day)
    for day in DAYS[: len(STORIES[name])]:
        with as_of(path, dt.date.fromisoformat(day) + dt.timedelta(3)) as then:
            export(then, tmp_path / "then")
        same(tmp_path / day, tmp_path / "then")


SAID = (
    APPLICATION,
    HIGHER,
    fact("fees", Fee(900, "program", "four_weeks")),
    fact("visas", "B-1"),
    fact("visas", "J-1"),
    fact("documents", "cv"),
    fact("vslo", True),
    fact("ielts_min", 7),
    fact("deadlines", Deadline(date="2026-06-15")),
    fact("deadlines", Deadline(lead_n=4, lead_unit="week")),
)
some = st.lists(st.sampled_from(SAID), unique=True, max_size=6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(some, st.one_of(st.none(), some)), min_size=2, max_size=3))
def test_whatever_happens_a_day_is_as_it_was(story: list[tuple[list[Fact], list[Fact] | None]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "atlas.db"
        for day, (said, other) in zip(DAYS, story, strict=False):
            store(path, day, visiting(*said), NOTHING if other is None else observers(*other))
            export(path, Path(directory) / day)
        for day in DAYS[: len(story)]:
            with as_of(path, dt.date.fromisoformat(day)) as then:
                export(then, Path(directory) / "then")
            same(Path(directory) / day, Path(directory) / "then")


def test_when_pages_were_read_is_never_later_than_true(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    for day in DAYS:
        store(path, day, visiting(APPLICATION))
    with as_of(path, dt.date(2026, 4, 15)) as then:
        export(then, tmp_path / "then")
    [read] = rows(tmp_path / "then", "pages")
    assert read["fetched_at"] == "2026-03-01T12:00:00Z"
    assert read["last_seen"] <= "2026-04-01T12:00:00Z"


def test_before_the_first_page_there_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    store(path, DAYS[0], visiting())
    with (
        pytest.raises(
            DatabaseError, match="nothing had been read by 2026-02-28; the first page was read on 2026-03-01"
        ),
        as_of(path, dt.date(2026, 2, 28)),
    ):
        pass
    with pytest.raises(DatabaseError, match="no such database"), as_of(tmp_path / "none.db", dt.date(2026, 3, 1)):
        pass


def test_the_database_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    for day, said in zip(DAYS, (APPLICATION, HIGHER), strict=False):
        store(path, day, visiting(said))
    export(path, tmp_path / "before")
    with as_of(path, dt.date(2026, 3, 2)):
        pass
    export(path, tmp_path / "after")
    same(tmp_path / "before", tmp_path / "after")
