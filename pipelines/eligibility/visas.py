"""Visa classes that visitors may use, and whether the host sponsors visas.

Labels schema: 'visa classes that the page names as accepted, usable or issued … Not the ones it says it does not
accept'; visa_sponsored is true where the host sponsors or issues documents (DS-2019, I-20), false where it expressly
does not, helps with nothing or leaves the visa to the visitor; an invitation letter alone is neither.
"""

from __future__ import annotations

import re

from pipelines.eligibility.passages import Passage
from scraper.items import Fact
from scraper.text import has_any, small
from scraper.vocabulary import Match, vocabulary

# Classes and forms may stand without the words 'visa', 'sponsor' and 'immigration'.
_CLASS = re.compile(r"ds-?2019|esta\b|\b(?:i-?20|vwp|[bfhjlo]-?[1-4]|wb|tn)\b")
# What stands wherever _DENIED does.
_DENYING = ("no", "without", "n't", "n’t", "never", "unable", "neither", "ineligible")
_VISA_CONTEXT = re.compile(
    r"visas?\b|\besta\b|immigra|\bstatus\b|[fj]-?1\s+(?:visitors?|scholars?|students?|exchange|interns?|research|trainees?|programs?|categor)|consul|embass|ds-?2019|\bi-?20\b|\bi-94\b|enter(?:ing)? the u|holders?\b|waiver|entry|\b(?:enter|come|travel|arrive)s? (?:here |to the u\.?s\.? )?(?:on|with|under) an?\b|\bj-?1 paperwork|\bsponsors? (?:the |an? )?[jf]-?1|\b(?:business|tourist)\s+visitor|\bas a tourist",
    re.I,
)
_CLAUSE = re.compile(
    r";|,?\s+(?:but|however|whereas|although|while|since|because)\s+|,\s+(?:we|you|they|visitors|students|observers|applicants)\s+|:|\s[–—-]\s|\.\s",
    re.I,
)
_BRACKETS = re.compile(r"\([^()]{0,120}\)")
_NOT = re.compile(
    r"\b(?:not|cannot|never|neither|nor|no longer|unable|ineligible|except|excluding|prohibited|decline[sd]?)\b|n['’]t\b",
    re.I,
)
_NO_HINDRANCE = re.compile(
    r"\bnot\s+(?:eligible for|qualify for|from|participating|(?:an?\s+)?(?:u\.?s\.?\s+)?(?:citizens?|nationals?)|only|limited|yet)\b"
    r"|\b(?:if|those|who|whose|unless)\b[^.;]{0,40}\b(?:not|n['’]t)\b|\bunable to (?:obtain|get|secure)\b",
    re.I,
)
_OUT_OF_PLACE = re.compile(
    r"\b(?:(?<!permanent )residents?|residency|fellowship|faculty positions?|employees?|employment|H-1B sponsorship for|our fellows)\b",
    re.I,
)
_VISITOR = re.compile(r"\b(?:visit|observ|elective|rotat|student|scholar|extern|particip|applicant)", re.I)

_OFFICE = (
    r"(?:documents?|documentation|forms?|certificates?|paperwork|sponsorship|support|assistance|applications?|visas?)"
)
_ISSUE = re.compile(
    r"(?=[adfghipsw])(?:\b(?:sponsors?|sponsoring|issues?|issuing|issued|process(?:es)?|provides?|prepares?|will send|handles?|facilitates?|arranges?|authorized to (?:host|sponsor)|designated (?:program )?sponsor|generate)\b"
    r"[^.;]{0,60}\b(?:ds-?2019|i-?20|[jf]-?1\b|(?:exchange visitor|student|[jf]) visas?|visa documents?|visas?))",
    re.I,
)
_ISSUED = re.compile(
    r"(?=[dfijsv])(?:\b(?:ds-?2019s?|i-?20s?|[jf]-?1 (?:visas?|sponsorship|status)|visa (?:documents?|sponsorship|support))\b[^.;]{0,50}"
    r"\b(?:(?:is|are|will be|can be|may be) (?:issued|provided|prepared|processed|sponsored|available|offered|sent)|(?:application|processing) fees?)\b"
    r"|\bds-?2019s?\s+(?:is\s+|are\s+)?issued by (?:our|us|the (?:office|university|hospital))\b|\bsponsored (?:for|on|under) an? [jf]-?1\b"
    r"|\b[jf]-?1(?: visas?)?,? (?:which|that) [\w ]{1,40} (?:will |can )?(?:sponsor|issue)s?\b"
    r"|\b[jf]-?1(?: visas?)?,? (?:sponsored|issued|arranged) (?:by|through) (?:us|our|the)\b"
    r"|\b[jf]-?1 visa (?:sponsorship|applications?|processing)\b)",
    re.I,
)
_DENIED = re.compile(
    r"(?:(?:\b(?:not|cannot|never|unable|no longer|neither)|n['’]t)\b(?!\s+(?:\w+ly\s+)?(?:require|need)\b)(?!\s+(?:[\w.]+\s+){0,3}(?:citizens?|residents?|nationals?)\b)[^.;]{0,50}\b(?:sponsor|issue|process|provide|assist|help|support|offer|advise|aid|obtain|arrange|facilitat|secure|grant|handle)\w*\b"
    r"[^.;]{0,70}\b(?:visas?\b|immigration|ds-?2019|i-?20\b|[jf]-?1\b)"
    r"|(?:issue|sponsor|provide|prepare)s?\s+neither\b[^.;]{0,40}\b(?:visas?|ds-?2019|i-?20|[jf]-?1)\b"
    r"|(?:need|requir)\w*\s+(?:a\s+)?(?:visa\s+)?sponsorship\b[^.;]{0,40}\b(?:cannot|not|ineligible)\b"
    r"|(?:not|never|cannot|n['’]t)\s+act\s+as\s+(?:an?\s+|the\s+)?(?:(?:visa|immigration)\s+sponsors?\b|sponsors?\b(?! (?:of|for) ))"
    r"|without\s+(?:visa\s+)?sponsorship\s+(?:from|by)\b"
    r"|(?:not|never|cannot)\s+(?:act|serve|be)\s+(?:as\s+)?(?:an?|your|the|their)\s+(?:visa\s+sponsor\b|sponsor\b[^.;]{0,20}\bvisas?\b)"
    r"|visa\s+(?:sponsorship|support|assistance)\s*[:–-]\s*(?:none|no\b|not\b)"
    r"|^\W*visas?\s*[:–—-]\s*(?:are\s+|is\s+)?not\s+(?:sponsored|provided|issued|supported|offered|handled)"
    r"|no\s+visas?\b[^.;]{0,25}\b(?:sponsored|issued|provided|supported)\b"
    r"|no\s+(?:visa|immigration)\s+(?:sponsorship|support|assistance|help|documents?)"
    r"|(?:visas?|visa "
    + _OFFICE
    + r"|ds-?2019s?|i-?20s?)\b[^.;,]{0,30}\b(?:is|are|will|can|may|be|do|does)\s?(?:not|n['’]t)\b[^.;]{0,30}\b(?:sponsor|provid|issu|offer|available|process|support|assist)\w*)",
    re.I,
)
_OWN = re.compile(
    r"\b(?:responsib(?:le|ility|ilities)\b[^.;]{0,60}\bvisas?\b|visas?\b[^.;]{0,50}\b(?:is|are|remains?)\b[^.;]{0,40}\b(?:sole\s+)?responsib(?:le|ility)\b"
    r"|(?:arrange|obtain|secure|make|apply)\w*\b(?:\s+for)?\s+(?:their|your|his|her|his/her|his or her)?\s*own\s+(?:\w+\s+)?visas?\b"
    r"|own visa arrangements?\b|visas?\s*[:–-]\s*(?:your|the \w+['’]s?)\s+(?:own\s+)?responsib|visas?\b[^.;]{0,40}\bown (?:affair|business|matter|concern)\b|own\b[^.;]{0,25}\bvisas?\b)",
    re.I,
)
_NOT_OURS = re.compile(
    r"\b(?:we|hospital|office|school|department|university)\s+(?:is|are|will be)\s+responsible\b", re.I
)


# 'We furnish an invitation but no sponsorship', where the paragraph is on visas.
_NO_SPONSORSHIP = re.compile(
    r"\bno sponsorship\b|\bsponsorship\b[^.;]{0,30}\bnot (?:available|offered|provided)\b", re.I
)
_ASKS_HELP = re.compile(r"\b(?:sponsor|issue|help|assist|support|provide|offer|arrange)", re.I)


def find_visas(passages: list[Passage]) -> list[Fact]:
    """Facts on visas, each class once."""
    facts: list[Fact] = []
    seen: set[str] = set()
    classes = vocabulary("visas").find
    for passage in passages:
        low = passage.lower
        named = "visa" in low or "sponsor" in low or "immigration" in low
        if not named and not (("20" in low or classes(passage.text)) and _CLASS.search(low)):
            continue
        for fact in _classes(passage):
            if fact.value not in seen:
                seen.add(fact.value)
                facts.append(fact)
        facts += _sponsorship(passage)
    return facts


def _classes(passage: Passage) -> list[Fact]:
    """The classes named as usable: in a sentence on visas, not refused there nor by the list it stands in."""
    matches = [m for m in vocabulary("visas").find(passage.text) if m.key != "WT"]
    if not matches or passage.refused_list:
        return []
    if not _VISA_CONTEXT.search(small(" ".join((passage.text, passage.asked, *passage.above[:2])))):
        passage.passed_over("visas", "no_words_of_visas_beside_it")
        return []
    if re.search(r"\b(?:room|suite|level|floor|vitamins?|building)\s+[bflo]-?\d", passage.lower):
        return []
    if _is_out_of_place(passage.text):
        return []
    accepted = [match for match in matches if not _refused(passage.text, match)]
    if len(accepted) < len(matches):
        passage.passed_over("visas", "visa_class_not_accepted")
    return [
        passage.fact("visas", match.key, "visa_class", match.start, match.end, 0.95 if "visa" in passage.lower else 0.8)
        for match in accepted
    ]


def _refused(text: str, match: Match) -> bool:
    """Does the clause around the class say that it is not accepted?"""
    text = _without_brackets(text, match)
    start = max((m.end() for m in _CLAUSE.finditer(text, 0, match.start)), default=0)
    after = _CLAUSE.search(text, match.end)
    clause = text[start : after.start() if after else len(text)]
    denial = _NOT.search(clause)
    if denial is None or _NO_HINDRANCE.search(clause):
        return False
    # 'a B-1 visa, not a B-2 visa': what stands before the denial is refused only by a verb behind it.
    place = match.start - start
    if place < denial.start():
        return bool(
            re.match(
                r"[^.;]{0,80}?\b(?:accept|permit|eligible|allow|valid|acceptable|appropriate|suitable|sponsor|participat|take part|apply|rotate|come|given|grant|use|issue|available|offer|consider|support)",
                clause[denial.end() :],
                re.I,
            )
        )
    return True


def _without_brackets(text: str, match: Match) -> str:
    """`text`, of the same length, without the brackets that are not about the class.

    A class in brackets belongs to the words around them, '(B-2) is not accepted', unless the brackets deny it themselves,
    '(no B-2)'. Brackets beside the class are left out: 'B-1 (J-1 is not accepted)'.
    """
    for bracket in _BRACKETS.finditer(text):
        inside = bracket.start() < match.start < bracket.end()
        if inside and _NOT.search(bracket[0]):
            return " " * bracket.start() + bracket[0] + " " * (len(text) - bracket.end())
        if not inside:
            text = text[: bracket.start()] + " " * len(bracket[0]) + text[bracket.end() :]
    return text


def _sponsorship(passage: Passage) -> list[Fact]:
    """Does the host sponsor visas or issue their documents? Left to the visitor = no (labels schema)."""
    low = passage.lower
    if has_any(low, _DENYING) and (match := _DENIED.search(low)):
        if _is_out_of_place(low):
            return []
        return [passage.fact("visa_sponsored", False, "visa_not_sponsored", match.start(), match.end(), 0.95)]
    if passage.is_question:
        asked = "visa" in low and passage.answer is not None and _ASKS_HELP.search(low)
        sponsors = passage.answer and "sponsor" in low
        if asked and (sponsors or passage.answer is False) and not _is_out_of_place(low):
            return [passage.fact("visa_sponsored", bool(passage.answer), "visa_answered")]
        return []
    if (
        "visa" in low
        and has_any(low, ("own", "responsib"))
        and (match := _OWN.search(low))
        and not _NOT_OURS.search(low)
    ):
        if _is_out_of_place(low):
            return []
        return [passage.fact("visa_sponsored", False, "visa_left_to_visitor", match.start(), match.end(), 0.8)]
    issue = _ISSUE.search(low)
    match = issue or _ISSUED.search(low)
    if (
        match is None
        and "sponsorship" in low
        and "visa" in passage.block.lower
        and (bare := _NO_SPONSORSHIP.search(low))
    ):
        return [passage.fact("visa_sponsored", False, "visa_not_sponsored", bare.start(), bare.end(), 0.8)]
    if (
        match is None
        or passage.refused_list
        or _NOT.search(low[low.rfind(";", 0, match.start()) + 1 :])
        or _is_out_of_place(low)
    ):
        return []
    if issue is None:
        return [passage.fact("visa_sponsored", True, "visa_documents_available", match.start(), match.end(), 0.6)]
    if not re.search(r"ds-?2019|i-?20\b|sponsor|\b[jf](?:-?1\b| visa)", issue[0], re.I) or re.search(
        r"letter|information|copy|copies|proof", issue[0], re.I
    ):
        return []
    return [passage.fact("visa_sponsored", True, "visa_documents_issued", match.start(), match.end(), 0.95)]


def _is_out_of_place(text: str) -> bool:
    """Is the sentence on residents or employees, and on no visitors?"""
    return bool(_OUT_OF_PLACE.search(text)) and not _VISITOR.search(text)
