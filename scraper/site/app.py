"""What every page of the site needs: the database, rendering, downloads, words for amounts and addresses.

The site is one module a group of pages: each has a docstring, handlers `async def x(datasette, request) -> Response`
and `ROUTES`, a list of (regular expression, handler). `pages.PAGES` lists the modules; nothing else names them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from scraper import database

Routes = list[tuple[str, Callable[..., Any]]]


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
