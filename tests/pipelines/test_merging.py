"""What holds for a program whose pages say several things."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.merging import Merged, Reading, merge_facts, overlap
from scraper.items import Deadline, Fact, Fee
from tests.pipelines.making import HOST, fact

OWN, FAQ, HUB = f"{HOST}/visiting", f"{HOST}/visiting/faq", f"{HOST}/education"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"


def merged(*said: tuple[str, Fact] | tuple[str, Fact, str]) -> Merged:
    readings = [Reading(url, rest[1] if len(rest) > 1 else NEW, rest[0]) for url, *rest in said]  # type: ignore[misc]
    return merge_facts(readings, OWN)


def fee(amount: float, kind: str = "application", **values: Any) -> Fact:
    return fact("fees", Fee(amount, kind, **values), values.get("audience", "any"))


def deadline(**values: Any) -> Fact:
    return fact("deadlines", Deadline(**values), values.get("audience", "any"))


SCALARS = {
    "the own page goes before the FAQ": (
        [(FAQ, fact("toefl_ibt_min", 80)), (OWN, fact("toefl_ibt_min", 90))],
        90, [80],
    ),
    "of two other pages the newer": (
        [(FAQ, fact("toefl_ibt_min", 80), OLD), (HUB, fact("toefl_ibt_min", 90), NEW)],
        90, [80],
    ),
    "international students go before the own page": (
        [(OWN, fact("toefl_ibt_min", 80)), (FAQ, fact("toefl_ibt_min", 90, "international"))],
        90, [80],
    ),
    "a weak inference never goes before an explicit word": (
        [(OWN, fact("toefl_ibt_min", 80, confidence=0.6)), (FAQ, fact("toefl_ibt_min", 90, confidence=0.8))],
        90, [80],
    ),
    "shades of confidence do not outweigh the page": (
        [(OWN, fact("toefl_ibt_min", 80, confidence=0.8)), (FAQ, fact("toefl_ibt_min", 90, confidence=0.95))],
        80, [90],
    ),
    "the same twice is no conflict": ([(OWN, fact("toefl_ibt_min", 80)), (FAQ, fact("toefl_ibt_min", 80))], 80, []),
    "other people, other rules, no conflict": (
        [(OWN, fact("toefl_ibt_min", 80, "us")), (FAQ, fact("toefl_ibt_min", 90, "international"))],
        90, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCALARS)
def test_single_values(name: str) -> None:
    said, value, conflicts = SCALARS[name]
    for order in (said, said[::-1]):
        result = merged(*order)
        assert result.scalars["toefl_ibt_min"].fact.value == value
        assert [reading.fact.value for reading in result.conflicts] == conflicts


def test_no_rooms_and_a_list_of_rooms_elsewhere_do_not_disagree() -> None:
    both = merged((OWN, fact("housing", "none")), (FAQ, fact("housing", "help")))
    assert both.scalars["housing"].fact.value == "help"
    assert not both.conflicts
    otherwise = merged((OWN, fact("housing", "none")), (FAQ, fact("housing", "free")))
    assert otherwise.scalars["housing"].fact.value == "none"
    assert [r.fact.value for r in otherwise.conflicts] == ["free"]


def test_what_us_students_need_not_do_stands_for_a_program_of_all() -> None:
    answer = fact("usmle_step1_required", False, "us")
    found = merged((OWN, answer), (OWN, fact("audiences", "international_student")))
    assert found.scalars["usmle_step1_required"].fact is answer


def test_what_is_said_of_us_students_is_not_said_of_others() -> None:
    """Rule 5 of the house."""
    of_us = (OWN, fact("usmle_step1_required", True, "us"))
    assert merged(of_us, (OWN, fact("audiences", "us_student"))).scalars
    assert not merged(of_us, (OWN, fact("audiences", "international_student"))).scalars
    assert not merged(of_us, (OWN, fact("accepts_international", "yes"))).scalars.keys() - {"accepts_international"}
    assert "vslo" in merged((OWN, fact("vslo", True, "us")), (OWN, fact("audiences", "physician"))).scalars


ROWS = {
    "one fee of the own page, another elsewhere": (
        [(FAQ, fee(300)), (OWN, fee(350))],
        [Fee(350, "application")], [Fee(300, "application")],
    ),
    "a price list stays whole": (
        [(OWN, fee(500, "program", per="week")), (OWN, fee(600, "program", per="week")), (FAQ, fee(700, "program", per="week"))],
        [Fee(500, "program", "week"), Fee(600, "program", "week")], [Fee(700, "program", "week")],
    ),
    "other charges stand side by side": (
        [(OWN, fee(25, "other")), (FAQ, fee(40, "other"))],
        [Fee(25, "other"), Fee(40, "other")], [],
    ),
    "other people pay other fees": (
        [(OWN, fee(100, audience="us")), (FAQ, fee(300, audience="international"))],
        [Fee(100, "application", audience="us"), Fee(300, "application", audience="international")], [],
    ),
    "more detail is the same fee": (
        [(OWN, fee(300)), (FAQ, fee(300, refundable=False, audience="international"))],
        [Fee(300, "application", refundable=False)], [],
    ),
    "refundable and not are two": (
        [(OWN, fee(300, refundable=True)), (OWN, fee(300, refundable=False))],
        [Fee(300, "application", refundable=True), Fee(300, "application", refundable=False)], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_fees(name: str) -> None:
    said, wanted, conflicts = ROWS[name]
    result = merged(*said)
    assert list(result.fees) == wanted
    assert [reading.fact.value for reading in result.conflicts] == conflicts


DEADLINES = {
    "a day and the same day with its year": (
        [(OWN, deadline(month_day="04-24")), (FAQ, deadline(date="2026-04-24"))],
        [Deadline(date="2026-04-24")], 0,
    ),
    "dates of several pages stand side by side": (
        [(OWN, deadline(date="2026-04-24")), (FAQ, deadline(date="2026-09-01"))],
        [Deadline(date="2026-04-24"), Deadline(date="2026-09-01")], 0,
    ),
    "two lead times are one too many": (
        [(OWN, deadline(lead_n=6.0, lead_unit="week")), (FAQ, deadline(lead_n=8.0, lead_unit="week"))],
        [Deadline(lead_n=6.0, lead_unit="week")], 1,
    ),
    "opens and closes": (
        [(OWN, deadline(date="2026-04-24")), (OWN, deadline(kind="opens", date="2026-04-24"))],
        [Deadline(date="2026-04-24"), Deadline(kind="opens", date="2026-04-24")], 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEADLINES)
def test_deadlines(name: str) -> None:
    said, wanted, conflicts = DEADLINES[name]
    result = merged(*said)
    assert list(result.deadlines) == wanted
    assert len(result.conflicts) == conflicts


def test_sets_are_united_and_know_whom_they_are_about() -> None:
    result = merged(
        (OWN, fact("documents", "cv", "us")),
        (FAQ, fact("documents", "cv", "international")),
        (FAQ, fact("documents", "passport", "international")),
        (OWN, fact("specialties", "Neurology")),
        (FAQ, fact("specialties", "NEUROLOGY")),
    )
    assert {field: list(members) for field, members in result.sets.items()} == {
        "documents": ["cv", "passport"],
        "specialties": ["Neurology"],
    }
    assert result.audiences["documents", "cv"] == "any"
    assert result.audiences["documents", "passport"] == "international"


def test_overlap() -> None:
    assert overlap("any", "us")
    assert overlap("us", "us")
    assert not overlap("us", "international")
