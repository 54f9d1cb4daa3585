"""Questions with a day: what the programs' pages said then. Canned queries, made from the list of fields.

They read `evidence`, where every reading has the day from which and the day until which it holds; what another page said
otherwise at that time is left out. The whole dataset of a day, with its costs and dates, is `usce export --as-of`.
"""

from __future__ import annotations

from typing import Any

from scraper.items import FIELDS

# Nothing given is today. Days are UTC.
_DAY = "coalesce(nullif(:day, ''), date('now'))"
_HELD = (
    f"substr(e.first_seen, 1, 10) <= {_DAY}"
    f" and (e.closed_at is null or substr(e.closed_at, 1, 10) > {_DAY}) and e.in_conflict = 0"
)


def _said(field: str) -> str:
    """What held of a field: every member of a set, the chosen one of several values."""
    reading = f"from evidence e where e.program_id = p.id and e.field = '{field}' and {_HELD}"
    return f"(select group_concat(said, '; ') from (select distinct e.in_words as said {reading} order by e.value))"


def _chosen(field: str) -> str:
    return (
        f"(select e.in_words from evidence e where e.program_id = p.id and e.field = '{field}' and {_HELD}"
        " order by e.audience = 'us', e.confidence desc, e.first_seen limit 1)"
    )


_COLUMNS = ",\n  ".join(
    f"{(_said if field.kind in ('set', 'fees', 'deadlines') else _chosen)(field.name)} as {field.name}"
    for field in FIELDS
)
_PROGRAMS = f"""select p.id as program_id, p.name as program, i.name as institution, i.state,
  {_COLUMNS},
  p.url
from programs p join institutions i on i.id = p.institution_id
where (:institution = '' or i.id = :institution)
  and exists (select 1 from evidence e where e.program_id = p.id and {_HELD})
order by p.id"""
_READINGS = f"""select e.field, e.in_words, e.quote, e.page_url, e.first_seen, e.last_seen, e.closed_at
from evidence e where e.program_id = :program and {_HELD.replace(" and e.in_conflict = 0", "")}
order by e.field, e.value, e.page_url"""

QUERIES: dict[str, dict[str, Any]] = {
    "programs_on_a_day": {
        "title": "All programs as they stood on a day",
        "description": "What the pages said on that day (YYYY-MM-DD, UTC; empty = today), one row a program. institution: the id of one, or empty for all.",
        "sql": _PROGRAMS,
        "params": ["day", "institution"],
    },
    "program_on_a_day": {
        "title": "What a program's pages said on a day",
        "description": "Every reading that held on that day (YYYY-MM-DD, UTC; empty = today), with its words and until when it held.",
        "sql": _READINGS,
        "params": ["program", "day"],
    },
}
