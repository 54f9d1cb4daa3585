"""Databases of every released schema version are brought up to date, whole, and lose nothing."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipelines.history import as_of
from scraper.database import SCHEMA_VERSION, TABLE, TABLES, open_database
from scraper.export import export, load
from tests.scraper.schemas import build, dump, versions


def shape(path: Path) -> dict[str, Any]:
    """Columns, keys and indexes of every table."""
    with closing(sqlite3.connect(path)) as db:
        return {
            table.name: {
                "columns": {row[1:] for row in db.execute(f'pragma table_info("{table.name}")')},
                "keys": {row[2:5] for row in db.execute(f'pragma foreign_key_list("{table.name}")')},
                "indexes": {row[1:3] for row in db.execute(f'pragma index_list("{table.name}")')},
            }
            for table in TABLES
        }


def read(path: Path) -> str:
    return path.read_text("utf-8")


def test_every_earlier_version_has_its_fixture() -> None:
    assert list(versions()) == list(range(1, SCHEMA_VERSION)), "see tests/scraper/schemas.py"


@pytest.mark.parametrize("version", versions())
def test_a_fixture_is_of_its_version(tmp_path: Path, version: int) -> None:
    with closing(sqlite3.connect(build(version, tmp_path / "old.db"))) as db:
        assert db.execute("pragma user_version").fetchone()[0] == version
    assert dump(tmp_path / "old.db") == versions()[version].read_text("utf-8")


@pytest.mark.parametrize("version", versions())
def test_it_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    path, new = build(version, tmp_path / "old.db"), tmp_path / "new.db"
    open_database(new).close()
    open_database(path).close()
    assert shape(path) == shape(new)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma user_version").fetchone()[0] == SCHEMA_VERSION
        assert db.execute("pragma integrity_check").fetchone()[0] == "ok"
        assert db.execute("pragma foreign_key_check").fetchall() == []
        assert (
            db.execute("select count(*) from program_search where program_search match 'visiting'").fetchone()[0] == 1
        )


@pytest.mark.parametrize("version", versions())
def test_nothing_is_lost(tmp_path: Path, version: int) -> None:
    """Every row is still there (names of values are the code's own), and the data can be exported, loaded and looked back into."""
    path = build(version, tmp_path / "old.db")
    with closing(sqlite3.connect(path)) as db:
        names = [
            row[0]
            for row in db.execute("select name from sqlite_master where type = 'table'")
            if row[0] in TABLE and row[0] != "terms"
        ]
        before = {name: db.execute(f'select * from "{name}" order by 1, 2').fetchall() for name in names}
    open_database(path).close()
    with closing(sqlite3.connect(path)) as db:
        for name, rows in before.items():
            width = len(rows[0]) if rows else 0
            assert [row[:width] for row in db.execute(f'select * from "{name}" order by 1, 2')] == rows, name
    export(path, tmp_path / "data", quotes=True)
    assert load(tmp_path / "data", tmp_path / "copy.db").programs == 2
    assert "Application fee (international students): $300, non-refundable → $350" in read(
        tmp_path / "data" / "changes.csv"
    )
    with as_of(path, dt.date(2026, 3, 15)) as then:
        export(then, tmp_path / "then")
    assert ",application,300,once," in read(tmp_path / "then" / "fees.csv")


@pytest.mark.parametrize("version", versions())
def test_a_migration_that_is_cut_off_can_be_taken_up_again(
    tmp_path: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = build(version, tmp_path / "old.db")
    spare = tmp_path / "spare.db"
    shutil.copy(path, spare)
    monkeypatch.setattr("scraper.database._create_views", lambda db: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        open_database(path)
    monkeypatch.undo()
    open_database(path).close()
    open_database(spare).close()
    assert shape(path) == shape(spare)
