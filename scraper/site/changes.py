"""What changed lately on the programs' pages."""

from __future__ import annotations

from itertools import groupby

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.items import FIELD, FIELDS
from scraper.site.app import Meta, Routes, page, page_number, rows

PAGE_SIZE = 50
KINDS = {"program": "Programs that came or went", **{field.name: field.title for field in FIELDS}}


async def changes(datasette: Datasette, request: Request) -> Response:
    """The list of changes, the latest first, day by day."""
    field = request.args.get("field") or ""
    field = field if field in FIELD or field == "program" else ""
    number = page_number(request.args.get("page"))
    found = await rows(
        datasette,
        "select c.*, p.name as program, p.closed_at, i.name as institution, i.state from changes c"
        " join programs p on p.id = c.program_id join institutions i on i.id = c.institution_id"
        f"{' where c.field = :field' if field else ''} order by c.date desc, c.id desc limit :size offset :offset",
        {"field": field, "size": PAGE_SIZE + 1, "offset": (number - 1) * PAGE_SIZE},
    )
    return await page(
        datasette,
        request,
        "atlas/changes.html",
        Meta(
            "What changed",
            "Fees, deadlines and requirements that changed on the pages of US hospitals' programs for visitors, the latest first.",
            "/changes",
            index=not request.query_string,
        ),
        days=[(day, list(group)) for day, group in groupby(found[:PAGE_SIZE], key=lambda row: row["date"][:10])],
        number=number,
        more=len(found) > PAGE_SIZE,
        field=field,
        kinds=KINDS,
    )


ROUTES: Routes = [(r"^/changes$", changes)]
