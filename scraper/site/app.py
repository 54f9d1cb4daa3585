"""What every page of the site needs: the database, rendering, downloads, words for amounts, days and addresses.

The site is one module a group of pages: each has a docstring, handlers `async def x(datasette, request) -> Response`
and `ROUTES`, a list of (regular expression, handler). `pages.PAGES` lists the modules; nothing else names them.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import attrs
from datasette.app import Datasette
from datasette.utils.asgi import AsgiStream, NotFound, Request, Response
from markupsafe import Markup, escape

from scraper import database
from scraper.wording import day_words, value_words

Row = dict[str, Any]
Routes = list[tuple[str, Callable[..., Any]]]

NAME = "USCE Atlas"
BATCH = 200  # rows fetched at once for a download: a query stays short, and the file starts at once
# Spreadsheets take a cell that begins so for a formula (OWASP, 'CSV Injection'); a plain number is none.
_FORMULA = re.compile(r"\s*[=+\-@\x00-\x1f]")
_NUMBER = re.compile(r"[-+]?\d{1,20}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?")


@attrs.frozen
class Meta:
    """What a page says of itself to search engines and to those with whom its link is shared."""

    title: str
    description: str = ""
    path: str = ""  # the address under which the page is to be known; '' = the one asked for
    index: bool = True  # may search engines keep it? No for the endless combinations of filters
    kind: str = "website"


# --- the database --------------------------------------------------------------------------------------------------


def atlas_names(datasette: Datasette) -> list[str]:
    """The names of the served databases that are ours (not Datasette's internal one)."""
    return [name for name in datasette.databases if name not in ("_internal", "_memory")]


def atlas(datasette: Datasette) -> Any:
    """The database of the site."""
    names = atlas_names(datasette)
    if not names:
        raise NotFound("No database is served.")
    return datasette.get_database(names[0])


async def rows(datasette: Datasette, sql: str, parameters: Row | None = None) -> list[Row]:
    """The rows that `sql` gives, as dictionaries."""
    result = await atlas(datasette).execute(sql, parameters or {}, truncate=False)
    return [dict(row) for row in result.rows]


async def value(datasette: Datasette, sql: str, parameters: Row | None = None) -> Any:
    """The first column of the first row."""
    result = await atlas(datasette).execute(sql, parameters or {})
    return result.rows[0][0] if result.rows else None


async def overview(datasette: Datasette, ids: list[str]) -> list[Row]:
    """The rows of program_overview for `ids`, in their order; programs that have gone meanwhile are left out."""
    return await rows_of(datasette, "select * from program_overview where id", ids)


async def rows_of(datasette: Datasette, sql: str, ids: Sequence[Any]) -> list[Row]:
    """The rows with `ids`, in their order. `sql` gives them with their `id`, and ends with the column that is compared."""
    names = {f"id_{number}": identifier for number, identifier in enumerate(ids)}
    if not names:
        return []
    marks = ", ".join(f":{name}" for name in names)
    found = await rows(datasette, f"{sql} in ({marks})", names)
    by_id = {row["id"]: row for row in found}
    return [by_id[identifier] for identifier in ids if identifier in by_id]


# --- words ---------------------------------------------------------------------------------------------------------


def dollars(amount: float | None) -> str:
    """1500.0 → '$1,500', 0 → 'free', None → ''."""
    if amount is None:
        return ""
    return "free" if amount == 0 else f"${amount:,.0f}" if amount == int(amount) else f"${amount:,.2f}"


def phone(digits: str) -> str:
    """'6465550100' → '646-555-0100'."""
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else digits


def day(date: str | None) -> str:
    """'2026-04-24…' → 'April 24, 2026'; what is no date stays as it is."""
    return day_words(date[:10], None) if date else ""


def short_day(date: str | None) -> str:
    """'2026-04-24' → 'Apr 24, 2026'."""
    try:
        return dt.date.fromisoformat((date or "")[:10]).strftime("%b %-d, %Y")
    except ValueError:
        return date or ""


def plural(number: int, word: str, words: str = "") -> str:
    """'1 program', '2,000 programs'."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def days_words(days: int) -> str:
    """0 → 'today', 1 → 'tomorrow', 12 → 'in 12 days'."""
    return "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"


def safe_url(url: str | None) -> str:
    """`url` where it is http or https, '' otherwise: what was scraped is never a javascript: link."""
    return url if url and url.lower().startswith(("http://", "https://")) else ""


def host(url: str | None) -> str:
    """'https://www.example.edu/a' → 'example.edu', for links that say where they lead."""
    name = re.sub(r"^https?://(?:www\.)?", "", url or "", flags=re.I)
    return re.split(r"[/?#]", name, maxsplit=1)[0]


def marked(text: str | None) -> Markup:
    """Text in which a search has put \\x02 and \\x03 around its hits, as HTML: the text escaped, hits in <mark>."""
    safe = str(escape((text or "").replace("\x00", "")))
    return Markup(safe.replace("\x02", "<mark>").replace("\x03", "</mark>"))


def json_block(data: Any) -> Markup:
    """JSON that may stand inside a <script> element: no text in it can end the element or open a comment."""
    text = json.dumps(data, ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def template_variables(datasette: Datasette) -> Row:
    """What every template may use, Datasette's own included."""
    names = atlas_names(datasette)
    return {
        "atlas_name": names[0] if names else "",
        "dollars": dollars,
        "phone": phone,
        "safe_url": safe_url,
        "day": day,
        "short_day": short_day,
        "plural": plural,
        "days_words": days_words,
        "host": host,
        "marked": marked,
        "json_block": json_block,
        "value_words": value_words,
    }


# --- answers -------------------------------------------------------------------------------------------------------


async def page(
    datasette: Datasette, request: Request, template: str, meta: Meta, status: int = 200, **context: Any
) -> Response:
    """Render one of our templates with what all of them need."""
    address = datasette.absolute_url(request, datasette.urls.path(meta.path or request.path))
    shown = {"meta": meta, "address": address, **context}
    return Response.html(await datasette.render_template(template, shown, request=request), status=status)


def harmless(cell: Any) -> Any:
    """A CSV cell that no spreadsheet takes for a formula: an apostrophe before what begins like one."""
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def csv_text(lines: Iterable[Iterable[Any]]) -> str:
    """Lines as CSV (RFC 4180), every cell harmless."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([harmless(cell) for cell in line] for line in lines)
    return text.getvalue()


async def overviews(datasette: Datasette, ids: list[str]) -> AsyncIterator[Row]:
    """The rows of program_overview for `ids`, a batch at a time."""
    for start in range(0, len(ids), BATCH):
        for row in await overview(datasette, ids[start : start + BATCH]):
            yield row


def download(datasette: Datasette, ids: list[str], extension: str, name: str) -> AsgiStream:
    """Programs as a CSV or JSON file, sent while it is made. Columns that only the machinery needs are left out."""
    columns = [column.name for column in database.VIEW["program_overview"].columns if column.exported]

    async def send_csv(out: Any) -> None:
        await out.write(csv_text([columns]))
        async for row in overviews(datasette, ids):
            await out.write(csv_text([[row[column] for column in columns]]))

    async def send_json(out: Any) -> None:
        separator = "["
        async for row in overviews(datasette, ids):
            clean = {column: row[column] for column in columns}
            await out.write(f"{separator}\n{json.dumps(clean, ensure_ascii=False)}")
            separator = ","
        await out.write("[]\n" if separator == "[" else "\n]\n")

    if extension == "json":
        return AsgiStream(send_json, content_type="application/json; charset=utf-8")
    disposition = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return AsgiStream(send_csv, headers=disposition, content_type="text/csv; charset=utf-8")


def month_of(text: str, today: dt.date) -> dt.date:
    """'2026-04' → its first day; this month where the text is none."""
    if re.fullmatch(r"20\d\d-(?:0[1-9]|1[0-2])", text):
        return dt.date.fromisoformat(f"{text}-01")
    return today.replace(day=1)


def page_number(text: str | None) -> int:
    """The page that `?page=` asks for, 1 where it asks for none."""
    return int(text) if text and text.isdigit() and len(text) < 6 and int(text) > 0 else 1


def page_of(total: int, size: int, wanted: int) -> tuple[int, int]:
    """Of a list of `total` rows, `size` a page: the page to show, the last one where `wanted` is beyond, and how many there are."""
    pages = max(1, -(-total // size))
    return min(wanted, pages), pages
