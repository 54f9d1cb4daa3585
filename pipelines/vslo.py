"""AAMC's public VSLO pages: which institutions are hosts, and what holds for every application through VSLO.

Pure functions from blocks to hosts and facts; scraper/vslo.py finds who is meant and stores them. Built for the forms in which such lists are published (tables, lists by state); to be confirmed on the live
pages, which could not be read when this was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipelines.deadlines import find_deadlines
from pipelines.documents import find_documents
from pipelines.fees import find_fees
from scraper.items import Block, Fact, VsloHost
from scraper.registry import STATES
from scraper.text import fold_space

_NAME = re.compile(
    r"^(?:host |participating |member )?(?:institution|school|medical school|hospital|organization|host|name)s?(?: name)?$",
    re.I,
)
_PLACE = re.compile(r"^(?:city|state|location|country|place|state/province|city, state|region)s?$", re.I)
_NETWORK = re.compile(r"^(?:network|program|type)s?$", re.I)
_ROLE = re.compile(r"^(?:role|participation|participates as|institution type|host or home|home/host)s?$", re.I)
_LISTED = re.compile(
    r"\bhosts?\b.{0,40}\b(?:institutions?|schools?|hospitals?|list|members?)\b|\b(?:participating|member)\b.{0,30}\b(?:institutions?|schools?|hospitals?)\b",
    re.I,
)
_HOUSE = re.compile(
    r"\b(?:university|universit\w+|college|school|hospitals?|medical|clinic|health|institute|medicine|center|centre|faculty)\b",
    re.I,
)
_GLOBAL = re.compile(r"\b(?:global|international)\b", re.I)
_US = re.compile(r"\b(?:U\.?S\.?A?\.?|united states|domestic|LCME|COCA|AACOM)\b")
_STATE_AT_END = re.compile(r"[,(]\s*([A-Z]{2})\)?$")


def find_hosts(blocks: Sequence[Block]) -> list[VsloHost]:
    """The hosts that a page lists, each once a network. A page that speaks of hosts without listing any gives none."""
    found: dict[tuple[str, str], VsloHost] = {}
    for host in (*_in_tables(blocks), *_in_lists(blocks)):
        found.setdefault((host.name.casefold(), host.network), host)
    return list(found.values())


def _in_tables(blocks: Sequence[Block]) -> Iterator[VsloHost]:
    for block in blocks:
        if block.kind != "row" or len(block.cells) < 2:
            continue
        held: dict[str, str] = {}
        for cell in block.cells:
            column, text = fold_space(cell.column).strip(" :"), fold_space(cell.text)
            for kind, pattern in (("name", _NAME), ("place", _PLACE), ("network", _NETWORK), ("role", _ROLE)):
                if pattern.match(column):
                    held[kind] = ", ".join(filter(None, (held.get(kind), text))) if kind == "place" else text
                    break
        if not held.get("name") or ("role" in held and "host" not in held["role"].lower()):
            continue
        network = _network(held.get("network", "")) or _network(" / ".join(block.headings))
        yield VsloHost(held["name"][:200], network or "unknown", held.get("place", ""), block.text)


def _in_lists(blocks: Sequence[Block]) -> Iterator[VsloHost]:
    for block in blocks:
        context = block.context
        if block.kind != "item" or not _LISTED.search(context):
            continue
        text = fold_space(block.text)
        if len(text) > 160 or text.endswith((".", "?", "!")) or not _HOUSE.search(text):
            continue
        name, place = _parted(text)
        state = next((h for h in reversed(block.headings) if len(h) <= 30 and not _LISTED.search(h)), "")
        yield VsloHost(name, _network(context) or "unknown", place or state, block.text)


def _parted(text: str) -> tuple[str, str]:
    """'Alder School of Medicine, Onset, VA' → name and place. A comma inside of a name stays in it."""
    parts = [part.strip() for part in text.split(",")]
    state = _STATE_AT_END.search(text)
    if state and state[1] in STATES and len(parts) >= 3:
        return ", ".join(parts[:-2]), ", ".join(parts[-2:])
    if state and state[1] in STATES:
        return text[: state.start()].strip(" ,("), state[1]
    for separator in (" – ", " — ", " - "):
        name, _, place = text.partition(separator)
        if place and not _HOUSE.search(place):
            return name.strip(), place.strip()
    return text, ""


def _network(text: str) -> str:
    if _GLOBAL.search(text):
        return "global"
    return "us" if _US.search(text) else ""


def find_terms(blocks: list[Block]) -> list[Fact]:
    """What a page says of every application through VSLO: fees, when catalogs open, what has to be handed in."""
    return [*find_fees(blocks), *find_deadlines(blocks), *find_documents(blocks)]
