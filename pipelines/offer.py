"""What the host offers: program types, status, route of application, what the visitor gets, specialties.

The phrases are in data/vocabulary/program_types.yml, offer.yml and specialties.yml. What is here decides whether a phrase is an offer to
visitors: who says it (title, heading, running text), whether it is denied ('we do not host observers'), pointed to ('students should see…'),
or said of somebody else (own residents, what an applicant has done before).
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pipelines import Stage
from scraper.considered import passed_over
from scraper.gates import Gates
from scraper.items import PROGRAM_TYPES, Audience, Block, Fact
from scraper.record import MAX_SPECIALTIES
from scraper.scope import audience_of
from scraper.statements import ANSWER_MARK, judged_pieces, quote
from scraper.text import has_any
from scraper.vocabulary import Match, vocabulary

_MOST = 4  # phrases of one key in a sentence that are judged

# -- what is denied ---------------------------------------------------------------------------------------------------------------------

_CLAUSE_END = re.compile(
    r"[;:!?]|\. |\n|,? (?:but|however|although|though|whereas|and instead|instead)\b"
)  # in small letters
_NEGATION = re.compile(
    r"(?=[acdhinruw])(?:\b(?:not|no|never|cannot|(?:ca|do|does|did|wo|is|are|was|has|have)n['’]?t|neither|nor|unable|without|rather than|instead of|ineligible)\b)",
    re.I,
)
_NO_NEGATION = re.compile(
    r"\bnot (?:only|just|limited to|yet completed|later than|less than)\b|\bno (?:later|less|fewer|more) than\b|\bor not\b",
    re.I,
)
_DENIED_AFTER = re.compile(
    r"^[^.;!?]{0,60}?\b(?:(?:is|are|was|were|will|can|may|do|does|has|have)(?: (?:currently|presently|also|be|been))? (?:not|no longer|never)|cannot|isn['’]t|aren['’]t)"
    r" (?:\w+ ){0,2}?(?:offered|available|provided|permitted|accepted|allowed|possible|supported|hosted|open|granted|arranged|considered|issued|given|exist|accommodated)\b",
    re.I,
)
# '(not available to visiting students)' beside the name of an elective.
_BARELY_DENIED_AFTER = re.compile(
    r"^\s*(?:[-–—:,(]\s*)(?:currently |presently |this is )?(?:not|no longer) (?:currently |being )?(?:available|open|offered|accepting)\b",
    re.I,
)
_PROHIBITED_AFTER = re.compile(
    r"^[^.;!?,]{0,30}\b(?:is|are) (?:strictly )?(?:prohibited|unavailable|forbidden|discontinued|suspended)\b", re.I
)


# What stands wherever these match: looked for first.
_NEGATING_WORDS = ("no", "n't", "n’t", "never", "neither", "unable", "without", "rather than", "instead of", "ineligible", "cant", "dont", "doesnt", "didnt", "wont", "isnt", "arent", "wasnt", "hasnt", "havent")  # fmt: skip
_DENYING_WORDS = ("not", "no longer", "never", "isn", "aren", "prohibited", "unavailable", "forbidden", "discontinued", "suspended")  # fmt: skip
_DENYING = Gates([_NEGATING_WORDS + _DENYING_WORDS])


def _left(text: str, start: int, reach: int = 90) -> str:
    """The words before `start` in its clause, at most `reach` characters."""
    window = text[max(0, start - reach) : start]
    cut = 0
    for match in _CLAUSE_END.finditer(window.lower()):
        cut = match.end()
    return window[cut:]


def _denied(text: str, start: int, end: int) -> bool:
    """Do the words around `text[start:end]` say that it is not so?"""
    if has_any(text[max(0, start - 90) : start].lower(), _NEGATING_WORDS) and _NEGATION.search(
        _NO_NEGATION.sub(" ", _left(text, start))
    ):
        return True
    after = text[end : end + 110]
    return has_any(after.lower(), _DENYING_WORDS) and bool(
        _DENIED_AFTER.search(after) or _PROHIBITED_AFTER.search(after) or _BARELY_DENIED_AFTER.match(after)
    )


def _few(matches: Sequence[Match]) -> Sequence[Match]:
    """`matches`, at most `_MOST` of a key."""
    if len(matches) <= _MOST:
        return matches
    count: Counter[str] = Counter()
    kept = []
    for match in matches:
        count[match.key] += 1
        if count[match.key] <= _MOST:
            kept.append(match)
    return kept


class _Piece(NamedTuple):
    """A piece of a block that is judged by itself, and the phrases of a vocabulary in it."""

    block: Block
    sentence: str
    matches: Sequence[Match]


def _pieces(blocks: list[Block]) -> tuple[list[_Piece], list[_Piece]]:
    """The pieces in which phrases of data/vocabulary/offer.yml stand (or of offer_sums.yml, before a sum), or words that may call
    applications open, and those which name a type of program, with the phrases of program_types.yml. Most pieces are neither."""
    find, find_types = vocabulary("offer").find, vocabulary("program_types").find
    told, named = [], []
    for block in blocks:
        may_be_open = block.kind != "title" and _may_be_open(block.lower)
        cut = block.kind == "title" and any(b.depth == 1 and b.kind == "heading" for b in blocks[:40])
        for sentence in judged_pieces(block):
            matches = find(sentence)
            if "$" in sentence:
                matches += vocabulary("offer_sums").find(sentence)
            if matches or (may_be_open and _may_be_open(sentence.lower())):
                told.append(_Piece(block, sentence, _few(matches)))
            if cut:
                sentence = _SEGMENT.split(sentence, maxsplit=1)[0]
            types = find_types(sentence)
            if types:
                named.append(_Piece(block, sentence, _few(types)))
    return told, named


def _may_be_open(lower: str) -> bool:
    return "open" in lower and "application" in lower


def _is_question(text: str) -> bool:
    return text.rstrip().endswith("?")


# -- program types ----------------------------------------------------------------------------------------------------------------------

_INVITING_QUESTION = re.compile(
    r"^(?:looking for|interested in|want to|wish to|seeking|what (?:are|is) (?:the|our))\b", re.I
)
_REFERRAL = re.compile(
    r"\b(?:please (?:see|visit|refer|contact|review|check|explore|go|read)|should (?:\w+ )?(?:see|visit|refer|contact|explore|consult|go|look|seek|communicate|write|apply through)"
    r"|instead|different program|another program|other programs?|may consider|refer to|learn more|click here|must (?:\w+ )?(?:communicate|contact|see|refer)"
    r"|encourage you to|seek(?:ing)? (?:additional )?information|may be interested in|looking for|follow the|more information (?:on|about))\b",
    re.I,
)
# 'We offer these rotations for students who will have completed their clerkships:'
_WE_OFFER = re.compile(r"(?:[\w\s]{0,30}: )?(?:we|our \w+|the \w+) (?:\w+ )?(?:offers?|provides?|hosts?)\b", re.I)
_HOST_OFFERS = re.compile(
    r"\b(?:offers?|offering|provides?|providing|hosts?|hosting|welcomes?|accepts?|accepting|sponsors?|invites?|available|opportunit(?:y|ies)|conducts?|runs?)\b",
    re.I,
)
_OFFERED = re.compile(
    r"\b(?:offer(?:s|ed|ing)?|provid(?:e|es|ed|ing)|hosts?|hosted|welcomes?|accept(?:s|ed|ing)?|availab(?:le|ility)|opportunit(?:y|ies)|appl(?:y|ying|ications?)|requests?|requested|requesting"
    r"|invit(?:e|es|ed|ing|ation)|programs?|programmes?|open to|participat\w+|join(?:s|ing)?|openings?|variety|include[sd]?|including|enroll?|register|schedul\w+|complete|take|interested|designed|allows?|spends?|eligible|typically|lasts?|duration|facilitat\w+|arrang(?:e|es|ed|ing|ements?)|coordinat(?:e|es|ed|ing)|organiz(?:e|es|ed|ing))\b",
    re.I,
)
_DONE_BEFORE = re.compile(
    r"\b(?:ha(?:ve|s|d) (?:\w+ )?(?:completed|passed|done|finished|fulfilled)|must (?:\w+ )?(?:list|include)|completed (?:clinical |core |required )?electives?|prior|previous|prerequisites?|must (?:\w+ )?have|curriculum vitae|CV|transcript"
    r"|before (?:the|beginning|starting)|comparable to|successful completion|upon completion of|evaluations?|screen)\b",
    re.I,
)
_OBSERVE_ONLY = re.compile(
    r"\b(?:observational|observation[- ]only|observe[- ]only|only observe|observers?|observerships?|hands[- ]off|no hands[- ]on|shadow(?:ing)?|no (?:direct )?patient (?:care|contact)|(?:may|can|will|must|do) ?not (?:\w+ )?(?:touch|treat|examine|provide|participate in (?:direct )?(?:patient )?care))\b",
    re.I,
)
# 'An externship is a hands-on experience', whatever else is said of observers
_EXTERNS_TREAT = re.compile(
    r"\bextern(?:ship)?s?\b[^.;]{0,60}\b(?:is|are|offers?|provides?|gives?|with|get|have)\b(?![^.;]{0,25}\b(?:not|no|without)\b)[^.;]{0,25}\bhands[- ]on\b|\bhands[- ]on extern",
    re.I,
)
_GRADUATES = re.compile(r"\bgraduates?\b|\bIMGs?\b", re.I)
_STUDENTS = re.compile(
    r"\b(?:students?|visitors?|applicants?|trainees?|learners?|electives?|rotations?|clerkships?)\b", re.I
)
_EXPLAINED = re.compile(r"(?:\s+(?:program|option|track))?\s*(?:\([^()]{0,20}\)\s*)?[–—:-]\s")
_LENGTH_AND_TYPE = re.compile(
    r"\W*(?:[\w-]+(?: (?:to|or|and) [\w-]+)?[\s-](?:week|month|day)s?(?:[\s-]long)?\s)(?:clinical )?\|\W*", re.I
)
_MAY_BE_THERE = re.compile(
    r"\s+(?:may|might|can) (?:also )?be (?:available|possible|arranged|offered|considered)\b", re.I
)
_ARTIFICIAL = re.compile(
    r"\b(?:artificial|machine|algorithms?|software|tools?|images|imaging|chatbots?|ChatGPT|intelligence|models?)\b",
    re.I,
)
_AND_OTHERS = re.compile(r",|\band\b|&|/|\bor\b", re.I)
_OF_OBSERVERS = re.compile(r"\s+(?!and\b|or\b)(?:\w+\s+)?(?:observ|shadow|preceptor)", re.I)
_JOINED = re.compile(r"\b(?:and|or)\b")
_SEGMENT = re.compile(r"\s+[|–—·»-]\s+|\s*\|\s*")
_NAMED = ("title", "h1")
_WATCHING = re.compile(
    r"\b(?:observ(?:e|es|ers?|ing|ation)|shadow(?:s|ing|er|ers)?|watch(?:es|ing)?|see (?:[\w-]+ ){0,4}(?:cases|surger\w+|operations))\b|\b(?:follow|accompany|join)(?:s|ing)? our \w+(?:s|ists)\b|\b(?:not|no|never) (?:\w+ ){0,2}(?:examine|touch|treat|patient contact)",
    re.I,
)
_TREATING = re.compile(
    r"\b(?:rotat(?:e|es|ing|ions?|ors?)|clerks?(?:hips?)?|electives?|shifts)\b|\bexchange students?\b"
    r"|\b(?:medical|year|senior|visiting|our) (?:students|residents)\b|\b(?:room for|takes?|host(?:s|ing)?|places?|placement of|accepts?|welcomes?|trains?) (?:[\w-]+ ){0,5}(?:students?|residents)\b",
    re.I,
)
# What is done on a page that names no type: the type, and the words for it, in the page's name or in its text, in this order.
_DONE = (
    ("research", True, re.compile(r"\bresearch\b", re.I)),
    ("observership", True, re.compile(r"\bobserv(?:e|ing|ation)\b|\bshadow|\bwatch\b|\bprofessional visits?\b", re.I)),
    ("clinical_elective", True, re.compile(r"\b(?:exchange|visiting residents?|visiting fellows?|rotat\w+|students?)\b", re.I)),
    ("clinical_elective", False, _TREATING),
    ("observership", False, _WATCHING),
    ("research", False, re.compile(r"\bresearch\b|\blaborator(?:y|ies)\b", re.I)),
)  # fmt: skip


class _Mention(NamedTuple):
    """A phrase of program_types.yml where it stands: place is 'title', 'h1', 'heading', 'item' (short list item or row) or 'text'."""

    key: str
    place: str
    block: Block
    sentence: str
    match: Match
    denied: bool

    @property
    def quote(self) -> str:
        return quote(self.sentence, self.match.start, self.match.end)

    @property
    def words(self) -> str:
        return self.sentence[self.match.start : self.match.end]


def _mentions(named: list[_Piece]) -> Iterator[_Mention]:
    for block, sentence, found in named:
        may_deny = _DENYING.open(sentence.lower())
        place = _place(block, sentence)
        for match in found:
            denied = may_deny > 0 and _denied(sentence, match.start, match.end)
            yield _Mention(match.key, place, block, sentence, match, denied)
            if match.key in ("research", "sub_internship") and (key := _second_type(match, sentence)):
                yield _Mention(key, place, block, sentence, match._replace(key=key), denied)


def _place(block: Block, sentence: str) -> str:
    if block.kind == "title":
        return "title"
    if block.kind == "heading":
        return "text" if len(sentence) > 120 else "h1" if block.depth == 1 else "heading"
    return "item" if block.kind in ("item", "row") and len(sentence) < 120 else "text"


def _second_type(match: Match, sentence: str) -> str | None:
    """'Research and clinical electives', 'observerships and research', 'Sub-I rotation': one phrase, two types."""
    words = sentence[match.start : match.end].lower()
    if match.key == "research" and _JOINED.search(words):
        if "clinical" in words and "observ" not in words:
            return "clinical_elective"
        if "observ" in words:
            return "observership"
    elif match.key == "sub_internship" and words.startswith("sub") and words.endswith(("rotation", "rotations")):
        return "rotation"
    return None


def _type_of(mention: _Mention) -> str:
    return "observership" if mention.key == "observing" else mention.key


class _Types:
    """Which types the page offers, from all mentions of them; `decide` gives each type's fact."""

    def __init__(self, blocks: list[Block], pieces: list[_Piece], vslo: bool, closures: set[str]) -> None:
        """`pieces`: those which name a type."""
        self.blocks = blocks
        self.vslo = vslo
        # 'We are not accepting applications for electives' closes a program that there is.
        self.said = []
        refused: set[tuple[str, str]] = set()  # heading, type
        for mention in _mentions(pieces):
            if not mention.denied or mention.quote in closures:
                self.said.append(mention)
            else:
                passed_over("program_types", mention.block, mention.sentence, "denied")
                refused |= {(heading, _type_of(mention)) for heading in mention.block.headings[-1:]}
        if refused:
            told = {(heading, _type_of(m)) for m in self.said for heading in m.block.headings[-1:] if m.place == "text"}
            # 'Observerships: we do not offer any' is a heading of nothing.
            self.said = [
                m for m in self.said if m.place != "heading" or (m.block.text, _type_of(m)) not in refused - told
            ]
        self.said = [
            m._replace(key="observership") if m.key == "observing" and m.place in _NAMED else m for m in self.said
        ]
        named = [m for m in self.said if m.place in _NAMED and not _is_question(m.sentence)]
        self.main = {m.key for m in named if m.key in PROGRAM_TYPES}
        self.for_students = any(m.key == "visiting_student" for m in named)
        # 'Visiting students and observerships': a page on both
        self.on_both = "observership" in self.main and any(
            m.key == "visiting_student"
            and _AND_OTHERS.search(m.sentence)
            and not _OF_OBSERVERS.match(m.sentence, m.match.end)
            for m in named
        )
        self.observe_only = self._observe_only(blocks)
        if (
            self.observe_only
            and "clinical_elective" in self.main
            and all("externship" in m.words.lower() for m in named if m.key == "clinical_elective")
        ):
            self.main = (self.main - {"clinical_elective"}) | {"observership"}

    def _observe_only(self, blocks: list[Block]) -> bool:
        """Are the externships of this page for graduates, and only to watch? ('externship' alone is hands-on.)"""
        if not any("externship" in m.words.lower() for m in self.said):
            return False
        text = " ".join(block.text[:3000] for block in blocks[:60])
        return bool(_GRADUATES.search(text) and _OBSERVE_ONLY.search(text)) and not _EXTERNS_TREAT.search(text)

    def decide(self) -> Iterator[Fact]:
        offered: set[str] = set()
        for kind in PROGRAM_TYPES:
            if kind == "observership" and "clinical_elective" not in offered:
                self.said = [m._replace(key="observership") if m.key == "observing" else m for m in self.said]
            found = (
                self._named(kind)
                or self._headed(kind)
                or self._offered(kind)
                or self._listed(kind)
                or self._inferred(kind)
            )
            if found:
                mention, rule, confidence = found
                offered.add(kind)
                yield _fact("program_types", kind, mention.block, mention.quote, rule, confidence)
        named = next((m for m in self.said if m.key == "visiting_student" and m.place in _NAMED), None)
        if named and not offered and not _is_question(named.sentence):
            # Whom medical schools call visiting students come for electives.
            yield _fact("program_types", "clinical_elective", named.block, named.quote, "visiting_students_named", 0.55)
        elif not offered and (told := self._told()):
            kind, block, sentence, match = told
            yield _fact(
                "program_types", kind, block, quote(sentence, match.start(), match.end()), "type_by_what_is_done", 0.55
            )

    def _told(self) -> tuple[str, Block, str, re.Match[str]] | None:
        """Of a page that names no type (labels schema: a relevant page has one), what its name and its text tell of: the first of `_DONE`.

        Nobody who comes to do research or to watch does nothing but this where the text speaks of rotations.
        """
        names = [(b, b.text) for b in self.blocks if b.kind in ("title", "heading") and b.depth <= 1]
        texts = [(b, s) for b in self.blocks[:80] if b.kind not in ("title", "heading") for s in b.sentences[:40]]
        for kind, in_name, pattern in _DONE:
            for block, sentence in names if in_name else texts:
                match = pattern.search(sentence[:1500])
                if match and not _denied(sentence, match.start(), match.end()):
                    return kind, block, sentence, match
        return None

    def _of(self, kind: str, *places: str) -> Iterator[_Mention]:
        for mention in self.said:
            key = "observership" if self.observe_only and "externship" in mention.words.lower() else mention.key
            if key == kind and (not places or mention.place in places) and self._plausible(mention):
                yield mention

    def _plausible(self, mention: _Mention) -> bool:
        if mention.key == "research" and _MAY_BE_THERE.match(mention.sentence[mention.match.end :]):
            return False  # 'Research opportunities may be available' besides the elective
        if mention.key == "observership" and self.for_students and mention.words.lower().startswith("preceptor"):
            return False  # what a department calls a preceptorship for visiting students is a rotation
        if mention.key == "sub_internship":
            if mention.place not in _NAMED and (
                _DONE_BEFORE.search(mention.sentence) or "scholarship" in mention.sentence.lower()
            ):
                return False
            if mention.words.startswith("AI"):
                return bool(_STUDENTS.search(mention.sentence) or self.for_students) and not _ARTIFICIAL.search(
                    mention.sentence
                )
        return True

    def _named(self, kind: str) -> tuple[_Mention, str, float] | None:
        """The title or the first heading names the type, or names visiting students where the text speaks of electives or rotations."""
        if kind in self.main:
            for mention in self._of(kind, *_NAMED):
                return mention, "type_in_title", 0.95
        if kind == "clinical_elective" and self.for_students and ("observership" not in self.main or self.on_both):
            for mention in self._of(kind):
                if mention.place not in _NAMED and not _DONE_BEFORE.search(mention.sentence):
                    return mention, "visiting_students_page", 0.9
            for mention in self.said:
                if mention.key == "rotation" and not any(self._of("sub_internship", *_NAMED, "heading")):
                    return mention, "visiting_students_rotate", 0.8
        return None

    def _headed(self, kind: str) -> tuple[_Mention, str, float] | None:
        """A heading inside of the page names the type."""
        for mention in self._of(kind, "heading"):
            if _is_question(mention.sentence) and not _INVITING_QUESTION.search(mention.sentence):
                continue
            if kind == "clinical_elective" and self.main and kind not in self.main and not self._heads_offer(mention):
                continue
            return mention, "type_in_heading", 0.8
        return None

    def _heads_offer(self, mention: _Mention) -> bool:
        """On an observer or research page a heading with 'elective' counts when text of its own speaks of it too, without pointing elsewhere."""
        return any(
            other.key == "clinical_elective"
            and mention.sentence in other.block.headings
            and not _REFERRAL.search(other.sentence)
            for other in self.said
        )

    def _offered(self, kind: str) -> tuple[_Mention, str, float] | None:
        """A sentence offers the type."""
        strict = kind == "clinical_elective" and bool(self.main) and kind not in self.main
        for mention in self._of(kind, "text", "item"):
            sentence = mention.sentence
            if _REFERRAL.search(sentence) and (kind not in self.main):
                continue
            if kind == "clinical_elective" and _DONE_BEFORE.search(sentence) and not _HOST_OFFERS.search(sentence):
                continue
            if strict:
                if (
                    "observership" in self.main
                    and re.search(r"\b(?:students?|not eligible)\b", sentence, re.I)
                    and not self.for_students
                ):
                    continue
                if not _HOST_OFFERS.search(_left(sentence, mention.match.start, 160)):
                    continue
            elif not _OFFERED.search(sentence) and not _is_entry(mention):
                continue
            return mention, "type_offered", 0.8
        return None

    def _listed(self, kind: str) -> tuple[_Mention, str, float] | None:
        """A list or table of electives names the type ('Cardiology Elective', 'Surgery Sub-I')."""
        if "observership" in self.main and kind in ("clinical_elective", "sub_internship"):
            return None
        for mention in self._of(kind, "item", "heading"):
            if not _REFERRAL.search(mention.sentence) and (
                not _DONE_BEFORE.search(f"{mention.block.context} {mention.sentence}")
                or (_WE_OFFER.match(mention.block.lead) and not _DONE_BEFORE.search(mention.sentence))
            ):
                return mention, "type_listed", 0.7
        for mention in self._of(kind):
            if mention.block.kind == "row" and kind in ("sub_internship", "research"):
                return mention, "type_in_table", 0.7
        return None

    def _inferred(self, kind: str) -> tuple[_Mention, str, float] | None:
        """Weak: several mentions, or VSLO (which is for electives), on a page that names no type."""
        if kind == "sub_internship" and ("observership" not in self.main or self.on_both):
            for mention in self._of(kind, "text"):
                return mention, "type_mentioned", 0.7
        if self.main or kind in ("research", "sub_internship"):
            return None
        if kind == "observership":
            for mention in self._of(kind, "text", "item"):
                if mention.words.lower().endswith(" observe"):
                    return mention, "may_observe", 0.6
        mentions = [
            m for m in self._of(kind) if not _REFERRAL.search(m.sentence) and not _DONE_BEFORE.search(m.sentence)
        ]
        if len(mentions) > 1:
            return mentions[0], "type_mentioned", 0.6
        if kind == "clinical_elective":
            observers = any(m.key == "observership" for m in self.said)
            sub_interns = False  # their rotations are no electives
            for mention in self.said:
                sub_interns = sub_interns or mention.key == "sub_internship"
                if mention.key == "rotation" and (sub_interns or any(self._of("sub_internship", *_NAMED, "heading"))):
                    continue
                clinical = mention.key in ("rotation", "clinical_elective") and not _REFERRAL.search(mention.sentence)
                if clinical and not observers and (self.vslo or _STUDENTS.search(mention.sentence)):
                    return mention, "students_rotate", 0.6
        return None


def _is_entry(mention: _Mention) -> bool:
    """'A research observership – for those who stay longer': the type is what the paragraph explains."""
    if len(mention.sentence) <= 60 and _LENGTH_AND_TYPE.fullmatch(
        f"{mention.sentence[: mention.match.start]}|{mention.sentence[mention.match.end :]}"
    ):
        return True  # 'Four-week electives.'
    rest = mention.sentence[mention.match.end : mention.match.end + 30]
    return mention.match.start <= 4 and mention.block.text.startswith(mention.sentence) and bool(_EXPLAINED.match(rest))


def _fact(
    field: str, value: Any, block: Block, proof: str, rule: str, confidence: float, audience: Audience = "any"
) -> Fact:
    return Fact(field, value, proof, block.headings, confidence, rule, audience)


# -- status -----------------------------------------------------------------------------------------------------------------------------

_UNTIL = re.compile(r"\b(?:until|once|if|when|unless|after|before|should|whether|as soon as)\b[^.;]{0,40}$", re.I)
_IN_A_MONTH = re.compile(rf"\bin (?:{'|'.join(calendar.month_name[1:])})\b(?! \d{{4}})", re.I)
# 'The Department of Urology is accepting applications' speaks of the house itself.
_THE_HOUSE = re.compile(
    r"\b(?:(?:the|our) (?:department|division|section) of|our (?:department|division|section))\b", re.I
)
_DATES = re.compile(r"\d{1,2}/\d{1,2}")
_GROUPS = frozenset(
    {"international", "osteopathic", "graduate", "young", "resident", "observer", "some", "unaffiliated"}
)  # keys of data/vocabulary/offer_status.yml
_FUTURE = re.compile(r"\b(?:will|to|shall|would|expects? to|plans? to|may|tentatively)\b(?: \w+){0,2} ?$", re.I)
_IS_OPEN = re.compile(
    r"\bapplications?\b[^.;!?]{0,130}?\b(?:is|are|remains?) (?:now |currently |still )?open\b(?! to\b| until (?:the )?closed)",
    re.I,
)
_WILL_BE_OPEN_ALL_YEAR = re.compile(
    r"\bopen (?:all )?year[- ]round\b|\byear[- ]round applications?\b|\baccepted (?:all )?year[- ]round\b", re.I
)
_NEEDS_OBJECT = re.compile(
    r"^(?: (?:any|new|visiting|visitor|external|medical|clinical|international|further|additional|outside|student|elective|observership|observer|of|for|from|the|our|these|more|MD|DO|rotation|research|other|online|global|physician|shadowing|requests?))*"
    r" (?:applications?|applicants?|requests?|observers?|students?|visitors?|observerships?|electives?|rotations?|externs?|clerks?|clerkships?)\b",
    re.I,
)
_FOR_A_YEAR = re.compile(r"\bfor (?:the )?(?:AY\s?\d+|20\d\d)\b", re.I)
_OBJECT = re.compile(
    r"^(?:[^\w.;!?]+\w+){0,6}?[^\w.;!?]+(?:applications?|applicants?|requests?|observers?|students?|visitors?|observerships?|electives?|rotations?|externs?|clerks?|sub-?internships?|clerkships?|externships?)\b",
    re.I,
)
# 'We do not currently offer housing for visiting students' closes no program.
_OTHER_THING = re.compile(
    r"\s+(?:(?:any|an?|the|on-?campus|free|student|financial|visa|travel|health|paid|their|its|our)\s+){0,3}"
    r"(?:housing|lodging|accommodations?|stipends?|scholarships?|funding|aid|assistance|support|sponsorships?|parking|meals|transportation|visas?|insurance|salar(?:y|ies)|compensation"
    r"|letters?|certificates?|credits?|refunds?|waivers?|reimbursement|tours?|child ?care|malpractice|liability|coverage)\b",
    re.I,
)
# 'Join our residency: applications are open' stands below pages on everything.
_OTHER_CALL = re.compile(r"\b(?:residency|residencies|fellowships?|careers?|jobs?|volunteers?)\b", re.I)
_STATUS_KEYS = frozenset({"closed", "refusing", "open"})


def _may_tell_status(piece: _Piece) -> bool:
    """A cheap look: do words stand in the piece by which a status is told?"""
    block, sentence, matches = piece
    if block.kind == "title":
        return False
    for match in matches:
        if match.key in _STATUS_KEYS:
            return True
    return _may_be_open(sentence.lower())


def _find_status(blocks: list[Block], pieces: list[_Piece], about: str = "") -> Iterator[Fact]:
    """'closed' and 'open' as the schema means them: of the program or all of it, now. `about`: the one type there is."""
    telling = [piece for piece in pieces if _may_tell_status(piece)]
    if not telling:
        return
    who = (b.text[:300] for b in blocks if b.kind != "heading" and b.headings and _WHO_HEADING.match(b.headings[-1]))
    heads = (b.text for b in blocks if b.kind == "title" or (b.kind == "heading" and b.depth == 1))
    named = " ".join([about, *heads, *itertools.islice(who, 4)])[:3000]
    facts: list[tuple[Fact, bool]] = []
    for block, sentence, matches in telling:
        if value := _status_of(sentence, named, matches):
            if (
                value == "open"
                and block.headings
                and _OTHER_CALL.search(block.headings[-1])
                and not _OTHER_CALL.search(named)
            ):
                continue
            proof, audience = quote(sentence), audience_of(block, sentence)
            confidence = 0.95 if block.kind in ("heading", "row") or len(sentence) < 120 else 0.85
            fact = _fact("status", value, block, proof, f"program_{value}", confidence, audience)
            facts.append((fact, block.kind == "row"))
    rows = {fact.value for fact, row in facts if row}
    for fact, row in facts:
        # A table of sessions of which one is open is not closed.
        if not (row and fact.value == "closed" and "open" in rows):
            yield fact


def _status_of(sentence: str, named: str, matches: Iterable[Match]) -> str | None:
    if _is_question(sentence):
        return None
    for match in matches:
        if match.key not in _STATUS_KEYS:
            continue
        words_before = _left(sentence, match.start)
        if match.key == "closed" or (match.key == "refusing" and _is_now(sentence)):
            if (
                re.search(r"\b(?:might|may|any|some|could)\b", words_before[-40:], re.I)
                or _UNTIL.search(words_before)
                or _names_a_part(_excepted_apart(sentence, match.end))
                or _DATES.search(sentence)
            ):
                continue
            text = sentence[match.start : match.end].lower()
            if _OTHER_THING.match(sentence[match.end : match.end + 70]):
                continue
            if (match.key == "refusing" or _NEEDS_OBJECT.match(text)) and not _OBJECT.search(
                sentence[match.end : match.end + 70]
            ):
                continue
            if (
                match.key == "closed"
                and not text.startswith(("not", "no ", "do not", "all"))
                and _NEGATION.search(words_before[-30:])
            ):
                continue
            if not _whole(sentence, named):
                continue
            return "closed"
        if match.key == "open":
            all_year = _WILL_BE_OPEN_ALL_YEAR.search(sentence)
            if (
                _UNTIL.search(words_before) or _FUTURE.search(words_before) or _NEGATION.search(words_before)
            ) and not all_year:
                continue
            if re.match(r" to\b(?! new)", sentence[match.end : match.end + 8]) or _of_a_part(sentence):
                continue
            return "open"
    found = _IS_OPEN.search(sentence[:5000]) if _may_be_open(sentence.lower()) else None
    if found and not re.search(
        r"\b(?:not|once|when|if|until|after|before)\b", found[0] + _left(sentence, found.start()), re.I
    ):
        return "open"
    return None


# 'Electives are cancelled, with the exception of those of one department'
_EXCEPTION = re.compile(r",?\s(?:with the exceptions? of|except(?:ing)?(?: for| that)?|other than|apart from)\s", re.I)


def _excepted_apart(sentence: str, start: int) -> str:
    """`sentence` without what it excepts behind `start`."""
    excepted = _EXCEPTION.search(sentence, start)
    return sentence[: excepted.start()] if excepted else sentence


def _of_a_part(sentence: str) -> bool:
    """Is it a part of the program that the sentence calls open? A department that accepts applications is none."""
    return _names_a_part(sentence) and _names_a_part(_THE_HOUSE.sub(" ", sentence))


def _names_a_part(sentence: str) -> bool:
    return "part" in vocabulary("offer_status").keys_in(sentence) or bool(_IN_A_MONTH.search(sentence))


def _is_now(sentence: str) -> bool:
    return "now" in vocabulary("offer_status").keys_in(sentence) or bool(_FOR_A_YEAR.search(sentence))


def _groups(text: str) -> frozenset[str]:
    """The groups of people that `text` names."""
    return _GROUPS & vocabulary("offer_status").keys_in(text)


_WHO_HEADING = re.compile(r"\W*(?:eligib|who (?:can|may|is|should)\b)", re.I)


def _whole(sentence: str, named: str) -> bool:
    """Does a closure hold for what the page is about? One that names a group only does where the page is that group's."""
    groups = _groups(sentence)
    return not groups or groups <= _groups(named)


# -- VSLO -------------------------------------------------------------------------------------------------------------------------------

_VSLO_DENIED = re.compile(
    r"\b(?:do(?:es)? not|don['’]t|doesn['’]t|cannot|can not|not(?! (?:if|when|only|unless|just|yet)\b)|no longer|unable to|without|outside(?: of)?|other than|instead of|rather than|non)\b(?: \w+){0,4}[ -](?:through |via |by |in |the |to |AAMC['’]?s? |of |on |use |with )*$"
    r"|\b(?:left|quit|withdrew from|stopped using|phased out) (?:the )?$",
    re.I,
)
_VSLO_DENIED_AFTER = re.compile(
    r"^[^.;!?]{0,60}?\b(?:(?:is|are|will|can|may|should|do|does)(?: currently| be)? not|cannot|can['’]t|isn['’]t)\b(?: \w+){0,2}? (?:used|available|accepted|apply|be used|possible|required|open|participat\w+|accept)",
    re.I,
)
# 'We are no longer accepting VSLO applications for this year': who says so uses it.
_HALTED_NOW = re.compile(r"\b(?:accepting|taking|reviewing|receiving|processing) (?:any |new |further |more )*$", re.I)
_NOT_THIS = re.compile(
    r"(?:,|\band|\() not (?:through |via |by |in |on )?(?:the )?$|\b(?:left|quit|withdrew from) (?:the )?$", re.I
)  # 'on paper, not VSLO'
_SAME_PORTAL = re.compile(r"\W*(?:(?:service|program|programme|system|platform|application|portal)\b\W*){0,3}", re.I)
_PORTAL_WORD = re.compile(r"\b(?:VSLO|VSAS)\b")
_OF_SCHOOLS = re.compile(
    r"\b(?:your|home|sending|their|whose|a) (?:medical |home )*(?:school|institution)s?\b|\b(?:schools|students|institutions|applicants|members)\b|\baccess\b|\bif you\b",
    re.I,
)


def _vslo_named(sentence: str, matches: Iterable[Match]) -> Iterator[Match]:
    """Where the portal is named, inside of a longer phrase as well: 'now accepting VSLO applications'."""
    for match in matches:
        if match.key == "vslo":
            yield match
        elif inner := _PORTAL_WORD.search(sentence, match.start, match.end):
            yield Match("vslo", inner.start(), inner.end())


def _answered_no(block: Block, question: str, blocks: list[Block]) -> bool:
    """'Do you use VSLO? – We do not.'"""
    behind = block.text.partition(question)[2].strip()
    if not behind:
        at = next((i for i, one in enumerate(blocks) if one is block), len(blocks))
        behind = blocks[at + 1].text if at + 1 < len(blocks) else ""
    answer = _ANSWER.match(behind)
    return answer is not None and answer.lastgroup == "no"


_VSLO_FACTS = 3  # more than so many say nothing new


def _find_vslo(blocks: list[Block], pieces: list[_Piece], observers_only: bool) -> list[Fact]:
    """True where applications of any audience go through VSLO; false where the page denies it and nowhere says so."""
    denials: list[Fact] = []
    found: list[Fact] = []
    for block, sentence, matches in pieces:
        if matches:
            denied = 0  # where a denied name ends: 'do not use Visiting Student Learning Opportunities (VSLO)'
            for match in _vslo_named(sentence, matches):
                if denied and _SAME_PORTAL.fullmatch(sentence, denied, match.start):
                    denied = match.end
                    continue
                before, after = _left(sentence, match.start), sentence[match.end : match.end + 110]
                proof = quote(sentence, match.start, match.end)
                if _is_question(sentence) and _answered_no(block, sentence, blocks):
                    denials.append(
                        _fact("vslo", False, block, proof, "vslo_answered", 0.8, audience_of(block, sentence))
                    )
                    continue
                if (_VSLO_DENIED.search(before) and not _HALTED_NOW.search(before)) or _VSLO_DENIED_AFTER.search(after):
                    denied = match.end
                    own = bool(_NOT_THIS.search(before)) or (
                        not _OF_SCHOOLS.search(before) and "students" not in after[:60].lower()
                    )
                    scoped = "international" in _groups(sentence)
                    if (scoped and "international" in _groups(_names_of(blocks))) or (own and not scoped):
                        denials.append(
                            _fact("vslo", False, block, proof, "vslo_denied", 0.85, audience_of(block, sentence))
                        )
                elif not (
                    observers_only and (_REFERRAL.search(sentence) or re.search(r"\bstudents?\b", sentence, re.I))
                ):
                    strong = bool(
                        re.search(r"\bappl|\bsubmit|\bus(?:e|es|ing)\b|\bthrough\b|\bvia\b|\breceiv", sentence, re.I)
                    )
                    found.append(
                        _fact(
                            "vslo",
                            True,
                            block,
                            proof,
                            "vslo_named",
                            0.95 if strong else 0.8,
                            audience_of(block, sentence),
                        )
                    )
                if len(found) == _VSLO_FACTS:
                    return found
    return (found or denials)[:_VSLO_FACTS]


def _names_of(blocks: list[Block]) -> str:
    """What the page calls itself: its title and its first headings."""
    return " ".join(
        block.text for block in blocks if block.kind == "title" or (block.kind == "heading" and block.depth <= 2)
    )[:2000]


# -- what the visitor gets ----------------------------------------------------------------------------------------------------------------

_ANSWER = re.compile(
    rf"\W*{ANSWER_MARK}(?:(?P<yes>yes|absolutely|certainly)\b|(?P<no>no\b(?! later)|unfortunately|regrettably|not at this time|(?:we|they|you|it|observers|students) (?:do|does|will|are|is|can)(?: ?not\b|n['’]t\b)(?=[.!,;]|\s*$)))",
    re.I,
)
# 'Do I need letters of recommendation?' asks what to hand in.
_HANDED_IN_QUESTION = re.compile(
    r"\b(?:need|requir\w+|submit|send|must|provide letters|include|upload|how many)\b|\b(?:do|does) (?:you|the \w+) (?:want|ask for|look for|accept|expect)\b",
    re.I,
)
_FREE = re.compile(r"free|complimentary|paid|no cost|no charge|without charge|subsidized", re.I)
_LODGING = re.compile(r"housing|lodging|accommodation|room and board|apartment|dormitory", re.I)
_LODGING_COSTS = re.compile(
    r"\$|\b(?:rent|fees?|costs?|per (?:night|week|month)|for purchase|list|information)\b(?! of charge)", re.I
)
_GIVES_MONEY = re.compile(
    r"\$|\b(?:gets?|gives?|given|receives?|received|provides?|provided|offers?|offered|offering|awards?|awarded|includes?|included|available|reimburs\w+|covers?|pays?|eligible|appl(?:y|ying|ication)|funding|supports?|program|granted|opportunit(?:y|ies))\b",
    re.I,
)
_MONEY_FOR_VISITORS = re.compile(
    r"\b(?:scholarships?|stipends?|awards?|grants?)\b[^.;?]{0,20}\bfor (?:visiting|away|external|rotating)\b"
    r"|\b(?:visiting|away|elective|clerkship|externship|rotation|sub-?internship) (?:\w+ ){0,2}(?:scholarships?|stipends?)\b(?![^.;]{0,40}\?)",
    re.I,
)
_NOT_AFTER = re.compile(r"^[^.;!?]{0,40}\b(?:is|are|will|can) not\b|^ cannot\b", re.I)

_HANDS_IN = re.compile(
    r"\b(?:submit|submitting|upload\w*|must (?:provide|have|hold|present|show|send|possess|obtain|complete)|proof of|copy of|copies of|(?:is|are) required|requires?|HIPAA|OSHA|BLS|ACLS|CPR|modules?|e-?learning|insurance|ECFMG"
    r"|applicants? (?:must|should)|malpractice|vaccin\w+|immuniz\w+|translation|translated)\b",
    re.I,
)
_GIVES = re.compile(
    r"\b(?:gets?|receives?|awarded|awards?|issues?|issued|issuance|gives?|given|provides?|provided|presents?|presented|suppl(?:y|ies|ied)|sends? (?:you|each|all|the|observers|visitors|participants)|(?:is|are|be) (?:e-?)?mailed|grants?|granted|earns?|earned|obtain|requests?|entitled|available|upon (?:successful )?completi\w+|completing|at the (?:end|conclusion)|conclusion of|offers?|offered|ends? with)\b",
    re.I,
)
_LETTER_REFUSED = re.compile(
    r"\b(?:(?:not|unable|cannot|can['’]t|neither|nor|no|never|don['’]t|doesn['’]t|won['’]t|decline)\b[^.;!?]{0,60}?\b(?:provid\w+|writ\w+|issu\w+|grant\w*|giv\w+|offer\w*|suppl\w+|furnish\w*|result in|request|ask|expect|receive|obtain|entitle\w*|eligible|lead to|solicit|complete|get)\b"
    r"|not (?:suitable|designed|intended|appropriate|meant))\b",
    re.I,
)
_LETTER_REFUSED_AFTER = re.compile(
    r"^s?\s+(?:is|are|fall|falls) outside (?:of )?the scope\b|^s?\s*[(:–-]\s*no\)|^[^.;!?]{0,50}?\b(?:(?:is|are|will|can|may|should|do)(?: be)? not|cannot|won['’]t)\b(?: \w+){0,2}? ?(?:be )?(?:provided|issued|written|given|granted|offered|available|requested|expected|supplied|furnished|part of|part|guaranteed to)\b",
    re.I,
)
_DENIED_ASKING = re.compile(r"\b(?:not|never|cannot)\b|n['’]t\b|\b(?:must|should|need to|required to)\b", re.I)
_LETTER_GIVEN = re.compile(
    r"\b(?:may|can|could|might|will|are|is|be) (?:also |then |each )?(?:request|ask|receive|obtain|earn|get|be (?:eligible|provided|offered|awarded|granted|given|issued|written|available|able to (?:request|obtain|receive|earn))|able to (?:request|obtain|receive|earn)|eligible)\b"
    r"|\bopportunit(?:y|ies) to (?:obtain|earn|receive|request|gain|secure)\b|\b(?:write|writes|provide|provides|issue|issues|offers?) (?:you |students? |them |observers? |participants? |each \w+ )?(?:with )?(?:a |an |one |up to \w+ |final |strong |personal(?:ized)? |individual(?:ized)? |formal |detailed )*$"
    r"|\b(?:gets?|receives?|leaves? with|(?:is|are) (?:given|provided with)) (?:an? |one |their )$"
    r"|\bwill\b[^.;]{0,140}\b(?:obtain|receive|earn|be given)\s+(?:an? |one |up to \w+ )?(?:standard(?:ized)? |strong |formal |personal |written |departmental )?$"
    r"|\beligible (?:for|to receive)\b|^\W*included (?:in|with)\b|\b(?:upon|after|on) (?:successful |satisfactory )?(?:completion|request)\b|\bat the (?:end|conclusion|discretion)\b|\bearn(?:s|ed)?\b",
    re.I,
)
_LETTER_GIVEN_AFTER = re.compile(
    r"^(?:\s*\([^()]{0,15}\))?[^.;!?]{0,50}?\b(?:may|can|will|is|are) (?:also |then )?(?:be )?(?:provided|issued|written|given|granted|offered|available|requested|considered|possible|earned|obtained|awarded|furnished|supplied|based on)\b"
    r"|^[^.;!?]{0,60}?\b(?:at the (?:end|conclusion|discretion)|(?:up)?on (?:successful )?completion|(?:up)?on request|at (?:his|her|their) discretion)\b",
    re.I,
)
_LETTER_HANDED_IN = re.compile(
    r"\b(?:must|are required to|is required to) (?:also |first )?(?:provide|submit|send|upload|include|supply)\b[^.;]{0,40}$|\bwho (?:can|could|may|might|will) (?:write|provide)\b"
    r"|\b(?:applicants?|students?|candidates?|observers?|you) (?:\w+ )?(?:must|should|need to|are required to|is required to) (?:\w+ )?(?:submit|provide|upload|have|send|include|arrange|supply|obtain|request)\b"
    r"|\b(?:submit|upload|enclose|attach)\w*\b|\b(?:not|is|are) (?:be )?(?:required|recommended|returned|accepted)\b|\bwaive\w*\b|\bhome (?:school|institution)\b|\bapplication (?:form|materials|must|should|requires)\b|\brequire[sd]?\b|\brequirements?\b",
    re.I,
)


_ASKING = ("heading", "definition", "item", "paragraph")


def _find_gains(blocks: list[Block], pieces: list[_Piece]) -> Iterator[Fact]:
    """Compensation, certificate and letter of recommendation: what the host gives, not what the applicant hands in."""
    for question, block in itertools.pairwise(blocks):
        if "?" in question.text and question.kind in _ASKING and _is_question(question.text):
            yield from _answered_gain(question.text, block)
    for block in blocks:
        if "?" in block.text and block.kind in _ASKING and block.kind != "heading":
            for asked, said in itertools.pairwise(block.sentences[:60]):
                if _is_question(asked):
                    yield from _answered_gain(asked, block, said)
    labelled = (
        *(b for b, _, matches in pieces if matches or b.term or len(b.cells) == 2),
        *(b for b in blocks if _labels_pay(b.lower)),
    )
    for block in {id(block): block for block in labelled}.values():  # several pieces may be of one
        if block.kind not in ("title", "heading"):
            yield from _termed_gain(block)
    for block, sentence, matches in pieces:
        if not matches or block.kind == "title" or _is_question(sentence):
            continue
        seen: set[str] = set()
        for match in matches:
            if match.key in seen:
                continue
            seen.add(match.key)
            if match.key in ("unpaid", "stipend", "pay", "sum"):
                gain, field = _compensation(block, sentence, match), "compensation"
            elif match.key == "certificate":
                gain, field = _certificate(block, sentence, match), "certificate_offered"
            elif match.key == "recommendation":
                gain, field = _recommendation(block, sentence, match), "recommendation_offered"
            else:
                continue
            if gain is None:
                passed_over(field, block, sentence, "said_of_others_or_handed_in")
                continue
            proof, audience = quote(sentence, match.start, match.end), audience_of(block, sentence)
            yield _fact(field, gain.value, block, proof, gain.rule, gain.confidence, audience)


# 'Letters of recommendation | Not provided', 'Certificate: on request': a label and what there is of it.
_LABEL = re.compile(r"\W*(?P<term>[^:.;?\n–—]{2,40})(?:[:.]|\s[–—-])\s+(?P<text>[^\n]{2,300})", re.I)
_PAY_TERM = re.compile(r"\W*(?:stipend|salary|pay|payment to (?:you|observers)|compensation|remuneration)\W*$", re.I)
_TERM_YES = re.compile(
    r"\W*(?:yes\b|provided|available|given|issued|offered|on request|upon (?:request|completion)|(?:up)?on completion|(?:at|after) the end|included)",
    re.I,
)
_TERM_NO = re.compile(
    r"\W*(?:no\b|none\b(?! (?:required|needed))|(?:sorry,? |unfortunately,? )?we (?:do not|don['’]t|cannot|can['’]t|are (?:not able|unable) to) (?:issue|give|offer|write|provide|pay)|not (?:paid|provided|available|given|issued|offered|written|guaranteed to)|never\b)",
    re.I,
)
_PAY_LABEL = re.compile(r"\W{0,3}(?:pay|stipend|salary|compensation|remuneration)(?::|\s[–—-])\s")
_PAY_LABEL_BELOW = re.compile(rf"\n{_PAY_LABEL.pattern}")
_UNPAID = re.compile(r"\W*unpaid\b", re.I)
_PAPER_GIVEN = re.compile(r"\W*(?:certificate|letter)\b[^.;]{0,60}\b(?:request|end|complet)", re.I)
_LETTER_TERM = re.compile(
    r"\W*(?:LORs?|letters? of recommendation|recommendation letters?|recommendations?)(?: from (?:us|faculty))?\W*$",
    re.I,
)
_PAPER_TERM = re.compile(
    r"\W*(?:certificates?(?: of (?:completion|attendance|participation))?|proof of (?:attendance|completion)|(?:completion|attendance) certificate)\W*$",
    re.I,
)


def _labels_pay(lower: str) -> bool:
    """Does a line of a block begin with 'Pay:'?"""
    return _PAY_LABEL.match(lower) is not None or (
        "\n" in lower and _PAY_LABEL_BELOW.search(lower, 0, 4000) is not None
    )


def _termed_gain(block: Block) -> Iterator[Fact]:
    """A row, line or definition whose label is a letter, a certificate or pay, and which says whether there is one."""
    if "\n" in block.text and not block.cells and not block.term:
        for line in block.text.split("\n")[:60]:
            yield from _told_by_label(block, "", line)
    elif len(block.cells) == 2:
        yield from _told_by_label(block, block.cells[0].text, block.cells[1].text)
    else:
        yield from _told_by_label(block, block.term, block.text)


def _told_by_label(block: Block, term: str, text: str) -> Iterator[Fact]:
    if not term and (label := _LABEL.match(text)):
        term, text = label["term"], label["text"]
    if not term or len(term) > 50:
        return
    if _PAY_TERM.match(term) and (_TERM_NO.match(text) or _UNPAID.match(text)):
        yield _fact("compensation", "unpaid", block, quote(text), "gain_by_term", 0.85)
        return
    letter = _LETTER_TERM.match(term)
    if not letter and not _PAPER_TERM.match(term):
        return
    field = "recommendation_offered" if letter else "certificate_offered"
    if _TERM_NO.match(text):
        yield _fact(field, False, block, quote(text), "gain_by_term", 0.85)
    elif _TERM_YES.match(text) or (not letter and _PAPER_GIVEN.match(text)):
        yield _fact(field, True, block, quote(text), "gain_by_term", 0.85)


class _Gain(NamedTuple):
    """What a phrase says that the visitor gets, or does not get."""

    value: str | bool
    rule: str
    confidence: float


def _answered_gain(question: str, block: Block, said: str = "") -> Iterator[Fact]:
    """'Will I be paid?', 'Can I get a letter of recommendation?' with the yes or no that opens the answer below, or behind it (`said`)."""
    answer = _ANSWER.match(said or block.text)
    if (
        answer is None
        or len(question) > 200
        or "charged" in vocabulary("offer_money").keys_in(question)
        or _HANDS_IN.search(question)
    ):
        return
    proof = quote(said or (block.sentences or [block.text])[0])
    yes = answer.lastgroup == "yes"
    for match in _few(vocabulary("offer").find(question)):
        if match.key == "recommendation" and not _HANDED_IN_QUESTION.search(question):
            yield _fact("recommendation_offered", yes, block, proof, "letter_answered", 0.8)
        elif match.key == "certificate":
            yield _fact("certificate_offered", yes, block, proof, "certificate_answered", 0.8)
        elif match.key in ("pay", "stipend", "paid") and not yes:
            yield _fact("compensation", "unpaid", block, proof, "pay_answered", 0.8)
        elif match.key == "stipend" and yes and "scholarship" not in question.lower():
            yield _fact("compensation", "stipend", block, proof, "pay_answered", 0.7)
        else:
            continue
        return


# '$4,000' and no refund or discount behind 'scholars receive'
_SUM = re.compile(
    r"[^.;$]{0,40}\$\s?\d[\d,.]*(?! ?(?:refund|discount|credit|invoice|bill|fee))(?![^.;]{0,20}\b(?:refund|discount|invoice|bill)\b)",
    re.I,
)


# 'Granted up to $1,500 to defray travel and housing'
_SUM_GIVEN = re.compile(
    r"\b(?:grant(?:s|ed)?|award(?:s|ed)?|receives?|given|provid(?:es?|ed)|offers?|offered|stipends?|reimburs\w+|scholarships?|covers?|up to|funds?|allowance)\b[^.;$]{0,40}\$\s?\d"
    r"|\$\s?[\d,]{1,9} (?:\w+ ){0,2}(?:stipend|award|grant|scholarship|reimbursement|allowance)",
    re.I,
)


def _compensation(block: Block, sentence: str, match: Match) -> _Gain | None:
    """'unpaid' needs words that say so; 'stipend' money that is given to visitors. That there are no scholarships says nothing of pay."""
    if match.key == "sum":
        given = _SUM.match(sentence, match.end) and not _denied(sentence, match.start, match.end)
        return _Gain("stipend", "money_for_visitors", 0.75) if given else None
    words = sentence[match.start : match.end].lower()
    money = vocabulary("offer_money").keys_in(sentence)
    if "others" in money and "visitor" not in money:
        return None
    if match.key == "pay":
        if _denied(sentence, match.start, match.end) or _NOT_AFTER.match(sentence[match.end : match.end + 60]):
            return _Gain("unpaid", "no_pay", 0.85)
        return None
    if match.key == "unpaid":
        if "charged" in money and not re.search(r"salar|stipend|wage|remunerat|compensat|unpaid", words):
            return None
        return _Gain("unpaid", "no_pay", 0.85)
    if block.kind == "heading" and _MONEY_FOR_VISITORS.search(sentence):
        return _Gain("stipend", "money_in_heading", 0.7)
    if block.kind == "heading" and block.depth == 1 and "scholarship" in words and "visitor" not in money:
        return None
    if _denied(sentence, match.start, match.end) or _NOT_AFTER.match(sentence[match.end : match.end + 60]):
        if "stipend" in words:
            return _Gain("unpaid", "no_stipend", 0.8)
        return None
    given = words.startswith(("defray", "offset", "reimburs")) and bool(_SUM_GIVEN.search(sentence))
    if not given and _LODGING.search(words) and not _FREE.search(words) and _LODGING_COSTS.search(sentence):
        return None
    about = f"{block.context} {sentence}"
    if "scholarship" in words:
        about = f"{sentence} {block.headings[-1] if block.headings else ''} {block.lead}"
    # 'Students may request funded rotations'
    asked = "funded" in words and bool(re.search(r"\b(?:may|can) (?:request|apply for)\b", sentence, re.I))
    if (asked or _GIVES_MONEY.search(sentence)) and "visitor" in vocabulary("offer_money").keys_in(about):
        if _REFERRAL.search(sentence) and not re.search(r"\$|\bour\b|\bavailable\b|\boffer", sentence, re.I):
            return None
        return _Gain("stipend", "money_for_visitors", 0.8)
    return None


def _certificate(block: Block, sentence: str, match: Match) -> _Gain | None:
    """A certificate or letter of completion that the visitor gets; those that an applicant brings are documents."""
    before = sentence[max(0, match.start - 40) : match.start]
    if re.search(r"\b(?:HIPAA|BLS|training|ECFMG|insurance|OSHA|CPR|mask|module)\b[^.;]{0,25}$", before, re.I):
        return None
    if _REFUSED_BEHIND.match(sentence, match.end):
        return _Gain(False, "no_certificate", 0.9)
    if _denied(sentence, match.start, match.end):
        if not re.search(r"\b(?:accept\w*|submit\w*|upload\w*|require[sd]?)\b", sentence, re.I):
            return _Gain(False, "no_certificate", 0.9)
        return None
    told = f"{block.lead} {sentence}" if block.kind == "item" else sentence
    benefit = block.kind == "item" and _is_benefit(block)
    if not (benefit or _GIVES.search(told)) or _HANDS_IN.search(told):
        return None
    if re.search(r"\b(?:completion|degree-granting|diploma)\b", sentence, re.I) and re.search(
        r"\benrolled in\b|\bleading to\b", sentence, re.I
    ):
        return None
    return _Gain(True, "certificate_given", 0.9)


# 'Certificate – we do not issue one'
_REFUSED_BEHIND = re.compile(
    r"(?: of (?:completion|attendance|participation))?s?\s?(?::|\s[–—-])\s(?:sorry,? |unfortunately,? )?(?:we (?:do not|don['’]t|cannot|can['’]t)|not|none\b|no\b)",
    re.I,
)
_BENEFITS = re.compile(
    r"\W*(?:(?:program|participant|observer) )?(?:benefits?\b|perks\b|what (?:you(?:['’]ll| will)?|participants|observers) (?:get|receive|gain|leave with)|what (?:we offer|is included)|what['’]s included"
    r"|(?:you|participants|observers|students|externs|rotators)(?: will)? (?:get|receive)\b)",
    re.I,
)


def _is_benefit(block: Block) -> bool:
    """Does the list say what the visitor gets?"""
    above = block.lead or (block.headings[-1] if block.headings else "")
    return _BENEFITS.match(above) is not None


# Phrases for letters that begin so name the house they come from: 'receive a letter from our chair'.
_FROM_US = re.compile(r"like|want|need|seeking|wish|receive")


def _is_standard_letter(before: str, after: str) -> bool:
    """The standardized letter of evaluation (SLOE) is what some specialties have for a letter of recommendation."""
    return bool(re.search(r"\bstandard(?:ized)?\s+$", before, re.I) or re.match(r"s?\s*\(e?SLOEs?\)", after))


def _recommendation(block: Block, sentence: str, match: Match) -> _Gain | None:
    """A letter from the host to the visitor ('observers may ask for…'); letters that an applicant hands in are documents."""
    start = max(0, match.start - 160)
    before, after = sentence[start : match.start], sentence[match.end : match.end + 120]
    words = sentence[match.start : match.end].lower()
    from_us = "write" in words or _FROM_US.match(words) or (block.kind == "item" and _is_benefit(block))
    if from_us and not _denied(sentence, match.start, match.end):
        return _Gain(True, "letter_given", 0.8)
    handed_in = _LETTER_HANDED_IN.search(before) or re.match(
        r"^[^.;!?]{0,40}\b(?:(?:is|are|be) (?:not )?(?:required|recommended|returned|accepted)|must|should)\b",
        after,
        re.I,
    )
    if words.startswith(("ask", "request")):
        if not (_DENIED_ASKING.search(before) or "applicants" in before.lower()):
            return _Gain(True, "letter_on_request", 0.7)
        return None
    if words == "final letter":
        if re.search(r"\b(?:we|faculty|program)\b[^.;]{0,40}\bwrite", before, re.I):
            return _Gain(True, "letter_given", 0.8)
        return None
    if "evaluation" in words and "recommend" not in words and not _is_standard_letter(before, after):
        return None
    refused = _LETTER_REFUSED.search(before) or _LETTER_REFUSED_AFTER.search(after)
    if (
        not refused
        and re.search(r"\b(?:no|neither|nor)\b[^.;]{0,30}$", before, re.I)
        and re.search(r"\b(?:provided|issued|written|given|granted|offered)\b", after, re.I)
    ):
        refused = re.search(r"\bno\b|\bn?either\b|\bnor\b", before, re.I)
    if refused:
        if not re.search(
            r"\b(?:accept\w*|not required|not need|returned|if you do not|e-?mailed?)\b", sentence, re.I
        ) and not re.search(r"\bapplicants? (?:who|that)\b", before, re.I):
            return _Gain(False, "no_letter", 0.9)
        return None
    if handed_in or _denied(sentence, match.start, match.end):
        return None
    told = f"{block.lead} {before}" if block.kind == "item" else before
    if _LETTER_GIVEN.search(told) or _LETTER_GIVEN_AFTER.search(after):
        return _Gain(True, "letter_given", 0.8)
    return None


# -- specialties --------------------------------------------------------------------------------------------------------------------------

_LIST_HEAD = re.compile(
    r"(?=[acdefiors])(?:\b(?:specialt(?:y|ies)|subspecialt(?:y|ies)|departments?|divisions?|services|disciplines|areas|fields|electives?|rotations?|clerkships?|observerships?|sub-?internships?|institutes|subjects|courses|options|opportunities)\b)",
    re.I,
)
_LIST_OFFERS = re.compile(
    r"\b(?:availab\w*|offer\w*|following|participating|accept\w*|open|listed?|choose|select|include\w*|including|our|observ\w+|electives?|rotations?|clerkships?|specialties|visiting|visitors?|span|options)\b",
    re.I,
)
_LIST_OF_CONDITIONS = re.compile(
    r"(?=[bcfmnopru])(?:\b(?:completed?|completion|prerequisites?|core|requirements?|required|prior|before|must have|not (?:accept|avail|offer|partici)\w*|contacts?|fellowships?|residenc(?:y|ies)|related|news|faculty|our patients|not accepting|unavailable|closed)\b)",
    re.I,
)
_ENUMERATION = re.compile(
    r"\b(?:electives?|rotations?|observerships?|clerkships?|sub-?internships?|externships?|departments?|specialties|areas|experiences|opportunities)\b[^.;!?\n]{0,90}?"
    r"(?:\b(?:offered|available|exist|students|visitors|observers|specialties|departments|areas|placements)\b[^.;!?\n]{0,30}?\b(?:in|including|such as|include|following departments|are)\b:?|\bincluding\b:?|\binclude\b:?|\bsub-?internships in\b|\bin the (?:departments|fields|areas|specialties) of\b:?)\s+"
)  # in small letters
_ENUMERATED = Gates([("elective", "rotation", "observership", "clerkship", "internship", "externship", "department", "specialties", "areas", "experiences", "opportunities")])  # fmt: skip
_NAME_END = re.compile(r",\s*(?:and |or )?|\s+and more\b|(?<=\w) and (?=[\w ]{3,40}\.?$)")
_HEAD_TAIL = re.compile(r"\s+(?:electives?|rotations?|clerkships?)$", re.I)
_INSTITUTE = re.compile(r"\b(?:institute|cent(?:er|re))\b", re.I)
_NOTE = re.compile(r"^\*|\b(?:additional|options?|note)\b", re.I)
_PART_HEAD = re.compile(
    r"^(?:such as|e\.g\.,?|including|sub-?internships in|electives in|rotations in|the|both|either)\s+", re.I
)
_CODE = re.compile(r"^[A-Z]{2,6}[- ]?\d{3,5}[A-Z]?\s*[:–-]\s*")


_TYPED_MARK = re.compile(r"^(?:[•▪●◦‣·■□➢►✓✔–—-]\s*|o\s+|\(?\d{1,2}[.)]\s+)(?=[A-Z])")  # of an item typed as a line


def _is_specialty(text: str) -> bool:
    """Is `text` the name of a specialty, little else beside it?"""
    if not 2 < len(text) <= 90:
        return False
    covered = 0
    for match in vocabulary("specialties").find(text):
        covered += match.end - match.start
    return covered >= 0.45 * len(text)


def _find_specialties(blocks: list[Block]) -> Iterator[Fact]:
    """The specialties that the page itself lists: a list, table or run of headings under words that offer them, or a sentence."""
    seen: set[str] = set()
    count = 0
    for names, rule, confidence in (
        *_listed_specialties(blocks),
        *_headed_specialties(blocks),
        *_enumerated_specialties(blocks),
    ):
        for name, block in names:
            if name.lower() not in seen and count < MAX_SPECIALTIES:
                seen.add(name.lower())
                count += 1
                yield _fact("specialties", name, block, name, rule, confidence)


_Names = list[tuple[str, Block]]


def _introduces(headings: tuple[str, ...], lead: str) -> bool:
    near = [lead] if lead and _LIST_HEAD.search(lead[-200:]) else []
    near = near or ([headings[-1]] if headings else [])
    if not near:
        return False
    if any(_LIST_OF_CONDITIONS.search(text[-200:]) for text in near):
        return False
    text = near[-1][-200:]
    if _LIST_HEAD.search(text) and _LIST_OFFERS.search(text):
        return True
    # Sub-headings (institutes) under 'Available specialties'.
    return any(
        re.search(r"\b(?:specialties|electives|departments|rotations)\b", h, re.I) and not _LIST_OF_CONDITIONS.search(h)
        for h in headings[-3:-1]
    )


def _names_its_row(block: Block) -> bool:
    return block.depth == 0 and len(block.cells) > 1 and bool(block.cells[0].text)


def _listed_specialties(blocks: list[Block]) -> Iterator[tuple[_Names, str, float]]:
    groups: dict[int, list[Block]] = {}
    for block in blocks:
        if block.group and (block.kind == "item" or (block.kind == "row" and _names_its_row(block))):
            groups.setdefault(block.group, []).append(block)
    for members in groups.values():
        if not _introduces(members[0].headings, members[0].lead):
            continue
        items = [
            (_TYPED_MARK.sub("", block.text.partition("\n")[0] if block.kind == "item" else block.cells[0].text), block)
            for block in members
        ]
        good = [(name, block) for name, block in items if _is_specialty(name)]
        if len(good) >= 0.6 * len(items) and (len(good) > 1 or len(items) == 1):
            # A list of departments is taken whole, but for notes at its foot; a table only where its first cell is a specialty.
            listed = good if items[0][1].kind == "row" else items
            yield (
                [(name, block) for name, block in listed if len(name) <= 90 and not _NOTE.search(name)],
                "specialty_list",
                0.85,
            )


def _headed_specialties(blocks: list[Block]) -> Iterator[tuple[_Names, str, float]]:
    runs: dict[tuple[str, ...], _Names] = {}
    find = vocabulary("specialties").find
    for block in blocks:
        if block.kind == "heading" and len(block.text) <= 90 and find(block.text):
            name = _HEAD_TAIL.sub("", _CODE.sub("", block.text))
            if not _is_specialty(name) or _INSTITUTE.search(name):
                continue
            if not any(_is_specialty(_HEAD_TAIL.sub("", heading)) for heading in block.headings[-1:]):
                runs.setdefault(block.headings, []).append((name, block))
    for headings, names in runs.items():
        if len(names) > 2 and _introduces(headings, ""):
            yield names, "specialty_headings", 0.8


def _enumerated_specialties(blocks: list[Block]) -> Iterator[tuple[_Names, str, float]]:
    find = vocabulary("specialties").find
    for block in blocks:
        if block.kind not in ("paragraph", "item", "definition") or (
            "," not in block.text and " and " not in block.text
        ):
            continue
        for sentence in block.sentences:
            if "," not in sentence and " and" not in sentence:
                continue
            if len(sentence) <= 1000 and "\n" not in sentence and not find(sentence):
                continue  # there is not one specialty to enumerate; sentences of several lines have not been looked through yet
            lower = sentence[:3000].lower()
            if not _ENUMERATED.open(lower):
                continue
            match = _ENUMERATION.search(lower)
            if (
                not match
                or _LIST_OF_CONDITIONS.search(sentence[: match.end()])
                or _NEGATION.search(sentence[: match.end()])
            ):
                continue
            parts = _NAME_END.split(sentence[match.end() : match.end() + 1500].rstrip(".! "))
            names = [name for part in parts if part and _is_specialty(name := _PART_HEAD.sub("", part.strip()))]
            if len(names) > 1 and len(names) >= 0.6 * len([p for p in parts if p and p.strip()]):
                yield [(name, block) for name in names], "specialty_sentence", 0.75


# -- the stage ----------------------------------------------------------------------------------------------------------------------------


def find_offer(blocks: list[Block]) -> list[Fact]:
    """Program types, status, VSLO, compensation, certificate, recommendation and specialties that `blocks` state."""
    pieces, named = _pieces(blocks)
    routes = _find_vslo(blocks, pieces, observers_only=False)
    status = list(_find_status(blocks, pieces))
    closures = {fact.quote for fact in status if fact.value == "closed"}
    types = _Types(blocks, named, any(fact.value for fact in routes), closures)
    facts = list(types.decide())
    offered = {fact.value for fact in facts}
    if offered == {"observership"}:
        # What is closed for observers is all that there is.
        status = status or list(_find_status(blocks, pieces, "observership"))
        routes = _find_vslo(blocks, pieces, observers_only=True)
    return [*facts, *status, *routes, *_find_gains(blocks, pieces), *_find_specialties(blocks)]


class OfferStage(Stage):
    """Adds what the host offers."""

    find = staticmethod(find_offer)
