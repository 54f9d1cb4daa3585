"""The schema, its description, its views, and what may not be opened."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from scraper.database import (
    SCALAR_FIELDS,
    SCHEMA_VERSION,
    SET_TABLES,
    TABLE,
    TABLES,
    VIEWS,
    DatabaseError,
    Row,
    check,
    insert,
    open_database,
    select,
    select_one,
    upsert,
    write_institutions,
)
from scraper.dictionary import markdown
from scraper.items import FIELDS, Institution


@pytest.fixture
def db(tmp_path: Path) -> sqlite_utils.Database:
    return open_database(tmp_path / "atlas.db")


@pytest.fixture
def program(db: sqlite_utils.Database) -> sqlite_utils.Database:
    """A database with one program of one institution."""
    write_institutions(
        db,
        [
            Institution(
                "alderbrook",
                "Alderbrook Hospital",
                "teaching_hospital",
                city="Fairhaven",
                state="OH",
                lat=40.1,
                lon=-82.5,
            )
        ],
    )
    add(
        db,
        "programs",
        id="p",
        name="Visiting Students",
        url="https://alderbrook.example/v",
        institution_id="alderbrook",
        search_id=1,
    )
    return db


def add(db: sqlite_utils.Database, table: str, **values: Any) -> None:
    """A row; what must be there and is not named gets a plain value."""
    row: Row = {
        "program_id": "p",
        "audience": "any",
        "first_seen": "2026-03-01",
        "last_seen": "2026-03-01",
        "rolling": 0,
        "per": "once",
    }
    insert(db, table, {name: value for name, value in {**row, **values}.items() if name in TABLE[table].column})


def overview(db: sqlite_utils.Database) -> Row:
    row = select_one(db, "program_overview", id="p")
    assert row is not None
    return row


def ahead(days: int) -> dt.date:
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days)


@pytest.mark.parametrize("table", [*TABLES, *VIEWS], ids=lambda table: table.name)
def test_every_column_is_described(db: sqlite_utils.Database, table: Any) -> None:
    assert [column.name for column in db[table.name].columns] == [column.name for column in table.columns]
    assert table.title
    assert table.description.endswith(".")
    assert all(column.description[-1] in ".?)'" for column in table.columns)


def test_every_field_has_its_place() -> None:
    scalars = {field.name for field in SCALAR_FIELDS}
    assert scalars | set(SET_TABLES) | {"fees", "deadlines"} == {field.name for field in FIELDS}
    for table, column, _ in SET_TABLES.values():
        assert column in TABLE[table].column


def test_foreign_keys_are_kept(db: sqlite_utils.Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        add(db, "visas", visa="B-1")


def test_it_opens_again_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "atlas.db"
    with closing(open_database(path).conn):
        pass
    check(path)
    with closing(open_database(path).conn) as connection:
        assert connection.execute("pragma user_version").fetchone()[0] == SCHEMA_VERSION
        assert connection.execute("pragma journal_mode").fetchone()[0] == "wal"
        assert connection.execute("pragma foreign_keys").fetchone()[0] == 1


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table programs (id integer)")
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="another program"):
        open_database(path)
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, this is not a database at all.\n" * 50)
    with pytest.raises(DatabaseError, match="not an SQLite database"):
        open_database(path)


def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    with closing(open_database(path).conn) as connection:
        connection.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(DatabaseError, match="newer version"):
        open_database(path)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"cannot be (opened|written)"):
        open_database(tmp_path)


def test_an_empty_file_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    path.touch()
    with closing(open_database(path).conn):
        check(path)


def test_upsert_writes_only_what_differs(db: sqlite_utils.Database) -> None:
    row = {"id": "a", "name": "A"}
    assert upsert(db, "institutions", row)
    assert not upsert(db, "institutions", row)
    assert upsert(db, "institutions", row | {"name": "B"})
    assert select(db, "institutions")[0]["name"] == "B"


def test_the_overview_spells_everything_out(program: sqlite_utils.Database) -> None:
    db = program
    db.execute(
        "update programs set accepts_international = 'partners_only', vslo = 1, visa_sponsored = 0, toefl_ibt_min = 90"
    )
    for kind in ("clinical_elective", "observership"):
        add(db, "program_types", program_type=kind)
    add(db, "audiences", visitor="graduate")
    for visa in ("J-1", "B-2", "B-1"):
        add(db, "visas", visa=visa)
    add(db, "contacts", kind="email", contact="visit@alderbrook.example")
    row = overview(db)
    wanted = {
        "program": "Visiting Students",
        "institution": "Alderbrook Hospital",
        "city": "Fairhaven",
        "state": "OH",
        "latitude": 40.1,
        "longitude": -82.5,
        "types": "Clinical elective, Observership",
        "who_may_apply": "Graduates (IMGs)",
        "international_students": "partners only",
        "visas": "B-1, B-2, J-1",
        "visa_sponsored": "no",
        "vslo": "yes",
        "usmle_step1_required": None,
        "toefl_ibt_min": 90,
        "emails": "visit@alderbrook.example",
        "phones": None,
        "documents": None,
        "last_read": "2026-03-01",
    }
    assert {name: row[name] for name in wanted} == wanted


COSTS: dict[str, tuple[list[Row], tuple[float | None, float | None, float | None]]] = {
    "nothing stated": ([], (None, None, None)),
    "application only": ([{"kind": "application", "amount": 100}], (100, None, 100)),
    "the cheapest way to four weeks": (
        [
            {"kind": "application", "amount": 100},
            {"kind": "program", "amount": 500, "per": "week"},
            {"kind": "program", "amount": 900, "per": "two_weeks"},
            {"kind": "program", "amount": 1700, "per": "four_weeks"},
            {"kind": "program", "amount": 9000, "per": "rotation", "weeks": 8},
        ],
        (100, 1700, 1800),
    ),
    "free": ([{"kind": "program", "amount": 0}], (None, 0, 0)),
    "a price list with four weeks": (
        [{"kind": "program", "amount": 3000, "per": "rotation", "weeks": 4}],
        (None, 3000, 3000),
    ),
    "a length that is not four weeks": (
        [{"kind": "program", "amount": 9000, "per": "rotation", "weeks": 8}],
        (None, None, None),
    ),
    "what US students pay is not what others pay": (
        [
            {"kind": "application", "amount": 50, "audience": "us"},
            {"kind": "application", "amount": 300, "audience": "international"},
        ],
        (300, None, 300),
    ),
    "other charges are not in it": ([{"kind": "other", "amount": 25}], (None, None, None)),
}


@pytest.mark.parametrize("name", COSTS)
def test_costs(program: sqlite_utils.Database, name: str) -> None:
    fees, wanted = COSTS[name]
    for fee in fees:
        add(program, "fees", **fee)
    row = overview(program)
    assert (row["application_fee"], row["program_fee_4_weeks"], row["stated_cost_4_weeks"]) == wanted


def test_a_program_for_us_students_shows_what_they_pay(program: sqlite_utils.Database) -> None:
    add(program, "audiences", visitor="us_student")
    add(program, "fees", kind="application", amount=50, audience="us")
    add(program, "fees", kind="application", amount=20, audience="international")
    assert overview(program)["application_fee"] == 50


def test_the_next_deadline(program: sqlite_utils.Database) -> None:
    assert overview(program)["next_deadline"] is None
    add(program, "deadlines", kind="closes", date=str(ahead(-3)))
    assert overview(program)["next_deadline"] is None
    add(program, "deadlines", kind="opens", date=str(ahead(1)))
    assert overview(program)["next_deadline"] is None
    add(program, "deadlines", kind="closes", date=str(ahead(200)))
    add(program, "deadlines", kind="closes", month_day=ahead(20).strftime("%m-%d"))
    add(program, "deadlines", kind="closes", date=str(ahead(2)), audience="us")
    assert overview(program)["next_deadline"] == str(ahead(20))


def test_lead_times_and_rolling_are_no_dates(program: sqlite_utils.Database) -> None:
    add(program, "deadlines", kind="closes", lead_n=6, lead_unit="week")
    add(program, "deadlines", kind="closes", rolling=1)
    row = overview(program)
    assert (row["apply_ahead"], row["rolling"], row["next_deadline"]) == ("6 weeks before the start", "yes", None)
    assert select(program, "upcoming_deadlines") == []


@pytest.mark.parametrize("days", [0, 1, 100, 364])
def test_a_day_without_a_year_is_the_next_one(program: sqlite_utils.Database, days: int) -> None:
    if ahead(days).strftime("%m-%d") == "02-29":
        pytest.skip("there is no such day every year")
    add(program, "deadlines", kind="closes", month_day=ahead(days).strftime("%m-%d"))
    [row] = select(program, "upcoming_deadlines")
    assert (row["date"], row["days_left"], row["year_given"]) == (str(ahead(days)), days, "no year given")
    assert (row["event"], row["for_whom"], row["institution"]) == (
        "Applications close",
        "anyone",
        "Alderbrook Hospital",
    )


def test_a_month_is_its_first_day_or_its_last(program: sqlite_utils.Database) -> None:
    month = f"{ahead(0).year + 1}-02"
    add(program, "deadlines", kind="opens", date=month)
    add(program, "deadlines", kind="closes", date=month)
    add(program, "deadlines", kind="closes", month_day="02")
    rows = select(program, "deadline_dates", ("id",))
    last = (dt.date(ahead(0).year + 1, 3, 1) - dt.timedelta(1)).isoformat()
    assert [row["date"] for row in rows[:2]] == [f"{month}-01", last]
    assert rows[2]["date"] >= str(ahead(0))
    assert rows[2]["date"][5:] in ("02-28", "02-29")


def test_closed_programs_are_history(program: sqlite_utils.Database) -> None:
    add(program, "deadlines", kind="closes", date=str(ahead(9)))
    program.execute("update programs set closed_at = '2026-04-01'")
    assert select(program, "program_overview") == []
    assert select(program, "upcoming_deadlines") == []


def test_the_data_dictionary_is_up_to_date(root: Path) -> None:
    written = (root / "docs" / "data-dictionary.md").read_text("utf-8")
    assert written == markdown(), "run `python -m scraper.dictionary > docs/data-dictionary.md`"
