"""`usce institution …`: add an institution from its own site, and try the addresses of those that are known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.content import ContentStage
from pipelines.vslo import find_hosts, find_terms
from scraper import extract
from scraper.database import open_database, write_institutions
from scraper.items import INSTITUTION_KINDS
from scraper.proposing import Proposal, append, propose
from scraper.registry import DIRECTORY, load_registry
from scraper.upkeep import Checked, check_addresses
from scraper.vslo import MATCHES, VsloPage, read_matches, store
from spiders.vslo import PAGES, read_pages

app = typer.Typer(help="Add institutions, and look after their addresses.", no_args_is_help=True)
out = Console()
err = Console(stderr=True)

# For CrawlRequest.settings; tests crawl hosts on this machine.
CRAWL_SETTINGS: dict[str, Any] = {}

RegistryOption = Annotated[
    Path,
    typer.Option(
        "--registry", metavar="DIR", help="Folder with institutions.csv and start_urls.csv.", show_default="data/"
    ),
]


def _examples(*lines: str) -> str:
    return "[bold]Examples[/bold]\n\n" + "\n\n".join(f"  {escape(line)}" for line in lines)


@app.command(
    epilog=_examples(
        "usce institution add https://www.example.org/education/visiting-students",
        "usce institution add https://www.example.org/ --kind teaching_hospital --yes",
    )
)
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="The page for visitors, or the home page.")],
    registry: RegistryOption = DIRECTORY,
    identifier: Annotated[str | None, typer.Option("--id", help="Another id than the one proposed.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name than the one that the site gives itself.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"One of {', '.join(INSTITUTION_KINDS)}.")] = None,
    city: Annotated[str | None, typer.Option()] = None,
    state: Annotated[str | None, typer.Option(help="Two letters, such as MA.")] = None,
    lat: Annotated[float | None, typer.Option(help="Latitude in decimal degrees.")] = None,
    lon: Annotated[float | None, typer.Option(help="Longitude in decimal degrees.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
) -> None:
    """Propose a line for an institution from what its own page says, and write it when you agree."""
    known = load_registry(registry)
    page = next(extract.pages_of_url(url, CRAWL_SETTINGS))
    proposal = propose(page.body, url, known, page.encoding)
    given: dict[str, Any] = {
        "id": identifier,
        "name": name,
        "kind": kind,
        "city": city,
        "state": state,
        "lat": lat,
        "lon": lon,
    }
    chosen = {field: value for field, value in given.items() if value is not None}
    proposal.institution = attrs.evolve(proposal.institution, **chosen)
    proposal.sources |= dict.fromkeys(chosen, "you")
    if proposal.start is not None:
        proposal.start = attrs.evolve(proposal.start, institution_id=proposal.institution.id)
    show_proposal(proposal)
    if not yes and not typer.confirm("Write this line?", default=not proposal.known):
        out.print("Nothing was written.")
        raise typer.Exit(1)
    append(registry, proposal.institution, proposal.start)
    out.print(
        f"Written: {proposal.institution.id}. Read it with: usce crawl {proposal.institution.id}", highlight=False
    )


def show_proposal(proposal: Proposal) -> None:
    """The line, value by value, with where each comes from; what is missing; what the registry may know it as."""
    table = Table(box=None, pad_edge=False, show_header=False)
    one = proposal.institution
    for field in ("id", "name", "kind", "parent", "city", "state", "lat", "lon", "website"):
        value = getattr(one, field)
        table.add_row(field, "" if value is None else escape(str(value)), escape(proposal.sources.get(field, "")))
    if proposal.start:
        table.add_row("start", escape(proposal.start.url), "")
    out.print(table)
    if proposal.missing:
        missing = ", ".join(name.replace("lat", "coordinates") for name in proposal.missing)
        out.print(f"The page does not give: {missing}. Add what you know with --kind, --city, --state, --lat, --lon.")
    for found in proposal.known:
        other = found.institution
        out.print(
            f"[yellow]The registry may know it:[/yellow] {other.id} ({escape(other.name)})",
            highlight=False,
            soft_wrap=True,
        )


@app.command(epilog=_examples("usce institution check", "usce institution check yale-school-of-medicine"))
def check(
    institutions: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="Institutions to look at; none = all.")
    ] = None,
    registry: RegistryOption = DIRECTORY,
) -> None:
    """Try the start URLs and say which moved, died or look wrong. Exits with 1 where there is something to mend."""
    found = check_addresses(registry, tuple(institutions or ()), settings=CRAWL_SETTINGS)
    show_checked(found)
    if any(checked.state != "good" for checked in found):
        raise typer.Exit(1)


def vslo(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]…", help="Addresses or saved pages; none = AAMC's public pages."),
    ] = None,
    database: Annotated[
        Path, typer.Option("--database", "-d", metavar="FILE", help="The SQLite file.", show_default="data/atlas.db")
    ] = DIRECTORY / "atlas.db",
    registry: RegistryOption = DIRECTORY,
) -> None:
    """Read AAMC's public VSLO pages: who is a host, and what holds for every application. Lists what needs a person's eye."""
    known, pages, stage = load_registry(registry), [], ContentStage()
    for source, page, reason in read_pages(sources or PAGES, CRAWL_SETTINGS):
        if page is None:
            err.print(f"{source}: {reason}", highlight=False, markup=False)
        else:
            blocks = stage.process_item(page).blocks
            pages.append(VsloPage(page.url, page.fetched_at, tuple(find_hosts(blocks)), tuple(find_terms(blocks))))
    db = open_database(database)
    write_institutions(db, known.institutions.values())
    stored = store(db, pages, known, read_matches(registry))
    db.conn.close()
    out.print(f"{stored.hosts} hosts, {stored.matched} of them known; {stored.terms} statements.", highlight=False)
    for name, candidates in stored.open:
        out.print(f"Who is it? {name}: {candidates or 'nobody like it'}", highlight=False, markup=False, soft_wrap=True)
    if stored.open:
        out.print(
            f"Write what is meant into {registry / MATCHES} (name,institution_id; '-' for none of ours).",
            highlight=False,
        )
    if not pages:
        raise typer.Exit(1)


def show_checked(found: list[Checked]) -> None:
    """What is to be mended, the worst first, and how many are good."""
    order = ("dead", "moved", "suspicious", "unreachable")
    for state in order:
        for checked in (c for c in found if c.state == state):
            leads = f" → {checked.now}" if checked.now else ""
            out.print(
                f"{state}: {checked.institution_id} {checked.url}{leads} ({checked.why})",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip
    counts: Counter[str] = Counter(checked.state for checked in found)
    out.print(
        ", ".join(f"{counts[state]} {state}" for state in ("good", *order) if counts[state]) or "No address known."
    )
