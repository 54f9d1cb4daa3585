"""What can be subscribed to: changes as Atom, deadlines as calendars; of all, of an institution, of a program, of any filter.

    /changes.atom   /institution/ID.atom   /program/ID.atom
    /deadlines.ics  /programs.ics?FILTER   /institution/ID.ics   /program/ID.ics      each with ?start=2027-03

`start` is the month (or the day) in which the reader wants to start: lead times then become days.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import re
from collections import defaultdict
from operator import itemgetter

from datasette.app import Datasette
from datasette.utils.asgi import BadRequest, NotFound, Request, Response

from scraper.feeds import Change, Entry, Event, Stated, atom, event, ics
from scraper.items import FIELD
from scraper.matching.dates import before
from scraper.record import deadline_of
from scraper.site.app import NAME, Routes, Row, atlas, day, plural, rows, safe_url
from scraper.site.deadlines import EVENTS, WHO
from scraper.site.programs import heading, matching
from scraper.site.search import Filters
from scraper.site.snapshot import Snapshot, current

ENTRIES = 100  # of a feed: what a reader that looks once a month does not miss
EVENTS_AT_MOST = 2_000  # of a calendar: more than any program that shows one takes well
PAST = dt.timedelta(days=60)  # days that have passed stay so long, so that a late look still finds them
ABOUT = "Read from the hospitals' own pages. Always check the source before you decide or pay."

_CHANGES = (
    "select c.date, c.field, c.old, c.new, c.in_words, c.page_url, c.program_id, p.name as program, i.name as institution"
    " from changes c join programs p on p.id = c.program_id join institutions i on i.id = c.institution_id"
)
_DEADLINES = (
    "select d.*, x.date as on_day, p.name as program, p.institution_id, i.name as institution, i.city, i.state,"
    " coalesce(e.page_url, p.url) as page, coalesce(e.first_seen, p.first_seen) as read"
    " from deadlines d join programs p on p.id = d.program_id and p.closed_at is null"
    " join institutions i on i.id = p.institution_id left join deadline_dates x on x.id = d.id"
    " left join evidence e on e.id = d.evidence_id where d.rolling = 0"
)
_HISTORY = "select program_id, date, old, new from changes where field = 'deadlines' order by date, id"


# --- changes ---------------------------------------------------------------------------------------------------------


async def changes(datasette: Datasette, request: Request) -> Response:
    """All changes."""
    return await _feed(datasette, request, "", {}, ("all",), f"{NAME}: what changed", "/changes")


async def institution_changes(datasette: Datasette, request: Request) -> Response:
    """The changes of an institution's programs."""
    one = await _institution(datasette, request)
    where = " where c.institution_id = :id"
    title = f"{one['name']}: what changed"
    return await _feed(datasette, request, where, one, ("institution", one["id"]), title, f"/institution/{one['id']}")


async def program_changes(datasette: Datasette, request: Request) -> Response:
    """The changes of a program."""
    one = await _program(datasette, request)
    where = " where c.program_id = :id"
    title = f"{one['name']}, {one['institution']}: what changed"
    return await _feed(datasette, request, where, one, ("program", one["id"]), title, f"/program/{one['id']}")


async def _feed(
    datasette: Datasette,
    request: Request,
    where: str,
    values: Row,
    identity: tuple[str, ...],
    title: str,
    path: str,
) -> Response:
    found = await rows(
        datasette, f"{_CHANGES}{where} order by c.date desc, c.id desc limit {ENTRIES}", {"id": values.get("id")}
    )
    snapshot = await current(datasette)
    newest = max((row["last_read"] or "" for row in snapshot.rows), default="")
    updated = found[0]["date"] if found else f"{newest or '1970-01-01'}T00:00:00Z"

    def url(path: str) -> str:
        return datasette.absolute_url(request, datasette.urls.path(path))

    entries = [
        Entry(
            identity=(
                row["date"],
                row["program_id"],
                row["field"],
                row["old"] or "",
                row["new"] or "",
                row["in_words"],
            ),
            title=f"{row['institution']}: {row['in_words']}",
            text=f"{row['program']}, {row['institution']}. {row['in_words']}. Read on {day(row['date'])}. {ABOUT}",
            updated=row["date"],
            link=url(f"/program/{row['program_id']}"),
            source=safe_url(row["page_url"]),
            category=(
                row["field"],
                FIELD[row["field"]].title if row["field"] in FIELD else "Programs that came or went",
            ),
        )
        for row in found
    ]
    # Two changes can read the same only where a page was read twice within a second: the first stands for both.
    once = list({entry.identity: entry for entry in entries}.values())
    body = atom(identity, title, url(path), url(request.path), updated, once)
    return _answer(request, body, "application/atom+xml; charset=utf-8")


# --- deadlines ---------------------------------------------------------------------------------------------------------


async def deadlines(datasette: Datasette, request: Request) -> Response:
    """All deadlines, or those that the deadlines page shows: ?state=, ?type=, ?event=, ?for=."""
    ids = None
    names = {"state": request.args.get("state"), "type": request.args.get("type")}
    chosen = {name: [value] for name, value in names.items() if value}
    if chosen:
        ids = set(await matching(datasette, Filters(chosen=chosen)))
    found = await _stated(datasette, ids)
    kind = {"open": "opens", "close": "closes"}.get(request.args.get("event") or "")
    who = request.args.get("for")
    found = [
        one
        for one in found
        if (not kind or one["kind"] == kind) and (who not in WHO or one["audience"] in ("any", who))
    ]
    asked = Filters(chosen=chosen)
    title = f"{NAME}: {'deadlines' if not chosen else 'deadlines, ' + heading(asked)}"
    if kind:
        title += f", {EVENTS[request.args.get('event')].lower()}"
    return await _calendar(datasette, request, title, found)


async def filtered_deadlines(datasette: Datasette, request: Request) -> Response:
    """The deadlines of the programs that the programs page shows under the same filter."""
    filters = Filters.from_query(request.args)
    ids = set(await matching(datasette, filters)) if filters.active or filters.words else None
    title = f"{NAME}: deadlines, {filters.words + ', ' if filters.words else ''}{heading(filters)}"
    return await _calendar(datasette, request, title, await _stated(datasette, ids))


async def institution_deadlines(datasette: Datasette, request: Request) -> Response:
    """The deadlines of an institution's programs."""
    one = await _institution(datasette, request)
    snapshot = await current(datasette)
    ids = {row["id"] for row in snapshot.rows if row["institution_id"] == one["id"]}
    return await _calendar(datasette, request, f"Deadlines: {one['name']}", await _stated(datasette, ids))


async def program_deadlines(datasette: Datasette, request: Request) -> Response:
    """The deadlines of a program."""
    one = await _program(datasette, request)
    found = await _stated(datasette, {one["id"]})
    return await _calendar(datasette, request, f"Deadlines: {one['name']}, {one['institution']}", found)


async def _stated(datasette: Datasette, ids: set[str] | None) -> list[Row]:
    """The deadlines of some programs (None = of all)."""
    of_program = await _kept(datasette, await current(datasette), "stated deadlines", _DEADLINES)
    wanted = of_program if ids is None else [name for name in of_program if name in ids]
    return [row for name in wanted for row in of_program[name]]


async def _kept(datasette: Datasette, snapshot: Snapshot, key: str, sql: str) -> dict[str, list[Row]]:
    """The rows that `sql` gives, by program, read once a snapshot."""
    if key not in snapshot.memo:

        def read(connection: object) -> dict[str, list[Row]]:
            cursor = connection.execute(sql)  # type: ignore[attr-defined]
            names = [column[0] for column in cursor.description]
            found: dict[str, list[Row]] = defaultdict(list)
            for values in cursor:
                row = dict(zip(names, values, strict=True))
                found[row["program_id"]].append(row)
            return dict(found)

        snapshot.memo[key] = await atlas(datasette).execute_fn(read)
    return snapshot.memo[key]  # type: ignore[no-any-return]


async def _calendar(datasette: Datasette, request: Request, title: str, found: list[Row]) -> Response:
    start = _start(request.args.get("start"))
    snapshot = await current(datasette)
    history = await _kept(datasette, snapshot, "history of deadlines", _HISTORY)

    def make() -> bytes:
        first, dated, leads = str(snapshot.day - PAST), [], 0
        for row in found:
            leads += row["lead_n"] is not None
            day = row["on_day"] or (str(before(start, deadline_of(row))) if start and row["lead_n"] is not None else "")
            if day >= first:
                dated.append((day < str(snapshot.day), day, row["program_id"], row["id"], row))
        dated.sort(key=itemgetter(slice(0, 4)))
        about = ABOUT
        if len(dated) > EVENTS_AT_MOST:
            about += f" The next {plural(EVENTS_AT_MOST, 'date')} of {len(dated):,}: choose fewer with the filters."
        if leads and start is None:
            about += f" {plural(leads, 'deadline')} so long before the start are not in it: add ?start=YYYY-MM, the month in which you want to start."
        made = (_event(row, history, start) for *_, row in dated[:EVENTS_AT_MOST])
        return ics(title, about, [one for one in made if one])

    def _event(row: Row, history: dict[str, list[Row]], start: dt.date | None) -> Event | None:
        name = row["program_id"]
        stated = Stated(
            deadline=deadline_of(row),
            day=dt.date.fromisoformat(row["on_day"]) if row["on_day"] else None,
            program_id=name,
            program=row["program"],
            institution=row["institution"],
            place=", ".join(filter(None, (row["city"], row["state"]))),
            page=row["page"],
            read=row["read"],
            link=datasette.absolute_url(request, datasette.urls.path(f"/program/{name}")),
        )
        return event(stated, [Change(one["date"], one["old"], one["new"]) for one in history.get(name, ())], start)

    # The calendar of all is asked for every day by everybody who subscribed to it: made once a snapshot.
    key = ("calendar", datasette.absolute_url(request, request.path))
    body: bytes | None = None if request.query_string else snapshot.memo.get(key)
    if body is None:
        body = await asyncio.to_thread(make)
        if request.path.endswith("/deadlines.ics") and not request.query_string:
            snapshot.memo[key] = body
    name = re.sub(r"[^a-z0-9]+", "-", request.path.lower().removesuffix(".ics")).strip("-")
    return _answer(request, body, "text/calendar; charset=utf-8", f"{name}.ics")


def _start(text: str | None) -> dt.date | None:
    """'2027-03' → its first day; None where nothing is given."""
    if not text:
        return None
    try:
        if re.fullmatch(r"20\d\d-\d\d(-\d\d)?", text):
            return dt.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        pass
    raise BadRequest("start is the month in which you want to start, such as 2027-03")


# --- both ----------------------------------------------------------------------------------------------------------------


async def _institution(datasette: Datasette, request: Request) -> Row:
    found = await rows(datasette, "select id, name from institutions where id = :id", {"id": request.url_vars["id"]})
    if not found:
        raise NotFound("There is no institution under this address.")
    return found[0]


async def _program(datasette: Datasette, request: Request) -> Row:
    """A program; one that is closed too: who follows it is to learn that it closed."""
    found = await rows(
        datasette,
        "select p.id, p.name, i.name as institution from programs p join institutions i on i.id = p.institution_id where p.id = :id",
        {"id": request.url_vars["id"]},
    )
    if not found:
        raise NotFound("There is no program under this address.")
    return found[0]


def _answer(request: Request, body: bytes, content_type: str, name: str = "") -> Response:
    """The answer, or 'not modified' where the reader has it: feeds are asked for far more often than they change."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "max-age=3600"}
    if tag in (request.headers.get("if-none-match") or ""):
        return Response("", status=304, headers=headers, content_type=content_type)
    if name:
        headers["content-disposition"] = f'inline; filename="{name}"'
    return Response(body, headers=headers, content_type=content_type)


ROUTES: Routes = [
    (r"^/changes\.atom$", changes),
    (r"^/institution/(?P<id>[^/]+)\.atom$", institution_changes),
    (r"^/program/(?P<id>[^/]+)\.atom$", program_changes),
    (r"^/deadlines\.ics$", deadlines),
    (r"^/programs\.ics$", filtered_deadlines),
    (r"^/institution/(?P<id>[^/]+)\.ics$", institution_deadlines),
    (r"^/program/(?P<id>[^/]+)\.ics$", program_deadlines),
]
