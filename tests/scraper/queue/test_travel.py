"""A finished visit comes out of the queue as it went in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.handover import Delivery, codec
from pipelines.programs import Summary, Visit
from scraper.items import AgencyTerm, Deadline, Elective, Fact, Fee, Program
from scraper.memory import Trail
from scraper.outcomes import Outcome

FEE = Fact("fees", Fee(75.0, "application"), "The fee is $75.", headings=("Fees",), rule="amount", audience="us")
YES = Fact("usmle_step1", True, "Step 1 is required. \ud800")
DATE = Fact("deadlines", Deadline("closes", "2027-01-31"), "by January 31, 2027")


def test_a_visit_travels_whole() -> None:
    page = Summary(
        "https://oak.example/visit", facts=(FEE, YES, DATE), links=frozenset({"oak.example/b", "oak.example/a"}), score=0.1,
        electives=(Elective("Cardiology", months=(1, 2)),), agency_terms=(AgencyTerm("price_public", "100", "$100"),),
    )  # fmt: skip
    program = Program(
        "oak--electives", "oak", "Electives", page.url, [(page.url, FEE)], {page.url: "2026-11-01"}, {"x"}
    )
    outcome = Outcome("oak", fetches=3, failures=Counter({"http_404": 2}), failed_urls={"https://oak.example/": "dns"})
    delivery = Delivery(Visit("oak", pages=[page], programs=[program]), outcome, {"k": Trail(2, 0.3, (("u", 0.5),))})
    found = codec.loads(codec.dumps(delivery))
    assert attrs.asdict(found) == attrs.asdict(delivery)
    assert found.visit.programs[0].facts[0][1] is found.visit.pages[0].facts[0], "one fact stays one"
    assert type(found.visit.pages[0].links) is frozenset and type(found.visit.programs[0].links) is set


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(), inner)
        | st.sets(st.text())
        | st.frozensets(st.text())
        | st.dictionaries(st.text(), st.integers()).map(Counter)
    ),
)


@given(values)
def test_whatever_a_field_holds_travels(value: Any) -> None:
    found = codec.loads(codec.dumps(value))
    assert found == value and type(found) is type(value)


def test_what_is_not_known_does_not_travel() -> None:
    with pytest.raises(TypeError, match="object cannot travel"):
        codec.dumps([object()])
