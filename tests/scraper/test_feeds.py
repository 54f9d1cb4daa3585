"""Feeds and calendars: valid by the standards, with ids that stay while what they stand for changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from scraper.feeds import ATOM, Change, Entry, Event, Stated, atom, descent, event, ics
from scraper.items import Deadline
from scraper.record import value_text

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent.parent / "fixtures" / "atom.rng"))
NASTY = 'Tom & Jerry\'s <b>"=1+1"</b> ]]> \x00\x07\ud800 ünï\u2028 \\; , long ' + "x" * 200


def valid_atom(data: bytes) -> etree._Element:
    """The feed, which must hold to RFC 4287: its grammar, and what its grammar leaves out."""
    feed = etree.fromstring(data)
    SCHEMA.assertValid(etree.ElementTree(feed))
    names = {"a": ATOM}
    entries = feed.findall("a:entry", names)
    assert feed.find("a:author", names) is not None or all(e.find("a:author", names) is not None for e in entries)
    ids = [element.text for element in feed.iter(f"{{{ATOM}}}id")]
    assert len(ids) == len(set(ids))
    assert [link.get("rel") for link in feed.findall("a:link", names)].count("self") == 1
    return feed


def valid_ics(data: bytes) -> list[icalendar.Event]:
    """The events of a calendar, which must hold to RFC 5545."""
    assert data.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    assert len(icalendar.Calendar.from_ical(data, multiple=True)) == 1
    found = icalendar.Calendar.from_ical(data)
    assert [part.errors for part in found.walk() if part.errors] == []
    assert found["version"] == "2.0" and found["prodid"]
    events = found.walk("VEVENT")
    uids = [str(one["uid"]) for one in events]
    assert len(uids) == len(set(uids))
    for one in events:
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} <= set(one)
        assert one["dtstamp"].dt.tzinfo is dt.UTC or str(one["dtstamp"].dt.tzinfo) == "UTC"
        assert one["dtend"].dt - one["dtstart"].dt == dt.timedelta(1)
        assert not isinstance(one["dtstart"].dt, dt.datetime)
    return list(events)


# --- Atom ------------------------------------------------------------------------------------------------------------------


def entry(**values: object) -> Entry:
    known = {
        "identity": ("2026-04-01", "p", "fees"),
        "title": "Alderbrook: Application fee: $300 → $350",
        "text": "Read.",
        "updated": "2026-04-01T12:00:00Z",
        "link": "http://localhost/program/p",
    }
    return Entry(**(known | values))  # type: ignore[arg-type]


def feed(*entries: Entry, host: str = "http://localhost") -> bytes:
    return atom(("all",), "What changed", f"{host}/changes", f"{host}/changes.atom", "2026-04-01T12:00:00Z", entries)


def test_a_feed_is_valid() -> None:
    found = valid_atom(
        feed(entry(source="https://a.example/?a=1&b=2", category=("fees", "Fees")), entry(identity=("x",)))
    )
    assert len(found.findall(f"{{{ATOM}}}entry")) == 2


def test_an_empty_feed_is_valid() -> None:
    valid_atom(feed())


@pytest.mark.parametrize("name", ["title", "text", "source"])
def test_whatever_a_page_says_the_feed_is_valid(name: str) -> None:
    valid_atom(feed(entry(**{name: NASTY if name != "source" else 'https://a.example/<>"&'})))


@given(st.text())
def test_any_text_makes_a_valid_feed(text: str) -> None:
    valid_atom(feed(entry(title=text or "x", text=text, category=("fees", text))))


def test_ids_do_not_depend_on_where_the_site_stands() -> None:
    ids = [
        [e.text for e in valid_atom(feed(entry(), host=host)).iter(f"{{{ATOM}}}id")]
        for host in ("http://localhost", "https://a.example/sub")
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace(b"<updated>2026", b"<updated>26", 1),
        lambda text: text.replace(b"<title>What changed</title>", b"", 1),
        lambda text: text.replace(b'term="fees" ', b"", 1),
        lambda text: text.replace(b"</feed>", b"<x/></feed>"),
    ],
)
def test_the_grammar_finds_what_is_wrong(broken: object) -> None:
    data = broken(feed(entry(category=("fees", "Fees"))))  # type: ignore[operator]
    with pytest.raises((etree.DocumentInvalid, AssertionError)):
        valid_atom(data)


# --- where a deadline comes from -----------------------------------------------------------------------------------------------

A, B, C = (value_text(Deadline(date=f"2026-0{n}-15")) for n in (4, 5, 6))


def history(*steps: tuple[str | None, str | None]) -> list[Change]:
    return [Change(f"2026-0{n}-01T12:00:00Z", old, new) for n, (old, new) in enumerate(steps, start=1)]


DESCENTS: dict[str, tuple[str, list[Change], tuple[str, str, int]]] = {
    "it never changed": (A, [], (A, "", 0)),
    "another one changed": (A, history((B, C)), (A, "", 0)),
    "it moved": (B, history((A, B)), (A, "", 1)),
    "it moved twice": (C, history((A, B), (B, C)), (A, "", 2)),
    "it moved and moved back": (A, history((A, B), (B, A)), (A, "", 2)),
    "it came later": (B, history((None, B)), (B, "2026-01-01T12:00:00Z", 0)),
    "it came later and moved": (C, history((None, B), (B, C)), (B, "2026-01-01T12:00:00Z", 1)),
    "it went and came again": (A, history((A, None), (None, A)), (A, "2026-02-01T12:00:00Z", 0)),
    "the old day came again beside the new": (A, history((A, B), (None, A)), (A, "2026-02-01T12:00:00Z", 0)),
}


@pytest.mark.parametrize("name", DESCENTS)
def test_descent(name: str) -> None:
    value, changes, wanted = DESCENTS[name]
    found = descent(value, changes)
    assert (found.root, found.born, found.revisions) == wanted


@given(st.lists(st.tuples(st.sampled_from([None, A, B, C]), st.sampled_from([None, A, B, C])), max_size=9))
def test_two_deadlines_never_have_one_id(steps: list[tuple[str | None, str | None]]) -> None:
    """Whatever history: values that a program has at one time are told apart."""
    held: set[str] = {A}
    changes = []
    for number, (old, new) in enumerate(steps):
        if old == new or (old is not None and old not in held) or (new is not None and new in held):
            continue
        held -= {old}  # type: ignore[arg-type]
        held |= {new} if new else set()
        changes.append(Change(f"2026-01-0{number + 1}T12:00:00Z", old, new))
        ids = [(found.root, found.born) for found in (descent(value, changes) for value in held)]
        assert len(ids) == len(set(ids))


# --- calendars ------------------------------------------------------------------------------------------------------------------


def stated(deadline: Deadline, day: str | None = None, **values: object) -> Stated:
    known = {
        "program_id": "alderbrook--electives",
        "program": "Visiting Students",
        "institution": "Alderbrook Hospital",
        "place": "Fairhaven, OH",
        "page": "https://www.alderbrook.example/visiting",
        "read": "2026-03-01T12:00:00Z",
        "link": "http://localhost/program/alderbrook--electives",
    }
    return Stated(deadline, dt.date.fromisoformat(day) if day else None, **(known | values))  # type: ignore[arg-type]


def events(*all_stated: Stated, changes: Sequence[Change] = (), start: str | None = None) -> list[Event]:
    day = dt.date.fromisoformat(start) if start else None
    return [one for one in (event(s, changes, day) for s in all_stated) if one]


def calendar(found: Iterable[Event]) -> bytes:
    return ics("Deadlines", "All of them; as read, with care.", found)


DATED = stated(Deadline(date="2026-04-24"), "2026-04-24")


def test_a_calendar_is_valid() -> None:
    yearless = stated(Deadline("opens", month_day="05-01", audience="international"), "2027-05-01")
    first, second = valid_ics(calendar(events(DATED, yearless)))
    assert first["summary"] == "Applications close: Visiting Students, Alderbrook Hospital"
    assert first["dtstart"].dt == dt.date(2026, 4, 24)
    assert first["location"] == "Alderbrook Hospital, Fairhaven, OH"
    assert "https://www.alderbrook.example/visiting" in first["description"]
    assert (first["status"], second["status"]) == ("CONFIRMED", "TENTATIVE")
    assert second["summary"].startswith("Applications open (international students)")
    assert "no year" in second["description"]


def test_an_empty_calendar_is_valid() -> None:
    assert valid_ics(calendar([])) == []


@pytest.mark.parametrize("name", ["program", "institution", "place", "page"])
def test_whatever_a_page_says_the_calendar_is_valid(name: str) -> None:
    text = NASTY.replace("\ud800", "") + "\r\nBEGIN:VEVENT\r\nSUMMARY:planted\r\nEND:VEVENT"
    [found] = valid_ics(calendar(events(attrs.evolve(DATED, **{name: text}))))
    assert "planted" not in found["uid"]


def test_lead_times_become_days_when_the_start_is_known() -> None:
    leads = [
        stated(Deadline(lead_n=8, lead_unit="week")),
        stated(Deadline(lead_n=3, lead_unit="month")),
        stated(Deadline(lead_n=90, lead_unit="day")),
        stated(Deadline("opens", lead_n=6, lead_unit="month")),
    ]
    assert events(*leads) == []
    found = events(*leads, start="2027-03-01")
    assert [str(one.day) for one in found] == ["2027-01-04", "2026-12-01", "2026-12-01", "2026-09-01"]
    assert "at least 8 weeks before the start. For a start on March 1, 2027." in found[0].text
    other = events(*leads, start="2027-04-01")
    assert not {one.uid for one in found} & {one.uid for one in other}
    assert len(valid_ics(calendar([*found, *other, *events(DATED)]))) == 9


class Reader:
    """A calendar application that reads a calendar in again and again, and goes by RFC 5545 and 5546: the same UID is the same
    event, and of two versions the one with the higher SEQUENCE, then the later DTSTAMP, stays."""

    def __init__(self) -> None:
        self.events: dict[str, icalendar.Event] = {}

    def read(self, data: bytes) -> None:
        for one in valid_ics(data):
            known = self.events.get(str(one["uid"]))
            if known is None or self.rank(one) >= self.rank(known):
                self.events[str(one["uid"])] = one

    def rank(self, one: icalendar.Event) -> tuple[int, dt.datetime]:
        return int(one["sequence"]), one["dtstamp"].dt

    @property
    def days(self) -> list[str]:
        return sorted(str(one["dtstart"].dt) for one in self.events.values())


def test_two_updates_and_nothing_doubles() -> None:
    reader = Reader()
    days = ("2026-04-15", "2026-05-15", "2026-06-15")
    changes = history((A, B), (B, C))
    for number, day in enumerate(days):
        other = stated(Deadline("opens", date="2026-02-01"), "2026-02-01")
        found = events(stated(Deadline(date=day), day), other, changes=changes[:number])
        reader.read(calendar(found))
        reader.read(calendar(found))
        assert reader.days == ["2026-02-01", day]


def test_a_day_without_a_year_moves_to_the_next_year() -> None:
    reader = Reader()
    for day in ("2026-04-24", "2027-04-24", "2028-04-24"):
        reader.read(calendar(events(stated(Deadline(month_day="04-24"), day))))
        assert reader.days == [day]


def test_the_same_state_gives_the_same_bytes() -> None:
    assert calendar(events(DATED)) == calendar(events(DATED))
