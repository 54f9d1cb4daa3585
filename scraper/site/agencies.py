"""Placement agencies: what each tells on its own pages before anybody pays, with the words. They are never among the hospitals' programs."""

from __future__ import annotations

from collections import defaultdict

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.database import VIEW
from scraper.site.app import Meta, Routes, Row, overview, page, plural, rows

FACTS = ("host_named", "price_public", "refund_policy", "address_public", "letter_signer")
QUESTIONS = {name: VIEW["agency_transparency"].column[name].description for name in FACTS}
OTHER = {"hands_on": "Is the work hands-on?", "includes": "What does it speak of as included?"}
SHOWN = 3  # statements of one item that stand open; the others open on a click


def answers(terms: dict[str, list[Row]]) -> list[Row]:
    """The five questions and the others that its pages answer, each with the statements."""
    asked = [*QUESTIONS.items(), *((item, title) for item, title in OTHER.items() if terms.get(item))]
    return [
        {"item": item, "title": title, "first": terms.get(item, [])[:SHOWN], "more": terms.get(item, [])[SHOWN:]}
        for item, title in asked
    ]


async def agencies(datasette: Datasette, request: Request) -> Response:
    """Every agency of the registry with what its pages tell."""
    found = await rows(
        datasette,
        "select t.*, i.city, i.state, i.website from agency_transparency t join institutions i on i.id = t.institution_id"
        " order by t.agency collate nocase",
    )
    terms: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in await rows(
        datasette, "select * from agency_terms where closed_at is null order by institution_id, item, value, page_url"
    ):
        terms[row["institution_id"]][row["item"]].append(row)
    sold = await rows(
        datasette,
        "select p.id from programs p join institutions i on i.id = p.institution_id"
        " where i.kind = 'agency' and p.closed_at is null order by p.name collate nocase",
    )
    programs: dict[str, list[Row]] = defaultdict(list)
    for program in await overview(datasette, [row["id"] for row in sold]):
        programs[program["institution_id"]].append(program)
    return await page(
        datasette,
        request,
        "atlas/agencies.html",
        Meta(
            "Placement agencies",
            f"{plural(len(found), 'company', 'companies')} that sell placements, and which of five things each tells on its own pages before anybody pays.",
            "/agencies",
            index=not request.query_string,
        ),
        found=[
            {**row, "answers": answers(terms[row["institution_id"]]), "programs": programs[row["institution_id"]]}
            for row in found
        ],
        questions=QUESTIONS,
    )


ROUTES: Routes = [(r"^/agencies$", agencies)]
