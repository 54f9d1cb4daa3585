"""The data as files with their data package (Frictionless), and back into a database.

`export` writes, `load` reads CSV: export → load → export gives the same bytes. The order of columns and rows is stable,
and nothing in the files depends on when they were written, so that a git diff shows what changed on the pages: the day
of the last reading, which every crawl moves, stands in pages.csv only. What each column means stands in
`scraper.database`; the package is made from there. How a form such as XLSX is written stands in `scraper.formats`.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import sqlite_utils

from scraper import __version__
from scraper.citing import cite_dataset, cite_program
from scraper.database import (
    AUDIENCE_CHOICES,
    OVERVIEW_ORDER,
    SCALAR_FIELDS,
    SCHEMA_VERSION,
    SET_TABLES,
    TABLE,
    VIEW,
    Column,
    DatabaseError,
    Row,
    check,
    count,
    delete,
    delete_search,
    exported,
    highest,
    index_program,
    insert,
    iterate,
    newest_reading,
    open_database,
    select,
    select_one,
)
from scraper.formats import FORMULA, WRITERS, Sheet
from scraper.items import utc_now
from scraper.record import deadline_of, fee_of, value_of, value_text

LICENSE = {
    "name": "CC-BY-4.0",
    "path": "https://creativecommons.org/licenses/by/4.0/",
    "title": "Creative Commons Attribution 4.0",
}
SOURCE = "Public pages of US hospitals and medical schools, each named in pages.csv with the day on which it was read"
PACKAGE = "datapackage.json"
PACKAGE_VERSION = (
    2  # of the form of the files: raised when a column comes or goes, not with every table of the database
)
# The forms that can be read, each with the schema version of the database whose columns it has.
_READABLE = {1: 3, 2: 4}
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
# What no text cell begins with, so that a formula that somebody puts in is found by whoever checks the package.
_NO_FORMULA = r"[^=+\-@\t\r][\s\S]*"
# Numbers outside of these are mistakes, by unit. None: there is no upper bound.
_BOUNDS: dict[str, tuple[float, float | None]] = {
    **dict.fromkeys(("USD", "weeks", "points", "letters"), (0, None)),
    "degrees": (-180, 180),
}
_JSON_TYPES = {"integer": "integer", "number": "number", "bool": "boolean", "date": "date", "datetime": "datetime"}


class PackageError(ValueError):
    """A package that cannot be loaded; the message names file, row, column and reason."""


@attrs.frozen
class File:
    """One file of the package: its columns, its key, and the words of other people that it may hold."""

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()  # columns that hold words of the pages: left out unless asked for
    optional: bool = False  # a package that was made before there was such a file does without

    @property
    def path(self) -> str:
        return f"{self.name}.csv"

    def chosen(self, quotes: bool, schema: int = SCHEMA_VERSION) -> tuple[Column, ...]:
        """The columns of the file, as the given version of the schema has them."""
        return tuple(c for c in self.columns if (quotes or c.name not in self.quoted) and c.since <= schema)


def _table_file(name: str, without: tuple[str, ...] = (), quoted: tuple[str, ...] = (), optional: bool = False) -> File:
    table = TABLE[name]
    columns = tuple(column for column in table.columns if column.exported and column.name not in without)
    names = {column.name for column in columns}
    key = table.key if names >= set(table.key) else ()
    return File(name, table.title, table.description, columns, key, table.order, quoted, optional)


_OVERVIEW, _PROGRAMS = VIEW["program_overview"].column, TABLE["programs"].column
# What depends on the day on which one looks is left out, and so is the day of the last reading (see pages.csv).
_PROGRAM_COLUMNS = (
    *(
        attrs.evolve(_OVERVIEW[name], references="" if name == "id" else _OVERVIEW[name].references)
        for name in OVERVIEW_ORDER
        if name not in ("next_deadline", "search_id", "unreachable_since", "last_read")
    ),
    *(_PROGRAMS[name] for name in ("first_seen", "stale_since", "closed_at")),
    Column("facts_since", "date", "Day on which what its pages say was first read as it stands here.", required=True),
    Column(
        "cite_as",
        "text",
        "How to cite it: institution, program, page and the day on which that was read.",
        required=True,
    ),
)
_REQUIREMENTS = (
    Column("program_id", "text", "Program the row belongs to.", required=True, references="programs"),
    Column("field", "text", "What kind of value it is.", required=True, choices=tuple(SET_TABLES)),
    Column("value", "text", "The value.", required=True),
    Column("title", "text", "The value's name for people.", required=True),
    Column("audience", "text", "Whom it is about.", required=True, choices=AUDIENCE_CHOICES),
)
FILES: tuple[File, ...] = (
    File(
        "programs",
        "Programs",
        "One row a program, names spelled out. Empty = the pages do not say. Rows with a closed_at are history.",
        _PROGRAM_COLUMNS,
        ("id",),
        ("id",),
    ),
    _table_file("fees"),
    _table_file("deadlines"),
    File(
        "requirements",
        "What is offered, who may come, and what it takes",
        "Program types, audiences, visas, documents, specialties and contacts. One row a program, field and value.",
        _REQUIREMENTS,
        ("program_id", "field", "value"),
        ("program_id", "field", "value"),
    ),
    _table_file("institutions"),
    # When an open reading was last seen is when its page was (pages.csv): a row changes when what it says does.
    _table_file("evidence", without=("last_seen",), quoted=("quote", "headings")),
    _table_file("pages", quoted=("title",)),
    _table_file("changes"),
    _table_file("electives", quoted=("quote",), optional=True),
    _table_file("vslo_hosts", quoted=("quote",), optional=True),
    _table_file("shared_terms", quoted=("quote", "headings"), optional=True),
    _table_file("agency_terms", quoted=("quote", "headings"), optional=True),
)
FILE = {file.name: file for file in FILES}
OF_INSTITUTION = ("electives", "agency_terms")  # tables whose rows are an institution's own, whatever its programs


# --- writing ---------------------------------------------------------------------------------------------------------


def export(database: Path, directory: Path, *, quotes: bool = False, form: str = "csv") -> dict[str, int]:
    """Write the data of `database` and datapackage.json into `directory`; gives the rows of each file.

    Everything is written beside `directory` first and swapped in when whole. Files there that are not ours stay.
    Without `quotes` no sentence of a page is written. `form` is one of formats.WRITERS. Raises DatabaseError where there is
    no such database or the directory holds an export of another form, FormatError where a library is missing.
    """
    if not database.exists():
        raise DatabaseError(f"{database}: there is no such database. Make one with `usce crawl`.")
    check(database)
    directory = directory.resolve()
    if (there := _form_of(directory)) not in ("", form):
        raise DatabaseError(f"{directory}: holds an export as {there}. Name another folder for one as {form}.")
    db = open_database(database)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    except OSError as error:
        db.conn.close()
        raise DatabaseError(f"{directory}: cannot be written ({error.strerror}).") from None
    try:
        # One transaction: a crawl that goes on meanwhile does not show.
        with db.atomic():
            writer = WRITERS[form](made, newest_reading(db))
            written = {
                file.name: writer.write(Sheet(file.name, file.chosen(quotes), file.key), rows(db, file, quotes))
                for file in FILES
            }
            writer.close()
            package = _package(db, quotes, form)
        text = json.dumps(package, indent=2, ensure_ascii=False)
        (made / PACKAGE).write_text(f"{text}\n", "utf-8")
        _swap(made, directory)
    except OSError as error:
        raise DatabaseError(f"{directory}: cannot be written ({error.strerror or error}).") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
        db.conn.close()
    return {f"{name}.csv" if form == "csv" else name: number for name, number in written.items()}


def _form_of(directory: Path) -> str:
    """The form of the export that a directory holds, '' where it holds none that can be read."""
    try:
        return str(json.loads((directory / PACKAGE).read_text("utf-8"))["resources"][0]["format"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _swap(made: Path, directory: Path) -> None:
    """Put what was made in the place of `directory`, with what is there and not ours."""
    made.chmod(0o755)
    if directory.is_dir():
        for entry in directory.iterdir():
            if not (made / entry.name).exists():
                if entry.is_dir():
                    shutil.copytree(entry, made / entry.name, symlinks=True)
                else:
                    shutil.copy2(entry, made / entry.name, follow_symlinks=False)
        old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        directory.rename(old / "old")
        made.rename(directory)
        shutil.rmtree(old)
    else:
        made.rename(directory)


def rows(db: sqlite_utils.Database, file: File, quotes: bool) -> Iterator[tuple]:
    """The rows of a file, in its order."""
    names = [column.name for column in file.chosen(quotes)]
    if file.name != "programs":
        return exported(db, file.name, names, file.order)
    of = {name: index for index, name in enumerate(names)}
    parts = [of[name] for name in ("institution", "program", "url", "facts_since")]
    assert names[-1] == "cite_as"
    return (
        (*row, cite_program(*(row[part] for part in parts))) for row in exported(db, file.name, names[:-1], file.order)
    )


def _package(db: sqlite_utils.Database, quotes: bool, form: str) -> dict[str, Any]:
    """The data package's description, made from the dictionary of the database."""
    newest = newest_reading(db)
    about = {row["property"]: row["value"] for row in iterate(db, "about")}
    title = about.get("title") or "USCE Atlas: US clinical experience for visiting students and graduates"
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": "usce-atlas",
        "title": title,
        "description": about.get("fictional")
        or "Programs that visiting medical students and graduates can apply for, read from the hospitals' own pages.",
        "version": f"{PACKAGE_VERSION}.0.0",
        "generator": f"usce-atlas {__version__}",
        "licenses": [LICENSE],
        "sources": [{"title": SOURCE}],
        "citation": cite_dataset(title, newest),
    }
    if newest:
        package["created"] = newest
    package["resources"] = [_resource(file, file.chosen(quotes), form) for file in FILES]
    return package


def _resource(file: File, columns: tuple[Column, ...], form: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(column) for column in columns], "missingValues": [""]}
    if file.key:
        schema["primaryKey"] = list(file.key)
    keys = [
        {
            "fields": [column.name],
            "reference": {"resource": column.references, "fields": list(FILE[column.references].key)},
        }
        for column in columns
        if column.references in FILE
    ]
    if keys:
        schema["foreignKeys"] = keys
    writer = WRITERS[form]
    resource = {
        "name": file.name,
        "path": writer.path(file.name),
        "profile": "tabular-data-resource",
        "title": file.title,
        "description": file.description,
        "format": form,
        "mediatype": writer.media_type,
        "encoding": "utf-8",
        "schema": schema,
    }
    return resource | ({"dialect": dialect} if (dialect := writer.dialect(file.name)) else {})


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": _JSON_TYPES.get(column.type, "string")}
    field["description"] = column.description
    if column.unit:
        field["unit"] = column.unit
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if column.choices:
        constraints["enum"] = list(column.choices)
    elif column.pattern:
        constraints["pattern"] = column.pattern
    elif column.type == "url":
        constraints["pattern"] = r"https?://[\s\S]+"
    elif field["type"] == "string":
        constraints["pattern"] = _NO_FORMULA
    if (bounds := _BOUNDS.get(column.unit)) and column.type in ("number", "integer"):
        constraints["minimum"] = bounds[0]
        if bounds[1] is not None:
            constraints["maximum"] = bounds[1]
    if constraints:
        field["constraints"] = constraints
    return field


# --- reading ---------------------------------------------------------------------------------------------------------


@attrs.define
class Loaded:
    """What `load` did: institutions brought in, those of which the database knew newer readings, programs brought in."""

    institutions: int = 0
    kept: int = 0
    programs: int = 0


def load(directory: Path, database: Path) -> Loaded:
    """Read an export into `database`, whole or not at all.

    An institution of which the database has newer pages than the package stays as it is; any other is replaced.
    Raises PackageError with file, row, column and reason for a damaged package, DatabaseError for an unusable database.
    """
    files = _check_files(directory)
    db = open_database(database)
    try:
        with db.atomic():
            return _Loader(db, directory, files).load()
    finally:
        db.conn.close()


def newest_date(directory: Path) -> str:
    """The day of the newest page in an export, '' where its package does not say."""
    try:
        package = json.loads((directory / PACKAGE).read_text("utf-8"))
        return str(package.get("created", ""))[:10]
    except (OSError, ValueError, AttributeError):
        return ""


def _check_files(directory: Path) -> dict[str, tuple[Column, ...]]:
    """The columns of each file of a package. Raises PackageError where a file is missing or has other columns."""
    path = directory / PACKAGE
    try:
        version = str(json.loads(path.read_text("utf-8"))["version"])
    except FileNotFoundError:
        raise PackageError(f"{path}: there is no such file. Give the folder that `usce export` wrote.") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise PackageError(f"{path}: cannot be read ({error}). Export again.") from None
    if _form_of(directory) not in ("", "csv"):
        raise PackageError(f"{path}: an export as {_form_of(directory)}. `usce load` reads exports as csv.")
    schema = {str(form): since for form, since in _READABLE.items()}.get(version.partition(".")[0])
    if schema is None:
        raise PackageError(
            f"{path}: made for schema {version}, this version reads up to {PACKAGE_VERSION}. Update USCE Atlas."
        )
    found = {}
    for file in FILES:
        if file.optional and not (directory / file.path).exists():
            continue
        header = next(_lines(directory / file.path), (1, []))[1]
        for quotes in (False, True):
            columns = file.chosen(quotes, schema)
            if header == [column.name for column in columns]:
                found[file.name] = columns
                break
        else:
            wanted = [column.name for column in file.chosen(True, schema)]
            wrong = next((name for name in header if name not in wanted), None)
            missing = next((c.name for c in file.chosen(False, schema) if c.name not in header), None)
            reason = (
                f"unknown column '{wrong}'"
                if wrong
                else f"no column '{missing}'"
                if missing
                else "columns in another order"
            )
            raise PackageError(f"{file.path}, row 1: {reason}. Expected: {', '.join(wanted)}.")
    return found


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of the line on which it begins."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, strict=True)
            while True:
                line = reader.line_num + 1
                try:
                    row = next(reader)
                except StopIteration:
                    return
                yield line, row
    except FileNotFoundError:
        raise PackageError(f"{path.name}: there is no such file in the package.") from None
    except UnicodeDecodeError as error:
        raise PackageError(f"{path.name}: not UTF-8 ({error.reason} at byte {error.start}).") from None
    except csv.Error as error:
        raise PackageError(f"{path.name}, row {line}: not CSV ({error}).") from None


def parse(column: Column, text: str) -> Any:
    """The value that `cell` wrote. Raises ValueError with the reason where `text` is no value of the column."""
    if text == "":
        if column.required:
            raise ValueError("empty, but every row needs a value")
        return None
    if column.type == "bool":
        if text not in ("true", "false"):
            raise ValueError(f"'{text}' is neither true nor false")
        return int(text == "true")
    if column.type in ("number", "integer"):
        if not _NUMBER.fullmatch(text) or (column.type == "integer" and "." in text):
            raise ValueError(f"'{text}' is no {'whole ' if column.type == 'integer' else ''}number")
        value = float(text)
        lowest, highest = _BOUNDS.get(column.unit, (-math.inf, None))
        if value < lowest or (highest is not None and value > highest):
            raise ValueError(
                f"{text} is less than {lowest:g}" if value < lowest else f"{text} is more than {highest:g}"
            )
        return int(text) if column.type == "integer" else value
    if column.type in ("date", "datetime"):
        return _parse_date(column.type, text)
    if FORMULA.match(text):
        if not text.startswith("'"):
            raise ValueError("begins like a formula")
        text = text[1:]
    if column.choices and text not in column.choices:
        raise ValueError(f"'{text}' is none of {', '.join(column.choices)}")
    if column.pattern and not re.fullmatch(column.pattern, text):
        raise ValueError(f"'{text}' does not fit: {column.description.rstrip('.')}")
    if column.type == "url" and not text.startswith(("http://", "https://")):
        raise ValueError(f"'{text}' is no web address")
    return text


def _parse_date(form: str, text: str) -> str:
    try:
        if form == "date":
            dt.date.fromisoformat(text)
        else:
            dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"'{text}' is no {'date YYYY-MM-DD' if form == 'date' else 'time YYYY-MM-DDTHH:MM:SSZ'}"
        ) from None
    if len(text) != 10 if form == "date" else not _DATETIME.fullmatch(text):
        raise ValueError(f"'{text}' is no {'date YYYY-MM-DD' if form == 'date' else 'time YYYY-MM-DDTHH:MM:SSZ'}")
    return text


class _Loader:
    """Reads a package into a database. Lives for the length of a transaction."""

    def __init__(self, db: sqlite_utils.Database, directory: Path, columns: dict[str, tuple[Column, ...]]) -> None:
        self.db, self.directory, self.columns = db, directory, columns
        self.keys: dict[str, set[Any]] = {"institutions": set(), "programs": set()}
        self.home: dict[str, str] = {}  # program -> institution
        self.read_on: dict[str, str] = {}  # page -> when last read
        self.last_seen: dict[str, str] = {}  # program -> when a page of it was last read
        self.evidence: tuple[str, list[Row]] = ("", [])

    def _read(self, name: str) -> Iterator[tuple[int, Row]]:
        """The rows of a file, checked: types, choices, keys that are there only once, keys of other files."""
        file, columns = FILE[name], self.columns[name]
        seen: set[tuple] = set()
        lines = _lines(self.directory / file.path)
        next(lines)
        for number, cells in lines:
            if len(cells) != len(columns):
                raise PackageError(f"{file.path}, row {number}: {len(cells)} cells instead of {len(columns)}.")
            row: Row = {}
            for column, text in zip(columns, cells, strict=True):
                try:
                    row[column.name] = value = parse(column, text)
                except ValueError as error:
                    raise PackageError(f"{file.path}, row {number}, column {column.name}: {error}.") from None
                if value is not None and column.references in self.keys and value not in self.keys[column.references]:
                    raise PackageError(
                        f"{file.path}, row {number}, column {column.name}: '{value}' is not in {column.references}.csv."
                    )
            if file.key:
                key = tuple(row[part] for part in file.key)
                if key in seen:
                    raise PackageError(
                        f"{file.path}, row {number}, column {file.key[-1]}: a second row for {' / '.join(map(str, key))}."
                    )
                seen.add(key)
                if name in self.keys:
                    self.keys[name].add(key[0])
            yield number, row

    def load(self) -> Loaded:
        institutions = [row for _, row in self._read("institutions")]
        programs = [row for _, row in self._read("programs")]
        pages = [row for _, row in self._read("pages")]
        self.read_on = {row["url"]: row["last_seen"] or row["fetched_at"] for row in pages}
        self.home = {row["id"]: row["institution_id"] for row in programs}
        self.last_seen = _last_seen(pages)
        mine = _newest(pages, programs)
        theirs = _newest(iterate(self.db, "pages"), iterate(self.db, "programs"))
        wanted = {name for name in self.keys["institutions"] if mine.get(name, "") > theirs.get(name, "")}
        for row in institutions:
            if select_one(self.db, "institutions", id=row["id"]) is None:
                insert(self.db, "institutions", row)
        for name in sorted(wanted & theirs.keys()):
            _forget(self.db, name)
        self._programs(row for row in programs if row["institution_id"] in wanted)
        for row in pages:
            if row["institution_id"] in wanted:
                delete(self.db, "pages", url=row["url"])
                insert(self.db, "pages", row)
        for name, write in (
            ("evidence", self._evidence),
            ("fees", self._fee),
            ("deadlines", self._deadline),
            ("requirements", self._requirement),
            ("changes", self._change),
        ):
            for number, row in self._read(name):
                try:
                    if self.home[row["program_id"]] in wanted:
                        write(row)
                except ValueError as error:
                    raise PackageError(f"{name}.csv, row {number}, column value: {error}.") from None
        self._lists(wanted)
        loaded = [row["id"] for row in programs if row["institution_id"] in wanted]
        for identifier in loaded:
            index_program(self.db, identifier)
        self._crawl(len(wanted), len(loaded))
        return Loaded(len(wanted), len(self.keys["institutions"]) - len(wanted), len(loaded))

    def _lists(self, wanted: set[str]) -> None:
        """Electives and what agencies state, of the institutions that are brought in; what AAMC lists, where it is new."""
        for name in ("electives", "agency_terms", "vslo_hosts", "shared_terms"):
            if name not in self.columns:
                continue
            for _, row in self._read(name):
                seen = row["closed_at"] or self.read_on.get(row["page_url"]) or row["first_seen"]
                key = {part: row[part] for part in TABLE[name].key if part in row}
                if (
                    row["institution_id"] in wanted
                    if name in OF_INSTITUTION
                    else select_one(self.db, name, **key) is None
                ):
                    insert(self.db, name, {**row, "last_seen": seen})

    def _programs(self, rows: Iterable[Row]) -> None:
        number = highest(self.db, "programs", "search_id")
        for number, row in enumerate(rows, start=number + 1):  # noqa: B020 - the highest number is where counting begins
            record = {
                "id": row["id"],
                "institution_id": row["institution_id"],
                "name": row["program"],
                "url": row["url"],
                "first_seen": row["first_seen"],
                "last_seen": self.last_seen.get(row["id"]) or row["facts_since"],
                "stale_since": row["stale_since"],
                "closed_at": row["closed_at"],
                "search_id": number,
            }
            for field in SCALAR_FIELDS:
                value = row.get("international_students" if field.name == "accepts_international" else field.name)
                if field.kind == "bool":
                    value = None if value is None else int(value == "yes")
                record[field.name] = (
                    value.replace(" ", "_") if field.name == "accepts_international" and value else value
                )
            insert(self.db, "programs", record)

    def _evidence(self, row: Row) -> None:
        value_of(row["field"], row["value"])  # raises where it is none
        last_seen = row["closed_at"] or self.read_on.get(row["page_url"]) or row["first_seen"]
        insert(self.db, "evidence", {**row, "last_seen": last_seen})

    def _proof(self, program_id: str, field: str, value: Any) -> int | None:
        """The reading that stands for a value: one that says just that, else one that says it with more or less detail."""
        if self.evidence[0] != program_id:
            rows = select(self.db, "evidence", ("in_conflict", "id"), program_id=program_id, closed_at=None)
            self.evidence = (program_id, rows)
        of_field = [row for row in self.evidence[1] if row["field"] == field]
        text = value_text(value)
        for row in of_field:
            if row["value"] == text:
                return int(row["id"])
        for row in of_field:
            said = value_of(field, row["value"])
            if field == "fees" and (said.kind, said.amount, said.per) == (value.kind, value.amount, value.per):
                return int(row["id"])
            if field == "deadlines" and said.kind == value.kind and value.date and said.date == value.date:
                return int(row["id"])
            if field not in ("fees", "deadlines") and row["value"].casefold() == text.casefold():
                return int(row["id"])
        return None

    def _fee(self, row: Row) -> None:
        insert(self.db, "fees", {**row, "evidence_id": self._proof(row["program_id"], "fees", fee_of(row))})

    def _deadline(self, row: Row) -> None:
        proof = self._proof(row["program_id"], "deadlines", deadline_of(row))
        insert(self.db, "deadlines", {**row, "evidence_id": proof})

    def _requirement(self, row: Row) -> None:
        table, column, fixed = SET_TABLES[row["field"]]
        values = {"program_id": row["program_id"], **fixed, column: row["value"], "audience": row["audience"]}
        proof = self._proof(row["program_id"], row["field"], row["value"])
        insert(self.db, table, {**values, "evidence_id": proof})

    def _change(self, row: Row) -> None:
        insert(self.db, "changes", row)

    def _crawl(self, institutions: int, programs: int) -> None:
        now = utc_now()
        insert(
            self.db,
            "crawls",
            {
                "id": highest(self.db, "crawls", "id") + 1,
                "started_at": now,
                "finished_at": now,
                "source": "import",
                "archive": self.directory.name,
                "institutions": institutions,
                "pages": len(self.read_on),
                "programs": programs,
                "outcome": "finished",
            },
        )


def _newest(pages: Iterable[Row], programs: Iterable[Row]) -> dict[str, str]:
    """The time of the newest reading of each institution."""
    newest: dict[str, str] = {}
    for row in (*pages, *programs):
        name, date = row["institution_id"], row.get("last_seen") or row.get("facts_since") or ""
        if name is not None:
            newest[name] = max(newest.get(name, ""), date)
    return newest


def _last_seen(pages: Iterable[Row]) -> dict[str, str]:
    """The day on which a page of each program was last read."""
    days: dict[str, str] = {}
    for row in pages:
        if (program := row["program_id"]) is not None:
            days[program] = max(days.get(program, ""), (row["last_seen"] or row["fetched_at"])[:10])
    return days


def _forget(db: sqlite_utils.Database, institution_id: str) -> None:
    """Remove an institution's programs and pages, to make room for newer ones."""
    for table in OF_INSTITUTION:
        delete(db, table, institution_id=institution_id)
    for program in select(db, "programs", institution_id=institution_id):
        for table in ("fees", "deadlines", *dict.fromkeys(table for table, _, _ in SET_TABLES.values()), "changes"):
            delete(db, table, program_id=program["id"])
        for page in select(db, "pages", program_id=program["id"]):
            delete(db, "pages", url=page["url"])
        delete(db, "evidence", program_id=program["id"])
        delete_search(db, program["search_id"])
        delete(db, "programs", id=program["id"])
    delete(db, "pages", institution_id=institution_id)


def is_empty(database: Path) -> bool:
    """Is there no program in `database` yet, or no such file?"""
    if not database.exists() or not database.stat().st_size:
        return True
    db = open_database(database)
    try:
        return count(db, "programs") == 0
    finally:
        db.conn.close()
