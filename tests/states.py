"""The state of a database, without what differs between two crawls that found the same: numbers of rows, and times."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from scraper.database import TABLES

OF_A_CRAWL = ("crawls", "crawl_hosts")
NUMBERS = {"evidence_id", "search_id", "crawl_id"}
TIMES = {"read_at"}


def rows(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but those about crawls, as it is."""
    with closing(sqlite3.connect(database)) as connection:
        return {
            table.name: sorted(connection.execute(f"select * from {table.name}").fetchall(), key=str)
            for table in TABLES
            if table.name not in OF_A_CRAWL
        }


def facts(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a database says, wherever and in which order it was found."""
    found = {}
    with closing(sqlite3.connect(database)) as connection:
        for table in TABLES:
            if table.name in OF_A_CRAWL:
                continue
            left_out = NUMBERS | TIMES | {c.name for c in table.columns if c.type == "datetime"}
            if table.key == ("id",) and table.column["id"].type == "integer":
                left_out = left_out | {"id"}
            columns = [f'"{name}"' for name in table.column if name not in left_out]
            read = connection.execute(f"select {', '.join(columns)} from {table.name}").fetchall()
            found[table.name] = sorted(read, key=str)
    return found


def is_whole(database: Path) -> bool:
    """Does the database open, with nothing broken in it?"""
    with closing(sqlite3.connect(database)) as connection:
        sound = connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        return sound and not connection.execute("pragma foreign_key_check").fetchall()
