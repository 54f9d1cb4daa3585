"""The main job on whole fictional hospital websites, over real HTTP: what a crawl stores is what a careful reader names.

Adding a site adds a folder to tests/sites/ and no code (tests/sites/README.md). The expectations were written before
the sites were first read; they are not to be bent to what the stages find.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from scraper.crawling import CrawlReport, CrawlRequest, run_crawl
from scraper.database import SCALAR_FIELDS, SET_TABLES, TABLES
from scraper.demo import BANNER, CRAWL_SETTINGS, MARK, Site, mark_fictional, read_sites, serve_sites
from scraper.items import FIELD, FIELDS, Page
from scraper.reading import Reader
from scraper.record import to_record
from scraper.registry import load_registry
from tests.comparing import differences

SITES = read_sites()
by_site = pytest.mark.parametrize("site", SITES, ids=lambda site: site.directory.name)


@cache
def load(site: Site) -> dict[str, Any]:
    """What expected.json says."""
    return json.loads((site.directory / "expected.json").read_text("utf-8"))


def expected(site: Site) -> list[dict[str, Any]]:
    """The programs of expected.json."""
    return load(site)["programs"]


def program_facts(program: dict[str, Any]) -> dict[str, Any]:
    """The facts of a program: those of its pages together, where pages differ the first one's."""
    facts: dict[str, Any] = {}
    for page in program["pages"].values():
        for name, value in page.items():
            if isinstance(value, list):
                facts[name] = [*facts.get(name, []), *(item for item in value if item not in facts.get(name, []))]
            else:
                facts.setdefault(name, value)
    return facts | program.get("facts", {})


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@by_site
def test_each_page_is_read_as_expected(site: Site, reader: Reader) -> None:
    wanted = {path: facts for program in expected(site) for path, facts in program["pages"].items()}
    lines = []
    for path in site.routes.keys() - set(load(site).get("forbidden", [])):
        answer = site.answer(path)
        if answer.content_type.startswith("text/html") or answer.content_type == "application/pdf":
            page = Page(url=f"https://{site.id}.example{path}", body=answer.body, content_type=answer.content_type)
            record = to_record(reader.read(page))
            if record["relevant"] != (path in wanted):
                lines.append(f"{path}: relevant: wanted {path in wanted}, got {record['relevant']}")
            elif record["relevant"]:
                lines += [f"{path}: {line}" for line in differences(wanted[path], record)]
    assert not lines, f"{site.directory.name} is read otherwise than it should be:\n  " + "\n  ".join(lines)


def stored_programs(database: Path) -> list[dict[str, Any]]:
    """The programs of a database as records in the labels form, each with `institution_id`, `name` and the paths of its `pages`."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return [stored_program(connection, row) for row in connection.execute("select * from programs")]


def stored_program(connection: sqlite3.Connection, program: sqlite3.Row) -> dict[str, Any]:
    def rows(table: str) -> list[sqlite3.Row]:
        return connection.execute(f"select * from {table} where program_id = ?", [program["id"]]).fetchall()

    record: dict[str, Any] = {name: program[name] for name in ("institution_id", "name")}
    record["pages"] = {urlsplit(row["url"]).path for row in rows("pages")}
    for field in SCALAR_FIELDS:
        value = program[field.name]
        record[field.name] = bool(value) if field.kind == "bool" and value is not None else value
    for name, (table, column, fixed) in SET_TABLES.items():
        record[name] = [row[column] for row in rows(table) if all(row[key] == value for key, value in fixed.items())]
    record["fees"] = [
        {"for": row["audience"], "refundable": None if row["refundable"] is None else bool(row["refundable"])}
        | {key: row[key] for key in ("kind", "amount", "per", "weeks")}
        for row in rows("fees")
    ]
    record["deadlines"] = [
        {"for": row["audience"], "lead": row["lead_n"] and {"n": row["lead_n"], "unit": row["lead_unit"]}}
        | {key: row[key] for key in ("kind", "date", "month_day", "rolling")}
        for row in rows("deadlines")
    ]
    return record


def crawl_differences(site: Site, stored: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each thing in which the stored programs of `site` depart from expected.json."""
    left = [program for program in stored if program["institution_id"] == site.id]
    for program in expected(site):
        pages = set(program["pages"])
        best = max(left, key=lambda other: len(other["pages"] & pages), default=None)
        if best is None or not best["pages"] & pages:
            yield f"no program '{program['name']}'"
            continue
        left.remove(best)
        if best["pages"] != pages:
            yield f"{program['name']}: pages: wanted {sorted(pages)}, got {sorted(best['pages'])}"
        yield from (f"{program['name']}: {line}" for line in differences(program_facts(program), best))
    yield from (f"a program that nobody expects: '{other['name']}' {sorted(other['pages'])}" for other in left)


@attrs.frozen
class Crawl:
    """A crawl of all sites, while they are served: what was asked for, where it was put, how it went."""

    request: CrawlRequest
    database: Path
    report: CrawlReport
    fetched: set[tuple[str, str]]  # (site id, path)


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    folder = tmp_path_factory.mktemp("crawl")
    database = folder / "sites.db"
    with serve_sites() as served:
        registry = served.write_registry(folder / "registry")
        request = CrawlRequest(database=database, registry=registry, settings=CRAWL_SETTINGS)
        report = run_crawl(request)
        yield Crawl(request, database, report, {(identifier, path) for identifier, path, _ in served.requests})


@by_site
def test_a_crawl_stores_what_a_careful_reader_names(site: Site, crawl: Crawl) -> None:
    lines = list(crawl_differences(site, stored_programs(crawl.database)))
    fetched = {path for identifier, path in crawl.fetched if identifier == site.id}
    lines += [f"{path} was fetched, against robots.txt" for path in fetched & set(load(site).get("forbidden", []))]
    assert not lines, f"{site.directory.name} is stored otherwise than it should be:\n  " + "\n  ".join(
        [*lines, f"(fetched: {sorted(fetched)}; {crawl.report.outcomes[site.id].record()})"]
    )


def stored_electives(connection: sqlite3.Connection, site: Site, path: str) -> list[dict[str, Any]]:
    """The electives that a page of `site` lists, in the form of expected.json, each with the name of its program."""
    rows = connection.execute(
        "select e.*, p.name as program from electives e left join programs p on p.id = e.program_id"
        " where e.institution_id = ? and e.closed_at is null order by e.id",
        [site.id],
    )
    return [
        dict(row)
        | {
            "months": [int(month) for month in (row["months"] or "").split()],
            "accepts_international": None
            if row["accepts_international"] is None
            else row["accepts_international"] == 1,
        }
        for row in rows
        if urlsplit(row["page_url"]).path == path
    ]


@pytest.mark.parametrize(
    ("site", "path"),
    [
        pytest.param(site, path, id=f"{site.directory.name}{path}")
        for site in SITES
        for path in load(site).get("electives", {})
    ],
)
def test_a_catalog_ends_in_rows_that_a_student_would_recognise(site: Site, path: str, crawl: Crawl) -> None:
    with closing(sqlite3.connect(crawl.database)) as connection:
        connection.row_factory = sqlite3.Row
        stored = stored_electives(connection, site, path)
    [program] = [program["name"] for program in expected(site) if path in program["pages"]]
    wanted = [elective | {"program": program} for elective in load(site)["electives"][path]]
    assert [{name: row[name] for name in want} for want, row in zip(wanted, stored, strict=True)] == wanted
    assert all(row["quote"] for row in stored)


@by_site
def test_what_agencies_state_is_kept_and_hospitals_are_none(site: Site, crawl: Crawl) -> None:
    with closing(sqlite3.connect(crawl.database)) as connection:
        said = connection.execute(
            "select item, value from agency_terms where institution_id = ? and closed_at is null", [site.id]
        ).fetchall()
    wanted = load(site).get("agency_terms", {})
    assert bool(wanted) == (site.kind == "agency")
    assert sorted(said) == sorted((item, value) for item, values in wanted.items() for value in values)


def facts_at_rest(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a database but those about crawls, without the dates on which things were seen last."""
    rows = {}
    with closing(sqlite3.connect(database)) as connection:
        for table in TABLES:
            if table.name not in ("crawls", "crawl_hosts"):
                columns = [name for name in table.column if name not in ("last_seen", "fetched_at")]
                rows[table.name] = connection.execute(f"select {', '.join(columns)} from {table.name}").fetchall()
    return {name: sorted(found, key=str) for name, found in rows.items()}


def test_a_second_crawl_of_the_same_pages_changes_nothing(crawl: Crawl, tmp_path: Path) -> None:
    again = tmp_path / "again.db"
    with closing(sqlite3.connect(crawl.database)) as source, closing(sqlite3.connect(again)) as target:
        source.backup(target)
    run_crawl(attrs.evolve(crawl.request, database=again))
    before, after = facts_at_rest(crawl.database), facts_at_rest(again)
    for name, rows in before.items():
        assert after[name] == rows, name


@by_site
def test_expectation_is_well_formed(site: Site) -> None:
    for program in expected(site):
        assert set(program) <= {"name", "pages", "facts"}
        assert program["pages"].keys() <= site.routes.keys()
        facts = program_facts(program)
        assert facts["program_types"]
        for name, value in facts.items():
            assert name in FIELD, f"there is no field {name}"
            if FIELD[name].choices:
                assert set(value if isinstance(value, list) else [value]) <= set(FIELD[name].choices), name


def test_the_sites_show_every_field_and_every_choice() -> None:
    seen: dict[str, set[Any]] = {field.name: set() for field in FIELDS}
    for site in SITES:
        for program in expected(site):
            for name, value in program_facts(program).items():
                if name in ("fees", "deadlines"):
                    seen[name] |= {(key, str(item)) for entry in value for key, item in entry.items()}
                else:
                    seen[name] |= set(value if isinstance(value, list) else [value])
    for field in FIELDS:
        assert seen[field.name], f"no site states {field.name}"
        assert set(field.choices) <= seen[field.name], (
            f"{field.name}: no site shows {set(field.choices) - seen[field.name]}"
        )


def test_sites_are_plainly_fictional(tmp_path: Path) -> None:
    """Reserved names and numbers only (RFC 2606, 555-01xx), and every name marked in the registry that is made of them."""
    for site in SITES:
        for path in site.routes:
            text = site.answer(path).body.decode("latin-1")
            for host in re.findall(r"[a-z0-9.]@([a-z][a-z0-9.-]*\.[a-z]+)", text):
                assert host.endswith(".example"), f"{site.id}{path}: {host}"
            for number in re.findall(r"\b\d{3}\D{1,2}(\d{3}-\d{4})\b", text):
                assert number.startswith("555-01"), f"{site.id}{path}: {number}"
    with serve_sites() as served:
        registry = load_registry(served.write_registry(tmp_path))
    assert len(registry.institutions) == len(SITES)
    assert all(institution.name.endswith(MARK) for institution in registry.institutions.values())


def test_the_demonstration_says_that_it_is_one(tmp_path: Path) -> None:
    database = tmp_path / "demo.db"
    for _ in range(2):
        mark_fictional(database)
    with closing(sqlite3.connect(database)) as connection:
        about = dict(connection.execute("select property, value from about"))
    assert MARK in about["title"]
    assert about["fictional"] == BANNER
