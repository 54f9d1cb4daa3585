"""English tests and USMLE Step 1: which are demanded, with what lowest score."""

from __future__ import annotations

import re

from pipelines.eligibility.passages import Passage
from scraper.considered import is_explained
from scraper.items import Fact
from scraper.text import has_any
from scraper.vocabulary import vocabulary

_TEST = re.compile(
    r"(?=[bcdegimopstu])(?:(?P<toefl>\btoefl\b|\bi-?bt\b|\binternet[\s-]based\b)|(?P<ielts>\bielts\b|\binternational english language testing system\b)"
    r"|(?P<other>\bpaper\b|\bpbt\b|\bcomputer[\s-]based\b|\bcbt\b|\bduolingo\b|\bdet\b|\bpte\b|\bpearson\b|\boet\b|\boccupational english\b"
    r"|\bcambridge\b|\bcae\b|\bcefr\b|\belpt\b|\bitep\b|\bmelab\b|\bstep\b|\busmle\b|\bgpa\b))",
    re.I,
)
# 'Must be fluent in English; a TOEFL is not required': the language is demanded, its test is not.
_SPOKEN_NOT_TESTED = re.compile(
    r"\b(?:must|need to|have to|required to|should|expected to|are|be)\b[^.;]{0,40}?(?P<spoken>\b(?:fluen(?:t|cy)|proficien(?:t|cy)|speak|communicate|command)\b[^.;,]{0,40}\benglish\b)"
    r"[^.]{0,60}?\b(?:toefl|ielts|tests?|exams?|scores?)\b[^.;]{0,30}\b(?:not|n['’]t)\b",
    re.I,
)
_NUMBER = re.compile(
    r"(?<![\d.$,#-])\d{1,3}(?:\.\d)?(?![\d%]|[.,]\d|\s*(?:years?|months?|weeks?|days?|minutes?|hours?|percent|skills?|sections?)\b)"
)
# '95 or better on the TOEFL', '100 (internet-based)', '79 iBT': the name behind the number.
_NAME_BEHIND = re.compile(
    r"\s*(?:\(?or (?:better|higher|above|more|greater)\)?\s*)?(?:points?\s*|total\s*)?(?:\(|(?:on|in|for|of)\s+(?:the |an |your |a )?(?:official )?|(?=ibt|pbt|internet|paper|computer))",
    re.I,
)
_SECTION = re.compile(
    r"\b(?:speaking|listening|reading|writing|section|sub-?score|sub-?test|component|(?<!not )(?<!no )(?<!not be )(?:below|less than|under)|part|module|each)\b",
    re.I,
)
_OVERALL = re.compile(r"\b(?:overall|total|composite|combined|average)\b", re.I)
_SCORE_WORD = re.compile(
    r"usmle|requir|\bneed|transcript|upload|mandator|recommend|comlex|\bscores?\b|\bexam|\bpass|ifom|nbme|\btaken?\b|licens|\bboards?\b|complet",
    re.I,
)
_PROCEDURE = re.compile(r"^\W*step\s+(?:1|i|one)\s*(?:[:.–—-]|\)|$)", re.I)
_STEPS_TO_TAKE = re.compile(
    r"steps?\s+(?:1|i|one)\s*(?:[-–—]|through|to)\s*(?:[2-9]|\w+\b(?=\s+(?:below|above|to)))", re.I
)
_STEP1_WORDS = ("step 1", "step i", "steps 1", "steps i", "usmle", "comlex", "step one", "level 1", "step-1", "part 1")
_NOT_STEP1 = re.compile(r"\b(?:not|no)\s+(?:the\s+)?(?:usmle\s+)?$", re.I)
_OTHER_STEP = re.compile(r"\([^()]{0,80}\bstep\s+(?:2|3|ii|iii)\b[^()]{0,80}\)|\bstep\s+(?:3|iii)\b[^.;]{0,80}$", re.I)
# 'Who we take: physicians who speak good English'
_WHO = re.compile(r"\W*(?:who\b|eligib|applicants|open to|participants|candidates)[^:.–—]{0,30}(?::|\s[–—])\s", re.I)
# 'Language: fluent English', said of applicants
_LANGUAGE = re.compile(
    r"\W*(?:(?:required |spoken |english )?languages?|english)(?: (?:skills?|requirements?|proficiency|level|ability|test))?\W*(?::|$)",
    re.I,
)
_STAFF = re.compile(r"\bour (?:residents?|students|interns|program|fellows)\b|\bresidency applica|\bmatched\b", re.I)


def find_exams(passages: list[Passage]) -> list[Fact]:
    """Facts on English proficiency and on USMLE Step 1."""
    facts: list[Fact] = []
    explained = is_explained()
    for passage in passages:
        low = passage.lower
        # Tests that go by a name of their own are among the words; English may stand where those leave it out.
        if "english" in low or "internet-based" in low or "english_test" in passage.named:
            facts += _english(passage)
        if (passage.named and passage.names("step1", "usmle")) or (explained and has_any(low, _STEP1_WORDS)):
            found = _step1(passage)
            if not found:
                passage.passed_over("usmle_step1_required", "step1_optional_or_not_demanded")
            facts += found
    return facts


def _english(passage: Passage) -> list[Fact]:
    """Lowest TOEFL iBT total and IELTS band (not sections, not paper tests), and whether English is demanded at all."""
    facts: list[Fact] = []
    if passage.is_question:
        return _answered_english(passage)
    if "needless" in passage.cues and (spoken := _SPOKEN_NOT_TESTED.search(passage.text)):
        place = spoken.start("spoken"), spoken.end("spoken")
        return [passage.fact("english_proficiency_required", True, "english_without_test", *place, confidence=0.95)]
    recommended = passage.softened and "needless" not in passage.cues and "demand" not in passage.cues
    if not recommended:
        facts += _scores(passage)
    tests, skills = passage.find("english_test"), passage.find("english_skill")
    match = next(iter(tests + skills), None)
    if match is None and not facts:
        return facts
    start, end = (match.start, match.end) if match else (0, None)
    if "needless" in passage.cues:
        if not {"condition", "optional"} & passage.cues and not re.search(
            r"\b(?:if|for|from|when|whose|who)\b", passage.lower
        ):
            facts.append(passage.fact("english_proficiency_required", False, "english_not_required", start, end))
    elif facts:
        facts.append(passage.fact("english_proficiency_required", True, "english_score", start, end, 0.95))
    elif not passage.softened and (passage.demands or _implies_test(passage, bool(tests), bool(skills))):
        confidence = 0.95 if "demand" in passage.cues else 0.8
        facts.append(passage.fact("english_proficiency_required", True, "english_required", start, end, confidence))
    else:
        why = "recommended_or_optional" if passage.softened else "named_but_not_demanded"
        for field in ("english_proficiency_required", "toefl_ibt_min", "ielts_min"):
            passage.passed_over(field, why)
    return facts


def _answered_english(passage: Passage) -> list[Fact]:
    """'Is a TOEFL required?' with its answer."""
    if passage.answer is None or not passage.find("english_test", "english_skill") or "demand" not in passage.cues:
        return []
    return [passage.fact("english_proficiency_required", passage.answer, "english_answered")]


def _implies_test(passage: Passage, tests: bool, skills: bool) -> bool:
    """'Non-native speakers submit a TOEFL', 'Language: fluent English', 'English Proficiency' as a heading of requirements."""
    if skills and (
        _LANGUAGE.match(passage.text)
        or _LANGUAGE.fullmatch(passage.block.term)
        or _WHO.match(passage.text)
        or _WHO.fullmatch(f"{passage.block.term}: ")
    ):
        return True
    return (tests and skills) or (passage.is_heading and skills and "proficiency" in passage.lower)


def _scores(passage: Passage) -> list[Fact]:
    facts: list[Fact] = []
    names = [(m.start(), m.end(), str(m.lastgroup)) for m in _TEST.finditer(passage.text)]
    if not any(name in ("toefl", "ielts") for _, _, name in names):
        return facts
    found: set[str] = set()
    for number in _NUMBER.finditer(passage.text):
        name = _name_of(passage.text, number, names)
        if name not in ("toefl", "ielts") or name in found:
            continue
        value = float(number[0])
        near = passage.text[max(0, number.start() - 28) : number.start()]
        behind = passage.text[number.end() : number.end() + 28]
        if name == "toefl" and 60 <= value <= 120 and value.is_integer():
            found.add(name)
            facts.append(passage.fact("toefl_ibt_min", value, "toefl_ibt_total", number.start(), number.end(), 0.95))
        elif name == "ielts" and 4 <= value <= 9 and (value * 2).is_integer():
            section = _SECTION.search(near) and not _OVERALL.search(near)
            if section or re.match(
                r"\s*(?:or (?:better|higher|above)\s*)?(?:in|on|for) (?:each|every|all|any|the (?:speak|writ|read|listen)|speak|writ|read|listen)",
                behind,
                re.I,
            ):
                continue
            found.add(name)
            facts.append(passage.fact("ielts_min", value, "ielts_band", number.start(), number.end(), 0.95))
    return facts


def _name_of(text: str, number: re.Match[str], names: list[tuple[int, int, str]]) -> str:
    """The test whose score `number` is: the one named right behind it, else the last one named before it."""
    behind = _NAME_BEHIND.match(text, number.end())
    if behind:
        for start, _, name in names:
            if start == behind.end():
                return name
    before = [name for start, end, name in names if end <= number.start() and number.start() - end < 120]
    return before[-1] if before else ""


def _step1(passage: Passage) -> list[Fact]:
    """Step 1 (or COMLEX Level 1) passed or its score handed in; 'Step 1 or IFOM' counts, 'recommended' does not."""
    matches = passage.find("step1")
    if not matches:
        general = passage.find("usmle")
        if general and "needless" in passage.cues and "step 2" not in passage.lower and "step 3" not in passage.lower:
            place = general[0].start, general[0].end
            return [passage.fact("usmle_step1_required", False, "usmle_not_required", *place, confidence=0.7)]
        if (
            general
            and passage.is_question
            and passage.answer is False
            and not has_any(passage.lower, ("step 2", "step 3"))
        ):
            return [passage.fact("usmle_step1_required", False, "usmle_not_required", confidence=0.7)]
        return []
    match = matches[0]
    named = any(word in passage.text[match.start : match.end].lower() for word in ("usmle", "comlex"))
    if not named and (
        _STEPS_TO_TAKE.match(passage.text[match.start :])
        or _PROCEDURE.match(passage.text)
        or not _SCORE_WORD.search(passage.text)
    ):
        return []
    if passage.is_question:
        return (
            [passage.fact("usmle_step1_required", passage.answer, "step1_answered")]
            if passage.answer is not None and "demand" in passage.cues
            else []
        )
    if ("needless" not in passage.cues and _NOT_STEP1.search(passage.text[: match.start])) or _STAFF.search(
        passage.text
    ):
        return []
    if "needless" in passage.cues:
        return [passage.fact("usmle_step1_required", False, "step1_not_required", match.start, match.end)]
    if _softened(passage) or ("condition" in passage.cues and "demand" not in passage.cues):
        return []
    if passage.is_heading:
        return []
    if passage.demands or re.search(r"\bpass(?:ed|ing)?\b|\bscore report", passage.lower):
        confidence = 0.95 if "demand" in passage.cues else 0.8
        return [passage.fact("usmle_step1_required", True, "step1_required", match.start, match.end, confidence)]
    return []


def _softened(passage: Passage) -> bool:
    """Is it Step 1 that is optional? 'Step 1 and 2 reports (Step 3 if available)' asks for Step 1 all the same."""
    if not passage.softened:
        return False
    rest = _OTHER_STEP.sub(" ", passage.text)
    return bool({"optional", "if_there"} & vocabulary("cues").keys_in(rest))
