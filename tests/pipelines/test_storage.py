"""What the database holds after a visit, and after the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlite_utils

from pipelines.programs import Summary, Visit, merge_programs
from pipelines.storage import Stored, start_crawl, store_visit
from scraper.database import TABLES, insert, open_database, select, select_one
from scraper.items import Deadline, Elective, Fact, Fee
from scraper.memory import Trail
from tests.pipelines.making import HOST, fact, page

SECOND, THIRD = "2026-04-01T12:00:00Z", "2026-05-01T12:00:00Z"
ELECTIVE, US = fact("program_types", "clinical_elective"), fact("audiences", "us_student")
INTERNATIONAL = fact("audiences", "international_student")


@pytest.fixture
def db(tmp_path: Path) -> sqlite_utils.Database:
    return open_database(tmp_path / "atlas.db")


def visit(db: sqlite_utils.Database, *pages: Summary, at: str = "", **values: Any) -> Stored:
    """A crawl that reads these pages, on another day where `at` says."""
    dated = [attrs.evolve(p, fetched_at=at or p.fetched_at) for p in pages]
    programs = merge_programs("alderbrook", dated)
    return store_visit(db, Visit("alderbrook", pages=dated, programs=programs, **values), start_crawl(db, "replay"))


def visiting(*facts: Fact, path: str = "/visiting", name: str = "Visiting Students", **values: Any) -> Summary:
    return page(path, ELECTIVE, US, *facts, name=name, **values)


def dump(db: sqlite_utils.Database, *without: str) -> dict[str, list]:
    tables = [table for table in TABLES if table.name not in ("crawls", "crawl_hosts", *without)]
    return {table.name: select(db, table.name, table.key) for table in tables}


def changes(db: sqlite_utils.Database) -> list[str]:
    return [row["in_words"] for row in select(db, "changes", ("id",))]


def open_values(db: sqlite_utils.Database, field: str) -> list[str]:
    return [row["value"] for row in select(db, "evidence", ("value",), field=field, closed_at=None)]


def test_a_visit_is_stored(db: sqlite_utils.Database) -> None:
    stored = visit(
        db,
        visiting(
            fact("vslo", True),
            fact("toefl_ibt_min", 90, quote="TOEFL of 90"),
            fact("fees", Fee(350, "application", refundable=False)),
            fact("deadlines", Deadline(month_day="04-24")),
            fact("visas", "B-1"),
            fact("emails", "visit@alderbrook.example"),
        ),
        page("/residency", name="Residency", relevant=False),
    )
    assert stored == Stored(programs=1, new_pages=2)
    program = select_one(db, "programs", id="alderbrook--electives")
    assert program is not None
    assert (program["vslo"], program["toefl_ibt_min"], program["ielts_min"]) == (1, 90.0, None)
    assert (program["first_seen"], program["last_seen"], program["closed_at"]) == ("2026-03-01", "2026-03-01", None)
    [fee] = select(db, "fees")
    assert (fee["kind"], fee["amount"], fee["per"], fee["refundable"], fee["audience"]) == (
        "application",
        350,
        "once",
        0,
        "any",
    )
    [proof] = select(db, "evidence", field="toefl_ibt_min")
    assert (proof["value"], proof["in_words"], proof["quote"], proof["headings"]) == (
        "90",
        "90 points",
        "TOEFL of 90",
        "Visitors",
    )
    assert select_one(db, "evidence", id=fee["evidence_id"])["in_words"] == "Application fee: $350, non-refundable"
    assert [(r["url"], r["relevant"], r["program_id"]) for r in select(db, "pages", ("url",))] == [
        (f"{HOST}/residency", 0, None),
        (f"{HOST}/visiting", 1, "alderbrook--electives"),
    ]
    assert db.execute("pragma foreign_key_check").fetchall() == []


def test_the_same_pages_again_change_nothing(db: sqlite_utils.Database) -> None:
    pages = [
        visiting(fact("vslo", True), fact("fees", Fee(350)), links=("/visiting/faq",)),
        page("/visiting/faq", ELECTIVE, fact("fees", Fee(300)), name="FAQ"),
    ]
    visit(db, *pages)
    before = dump(db)
    assert visit(db, *pages) == Stored(programs=1, unchanged_pages=2)
    assert dump(db) == before


def test_on_another_day_only_the_dates_of_the_last_reading_change(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("vslo", True)))
    before = dump(db)
    visit(db, visiting(fact("vslo", True)), at=SECOND)
    after = dump(db)
    for table, rows in after.items():
        for old, new in zip(before[table], rows, strict=True):
            assert {name for name in new if new[name] != old[name]} <= {"last_seen"}
    assert select_one(db, "programs")["last_seen"] == "2026-04-01"


CHANGES = {
    "a fee": ([fact("fees", Fee(300, "application"))], [fact("fees", Fee(350, "application"))], ["Application fee: $300 → $350"]),
    "a fee of a list": (
        [fact("fees", Fee(300, "program", "week")), fact("fees", Fee(500, "program", "two_weeks"))],
        [fact("fees", Fee(300, "program", "week")), fact("fees", Fee(550, "program", "two_weeks"))],
        ["Program fee: $500 per 2 weeks → $550 per 2 weeks"],
    ),
    "a number": ([fact("toefl_ibt_min", 80)], [fact("toefl_ibt_min", 90)], ["TOEFL iBT minimum: 80 points → 90 points"]),
    "a number that goes": ([fact("ielts_min", 6.5)], [], ["IELTS minimum: 6.5 (no longer stated)"]),
    "an answer that comes": ([], [fact("vslo", True)], ["Through VSLO: yes (new)"]),
    "members of a set": (
        [fact("visas", "B-1"), fact("visas", "B-2")],
        [fact("visas", "B-1"), fact("visas", "J-1")],
        ["Visas accepted: B-2 (no longer stated)", "Visas accepted: J-1 (new)"],
    ),
    "a deadline": (
        [fact("deadlines", Deadline(date="2026-04-24"))],
        [fact("deadlines", Deadline(date="2027-04-23"))],
        ["Applications close: April 24, 2026 → April 23, 2027"],
    ),
    "other words for the same": ([fact("vslo", True, quote="Use VSLO.")], [fact("vslo", True, quote="Apply in VSLO.")], []),
    "another order": ([fact("visas", "B-1"), fact("visas", "B-2")], [fact("visas", "B-2"), fact("visas", "B-1")], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_changes(db: sqlite_utils.Database, name: str) -> None:
    before, after, wanted = CHANGES[name]
    visit(db, visiting(*before, content_hash="a"))
    stored = visit(db, visiting(*after, content_hash="b"), at=SECOND)
    assert changes(db) == wanted
    assert stored.changes == len(wanted)
    for row in select(db, "changes"):
        assert (row["date"], row["page_url"], row["crawl_id"]) == (SECOND, f"{HOST}/visiting", 2)
    assert db.execute("pragma foreign_key_check").fetchall() == []


def test_the_history_of_a_fact(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("visas", "B-1")))
    visit(db, visiting(), at=SECOND)
    [row] = select(db, "evidence", field="visas")
    assert (row["first_seen"][:10], row["last_seen"][:10], row["closed_at"][:10]) == (
        "2026-03-01",
        "2026-03-01",
        "2026-04-01",
    )
    assert select(db, "visas") == []
    visit(db, visiting(fact("visas", "B-1")), at=THIRD)
    rows = select(db, "evidence", ("first_seen",), field="visas")
    assert [(r["first_seen"][:10], (r["closed_at"] or "")[:10]) for r in rows] == [
        ("2026-03-01", "2026-04-01"),
        ("2026-05-01", ""),
    ]
    assert [r["visa"] for r in select(db, "visas")] == ["B-1"]


def test_what_better_reading_finds_on_the_same_page_is_no_change_there(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("vslo", True), content_hash="same"))
    visit(db, visiting(fact("vslo", False), fact("visas", "B-1"), content_hash="same"), at=SECOND)
    assert select_one(db, "programs")["vslo"] == 0
    visit(db, page("/visiting", name="Visiting Students", relevant=False, content_hash="same"), at=THIRD)
    assert select_one(db, "programs")["closed_at"] == "2026-05-01"
    assert changes(db) == []


def test_a_page_that_cannot_be_read_keeps_what_it_said(db: sqlite_utils.Database) -> None:
    own = visiting(fact("vslo", True), links=("/visiting/fees",))
    fees = page("/visiting/fees", fact("fees", Fee(350, "application")), name="Fees for Visiting Students")
    visit(db, own, fees)
    visit(db, own, at=SECOND, failed={fees.url: "timeout"})
    program = select_one(db, "programs")
    assert (program["last_seen"], program["stale_since"]) == ("2026-04-01", None)
    assert [row["amount"] for row in select(db, "fees")] == [350]
    assert select_one(db, "pages", url=fees.url)["unreachable_since"] == SECOND
    visit(db, own, fees, at=THIRD)
    assert select_one(db, "pages", url=fees.url)["unreachable_since"] is None
    assert changes(db) == []


def test_a_page_that_is_gone_says_nothing_any_more_where_others_do(db: sqlite_utils.Database) -> None:
    own = visiting(fact("vslo", True), links=("/visiting/fees",))
    fees = page("/visiting/fees", fact("fees", Fee(350, "application")), name="Fees for Visiting Students")
    visit(db, own, fees)
    visit(db, own, at=SECOND, failed={fees.url: "http_404"})
    assert len(select(db, "fees")) == 1, "once may be a slip"
    visit(db, own, at=THIRD, failed={fees.url: "http_410"})
    assert select(db, "fees") == []
    assert changes(db) == ["Application fee: $350 (no longer stated)"]


@pytest.mark.parametrize("reason", ["timeout", "dns", "http_503", "robots", "needs_browser", "challenge", "login"])
def test_a_program_none_of_whose_pages_can_be_read_is_stale(db: sqlite_utils.Database, reason: str) -> None:
    visit(db, visiting(fact("vslo", True)))
    other = page("/other", name="Other", relevant=False)
    visit(db, other, at=SECOND, failed={f"{HOST}/visiting": reason})
    program = select_one(db, "programs")
    assert (program["vslo"], program["stale_since"], program["closed_at"]) == (1, "2026-04-01", None)
    visit(db, other, at=THIRD, failed={f"{HOST}/visiting": reason})
    assert select_one(db, "programs")["stale_since"] == "2026-04-01"
    visit(db, visiting(fact("vslo", True)), at="2026-06-01T12:00:00Z")
    assert select_one(db, "programs")["stale_since"] is None
    assert changes(db) == []


@pytest.mark.parametrize("reason", ["http_404", "http_410", "soft_404"])
def test_a_program_whose_pages_are_gone_twice_in_a_row_is_closed_with_the_date(
    db: sqlite_utils.Database, reason: str
) -> None:
    visit(db, visiting(fact("vslo", True)))
    other = page("/other", name="Other", relevant=False)
    visit(db, other, at=SECOND, failed={f"{HOST}/visiting": reason})
    program = select_one(db, "programs")
    assert (program["vslo"], program["stale_since"], program["closed_at"]) == (1, "2026-04-01", None)
    assert visit(db, other, at=THIRD, failed={f"{HOST}/visiting": reason}).closed == 1
    assert select_one(db, "programs")["closed_at"] == "2026-05-01"
    assert open_values(db, "vslo") == []
    assert changes(db) == ["Its page is gone: Visiting Students"]
    visit(db, visiting(fact("vslo", True)), at="2026-06-01T12:00:00Z")
    assert select_one(db, "programs")["closed_at"] is None


def test_gone_then_out_of_reach_then_gone_is_not_twice_in_a_row(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("vslo", True)))
    other = page("/other", name="Other", relevant=False)
    for at, reason in ((SECOND, "http_404"), (THIRD, "timeout"), ("2026-06-01T12:00:00Z", "http_404")):
        visit(db, other, at=at, failed={f"{HOST}/visiting": reason})
    program = select_one(db, "programs")
    assert (program["stale_since"], program["closed_at"]) == ("2026-04-01", None)


def test_what_an_archive_does_not_hold_is_not_stale(db: sqlite_utils.Database) -> None:
    visit(db, visiting())
    visit(db, at=SECOND, failed={f"{HOST}/visiting": "not_archived"})
    assert select_one(db, "programs")["stale_since"] is None


def test_a_program_that_its_pages_no_longer_describe_is_closed_and_may_come_back(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("vslo", True)))
    visit(db, page("/visiting", name="Visiting Students", relevant=False), at=SECOND)
    program = select_one(db, "programs")
    assert (program["closed_at"], program["vslo"]) == ("2026-04-01", None)
    assert select(db, "program_overview") == []
    assert open_values(db, "vslo") == []
    visit(db, visiting(fact("vslo", True), content_hash="back"), at=THIRD)
    assert [row["id"] for row in select(db, "program_overview")] == ["alderbrook--electives"]
    assert changes(db)[:2] == ["No longer described: Visiting Students", "Program is back: Visiting Students"]


def test_a_new_program_of_a_known_institution_is_a_change(db: sqlite_utils.Database) -> None:
    visit(db, visiting())
    observers = page("/observers", fact("program_types", "observership"), name="Observership")
    visit(db, visiting(), observers, at=SECOND)
    assert changes(db) == ["New program: Observership"]


def test_another_spelling_of_an_address_is_the_same_page(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("vslo", True), url="http://alderbrook.example/visiting/"))
    visit(db, visiting(fact("vslo", True), url="https://www.alderbrook.example/visiting"), at=SECOND)
    [row] = select(db, "evidence", field="vslo")
    assert (row["page_url"], row["first_seen"][:10], row["closed_at"]) == (f"{HOST}/visiting", "2026-03-01", None)
    assert [row["url"] for row in select(db, "pages")] == [f"{HOST}/visiting"]
    assert select_one(db, "programs")["url"] == f"{HOST}/visiting"
    assert changes(db) == []


def test_older_pages_do_not_undo_newer_ones(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("toefl_ibt_min", 90)), at=SECOND)
    before = dump(db)
    assert visit(db, visiting(fact("toefl_ibt_min", 80))).outdated == 1
    assert dump(db) == before


# --- ids that survive --------------------------------------------------------------------------------------------------


def ids(db: sqlite_utils.Database) -> dict[str, str]:
    return {
        row["id"].partition("--")[2]: row["url"].removeprefix(HOST) for row in select(db, "program_overview", ("id",))
    }


SAID = [fact("vslo", True), fact("toefl_ibt_min", 90), fact("visas", "B-1"), fact("letters_required", 2)]


def test_a_page_with_a_new_title_keeps_its_program(db: sqlite_utils.Database) -> None:
    visit(db, visiting(*SAID))
    visit(
        db,
        page("/visiting", ELECTIVE, INTERNATIONAL, *SAID, name="International Electives", content_hash="b"),
        at=SECOND,
    )
    assert ids(db) == {"electives": "/visiting"}
    assert select_one(db, "programs")["name"] == "International Electives"


@pytest.mark.parametrize("reason", ["http_404", "timeout"])
def test_a_page_that_moved_keeps_its_program(db: sqlite_utils.Database, reason: str) -> None:
    visit(db, visiting(*SAID))
    visit(db, visiting(*SAID, path="/new/home/for-students"), at=SECOND, failed={f"{HOST}/visiting": reason})
    assert ids(db) == {"electives": "/new/home/for-students"}
    assert select_one(db, "programs")["first_seen"] == "2026-03-01"
    assert changes(db) == []


def test_a_page_that_moved_under_another_name_keeps_its_program(db: sqlite_utils.Database) -> None:
    visit(db, visiting(*SAID))
    moved = page("/global", ELECTIVE, INTERNATIONAL, *SAID, name="International Electives")
    visit(db, moved, at=SECOND, failed={f"{HOST}/visiting": "http_404"})
    assert ids(db) == {"electives": "/global"}


def test_pages_that_are_split_keep_the_program_of_the_own_page(db: sqlite_utils.Database) -> None:
    faq = page("/visiting/abroad", ELECTIVE, fact("visas", "B-1"), name="Questions about visas")
    visit(db, visiting(fact("vslo", True), links=("/visiting/abroad",)), faq)
    assert ids(db) == {"electives": "/visiting"}
    abroad = page(
        "/visiting/abroad",
        ELECTIVE,
        INTERNATIONAL,
        fact("visas", "B-1"),
        name="International Students",
        content_hash="b",
    )
    visit(db, visiting(fact("vslo", True)), abroad, at=SECOND)
    assert ids(db) == {"electives": "/visiting", "electives-international": "/visiting/abroad"}
    assert [row["program_id"] for row in select(db, "visas")] == ["alderbrook--electives-international"]


def test_pages_that_are_merged_keep_the_program_of_the_own_page(db: sqlite_utils.Database) -> None:
    abroad = page("/visiting/abroad", ELECTIVE, INTERNATIONAL, fact("visas", "B-1"), name="International Students")
    visit(db, visiting(fact("vslo", True)), abroad)
    gone = page("/visiting/abroad", name="Moved", relevant=False)
    visit(db, visiting(INTERNATIONAL, fact("vslo", True), fact("visas", "B-1"), content_hash="b"), gone, at=SECOND)
    assert ids(db) == {"electives": "/visiting"}
    assert select_one(db, "programs", id="alderbrook--electives-international")["closed_at"] == "2026-04-01"
    assert "No longer described: Clinical electives for international students" in changes(db)


def test_an_id_is_never_given_twice(db: sqlite_utils.Database) -> None:
    visit(db, visiting(*SAID))
    other = visiting(fact("status", "open"), path="/elsewhere/students", name="Electives for Visitors")
    moved = page("/visiting", fact("program_types", "observership"), name="Observership", content_hash="b")
    visit(db, moved, other, at=SECOND)
    assert ids(db) == {"electives": "/visiting", "electives-2": "/elsewhere/students"}


# --- whole or not at all -------------------------------------------------------------------------------------


def test_a_visit_is_written_whole_or_not_at_all(db: sqlite_utils.Database) -> None:
    visit(db, visiting(fact("vslo", True)))
    before = dump(db)
    broken = visiting(fact("vslo", False), Fact("no_such_field", 1, "x"), content_hash="b")
    with pytest.raises(Exception, match="no_such_field"):
        visit(db, broken, at=SECOND)
    assert dump(db) == before


def test_the_full_text_index_follows(db: sqlite_utils.Database) -> None:
    insert(db, "institutions", {"id": "alderbrook", "name": "Alderbrook Hospital", "city": "Fairhaven", "state": "OH"})
    visit(db, visiting(fact("specialties", "Neurology", quote="We offer neurology and stroke care.")))

    def found(words: str) -> list[str]:
        sql = "select p.id from program_search s join programs p on p.search_id = s.rowid where program_search match ?"
        return [row[0] for row in db.execute(sql, [words]).fetchall()]

    assert found("neurology") == found("strokes") == found("fairhaven elective") == ["alderbrook--electives"]
    visit(db, visiting(content_hash="b"), at=SECOND)
    assert found("neurology") == []
    assert found("alderbrook") == ["alderbrook--electives"]


def test_what_a_page_says_twice_is_kept_once_with_the_surer_words(db: sqlite_utils.Database) -> None:
    visit(
        db,
        visiting(
            fact("vslo", True, confidence=0.6, quote="maybe"), fact("vslo", True, confidence=0.95, quote="surely")
        ),
    )
    [row] = select(db, "evidence", field="vslo")
    assert (row["quote"], row["confidence"]) == ("surely", 0.95)


def test_conflicts_are_marked(db: sqlite_utils.Database) -> None:
    visit(
        db,
        visiting(fact("toefl_ibt_min", 90), links=("/visiting/faq",)),
        page("/visiting/faq", ELECTIVE, fact("toefl_ibt_min", 80), name="FAQ"),
    )
    rows = select(db, "evidence", ("value",), field="toefl_ibt_min")
    assert [(row["value"], row["in_conflict"]) for row in rows] == [("80", 1), ("90", 0)]


def test_a_page_of_two_institutions_is_kept(db: sqlite_utils.Database) -> None:
    visit(db, visiting())
    shared = visiting()
    programs = merge_programs("birchmere", [shared])
    store_visit(db, Visit("birchmere", pages=[shared], programs=programs))
    assert len(select(db, "programs")) == 2
    assert [row["institution_id"] for row in select(db, "pages")] == ["alderbrook"]


# --- electives ---------------------------------------------------------------------------------------------------------


def catalog(*electives: Elective, path: str = "/visiting/catalog", relevant: bool = False, **values: Any) -> Summary:
    return page(path, name="Catalog", relevant=relevant, electives=electives, content_hash=repr(electives), **values)


STROKE = Elective(
    "Stroke Service",
    "neurology",
    "NEU 410",
    weeks_min=4.0,
    weeks_max=4.0,
    months=(7, 8),
    quote="Stroke Service NEU 410",
)
WARD = Elective("General Ward", "neurology", "NEU 420", accepts_international=False, quote="General Ward NEU 420")  # fmt: skip


def test_electives_are_kept_with_the_program_that_leads_to_their_catalog(db: sqlite_utils.Database) -> None:
    abroad = page(
        "/visiting/abroad", ELECTIVE, INTERNATIONAL, name="International Students", links=("/visiting/catalog",)
    )
    visit(db, visiting(fact("vslo", True), links=("/visiting/catalog",)), abroad, catalog(STROKE, WARD))
    first, second = select(db, "electives", ("code",))
    assert (first["program_id"], first["specialty"], first["months"], first["weeks_max"]) == (
        "alderbrook--electives", "neurology", "7 8", 4.0,
    )  # fmt: skip
    assert (second["accepts_international"], first["accepts_international"]) == (0, None)
    assert select_one(db, "terms", field="specialty", value="neurology")["title"] == "Neurology"


def test_electives_of_a_catalog_that_nothing_leads_to_are_the_only_programs(db: sqlite_utils.Database) -> None:
    visit(db, visiting(), catalog(STROKE))
    assert select_one(db, "electives")["program_id"] == "alderbrook--electives"


def test_electives_of_a_house_without_a_program_stand_alone(db: sqlite_utils.Database) -> None:
    visit(db, catalog(STROKE))
    assert select_one(db, "electives")["program_id"] is None


def test_electives_that_are_no_longer_listed_are_closed(db: sqlite_utils.Database) -> None:
    visit(db, visiting(), catalog(STROKE, WARD))
    more = attrs.evolve(STROKE, capacity=2)
    visit(db, visiting(), catalog(more), at=SECOND)
    stroke, ward = select(db, "electives", ("code",))
    assert (stroke["capacity"], stroke["first_seen"][:10], stroke["closed_at"]) == (2, "2026-03-01", None)
    assert ward["closed_at"] == SECOND
    visit(db, visiting(), at=THIRD, failed={f"{HOST}/visiting/catalog": "timeout"})
    assert select_one(db, "electives", code="NEU 410")["closed_at"] is None


def test_electives_survive_a_page_that_is_not_modified() -> None:
    listed = catalog(STROKE, WARD)
    assert Summary.recalled(listed.remembered(Trail()), listed.fetched_at).electives == (STROKE, WARD)
