"""Which pages of an institution speak of the same program, and under which name and id."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from scrapy.signalmanager import SignalManager
from scrapy.statscollectors import DummyStatsCollector

from pipelines.content import find_blocks
from pipelines.programs import ProgramsStage, Summary, content_hash, merge_programs, outcome_words, same_words
from scraper.demo import read_sites
from scraper.items import Block, Elective, Fact, Page
from scraper.outcomes import Outcome
from tests.pipelines.making import DAY, HOST, fact, page

ELECTIVE = fact("program_types", "clinical_elective")
OBSERVERSHIP = fact("program_types", "observership")
RESEARCH = fact("program_types", "research")
US = fact("audiences", "us_student")
INTERNATIONAL = fact("audiences", "international_student")
PHYSICIAN = fact("audiences", "physician")

# name -> (pages, expected: id without the institution -> paths, its own page first)
CASES: dict[str, tuple[list[Summary], dict[str, list[str]]]] = {
    "one page": (
        [page("/visiting", ELECTIVE, US, name="Visiting Students")],
        {"electives": ["/visiting"]},
    ),
    "overview, FAQ and fees are one program": (
        [
            page("/md/visiting/faq", ELECTIVE, US, name="Frequently Asked Questions"),
            page("/md/visiting", ELECTIVE, US, fact("vslo", True), name="Visiting Students", links=("/md/visiting/faq", "/bursar")),
            page("/bursar", fact("letters_required", 1), name="Fees for Visiting Students"),
        ],
        {"electives": ["/md/visiting", "/md/visiting/faq", "/bursar"]},
    ),
    "students of US schools and from abroad stay two": (
        [
            page("/visiting/us-students", ELECTIVE, US, name="Visiting US Medical Students", links=("/visiting/international-students",)),
            page("/visiting/international-students", ELECTIVE, INTERNATIONAL, name="Visiting International Students", links=("/visiting/us-students",)),
        ],
        {"electives-us": ["/visiting/us-students"], "electives-international": ["/visiting/international-students"]},
    ),
    "a page for all and a page for those from abroad stay two": (
        [
            page("/visiting", ELECTIVE, US, name="Visiting Students", links=("/visiting/international",)),
            page("/visiting/international", ELECTIVE, INTERNATIONAL, name="International Visiting Students"),
        ],
        {"electives": ["/visiting"], "electives-international": ["/visiting/international"]},
    ),
    "an overview that links to both belongs to both": (
        [
            page("/visiting", ELECTIVE, US, INTERNATIONAL, name="Visiting Students", links=("/visiting/us-students", "/visiting/international-students")),
            page("/visiting/us-students", ELECTIVE, US, name="Visiting US Medical Students"),
            page("/visiting/international-students", ELECTIVE, INTERNATIONAL, name="Visiting International Students"),
        ],
        {
            "electives-us": ["/visiting/us-students", "/visiting"],
            "electives-international": ["/visiting/international-students", "/visiting"],
        },
    ),
    "an FAQ beside both belongs to both": (
        [
            page("/visiting/faq", ELECTIVE, name="FAQ"),
            page("/visiting/us-students", ELECTIVE, US, name="Visiting US Medical Students", links=("/visiting/faq",)),
            page("/visiting/international-students", ELECTIVE, INTERNATIONAL, name="Visiting International Students", links=("/visiting/faq",)),
        ],
        {
            "electives-us": ["/visiting/us-students", "/visiting/faq"],
            "electives-international": ["/visiting/international-students", "/visiting/faq"],
        },
    ),
    "a checklist of the program for those from abroad is no program": (
        [
            page("/global/electives", ELECTIVE, INTERNATIONAL, name="Electives for International Students", links=("/global/checklist.pdf",)),
            page("/global/checklist.pdf", fact("documents", "cv"), name="Application Checklist"),
        ],
        {"electives-international": ["/global/electives", "/global/checklist.pdf"]},
    ),
    "electives, observerships and research are three": (
        [
            page("/education/electives", ELECTIVE, US, name="Clinical Electives", links=("/education/observerships",)),
            page("/education/observerships", OBSERVERSHIP, PHYSICIAN, name="Observerships", links=("/education/electives",)),
            page("/education/research", RESEARCH, US, name="Research Internships"),
        ],
        {"electives": ["/education/electives"], "observership": ["/education/observerships"], "research": ["/education/research"]},
    ),
    "a department's observership stays its own": (
        [
            page("/education/observerships", OBSERVERSHIP, PHYSICIAN, name="Observerships", links=("/neurology/observership",)),
            page("/neurology/observership", OBSERVERSHIP, PHYSICIAN, name="Neurology Observership", links=("/education/observerships",)),
            page("/departments/dermatology/visitors", OBSERVERSHIP, PHYSICIAN, name="Visiting Observers", links=("/education/observerships",)),
        ],
        {
            "observership": ["/education/observerships"],
            "observership-neurology": ["/neurology/observership"],
            "observership-dermatology": ["/departments/dermatology/visitors"],
        },
    ),
    "a department is told by its address, its host or its title": (
        [
            page("/ear-nose-and-throat-department/residency/students", ELECTIVE, US, name="Visiting Medical Students"),
            page("/ent/students", ELECTIVE, US, name="Away Rotations", url="https://urology.alderbrook.example/students"),
            page("/a/x", ELECTIVE, US, name="Visiting Students", title="Visiting Students | Department of Neurology | Alderbrook"),
            page("/medicine/visiting", ELECTIVE, US, name="Visiting Students", title="Visiting Students | School of Medicine"),
        ],
        {
            "electives-otolaryngology": ["/ear-nose-and-throat-department/residency/students"],
            "electives-urology": ["urology/students"],
            "electives-neurology": ["/a/x"],
            "electives": ["/medicine/visiting"],
        },
    ),
    "a program for physicians and one for students stay two": (
        [
            page("/visit/observers", OBSERVERSHIP, PHYSICIAN, name="Observer Program", links=("/visit/shadowing",)),
            page("/visit/shadowing", OBSERVERSHIP, US, name="Shadowing", links=("/visit/observers",)),
        ],
        {"observership": ["/visit/observers"], "observership-students": ["/visit/shadowing"]},
    ),
    "funded places stay apart": (
        [
            page("/visiting", ELECTIVE, US, name="Visiting Students", links=("/visiting/scholarship",)),
            page("/visiting/scholarship", ELECTIVE, US, name="Diversity Visiting Elective Scholarship", links=("/visiting",)),
        ],
        {"electives": ["/visiting"], "electives-funded": ["/visiting/scholarship"]},
    ),
    "pages of two campuses with the same title stay two": (
        [
            page("/students", ELECTIVE, US, name="Visiting Students", url="https://north.alderbrook.example/students"),
            page("/students", ELECTIVE, US, name="Visiting Students", url="https://south.alderbrook.example/students"),
        ],
        {"electives": ["north/students"], "electives-south": ["south/students"]},
    ),
    "two spellings of one address are one page": (
        [
            page("/visiting/", ELECTIVE, US, name="Visiting Students", fetched_at="2026-01-01T00:00:00Z"),
            page("/visiting", ELECTIVE, US, name="Visiting Students"),
        ],
        {"electives": ["/visiting"]},
    ),
    "what is not relevant is no program": ([page("/residency", name="Residency", relevant=False)], {}),
}  # fmt: skip


def short(url: str) -> str:
    return url.removeprefix(HOST).removeprefix("https://").replace(".alderbrook.example", "")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("turned", [False, True], ids=["", "backwards"])
def test_grouping(name: str, turned: bool) -> None:
    pages, wanted = CASES[name]
    programs = merge_programs("alderbrook", pages[::-1] if turned else pages)
    assert {p.id: [short(url) for url in p.pages] for p in programs} == {
        f"alderbrook--{k}": v for k, v in wanted.items()
    }
    assert all(program.url == next(iter(program.pages)) for program in programs)


@pytest.mark.parametrize(
    ("title", "heading", "path", "wanted"),
    [
        ("Visiting Students | Alderbrook", "Visiting Students", "/x", "Visiting Students"),
        ("Visiting Students | Alderbrook", "Home", "/x", "Visiting Students"),
        ("Observership – Alderbrook", "Office of Global Affairs", "/x", "Observership"),
        ("Alderbrook", "Overview", "/education/visiting-students.html", "Visiting students"),
        ("", "", "/", "Clinical electives"),
        ("Alderbrook", "International Students", "/global", "Clinical electives for international students"),
        ("Alderbrook", "Office of Visiting Students", "/", "Clinical electives"),
        (
            "International Visitor Program",
            "Health ProfessionalsInternational Visitor Program",
            "/x",
            "International Visitor Program",
        ),
        ("", "Visiting Students", "/departments/dermatology/students", "Visiting Students (Dermatology)"),
        ("", "Visiting Dermatology Students", "/departments/dermatology/visit", "Visiting Dermatology Students"),
        ("", "Elective " * 40, "/x", ("Elective " * 40)[:120].rsplit(" ", 1)[0] + " …"),
    ],
)
def test_name(title: str, heading: str, path: str, wanted: str) -> None:
    [program] = merge_programs("alderbrook", [page(path, ELECTIVE, name=heading, title=title)])
    assert program.name == wanted


def test_what_an_overview_says_of_others_is_left_out() -> None:
    overview = page(
        "/visiting",
        ELECTIVE, US, INTERNATIONAL,
        fact("toefl_ibt_min", 90, "international"),
        fact("vslo", True, "us"),
        fact("good_standing_required", True),
        name="Visiting Students",
        links=("/visiting/us-students", "/visiting/international-students"),
    )  # fmt: skip
    programs = merge_programs(
        "alderbrook",
        [
            overview,
            page("/visiting/us-students", ELECTIVE, US, name="Visiting US Students"),
            page("/visiting/international-students", ELECTIVE, INTERNATIONAL, name="Visiting International Students"),
        ],
    )
    said = {program.id: {f.field for url, f in program.facts if url == overview.url} for program in programs}
    assert "toefl_ibt_min" not in said["alderbrook--electives-us"]
    assert "vslo" not in said["alderbrook--electives-international"]
    assert all("good_standing_required" in fields for fields in said.values())


def test_a_catalog_tells_the_specialties_of_the_program_it_belongs_to() -> None:
    electives = (
        Elective(
            "Stroke Service",
            "neurology",
            quote="Department: Neurology\nDuration: 4 weeks",
            headings=("Stroke Service",),
        ),
        Elective("Headache Clinic", "neurology", quote="NEUR 410 Headache Clinic"),
        Elective("Wound Care", "surgery", accepts_international=False, quote="Wound Care | Surgery | US students"),
        Elective("Skin Clinic", "dermatology", quote="Skin Clinic | Dermatology"),
        Elective("Medical Spanish", None, quote="Medical Spanish"),
    )
    catalog = attrs.evolve(
        page("/catalog", name="Course Catalog", links=("/visiting",)), relevant=False, electives=electives
    )
    offers = fact("specialties", "Dermatology")
    [program] = merge_programs(
        "alderbrook", [catalog, page("/visiting", ELECTIVE, US, offers, name="Visiting Students")]
    )
    added = [(f.value, f.quote, f.audience) for url, f in program.facts if url == catalog.url]
    assert added == [
        ("Neurology", "Department: Neurology", "any"),
        ("Surgery", "Wound Care | Surgery | US students", "us"),
    ]
    assert catalog.url in program.pages


SITES = read_sites()


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.directory.name)
def test_the_sample_sites_are_grouped_as_a_reader_would(site: Any) -> None:
    """Whatever the stages read: types and audiences are those that expected.json gives each page."""
    programs = json.loads((site.directory / "expected.json").read_text("utf-8"))["programs"]
    pages = []
    for path, facts in (item for program in programs for item in program["pages"].items()):
        answer = site.answer(path)
        one = Page(
            url=f"https://{site.id}.example{path}", content_type=answer.content_type, relevant=True, fetched_at=DAY
        )
        one.title, one.blocks = find_blocks(answer.body, one.url, answer.content_type)
        one.facts = [Fact(f, v, "") for f in ("program_types", "audiences") for v in facts.get(f, [])]
        pages.append(one)
    found = [
        sorted(Path(url).as_posix().partition(".example")[2] for url in p.pages) for p in merge_programs(site.id, pages)
    ]
    wanted = [sorted(Path(path).as_posix() for path in program["pages"]) for program in programs]
    assert sorted(found) == sorted(wanted)


# --- the stage -------------------------------------------------------------------------------------------------------


def stage() -> ProgramsStage:
    crawler = SimpleNamespace(signals=SignalManager(), stats=None, settings={})
    crawler.stats = DummyStatsCollector(SimpleNamespace(settings=SimpleNamespace(getbool=lambda name: False)))  # type: ignore[arg-type]
    return ProgramsStage(crawler)  # type: ignore[arg-type]


def read_page(path: str, **values: Any) -> Page:
    blocks = [Block("heading", "Visiting Students", depth=1), Block("paragraph", "Electives.")]
    known = {"url": f"{HOST}{path}", "institution_id": "alderbrook", "relevant": True, "fetched_at": DAY}
    return Page(**{**known, "body": b"...", "blocks": blocks, "facts": [ELECTIVE], **values})


def test_the_stage_sums_pages_up_and_lets_them_go() -> None:
    collecting = stage()
    item = read_page("/visiting", fetched_at="2026-03-01T12:00:00.151Z")
    assert collecting.process_item(item) is item
    assert (item.body, item.blocks) == (b"", [])
    visit = collecting.take("alderbrook")
    assert [p.id for p in visit.programs] == ["alderbrook--electives"]
    assert visit.pages[0].fetched_at == DAY
    assert collecting.take("alderbrook").pages == []


def test_the_stage_hears_of_dropped_and_failed_pages() -> None:
    collecting = stage()
    collecting.item_dropped(read_page("/residency"))
    collecting.item_dropped(read_page("/app", needs_browser=True))
    collecting.process_item(read_page("/gone", status=404))
    collecting.process_item(read_page("/foreign", institution_id=None))
    outcome = Outcome("alderbrook")
    outcome.failed("timeout", f"{HOST}/slow")
    visit = collecting.take("alderbrook", outcome)
    assert [(p.url, p.relevant, p.facts) for p in visit.pages] == [(f"{HOST}/residency", False, ())]
    assert visit.failed == {f"{HOST}/app": "needs_browser", f"{HOST}/gone": "http_404", f"{HOST}/slow": "timeout"}
    assert visit.programs == []


def test_outcomes_in_words() -> None:
    outcome = Outcome("alderbrook", pages=1)
    assert outcome_words(outcome) == "finished"
    outcome.failed("http_404")
    assert outcome_words(outcome) == "finished: http_404 1"
    unreached = Outcome("alderbrook")
    unreached.failed("dns")
    assert outcome_words(unreached) == "not reached: dns 1"


def test_the_fingerprint_is_of_words() -> None:
    one = content_hash([Block("paragraph", "Apply  by\nMay."), Block("item", "CV")])
    assert one == content_hash([Block("item", "Apply by May."), Block("paragraph", "CV")])
    assert one != content_hash([Block("paragraph", "Apply by June."), Block("item", "CV")])
    assert content_hash([]) == content_hash([], b"<p>") == ""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a.x", "a.y", True),
        ("a.x", "b.x", True),
        ("a.x", "b.y", False),
        ("a", "a.x", True),
        ("a", "b", False),
        ("", "a", False),
    ],
)
def test_a_page_is_the_same_while_its_text_or_its_body_is(one: str, other: str, same: bool) -> None:
    assert same_words(one, other) is same
