"""The forms in which the dataset can be written: CSV, JSON Lines, XLSX, Parquet, SQLite.

A writer takes the files of the package one after the other and gives the number of rows written. CSV and XLSX are for
spreadsheets: a text that begins like a formula is made text by an apostrophe. The other forms keep every text as it is.
XLSX and Parquet need libraries that the site does without: pip install 'usce-atlas[formats]'.
"""

from __future__ import annotations

import csv
import datetime as dt
import importlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
import sqlite_utils

from scraper.database import Column, Row
from scraper.record import number_text

# A spreadsheet takes a cell that begins so for a formula; an apostrophe before it makes it text.
FORMULA = re.compile(r"'*[=+\-@\t\r]")
_FIRST = frozenset("'=+-@\t\r")
BATCH = 2_000  # rows held at once
GROUP = 20_000  # rows of a row group of Parquet
SHEET_ROWS = 1_048_575  # rows of a sheet of XLSX below its header; what is more goes on in another sheet
CELL_LENGTH = 32_767  # characters that a cell of XLSX holds


class FormatError(ValueError):
    """A form that cannot be written here; the message says what to install."""


def harmless(text: str) -> str:
    """`text` as no spreadsheet takes it for a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def cell(column: Column, value: Any) -> str:
    """A value as the text of a CSV cell."""
    return "" if value is None else str(_cells(column)((value,))[0])


Values = Sequence[Any]
Maker = Callable[[Values], Values]


def _cells(column: Column) -> Maker:
    """What makes of the values of a column the texts of its CSV cells. None stays: it is written as an empty cell."""
    if column.type == "bool":
        return lambda values: [None if v is None else "true" if v else "false" for v in values]
    if column.type in ("number", "integer"):
        return lambda values: [None if v is None else number_text(v) for v in values]
    return lambda values: [v if v is None or v[:1] not in _FIRST else harmless(v) for v in values]


def _typed(column: Column) -> Maker:
    """What makes of the values of the database some of the column's own type."""
    make = {"bool": bool, "number": float, "integer": int}.get(column.type)
    return (lambda values: [None if v is None else make(v) for v in values]) if make else (lambda values: values)


def _batches(rows: Iterable[tuple], makers: list[Maker]) -> Iterator[list[Values]]:
    """The rows column by column, some thousand at a time: a column is made in one go."""
    every = iter(rows)
    while batch := list(islice(every, BATCH)):
        yield [make(values) for make, values in zip(makers, zip(*batch, strict=True), strict=True)]


@attrs.frozen
class Sheet:
    """What a writer has to know of a file of the package: its name, its columns, its key."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()


class Writer:
    """Writes the files of a package into a folder. `created` is the time that the files bear, so that the same data gives the same bytes."""

    name = ""
    media_type = ""

    def __init__(self, directory: Path, created: str = "") -> None:
        self.directory, self.created = directory, created

    @classmethod
    def path(cls, name: str) -> str:
        """The path of the file that holds the table `name`."""
        return f"{name}.{cls.name}"

    @classmethod
    def dialect(cls, name: str) -> Row:
        """How the data package says where in its file the table stands."""
        return {}

    def write(self, sheet: Sheet, rows: Iterable[tuple]) -> int:
        raise NotImplementedError

    def close(self) -> None:
        """Finish what is written only at the end."""


class CsvWriter(Writer):
    """RFC 4180, UTF-8."""

    name = "csv"
    media_type = "text/csv"

    def write(self, sheet: Sheet, rows: Iterable[tuple]) -> int:
        written = 0
        with (self.directory / self.path(sheet.name)).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in sheet.columns)
            for columns in _batches(rows, [_cells(column) for column in sheet.columns]):
                writer.writerows(zip(*columns, strict=True))
                written += len(columns[0])
        return written


class JsonLinesWriter(Writer):
    """One JSON object a line; null where the pages do not say."""

    name = "jsonl"
    media_type = "application/jsonl"

    def write(self, sheet: Sheet, rows: Iterable[tuple]) -> int:
        written, names = 0, [column.name for column in sheet.columns]
        with (self.directory / self.path(sheet.name)).open("w", encoding="utf-8", newline="\n") as file:
            for columns in _batches(rows, [_typed(column) for column in sheet.columns]):
                for row in zip(*columns, strict=True):
                    file.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")
                written += len(columns[0])
        return written


class XlsxWriter(Writer):
    """One workbook, a sheet a file. Texts are written as texts, never as formulas, and bear the apostrophe all the same:
    what is copied on from the sheet into a CSV file is then harmless there too."""

    name = "xlsx"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    FILE = "usce-atlas.xlsx"

    def __init__(self, directory: Path, created: str = "") -> None:
        super().__init__(directory, created)
        library = _library("xlsxwriter")
        options = {"constant_memory": True, "tmpdir": str(directory)}
        self.book = library.Workbook(directory / self.FILE, options)
        self.book.set_properties({"title": "USCE Atlas", "created": _time(created) or dt.datetime(2000, 1, 1)})
        self.bold = self.book.add_format({"bold": True})
        self.forms = {
            "date": self.book.add_format({"num_format": "yyyy-mm-dd"}),
            "datetime": self.book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }

    @classmethod
    def path(cls, name: str) -> str:
        return cls.FILE

    @classmethod
    def dialect(cls, name: str) -> Row:
        return {"excel": {"sheet": name}}

    def write(self, sheet: Sheet, rows: Iterable[tuple]) -> int:
        every = iter(rows)
        written = part = 0
        while True:
            part += 1
            page = self.book.add_worksheet(sheet.name if part == 1 else f"{sheet.name}_{part}")
            for index, column in enumerate(sheet.columns):
                page.write_string(0, index, column.name, self.bold)
            page.freeze_panes(1, 0)
            number = self._fill(page, sheet.columns, islice(every, SHEET_ROWS))
            written += number
            if number < SHEET_ROWS:
                return written

    def _fill(self, page: Any, columns: tuple[Column, ...], rows: Iterable[tuple]) -> int:
        writers: list[Callable[[int, int, Any], Any]] = [self._put(page, column) for column in columns]
        line = 0
        for line, row in enumerate(rows, start=1):
            for index, value in enumerate(row):
                if value is not None:
                    writers[index](line, index, value)
        return line

    def _put(self, page: Any, column: Column) -> Callable[[int, int, Any], Any]:
        if column.type == "bool":
            return lambda line, index, value: page.write_boolean(line, index, bool(value))
        if column.type in ("number", "integer"):
            return page.write_number
        if column.type in ("date", "datetime"):
            form = self.forms[column.type]
            return lambda line, index, value: page.write_datetime(line, index, _time(value), form)

        def put(line: int, index: int, value: Any) -> None:
            text = harmless(str(value))
            page.write_string(line, index, text if len(text) <= CELL_LENGTH else f"{text[: CELL_LENGTH - 1]}…")

        return put

    def close(self) -> None:
        self.book.close()


class ParquetWriter(Writer):
    """One Parquet file a table, with types; the meaning of a column stands with it."""

    name = "parquet"
    media_type = "application/vnd.apache.parquet"

    def __init__(self, directory: Path, created: str = "") -> None:
        super().__init__(directory, created)
        self.arrow, self.parquet = _library("pyarrow"), _library("pyarrow.parquet")

    def write(self, sheet: Sheet, rows: Iterable[tuple]) -> int:
        schema = self.arrow.schema([self._field(column) for column in sheet.columns])
        makers = [self._make(column) for column in sheet.columns]
        every = iter(rows)
        written = 0
        with self.parquet.ParquetWriter(self.directory / self.path(sheet.name), schema, compression="zstd") as file:
            while group := list(islice(every, GROUP)):
                arrays = [
                    self.arrow.array(make(values), type=field.type)
                    for make, values, field in zip(makers, zip(*group, strict=True), schema, strict=True)
                ]
                file.write_table(self.arrow.Table.from_arrays(arrays, schema=schema))
                written += len(group)
        return written

    def _field(self, column: Column) -> Any:
        kinds = {
            "bool": self.arrow.bool_(),
            "integer": self.arrow.int64(),
            "number": self.arrow.float64(),
            "date": self.arrow.date32(),
            "datetime": self.arrow.timestamp("s", tz="UTC"),
        }
        kind = kinds.get(column.type, self.arrow.string())
        meaning = column.description + (f" Unit: {column.unit}." if column.unit else "")
        return self.arrow.field(column.name, kind, nullable=not column.required, metadata={"description": meaning})

    def _make(self, column: Column) -> Maker:
        if column.type == "date":
            return lambda values: [None if v is None else dt.date.fromisoformat(v[:10]) for v in values]
        if column.type == "datetime":
            return lambda values: [None if v is None else dt.datetime.fromisoformat(v) for v in values]
        return _typed(column)


class SqliteWriter(Writer):
    """One SQLite file with the tables of the package, their keys and foreign keys."""

    name = "sqlite"
    media_type = "application/vnd.sqlite3"
    FILE = "usce-atlas.sqlite"

    def __init__(self, directory: Path, created: str = "") -> None:
        super().__init__(directory, created)
        self.db = sqlite_utils.Database(directory / self.FILE)
        self.keys: dict[str, tuple[str, ...]] = {}
        self.kinds: dict[str, tuple[Column, ...]] = {}

    @classmethod
    def path(cls, name: str) -> str:
        return cls.FILE

    @classmethod
    def dialect(cls, name: str) -> Row:
        return {"sql": {"table": name}}

    def write(self, sheet: Sheet, rows: Iterable[tuple]) -> int:
        kinds = {"bool": int, "integer": int, "number": float}
        table = self.db.table(sheet.name)
        table.create(
            {column.name: kinds.get(column.type, str) for column in sheet.columns},
            pk=sheet.key[0] if len(sheet.key) == 1 else sheet.key or None,
            not_null={column.name for column in sheet.columns if column.required and column.name not in sheet.key},
        )
        self.keys[sheet.name], self.kinds[sheet.name] = sheet.key, sheet.columns
        marks = ", ".join("?" * len(sheet.columns))
        with self.db.atomic():
            self.db.conn.executemany(f'insert into "{sheet.name}" values ({marks})', rows)
        return table.count

    def close(self) -> None:
        for name, columns in self.kinds.items():
            for column in columns:
                if len(self.keys.get(column.references, ())) == 1:
                    self.db.table(name).add_foreign_key(column.name, column.references, self.keys[column.references][0])
                    self.db.table(name).create_index([column.name], if_not_exists=True)
        self.db.close()


WRITERS: dict[str, type[Writer]] = {
    writer.name: writer for writer in (CsvWriter, XlsxWriter, JsonLinesWriter, ParquetWriter, SqliteWriter)
}


def _time(text: str) -> dt.datetime | None:
    """A day or a time as XLSX knows it: without a zone (all times are UTC)."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=None) if text else None


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise FormatError(
            f"This form needs {name.partition('.')[0]}, which is not installed: pip install 'usce-atlas[formats]'"
        ) from None
