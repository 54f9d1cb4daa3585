"""The modules of the site, each a group of pages with its ROUTES. A new group is a module and its name in PAGES."""

from __future__ import annotations

import hashlib
from pathlib import Path

import attrs

from scraper.site import (
    agencies,
    changes,
    charts,
    compare,
    data,
    deadlines,
    electives,
    feeds,
    health,
    home,
    institutions,
    match,
    program,
    programs,
    robots,
    vslo,
)
from scraper.site.app import Routes

PAGES = (
    home,
    feeds,
    programs,
    program,
    electives,
    match,
    compare,
    institutions,
    vslo,
    agencies,
    deadlines,
    changes,
    charts,
    data,
    health,
    robots,
)
ROUTES: Routes = [route for module in PAGES for route in module.ROUTES]
# Templates show the way to a group of pages only where there is one: {% if 'match' in features %}.
FEATURES = frozenset(module.__name__.rpartition(".")[2] for module in PAGES)


@attrs.frozen
class Link:
    """An entry of the navigation, shown where its `feature` is there."""

    feature: str
    title: str
    path: str


NAVIGATION = tuple(
    link
    for link in (
        Link("programs", "Programs", "/programs"),
        Link("match", "Match me", "/match"),
        Link("deadlines", "Deadlines", "/deadlines"),
        Link("institutions", "Hospitals", "/institutions"),
        Link("data", "Data", "/data"),
    )
    if link.feature in FEATURES
)
FOOTER = tuple(
    link
    for link in (
        Link("compare", "Compare", "/compare"),
        Link(
            "electives", "Electives in catalogs", "/electives"
        ),  # few hospitals publish theirs: no way of the first rank
        Link("vslo", "Hosts in VSLO", "/vslo"),
        Link("agencies", "Placement agencies", "/agencies"),
        Link("changes", "What changed", "/changes"),
        Link("charts", "Charts", "/charts"),
        Link("health", "Health of the data", "/health"),
    )
    if link.feature in FEATURES
)


def _version() -> str:
    """A mark that changes whenever a style sheet or script does, so that browsers never show a page in an old dress."""
    found = hashlib.sha256()
    for path in sorted((Path(__file__).parent / "static").iterdir()):
        found.update(path.read_bytes())
    return found.hexdigest()[:8]


STATIC_VERSION = _version()
