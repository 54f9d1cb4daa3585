"""The front page."""

from __future__ import annotations

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.site import search
from scraper.site.app import Routes, page, rows


async def home(datasette: Datasette, request: Request) -> Response:
    """The front page."""
    counts = (
        await rows(
            datasette,
            "select count(*) as programs, count(distinct institution_id) as institutions, count(distinct state) as states,"
            " max(last_read) as newest, min(last_read) as oldest from program_overview",
        )
    )[0]
    types = await rows(
        datasette,
        "select program_type as value, count(*) as n from program_types join programs p on p.id = program_id"
        " and p.closed_at is null group by 1",
    )
    who = await rows(
        datasette,
        "select visitor as value, count(*) as n from audiences join programs p on p.id = program_id"
        " and p.closed_at is null group by 1",
    )
    soon = await rows(
        datasette,
        "select date, event, program, institution, state, year_given, days_left, program_id from upcoming_deadlines"
        " where days_left <= 60 order by date, institution limit 12",
    )
    states = await rows(
        datasette,
        "select state as value, count(*) as n from program_overview where state is not null group by 1 order by 1",
    )
    return await page(
        datasette,
        request,
        "atlas/home.html",
        counts=counts,
        types={row["value"]: row["n"] for row in types},
        who={row["value"]: row["n"] for row in who},
        soon=soon,
        states=states,
        choices=search.CHOICE,
    )


ROUTES: Routes = [(r"^/$", home)]
