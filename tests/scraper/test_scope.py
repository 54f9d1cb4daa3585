"""Whose fact a sentence is: table of cases in scope_cases.yml, the order of the places where an audience is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scraper.items import Block, Cell
from scraper.scope import audience_in, audience_of, mentions

CASES = yaml.safe_load((Path(__file__).parent / "scope_cases.yml").read_text("utf-8"))


@pytest.mark.parametrize(("text", "audience"), CASES["audience_in"], ids=[text for text, _ in CASES["audience_in"]])
def test_audience_in(text: str, audience: str | None) -> None:
    assert audience_in(text) == audience


def test_own_words_go_before_lead_and_headings() -> None:
    block = Block("item", "International students: $90", ("Domestic students",), lead="Fees for US medical students:")
    assert audience_of(block, block.text) == "international"
    assert audience_of(block, "$90") == "us"


def test_nearest_heading_goes_first() -> None:
    block = Block("paragraph", "Apply by May.", ("Visiting Students", "International Students", "Deadlines"))
    assert audience_of(block, block.text) == "international"


def test_column_of_a_cell() -> None:
    block = Block(
        "row",
        "Fee $10 $20",
        cells=(Cell("$10", "US medical students", "Fee"), Cell("$20", "International students", "Fee")),
    )
    assert audience_of(block, "$20") == "international"
    assert audience_of(block, "$10") == "us"


def test_any_where_nothing_says() -> None:
    assert audience_of(Block("paragraph", "Apply by May."), "Apply by May.") == "any"


@given(st.text(max_size=300))
def test_mentions_are_pieces_of_the_text(text: str) -> None:
    for mention in mentions(text):
        assert 0 <= mention.start < mention.end <= len(text)
