"""Whole little pages of fictional hospitals, each with the facts that a reader would write down from it.

Adding a case adds two files to tests/fragments/: NAME.html, and NAME.json in the form of the corpus's labels schema, with
the fields that the page does not state left out. The pages were written before the rules were tuned and are not to be
bent to them: they show how the reading does on pages that nobody wrote rules for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scraper.extract import Reader
from scraper.items import FIELDS, Page
from scraper.record import to_record

FOLDER = Path(__file__).parent / "fragments"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))
LEAD_DAYS = {"day": 1, "week": 7, "month": 30}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def read(reader: Reader, name: str) -> dict[str, Any]:
    """The record that the stages make of the fragment `name`."""
    page = Page(url=f"https://www.example.org/{name}", body=(FOLDER / f"{name}.html").read_bytes())
    return to_record(reader.read(page))


def deadline_text(deadline: dict[str, Any]) -> str:
    """A deadline in words, the same for '2 months' and '60 days' before."""
    lead = deadline.get("lead")
    when = (
        "rolling"
        if deadline.get("rolling")
        else deadline.get("date")
        or deadline.get("month_day")
        or (f"{LEAD_DAYS[lead['unit']] * float(lead['n']):g} days before" if lead else "?")
    )
    return f"{deadline['kind']} {when}"


def same_number(want: Any, got: Any) -> bool:
    numbers = [value for value in (want, got) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return len(numbers) == 2 and abs(numbers[0] - numbers[1]) <= 0.5


def fee_differences(want: list[dict[str, Any]], got: list[dict[str, Any]]) -> Iterator[str]:
    """Fees are told by their amount; of those found, kind, period and refund must be right and the audience not the other one."""
    wanted, given = ({float(fee["amount"]): fee for fee in fees} for fees in (want, got))
    for amount in sorted(wanted.keys() | given.keys()):
        if amount not in given:
            yield f"fees: missing ${amount:g} {wanted[amount]}"
        elif amount not in wanted:
            yield f"fees: extra ${amount:g} {given[amount]}"
        else:
            for key in ("kind", "per", "refundable"):
                if wanted[amount].get(key) != given[amount].get(key):
                    yield f"fees: ${amount:g} {key}: wanted {wanted[amount].get(key)!r}, got {given[amount].get(key)!r}"
            if {wanted[amount]["for"], given[amount]["for"]} == {"us", "international"}:
                yield f"fees: ${amount:g} is for {wanted[amount]['for']}, not {given[amount]['for']}"


def differences(want: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    """One line for each value in which `got` departs from `want`."""
    if bool(want["relevant"]) != bool(got["relevant"]):
        yield f"relevant: wanted {want['relevant']}, got {got['relevant']}"
    if not want["relevant"]:
        return
    for field in FIELDS:
        if field.name == "specialties" and field.name not in want:
            continue  # told by the pages that list a few; the others leave them open
        wanted, given = want.get(field.name), got.get(field.name)
        if field.kind == "fees":
            yield from fee_differences(wanted or [], given or [])
        elif field.kind in ("set", "deadlines"):
            as_text = deadline_text if field.kind == "deadlines" else str
            wanted_items, given_items = ({as_text(item) for item in items or []} for items in (wanted, given))
            for item in sorted(wanted_items - given_items):
                yield f"{field.name}: missing {item}"
            for item in sorted(given_items - wanted_items):
                yield f"{field.name}: extra {item}"
        elif wanted != given and not same_number(wanted, given):
            yield f"{field.name}: wanted {wanted!r}, got {given!r}"


@pytest.mark.parametrize("name", NAMES)
def test_fragment(reader: Reader, name: str) -> None:
    want = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    lines = list(differences(want, read(reader, name)))
    assert not lines, f"{name}.html is read otherwise than it should be:\n  " + "\n  ".join(lines)


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
