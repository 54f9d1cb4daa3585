"""A database of fictional hospitals for the tests of the site: written through the project's own storage, on days near today."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import sqlite_utils

from benchmarks.generate import generate
from pipelines.programs import Summary, Visit, merge_programs
from pipelines.storage import start_crawl, store_visit
from scraper.database import insert, open_database, select, write_institutions
from scraper.items import Deadline, Fact, Fee, Institution

TODAY = dt.date.today()
FIRST, SECOND = (f"{TODAY - dt.timedelta(days=days)}T09:00:00Z" for days in (30, 3))
IN_40_DAYS = TODAY + dt.timedelta(days=40)
FILLING = 60  # generated programs beside those written out below: lists have a second page, facets something to count

INSTITUTIONS = (
    Institution("brightwater", "Brightwater Medical Center", "teaching_hospital", "Brightwater Health", "Albany", "NY", 42.65, -73.75, "https://brightwater.example/", False),
    Institution("lakemont", "Lakemont School of Medicine", "medical_school_md", None, "Rochester", "NY", 43.16, -77.61, "https://lakemont.example/", True),
    Institution("cedar-bluff", "Cedar Bluff Hospital", "teaching_hospital", None, "Houston", "TX", 29.76, -95.37, "https://cedarbluff.example/"),
    Institution("stonehill", "Stonehill Health", "health_system", None, "Portland", "ME", 43.66, -70.26, "https://stonehill.example/"),
    Institution("bridgeway", "Bridgeway Rotations", "agency", None, "Miami", "FL", 25.76, -80.19, "https://bridgeway.example/", False),
    Institution("goldcrest", "Goldcrest Placements", "agency"),
    Institution("quiet-harbor", "Quiet Harbor Hospital", "teaching_hospital", None, "Honolulu", "HI", 21.31, -157.86, "https://quietharbor.example/"),
)  # fmt: skip


def say(field: str, value: Any, quote: str = "", **more: Any) -> Fact:
    """A fact with its words."""
    return Fact(
        field,
        value,
        quote or f"We say of {field}: {value}.",
        ("Visiting students", "How to apply"),
        **{"rule": "test", "confidence": 0.9, **more},
    )


def page(url: str, name: str, *facts: Fact, at: str = FIRST, links: tuple[str, ...] = ()) -> Summary:
    return Summary(
        url=url,
        fetched_at=at,
        title=f"{name} | {url.split('/')[2]}",
        name=name,
        facts=facts,
        content_hash=hashlib.sha256(f"{url}{at}".encode()).hexdigest()[:16],
        links=frozenset(links),
        score=5.0,
    )


def elective(at: str, fee: float) -> list[Summary]:
    """International electives: nearly every fact there is, one of them in conflict, one not sure."""
    main, costs = (
        "https://brightwater.example/visiting/international",
        "https://brightwater.example/visiting/international-fees",
    )
    return [
        page(
            main,
            "International Visiting Student Electives",
            say("program_types", "clinical_elective"),
            say("audiences", "international_student"),
            say("accepts_international", "yes", "Students from schools abroad are welcome."),
            say("status", "open", "Applications are open now."),
            say("vslo", False, "We do not use VSLO."),
            say("visas", "B-1", "Visitors may come on a B-1 visa."),
            say("visas", "B-2"),
            say("toefl_ibt_min", 90.0, "A TOEFL iBT score of 90 or more is needed."),
            say("ielts_min", 6.5),
            say("english_proficiency_required", True),
            say("final_year_required", True),
            say("core_clerkships_required", True),
            say("affiliation_required", False, "No agreement is needed.", confidence=0.6),
            say("usmle_step1_required", True),
            say("letters_required", 2.0),
            say("duration_weeks_min", 4.0),
            say("duration_weeks_max", 4.0),
            say("total_weeks_max", 8.0),
            say("deadlines", Deadline("closes", date=str(IN_40_DAYS)), f"Apply by {IN_40_DAYS:%B} {IN_40_DAYS.day}."),
            say("deadlines", Deadline("closes", lead_n=3.0, lead_unit="month")),
            say("deadlines", Deadline("opens", date=str(TODAY - dt.timedelta(days=100)))),
            *(say("documents", name) for name in ("cv", "transcript", "passport", "immunization", "deans_letter")),
            *(say("specialties", name) for name in ("Cardiology", "Pediatrics", "OB/GYN")),
            say("emails", "visit@brightwater.example"),
            say("phones", "5185550100"),
            say("certificate_offered", True),
            say("interview_required", True, "Every applicant is interviewed by video."),
            say("home_school_applies", False, "Students apply to us themselves."),
            say("mentorship_offered", True, "Each visitor is given a mentor."),
            say("housing", "help", "We have no rooms, but a list of landlords."),
            say("hospital_settings", "academic", "Ours is an academic medical center."),
            say("who_pays", "own_costs", "Visitors pay for their own travel and meals."),
            say("malpractice_provided", True, "Our malpractice policy covers visitors."),
            at=at,
            links=(costs,),
        ),
        page(
            costs,
            "International Visiting Student Electives: fees",
            say("program_types", "clinical_elective"),
            say("audiences", "international_student"),
            say("fees", Fee(fee, "application", "once", False, "international"), f"A fee of ${fee:g} is paid with the application."),
            say("fees", Fee(2500.0, "program", "four_weeks", None, "international")),
            say("toefl_ibt_min", 100.0, "The TOEFL iBT score must be 100."),
            at=at,
        ),
    ]  # fmt: skip


CATALOG = "https://brightwater.example/catalog"
ELECTIVES = (
    ("brightwater", "Cardiology Consults", "cardiovascular_disease", "MED 701", "Main Hospital", 4.0, 4.0, 2, "7 8 9", 1, "Internal medicine", "https://brightwater.example/catalog/701"),
    ("brightwater", "Wound Care", None, None, None, None, None, None, None, None, None, None),
    ("lakemont", "Pediatric Neurology", "neurology", "PED-12", None, 2.0, 4.0, 1, "1 2 3 4 5 6 7 8 9 10 11 12", 0, None, None),
)  # fmt: skip
HOSTS = (
    ("Lakemont School of Medicine", "us", "Rochester, NY", "lakemont", "name"),
    ("Lakemont School of Medicine", "global", "Rochester, NY", "lakemont", "name"),
    ("Farbank University Faculty of Medicine", "global", "Elsewhere", None, "open"),
)
AGENCY_TERMS = (
    ("host_named", "Fairlawn Family Clinic", "Names as host: Fairlawn Family Clinic", "You will be at Fairlawn Family Clinic."),
    *(("price_public", f"{price}", f"A price is stated: ${price:,}", f"Four weeks cost ${price}.") for price in (1500, 1600, 1700, 1800, 1900)),
    ("refund_policy", "terms of refund are stated", "Refunds: terms of refund are stated", "Half is paid back until a month before."),
    ("hands_on", "yes", "Hands-on work with patients", "Our rotations are hands-on."),
)  # fmt: skip


def lists(db: sqlite_utils.Database) -> None:
    """Electives of catalogs, hosts and terms of VSLO, what an agency states."""
    programs = {row["institution_id"]: row["id"] for row in select(db, "programs")}
    seen = {"first_seen": FIRST, "last_seen": SECOND}
    names = ("title", "specialty", "code", "site", "weeks_min", "weeks_max", "capacity", "months", "accepts_international", "prerequisites", "url")  # fmt: skip
    for institution, *values in ELECTIVES:
        row = dict(zip(names, values, strict=True))
        own = {"institution_id": institution, "program_id": programs[institution], "page_url": CATALOG}
        insert(db, "electives", {**own, **row, "quote": f"{row['title']}, as the catalog words it", **seen})
    page_url = "https://portal.example/hosts"
    for name, network, place, institution, matched in HOSTS:
        row = {"name": name, "network": network, "place": place, "institution_id": institution, "matched": matched}
        insert(db, "vslo_hosts", {**row, "page_url": page_url, "quote": name, **seen})
    term = {"portal": "vslo", "field": "documents", "value": "photo", "in_words": "Photo", "quote": "Upload a photo."}
    insert(db, "shared_terms", {**term, "headings": "Your profile", "page_url": page_url, **seen})
    for item, value, in_words, quote in AGENCY_TERMS:
        row = {"item": item, "value": value, "in_words": in_words, "quote": quote, "headings": "Prices", "rule": "test"}
        own = {"institution_id": "bridgeway", "page_url": "https://bridgeway.example/prices", "confidence": 0.8}
        insert(db, "agency_terms", {**own, **row, **seen})


def visits(at: str) -> dict[str, list[Summary]]:
    """What a crawl on a day reads."""
    return {
        "brightwater": elective(at, 200.0 if at == FIRST else 250.0),
        "lakemont": [
            page(
                "https://lakemont.example/visiting",
                "Visiting Student Electives",
                say("program_types", "clinical_elective"),
                say("program_types", "sub_internship"),
                say("audiences", "us_student"),
                say("accepts_international", "no", "Only students of LCME schools."),
                say("vslo", True),
                say("fees", Fee(3500.0, "program", "four_weeks")),
                say("documents", "transcript"),
                at=at,
            )
        ],
        "cedar-bluff": [
            page(
                "https://cedarbluff.example/observers",
                "Observership Program",
                say("program_types", "observership"),
                say("audiences", "graduate"),
                say("audiences", "physician"),
                say("visas", "B-1"),
                say("status", "closed", "The program is paused."),
                say("deadlines", Deadline("closes", rolling=True)),
                at=at,
            )
        ],
        "bridgeway": [
            page(
                "https://bridgeway.example/prices",
                "Hands-on Rotations for Everyone",
                say("program_types", "clinical_elective"),
                say("audiences", "international_student"),
                say("deadlines", Deadline("closes", date=str(IN_40_DAYS))),
                at=at,
            )
        ],
        "stonehill": [
            page(
                "https://stonehill.example/research",
                "Visiting Research Students",
                say("program_types", "research"),
                say("audiences", "international_student"),
                say("accepts_international", "yes"),
                say("fees", Fee(0.0, "application")),
                at=at,
            )
        ]
        if at == FIRST
        else [],
    }


def store(db: sqlite_utils.Database, at: str) -> None:
    """A crawl of all hospitals; on the second day Stonehill's site does not answer."""
    crawl = start_crawl(db, "replay")
    for name, pages in visits(at).items():
        failed = {} if pages else {"https://stonehill.example/research": "timeout"}
        outcome = "finished" if pages else "not reached: timeout 1"
        store_visit(
            db, Visit(name, outcome=outcome, pages=pages, failed=failed, programs=merge_programs(name, pages)), crawl
        )


def make(path: Path) -> Path:
    """Write the database."""
    for _ in generate(path, programs=FILLING, institutions=8, seed=7, besides=False):
        pass
    db = open_database(path)
    write_institutions(db, INSTITUTIONS)
    store(db, FIRST)
    store(db, SECOND)
    with db.atomic():
        lists(db)
    db.close()
    return path


# What must never run or be taken for a formula, wherever it was scraped.
PAYLOADS = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror="window.pwned=1">',
    "' onmouseover='window.pwned=1' autofocus onfocus='window.pwned=1",
    "</script><script>window.pwned=1</script><!--",
    "javascript:window.pwned=1//",
    "<svg onload=window.pwned=1>",
    '=HYPERLINK("https://evil.example","x")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "\t=1+1",
    "{{ 7*7 }}{% raw %}",
    "\x02\x03<b onclick=window.pwned=1>\u2028",
)
SETS = ("visas", "documents", "specialties", "contacts", "hospital_settings", "who_pays")
UNIQUE = (("evidence", "value"), ("vslo_hosts", "name"), ("vslo_hosts", "network"), ("agency_terms", "item"))
SCRAPED = {
    "institutions": ("name", "parent", "city", "notes", "website"),
    "programs": ("name", "url", "accepts_international", "status", "compensation", "housing"),
    "pages": ("title", "content_hash"),
    "evidence": ("value", "in_words", "quote", "headings", "page_url", "rule"),
    "visas": ("visa",),
    "hospital_settings": ("setting",),
    "who_pays": ("payer",),
    "documents": ("document",),
    "specialties": ("specialty",),
    "contacts": ("contact",),
    "deadlines": ("lead_unit",),
    "fees": ("per",),
    "changes": ("old", "new", "in_words", "page_url"),
    "crawl_hosts": ("outcome",),
    "electives": ("title", "code", "site", "months", "prerequisites", "url", "page_url", "quote"),
    "vslo_hosts": ("name", "network", "place", "page_url"),
    "shared_terms": ("in_words", "quote", "page_url"),
    "agency_terms": ("item", "in_words", "quote", "headings", "page_url"),
}


def plant(path: Path) -> Path:
    """Put payloads into every text that was once somebody else's, all rows of every table in turn."""
    db = open_database(path)
    db.execute("pragma foreign_keys = off")
    number = 0
    for table, columns in SCRAPED.items():
        for column in columns:
            for (rowid,) in db.execute(f"select rowid from {table} order by rowid").fetchall():
                payload = PAYLOADS[number % len(PAYLOADS)]
                number += 1
                unique = f"{payload}{rowid}" if table in SETS or (table, column) in UNIQUE else payload
                db.execute(f"update {table} set {column} = ? where rowid = ?", [unique, rowid])
    db.execute(
        "update program_search set " + ", ".join(f"{name} = ?" for name in ("program", "institution", "words")),
        [PAYLOADS[0] + " heart", PAYLOADS[1], PAYLOADS[3] + " heart"],
    )
    db.conn.commit()
    db.close()
    return path
