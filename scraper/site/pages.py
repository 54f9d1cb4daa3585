"""The site's own pages: routes that Datasette serves beside its tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from scraper import database
from scraper.site import search
from scraper.site.search import CHOICES, PAGE_SIZE, SORTS, UNKNOWN, Filters


def atlas_names(datasette: Datasette) -> list[str]:
    """The names of the served databases that are ours (not Datasette's internal one)."""
    return [name for name in datasette.databases if name not in ("_internal", "_memory")]


def atlas(datasette: Datasette) -> Any:
    """The database of the site."""
    names = atlas_names(datasette)
    if not names:
        raise NotFound("No database is served.")
    return datasette.get_database(names[0])


async def rows(datasette: Datasette, sql: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The rows that `sql` gives, as dictionaries."""
    result = await atlas(datasette).execute(sql, parameters or {}, truncate=False)
    return [dict(row) for row in result.rows]


async def value(datasette: Datasette, sql: str, parameters: dict[str, Any] | None = None) -> Any:
    """The first column of the first row."""
    result = await atlas(datasette).execute(sql, parameters or {})
    return result.rows[0][0] if result.rows else None


def dollars(amount: float | None) -> str:
    """1500.0 → '$1,500', 0 → 'free', None → ''."""
    if amount is None:
        return ""
    return "free" if amount == 0 else f"${amount:,.0f}" if amount == int(amount) else f"${amount:,.2f}"


def phone(digits: str) -> str:
    """'6465550100' → '646-555-0100'."""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else digits


def safe_url(url: str | None) -> str:
    """`url` where it is http or https, '' otherwise: what was scraped is never a javascript: link."""
    return url if url and url.lower().startswith(("http://", "https://")) else ""


def template_variables(datasette: Datasette) -> dict[str, Any]:
    """What every template may use, Datasette's own included."""
    names = atlas_names(datasette)
    return {"atlas_name": names[0] if names else "", "dollars": dollars, "phone": phone, "safe_url": safe_url}


async def page(datasette: Datasette, request: Request, template: str, **context: Any) -> Response:
    """Render one of our templates with what all of them need."""
    about = {row["property"]: row["value"] for row in await rows(datasette, "select property, value from about")}
    html = await datasette.render_template(template, {"about": about, **context}, request=request)
    return Response.html(html)


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


def download(found: list[dict[str, Any]], extension: str, name: str) -> Response:
    """Rows as a CSV or JSON file. The columns of program_overview that only the machinery needs are left out."""
    columns = [column.name for column in database.VIEW["program_overview"].columns if column.exported]
    clean = [{column: row[column] for column in columns} for row in found]
    if extension == "json":
        return Response(json.dumps(clean, ensure_ascii=False, indent=1), content_type="application/json; charset=utf-8")
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({k: harmless(v) for k, v in row.items()} for row in clean)
    return Response(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}.csv"'},
    )


def harmless(cell: Any) -> Any:
    """A CSV cell that no spreadsheet takes for a formula (OWASP, 'CSV Injection')."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


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


ROUTES: list[tuple[str, Callable[..., Any]]] = [
    (r"^/$", home),
    (r"^/programs(?:\.(?P<extension>csv|json))?$", programs),
    (r"^/program/(?P<id>[^/]+?)(?:\.(?P<extension>csv|json))?$", program),
]
