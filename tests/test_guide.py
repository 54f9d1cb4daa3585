"""What students ask besides, read from fragments of fictional pages by the whole reader: tests/fragments/guide.yml.

python -m tests.test_guide      prints how many of the values are right, field by field
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.guide import FIELDS as GUIDE_FIELDS
from scraper.items import FIELD, Page
from scraper.reading import Reader
from scraper.record import to_record

FRAGMENTS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "fragments" / "guide.yml").read_text("utf-8"))
PAGES = {
    "students": (
        "<title>Visiting Medical Students</title><h1>Visiting Medical Students</h1>"
        "<p>Fernhill offers four-week clinical electives to fourth-year students of other medical schools.</p>"
    ),
    "observers": (
        "<title>Observership Program</title><h1>Observership Program</h1>"
        "<p>Fernhill welcomes graduates of medical schools abroad who wish to observe our physicians for a month.</p>"
    ),
}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def page_of(fragment: dict[str, Any]) -> Page:
    body = f"<html><body><main>{PAGES[fragment['of']]}{fragment['html']}</main></body></html>"
    return Page(url="https://www.example.org/visitors", body=body.encode())


def values(record: dict[str, Any]) -> dict[str, Any]:
    """What a record says of the fields of the guide; sets in order, what it does not say left out."""
    said = {name: record.get(name) for name in GUIDE_FIELDS}
    return {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in said.items()
        if value not in (None, [])
    }


def singles(said: dict[str, Any]) -> set[tuple[str, Any]]:
    return {(name, one) for name, value in said.items() for one in (value if isinstance(value, list) else [value])}


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=[fragment["name"] for fragment in FRAGMENTS])
def test_fragment(reader: Reader, fragment: dict[str, Any]) -> None:
    page = reader.read(page_of(fragment))
    assert page.relevant
    assert values(to_record(page)) == values(fragment["want"])
    texts = [" ".join(block.text.split()) for block in page.blocks]
    for fact in page.facts:
        assert any(" ".join(fact.quote.split()) in text for text in texts), fact


def test_fragments_are_well_formed() -> None:
    """Every field of the guide has pages that state it and each of its values, and pages that only look like it."""
    stated = {one for fragment in FRAGMENTS for one in singles(fragment["want"])}
    for name in GUIDE_FIELDS:
        wanted = FIELD[name].choices or ((True,) if name == "health_insurance_provided" else (True, False))
        assert {value for field, value in stated if field == name} >= set(wanted), name
    assert sum(not fragment["want"] for fragment in FRAGMENTS) >= 10


def report() -> str:
    """How many of the values were read, missed and made up."""
    reader, counts, whole = Reader(), Counter[tuple[str, str]](), 0
    lines = []
    for fragment in FRAGMENTS:
        want, got = singles(fragment["want"]), singles(values(to_record(reader.read(page_of(fragment)))))
        whole += want == got
        if want != got:
            lines.append(
                f"{fragment['name']}: missed {sorted(map(str, want - got))}, extra {sorted(map(str, got - want))}"
            )
        for kind, found in (("right", want & got), ("missed", want - got), ("extra", got - want)):
            counts.update((name, kind) for name, _ in found)
    for name in GUIDE_FIELDS:
        lines.append(
            f"{name:28}" + "".join(f"{kind} {counts[name, kind]:3}  " for kind in ("right", "missed", "extra"))
        )
    lines.append(f"{whole} of {len(FRAGMENTS)} fragments whole")
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
