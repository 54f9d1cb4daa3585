"""Placement agencies: what each tells on its own pages before anybody pays, with the words. They are never among the hospitals' programs."""

from __future__ import annotations

from collections import defaultdict

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.database import VIEW
from scraper.site.app import Meta, Routes, Row, page, page_number, page_of, plural, rows, value

FACTS = ("host_named", "price_public", "refund_policy", "address_public", "letter_signer")
QUESTIONS = {name: VIEW["agency_transparency"].column[name].description for name in FACTS}
OTHER = {"hands_on": "Is the work hands-on?", "includes": "What does it speak of as included?"}
PAGE_SIZE = 24
MOST_PROGRAMS = 8  # named with an agency; its own page has them all
SHOWN = 3  # statements of one item that stand open; the others open on a click


def brief(term: Row) -> str:
    """A statement without what its question says already: 'Names as host: Fern Clinic' → 'Fern Clinic'."""
    words = str(term["in_words"])
    said = words.partition(": ")[2] or words
    return said[:1].upper() + said[1:]


def in_order(term: Row) -> tuple[int, str]:
    """Prices from the lowest up, all else by the alphabet."""
    value = str(term["value"])
    return (int(value) if value.isdigit() else 0, value)


def answers(terms: dict[str, list[Row]]) -> list[Row]:
    """The five questions and the others that its pages answer, each with the statements."""
    terms = {item: sorted(({**t, "brief": brief(t)} for t in said), key=in_order) for item, said in terms.items()}
    asked = [*QUESTIONS.items(), *((item, title) for item, title in OTHER.items() if terms.get(item))]
    return [
        {"item": item, "title": title, "first": terms.get(item, [])[:SHOWN], "more": terms.get(item, [])[SHOWN:]}
        for item, title in asked
    ]


async def agencies(datasette: Datasette, request: Request) -> Response:
    """Every agency of the registry with what its pages tell."""
    total = await value(datasette, "select count(*) from institutions where kind = 'agency'")
    number, pages = page_of(total, PAGE_SIZE, page_number(request.args.get("page")))
    found = await rows(
        datasette,
        "select t.*, i.city, i.state, i.website from agency_transparency t join institutions i on i.id = t.institution_id"
        " order by t.agency collate nocase limit :size offset :start",
        {"size": PAGE_SIZE, "start": (number - 1) * PAGE_SIZE},
    )
    terms: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in await rows(
        datasette, "select * from agency_terms where closed_at is null order by institution_id, item, value, page_url"
    ):
        terms[row["institution_id"]][row["item"]].append(row)
    programs: dict[str, list[Row]] = defaultdict(list)
    for row in await rows(
        datasette,
        "select p.id, p.name, p.institution_id from institutions i join programs p on p.institution_id = i.id"
        " where i.kind = 'agency' and p.closed_at is null order by p.name collate nocase",
    ):
        programs[row["institution_id"]].append(row)
    return await page(
        datasette,
        request,
        "atlas/agencies.html",
        Meta(
            "Placement agencies",
            f"{plural(total, 'company', 'companies')} that sell placements, and which of five things each tells on its own pages before anybody pays.",
            "/agencies",
            index=not request.query_string,
        ),
        found=[
            {**row, "answers": answers(terms[row["institution_id"]]), "programs": programs[row["institution_id"]]}
            for row in found
        ],
        questions=QUESTIONS,
        total=total,
        pages=pages,
        number=number,
        most=MOST_PROGRAMS,
    )


ROUTES: Routes = [(r"^/agencies$", agencies)]
