"""Fees: a table of fictional fragments (fees.yml), and what must hold on any text at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import fees
from pipelines.content import find_blocks
from pipelines.fees import find_fees, find_money
from scraper.items import Block, BlockKind, Cell, Fact

CASES = yaml.safe_load((Path(__file__).parent / "fees.yml").read_text("utf-8"))
REFUND = {True: "yes", False: "no", None: "?"}


def page(html: str) -> list[Block]:
    return find_blocks(f"<html><body><main>{html}</main></body></html>".encode())[1]


def line(fact: Fact) -> str:
    """A fee as fees.yml writes it."""
    fee = fact.value
    words = [fee.kind, f"{fee.amount:g}", fee.per, REFUND[fee.refundable]]
    if fee.weeks is not None:
        words.append(f"weeks={fee.weeks:g}")
    if fee.audience != "any":
        words.append(f"for={fee.audience}")
    return " ".join(words)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    blocks = page(case["html"])
    facts = find_fees(blocks)
    assert sorted(map(line, facts)) == sorted(case["fees"])
    for fact in facts:
        check(fact, blocks)


def check(fact: Fact, blocks: list[Block]) -> None:
    """Rule 2 of the house: the quote stands in one block, and the amount stands in the quote."""
    folded = "".join(fact.quote.split())
    assert any(folded in "".join(block.text.split()) for block in blocks), fact.quote
    assert 0.5 <= fact.confidence <= 1
    assert fact.rule
    if fact.value.amount:
        digits = f"{fact.value.amount:.2f}".rstrip("0").rstrip(".")
        assert digits in fact.quote.replace(",", "") or f"{fact.value.amount / 1000:g}" in fact.quote, fact


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("$1,500", [1500]),
        ("$350.00", [350]),
        ("USD 500", [500]),
        ("500 USD", [500]),
        ("US$1500", [1500]),
        ("US $ 1500", [1500]),
        ("U.S. $75", [75]),
        ("$50 USD", [50]),
        ("150 dollars", [150]),
        ("three hundred dollars ($300.00)", [300]),
        ("$800 - $1,500", [800, 1500]),
        ("$4.5k", [4500]),
        ("C$400 or CAD 400 or $400 CAD", []),
        ("12,000 patients, 500 beds, 1-800-555-0100", []),
        ("$", []),
    ],
)
def test_money(text: str, amounts: list[float]) -> None:
    assert [money.amount for money in find_money(text)] == amounts


WORDS = st.sampled_from(
    [
        "fee",
        "fees",
        "application",
        "tuition",
        "deposit",
        "refundable",
        "non-refundable",
        "no",
        "free",
        "of",
        "charge",
        "per",
        "week",
        "four",
        "weeks",
        "month",
        "$",
        "$500",
        "$1,200.50",
        "USD",
        "300",
        "total",
        "is",
        "for",
        "each",
        "elective",
        "badge",
        "lost",
        "$1M",
        "insurance",
        "per",
        "occurrence",
        "stipend",
        ",",
        ".",
        ";",
        ":",
        "(",
        ")",
        "-",
        "2",
        "4",
        "twelve",
        "weeks",
        "before",
        "start",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=25).map(" ".join) | st.text(max_size=60), max_size=5))
def test_never_raises_and_always_quotes(texts: list[str]) -> None:
    blocks = [Block("paragraph", " ".join(text.split()), ("Fees",)) for text in texts if text.strip()]
    for fact in find_fees(blocks):
        check(fact, blocks)


@pytest.mark.parametrize(
    "piece", ["$1 ", "fee $5, ", "no fee ", "1,", "$", "a", "for each four-week ", "refund ", "is free "]
)
def test_finishes_on_a_megabyte(piece: str) -> None:
    """Work grows with the length of a page, not with its square: a megabyte of anything is read within seconds."""
    find_fees([Block("paragraph", piece * (1_000_000 // len(piece)), ("Fees",))])


@pytest.mark.parametrize("kind", ["paragraph", "row"])
def test_a_list_of_prices_is_read_to_a_limit(kind: BlockKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no fee counts too: a page of amounts must not cost what its length allows."""
    read = []
    monkeypatch.setattr(fees, "_read_amount", lambda *given: read.append(given))
    blocks = [
        Block(kind, "Lost badge: $5", cells=(Cell("Lost badge"), Cell("$5", "Penalty")) if kind == "row" else ())
        for _ in range(fees.MAX_AMOUNTS + 500)
    ]
    find_fees(blocks)
    assert len(read) == fees.MAX_AMOUNTS
