"""Single electives that hospitals' catalogs list: by specialty, place and whether they take international students."""

from __future__ import annotations

import calendar
from array import array
from typing import Any
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.site.app import Meta, Routes, Row, page, page_number, page_of, plural, rows, rows_of, value
from scraper.site.search import UNKNOWN
from scraper.site.snapshot import Snapshot, current
from scraper.site.usmap import STATE_NAMES

PAGE_SIZE = 60
INTERNATIONAL = {"yes": "Yes", "no": "No", UNKNOWN: "The catalog does not say"}
_FROM = (
    " from electives e join institutions i on i.id = e.institution_id and coalesce(i.kind, '') <> 'agency'"
    " left join terms t on t.field = 'specialty' and t.value = e.specialty"
    " left join programs p on p.id = e.program_id and p.closed_at is null where e.closed_at is null"
)
_ACCEPTS = {
    "yes": "e.accepts_international = 1",
    "no": "e.accepts_international = 0",
    UNKNOWN: "e.accepts_international is null",
}


def month_words(months: str | None) -> str:
    """'7 8' → 'Jul, Aug'; '1 2 9 10 11 12' → 'Sep to Feb'; 'all year' for twelve, 'all year but Jul' for eleven."""
    numbers = {int(one) for one in (months or "").split() if one.isdigit() and 1 <= int(one) <= 12}
    if len(numbers) == 12:
        return "all year"
    if len(numbers) >= 10:
        return f"all year but {' and '.join(calendar.month_abbr[n] for n in range(1, 13) if n not in numbers)}"
    runs = [_run(first, numbers) for first in sorted(numbers) if (first - 2) % 12 + 1 not in numbers]
    return ", ".join(
        f"{names[0]} to {names[-1]}" if len(names) > 2 else ", ".join(names)
        for names in ([calendar.month_abbr[number] for number in run] for run in runs)
    )


def _run(first: int, numbers: set[int]) -> list[int]:
    """The months from `first` on, over the turn of the year, as long as each is among `numbers`."""
    run = [first]
    while (after := run[-1] % 12 + 1) in numbers:
        run.append(after)
    return run


def weeks_words(row: Row) -> str:
    """'4 weeks', '2 to 4 weeks', '' where the catalog does not say."""
    low, high = row["weeks_min"], row["weeks_max"]
    if low is None and high is None:
        return ""
    if low is None or high is None or low == high:
        length = low if low is not None else high
        return f"{length:g} week{'' if length == 1 else 's'}"
    return f"{low:g} to {high:g} weeks"


def asked(request: Request) -> tuple[dict[str, str], str, Row]:
    """What a visitor asks for: the filters as they stand in the address, the condition, and its values."""
    get = request.args.get
    chosen = {name: " ".join((get(name) or "").split())[:100] for name in ("q", "specialty", "state", "at", "program")}
    chosen["international"] = international if (international := get("international") or "") in _ACCEPTS else ""
    terms, values = [], {}
    for number, word in enumerate(chosen["q"].split()[:8]):
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values[f"word_{number}"] = f"%{escaped}%"
        terms.append(
            "(e.title || ' ' || coalesce(e.code, '') || ' ' || coalesce(e.site, '') || ' ' || i.name || ' ' || coalesce(i.city, ''))"
            f" like :word_{number} escape '\\'"
        )
    for name, column in (
        ("specialty", "e.specialty"),
        ("state", "i.state"),
        ("at", "i.id"),
        ("program", "e.program_id"),
    ):
        if chosen[name]:
            terms.append(f"{column} = :{name}")
            values[name] = chosen[name]
    if chosen["international"]:
        terms.append(_ACCEPTS[chosen["international"]])
    return {name: text for name, text in chosen.items() if text}, "".join(f" and {term}" for term in terms), values


async def electives(datasette: Datasette, request: Request) -> Response:
    """The list of electives with its filters."""
    chosen, where, values = asked(request)
    snapshot = await current(datasette)
    ids = await _ids(datasette, snapshot, where, values)
    total = len(ids)
    number, pages = page_of(total, PAGE_SIZE, page_number(request.args.get("page")))
    shown = ids[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    found = await rows_of(
        datasette,
        "select e.*, t.title as specialty_title, i.name as institution, i.city, i.state, p.name as program"
        f"{_FROM} and e.id",
        shown,
    )
    for row in found:
        row |= {"months_words": month_words(row["months"]), "weeks_words": weeks_words(row)}
    return await page(
        datasette,
        request,
        "atlas/electives.html",
        Meta(
            "Electives in hospitals' catalogs",
            f"{plural(total, 'elective')} that hospitals and medical schools list for visitors: specialty, place, length, and whether international students may come.",
            "/electives",
            index=not request.query_string,
        ),
        found=found,
        total=total,
        pages=pages,
        number=number,
        chosen=chosen,
        narrowed=await _names(datasette, chosen),
        specialties=await _counted(datasette, snapshot, "e.specialty", "t.title"),
        states=[
            (code, STATE_NAMES.get(code, code), n)
            for code, _, n in await _counted(datasette, snapshot, "i.state", "i.state")
        ],
        internationals=INTERNATIONAL,
        query=urlencode(chosen),
    )


async def _ids(datasette: Datasette, snapshot: Snapshot, where: str, values: Row) -> array[int]:
    """The electives that are asked for, in the order of the list; kept for the next page of it."""
    wish = ("electives", where, tuple(sorted(values.items())))
    if (ids := snapshot.memo.get(wish)) is None:
        sql = f"select e.id{_FROM}{where} order by i.name collate nocase, e.title collate nocase, e.id"
        ids = snapshot.remember(wish, array("q", [row["id"] for row in await rows(datasette, sql, values)]))
    return ids  # type: ignore[no-any-return]


async def _counted(datasette: Datasette, snapshot: Snapshot, column: str, title: str) -> list[tuple[Any, Any, int]]:
    """The values of a column with their names and how many electives have them."""
    if (counted := snapshot.memo.get(("electives", column))) is None:
        sql = f"select {column} as value, coalesce({title}, {column}) as title, count(*) as n{_FROM} and {column} is not null group by 1 order by 2"
        counted = [(row["value"], row["title"], row["n"]) for row in await rows(datasette, sql)]
        snapshot.memo["electives", column] = counted
    return counted  # type: ignore[no-any-return]


async def _names(datasette: Datasette, chosen: dict[str, str]) -> list[str]:
    """The names of the institution and the program that the list is narrowed to."""
    found = []
    for name, sql in (
        ("at", "select name from institutions where id = :id"),
        ("program", "select name from programs where id = :id"),
    ):
        if name in chosen and (text := await value(datasette, sql, {"id": chosen[name]})):
            found.append(text)
    return found


ROUTES: Routes = [(r"^/electives$", electives)]
