"""What a placement agency's pages state of its offer: prices, hosts, refunds, address, letters, what the price includes.

Only statements are kept, each with its words; nothing is judged, and what a page does not say stays open. How many of five
things an agency tells before anybody pays is counted by the view `agency_transparency`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scraper.items import AgencyTerm, Block, Page
from scraper.text import fold_space
from scraper.vocabulary import vocabulary

MAX_OF_AN_ITEM = 25
_AMOUNT = re.compile(r"(?:US ?\$|\$|USD ?)\s?(\d{1,3}(?:,\d{3})+|\d{2,6})(?:\.\d\d)?")
_PRICED = re.compile(
    r"\b(?:week|month|rotation|elective|clerkship|externship|observership|program|placement|block|tuition|price|cost|fee|package)s?\b",
    re.I,
)
_NOT_A_PRICE = re.compile(
    r"\b(?:deposits?|scholarships?|salary|save|discount|off|insurance of|coverage|million|usmle|ecfmg|exam)\b", re.I
)
_HOST = re.compile(
    r"\b((?:(?:[A-Z][A-Za-z'’&.-]{1,24}|of|the|and|at)\s){1,6}?(?:Hospital|Medical Cent(?:er|re)|Health System|Medical Clinic|Family Practice|Clinic))\b(?! [A-Z])"
)
# 'US Teaching Hospital' names no house.
_NO_NAMES = frozenset(
    [
        "us", "usa", "u.s.", "u.s", "american", "teaching", "university", "community", "affiliated", "the", "our", "a", "an", "your", "private",
        "hospital", "medical", "clinic", "center", "health", "of", "and", "at", "top", "major", "local", "academic", "accredited", "partner",
        "outpatient", "inpatient", "this", "each", "every", "any", "which", "in", "all", "most", "many", "some", "other", "general", "family",
    ]
)  # fmt: skip
_ADDRESS = re.compile(
    r"\b\d{1,6} (?:[A-Z0-9][\w.'-]{0,20} ){1,5}(?:St(?:reet)?|Ave(?:nue)?|Blvd|Boulevard|R(?:oa)?d|Dr(?:ive)?|Ln|Lane|Way|Pkwy|Parkway|Plaza|Suite|Ct|Court|Pl(?:ace)?|Hwy|Highway)\b"
    r"[^\n]{0,60}?\b[A-Z]{2},? \d{5}\b"
)
_STATES = re.compile(r"\b(?:is|are|be|no|non|all|full|partial)\b", re.I)
_INCLUDED = ("housing", "insurance", "letter", "visa_help", "evaluation")


def find_agency_terms(blocks: Sequence[Block]) -> list[AgencyTerm]:
    """The statements of a page, in reading order, each value of an item once."""
    found: dict[tuple[str, str], AgencyTerm] = {}
    counts: dict[str, int] = {}
    for block in blocks:
        if block.kind == "title":
            continue
        for term in _of_block(block):
            if (term.item, term.value) not in found and counts.get(term.item, 0) < MAX_OF_AN_ITEM:
                found[term.item, term.value] = term
                counts[term.item] = counts.get(term.item, 0) + 1
    return list(found.values())


def _of_block(block: Block) -> Iterator[AgencyTerm]:
    for sentence in block.sentences:
        if len(sentence) > 2000:
            continue
        said = vocabulary("agencies").keys_in(sentence)
        above = " ".join(block.headings[-2:])
        yield from _price(sentence, above, block)
        yield from _hosts(sentence, block)
        if block.kind == "heading" and not _STATES.search(sentence):
            said -= {"no_refund", "refund"}  # 'Refunds' alone announces terms and states none
        if "no_refund" in said:
            yield _term("refund_policy", "nothing is paid back", sentence, block, "no_refund")
        elif "refund" in said:
            yield _term("refund_policy", "terms of refund are stated", sentence, block, "refund_terms")
        if "observation_only" in said:
            yield _term("hands_on", "no", sentence, block, "observation_only")
        elif "hands_on" in said:
            yield _term("hands_on", "yes", sentence, block, "hands_on")
        if "letter" in said and "signing" in said and "signer" in said:
            yield _term("letter_signer", _signer(sentence), sentence, block, "letter_signed_by")
        if "included" in said or "included" in vocabulary("agencies").keys_in(f"{above} {block.lead}"):
            for item in _INCLUDED:
                if item in said:
                    yield _term("includes", item, sentence, block, "included")
    if (match := _ADDRESS.search(fold_space(block.text)[:2000])) is not None:
        yield _term("address_public", match[0], match[0], block, "street_address")


def _price(sentence: str, above: str, block: Block) -> Iterator[AgencyTerm]:
    if _NOT_A_PRICE.search(sentence) or not _PRICED.search(f"{above} {sentence}"):
        return
    for match in _AMOUNT.finditer(sentence):
        yield _term("price_public", match[1].replace(",", ""), sentence, block, "price")


def _hosts(sentence: str, block: Block) -> Iterator[AgencyTerm]:
    for match in _HOST.finditer(sentence):
        words = match[1].split()
        while words and words[0].lower() in ("at", "the", "of", "and"):
            words.pop(0)
        if len(words) >= 2 and any(word.lower().strip(".") not in _NO_NAMES for word in words):
            yield _term("host_named", " ".join(words), sentence, block, "host_named", 0.7)


def _signer(sentence: str) -> str:
    matches = [m for m in vocabulary("agencies").find(sentence) if m.key == "signer"]
    return fold_space(sentence[matches[0].start : matches[0].end]).lower() if matches else "a physician"


def _term(item: str, value: str, quote: str, block: Block, rule: str, confidence: float = 0.8) -> AgencyTerm:
    return AgencyTerm(item, value, quote.strip(), block.headings, rule, confidence)


class AgenciesStage:
    """Adds to the pages of agencies what they state of their offer."""

    def process_item(self, page: Page) -> Page:
        if page.institution_kind == "agency":
            page.agency_terms = find_agency_terms(page.blocks)
        return page
