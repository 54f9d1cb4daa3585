"""Broken pages raise nothing. benchmarks/fuzz.py breaks ten thousand pages of the corpus; here a hundred of our own are."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from scraper.items import Page
from scraper.reading import Reader
from scraper.record import to_record

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "benchmarks" / "fuzz.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    paths = sorted((ROOT / "tests" / "fragments").glob("*.html"))
    return [Page(f"https://www.example.org/{path.stem}", path.read_bytes()) for path in paths]


def test_broken_pages_raise_nothing_and_keep_their_evidence(fuzz: ModuleType, pages: list[Page]) -> None:
    reader = Reader()
    for number in range(120):
        page, done = fuzz.broken_page(pages, 1, number)
        try:
            record = to_record(reader.read(page))
        except Exception as error:
            raise AssertionError(f"page {number} ({page.url}), {', '.join(done)}: {error!r}") from error
        texts = ["".join(block.text.split()) for block in page.blocks]
        for fact in record["evidence"]:
            assert any("".join(fact["quote"].split()) in text for text in texts), f"page {number}: {fact}"


def test_the_same_seed_breaks_the_same_pages(fuzz: ModuleType, pages: list[Page]) -> None:
    assert fuzz.broken_page(pages, 1, 7)[0].body == fuzz.broken_page(pages, 1, 7)[0].body
    assert fuzz.broken_page(pages, 1, 7)[0].body != fuzz.broken_page(pages, 2, 7)[0].body


def test_every_kind_of_damage_can_be_done_to_nothing(fuzz: ModuleType) -> None:
    import random

    for damage in fuzz.KINDS:
        assert isinstance(damage(b"", random.Random(1), [b""]), bytes)
