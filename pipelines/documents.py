"""What has to be handed in: documents, tests, trainings and insurances that the page demands of a visitor.

A mention becomes a fact where the page demands it: in a sentence that says 'must', 'submit' or 'proof of', or in a list,
table or line under a heading or lead that announces requirements. What is optional, waived, given by the host, or asked of
others than the visitor does not count (labels schema: "'if available' / 'may be asked' items do not count").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import attrs

from pipelines import Stage
from scraper.items import Block, Fact
from scraper.statements import quote, statements
from scraper.vocabulary import Match, vocabulary

FIELD = "documents"

# Words that mean a document only beside others: the document, and what must stand in the statement or right above it.
_BARE = {
    "flu_bare": ("flu_vaccine", re.compile(r"vaccin|immuni[sz]|shot|booster|\bdose|titer|MMR|\bTB\b|\bPPD\b|tubercul", re.I)),
    "covid_bare": ("covid_vaccine", re.compile(r"vaccin|immuni[sz]|shot|booster|\bdose|titer|MMR|\bPPD\b", re.I)),
}
# 'Health and malpractice insurance' names two insurances with one noun.
_SHARED_NOUN = re.compile(r"\b(?:health|medical)(?:,| and| &|/| or)\s+(?:professional\s+)?(?:malpractice|liability)\b", re.I)
_ANY = re.compile(
    r"vit[ae]|résumé|resum|\bcvs?\b|c\.v|transcript|record|sheet|statement|letter|essay|descri|photo|head ?shot|picture|portrait|jpeg"
    r"|passport|visa|\besta\b|i-?94|status|permanent resid|\bead\b|authoriz|dean|mspe|student performance|standing|enrol|approv|permission"
    r"|nominat|signed|signature|certif|recommend|referenc|referral|\blors?\b|\bslo[er]|diploma|degree|graduation|immun|vaccin|inocul"
    r"|measles|mumps|rube|mmr|varicella|chicken|hepatitis|hep\.? ?b|hbv|hbsab|tdap|dtap|tetanus|tit[er]{2}|clearance|clear|health|medical|physical"
    r"|\btb\b|\bppds?\b|tst|igra|qft|tubercul|quantif|t-?spot|interferon|mantoux|chest|flu\b|influenza|covid|sars|insur|coverage"
    r"|malpractice|liabil|indemn|background|criminal|police|conduct|cori\b|fbi|fingerprint|abuse|offender|sanction|drug|toxicol|panel|uds"
    r"|\bbls|\bacls|\bcpr|\bpals|life support|resuscit|hip[ap]a|privacy|confidential|portability|osha|blood ?-?borne|precautions|infection"
    r"|\bfit\b|\bfit-|n-?95|toefl|ielts|duolingo|english|\boet\b|usmle|comlex|licensing|step|nbme|board|ifom|ecfmg|foreign medical graduates"
    r"|fund|financ|bank|affidavit|scholarship|sponsor|host|mentor|preceptor|supervis|faculty|physician|attending",
    re.I,
)
_QUESTION = re.compile(r"\?\s*$")
_NO_BEFORE = re.compile(r"\b(?:no|without|nor)\s+(?:\w+\s+){0,2}$", re.I)
_ADJACENT_OPTION = re.compile(r"^\s*[,(–—:-]?\s*$")
_CLAUSE_END = re.compile(r"\bbut\b|\bhowever\b|[;.!?]\s", re.I)
_ANSWER_NO = re.compile(r"^(?:no\b|none\b|not\b)", re.I)

_PAIR_GAP = 70


@attrs.frozen
class _Mention:
    """A document named in a piece of text, and the rule by which it was told."""

    key: str
    start: int
    end: int
    rule: str
    demands: bool = False  # the words themselves demand ('must identify a sponsor')


def find_documents(blocks: list[Block]) -> list[Fact]:
    """One fact for each document that the page demands, with the most explicit words that do so."""
    best: dict[str, Fact] = {}
    for fact in [*_from_blocks(blocks), *_from_dense_lists(blocks)]:
        held = best.get(fact.value)
        if held is None or fact.confidence > held.confidence:
            best[fact.value] = fact
    return list(best.values())


def _from_blocks(blocks: list[Block]) -> Iterator[Fact]:
    for statement in statements(blocks):
        block, text = statement.block, statement.text
        if not _ANY.search(text):
            continue
        if block.kind == "heading":
            yield from _from_heading(block, text)
            continue
        above = (statement.label, block.lead, block.term, *reversed(block.headings))
        yield from _from_text(block, text, above)
    for block in blocks:
        if block.kind == "row" and not (block.depth and block.cells) and _ANY.search(block.text):
            yield from _from_text(block, block.text, (block.lead, *_columns(block), *reversed(block.headings)))


def _columns(block: Block) -> Iterator[str]:
    return (cell.column for cell in block.cells if cell.column)


def _from_text(block: Block, text: str, above: tuple[str, ...]) -> Iterator[Fact]:
    """The documents that one statement or table row demands."""
    found = list(_mentions(text, above))
    if not found:
        return
    scope = _scope(above)
    if scope == "elsewhere" or _ANSWER_NO.match(text):
        return
    cues = list(vocabulary("demands").find(text))
    demands = any(cue.key == "demand" for cue in cues)
    listed = block.kind in ("item", "row", "definition")
    several = len({mention.key for mention in found}) > 1
    for mention in found:
        if _waived(text, mention, found, cues) or _offered(text, mention, cues):
            continue
        if scope == "demand" and listed:
            confidence, rule = 0.95, "listed_requirement"
        elif mention.demands or demands:
            confidence, rule = (0.9 if scope == "demand" else 0.8), "demanding_sentence"
        elif scope == "demand" and (several or len(text) <= 120):
            confidence, rule = 0.7, "line_under_requirements"
        else:
            continue
        yield _fact(mention, block, text, confidence, rule)


def _from_heading(block: Block, text: str) -> Iterator[Fact]:
    """A heading names a document ('Immunizations') under one that announces requirements, or demands it itself."""
    if _QUESTION.search(text) or len(text) > 120:
        return
    above = tuple(reversed(block.headings))
    scope = _scope(above)
    if scope == "elsewhere" or _scope((text,)) == "elsewhere":
        return
    cues = list(vocabulary("demands").find(text))
    found = list(_mentions(text, above))
    for mention in found:
        if _waived(text, mention, found, cues):
            continue
        if scope == "demand" or any(cue.key == "demand" for cue in cues):
            yield _fact(mention, block, text, 0.7, "heading")


def _from_dense_lists(blocks: list[Block]) -> Iterator[Fact]:
    """A list or table that names three documents or more is a list of documents, whatever stands above it."""
    groups: dict[int, list[tuple[Block, _Mention]]] = defaultdict(list)
    for block in blocks:
        if not block.group or block.kind not in ("item", "row", "definition") or not _ANY.search(block.text):
            continue
        above = (block.lead, block.term, *reversed(block.headings))
        if _scope(above) == "elsewhere":
            continue
        text = block.text[:1000]
        found = list(_mentions(text, above))
        cues = list(vocabulary("demands").find(text))
        for mention in found:
            if not _waived(text, mention, found, cues) and not _offered(text, mention, cues):
                groups[block.group].append((block, mention))
    for members in groups.values():
        if len({mention.key for _, mention in members}) >= 3:
            for block, mention in members:
                yield _fact(mention, block, block.text[:1000], 0.75, "list_of_documents")


def _fact(mention: _Mention, block: Block, text: str, confidence: float, rule: str) -> Fact:
    words = quote(text, mention.start, mention.end)
    rule = mention.rule if mention.rule != "phrase" else rule
    return Fact(FIELD, mention.key, words, block.headings, confidence, rule)


def _scope(above: Iterable[str]) -> str:
    """'demand', 'elsewhere' or '': what the nearest of the texts above that says anything says."""
    for text in above:
        if text:
            keys = vocabulary("document_headings").keys_in(text[:300])
            if "elsewhere" in keys:
                return "elsewhere"
            if "scope" in keys:
                return "demand"
    return ""


def _mentions(text: str, above: tuple[str, ...]) -> Iterator[_Mention]:
    """The documents that `text` names, in reading order."""
    for match in vocabulary("documents").find(text):
        key = match.key
        if key in _BARE:
            key, company = _BARE[key]
            if not company.search(text) and not any(company.search(line) for line in above):
                continue
        yield _Mention(key, match.start, match.end, "phrase")
    if shared := _SHARED_NOUN.search(text):
        yield _Mention("health_insurance", shared.start(), shared.end(), "phrase")
    yield from _pairs(text)


def _pairs(text: str) -> Iterator[_Mention]:
    """Letters and approvals of the home school, and hosts who must be found or must agree.

    Labels schema: a home school's or employer's approval or letter is a dean's letter, a supervising physician or host who
    must agree beforehand is a sponsor's letter.
    """
    found = list(vocabulary("document_parties").find(text))
    for index, one in enumerate(found):
        for other in found[index + 1 : index + 4]:
            if other.start - one.end > _PAIR_GAP or _CLAUSE_END.search(text, one.end, other.start):
                break
            mention = _pair(one, other)
            if mention:
                yield mention
                break


def _pair(one: Match, other: Match) -> _Mention | None:
    span = one.start, other.end
    match (one.key, other.key):
        case ("paper", "school") | ("school", "paper"):
            return _Mention("deans_letter", *span, "home_school_letter")
        case ("paper", "host"):
            return _Mention("sponsor_letter", *span, "host_letter")
        case ("seek", "host"):
            return _Mention("sponsor_letter", *span, "host_sought", True)
        case ("host", "agree"):
            return _Mention("sponsor_letter", *span, "host_agrees", True)
    return None


def _waived(text: str, mention: _Mention, found: list[_Mention], cues: list[Match]) -> bool:
    """Do the words around a mention say that it is optional, not demanded, or only perhaps?"""
    if _NO_BEFORE.search(text[max(0, mention.start - 40) : mention.start]):
        return True
    for cue in cues:
        if not cue.key.startswith("waiver"):
            continue
        if cue.start >= mention.end:
            between = text[mention.end : cue.start]
            if len(between) > 80 or _CLAUSE_END.search(between):
                continue
            if cue.key == "waiver_next":
                continue
            if cue.key == "waiver_all" or not any(mention.end <= other.start < cue.start for other in found):
                return True
        elif cue.end <= mention.start:
            between = text[cue.end : mention.start]
            if len(between) > 80 or _CLAUSE_END.search(between):
                continue
            if cue.key == "waiver_next" or (cue.key == "waiver_near" and _ADJACENT_OPTION.match(between)):
                return True
    return False


def _offered(text: str, mention: _Mention, cues: list[Match]) -> bool:
    """Does the host give it ('you will receive a letter of recommendation', 'we provide malpractice coverage')?"""
    return any(
        cue.key == "offer" and cue.end <= mention.start and len(text[cue.end : mention.start]) <= 60 for cue in cues
    )


class DocumentsStage(Stage):
    find = staticmethod(find_documents)
