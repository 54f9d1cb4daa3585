"""Deadlines: a table of fictional fragments (deadlines.yml), and what must hold on any text at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.content import find_blocks
from pipelines.deadlines import ROLLING_WORDS, find_dates, find_deadlines
from scraper.items import Block, Fact
from scraper.statements import MAX_QUOTE
from scraper.text import has_any
from scraper.vocabulary import vocabulary

CASES = yaml.safe_load((Path(__file__).parent / "deadlines.yml").read_text("utf-8"))


def page(html: str) -> list[Block]:
    return find_blocks(f"<html><body><main>{html}</main></body></html>".encode())[1]


def line(fact: Fact) -> str:
    """A deadline as deadlines.yml writes it."""
    deadline = fact.value
    if deadline.rolling:
        when = "rolling"
    elif deadline.lead_n is not None:
        when = f"{deadline.lead_n:g}{deadline.lead_unit}"
    else:
        when = deadline.date or f"??-{deadline.month_day}"
    return f"{deadline.kind} {when}" + (f" for={deadline.audience}" if deadline.audience != "any" else "")


def check(fact: Fact, blocks: list[Block]) -> None:
    """Rule 2 of the house: the quote stands in one block; and a deadline says exactly one thing."""
    folded = "".join(fact.quote.split())
    assert folded
    assert any(folded in "".join(block.text.split()) for block in blocks), fact.quote
    assert 0.5 <= fact.confidence <= 1
    assert fact.rule
    deadline = fact.value
    assert sum(map(bool, (deadline.date, deadline.month_day, deadline.lead_n, deadline.rolling))) == 1


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    blocks = page(case["html"])
    facts = find_deadlines(blocks)
    assert sorted(map(line, facts)) == sorted(case["deadlines"])
    for fact in facts:
        check(fact, blocks)


def test_no_phrase_for_rolling_admission_is_shut_out_by_the_quick_look() -> None:
    phrases = [phrase for phrase, key in vocabulary("deadlines").phrases.items() if key == "rolling"]
    assert phrases
    assert not [phrase for phrase in phrases if not has_any(phrase.lower(), ROLLING_WORDS)]


@pytest.mark.parametrize(
    ("told", "proof"),
    [
        ("and applications are due by April 24, 2027", "April 24, 2027"),
        ("and applications must be received at least 60 days before the start date", "60 days"),
        ("and applications are accepted on a rolling basis", "rolling"),
    ],
)
def test_the_words_of_a_long_sentence_that_prove_a_deadline_are_quoted(told: str, proof: str) -> None:
    before = "The department welcomes visitors to its clinics, its operating rooms and its daily conferences, " * 5
    [fact] = find_deadlines(page(f"<h2>Application deadline</h2><p>{before}{told}.</p>"))
    assert proof in fact.quote
    assert len(fact.quote) <= MAX_QUOTE


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("April 24, 2026", ["2026-4-24"]),
        ("Apr. 24th 2026", ["2026-4-24"]),
        ("24 April 2026", ["2026-4-24"]),
        ("the 1st of March", ["None-3-1"]),
        ("4/24/2026", ["2026-4-24"]),
        ("4/24/26", ["2026-4-24"]),
        ("2026-04-24", ["2026-4-24"]),
        ("4/24", ["None-4-24"]),
        ("March 1-15, 2026", ["2026-3-1", "2026-3-15"]),
        ("December 1 - January 31, 2027", ["2026-12-1", "2027-1-31"]),
        ("April 2026", ["2026-4-None"]),
        ("in May", ["None-5-None"]),
        ("Students may march on", []),
        ("May we help?", []),
        ("February 31, 2026", []),
        ("24/7 hours, 1/2 dose, 13/45", ["None-1-2"]),
        ("$1,000,000/3,000,000", []),
        ("call 555-12-2034 at 10:30", []),
    ],
)
def test_dates(text: str, dates: list[str]) -> None:
    assert [f"{date.year}-{date.month}-{date.day}" for date in find_dates(text)] == dates


WORDS = st.sampled_from(
    [
        "applications",
        "application",
        "open",
        "opens",
        "close",
        "deadline",
        "due",
        "by",
        "until",
        "from",
        "March",
        "April",
        "1",
        "15",
        "2026",
        "3/4/26",
        "2026-27",
        "May",
        "Dec.",
        "at",
        "least",
        "60",
        "days",
        "prior",
        "to",
        "the",
        "start",
        "weeks",
        "before",
        "rotation",
        "rolling",
        "basis",
        "review",
        "notified",
        "priority",
        "is",
        "are",
        "accepted",
        "between",
        "and",
        "-",
        "–",
        ",",
        ".",
        ":",
        ";",
        "(",
        ")",
        "eight",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60), max_size=5))
def test_never_raises_and_always_quotes(texts: list[str]) -> None:
    blocks = [Block("paragraph", " ".join(text.split()), ("How to apply",)) for text in texts if text.strip()]
    for fact in find_deadlines(blocks):
        check(fact, blocks)


@pytest.mark.parametrize(
    "piece",
    [
        "apply by May 1 ",
        "1/2/26 ",
        "4 weeks ",
        "March",
        "1-",
        "open ",
        "rolling ",
        "a ",
        "applications from 1 to ",
        "rotations in ",
    ],
)
def test_finishes_on_a_megabyte(piece: str) -> None:
    """Work grows with the length of a page, not with its square: a megabyte of anything is read within seconds."""
    find_deadlines([Block("paragraph", piece * (1_000_000 // len(piece)), ("How to apply",))])
