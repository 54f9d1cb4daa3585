"""Which pages describe something a visitor can apply for: the cases of relevance.yml, each with the verdict of the labels schema."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy.exceptions import DropItem

from pipelines.content import find_blocks
from pipelines.relevance import BIAS, RelevanceStage, evidence, relevance
from scraper.items import Block, Page

CASES = yaml.safe_load(Path(__file__).with_name("relevance.yml").read_text("utf-8"))


def read(html: str) -> tuple[str, list[Block]]:
    return find_blocks(f"<main>{html}</main>".encode(), "https://hospital.example/education")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_verdict(case: dict[str, Any]) -> None:
    title, blocks = read(case["html"])
    score = relevance(title, blocks)
    reasons = "\n".join(f"{reason.weight:+.1f} {reason.name}: {reason.words}" for reason in evidence(title, blocks))
    assert (score >= RelevanceStage.threshold) is case["relevant"], f"{score:.2f}\n{reasons}"


def test_case_names_differ() -> None:
    names = [case["id"] for case in CASES]
    assert len(names) == len(set(names))


def test_menu_entries_are_no_evidence() -> None:
    links = "".join(
        f'<p><a href="/{n}">Observerships for visiting medical students: apply now</a></p>' for n in range(8)
    )
    assert relevance(*read(f"<h1>Education</h1>{links}<p>Our hospital has 400 beds.</p>")) < 0.5


def test_title_counts_as_a_heading() -> None:
    block = Block("paragraph", "Electives last four weeks. Apply by e-mail at least eight weeks before the start.")
    assert relevance("Visiting Medical Students | Ash Grove Hospital", [block]) > relevance(
        "Ash Grove Hospital", [block]
    )


def test_score_is_the_sum_of_its_evidence() -> None:
    title, blocks = read("<h1>Visiting Students</h1><p>Visiting students may apply for electives.</p>")
    total = BIAS + sum(reason.weight for reason in evidence(title, blocks))
    assert (relevance(title, blocks) >= 0.5) is (total >= 0)


def test_stage_drops_what_is_not_relevant() -> None:
    page = Page(url="https://hospital.example/", blocks=[Block("paragraph", "Find a doctor near you.")])
    with pytest.raises(DropItem, match="not relevant"):
        RelevanceStage().process_item(page)
    assert page.relevant is False
    assert page.relevance_score == 0.0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=10))
def test_any_text_gives_a_score(texts: list[str]) -> None:
    blocks = [Block("paragraph", text, ("Observerships",)) for text in texts]
    assert 0.0 <= relevance("Visiting Students", blocks) <= 1.0


@pytest.mark.parametrize(
    "text",
    ["visiting students " * 60_000, "student from " * 80_000, "observership may " * 60_000 + ".", "a. " * 300_000],
    ids=["visitors", "half phrases", "one sentence", "tiny sentences"],
)
def test_hostile_text_is_fast(text: str) -> None:
    start = time.process_time()
    relevance("Observerships", [Block("paragraph", text, ("Visiting Students",))])
    assert time.process_time() - start < 3
