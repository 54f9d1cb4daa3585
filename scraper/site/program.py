"""The page of one program."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from scraper.site.app import Routes, download, page, rows


async def program(datasette: Datasette, request: Request) -> Response:
    """One program with all its facts and their proof."""
    key = request.url_vars["id"]
    found = await rows(datasette, "select * from program_overview where id = :id", {"id": key})
    if not found:
        raise NotFound(f"There is no program '{key}' now. It may have been closed; search for its institution.")
    if request.url_vars.get("extension"):
        return download(found, request.url_vars["extension"], "program")

    async def of(table: str, columns: str = "*", order: str = "rowid") -> list[dict[str, Any]]:
        return await rows(
            datasette, f"select {columns} from {table} where program_id = :id order by {order}", {"id": key}
        )

    evidence = await of("evidence", order="in_conflict, confidence desc, id")
    proof: dict[str, list[dict[str, Any]]] = {}
    by_id = {}
    for reading in evidence:
        by_id[reading["id"]] = reading
        if reading["closed_at"] is None:
            proof.setdefault(reading["field"], []).append(reading)
    documents = await rows(
        datasette,
        "select d.document, coalesce(t.title, d.document) as title, d.evidence_id from documents d"
        " left join terms t on t.field = 'documents' and t.value = d.document where d.program_id = :id order by title",
        {"id": key},
    )
    names = await rows(
        datasette, "select field, value, title from terms where field in ('fee_kind', 'fee_per', 'audience')"
    )
    return await page(
        datasette,
        request,
        "atlas/program.html",
        program=found[0],
        proof=proof,
        evidence=by_id,
        fees=await of("fees", order="audience, kind, amount"),
        deadlines=await of("deadlines", order="date is null, date, month_day is null, month_day, lead_n"),
        upcoming=await of("upcoming_deadlines", order="date"),
        documents=documents,
        contacts=await of("contacts", order="kind, contact"),
        specialties=await of("specialties", order="specialty"),
        changes=await of("changes", order="date desc, id desc limit 20"),
        pages=await rows(
            datasette, "select url, title, fetched_at from pages where program_id = :id order by url", {"id": key}
        ),
        terms={(row["field"], row["value"]): row["title"] for row in names},
    )


ROUTES: Routes = [(r"^/program/(?P<id>[^/]+?)(?:\.(?P<extension>csv|json))?$", program)]
