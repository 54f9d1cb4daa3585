"""The page of one program: every fact with its proof, what to do next, what changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import AsgiStream, NotFound, Request, Response

from scraper.citing import cite_program
from scraper.items import FIELDS
from scraper.site.app import Meta, Routes, Row, dollars, download, page, rows, safe_url
from scraper.site.snapshot import current
from scraper.wording import day_words

NOT_SURE = 0.7  # a reading less sure than this is shown as such
CHANGES = 20
AUDIENCES = ("any", "international", "us")


def when(deadlines: list[Row], today: dt.date) -> list[Row]:
    """Deadlines as a visitor needs them: the next day first, then lead times, then what has passed."""
    for row in deadlines:
        left = (dt.date.fromisoformat(row["on_day"]) - today).days if row["on_day"] else None
        row["days_left"] = left
        row["words"] = day_words(row["date"], row["month_day"])
        row["passed"] = left is not None and left < 0

    def place(row: Row) -> tuple[Any, ...]:
        order = 3 if row["passed"] else 0 if row["on_day"] else 1 if row["lead_n"] is not None else 2
        return (
            order,
            -(row["days_left"] or 0) if row["passed"] else (row["days_left"] or 0),
            row["kind"] == "closes",
            row["id"],
        )

    return sorted(deadlines, key=place)


def structured(program: Row, address: str) -> Row:
    """The program as schema.org/EducationalOccupationalProgram. What is not stated is left out."""
    place = {
        "@type": "PostalAddress",
        "addressLocality": program["city"],
        "addressRegion": program["state"],
        "addressCountry": "US",
    }
    school = (program["institution_kind"] or "").startswith("medical_school")
    data: Row = {
        "@context": "https://schema.org",
        "@type": "EducationalOccupationalProgram",
        "@id": address,
        "name": program["program"],
        "url": safe_url(program["url"]) or None,
        "programType": program["types"],
        "provider": {
            "@type": "CollegeOrUniversity" if school else "Hospital",
            "name": program["institution"],
            "address": {key: text for key, text in place.items() if text},
        },
        "applicationDeadline": program["next_deadline"],
        "timeToComplete": f"P{program['duration_weeks_max']:g}W" if program["duration_weeks_max"] else None,
        "programPrerequisites": program["who_may_apply"],
        "offers": {
            "@type": "Offer",
            "price": program["stated_cost_4_weeks"],
            "priceCurrency": "USD",
            "category": "Stated cost for 4 weeks",
        }
        if program["stated_cost_4_weeks"] is not None
        else None,
    }
    return {key: value for key, value in data.items() if value not in (None, "")}


def description(program: Row) -> str:
    """A line for search engines, made of stated facts only."""
    parts = [
        f"{program['types'] or 'Program'} at {program['institution']}{', ' + program['state'] if program['state'] else ''}.",
        f"International students: {program['international_students']}." if program["international_students"] else "",
        f"Visas: {program['visas']}." if program["visas"] else "",
        f"Stated cost for 4 weeks: {dollars(program['stated_cost_4_weeks'])}."
        if program["stated_cost_4_weeks"] is not None
        else "",
        f"Next deadline: {program['next_deadline']}." if program["next_deadline"] else "",
    ]
    return " ".join(part for part in parts if part)


async def program(datasette: Datasette, request: Request) -> Response | AsgiStream:
    """One program with all its facts and their proof."""
    key = request.url_vars["id"]
    found = await rows(datasette, "select * from program_overview where id = :id", {"id": key})
    if not found:
        return await gone(datasette, request, key)
    if request.url_vars.get("extension"):
        return download(datasette, [key], request.url_vars["extension"], key)
    one = found[0]

    async def of(table: str, columns: str = "*", order: str = "rowid") -> list[Row]:
        return await rows(
            datasette, f"select {columns} from {table} where program_id = :id order by {order}", {"id": key}
        )

    by_id: dict[int, Row] = {}
    proof: dict[str, list[Row]] = {}
    for reading in await of("evidence", order="in_conflict, confidence desc, id"):
        by_id[reading["id"]] = reading
        if reading["closed_at"] is None:
            proof.setdefault(reading["field"], []).append(reading)
    deadlines = await rows(
        datasette,
        "select d.*, x.date as on_day from deadlines d left join deadline_dates x on x.id = d.id where d.program_id = :id",
        {"id": key},
    )
    documents = await rows(
        datasette,
        "select d.document, coalesce(t.title, d.document) as title, d.audience, d.evidence_id from documents d"
        " left join terms t on t.field = 'documents' and t.value = d.document where d.program_id = :id order by title",
        {"id": key},
    )
    names = await rows(
        datasette, "select field, value, title from terms where field in ('fee_kind', 'fee_per', 'audience', 'housing')"
    )
    fees = await of("fees", order="kind = 'program' desc, kind, amount")
    today = (await current(datasette)).day
    address = datasette.absolute_url(request, datasette.urls.path(f"/program/{key}"))
    return await page(
        datasette,
        request,
        "atlas/program.html",
        Meta(f"{one['program']} · {one['institution']}", description(one), f"/program/{key}", kind="article"),
        program=one,
        proof=proof,
        evidence=by_id,
        titles={field.name: field.title for field in FIELDS},
        fees=[(audience, [fee for fee in fees if fee["audience"] == audience]) for audience in AUDIENCES],
        deadlines=when(deadlines, today),
        documents=documents,
        contacts=await of("contacts", order="kind, contact"),
        specialties=await of("specialties", order="specialty"),
        electives=len(await of("electives", "id", "id")),
        changes=await of("changes", order=f"date desc, id desc limit {CHANGES}"),
        first_seen=(await rows(datasette, "select first_seen from programs where id = :id", {"id": key}))[0][
            "first_seen"
        ],
        pages=await rows(
            datasette,
            "select url, title, fetched_at, last_seen, unreachable_since from pages where program_id = :id order by url",
            {"id": key},
        ),
        terms={(row["field"], row["value"]): row["title"] for row in names},
        cite=cite_program(one["institution"], one["program"], one["url"], one["last_read"]),
        jsonld=structured(one, address),
        today=today.isoformat(),
        not_sure=NOT_SURE,
    )


async def gone(datasette: Datasette, request: Request, key: str) -> Response:
    """A program that was once there gets a page that says when it went; any other address is 'not found'."""
    closed = await rows(
        datasette,
        "select p.name, p.closed_at, p.url, i.name as institution, i.id as institution_id from programs p"
        " join institutions i on i.id = p.institution_id where p.id = :id and p.closed_at is not null",
        {"id": key},
    )
    if not closed or request.url_vars.get("extension"):
        raise NotFound("There is no program under this address. Look for its hospital instead.")
    meta = Meta(f"{closed[0]['name']} (no longer described)", index=False)
    return await page(datasette, request, "atlas/gone.html", meta, status=410, closed=closed[0])


ROUTES: Routes = [(r"^/program/(?P<id>[^/]+?)(?:\.(?P<extension>csv|json))?$", program)]
