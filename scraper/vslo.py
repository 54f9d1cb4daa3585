"""Who is meant by the hosts that AAMC lists, and where they are kept with what AAMC says of every application.

A host is matched to the registry by name or alias; where there is doubt it stays open, with the candidates beside it, until
a person adds a line to data/vslo_matches.csv.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import sqlite_utils

from scraper.database import Row, select, update, upsert
from scraper.items import Fact, VsloHost
from scraper.names import group_of
from scraper.record import value_text
from scraper.registry import STATES, Registry
from scraper.wording import value_words

MATCHES = "vslo_matches.csv"  # reviewed by a person: name, institution_id ('-' for none of ours)


@attrs.frozen
class VsloPage:
    """What one of AAMC's pages lists and says."""

    url: str
    fetched_at: str
    hosts: tuple[VsloHost, ...] = ()
    terms: tuple[Fact, ...] = ()


def read_matches(directory: Path) -> dict[str, str]:
    """What a person has decided: folded name → institution id, '-' where it is none of the registry's."""
    path = directory / MATCHES
    if not path.exists():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["name"].strip().casefold(): row["institution_id"].strip() for row in csv.DictReader(file)}


def match(host: VsloHost, registry: Registry, reviewed: dict[str, str]) -> tuple[str | None, str, str]:
    """(institution, how, candidates) of a host. How: 'reviewed', 'name', or 'open' where a person has to look."""
    decided = reviewed.get(host.name.casefold())
    if decided is not None:
        return (decided if decided in registry.institutions else None), "reviewed", ""
    state = next((word for word in re.findall(r"\b[A-Z]{2}\b", host.place) if word in STATES), None)
    if (sure := registry.names.sure(host.name, state)) is not None:
        return sure.id, "name", ""
    found = registry.names.find(host.name, state)[:4]
    if group_of(host.name):
        found = [one for one in found if one.score >= 0.6] or found
    return None, "open", ", ".join(f"{one.institution.id} {one.score:.2f}" for one in found)


# --- storing -----------------------------------------------------------------------------------------------------------


@attrs.define
class Stored:
    """What came of the pages: hosts listed, of which matched and open; statements."""

    hosts: int = 0
    matched: int = 0
    open: list[tuple[str, str]] = attrs.field(factory=list)  # (name, candidates)
    terms: int = 0


def store(db: sqlite_utils.Database, pages: Iterable[VsloPage], registry: Registry, reviewed: dict[str, str]) -> Stored:
    """Write what the pages list and say, whole or not at all. What a page no longer lists is closed."""
    stored = Stored()
    with db.atomic():
        for page in pages:
            date = page.fetched_at
            rows = [_host_row(host, page, registry, reviewed, stored) for host in page.hosts]
            _write(db, "vslo_hosts", rows, page.url, date)
            statements = {(fact.field, value_text(fact.value)): fact for fact in reversed(page.terms)}
            _write(db, "shared_terms", [_term_row(fact, page.url) for fact in statements.values()], page.url, date)
            stored.hosts += len(rows)
            stored.terms += len(statements)
    return stored


def _host_row(host: VsloHost, page: VsloPage, registry: Registry, reviewed: dict[str, str], stored: Stored) -> Row:
    identifier, how, candidates = match(host, registry, reviewed)
    stored.matched += identifier is not None
    if how == "open":
        stored.open.append((host.name, candidates))
    return {
        "name": host.name,
        "network": host.network,
        "place": host.place or None,
        "institution_id": identifier,
        "matched": how,
        "candidates": candidates or None,
        "page_url": page.url,
        "quote": host.quote,
    }


def _term_row(fact: Fact, url: str) -> Row:
    value = value_text(fact.value)
    return {
        "portal": "vslo",
        "field": fact.field,
        "value": value,
        "in_words": value_words(fact.field, value),
        "quote": fact.quote,
        "headings": " › ".join(fact.headings) or None,
        "page_url": url,
    }


def _write(db: sqlite_utils.Database, table: str, rows: list[Row], url: str, date: str) -> None:
    """Bring the rows of one page up to date: seen again, new, or closed."""
    keys = {"vslo_hosts": ("name", "network"), "shared_terms": ("portal", "field", "value", "page_url")}[table]
    known: dict[Any, Row] = {tuple(row[part] for part in keys): row for row in select(db, table)}
    said = set()
    for row in rows:
        identity = tuple(row[part] for part in keys)
        said.add(identity)
        first = known[identity]["first_seen"] if identity in known else date
        upsert(db, table, row | {"first_seen": first, "last_seen": date, "closed_at": None})
    for identity, row in known.items():
        if row["page_url"] == url and row["closed_at"] is None and identity not in said:
            names: Row = dict(zip(keys, identity, strict=True))
            update(db, table, names, {"closed_at": date})
