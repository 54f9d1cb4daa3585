"""CSV and back: the same bytes, and a clear word for what is damaged."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.programs import Summary, Visit, merge_programs
from pipelines.storage import store_visit
from scraper import items
from scraper.database import Column, DatabaseError, open_database, select, write_institutions
from scraper.export import FILES, PACKAGE, PackageError, export, is_empty, load, newest_date, parse
from scraper.formats import cell
from scraper.items import Deadline, Fee, Institution
from tests.pipelines.making import HOST, fact, page

ALDERBROOK = Institution(
    "alderbrook", "Alderbrook Hospital", "teaching_hospital", None, "Fairhaven", "OH", 40.1, -82.5, HOST, True
)
FACTS = (
    fact("program_types", "clinical_elective"),
    fact("audiences", "international_student"),
    fact("accepts_international", "partners_only"),
    fact("vslo", True),
    fact("visa_sponsored", False),
    fact("ielts_min", 6.5),
    fact("compensation", "unpaid"),
    fact("fees", Fee(350, "application", refundable=False, audience="international"), "international"),
    fact("fees", Fee(9550, "program", "rotation", weeks=8)),
    fact("deadlines", Deadline(date="2026-04-24")),
    fact("deadlines", Deadline(month_day="12")),
    fact("deadlines", Deadline(lead_n=6, lead_unit="week")),
    fact("deadlines", Deadline(rolling=True)),
    fact("visas", "B-1"),
    fact("documents", "cv"),
    fact("specialties", 'Surgery, "general"'),
    fact("specialties", "=HYPERLINK(1)"),
    fact("emails", "visit@alderbrook.example"),
    fact("phones", "5055550164"),
    fact("interview_required", True),
    fact("home_school_applies", False),
    fact("housing", "help"),
    fact("hospital_settings", "community"),
    fact("who_pays", "own_costs"),
)


def store(path: Path, *pages: Summary, at: str = "") -> None:
    dated = [attrs.evolve(one, fetched_at=at or one.fetched_at) for one in pages]
    db = open_database(path)
    with closing(db.conn):
        write_institutions(db, [ALDERBROOK])
        store_visit(db, Visit("alderbrook", pages=dated, programs=merge_programs("alderbrook", dated)))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with two programs, history, a conflict and a closed program."""
    path = tmp_path / "atlas.db"
    own = page("/visiting", *FACTS, name="+1 Visiting Students", links=("/visiting/faq",))
    faq = page("/visiting/faq", fact("ielts_min", 6), fact("visas", "J-1"), name="FAQ")
    observers = page("/observers", fact("program_types", "observership"), name="Observership")
    store(path, own, faq, observers, page("/home", name="Home", relevant=False))
    changed = tuple(one for one in FACTS if one.value != "B-1")
    store(
        path,
        attrs.evolve(own, facts=changed, content_hash="b"),
        faq,
        page("/observers", name="Closed", relevant=False),
        at="2026-04-01T12:00:00Z",
    )
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


@pytest.mark.parametrize("quotes", [False, True])
def test_there_and_back_is_the_same_bytes(database: Path, tmp_path: Path, quotes: bool) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    written = export(database, first, quotes=quotes)
    assert written["programs.csv"] == 2
    assert written["changes.csv"] == 2
    loaded = load(first, tmp_path / "copy.db")
    assert (loaded.institutions, loaded.programs) == (1, 2)
    export(tmp_path / "copy.db", second, quotes=quotes)
    assert contents(first) == contents(second)


def test_what_is_loaded_is_what_was_there(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data", quotes=True)
    load(tmp_path / "data", tmp_path / "copy.db")
    tables = [
        "programs",
        "program_overview",
        "fees",
        "deadlines",
        "visas",
        "documents",
        "contacts",
        "hospital_settings",
        "who_pays",
        "evidence",
        "pages",
        "changes",
    ]
    rows = []
    for path in (database, tmp_path / "copy.db"):
        db = open_database(path)
        with closing(db.conn):
            local = ("id", "evidence_id", "search_id", "crawl_id")
            rows.append(
                {
                    t: [{k: v for k, v in r.items() if k not in local or t == "programs"} for r in select(db, t)]
                    for t in tables
                }
            )
            for one in rows[-1]["programs"]:
                del one["search_id"]
                if one["closed_at"]:  # when a closed program was last seen is not exported
                    del one["last_seen"]
            for table in ("fees", "deadlines", "visas"):
                assert all(row["evidence_id"] for row in select(db, table))
            assert (
                db.execute("select count(*) from program_search where program_search match 'visiting'").fetchone()[0]
                == 1
            )
    for table in tables:
        key = lambda row: json.dumps(row, sort_keys=True)  # noqa: E731
        if table == "evidence":  # when a closed reading was last seen is not exported
            rows = [
                {
                    **r,
                    table: [
                        {k: v for k, v in one.items() if k != "last_seen" or not one["closed_at"]} for one in r[table]
                    ],
                }
                for r in rows
            ]
        assert sorted(rows[0][table], key=key) == sorted(rows[1][table], key=key), table


def test_no_sentence_of_a_page_without_quotes(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data")
    assert "quote" not in read(tmp_path / "data" / "evidence.csv")[0]
    assert not any(b"The page says" in data for data in contents(tmp_path / "data").values())
    export(database, tmp_path / "data", quotes=True)
    assert read(tmp_path / "data" / "evidence.csv")[0]["quote"].startswith("The page says")


def test_programs_are_what_most_people_want(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data")
    closed, program = read(tmp_path / "data" / "programs.csv")[::-1]
    assert closed["closed_at"] == "2026-04-01"
    wanted = {
        "id": "alderbrook--electives-international",
        "program": "'+1 Visiting Students",
        "institution": "Alderbrook Hospital",
        "state": "OH",
        "types": "Clinical elective",
        "international_students": "partners only",
        "visas": "J-1",
        "visa_sponsored": "no",
        "vslo": "yes",
        "application_fee": "350",
        "ielts_min": "6.5",
        "usmle_step1_required": "",
        "interview_required": "yes",
        "home_school_applies": "no",
        "housing": "help",
        "hospital_settings": "Community hospital or practice",
        "who_pays": "Visitor pays own travel and living",
        "mentorship_offered": "",
        "url": f"{HOST}/visiting",
        "facts_since": "2026-04-01",
        "cite_as": f"Alderbrook Hospital. +1 Visiting Students. {HOST}/visiting (read on April 1, 2026, by USCE Atlas).",
        "latitude": "40.1",
        "longitude": "-82.5",
    }
    assert {name: program[name] for name in wanted} == wanted


def test_a_package_of_an_earlier_form_is_read(database: Path, tmp_path: Path) -> None:
    """Form 1 had no fields of the guide: what it says is all there, and of the rest nothing is known."""
    data = tmp_path / "data"
    export(database, data)
    new = [column.name for file in FILES for column in file.columns if column.since > 3]
    assert {"interview_required", "housing", "who_pays"} <= set(new)
    fields = {field.name for field in items.FIELDS if field.since > 3}
    for name, left_out in (("programs", new), ("evidence", ()), ("requirements", ())):
        rows = [row for row in read(data / f"{name}.csv") if row.get("field") not in fields]
        with (data / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(
                file, [column for column in rows[0] if column not in left_out], extrasaction="ignore"
            )
            writer.writeheader()
            writer.writerows(rows)
    package = json.loads((data / PACKAGE).read_text("utf-8"))
    (data / PACKAGE).write_text(json.dumps({**package, "version": "1.0.0"}), "utf-8")
    assert load(data, tmp_path / "copy.db").programs == 2
    with closing(open_database(tmp_path / "copy.db").conn) as connection:
        assert connection.execute(
            "select vslo, interview_required, housing from programs where closed_at is null"
        ).fetchall() == [(1, None, None)]
        assert not connection.execute("select * from who_pays").fetchall()


def test_the_same_state_gives_the_same_bytes(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "one")
    export(database, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert newest_date(tmp_path / "one") == "2026-04-01"
    assert newest_date(tmp_path) == ""


def test_one_changed_fee_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "atlas.db"
    for day, amount, at in (("one", 300, "2026-03-01T12:00:00Z"), ("two", 350, "2026-04-01T12:00:00Z")):
        facts = (fact("program_types", "research"), fact("fees", Fee(amount, "application")))
        store(path, page("/research", *facts, name="Research"), page("/visiting", *FACTS, name="Visiting"), at=at)
        export(path, tmp_path / day)
    for name in ("programs.csv", "fees.csv"):
        before, after = ((tmp_path / day / name).read_text().splitlines() for day in ("one", "two"))
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert [row["in_words"] for row in read(tmp_path / "two" / "changes.csv")] == ["Application fee: $300 → $350"]


def test_the_files_are_rfc_4180(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data")
    for file in FILES:
        data = (tmp_path / "data" / file.path).read_bytes()
        assert data.endswith(b"\r\n")
        assert not re.search(rb"(?<!\r)\n", data)
        assert not data.startswith(b"\xef\xbb\xbf")


def test_the_package_describes_every_column(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data")
    package = json.loads((tmp_path / "data" / PACKAGE).read_text("utf-8"))
    assert package["created"] == "2026-04-01T12:00:00Z"
    assert package["licenses"]
    assert package["sources"]
    resources = {resource["name"]: resource for resource in package["resources"]}
    for resource in resources.values():
        with (tmp_path / "data" / resource["path"]).open(encoding="utf-8", newline="") as file:
            assert [field["name"] for field in resource["schema"]["fields"]] == next(csv.reader(file))
        assert all(field["description"] and field["type"] for field in resource["schema"]["fields"])
        for key in resource["schema"].get("foreignKeys", ()):
            target = resources[key["reference"]["resource"]]["schema"]
            assert key["reference"]["fields"] == target["primaryKey"]
    [amount] = [field for field in resources["fees"]["schema"]["fields"] if field["name"] == "amount"]
    assert (amount["type"], amount["unit"]) == ("number", "USD")
    assert amount["constraints"] == {"required": True, "minimum": 0}


def test_files_that_are_not_ours_stay(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "data"
    (target / "notes").mkdir(parents=True)
    (target / "notes" / "a.txt").write_text("a")
    (target / "README.md").write_text("ours")
    (target / "fees.csv").write_text("old")
    export(database, target)
    assert (target / "README.md").read_text() == "ours"
    assert (target / "notes" / "a.txt").read_text() == "a"
    assert len(read(target / "fees.csv")) == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_an_export_that_fails_leaves_what_was_there(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(database, tmp_path / "data")
    before = contents(tmp_path / "data")
    monkeypatch.setattr("scraper.export._package", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(database, tmp_path / "data")
    assert contents(tmp_path / "data") == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no such database"):
        export(tmp_path / "none.db", tmp_path / "data")
    assert not (tmp_path / "none.db").exists()


# --- loading into a database that knows something already -------------------------------------------------------------------


def test_newer_readings_stay_and_older_ones_give_way(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data")
    newer, older = tmp_path / "newer.db", tmp_path / "older.db"
    store(newer, page("/visiting", *FACTS[:2], name="Newer Electives"), at="2026-05-01T12:00:00Z")
    store(older, page("/visiting", *FACTS[:2], name="Older Electives"), at="2026-02-01T12:00:00Z")
    assert (load(tmp_path / "data", newer).institutions, load(tmp_path / "data", older).institutions) == (0, 1)
    names = []
    for path in (newer, older):
        with closing(sqlite3.connect(path)) as connection:
            names.append([row[0] for row in connection.execute("select name from programs where closed_at is null")])
    assert names == [["Newer Electives"], ["+1 Visiting Students"]]
    assert load(tmp_path / "data", older).kept == 1


def test_is_empty(database: Path, tmp_path: Path) -> None:
    assert not is_empty(database)
    assert is_empty(tmp_path / "none.db")
    (tmp_path / "touched.db").touch()
    assert is_empty(tmp_path / "touched.db")


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        text = (directory / name).read_bytes().decode()
        assert old in text
        (directory / name).write_bytes(text.replace(old, new, 1).encode())

    return damage


def append(name: str, text: bytes) -> Callable[[Path], None]:
    return lambda directory: (directory / name).write_bytes((directory / name).read_bytes() + text) and None


P = "alderbrook--electives-international"
DAMAGES = {
    "no number": (replace("fees.csv", "350", "35O"), "fees.csv, row 2, column amount: '35O' is no number"),
    "a number out of bounds": (replace("fees.csv", "350", "-350"), "column amount: -350 is less than 0"),
    "a wrong choice": (replace("fees.csv", ",once,", ",twice,"), "fees.csv, row 2, column per: 'twice' is none of"),
    "a wrong yes or no": (replace("fees.csv", ",false,", ",no,"), "column refundable: 'no' is neither true nor false"),
    "a wrong date": (
        replace("programs.csv", "2026-04-01", "2026-02-30"),
        "column facts_since: '2026-02-30' is no date",
    ),
    "a wrong time": (
        replace("pages.csv", "T12:00:00Z", " noon"),
        "pages.csv, row 2, column first_seen: '2026-03-01 noon' is no time",
    ),
    "a wrong form": (
        replace("deadlines.csv", "2026-04-24", "24 April"),
        "deadlines.csv, row 5, column date: '24 April' does not fit",
    ),
    "an empty cell": (replace("fees.csv", "application", ""), "fees.csv, row 2, column kind: empty"),
    "a formula": (
        replace("programs.csv", "'+1 Visiting", "+1 Visiting"),
        "programs.csv, row 2, column program: begins like a formula",
    ),
    "no address": (
        replace("pages.csv", "https://www", "ftp://www"),
        "column url: 'ftp://www.alderbrook.example/home' is no web address",
    ),
    "an unknown program": (
        replace("fees.csv", P, "nowhere--electives"),
        "column program_id: 'nowhere--electives' is not in programs.csv",
    ),
    "a second row": (
        append("requirements.csv", f"{P},documents,cv,CV,any\r\n".encode()),
        "column value: a second row for",
    ),
    "a cell too many": (append("changes.csv", b"1,2,3\r\n"), "changes.csv, row 4: 3 cells instead of 8"),
    "a value of another field": (
        replace("evidence.csv", ",true,yes,", ",maybe,yes,"),
        "evidence.csv, row 18, column value: 'maybe' is",
    ),
    "another column": (replace("fees.csv", "amount", "price"), "fees.csv, row 1: unknown column 'price'"),
    "a column less": (replace("fees.csv", ",amount", ""), "fees.csv, row 1: no column 'amount'"),
    "not UTF-8": (append("fees.csv", b"\xff\xfe\r\n"), "fees.csv: not UTF-8"),
    "a broken quotation mark": (append("fees.csv", b'"a"b,c\r\n'), "fees.csv, row 4: not CSV"),
    "no file": (lambda directory: (directory / "fees.csv").unlink(), "fees.csv: there is no such file"),
    "an empty file": (
        lambda directory: (directory / "fees.csv").write_text("") and None,
        "fees.csv, row 1: no column 'program_id'",
    ),
    "no package": (lambda directory: (directory / PACKAGE).unlink(), "datapackage.json: there is no such file"),
    "a broken package": (
        lambda directory: (directory / PACKAGE).write_text("{") and None,
        "datapackage.json: cannot be read",
    ),
    "another version": (
        replace(PACKAGE, '"version": "2.', '"version": "9.'),
        "made for schema 9.0.0, this version reads up to 2",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_package_changes_nothing(database: Path, tmp_path: Path, name: str) -> None:
    damage, message = DAMAGES[name]
    export(database, tmp_path / "data")
    damage(tmp_path / "data")
    with pytest.raises(PackageError, match=re.escape(message)):
        load(tmp_path / "data", tmp_path / "copy.db")
    assert is_empty(tmp_path / "copy.db")
    with closing(open_database(tmp_path / "copy.db").conn) as connection:
        assert connection.execute("select count(*) from institutions").fetchone()[0] == 0


# --- cells -------------------------------------------------------------------------------------------------------------------

TEXT = Column("text", "text", "Any text.")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "'=", "''+"])
def test_cells_that_begin_like_a_formula_are_made_text(first: str) -> None:
    written = cell(TEXT, f"{first}SUM(A1)")
    assert written == f"'{first}SUM(A1)"
    assert parse(TEXT, written) == f"{first}SUM(A1)"


@given(st.text(min_size=1))
def test_texts_survive_their_cell(text: str) -> None:
    written = cell(TEXT, text)
    assert parse(TEXT, written) == text
    assert written[0] not in "=+-@\t\r"


@given(st.floats(-1e9, 1e9).map(lambda number: round(number, 4)))
def test_numbers_survive_their_cell(number: float) -> None:
    column = Column("number", "number", "Any number.")
    assert parse(column, cell(column, number)) == number
