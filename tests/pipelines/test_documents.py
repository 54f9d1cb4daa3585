"""The documents stage on little pages (documents.yml), and what holds for every page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.content import find_blocks
from pipelines.documents import DocumentsStage, find_documents
from scraper.items import Block, Page
from scraper.vocabulary import vocabulary

CASES = yaml.safe_load(Path(__file__).with_name("documents.yml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_documents(case: dict[str, Any]) -> None:
    _, blocks = find_blocks(f"<html><body>{case['html']}</body></html>".encode())
    facts = find_documents(blocks)
    assert {fact.value for fact in facts} == set(case["documents"]), [(f.value, f.rule, f.quote) for f in facts]
    assert len({fact.value for fact in facts}) == len(facts)
    for fact in facts:
        assert any(fact.quote in block.text for block in blocks)
        assert fact.rule
        assert 0.5 <= fact.confidence <= 1


def test_every_document_is_found_in_a_list() -> None:
    """Each key has phrases, and its plainest phrase is a demand in a list of required documents."""
    for key, entry in vocabulary("documents").entries.items():
        if key.endswith("_bare"):
            continue
        title = Block("heading", "Required documents", depth=2)
        item = Block("item", f"{entry['title']}.", ("Required documents",), depth=1, group=1)
        assert key in {fact.value for fact in find_documents([title, item])}, key


def test_stage_adds_to_the_page() -> None:
    page = Page("https://visit.example.org/", blocks=[Block("paragraph", "Applicants must send a CV.")])
    assert [fact.value for fact in DocumentsStage().process_item(page).facts] == ["cv"]


WORDS = st.sampled_from(
    [
        "must",
        "submit",
        "letter",
        "of",
        "from",
        "your",
        "dean",
        "the",
        "sponsor",
        "physician",
        "agrees",
        "to",
        "host",
        "CV",
        "passport",
        "visa",
        "and,",
        "not",
        "required.",
        "(optional)",
        "TB",
        "test",
        "if",
        "available",
        "may",
        "be",
        "asked",
        "malpractice",
        "insurance",
        "is",
        "provided",
        "by",
        "?",
        "!",
        "\n",
        "proof",
        "N95",
        "Step",
        "1",
    ]
)


@given(st.lists(WORDS, max_size=60).map(" ".join))
@settings(max_examples=200, deadline=None)
def test_any_words_give_quotes_that_stand_in_the_block(text: str) -> None:
    for kind in ("paragraph", "item"):
        for fact in find_documents([Block(kind, text, ("Requirements",), group=1)]):  # type: ignore[arg-type]
            assert fact.quote in text


@pytest.mark.parametrize(
    "unit",
    [
        "letter ",
        "letter of recommendation, ",
        "must find a physician ",
        "approval by the dean of ",
        "visa ",
        "not required ",
        "a" * 50,
        " . ",
        "health and ",
    ],
)
def test_a_megabyte_is_read_in_seconds(unit: str) -> None:
    block = Block("item", (unit * (300_000 // len(unit))).strip(), ("Requirements",), group=1)
    start = time.perf_counter()
    find_documents([block])
    assert time.perf_counter() - start < 10
