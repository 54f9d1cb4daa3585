"""The database: its schema as migrations, its views, its full-text search. The only module that writes SQL for tables.

`TABLES` and `VIEWS` are the one description of every table and column, with units: the schema, Datasette's metadata,
the exported data package and docs/data-dictionary.md are made from it. Columns of `programs` that are fields of a page
come from `items.FIELDS`.

=====================  ==============================================================================================
table                  one row is
=====================  ==============================================================================================
institutions           a hospital, school, system or agency of the registry
programs               what an institution offers one kind of visitor; single-valued facts are columns named as FIELDS
fees, deadlines        a fee, a deadline that a program's pages state now
program_types, audiences, visas, documents, specialties, contacts, hospital_settings, who_pays
                       a member of a set of facts that a program's pages state now: (program_id, value)
pages                  a page that was read: when, with which content, for which program
evidence               a reading: field, value, exact quote, headings, page, rule, from when to when; nothing is deleted
changes                a value that changed, in words, with page, crawl and date
crawls, crawl_hosts    a crawl; a crawl's visit to an institution
electives              a single elective of a catalog
vslo_hosts, shared_terms   what AAMC's public pages list and say
agency_terms           what a placement agency's pages state of its offer
page_memory            what a page that answers 'not modified' said when it was read last: see scraper/memory.py
terms                  the name for people of a value such as 'bls_cpr'
about                  what this database is: title, source, fictional or real
=====================  ==============================================================================================

Views: `program_overview` (one flat row a program, names spelled out), `upcoming_deadlines` (dates ahead, days without a
year resolved to the next one and marked), `deadline_dates` (their common ground). Full-text search: `program_search`
(FTS5, rowid = `programs.search_id`). Null = the pages do not say. Booleans are 1 and 0, 'yes' and 'no' in the overview.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import attrs
import sqlite_utils
from sqlite_utils.migrations import Migrations

from scraper.items import (
    AUDIENCES,
    FEE_KINDS,
    FEE_PERIODS,
    FIELDS,
    HOSPITAL_SETTINGS,
    INSTITUTION_KINDS,
    PAYERS,
    PROGRAM_TYPES,
    Institution,
)
from scraper.vocabulary import VocabularyError, vocabulary

APPLICATION_ID = 0x55534345  # 'USCE' in ASCII: tells our files from other programs'
SCHEMA_VERSION = 4  # raised by one with every migration; kept in PRAGMA user_version

ColumnType = Literal["text", "integer", "number", "bool", "date", "datetime", "json", "url"]


class DatabaseError(RuntimeError):
    """A database that cannot be used; the message names the file, what is wrong and the remedy."""


@attrs.frozen
class Column:
    """A column: name, type, meaning, unit. `references` names the table its values come from; `since` the schema
    version that brought it; `exported` is False for what has a meaning in this one file only."""

    name: str
    type: ColumnType
    description: str
    unit: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    references: str = ""
    exported: bool = True
    since: int = 1


@attrs.frozen
class Table:
    """A table or view: what one row is, its columns, primary key, order of rows in exports."""

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    since: int = 1

    @property
    def column(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


AUDIENCE_CHOICES = ("any", "us", "international")
_PROGRAM = Column("program_id", "text", "Program the row belongs to.", required=True, references="programs")
_AUDIENCE = Column(
    "audience",
    "text",
    "Whom the statement is about: students of US schools, of schools abroad, or any visitor.",
    required=True,
    choices=AUDIENCE_CHOICES,
)
_EVIDENCE = Column(
    "evidence_id", "integer", "The reading with the exact words that say so.", references="evidence", exported=False
)
_FIELD_TYPE: dict[str, ColumnType] = {"bool": "bool", "number": "number", "choice": "text"}
SCALAR_FIELDS = tuple(field for field in FIELDS if field.kind in _FIELD_TYPE)


def _field_columns(since: int) -> Iterator[Column]:
    """The single-valued fields that a version of the schema brought, as columns of `programs`."""
    for field in SCALAR_FIELDS:
        if field.since == since:
            kind = _FIELD_TYPE[field.kind]
            yield Column(field.name, kind, field.meaning, field.unit, choices=field.choices, since=since)


def _set_table(
    name: str, title: str, column: str, description: str, choices: tuple[str, ...] = (), since: int = 1
) -> Table:
    """A table that holds the members of one set field, one row a member."""
    return Table(
        name,
        title,
        f"{title} of each program. One row a program and {title.lower()} entry.",
        (_PROGRAM, Column(column, "text", description, required=True, choices=choices), _AUDIENCE, _EVIDENCE),
        key=("program_id", column),
        order=("program_id", column),
        indexes=((column,),),
        since=since,
    )


TABLES: tuple[Table, ...] = (
    Table(
        "institutions",
        "Institutions",
        "Hospitals, medical schools, health systems and agencies. One row an institution of the registry.",
        (
            Column("id", "text", "Stable identifier.", required=True),
            Column("name", "text", "Name of the institution.", required=True),
            Column("kind", "text", "Kind of institution.", choices=INSTITUTION_KINDS),
            Column("parent", "text", "School, university or system it belongs to."),
            Column("city", "text", "City."),
            Column("state", "text", "State or territory, two-letter postal code.", pattern="[A-Z]{2}"),
            Column("latitude", "number", "Latitude, WGS 84.", "degrees"),
            Column("longitude", "number", "Longitude, WGS 84.", "degrees"),
            Column("website", "url", "Home page."),
            Column("vslo_host", "bool", "Is it a host in AAMC's VSLO? (registry)"),
            Column("notes", "text", "Remarks of the registry."),
            Column("aliases", "text", "Other names, parted by ' | '.", exported=False, since=3),
            Column("vslo_source", "text", "Who says whether it is a VSLO host.", exported=False, since=3),
        ),
        key=("id",),
        order=("id",),
        indexes=(("state",), ("kind",)),
    ),
    Table(
        "crawls",
        "Crawls",
        "Runs of the crawler. One row a crawl.",
        (
            Column("id", "integer", "Number of the crawl.", required=True),
            Column("started_at", "datetime", "When it began.", "UTC", required=True),
            Column("finished_at", "datetime", "When it ended; empty while it runs or when it was cut off.", "UTC"),
            Column("source", "text", "Where the pages came from.", choices=("live", "replay", "import", "demo")),
            Column("archive", "text", "Name of the archive that was replayed or recorded."),
            Column("institutions", "integer", "Institutions visited.", "institutions"),
            Column("pages", "integer", "Pages read.", "pages"),
            Column("relevant_pages", "integer", "Pages that describe an opportunity for visitors.", "pages"),
            Column("programs", "integer", "Programs built from them.", "programs"),
            Column("changes", "integer", "Changes against the crawls before.", "changes"),
            Column("errors", "integer", "Pages or sites that could not be read.", "errors"),
            Column("outcome", "text", "How it ended."),
            Column("unchanged_pages", "integer", "Pages whose text was as before.", "pages", since=2),
            Column("closed", "integer", "Programs closed.", "programs", since=2),
            Column("stale", "integer", "Programs whose pages could no longer be reached.", "programs", since=2),
            Column(
                "gate", "text", "Was it published? 'passed', or why not; empty for a crawl that is not judged.", since=2
            ),
            Column("plan", "json", "What it was to visit, for going on after a break.", exported=False, since=2),
        ),
        key=("id",),
        order=("id",),
    ),
    Table(
        "programs",
        "Programs",
        "What an institution offers one kind of visitor. One row a program; facts with several values stand in tables of their own.",
        (
            Column("id", "text", "Stable identifier.", required=True),
            Column("institution_id", "text", "Institution that offers it.", required=True, references="institutions"),
            Column("name", "text", "Name of the program, from its page's title.", required=True),
            Column("url", "url", "The program's own page.", required=True),
            *_field_columns(since=1),
            Column("first_seen", "date", "Day on which a page that describes it was first read.", required=True),
            Column("last_seen", "date", "Day on which its pages were last read.", required=True),
            Column("stale_since", "date", "Since when its pages cannot be read; its facts are as last read."),
            Column("closed_at", "date", "Day on which its pages no longer described it; empty while they do."),
            Column("search_id", "integer", "Row of the full-text index.", exported=False),
            *_field_columns(since=4),
        ),
        key=("id",),
        order=("id",),
        unique=(("search_id",),),
        indexes=(("institution_id",), ("url",), ("closed_at",), ("accepts_international",)),
    ),
    Table(
        "pages",
        "Pages",
        "Pages that were read. One row a page.",
        (
            Column("url", "url", "Address of the page.", required=True),
            Column("institution_id", "text", "Institution whose page it is.", references="institutions"),
            Column("program_id", "text", "Program it describes.", references="programs"),
            Column("title", "text", "The page's title."),
            Column("relevant", "bool", "Does it describe an opportunity for visitors?"),
            Column("status", "integer", "HTTP status of the last answer."),
            Column("content_hash", "text", "Fingerprints of the page's own text and of its body, parted by a dot."),
            Column("first_seen", "datetime", "When it was first read.", "UTC"),
            Column("fetched_at", "datetime", "When its present text was first read.", "UTC", required=True),
            Column("last_seen", "datetime", "When it was last fetched.", "UTC"),
            Column("unreachable_since", "datetime", "Since when it cannot be fetched.", "UTC"),
            Column(
                "gone_since",
                "datetime",
                "Since when its site says that there is no such page (404, 410).",
                "UTC",
                exported=False,
                since=2,
            ),
        ),
        key=("url",),
        order=("url",),
        indexes=(("institution_id",), ("program_id",)),
    ),
    Table(
        "evidence",
        "Evidence",
        "What was read where: each value with the exact words, page and rule. One row a program, field, value, audience, page and span of time. Closed rows are history.",
        (
            Column("id", "integer", "Number of the reading.", required=True, exported=False),
            _PROGRAM,
            Column(
                "field",
                "text",
                "Field that the value belongs to.",
                required=True,
                choices=tuple(f.name for f in FIELDS),
            ),
            Column(
                "value",
                "text",
                "The value: true or false, a number, a word, or a fee or deadline as JSON.",
                required=True,
            ),
            Column("in_words", "text", "The value in words.", required=True),
            _AUDIENCE,
            Column("quote", "text", "The exact words of the page. Left out of the published dataset."),
            Column(
                "headings",
                "text",
                "Headings above the words, outermost first, parted by ' › '. Left out of the published dataset.",
            ),
            Column("page_url", "url", "Page on which it stands.", required=True),
            Column("rule", "text", "Name of the rule that read it."),
            Column("confidence", "number", "How sure the rule is, 0 to 1."),
            Column("in_conflict", "bool", "1 when another value was chosen over this one.", required=True),
            Column("first_seen", "datetime", "When it was first read.", "UTC", required=True),
            Column("last_seen", "datetime", "When it was last read.", "UTC", required=True),
            Column("closed_at", "datetime", "When the page no longer said so; empty while it does.", "UTC"),
        ),
        key=("id",),
        order=("program_id", "field", "value", "audience", "page_url", "first_seen"),
        unique=(("program_id", "field", "value", "audience", "page_url", "first_seen"),),
        indexes=(("field",), ("page_url",)),
    ),
    Table(
        "fees",
        "Fees",
        "What a visitor pays the host or VSLO. One row a fee.",
        (
            Column("id", "integer", "Number of the fee.", required=True, exported=False),
            _PROGRAM,
            Column("kind", "text", "What the fee is for.", required=True, choices=FEE_KINDS),
            Column("amount", "number", "Amount; 0 when the page says that there is no fee.", "USD", required=True),
            Column("per", "text", "What the amount buys.", required=True, choices=FEE_PERIODS),
            Column("weeks", "number", "Length that the amount pays for, where a price list names it.", "weeks"),
            Column("refundable", "bool", "Can it be paid back?"),
            _AUDIENCE,
            _EVIDENCE,
        ),
        key=("id",),
        order=("program_id", "kind", "audience", "per", "weeks", "amount", "refundable"),
        indexes=(("program_id",), ("kind",)),
    ),
    Table(
        "deadlines",
        "Deadlines",
        "When applications open and when they must be in. One row a deadline: a date, a day without a year, a lead time, or rolling.",
        (
            Column("id", "integer", "Number of the deadline.", required=True, exported=False),
            _PROGRAM,
            Column("kind", "text", "Do applications open or close?", required=True, choices=("opens", "closes")),
            Column("date", "text", "Date, YYYY-MM-DD or YYYY-MM.", pattern=r"\d{4}-\d{2}(-\d{2})?"),
            Column("month_day", "text", "MM-DD or MM: the page gives no year.", pattern=r"\d{2}(-\d{2})?"),
            Column("lead_n", "number", "Apply at least this long before the start, in units of lead_unit."),
            Column("lead_unit", "text", "Unit of lead_n.", choices=("day", "week", "month")),
            Column("rolling", "bool", "1 when applications are taken at any time.", required=True),
            _AUDIENCE,
            _EVIDENCE,
        ),
        key=("id",),
        order=("program_id", "kind", "date", "month_day", "lead_unit", "lead_n", "rolling", "audience"),
        indexes=(("program_id",), ("date",)),
    ),
    _set_table("program_types", "Program types", "program_type", "What is offered.", PROGRAM_TYPES),
    _set_table("audiences", "Who may apply", "visitor", "Group that may take part.", AUDIENCES),
    _set_table("visas", "Visas accepted", "visa", "Visa class named as accepted, usable or issued."),
    _set_table("documents", "Documents", "document", "What has to be handed in or held before starting; see terms."),
    _set_table("specialties", "Specialties", "specialty", "Specialty or department, as the page names it."),
    _set_table(
        "hospital_settings",
        "Hospital settings",
        "setting",
        "Kind of place where visitors are, as the page names it.",
        HOSPITAL_SETTINGS,
        since=4,
    ),
    _set_table(
        "who_pays",
        "Who pays",
        "payer",
        "The visitor for travel and living, or the home school for tuition or the fee.",
        PAYERS,
        since=4,
    ),
    Table(
        "contacts",
        "Contacts",
        "E-mail addresses and phone numbers of a program's office. One row an address or number.",
        (
            _PROGRAM,
            Column(
                "kind",
                "text",
                "E-mail, e-mail that stands behind a link only, or phone.",
                required=True,
                choices=("email", "email_link", "phone"),
            ),
            Column("contact", "text", "Address, or ten digits.", required=True),
            _AUDIENCE,
            _EVIDENCE,
        ),
        key=("program_id", "kind", "contact"),
        order=("program_id", "kind", "contact"),
    ),
    Table(
        "changes",
        "Changes",
        "What changed on the programs' pages. One row a changed value.",
        (
            Column("id", "integer", "Number of the change.", required=True, exported=False),
            Column("date", "datetime", "When the page that says the new was read.", "UTC", required=True),
            Column("institution_id", "text", "Institution.", required=True, references="institutions"),
            _PROGRAM,
            Column(
                "field", "text", "Field that changed; 'program' when a program came, went or came back.", required=True
            ),
            Column("old", "text", "Value before, in the form of evidence.value; empty where there was none."),
            Column("new", "text", "Value since, in the form of evidence.value; empty where there is none."),
            Column("in_words", "text", "The change in words.", required=True),
            Column("page_url", "url", "Page on which it was seen."),
            Column("crawl_id", "integer", "Crawl that saw it.", references="crawls", exported=False),
        ),
        key=("id",),
        order=("date", "program_id", "field", "old", "new"),
        indexes=(("program_id",), ("institution_id",), ("date",)),
    ),
    Table(
        "crawl_hosts",
        "Visits",
        "What a crawl found at an institution. One row a crawl and institution.",
        (
            Column("crawl_id", "integer", "The crawl.", required=True, references="crawls"),
            Column("institution_id", "text", "The institution.", required=True, references="institutions"),
            Column("outcome", "text", "'finished', or why the visit ended early.", required=True),
            Column("pages", "integer", "Pages read.", "pages"),
            Column("relevant_pages", "integer", "Pages that describe an opportunity for visitors.", "pages"),
            Column("programs", "integer", "Programs built from them.", "programs"),
            Column("changes", "integer", "Changes seen.", "changes"),
            Column("finished_at", "datetime", "When the visit ended.", "UTC", required=True),
            Column("started_at", "datetime", "When the visit began.", "UTC", since=2),
            Column("unchanged_pages", "integer", "Pages whose text was as before.", "pages", since=2),
            Column("new_pages", "integer", "Pages never read before.", "pages", since=2),
            Column("changed_pages", "integer", "Pages whose text was another than before.", "pages", since=2),
            Column("closed", "integer", "Programs closed.", "programs", since=2),
            Column("stale", "integer", "Programs whose pages could no longer be reached.", "programs", since=2),
            Column(
                "failures", "json", "What could not be read, counted: host, then reason (scraper/outcomes.py).", since=2
            ),
        ),
        key=("crawl_id", "institution_id"),
        order=("crawl_id", "institution_id"),
        indexes=(("institution_id",),),
    ),
    Table(
        "page_memory",
        "Memory of pages",
        "What a page said when it was read last, for when it answers 'not modified'. One row a page that can answer so.",
        (
            Column("url", "url", "Address of the page.", required=True),
            Column("institution_id", "text", "Institution whose page it is.", required=True, references="institutions"),
            Column("reader", "text", "Fingerprint of the rules that read it; other rules read it anew.", required=True),
            Column("etag", "text", "The validator ETag, as the host gave it."),
            Column("last_modified", "text", "The validator Last-Modified, as the host gave it."),
            Column("read_at", "datetime", "When its text was read last.", "UTC", required=True),
            Column("memory", "json", "Its facts, and the links that promised something.", required=True),
        ),
        key=("url",),
        order=("url",),
        indexes=(("institution_id",),),
        since=2,
    ),
    Table(
        "electives",
        "Electives",
        "Single electives that catalogs list. One row an elective of an institution's catalog. Rows with a closed_at are history.",
        (
            Column("id", "integer", "Number of the elective.", required=True, exported=False),
            Column("institution_id", "text", "Institution that offers it.", required=True, references="institutions"),
            Column("program_id", "text", "Program under which visitors apply for it.", references="programs"),
            Column("title", "text", "Title, as the catalog gives it.", required=True),
            Column("specialty", "text", "Specialty, by the ACGME's list; see terms."),
            Column("code", "text", "The catalog's own number."),
            Column("site", "text", "Hospital or clinic where it takes place."),
            Column("weeks_min", "number", "Shortest length.", "weeks"),
            Column("weeks_max", "number", "Longest length.", "weeks"),
            Column("capacity", "integer", "Students taken at a time.", "students"),
            Column("months", "text", "Months in which it is offered, as numbers of the calendar parted by blanks."),
            Column("accepts_international", "bool", "Does it take students of schools outside the US?"),
            Column("prerequisites", "text", "What has to be passed before, as the catalog words it."),
            Column("url", "url", "The elective's own page."),
            Column("page_url", "url", "Page that lists it.", required=True),
            Column("quote", "text", "The exact words of the page. Left out of the published dataset."),
            Column("first_seen", "datetime", "When it was first read.", "UTC", required=True),
            Column("last_seen", "datetime", "When it was last read.", "UTC", required=True, exported=False),
            Column("closed_at", "datetime", "When the page no longer listed it; empty while it does.", "UTC"),
        ),
        key=("id",),
        order=("institution_id", "page_url", "title", "code", "site", "first_seen"),
        indexes=(("institution_id",), ("program_id",), ("specialty",)),
        since=3,
    ),
    Table(
        "vslo_hosts",
        "VSLO hosts",
        "Institutions that AAMC's public pages list as hosts of VSLO. One row a name and network.",
        (
            Column("name", "text", "Name, as the page gives it.", required=True),
            Column(
                "network", "text", "Network whose list names it.", required=True, choices=("us", "global", "unknown")
            ),
            Column("place", "text", "City, state or country, as the page gives it."),
            Column("institution_id", "text", "Institution of the registry that is meant.", references="institutions"),
            Column(
                "matched",
                "text",
                "How it was found: by its name without doubt, by a person, or not yet.",
                required=True,
                choices=("name", "reviewed", "open"),
            ),
            Column("candidates", "text", "Institutions that may be meant, where there is doubt."),
            Column("page_url", "url", "Page that lists it.", required=True),
            Column("quote", "text", "The exact words of the page. Left out of the published dataset."),
            Column("first_seen", "datetime", "When it was first read.", "UTC", required=True),
            Column("last_seen", "datetime", "When it was last read.", "UTC", required=True, exported=False),
            Column("closed_at", "datetime", "When the page no longer listed it; empty while it does.", "UTC"),
        ),
        key=("name", "network"),
        order=("name", "network"),
        indexes=(("institution_id",),),
        since=3,
    ),
    Table(
        "shared_terms",
        "What holds for all hosts of a portal",
        "What AAMC's public pages say of every application through VSLO. One row a statement.",
        (
            Column("portal", "text", "The portal.", required=True, choices=("vslo",)),
            Column("field", "text", "What the statement is about.", required=True),
            Column("value", "text", "The value, in the form of evidence.value.", required=True),
            Column("in_words", "text", "The value in words.", required=True),
            Column("quote", "text", "The exact words of the page. Left out of the published dataset."),
            Column("headings", "text", "Headings above the words. Left out of the published dataset."),
            Column("page_url", "url", "Page that states it.", required=True),
            Column("first_seen", "datetime", "When it was first read.", "UTC", required=True),
            Column("last_seen", "datetime", "When it was last read.", "UTC", required=True, exported=False),
            Column("closed_at", "datetime", "When the page no longer said so; empty while it does.", "UTC"),
        ),
        key=("portal", "field", "value", "page_url"),
        order=("portal", "field", "value", "page_url"),
        since=3,
    ),
    Table(
        "agency_terms",
        "What agencies state",
        "What a placement agency's own pages say of its offer. One row a statement; nothing is judged.",
        (
            Column("institution_id", "text", "The agency.", required=True, references="institutions"),
            Column("item", "text", "What the statement is about; see terms.", required=True),
            Column("value", "text", "The value: yes, no, a number, a name or a word.", required=True),
            Column("in_words", "text", "The statement in words.", required=True),
            Column("quote", "text", "The exact words of the page. Left out of the published dataset."),
            Column("headings", "text", "Headings above the words. Left out of the published dataset."),
            Column("page_url", "url", "Page that states it.", required=True),
            Column("rule", "text", "Name of the rule that read it."),
            Column("confidence", "number", "How sure the rule is, 0 to 1."),
            Column("first_seen", "datetime", "When it was first read.", "UTC", required=True),
            Column("last_seen", "datetime", "When it was last read.", "UTC", required=True, exported=False),
            Column("closed_at", "datetime", "When the page no longer said so; empty while it does.", "UTC"),
        ),
        key=("institution_id", "item", "value", "page_url"),
        order=("institution_id", "item", "value", "page_url"),
        since=3,
    ),
    Table(
        "terms",
        "Names of values",
        "The names for people of the short values in the other tables. One row a value.",
        (
            Column("field", "text", "Field or column.", required=True),
            Column("value", "text", "Short value.", required=True),
            Column("title", "text", "Name for people.", required=True),
        ),
        key=("field", "value"),
        order=("field", "value"),
    ),
    Table(
        "about",
        "About this database",
        "What this database is. One row a property.",
        (
            Column("property", "text", "Name of the property.", required=True),
            Column("value", "text", "Its value."),
        ),
        key=("property",),
        order=("property",),
    ),
)
TABLE = {table.name: table for table in TABLES}

# Set fields of items.FIELDS -> (table, value column, fixed columns): where each set's members are kept.
SET_TABLES: dict[str, tuple[str, str, dict[str, str]]] = {
    "program_types": ("program_types", "program_type", {}),
    "audiences": ("audiences", "visitor", {}),
    "visas": ("visas", "visa", {}),
    "documents": ("documents", "document", {}),
    "specialties": ("specialties", "specialty", {}),
    "hospital_settings": ("hospital_settings", "setting", {}),
    "who_pays": ("who_pays", "payer", {}),
    "emails": ("contacts", "contact", {"kind": "email"}),
    "email_links": ("contacts", "contact", {"kind": "email_link"}),
    "phones": ("contacts", "contact", {"kind": "phone"}),
}

# Names for people of values that no vocabulary file names.
TITLES: dict[str, dict[str, str]] = {
    "program_types": {
        "clinical_elective": "Clinical elective",
        "sub_internship": "Sub-internship",
        "observership": "Observership",
        "research": "Research",
    },
    "audiences": {
        "us_student": "Students of US schools",
        "international_student": "International students",
        "graduate": "Graduates (IMGs)",
        "physician": "Physicians",
    },
    "accepts_international": {"yes": "yes", "no": "no", "partners_only": "partners only"},
    "hospital_settings": {
        "academic": "Academic or teaching hospital",
        "community": "Community hospital or practice",
        "safety_net": "Safety-net or public hospital",
        "rural": "Rural hospital or clinic",
        "veterans": "Veterans hospital",
    },
    "housing": {
        "free": "free rooms for visitors",
        "available": "rooms for visitors, not free or price not told",
        "help": "none, but help to find some",
        "none": "none",
    },
    "who_pays": {
        "own_costs": "Visitor pays own travel and living",
        "home_tuition": "Tuition is paid at the home school",
        "home_school": "Home school pays the fee",
    },
    "audience": {"any": "anyone", "us": "students of US schools", "international": "international students"},
    "fee_kind": {
        "application": "Application fee",
        "program": "Program fee",
        "deposit": "Deposit",
        "insurance": "Insurance",
        "other": "Other charge",
    },
    "fee_per": {
        "once": "once",
        "week": "per week",
        "two_weeks": "per 2 weeks",
        "four_weeks": "per 4 weeks",
        "month": "per month",
        "rotation": "per rotation",
        "day": "per day",
        "year": "per year",
    },
}


def titles() -> dict[str, dict[str, str]]:
    """The names for people of every short value: those above and those of the documents vocabulary."""
    try:
        documents = dict(vocabulary("documents").titles)
        specialties = dict(vocabulary("specialties").titles)
    except VocabularyError:
        documents, specialties = {}, {}
    return {**TITLES, "documents": documents, "specialty": specialties}


# --- views -------------------------------------------------------------------------------------------------------

_US_ONLY = """(p.accepts_international = 'no' or (
    exists (select 1 from audiences a where a.program_id = p.id and a.visitor = 'us_student')
    and not exists (select 1 from audiences a where a.program_id = p.id and a.visitor <> 'us_student')
    and coalesce(p.accepts_international, '') not in ('yes', 'partners_only')))"""
# A fee or deadline for US students is shown as a program's own only where it takes nobody else, and the reverse.
_FOR_VISITOR = f"(x.audience = 'any' or x.audience = case when {_US_ONLY} then 'us' else 'international' end)"
# What four weeks cost at each kind of price; null where the length that it buys is not known.
_FOUR_WEEKS = """case
    when x.amount = 0 then 0
    when x.weeks is not null and x.per = 'rotation' then case when x.weeks = 4 then x.amount end
    when x.per = 'day' then x.amount * 20
    when x.per = 'week' then x.amount * 4
    when x.per = 'two_weeks' then x.amount * 2
    when x.per in ('four_weeks', 'month') then x.amount
    when x.per = 'rotation' and coalesce(p.duration_weeks_max, 4) = 4 then x.amount
    when x.per = 'once' then x.amount
  end"""


def _yes_no(column: str) -> str:
    return f"case p.{column} when 1 then 'yes' when 0 then 'no' end as {column}"


def _joined(table: str, column: str, field: str = "", where: str = "", separator: str = ", ") -> str:
    """The members of a set as text, in alphabetical order, spelled out where `field` has names."""
    title = f"coalesce(t.title, x.{column})" if field else f"x.{column}"
    join = f" left join terms t on t.field = '{field}' and t.value = x.{column}" if field else ""
    return (
        f"(select group_concat(said, '{separator}') from (select {title} as said from {table} x{join}"
        f" where x.program_id = p.id{where} order by said))"
    )


_DEADLINE_DATES = """
select d.id, d.program_id, d.kind, d.audience, d.evidence_id,
  coalesce(d.date, d.month_day) as stated,
  case
    when length(d.date) = 10 then date(d.date)
    when length(d.date) = 7 and d.kind = 'opens' then date(d.date || '-01')
    when length(d.date) = 7 then date(d.date || '-01', '+1 month', '-1 day')
    when d.month_day is not null then (
      select min(day) from (
        select case when length(d.month_day) = 5 then date(year || '-' || d.month_day)
                    when d.kind = 'opens' then date(year || '-' || d.month_day || '-01')
                    else date(year || '-' || d.month_day || '-01', '+1 month', '-1 day') end as day
        from (select strftime('%Y', 'now') as year union select strftime('%Y', 'now', '+1 year')))
      where day >= date('now'))
  end as date,
  case when d.date is null then 'no year given' else 'yes' end as year_given
from deadlines d
where d.date is not null or d.month_day is not null
"""

_UPCOMING = """
select x.id as deadline_id, x.date,
  case x.kind when 'opens' then 'Applications open' else 'Applications close' end as event,
  p.name as program, i.name as institution, i.city, i.state, x.year_given,
  cast(julianday(x.date) - julianday(date('now')) as integer) as days_left,
  x.stated, a.title as for_whom, x.audience, p.id as program_id, i.id as institution_id, e.page_url, p.url
from deadline_dates x
join programs p on p.id = x.program_id and p.closed_at is null
join institutions i on i.id = p.institution_id
left join terms a on a.field = 'audience' and a.value = x.audience
left join evidence e on e.id = x.evidence_id
where x.date >= date('now')
"""

_CHEAPEST = (
    f"(select min({_FOUR_WEEKS}) from fees x where x.program_id = p.id and x.kind = 'program' and {_FOR_VISITOR})"
)
_APPLICATION = (
    f"(select min(x.amount) from fees x where x.program_id = p.id and x.kind = 'application' and {_FOR_VISITOR})"
)

_OVERVIEW = f"""
select p.id, p.name as program, i.name as institution, i.city, i.state,
  {_joined("program_types", "program_type", "program_types")} as types,
  {_joined("audiences", "visitor", "audiences")} as who_may_apply,
  case p.accepts_international when 'partners_only' then 'partners only' else p.accepts_international end as international_students,
  p.status,
  {_joined("visas", "visa")} as visas,
  {_yes_no("visa_sponsored")},
  {_APPLICATION} as application_fee,
  {_CHEAPEST} as program_fee_4_weeks,
  case when {_APPLICATION} is not null or {_CHEAPEST} is not null
    then coalesce({_APPLICATION}, 0) + coalesce({_CHEAPEST}, 0) end as stated_cost_4_weeks,
  (select min(x.date) from deadline_dates x
    where x.program_id = p.id and x.kind = 'closes' and x.date >= date('now') and {_FOR_VISITOR}) as next_deadline,
  (select group_concat(said, ', ') from (
    select distinct cast(x.lead_n as integer) || ' ' || x.lead_unit || case when x.lead_n = 1 then '' else 's' end || ' before the start' as said
    from deadlines x where x.program_id = p.id and x.lead_n is not null and {_FOR_VISITOR} order by said)) as apply_ahead,
  case when exists (select 1 from deadlines x where x.program_id = p.id and x.rolling = 1 and {_FOR_VISITOR}) then 'yes' end as rolling,
  p.duration_weeks_min, p.duration_weeks_max, p.total_weeks_max,
  {_yes_no("vslo")},
  p.toefl_ibt_min, p.ielts_min,
  {_yes_no("english_proficiency_required")},
  {_yes_no("usmle_step1_required")},
  {_yes_no("final_year_required")},
  {_yes_no("core_clerkships_required")},
  {_yes_no("good_standing_required")},
  {_yes_no("affiliation_required")},
  p.letters_required,
  {_joined("documents", "document", "documents", separator="; ")} as documents,
  {_joined("specialties", "specialty", separator="; ")} as specialties,
  p.compensation,
  {_yes_no("certificate_offered")},
  {_yes_no("recommendation_offered")},
  {_yes_no("interview_required")},
  {_yes_no("home_school_applies")},
  {_joined("hospital_settings", "setting", "hospital_settings", separator="; ")} as hospital_settings,
  {_yes_no("mentorship_offered")},
  p.housing,
  {_joined("who_pays", "payer", "who_pays", separator="; ")} as who_pays,
  {_yes_no("malpractice_provided")},
  {_yes_no("health_insurance_provided")},
  {_joined("contacts", "contact", where=" and x.kind <> 'phone'")} as emails,
  {_joined("contacts", "contact", where=" and x.kind = 'phone'")} as phones,
  p.url, p.last_seen as last_read, p.stale_since as unreachable_since,
  i.latitude, i.longitude, i.kind as institution_kind, p.institution_id, p.search_id
from programs p join institutions i on i.id = p.institution_id
"""
_CURRENT = "where p.closed_at is null"

_YES_NO = ("yes", "no")


def _overview_columns() -> Iterator[Column]:
    fields = {field.name: field for field in SCALAR_FIELDS}
    own: dict[str, Column] = {
        column.name: column
        for column in (
            Column("id", "text", "Program.", references="programs", required=True),
            Column("program", "text", "Name of the program.", required=True),
            Column("institution", "text", "Name of the institution.", required=True),
            Column("city", "text", "City."),
            Column("state", "text", "State or territory."),
            Column("types", "text", "What is offered."),
            Column("who_may_apply", "text", "Groups that may take part."),
            Column(
                "international_students",
                "text",
                "May students of medical schools outside the US take part?",
                choices=("yes", "no", "partners only"),
            ),
            Column("visas", "text", "Visa classes named as accepted."),
            Column("application_fee", "number", "Lowest application fee that this program's visitors pay.", "USD"),
            Column(
                "program_fee_4_weeks", "number", "Lowest program fee for a stay of four weeks, as far as stated.", "USD"
            ),
            Column(
                "stated_cost_4_weeks",
                "number",
                "Application fee and program fee for four weeks, as far as stated; what no page states is not in it.",
                "USD",
            ),
            Column(
                "next_deadline",
                "date",
                "Next day by which applications must be in; days without a year count as the next such day.",
            ),
            Column("apply_ahead", "text", "How long before the start to apply at the latest."),
            Column("rolling", "text", "'yes' when applications are taken at any time.", choices=("yes",)),
            Column("documents", "text", "What has to be handed in or held before starting, parted by semicolons."),
            Column("specialties", "text", "Specialties or departments that are offered, parted by semicolons."),
            Column(
                "hospital_settings",
                "text",
                "What kind of place visitors are at, as the pages name it, parted by semicolons.",
                since=4,
            ),
            Column("who_pays", "text", "Who pays for travel, living and tuition, parted by semicolons.", since=4),
            Column("emails", "text", "E-mail addresses of the program's office."),
            Column("phones", "text", "Phone numbers of the program's office."),
            Column("url", "url", "The program's own page.", required=True),
            Column("last_read", "date", "Day on which its pages were last read.", required=True),
            Column("unreachable_since", "date", "Since when its pages cannot be reached."),
            Column("latitude", "number", "Latitude of the institution, WGS 84.", "degrees"),
            Column("longitude", "number", "Longitude of the institution, WGS 84.", "degrees"),
            Column("institution_kind", "text", "Kind of institution.", choices=INSTITUTION_KINDS),
            Column("institution_id", "text", "Institution.", references="institutions", required=True),
            Column("search_id", "integer", "Row of the full-text index.", exported=False),
        )
    }
    for name in OVERVIEW_ORDER:
        if name in own:
            yield own[name]
        else:
            field = fields[name]
            is_bool = field.kind == "bool"
            yield Column(
                name,
                "text" if is_bool else _FIELD_TYPE[field.kind],
                field.meaning,
                field.unit,
                choices=_YES_NO if is_bool else field.choices,
                since=field.since,
            )


OVERVIEW_ORDER = (
    "id", "program", "institution", "city", "state", "types", "who_may_apply", "international_students", "status", "visas",
    "visa_sponsored", "application_fee", "program_fee_4_weeks", "stated_cost_4_weeks", "next_deadline", "apply_ahead", "rolling",
    "duration_weeks_min", "duration_weeks_max", "total_weeks_max", "vslo", "toefl_ibt_min", "ielts_min",
    "english_proficiency_required", "usmle_step1_required", "final_year_required", "core_clerkships_required",
    "good_standing_required", "affiliation_required", "letters_required", "documents", "specialties", "compensation",
    "certificate_offered", "recommendation_offered", "interview_required", "home_school_applies", "hospital_settings",
    "mentorship_offered", "housing", "who_pays", "malpractice_provided", "health_insurance_provided", "emails", "phones", "url", "last_read", "unreachable_since", "latitude",
    "longitude", "institution_kind", "institution_id", "search_id",
)  # fmt: skip

VIEWS: tuple[Table, ...] = (
    Table(
        "program_overview",
        "All programs",
        "Programs that can be applied for, one flat row a program, names spelled out. Empty = the pages do not say.",
        tuple(_overview_columns()),
        key=("id",),
        order=("id",),
    ),
    Table(
        "upcoming_deadlines",
        "Upcoming deadlines",
        "Dates ahead on which applications open or must be in. A day without a year counts as the next such day.",
        (
            Column("deadline_id", "integer", "Deadline.", references="deadlines"),
            Column("date", "date", "The day; for a month, its first day (opens) or last (closes)."),
            Column("event", "text", "What happens.", choices=("Applications open", "Applications close")),
            Column("program", "text", "Name of the program."),
            Column("institution", "text", "Name of the institution."),
            Column("city", "text", "City."),
            Column("state", "text", "State or territory."),
            Column("year_given", "text", "Does the page give the year?", choices=("yes", "no year given")),
            Column("days_left", "integer", "Days from today.", "days"),
            Column("stated", "text", "The date as far as the page gives it."),
            Column("for_whom", "text", "Whom the deadline is for, in words."),
            Column("audience", "text", "Whom the deadline is for.", choices=AUDIENCE_CHOICES),
            Column("program_id", "text", "Program.", references="programs"),
            Column("institution_id", "text", "Institution.", references="institutions"),
            Column("page_url", "url", "Page that states it."),
            Column("url", "url", "The program's own page."),
        ),
        order=("date", "program_id", "event"),
    ),
    Table(
        "deadline_dates",
        "Deadlines as dates",
        "Deadlines that are a date or a day of the year, resolved to a day.",
        (
            Column("id", "integer", "Deadline.", references="deadlines"),
            Column("program_id", "text", "Program.", references="programs"),
            Column("kind", "text", "Do applications open or close?", choices=("opens", "closes")),
            Column("audience", "text", "Whom the deadline is for.", choices=AUDIENCE_CHOICES),
            Column("evidence_id", "integer", "The reading with the exact words.", references="evidence"),
            Column("stated", "text", "The date as far as the page gives it."),
            Column("date", "date", "The day; for a month, its first day (opens) or last (closes)."),
            Column("year_given", "text", "Does the page give the year?", choices=("yes", "no year given")),
        ),
        order=("program_id", "date", "kind"),
    ),
    Table(
        "agency_transparency",
        "How open agencies are",
        "Which of five things an agency's own pages tell before anybody pays. One row an agency; empty means that no page read so far tells it.",
        (
            Column("institution_id", "text", "The agency.", references="institutions"),
            Column("agency", "text", "Name of the agency."),
            *(
                Column(name, "text", meaning, choices=("yes",))
                for name, meaning in {
                    "host_named": "Does it name the hospitals or practices where one will be?",
                    "price_public": "Does it publish prices?",
                    "refund_policy": "Does it publish its terms of refund?",
                    "address_public": "Does it give a street address?",
                    "letter_signer": "Does it say who signs the letter of recommendation?",
                }.items()
            ),
            Column("told", "integer", "How many of the five.", "things"),
            Column("pages_read", "integer", "Pages of the agency that were read.", "pages"),
        ),
        order=("agency",),
    ),
)
VIEW = {view.name: view for view in VIEWS}
_TRANSPARENCY = ("host_named", "price_public", "refund_policy", "address_public", "letter_signer")
_TOLD = {
    item: f"exists (select 1 from agency_terms t where t.institution_id = i.id and t.item = '{item}' and t.closed_at is null)"
    for item in _TRANSPARENCY
}
_AGENCIES = f"""
select i.id as institution_id, i.name as agency,
  {", ".join(f"case when {told} then 'yes' end as {item}" for item, told in _TOLD.items())},
  {" + ".join(_TOLD.values())} as told,
  (select count(*) from pages p where p.institution_id = i.id) as pages_read
from institutions i where i.kind = 'agency'
"""
_VIEW_SQL = {
    "agency_transparency": _AGENCIES,
    "deadline_dates": _DEADLINE_DATES,
    "upcoming_deadlines": _UPCOMING,
    "program_overview": _OVERVIEW + _CURRENT,
}

SEARCH_TABLE = "program_search"
SEARCH_COLUMNS = ("program", "institution", "place", "offer", "specialties", "words")

# --- migrations --------------------------------------------------------------------------------------------------

migrations = Migrations("usce_atlas")
_PYTHON_TYPE = {"integer": int, "number": float, "bool": int}


def _create_table(db: sqlite_utils.Database, table: Table, columns: Iterable[Column]) -> None:
    columns = list(columns)
    key = table.key[0] if len(table.key) == 1 else table.key
    db.table(table.name).create(
        {column.name: _PYTHON_TYPE.get(column.type, str) for column in columns},
        pk=key,
        not_null={column.name for column in columns if column.required and column.name not in table.key},
        foreign_keys=[
            (column.name, column.references, TABLE[column.references].key[0]) for column in columns if column.references
        ],
    )
    for index in table.unique:
        db.table(table.name).create_index(index, unique=True)
    for index in table.indexes:
        db.table(table.name).create_index(index)


@migrations()
def m001_tables(db: sqlite_utils.Database) -> None:
    """Every table of version 1, with its foreign keys and indexes. The marks in the file's head come with the first
    table, so that a file whose making was cut off is still known as ours."""
    db.execute(f"pragma application_id = {APPLICATION_ID}")
    for table in TABLES:
        if table.since > 1:
            continue
        _create_table(db, table, [column for column in table.columns if column.since <= 1])
    db.execute(
        f"create virtual table {SEARCH_TABLE} using fts5 ({', '.join(SEARCH_COLUMNS)}, tokenize='porter unicode61')"
    )


@migrations()
def m002_crawls_unattended(db: sqlite_utils.Database) -> None:
    """Version 2: what a crawl needs that runs every week: memory of unchanged pages, pages gone, how visits went."""
    for table in TABLES:
        new = {column.name: _PYTHON_TYPE.get(column.type, str) for column in table.columns if column.since == 2}
        for name, kind in new.items():
            db.table(table.name).add_column(name, kind)
        if table.since == 2:
            _create_table(db, table, table.columns)


@migrations()
def m003_places_that_the_guide_names(db: sqlite_utils.Database) -> None:
    """Version 3: electives, VSLO's hosts, what agencies state, and the other names of institutions."""
    for table in TABLES:
        if table.since == 3:
            _create_table(db, table, table.columns)
        elif table.since < 3:
            for column in table.columns:
                if column.since == 3:
                    db.table(table.name).add_column(column.name, _PYTHON_TYPE.get(column.type, str))


@migrations()
def m004_what_students_ask_besides(db: sqlite_utils.Database) -> None:
    """Version 4: interview, hospital setting, mentor, housing, who pays, who applies, insurance by the host."""
    for table in TABLES:
        if table.since == 4:
            _create_table(db, table, table.columns)
        else:
            for column in table.columns:
                if column.since == 4:
                    db.table(table.name).add_column(column.name, _PYTHON_TYPE.get(column.type, str))


def _create_views(db: sqlite_utils.Database) -> None:
    """(Re)make the views where their text is not today's."""
    for name, sql in _VIEW_SQL.items():
        db.create_view(name, sql.strip(), replace=True)


def _write_terms(db: sqlite_utils.Database) -> None:
    """Bring the names of values up to date. Writes nothing, and so waits for no crawl, where they are."""
    stored = {(field, value): title for field, value, title in db.execute("select field, value, title from terms")}
    for field, names in titles().items():
        for value, title in names.items():
            if stored.get((field, value)) != title:
                db.execute("insert or replace into terms (field, value, title) values (?, ?, ?)", (field, value, title))


# --- opening -----------------------------------------------------------------------------------------------------


def check(path: Path) -> None:
    """Raise DatabaseError unless `path` is a database of this project that this version can use."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.OperationalError as error:
        raise DatabaseError(f"{path}: cannot be opened ({error}). Is it a file you may read?") from None
    try:
        application = connection.execute("pragma application_id").fetchone()[0]
        version = connection.execute("pragma user_version").fetchone()[0]
        tables = connection.execute("select count(*) from sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DatabaseError(
            f"{path}: not an SQLite database, or a damaged one ({error}). Name another file with --database."
        ) from None
    finally:
        connection.close()
    if application != APPLICATION_ID and (tables or application):
        raise DatabaseError(
            f"{path}: a database of another program; nothing was changed. Name another file with --database."
        )
    if version > SCHEMA_VERSION:
        raise DatabaseError(
            f"{path}: written by a newer version of USCE Atlas (schema {version}; this version knows {SCHEMA_VERSION}). "
            "Update USCE Atlas, or name another file with --database."
        )


def open_database(path: Path | str) -> sqlite_utils.Database:
    """The database at `path`, made or brought up to date as needed; foreign keys on, WAL.

    Raises DatabaseError for a file of another program, from a newer version, or one that cannot be written.
    """
    path = Path(path)
    if path.exists() and path.stat().st_size:
        check(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite_utils.Database(sqlite3.connect(path, timeout=30))
        db.execute("pragma foreign_keys = on")
        db.enable_wal()
        db.execute("pragma synchronous = normal")
        migrations.apply(db)
        with db.atomic():
            _create_views(db)
            _write_terms(db)
        if db.execute("pragma user_version").fetchone()[0] != SCHEMA_VERSION:
            db.execute(f"pragma user_version = {SCHEMA_VERSION}")
    except (OSError, sqlite3.OperationalError) as error:
        raise DatabaseError(
            f"{path}: cannot be written ({error}). Check the folder's permissions and free space."
        ) from None
    return db


# --- reading and writing rows ------------------------------------------------------------------------------------
# Names of tables and columns come from the code, never from a page; values are always bound.

Row = dict[str, Any]


def _where(equals: Row) -> tuple[str, list[Any]]:
    if not equals:
        return "", []
    terms = [f'"{name}" is ?' if value is None else f'"{name}" = ?' for name, value in equals.items()]
    return f" where {' and '.join(terms)}", list(equals.values())


def select(db: sqlite_utils.Database, table: str, order: tuple[str, ...] = (), **equals: Any) -> list[Row]:
    """The rows of a table or view whose columns equal what is given, in the given order (nulls first)."""
    where, values = _where(equals)
    by = f" order by {', '.join(_quoted(name) for name in order)}" if order else ""
    cursor = db.execute(f'select * from "{table}"{where}{by}', values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def iterate(db: sqlite_utils.Database, table: str, order: tuple[str, ...] = ()) -> Iterator[Row]:
    """All rows of a table, one after the other: for tables that are too long to hold."""
    by = f" order by {', '.join(_quoted(name) for name in order)}" if order else ""
    cursor = db.execute(f'select * from "{table}"{by}')
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def _quoted(name: str) -> str:
    return f'"{name}"'


def select_one(db: sqlite_utils.Database, table: str, **equals: Any) -> Row | None:
    """The first such row, None where there is none."""
    rows = select(db, table, **equals)
    return rows[0] if rows else None


def insert(db: sqlite_utils.Database, table: str, row: Row) -> int:
    """Write a new row; gives its number."""
    return int(db.execute(_insertion(table, tuple(row)), list(row.values())).lastrowid or 0)


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f'insert into "{table}" ({", ".join(map(_quoted, columns))}) values ({marks})'


def update(db: sqlite_utils.Database, table: str, key: Row, values: Row) -> None:
    """Change columns of the rows that `key` names."""
    if values:
        where, bound = _where(key)
        terms = ", ".join(f'"{name}" = ?' for name in values)
        db.execute(f'update "{table}" set {terms}{where}', [*values.values(), *bound])


def upsert(db: sqlite_utils.Database, table: str, row: Row) -> bool:
    """Write a row, or change the stored one with its key where it differs. True where anything was written."""
    key = {name: row[name] for name in TABLE[table].key}
    stored = select_one(db, table, **key)
    if stored is None:
        insert(db, table, row)
        return True
    changed = {name: value for name, value in row.items() if stored[name] != value}
    update(db, table, key, changed)
    return bool(changed)


def delete(db: sqlite_utils.Database, table: str, **equals: Any) -> None:
    """Remove the rows whose columns equal what is given."""
    where, values = _where(equals)
    db.execute(f'delete from "{table}"{where}', values)


def _members() -> str:
    """Every program's sets as one: the members with the names of their fields and their names for people."""
    parts = []
    for field, (table, column, fixed) in sorted(SET_TABLES.items()):
        where = "".join(f" where {name} = '{value}'" for name, value in fixed.items())
        parts.append(f"select program_id, '{field}' as field, {column} as value, audience from {table}{where}")
    return (
        "select m.program_id, m.field, m.value, coalesce(t.title, m.value) as title, m.audience from ("
        + " union all ".join(parts)
        + ") m left join terms t on t.field = m.field and t.value = m.value"
    )


# What exports give besides tables as they are. programs: closed ones too, as program_overview has them, with their dates;
# institutions: those of which anything is known.
_EXPORTED = {
    "programs": "select o.*, p.first_seen, p.stale_since, p.closed_at, coalesce((select substr(max(max(e.first_seen),"
    " coalesce(max(e.closed_at), '')), 1, 10) from evidence e where e.program_id = o.id), p.first_seen) as facts_since"
    f" from ({_OVERVIEW}) o join programs p on p.id = o.id",
    "requirements": _members(),
    "institutions": "select * from institutions"
    " where id in (select institution_id from programs union select institution_id from pages union select institution_id from"
    " electives union select institution_id from agency_terms union select institution_id from vslo_hosts)",
}


def exported(db: sqlite_utils.Database, name: str, columns: Iterable[str], order: Iterable[str]) -> Iterator[tuple]:
    """The rows of a file of the dataset: these columns, in this order of rows (nulls first)."""
    source = f"({_EXPORTED[name]})" if name in _EXPORTED else _quoted(name)
    return iter(
        db.execute(f"select {', '.join(map(_quoted, columns))} from {source} order by {', '.join(map(_quoted, order))}")
    )


def newest_reading(db: sqlite_utils.Database) -> str:
    """When the page was read that was read last; '' where none was."""
    return str(db.execute("select max(last_seen) from pages").fetchone()[0] or "")


def after(db: sqlite_utils.Database, table: str, column: str, day: str) -> list[Row]:
    """The rows whose date in a column is later than `day`."""
    cursor = db.execute(f'select * from "{table}" where substr("{column}", 1, 10) > ?', [day])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def highest(db: sqlite_utils.Database, table: str, column: str) -> int:
    """The highest number in a column, 0 in an empty table."""
    return int(db.execute(f'select coalesce(max("{column}"), 0) from "{table}"').fetchone()[0])


def count(db: sqlite_utils.Database, table: str) -> int:
    """How many rows a table or view has."""
    return int(db.execute(f'select count(*) from "{table}"').fetchone()[0])


def index_program(db: sqlite_utils.Database, program_id: str) -> None:
    """Put into the full-text index what a person may look a program up by: names, place, offer, the words of its pages."""
    program = select_one(db, "programs", id=program_id)
    if program is None:
        return
    institution = select_one(db, "institutions", id=program["institution_id"]) or {}
    names = titles()
    opened = select(db, "evidence", ("field", "value", "page_url"), program_id=program_id, closed_at=None)
    offer = [
        str(names.get(row["field"], {}).get(row["value"], row["value"]))
        for row in opened
        if row["field"] in ("program_types", "audiences", "visas", "documents", "hospital_settings")
    ]
    said = [text for row in opened for text in (row["quote"], row["in_words"]) if text]
    words = (
        program["name"],
        " ".join(filter(None, (institution.get("name"), institution.get("parent")))),
        " ".join(filter(None, (institution.get("city"), institution.get("state")))),
        ", ".join(dict.fromkeys(offer)),
        ", ".join(dict.fromkeys(row["value"] for row in opened if row["field"] == "specialties")),
        "\n".join(dict.fromkeys(said)),
    )
    number, columns = program["search_id"], ", ".join(SEARCH_COLUMNS)
    stored = db.execute(f"select {columns} from {SEARCH_TABLE} where rowid = ?", [number]).fetchone()
    if stored == words:
        return
    delete_search(db, number)
    marks = ", ".join("?" * len(words))
    db.execute(f"insert into {SEARCH_TABLE} (rowid, {columns}) values (?, {marks})", [number, *words])


def delete_search(db: sqlite_utils.Database, search_id: int) -> None:
    """Take a program out of the full-text index."""
    db.execute(f"delete from {SEARCH_TABLE} where rowid = ?", [search_id])


def write_institutions(db: sqlite_utils.Database, institutions: Iterable[Institution]) -> None:
    """Bring the registry's institutions into the database."""
    with db.atomic():
        for one in institutions:
            upsert(db, "institutions", institution_row(one))


def institution_row(one: Institution) -> Row:
    """An institution of the registry as a row."""
    vslo_host = None if one.vslo_host is None else int(one.vslo_host)
    row = {name: getattr(one, name, None) for name in TABLE["institutions"].column}
    aliases = " | ".join(one.aliases) or None
    return row | {"latitude": one.lat, "longitude": one.lon, "vslo_host": vslo_host, "aliases": aliases}
