"""The forms of the dataset besides CSV hold the same, typed, and make no formula of anything."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest

from pipelines.programs import Visit, merge_programs
from pipelines.storage import store_visit
from scraper import formats
from scraper.database import Column, DatabaseError, open_database, write_institutions
from scraper.export import FILES, PACKAGE, PackageError, export, load
from scraper.formats import WRITERS, FormatError, Sheet, XlsxWriter, harmless
from scraper.items import Deadline, Fee, Institution
from tests.pipelines.making import HOST, fact, page

PAYLOADS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "'=1+1", '=HYPERLINK("http://x.example","y")')


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "atlas.db"
    facts = (
        fact("program_types", "clinical_elective"),
        fact("accepts_international", "yes"),
        fact("vslo", True),
        fact("ielts_min", 6.5),
        fact("fees", Fee(350, "application", refundable=False)),
        fact("deadlines", Deadline(date="2026-04-24")),
        *(fact("specialties", text, quote=text) for text in PAYLOADS),
    )
    db = open_database(path)
    with closing(db.conn):
        write_institutions(
            db, [Institution("alderbrook", "=Alderbrook", "teaching_hospital", None, "@Fairhaven", "OH")]
        )
        pages = [page("/visiting", *facts, name="+Visiting Students")]
        store_visit(db, Visit("alderbrook", pages=pages, programs=merge_programs("alderbrook", pages)))
    return path


def csv_rows(directory: Path, name: str) -> list[dict[str, str]]:
    with (directory / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(directory: Path, form: str, name: str) -> list[dict[str, Any]]:
    """The rows of a table of an export, as the form's usual reader gives them."""
    if form == "xlsx":
        book = openpyxl.load_workbook(directory / XlsxWriter.FILE)
        header, *rows = book[name].iter_rows(values_only=True)
        return [dict(zip(header, row, strict=True)) for row in rows]
    if form == "jsonl":
        return [json.loads(line) for line in (directory / f"{name}.jsonl").read_text("utf-8").splitlines()]
    if form == "parquet":
        return pyarrow.parquet.read_table(directory / f"{name}.parquet").to_pylist()
    with closing(sqlite3.connect(directory / "usce-atlas.sqlite")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f'select * from "{name}" order by rowid')]


def as_text(value: Any, kind: str) -> str:
    """A value of any form as CSV would have it, without the apostrophe."""
    if value is None:
        return ""
    if kind == "bool":
        return "true" if value else "false"
    if kind in ("number", "integer"):
        return f"{value:g}"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%dT%H:%M:%SZ")
    return str(value)


@pytest.mark.parametrize("form", [form for form in WRITERS if form != "csv"])
def test_every_form_holds_the_same(database: Path, tmp_path: Path, form: str) -> None:
    counts = export(database, tmp_path / "csv", quotes=True)
    written = export(database, tmp_path / form, quotes=True, form=form)
    assert written == {name.removesuffix(".csv"): number for name, number in counts.items()}
    for file in FILES:
        wanted = csv_rows(tmp_path / "csv", file.name)
        found = read(tmp_path / form, form, file.name)
        assert len(found) == len(wanted)
        for row, line in zip(found, wanted, strict=True):
            assert list(row) == list(line)
            for column in file.columns:
                got = as_text(row[column.name], column.type)
                if form != "xlsx" and column.type == "text":
                    got = harmless(got)  # the forms that no spreadsheet opens keep every text as it is
                assert got.replace("_x000D_", "\r") == line[column.name], column.name


@pytest.mark.parametrize("form", WRITERS)
def test_the_same_state_gives_the_same_bytes(database: Path, tmp_path: Path, form: str) -> None:
    for name in ("one", "two"):
        export(database, tmp_path / name, form=form)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_types_are_kept(database: Path, tmp_path: Path) -> None:
    for form in WRITERS:
        export(database, tmp_path / form, form=form)
    [fee] = read(tmp_path / "jsonl", "jsonl", "fees")
    assert (fee["amount"], fee["refundable"], fee["weeks"]) == (350.0, False, None)
    schema = pyarrow.parquet.read_schema(tmp_path / "parquet" / "pages.parquet")
    assert str(schema.field("first_seen").type) == "timestamp[ms, tz=UTC]"
    assert str(schema.field("relevant").type) == "bool"
    assert schema.field("first_seen").metadata[b"description"] == b"When it was first read. Unit: UTC."
    [program] = read(tmp_path / "xlsx", "xlsx", "programs")
    assert program["first_seen"] == dt.datetime(2026, 3, 1)
    assert program["ielts_min"] == 6.5
    with closing(sqlite3.connect(tmp_path / "sqlite" / "usce-atlas.sqlite")) as db:
        assert db.execute("pragma foreign_key_check").fetchall() == []
        assert ("programs",) in [(row[2],) for row in db.execute("pragma foreign_key_list(fees)")]


def test_no_cell_of_a_spreadsheet_begins_like_a_formula(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "csv", quotes=True)
    export(database, tmp_path / "xlsx", quotes=True, form="xlsx")
    book = openpyxl.load_workbook(tmp_path / "xlsx" / XlsxWriter.FILE)
    planted = 0
    for file in FILES:
        for row in book[file.name].iter_rows(min_row=2):
            for cell in row:
                assert cell.data_type != "f"
                if isinstance(cell.value, str):
                    assert cell.value[0] not in "=+-@\t\r"
                    assert not cell.value.startswith(("_x000D_", "_x0009_"))
                    planted += cell.value.startswith("'")
        for line in csv_rows(tmp_path / "csv", file.name):
            for column in file.columns:
                if column.type not in ("number", "integer") and line[column.name]:
                    assert line[column.name][0] not in "=+-@\t\r"
    assert planted > 3 * len(PAYLOADS)


def test_what_a_sheet_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "SHEET_ROWS", 3)
    writer = XlsxWriter(tmp_path)
    sheet = Sheet("words", (Column("word", "text", "A word."),))
    assert writer.write(sheet, (("x" * 40_000 if number == 6 else str(number),) for number in range(7))) == 7
    writer.close()
    book = openpyxl.load_workbook(tmp_path / XlsxWriter.FILE)
    assert book.sheetnames == ["words", "words_2", "words_3"]
    assert [cell.value for cell in book["words_2"]["A"]] == ["word", "3", "4", "5"]
    assert len(book["words_3"]["A2"].value) == formats.CELL_LENGTH


@pytest.mark.parametrize(("form", "library"), [("xlsx", "xlsxwriter"), ("parquet", "pyarrow")])
def test_a_missing_library_is_named(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, library: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(
        FormatError, match=rf"needs {library}, which is not installed: pip install 'usce-atlas\[formats\]'"
    ):
        export(database, tmp_path / "data", form=form)
    assert not (tmp_path / "data").exists()
    assert not list(tmp_path.glob(".data*"))


def test_a_folder_holds_one_form(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data")
    with pytest.raises(DatabaseError, match=r"holds an export as csv\. Name another folder for one as xlsx"):
        export(database, tmp_path / "data", form="xlsx")
    export(database, tmp_path / "lines", form="jsonl")
    with pytest.raises(PackageError, match=r"an export as jsonl\. `usce load` reads exports as csv"):
        load(tmp_path / "lines", tmp_path / "copy.db")
    package = json.loads((tmp_path / "lines" / PACKAGE).read_text("utf-8"))
    assert {resource["path"] for resource in package["resources"]} == {f"{file.name}.jsonl" for file in FILES}


def test_the_address_of_a_page_is_there(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "data", form="parquet")
    assert read(tmp_path / "data", "parquet", "programs")[0]["url"] == f"{HOST}/visiting"
