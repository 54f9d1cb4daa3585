"""Health: how much is covered, how fresh it is, what the last crawls did, and which hosts fail, for those who look after it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.outcomes import REASONS
from scraper.site.app import Meta, Routes, Row, page, page_number, page_of, rows
from scraper.site.charts import Chart, coverage, freshness
from scraper.site.snapshot import Snapshot, current

PAGE_SIZE = 50
REASON = re.compile(r"(http_(\d+)|[a-z_]+) (\d+)")


def is_fine(row: Row) -> bool:
    """Could the site be read on the last visit? Single pages that failed are listed by themselves."""
    return row["outcome"] is None or (
        row["outcome"].startswith("finished") and (row["pages"] or ":" not in row["outcome"])
    )


def outcome_words(outcome: str | None) -> str:
    """An outcome in words: 'not reached: dns 2' → 'not reached: the host's name could not be resolved (2)'."""
    head, colon, failures = (outcome or "never visited").partition(": ")
    said = [
        f"{f'HTTP status {status}' if status else REASONS.get(reason, reason.replace('_', ' '))} ({number})"
        for reason, status, number in REASON.findall(failures)
    ]
    return f"{head}: {', '.join(said)}" if said else f"{head}{colon}{failures}"


def state_of_things(snapshot: Snapshot) -> dict[str, Any]:
    """What the page shows, worked out once a snapshot."""
    counts = Counter(row["institution_id"] for row in snapshot.rows)
    failing = [{**row, "programs": counts[row["id"]]} for row in snapshot.institutions if not is_fine(row)]
    failing.sort(key=lambda row: (-row["programs"], row["name"].casefold()))
    silent = [row for row in snapshot.institutions if row["outcome"] is not None and is_fine(row) and not row["pages"]]
    stale = [row for row in snapshot.rows if row["unreachable_since"]]
    return {
        "failing": failing,
        "silent": silent,
        "stale": sorted(stale, key=lambda row: row["unreachable_since"]),
        "never": sum(row["outcome"] is None for row in snapshot.institutions),
        "programs": len(snapshot.rows),
        "coverage": Chart(
            "Coverage",
            "Institutions that this project knows, visits, and found a program at.",
            "Institutions",
            "Number",
            coverage(snapshot),
        ),
        "freshness": Chart(
            "Freshness", "When the programs' pages were last read.", "Read", "Programs", freshness(snapshot)
        ),
    }


async def unreadable(datasette: Datasette) -> list[Row]:
    """Pages that cannot be fetched now, the latest first."""
    return await rows(
        datasette,
        "select url, institution_id, program_id, status, unreachable_since from pages where unreachable_since is not null"
        " order by unreachable_since desc limit 50",
    )


async def health(datasette: Datasette, request: Request) -> Response:
    """Coverage, freshness, crawls, failing hosts."""
    snapshot = await current(datasette)
    shown = snapshot.once("health", state_of_things)
    failing = shown["failing"]
    number, pages = page_of(len(failing), PAGE_SIZE, page_number(request.args.get("page")))
    return await page(
        datasette,
        request,
        "atlas/health.html",
        Meta(
            "Health of the data",
            "How much is covered, how fresh it is, what the last crawls did, and which hospitals' sites could not be read.",
            "/health",
        ),
        crawls=snapshot.crawls,
        outcome_words=outcome_words,
        unreadable=await unreadable(datasette) if "unreadable" not in snapshot.memo else snapshot.memo["unreadable"],
        rows=failing[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        number=number,
        pages=pages,
        **shown,
    )


ROUTES: Routes = [(r"^/health$", health)]
