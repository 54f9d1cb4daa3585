"""What hosts offer: each case of offer.yml, and properties that hold for any page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.content import find_blocks
from pipelines.offer import find_offer
from scraper.items import FIELD, Block, Page
from scraper.record import to_record
from scraper.text import fold_space
from scraper.vocabulary import vocabulary

CASES = yaml.safe_load(Path(__file__).with_name("offer.yml").read_text("utf-8"))
FIELDS = (
    "program_types",
    "status",
    "vslo",
    "compensation",
    "certificate_offered",
    "recommendation_offered",
    "specialties",
)


def read(html: str) -> dict[str, Any]:
    """The offer fields of a page, as its record shows them; empty ones left out."""
    _, blocks = find_blocks(html.encode(), "https://st-odile.test/visitors")
    record = to_record(Page(url="https://st-odile.test/visitors", facts=find_offer(blocks)))
    return {name: record[name] for name in FIELDS if record[name] not in (None, [])}


def ordered(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, list) else value for name, value in facts.items()}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_offer(case: dict[str, Any]) -> None:
    assert ordered(read(case["html"])) == ordered(case["expect"])


WORDS = sorted(
    {
        word
        for name in ("offer", "program_types", "specialties")
        for plain in vocabulary(name).phrases
        for word in plain.split()
    }
)[::3]
TEXT = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from([".", "not", "\n", ",", "we offer", "$500", ": ", "?"]),
        st.text(max_size=8),
    ),
    max_size=40,
).map(" ".join)
BLOCK = st.builds(
    Block,
    st.sampled_from(["title", "heading", "paragraph", "item", "row"]),
    TEXT,
    st.tuples(TEXT),
    TEXT,
    st.integers(0, 6),
    st.integers(0, 2),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BLOCK, max_size=6))
def test_any_page_gives_facts_of_the_stage_with_their_words(blocks: list[Block]) -> None:
    for fact in find_offer(blocks):
        assert FIELD[fact.field].name in FIELDS
        assert fact.quote and any(fold_space(fact.quote) in fold_space(block.text) for block in blocks)
        assert 0.5 <= fact.confidence <= 1 and fact.rule


@pytest.mark.parametrize(
    "piece",
    [
        "not accepting ",
        "observership elective ",
        "letter of recommendation not ",
        "applications ",
        "a,",
        "certificate of ",
        "stipend scholarship ",
    ],
)
def test_a_megabyte_of_one_sentence_is_read_in_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.perf_counter()
    find_offer([Block("heading", "Visiting Students", depth=1), Block("paragraph", text, ("Electives available",))])
    assert time.perf_counter() - start < 8


def test_no_specialty_is_given_more_than_25_times() -> None:
    names = [entry["title"] for entry in vocabulary("specialties").entries.values()]
    html = (
        "<h1>Electives</h1><h2>Available electives</h2><ul>" + "".join(f"<li>{name}</li>" for name in names) + "</ul>"
    )
    assert len(read(html)["specialties"]) == 25
