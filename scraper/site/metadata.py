"""Titles, descriptions, units, sort orders and facets of every table, for whatever the database file is called."""

from __future__ import annotations

from typing import Any

from scraper.database import TABLES, VIEWS, Table
from scraper.site import history

FACETS = {
    "program_overview": ["state", "international_students", "vslo", "status", "institution_kind"],
    "institutions": ["kind", "state", "vslo_host"],
    "programs": ["accepts_international", "vslo", "status"],
    "fees": ["kind", "per", "audience"],
    "deadlines": ["kind", "audience"],
    "upcoming_deadlines": ["event", "state", "for_whom"],
    "visas": ["visa"],
    "documents": ["document"],
    "evidence": ["field", "rule"],
    "changes": ["field", "institution_id"],
    "pages": ["relevant", "institution_id"],
    "crawl_hosts": ["outcome"],
}
SORT: dict[str, dict[str, Any]] = {
    "program_overview": {"sort": "institution", "size": 25},  # wide rows
    "institutions": {"sort": "name"},
    "upcoming_deadlines": {"sort": "date"},
    "changes": {"sort_desc": "date"},
    "crawls": {"sort_desc": "id"},
}
# Tables that are only joined to, or that only the machinery needs, stay out of the list of tables.
HIDDEN = {"terms", "deadline_dates", "page_memory", "_sqlite_migrations"}

QUERIES: dict[str, dict[str, Any]] = {
    "programs_by_visa": {
        "title": "Programs that accept a visa class",
        "description": "Programs whose pages name the visa class as accepted. Try B-1, B-2, J-1, F-1 or ESTA/WB.",
        "sql": "select o.* from program_overview o join visas v on v.program_id = o.id where v.visa = :visa order by o.institution",
        "params": ["visa"],
    },
    "programs_within_budget": {
        "title": "Programs whose stated cost for four weeks is within a budget",
        "description": "Application and program fee for four weeks, as far as stated. Programs that state no fee are not listed.",
        "sql": "select institution, program, state, stated_cost_4_weeks, application_fee, program_fee_4_weeks, url"
        " from program_overview where stated_cost_4_weeks <= cast(:budget_usd as real) order by stated_cost_4_weeks",
        "params": ["budget_usd"],
    },
    "deadlines_of_a_state": {
        "title": "Deadlines ahead in a state",
        "description": "Two-letter postal code, such as NY.",
        "sql": "select * from upcoming_deadlines where state = upper(:state) order by date",
        "params": ["state"],
    },
    "proof": {
        "title": "How do we know? All evidence of a program",
        "description": "Every value of a program with the exact words that say so.",
        "sql": "select field, in_words, quote, page_url, last_seen, confidence, in_conflict from evidence"
        " where program_id = :program and closed_at is null order by field",
        "params": ["program"],
    },
    **history.QUERIES,
}


def table_metadata(table: Table) -> dict[str, Any]:
    """Datasette's metadata of one table or view."""
    return {
        "title": table.title,
        "description": table.description,
        "columns": {c.name: c.description + (f" Unit: {c.unit}." if c.unit else "") for c in table.columns},
        "units": {},
        "facets": FACETS.get(table.name, []),
        "hidden": table.name in HIDDEN,
        **SORT.get(table.name, {}),
    }


def database_metadata() -> dict[str, Any]:
    """Datasette's metadata of our database."""
    return {
        "tables": {
            **{table.name: table_metadata(table) for table in (*TABLES, *VIEWS)},
            **{name: {"hidden": True} for name in HIDDEN if name.startswith("_")},
        }
    }
