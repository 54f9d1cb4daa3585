"""Who may take part, and whether students of schools outside the US may.

Every group of people that a page names is weighed where it stands: let in ('open to …', '… may apply'), shut out ('not
open to …', '… are not eligible') or merely mentioned. Rulings of the labels schema: visiting students of no named
country are US students; LCME-/COCA-only eligibility, or no students at all, means that international students are not
accepted; a page that says nothing of students says nothing of international ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipelines.eligibility.passages import Passage
from pipelines.eligibility.welcome import LET_IN, NAMED, SHUT_OUT, Say, weigh_all
from scraper.items import Fact
from scraper.scope import Mention, audience_in, mentions
from scraper.statements import ANSWER_MARK
from scraper.text import Gate, has_any
from scraper.vocabulary import vocabulary

_GATE = Gate(
    (
        "student", "school", "physician", "international", "graduate", "lcme", "liaison", "osteopath", "img", "fmg", "resident", "fellow", "professional",
        "clinician", "scholar", "foreign", "doctor", "surgeon", "ologist", "iatri", "trainee", "provider", "personnel", "abroad", "practitioner",
        "faculty", "colleague", "researcher", "domestic", "clerk", "extern", "ms4", "ms-4",
    ),
    ("coca", "aoa", "m4"),
    re.compile(r"coca\b|aoa\b|\bm4"),
)  # fmt: skip
_MAX_SAYS = 500  # no real page says who may come that often; a hostile one shall not cost more
_YES = re.compile(rf"^\W*{ANSWER_MARK}(?:yes|absolutely|certainly|of course)\b", re.I)
_NO = re.compile(
    rf"^\W*{ANSWER_MARK}(?:no\b|unfortunately|regrettably|sorry\b|we are sorry|we['’]re sorry|at this time,? (?:we|no)|we do not|not at this time)",
    re.I,
)
_OF_A_PROGRAM = re.compile(r"\s+(?:\w+\s+)?(?:program(?:me)?|award)\b", re.I)
_SCHOOL_NAMED = re.compile(
    r"(?=[aclu])(?:lcme|coca\b|aoa\b|aacom|liaison|american osteopathic|commission on|\bu\.s\.?|\b(?-i:US|USA)\b|(?<!across the )united states|american)",
    re.I,
)
_ONLY_FROM = re.compile(
    r"\b(?:only|exclusively|solely|unless|except|limited to|restricted|reserved|pre-?selected|select(?:ed)? number|small number|handful|nominated|(?:from|of|at) (?:our|one of our|partner)|provided (?:that |the |your |their )|as long as|who attend our|must (?:have|be|attend|come)|with (?:which|whom)|established|has an?|have an?|alone)\b",
    re.I,
)
_STUDENT_PAGE = re.compile(
    r"\b(?:clerkships?|electives?|sub-?internships?|acting internships?|(?:away|visiting) (?:rotations?|students?)|medical student|student rotations?|sub-?i)\b",
    re.I,
)
_MEDICAL_STUDENT = Gate(
    (
        "medical student", "medical school", "visiting student", "visiting medical", "clerkship", "school of medicine", "college of medicine",
        "student elective", "student rotation", "sub-intern", "subintern", "away rotation",
    ),
    ("ms4", "ms-4", "m4"),
    re.compile(r"\bms-?4|\bm4s?\b"),
)  # fmt: skip
# What only some can hand in tells who they are, where the page does not: a licence is older than a degree.
_HELD = (
    ("license", "physician", "medical_license_demanded"),
    ("degree", "graduate", "medical_degree_demanded"),
)
_VISITING_STUDENT = re.compile(r"(?:visiting|guest|away|rotating|external|outside)\b", re.I)
# How students of US schools apply says nothing of others.
_BY_PORTAL = re.compile(
    r"^(?:[^.;]|(?<=U)\.|(?<=S)\.){0,80}?\b(?:must|should|may|can|will|need to)? ?(?:apply|submit|use)\b[^.;]{0,80}\b(?:VSLO|VSAS|Visiting Students? (?:Learning|Application)|form\b|portal\b)",
    re.I,
)
# Who is preferred is not alone.
_PREFERRED = re.compile(
    r"\b(?:given|receive|have) (?:first )?(?:preference|priority|first choice)\b|\bpreferred\b", re.I
)
_SCHOLARS = re.compile(r"\bvisiting scholars? (?:program|award|elective|rotation|scholarship)", re.I)
# Programs for students of groups that are few in medicine call those whom they pay for scholars.
_GIVEN_TO_FEW = Gate(("underrepresented", "under-represented", "urim"))
# On a page for students from abroad: 'US students are welcome to the same electives'.
_ALSO = re.compile(r"\b(?:also|too|as well|same|likewise|equally)\b", re.I)
_NAMED_STUDENT = re.compile(r"(?!students?\b)", re.I)
_FOR_THEM = re.compile(
    r"\b(?:electives?|rotations?|clerkships?|observerships?|externships?|experiences?|program(?:me)?s?|opportunit(?:y|ies)|research|internships?|year|placements?|fellowships?|training)\b[^.;?]{0,25} for(?: [\w-]+){0,2} $",
    re.I,
)
_CLAUSES = re.compile(r"[^;]+(?:;|$)")
# One kind of placement among others.
_SOME_KINDS = re.compile(
    r"\W*(?:please note:? |note:? )?(?:that )?(?:the |our |all |these )?(?:sub-?\s?internships?|acting internships?|sub-?is?\b|core clerkships|(?:required|third[- ]year|advanced|ambulatory|emergency medicine|intensive care|icu) (?:[\w-]+ ){0,3}(?:clerkships?|electives?|rotations?|selectives?|courses?)|selectives?\b)[^.]{0,120}?\b(?:is|are) not\b"
)
_EXCHANGE = re.compile(
    r"\bnon-?\s?partner|\bpartner (?:institution|school|university) or (?:have|hold|be|with)\b|\bwill need to complete\b|\bwith the exception of\b|\bpriority\b|\bpreference\b",
    re.I,
)


def find_people(passages: list[Passage]) -> list[Fact]:
    """Facts on audiences, on international students, and on partner schools as the only ones that may send them."""
    says: list[Say] = []
    partners: list[Passage] = []
    asked: list[Mention] = []
    me: list[Mention] = []
    people = vocabulary("audiences").find
    for passage in passages:
        if asked and (_YES.match(passage.text) or _NO.match(passage.text)) and not passage.is_heading:
            polarity = LET_IN if _YES.match(passage.text) else SHUT_OUT
            if any(m.group == "international_student" for m in asked) and _is_partner_answer(passages, passage):
                partners.append(passage)
            says += [Say(m.group, polarity, 3, passage, 0, min(len(passage.text), 60)) for m in asked]
        asked = []
        if me and _about_admission(passage):
            asked = me
        me = []
        if len(says) >= _MAX_SAYS:
            continue
        found = list(mentions(passage.text)) if people(passage.text) else []
        if not (found or (passage.named and passage.names("agreement", "partner"))) or not _GATE.opens(passage.lower):
            continue
        if _about_admission(passage):
            # 'I am a student: can I apply for the Visiting Physician Program?' asks for the student.
            asked = [m for m in found if not _OF_A_PROGRAM.match(passage.text, m.end)]
        if passage.block.kind != "item" and _ABOUT_ME.match(passage.text):
            me = found  # 'I am a medical student. May I observe?'
            continue
        says += weigh_all(passage, found)
        if _is_partner(passage, found):
            partners.append(passage)
    says += _columns(passages)
    return _settle(passages, says, partners)


# 'Fee: –', 'Visa: N/A' say nothing of who may come.
_EMPTY_CELL = re.compile(r":\s*(?:no\b.*|none\b.*|not\b.*|n/?a|[–—✗✘xX-])?[\s.]*$", re.I)
_ADMITTED = re.compile(
    r"\W*(?:eligib|accept|admit|may (?:apply|rotate|come)|can (?:apply|rotate|come)|open|who |welcome|allowed|available)",
    re.I,
)


def _columns(passages: list[Passage]) -> Iterator[Say]:
    """Who has a column of a table: 'US students | International students' over what is asked of each."""
    below: dict[str, list[Passage]] = {}
    for passage in passages:
        if passage.column:
            below.setdefault(passage.column, []).append(passage)
    for column, cells in below.items():
        told = next((p for p in cells if not _EMPTY_CELL.search(p.text)), None)
        shut = next((p for p in cells if _ADMITTED.match(p.text) and _EMPTY_CELL.search(p.text)), None)
        if (telling := shut or told) is None:
            continue
        named = [mention.group for mention in mentions(column)]
        if not named and (whose := audience_in(column)) in _BARE:
            named = [_BARE[whose]]
        for one in named:
            group = {"visitor_abroad": "international_student", "graduates": "graduate"}.get(one, one)
            if group in _IN_COLUMNS:
                yield Say(group, SHUT_OUT if shut else LET_IN, 2, telling, 0, min(len(telling.text), 60))


_BARE: dict[str | None, str] = {"international": "international_student", "us": "us_student"}
_IN_COLUMNS = frozenset(["us_student", "international_student", "everyone", "student", "graduate", "physician"])


_ABOUT_ME = re.compile(
    r"\W*(?:Q[:.]\s*)?(?:what )?(?:if )?I(?: am|['’]m| study| attend| go to| have| graduated)\b", re.I
)


def _about_admission(passage: Passage) -> bool:
    """'Can international students apply?', 'Do you accept graduates?': the answer follows."""
    return passage.text.endswith("?") and bool(
        re.match(r"^\W*(?:can|may|do|does|are|is|am|i)\b", passage.text, re.I)
        and re.search(
            r"accept|eligib|apply|participat|rotat|take|taking|admit|host|consider|welcom|open|offer|observ|shadow|come",
            passage.lower,
        )
    )


def _is_partner(passage: Passage, found: list[Mention]) -> bool:
    """International students from partner schools alone: 'only from schools with which we have an exchange agreement'."""
    if passage.is_heading or not passage.names("agreement", "partner") or _EXCHANGE.search(passage.text):
        return False
    groups = {mention.group for mention in found}
    abroad = (
        bool(groups & {"international_student", "visitor_abroad", "offshore"})
        or passage.audience == "international"
        or "international" in passage.lower
    )
    chosen = _ONLY_FROM.search(passage.text) or (
        passage.block.kind == "item" and passage.demanded_list and "international" in passage.lower
    )
    return (
        abroad
        and bool(chosen)
        and not re.search(r"\bregardless\b|\bnot required\b|\bno agreement\b|\bdoes not require\b", passage.lower)
    )


# 'We only accept students from the following schools:'
_FROM_THESE = re.compile(
    r"\b(?:only|exclusively|solely)\s(?:\w+\s){0,2}?(?:accepts?|takes?|hosts?|admits?|considers?|open to|available to)\b[^.;]{0,50}\b(?:from|of|at)\s(?:one of )?(?:the following|these|the schools listed|the institutions listed)\b"
    r"|\b(?:accepts?|takes?|hosts?|admits?|considers?|accepted|limited to|restricted to)\b[^.;]{0,60}\bonly\s(?:\w+\s)?(?:from|of|at)\s(?:one of )?(?:the following|these)\b",
    re.I,
)


def _settle(passages: list[Passage], says: list[Say], partners: list[Passage]) -> list[Fact]:
    """One answer for each audience from all that the page says."""
    heads = [
        p
        for p in passages
        if (kind := p.block.kind) == "title" or (kind == "heading" and p.block.depth == 1 and not p.is_question)
    ]
    head_groups = {m.group for p in heads for m in mentions(p.text)}
    abroad_page = bool(head_groups & {"international_student", "visitor_abroad"}) and not head_groups & {
        "us_student",
        "everyone",
        "visitor_home",
    }

    told: dict[tuple[int, str], list[Say]] = {}
    for say in says:
        if say.polarity == LET_IN or not say.partial:
            told.setdefault((say.polarity, say.group), []).append(say)

    def pick(polarity: int, group: str, firm: int = 1) -> Say | None:
        chosen = [s for s in told.get((polarity, group), ()) if s.firmness >= firm]
        return max(chosen, key=lambda s: (s.firmness, -s.passage.index), default=None) if chosen else None

    everyone = pick(LET_IN, "everyone")
    abroad = pick(LET_IN, "international_student", firm=2) or everyone
    refused = pick(SHUT_OUT, "international_student", firm=2)
    generic, generic_refused = pick(LET_IN, "student"), pick(SHUT_OUT, "student", firm=2)
    if generic_refused and (generic is None or generic.firmness < 3):
        generic = None
    if generic and not any(_MEDICAL_STUDENT.opens(p.lower) for p in passages):
        generic = None
    us = pick(LET_IN, "us_student") or everyone
    if generic or us:
        # On a page on students 'international applicants' are students.
        abroad = abroad or pick(LET_IN, "visitor_abroad", firm=3)
        refused = refused or pick(SHUT_OUT, "visitor_abroad", firm=3)
    us_school = max(
        (
            s
            for s in says
            if s.group == "us_student"
            and s.polarity == LET_IN
            and _SCHOOL_NAMED.search(s.passage.text[max(0, s.start - 25) : s.end])
            and not _PREFERRED.search(s.passage.text[s.end : s.end + 120])
            and not _BY_PORTAL.match(s.passage.text[s.end : s.end + 200])
            and not (abroad_page and _ALSO.search(s.passage.text[s.end : s.end + 120]))
        ),
        key=lambda s: s.firmness,
        default=None,
    )
    facts: list[Fact] = []

    def audience(group: str, say: Say, rule: str) -> None:
        confidence = {3: 0.95, 2: 0.8}.get(say.firmness, 0.6)
        if rule == "students_of_no_named_country":
            confidence = min(confidence, 0.8)  # a ruling of the labels schema, in no page's words
        facts.append(say.passage.fact("audiences", group, rule, say.start, say.end, confidence))

    def accepts(value: str, say: Say, rule: str, confidence: float) -> None:
        facts.append(say.passage.fact("accepts_international", value, rule, say.start, say.end, confidence))

    if abroad is None and refused is None and abroad_page:
        # 'Research Year for International Medical Students' over a text that names nobody
        abroad = next(
            (
                s
                for s in says
                if s.group == "international_student"
                and s.polarity == LET_IN
                and s.passage in heads
                and _FOR_THEM.search(s.passage.text[: s.start])
            ),
            None,
        )
    if abroad and abroad is everyone and refused and refused.firmness == 3:
        abroad = None  # 'Visitors, foreign and domestic' are others: 'we do not allow international students to enroll'
    if abroad is None and refused is None:
        abroad = generic if generic and abroad_page else _hint(passages, says)
    if abroad and refused and "observ" in abroad.passage.lower and "observ" not in refused.passage.lower:
        refused = None  # no electives for students from abroad, who may come as observers
    if abroad and refused and _SOME_KINDS.match(refused.passage.lower, 0, refused.start):
        refused = None  # 'Sub-internships are not available to international students', who may take electives
    others_refused = next(
        (s for s in says if s.group == "international_student" and s.polarity == SHUT_OUT and _others(s)), None
    )
    partners = [p for p in partners if not any(s.passage is p and _plainly(s) for s in says)]
    if abroad and not partners:
        # Whoever comes is from a school that is named, so that those from abroad are too.
        partners = [p for p in passages if p.names("partner") and "only" in p.lower and _FROM_THESE.search(p.lower)]
    if partners or others_refused:
        passage = partners[0] if partners else others_refused.passage  # type: ignore[union-attr]
        facts.append(passage.fact("accepts_international", "partners_only", "partners_only", confidence=0.95))
        facts.append(passage.fact("affiliation_required", True, "partners_only"))
        facts.append(passage.fact("audiences", "international_student", "partners_only"))
    elif abroad and not (refused and abroad.firmness < refused.firmness):
        accepts("yes", abroad, "international_welcome", 0.95 if abroad.firmness == 3 else 0.8)
        audience("international_student", abroad, "international_welcome")
    elif refused:
        accepts("no", refused, "international_refused", 0.95)
    elif generic_refused and not generic and not us:
        accepts("no", generic_refused, "students_refused", 0.8)
    elif us_school and not any(s.partial and s.group == "international_student" for s in says):
        # Where only some students from abroad are shut out, others are not.
        accepts("no", us_school, "us_schools_only", 0.7 if us_school.firmness > 1 else 0.6)
    if us:
        audience("us_student", us, "us_students")
    elif generic and not abroad_page and not (abroad and _means_abroad(says)):
        audience("us_student", generic, "students_of_no_named_country")
    for group in ("graduate", "physician"):
        welcome, shut = pick(LET_IN, group), pick(SHUT_OUT, group, firm=2)
        if (
            welcome
            and facts
            and welcome.words.lower().startswith("visiting scholar")
            and (
                any(map(_SCHOLARS.search, (p.text for p in heads)))
                or any(map(_GIVEN_TO_FEW.opens, (p.lower for p in passages)))
            )
        ):
            continue  # students who are given an award
        if welcome and welcome.firmness == 1 and facts and "trainee" in welcome.words.lower():
            continue  # 'Visiting Trainee Program' over a text that tells who trains
        if welcome and not (shut and shut.firmness >= welcome.firmness):
            audience(group, welcome, f"{group}_welcome")
    if any(fact.field == "audiences" for fact in facts):
        return facts
    held, group, rule = next(
        (
            (p, group, rule)
            for key, group, rule in _HELD
            for p in passages
            if p.demands and not p.is_heading and p.find(key)
        ),
        (None, "", ""),
    )
    if held and not generic_refused:
        facts.append(held.fact("audiences", group, rule, confidence=0.6))
    elif not generic_refused and (named := _named_visitors(says)):
        facts.append(
            named.passage.fact("audiences", "us_student", "visiting_students_named", named.start, named.end, 0.6)
        )
    elif not generic_refused and (visitor := _physicians_named(heads)):
        passage, mention = visitor
        facts.append(
            passage.fact("audiences", "physician", "visiting_physicians_named", mention.start, mention.end, 0.6)
        )
    elif not generic_refused:
        lower = (p for p in passages if p.is_heading and not p.is_question and p.block.depth <= 3)
        head = next((p for p in (*heads, *lower) if _STUDENT_PAGE.search(p.text)), None)
        if head:
            facts.append(head.fact("audiences", "us_student", "page_on_student_electives", confidence=0.6))
    return facts


def _named_visitors(says: list[Say]) -> Say | None:
    """'Visiting students receive no pay', where the page says nowhere who may come: it is for visiting students."""
    return next((s for s in says if s.polarity == NAMED and _VISITING_STUDENT.match(s.words)), None)


def _physicians_named(heads: list[Passage]) -> tuple[Passage, Mention] | None:
    """'Policy on Visiting Residents', where the page says nowhere who may come."""
    for head in heads:
        for mention in mentions(head.text):
            if mention.group == "physician" and head.text[mention.start : mention.end].lower().startswith(_COMING):
                return head, mention
    return None


_COMING = ("visiting", "inbound", "incoming", "external", "outside", "rotating")


def _hint(passages: list[Passage], says: list[Say]) -> Say | None:
    """A heading on international students whose section tells them what to do."""
    for say in says:
        if say.group != "international_student" or say.polarity != LET_IN or say.firmness != 1:
            continue
        heading = say.passage.text
        if not say.passage.is_heading:
            return say
        if any(
            heading in p.block.headings and p.demands and not p.is_heading and "demand" in p.cues
            for p in passages[say.passage.index + 1 : say.passage.index + 60]
        ):
            return say
    return None


def _means_abroad(says: list[Say]) -> bool:
    """Are the students of no named country those from abroad, of whom the page speaks elsewhere?

    So it is where nothing but a heading names them, where the list of who may come names international students alone,
    and where the page speaks of those more often, unless its title is on visiting students in general.
    """

    def in_list(say: Say) -> bool:
        return any(
            re.search(r"eligib|open to|who (?:can|may|is)|qualif", above, re.I) for above in say.passage.above[:2]
        )

    abroad = [s for s in says if s.group == "international_student" and s.polarity == LET_IN and s.firmness > 1]
    others = [s for s in says if s.group == "student" and s.polarity == LET_IN and s.firmness > 1]
    if not abroad:
        return False
    if not any(s.group == "student" and s.firmness != 1 for s in says):
        return True
    if any(s.group == "student" and s.firmness == 1 and s.passage.block.depth <= 1 for s in says):
        return False
    if not any(s.group == "student" and s.firmness != 1 and _NAMED_STUDENT.match(s.words) for s in says):
        return True  # 'the student must …' means those of whom the page speaks
    if len(abroad) >= 2 and len(abroad) > len(others):
        return True
    return any(in_list(s) for s in abroad) and not any(in_list(s) for s in others)


def _plainly(say: Say) -> bool:
    """'Only schools with an agreement; students of schools abroad cannot be placed': refused in a clause of its own."""
    if say.polarity != SHUT_OUT or say.group != "international_student" or say.partial or _others(say):
        return False
    clause = next(c for c in _CLAUSES.finditer(say.passage.text) if c.end() >= say.end)
    words = vocabulary("eligibility").keys_in(clause[0])
    return clause.start() > 0 and not words & {"agreement", "partner"}


# 'International students of schools that are not affiliated with us', 'outside of our partnerships'
_NOT_PARTNERS = re.compile(
    r"\b(?:(?:not|never)\s(?:\w+\s){0,2}?(?:affiliated|partnered|partners?)\b|not\s(?:part of|covered by|under|nominated (?:by|under))\s(?:an?|our|the|one of our)\s(?:\w+\s){0,3}?(?:agreement|partner\w*|affiliat\w+|exchange|contract)|(?:un|non-?\s?)affiliated|(?:outside(?: of)?|other than|except)\s(?:our|the|those)\s(?:\w+\s){0,3}?(?:partner\w*|affiliat\w+|exchange)"
    r"|(?:without|(?:has|have|hold) no|do(?:es)? not have)\s(?:an?\s)?(?:\w+\s){0,3}?(?:agreement|affiliation|partnership|contract|relationship|exchange|mou)\b)",
    re.I,
)


def _others(say: Say) -> bool:
    """'Students from other international schools are not accepted': so those of the schools just named are."""
    words = say.passage.text[max(0, say.start - 30) : say.end + 130]
    if has_any(
        words.lower(), ("affiliat", "partner", "agreement", "exchange", "contract", "relationship", "mou")
    ) and _NOT_PARTNERS.search(words):
        return True
    return bool(
        re.search(
            r"\b(?:from|of|at|no) (?:any |all )?other\b", say.passage.text[max(0, say.start - 30) : say.end], re.I
        )
    )


def _is_partner_answer(passages: list[Passage], answer: Passage) -> bool:
    """'Do you accept international students? – Yes, if your school has an agreement with us.'"""
    near = [p for p in passages[answer.index : answer.index + 3] if p.block is answer.block]
    return any(
        p.find("agreement", "partner")
        and re.search(r"\bprovided\b|\bif\b|\bonly\b|\bmust\b|\bas long as\b|\bwhose\b|\bneed", p.lower)
        for p in near
    )
