"""White space, sentences and numbers: whatever is cut stays verbatim."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.text import fold_space, number, sentences, small


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One thing. Another thing.", ["One thing.", "Another thing."]),
        ("Is it? It is! Good", ["Is it?", "It is!", "Good"]),
        ("CV; Photo; passport", ["CV;", "Photo; passport"]),
        ("Write to Dr. Lund. She answers.", ["Write to Dr. Lund.", "She answers."]),
        ("A fee of $1.50 is due. $300 more later.", ["A fee of $1.50 is due.", "$300 more later."]),
        ("Apply by Sept. 15. Late forms wait.", ["Apply by Sept. 15.", "Late forms wait."]),
        ("Students of U.S. Schools may come.", ["Students of U.S. Schools may come."]),
        ("Schools outside the U.S. The fee is $5.", ["Schools outside the U.S.", "The fee is $5."]),
        ("Closes at 5 p.m. If late, wait.", ["Closes at 5 p.m.", "If late, wait."]),
        ("Some papers, e.g. Transcripts, are enough.", ["Some papers, e.g. Transcripts, are enough."]),
        ("Call Ext. 12. Ask for Room No. 4.", ["Call Ext. 12.", "Ask for Room No. 4."]),
        ("Bring: • CV • Photo • Passport", ["Bring:", "CV", "Photo", "Passport"]),
        ("“Come early.” We open at 8.", ["“Come early.”", "We open at 8."]),
        ("(See below.) The rest follows.", ["(See below.)", "The rest follows."]),
        ("no capital. follows here", ["no capital. follows here"]),
        ("", []),
        ("   ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="aB.!?;•\"') \n$5", max_size=120))
def test_sentences_are_verbatim_and_lose_nothing(text: str) -> None:
    pieces = sentences(text)
    position = 0
    for piece in pieces:
        assert piece == piece.strip() != ""
        position = text.index(piece, position) + len(piece)
    kept = "".join("".join(pieces).split()).replace("•", "")
    assert kept == "".join(text.split()).replace("•", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" a \t\n b ", "a b"),
        ("a\u00a0b", "a b"),
        ("a\u200bb\ufeff", "ab"),
        ("", ""),
        ("\u2003a\u2009", "a"),
        ("non\u00adrefund\u00adable fee\u200e of \u2060$50", "nonrefundable fee of $50"),
        ("a \u200c \u200d b", "a b"),
    ],
)
def test_fold_space(text: str, expected: str) -> None:
    assert fold_space(text) == expected


@given(st.text(max_size=100))
def test_fold_space_is_settled_after_once(text: str) -> None:
    assert fold_space(fold_space(text)) == fold_space(text)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("4", 4), ("4.5", 4.5), ("1,250.50", 1250.5), ("four", 4), (" Twelve ", 12), ("a", 1), ("an", 1), ("twenty-four", 24),
        ("", None), ("some", None), ("nan", None), ("inf", None), ("1e5", None), ("1_000", None), ("-3", None), ("٣", None), (".", None), ("1.2.3", None),
    ],
)  # fmt: skip
def test_number(word: str, expected: float | None) -> None:
    assert number(word) == expected


@pytest.mark.parametrize(
    "unit", [" ", "\n", ".", ". ", ".)", "“", "A. ", "U.S. ", "• ", " •", "e.g. ", "x", "Dr. ", ".\"'\"' "], ids=repr
)
def test_a_megabyte_is_cut_in_seconds(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    start = time.perf_counter()
    sentences(text)
    sentences("A" + text + "A")
    fold_space(text)
    assert time.perf_counter() - start < 10


@given(st.text(alphabet=st.sampled_from("aA-\u2010\u2011\u0130ß ‘ﬁ")))
def test_small_keeps_every_place(text: str) -> None:
    assert len(small(text)) == len(text)


def test_small_has_plain_hyphens() -> None:
    assert small("Non\u2011Refundable, Year\u2010Round") == "non-refundable, year-round"
