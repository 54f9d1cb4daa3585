"""How many letters of recommendation an applicant hands in; a dean's letter is not one (labels schema)."""

from __future__ import annotations

import re

import attrs

from pipelines.eligibility.passages import TO_A_RESIDENCY, Passage
from scraper.items import Fact
from scraper.text import Gate, number

_GATE = Gate(
    ("recommendation", "reference", "letters of", "letter of support", "letters from", "letter from"),
    ("lor",),
    re.compile(r"\blors?\b"),
)
_BEFORE = re.compile(
    r"(?:\b(?P<word>one|two|three|four|five|a|an|1|2|3|4|5)\s*(?:\((?P<digit>\d)\))?(?:\s+(?:or more|original|current|recent|signed|strong|separate|professional|academic|clinical|faculty|up-to-date|written|formal|additional|confidential|supporting|official)\b,?){0,4}\s*)$",
    re.I,
)
_RANGE = re.compile(r"\b(?P<low>one|two|1|2)\s*(?:-|–|to|or)\s*(?:two|three|four|2|3|4)\s*(?:\(\d\)\s*)?$", re.I)
_BEHIND = re.compile(
    r"^\s+from\s+(?:at least\s+)?(?P<from>two|three|four|[2-4])\b(?!\s+(?:weeks?|months?|years?))|^\s*(?:\(\s*(?:x\s*)?(?P<digit>[1-5]|one|two|three|four)\b[^)]{0,20}\)|[x×:–-]\s*(?P<plain>[1-5])\b(?!\s*(?:weeks?|months?|years?|pages?)))",
    re.I,
)
_COUNT_ALONE = re.compile(
    r"\W*(?:(?P<none>none|no\b|not (?:required|needed|necessary|asked for)|optional|0\b)|(?P<word>one|two|three|four|[1-5])\b\s*(?:\((?P<digit>\d)\))?|required\b)(?!\s+(?:weeks?|months?|days?|years?))",
    re.I,
)
# 'Graduates applying to our residency need three letters': asked of others than visitors.
_FOR_RESIDENCY = re.compile(rf"\bappl(?:y|ying|icants?|ications?)\b[^.;]{{0,12}}\b{TO_A_RESIDENCY}", re.I)
# 'Two letters of recommendation' as a line of a list: who counts them wants them.
_ENTRY = re.compile(
    r"\W*(?:one|two|three|1|2|3)\W+(?:\(\d\)\W+)?(?:(?:academic|professional|faculty|clinical|original|current|recent|confidential|signed|sealed)\W+){0,2}",
    re.I,
)
# 'Letters' as the term of a row.
_TERM = re.compile(r"\W*(?:letters?|references?)(?: (?:required|needed))?\W*$")
_PLURAL = re.compile(r"\bletters\b|\breferences\b|\bLORs\b|\brecommendations\b", re.I)
_LETTER_BELOW = re.compile(
    r"(?:o\s)?\W*(?P<word>one|two|three|an?|[123])\s*(?:\((?P<digit>\d)\)\s*)?(?:\w+\s+){0,2}?(?:letters?|recommendations?|references?|from|must be|should be)\b",
    re.I,
)
_OFFERED = re.compile(
    r"\b(?:receive|get|request(?:ed|ing|s)? (?:an?|one|the|letters?)|ask(?:ing)? (?:for|your|an|the)|grants?|(?:be|are|is|not|been) (?:granted|issued)|issues?|guarantee[sd]?|writ(?:e|es|ing)\b(?! (?:progress|clinical|notes|orders|prescri))|(?:be|are|is|not) written|result in|earn|eligible for|in exchange|seeking|expect)\b"
    r"|\b(?:cannot|can ?not|unable to|will not|does not|do not|not) (?:provide|give|offer|be provided|supply)\b|\bupon completion\b|\b(?:at|after) the (?:end|conclusion|completion)\b"
    r"|\bprovide[sd]? (?:to|for|by) (?:participants|observers|visitors|our|the program)\b|\bpurpose of obtaining\b|\bobtain(?:ing)? (?:a |an )?letters?\b",
    re.I,
)
_MUST = re.compile(
    r"\b(?:letters?|lors?|references?|recommendations?)\b[^.;]{0,60}\b(?:is|are|be) required\b|\b(?:must|need to|should) (?:submit|provide|upload|include|send|request)\b[^.;]{0,60}\b(?:letters?|lors?)\b"
    r"|\brequires?\b[^.;]{0,60}\b(?:letters?|lors?)\b",
    re.I,
)
# 'The letter will state that …' under 'Requirements' tells of a letter, where a line of a list demands one.
_TELLS = re.compile(r"\b(?:is|are|was|will|would|have|has|may|can|reserves?)\b", re.I)
_BUT = re.compile(r",?\s+(?:but|however|although|though|whereas)\s+", re.I)
_NONE = re.compile(
    r"\bno (?:letters?|lors?|recommendations?)\b[^.;]{0,40}\b(?:required|needed|necessary|please)\b|\b(?:do|should) not (?:send|submit|include|upload|need)\b|\b(?:is|are) not (?:required|needed|necessary)\b|\b(?:do|does) not (?:require|need)\b",
    re.I,
)


def find_letters(passages: list[Passage]) -> list[Fact]:
    """Facts on letters of recommendation to be handed in."""
    facts: list[Fact] = []
    for passage in passages:
        if (
            passage.block.term
            and (_GATE.opens(term := passage.block.term.lower()) or _TERM.match(term))
            and (count := _COUNT_ALONE.match(passage.text, _behind_term(passage)))
        ):
            facts.append(_termed(passage, count))
        elif "letter" in passage.named and (fact := _letters(passage)):
            if fact.value == 1 and (below := _counted_below(passages, passage)) > 1:
                fact = attrs.evolve(fact, value=below)
            facts.append(fact)
    return facts


def _behind_term(passage: Passage) -> int:
    """Where the words behind the term begin: those of a row open with it."""
    term = passage.block.term
    return len(term) if passage.text.startswith(term) else 0


def _termed(passage: Passage, count: re.Match[str]) -> Fact:
    """'Letters of recommendation' as the term, 'Two' or 'None required' as its definition."""
    value = 0.0 if count["none"] else number(count["digit"] or count["word"] or "1") or 1.0
    return passage.fact("letters_required", value, "letters_by_term", 0, count.end(), 0.9)


def _counted_below(passages: list[Passage], above: Passage) -> float:
    """'Letters of recommendation:' over 'One letter from…' and 'One letter from…' are two."""
    if not _PLURAL.search(above.text):
        return 0.0
    total = 0.0
    for passage in passages[above.index + 1 : above.index + 8]:
        if passage.block.lead == above.block.text and (found := _LETTER_BELOW.match(passage.text)):
            total += number(found["digit"] or found["word"]) or 0.0
    return total


def _letters(passage: Passage) -> Fact | None:
    """Demanded letters with their number, 1 where none is given; 0 where expressly none is needed."""
    matches = passage.find("letter")
    if not matches or passage.is_heading:
        return None
    match = matches[0]
    if passage.is_question:
        asked = passage.answer is not None and "demand" in passage.cues
        return (
            passage.fact("letters_required", float(bool(passage.answer)), "letters_answered", match.start, match.end)
            if asked
            else None
        )
    if _NONE.search(_clause(passage.text, match.start, match.end)):
        return passage.fact("letters_required", 0.0, "letters_not_required", match.start, match.end)
    if _OFFERED.search(passage.text) and not _MUST.search(passage.text):
        passage.passed_over("letters_required", "letter_that_the_visitor_gets")
        return None
    if passage.softened and not re.search(r"\brequired\b|\brequires?\b", passage.lower):
        passage.passed_over("letters_required", "optional")
        return None
    if _FOR_RESIDENCY.search(passage.text):
        return None
    if passage.block.kind == "item" and _ENTRY.fullmatch(passage.text[: match.start]) and not passage.refused_list:
        count = _count(passage.text, match.start, match.end)
        return passage.fact("letters_required", count, "letters_listed", match.start, match.end, 0.8)
    told = passage.block.kind == "paragraph" and "demand" not in passage.cues and _TELLS.search(passage.text)
    if (told or not passage.demands) and "condition" not in passage.cues:
        passage.passed_over("letters_required", "named_but_not_demanded")
        return None
    count = _count(passage.text, match.start, match.end)
    confidence = 0.6 if "condition" in passage.cues else 0.95 if "demand" in passage.cues else 0.8
    return passage.fact("letters_required", count, "letters_required", match.start, match.end, confidence)


def _clause(text: str, start: int, end: int) -> str:
    """The part of a sentence that 'but' or 'although' sets off, with the words at `text[start:end]` in it."""
    left = max((m.end() for m in _BUT.finditer(text, 0, start)), default=0)
    right = _BUT.search(text, end)
    return text[left : right.start() if right else len(text)]


def _count(text: str, start: int, end: int) -> float:
    """'Two letters', 'three (3) letters', 'letters (2)', 'two to three letters' (the least counts)."""
    before = text[max(0, start - 90) : start]
    if found := _RANGE.search(before):
        return number(found["low"]) or 1.0
    if found := _BEFORE.search(before):
        return number(found["digit"] or found["word"]) or 1.0
    if found := _BEHIND.match(text[end:]):
        return number(found["from"] or found["digit"] or found["plain"]) or 1.0
    return 1.0
