"""Programs → SQLite, with what changed since the last crawl.

`store_visit` writes what was found at one institution, in one transaction. Evidence is what is kept: each reading with
its page and dates. What holds for a program is worked out from its open evidence (`pipelines.merging`) each time,
and the difference to what held before is written down as changes. Nothing is deleted: what a page no longer says is
closed with the date on which it was read; pages that could not be read keep their facts, and a program none of
whose pages could be read is marked stale. All dates are those of the pages, so that a replay gives the same rows.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import sqlite_utils
from scrapy import signals
from scrapy.crawler import Crawler

from pipelines.merging import Merged, Reading, merge_facts
from pipelines.programs import ProgramsStage, Summary, Visit, outcome_words, program_of_catalog, same_words
from scraper.crawls import finish_crawl, start_crawl
from scraper.database import (
    SCALAR_FIELDS,
    SET_TABLES,
    TABLE,
    DatabaseError,
    Row,
    delete,
    highest,
    index_program,
    insert,
    open_database,
    select,
    select_one,
    update,
    upsert,
    write_institutions,
)
from scraper.items import Deadline, Elective, Fact, Fee, Program, utc_now
from scraper.memory import Trail, forget, remember
from scraper.outcomes import GONE, Outcome
from scraper.record import deadline_of, fee_of, row_of_value, value_of, value_text
from scraper.signals import institution_finished
from scraper.urls import key
from scraper.vocabulary import vocabulary
from scraper.wording import change_words, value_words

logger = logging.getLogger(__name__)

OFFLINE_FROM = 3  # so many sites silent, and none that answers: it is the line here that is dead, not the hospitals'
HEADING_SEPARATOR = " › "
# Reasons that tell nothing about the page itself.
_OUR_OWN = frozenset({"not_archived", "no_address", "stage", "storage"})


@attrs.define
class Stored:
    """What a visit came to: programs built, rows of changes written, pages left out because the database knows newer ones,
    pages that were as before, new to us and changed, programs closed and newly out of reach."""

    programs: int = 0
    changes: int = 0
    outdated: int = 0
    unchanged_pages: int = 0
    new_pages: int = 0
    changed_pages: int = 0
    closed: int = 0
    stale: int = 0


def store_visit(
    db: sqlite_utils.Database,
    visit: Visit,
    crawl_id: int | None = None,
    outcome: Outcome | None = None,
    trails: dict[str, Trail] | None = None,
) -> Stored:
    """Write what was found at an institution, whole or not at all. `trails` are of the pages that were read anew."""
    with db.atomic():
        stored = _Writer(db, visit, crawl_id, outcome).write()
        for page in (*visit.shells, *visit.pages):
            if (trail := (trails or {}).get(key(page.url))) is None:
                continue
            if page.etag or page.last_modified:
                remember(db, visit.institution_id, page.remembered(trail, needs_browser=page in visit.shells))
            else:
                forget(db, page.url)
    return stored


class _Writer:
    """Writes one visit. Lives for the length of a transaction."""

    def __init__(
        self, db: sqlite_utils.Database, visit: Visit, crawl_id: int | None, outcome: Outcome | None = None
    ) -> None:
        self.db, self.visit, self.crawl_id, self.outcome = db, visit, crawl_id, outcome
        self.institution_id = visit.institution_id
        self.stored = Stored()
        known = {key(row["url"]): row for row in select(db, "pages", institution_id=self.institution_id)}
        self.known_pages: dict[str, Row] = known
        self.read: dict[str, Summary] = {}
        for page in sorted(visit.pages, key=lambda page: page.fetched_at):
            if (row := known.get(key(page.url))) and (row["last_seen"] or "") > page.fetched_at:
                self.stored.outdated += 1
            else:
                self.read[key(page.url)] = page
        self.failed = {key(url): reason for url, reason in visit.failed.items() if reason not in _OUR_OWN}
        # Gone twice in a row: once may be a slip of the site's.
        self.gone = {
            url for url, reason in self.failed.items() if reason in GONE and url in known and known[url]["gone_since"]
        }
        dates = [page.fetched_at for page in self.read.values()]
        # Only a visit that read no page at all has no date of its own.
        self.date = max(dates, default="") or utc_now()
        self.moved = {url for url, page in self.read.items() if self._has_new_words(url, page)}
        self.moved |= {url for url in self.failed if url in known and known[url]["unreachable_since"] is None}
        self.moved |= {url for url in self.gone if select(db, "evidence", page_url=known[url]["url"], closed_at=None)}
        self.first_visit = not known
        self.stored.new_pages = len(self.read.keys() - known.keys())
        self.stored.changed_pages = len(self.moved & self.read.keys() & known.keys())
        self.stored.unchanged_pages = len(self.read) - self.stored.new_pages - self.stored.changed_pages

    def _has_new_words(self, url: str, page: Summary) -> bool:
        row = self.known_pages.get(url)
        if row is None or row["unreachable_since"] is not None:
            return True
        return not same_words(row["content_hash"] or "", page.content_hash)

    def write(self) -> Stored:
        if select_one(self.db, "institutions", id=self.institution_id) is None:
            insert(self.db, "institutions", {"id": self.institution_id, "name": self.institution_id})
        for identity, page in self.read.items():
            self._respell(self.known_pages.get(identity), page.url)
        programs = [program for program in map(self._without_outdated, self.visit.programs) if program.pages]
        stored = {row["id"]: row for row in select(self.db, "programs", institution_id=self.institution_id)}
        evidence = {identifier: select(self.db, "evidence", program_id=identifier) for identifier in stored}
        ids = match_programs(programs, stored, evidence, set(self.read))
        for program in programs:
            program.id = ids[program.id]
        matched = {program.id for program in programs}
        for program in programs:
            self._write_program(program, stored.get(program.id))
        said = {program.id: self._write_evidence(program, evidence.get(program.id, [])) for program in programs}
        for identifier, rows in evidence.items():
            self._close_evidence(rows, said.get(identifier))
        for program in programs:
            self._settle(program.id, program.id not in stored)
        for identifier, row in stored.items():
            if identifier not in matched:
                self._leave(row, evidence[identifier])
        self._write_pages(programs)
        self._write_electives(programs)
        self._write_agency_terms()
        if self.crawl_id is not None:
            written = attrs.evolve(self.visit, programs=programs)
            note_visit(self.db, written, self.crawl_id, self.outcome, self.stored)
        self.stored.programs = len(programs)
        return self.stored

    def _respell(self, row: Row | None, url: str) -> None:
        """A page whose address is now written otherwise (https, a slash more) goes on under the new spelling."""
        if row is None or row["url"] == url or select_one(self.db, "pages", url=url) is not None:
            return
        update(self.db, "pages", {"url": row["url"]}, {"url": url})
        update(self.db, "evidence", {"page_url": row["url"]}, {"page_url": url})
        row["url"] = url

    def _without_outdated(self, program: Program) -> Program:
        """The program without pages of which the database knows a newer reading."""
        pages = {url: date for url, date in program.pages.items() if self.read.get(key(url)) is not None}
        facts = [(url, fact) for url, fact in program.facts if url in pages]
        url = program.url if program.url in pages else next(iter(pages), program.url)
        return attrs.evolve(program, pages=pages, facts=facts, url=url)

    # --- programs ---

    def _write_program(self, program: Program, row: Row | None) -> None:
        first, seen = min(program.pages.values())[:10], max(program.pages.values())[:10]
        if row is None:
            insert(
                self.db,
                "programs",
                {
                    "id": program.id,
                    "institution_id": program.institution_id,
                    "name": program.name,
                    "url": program.url,
                    "first_seen": first,
                    "last_seen": seen,
                    "search_id": highest(self.db, "programs", "search_id") + 1,
                },
            )
            if not self.first_visit and self.moved & {key(url) for url in program.pages}:
                self._change(program.id, "program", None, program.name, f"New program: {program.name}", program.url)
            return
        values: Row = {
            "name": program.name,
            "url": program.url,
            "last_seen": max(seen, row["last_seen"]),
            "stale_since": None,
            "closed_at": None,
        }
        if row["closed_at"] is not None and self.moved & {key(url) for url in program.pages}:
            self._change(program.id, "program", None, program.name, f"Program is back: {program.name}", program.url)
        update(self.db, "programs", {"id": program.id}, {n: v for n, v in values.items() if row[n] != v})

    def _leave(self, row: Row, evidence: list[Row]) -> None:
        """A stored program that no page read now speaks of: closed when its pages say so or are gone, stale when they
        cannot be read."""
        if row["closed_at"] is not None:
            return
        pages = {key(e["page_url"]) for e in evidence if e["closed_at"] is None} | {key(row["url"])}
        unread = pages - self.read.keys()
        if not unread - self.gone:
            update(self.db, "programs", {"id": row["id"]}, {"closed_at": self.date[:10]})
            for old in evidence:
                if old["closed_at"] is None and key(old["page_url"]) in self.gone:
                    update(self.db, "evidence", {"id": old["id"]}, {"closed_at": max(self.date, old["last_seen"])})
            self._settle(row["id"], quietly=True)
            self.stored.closed += 1
            if unread:
                self._change(row["id"], "program", row["name"], None, f"Its page is gone: {row['name']}", row["url"])
            elif self.moved & pages:
                self._change(row["id"], "program", row["name"], None, f"No longer described: {row['name']}", row["url"])
        elif self.visit.complete and row["stale_since"] is None and unread & self.failed.keys():
            update(self.db, "programs", {"id": row["id"]}, {"stale_since": self.date[:10]})
            self.stored.stale += 1

    # --- evidence ---

    def _write_evidence(self, program: Program, stored: list[Row]) -> set[tuple]:
        """Write what the pages read now say of a program; gives the identities of these readings."""
        opened = {_identity(row): row for row in stored if row["closed_at"] is None}
        facts = _best_facts(program)
        for identity, fact in facts.items():
            date = program.pages[identity[3]]
            row = {
                "in_words": value_words(fact.field, identity[1]),
                "quote": fact.quote,
                "headings": HEADING_SEPARATOR.join(fact.headings) or None,
                "rule": fact.rule or None,
                "confidence": round(fact.confidence, 3),
                "last_seen": date,
            }
            if (old := opened.get(identity)) is not None:
                update(self.db, "evidence", {"id": old["id"]}, {n: v for n, v in row.items() if old[n] != v})
                continue
            field, value, audience, page_url = identity
            names = {
                "program_id": program.id,
                "field": field,
                "value": value,
                "audience": audience,
                "page_url": page_url,
            }
            spans = {e["first_seen"]: e for e in stored if _identity(e) == identity}
            if date in spans:  # closed and said again on the same day
                update(self.db, "evidence", {"id": spans[date]["id"]}, {**row, "closed_at": None})
            else:
                insert(self.db, "evidence", {**names, **row, "in_conflict": 0, "first_seen": date})
        return set(facts)

    def _close_evidence(self, rows: list[Row], said: set[tuple] | None) -> None:
        """Close what the pages read now say no longer. What stood on pages that are gone is closed where other pages
        speak for the program (`said` is not None)."""
        for row in rows:
            if row["closed_at"] is not None or (said and _identity(row) in said):
                continue
            url = key(row["page_url"])
            if url in self.read:
                date = self.read[url].fetched_at
            elif said is not None and url in self.gone:
                date = self.date
            else:
                continue
            update(self.db, "evidence", {"id": row["id"]}, {"closed_at": max(date, row["last_seen"])})

    # --- what holds ---

    def _settle(self, program_id: str, is_new: bool = False, *, quietly: bool = False) -> None:
        """Work out what holds for a program, and write down what is different from before."""
        for difference in settle(self.db, program_id):
            if not (is_new or quietly) and self._moved(program_id):
                self._change(program_id, *difference)

    def _moved(self, program_id: str) -> bool:
        """Did any page of the program change? Where none did, we read better than before, and nothing changed there."""
        rows = select(self.db, "evidence", program_id=program_id)
        return any(key(row["page_url"]) in self.moved for row in rows)

    def _change(
        self, program_id: str, field: str, old: str | None, new: str | None, words: str, page_url: str | None
    ) -> None:
        page = self.read.get(key(page_url)) if page_url else None
        insert(
            self.db,
            "changes",
            {
                "date": page.fetched_at if page else self.date,
                "institution_id": self.institution_id,
                "program_id": program_id,
                "field": field,
                "old": old,
                "new": new,
                "in_words": words,
                "page_url": page_url,
                "crawl_id": self.crawl_id,
            },
        )
        self.stored.changes += 1

    # --- electives ---

    def _write_electives(self, programs: list[Program]) -> None:
        """The electives of the catalogs that were read now; what a page no longer lists is closed."""
        stored = select(self.db, "electives", institution_id=self.institution_id)
        opened = {_elective_identity(row): row for row in stored if row["closed_at"] is None}
        said: set[tuple] = set()
        for page in self.read.values():
            program = program_of_catalog(page, programs) if page.electives else None
            for elective in page.electives:
                row = elective_row(elective) | {
                    "institution_id": self.institution_id,
                    "program_id": program.id if program else None,
                    "page_url": page.url,
                    "last_seen": page.fetched_at,
                }
                identity = _elective_identity(row)
                if identity in said:
                    continue
                said.add(identity)
                if (old := opened.get(identity)) is None:
                    insert(self.db, "electives", row | {"first_seen": page.fetched_at})
                else:
                    update(self.db, "electives", {"id": old["id"]}, {n: v for n, v in row.items() if old[n] != v})
        for identity, row in opened.items():
            url = key(row["page_url"])
            if identity not in said and (url in self.read or url in self.gone):
                date = self.read[url].fetched_at if url in self.read else self.date
                update(self.db, "electives", {"id": row["id"]}, {"closed_at": max(date, row["last_seen"])})

    # --- agencies ---

    def _write_agency_terms(self) -> None:
        """What an agency's pages state now; what they no longer state is closed."""
        stored = select(self.db, "agency_terms", institution_id=self.institution_id)
        known = {(row["item"], row["value"], row["page_url"]): row for row in stored}
        said = set()
        for page in self.read.values():
            for term in page.agency_terms:
                names = {"item": term.item, "value": term.value, "page_url": page.url}
                row = names | {
                    "institution_id": self.institution_id,
                    "in_words": agency_words(term.item, term.value),
                    "quote": term.quote,
                    "headings": HEADING_SEPARATOR.join(term.headings) or None,
                    "rule": term.rule or None,
                    "confidence": term.confidence,
                    "last_seen": page.fetched_at,
                    "closed_at": None,
                }
                identity = (term.item, term.value, page.url)
                said.add(identity)
                first = known[identity]["first_seen"] if identity in known else page.fetched_at
                upsert(self.db, "agency_terms", row | {"first_seen": first})
        for identity, row in known.items():
            page_read = self.read.get(key(row["page_url"]))
            if row["closed_at"] is None and identity not in said and page_read is not None:
                keys: Row = {name: row[name] for name in TABLE["agency_terms"].key}
                closed = max(page_read.fetched_at, str(row["last_seen"]))
                update(self.db, "agency_terms", keys, {"closed_at": closed})

    # --- pages and visit ---

    def _write_pages(self, programs: list[Program]) -> None:
        owner = {key(url): program.id for program in reversed(programs) for url in program.pages}
        for identity, page in self.read.items():
            row = self.known_pages.get(identity)
            if row is None and select_one(self.db, "pages", url=page.url) is not None:
                continue  # another institution's page too: the first one's it stays
            is_same = row is not None and not self._has_new_words(identity, page)
            upsert(
                self.db,
                "pages",
                {
                    "url": row["url"] if row else page.url,
                    "institution_id": self.institution_id,
                    "program_id": owner.get(identity),
                    "title": page.title or None,
                    "relevant": int(page.relevant),
                    "status": page.status,
                    "content_hash": page.content_hash or None,
                    "first_seen": row["first_seen"] if row else page.fetched_at,
                    "fetched_at": row["fetched_at"] if row and is_same else page.fetched_at,
                    "last_seen": page.fetched_at,
                    "unreachable_since": None,
                    "gone_since": None,
                },
            )
        for identity, reason in self.failed.items():
            row = self.known_pages.get(identity)
            if row is not None and identity not in self.read:
                values: Row = {
                    "unreachable_since": row["unreachable_since"] or self.date,
                    "gone_since": (row["gone_since"] or self.date) if reason in GONE else None,
                }
                if reason.startswith("http_"):
                    values["status"] = int(reason.removeprefix("http_"))
                update(self.db, "pages", {"url": row["url"]}, {n: v for n, v in values.items() if row[n] != v})


# What is written down of a visit besides its pages, programs and changes.
_COUNTED = ("unchanged_pages", "new_pages", "changed_pages", "closed", "stale")


def note_visit(
    db: sqlite_utils.Database,
    visit: Visit,
    crawl_id: int,
    outcome: Outcome | None = None,
    stored: Stored | None = None,
) -> None:
    """Write down how a visit went."""
    stored, outcome = stored or Stored(), outcome or _outcome_of(visit)
    row: Row = {
        "crawl_id": crawl_id,
        "institution_id": visit.institution_id,
        "outcome": visit.outcome,
        "pages": len(visit.pages),
        "relevant_pages": sum(page.relevant for page in visit.pages),
        "programs": len(visit.programs),
        "changes": stored.changes,
        "finished_at": utc_now(),
        "started_at": outcome.started_at or None,
        **{name: getattr(stored, name) for name in _COUNTED},
        "failures": json.dumps(outcome.failures_by_host),
    }
    with db.atomic():
        upsert(db, "crawl_hosts", row)


def _outcome_of(visit: Visit) -> Outcome:
    """The outcome of a visit that came without one."""
    outcome = Outcome(visit.institution_id)
    for url, reason in visit.failed.items():
        outcome.failed(reason, url)
    return outcome


def agency_words(item: str, value: str) -> str:
    """A statement of an agency in plain words."""
    titles = vocabulary("agencies").titles
    words = {
        "price_public": f"A price is stated: ${int(value):,}" if value.isdigit() else value,
        "host_named": f"Names as host: {value}",
        "refund_policy": f"Refunds: {value}",
        "address_public": f"Address: {value}",
        "letter_signer": f"Letters of recommendation come from: {value}",
        "hands_on": "Hands-on work with patients" if value == "yes" else "Observation only",
        "includes": f"Speaks of as included: {titles.get(value, value).lower()}",
    }
    return words.get(item, f"{item}: {value}")


def elective_row(elective: Elective) -> Row:
    """The columns of `electives` that the elective itself fills."""
    row = {name: getattr(elective, name) for name in TABLE["electives"].column if hasattr(elective, name)}
    international = elective.accepts_international
    return row | {
        "months": " ".join(map(str, elective.months)) or None,
        "accepts_international": None if international is None else int(international),
    }


def _elective_identity(row: Row) -> tuple[str, str, str | None, str | None]:
    return key(row["page_url"]), row["title"], row["code"], row["site"]


def _identity(row: Row) -> tuple[str, str, str, str]:
    return row["field"], row["value"], row["audience"], row["page_url"]


def _best_facts(program: Program) -> dict[tuple[str, str, str, str], Fact]:
    """The facts of a program by field, value, audience and page: of those that say the same the surest, the first."""
    best: dict[tuple[str, str, str, str], Fact] = {}
    for url, fact in program.facts:
        identity = (fact.field, value_text(fact.value), fact.audience, url)
        if identity not in best or fact.confidence > best[identity].confidence:
            best[identity] = fact
    return best


# --- which stored program is it? -------------------------------------------------------------------------------------


def match_programs(
    programs: list[Program], stored: dict[str, Row], evidence: dict[str, list[Row]], read: set[str]
) -> dict[str, str]:
    """The id of each program: that of the stored program it continues, else its own, made unique.

    A stored program goes on where its own page does, then where most of its pages do, then under the same id, then
    where a page new to us says most of what it said while its own pages cannot be read any more (a move).
    """
    pages_of = {
        identifier: {key(row["page_url"]) for row in evidence[identifier] if row["closed_at"] is None}
        | {key(row["url"])}
        for identifier, row in stored.items()
    }
    found: dict[str, str] = {}
    free = dict(stored)

    def settle_pairs(scored: list[tuple[tuple, str, str]]) -> None:
        for _, mine, theirs in sorted(scored):
            if mine not in found and theirs in free:
                found[mine] = theirs
                del free[theirs]

    pairs: list[tuple[tuple, str, str]] = []
    for program in programs:
        mine = {key(url) for url in program.pages}
        for identifier, row in free.items():
            shared = len(mine & pages_of[identifier])
            if shared:
                own = key(row["url"]) in mine
                same_own = key(row["url"]) == key(program.url)
                rank = (row["closed_at"] is not None, not same_own, not own, -shared, program.id != identifier)
                pairs.append((rank, program.id, identifier))
    settle_pairs(pairs)
    settle_pairs([((), p.id, p.id) for p in programs if p.id in free])
    pairs = []
    for program in programs:
        said = {(fact.field, value_text(fact.value)) for _, fact in program.facts}
        for identifier in free:
            if (
                program.id not in found
                and not pages_of[identifier] & read
                and _family(identifier) == _family(program.id)
            ):
                before = {(row["field"], row["value"]) for row in evidence[identifier] if row["closed_at"] is None}
                alike = len(said & before) / max(1, len(said | before))
                if alike >= 0.5:
                    pairs.append(((-alike,), program.id, identifier))
    settle_pairs(pairs)
    taken = set(stored) | set(found.values())
    for program in programs:
        if program.id not in found:
            identifier, number = program.id, 2
            while identifier in taken:
                identifier, number = f"{program.id}-{number}", number + 1
            found[program.id] = identifier
            taken.add(identifier)
    return found


def _family(identifier: str) -> str:
    return identifier.rpartition("--")[2].partition("-")[0]


# --- what holds for a stored program ------------------------------------------------------------------------------------

Difference = tuple[str, str | None, str | None, str, str | None]  # field, old, new, in words, page


def open_readings(rows: Iterable[Row]) -> list[tuple[Row, Reading]]:
    """The open rows of evidence as readings."""
    found = []
    for row in rows:
        if row["closed_at"] is None:
            fact = Fact(
                row["field"],
                value_of(row["field"], row["value"]),
                row["quote"] or "",
                confidence=row["confidence"] if row["confidence"] is not None else 0.9,
                rule=row["rule"] or "",
                audience=row["audience"],
            )
            found.append((row, Reading(row["page_url"], row["last_seen"], fact)))
    return found


def settle(db: sqlite_utils.Database, program_id: str) -> list[Difference]:
    """Bring a program's columns and the tables of its fees, deadlines and sets in line with its open evidence.

    Gives what is different from before. A program that is closed keeps no current facts.
    """
    program = select_one(db, "programs", id=program_id)
    if program is None:
        return []
    evidence = select(db, "evidence", ("field", "value", "audience", "page_url", "first_seen"), program_id=program_id)
    pairs = open_readings(evidence)
    row_of = {id(reading): row for row, reading in pairs}
    merged = merge_facts((reading for _, reading in pairs), program["url"])
    conflicts = {row_of[id(reading)]["id"] for reading in merged.conflicts}
    for row, _ in pairs:
        if bool(row["in_conflict"]) != (row["id"] in conflicts):
            update(db, "evidence", {"id": row["id"]}, {"in_conflict": int(row["id"] in conflicts)})
    closed_on = {(row["field"], row["value"]): row["page_url"] for row in evidence if row["closed_at"] is not None}
    differences = _settle_scalars(db, program, merged, closed_on)
    for field in ("fees", "deadlines"):
        values = {value: row_of[id(reading)] for value, reading in getattr(merged, field).items()}
        differences += _settle_rows(db, program_id, field, values, closed_on)
    for field in SET_TABLES:
        members = {member: row_of[id(reading)] for member, reading in merged.sets.get(field, {}).items()}
        differences += _settle_set(db, program_id, field, members, merged, closed_on)
    index_program(db, program_id)
    return differences


def _settle_scalars(
    db: sqlite_utils.Database, program: Row, merged: Merged, closed_on: dict[tuple[str, str], str]
) -> list[Difference]:
    differences: list[Difference] = []
    changed: Row = {}
    for field in SCALAR_FIELDS:
        reading = merged.scalars.get(field.name)
        value = reading.fact.value if reading else None
        stored = program[field.name]
        wanted = int(value) if isinstance(value, bool) else value
        if stored == wanted:
            continue
        changed[field.name] = wanted
        before = None if stored is None else value_text(bool(stored) if field.kind == "bool" else stored)
        after = None if value is None else value_text(value)
        page = reading.page_url if reading else closed_on.get((field.name, before or ""))
        differences.append((field.name, before, after, change_words(field.name, before, after), page))
    update(db, "programs", {"id": program["id"]}, changed)
    return differences


def _settle_rows(
    db: sqlite_utils.Database,
    program_id: str,
    table: str,
    values: dict[Any, Row],
    closed_on: dict[tuple[str, str], str],
) -> list[Difference]:
    """Fees or deadlines. One that went and one that came in its place are one change: '$300 → $350'."""
    read_row = fee_of if table == "fees" else deadline_of
    stored = {read_row(row): row for row in select(db, table, ("id",), program_id=program_id)}
    gone = [value for value in stored if value not in values]
    new = [value for value in values if value not in stored]
    for value in gone:
        delete(db, table, id=stored[value]["id"])
    for value in new:
        insert(db, table, {"program_id": program_id, **row_of_value(value), "evidence_id": values[value]["id"]})
    for value, row in values.items():
        if value in stored and stored[value]["evidence_id"] != row["id"]:
            update(db, table, {"id": stored[value]["id"]}, {"evidence_id": row["id"]})
    differences: list[Difference] = []
    for old, instead in _paired(gone, new):
        before = None if old is None else value_text(old)
        after = None if instead is None else value_text(instead)
        page = values[instead]["page_url"] if instead is not None else closed_on.get((table, before or ""))
        differences.append((table, before, after, change_words(table, before, after), page))
    return differences


def _place(value: Fee | Deadline) -> tuple:
    """What a fee or deadline is for, whatever its amount or day."""
    if isinstance(value, Fee):
        return value.kind, value.audience
    form = "rolling" if value.rolling else "lead" if value.lead_n is not None else "day"
    return value.kind, form, value.audience


def _paired(gone: list[Any], new: list[Any]) -> list[tuple[Any, Any]]:
    """What went with what came in its place: told where just one of a kind went and one came, or the price unit is the same."""
    pairs: list[tuple[Any, Any]] = []
    gone, new = list(gone), list(new)
    for same in (lambda v: (_place(v), getattr(v, "per", ""), getattr(v, "weeks", None)), _place):
        for place in dict.fromkeys(same(value) for value in gone):
            before = [value for value in gone if same(value) == place]
            after = [value for value in new if same(value) == place]
            if len(before) == len(after) == 1:
                pairs.append((before[0], after[0]))
                gone.remove(before[0])
                new.remove(after[0])
    return [*pairs, *((value, None) for value in gone), *((None, value) for value in new)]


def _settle_set(
    db: sqlite_utils.Database,
    program_id: str,
    field: str,
    members: dict[str, Row],
    merged: Merged,
    closed_on: dict[tuple[str, str], str],
) -> list[Difference]:
    table, column, fixed = SET_TABLES[field]
    stored = {row[column]: row for row in select(db, table, (column,), program_id=program_id, **fixed)}
    differences: list[Difference] = []
    for member in sorted(set(stored) - set(members)):
        delete(db, table, program_id=program_id, **{column: member}, **fixed)
        page = closed_on.get((field, member))
        differences.append((field, member, None, change_words(field, member, None), page))
    for member, row in members.items():
        values = {"audience": merged.audiences[field, member], "evidence_id": row["id"]}
        if member not in stored:
            insert(db, table, {"program_id": program_id, **fixed, column: member, **values})
            differences.append((field, None, member, change_words(field, None, member), row["page_url"]))
        else:
            changed = {name: value for name, value in values.items() if stored[member][name] != value}
            update(db, table, {"program_id": program_id, **fixed, column: member}, changed)
    return differences


# --- the stage -------------------------------------------------------------------------------------------------------


class StorageStage:
    """Stores each institution when its visit is over. Without USCE_DATABASE it only counts the programs.

    An error of the database is raised to whoever sent the signal, who counts it as a failure of that visit.
    """

    def __init__(self, crawler: Crawler, path: str) -> None:
        self.crawler = crawler
        self.path = path
        self.db: sqlite_utils.Database | None = None
        self.crawl_id: int | None = None
        self.unreached: list[tuple[str, Outcome]] = []  # visits that wait for a sign that the line here is not dead
        self.anyone_reached = False
        crawler.signals.connect(self.institution_finished, signal=institution_finished)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorageStage:
        return cls(crawler, crawler.settings.get("USCE_DATABASE") or "")

    def process_item(self, item: Any) -> Any:
        return item

    def open_spider(self) -> None:
        if not self.path:
            return
        self.db = open_database(Path(self.path))
        registry = getattr(self.crawler.spider, "registry", None)
        if registry is not None:
            write_institutions(self.db, registry.institutions.values())
        settings = self.crawler.settings
        if replay := settings.get("USCE_REPLAY") or "":
            self.crawl_id = start_crawl(self.db, "replay", Path(replay).name)
        elif settings.getint("USCE_RESUME"):
            self.crawl_id = settings.getint("USCE_RESUME")
        else:
            self.crawl_id = start_crawl(self.db, "live", plan=getattr(self.crawler.spider, "to_visit", ()))

    def institution_finished(
        self, institution_id: str, outcome: Outcome | None = None, trails: dict[str, Trail] | None = None
    ) -> None:
        if outcome is not None and not outcome.reached and not self.anyone_reached:
            # Is it them or us? That can be told when somebody answers, or when all are through.
            self.unreached.append((institution_id, outcome))
            return
        if outcome is not None and outcome.pages:
            self._somebody_answers()
        self._store(institution_id, outcome, trails=trails)

    def _somebody_answers(self) -> None:
        self.anyone_reached = True
        while self.unreached:
            self._store(*self.unreached.pop(0))

    def _store(
        self,
        institution_id: str,
        outcome: Outcome | None,
        complete: bool = True,
        trails: dict[str, Trail] | None = None,
    ) -> None:
        programs = self.crawler.get_item_pipeline(ProgramsStage)
        if programs is None:
            return
        visit = programs.take(institution_id, outcome, complete=complete)
        if self.db is not None:
            try:
                stored = store_visit(self.db, visit, self.crawl_id, outcome, trails)
            except sqlite3.OperationalError as error:
                raise DatabaseError(f"{self.path}: {error}. All that was stored before is whole.") from error
        else:
            stored = Stored(len(visit.programs))
        if outcome is not None:
            outcome.programs = stored.programs
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value("storage/programs", stored.programs)
            self.crawler.stats.inc_value("storage/changes", stored.changes)
            self.crawler.stats.inc_value("storage/outdated_pages", stored.outdated)

    def spider_closed(self, reason: str = "finished") -> None:
        """Pages that came after their institution's end are stored; what a stopped crawl left unfinished keeps what it had."""
        if len(self.unreached) < OFFLINE_FROM:
            self._somebody_answers()  # one or two that are silent say nothing about the line here
        for institution_id, outcome in self.unreached:
            # What is known of them stays as it is, not even marked stale.
            if self.db is not None and self.crawl_id is not None:
                note_visit(self.db, Visit(institution_id, outcome_words(outcome)), self.crawl_id, outcome)
        programs = self.crawler.get_item_pipeline(ProgramsStage)
        left = list(programs.visits) if programs is not None else []
        for institution_id in left if reason == "finished" else ():
            try:
                self._store(institution_id, None, complete=False)
            except DatabaseError as error:
                logger.error("%s could not be stored: %s", institution_id, error)
        if self.db is not None and self.crawl_id is not None:
            try:
                finish_crawl(self.db, self.crawl_id, reason)
            except sqlite3.OperationalError as error:
                logger.error("the end of the crawl could not be written down: %s", error)
            self.db.conn.close()
            self.db = None
