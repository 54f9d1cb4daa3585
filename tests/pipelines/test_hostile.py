"""No page, however it is written, costs more than it is long: every stage reads a megabyte of what is worst for it.

Each text is near to what a stage looks for and never gets there. What is measured is growth, not speed: a megabyte may take no more than
a few times as long as four quarters of it, so that the test holds on slow machines and would fail for anything quadratic.
"""

from __future__ import annotations

import contextlib
import time

import pytest
from scrapy.exceptions import DropItem
from scrapy.utils.misc import load_object

from scraper.items import Block, Cell, Page
from scraper.settings import READING_STAGES

MEGABYTE = 1_000_000
STAGES = [path for path in READING_STAGES if "content" not in path]
# Named for what they are meant to hurt.
UNITS = {
    "nothing": "a",
    "blanks": " ",
    "one_word": "students ",
    "capitals": "VISITING STUDENTS, ",
    "amounts": "$1,000 fee of $",
    "dates": "May 1 to June 2, by ",
    "lengths": "four-week 2 to 4 weeks or ",
    "addresses": "a.b@c.d [at] (555) 555-",
    "visas": "J-1 visa sponsorship not issued, ",
    "documents": "letter of recommendation, proof of immunization and ",
    "denials": "we do not accept nor offer students who are not eligible ",
    "sentences": "Apply. Must submit? No. ",
    "semicolons": "fee; visa; TOEFL 90; ",
    "brackets": "((((no (not ",
    "scores": "TOEFL iBT 100 or IELTS 6.5 in each section, ",
}


PAGES = [list(UNITS)[start : start + 4] for start in range(0, len(UNITS), 4)]


def blocks_of(names: list[str], size: int) -> list[Block]:
    """Four texts of `size` characters: a paragraph, a list item, a definition and a table row of a page on visiting students."""
    headings = ("Visiting medical students", "How to apply")
    texts = [UNITS[name] * (size // len(UNITS[name])) for name in names]
    kinds = (
        Block("paragraph", "", headings),
        Block("item", "", headings, lead="Applicants must submit:", depth=1, group=1),
        Block("definition", "", headings, term="Deadline"),
        Block("row", "", headings, group=2),
    )
    blocks = [Block("title", "Visiting medical students")]
    for block, text in zip(kinds, texts, strict=False):
        block.text = text
        blocks.append(block)
    return blocks


def seconds(path: str, blocks: list[Block]) -> float:
    page = Page("https://www.example.org/", title="Visiting medical students", blocks=blocks)
    stage = load_object(path)()
    start = time.process_time()
    with contextlib.suppress(DropItem):
        stage.process_item(page)
    return time.process_time() - start


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.rsplit(".", 1)[1])
def test_a_megabyte_takes_as_long_as_it_is_long(path: str) -> None:
    for names in PAGES:
        whole = seconds(path, blocks_of(names, MEGABYTE // 4))
        assert whole < 20, f"{names}: {whole:.1f} s"
        if whole > 1:
            quarter = seconds(path, blocks_of(names, MEGABYTE // 16))
            assert whole < 9 * quarter, f"{names}: {quarter:.1f} s for a quarter, {whole:.1f} s for the whole"


def rows_of(number: int) -> list[Block]:
    """A table that says something else of each of two groups of people, row by row."""
    return [
        Block(
            "row",
            f"Open | yes {row} | no {row}",
            cells=(Cell("Open"), Cell(f"yes {row}", "US students", "Open"), Cell(f"no {row}", "Graduates", "Open")),
        )
        for row in range(number)
    ]


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.rsplit(".", 1)[1])
def test_a_table_takes_as_long_as_it_is_long(path: str) -> None:
    whole = seconds(path, rows_of(24_000))
    if whole > 1:
        quarter = seconds(path, rows_of(6_000))
        assert whole < 9 * quarter, f"{quarter:.1f} s for a quarter, {whole:.1f} s for the whole"


def test_all_stages_are_here() -> None:
    """A stage that is added is tested without being named."""
    assert len(STAGES) == len(READING_STAGES) - 1
