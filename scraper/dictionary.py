"""The data dictionary, docs/data-dictionary.md: every table, view and exported file with every column, its type, unit and meaning.

It is made from `scraper.database` and `scraper.export`, which also make Datasette's descriptions and the data package:

    python -m scraper.dictionary > docs/data-dictionary.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from scraper.database import SCHEMA_VERSION, TABLES, VIEWS, Column, Table
from scraper.export import FILES

_TYPES = {
    "text": "text",
    "integer": "whole number",
    "number": "number",
    "bool": "1 or 0",
    "date": "date, YYYY-MM-DD",
    "datetime": "time, ISO 8601",
    "json": "JSON",
    "url": "web address",
}
# Files that are not made from the table of their name alone.
_MADE_FROM = {"programs": ("programs", "program_overview"), "requirements": ()}
_HEAD = f"""# Data dictionary

Made by `python -m scraper.dictionary` from the code that makes the tables; do not edit it. Schema version {SCHEMA_VERSION}.

Null (an empty cell in CSV) means that the pages do not say. 'No' and 0 mean that they say no. In CSV files booleans are
`true` and `false`; in `programs.csv` and `program_overview` they are `yes` and `no`. A text cell that begins with
`=`, `+`, `-`, `@`, a tab or a carriage return has an apostrophe before it.
"""


def markdown() -> str:
    """The whole dictionary as Markdown."""
    lines = [_HEAD]
    for title, tables in (("Tables", TABLES), ("Views", VIEWS)):
        lines.append(f"## {title}\n")
        for table in tables:
            lines += _table(table)
    lines.append("## Files of the dataset\n")
    lines.append(
        "`usce export DIR` writes these and `datapackage.json`; with `--format` as XLSX, JSON Lines, Parquet or SQLite. Columns"
        " are those of the tables above unless listed here.\n"
    )
    for file in FILES:
        without = f" In the published dataset it has no {' and '.join(file.quoted)}." if file.quoted else ""
        names = ", ".join(f"`{column.name}`" for column in file.columns)
        lines.append(f"### {file.path}\n\n{file.description}{without}\n\nColumns: {names}.\n")
        known = {
            column.name
            for table in (*TABLES, *VIEWS)
            if table.name in _MADE_FROM.get(file.name, (file.name,))
            for column in table.columns
        }
        if new := [column for column in file.columns if column.name not in known]:
            lines += _columns(new)
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.name}\n"
    yield f"{table.title}. {table.description}\n"
    if table.key:
        yield f"Key: {', '.join(f'`{name}`' for name in table.key)}.\n"
    yield from _columns(table.columns)


def _columns(columns: Iterable[Column]) -> Iterator[str]:
    yield "| column | type | unit | meaning |\n|---|---|---|---|"
    for column in columns:
        meaning = column.description
        if column.references:
            meaning += f" → `{column.references}`"
        if column.choices and len(column.choices) <= 8:
            meaning += f" One of: {', '.join(column.choices)}."
        kind = _TYPES[column.type] + (", required" if column.required else "")
        yield f"| `{column.name}` | {kind} | {column.unit} | {meaning.replace('|', chr(92) + '|')} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(markdown())
