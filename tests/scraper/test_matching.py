"""Matching: each question by a table of cases, cost and time worked out by hand, and what must hold for whatever is stated."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from scraper.cli import app
from scraper.items import FEE_KINDS, FEE_PERIODS, FIELD, PROGRAM_TYPES, Deadline, Fee
from scraper.matching import Person, ProgramFacts, judge, match, report
from scraper.matching.checks import CHECKS, likeness
from scraper.matching.costs import cost
from scraper.matching.dates import timing
from scraper.matching.facts import FIELDS, Reading
from scraper.matching.load import programs
from scraper.matching.person import NO_VISA, VISAS, AnswersError, of_answers
from scraper.matching.verdicts import Verdict, advice
from tests.scraper.site.hospitals import make

TODAY = dt.date(2026, 11, 22)
ABROAD = Person(who="student", school="abroad")
US = Person(who="student", school="us")
GRADUATE = Person(who="graduate", school="abroad")


def facts(**stated: Any) -> ProgramFacts:
    """A program that states just this: `field=value`, or `field=(value, audience)`, or a list of readings."""

    def readings(value: Any) -> tuple[Reading, ...]:
        pairs = value if isinstance(value, list) else [value]
        return tuple(Reading(*pair) if isinstance(pair, tuple) else Reading(pair) for pair in pairs)

    state = stated.pop("state", None)
    given = {name: readings(value) if name in FIELDS else value for name, value in stated.items()}
    for name in ("audiences", "program_types"):
        if name in given:
            given[name] = frozenset(given[name])
    if "visas" in given:
        given["visas"] = tuple(visa if isinstance(visa, tuple) else (visa, "any") for visa in given["visas"])
    return ProgramFacts("p", "Electives", "Elmstead Hospital", state=state, stated=given)


def outcome(person: Person, program: ProgramFacts, criterion: str) -> str | None:
    """What a check finds: 'yes', 'no', 'open', or None where there is no question."""
    verdict = judge(person, program, TODAY)
    assert verdict
    found = [finding.outcome for finding in verdict.findings if finding.criterion == criterion]
    assert len(found) <= 1
    return found[0] if found else None


def who(base: Person, **told: Any) -> Person:
    return attrs.evolve(base, **told)


# --- one question each ---------------------------------------------------------------------------------------------

CASES: list[tuple[str, Person, dict[str, Any], str | None]] = [
    # who may apply
    ("who", ABROAD, {}, "open"),
    ("who", ABROAD, {"accepts_international": "yes"}, "yes"),
    ("who", ABROAD, {"accepts_international": "no"}, "no"),
    ("who", ABROAD, {"accepts_international": "no", "audiences": {"us_student"}}, "no"),
    ("who", ABROAD, {"accepts_international": "partners_only"}, "yes"),
    ("who", ABROAD, {"accepts_international": ["yes", "no"]}, "open"),
    ("who", ABROAD, {"audiences": {"international_student"}}, "yes"),
    ("who", ABROAD, {"audiences": {"us_student"}}, "open"),  # 'medical students' names US students alone
    ("who", ABROAD, {"audiences": {"physician"}}, "no"),
    ("who", ABROAD, {"audiences": {"graduate", "physician"}}, "no"),
    ("who", US, {"accepts_international": "no"}, "open"),
    ("who", US, {"audiences": {"us_student"}}, "yes"),
    ("who", US, {"audiences": {"international_student"}}, "no"),
    ("who", US, {"audiences": {"physician"}}, "no"),
    ("who", GRADUATE, {"audiences": {"graduate"}}, "yes"),
    ("who", GRADUATE, {"audiences": {"physician"}}, "open"),
    ("who", GRADUATE, {"audiences": {"us_student", "international_student"}}, "no"),
    ("who", GRADUATE, {"accepts_international": "no"}, "open"),  # says something of students only
    ("who", who(GRADUATE, who="physician"), {"audiences": {"physician", "us_student"}}, "yes"),
    # closed or open
    ("status", ABROAD, {}, None),
    ("status", ABROAD, {"status": "closed"}, "no"),
    ("status", ABROAD, {"status": "open"}, "yes"),
    ("status", ABROAD, {"status": ("closed", "us")}, None),
    ("status", US, {"status": ("closed", "us")}, "no"),
    # agreement between schools
    ("affiliation", ABROAD, {}, None),
    ("affiliation", who(ABROAD, affiliated=False), {}, "open"),
    ("affiliation", who(ABROAD, affiliated=False), {"affiliation_required": True}, "no"),
    ("affiliation", who(ABROAD, affiliated=False), {"affiliation_required": False}, "yes"),
    ("affiliation", who(ABROAD, affiliated=True), {"affiliation_required": True}, "open"),
    ("affiliation", ABROAD, {"affiliation_required": True}, "open"),
    ("affiliation", who(ABROAD, affiliated=False), {"accepts_international": "partners_only"}, "no"),
    ("affiliation", who(ABROAD, affiliated=False), {"affiliation_required": (True, "us")}, "open"),
    ("affiliation", who(US, affiliated=False), {"accepts_international": "partners_only"}, "open"),
    ("affiliation", who(US, affiliated=False), {"affiliation_required": (True, "international")}, "open"),
    ("affiliation", who(GRADUATE, affiliated=False), {"affiliation_required": True}, None),
    # year
    ("year", who(ABROAD, year="final"), {"final_year_required": True}, "yes"),
    ("year", who(ABROAD, year="clinical"), {"final_year_required": True}, "no"),
    ("year", who(ABROAD, year="clinical"), {"final_year_required": False}, "yes"),
    ("year", who(ABROAD, year="clinical"), {}, "open"),
    ("year", who(ABROAD, year="final"), {}, None),
    ("year", ABROAD, {"final_year_required": True}, "open"),
    ("year", who(ABROAD, year="clinical"), {"final_year_required": [(True, "any"), (False, "international")]}, "yes"),
    ("year", who(US, year="clinical"), {"final_year_required": [(True, "any"), (False, "international")]}, "no"),
    ("year", who(ABROAD, year="clinical"), {"final_year_required": [True, False]}, "open"),
    ("year", who(ABROAD, year="clinical"), {"final_year_required": [True, (False, "any", 0.6)]}, "no"),  # a weak reading
    ("year", GRADUATE, {"final_year_required": True}, None),
    ("clerkships", who(ABROAD, year="preclinical"), {"core_clerkships_required": True}, "no"),
    ("clerkships", who(ABROAD, year="preclinical"), {}, "open"),
    ("clerkships", who(ABROAD, year="clinical"), {"core_clerkships_required": True}, "open"),
    ("clerkships", who(ABROAD, year="final"), {"core_clerkships_required": True}, "yes"),
    ("clerkships", who(ABROAD, year="clinical"), {}, None),
    # VSLO
    ("vslo", who(US, home_vslo=True), {"vslo": True}, "yes"),
    ("vslo", who(US, home_vslo=False), {"vslo": True}, "no"),
    ("vslo", who(ABROAD, home_vslo=False), {"vslo": True}, "open"),  # may have another way for schools abroad
    ("vslo", who(ABROAD, home_vslo=False), {"vslo": (True, "international")}, "no"),
    ("vslo", who(ABROAD, home_vslo=False), {"vslo": (True, "us")}, "open"),
    ("vslo", who(ABROAD, home_vslo=False), {"vslo": False}, "yes"),
    ("vslo", who(ABROAD, home_vslo=False), {}, "open"),
    ("vslo", ABROAD, {"vslo": True}, "open"),
    ("vslo", ABROAD, {}, None),
    ("vslo", who(GRADUATE, home_vslo=False), {"vslo": True}, None),
    # Step 1
    ("step1", who(ABROAD, step1=False), {"usmle_step1_required": True}, "no"),
    ("step1", who(ABROAD, step1=False), {"usmle_step1_required": False}, "yes"),
    ("step1", who(ABROAD, step1=False), {}, "open"),
    ("step1", who(ABROAD, step1=True), {"usmle_step1_required": True}, "yes"),
    ("step1", who(ABROAD, step1=True), {}, None),
    ("step1", ABROAD, {"usmle_step1_required": True}, "open"),
    ("step1", ABROAD, {}, None),
    # English
    ("english", who(ABROAD, toefl=100.0), {"toefl_ibt_min": 90.0}, "yes"),
    ("english", who(ABROAD, toefl=90.0), {"toefl_ibt_min": 90.0}, "yes"),
    ("english", who(ABROAD, toefl=89.0), {"toefl_ibt_min": 90.0}, "no"),
    ("english", who(ABROAD, toefl=95.0), {"toefl_ibt_min": [90.0, 100.0]}, "open"),
    ("english", who(ABROAD, toefl=80.0), {"toefl_ibt_min": [90.0, 100.0]}, "no"),
    ("english", who(ABROAD, toefl=80.0, ielts=7.0), {"toefl_ibt_min": 90.0, "ielts_min": 6.5}, "yes"),
    ("english", who(ABROAD, toefl=80.0, ielts=6.0), {"toefl_ibt_min": 90.0, "ielts_min": 6.5}, "no"),
    ("english", who(ABROAD, toefl=80.0), {"toefl_ibt_min": 90.0, "ielts_min": 6.5}, "open"),  # IELTS is not told
    ("english", who(ABROAD, ielts=7.0), {"toefl_ibt_min": 90.0}, "open"),
    ("english", who(ABROAD, toefl=100.0), {}, "open"),
    ("english", ABROAD, {}, None),
    ("english", ABROAD, {"english_proficiency_required": True}, "open"),
    ("english", who(ABROAD, toefl=60.0), {"english_proficiency_required": False}, "yes"),
    ("english", who(ABROAD, toefl=60.0), {"toefl_ibt_min": (100.0, "us")}, "open"),
    ("english", US, {"toefl_ibt_min": 100.0}, None),
    # visa
    ("visa", who(ABROAD, visa="B-1"), {"visas": ["B-1", "J-1"]}, "yes"),
    ("visa", who(ABROAD, visa="B-1"), {"visas": ["J-1"]}, "no"),
    ("visa", who(ABROAD, visa="B-1"), {"visas": ["B-2"]}, "open"),
    ("visa", who(ABROAD, visa="J-1"), {"visas": ["B-2"]}, "no"),
    ("visa", who(ABROAD, visa="B-1"), {"visas": [("J-1", "us")]}, "open"),
    ("visa", who(ABROAD, visa="B-1"), {}, "open"),
    ("visa", who(ABROAD, visa="J-1"), {"visa_sponsored": False}, "open"),
    ("visa", who(ABROAD, visa=NO_VISA), {"visas": ["J-1"]}, None),
    ("visa", ABROAD, {"visas": ["J-1"]}, None),
    # weeks
    ("weeks", ABROAD, {"total_weeks_max": 4.0}, None),
    ("weeks", who(ABROAD, weeks=8.0), {}, "open"),
    ("weeks", who(ABROAD, weeks=8.0), {"total_weeks_max": 4.0}, "no"),
    ("weeks", who(ABROAD, weeks=8.0), {"total_weeks_max": 8.0}, "yes"),
    ("weeks", who(ABROAD, weeks=2.0), {"duration_weeks_min": 4.0}, "no"),
    ("weeks", who(ABROAD, weeks=4.0), {"duration_weeks_min": 4.3, "duration_weeks_max": 4.3}, "yes"),  # 30 days
    ("weeks", who(ABROAD, weeks=8.0), {"duration_weeks_max": 4.0}, "open"),
    ("weeks", who(ABROAD, weeks=8.0), {"duration_weeks_max": 4.0, "total_weeks_max": 8.0}, "yes"),
    ("weeks", who(ABROAD, weeks=6.0), {"duration_weeks_min": 4.0, "duration_weeks_max": 4.0, "total_weeks_max": 8.0}, "open"),
    ("weeks", who(ABROAD, weeks=8.0), {"total_weeks_max": (4.0, "us")}, "open"),
    ("weeks", who(ABROAD, weeks=8.0), {"total_weeks_max": [4.0, 8.0]}, "yes"),
    # specialty
    ("specialty", who(ABROAD, specialty="Cardiology"), {}, "open"),
    ("specialty", who(ABROAD, specialty="cardiology"), {"specialties": ("Cardiology", "Urology")}, "yes"),
    ("specialty", who(ABROAD, specialty="Urology"), {"specialties": ("Cardiology",)}, "no"),
    ("specialty", ABROAD, {"specialties": ("Cardiology",)}, None),
    # budget
    ("budget", who(ABROAD, budget=3000.0), {}, "open"),
    ("budget", who(ABROAD, budget=3000.0), {"fees": (Fee(2000.0, "program", "four_weeks"),)}, "yes"),
    ("budget", who(ABROAD, budget=3000.0, weeks=8.0), {"fees": (Fee(2000.0, "program", "four_weeks"),)}, "no"),
    ("budget", who(ABROAD, budget=3000.0), {"fees": (Fee(300.0, "application"),)}, "open"),
    ("budget", who(ABROAD, budget=200.0), {"fees": (Fee(300.0, "application"),)}, "no"),
    ("budget", who(ABROAD, budget=3000.0), {"fees": (Fee(5000.0, "program", "four_weeks", None, "us"),)}, "open"),
    ("budget", who(US, budget=3000.0), {"fees": (Fee(5000.0, "program", "four_weeks", None, "international"),)}, "open"),
    ("budget", who(ABROAD, budget=0.0), {"fees": (Fee(0.0, "program"),)}, "yes"),
    ("budget", ABROAD, {"fees": (Fee(5000.0),)}, None),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "person", "stated", "expected"), CASES)
def test_one_question(criterion: str, person: Person, stated: dict[str, Any], expected: str | None) -> None:
    assert outcome(person, facts(**stated), criterion) == expected


def test_every_check_has_cases_with_each_of_its_outcomes() -> None:
    checks = {check.name for check in CHECKS} | {"budget"}
    for name in checks:
        outcomes = {expected for criterion, _, _, expected in CASES if criterion == name}
        assert {"yes", "no"} <= outcomes or name == "affiliation", name


@pytest.mark.parametrize(
    ("asked", "offered", "expected"),
    [
        ("Cardiology", "Cardiology", "same"),
        ("neurology", "Pediatric Neurology", "same"),
        ("Pediatric neurology", "Neurology", "wider"),
        ("ob/gyn", "Obstetrics and Gynecology", "same"),
        ("Surgery", "General Surgery", "same"),
        ("Dermatology", "Urology", ""),
        ("no such thing", "Urology", ""),
    ],
)
def test_specialties_are_compared_by_meaning(asked: str, offered: str, expected: str) -> None:
    assert likeness(asked, offered) == expected


@pytest.mark.parametrize(
    ("person", "program", "left_out"),
    [
        (who(ABROAD, states=("NY",)), facts(state="NY"), False),
        (who(ABROAD, states=("NY",)), facts(state="TX"), True),
        (who(ABROAD, states=("NY",)), facts(), False),
        (who(ABROAD, types=("research",)), facts(program_types={"research", "observership"}), False),
        (who(ABROAD, types=("research",)), facts(program_types={"observership"}), True),
        (who(ABROAD, types=("research",)), facts(), False),
    ],
)
def test_what_is_not_looked_for_is_left_out(person: Person, program: ProgramFacts, left_out: bool) -> None:
    assert (judge(person, program, TODAY) is None) == left_out
    assert match(person, [program], TODAY).left_out == left_out


# --- cost ----------------------------------------------------------------------------------------------------------

YEAR = Fee(90.0, "application", "year")
APPLY = Fee(300.0, "application")
COSTS: list[tuple[str, list[Fee], float, float | None, float | None, float | None]] = [
    # what, fees, weeks, longest placement, at least, at most
    ("nothing stated", [], 4, None, None, None),
    ("per week", [Fee(500.0, "program", "week")], 6, None, 3000, 3000),
    ("per two weeks, whole units", [Fee(500.0, "program", "two_weeks")], 5, None, 1500, 1500),
    ("per four weeks", [Fee(2000.0, "program", "four_weeks")], 4, None, 2000, 2000),
    ("per four weeks, five", [Fee(2000.0, "program", "four_weeks")], 5, None, 4000, 4000),
    ("per month, four weeks", [Fee(900.0, "program", "month")], 4, None, 900, 900),
    ("per month, eight weeks", [Fee(900.0, "program", "month")], 8, None, 1800, 1800),
    ("per month, thirteen weeks", [Fee(900.0, "program", "month")], 13, None, 2700, 2700),
    ("per day", [Fee(15.0, "program", "day")], 4, None, 300, 300),
    ("once", [Fee(75.0, "program")], 12, None, 75, 75),
    ("per rotation of known length", [Fee(500.0, "program", "rotation")], 8, 4.0, 1000, 1000),
    ("per rotation of unknown length", [Fee(500.0, "program", "rotation")], 8, None, 500, None),
    ("per week or per rotation of unknown length", [Fee(500.0, "program", "rotation"), Fee(300.0, "program", "week")], 4, None, 500, None),
    ("application and program", [APPLY, Fee(2000.0, "program", "four_weeks")], 8, None, 4300, 4300),
    ("application alone", [APPLY], 8, None, 300, None),
    ("a yearly fee", [YEAR, Fee(100.0, "program", "week")], 4, None, 490, 490),
    ("price list", [Fee(3100.0, "program", "two_weeks"), Fee(6200.0, "program", "four_weeks"), Fee(12000.0, "program", "rotation", weeks=8.0)], 8, None, 12000, 12000),
    ("price list, six weeks", [Fee(3100.0, "program", "two_weeks"), Fee(5000.0, "program", "four_weeks")], 6, None, 8100, 8100),
    ("price list, the longer is cheaper", [Fee(3000.0, "program", "two_weeks"), Fee(4000.0, "program", "four_weeks")], 3, None, 4000, 4000),
    ("two prices for one length", [Fee(1000.0, "program", "four_weeks"), Fee(1500.0, "program", "four_weeks")], 4, None, 1000, 1500),
    ("two flat fees", [Fee(200.0, "application"), Fee(500.0, "application"), Fee(0.0, "program")], 4, None, 200, 700),
    ("free", [Fee(0.0, "program")], 4, None, 0, 0),
    ("free or not", [Fee(0.0, "program"), Fee(2000.0, "program", "four_weeks")], 4, None, 0, 2000),
    ("deposit and charges are in the upper figure", [Fee(1000.0, "program", "four_weeks"), Fee(500.0, "deposit"), Fee(25.0, "other"), Fee(50.0, "other")], 4, None, 1000, 1575),
    ("of others only", [Fee(1000.0, "program", "four_weeks", None, "us")], 4, None, None, None),
    ("own before everybody's", [Fee(100.0, "program", "week"), Fee(300.0, "program", "week", None, "international"), Fee(9.0, "program", "week", None, "us")], 4, None, 1200, 1200),
    ("everybody's of one kind, own of another", [APPLY, Fee(300.0, "program", "week", None, "international")], 4, None, 1500, 1500),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fees", "weeks", "longest", "low", "high"), [case[1:] for case in COSTS], ids=[c[0] for c in COSTS]
)
def test_cost(fees: list[Fee], weeks: float, longest: float | None, low: float | None, high: float | None) -> None:
    total = cost(fees, "international", weeks, longest)
    assert (total.low, total.high) == (low, high)


@pytest.mark.parametrize(
    ("fees", "words"),
    [
        ([], "not stated"),
        ([Fee(0.0, "program")], "free"),
        ([APPLY], "at least $300"),
        ([APPLY, Fee(2500.0, "program", "four_weeks")], "$2,800"),
        ([Fee(2500.0, "program", "four_weeks"), Fee(100.0, "deposit")], "$2,500 to $2,600"),
        ([Fee(0.0, "program"), Fee(100.0, "program")], "$0 to $100"),
        ([Fee(0.0, "application")], "not stated in full"),
    ],
)
def test_cost_in_words(fees: list[Fee], words: str) -> None:
    assert cost(fees, "international").words == words


def test_how_a_cost_was_worked_out_is_said() -> None:
    fees = [APPLY, Fee(2500.0, "program", "four_weeks"), Fee(500.0, "deposit")]
    total = cost(fees, "international", 8)
    assert [part.words for part in total.parts] == [
        "Application fee: $300",
        "Program fee: 2 × $2,500 for 4 weeks each",
        "Deposit: $500",
    ]
    assert [part.sure for part in total.parts] == [True, True, False]
    assert cost([APPLY], "international").missing == ("program",)


# --- time ----------------------------------------------------------------------------------------------------------

MARCH = dt.date(2027, 3, 1)


def closes(**when: Any) -> Deadline:
    return Deadline("closes", **when)


TIMES: list[tuple[str, list[Deadline], dt.date, str, str | None]] = [
    ("nothing stated", [], MARCH, "open", None),
    ("lead in weeks", [closes(lead_n=8.0, lead_unit="week")], MARCH, "yes", "2027-01-04"),
    ("lead in months", [closes(lead_n=3.0, lead_unit="month")], MARCH, "yes", "2026-12-01"),
    ("lead in days", [closes(lead_n=60.0, lead_unit="day")], MARCH, "yes", "2026-12-31"),
    ("lead missed", [closes(lead_n=6.0, lead_unit="month")], MARCH, "no", None),
    ("lead only for a late start", [closes(lead_n=4.0, lead_unit="month")], MARCH, "open", None),
    ("longer of two leads missed", [closes(lead_n=6.0, lead_unit="month"), closes(lead_n=1.0, lead_unit="month")], MARCH, "open", "2027-02-01"),
    ("rolling", [closes(rolling=True)], MARCH, "yes", None),
    ("rolling, but the lead is missed", [closes(rolling=True), closes(lead_n=6.0, lead_unit="month")], MARCH, "no", None),
    ("date ahead", [closes(date="2027-01-15")], MARCH, "yes", "2027-01-15"),
    ("month ahead counts to its end", [closes(date="2027-01")], MARCH, "yes", "2027-01-31"),
    ("several dates, the next first", [closes(date="2027-02-15"), closes(date="2026-12-15")], MARCH, "yes", "2026-12-15"),
    ("date and lead", [closes(date="2027-02-15"), closes(lead_n=8.0, lead_unit="week")], MARCH, "yes", "2027-01-04"),
    ("date passed", [closes(date="2026-04-24")], MARCH, "open", None),
    ("date after the month", [closes(date="2027-06-01")], MARCH, "open", None),
    ("today", [closes(date="2026-11-22")], MARCH, "yes", "2026-11-22"),
    ("yearless before the start", [closes(month_day="01-15")], MARCH, "yes", "2027-01-15"),
    ("yearless, already over for this start", [closes(month_day="10-01")], MARCH, "open", None),
    ("yearless month", [closes(month_day="12")], MARCH, "yes", "2026-12-31"),
    ("February 29 without a year", [closes(month_day="02-29")], MARCH, "yes", "2027-02-28"),
    ("opens only", [Deadline("opens", date="2027-01-02")], MARCH, "open", None),
    ("opens after the month", [Deadline("opens", date="2027-05-02"), closes(date="2027-02-01")], MARCH, "open", "2027-02-01"),
    ("for others", [closes(date="2027-01-15", audience="us")], MARCH, "open", None),
    ("own before everybody's", [closes(date="2026-12-15"), closes(date="2027-01-15", audience="international")], MARCH, "yes", "2027-01-15"),
    ("no date at all", [closes(date="2027-99-99")], MARCH, "open", None),
    ("an endless lead", [closes(lead_n=99999.0, lead_unit="month")], MARCH, "no", None),
    ("a unit that is none", [closes(lead_n=3.0, lead_unit="blue moon")], MARCH, "open", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("deadlines", "start", "expected", "day"), [case[1:] for case in TIMES], ids=[c[0] for c in TIMES]
)
def test_time_to_apply(deadlines: list[Deadline], start: dt.date, expected: str, day: str | None) -> None:
    when = timing(deadlines, "international", TODAY, start)
    assert when.outcome == expected, when.words
    assert (when.apply_by.isoformat() if when.apply_by else None) == day


def test_without_a_month_the_next_day_counts() -> None:
    when = timing([closes(month_day="10-01"), closes(lead_n=8.0, lead_unit="week")], "international", TODAY)
    assert when.apply_by == dt.date(2027, 10, 1)
    assert "at least 8 weeks before the start" in when.words
    assert not any(finding.criterion == "start" for finding in judge(ABROAD, facts(), TODAY).findings)  # type: ignore[union-attr]


# --- verdicts ------------------------------------------------------------------------------------------------------

FULL = {
    "accepts_international": "yes",
    "final_year_required": True,
    "toefl_ibt_min": 90.0,
    "visas": ["B-1"],
    "total_weeks_max": 8.0,
    "duration_weeks_max": 4.0,
    "fees": (APPLY, Fee(2500.0, "program", "four_weeks")),
    "deadlines": (closes(lead_n=8.0, lead_unit="week"),),
}
READY = Person(
    who="student", school="abroad", year="final", toefl=100.0, visa="B-1", weeks=4.0, budget=3000.0, start="2027-03"
)


def group(person: Person, program: ProgramFacts) -> str:
    verdict = judge(person, program, TODAY)
    assert verdict
    return verdict.group


def test_a_reasoned_no_then_fewer_weeks_and_a_fit() -> None:
    program = facts(**FULL)
    long = judge(who(READY, weeks=8.0), program, TODAY)
    assert long
    assert long.group == "does_not_fit"
    assert [finding.words for finding in long.reasons] == ["$5,300 for 8 weeks; your budget is $3,000."]
    assert advice(who(READY, weeks=8.0), long) == "4 weeks would cost $2,800."
    short = judge(READY, program, TODAY)
    assert short
    assert (short.group, short.reasons, short.cost.words) == ("fits", [], "$2,800")
    assert short.timing.apply_by == dt.date(2027, 1, 4)


@pytest.mark.parametrize(
    "field", [field for field in FULL if field not in ("final_year_required", "duration_weeks_max")]
)
def test_what_is_not_stated_makes_may_fit(field: str) -> None:
    stated = {
        name: value
        for name, value in FULL.items()
        if name != field and not (field == "total_weeks_max" and name == "duration_weeks_max")
    }
    assert group(READY, facts(**stated)) == "may_fit"


def test_groups_are_in_order() -> None:
    def program(name: str, **stated: Any) -> ProgramFacts:
        return attrs.evolve(facts(**{**FULL, **stated}), id=name, order=(name, name))

    soon, dear = (closes(date="2026-12-01"),), (Fee(2900.0, "program", "four_weeks"),)
    known = [
        program("a-late-cheap"),
        program("b-soon-dear", deadlines=soon, fees=dear),
        program("c-two-questions", visas=["B-2"], toefl_ibt_min=[90.0, 120.0]),
        program("d-one-question", visas=["B-2"], deadlines=(closes(date="2027-02-01"),)),
        program("e-no", accepts_international="no", status="closed"),
        program("f-no", status="closed"),
    ]
    by_day = match(READY, known, TODAY)
    assert [v.facts.id for v in by_day.shown["fits"]] == ["b-soon-dear", "a-late-cheap"]
    assert [v.facts.id for v in by_day.shown["may_fit"]] == ["d-one-question", "c-two-questions"]
    assert [v.facts.id for v in by_day.shown["does_not_fit"]] == ["f-no", "e-no"]
    by_cost = match(READY, known, TODAY, sort="cost", limit=1)
    assert [v.facts.id for v in by_cost.shown["fits"]] == ["a-late-cheap"]
    assert by_cost.counts == {"fits": 2, "may_fit": 2, "does_not_fit": 2}
    assert by_cost.total == len(known)


# --- what must hold for whatever is stated -------------------------------------------------------------------------

AUDIENCE = st.sampled_from(["any", "us", "international"])
AMOUNT = st.sampled_from([0.0, 25.0, 300.0, 1500.0, 4775.5])
FEE = st.builds(
    Fee,
    amount=AMOUNT,
    kind=st.sampled_from(FEE_KINDS),
    per=st.sampled_from(FEE_PERIODS),
    audience=AUDIENCE,
    weeks=st.sampled_from([None, None, 1.0, 4.0, 8.0]),
)
DEADLINE = st.one_of(
    st.builds(closes, date=st.dates(dt.date(2026, 1, 1), dt.date(2028, 1, 1)).map(str), audience=AUDIENCE),
    st.builds(closes, month_day=st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31)).map(lambda d: f"{d:%m-%d}"), audience=AUDIENCE),
    st.builds(closes, lead_n=st.integers(0, 60).map(float), lead_unit=st.sampled_from(["day", "week", "month"]), audience=AUDIENCE),
    st.builds(closes, rolling=st.just(True), audience=AUDIENCE),
    st.builds(Deadline, kind=st.just("opens"), date=st.dates(dt.date(2026, 1, 1), dt.date(2028, 1, 1)).map(str), audience=AUDIENCE),
)  # fmt: skip
NUMBERS = {"toefl_ibt_min": [80.0, 100.0], "ielts_min": [6.0, 7.0]}


def values_of(name: str) -> st.SearchStrategy[Any]:
    field = FIELD[name]
    if field.kind == "bool":
        return st.booleans()
    return st.sampled_from(field.choices or NUMBERS.get(name, [1.0, 2.0, 4.0, 4.3, 8.0, 12.0]))


SETS = {
    "audiences": st.frozensets(st.sampled_from(FIELD["audiences"].choices), min_size=1),
    "program_types": st.frozensets(st.sampled_from(PROGRAM_TYPES), min_size=1),
    "visas": st.lists(st.tuples(st.sampled_from(list(VISAS)[:-1]), AUDIENCE), min_size=1, max_size=3),
    "specialties": st.lists(st.sampled_from(["Cardiology", "Neurology"]), min_size=1, unique=True).map(tuple),
    "fees": st.lists(FEE, min_size=1, max_size=5).map(tuple),
    "deadlines": st.lists(DEADLINE, min_size=1, max_size=4).map(tuple),
}
STATED = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: st.lists(st.tuples(values_of(name), AUDIENCE, st.sampled_from([0.6, 0.9])), min_size=1, max_size=3)
            for name in FIELDS
        },
        **SETS,
    },
)
PERSON = st.builds(
    Person,
    who=st.sampled_from(["student", "graduate", "physician"]),
    school=st.sampled_from(["us", "abroad"]),
    year=st.sampled_from([None, "final", "clinical", "preclinical"]),
    home_vslo=st.sampled_from([None, True, False]),
    affiliated=st.sampled_from([None, True, False]),
    toefl=st.sampled_from([None, 70.0, 90.0, 110.0]),
    ielts=st.sampled_from([None, 5.5, 6.5, 7.5]),
    step1=st.sampled_from([None, True, False]),
    visa=st.sampled_from([None, *VISAS]),
    budget=st.sampled_from([None, 0.0, 1000.0, 5000.0]),
    weeks=st.sampled_from([None, 1.0, 4.0, 6.0, 8.0]),
    start=st.sampled_from([None, "2026-11", "2027-03", "2028-01"]),
    specialty=st.sampled_from(["", "Cardiology", "Neurology"]),
)
RANK = {"does_not_fit": 0, "may_fit": 1, "fits": 2}
FEW = settings(max_examples=150, deadline=None)


@FEW
@given(PERSON)
def test_a_program_that_states_nothing_never_shuts_out(person: Person) -> None:
    assert group(person, facts()) == "may_fit"


@FEW
@given(PERSON, STATED, st.data())
def test_forgetting_a_statement_never_makes_a_no(person: Person, stated: dict[str, Any], data: st.DataObject) -> None:
    """What is not stated never shuts out: a 'no' rests on what is there, so taking away all that it rests on takes it away."""
    verdict = judge(person, facts(**stated), TODAY)
    assert verdict
    for finding in verdict.having("no"):
        assert finding.fields
        rest = {name: value for name, value in stated.items() if name not in finding.fields}
        if finding.criterion != "affiliation" or "accepts_international" not in finding.fields:
            less = judge(person, facts(**rest), TODAY)
            assert less
            assert not [
                one
                for one in less.having("no")
                if one.criterion == finding.criterion and set(one.fields) <= set(finding.fields)
            ]


@FEW
@given(
    PERSON,
    STATED,
    st.sampled_from(["year", "toefl", "ielts", "step1", "visa", "budget", "weeks", "start", "home_vslo", "affiliated"]),
)
def test_what_is_not_told_never_shuts_out(person: Person, stated: dict[str, Any], answer: str) -> None:
    told, untold = judge(person, facts(**stated), TODAY), judge(who(person, **{answer: None}), facts(**stated), TODAY)
    assert told
    assert untold
    if answer == "weeks":  # costs are then for four weeks
        told, untold = (
            attrs.evolve(v, findings=tuple(f for f in v.findings if f.criterion != "budget")) for v in (told, untold)
        )
    assert {f.criterion for f in untold.having("no")} <= {f.criterion for f in told.having("no")}


@FEW
@given(PERSON, STATED, st.sampled_from([0.0, 500.0, 2000.0]), st.sampled_from([1.0, 300.0, 10_000.0]))
def test_a_higher_budget_never_makes_it_worse(
    person: Person, stated: dict[str, Any], budget: float, more: float
) -> None:
    program = facts(**stated)
    assert RANK[group(who(person, budget=budget), program)] <= RANK[group(who(person, budget=budget + more), program)]


@FEW
@given(PERSON, STATED, st.sampled_from([0.0, 60.0, 90.0]), st.sampled_from([1.0, 30.0]))
def test_a_better_score_never_makes_it_worse(person: Person, stated: dict[str, Any], toefl: float, more: float) -> None:
    program = facts(**stated)
    assert RANK[group(who(person, toefl=toefl), program)] <= RANK[group(who(person, toefl=toefl + more), program)]


@FEW
@given(st.lists(FEE, max_size=6), st.integers(1, 30), st.sampled_from([None, 2.0, 4.0, 4.3]))
def test_fewer_weeks_never_cost_more(fees: list[Fee], weeks: int, longest: float | None) -> None:
    less, more = (cost(fees, "international", number, longest) for number in (weeks, weeks + 1))
    assert (less.low is None) == (more.low is None)
    assert (less.low or 0) <= (more.low or 0) + 1e-9
    assert less.high is None or less.low is None or less.low <= less.high + 1e-9
    if less.high is not None and more.high is not None:
        assert less.high <= more.high + 1e-9


@FEW
@given(st.lists(FEE, max_size=6), AMOUNT, st.sampled_from(["us", "international"]))
def test_others_fees_never_count(fees: list[Fee], amount: float, audience: Any) -> None:
    other = "us" if audience == "international" else "international"
    mine = cost(fees, audience, 8)
    more = cost([*fees, Fee(amount + 1, "program", "week", None, other)], audience, 8)  # type: ignore[arg-type]
    assert (mine.low, mine.high, mine.missing) == (more.low, more.high, more.missing)


@FEW
@given(PERSON, st.lists(STATED, max_size=8), st.sampled_from(["deadline", "cost"]), st.sampled_from([None, 2]))
def test_judging_many_is_judging_each(person: Person, many: list[dict[str, Any]], sort: Any, limit: int | None) -> None:
    """What is worked out for all programs at once is what each of them gets by itself: groups, counts, order."""
    known = [attrs.evolve(facts(**stated), id=f"p{number}") for number, stated in enumerate([*many, *many])]
    found = match(person, known, TODAY, sort=sort, limit=limit)
    alone = [verdict for program in known if (verdict := judge(person, program, TODAY))]
    assert found.left_out == len(known) - len(alone)

    def place(verdict: Verdict) -> tuple[Any, ...]:
        price = verdict.cost.high is None, float("inf") if verdict.cost.low is None else verdict.cost.low
        day = verdict.timing.apply_by or dt.date.max
        return len(verdict.reasons), *((price, day) if sort == "cost" else (day, price)), verdict.facts.id

    for name, shown in found.shown.items():
        expected = sorted((verdict for verdict in alone if verdict.group == name), key=place)
        assert found.counts[name] == len(expected)
        assert [verdict.facts.id for verdict in shown] == [verdict.facts.id for verdict in expected][:limit]


# --- answers as texts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({}, {"who", "school"}),
        ({"who": ["student"], "school": ["mars"]}, {"school"}),
        ({"who": ["student"], "school": ["us"], "toefl": ["121"]}, {"toefl"}),
        ({"who": ["student"], "school": ["us"], "toefl": ["ten"]}, {"toefl"}),
        ({"who": ["student"], "school": ["us"], "budget": ["-5"], "weeks": ["0"]}, {"budget", "weeks"}),
        ({"who": ["student"], "school": ["us"], "start": ["March"]}, {"start"}),
        ({"who": ["student"], "school": ["us"], "start": ["2026-10"]}, {"start"}),
        ({"who": ["student"], "school": ["us"], "step1": ["maybe"]}, {"step1"}),
        ({"who": ["student"], "school": ["us"], "visa": ["X-9"], "state": ["New York"], "type": ["party"]}, {"visa", "state", "type"}),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_used_are_named(answers: dict[str, list[str]], wrong: set[str]) -> None:
    with pytest.raises(AnswersError) as caught:
        of_answers(answers, TODAY)
    assert set(caught.value.errors) == wrong


def test_answers_are_read_as_people_write_them() -> None:
    person = of_answers(
        {
            "who": ["student"],
            "school": ["abroad"],
            "budget": ["$3,500"],
            "weeks": [" 4 "],
            "state": ["ny", "NY"],
            "year": [""],
        },
        TODAY,
    )
    assert (person.budget, person.weeks, person.states, person.year) == (3500.0, 4.0, ("NY",), None)


# --- from a database -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("matching") / "atlas.db")


def test_a_database_is_read_with_its_audiences_and_conflicts(atlas: Path) -> None:
    known = {program.id: program for program in programs(sqlite3.connect(atlas))}
    elective = known["brightwater--electives-international"]
    assert set(elective.values("toefl_ibt_min", "international")) == {90.0, 100.0}
    assert {fee.amount for fee in elective.fees} == {250.0, 2500.0}
    assert elective.value("final_year_required", "international") is True
    assert elective.visas("international") == {"B-1", "B-2"}
    assert len(known) > 60


@pytest.fixture
def usce(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], atlas: Path
) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["match", *arguments, "-d", str(atlas)])
        return done.exit_code, done.stdout, done.stderr

    return run


READY_OPTIONS = ("--who", "student", "--school", "abroad", "--year", "final", "--toefl", "110", "--step1", "yes", "--visa", "B-1", "--budget", "3000")  # fmt: skip


def test_usce_match_says_no_with_its_reason_and_then_yes(usce: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = usce(*READY_OPTIONS, "--weeks", "8", "--limit", "100", "--json")
    assert code == 0
    [program] = [p for p in json.loads(out)["does_not_fit"] if p["id"] == "brightwater--electives-international"]
    [reason] = [finding for finding in program["findings"] if finding["outcome"] == "no"]
    assert reason["in_words"] == "$5,250 for 8 weeks; your budget is $3,000."
    assert any("$250" in proof["quote"] for proof in reason["proof"])
    assert all(proof["page_url"].startswith("https://brightwater.example/") for proof in reason["proof"])
    assert program["advice"] == "4 weeks would cost $2,750."
    code, out, _ = usce(*READY_OPTIONS, "--weeks", "4", "--limit", "100", "--json")
    found = json.loads(out)
    assert "brightwater--electives-international" in [p["id"] for p in found["fits"]]
    assert len(found["fits"]) == found["counts"]["fits"]


def test_usce_match_prints_groups(usce: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = usce(*READY_OPTIONS, "--weeks", "8", "--limit", "1")
    assert code == 0
    assert all(title in out for title in ("You fit:", "You may fit:", "You do not fit:"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--who", "student"), "--school"),
        (("--who", "boss", "--school", "us"), "--who"),
        (("--who", "student", "--school", "us", "--weeks", "99"), "--weeks"),
        (("--who", "student", "--school", "us", "--home-vslo", "perhaps"), "--home-vslo"),
        (("--who", "student", "--school", "us", "--sort", "name"), "--sort"),
    ],
)
def test_usce_match_names_the_option_that_cannot_be_used(
    usce: Callable[..., tuple[int, str, str]], options: tuple[str, ...], said: str
) -> None:
    code, out, err = usce(*options)
    assert code == 2
    assert said in err
    assert out == ""


def test_the_same_answer_on_the_command_line_and_in_code(atlas: Path) -> None:
    answers = {"who": ["graduate"], "school": ["abroad"], "visa": ["B-1"]}
    one, two = (report.record(report.ask(atlas, answers, 5, TODAY)) for _ in range(2))
    assert one == two
    assert sum(one["counts"].values()) + one["left_out"] > 60
