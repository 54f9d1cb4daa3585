"""The list of programs: filters with counts, cards or a table, downloads of just these rows."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import AsgiStream, Request, Response

from scraper.site.app import Meta, Routes, Row, download, overview, page, page_of, plural, rows
from scraper.site.search import CHOICE, CHOICES, PAGE_SIZE, SORTS, UNKNOWN, Choice, Filters, search_expression
from scraper.site.snapshot import Snapshot, current, search
from scraper.site.usmap import STATE_NAMES

SHORT = 8  # values of a filter that are shown at once; the others open on a click
LONG = 80  # values that are shown at all; what is rarer is found by searching
TABLE_COLUMNS = (
    ("types", "Type"), ("state", "State"), ("international_students", "International"), ("visas", "Visas"), ("application_fee", "Application fee"),
    ("program_fee_4_weeks", "Program fee, 4 weeks"), ("stated_cost_4_weeks", "Together"), ("next_deadline", "Next deadline"),
    ("toefl_ibt_min", "TOEFL"), ("ielts_min", "IELTS"), ("vslo", "VSLO"), ("last_read", "Last read"),
)  # fmt: skip


def options(snapshot: Snapshot, filters: Filters, words: int | None, choice: Choice) -> list[Row]:
    """The values of a filter, each with the number of programs that choosing it would show."""
    chosen = filters.chosen.get(choice.name, [])
    counts = dict(snapshot.counts(choice.name, snapshot.find(filters, words, without=choice.name)))
    for value in chosen:
        counts.setdefault(value, 0)
    titles = {**choice.titles, **(STATE_NAMES if choice.name == "state" else {})}
    fixed = list(choice.titles)

    def place(value: str) -> tuple[Any, ...]:
        if value == UNKNOWN:
            return (2,)
        if fixed:
            return (0, fixed.index(value) if value in fixed else len(fixed))
        return (
            (0, value not in chosen, titles.get(value, value))
            if choice.name == "state"
            else (0, value not in chosen, -counts[value], value)
        )

    values = sorted(counts, key=place)
    if not fixed and len(values) > LONG:
        values = [*(v for v in values if v != UNKNOWN)][:LONG] + [v for v in values if v == UNKNOWN]
    return [
        {"value": v, "title": "Not stated" if v == UNKNOWN else titles.get(v, v), "n": counts[v], "chosen": v in chosen}
        for v in values
    ]


def facets(snapshot: Snapshot, filters: Filters, words: int | None) -> list[Row]:
    """Every filter with its values and counts."""
    found = []
    for choice in CHOICES:
        values = options(snapshot, filters, words, choice)
        known = [option for option in values if option["value"] != UNKNOWN]
        unknown = [option for option in values if option["value"] == UNKNOWN]
        found.append(
            {
                "choice": choice,
                "first": known[:SHORT],
                "more": known[SHORT:],
                "unknown": unknown,
                "chosen": bool(filters.chosen.get(choice.name)),
            }
        )
    return found


async def highlights(datasette: Datasette, filters: Filters, found: list[Row]) -> dict[int, Row]:
    """For each program on the page where the words of the search stand in it."""
    expression = search_expression(filters.words)
    if not expression or not found:
        return {}
    names = {f"row_{number}": row["search_id"] for number, row in enumerate(found)}
    marks = ", ".join(f":{name}" for name in names)
    hits = await rows(
        datasette,
        "select rowid as id, highlight(program_search, 0, char(2), char(3)) as program,"
        " highlight(program_search, 1, char(2), char(3)) as institution, snippet(program_search, 5, char(2), char(3), '…', 24) as words"
        f" from program_search where program_search match :words and rowid in ({marks})",
        {"words": expression, **names},
    )
    return {row["id"]: row for row in hits}


def heading(filters: Filters) -> str:
    """What this list is, in a line: 'Observerships, New York'."""
    plurals = {
        "clinical_elective": "Clinical electives",
        "sub_internship": "Sub-internships",
        "observership": "Observerships",
        "research": "Research places",
    }
    types = [plurals[value] for value in filters.chosen.get("type", []) if value in plurals]
    places = [STATE_NAMES.get(value, value) for value in filters.chosen.get("state", []) if value != UNKNOWN]
    visas = [f"visa {CHOICE['visa'].title_of(value)}" for value in filters.chosen.get("visa", []) if value != UNKNOWN]
    parts = [" and ".join(part) for part in (types or ["Programs"], places, visas) if part]
    return ", ".join(parts)[:120]


async def positions(datasette: Datasette, snapshot: Snapshot, filters: Filters) -> tuple[list[int], int | None]:
    """The programs that fit, in the order asked for, and those that the search alone finds."""
    hits = await search(datasette, snapshot, filters.words)
    words = hits.bits if hits else None
    bits = snapshot.find(filters, words)
    if filters.order == "match" and hits and hits.ranked:
        return [position for position in hits.ranked if bits >> position & 1], words
    return snapshot.ordered(bits, "institution" if filters.order == "match" else filters.order), words


async def matching(datasette: Datasette, filters: Filters) -> list[str]:
    """The ids of the programs that fit, in the order asked for."""
    snapshot = await current(datasette)
    return snapshot.ids((await positions(datasette, snapshot, filters))[0])


async def programs(datasette: Datasette, request: Request) -> Response | AsgiStream:
    """The list of programs with its filters; as CSV or JSON where the address ends so."""
    filters = Filters.from_query(request.args)
    if extension := request.url_vars.get("extension"):
        return download(datasette, await matching(datasette, filters), extension, "programs")
    snapshot = await current(datasette)
    found, words = await positions(datasette, snapshot, filters)
    number, pages = page_of(len(found), PAGE_SIZE, filters.page)
    start = (number - 1) * PAGE_SIZE
    shown = await overview(datasette, snapshot.ids(found[start : start + PAGE_SIZE]))
    title = heading(filters)
    return await page(
        datasette,
        request,
        "atlas/programs.html",
        Meta(
            title if filters.active or not filters.words else f"Search: {filters.words}",
            f"{plural(len(found), 'program')} of US hospitals and medical schools for visitors: fees, visas, deadlines and who may apply.",
            "/programs",
            index=not request.query_string,
        ),
        heading=title,
        filters=filters,
        programs=shown,
        hits=await highlights(datasette, filters, shown),
        total=len(found),
        pages=pages,
        number=number,
        facets=facets(snapshot, filters, words),
        sorts={key: name for key, name in SORTS.items() if key != "match" or filters.words},
        columns=TABLE_COLUMNS,
    )


ROUTES: Routes = [(r"^/programs(?:\.(?P<extension>csv|json))?$", programs)]
