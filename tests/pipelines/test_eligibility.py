"""Facts of eligibility: a table of wordings by field, whole pages, and what holds for every text."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.eligibility import find_eligibility
from scraper.items import FIELDS, Block, Cell, Fact, Page
from scraper.record import to_record
from scraper.statements import MAX_QUOTE
from scraper.vocabulary import vocabulary

TABLE = yaml.safe_load((Path(__file__).parent / "eligibility.yml").read_text("utf-8"))
ELIGIBILITY = [field for field in FIELDS if field.group == "eligibility"]
SENTENCES = [(field, text, value) for field, cases in TABLE["sentences"].items() for text, value in cases]


def page_blocks(text: str) -> list[Block]:
    """The blocks of a page in the table's notation: '# ' headings, '- ' items led in by the line before them (content.py: a short line or one with a colon),
    '|' rows of cells whose first row holds the headers of the columns."""
    blocks: list[Block] = []
    headings: tuple[str, ...] = ()
    lead, group = "", 0
    header: list[str] | None = None
    for line in text.strip().splitlines():
        if line.startswith("|"):
            texts = [cell.strip() for cell in line.strip("|").split("|")]
            if header is None:
                header, group = texts, group + 1
                continue
            cells = tuple(Cell(t, column, texts[0]) for t, column in zip(texts, header, strict=True))
            blocks.append(Block("row", " ".join(filter(None, texts)), headings, group=group, cells=cells))
            continue
        header = None
        if line.startswith("# "):
            first = not any(block.kind == "heading" for block in blocks)
            headings = (line[2:],) if first or not headings else (headings[0], line[2:])
            blocks.append(Block("heading", line[2:], headings[:-1], depth=1 if first else 2))
            lead = ""
        elif line.startswith("- "):
            group += not (blocks and blocks[-1].kind == "item")
            blocks.append(Block("item", line[2:], headings, lead=lead, depth=1, group=group))
        else:
            blocks.append(Block("paragraph", line, headings))
            lead = line if line.endswith(":") or len(line) < 60 else ""
    return blocks


def record(facts: list[Fact]) -> dict[str, Any]:
    """The facts of eligibility as the labels schema writes them."""
    whole = to_record(Page("https://hospital.example/", facts=facts))
    return {field.name: whole[field.name] for field in ELIGIBILITY}


@pytest.mark.parametrize(("field", "text", "value"), SENTENCES, ids=[f"{f}: {t[:70]}" for f, t, _ in SENTENCES])
def test_wording(field: str, text: str, value: Any) -> None:
    said = record(find_eligibility(page_blocks(text)))[field]
    assert (sorted(said) if isinstance(said, list) else said) == (sorted(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("case", TABLE["pages"], ids=[case["name"] for case in TABLE["pages"]])
def test_page(case: dict[str, Any]) -> None:
    said = {
        name: value
        for name, value in record(find_eligibility(page_blocks(case["page"]))).items()
        if value not in (None, [])
    }
    assert {name: sorted(v) if isinstance(v, list) else v for name, v in said.items()} == {
        name: sorted(v) if isinstance(v, list) else v for name, v in case["says"].items()
    }


@pytest.mark.parametrize(
    ("keys", "field", "demand"),
    [
        (("final_year",), "final_year_required", "Applicants must be: {}."),
        (("core",), "core_clerkships_required", "Applicants must have completed {}."),
        (("step1",), "usmle_step1_required", "Applicants must have passed {}."),
        (("usmle",), "usmle_step1_required", "{} scores are not required."),
    ],
    ids=["year", "core", "step 1", "no boards"],
)
def test_no_phrase_of_the_vocabulary_is_shut_out(keys: tuple[str, ...], field: str, demand: str) -> None:
    phrases = [phrase for phrase, key in vocabulary("eligibility").phrases.items() if key in keys]
    assert phrases
    said = {
        phrase: find_eligibility([Block("paragraph", demand.format(phrase.replace(" ... ", " ")))])
        for phrase in phrases
    }
    assert not [phrase for phrase, facts in said.items() if not any(fact.field == field for fact in facts)]


WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """students international not B-1 visa TOEFL 100 IELTS 6.5 Step 1 USMLE final year must letters of recommendation two (2) agreement
    only partner schools LCME eligible , . ; : ? ( ) sponsor DS-2019 core clerkships completed good standing physicians open to""",
    )
)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["heading", "paragraph", "item", "row", "title"]), st.lists(WORDS, min_size=1, max_size=40)
        ),
        max_size=8,
    )
)
def test_quotes_are_verbatim_pieces_of_a_block(parts: list[tuple[Any, list[str]]]) -> None:
    blocks = [Block(kind, " ".join(words), depth=1) for kind, words in parts]
    for fact in find_eligibility(blocks):
        assert any(fact.quote in block.text for block in blocks)
        assert 0 < len(fact.quote) <= MAX_QUOTE
        assert fact.confidence >= 0.5
        assert fact.rule


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    find_eligibility([Block("heading", text, depth=1), Block("paragraph", text, (text,), lead=text)])


@pytest.mark.parametrize(
    "piece",
    [
        "students ",
        "not ",
        "visa B-1 ",
        "letters of ",
        "TOEFL 100 ",
        "international medical ",
        "a",
        "(",
        "must be in good, ",
        "Step 1 ",
        "only partner ",
        "J-1\n",
    ],
)
def test_repeated_words_are_read_in_bearable_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    started = time.perf_counter()
    find_eligibility([Block("paragraph", text, ("Requirements",))])
    assert time.perf_counter() - started < 20


def test_a_million_mixed_words_are_read_in_bearable_time() -> None:
    words = re.findall(
        r"\S+",
        "students international not B-1 visa TOEFL 100 Step 1 must two (2) letters of recommendation only partner schools LCME , . ; open to",
    )
    mixed = random.Random(7)
    text = " ".join(mixed.choice(words) for _ in range(160_000))
    started = time.perf_counter()
    facts = find_eligibility([Block("paragraph", text, ("Requirements",))])
    assert time.perf_counter() - started < 30
    assert len(facts) < 500
