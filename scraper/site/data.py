"""The data: downloads, what every column means, how it is collected, and how programs can ask for it."""

from __future__ import annotations

from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.database import TABLES, VIEWS
from scraper.items import FIELDS
from scraper.site.app import Meta, Routes, atlas, page
from scraper.site.metadata import HIDDEN, QUERIES
from scraper.site.snapshot import Snapshot, current

GROUPS = {
    "offer": "The offer",
    "eligibility": "Who may apply",
    "fees": "Fees",
    "deadlines": "Deadlines",
    "duration": "Length",
    "documents": "Documents",
    "guide": "What to expect",
    "contacts": "Contact",
}


def stated(snapshot: Snapshot) -> dict[str, int]:
    """Of the filters: how many programs state it."""
    return {
        name: sum(1 for row in snapshot.rows if row.get(name) is not None)
        for name in ("stated_cost_4_weeks", "next_deadline")
    }


def examples(name: str) -> list[tuple[str, str]]:
    """Addresses that answer: (what for, path). Each is tried by a test."""
    sql = "select state, count(*) as programs from program_overview where international_students = 'yes' group by state order by 2 desc"
    return [
        ("Programs in New York that accept a B-1 visa, as JSON", "/programs.json?state=NY&visa=B-1"),
        ("The same as CSV, for a spreadsheet", "/programs.csv?state=NY&visa=B-1"),
        ("Everything under $3,000 for four weeks, cheapest first", "/programs.csv?fee_max=3000&unstated=no&sort=fee"),
        ("A table with a filter, as JSON", f"/{name}/fees.json?_shape=array&kind=application&_sort=amount"),
        ("Your own question, in SQL", f"/{name}.json?{urlencode({'_shape': 'array', 'sql': sql})}"),
    ]


async def data(datasette: Datasette, request: Request) -> Response:
    """Downloads, data dictionary, method, API."""
    snapshot = await current(datasette)
    name = atlas(datasette).name
    shown = [table for table in (*VIEWS, *TABLES) if table.name not in HIDDEN]
    return await page(
        datasette,
        request,
        "atlas/data.html",
        Meta(
            "Data",
            "Download every program as CSV or JSON, look up what each column means, see how it is collected, and ask your own questions in SQL.",
            "/data",
        ),
        name=name,
        tables=shown,
        fields=[(title, [field for field in FIELDS if field.group == group]) for group, title in GROUPS.items()],
        examples=examples(name),
        queries=QUERIES,
        programs=len(snapshot.rows),
        stated=snapshot.once("stated", stated),
        base=datasette.absolute_url(request, datasette.urls.path("/")).rstrip("/"),
    )


ROUTES: Routes = [(r"^/data$", data)]
