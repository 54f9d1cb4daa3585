"""Blocks → passages: sentences with what the list or section above them says of them.

What stands under a course number holds for that course alone, and what stands in a section on residency or fellowship
holds for residents: neither is read (rules `course`, `other_section`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import attrs

from scraper.considered import passed_over
from scraper.items import Audience, Block, Fact, remembered
from scraper.scope import LONGEST_CELL, Told, audience_in, audience_of, mentions, told_apart
from scraper.statements import ANSWER_MARK, last_sentence, quote
from scraper.text import has_any, small
from scraper.vocabulary import Match, vocabulary

_MAX_SENTENCE = 900
_MAX_TERM = 60  # of a row's label
_COURSE = re.compile(r"\b[A-Z]{3,5}[-\s]?\d{3,5}[A-Z]?\b(?!\s+(?:hours|students|beds|USD))")
_OTHER_SECTION = re.compile(
    r"\b(?:residency|fellowship)\s+(?:program|application|applicant|requirement|interview|training|candidate|position|recruitment)s?\b"
    r"|\b(?:pre-?med(?:ical)?|high school|nursing|pharmacy|undergraduate)\s+students?\b|\bvolunteer(?:s|ing)?\b",
    re.I,
)
# 'Our Residency', as the heading of a part of a page.
_RESIDENCY = re.compile(r"\W*(?:[\w&/-]+ ){0,4}(?:residency|residencies)(?: programs?)?\W*$", re.I)
# What stands in all of these.
_OTHER_WORDS = ("student", "volunteer", "residency", "fellowship")
# 'Advanced Practice Provider Students'
_OTHER_PROFESSION = re.compile(
    r"\b(?:advanced practice|nurs(?:e|es|ing)|pharmacy|physician assistant|physical therapy|allied health|podiatr\w+|dental|psychology)\b(?: \w+){0,2} (?:students?|learners?|rotations?|placements?|clinicals)\b",
    re.I,
)
_OF_MEDICINE = re.compile(r"\b(?:medical|medicine|physicians|osteopathic|MD|DO|visiting|international)\b", re.I)
_VISITOR = re.compile(
    r"visit|medical research fellow|clinical research fellow|volunteer research|research volunteer|observ|elective|rotat|student|clerkship|extern|shadow|international",
    re.I,
)
_DEMAND_LIST = re.compile(
    r"requir|\bmust\b|\bpapers\b|paperwork|\bneeds?\b|\bsend\b|hand in|eligib|submit|document|checklist|qualif|prerequisit|criteria|provide|needed|to apply|how to apply|upload|includ|"
    r"\b(?:check|make sure|ensure|confirm) that\b|\bmeet (?:all|each|the follow|these)|you will need|materials|who (?:can|may|should)|open to|application (?:packet|process|component|item)|apply\b|following|guidelines|policy|policies|components",
    re.I,
)
_REFUSAL_LIST = re.compile(
    r"\b(?:not|cannot|can't|unable|ineligible|closed to)\b[^.]{0,60}\b(?:accept|eligible|available|open|apply|participate|consider|allowed|offer|designed|intended)"
    r"|\bineligible\b|\bclosed to\b|\bnot (?:eligible|accepted|available|open|permitted|allowed)\b|\bdo(?:es)? not (?:accept|admit|take)\b",
    re.I,
)
# Keys of data/vocabulary/audiences.yml: 'not a US citizen' and 'an international physician or student' tell of people from abroad, too.
_FROM_ABROAD = frozenset(
    [
        "international_student",
        "offshore",
        "visitor_abroad",
        "visitor_home",
        "abroad",
        "graduate",
        "physician",
    ]
)
_NOTHING: frozenset[str] = frozenset()
_ANSWER = re.compile(
    rf"\W*{ANSWER_MARK}(?:(?P<yes>(?:yes|absolutely|certainly|definitely|of course)\b|(?:it is|they are|you do|they do|we do)[.,;!])"
    r"|(?P<no>no\b|unfortunately|regrettably|sorry|not at this time|not (?:required|needed|necessary)|(?:it|that) is not\b|(?:you|they|it) (?:do|does|need|will)(?: not\b|n['’]t\b)|we do not (?:require|need|ask)|we (?:cannot|can ?not|can['’]t|do not|don['’]t|are not|will not|won['’]t)(?=[.!,;]|\s*$)|(?:you|they|it) don['’]t\b))",
    re.I,
)
# 'Applying to our internal medicine residency'
TO_A_RESIDENCY = r"(?:to|for) (?:our|the|a) (?:[\w-]+ ){0,3}(?:residency|fellowship)"
# '(a) be in the final year' below 'Applicants must'
_ENUMERATED = re.compile(r"\W*(?:[a-h]|[1-9]|[ivx]{1,4}|[A-H]|[IVX]{1,4})[).]\s")
_OPENER = re.compile(r"(?::|\b(?:must|shall|should|need to|have to|who|to|following))\s*$")
# 'What to upload? Transcript, Step 1 score'
_ASKS_FOR_PAPERS = re.compile(
    r"\W*(?:Q[:.]\s*)?(?:what|which) (?:[\w-]+ ){0,3}?(?:upload|send|submit|hand in|attach|bring|required|needed)\b",
    re.I,
)
# 'Papers: CV; three letters of recommendation'
_DEMANDING_LABEL = re.compile(
    r"\W*(?:(?:required|needed|application|supporting|what to|please) )?(?:requirements?|prerequisites?|documents?|documentation|papers|paperwork|applications?|checklist|materials|upload|submit|send|enclose|attach|must have|hand in)(?: (?:required|needed|to (?:submit|send|upload)))?\s?(?::|\s[–—-])\s",
    re.I,
)
_RUN_IN = re.compile(r"\W*([^:.;\n]{2,50}:)\s")
_MAX_HEAD = 40
_TOPIC = re.compile(
    r"\W*(?:eligib(?:ility|le)(?: [\w-]+){0,2}|who (?:can|may) (?:apply|come|observe|rotate)|applicants|participants|candidates|visas?(?: [\w-]+){0,2}|english(?: [\w-]+){0,2}|language(?: [\w-]+){0,1}|requirements?|prerequisites?|documents?|fees?|duration|length|certificate|letters|contact|application|exams?|scores?|deadlines?|insurance|housing)\s?[.:]",
    re.I,
)
_VERB = re.compile(
    r"\b(?:may|can|must|should|will|are|is|apply|welcome|accept\w*|only|not|no|need|pay|please|see|contact|from|for|eligible|if|who|have|has)\b",
    re.I,
)
_ASKS_WHO = re.compile(
    r"\W*(?:Q[:.]\s*)?who (?:can|may|is|are|should|qualifies)\b|\W*(?:Q[:.]\s*)?what is an? (?:[\w-]+ ){0,2}(?:observer|extern|rotator|visitor|visiting \w+)\b",
    re.I,
)
_PIECE = re.compile(r"\S[^\n]*\S|\S")


@attrs.define(slots=False, eq=False)
class Passage:
    """One sentence of a block. `text` is a verbatim piece of the block; `index` its place on the page."""

    block: Block
    text: str
    index: int
    lower: str
    words: tuple[Match, ...]  # what hospitals ask of applicants, found in it (data/vocabulary/eligibility.yml)
    named: frozenset[str]  # their keys: most sentences name nothing that is asked of applicants
    answer: bool | None = None  # of a question: whether the next words are 'yes' or 'no'
    column: str = ""  # the header above, where a table says something else of each group of people
    asked: str = ""  # the question that it answers
    whole: str = ""  # the row of a table, where the text is one of its cells with the header that says of what: the row is the quote

    @remembered
    def above(self) -> tuple[str, ...]:
        """What stands above, nearest first: term, lead, headings."""
        return tuple(filter(None, (self.block.term, self.block.lead, *reversed(self.block.headings))))

    @remembered
    def demanded_list(self) -> bool:
        """Is this an item of a list of things that applicants must be, have or hand in?"""
        if self.refused_list:
            return False
        near = self.above[:2] if self.block.kind in ("item", "row", "definition") else self.above[:1]
        return any(map(_introduces_demands, near))

    @remembered
    def refused_list(self) -> bool:
        """Is this an item of a list of people whom the host does not take?"""
        return self.block.kind != "heading" and bool(self.above) and _introduces_refused(self.above[0])

    @remembered
    def cues(self) -> set[str]:
        """The little words in the sentence that make a demand, an exception or a refusal (data/vocabulary/cues.yml)."""
        return vocabulary("cues").keys_in(self.text)

    def names(self, *keys: str) -> bool:
        """Does the sentence name one of `keys`?"""
        return not self.named.isdisjoint(keys)

    def find(self, *keys: str) -> list[Match]:
        """The matches of `keys` in the sentence."""
        return [match for match in self.words if match.key in keys] if self.words else []

    @remembered
    def audience(self) -> Audience:
        return audience_of(self.block, self.text)

    @remembered
    def students(self) -> str:
        """The group that its students of no named country are: told by the section, else by the block it stands in."""
        audience = self.audience
        if audience == "international" and not self.is_heading and _beside_graduates(self.text):
            audience = audience_of(self.block)  # their own, told by the section
        elif audience == "any" and not self.is_heading and len(self.block.text) < 2000 and _looks_abroad(self.block):
            told = self.block.text.find(self.text) + len(self.text)  # what stands behind tells of others
            audience = audience_in(self.block.text[:told]) or "any"
            audience = "any" if audience == "us" else audience
        return {"international": "international_student", "us": "us_student"}.get(audience, "student")

    @property
    def is_heading(self) -> bool:
        return self.block.kind in ("heading", "title")

    @property
    def demands(self) -> bool:
        """Does the sentence, or the list it stands in, say that something has to be?"""
        return (
            "demand" in self.cues
            or self.demanded_list
            or bool(_DEMANDING_LABEL.match(self.text) or (self.asked and _ASKS_FOR_PAPERS.match(self.asked)))
        )

    @property
    def softened(self) -> bool:
        """Is what the sentence says recommended, optional or left to circumstances?"""
        return bool({"optional", "if_there"} & self.cues)

    @property
    def is_question(self) -> bool:
        return self.text.endswith("?")

    def passed_over(self, field: str, reason: str) -> None:
        """Tell `usce extract --explain` that the passage was not taken for `field`."""
        passed_over(field, self.block, self.text, reason)

    def fact(
        self, field: str, value: Any, rule: str, start: int = 0, end: int | None = None, confidence: float = 0.8
    ) -> Fact:
        """A fact with this passage as its evidence; `start` and `end` say which words of a long passage prove it."""
        end = len(self.text) if end is None else end
        return Fact(
            field,
            value,
            quote(self.whole) if self.whole else quote(self.text, start, end),
            headings=self.block.headings,
            confidence=confidence,
            rule=rule,
            audience=self.audience,
        )


def _beside_graduates(text: str) -> bool:
    """'Medical students, IMGs and physicians may shadow': the graduates alone come from abroad."""
    groups = {
        mention.group
        for mention in mentions(text)
        if mention.group != "physician" or not text.startswith("visiting", mention.start)
    }
    return "graduate" in groups and not groups & {"international_student", "visitor_abroad", "offshore", "physician"}


@lru_cache(maxsize=256)
def _is_head(text: str) -> bool:
    """'International students.' in front of what is said of them, without a verb of its own."""
    if not text.endswith((".", ":")):
        return False
    return bool(_TOPIC.fullmatch(text)) or (not _VERB.search(text) and audience_in(text) is not None)


def _looks_abroad(block: Block) -> bool:
    """Does a sentence of the block name any without whom it cannot be on people from abroad?

    Sentences were looked through already; the block as a whole was not, where it has several.
    """
    find = vocabulary("audiences").find
    for sentence in block.sentences:
        for match in find(sentence):
            if match.key in _FROM_ABROAD:
                return True
    return False


# The same headings and leads stand above many sentences.


@lru_cache(maxsize=256)
def _introduces_demands(above: str) -> bool:
    return _DEMAND_LIST.search(above[:600]) is not None


@lru_cache(maxsize=256)
def _introduces_refused(above: str) -> bool:
    if not above.endswith(":") and (len(above) > 80 or above.endswith(".")):
        return False
    return _REFUSAL_LIST.search(last_sentence(above[:400])) is not None


def read_passages(blocks: list[Block]) -> list[Passage]:
    """The passages of a page in reading order, each text once under the same lead or heading."""
    passages: list[Passage] = []
    seen: set[tuple[str, str]] = set()
    question: Passage | None = None
    opener = asks_who = ""
    courses = {block.text for block in blocks if block.kind == "heading" and _COURSE.search(block.text)}
    headings: tuple[str, ...] | None = None
    other = False
    for block in blocks:
        if block.headings is not headings:  # the blocks of a section stand under the same headings
            headings = block.headings
            # A page on a single course is no list of courses.
            other = any(_is_other_heading(h) for h in headings[-2:] if len(courses) != 1 or h not in courses) or (
                len(headings) > 1 and _RESIDENCY.match(headings[-1]) is not None and not _VISITOR.search(headings[-1])
            )
        if other or (block.kind == "row" and _COURSE.search(block.text[:300])):
            continue
        if len(block.cells) == 2 and not block.term and 0 < len(block.cells[0].text) <= _MAX_TERM:
            block = attrs.evolve(block, term=block.cells[0].text)  # a label and what it stands for
        if block.kind == "paragraph":
            if opener and not block.lead and _ENUMERATED.match(block.text):
                block = attrs.evolve(block, kind="item", lead=opener)  # a list typed by hand
            else:
                opener = block.text if _OPENER.search(block.text[-40:]) and len(block.text) < _MAX_SENTENCE else ""
        else:
            opener = ""
        above = block.lead or (block.headings[-1] if block.headings else "")
        apart = told_apart(block)
        for cell in apart or (_below_headers(block) if len(block.cells) > 1 else ()):
            passages.append(_of_cell(block, cell, len(passages)))
        if apart:
            continue
        length = len(block.text)
        held = head = ""
        whole = block
        for piece in _pieces(block):
            # 'Papers: CV; three letters; passport', 'Who may come? Graduates of medical schools.'
            lead = "" if whole.lead else held or asks_who
            block = attrs.evolve(whole, lead=lead or whole.lead, term=head or whole.term) if lead or head else whole
            if ";" in piece or held:
                label = _RUN_IN.match(piece)
                held = (label[1] if label else held) if piece.endswith(";") else ""
            if block.kind == "paragraph" and len(piece) <= _MAX_HEAD and not whole.term and _is_head(piece):
                head = piece.rstrip(".: ")
            asks_who = ""
            if (place := (piece, above)) in seen:
                continue
            seen.add(place)
            passage = _passage(block, piece, len(passages), block.lower if len(piece) == length else small(piece))
            if question:
                passage.asked = question.text
            passages.append(passage)
            if question and (said := _ANSWER.match(piece)):
                question.answer = said.lastgroup == "yes"
            question = passage if piece.endswith("?") else None
            asks_who = piece if question and _ASKS_WHO.match(piece) else ""
    return passages


def _passage(block: Block, text: str, index: int, lower: str) -> Passage:
    words = vocabulary("eligibility").find(text)
    return Passage(block, text, index, lower, words, frozenset([match.key for match in words]) if words else _NOTHING)


def _of_cell(row: Block, cell: Told, index: int) -> Passage:
    """What one cell of a table says, as if it stood alone below its label; the row is the quote."""
    alone = attrs.evolve(row, text=cell.text, cells=(), term=cell.label)
    passage = _passage(alone, cell.text, index, small(cell.text))
    passage.whole, passage.column = row.text, cell.column
    if cell.audience:
        passage.audience = cell.audience
    return passage


def _below_headers(block: Block) -> Iterator[Told]:
    """The cells of a row below headers like 'Visa': each says what its header names."""
    first, *others = block.cells
    if not 0 < len(first.text) <= _MAX_TERM:
        return
    for cell in others:
        if cell.text and len(cell.text) <= LONGEST_CELL and _is_asked(cell.column):
            yield Told(f"{cell.column}: {cell.text}", first.text, audience_in(first.text))


@lru_cache(maxsize=512)  # the headers of a table are asked for every row
def _is_asked(column: str) -> bool:
    """Does a column's header name a visa, an exam or something else that is asked of applicants?"""
    return 0 < len(column) <= _MAX_TERM and (
        has_any(column.lower(), ("visa", "english", "language")) or bool(vocabulary("eligibility").find(column))
    )


@lru_cache(maxsize=256)
def _is_other_heading(heading: str) -> bool:
    """Is it a course number, or does it name people who are no visitors?"""
    if _COURSE.search(heading):
        return True
    if _OTHER_PROFESSION.search(heading) and not _OF_MEDICINE.search(heading):
        return True
    return (
        has_any(heading.lower(), _OTHER_WORDS)
        and _OTHER_SECTION.search(heading) is not None
        and not _VISITOR.search(heading)
    )


def _pieces(block: Block) -> Iterable[str]:
    """The lines of a block's sentences, none too long."""
    text = block.text
    if "\n" not in text and len(text) <= _MAX_SENTENCE:
        return block.sentences
    return [line for sentence in block.sentences for line in _lines(sentence)]


def _lines(sentence: str) -> Iterator[str]:
    if len(sentence) <= _MAX_SENTENCE and "\n" not in sentence:
        yield sentence
    else:
        for line in _PIECE.findall(sentence):
            yield from _cut(line)


def _cut(line: str) -> list[str]:
    """`line` in pieces of bearable length: whoever writes a page without full stops must not cost more than others."""
    pieces = []
    while len(line) > _MAX_SENTENCE:
        cut = line.rfind(" ", _MAX_SENTENCE // 2, _MAX_SENTENCE)
        cut = cut if cut > 0 else _MAX_SENTENCE
        pieces.append(line[:cut].strip())
        line = line[cut:].strip()
    pieces.append(line)
    return [piece for piece in pieces if piece]
