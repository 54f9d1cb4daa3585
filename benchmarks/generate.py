"""Makes a database of believable, invented programs, through the project's own schema and in bulk.

    python benchmarks/generate.py FILE [--programs 50000] [--institutions 6000] [--seed 1]

The shares (how many programs state a fee, name a visa, want which documents) are those of real pages; places are the
registry's. The same seed gives the same programs. For measuring the site, never for publishing: the file says that it is fictional.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlite_utils

from scraper.database import SEARCH_COLUMNS, SEARCH_TABLE, open_database, titles
from scraper.demo import mark_fictional
from scraper.items import FIELDS, HOUSING, Deadline, Fee
from scraper.record import row_of_value, value_text
from scraper.registry import DIRECTORY
from scraper.vocabulary import vocabulary
from scraper.wording import value_words

Row = dict[str, Any]
FIRST = [
    "Alder",
    "Birch",
    "Cedar",
    "Clear",
    "Copper",
    "Eagle",
    "Elm",
    "Fair",
    "Fern",
    "Fox",
    "Glen",
    "Granite",
    "Green",
    "Harbor",
    "Haven",
    "Hazel",
    "Iron",
    "Juniper",
    "Lake",
    "Laurel",
    "Linden",
    "Maple",
    "Marsh",
    "Mill",
    "North",
    "Oak",
    "Pine",
    "Prairie",
    "Ridge",
    "River",
    "Rose",
    "Saint",
    "Salt",
    "Silver",
    "Spring",
    "Stone",
    "Summit",
    "Sun",
    "Timber",
    "West",
    "Willow",
    "Winter",
]
SECOND = [
    "bank",
    "bridge",
    "brook",
    "bury",
    "crest",
    "dale",
    "field",
    "ford",
    "gate",
    "grove",
    "haven",
    "hill",
    "hurst",
    "land",
    "mere",
    "mont",
    "mouth",
    "park",
    "point",
    "port",
    "ridge",
    "shore",
    "side",
    "stead",
    "ton",
    "vale",
    "view",
    "ville",
    "wick",
    "wood",
    "worth",
]
KINDS = {
    "medical_school_md": ("College of Medicine", "School of Medicine", "Medical College"),
    "medical_school_do": ("College of Osteopathic Medicine",),
    "teaching_hospital": ("Medical Center", "General Hospital", "University Hospital", "Memorial Hospital"),
    "health_system": ("Health", "Health System", "Healthcare"),
    "agency": ("Clinical Placements",),
}
KIND_WEIGHTS = (20, 6, 50, 20, 4)
SPECIALTIES = (
    "Anesthesiology", "Cardiology", "Dermatology", "Emergency Medicine", "Endocrinology", "Family Medicine", "Gastroenterology",
    "General Surgery", "Geriatrics", "Hematology", "Infectious Disease", "Internal Medicine", "Medical Oncology", "Nephrology",
    "Neurology", "Neurosurgery", "Obstetrics and Gynecology", "Ophthalmology", "Orthopedic Surgery", "Otolaryngology", "Pathology",
    "Pediatrics", "Physical Medicine and Rehabilitation", "Plastic Surgery", "Psychiatry", "Pulmonology", "Radiation Oncology",
    "Radiology", "Rheumatology", "Thoracic Surgery", "Urology", "Vascular Surgery",
)  # fmt: skip
VISAS = {"B-1": 35, "B-2": 30, "J-1": 18, "F-1": 9, "ESTA/WB": 8}
DOCUMENTS = {
    "immunization": 52, "cv": 41, "health_insurance": 36, "background_check": 29, "hipaa_training": 27, "personal_statement": 27,
    "usmle_score": 25, "deans_letter": 24, "transcript": 24, "sponsor_letter": 20, "malpractice_insurance": 20, "tb_test": 20,
    "recommendation_letter": 20, "bls_cpr": 14, "passport": 14, "photo": 14, "visa_copy": 12, "english_test": 12, "flu_vaccine": 10,
}  # fmt: skip
TYPE_NAMES = {
    "clinical_elective": "Visiting Student Electives",
    "sub_internship": "Visiting Sub-Internships",
    "observership": "Observership Program",
    "research": "Visiting Research Students",
}
AGENCY_TERMS = {
    "price_public": ("1200", "1800", "2400"), "refund_policy": ("nothing is paid back", "terms of refund are stated"), "hands_on": ("yes", "no"),
    "host_named": ("Granite Hill Hospital", "Fernvale Clinic"), "letter_signer": ("attending",), "includes": ("housing", "insurance", "letter"),
    "address_public": ("12 Elm Street, Fernvale, OH 44000",),
}  # fmt: skip
SPECIALTY_KEYS = {name: next(iter(sorted(vocabulary("specialties").keys_in(name)))) for name in SPECIALTIES}
DAY = dt.date(2026, 10, 1)


class Maker:
    """Makes the rows of every table, one institution after the other."""

    def __init__(self, seed: int, besides: bool = True) -> None:
        self.random = random.Random(seed)
        self.besides = besides
        self.extras = random.Random(seed + 1)  # of what came later: the same seed goes on giving the same programs
        with (DIRECTORY / "institutions.csv").open(encoding="utf-8-sig", newline="") as file:
            self.places = [row for row in csv.DictReader(file) if row["state"] and row["lat"]]
        self.names = titles()
        self.evidence_id = self.search_id = 0
        self.rows: dict[str, list[Row]] = {}

    def add(self, table: str, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def maybe(self, share: float) -> bool:
        return self.random.random() < share

    def take(self) -> dict[str, list[Row]]:
        """The rows made since the last time."""
        made, self.rows = self.rows, {}
        return made

    def institution(self, number: int) -> Row:
        pick = self.random
        place = pick.choice(self.places)
        kind = pick.choices(list(KINDS), KIND_WEIGHTS)[0]
        name = f"{pick.choice(FIRST)}{pick.choice(SECOND)} {pick.choice(KINDS[kind])}"
        host = f"h{number}.example"
        row = {
            "id": f"made-{number}", "name": f"{name} {number}", "kind": kind, "parent": None, "city": place["city"], "state": place["state"],
            "latitude": round(float(place["lat"]) + pick.uniform(-0.4, 0.4), 3), "longitude": round(float(place["lon"]) + pick.uniform(-0.4, 0.4), 3),
            "website": f"https://{host}/", "vslo_host": int(self.maybe(0.4)), "notes": None,
        }  # fmt: skip
        self.add("institutions", **row)
        read = self.stamp(pick.randrange(60))
        failed = self.maybe(0.03)
        for crawl in (1, 2):
            self.add(
                "crawl_hosts", crawl_id=crawl, institution_id=row["id"], outcome="not reached: timeout 1" if failed and crawl == 2 else "finished",
                pages=0 if failed else 9, relevant_pages=0 if failed else 8, programs=0 if failed else 8, changes=0, finished_at=read,
            )  # fmt: skip
        if self.besides and kind.startswith("medical_school"):
            self.catalog(row)
            if self.extras.random() < 0.8:
                self.vslo_host(row)
        elif self.besides and kind == "agency":
            self.agency(row)
        return row

    def catalog(self, institution: Row) -> None:
        """The electives that a school lists."""
        pick = self.extras
        for number in range(pick.randrange(10, 40)):
            specialty = pick.choice(SPECIALTIES)
            weeks = pick.choice((2.0, 4.0, 4.0, None))
            title = f"{pick.choice(('Advanced', 'Ambulatory', 'Inpatient', 'Consult'))} {specialty}"
            self.add(
                "electives", institution_id=institution["id"], program_id=None, title=title, specialty=SPECIALTY_KEYS[specialty],
                code=f"{specialty[:4].upper()} {400 + number}", site=pick.choice((None, "Main Campus", "Riverside Campus")), weeks_min=weeks, weeks_max=weeks,
                capacity=pick.choice((None, 1, 2, 4)), months=pick.choice((None, "7 8 9 10", "1 2 3 4 5 6 7 8 9 10 11 12")),
                accepts_international=pick.choice((None, 0, 1)), prerequisites=pick.choice((None, "Internal medicine clerkship")), url=None,
                page_url=f"{institution['website']}catalog", quote=f"{title} | 4 weeks", first_seen="2026-05-01T08:00:00Z", last_seen="2026-10-01T08:00:00Z",
                closed_at=None,
            )  # fmt: skip

    def vslo_host(self, institution: Row) -> None:
        for network in self.extras.sample(("us", "global"), self.extras.choice((1, 2))):
            self.add(
                "vslo_hosts", name=institution["name"], network=network, place=institution["state"], institution_id=institution["id"], matched="name",
                candidates=None, page_url="https://portal.example/hosts", quote=institution["name"], first_seen="2026-05-01T08:00:00Z",
                last_seen="2026-10-01T08:00:00Z", closed_at=None,
            )  # fmt: skip

    def agency(self, institution: Row) -> None:
        for item, values in AGENCY_TERMS.items():
            if self.extras.random() < 0.6:
                value = self.extras.choice(values)
                self.add(
                    "agency_terms", institution_id=institution["id"], item=item, value=value, in_words=value, quote=f"{item}: {value}", headings="Fees",
                    page_url=f"{institution['website']}fees", rule="made", confidence=0.8, first_seen="2026-05-01T08:00:00Z", last_seen="2026-10-01T08:00:00Z",
                    closed_at=None,
                )  # fmt: skip

    def stamp(self, days_ago: int) -> str:
        return f"{DAY - dt.timedelta(days=days_ago)}T08:{self.random.randrange(60):02}:00Z"

    def program(self, institution: Row, number: int) -> None:
        pick = self.random
        kind = pick.choices(list(TYPE_NAMES), (45, 10, 30, 15))[0]
        identifier = f"{institution['id']}--{kind.replace('_', '-')}-{number}"
        specialty = pick.choice(SPECIALTIES)
        url = f"{institution['website']}education/{kind}/{number}"
        read = self.stamp(pick.randrange(90))
        self.search_id += 1
        international = pick.choices(("yes", "no", "partners_only", None), (45, 20, 10, 25))[0]
        weeks = pick.choice((None, None, 4.0, 4.0, 8.0, 2.0))
        facts: Row = {
            "accepts_international": international,
            "status": pick.choices((None, "open", "closed"), (80, 15, 5))[0],
            "vslo": pick.choices((None, 1, 0), (50, 35, 15))[0],
            "toefl_ibt_min": pick.choices((None, 79.0, 80.0, 90.0, 100.0, 106.0), (80, 4, 4, 4, 6, 2))[0],
            "ielts_min": pick.choices((None, 6.0, 6.5, 7.0, 7.5), (88, 2, 4, 4, 2))[0],
            "english_proficiency_required": pick.choices((None, 1), (65, 35))[0],
            "usmle_step1_required": pick.choices((None, 1, 0), (70, 25, 5))[0],
            "visa_sponsored": pick.choices((None, 1, 0), (60, 10, 30))[0],
            "final_year_required": pick.choices((None, 1, 0), (50, 40, 10))[0],
            "core_clerkships_required": pick.choices((None, 1), (60, 40))[0],
            "good_standing_required": pick.choices((None, 1), (50, 50))[0],
            "affiliation_required": pick.choices((None, 1, 0), (60, 30, 10))[0],
            "letters_required": pick.choices((None, 0.0, 1.0, 2.0, 3.0), (70, 2, 15, 10, 3))[0],
            "duration_weeks_min": weeks,
            "duration_weeks_max": weeks,
            "total_weeks_max": pick.choice((None, None, 8.0, 12.0)),
            "compensation": pick.choices((None, "unpaid", "stipend"), (80, 15, 5))[0],
            "certificate_offered": pick.choices((None, 1, 0), (75, 20, 5))[0],
            "recommendation_offered": pick.choices((None, 1, 0), (85, 5, 10))[0],
        }
        facts |= self.guide()
        name = f"{specialty} {TYPE_NAMES[kind]}"
        stale = f"{DAY - dt.timedelta(days=pick.randrange(30))}" if self.maybe(0.03) else None
        self.add(
            "programs", id=identifier, institution_id=institution["id"], name=name, url=url, **facts, first_seen="2026-05-01",
            last_seen=read[:10], stale_since=stale, closed_at=None, search_id=self.search_id,
        )  # fmt: skip
        self.add(
            "pages", url=url, institution_id=institution["id"], program_id=identifier, title=name, relevant=1, status=200,
            content_hash=f"{self.search_id:016x}", first_seen="2026-05-01T08:00:00Z", fetched_at=read, last_seen=read, unreachable_since=None,
        )  # fmt: skip
        said: list[str] = []

        def state(field: str, value: Any, audience: str = "any") -> int:
            self.evidence_id += 1
            text = value if isinstance(value, str) else value_text(value)
            words = value_words(field, text)
            quote = f"Visitors to {institution['name']} are told: {words}."
            said.append(quote)
            self.add(
                "evidence", id=self.evidence_id, program_id=identifier, field=field, value=text, in_words=words, audience=audience,
                quote=quote, headings="Visiting students › How to apply", page_url=url, rule="made", confidence=pick.choice((0.95, 0.8, 0.8, 0.6)),
                in_conflict=0, first_seen=read, last_seen=read, closed_at=None,
            )  # fmt: skip
            return self.evidence_id

        booleans = {field.name for field in FIELDS if field.kind == "bool"}
        for field, value in facts.items():
            if value is not None:
                state(field, bool(value) if field in booleans else value)
        self.sets(identifier, kind, international, specialty, state)
        self.fees_and_deadlines(identifier, international, state)
        if self.maybe(0.2):
            self.add(
                "changes", date=read, institution_id=institution["id"], program_id=identifier, field="fees", old=value_text(Fee(300.0, "application")),
                new=value_text(Fee(350.0, "application")), in_words="Application fee: $300 → $350", page_url=url, crawl_id=2,
            )  # fmt: skip
        self.add(
            SEARCH_TABLE, rowid=self.search_id, program=name, institution=institution["name"], place=f"{institution['city']} {institution['state']}",
            offer=self.names["program_types"][kind], specialties=specialty, words="\n".join(said),
        )  # fmt: skip

    def guide(self) -> Row:
        """What students ask besides (docs/guide-fields.md)."""
        pick = self.extras
        shares: dict[str, tuple[tuple[Any, ...], tuple[int, ...]]] = {
            "interview_required": ((None, 1, 0), (80, 15, 5)),
            "mentorship_offered": ((None, 1), (80, 20)),
            "housing": ((None, *HOUSING), (50, 5, 15, 15, 15)),
            "home_school_applies": ((None, 1, 0), (80, 10, 10)),
            "malpractice_provided": ((None, 1, 0), (90, 5, 5)),
            "health_insurance_provided": ((None, 1, 0), (95, 1, 4)),
        }
        return {name: pick.choices(*share)[0] if self.besides else None for name, share in shares.items()}

    def sets(self, identifier: str, kind: str, international: str | None, specialty: str, state: Any) -> None:
        pick = self.random

        def members(table: str, column: str, values: list[str], **fixed: Any) -> None:
            for value in dict.fromkeys(values):
                field = {"email": "emails", "phone": "phones"}.get(fixed.get("kind", ""), table)
                self.add(
                    table,
                    program_id=identifier,
                    **fixed,
                    **{column: value},
                    audience="any",
                    evidence_id=state(field, value),
                )

        members(
            "program_types",
            "program_type",
            [kind, *(["sub_internship"] if kind == "clinical_elective" and self.maybe(0.2) else [])],
        )
        who = (
            ["us_student"]
            if international == "no"
            else ["international_student", *(["us_student"] if self.maybe(0.4) else [])]
        )
        if kind == "observership":
            who = [pick.choice(("graduate", "physician")), *(who if self.maybe(0.3) else [])]
        members("audiences", "visitor", who)
        if international == "yes" and self.maybe(0.45):
            members("visas", "visa", pick.choices(list(VISAS), list(VISAS.values()), k=2))
        members("documents", "document", [name for name, share in DOCUMENTS.items() if pick.random() * 100 < share])
        if self.maybe(0.6):
            members("specialties", "specialty", [specialty, *pick.sample(SPECIALTIES, pick.randrange(4))])
        if self.maybe(0.7):
            members(
                "contacts", "contact", [f"visitors{self.search_id}@{identifier.split('--')[0]}.example"], kind="email"
            )

    def fees_and_deadlines(self, identifier: str, international: str | None, state: Any) -> None:
        pick = self.random
        fees, deadlines = [], []
        audience: Any = "international" if international == "yes" and self.maybe(0.5) else "any"
        if self.maybe(0.4):
            fees.append(
                Fee(
                    float(pick.choice((0, 50, 100, 150, 200, 250, 300, 350, 500))),
                    "application",
                    "once",
                    pick.choice((None, False, True)),
                    audience,
                )
            )
        if self.maybe(0.35):
            fees.append(
                Fee(
                    float(pick.choice((500, 750, 1000, 1500, 2000, 2500, 3000, 4000, 5000))),
                    "program",
                    pick.choice(("four_weeks", "rotation", "week", "month")),
                    None,
                    audience,
                )
            )
        if self.maybe(0.35):
            day = DAY + dt.timedelta(days=pick.randrange(-60, 365))
            deadlines.append(
                Deadline(pick.choice(("opens", "closes", "closes")), date=str(day))
                if self.maybe(0.6)
                else Deadline("closes", month_day=f"{day:%m-%d}")
            )
        if self.maybe(0.3):
            deadlines.append(Deadline("closes", lead_n=float(pick.choice((1, 2, 3, 4, 6))), lead_unit="month"))
        for table, values in (("fees", fees), ("deadlines", deadlines)):
            for value in values:
                self.add(
                    table, program_id=identifier, **row_of_value(value), evidence_id=state(table, value, value.audience)
                )


def insert(db: sqlite_utils.Database, table: str, rows: list[Row]) -> None:
    """Write rows that all have the same columns."""
    names = list(rows[0])
    assert table != SEARCH_TABLE or names == ["rowid", *SEARCH_COLUMNS]
    marks = ", ".join("?" * len(names))
    columns = ", ".join(f'"{name}"' for name in names)
    db.conn.executemany(
        f'insert into "{table}" ({columns}) values ({marks})', ([row[name] for name in names] for row in rows)
    )


def generate(
    path: Path, programs: int = 50_000, institutions: int = 6_000, seed: int = 1, besides: bool = True
) -> Iterator[int]:
    """Write the database; yields the number of programs written, from time to time.

    Without `besides` there are no catalogs, VSLO lists, agencies' statements, and nothing of what students ask besides.
    """
    mark_fictional(path)
    db = open_database(path)
    maker, done = Maker(seed, besides), 0
    order = ["institutions", "programs", "pages", "evidence"]
    with db.atomic():
        for crawl in (1, 2):
            counts = {
                "institutions": institutions,
                "pages": institutions * 9,
                "relevant_pages": programs,
                "programs": programs,
            }
            insert(db, "crawls", [{"id": crawl, "started_at": f"2026-0{8 + crawl}-30T08:00:00Z", "finished_at": f"2026-0{8 + crawl}-30T20:00:00Z", "source": "demo", **counts, "changes": 0, "errors": 0, "outcome": "finished"}])  # fmt: skip
        for number in range(institutions):
            institution = maker.institution(number)
            wanted = round(programs * (number + 1) / institutions)
            for index in range(wanted - done):
                maker.program(institution, index)
            done = wanted
            if number % 200 == 199 or number == institutions - 1:
                made = maker.take()
                for table in sorted(made, key=lambda name: order.index(name) if name in order else len(order)):
                    insert(db, table, made[table])
                yield done
    db.execute("analyze")
    db.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--programs", type=int, default=50_000)
    parser.add_argument("--institutions", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.file.exists():
        parser.error(f"{arguments.file} exists: name a new file")
    start = time.perf_counter()
    for done in generate(arguments.file, arguments.programs, arguments.institutions, arguments.seed):
        print(f"\r{done} programs", end="", flush=True)
    print(json.dumps({"seconds": round(time.perf_counter() - start, 1), "bytes": arguments.file.stat().st_size}))


if __name__ == "__main__":
    main()
