"""Feeds and calendars as a feed reader and a calendar application get them from the running site, before and after crawls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import attrs
import httpx
import pytest

from pipelines.programs import Visit, merge_programs
from pipelines.storage import store_visit
from scraper.database import open_database, write_institutions
from scraper.feeds import ATOM
from scraper.items import Deadline, Fee, Institution
from scraper.serving import serving
from tests.pipelines.making import fact, page
from tests.scraper.site.conftest import Site, free_port
from tests.scraper.test_feeds import Reader, valid_atom, valid_ics

TODAY = dt.datetime.now(dt.UTC).date()
SOON, LATER, LAST = (TODAY + dt.timedelta(days) for days in (30, 60, 90))
ELECTIVES, OBSERVERS = "alderbrook--electives-international", "alderbrook--observership"
NAMES = {"a": ATOM}


def visit(path: Path, number: int, closes: dt.date, fee: float) -> None:
    """A crawl: the electives close on that day and cost that; the observership stays as it is."""
    electives = page(
        "/visiting",
        fact("program_types", "clinical_elective"),
        fact("audiences", "international_student"),
        fact("visas", "B-1"),
        fact("deadlines", Deadline(date=str(closes))),
        fact(
            "deadlines", Deadline("opens", date=str(SOON - dt.timedelta(9)), audience="international"), "international"
        ),
        fact("deadlines", Deadline(rolling=True)),
        fact("fees", Fee(fee, "application")),
        name="Visiting Students",
        content_hash=f"visiting{number}",
    )
    observers = page(
        "/observers",
        fact("program_types", "observership"),
        fact("deadlines", Deadline(lead_n=8, lead_unit="week")),
        name="Observership & more",
    )
    when = f"{TODAY - dt.timedelta(10 - number)}T12:00:00Z"
    pages = [attrs.evolve(one, fetched_at=when) for one in (electives, observers)]
    db = open_database(path)
    with closing(db.conn):
        write_institutions(
            db,
            [
                Institution("alderbrook", "Alderbrook Hospital", "teaching_hospital", None, "Fairhaven", "OH"),
                Institution("quiet", "Quiet Hospital", "teaching_hospital", None, "Calm", "NY"),
            ],
        )
        store_visit(db, Visit("alderbrook", pages=pages, programs=merge_programs("alderbrook", pages)))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("followed") / "atlas.db"
    visit(path, 0, SOON, 300)
    with serving(path, free_port()) as address:
        yield Site(address.rstrip("/"), path)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site after three crawls."""
    path = tmp_path_factory.mktemp("grown") / "atlas.db"
    for number, closes in enumerate((SOON, LATER, LAST)):
        visit(path, number, closes, 300 + 50 * number)
    with serving(path, free_port()) as address:
        yield Site(address.rstrip("/"), path)


def titles(response: httpx.Response) -> list[str]:
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    return [entry.findtext("a:title", "", NAMES) for entry in valid_atom(response.content).findall("a:entry", NAMES)]


def days(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    return [str(one["dtstart"].dt) for one in valid_ics(response.content)]


def test_who_follows_sees_updates_and_nothing_twice(followed: Site) -> None:
    paths = ("/deadlines.ics", "/programs.ics?visa=B-1", f"/program/{ELECTIVES}.ics", "/institution/alderbrook.ics")
    readers = {path: Reader() for path in paths}
    opens = str(SOON - dt.timedelta(9))
    assert titles(followed.get("/changes.atom")) == []
    for number, closes in enumerate((SOON, LATER, LAST)):
        if number:
            visit(followed.database, number, closes, 300 + 50 * number)
        for path, reader in readers.items():
            reader.read(followed.get(path).content)
            assert reader.days == [opens, str(closes)], path
    found = titles(followed.get("/changes.atom"))
    assert found[0].startswith("Alderbrook Hospital: ")
    assert sorted(found) == sorted(titles(followed.get("/institution/alderbrook.atom")))
    assert sorted(found) == sorted(titles(followed.get(f"/program/{ELECTIVES}.atom")))
    assert "Alderbrook Hospital: Application fee: $350 → $400" in found
    assert len(found) == 4
    assert titles(followed.get(f"/program/{OBSERVERS}.atom")) == []
    assert titles(followed.get("/institution/quiet.atom")) == []


def test_calendars_hold_what_was_asked_for(followed: Site) -> None:
    opens = str(SOON - dt.timedelta(9))
    assert opens in days(followed.get("/deadlines.ics"))
    assert days(followed.get("/deadlines.ics?event=open")) == [opens]
    assert days(followed.get("/deadlines.ics?for=us&event=open")) == []
    assert days(followed.get("/deadlines.ics?state=NY")) == []
    assert opens in days(followed.get("/deadlines.ics?state=OH&type=clinical_elective"))
    assert days(followed.get("/programs.ics?type=observership")) == []
    assert opens in days(followed.get("/programs.ics?q=alderbrook"))
    assert days(followed.get("/institution/quiet.ics")) == []


def test_lead_times_with_a_start_month(followed: Site) -> None:
    year = TODAY.year + 1
    wanted = str(dt.date(year, 6, 1) - dt.timedelta(weeks=8))
    assert days(followed.get(f"/program/{OBSERVERS}.ics?start={year}-06")) == [wanted]
    assert wanted in days(followed.get(f"/programs.ics?start={year}-06"))
    without = followed.get(f"/program/{OBSERVERS}.ics")
    assert days(without) == []
    assert "start=YYYY-MM" in without.text.replace("\r\n ", "")
    for wrong in ("soon", "2027-13", "2027-02-30", "99999-01"):
        assert followed.get(f"/programs.ics?start={wrong}").status_code == 400


def test_what_has_not_changed_is_not_sent_again(followed: Site) -> None:
    for path in ("/changes.atom", "/deadlines.ics"):
        first = followed.get(path)
        again = followed.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/program/nowhere.ics", "/program/nowhere.atom", "/institution/nowhere.ics"])
def test_what_is_not_there_is_not_found(followed: Site, path: str) -> None:
    assert followed.get(path).status_code == 404


def test_the_addresses_lead_to_the_site(followed: Site) -> None:
    [event, *_] = valid_ics(followed.get("/deadlines.ics").content)
    assert event["url"] == f"{followed.base}/program/{ELECTIVES}"
    assert httpx.get(str(event["url"])).status_code == 200
    feed = valid_atom(followed.get("/changes.atom").content)
    links = {link.get("rel"): link.get("href") for link in feed.findall("a:link", NAMES)}
    assert links == {"self": f"{followed.base}/changes.atom", "alternate": f"{followed.base}/changes"}


def test_the_pages_show_the_way(followed: Site) -> None:
    """Each page that has a feed or a calendar names it."""
    for path, wanted in (
        ("/changes", "/changes.atom"),
        ("/deadlines", "/deadlines.ics"),
        ("/programs?visa=B-1", "/programs.ics?visa=B-1"),
        (f"/program/{ELECTIVES}", f"/program/{ELECTIVES}.ics"),
    ):
        assert f'href="{wanted}"' in followed.get(path).text, path


def test_a_program_says_how_to_cite_it(followed: Site) -> None:
    text = followed.get(f"/program/{ELECTIVES}").text
    wanted = f"Alderbrook Hospital. {followed.get(f'/program/{ELECTIVES}.json').json()[0]['program']}. https://www.alderbrook.example/visiting (read on "
    assert wanted in text
    assert "by USCE Atlas)." in text


def test_any_days_state_can_be_asked_for(grown: Site) -> None:
    """A day's state from the running site: what each crawl of this module's hospital found, on its day and on the days after."""

    def state(days_ago: int) -> dict[str, str]:
        day = TODAY - dt.timedelta(days_ago)
        found = grown.get(f"/atlas/programs_on_a_day.json?_shape=array&day={day}&institution=").json()
        return {row["program_id"]: row["fees"] for row in found}

    assert state(11) == {}
    assert state(10) == {ELECTIVES: "Application fee: $300", OBSERVERS: None}
    assert state(9)[ELECTIVES] == "Application fee: $350"
    assert state(0)[ELECTIVES] == "Application fee: $400"
    of_one = f"/atlas/program_on_a_day.json?_shape=array&program={ELECTIVES}"
    fees = [row["in_words"] for row in grown.get(f"{of_one}&day={TODAY - dt.timedelta(10)}").json()]
    assert "Application fee: $300" in fees and "Application fee: $400" not in fees
    assert grown.get("/atlas/programs_on_a_day.json?_shape=array&day=&institution=").json()
    assert grown.get("/atlas/programs_on_a_day.json?_shape=array&day=&institution=quiet").json() == []
