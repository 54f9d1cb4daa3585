"""Whole little pages of fictional hospitals, each with the facts that a reader would write down from it.

Adding a case adds two files to tests/fragments/: NAME.html, and NAME.json in the form of the corpus's labels schema, with
the fields that the page does not state left out. The pages were written before the rules were tuned and are not to be
bent to them: they show how the reading does on pages that nobody wrote rules for. What is still read otherwise stands in
known.yml, with the reason.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from scraper.items import FIELDS, Page
from scraper.reading import Reader
from scraper.record import to_record
from tests.comparing import differences

FOLDER = Path(__file__).parent / "fragments"
KNOWN: dict[str, list[str]] = yaml.safe_load((FOLDER / "known.yml").read_text("utf-8"))
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def read(reader: Reader, name: str) -> dict[str, Any]:
    """The record that the stages make of the fragment `name`."""
    page = Page(url=f"https://www.example.org/{name}", body=(FOLDER / f"{name}.html").read_bytes())
    return to_record(reader.read(page))


@pytest.mark.parametrize("name", NAMES)
def test_fragment(reader: Reader, name: str) -> None:
    want = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    got = read(reader, name)
    lines = (
        [] if want["relevant"] == got["relevant"] else [f"relevant: wanted {want['relevant']}, got {got['relevant']}"]
    )
    lines += differences(want, got) if want["relevant"] else []
    assert lines == KNOWN.get(name, []), (
        f"{name}.html is read otherwise than it should be, or no longer otherwise than known.yml says:\n  "
        + "\n  ".join(lines)
    )


@pytest.mark.parametrize("name", NAMES)
def test_quotes_stand_on_the_page(reader: Reader, name: str) -> None:
    """Rule 2 of the house: every fact carries words that one block of the page holds, white space aside."""
    page = Page(url="https://www.example.org/", body=(FOLDER / f"{name}.html").read_bytes())
    reader.read(page)
    texts = ["".join(block.text.split()) for block in page.blocks]
    for fact in page.facts:
        assert any("".join(fact.quote.split()) in text for text in texts), f"{fact.field}: {fact.quote!r}"


def test_expectations_are_well_formed() -> None:
    known = {field.name: field for field in FIELDS}
    for name in NAMES:
        want = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        for key, value in want.items():
            if key == "relevant":
                continue
            assert key in known, f"{name}.json: there is no field {key}"
            if known[key].choices:
                values = value if isinstance(value, list) else [value]
                assert set(values) <= set(known[key].choices), f"{name}.json: {key}"
