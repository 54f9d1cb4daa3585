"""Databases of earlier schema versions, as SQL: tests/fixtures/schema-vN.sql, one a version, made of a
database that the last code of that version wrote, before the version is raised.

    python -m tests.scraper.schemas DATABASE > tests/fixtures/schema-vN.sql

What a full-text index keeps for itself is left out; the index is filled anew from its own rows.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


def versions() -> dict[int, Path]:
    """The fixtures by schema version."""
    return {int(re.findall(r"\d+", path.stem)[0]): path for path in sorted(FIXTURES.glob("schema-v*.sql"))}


def build(version: int, path: Path) -> Path:
    """A database of that version at `path`."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(versions()[version].read_text("utf-8"))
    return path


def dump(path: Path) -> str:
    """A database as SQL, marks in its head included."""
    with closing(sqlite3.connect(path)) as db:
        made = db.execute("select type, name, sql from sqlite_master where sql is not null order by rowid").fetchall()
        virtual = [name for _, name, sql in made if sql.lower().startswith("create virtual")]
        lines = [
            f"pragma {name} = {db.execute(f'pragma {name}').fetchone()[0]};"
            for name in ("application_id", "user_version")
        ]
        for kind, name, sql in made:
            if any(name.startswith(f"{index}_") for index in virtual) or name.startswith("sqlite_"):
                continue
            lines.append(f"{sql};")
            if kind != "table":
                continue
            columns = [row[1] for row in db.execute(f'pragma table_info("{name}")')]
            wanted = ", ".join(f'"{column}"' for column in (["rowid", *columns] if name in virtual else columns))
            quoted = ", ".join(f'quote("{column}")' for column in (["rowid", *columns] if name in virtual else columns))
            for row in db.execute(f'select {quoted} from "{name}"'):
                lines.append(f'insert into "{name}" ({wanted}) values ({", ".join(row)});')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(dump(Path(sys.argv[1])))
