"""Charts: each is a table whose rows carry a bar, so that it reads as well aloud, in print and without style sheets."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from urllib.parse import urlencode

import attrs
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.site import usmap
from scraper.site.app import Meta, Routes, dollars, page
from scraper.site.search import CHOICE, UNKNOWN
from scraper.site.snapshot import Snapshot, current, months


@attrs.frozen
class Bar:
    """A row of a chart: its label, the length of its bar (0 to 1000), its value in words, where it leads."""

    label: str
    length: int
    value: str
    path: str = ""
    note: str = ""


@attrs.frozen
class Chart:
    """A chart: title, what it shows in a sentence, the names of its two columns, its rows."""

    title: str
    note: str
    label: str
    value: str
    bars: list[Bar]


def bars(pairs: Sequence[tuple[str, float, str, str]]) -> list[Bar]:
    """(label, number, value in words, path) → rows whose bars are to one scale."""
    highest = max((number for _, number, _, _ in pairs), default=0) or 1
    return [Bar(label, round(1000 * number / highest), words, path) for label, number, words, path in pairs]


def counted(snapshot: Snapshot, name: str, limit: int = 12) -> list[Bar]:
    """How many programs have each value of a filter."""
    choice = CHOICE[name]
    found = [(value, bits.bit_count()) for value, bits in snapshot.values[name].items()]
    fixed = list(choice.titles)
    found.sort(
        key=lambda pair: (pair[0] == UNKNOWN, fixed.index(pair[0]) if pair[0] in fixed else 0, -pair[1], pair[0])
    )
    known = [pair for pair in found if pair[0] != UNKNOWN][:limit] + [pair for pair in found if pair[0] == UNKNOWN]
    return bars([(choice.title_of(v), n, f"{n:,}", f"/programs?{urlencode({name: v})}") for v, n in known])


def costs(snapshot: Snapshot, name: str, titles: dict[str, str], fewest: int = 1, limit: int = 15) -> list[Bar]:
    """The median of the stated costs of four weeks, for each value of a filter."""
    found = []
    for value, bits in snapshot.values[name].items():
        amounts = [
            snapshot.rows[i]["stated_cost_4_weeks"]
            for i in snapshot.ordered(bits & ~snapshot.unstated("fee_max"), "institution")
        ]
        if value != UNKNOWN and len(amounts) >= fewest:
            found.append((titles.get(value, value), median(amounts), len(amounts), value))
    found.sort(key=lambda entry: (-entry[2], entry[0]))
    found = sorted(found[:limit], key=lambda entry: (-entry[1], entry[0]))
    drawn = bars([(t, m, dollars(m), f"/programs?{urlencode({name: v, 'sort': 'fee'})}") for t, m, _, v in found])
    return [attrs.evolve(bar, note=f"of {n:,}") for bar, (_, _, n, _) in zip(drawn, found, strict=True)]


def freshness(snapshot: Snapshot) -> list[Bar]:
    """How long ago programs were read."""
    spans = {"this week": 7, "1 to 4 weeks ago": 28, "1 to 3 months ago": 92, "longer ago": 100_000}
    counts: dict[str, int] = dict.fromkeys(spans, 0)
    for row in snapshot.rows:
        age = (snapshot.day - dt.date.fromisoformat(row["last_read"][:10])).days
        counts[next(name for name, days in spans.items() if age <= days)] += 1
    return bars([(name, number, f"{number:,}", "") for name, number in counts.items()])


def coverage(snapshot: Snapshot) -> list[Bar]:
    """How many institutions of the registry have been visited, and how many have a program."""
    with_programs = {row["institution_id"] for row in snapshot.rows}
    visited = sum(row["outcome"] is not None for row in snapshot.institutions)
    pairs = [
        ("In the registry", len(snapshot.institutions)),
        ("Visited", visited),
        ("With a program for visitors", len(with_programs)),
    ]
    return bars([(name, number, f"{number:,}", "") for name, number in pairs])


def minima(snapshot: Snapshot, name: str, unit: str) -> list[Bar]:
    """How many programs ask for each score."""
    counts: dict[float, int] = defaultdict(int)
    for row in snapshot.rows:
        if row[name] is not None:
            counts[row[name]] += 1
    return bars([(f"{unit} {score:g}", n, f"{n:,}", "") for score, n in sorted(counts.items())])


def every_chart(snapshot: Snapshot) -> list[Chart]:
    """All charts, worked out once a snapshot."""
    ahead = sorted(months(snapshot.upcoming).items())[:12]
    by_month = [(f"{dt.date.fromisoformat(m + '-01'):%B %Y}", n, f"{n:,}", f"/deadlines?month={m}") for m, n in ahead]
    types = CHOICE["type"].titles
    return [
        Chart("What is offered", "Programs by type; one program may offer several.", "Type", "Programs", counted(snapshot, "type")),
        Chart("Do they take international students?", "As far as their pages say.", "Answer", "Programs", counted(snapshot, "international")),
        Chart("Cost by type", "Median of the stated application and program fees for four weeks, and of how many programs.", "Type", "Median", costs(snapshot, "type", types)),
        Chart("Cost by state", "Median of the stated costs for four weeks, in the states with the most programs that state one.", "State", "Median", costs(snapshot, "state", usmap.STATE_NAMES)),
        Chart("Visas accepted", "Visa classes that programs name as accepted.", "Visa", "Programs", counted(snapshot, "visa")),
        Chart("Deadlines by month", "Days ahead on which applications open or close.", "Month", "Dates", bars(by_month)),
        Chart("TOEFL iBT minimum", "Programs that state a minimum.", "Score", "Programs", minima(snapshot, "toefl_ibt_min", "TOEFL iBT")),
        Chart("IELTS minimum", "Programs that state a minimum.", "Band", "Programs", minima(snapshot, "ielts_min", "IELTS")),
        Chart("Coverage", "Institutions that this project knows, visits, and found a program at.", "Institutions", "Number", coverage(snapshot)),
        Chart("Freshness", "When the programs' pages were last read.", "Read", "Programs", freshness(snapshot)),
    ]  # fmt: skip


async def charts(datasette: Datasette, request: Request) -> Response:
    """All charts on one page."""
    snapshot = await current(datasette)
    return await page(
        datasette,
        request,
        "atlas/charts.html",
        Meta(
            "Charts",
            "US clinical experience in figures: cost by type and state, visas accepted, English minima, deadlines by month.",
            "/charts",
        ),
        charts=snapshot.once("charts", every_chart),
    )


ROUTES: Routes = [(r"^/charts$", charts)]
