"""The dataset as Frictionless's own tool sees it, and as a reader of its history sees it: after real crawls of sample sites."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from frictionless import validate

from scraper.crawling import CrawlRequest, run_crawl
from scraper.demo import CRAWL_SETTINGS, SITES, serve_sites
from scraper.export import FILES, PACKAGE, export, load


@attrs.frozen
class Crawled:
    """A crawl of sample sites, and a second one after the tuition had changed: the exports after each."""

    database: Path
    before: Path
    after: Path


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("crawled")
    found = Crawled(folder / "atlas.db", folder / "before", folder / "after")
    for name in ("cedar-hollow", "harrow-county"):
        shutil.copytree(SITES / name, folder / "sites" / name)
    with serve_sites(folder / "sites") as served:
        registry = served.write_registry(folder / "registry")
        request = CrawlRequest(database=found.database, registry=registry, settings=CRAWL_SETTINGS)
        run_crawl(request)
        export(found.database, found.before, quotes=True)
        [fees] = (folder / "sites").rglob("international/fees.html")
        fees.write_text(fees.read_text("utf-8").replace("$3,200", "$3,450"), "utf-8")
        run_crawl(request)
        export(found.database, found.after, quotes=True)
    yield found


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split("\r\n")


def test_one_changed_fee_is_one_change_and_one_line(crawled: Crawled) -> None:
    with (crawled.after / "changes.csv").open(encoding="utf-8", newline="") as file:
        [change] = [row["in_words"] for row in csv.DictReader(file)]
    before, _, after = change.partition(" → ")
    assert before.startswith("Program fee (international students): $3,200 per 4 weeks")
    assert after.startswith("$3,450 per 4 weeks")
    for name in ("programs.csv", "fees.csv"):
        pairs = zip(lines(crawled.before / name), lines(crawled.after / name), strict=True)
        assert sum(one != other for one, other in pairs) == 1
    for name in ("deadlines.csv", "requirements.csv", "institutions.csv"):
        assert lines(crawled.before / name) == lines(crawled.after / name)


def test_there_and_back_after_a_crawl(crawled: Crawled, tmp_path: Path) -> None:
    load(crawled.after, tmp_path / "copy.db")
    export(tmp_path / "copy.db", tmp_path / "again", quotes=True)
    for path in crawled.after.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def frictionless(package: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "frictionless", "validate", PACKAGE, "--json"]
    return subprocess.run(command, cwd=package, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("quotes", [True, False])
def test_frictionless_finds_nothing_wrong(crawled: Crawled, tmp_path: Path, form: str, quotes: bool) -> None:
    export(crawled.database, tmp_path / "data", quotes=quotes, form=form)
    done = frictionless(tmp_path / "data")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["valid"]
    assert {task["name"] for task in report["tasks"]} == {file.name for file in FILES}
    assert report["stats"]["warnings"] == 0


def wrong(field: dict[str, Any]) -> str:
    """A value that does not belong into a column, for every type of column."""
    constraints = field.get("constraints", {})
    if "enum" in constraints:
        return "no such choice"
    of_type = {
        "boolean": "maybe",
        "integer": "1.5",
        "number": "12,50 USD",
        "date": "2026-02-30",
        "datetime": "2026-03-01 noon",
        "string": "=1+1",
    }
    return of_type[field["type"]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_wrong_value_in_any_column_is_found(crawled: Crawled, tmp_path: Path, file: Any) -> None:
    """Line n of a file has a wrong value in column n: each is found, in its place."""
    shutil.copytree(crawled.after, tmp_path / "data")
    package = json.loads((tmp_path / "data" / PACKAGE).read_text("utf-8"))
    [resource] = [one for one in package["resources"] if one["name"] == file.name]
    fields = resource["schema"]["fields"]
    path = tmp_path / "data" / file.path
    with path.open(encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    if not rows:
        pytest.skip("the sample sites of this test have none")
    first = rows[0]
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(header)
        for index, field in enumerate(fields):
            writer.writerow([wrong(field) if at == index else text for at, text in enumerate(first)])
    report = validate(tmp_path / "data" / PACKAGE)
    [task] = [task for task in report.tasks if task.name == file.name]
    found = {(error.row_number, error.field_name) for error in task.errors if hasattr(error, "field_name")}
    assert found >= {(number, field["name"]) for number, field in enumerate(fields, start=2)}


PLANTED = {
    "a missing value": ("fees", "amount", "", "constraint-error"),
    "a negative amount": ("fees", "amount", "-5", "constraint-error"),
    "a place off the Earth": ("institutions", "longitude", "1820", "constraint-error"),
    "a wrong form": ("deadlines", "date", "24 April", "constraint-error"),
    "no address": ("programs", "url", "javascript:alert(1)", "constraint-error"),
    "an unknown program": ("fees", "program_id", "nowhere--electives", "foreign-key"),
    "an unknown institution": ("programs", "institution_id", "nowhere", "foreign-key"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(crawled: Crawled, tmp_path: Path, name: str) -> None:
    table, column, value, kind = PLANTED[name]
    shutil.copytree(crawled.after, tmp_path / "data")
    path = tmp_path / "data" / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    rows[0][column] = value
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = validate(tmp_path / "data" / PACKAGE)
    assert kind in {error.type for task in report.tasks for error in task.errors}


def test_the_corpus_is_valid(root: Path) -> None:
    """The committed dataset is made from the corpus."""
    if not (root / "data" / "published" / PACKAGE).exists():
        pytest.skip("data/published has not been made yet: make dataset")
    done = frictionless(root / "data" / "published")
    assert done.returncode == 0, done.stdout
