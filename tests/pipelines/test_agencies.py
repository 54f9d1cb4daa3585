"""What placement agencies state: each statement with its words, nothing where a page is silent."""

from __future__ import annotations

import pytest

from pipelines.agencies import AgenciesStage, find_agency_terms
from pipelines.content import find_blocks
from scraper.items import AgencyTerm, Page
from scraper.text import fold_space

CASES: list[tuple[str, set[tuple[str, str]]]] = [
    ("<h2>Pricing</h2><ul><li>Four-week rotation: $1,950</li><li>Two weeks: $1,100</li></ul>", {("price_public", "1950"), ("price_public", "1100")}),
    ("<p>A refundable deposit of $200 holds your place.</p>", {("refund_policy", "terms of refund are stated")}),
    ("<p>All program fees are non-refundable once dates are confirmed.</p>", {("refund_policy", "nothing is paid back")}),
    ("<p>Rotations take place at Marlow Harbor Hospital and the Saint Osric Medical Center.</p>", {("host_named", "Marlow Harbor Hospital"), ("host_named", "Saint Osric Medical Center")}),
    ("<p>We place you in a US Teaching Hospital or at a Community Hospital near you.</p>", set()),
    ("<p>Visit us: 412 Quarry Hill Road, Suite 9, Onset, VA 23450</p>", {("address_public", "412 Quarry Hill Road, Suite 9, Onset, VA 23450")}),
    ("<p>Your letter of recommendation is written by your attending physician.</p>", {("letter_signer", "attending physician")}),
    ("<p>This is a hands-on externship.</p>", {("hands_on", "yes")}),
    ("<p>Participants observe; there is no direct patient care.</p>", {("hands_on", "no")}),
    ("<p>The price includes malpractice insurance, housing and help with your visa.</p>", {("includes", "insurance"), ("includes", "housing"), ("includes", "visa_help")}),
    ("<h2>What is included</h2><ul><li>Housing near the clinic</li></ul>", {("includes", "housing")}),
    ("<h2>Refunds</h2><p>Ask us by mail.</p>", set()),
    ("<h2>No refunds</h2><p>Ask us by mail.</p>", {("refund_policy", "nothing is paid back")}),
    ("<p>Every participant who stays to the end gets a certificate.</p>", {("includes", "evaluation")}),
    ("<p>Ask our team about scholarships of $500 for rotations.</p>", set()),
    ("<p>Our blog tells about life in the city.</p>", set()),
]  # fmt: skip


def read(html: str) -> tuple[list[AgencyTerm], str]:
    _, blocks = find_blocks(f"<title>X</title><main>{html}</main>".encode(), "https://x.example/", "text/html")
    return find_agency_terms(blocks), fold_space(" ".join(block.text for block in blocks))


@pytest.mark.parametrize(("html", "wanted"), CASES)
def test_statements(html: str, wanted: set[tuple[str, str]]) -> None:
    found, text = read(html)
    assert {(term.item, term.value) for term in found} == wanted
    assert all(fold_space(term.quote) in text and term.rule for term in found)


@pytest.mark.parametrize(("kind", "wanted"), [("agency", 1), ("teaching_hospital", 0), (None, 0)])
def test_hospitals_are_never_read_as_agencies(kind: str | None, wanted: int) -> None:
    _, blocks = find_blocks(b"<title>X</title><main><p>This is a hands-on externship.</p></main>", "https://x.example/")
    page = AgenciesStage().process_item(Page("https://x.example/", institution_kind=kind, blocks=blocks))
    assert len(page.agency_terms) == wanted
