"""Days on which applications open or must be in: a month at a glance, and as a list."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.site.app import Meta, Routes, Row, month_of, page, page_number, page_of, plural
from scraper.site.search import CHOICE
from scraper.site.snapshot import Snapshot, current, months
from scraper.site.usmap import STATE_NAMES

PAGE_SIZE = 60
IN_A_DAY = 3  # entries shown in a day of the calendar; the rest is counted
EVENTS = {"open": "Applications open", "close": "Applications close"}
WHO = {"international": "Students of schools abroad", "us": "Students of US schools"}


def chosen(snapshot: Snapshot, state: str, event: str, who: str, kind: str) -> list[Row]:
    """The dates ahead that a visitor asks for. A date for anyone is a date for each group."""
    found = snapshot.upcoming
    if kind:
        bits = snapshot.values["type"].get(kind, 0)
        having = {snapshot.rows[i]["id"] for i in snapshot.ordered(bits, "institution")}
        found = [row for row in found if row["program_id"] in having]
    return [
        row
        for row in found
        if (not state or row["state"] == state)
        and (event not in EVENTS or row["event"] == EVENTS[event])
        and (who not in WHO or row["audience"] in ("any", who))
    ]


def weeks(first: dt.date, today: dt.date, found: list[Row]) -> list[list[Row]]:
    """The weeks of a month, Monday to Sunday, each day with what falls on it."""
    by_day: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        by_day[row["date"]].append(row)
    return [
        [
            {
                "date": day,
                "inside": day.month == first.month,
                "today": day == today,
                "rows": by_day.get(day.isoformat(), [])[:IN_A_DAY] if day.month == first.month else [],
                "more": max(0, len(by_day.get(day.isoformat(), [])) - IN_A_DAY) if day.month == first.month else 0,
            }
            for day in week
        ]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]


async def deadlines(datasette: Datasette, request: Request) -> Response:
    """The calendar of a month, and its days as a list."""
    snapshot = await current(datasette)
    today = snapshot.day
    state, event = request.args.get("state") or "", request.args.get("event") or ""
    who, kind = request.args.get("for") or "", request.args.get("type") or ""
    plain = not (state or event or who or kind)
    found = snapshot.upcoming if plain else chosen(snapshot, state, event, who, kind)
    by_month = snapshot.once("months", lambda s: months(s.upcoming)) if plain else months(found)
    asked = request.args.get("month") or next((m for m in sorted(by_month)), "")
    first = month_of(asked, today)
    month = f"{first:%Y-%m}"
    day = request.args.get("day") or ""
    listed = [row for row in found if row["date"][:7] == month and (not day or row["date"] == day)]
    number, pages = page_of(len(listed), PAGE_SIZE, page_number(request.args.get("page")))
    query = {name: text for name, text in (("state", state), ("event", event), ("for", who), ("type", kind)) if text}
    before, after = (first - dt.timedelta(days=1)).replace(day=1), (first + dt.timedelta(days=32)).replace(day=1)
    return await page(
        datasette,
        request,
        "atlas/deadlines.html",
        Meta(
            "Deadlines ahead",
            f"{plural(len(found), 'date')} on which applications to US hospitals' programs for visitors open or close.",
            "/deadlines",
            index=not request.query_string,
        ),
        weeks=weeks(first, today, [row for row in found if row["date"][:7] == month]),
        rows=listed[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        total=len(found),
        listed=len(listed),
        number=number,
        pages=pages,
        first=first,
        month=month,
        months=[(m, dt.date.fromisoformat(f"{m}-01"), n) for m, n in sorted(by_month.items())],
        before=f"{before:%Y-%m}" if f"{before:%Y-%m}" >= f"{today:%Y-%m}" else "",
        after=f"{after:%Y-%m}",
        state=state,
        event=event,
        who=who,
        kind=kind,
        day_asked=day,
        types=CHOICE["type"].titles,
        whos=WHO,
        states=snapshot.once("deadline states", deadline_states),
        query=urlencode(query),
    )


def deadline_states(snapshot: Snapshot) -> list[tuple[str, str]]:
    """The states in which a date is ahead: (code, name)."""
    codes = {row["state"] for row in snapshot.upcoming if row["state"]}
    return sorted(((code, STATE_NAMES.get(code, code)) for code in codes), key=lambda pair: pair[1])


ROUTES: Routes = [(r"^/deadlines$", deadlines)]
