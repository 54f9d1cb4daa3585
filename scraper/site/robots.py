"""What search engines are told: which pages there are, and that the endless combinations of filters are not for them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from datasette.app import Datasette
from datasette.utils.asgi import NotFound, Request, Response

from scraper.site.app import Routes, atlas_names
from scraper.site.snapshot import Snapshot, current

IN_A_FILE = 10_000  # addresses in one sitemap; the format allows 50,000
PAGES = (
    "/",
    "/programs",
    "/electives",
    "/institutions",
    "/vslo",
    "/agencies",
    "/deadlines",
    "/changes",
    "/charts",
    "/data",
    "/health",
)
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


async def robots_txt(datasette: Datasette, request: Request) -> Response:
    """In to the pages, out of facets, tables and SQL."""
    path = datasette.urls.path
    lines = [
        "User-agent: *",
        f"Disallow: {path('/')}*?",
        f"Disallow: {path('/-/')}",
        *(f"Disallow: {path('/' + n)}" for n in atlas_names(datasette)),
    ]
    lines += [f"Disallow: {path('/')}*.csv$", f"Disallow: {path('/')}*.json$"]
    lines += ["Allow: /", "", f"Sitemap: {datasette.absolute_url(request, path('/sitemap.xml'))}", ""]
    return Response.text("\n".join(lines))


def addresses(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Every page worth finding: (path, day of its last change or '')."""
    hosts: dict[str, str] = {}
    for row in snapshot.rows:
        hosts[row["institution_id"]] = max(hosts.get(row["institution_id"], ""), row["last_read"] or "")
    return [
        *((path, "") for path in PAGES),
        *((f"/institution/{name}", read) for name, read in hosts.items()),
        *((f"/program/{row['id']}", row["last_read"] or "") for row in snapshot.rows),
    ]


async def sitemap(datasette: Datasette, request: Request) -> Response:
    """The sitemap, or, where one file cannot hold it, the index of its parts."""
    found = (await current(datasette)).once("sitemap", addresses)
    number = request.url_vars.get("number")
    files = -(-len(found) // IN_A_FILE)
    if number is None and files > 1:
        parts = (datasette.absolute_url(request, datasette.urls.path(f"/sitemap-{n}.xml")) for n in range(1, files + 1))
        body = "".join(f"<sitemap><loc>{escape(part)}</loc></sitemap>\n" for part in parts)
        return xml(f'<sitemapindex xmlns="{NAMESPACE}">\n{body}</sitemapindex>')
    if number is not None and not 1 <= int(number) <= files:
        raise NotFound("There is no such part of the sitemap.")
    start = (int(number or 1) - 1) * IN_A_FILE
    body = "".join(
        f"<url><loc>{escape(datasette.absolute_url(request, datasette.urls.path(path)))}</loc>"
        f"{f'<lastmod>{read[:10]}</lastmod>' if read else ''}</url>\n"
        for path, read in found[start : start + IN_A_FILE]
    )
    return xml(f'<urlset xmlns="{NAMESPACE}">\n{body}</urlset>')


def xml(body: str) -> Response:
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', content_type="application/xml; charset=utf-8")


ROUTES: Routes = [(r"^/robots\.txt$", robots_txt), (r"^/sitemap(?:-(?P<number>\d{1,4}))?\.xml$", sitemap)]
