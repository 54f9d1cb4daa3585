"""The modules of the site, each a group of pages with its ROUTES. A new group is a module and its name here."""

from __future__ import annotations

from scraper.site import home, program, programs
from scraper.site.app import Routes

PAGES = (home, programs, program)
ROUTES: Routes = [route for module in PAGES for route in module.ROUTES]
# Templates show the way to a group of pages only where there is one: {% if 'match' in features %}.
FEATURES = frozenset(module.__name__.rpartition(".")[2] for module in PAGES)
