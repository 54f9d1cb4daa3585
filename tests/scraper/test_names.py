"""One institution under many names; two institutions under alike ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from scraper.items import Institution
from scraper.names import Names, core_of, fold, group_of, read_distinct
from scraper.registry import DIRECTORY, RegistryError, load_registry, reviewed_registry

SCHOOL, HOSPITAL = "medical_school_md", "teaching_hospital"
ALDER = Institution(
    "alder",
    "Marlow School of Medicine at the University of Alderbrook",
    SCHOOL,
    "University of Alderbrook",
    state="OH",
    aliases=("Alder", "Marlow"),
)
BROOK = Institution("brook", "Alderbrook University College of Medicine", SCHOOL, "Alderbrook University", state="OH")
CLINIC = Institution("clinic", "Hospital of the University of Alderbrook", HOSPITAL, state="OH")
NORTH = Institution("north", "Saint Osric's Medical Center North", HOSPITAL, state="IA")
SOUTH = Institution("south", "St. Osrics Medical Ctr South", HOSPITAL, state="IA")
NAMES = Names([ALDER, BROOK, CLINIC, NORTH, SOUTH])  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("St. Osric's Hosp.", "Saint Osrics Hospital"),
        ("Órfão & Söhne", "orfao and sohne"),
        ("U. of Alderbrook", "University of Alderbrook"),
    ],
)
def test_spellings_fold_into_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_a_university_of_a_place_is_not_the_places_university() -> None:
    assert core_of("University of Alderbrook") != core_of("Alderbrook University")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Alder", "alder"),
        ("marlow", "alder"),
        ("University of Alderbrook", "alder"),
        ("The Marlow School of Medicine, University of Alderbrook", "alder"),
        ("Alderbrook University", "brook"),
        ("Alderbrook University Hospital", None),
        ("St. Osric's", None),  # two of them
        ("Saint Osric's Medical Center South", "south"),
        ("Harrow County Hospital", None),
    ],
)
def test_who_is_meant(name: str, wanted: str | None) -> None:
    found = NAMES.sure(name)
    assert (found.id if found else None) == wanted


def test_what_is_doubtful_is_listed_for_a_person() -> None:
    assert {found.institution.id for found in NAMES.find("St. Osric's")} == {"north", "south"}
    assert not NAMES.find("St. Osric's", state="OH")
    assert {found.institution.id for found in NAMES.find("Alderbrook", kinds=[HOSPITAL])} == {"clinic"}


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("Juniper College of Osteopathic Medicine", "osteopathic"),
        ("Juniper School of Medicine", "school"),
        ("Juniper Hospital", "hospital"),
        ("Juniper", ""),
    ],
)
def test_what_kind_a_name_speaks_of(name: str, group: str) -> None:
    assert group_of(name) == group


@pytest.mark.parametrize(
    ("one", "other", "twice"),
    [
        (Institution("a", "Tidewater Clinic"), Institution("b", "The Tidewater Clinic"), True),
        (Institution("a", "Tidewater Clinic", aliases=("TWC",)), Institution("b", "T.W.C."), True),
        (Institution("a", "Tidewater Quay Clinic", state="VA"), Institution("b", "Tidewatter Quay Clinic", state="VA"), True),
        (Institution("a", "Tidewater Quay Clinic", state="VA"), Institution("b", "Tidewater Quay Clinics", state="ME"), False),
        (Institution("a", "Tidewater Hospital", HOSPITAL, state="VA"), Institution("b", "Tidewater College of Medicine", SCHOOL, state="VA"), False),
        (Institution("a", "Tidewater Medical School", HOSPITAL, state="VA"), Institution("b", "Tidewater Medical School at Quay", SCHOOL, state="VA"), True),
    ],
)  # fmt: skip
def test_one_institution_on_two_lines(one: Institution, other: Institution, twice: bool) -> None:
    others = [Institution(f"x{n}", f"Filler {n * 7919} Lodge{n}") for n in range(30)]
    found = {(a.id, b.id) for a, b, _ in Names([one, other, *others]).duplicates()}
    assert (("a", "b") in found) == twice


# --- the project's own registry ---

OWN = load_registry(DIRECTORY)


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("Penn", "Perelman", "University of Pennsylvania", "UPenn"), "perelman-school-of-medicine"),
        (("MGH", "Mass General", "Massachusetts General Hospital"), "massachusetts-general-hospital"),
        (("WashU", "Washington University School of Medicine"), "washington-university-school-of-medicine"),
        (("University of Washington School of Medicine", "UWSOM"), "university-of-washington-school-of-medicine"),
        (("EVMS", "Eastern Virginia Medical School"), "evms-eastern-virginia-medical-school"),
        (("Johns Hopkins", "Johns Hopkins School of Medicine"), "johns-hopkins-school-of-medicine"),
        (("Penn State", "Pennsylvania State University"), "penn-state-college-of-medicine"),
        (("UCSF", "University of California, San Francisco School of Medicine"), "ucsf-school-of-medicine"),
    ],
)
def test_names_meet(names: tuple[str, ...], wanted: str) -> None:
    for name in names:
        found = OWN.names.sure(name)
        assert found is not None, name
        assert found.id == wanted, name


def test_every_institution_is_found_by_each_of_its_names() -> None:
    for one in OWN.institutions.values():
        for name in (one.name, *one.aliases):
            assert one.id in {found.institution.id for found in OWN.names.find(name) if found.score == 1.0}, name


def test_the_registry_is_complete_and_none_stands_there_twice() -> None:
    registry = reviewed_registry(DIRECTORY)
    assert len(registry.institutions) >= 477
    assert sum(map(len, registry.start_urls.values())) >= 550
    assert all(start.seen for starts in registry.start_urls.values() for start in starts)
    kinds = [one.kind for one in registry.institutions.values()]
    assert kinds.count(SCHOOL) >= 160
    assert kinds.count("medical_school_do") >= 44


HEADER = "id,name,kind,parent,city,state,lat,lon,website,vslo_host,notes,aliases,vslo_source\n"
LINE = "quay,Tidewater Quay Clinic,teaching_hospital,,Onset,VA,37.1,-76.2,,,,,\n"


@pytest.mark.parametrize(
    ("lines", "distinct", "problem"),
    [
        (LINE.replace("teaching_hospital", ""), "", "quay has no kind"),
        (LINE.replace("37.1,-76.2", ","), "", "quay has no coordinates"),
        (LINE + LINE.replace("quay,", "other,"), "", "may be one"),
        (LINE, "quay,gone,two houses\n", "names gone, which is not in institutions.csv"),
        (LINE + LINE.replace("quay,", "other,"), "other,quay,\n", "gives no reason"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, lines: str, distinct: str, problem: str) -> None:
    (tmp_path / "institutions.csv").write_text(HEADER + lines, "utf-8")
    (tmp_path / "start_urls.csv").write_text("institution_id,url,program_type,seen\n", "utf-8")
    (tmp_path / "distinct.csv").write_text("one,other,why\n" + distinct, "utf-8")
    load_registry(tmp_path)
    with pytest.raises(RegistryError, match=problem):
        reviewed_registry(tmp_path)


def test_pairs_that_were_looked_at_are_let_be(tmp_path: Path) -> None:
    (tmp_path / "distinct.csv").write_text("one,other,why\na,b,two houses\n", "utf-8")
    assert read_distinct(tmp_path) == {frozenset("ab"): "two houses"}
    assert read_distinct(tmp_path / "nowhere") == {}
