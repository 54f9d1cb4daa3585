"""Pages and facts made in a line, for tests of what comes after the reading."""

from __future__ import annotations

from typing import Any

from pipelines.programs import Summary
from scraper.items import FIELD, Audience, Fact
from scraper.urls import key

HOST = "https://www.alderbrook.example"
DAY = "2026-03-01T12:00:00Z"


def fact(field: str, value: Any, audience: Audience = "any", confidence: float = 0.9, quote: str = "") -> Fact:
    """A fact; numbers may be written as whole ones."""
    if FIELD[field].kind == "number":
        value = float(value)
    return Fact(field, value, quote or f"The page says {value}.", ("Visitors",), confidence, "test", audience)


def page(path: str, *facts: Fact, name: str = "", links: tuple[str, ...] = (), **values: Any) -> Summary:
    """The summary of a page of a fictional hospital; `links` are paths of its site."""
    said = repr([(f.field, f.value, f.audience) for f in facts])
    known = {
        "url": f"{HOST}{path}",
        "name": name,
        "title": f"{name} | Alderbrook",
        "fetched_at": DAY,
        "content_hash": said,
    }
    targets = frozenset(key(f"{HOST}{link}") for link in links)
    return Summary(facts=tuple(facts), links=targets, **{**known, **values})
