"""AAMC's VSLO: which institutions are hosts, who says so, and what holds for every application through it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from scraper.items import FIELD
from scraper.site.app import Meta, Routes, Row, page, page_number, page_of, plural, rows
from scraper.site.snapshot import current
from scraper.site.usmap import STATE_NAMES

PAGE_SIZE = 100
NETWORKS = {"us": "US network", "global": "Global network", "unknown": "network not told"}
# What AAMC's pages list and what the registry has, as one list: an institution once, names that are matched to none as they stand.
_HOSTS = """
select i.id, i.name, i.city, i.state, v.networks, v.page_url, i.vslo_host, i.vslo_source, v.first_seen,
  (select count(*) from programs p where p.institution_id = i.id and p.closed_at is null) as programs
from institutions i left join (select institution_id, group_concat(network, ' ') as networks, min(page_url) as page_url,
  min(first_seen) as first_seen from vslo_hosts where closed_at is null and institution_id is not null group by institution_id) v
  on v.institution_id = i.id
where coalesce(i.kind, '') <> 'agency' and (v.institution_id is not null or i.vslo_host = 1)
union all
select null, name, place, null, network, page_url, null, null, first_seen, 0 from vslo_hosts
where closed_at is null and institution_id is null
"""


def with_words(row: Row) -> Row:
    """A host with who says that it is one."""
    networks = [NETWORKS.get(one, one) for one in sorted(set((row["networks"] or "").split()))]
    return {**row, "network_words": ", ".join(networks), "folded": f"{row['name']} {row['city'] or ''}".casefold()}


async def vslo(datasette: Datasette, request: Request) -> Response:
    """The hosts, with a search, and the terms that AAMC's pages state."""
    memo = (await current(datasette)).memo
    if (every := memo.get("vslo hosts")) is None:
        hosts = await rows(datasette, f"select * from ({_HOSTS}) order by name collate nocase")
        every = memo["vslo hosts"] = [with_words(row) for row in hosts]
    words = " ".join((request.args.get("q") or "").split())[:100]
    state, said = request.args.get("state") or "", request.args.get("by") or ""
    found = [
        row
        for row in every
        if (not state or row["state"] == state)
        and (said != "aamc" or row["networks"])
        and (said != "registry" or not row["networks"])
        and all(word in row["folded"] for word in words.casefold().split())
    ]
    number, pages = page_of(len(found), PAGE_SIZE, page_number(request.args.get("page")))
    terms = await rows(
        datasette,
        "select * from shared_terms where portal = 'vslo' and closed_at is null order by field, in_words, page_url",
    )
    codes = sorted({row["state"] for row in every if row["state"]}, key=lambda code: STATE_NAMES.get(code, code))
    query: dict[str, Any] = {"q": words, "state": state, "by": said}
    return await page(
        datasette,
        request,
        "atlas/vslo.html",
        Meta(
            "Hosts in VSLO",
            f"{plural(len(every), 'institution')} that take visiting students through AAMC's Visiting Student Learning Opportunities, with who says so.",
            "/vslo",
            index=not request.query_string,
        ),
        found=found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        total=len(found),
        listed=sum(bool(row["networks"]) for row in every),
        pages=pages,
        number=number,
        words=words,
        state=state,
        said=said,
        states=[(code, STATE_NAMES.get(code, code)) for code in codes],
        terms=[{**row, "title": FIELD[row["field"]].title if row["field"] in FIELD else row["field"]} for row in terms],
        query=urlencode({name: text for name, text in query.items() if text}),
    )


ROUTES: Routes = [(r"^/vslo$", vslo)]
