"""How long visitors may stay: each case of duration.yml, and properties that hold for any page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.content import find_blocks
from pipelines.duration import find_duration
from scraper.items import Block, Page
from scraper.record import to_record
from scraper.text import fold_space

CASES = yaml.safe_load(Path(__file__).with_name("duration.yml").read_text("utf-8"))
FIELDS = ("duration_weeks_min", "duration_weeks_max", "total_weeks_max")


def read(html: str) -> list[float | None]:
    """[min, max, total] of a page, as its record shows them."""
    _, blocks = find_blocks(f"<body>{html}</body>".encode(), "https://st-odile.test/visitors")
    record = to_record(Page(url="https://st-odile.test/visitors", facts=find_duration(blocks)))
    return [record[name] for name in FIELDS]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_duration(case: dict[str, Any]) -> None:
    assert read(case["html"]) == case["expect"]


NUMBERS = ["four", "4", "8", "90", "two", "one", "a", "(4)", "July 6", "31", "2026", "07/06/26"]
UNITS = ["week", "weeks", "-week", "month", "months", "day", "days"]
OTHERS = [
    *(
        "-",
        "–",
        "to",
        "or",
        "and",
        "up to",
        "maximum",
        "minimum of",
        "total",
        "at least",
        "no more than",
        "not",
        "limited to",
    ),
    *(
        "per year",
        ".",
        ",",
        ";",
        ":",
        "elective",
        "electives",
        "observership",
        "rotations",
        "lasts",
        "is",
        "before",
        "within",
    ),
    *("block dates", "Duration", "apply", "no extensions"),
]
TEXT = st.lists(
    st.one_of(st.sampled_from(NUMBERS), st.sampled_from(UNITS), st.sampled_from(OTHERS), st.text(max_size=5)),
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


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(BLOCK, max_size=6))
def test_any_page_gives_sensible_weeks_with_their_words(blocks: list[Block]) -> None:
    facts = find_duration(blocks)
    for fact in facts:
        assert fact.field in FIELDS and 0 < fact.value <= 53
        assert fact.quote and any(fold_space(fact.quote) in fold_space(block.text) for block in blocks)
        assert 0.5 <= fact.confidence <= 1 and fact.rule
    for audience in ("any", "us", "international"):
        value = {fact.field: fact.value for fact in facts if fact.audience == audience}
        assert value.get("duration_weeks_min", 0) <= value.get("duration_weeks_max", 99)


@pytest.mark.parametrize(
    "piece", ["two to ", "4 week ", "up to two ", "observership is a maximum of ", "(4) ", "one week or ", "July 6 - "]
)
def test_a_megabyte_of_one_sentence_is_read_in_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.perf_counter()
    find_duration(
        [
            Block("heading", "Duration", depth=2),
            Block("paragraph", text, ("Duration",)),
            Block("item", text, ("Block dates",), group=1),
        ]
    )
    assert time.perf_counter() - start < 8
