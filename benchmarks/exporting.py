"""How fast the dataset is written and how much memory it takes, beside `sqlite-utils rows --csv` on the same tables.

    python benchmarks/exporting.py DATABASE [--validate]

DATABASE is what benchmarks/generate.py made. Each row of the table is a process of its own, measured by the system
(wall time, highest resident memory), its start included; all in one run on one machine. With --validate the CSV export is
checked by `frictionless validate`, and read back with `usce load` and exported again, which must give the same bytes.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import attrs

from scraper.formats import WRITERS

# Our file of the package and the table or view from which sqlite-utils writes the same rows.
TABLES = {"programs": "program_overview", "fees": "fees", "evidence": "evidence"}
ONE_FILE = """
import sys
from pathlib import Path
from scraper.database import open_database
from scraper.export import FILE, rows
from scraper.formats import CsvWriter, Sheet
file = FILE[sys.argv[2]]
db = open_database(Path(sys.argv[1]))
with db.atomic():
    CsvWriter(Path(sys.argv[3])).write(Sheet(file.name, file.columns, file.key), rows(db, file, True))
"""


@attrs.frozen
class Measured:
    """What a process took."""

    seconds: float
    processor: float  # seconds of processor time: what a busy machine does not lengthen
    megabytes: float
    status: int


def measure(command: list[str], output: Path | None = None) -> Measured:
    """Run a command; its output goes to a file or nowhere."""
    start = time.perf_counter()
    with (output or Path(os.devnull)).open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode
    )


def line(what: str, rows: int, found: Measured) -> None:
    rate = f"{rows / found.seconds:,.0f}" if rows else "–"
    verdict = "" if not found.status else f" exit code {found.status}"
    print(
        f"| {what}{verdict} | {rows:,} | {found.seconds:.1f} | {found.processor:.1f} | {rate} | {found.megabytes:,.0f} |",
        flush=True,
    )


def count(database: Path, table: str) -> int:
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute(f'select count(*) from "{table}"').fetchone()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path)
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--formats", nargs="*", choices=list(WRITERS), default=list(WRITERS))
    arguments = parser.parse_args()
    database: Path = arguments.database
    tools = Path(sys.executable).parent
    usce = [str(tools / "usce")]
    print("| what | rows | seconds | of them processor | rows/s | peak memory, MB |\n|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(dir=database.parent) as directory:
        folder = Path(directory)
        for name, table in TABLES.items():
            rows = count(database, table)
            ours = measure([sys.executable, "-c", ONE_FILE, str(database), name, directory])
            line(f"`{name}.csv`, as `usce export` writes it", rows, ours)
            theirs = measure(
                [str(tools / "sqlite-utils"), "rows", str(database), table, "--csv"], folder / "theirs.csv"
            )
            line(f"`sqlite-utils rows {table} --csv`", rows, theirs)
        export = folder / "csv"
        total = 0
        for form in ("csv", *(form for form in arguments.formats if form != "csv")):
            command = [*usce, "export", str(folder / form), "-d", str(database), "--format", form]
            found = measure(command)
            if form == "csv":
                total = sum(
                    count(database, table)
                    for table in ("programs", "fees", "deadlines", "institutions", "evidence", "pages", "changes")
                )
                total += sum(
                    count(database, table)
                    for table in ("program_types", "audiences", "visas", "documents", "specialties", "contacts")
                )
            line(f"`usce export --format {form}`, everything", total, found)
        if arguments.validate:
            line(
                "`frictionless validate` of the CSV export",
                total,
                measure([str(tools / "frictionless"), "validate", str(export / "datapackage.json")]),
            )
            line("`usce load` of it", total, measure([*usce, "load", str(export), "-d", str(folder / "copy.db")]))
            again = folder / "again"
            line(
                "`usce export` of what was loaded",
                total,
                measure([*usce, "export", str(again), "-d", str(folder / "copy.db")]),
            )
            names = sorted(path.name for path in export.iterdir())
            _, wrong, missing = filecmp.cmpfiles(export, again, names, shallow=False)
            print(
                f"\nExport → load → export: {'the same bytes' if not wrong and not missing else f'not the same: {wrong}{missing}'}"
            )


if __name__ == "__main__":
    main()
