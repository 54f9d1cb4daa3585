"""Changes as an Atom feed (RFC 4287) and deadlines as a calendar (RFC 5545), with ids that stay.

An event keeps its id while its deadline changes: a deadline whose page now gives another day is followed back through the
changes to the first that was read, and the id is made from that. A calendar that is subscribed to, or read in again,
moves the event instead of showing two. Ids are made from what is in the dataset, not from row numbers or addresses of
the site: they survive an export and another host.

Why not datasette-atom and datasette-ics: feeds 'by the filter of the programs page' are no SQL query; datasette-atom fails
where there is nothing yet and names no author (RFC 4287, 4.1.1), datasette-ics gives a day a time of day and stamps
each answer anew. icalendar folds and escapes lines, lxml writes XML; both are checked against the standards in the tests.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Sequence

import attrs
import icalendar
from lxml import etree

from scraper import __version__
from scraper.citing import NAME
from scraper.items import Deadline
from scraper.matching.dates import before
from scraper.record import value_text
from scraper.wording import deadline_title, deadline_when

ATOM = "http://www.w3.org/2005/Atom"
# The namespace of our ids: any fixed UUID will do, and it must never change.
_SPACE = uuid.UUID("6f0f8f0e-5c0b-5d0a-9f53-75736365a71a")
# What XML cannot hold (XML 1.0, 2.2) is left out.
_NO_XML = {code: None for code in (*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)) if code not in (9, 10, 13)}


# --- Atom --------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Entry:
    """An entry of a feed. `identity` is what makes it this one and no other; `updated` is UTC, ISO 8601."""

    identity: tuple[str, ...]
    title: str
    text: str
    updated: str
    link: str
    source: str = ""  # the page on which it was seen
    category: tuple[str, str] = ("", "")  # term and label


def identifier(*parts: str) -> str:
    """An id that is the same for the same parts, wherever and whenever it is made."""
    return f"urn:uuid:{uuid.uuid5(_SPACE, chr(0).join(parts))}"


def atom(identity: Sequence[str], title: str, link: str, here: str, updated: str, entries: Iterable[Entry]) -> bytes:
    """A feed. `link` is the page that it belongs to, `here` its own address."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    _add(feed, "id", identifier("feed", *identity))
    _add(feed, "title", title)
    _add(feed, "updated", updated)
    _add(feed, "link", rel="self", type="application/atom+xml", href=here)
    _add(feed, "link", rel="alternate", type="text/html", href=link)
    _add(_add(feed, "author"), "name", NAME)
    _add(feed, "generator", "usce-atlas", version=__version__)
    for one in entries:
        entry = _add(feed, "entry")
        _add(entry, "id", identifier("change", *one.identity))
        _add(entry, "title", one.title)
        _add(entry, "updated", one.updated)
        _add(entry, "published", one.updated)
        _add(entry, "link", rel="alternate", type="text/html", href=one.link)
        if one.source:
            _add(entry, "link", rel="via", href=one.source)
        if one.category[0]:
            _add(entry, "category", term=one.category[0], label=one.category[1])
        _add(entry, "summary", one.text)
    return bytes(etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    for key, value in attributes.items():
        element.set(key, value.translate(_NO_XML))
    if text:
        element.text = text.translate(_NO_XML)
    return element


# --- calendars -----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Change:
    """A change of a program's deadlines: when, and the values as `record.value_text` writes them."""

    date: str
    old: str | None
    new: str | None


@attrs.frozen
class Descent:
    """Where a deadline comes from: the first value that was read, since when it is there (where a change tells), how often
    it changed since, and when last."""

    root: str
    born: str = ""
    revisions: int = 0
    changed: str = ""


def descent(value: str, changes: Sequence[Change]) -> Descent:
    """Follow a deadline back through its program's changes, which are given the oldest first."""
    root, revisions, changed = value, 0, ""
    position = len(changes)
    while True:
        position = next((i for i in range(position - 1, -1, -1) if changes[i].new == root), -1)
        if position < 0:
            return Descent(root, "", revisions, changed)
        change = changes[position]
        changed = changed or change.date
        if change.old is None:
            return Descent(root, change.date, revisions, changed)
        root, revisions = change.old, revisions + 1


@attrs.frozen
class Event:
    """A day of a calendar. `stamp` is when what it says was read first (UTC, ISO 8601)."""

    uid: str
    day: dt.date
    title: str
    text: str
    place: str
    link: str
    stamp: str
    revision: int
    sure: bool  # does the page give the year?
    kind: str  # 'opens' or 'closes'


@attrs.frozen
class Stated:
    """A deadline of a program with all that an event of it shows. `day` is None for a lead time."""

    deadline: Deadline
    day: dt.date | None
    program_id: str
    program: str
    institution: str
    place: str
    page: str  # where it is stated
    read: str  # when it was first read there
    link: str  # the program's page on the site


def event(stated: Stated, changes: Sequence[Change], start: dt.date | None = None) -> Event | None:
    """The event of a deadline: a lead time is one where there is a day on which the reader wants to start."""
    one = stated.deadline
    day, text = stated.day, f"{deadline_title(one)}: {deadline_when(one)}."
    origin = descent(value_text(one), changes)
    identity = [stated.program_id, origin.root, origin.born]
    sure = one.month_day is None
    revision = 100 * origin.revisions
    if one.lead_n is not None:
        if start is None:
            return None
        day = before(start, one)
        text += f" For a start on {start:%B} {start.day}, {start.year}."
        identity.append(start.isoformat())
    if day is None or day <= dt.date(1970, 1, 1):
        return None
    if not sure:
        text += " The page gives no year: this is the next such day."
        revision += day.year % 100  # next year's day is a new revision of the same event
    return Event(
        uid=f"{hashlib.sha256(chr(0).join(identity).encode()).hexdigest()[:32]}@usce-atlas",
        day=day,
        title=f"{deadline_title(one)}: {stated.program}, {stated.institution}",
        text=f"{text}\n\nRead on {stated.page}\nAlways check the source before you decide or pay.",
        place=", ".join(filter(None, (stated.institution, stated.place))),
        link=stated.link,
        stamp=origin.changed or stated.read,
        revision=revision,
        sure=sure,
        kind=one.kind,
    )


def ics(title: str, about: str, events: Iterable[Event]) -> bytes:
    """Events as a calendar, each a whole day that keeps nobody from other things."""
    found = icalendar.Calendar()
    found.add("prodid", f"-//{NAME}//usce-atlas {__version__}//EN")
    found.add("version", "2.0")
    found.add("name", title)
    found.add("x-wr-calname", title)
    found.add("description", about)
    found.add("x-wr-caldesc", about)
    found.add("refresh-interval", dt.timedelta(days=1), parameters={"VALUE": "DURATION"})
    found.add("x-published-ttl", "P1D")
    for one in sorted(events, key=lambda e: (e.day, e.uid)):
        entry = icalendar.Event()
        stamp = dt.datetime.fromisoformat(one.stamp if len(one.stamp) > 10 else f"{one.stamp}T00:00:00Z")
        entry.add("uid", one.uid)
        entry.add("dtstamp", stamp)
        entry.add("last-modified", stamp)
        entry.add("sequence", one.revision)
        entry.add("dtstart", one.day)
        entry.add("dtend", one.day + dt.timedelta(days=1))
        entry.add("summary", one.title)
        entry.add("description", one.text)
        entry.add("location", one.place)
        entry.add("url", one.link)
        entry.add("categories", ["Applications open" if one.kind == "opens" else "Applications close"])
        entry.add("status", "CONFIRMED" if one.sure else "TENTATIVE")
        entry.add("transp", "TRANSPARENT")
        found.add_component(entry)
    return bytes(found.to_ical())
