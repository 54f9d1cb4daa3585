"""Single electives out of catalogs. Adding a case adds data to electives.yml, no code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.content import find_blocks
from pipelines.electives import find_electives, months_in, weeks_in
from scraper.items import Block, Cell, Elective
from scraper.text import fold_space
from scraper.vocabulary import vocabulary

CASES = yaml.safe_load((Path(__file__).parent / "electives.yml").read_text("utf-8"))


def read(html: str) -> tuple[list[Elective], list[Block]]:
    body = html if "<title>" in html else f"<title>Catalog</title><main>{html}</main>"
    title, blocks = find_blocks(body.encode(), "https://x.example/catalog", "text/html; charset=utf-8")
    return find_electives(blocks, title), blocks


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_electives(case: dict[str, Any]) -> None:
    found, blocks = read(case["html"])
    got = [
        {name: list(value) if isinstance(value := getattr(elective, name), tuple) else value for name in wanted}
        for elective, wanted in zip(found, case["electives"], strict=False)
    ]
    assert got == case["electives"]
    assert len(found) == len(case["electives"])
    text = fold_space(" ".join(block.text for block in blocks))
    for elective in found:
        for line in elective.quote.split("\n"):
            assert fold_space(line) in text
        assert elective.specialty is None or elective.specialty in vocabulary("specialties").titles


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("July", (7,)),
        ("Nov–Feb", (1, 2, 11, 12)),
        ("August through October; January", (1, 8, 9, 10)),
        ("Year-round", tuple(range(1, 13))),
        ("All blocks but not December", tuple(range(1, 12))),
        ("July 6, 2026 - August 2", (7, 8)),
        ("Mar. and Apr.", (3, 4)),
        ("Not offered in July", (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12)),
        ("by arrangement", ()),
    ],
)
def test_months(text: str, months: tuple[int, ...]) -> None:
    assert months_in(text) == months


@pytest.mark.parametrize(
    ("text", "weeks"),
    [
        ("4", (4, 4)),
        ("two to four weeks", (2, 4)),
        ("1 month", (4, 4)),
        ("14 days", (2, 2)),
        ("400", (None, None)),
        ("varies", (None, None)),
    ],
)
def test_weeks(text: str, weeks: tuple[float | None, float | None]) -> None:
    assert weeks_in(text) == weeks


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), min_size=1, max_size=8))
def test_any_table_is_survived(pairs: list[tuple[str, str]]) -> None:
    cells = tuple(Cell(text, column) for column, text in pairs)
    row = Block("row", " ".join(text for _, text in pairs), ("Electives",), cells=cells, group=1)
    label = Block("paragraph", f"Code: {pairs[0][1]} ; Weeks: 4", ("Urology",))
    for elective in find_electives([row, label]):
        assert elective.title
        assert attrs.asdict(elective)


def test_a_long_hostile_page_is_read_in_time() -> None:
    blocks = [Block("paragraph", "a: " * 20_000, ("Urology",)), Block("item", "Weeks: " + "1 " * 50_000, ("Urology",))]
    assert find_electives(blocks) == []
