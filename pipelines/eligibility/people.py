"""Who may take part, and whether students of schools outside the US may.

Every group of people that a page names is weighed where it stands: let in ('open to …', '… may apply'), shut out ('not
open to …', '… are not eligible') or merely mentioned. Rulings of the labels schema: visiting students of no named
country are US students; LCME-/COCA-only eligibility, or no students at all, means that international students are not
accepted; a page that says nothing of students says nothing of international ones.
"""

from __future__ import annotations

import re

import attrs

from pipelines.eligibility.passages import Passage
from scraper.items import Fact
from scraper.scope import Mention, mentions

_GATE = re.compile(
    r"student|physician|graduate|lcme|coca\b|aoa\b|liaison|osteopath|school|img|fmg|resident|fellow|professional|clinician|scholar|international|"
    r"foreign|doctor|surgeon|trainee|provider|personnel|abroad|practitioner|faculty|colleague|researcher|domestic|clerk|extern|ms-?4|\bm4"
)
_CLAUSE = re.compile(r"[;:]\s|,?\s+(?:but|however|whereas|although|though|while|yet)\s+|\s[–—-]\s|\.\s", re.I)
_NEGATOR = r"(?:\b(?:not|cannot|unable|never|no|neither|nor|no longer|ineligible)\b|n['’]t\b)"
_NOT_ONLY = re.compile(r"\bnot\s+(?:only|limited|just|solely)\b|\bno\s+(?:later|more|fee|cost|charge)\b", re.I)
_WELCOME_BEFORE = re.compile(
    r"\b(?:open(?: only)? (?:to|for)|available(?: only)? (?:to|for)|(?:designed|intended|meant|aimed|geared|suitable|suited|reserved|tailored|option|ideal)(?: \w+)? (?:for|at|to|toward|towards)"
    r"|welcom(?:e|es|ing)|accept(?:s|ed|ing|ance of)?|invit(?:e|es|ing)|hosts?|hosting|limited to|restricted to|granted to|extended to|offered to|given to|provided to|allow(?:s|ing)?|enabl(?:es|ing)|permits?"
    r"|offers?|offering|provides?|providing|applications? (?:for [\w ]{1,30} )?(?:from|by|of)|requests? (?:for [\w ]{1,40} )?(?:from|by)|inquiries from"
    r"|(?:programs?|observerships?|electives?|rotations?|opportunit(?:y|ies)|openings?|positions?|experiences?|clerkships?|externships?|preceptorships?|training|spots?|places?|internships?|sub-?i(?:nternship)?s?|slots?)"
    r"(?: (?!with|by|our|the)\w+){0,3} (?:for|to)|(?:is|are) for|defined as|must be|should be|(?:is|are) an?\b|you(?: are|['’]re)|be (?:one of|an?)|(?:applicants|participants|observers|visitors) (?:are|include|may be)"
    r"|eligible (?:applicants|participants|candidates|groups)|consider(?:s|ed)?|recruit(?:s|ing)?|admits?|take(?:s)?|serves?|accommodat(?:e|es|ing)|from)\b",
    re.I,
)
_WELCOME_AFTER = re.compile(
    r"^[^.;?]{0,130}?\b(?:(?:may|can|could|should|must|need to|have to|will)(?: also| only| still)? (?:apply|participate|request|rotate|attend|observe|take|enroll|submit|complete|contact|be in|be enrolled|be a|have|be considered|be accepted|be fluent|provide|do|use|shadow|spend|register)"
    r"|(?:are|is)(?: also| most| always| now| currently)? (?:eligible|welcome|invited|encouraged|accepted|considered|permitted|allowed|able|required|admitted|offered|asked)|will be (?:considered|accepted|permitted)"
    r"|who (?:wish|want|would like|are interested|are seeking|seek|are enrolled|have completed|meet)|(?<!be )interested in|wishing to|seeking (?:to|an?|observ|clinical|elective)"
    r"|(?:have|has) the opportunity|opportunity to|to (?:observe|rotate|participate|apply|shadow)|consider applying|apply (?:through|via|by|online|in|directly)|applying (?:to|for|from)|enrolled in|rotate)\b",
    re.I,
)
_SHUT_AFTER = re.compile(
    r"^(?P<between>[^.;?]{0,110}?)(?:\b(?:(?:is|are|were|be|been) (?:(?!who|that)\w+ )?(?:not|never) (?:\w+ ){0,2}?(?:eligible|accepted|permitted|allowed|considered|able|admitted|offered|hosted|available|accommodated|open)"
    r"|not eligible|ineligible|cannot (?:be|apply|participate|rotate|attend|observe|take)|(?:may|can|should|will|do|does) ?not (?:qualify|apply|participate|be |rotate|attend|accept|take part)|need not apply|(?:is|are) excluded)|n['’]t (?:eligible|accepted|permitted|apply|be )\b)"
    r"(?P<rest>[^.;]{0,60})",
    re.I,
)
_RESTRICTED = re.compile(r"\b(?:who|that|whose|seeking|wishing|without|with|in the last|enrolled in (?:a|the) (?:virtual|online))\b", re.I)
_OTHER_MATTER = re.compile(
    r"\b(?:services|stipends?|scholarships?|financial|housing|funding|insurance|benefits|salar(?:y|ies)|compensation|parking|core clerkships|credit|letters?|health care|access|library|employ\w*|e-?mail|tuition)\b",
    re.I,
)
_SOME_PLACES = re.compile(r"\bnot all\b|\b(?:some|certain|many|most|few)\s+(?:\w+\s+)?(?:departments?|electives?|rotations?|clerkships?|programs?|courses?|services?|divisions?|specialties|sites|of)\b", re.I)
_PORTAL = re.compile(r"\b(?:vslo|vsas|portal)\b", re.I)
_POINTER = re.compile(
    r"^\W*(?:please\s+|note:?\s+|also\s+)?(?:for|see|visit|click|refer|view|go to|return|learn more|looking|are you)\b|\b(?:please|kindly)\s+(?:see|visit|refer|click|review|follow|read|go)\b|\bmay be interested in\b"
    r"|\b(?:see|visit|refer to|follow|click)\b[^.]{0,60}\b(?:page|website|site|guidelines|instructions|link|section|here|process|tab)\b|\bwill follow\b",
    re.I,
)
_WHO_LIST = re.compile(
    r"eligib|qualif|\bwho (?:can|may|is|are|should)|open to|one of the following|criteria|\b(?:must|should) be|audience|following (?:groups|categories|individuals|people|applicants)|types of|"
    r"accept(?:s|ed)?\b|categor|requirement|participants|candidates",
    re.I,
)
_STAFF_BEFORE = re.compile(
    r"\b(?:with|by|under|our|shadow\w*|observing|supervis\w*|attending|faculty|teach\w*|train(?:s|ing|ed)?|from an?|signed|letter|recommendation|approval|sponsor\w*|of the|among|between|interact\w*|treat\w*|referr\w*|learn\w*|serve)\b[^,;]{0,40}$",
    re.I,
)
_PROGRAM_WORD = re.compile(r"visit|program|observ|elective|rotat|clerkship|student|extern|intern|preceptor|opportunit|shadow|scholar|guest|graduate|img|physician", re.I)
_YES = re.compile(r"^\W*yes\b", re.I)
_NO = re.compile(r"^\W*(?:no\b|unfortunately|at this time,? (?:we|no)|we do not|not at this time)", re.I)
_SCHOOL_NAMED = re.compile(r"lcme|coca\b|aoa\b|aacom|liaison|osteopath|allopath|\bu\.?s\.?a?\b|united states|american|domestic|\bdo\b|d\.o\.", re.I)
_ONLY_FROM = re.compile(
    r"\b(?:only|exclusively|solely|unless|except|limited to|restricted|reserved|pre-?selected|select(?:ed)? number|small number|nominated|from (?:our|an?|one of our)|who attend our|must (?:have|be|attend|come)|with (?:which|whom)|established|has an?|have an?)\b",
    re.I,
)
_STUDENT_PAGE = re.compile(r"\b(?:clerkships?|electives?|sub-?internships?|acting internships?|away rotations?|medical student|student rotations?|sub-?i)\b", re.I)
_EXCHANGE = re.compile(r"\bwill need to complete\b|\bpriority\b|\bpreference\b", re.I)

LET_IN, SHUT_OUT = 1, -1


@attrs.frozen
class Say:
    """What one passage says of a group: let in or shut out, how firmly (3 in so many words, 2 in a list of who may come, 1 by a heading), in which words."""

    group: str
    polarity: int
    firmness: int
    passage: Passage
    start: int
    end: int
    partial: bool = False

    @property
    def words(self) -> str:
        return self.passage.text[self.start : self.end]


def find_people(passages: list[Passage]) -> list[Fact]:
    """Facts on audiences, on international students, and on partner schools as the only ones that may send them."""
    says: list[Say] = []
    partners: list[Passage] = []
    asked: list[Mention] = []
    for passage in passages:
        if asked and (_YES.match(passage.text) or _NO.match(passage.text)) and not passage.is_heading:
            polarity = LET_IN if _YES.match(passage.text) else SHUT_OUT
            says += [Say(m.group, polarity, 3, passage, 0, min(len(passage.text), 60)) for m in asked]
        asked = []
        if not _GATE.search(passage.lower):
            continue
        found = list(mentions(passage.text))
        if _about_admission(passage):
            asked = found
        if not found:
            if _is_partner(passage, found):
                partners.append(passage)
            continue
        says += [say for mention in found if (say := _weigh(passage, mention))]
        if _is_partner(passage, found):
            partners.append(passage)
    return _settle(passages, says, partners)


def _about_admission(passage: Passage) -> bool:
    """'Can international students apply?', 'Do you accept graduates?': the answer follows."""
    return passage.text.endswith("?") and bool(
        re.match(r"^\W*(?:can|may|do|does|are|is|am|i)\b", passage.text, re.I) and re.search(r"accept|eligib|apply|participat|rotat|take|open|offer|observ", passage.lower)
    )


def _weigh(passage: Passage, mention: Mention) -> Say | None:
    """What the passage says of the group mentioned; None where it merely names it."""
    text, group = passage.text, mention.group
    if group in ("visitor_home", "visitor_abroad", "offshore") and not passage.is_heading:
        return None

    def say(polarity: int, firmness: int, partial: bool = False) -> Say:
        return Say(group, polarity, firmness, passage, mention.start, mention.end, partial)

    if passage.is_heading:
        return _weigh_heading(passage, mention, say(LET_IN, 1))
    if text.endswith("?"):
        return None
    start = max((m.end() for m in _CLAUSE.finditer(text, 0, mention.start)), default=0)
    before = text[max(start, mention.start - 160) : mention.start]
    shut = _SHUT_AFTER.match(text[mention.end : mention.end + 200])
    if shut and not (_OTHER_MATTER.search(shut["rest"]) or _SOME_PLACES.search(text)):
        if re.search(r"\b(?:who|that)\b", shut["between"], re.I) and _welcome(before):
            return say(LET_IN, 3)
        if _PORTAL.search(shut["rest"]):
            return say(LET_IN, 1)
        return say(SHUT_OUT, 3, partial=bool(_RESTRICTED.search(shut["between"])))
    if shut:
        return None
    welcome = _welcome(before)
    negated = _negated(before, welcome)
    if negated:
        if _SOME_PLACES.search(text) or _OTHER_MATTER.search(before):
            return None
        return say(SHUT_OUT, 3, partial=bool(_PORTAL.search(text)))
    if passage.refused_list:
        return say(SHUT_OUT, 2)
    if _POINTER.search(text) or _is_mere_link(passage, mention):
        return None
    if group == "doctor":
        return _weigh_doctor(passage, mention, before, welcome, say(LET_IN, 2))
    if group == "school":
        return None
    if welcome and not _STAFF_BEFORE.search(before[welcome.end() :]):
        # 'From' alone lets nobody in: 'letters from faculty', 'patients from …'.
        return say(LET_IN, 3 if welcome[0].lower() != "from" else 2) if welcome[0].lower() != "from" or group in ("us_student", "international_student") else None
    if _listed(passage, mention):
        return say(LET_IN, 3)
    if not _STAFF_BEFORE.search(before) and _WELCOME_AFTER.match(text[mention.end : mention.end + 200]):
        return say(LET_IN, 3)
    if group == "us_student" and (passage.demands or re.search(r"\benrolled\b|\battend|\bfrom\b|\bat an?\b", before, re.I)):
        return say(LET_IN, 2)
    return None


def _weigh_heading(passage: Passage, mention: Mention, say: Say) -> Say | None:
    """A heading names whom the page or section is for, questions and refusals apart."""
    before = passage.text[max(0, mention.start - 80) : mention.start]
    if passage.text.endswith("?") or mention.group == "doctor" or _POINTER.search(passage.text):
        return None
    if _negated(before, _welcome(before)) or re.search(r"\bnot\b|\bno\b", before, re.I):
        return attrs.evolve(say, polarity=SHUT_OUT, firmness=3)
    if mention.group in ("physician", "graduate") and not _PROGRAM_WORD.search(passage.text):
        return None
    return say


def _weigh_doctor(passage: Passage, mention: Mention, before: str, welcome: re.Match[str] | None, say: Say) -> Say | None:
    """Physicians, residents, clinicians: staff everywhere, visitors only where they stand right behind the welcome or head a list entry on who may come."""
    if welcome and welcome[0].lower() not in ("from", "offers", "offer", "provides", "provide", "host", "hosts", "is a", "is an", "take", "takes"):
        between = before[welcome.end() :]
        if len(between) <= 60 and not re.search(r"\b(?:with|by|under|our|to|the|their|its|hosting|who|that|in|of|as|at|program|students?)\b", between, re.I):
            return attrs.evolve(say, group="physician", firmness=3)
    if _listed(passage, mention) and not re.search(r"\bstudents?\b", before, re.I):
        return attrs.evolve(say, group="physician")
    if mention.start <= 25 and re.match(r"[^.;?]{0,120}?\b(?:may apply|can apply|are eligible|are welcome|is eligible|have the opportunity|to participate|practicing|employed)\b", passage.text[mention.end :], re.I):
        return attrs.evolve(say, group="physician")
    return None


def _welcome(before: str) -> re.Match[str] | None:
    """The last welcoming words before a mention."""
    last = None
    for last in _WELCOME_BEFORE.finditer(before):
        pass
    return last


def _negated(before: str, welcome: re.Match[str] | None) -> bool:
    """Do the words before a mention shut it out: 'not open to', 'unable to accept', 'not for'?"""
    if _NOT_ONLY.search(before):
        return False
    if welcome:
        first = next(iter(_WELCOME_BEFORE.finditer(before)))
        lead_in = before[: welcome.start()]
        negator = None
        for negator in re.finditer(_NEGATOR, lead_in, re.I):
            pass
        if negator is None:
            return False
        # A welcome between the denial and the mention's own welcome takes the denial away: 'not fee-based, open to …'.
        return welcome.start() - negator.end() <= 70 and not (first.start() > negator.end() and "," in before[negator.end() : welcome.start()])
    return bool(re.search(_NEGATOR + r"[^,;]{0,50}$", before, re.I) and re.search(r"\b(?:host|process|place|sponsor|consider|arrange|include|eligible|participation|requests?)\b", before, re.I))


def _listed(passage: Passage, mention: Mention) -> bool:
    """Does the mention head an entry of a list of who may come?"""
    if passage.block.kind not in ("item", "definition", "paragraph", "row"):
        return False
    if passage.block.kind != "item" and not passage.text.startswith(("•", "-", "–", "*", "·")) and ":" not in passage.text[: mention.end + 2][-40:] and not passage.block.lead:
        near = passage.above[:1]
        if not any(re.search(r"eligib|\bwho (?:can|may|is|should)|audience", above, re.I) for above in near):
            return False
    if not any(_WHO_LIST.search(above[:400]) for above in passage.above[:2]):
        return False
    before = passage.text[: mention.start]
    return len(before) <= 60 and not re.search(r"\b(?:letter|recommendation|signature|approval|copy|from|by|proof|statement|form|name|contact|with|host|sponsor\w*|if|our|supervis\w*|not)\b", before, re.I)


def _is_mere_link(passage: Passage, mention: Mention) -> bool:
    """A list entry that is nothing but a link leads to another page."""
    return passage.block.kind == "item" and any(
        link.text and len(link.text) >= len(passage.block.text) * 0.6 and passage.block.text.startswith(link.text[:20]) for link in passage.block.links
    )


def _is_partner(passage: Passage, found: list[Mention]) -> bool:
    """International students from partner schools alone: 'only from schools with which we have an exchange agreement'."""
    if passage.is_heading or not passage.find("agreement", "partner") or _EXCHANGE.search(passage.text):
        return False
    groups = {mention.group for mention in found}
    abroad = bool(groups & {"international_student", "visitor_abroad"}) or passage.audience == "international" or "international" in passage.lower
    return abroad and bool(_ONLY_FROM.search(passage.text)) and not re.search(r"\bregardless\b|\bnot required\b|\bno agreement\b|\bdoes not require\b", passage.lower)


def _settle(passages: list[Passage], says: list[Say], partners: list[Passage]) -> list[Fact]:
    """One answer for each audience from all that the page says."""
    heads = [p for p in passages if p.block.kind == "title" or (p.is_heading and p.block.depth == 1)]
    head_groups = {m.group for p in heads for m in mentions(p.text)}
    abroad_page = bool(head_groups & {"international_student", "visitor_abroad"}) and not head_groups & {"us_student", "everyone", "visitor_home"}

    def pick(polarity: int, *groups: str, firm: int = 1) -> Say | None:
        chosen = [s for s in says if s.polarity == polarity and s.group in groups and s.firmness >= firm and (polarity == LET_IN or not s.partial)]
        return max(chosen, key=lambda s: (s.firmness, -s.passage.index), default=None)

    everyone = pick(LET_IN, "everyone")
    abroad = pick(LET_IN, "international_student", firm=2) or everyone
    refused = pick(SHUT_OUT, "international_student", firm=2)
    hint = _hint(passages, says)
    generic, generic_refused = pick(LET_IN, "student"), pick(SHUT_OUT, "student", firm=2)
    if generic_refused and (generic is None or generic.firmness < 3):
        generic = None
    us = pick(LET_IN, "us_student") or everyone
    facts: list[Fact] = []

    def audience(group: str, say: Say, rule: str) -> None:
        confidence = {3: 0.95, 2: 0.8}.get(say.firmness, 0.6)
        facts.append(say.passage.fact("audiences", group, rule, say.start, say.end, confidence))

    def accepts(value: str, passage: Passage, rule: str, start: int = 0, end: int | None = None, confidence: float = 0.8) -> None:
        facts.append(passage.fact("accepts_international", value, rule, start, end, confidence))

    if abroad is None and refused is None and generic and abroad_page:
        abroad = generic
    if abroad is None and refused is None:
        abroad = hint
    if partners and (abroad or refused or abroad_page):
        passage = partners[0]
        accepts("partners_only", passage, "partners_only", confidence=0.95)
        facts.append(passage.fact("affiliation_required", True, "partners_only"))
        facts.append(passage.fact("audiences", "international_student", "partners_only"))
    elif abroad and not (refused and abroad.firmness < refused.firmness):
        accepts("yes", abroad.passage, "international_welcome", abroad.start, abroad.end, 0.95 if abroad.firmness == 3 else 0.8)
        audience("international_student", abroad, "international_welcome")
    elif refused:
        accepts("no", refused.passage, "international_refused", refused.start, refused.end, 0.95)
    elif generic_refused and not generic and not us:
        accepts("no", generic_refused.passage, "students_refused", generic_refused.start, generic_refused.end)
    elif us and _SCHOOL_NAMED.search(us.words):
        accepts("no", us.passage, "us_schools_only", us.start, us.end, 0.8 if us.firmness > 1 else 0.6)
    if us:
        audience("us_student", us, "us_students")
    elif generic and not abroad_page and not (abroad and _only_abroad_eligible(says)):
        audience("us_student", generic, "students_of_no_named_country")
    for group in ("graduate", "physician"):
        welcome, shut = pick(LET_IN, group), pick(SHUT_OUT, group, firm=2)
        if welcome and not (shut and shut.firmness >= welcome.firmness):
            audience(group, welcome, f"{group}_welcome")
    if not any(fact.field == "audiences" for fact in facts) and not generic_refused:
        head = next((p for p in heads if _STUDENT_PAGE.search(p.text)), None)
        if head:
            facts.append(head.fact("audiences", "us_student", "page_on_student_electives", confidence=0.6))
    return facts


def _hint(passages: list[Passage], says: list[Say]) -> Say | None:
    """A heading on international students whose section tells them what to do."""
    for say in says:
        if say.group != "international_student" or say.polarity != LET_IN or say.firmness != 1:
            continue
        heading = say.passage.text
        if not say.passage.is_heading:
            return say
        if any(heading in p.block.headings and p.demands and not p.is_heading and "demand" in p.cues for p in passages[say.passage.index + 1 : say.passage.index + 60]):
            return say
    return None


def _only_abroad_eligible(says: list[Say]) -> bool:
    """Does the list of who may come name international students, and students of no named country stand outside of it?"""

    def in_list(say: Say) -> bool:
        return any(re.search(r"eligib|open to|who (?:can|may|is)|qualif", above, re.I) for above in say.passage.above[:2])

    abroad = [s for s in says if s.group == "international_student" and s.polarity == LET_IN]
    generic = [s for s in says if s.group == "student" and s.polarity == LET_IN and s.firmness > 1]
    return any(in_list(s) for s in abroad) and not any(in_list(s) for s in generic)
