"""The front page: what are you looking for, who are you, what is due, where, and how fresh it is."""

from __future__ import annotations

from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.site import usmap
from scraper.site.app import Meta, Routes, page
from scraper.site.search import CHOICE
from scraper.site.snapshot import Snapshot, current

SOON = 60  # days
SHOWN = 8
MAX_DOTS = 1_500

LOOKING_FOR = (
    ("clinical_elective", "Clinical elective", "Hands-on rotation while you are a student"),
    ("sub_internship", "Sub-internship", "Final-year acting internship"),
    ("observership", "Observership", "Watching only, often for graduates"),
    ("research", "Research", "Research elective or placement"),
)
WHO_AM_I = (
    ("international_student", "I study abroad", "Medical school outside the US"),
    ("us_student", "I study in the US", "LCME or COCA school"),
    ("graduate", "I have graduated", "IMG on the way to residency"),
    ("physician", "I am a physician", "In practice or in training"),
)


def facts(snapshot: Snapshot) -> dict[str, Any]:
    """The figures of the front page, worked out once a snapshot."""
    states = {s: bits.bit_count() for s, bits in snapshot.values["state"].items() if s in usmap.STATE_NAMES}
    highest = max(states.values(), default=0)
    dots = {usmap.project(row["latitude"], row["longitude"], row["state"]) for row in snapshot.rows} - {None}
    read = sorted(row["last_read"] for row in snapshot.rows if row["last_read"])
    return {
        "types": [
            (key, title, hint, snapshot.values["type"].get(key, 0).bit_count()) for key, title, hint in LOOKING_FOR
        ],
        "who": [(key, title, hint, snapshot.values["who"].get(key, 0).bit_count()) for key, title, hint in WHO_AM_I],
        "states": sorted(((usmap.STATE_NAMES[s], s, n) for s, n in states.items())),
        "shades": {s: usmap.shade(n, highest) for s, n in states.items()},
        "dots": sorted(dot for dot in dots if dot)[:MAX_DOTS],
        "programs": len(snapshot.rows),
        "hosts": len({row["institution_id"] for row in snapshot.rows}),
        "newest": read[-1] if read else None,
        "oldest": read[0] if read else None,
        "middle": read[len(read) // 2] if read else None,
        "soon": [row for row in snapshot.upcoming if row["days_left"] <= SOON],
    }


async def home(datasette: Datasette, request: Request) -> Response:
    """The front page."""
    snapshot = await current(datasette)
    shown = snapshot.once("home", facts)
    return await page(
        datasette,
        request,
        "atlas/home.html",
        Meta(
            "USCE Atlas: clinical experience at US hospitals",
            f"{shown['programs']:,} electives, sub-internships, observerships and research places at US hospitals, with fees, visas and"
            " deadlines, read from the hospitals' own pages.",
            "/",
        ),
        outlines=usmap.outlines(),
        shown=SHOWN,
        choices=CHOICE,
        **shown,
    )


ROUTES: Routes = [(r"^/$", home)]
