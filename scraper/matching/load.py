"""A database's programs as facts: a few statements for all of them, and the words that prove what is shown."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from scraper.items import FIELD, Audience
from scraper.matching.checks import Finding
from scraper.matching.facts import FIELDS, ProgramFacts, Reading
from scraper.matching.verdicts import Verdict
from scraper.record import deadline_of, fee_of, value_of, value_text

MOST_PROOFS = 3  # readings shown for one finding
_BOOLS = frozenset(name for name in FIELDS if FIELD[name].kind == "bool")
_MARKS = ", ".join("?" * len(FIELDS))
_OWN = ("id", "name", "institution", "url", "city", "state", "last_seen", "stale_since")
_PROGRAMS = f"""
select p.id, p.name, i.name, p.url, i.city, i.state, p.last_seen, p.stale_since, {", ".join(f"p.{name}" for name in FIELDS)}
from programs p join institutions i on i.id = p.institution_id where p.closed_at is null
and coalesce(i.kind, '') <> 'agency'"""  # what agencies sell is never mixed with the hospitals' own
# Most readings are about everybody and in no conflict: for these the program's own columns say it all.
_SPECIAL = f"""
select distinct program_id, field from evidence
where field in ({_MARKS}) and closed_at is null and (audience <> 'any' or in_conflict = 1)"""
_READINGS = """
select value, audience, confidence from evidence
where program_id = ? and field = ? and closed_at is null order by in_conflict, id"""
_FEES = ("kind", "amount", "per", "weeks", "refundable", "audience")
_DEADLINES = ("kind", "date", "month_day", "lead_n", "lead_unit", "rolling", "audience")
_PROOFS = """
select program_id, field, value, in_words, quote, headings, page_url, substr(last_seen, 1, 10), audience, confidence, in_conflict
from evidence where closed_at is null and program_id in (select value from json_each(?)) order by in_conflict, confidence desc, id"""


@attrs.frozen
class Proof:
    """The exact words of a page, and when they were read."""

    field: str
    value: str
    in_words: str
    quote: str | None
    headings: str | None
    page_url: str
    read: str
    audience: str
    confidence: float | None
    in_conflict: bool


class _Same:
    """Gives for equal values one object, made once."""

    def __init__(self) -> None:
        self.known: dict[Any, Any] = {}

    def __call__(self, value: Any, make: Callable[[Any], Any] = lambda value: value) -> Any:
        if value not in self.known:
            self.known[value] = make(value)
        return self.known[value]


def _members(connection: sqlite3.Connection, sql: str, make: Callable[[Any], Any]) -> Iterator[tuple[str, list[Any]]]:
    """The members of a set by program; the statement gives (program, …) in the order of programs."""
    identifier: str | None = None
    found: list[Any] = []
    for first, *rest in connection.execute(sql):
        if first != identifier:
            if identifier is not None:
                yield identifier, found
            identifier, found = first, []
        found.append(make(tuple(rest)))
    if identifier is not None:
        yield identifier, found


def programs(connection: sqlite3.Connection) -> list[ProgramFacts]:
    """Every program that is not closed for good, with all that matching asks for."""
    stated: dict[str, dict[str, Any]] = defaultdict(dict)
    _scalars(connection, stated)
    same = _Same()
    sets: tuple[tuple[str, str, Callable[[Any], Any], Callable[[Any], Any]], ...] = (
        ("audiences", "select program_id, visitor from audiences order by 1", lambda row: row[0], frozenset),
        (
            "program_types",
            "select program_id, program_type from program_types order by 1",
            lambda row: row[0],
            frozenset,
        ),
        ("visas", "select program_id, visa, audience from visas order by 1, 2", lambda row: row, tuple),
        ("specialties", "select program_id, specialty from specialties order by 1, 2", lambda row: row[0], tuple),
        (
            "fees",
            f"select program_id, {', '.join(_FEES)} from fees order by program_id, id",
            lambda row: same(row, lambda row: fee_of(dict(zip(_FEES, row, strict=True)))),
            tuple,
        ),
        (
            "deadlines",
            f"select program_id, {', '.join(_DEADLINES)} from deadlines order by program_id, id",
            lambda row: same(row, lambda row: deadline_of(dict(zip(_DEADLINES, row, strict=True)))),
            tuple,
        ),
    )
    for field, sql, make, collect in sets:
        kept = _Same()  # one for each field: a set of strings is no list of fees
        for identifier, found in _members(connection, sql, make):
            stated[identifier][field] = kept(collect(found))
    places = len(_OWN)
    return [
        ProgramFacts(
            **dict(zip(_OWN, row[:places], strict=True)),
            stated=stated[row[0]],
            order=(row[2].casefold(), row[1].casefold()),
        )
        for row in connection.execute(_PROGRAMS)
    ]


def _scalars(connection: sqlite3.Connection, stated: dict[str, dict[str, Any]]) -> None:
    """The readings of the single-valued fields: the chosen value in the program's column; all readings where one of them
    is not about everybody, or is in conflict with the chosen one."""
    same = _Same()

    def readings(key: tuple[str, Any]) -> tuple[Reading, ...]:
        name, value = key
        return (Reading(bool(value) if name in _BOOLS else value),)

    for identifier, *values in connection.execute(
        f"select id, {', '.join(FIELDS)} from programs where closed_at is null"
    ):
        stated[identifier] = {
            name: same((name, value), readings) for name, value in zip(FIELDS, values, strict=True) if value is not None
        }
    for identifier, name in connection.execute(_SPECIAL, FIELDS).fetchall():
        if identifier in stated:
            found = tuple(_readable(name, connection.execute(_READINGS, (identifier, name))))
            if found:
                stated[identifier][name] = same(found)


def _readable(name: str, rows: Iterable[tuple[str, Audience, float | None]]) -> Iterator[Reading]:
    """Readings from their rows; what is no value of the field is left out."""
    for text, audience, confidence in rows:
        with contextlib.suppress(ValueError):
            yield Reading(value_of(name, text), audience, 0.9 if confidence is None else confidence)


def proofs(connection: sqlite3.Connection, verdicts: Iterable[Verdict]) -> dict[str, list[Proof]]:
    """For each program the readings that its facts rest on, the surest first."""
    found: dict[str, list[Proof]] = {verdict.facts.id: [] for verdict in verdicts}
    for identifier, *reading in connection.execute(_PROOFS, [json.dumps(list(found))]):
        found[identifier].append(Proof(*reading))
    return found


def proofs_of(finding: Finding, known: Iterable[Proof], audience: str) -> list[Proof]:
    """The readings that prove a finding, those about this person's audience first; what is said of others only is left out."""
    if finding.values:
        wanted = [value_text(value) for value in dict.fromkeys(finding.values)]
        chosen = [proof for proof in known if proof.field in finding.fields and proof.value in wanted]
        chosen.sort(key=lambda proof: wanted.index(proof.value))
    else:
        chosen = [
            proof
            for proof in known
            if proof.field in finding.fields and (proof.audience in ("any", audience) or proof.field == "audiences")
        ]
        chosen.sort(key=lambda proof: proof.audience != audience)
    distinct = {(proof.quote or proof.in_words, proof.page_url): proof for proof in reversed(chosen)}
    return list(reversed(distinct.values()))[:MOST_PROOFS]
