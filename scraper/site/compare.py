"""Up to four programs side by side, with what differs marked. The address holds the choice: /compare?id=a&id=b."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlencode

import attrs
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.database import TITLES
from scraper.site.app import Meta, Routes, Row, dollars, overview, page, short_day
from scraper.site.snapshot import current, search

MOST = 4
HITS = 8

Kind = Literal["text", "dollars", "number", "weeks", "day", "list", "housing"]
Mark = Literal["same", "differs", "partly", "unstated"]


@attrs.frozen
class Line:
    """A row of the comparison: a column of program_overview, its title, and how it is written. Lists are parted by `parted_by`."""

    column: str
    title: str
    kind: Kind = "text"
    parted_by: str = ", "


LINES: tuple[tuple[str, tuple[Line, ...]], ...] = (
    ("What it is", (
        Line("types", "Type", "list"),
        Line("status", "Status"),
        Line("vslo", "Through VSLO"),
        Line("specialties", "Specialties", "list", "; "),
        Line("duration_weeks_min", "Shortest placement", "weeks"),
        Line("duration_weeks_max", "Longest placement", "weeks"),
        Line("total_weeks_max", "Longest stay in all", "weeks"),
    )),
    ("What it costs", (
        Line("application_fee", "Application fee", "dollars"),
        Line("program_fee_4_weeks", "Program fee, 4 weeks", "dollars"),
        Line("stated_cost_4_weeks", "Stated cost, 4 weeks", "dollars"),
        Line("compensation", "Paid or unpaid"),
        Line("who_pays", "Who pays", "list", "; "),
    )),
    ("When to apply", (
        Line("next_deadline", "Next deadline", "day"),
        Line("apply_ahead", "How long before"),
        Line("rolling", "Rolling"),
    )),
    ("Who may apply", (
        Line("who_may_apply", "Open to", "list"),
        Line("international_students", "International students"),
        Line("final_year_required", "Final year only"),
        Line("core_clerkships_required", "Core clerkships first"),
        Line("good_standing_required", "Good standing"),
        Line("affiliation_required", "Affiliation agreement"),
        Line("usmle_step1_required", "USMLE Step 1"),
        Line("letters_required", "Letters of recommendation", "number"),
        Line("interview_required", "Interview"),
        Line("home_school_applies", "Home school has to apply"),
    )),
    ("Visas and English", (
        Line("visas", "Visas accepted", "list"),
        Line("visa_sponsored", "Host sponsors visas"),
        Line("english_proficiency_required", "English proof"),
        Line("toefl_ibt_min", "TOEFL iBT at least", "number"),
        Line("ielts_min", "IELTS at least", "number"),
    )),
    ("What to hand in, what to get", (
        Line("documents", "Documents", "list", "; "),
        Line("certificate_offered", "Certificate"),
        Line("recommendation_offered", "Letter of recommendation"),
        Line("mentorship_offered", "Mentor"),
    )),
    ("The place", (
        Line("hospital_settings", "Hospital setting", "list", "; "),
        Line("housing", "Housing", "housing"),
        Line("malpractice_provided", "Malpractice cover by the host"),
        Line("health_insurance_provided", "Health insurance by the host"),
    )),
    ("Source", (Line("last_read", "Last read", "day"),)),
)  # fmt: skip
_MARKS: dict[Mark, str] = {"differs": "differs", "partly": "not all state it", "same": "", "unstated": ""}


@attrs.frozen
class Item:
    """A member of a list; `shared` when every program that states the list has it."""

    text: str
    shared: bool


@attrs.frozen
class Shown:
    """A row as it is shown: for each program a text, or the items of a list; None = not stated."""

    title: str
    mark: Mark
    cells: tuple[str | tuple[Item, ...] | None, ...]

    @property
    def mark_words(self) -> str:
        return _MARKS[self.mark]


def written(value: Any, kind: Kind) -> str | None:
    """A value as it is shown."""
    if value is None or value == "":
        return None
    if kind == "dollars":
        return dollars(value)
    if kind == "weeks":
        return f"{value:g} week{'' if value == 1 else 's'}"
    if kind == "housing":
        return TITLES["housing"].get(value, str(value))
    if kind == "number":
        return f"{value:g}"
    return short_day(value) if kind == "day" else str(value)


def shown(line: Line, programs: list[Row]) -> Shown:
    """A row for the programs. It differs when two programs state different things; what one does not state is no difference,
    but is said."""
    values = [value for program in programs if (value := program[line.column]) not in (None, "")]
    cells: tuple[str | tuple[Item, ...] | None, ...]
    if line.kind == "list":
        lists = [[one for one in (program[line.column] or "").split(line.parted_by) if one] for program in programs]
        stated = [set(one) for one in lists if one]
        common = set.intersection(*stated) if stated else set()
        cells = tuple(tuple(Item(one, one in common or len(stated) < 2) for one in found) or None for found in lists)
        different = len({frozenset(one) for one in stated}) > 1
    else:
        cells = tuple(written(program[line.column], line.kind) for program in programs)
        different = len(set(values)) > 1
    mark: Mark = (
        "unstated" if not values else "differs" if different else "partly" if len(values) < len(programs) else "same"
    )
    return Shown(line.title, mark, cells)


def table(programs: list[Row], only_differences: bool) -> list[tuple[str, list[Shown]]]:
    """The groups of rows; those that no program states are left out, and, where asked for, those that are the same."""
    wanted = ("differs", "partly") if only_differences else ("differs", "partly", "same")
    groups = [
        (title, [row for line in lines if (row := shown(line, programs)).mark in wanted]) for title, lines in LINES
    ]
    return [(title, found) for title, found in groups if found]


async def compare(datasette: Datasette, request: Request) -> Response:
    """The programs that the address names, and a search for more."""
    asked = list(dict.fromkeys(value for value in request.args.getlist("id") if value))
    programs = await overview(datasette, asked[: 4 * MOST])
    too_many = len(programs) > MOST
    gone = len(asked[: 4 * MOST]) - len(programs)
    programs = programs[:MOST]
    ids = [program["id"] for program in programs]
    only = request.args.get("only") == "differences"
    words = (request.args.get("q") or "").strip()[:200]
    snapshot = await current(datasette)
    hits = await search(datasette, snapshot, words) if words and len(ids) < MOST else None
    found = await overview(datasette, snapshot.ids(hits.ranked[: HITS + MOST])) if hits else []

    def address(chosen: list[str], **more: str) -> str:
        query = urlencode([*(("id", one) for one in chosen), *more.items()])
        return datasette.urls.path("/compare") + (f"?{query}" if query else "")

    places = [program["institution"] for program in programs]
    names = " and ".join(program["institution"] for program in programs)
    return await page(
        datasette,
        request,
        "atlas/compare.html",
        Meta(
            f"Compare {names}" if programs else "Compare programs",
            "Up to four programs at US hospitals side by side: cost, deadlines, visas, English, documents, with what differs marked.",
            "/compare",
            index=not asked,
        ),
        programs=programs,
        groups=table(programs, only and len(programs) > 1),
        # On a phone each value is named by its hospital, or by its program where two are of one hospital.
        short_names=[p["institution"] if len(set(places)) == len(places) else p["program"] for p in programs],
        only=only,
        too_many=too_many,
        gone=gone,
        words=words,
        found=[row for row in found if row["id"] not in ids][:HITS],
        searched=bool(words),
        room=len(ids) < MOST,
        most=MOST,
        with_all=address(ids),
        with_differences=address(ids, only="differences"),
        without={one: address([other for other in ids if other != one]) for one in ids},
        adding={row["id"]: address([*ids, row["id"]]) for row in found},
    )


ROUTES: Routes = [(r"^/compare$", compare)]
