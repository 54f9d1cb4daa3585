"""Hospitals, schools and systems: the list, and a page for each with its programs and its place on the map."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from scraper.site import usmap
from scraper.site.app import Meta, Routes, Row, overview, page, page_number, page_of, plural, rows, value
from scraper.site.health import outcome_words
from scraper.site.search import KIND_TITLES
from scraper.site.snapshot import Snapshot, current

PAGE_SIZE = 60
SHOWN = 48  # programs on an institution's own page; where there are more, the list of programs has them


def with_counts(snapshot: Snapshot) -> list[Row]:
    """Every institution with the number of its programs, folded name for looking up."""
    counts = Counter(row["institution_id"] for row in snapshot.rows)
    return [
        {
            **row,
            "programs": counts[row["id"]],
            "folded": f"{row['name']} {row['parent'] or ''} {row['city'] or ''}".casefold(),
        }
        for row in snapshot.institutions
        if row["kind"] != "agency"
    ]


async def institutions(datasette: Datasette, request: Request) -> Response:
    """The list, with a search by name, state and kind."""
    snapshot = await current(datasette)
    every = snapshot.once("institutions", with_counts)
    words = " ".join((request.args.get("q") or "").split())[:100]
    state, kind = request.args.get("state") or "", request.args.get("kind") or ""
    everyone = request.args.get("all") == "yes"
    found = [
        row
        for row in every
        if (everyone or row["programs"])
        and (not state or row["state"] == state)
        and (not kind or row["kind"] == kind)
        and all(word in row["folded"] for word in words.casefold().split())
    ]
    number, pages = page_of(len(found), PAGE_SIZE, page_number(request.args.get("page")))
    query = {"q": words, "state": state, "kind": kind, "all": "yes" if everyone else ""}
    return await page(
        datasette,
        request,
        "atlas/institutions.html",
        Meta(
            "Hospitals and medical schools",
            f"{plural(len(found), 'hospital')}, medical schools and health systems that take visiting students, graduates and physicians.",
            "/institutions",
            index=not request.query_string,
        ),
        found=found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        total=len(found),
        pages=pages,
        number=number,
        words=words,
        state=state,
        kind=kind,
        everyone=everyone,
        kinds={kind: title for kind, title in KIND_TITLES.items() if kind != "agency"},
        states=snapshot.once("institution states", states),
        query=urlencode({name: text for name, text in query.items() if text}),
    )


def states(snapshot: Snapshot) -> list[tuple[str, str]]:
    """The states in which there is an institution: (code, name)."""
    codes = {row["state"] for row in snapshot.institutions if row["state"]}
    return sorted(((code, usmap.STATE_NAMES.get(code, code)) for code in codes), key=lambda pair: pair[1])


async def institution(datasette: Datasette, request: Request) -> Response:
    """One institution with its programs."""
    key = request.url_vars["id"]
    found = await rows(datasette, "select * from institutions where id = :id", {"id": key})
    if not found:
        raise NotFound("There is no hospital or school under this address.")
    one = found[0]
    ids = [
        row["id"]
        for row in await rows(
            datasette,
            "select id from programs where institution_id = :id and closed_at is null order by name collate nocase",
            {"id": key},
        )
    ]
    visits = await rows(
        datasette,
        "select h.*, c.source from crawl_hosts h join crawls c on c.id = h.crawl_id where h.institution_id = :id order by h.crawl_id desc limit 5",
        {"id": key},
    )
    changes = await rows(
        datasette, "select * from changes where institution_id = :id order by date desc, id desc limit 10", {"id": key}
    )
    closed = await rows(
        datasette,
        "select id, name, closed_at from programs where institution_id = :id and closed_at is not null",
        {"id": key},
    )
    listed = await value(
        datasette, "select count(*) from electives where institution_id = :id and closed_at is null", {"id": key}
    )
    place = ", ".join(part for part in (one["city"], usmap.STATE_NAMES.get(one["state"] or "", one["state"])) if part)
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "CollegeOrUniversity"
        if (one["kind"] or "").startswith("medical_school")
        else "Organization"
        if one["kind"] == "agency"
        else "Hospital",
        "name": one["name"],
        "url": one["website"],
    }
    return await page(
        datasette,
        request,
        "atlas/institution.html",
        Meta(
            f"{one['name']}{', ' + place if place else ''}",
            f"{plural(len(ids), 'program')} of {one['name']}{' in ' + place if place else ''} for visiting students, graduates and physicians.",
            f"/institution/{key}",
        ),
        one=one,
        place=place,
        programs=await overview(datasette, ids[:SHOWN]),
        total=len(ids),
        electives=listed,
        visits=visits,
        outcome_words=outcome_words,
        changes=changes,
        closed=closed,
        kinds=KIND_TITLES,
        dot=usmap.project(one["latitude"], one["longitude"], one["state"]),
        outlines=usmap.outlines(),
        jsonld={name: text for name, text in data.items() if text},
    )


ROUTES: Routes = [(r"^/institutions$", institutions), (r"^/institution/(?P<id>[^/]+)$", institution)]
