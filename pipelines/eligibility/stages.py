"""Where in their studies students must be: final year, core clerkships done, in good standing."""

from __future__ import annotations

import re

from pipelines.eligibility.passages import Passage
from scraper.items import Fact
from scraper.text import has_any
from scraper.vocabulary import vocabulary

_RESIDENT = re.compile(
    r"\b(?:residents?|residency|fellows?|fellowship|PGY|postgraduate|faculty|[a-z]*surgeons?|physicians?|clinicians?|specialists?|nurses?|[a-z]{3,12}(?:iatricians?|ologists?|iatrists?))\b",
    re.I,
)
_MEDICAL = re.compile(
    r"\bmedical (?:school|student|education|studies|degree)|\bstudents?\b|\bMS-?(?:4|IV)|\bM4\b|\bOMS", re.I
)
_OWN = re.compile(r"\b(?:our|own)(?:\s+own)?\s+(?:[\w-]+\s+){0,3}$", re.I)
# 'Visiting students may take our fourth-year electives'
_COURSES_OPEN = re.compile(r"[\s-]+(?:\w+ )?(?:electives?|rotations?|clerkships?|courses?)\b", re.I)
# 'The fourth-year academic calendar', 'courses in the fourth year of our curriculum': a year of the host's own.
_YEAR_OF_STUDY = re.compile(
    r"[\s-]+(?:of (?:the|our) (?:\w+ ){0,3})?(?:(?:academic|electives?|course) )?(?:calendar|curriculum|schedule|catalog(?:ue)?)\b",
    re.I,
)
# 'Our partner school's third- and fourth-year students are enrolled first': those of the house.
_SERVED_FIRST = re.compile(
    r"\bstudents (?:(?:are|will be) (?:enrolled|registered|scheduled|placed|accommodated) (?:in [\w ]{1,30} )?first\b|(?:have|has|receive|get|are given|will have) (?:first )?(?:priority|preference|choice)\b)",
    re.I,
)
_TAKES = re.compile(
    r"open to|\bwho(?: (?:can|may) (?:apply|come|rotate|attend))?:|\b(?:students?|audience|for|year|eligible): |\b(?:year|level|stage) (?:of|in) (?:training|study|studies|school|medical school)\b|offer|\btakes? |host|train |provid|accept|welcom|consider|eligib|\blevel:|\bclass(?: year)?:|may |can |rotat|for |enrolled|only|designed|available|limited to|restricted|be in|be a|invite|award|apply|in their|in your|at |gives|qualify|let |invites|to (?:expose|introduce|attract|recruit|allow) ",
    re.I,
)
_ASKED_YEARS = re.compile(r"\b(?:years?|when in|stage|level)\b", re.I)
# 'Visiting M4s: four weeks', 'For visiting fourth-year students'
_NAMES_WHO = re.compile(
    r"\W*(?:(?:for|visiting|away|outside|external|eligible|all|only|guest|rotating|any|medical|interested)\W{1,3}){1,4}",
    re.I,
)
_DONE = re.compile(
    r"\b(?:to be done|complet\w*|finish\w*|undertaken|undergone|pass(?:ed|ing)?|satisf\w*|come (?:first|before)|taken|fulfill?\w*|prior|done|prerequisites?|(?:have|has) (?:had|rotated))\b",
    re.I,
)
_NOT_OFFERED = re.compile(
    r"\b(?:do|does|are|is|cannot|can|will)\s?(?:not|n['’]t)?\b[^.;]{0,25}\b(?:not|unable)\b[^.;]{0,40}\b(?:offer|provide|available|accept|host|satisfy|meet|fulfill|count)|\b(?:counts? as|in lieu of|toward)\b",
    re.I,
)
_SPECIALTIES = re.compile(
    r"\bmedicine\b|\bsurgery\b|\bpediatrics?\b|\bpsychiatry\b|\bobstetrics|\bob\s?/?-?\s?gyn|\bgyn[ae]*cology\b|\bneurology\b|\bfamily\b",
    re.I,
)
# Without these two are left, medicine and family medicine.
_ONE_OF_THREE = ("surgery", "pediatric", "psychiatry", "neurology", "gyn", "obstetrics")
_CORE_SPECIALTY = (
    r"(?:(?:internal |family |general )?medicine|(?:general )?surg(?:ery|ical)|pediatrics?|psychiatry|neurology"
    r"|ob\s?/?-?\s?gyn|obstetrics (?:and|&) gynecology)"
)
_CLERKSHIP_IN = (
    rf"(?:\b{_CORE_SPECIALTY}(?:(?:,|,? and|,? or| &|/)\s?{_CORE_SPECIALTY}){{0,5}} (?:core )?(?:clerkships?|rotations?)\b"
    rf"|\b(?:clerkships?|rotations?) in (?:both )?{_CORE_SPECIALTY}\b)"
)
# 'Must have completed the surgery rotation', 'who have completed a rotation in medicine', 'Prerequisites: completion of the ob/gyn clerkship':
# labels schema: core clerkships, all or those named.
_CLERKSHIP_DONE = re.compile(
    rf"\b(?:must|should|needs? to|ha(?:s|ve) to|who|that)(?: \w+){{0,2}}? (?:have|has) (?:also |already |successfully |satisfactorily ){{0,2}}completed\b[^.;]{{0,60}}?{_CLERKSHIP_IN}"
    rf"|\b(?:prerequisites?|pre-requisites?|requirements?|required)\b[^.;]{{0,40}}\bcompletion of\b[^.;]{{0,40}}?{_CLERKSHIP_IN}"
    rf"|\bcompletion of\b[^.;]{{0,40}}?{_CLERKSHIP_IN}[^.;]{{0,40}}\bis (?:required|a prerequisite|mandatory)\b"
)
_GOOD_STANDING = re.compile(
    r"\bgood(?:[\s,/&-]{1,3}\w+){0,5}?[\s-]{1,2}standing\b|\bacademically in good standing\b", re.I
)
_LICENCE = re.compile(
    r"licen[sc]|medical board|board[- ]certif|faculty member in good|professional staff|alumni|staff in good", re.I
)


def find_stages(passages: list[Passage]) -> list[Fact]:
    """Facts on final year, core clerkships and good standing."""
    years: list[Fact] = []
    facts: list[Fact] = []
    for passage in passages:
        named, low = passage.named, passage.lower
        if named and passage.names("final_year", "earlier_year"):
            found = _year(passage)
            if not found:
                passage.passed_over("final_year_required", "year_of_no_applicant_or_shut_out")
            years += found
        if "core" in named or _names_several(passage):
            facts += _core(passage)
        elif "complet" in low and ("clerkship" in low or "rotation" in low):
            facts += _clerkship_named(passage)
        if "standing" in low:
            facts += _standing(passage)
    return _settle_years(years, passages) + facts


def _year(passage: Passage) -> list[Fact]:
    """Final year alone (true), or an earlier year as well (false); whom the sentence shuts out counts the other way."""
    final, earlier = passage.find("final_year"), passage.find("earlier_year")
    if not final and not earlier:
        return []
    text = passage.text
    if _RESIDENT.search(text) and not _MEDICAL.search(text):
        return []
    first = (final or earlier)[0]
    if (
        (
            _OWN.search(text[max(0, first.start - 40) : first.start])
            and not (_COURSES_OPEN.match(text, first.end) and "visit" in passage.lower)
        )
        or vocabulary("study_years").find(text)
        or _YEAR_OF_STUDY.match(text, first.end)
        or _SERVED_FIRST.search(text, first.end)
    ):
        return []
    takes = (
        passage.demands
        or passage.block.kind == "item"
        or bool(_TAKES.search(text))
        or bool(passage.asked and _ASKED_YEARS.search(passage.asked))
        or min(m.start for m in (*final, *earlier)) <= 2
        or bool(_NAMES_WHO.fullmatch(text[: first.start]))
    )
    if not takes:
        return []
    shut_out = passage.refused_list or _shut_out(text, first.start, first.end)
    if earlier and not final:
        if shut_out and _ALL_EARLIER.search(text) and not _FOURTH.search(text):
            # 'Not open to preclinical and third-year students': nobody is left but those of the last year.
            return [passage.fact("final_year_required", True, "earlier_years_shut_out", first.start, first.end, 0.8)]
        # '3rd and 4th year students' is one phrase of an earlier year; 'third-year students' shut out says nothing of the fourth.
        return [] if shut_out else _earlier(passage, first.start, first.end)
    if shut_out:
        # 'Students in their final year are not eligible': so others are.
        return (
            []
            if earlier
            else [passage.fact("final_year_required", False, "final_year_shut_out", first.start, first.end)]
        )
    if earlier and not _shut_out(text, earlier[0].start, earlier[0].end):
        return [passage.fact("final_year_required", False, "earlier_year_too", earlier[0].start, earlier[0].end)]
    core = passage.find("core")
    if (
        core
        and re.search(r"\bor\b", text[min(first.end, core[0].start) : max(first.start, core[0].start)], re.I)
        and core[0].start > first.end
    ):
        return [passage.fact("final_year_required", False, "final_year_or_core_done", first.start, core[0].end)]
    confidence = 0.95 if "demand" in passage.cues or " only" in text else 0.6 if passage.is_heading else 0.8
    return [passage.fact("final_year_required", True, "final_year", first.start, first.end, confidence)]


_ALL_EARLIER = re.compile(
    r"\b(?:pre-?\s?clinical|first|1st|second|2nd|M1|M2|MS-?1|MS-?2)\b[^.;]{0,60}\b(?:third|3rd|M3|MS-?3|MS-?III|OMS-?III)\b"
    r"|\b(?:third|3rd|M3|MS-?3)\b[^.;]{0,60}\b(?:pre-?\s?clinical|first|1st|second|2nd)\b",
    re.I,
)
_FOURTH = re.compile(r"\b(?:fourth|4th|final|senior|M4|MS-?4|MS-?IV)\b", re.I)
# 'Applicants must have completed the second year': whoever has, may come.
_PRECLINICAL_DONE = re.compile(
    r"\b(?:complet(?:ed?|ion of)|finish(?:ed)?|pass(?:ed)?)\s+(?:(?:the|their|your|first|of|at|least|and|or)\s+){0,4}(?:second|2nd|first|1st|one|two|2|pre-?clinical)\s+years?\b(?!\s+(?:of\s+)?(?:residency|college))",
    re.I,
)


def _earlier(passage: Passage, start: int, end: int) -> list[Fact]:
    """An earlier year alone speaks of visitors only where the sentence lets them in."""
    words = passage.text[start:end].lower()
    if _PRECLINICAL_DONE.search(passage.text):
        return [passage.fact("final_year_required", False, "earlier_years_done", start, end)]
    both = re.search(r"\b(?:and|or|through|to|two|2|years|any|all|least|18|24|eighteen|twenty)\b|[/,&]", words)
    if both or re.search(r"\b(?:may|eligible|welcome|accept|open to|can apply|as well)\b", passage.lower):
        return [passage.fact("final_year_required", False, "earlier_year_too", start, end)]
    return []


def _shut_out(text: str, start: int, end: int) -> bool:
    """Is the year at `text[start:end]` one that may not come?"""
    before = text[max(0, start - 60) : start]
    cut = max(before.rfind(","), before.rfind(";"), before.rfind("("))
    if re.search(
        r"\b(?:not|cannot|unable|ineligible|nor|no)\b(?! only)[^,;(]*$", before[cut + 1 :], re.I
    ) and not re.search(r"\bor have\b", before, re.I):
        return True
    return bool(
        re.match(
            r"[^.;]{0,90}?\b(?:(?:are|is|will|may|can) ?not|cannot|ineligible)\b(?! (?:only|yet|have|required|needed|necessary|mandatory))",
            text[end:],
            re.I,
        )
    )


def _settle_years(facts: list[Fact], passages: list[Passage]) -> list[Fact]:
    """Labels schema: false when earlier years may also take part, so that a 'false' outweighs every 'true' for the same people.

    On a page that speaks of nobody from abroad what is said of US students is said of all.
    """
    open_for = {fact.audience for fact in facts if fact.value is False}
    if open_for and not any(passage.audience == "international" for passage in passages):
        return [fact for fact in facts if fact.value is False]
    return [
        fact
        for fact in facts
        if fact.value is False
        or not (open_for & {fact.audience, "any"} or (fact.audience == "any" and "international" in open_for))
    ]


def _core(passage: Passage) -> list[Fact]:
    """Core clerkships, all or those named, to be completed before."""
    text = passage.text
    matches = [m for m in passage.find("core") if not _OWN.search(text[max(0, m.start - 30) : m.start])]
    if not matches and not _names_several(passage):
        return []
    third_year_done = any(
        "third" in text[m.start : m.end].lower() or "3rd" in text[m.start : m.end].lower()
        for m in passage.find("final_year")
    )
    if third_year_done and not matches:
        return []
    start, end = (matches[0].start, matches[0].end) if matches else (0, len(text))
    if "needless" in passage.cues:
        return (
            [passage.fact("core_clerkships_required", False, "core_not_required", start, end)]
            if _DONE.search(text)
            else []
        )
    if "optional" in passage.cues or _NOT_OFFERED.search(text) or passage.is_heading or text.endswith("?"):
        return []
    listed = passage.demanded_list and any(
        re.search(r"prerequisit|complet", above, re.I) for above in passage.above[:2]
    )
    if _DONE.search(text) or listed:
        return [passage.fact("core_clerkships_required", True, "core_completed", start, end, 0.95 if matches else 0.8)]
    return []


def _clerkship_named(passage: Passage) -> list[Fact]:
    """A clerkship that is named and has to be done before counts (labels schema: 'all or those named')."""
    done = _CLERKSHIP_DONE.search(passage.lower)
    if done is None or passage.is_question or {"needless", "optional"} & passage.cues:
        return []
    return [passage.fact("core_clerkships_required", True, "clerkship_completed", done.start(), done.end())]


def _names_several(passage: Passage) -> bool:
    """'Rotations in medicine, surgery and pediatrics': three core specialties or more, by name."""
    low = passage.lower
    clinical = "clerkship" in low or "training" in low or ("rotat" in low and ("rotation" in low or "rotated" in low))
    if not clinical or not has_any(low, _ONE_OF_THREE):
        return False
    number = len({m[0].lower()[:6] for m in _SPECIALTIES.finditer(passage.text)})
    return number >= 3 or (number == 2 and "clerkships" in low and has_any(low, ("prerequisite", "complet")))


def _standing(passage: Passage) -> list[Fact]:
    """'Good (academic) standing', of the student or in the letter that has to say so; not that of a licence."""
    match = _GOOD_STANDING.search(passage.text)
    if match is None or _LICENCE.search(passage.text) or (passage.softened and not passage.demands):
        return []
    confidence = 0.95 if passage.demands else 0.8
    return [passage.fact("good_standing_required", True, "good_standing", match.start(), match.end(), confidence)]
