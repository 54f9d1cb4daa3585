"""One value where facts disagree, and the text form of values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.items import AUDIENCES, FEE_KINDS, FEE_PERIODS, FIELD, PROGRAM_TYPES, Deadline, Fact, Fee, Page
from scraper.record import AUDIENCE_NAMES, choose, number_text, to_record, value_of, value_text
from scraper.wording import change_words, value_words

TOEFL = FIELD["toefl_ibt_min"]


def said(value: float, audience: Any = "any", confidence: float = 0.9) -> Fact:
    return Fact("toefl_ibt_min", value, "", confidence=confidence, audience=audience)


@pytest.mark.parametrize(
    ("facts", "chosen", "others"),
    [
        ([], None, []),
        ([said(80), said(90)], 80, [90]),
        ([said(80, confidence=0.8), said(90, confidence=0.95)], 90, [80]),
        ([said(80), said(90, "international")], 90, [80]),
        ([said(80, "us", 0.95), said(90, confidence=0.6)], 90, [80]),
        ([said(80, "us"), said(80, "us")], 80, []),
    ],
)
def test_choose(facts: list[Fact], chosen: float | None, others: list[float]) -> None:
    fact, rest = choose(TOEFL, facts)
    assert (fact.value if fact else None) == chosen
    assert [one.value for one in rest] == others


def test_among_pages_place_goes_before_shades_of_confidence() -> None:
    facts = [said(80, confidence=0.8), said(90, confidence=0.95)]
    assert choose(TOEFL, facts, several_pages=True)[0] is facts[0]
    assert choose(TOEFL, [said(80, confidence=0.6), facts[1]], several_pages=True)[0] is facts[1]


amounts = st.floats(0, 1e6, allow_nan=False).map(lambda number: round(number, 2))
audiences = st.sampled_from(AUDIENCE_NAMES)
fees = st.builds(
    Fee,
    amount=amounts,
    kind=st.sampled_from(FEE_KINDS),
    per=st.sampled_from(FEE_PERIODS),
    refundable=st.none() | st.booleans(),
    audience=audiences,
    weeks=st.none() | amounts,
)
kinds = st.sampled_from(["opens", "closes"])
deadlines = (
    st.builds(Deadline, kind=kinds, date=st.dates().map(str), audience=audiences)
    | st.builds(Deadline, kind=kinds, month_day=st.sampled_from(["04-24", "12"]), audience=audiences)
    | st.builds(Deadline, lead_n=amounts, lead_unit=st.sampled_from(["day", "week", "month"]), audience=audiences)
    | st.builds(Deadline, rolling=st.just(True))
)
values = st.one_of(
    st.tuples(st.just("fees"), fees),
    st.tuples(st.just("deadlines"), deadlines),
    st.tuples(st.just("vslo"), st.booleans()),
    st.tuples(st.just("toefl_ibt_min"), amounts),
    st.tuples(st.just("program_types"), st.sampled_from(PROGRAM_TYPES)),
    st.tuples(st.just("audiences"), st.sampled_from(AUDIENCES)),
    st.tuples(st.just("specialties"), st.text(min_size=1)),
)


@given(values)
def test_values_survive_their_text(pair: tuple[str, Any]) -> None:
    field, value = pair
    text = value_text(value)
    assert value_of(field, text) == value
    assert value_text(value_of(field, text)) == text
    assert value_words(field, text)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("vslo", "yes"),
        ("vslo", ""),
        ("toefl_ibt_min", "ninety"),
        ("toefl_ibt_min", "nan"),
        ("status", "ajar"),
        ("program_types", "holiday"),
        ("fees", "350"),
        ("fees", "{}"),
        ("fees", '{"amount": 1, "audience": "any", "kind": "bribe", "per": "once"}'),
        ("deadlines", "[]"),
        ("deadlines", '{"audience": "any", "kind": "perhaps"}'),
        ("no_such_field", "1"),
    ],
)
def test_what_is_no_value_is_refused(field: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        value_of(field, text)


@pytest.mark.parametrize(
    ("number", "text"), [(350.0, "350"), (6.5, "6.5"), (0.0, "0"), (-86.8, "-86.8"), (1e20, "1e+20")]
)
def test_number_text(number: float, text: str) -> None:
    assert number_text(number) == text


WORDS = [
    ("fees", Fee(1250, "application"), "Application fee: $1,250"),
    ("fees", Fee(0, "program"), "Program fee: free"),
    ("fees", Fee(99.5, "program", "week", True), "Program fee: $99.50 per week, refundable"),
    ("fees", Fee(9550, "program", "rotation", weeks=8), "Program fee: $9,550 for 8 weeks"),
    ("fees", Fee(75, "deposit", audience="international"), "Deposit (international students): $75"),
    ("deadlines", Deadline(date="2026-04-24"), "Applications close: April 24, 2026"),
    ("deadlines", Deadline("opens", date="2026-04"), "Applications open: April 2026"),
    ("deadlines", Deadline(month_day="02-29"), "Applications close: February 29 (no year given)"),
    (
        "deadlines",
        Deadline(month_day="04", audience="us"),
        "Applications close (students of US schools): April (no year given)",
    ),
    ("deadlines", Deadline(date="2026-13-77"), "Applications close: 2026-13-77"),
    ("deadlines", Deadline(lead_n=1, lead_unit="month"), "Applications close: at least 1 month before the start"),
    ("deadlines", Deadline(rolling=True), "Applications close: rolling"),
    ("duration_weeks_min", 1.0, "1 week"),
    ("duration_weeks_max", 8.0, "8 weeks"),
    ("ielts_min", 6.5, "6.5"),
    ("phones", "5055550164", "(505) 555-0164"),
    ("vslo", False, "no"),
    ("accepts_international", "partners_only", "partners only"),
]


@pytest.mark.parametrize(("field", "value", "words"), WORDS, ids=[words for _, _, words in WORDS])
def test_values_in_words(field: str, value: Any, words: str) -> None:
    assert value_words(field, value_text(value)) == words


def test_changes_in_words() -> None:
    before, after = value_text(Fee(300, "application")), value_text(Fee(350, "application"))
    assert change_words("fees", before, after) == "Application fee: $300 → $350"
    assert change_words("fees", None, after) == "Application fee: $350 (new)"
    assert change_words("status", "open", "closed") == "Status: open → closed"
    assert change_words("visas", "B-1", None) == "Visas accepted: B-1 (no longer stated)"


def test_a_page_that_says_nothing_has_every_field() -> None:
    record = to_record(Page(url="https://alderbrook.example/"))
    assert set(FIELD) <= record.keys()
    assert all(record[name] in (None, []) for name in FIELD)
