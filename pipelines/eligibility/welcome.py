"""Is a group of people that a passage names let in, shut out, or merely mentioned?

'Open to …', '… may apply', an entry in the list of who may come and the title of the page let in; 'not open to …' and
'… are not eligible' shut out. Staff are named on every page: who teaches, supervises or signs is no visitor.
"""

from __future__ import annotations

import re
from functools import lru_cache

import attrs

from pipelines.eligibility.passages import TO_A_RESIDENCY, Passage
from scraper.considered import is_explained
from scraper.scope import Mention
from scraper.statements import ANSWER_MARK
from scraper.text import has_any
from scraper.vocabulary import vocabulary

# Where one of these matches is looked for in text of small letters, it is compiled without re.I, which costs half of its time.
# All begin with one of a few marks or with white space, which a class in front finds many times quicker than the branches do.
_CONTRAST = r"(?:but|however|whereas|although|though|while|yet)\s+"
_CLAUSE = re.compile(
    rf"[;:.,\s](?:(?<=[;:.])\s|(?<=,)\s+{_CONTRAST}|(?<=\s)(?:\s*{_CONTRAST}|[–—-]\s))",
    re.I,
)
_NEGATOR = r"(?:\b(?:not|cannot|unable|never|no|neither|nor|no longer|ineligible)\b|n['’]t\b)"
# A denial with the verb it denies: 'do not accept', 'is not open to', 'unable to process requests'.
_REFUSING = re.compile(
    _NEGATOR
    + r"(?:\s+[\w-]+){0,5}?\s+(?P<verb>accept\w*|process\w*|consider\w*|host\w*|offer\w*|accommodat\w*|place|arrange|provide|admit\w*|take|sponsor|support|allow\w*|permit\w*|enroll?|review\w*|"
    r"open|available|designed|intended|eligible|suitable|suited|meant|for|include|facilitate|entertain|grant|invite)\b"
    r"|\b(?:exclud\w+|closed to|declin\w+|discourag\w+)\b"
)
_WELCOME_AGAIN = re.compile(
    r"(?<!\bor )(?<!\bnor )\b(?:accepts?|open to|welcomes?|available to|designed for|intended for|limited to|offers)\b"
)
_NOT_ONLY = re.compile(r"\bnot\s+(?:only|limited|just|solely)\b|\bno\s+(?:later|more|fee|cost|charge)\b")
_WELCOME_BEFORE = re.compile(
    r"(?=[abcdefghilmoprstvwy])(?:\b(?:open(?: only)? (?:to|for)|available(?: only)? (?:to|for)|(?:designed|intended|meant|suitable|suited|reserved|tailored|created|option|ideal)(?: \w+)? for|aimed(?: \w+)? at|geared(?: \w+)? (?:to|toward|towards|for)"
    r"|welcom(?:e|es|ing)|accept(?:s|ed|ing|ance of)?|invit(?:e|es|ing)|hosts?|hosting|limited to|restricted to|granted to|extended to|(?:offered|open|available)(?: on an? \w+(?:[ -]\w+){0,5} basis)? (?:to|for)|given to|provided to|allow(?:s|ing)?|lets|enabl(?:es|ing)|permits?|gives?|trains"
    r"|offers?|offering|provides?|providing|applications? (?:for [\w ]{1,30} )?(?:from|by|of)|requests? (?:for [\w ]{1,40} )?(?:from|by)|inquiries from"
    r"|(?:programs?|observerships?|electives?|rotations?|opportunit(?:y|ies)|openings?|positions?|experiences?|clerkships?|externships?|preceptorships?|training|spots?|places?|internships?|sub-?i(?:nternship)?s?|slots?|fellowships?)"
    r"(?: (?:is|are|exists?|available|open|designed|offered|only|specifically|intended|reserved|experiences?|programs?|opportunities|rotations?|(?:in|at|of) (?!which|our|the)\w+)){0,3} (?:for|to)|(?:is|are) for|defined as|must be|should be|(?:is|are) an?\b|you(?: are|['’]re)|be (?:one of|an?)|(?:applicants|participants|observers|visitors|rotators)(?: (?:at|to|in) (?:[\w’'-]+ ){1,4}?)? ?(?:are|include|may be)"
    r"|eligible (?:applicants|participants|candidates|groups)|consider(?:s|ed)?|(?:gladly|happy to|glad to|pleased to|delighted to) (?!announce)\w+|recruit(?:s|ing)?|admits?|take(?:s)?|serves?|accommodat(?:e|es|ing)|from)\b)"
)
_WELCOME_AFTER = re.compile(
    r"^[^.;?]{0,130}?\b(?:(?:may|can|could|should|must|need to|have to|will)(?: also| only| still)? (?:apply|participate|request|rotate|attend|observe|join|come|visit|spend|stay|follow our|follow a|watch|accompany|be present|take|enroll|submit|complete|contact|be in|be enrolled|be a|have|be considered|be accepted|be fluent|provide|do|use|shadow|spend|register|inquire|enquire)"
    r"|(?:are|is)(?: also| most| always| now| currently| equally| both| all)? (?:eligible|limited to|welcome|invited|encouraged|accepted|considered|permitted|allowed|able|required|admitted|offered|asked)\b|will be (?:considered|accepted|permitted)"
    r"|who (?:wish|want|would like|are interested|are seeking|seek|are enrolled|have completed|meet)|(?<!be )interested in|wishing to|seeking (?:to|an?|observ|clinical|elective)"
    r"|(?:have|has) the opportunity|opportunity to|to (?:observe|rotate|participate|apply|shadow)|consider applying|apply (?:through|via|by|online|in|directly)|applying (?:to|for|from)|enrolled in|rotate|(?:spends?|joins?|comes?|stays?) (?:[\w-]+ ){1,6}(?:weeks?|months?|days?))\b"
)
# What only who comes has to do: 'students of schools abroad need to send a transcript', 'visiting students must pay'.
_DEMANDED_AFTER = re.compile(
    r"^[^.;?]{0,60}?\b(?:must|need to|needs to|have to|has to|should|are to)(?: also| first| each)? (?:send|e-?mail|upload|pay|hold|pass|obtain|present|show|sign|secure|possess|bring|attach|return|forward|demonstrate|arrange|be (?:listed|recognized|approved|registered))\b"
)
_SHUT_AFTER = re.compile(
    r"^(?P<between>[^.;?]{0,110}?)(?:\b(?:(?:is|are|were|be|been) (?:(?!who|that)\w+ )?(?:not|never) (?:\w+ ){0,2}?(?:eligible|accepted|permitted|allowed|considered|able|admitted|offered|hosted|available|accommodated|open)"
    r"|not eligible|ineligible|cannot (?:be|apply|participate|rotate|attend|observe|take)|(?:may|can|should|will|do|does) ?not (?:qualify|apply|participate|be |rotate|attend|accept|take part)|need not apply|(?:is|are|be) (?:excluded|declined|rejected|refused|turned (?:away|down))|go(?:es)? unanswered)|n['’]t (?:eligible|accepted|permitted|apply|be )\b)"
    r"(?P<rest>[^.;]{0,60})"
)
# What stands wherever somebody is shut out: looked for first.
_SHUT_WORDS = (
    "not",
    "never",
    "ineligible",
    "excluded",
    "n't",
    "n’t",
    "declined",
    "rejected",
    "refused",
    "turned",
    "unanswered",
)
_DENYING_WORDS = ("no", "n't", "n’t", "never", "unable", "neither", "ineligible", "exclud", "except", "closed to", "declin", "discourag")  # fmt: skip
_RESTRICTED = re.compile(
    r"\b(?:who|that|whose|seeking|wishing|without|with|in the last|(?:enrolled in|registered for) (?:an? |the )?(?:virtual|online))\b",
    re.I,
)
_OTHER_MATTER = re.compile(
    r"\b(?:services|stipends?|scholarships?|financial|housing|funding|insurance|benefits|salar(?:y|ies)|compensation|parking|core clerkships|credit|letters?|health care|access|re-?apply|switch|transfer|chang\w+|extend|visas?|immigration|DS-?2019|malpractice|library|employ\w*|e-?mail|tuition)\b",
    re.I,
)
# '… may not start until all forms are in' shuts nobody out.
_NOT_YET = re.compile(r"\b(?:until|unless|without|before)\b(?! (?:further notice|exception))", re.I)
# 'We do not accept students who are not in their first year': others are.
_WHICH = re.compile(
    r"^[^.;,]{0,30}?\b(?:who|that|whose|without|not (?:enrolled|in)|in their (?:first|second|third))\b", re.I
)
_SOME_PLACES = re.compile(
    r"\bnot all\b|\b(?:some|certain|many|most|few|following)\s+(?:\w+\s+)?(?:departments?|electives?|rotations?|clerkships?|programs?|courses?|services?|divisions?|specialties|sites|institutions|schools|hospitals|universities|states|of)\b",
    re.I,
)
# 'We encourage medical students to contact their own schools' lets nobody in.
_OWN_SCHOOL = re.compile(
    r"\b(?:contact|consult|check with|ask|work with|speak (?:to|with))\b[^.;]{0,45}\b(?:their|your|his or her) (?:own |home |medical )*(?:schools?|institutions?|universit|deans?)",
    re.I,
)
# 'Students may not engage in research' tells what they may not do, not who may come.
# 'International students: unfortunately we cannot host you', 'International students | Not eligible'
_BEHIND_COLON = re.compile(
    r"(?:\s*(?:and graduates|and schools|\([^()]{0,40}\))\s*)?(?:\s*[:–—|]\s*|\s+(?=N[oO]\b|Not\b|None\b|Yes\b))"
    r"(?:(?P<no>(?i:no|none|not (?:eligible|accepted|permitted|allowed|available|admitted|considered)|(?:we['’]re |we are )?sorry|unfortunately|we regret|we (?:do|can) ?not|we(?: a|['’])re (?:not|unable)))"
    r"|(?P<yes>(?i:yes|welcome|eligible|accepted)))\b(?! (?:later|more|fee|cost|charge|visa))"
)
# 'US schools only, please'
_ALONE = re.compile(r"\s*(?:(?:students?|schools?|applicants?)\s+)?only\b(?! (?:if|when|after|once|need))", re.I)
# 'If you are an international student or graduate, please note that we don't offer electives'
_IF_YOU = re.compile(r"\bif you(?:['’]re| are) an?\s+$")
_WE_DO_NOT = re.compile(
    r"[^.;,]{0,60},[^.;,]{0,40}\b(?:we|the \w+)\b[^.;,]{0,25}?(?:\b(?:not|cannot|unable to)|n['’]t)\s(?:\w+\s){0,2}?(?:offer|accept|host|take|accommodate|consider|have)\b[^.;]{0,40}\b(?:electives?|rotations?|observerships?|clerkships?|students?|applications?|you|opportunities|programs?)\b"
)
# 'International graduates applying to our residency need …'
_FOR_RESIDENCY = re.compile(rf"\s*(?:who (?:are )?)?appl(?:y|ying) {TO_A_RESIDENCY}")
_MAY_NOT = re.compile(r"^\s+(?:(?:may|can|will|must|should|do|are)\s?not|cannot)\b", re.I)
# 'For international student inquiries, contact the dean': what concerns them, not who may come.
_THEIR_MATTER = re.compile(
    r"[’']?s?\s+(?:rotations?\s+|electives?\s+)?(?:inquir(?:y|ies)|enquir(?:y|ies)|questions?|affairs|matters|issues|concerns|services)\b",
    re.I,
)
_PORTAL = re.compile(r"\b(?:vslo|vsas|portal)\b", re.I)
# 'We cannot accept international students, as we only take those of schools in VSLO': why, not which.
_REASON = re.compile(r"\b(?:as|because|since) (?:we|our|the|it|this|only)\b", re.I)
# 'Whose schools are not accredited by the Liaison Committee (LCME)': no students of those that are.
_NOT_ACCREDITED = re.compile(
    r"\b(?:not|never|n['’]t)\s+(?:\w+\s+){0,2}?(?:accredited|approved|recognized)\b[^.;]{0,90}$", re.I
)
# 'To take an elective at a US medical school': where they go, not where they come from.
_PLACE_OF_TRAINING = re.compile(
    r"\b(?:electives?|cl[ea]*rkships?|rotations?|experiences?|training|observerships?|externships?|rotate|train|observe|residenc(?:y|ies))\s+(?:only\s+)?(?:at|in|with)\s+(?:an?\s+|any\s+|the\s+)?$",
    re.I,
)
_POINTER_OPENS = re.compile(
    r"\W*if you are an? (?:[\w-]+ ){0,3}(?:student|physician|graduate|resident|trainee),\s+(?:the|our) [^.;]{0,60}\b(?:coordinates?|offers?|has|provides?|runs?|hosts?|manages?|handles?)\b"
    r"|\W*(?:please\s+|note:?\s+|also\s+)?(?:for|see|visit|click|refer|view|go to|return|learn more|looking|are you)\b(?! whom\b)"
    # 'For international medical schools, the schools must be listed by the state'
    r"(?![^.;,]{0,60}, (?:the |their |your )?(?:schools?|students?|applicants?|they|you) (?:must|need to|should) (?:be|have)\b)"
)
_POINTER = re.compile(
    r"\b(?:(?:please|kindly)\s+(?:see|visit|refer|click|review|follow|read|go)\b|may be interested in\b|\b(?:can|may|will) find\b[^.;]{0,60}\b(?:on|at|in|by visiting) (?:the|our)\b[^.;]{0,50}\b(?:website|web ?site|page|site|section)\b"
    r"|(?:see|visit|refer to|follow|click)\b[^.]{0,60}\b(?:page|website|site|guidelines|instructions|link|section|here|process|tab)\b|will follow\b)"
)
_POINTER_WORDS = (
    "please",
    "kindly",
    "interested in",
    " find",
    "see",
    "visit ",
    "visit\n",
    "refer to",
    "follow",
    "click",
)
_NOT_PORTAL = re.compile(
    r"^[^.;]{0,30}?\b(?:cannot|(?:do|may|can|should|will)\s+not)\s+(?:use|apply (?:through|via|in|using|by way of|with|on))\b[^.;]{0,40}\b(?:vslo|vsas|portal)",
    re.I,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|will|may|must|can|should|has|have|had|do|does|work\w*|teach\w*|provide\w*|participate\w*|visit(?:ed|s)|learn\w*|complete\w*)\b",
    re.I,
)
_ROW = re.compile(r"^[^.;:!?]{0,70}$")
_ROW_BREAK = re.compile(
    r"\b(?:with|by|under|not|who|that|which|to|our|supervis\w*|cannot|must|may|will|is|are)\b", re.I
)
_ROW_LINK = re.compile(r",|\b(?:and|or|as well as)\b|/|&", re.I)
# What a school gives its own people, or asks of all who work there.
_OWN_PEOPLE = re.compile(
    r"\bstaff\b|\bemployees?\b|\bprovid(?:es?|ing)\s+(?:\w+\s+){1,5}with\b|\bgiv(?:es?|ing)\s+residents\b", re.I
)
_ENROLLED = re.compile(
    r"\b(?:(?:enrolled|attend\w*|accredited|matriculated|studying)\b[^.;]{0,80}$"
    r"|(?:students?|year|standing)\b[^.;,]{0,60}\b(?:at|from|in|of|within)\b[^.;,]{0,25}$|from\s+(?:an?\s+|the\s+)?$)"
)
_VISITING = re.compile(r"(?:visiting|medical|guest|rotating|away)\b", re.I)
_LIST_ENTRY = re.compile(
    r"^\W*(?:(?:be|must be|are|currently|fully|an?|any|all|the|or|and|in|of)\s+|[\w/’'-]+,?\s+){0,6}$", re.I
)
_NOT_AN_ENTRY = re.compile(
    r"\b(?:receive|documentation|diagnosis|complete|provide|have|has|hold|obtain|pass|reviewed|upload|submit|positive|negative|signed|written|contact|agree)\b",
    re.I,
)
_WHO_LIST = re.compile(
    r"eligib|qualif|\bwho (?:can|may|is|are|should)|what is an? [\w -]{3,30}\?|for whom|^\W*(?:eligible |home |accredited |medical )?schools?\W*$|open to|one of the following|criteria|\b(?:must|should) be|audience|following (?:groups|categories|individuals|people|applicants)|types of|"
    r"accept(?:s|ed)?\b|categor|requirement|participants|candidates",
    re.I,
)
_NO_ENTRY = re.compile(
    r"\b(?:letter|recommendation|signature|approval|copy|from|by|proof|statement|form|name|contact|with|host|sponsor\w*|if|our|supervis\w*|not)\b",
    re.I,
)
# 'Eligibility of preceptors', 'Requirements for faculty hosts': a list of who receives visitors.
_HOSTS_LIST = re.compile(
    r"\b(?:eligibility|criteria|requirements?|qualifications?|responsibilit\w+|who (?:can|may))\b[^.;]{0,40}\b(?:preceptors?|mentors?|hosts?|supervisors?|sponsors?|faculty|attendings?)\b(?! (?:to|in|for)\b)",
    re.I,
)
_DOCTORS_WELCOME = re.compile(
    r"[^.;?]{0,120}?\b(?:(?:may|can) (?:apply|observe|visit|come|participate|join|request|attend|spend|stay|follow|watch|shadow|rotate|train)|are eligible|are welcome|is eligible|are (?:candidates|considered|accepted|admitted)|qualify|have the opportunity|to participate|practicing|employed)\b",
    re.I,
)
_STUDENTS = frozenset(["student", "us_student", "international_student", "everyone"])
# 'I am enrolled at a school abroad' in a list that applicants check
_MYSELF = re.compile(r"\W*(?:I am|I['’]m|I will be|My school is)\b(?! not)[^.;]{0,60}$")
# 'For IMGs.', 'For medical students and graduates only'
_FOR_THEM = re.compile(r"(?:(?: and| or|/) ?[\w’' -]{2,40})?(?: only)?\W{0,2}")
_WHOSE = ("their ", "your ", "his or her ")  # what stands wherever _OWN_SCHOOL does
_ANSWERED = re.compile(rf"^\W*{ANSWER_MARK}")
_STAFF_REACH = 90  # no word that opens _STAFF_BEFORE is longer than fifty letters
_STAFF_BEFORE = re.compile(
    r"\b(?:with|by|under|our|shadow\w*|observing|supervis\w*|attending|faculty|teach\w*|train(?:s|ing|ed)?|from an?|signed|letter|recommendation|approval|sponsor\w*|of the|among|between|interact\w*|treat\w*|referr\w*|learn\w*|serve)\b[^,;]{0,40}$"
    # 'to interact with faculty, residents and medical students'
    r"|\b(?:interact|engage|mingle|network|collaborate|rounds?|work)(?:s|ing)? (?:closely |directly )?with\b[^;]{0,60}$"
)
LET_IN, SHUT_OUT, NAMED = 1, -1, 0


@attrs.define(eq=False)  # not frozen: that doubles what making one costs
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


def weigh_all(passage: Passage, found: list[Mention]) -> list[Say]:
    """What a passage says of each group it names; who stands in one row with people let in is let in with them."""
    says: list[Say] = []
    for mention in found:
        say = _weigh(passage, mention)
        if say is not None and say.firmness > 2 and _is_told(passage, mention):
            say = attrs.evolve(say, firmness=2)  # told by the section, not in so many words
        if say is None and says:
            say = _in_row(passage, mention, says[-1])
        if (
            say is None
            and mention.group == "student"
            and not passage.is_heading
            and _VISITING.match(passage.text, mention.start)
            and passage.students == "student"
        ):
            say = Say("student", NAMED, 0, passage, mention.start, mention.end)
        if say is not None and not _is_graduate_of(passage, say):
            says.append(say)
        if (say is None or say.polarity != LET_IN) and is_explained():
            why = "people_shut_out" if say is not None and say.polarity == SHUT_OUT else "people_merely_named"
            passage.passed_over("audiences", why)
            if _group(passage, mention) == "international_student":
                passage.passed_over("accepts_international", why)
    return says


def _is_told(passage: Passage, mention: Mention) -> bool:
    """Is the group of a mention another than its words say?"""
    return mention.group in ("student", "offshore") and _group(passage, mention) != mention.group


def _in_row(passage: Passage, mention: Mention, last: Say) -> Say | None:
    """'Open to physicians, residents and students': the mention stands in a row whose first member is let in."""
    if last.polarity != LET_IN or last.firmness < 2 or mention.group not in _ROW_GROUPS:
        return None
    text = passage.text
    between = text[last.end : mention.start]
    if not _ROW.match(between) or not _ROW_LINK.search(between) or _ROW_BREAK.search(between):
        return None
    if _shut_after(text[mention.end : mention.end + 60].lower()):
        return None
    if mention.group in ("doctor", "graduates") and (
        len(between) > 25 or _OWN_PEOPLE.search(text) or "trainee" in text[mention.start : mention.end].lower()
    ):
        return None
    return attrs.evolve(
        last, group=_ROW_GROUPS[mention.group] or _group(passage, mention), start=mention.start, end=mention.end
    )


# The groups that may stand in a row of people, with the audience they make there.
_ROW_GROUPS = {"student": "", "international_student": "international_student", "us_student": "us_student", "everyone": "everyone",
               "graduate": "graduate", "graduates": "graduate", "physician": "physician", "doctor": "physician"}  # fmt: skip


def _group(passage: Passage, mention: Mention) -> str:
    """The group of a mention; asked for where it counts, since it takes a look at the whole block."""
    if mention.group == "offshore" and not _negated(passage.text[: mention.start][-160:].lower()):
        # 'No students of Caribbean schools' says nothing of the others; welcoming them welcomes students from abroad.
        return (
            "offshore"
            if _shut_after(passage.text[mention.end : mention.end + 200].lower())
            else "international_student"
        )
    return passage.students if mention.group == "student" else mention.group


def _is_graduate_of(passage: Passage, say: Say) -> bool:
    """'A graduate of an LCME school', 'LCME-accredited school graduate': a school named, but no student of it."""
    if say.group != "us_student" or "student" in passage.lower:
        return False
    around = passage.text[max(0, say.start - 40) : say.start] + " | " + passage.text[say.end : say.end + 45]
    return bool(
        re.search(
            r"\bgraduat(?:es?|ed|ing|ion)\b[^|]{0,30}\b(?:of|from)\b[^|]{0,12}\||\|[^|,.]{0,40}\bgraduates?\b",
            around,
            re.I,
        )
    )


def _weigh(passage: Passage, mention: Mention) -> Say | None:
    """What the passage says of the group mentioned; None where it merely names it."""
    text, group = passage.text, mention.group
    if group == "offshore":
        group = _group(passage, mention)

    def say(polarity: int, firmness: int, partial: bool = False) -> Say:
        whose = passage.students if group == "student" else group
        return Say(whose, polarity, firmness, passage, mention.start, mention.end, partial)

    if passage.is_heading:
        polarity = _weigh_heading(passage, mention)
        return None if polarity is None else say(polarity, 1 if polarity == LET_IN else 3)
    if group in ("visitor_home", "offshore") or passage.is_question or _THEIR_MATTER.match(text, mention.end):
        return None
    clause = _clause_before(text, mention.start)
    after = text[mention.end : mention.end + 200]
    before, behind = clause.lower(), after.lower()
    shut, negated = _shut_after(behind), _negated(before)
    if shut and negated:
        return say(SHUT_OUT, 3)
    if (group == "us_student" or mention.start <= 3) and _ALONE.match(after) and not negated:
        return say(LET_IN, 3)
    if "if you" in before and _IF_YOU.search(before) and _WE_DO_NOT.match(behind):
        return say(SHUT_OUT, 3)
    if group == "graduate" and _FOR_RESIDENCY.match(behind):
        return None
    if answered := _BEHIND_COLON.match(after):
        return say(SHUT_OUT if answered.lastgroup == "no" else LET_IN, 3)
    not_yet = _NOT_YET.search(text, mention.end) if shut or negated else None
    if shut and not (not_yet or _OTHER_MATTER.search(shut["rest"]) or _SOME_PLACES.search(text)):
        if re.search(r"\b(?:who|that)\b", shut["between"]) and _welcome(before):
            return say(LET_IN, 3)
        if _PORTAL.search(shut["rest"]):
            return say(LET_IN, 1)
        return say(SHUT_OUT, 3, partial=bool(_RESTRICTED.search(shut["between"])))
    if shut or (not_yet and negated):
        return None
    if "not" in after and _NOT_PORTAL.match(after[:120]):
        return say(LET_IN, 2)
    if group == "us_student" and _is_host_accredited(before, text):
        return None
    ours = group == "us_student" or group == "student"  # where the section says so
    if ours and _no_home_school(clause, text[mention.start : mention.end]) and _is_us(passage, group):
        return None
    if negated:
        if _SOME_PLACES.search(text) or _OTHER_MATTER.search(before):
            return None
        some = group == "student" and _WHICH.match(after[:60]) and passage.students == "student"
        reason = _REASON.search(text, mention.end)
        portal = _PORTAL.search(text, 0, reason.start() if reason else len(text))
        return say(SHUT_OUT, 3, partial=bool(some or portal))
    if passage.refused_list:
        return say(SHUT_OUT, 2)
    if group in _STUDENTS and behind.startswith((" of our own ", " at our own ", " from our own ")):
        return None
    if before.strip() == "for" and len(text) - mention.end <= 60 and _FOR_THEM.fullmatch(after):
        return say(LET_IN, 3)
    if _points_elsewhere(passage) or _is_mere_link(passage):
        return None
    welcome = _welcome(before)
    if welcome and _AMENITY.search(before, 0, welcome.start()):
        return None
    if group in ("doctor", "graduates"):
        return _weigh_doctor(passage, mention, before, welcome)
    between = before[welcome.end() :] if welcome else ""
    if (
        welcome
        and not _speaks_of_staff(between)
        and not (
            group in ("physician", "graduate")
            and (
                re.search(r"\b(?:how|that|which|way)\b|\b(?:recruit\w*|retention|retain\w*)\b", between)
                or (welcome[0].endswith("for") and _TEACHING_BEFORE.search(before, 0, welcome.start()))
                or _LIKE_BEING.search(before)
            )
        )
    ):
        if welcome[0] != "from":
            return say(LET_IN, 3)
        # 'From' alone lets nobody in: 'letters from faculty', 'patients from …'.
        named = say(LET_IN, 2)
        return named if named.group in ("us_student", "international_student", "everyone") else None
    if (has_any(behind, _WHOSE) and _OWN_SCHOOL.search(after[:80])) or ("not" in behind and _MAY_NOT.match(after[:40])):
        return None
    if _listed(passage, mention):
        return say(LET_IN, 3)
    if _WELCOME_AFTER.match(behind) and not _speaks_of_staff(before):
        return say(LET_IN, 3)
    if _heads_section(passage, mention):
        return say(LET_IN, 2)
    if passage.block.kind == "item" and group in _STUDENTS and _MYSELF.match(text[: mention.start]):
        return say(LET_IN, 2)
    if group in _STUDENTS and not _speaks_of_staff(before) and _DEMANDED_AFTER.match(behind):
        return say(LET_IN, 2)
    if ours and not before.endswith("other ") and _ENROLLED.search(before) and _is_us(passage, group):
        return say(LET_IN, 2)
    return None


# 'Our school is accredited by the LCME', 'the hospital sponsors programs that are accredited through the ACGME and the AOA'
_HOST_ACCREDITED = re.compile(
    r"\b(?:our|the|this)\b (?!students?|applicants?|candidates?|visitors?|home|visiting|international|medical school must)(?:\W?[\w.’'()&-]+\W){1,24}?(?:is|are|has been|have been)(?: \w+){0,2} accredited (?:by|through)\b[^.;]{0,80}$"
)
_THEIRS = re.compile(r"\b(?:students?|applicants?|your|their|whose|home|must|should|if|visitors?|enrolled|attend\w*)\b")


def _is_host_accredited(before: str, text: str) -> bool:
    """Is it the host, or are it its residencies, whose accreditation the words tell of?"""
    if "accredited" not in before or _THEIRS.search(before):
        return False
    return "ACGME" in text or _HOST_ACCREDITED.search(before) is not None


def _is_us(passage: Passage, group: str) -> bool:
    """Is `group` that of US students, or does the section tell so of the passage's students of no named country?"""
    return (passage.students if group == "student" else group) == "us_student"


# 'Counseling is available to all trainees': what those who are there may use.
_AMENITY = re.compile(
    r"\b(?:resources?|counsell?ing|wellness|librar(?:y|ies)|gym|lounges?|lockers?|discounts?|mental health)\b[^.;]{0,60}\b(?:is|are)\b[^.;]{0,20}$"
)


def _speaks_of_staff(before: str) -> bool:
    """Do the words right before a mention tell that it teaches, supervises or signs?"""
    return _STAFF_BEFORE.search(before, max(0, len(before) - _STAFF_REACH)) is not None


def _no_home_school(before: str, words: str) -> bool:
    """Are the schools named those that the visitors' own are not, or those where they train?"""
    if has_any(before, ("accredited", "approved", "recognized")) and _NOT_ACCREDITED.search(before):
        return True
    place = before.rstrip().endswith((" at", " in", " with", " a", " an", " any", " the"))
    return place and "student" not in words.lower() and bool(_PLACE_OF_TRAINING.search(before[-60:]))


# What may follow who is named, where no verb does: 'students in their final year', 'graduates, one to three months', 'students or residents'.
_NO_VERB = re.compile(
    r"\W*(?:$|[,;:(|–—\d]|(?:in|from|at|of|with|who|whose|enrolled|attending|pursuing|only|interested|seeking|wishing|currently|considering|completing|need only|(?:routinely |often )?seek)\b"
    r"|(?:and|or)\s(?:[\w-]{1,20}\s){0,2}[\w-]{1,20}\s?(?:[.,;:(|–—]|$))"
)


def _heads_section(passage: Passage, mention: Mention) -> bool:
    """'Medical graduates, one to three months': words without a verb that open the section of a program say whom it is for."""
    text = passage.text
    if (
        mention.start > 30
        or not passage.block.text.startswith(text)
        or not _NO_VERB.match(text, mention.end)
        or _VERB.search(text[:200])
        or len(text) > 200
        or passage.block.kind == "item"
    ):
        return False
    return any({"kind", "study"} & vocabulary("heading_words").keys_in(above) for above in passage.above[:1])


def _weigh_heading(passage: Passage, mention: Mention) -> int | None:
    """A heading names whom the page or section is for, questions and refusals apart."""
    if passage.text.startswith(("I am", "I'm", "I’m")):
        return None  # 'I am a medical student. Can I apply?'
    if passage.is_question or mention.group == "doctor" or _POINTER.search(passage.lower):
        return None
    before = passage.text[max(0, mention.start - 80) : mention.start].lower()
    if ("no" in before and re.search(r"\bnot?\b", before)) or _negated(before):
        return SHUT_OUT
    if _shut_after(passage.lower[mention.end : mention.end + 120]):
        return SHUT_OUT  # 'Students of partner schools (those of other schools are not accepted)'
    if mention.group in ("physician", "graduate"):
        words = vocabulary("heading_words").keys_in(passage.text)
        if "papers" in words or not words & {"kind", "people"}:
            return None
    if passage.lower.startswith("visiting scholar", mention.start):
        return None
    return LET_IN


# 'A lecture series designed for the physician in training': whom the teaching is for, not who may come.
_TEACHING_BEFORE = re.compile(
    r"\b(?:series|lectures?|didactics?|curricul(?:um|a)|seminars?|grand rounds)\b[^.;]{0,40}$"
)
# 'What it is like to be a resident'
_LIKE_BEING = re.compile(
    r"\b(?:like to be|means to be|life of|experience of being|life as|means? being) (?:an? |the )?$"
)
# Behind these physicians may be those who receive visitors.
_NO_WELCOME_OF_DOCTORS = frozenset(["from", "offers", "offer", "provides", "provide", "host", "hosts", "is a", "is an", "take", "takes"])  # fmt: skip


def _weigh_doctor(passage: Passage, mention: Mention, before: str, welcome: re.Match[str] | None) -> Say | None:
    """Physicians, residents, clinicians: staff everywhere, visitors only where they stand right behind the welcome or head a list entry on who may come."""
    group = "graduate" if mention.group == "graduates" else "physician"
    if passage.text.startswith((" of tomorrow", " of the future"), mention.end):
        return None  # those who are students now

    def say(firmness: int) -> Say:
        return Say(group, LET_IN, firmness, passage, mention.start, mention.end)

    if welcome and welcome[0] not in _NO_WELCOME_OF_DOCTORS and not welcome[0].startswith("recruit"):
        between = before[welcome.end() :]
        if _LIKE_BEING.search(before):
            return None
        if len(between) <= 60 and not re.search(
            r"\b(?:with|by|under|our|to|the|their|its|hosting|who|that|in|of|as|at|program|students?|become|be|observe|see|watch|shadow|assist|join|help|how|each|every|pgy[\w-]*)\b",
            between,
        ):
            return say(3)
    if mention.start > 45:
        return None
    entry = _ANSWERED.sub("", passage.text[: mention.start])
    if (
        _listed(passage, mention)
        and _LIST_ENTRY.match(entry)
        and not _NOT_AN_ENTRY.search(passage.text[: mention.end + 25])
        and "student" not in entry.lower()
    ):
        return say(2)
    if mention.start <= 25 and group == "physician" and _DOCTORS_WELCOME.match(passage.text, mention.end):
        return say(2)
    return None


def _clause_before(text: str, start: int, reach: int = 160) -> str:
    """The words before `start` in its clause, at most `reach` characters."""
    left = max(0, start - reach)
    for match in _CLAUSE.finditer(text, max(0, left - 40), start):  # what parts clauses is shorter than that
        left = max(left, match.end())
    return text[left:start]


def _shut_after(after: str) -> re.Match[str] | None:
    """The words behind a mention, in small letters, that shut it out: '… are not eligible'."""
    return _SHUT_AFTER.match(after) if has_any(after, _SHUT_WORDS) else None


def _welcome(before: str) -> re.Match[str] | None:
    """The last welcoming words before a mention, which are given in small letters."""
    return _last(_WELCOME_BEFORE, before)


def _points_elsewhere(passage: Passage) -> bool:
    """Does the passage send its reader to another place: 'please see the page for international students'?"""
    low = passage.lower
    return _POINTER_OPENS.match(low) is not None or (has_any(low, _POINTER_WORDS) and _POINTER.search(low) is not None)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match of `pattern` in `text`."""
    match = None
    for match in pattern.finditer(text):  # noqa: B007  the last is what is asked for
        pass
    return match


def _negated(before: str) -> bool:
    """Do the words before a mention, in small letters, shut it out: 'not open to', 'unable to accept', 'do not offer observerships for'?"""
    if not has_any(before, _DENYING_WORDS) or _NOT_ONLY.search(before):
        return False
    last = _last(_REFUSING, before)
    if last is None:
        return bool(
            re.search(
                r"\b(?:not|no|no other|except|excluding)\s+(?:for\s+|from\s+|to\s+|at\s+)?(?:the\s+|an?\s+)?$",
                before,
            )
        )
    rest = before[last.end() :]
    # A new welcome takes the denial away: 'does not host observers and accepts …'.
    return not _WELCOME_AGAIN.search(rest) and not re.search(r",\s+(?:we|it|they|the)\b", rest)


def _listed(passage: Passage, mention: Mention) -> bool:
    """Does the mention head an entry of a list of who may come?"""
    block = passage.block
    if (label := _WHO_LABEL.match(passage.text)) and 0 <= mention.start - label.end() <= 60:
        return not _NO_ENTRY.search(passage.text[label.end() : mention.start])
    if mention.start > 60 or block.kind not in ("item", "definition", "paragraph", "row") or not passage.above:
        return False
    if (
        block.kind != "item"
        and not block.lead
        and not passage.text.startswith(("•", "-", "–", "*", "·"))
        and ":" not in passage.text[: mention.end + 2][-40:]
        and not _tells_who(passage.above[0])
    ):
        return False
    if not _is_who_list(passage.above[0]) and not (len(passage.above) > 1 and _is_who_list(passage.above[1])):
        return False
    return not _is_hosts_list(passage.above[0]) and not _NO_ENTRY.search(passage.text[: mention.start])


# The same headings and leads stand above many sentences.


_WHO = re.compile(
    r"eligib|\bwho (?:can|may|is|are|should)|audience|what is an? [\w -]{3,30}\?|^\W*(?:open to|for(?: whom)?|who|(?:eligible |home |accredited |medical )?schools?|accepts|applicants|participants|candidates)\W*$",
    re.I,
)
# 'Who can apply – final-year MD and DO students'
_WHO_LABEL = re.compile(
    r"\W*(?:who(?: (?:can|may|is|are|should|we|you)(?: [\w-]+){0,2})?|open to|eligib(?:ility|le)(?: [\w-]+){0,2}|(?:intended |target )?audience|for whom|applicants|participants|candidates)\s?(?::|\s[–—-])\s",
    re.I,
)


@lru_cache(maxsize=256)
def _tells_who(above: str) -> bool:
    return _WHO.search(above) is not None


@lru_cache(maxsize=256)
def _is_who_list(above: str) -> bool:
    return _WHO_LIST.search(above[:400]) is not None


@lru_cache(maxsize=256)
def _is_hosts_list(above: str) -> bool:
    return _HOSTS_LIST.search(above[:200]) is not None


def _is_mere_link(passage: Passage) -> bool:
    """A list entry that is nothing but a link leads to another page."""
    block = passage.block
    return (
        bool(block.links)
        and block.kind == "item"
        and any(
            link.text and len(link.text) >= len(block.text) * 0.4 and block.text.startswith(link.text[:20])
            for link in block.links
        )
    )
