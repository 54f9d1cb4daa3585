"""`usce extract --explain`: facts beside their words, and the texts that were not taken, with the rule that says why."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from scraper.considered import MOST_PASSED, Passed, explaining, passed_over
from scraper.explain import _ANNOUNCED, _WORDS, announcing, explain, show
from scraper.items import FIELD, Block, Page
from scraper.reading import Reader
from scraper.vocabulary import vocabulary

PAGE = """<html><head><title>Visiting students</title></head><body><main><h1>Visiting medical students</h1>
<p>Larkspur General offers four-week clinical electives to visiting medical students from other schools.</p>
<h2>What it costs</h2><p>Malpractice cover of $1,000,000 per claim has to be shown.</p>
<h2>Dates</h2><p>Orientation is on July 6, 2026 for all students.</p>
<h2>Documents</h2><ul><li>Transcript</li><li>Drug screen (optional)</li></ul>
<p>TOEFL scores are recommended.</p><p>Good academic standing is needed; students must be in good standing.</p>
</main></body></html>"""


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def shown(page: Page, reader: Reader, *fields: str, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
    show(explain(page, reader, fields), console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def page(text: str = PAGE) -> Page:
    return Page(url="https://www.example.org/visiting", body=text.encode())


def test_facts_are_shown_with_words_headings_rule_and_confidence(reader: Reader) -> None:
    lines = shown(page(), reader).splitlines()
    place = lines.index("  • Transcript  listed_requirement · 0.95")
    assert lines[place + 1] == "    “Transcript”"
    assert lines[place + 2] == "    under Visiting medical students › Documents"
    assert "Documents (documents)" in lines[:place]


@pytest.mark.parametrize(
    ("field", "reason", "words"),
    [
        ("fees", "insurance limit", "$1,000,000 per claim"),
        ("deadlines", "date of another matter", "July 6, 2026"),
        ("english_proficiency_required", "recommended or optional", "TOEFL scores are recommended"),
    ],
)
def test_what_was_not_taken_is_named_with_the_rule(reader: Reader, field: str, reason: str, words: str) -> None:
    (line,) = [line for line in shown(page(), reader, field).splitlines() if line.lstrip().startswith("–")]
    assert reason in line
    assert words in line


def test_words_that_no_rule_reads_are_found_all_the_same() -> None:
    blocks = [Block("paragraph", "Certificates are a matter for the registrar. Nothing else.", ("Afterwards",))]
    (passed,) = announcing("certificate_offered", blocks)
    assert passed.text == "Certificates are a matter for the registrar."
    assert passed.headings == ("Afterwards",)
    assert "certificates" in passed.reason


def test_a_field_of_which_the_page_is_silent(reader: Reader) -> None:
    assert "Phone (phones): no words on the page announce it" in shown(page(), reader, "phones")


def test_two_values_are_both_shown_and_one_is_in_conflict(reader: Reader) -> None:
    text = PAGE.replace(
        "<h2>Documents</h2>",
        "<p>Applications go through VSLO.</p><p>TOEFL iBT minimum: 90.</p><p>A TOEFL iBT score of at least 100 is required.</p>",
    )
    explanation = explain(page(text), reader, ["toefl_ibt_min"])
    assert sorted(fact.value for fact in explanation.facts["toefl_ibt_min"]) == [90, 100]
    assert len(explanation.losers) == 1
    assert shown(page(text), reader, "toefl_ibt_min").count("in conflict: another value was chosen") == 1


def test_an_irrelevant_page_shows_its_evidence(reader: Reader) -> None:
    text = "<html><head><title>Residency</title></head><body><main><h1>Residency program</h1><p>Our residency accepts applications through ERAS. Residents rotate at three hospitals; the elective months are chosen by the residents.</p></main></body></html>"
    out = shown(page(text), reader)
    assert "not about a program: 0." in out
    assert "Fields without a fact" not in out


def test_a_page_without_text(reader: Reader) -> None:
    assert "Not read: no text was found in it." in shown(page("<html><body></body></html>"), reader)


def test_on_a_terminal_there_are_colours_elsewhere_none(reader: Reader) -> None:
    assert "\x1b[" in shown(page(), reader, terminal=True)
    assert "\x1b[" not in shown(page(), reader)


def test_nothing_is_noted_outside_of_explaining() -> None:
    passed_over("fees", None, "words", "rule")
    with explaining() as considered:
        passed_over("fees", None, "words", "rule")
        with explaining() as inner:
            passed_over("fees", None, "other words", "rule")
    passed_over("fees", None, "words", "rule")
    assert considered == [Passed("fees", "words", "rule")]
    assert inner == [Passed("fees", "other words", "rule")]


def test_a_hostile_page_does_not_fill_the_memory() -> None:
    with explaining() as considered:
        for _ in range(MOST_PASSED + 10):
            passed_over("fees", None, "$1", "rule")
    assert len(considered) == MOST_PASSED


def test_every_field_is_announced_by_something() -> None:
    assert set(FIELD) - set(_ANNOUNCED) - set(_WORDS) <= {"email_links"}
    for sources in _ANNOUNCED.values():
        for name, keys in sources:
            assert set(keys) <= set(vocabulary(name).entries), name
