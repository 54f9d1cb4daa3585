"""A line for data/institutions.csv out of what a site says of itself: JSON-LD, Open Graph, title, address.

Nothing is taken for granted: `propose` says where each value comes from and what is missing, a person looks at it,
and `append` writes it whole or not at all.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import attrs
import lxml.html
from lxml import etree

from scraper.items import Institution, StartUrl
from scraper.names import Found, Names
from scraper.registry import (
    INSTITUTION_COLUMNS,
    LATITUDES,
    LONGITUDES,
    OPTIONAL_COLUMNS,
    START_URL_COLUMNS,
    STATES,
    Registry,
    load_registry,
)
from scraper.text import fold_space

_KINDS = (
    ("medical_school_do", re.compile(r"\bosteopathic\b|\bcollege of osteopath", re.I)),
    ("medical_school_md", re.compile(r"\b(?:school|college|faculty) of medicine\b|\bmedical (?:school|college)\b", re.I)),
    ("agency", re.compile(r"\b(?:rotations?|clerkships?|externships?|placements?|USCE)\b", re.I)),
    ("teaching_hospital", re.compile(r"\b(?:hospital|medical cent(?:er|re)|cancer cent(?:er|re)|infirmary|clinic|institute)\b", re.I)),
    ("health_system", re.compile(r"\b(?:health|healthcare|health system|health network|medicine)\b", re.I)),
)  # fmt: skip
_ORGANISATIONS = re.compile(r"hospital|organi[sz]ation|college|university|clinic|medical|school", re.I)
_STATE_NAMES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO", "connecticut": "CT",
    "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA", "hawaii": "HI", "idaho": "ID", "illinois": "IL",
    "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD",
    "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE",
    "nevada": "NV", "new hampshire": "NH", "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC",
    "north dakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA",
    "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY", "puerto rico": "PR", "guam": "GU",
}  # fmt: skip
# 'Onset, VA 23456': city, state and ZIP code as every US address ends.
_PLACE = re.compile(r"([A-Z][A-Za-z.'-]{1,20}(?: [A-Z][A-Za-z.'-]{1,20}){0,2}),? +([A-Z]{2}),? +\d{5}(?:-\d{4})?\b")
_TITLE_PARTS = re.compile(r"\s+[|–—»·-]\s+")
_HOME = re.compile(r"\b(?:home(?: ?page)?|welcome(?: to)?)\b:?", re.I)


@attrs.define
class Proposal:
    """A line that may be written: the institution, the page to start at, where the values come from, what it may be already."""

    institution: Institution
    start: StartUrl | None = None
    sources: dict[str, str] = attrs.field(factory=dict)  # column -> where its value stands
    known: list[Found] = attrs.field(factory=list)  # what the registry may know it as

    @property
    def missing(self) -> list[str]:
        """The columns that a complete line has and this one does not."""
        return [name for name in ("name", "kind", "city", "state", "lat") if getattr(self.institution, name) is None]


def propose(body: bytes, url: str, registry: Registry, encoding: str | None = None) -> Proposal:
    """The line that the page at `url` speaks for. Values that the page does not state stay empty."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def note(source: str, **found: Any) -> None:
        for name, value in found.items():
            if value not in (None, "") and name not in values:
                values[name], sources[name] = value, source

    root = _parse(body, encoding)
    if root is not None:
        for node in _json_ld(root):
            note("JSON-LD", **_of_json_ld(node))
        note("og:site_name", name=_meta(root, "og:site_name"))
        note("title", name=_name_in_title(root))
        note("address on the page", **_place_in(root))
    name = fold_space(str(values.get("name") or ""))[:120]
    if name:
        note("its name", kind=_kind(name))
    parts = urlsplit(url)
    home = urlunsplit((parts.scheme, parts.netloc, "/", "", ""))
    institution = Institution(
        id=_free_id(name or parts.hostname or "", registry),
        name=name or (parts.hostname or ""),
        kind=values.get("kind"),
        parent=values.get("parent"),
        city=values.get("city"),
        state=values.get("state"),
        lat=values.get("lat"),
        lon=values.get("lon"),
        website=home,
    )
    start = StartUrl(institution.id, url, None, "added by hand") if parts.path.strip("/") else None
    return Proposal(institution, start, sources, _known_as(institution, registry))


def _known_as(one: Institution, registry: Registry) -> list[Found]:
    """What of the registry this may be: of the same site, or with an alike name."""
    host = urlsplit(one.website or "").netloc.removeprefix("www.")
    same_site = [
        Found(other, 1.0)
        for other in registry.institutions.values()
        if host and urlsplit(other.website or "").netloc.removeprefix("www.") == host
    ]
    alike = [found for found in Names(registry.institutions.values()).find(one.name, one.state) if found.score >= 0.6]
    ids = {found.institution.id for found in same_site}
    return [*same_site, *(found for found in alike if found.institution.id not in ids)][:5]


# --- what a page says of itself ---


def _parse(body: bytes, encoding: str | None) -> etree._Element | None:
    try:
        return lxml.html.document_fromstring(body, parser=lxml.html.HTMLParser(encoding=encoding, recover=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, LookupError):
        return None


def _json_ld(root: etree._Element) -> Iterator[dict[str, Any]]:
    """The organisations that JSON-LD on a page describes, hospitals and schools before organisations in general."""
    found: list[dict[str, Any]] = []
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or ""):
            continue
        try:
            data = json.loads(script.text or "")
        except ValueError:
            continue
        found += [node for node in _nodes(data) if _ORGANISATIONS.search(_type(node)) and node.get("name")]
    yield from sorted(found, key=lambda node: _type(node) == "Organization")


def _nodes(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > 4:
        return
    if isinstance(data, list):
        for item in data[:50]:
            yield from _nodes(item, depth + 1)
    elif isinstance(data, dict):
        yield data
        for name in ("@graph", "mainEntity", "publisher", "about"):
            yield from _nodes(data.get(name), depth + 1)


def _type(node: dict[str, Any]) -> str:
    kind = node.get("@type")
    return " ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "")


def _of_json_ld(node: dict[str, Any]) -> dict[str, Any]:
    address = node.get("address")
    address = address[0] if isinstance(address, list) and address else address
    address = address if isinstance(address, dict) else {}
    geo = node.get("geo") if isinstance(node.get("geo"), dict) else {}
    parent = node.get("parentOrganization")
    lat, lon = _coordinates(geo or {})
    return {
        "name": _text(node.get("name")),
        "city": _text(address.get("addressLocality")),
        "state": _state(_text(address.get("addressRegion"))),
        "lat": lat,
        "lon": lon,
        "parent": _text(parent.get("name")) if isinstance(parent, dict) else None,
    }


def _text(value: Any) -> str | None:
    return fold_space(value)[:120] or None if isinstance(value, str) else None


def _state(text: str | None) -> str | None:
    if not text:
        return None
    code = _STATE_NAMES.get(text.lower(), text.upper())
    return code if code in STATES else None


def _coordinates(geo: dict[str, Any]) -> tuple[float | None, float | None]:
    try:
        lat, lon = float(geo["latitude"]), float(geo["longitude"])
    except (KeyError, TypeError, ValueError):
        return None, None
    inside = LATITUDES[0] <= lat <= LATITUDES[1] and any(low <= lon <= high for low, high in LONGITUDES)
    return (round(lat, 2), round(lon, 2)) if inside else (None, None)


def _meta(root: etree._Element, name: str) -> str | None:
    for meta in root.iter("meta"):
        if name in (meta.get("property"), meta.get("name")):
            return _text(meta.get("content"))
    return None


def _name_in_title(root: etree._Element) -> str | None:
    """The part of the title that names a house: the last one as a rule, the first one on home pages."""
    title = root.findtext(".//title") or ""
    parts = [_HOME.sub("", part).strip(" :|-") for part in _TITLE_PARTS.split(fold_space(title))]
    named = [part for part in parts if part and _kind(part)]
    found = named or [part for part in parts if part]
    return found[-1] if found else None


def _place_in(root: etree._Element) -> dict[str, str]:
    """City and state of the first US address on the page, those in <address> and the footer first."""
    places = [*root.iter("address"), *root.iter("footer"), *root.iter("body")]
    for element in places:
        match = _PLACE.search(fold_space(" ".join(element.itertext()))[:200_000])
        if match and match[2] in STATES:
            return {"city": match[1].strip(), "state": match[2]}
    return {}


def _kind(name: str) -> str | None:
    return next((kind for kind, words in _KINDS if words.search(name)), None)


def _free_id(name: str, registry: Registry) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’.]", "", name.lower())).strip("-")[:70].strip("-") or "institution"
    identifier, number = base, 2
    while identifier in registry.institutions:
        identifier, number = f"{base}-{number}", number + 1
    return identifier


# --- writing ---


def append(directory: Path, institution: Institution, start: StartUrl | None = None) -> Registry:
    """Write the line, and the start URL, at the end of the registry's files; gives the registry as it is then.

    The files are checked as they would be before anything is replaced: RegistryError where a line would be wrong.
    """
    row = {name: getattr(institution, name) for name in (*INSTITUTION_COLUMNS, *OPTIONAL_COLUMNS)}
    row["vslo_host"] = {True: "yes", False: "no"}.get(row["vslo_host"], "")
    row["aliases"] = "|".join(institution.aliases)
    row["browser"] = "yes" if institution.browser else ""
    texts = {"institutions.csv": _with_line(directory / "institutions.csv", INSTITUTION_COLUMNS, row)}
    starts = {} if start is None else {name: getattr(start, name) for name in START_URL_COLUMNS}
    texts["start_urls.csv"] = _with_line(directory / "start_urls.csv", START_URL_COLUMNS, starts)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".registry-") as made:
        for name, text in texts.items():
            (Path(made) / name).write_text(text, "utf-8", newline="")
        registry = load_registry(Path(made))
        for name in texts:
            (Path(made) / name).replace(directory / name)
    return registry


def _with_line(path: Path, columns: tuple[str, ...], row: dict[str, Any]) -> str:
    """The text of a CSV file with a line more, in the file's own columns and line ends."""
    text = path.read_bytes().decode("utf-8-sig") if path.exists() else ",".join(columns) + "\n"
    if not row:
        return text
    header = next(csv.reader(text.splitlines()[:1]), list(columns))
    end = "\r\n" if "\r\n" in text else "\n"
    line = io.StringIO()
    values = [row.get(name.strip()) for name in header]
    csv.writer(line, lineterminator=end).writerow(["" if value is None else value for value in values])
    return text + ("" if text.endswith("\n") else end) + line.getvalue()
