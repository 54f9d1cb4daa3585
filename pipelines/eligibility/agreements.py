"""Must the home school have an agreement with the host?"""

from __future__ import annotations

import re

from pipelines.eligibility.passages import Passage
from scraper.items import Fact

_PASSING = re.compile(
    r"\bquestions?\b|\bcontact\b|\blearn more\b|\bis affiliated with\b|\binstitutionally affiliated\b|\blist of\b|\bhistory\b|\bhousing agreement\b|\bwith the exception of\b",
    re.I,
)
# 'If your home institution requires an agreement, allow three months': theirs, not the host's.
_IF_THEY_ASK = re.compile(
    r"\b(?:if|when|should|in case) (?:your|the|their|a student['’]s|the student['’]s)\s(?:\w+\s){0,3}?(?:schools?|institutions?|programs?|universit\w+|colleges?) (?:also |itself )?(?:requires?|needs?|asks? for|requests?|insists?|wants?|prefers?)\b",
    re.I,
)
# 'Offered to affiliated and non-affiliated schools'
_OTHERS_TOO = re.compile(
    r"\b(?:non|un)-?\s?affiliated\b|\bnon-?\s?partner"
    r"|\b(?:accredited|LCME|COCA)\b[^.;]{0,80}\bor (?:from |at |with )?(?:an? |our )?(?:\w+\s){0,3}?(?:institutions?|schools?|universit\w+|colleges?)\b[^.;]{0,25}\b(?:with|which|that)\b"
    r"|\bpartner (?:institution|school|university) or (?:have|hold|be|with)\b",
    re.I,
)
_UNAFFILIATED_REFUSED = re.compile(
    r"(?:\b(?:not|cannot|unable to)|n['’]t)\s(?:\w+\s){0,3}?(?:take|accept|host|place|consider|accommodate)\b[^.;]{0,40}\b(?:un|non-?\s?)affiliated\b",
    re.I,
)
_HAS_TO = re.compile(
    r"\b(?:has|have) no\b|\bin place\b|\bexecuted\b|\bsigned\b|\bhas an?\b|\bhaving an?\b|\bhold(?:s|ing)?\b|\bhave an?\b|\bexists?\b|\bmust\b|\bneed|\brequire|\bcomplete\b|\bprior to\b|\bestablish|\bbefore\b|\bonly\b|\bwithout\b|\bunless\b|\bbetween\b",
    re.I,
)
_NEED_NOT = re.compile(
    r"\bno longer (?:requir|need)|\bno\b[^.;]{0,50}\b(?:needed|required|necessary|called for)\b|\b(?:does|do|is|are|need|will)\s?(?:not|n['’]t)\b[^.;]{0,30}\b(?:requir|need|necessary|be affiliated)|\bneed not\b|\bagreements?\W{1,4}(?:none|not) (?:required|needed|necessary)",
    re.I,
)
# 'You may apply even if your school has no agreement with us'
_EITHER_WAY = re.compile(
    r"\b(?:even (?:if|when|where|though)|whether or not|regardless of|irrespective of|with or without)\b[^.;,]{0,60}?"
    r"\b(?:agreements?|contracts?|affiliat\w+|mou)\b",
    re.I,
)
_LACKS = re.compile(r"\b(?:no|not|lacks?|without|whether|regardless|irrespective)\b|n['’]t\b", re.I)
_MAY = re.compile(r"\b(?:may|can|welcomed?|accept(?:s|ed)?|open|eligible|consider(?:ed)?)\b", re.I)
_SCHOOL = re.compile(r"\b(?:schools?|institutions?|university|universities|colleges?)\b", re.I)
_BINDING = re.compile(r"\bmust\b|\brequire|\bha(?:s|ve) to\b|\bneeds? to\b", re.I)
_EXCEPT = re.compile(
    r"\b(?:schools?|institutions?|students)\b[^.;]{0,30}\b(?:has|have) no\b|\b(?:schools?|institutions?|universities|colleges) (?:with|holding|that (?:have|hold))\b|\bonly\b|\bunless\b|\bwithout\b|\bneed|\bin place\b",
    re.I,
)
# Where nothing that the sentence names is an agreement or partner, these words alone may tell of one.
_AFFILIATED_SCHOOL = re.compile(r"\baffiliated (?:LCME|COCA|medical school|U\.?S)", re.I)


def find_agreements(passages: list[Passage]) -> list[Fact]:
    """Facts on affiliation and exchange agreements."""
    facts: list[Fact] = []
    for passage in passages:
        named = bool(passage.named) and passage.names("agreement", "partner")
        if named or "affiliated " in passage.lower:
            if fact := _agreement(passage):
                facts.append(fact)
            elif named:
                passage.passed_over("affiliation_required", "agreement_spoken_of_but_not_demanded")
    return facts


def _agreement(passage: Passage) -> Fact | None:
    """An agreement that has to be there, or schools with one as the only ones accepted."""
    agreement, partner = passage.find("agreement"), passage.find("partner")
    text = passage.text
    if (
        not agreement and not partner and "naffiliated" not in text and not _AFFILIATED_SCHOOL.search(text)
    ) or passage.is_heading:
        return None
    match = next(iter(agreement or partner), None)
    start, end = (match.start, match.end) if match else (0, len(text))
    if match and text[match.start : match.start + 4].lower() == "sign" and not _SCHOOL.search(text):
        return None
    if _UNAFFILIATED_REFUSED.search(text):
        return passage.fact("affiliation_required", True, "unaffiliated_refused", 0, len(text), 0.9)
    if partner and _OTHERS_TOO.search(text):
        return None
    if passage.is_question:
        asked = passage.answer is not None and agreement and "demand" in passage.cues
        return passage.fact("affiliation_required", passage.answer, "agreement_answered", start, end) if asked else None
    if _NEED_NOT.search(text):
        return passage.fact("affiliation_required", False, "agreement_not_needed", start, end)
    if either := _EITHER_WAY.search(text):
        if _BINDING.search(text) or not _MAY.search(text) or not _LACKS.search(either[0]):
            return None
        return passage.fact("affiliation_required", False, "agreement_either_way", start, end, 0.8)
    if "optional" in passage.cues or _IF_THEY_ASK.search(text):
        return None
    if agreement and _agreement_demanded(passage):
        return passage.fact("affiliation_required", True, "agreement_required", start, end, 0.95)
    if _AFFILIATED_SCHOOL.search(text) and (passage.demands or "progressing" in passage.lower):
        return passage.fact("affiliation_required", True, "affiliated_schools_only", start, end, 0.8)
    if (
        partner
        and re.search(
            r"\bonly\b|\bexclusively\b|\bsolely\b|\blimited to\b|\brestricted to\b|\breserved for\b|\bmust\b",
            text,
            re.I,
        )
        and not _PASSING.search(text)
    ):
        return passage.fact("affiliation_required", True, "partners_only", start, end, 0.8)
    return None


def _agreement_demanded(passage: Passage) -> bool:
    """An agreement that has to be in place, signed or there, not one that is merely spoken of."""
    text = passage.text
    if passage.demanded_list:
        return not _PASSING.search(text) or bool(_BINDING.search(text))
    if not _HAS_TO.search(text) or (_PASSING.search(text) and not _BINDING.search(text)):
        return False
    return bool(_BINDING.search(text) or _EXCEPT.search(text) or passage.find("restriction"))
