"""Whom an applicant writes to or calls: each case of contacts.yml, and properties that hold for any page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contacts import find_contacts
from pipelines.content import find_blocks
from scraper.items import Block, Link
from scraper.text import fold_space

CASES = yaml.safe_load(Path(__file__).with_name("contacts.yml").read_text("utf-8"))


def read(html: str) -> list[Block]:
    return find_blocks(f"<main>{html}</main>".encode(), "https://hospital.example/")[1]


def values(blocks: list[Block], field: str) -> list[str]:
    return [fact.value for fact in find_contacts(blocks) if fact.field == field]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_contacts(case: dict[str, Any]) -> None:
    blocks = read(case["html"])
    assert values(blocks, "emails") == case.get("emails", [])
    assert values(blocks, "phones") == case.get("phones", [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_quotes_are_verbatim(case: dict[str, Any]) -> None:
    blocks = read(case["html"])
    for fact in find_contacts(blocks):
        assert fact.quote
        assert any(fact.quote in block.text for block in blocks), fact
        assert len(fact.quote) <= 200


def test_address_behind_a_link_quotes_the_words_of_the_link() -> None:
    blocks = read('<p>Please <a href="mailto:coordinator@alder.example.edu?subject=x">write to us</a> early.</p>')
    (fact,) = find_contacts(blocks)
    assert (fact.value, fact.quote) == ("coordinator@alder.example.edu", "Please write to us early.")


def test_address_hidden_from_robots() -> None:
    hidden = "".join(f"{byte:02x}" for byte in bytes([0x42, *(ord(c) ^ 0x42 for c in "ed@alder.example.org")]))
    blocks = read(
        f'<p>Mail <a href="/cdn-cgi/l/email-protection" data-cfemail="{hidden}">[email&#160;protected]</a></p>'
    )
    assert values(blocks, "emails") == []
    assert values(blocks, "email_links") == ["ed@alder.example.org"]
    assert all("@" not in fact.quote for fact in find_contacts(blocks))


def test_each_contact_once() -> None:
    blocks = read("<p>a@alder.example.org</p><p>A@alder.example.org</p><p>555-234-5678</p><p>(555) 234-5678</p>")
    assert len(find_contacts(blocks)) == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="a1@.[()- \nfx:+5at", max_size=120), max_size=6))
def test_any_text_is_read(texts: list[str]) -> None:
    blocks = [
        Block("paragraph", text, links=(Link(text[:5], f"mailto:{text}"), Link("", f"tel:{text}"))) for text in texts
    ]
    for fact in find_contacts(blocks):
        assert fact.field in ("emails", "email_links", "phones")
        assert any(fold_space(fact.quote) in fold_space(text) for text in texts)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 500_000 + "@",
        "a.b-" * 120_000 + "@",
        "555-234-" * 60_000,
        "x@y." * 120_000,
        "a [at] " * 80_000,
        "5" * 500_000,
        "( " * 250_000,
    ],
)
def test_hostile_text_is_fast(text: str) -> None:
    start = time.process_time()
    find_contacts([Block("paragraph", text)])
    assert time.process_time() - start < 3
