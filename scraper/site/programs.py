"""The list of programs: filters, cards, table, downloads."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.site.app import Routes, download, page, rows, value
from scraper.site.search import CHOICES, PAGE_SIZE, SORTS, UNKNOWN, Filters


async def facets(datasette: Datasette, filters: Filters) -> list[dict[str, Any]]:
    """For each filter: its values with the number of programs that choosing it would show."""
    out = []
    for choice in CHOICES:
        condition, parameters = filters.where(without=choice.name)
        if choice.column:
            sql = (
                f"select o.{choice.column} as value, count(*) as n from program_overview o where {condition} group by 1"
            )
        else:
            table, column = choice.member
            sql = (
                f"select m.{column} as value, count(distinct o.id) as n from program_overview o"
                f" left join {table} m on m.program_id = o.id where {condition} group by 1"
            )
        counted = await rows(datasette, sql, parameters)
        chosen = filters.chosen.get(choice.name, [])
        values = [
            {
                "value": row["value"] if row["value"] is not None else UNKNOWN,
                "title": choice.titles.get(row["value"], row["value"]) if row["value"] is not None else "Not stated",
                "n": row["n"],
                "chosen": (row["value"] if row["value"] is not None else UNKNOWN) in chosen,
            }
            for row in counted
        ]
        order = list(choice.titles)
        values.sort(
            key=lambda v: (
                v["value"] == UNKNOWN,
                order.index(v["value"]) if v["value"] in order else 99,
                str(v["title"]),
            )
        )
        out.append({"name": choice.name, "title": choice.title, "options": values, "open": bool(chosen)})
    return out


async def programs(datasette: Datasette, request: Request) -> Response:
    """The list of programs with its filters; as CSV or JSON where the address ends so."""
    filters = Filters.from_query(request.args)
    condition, parameters = filters.where()
    order = SORTS[filters.sort][1]
    extension = request.url_vars.get("extension")
    if extension:
        found = await rows(
            datasette, f"select o.* from program_overview o where {condition} order by {order}", parameters
        )
        return download(found, extension, "programs")
    total = await value(datasette, f"select count(*) from program_overview o where {condition}", parameters)
    found = await rows(
        datasette,
        f"select o.* from program_overview o where {condition} order by {order} limit {PAGE_SIZE} offset :offset",
        {**parameters, "offset": (filters.page - 1) * PAGE_SIZE},
    )
    return await page(
        datasette,
        request,
        "atlas/programs.html",
        filters=filters,
        programs=found,
        total=total,
        pages=max(1, -(-total // PAGE_SIZE)),
        facets=await facets(datasette, filters),
        sorts=SORTS,
    )


ROUTES: Routes = [(r"^/programs(?:\.(?P<extension>csv|json))?$", programs)]
