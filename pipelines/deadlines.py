"""Deadlines: when applications open and when they must be in, as dates, as lead times before the start, or rolling.

The spans of dates are found by a table of months and read strictly; nothing is guessed from 'soon' or 'spring'. What a date means is
told by the word nearest before it ('Applications open March 2; orientation is July 6'), by the header of its column or row,
or, where it stands alone, by the line, list lead or heading above it. Dates of rotations, decisions, orientations,
payments and holidays, priority dates and recommendations are no deadlines (labels schema: deadlines). A year is taken
from the same sentence, table or heading; where none is stated the deadline has none.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import attrs

from pipelines import Stage
from scraper.considered import passed_over
from scraper.items import Audience, Block, Cell, Deadline, Fact
from scraper.scope import audience_in, audience_of
from scraper.statements import MAX_QUOTE, Statement, quote, statements, statements_of
from scraper.text import has_any, number, small
from scraper.vocabulary import Match, vocabulary

Kind = Literal["opens", "closes"]
Unit = Literal["day", "week", "month"]
Role = Literal["opens", "closes", "window", "other"]

MAX_FACTS = 60

_MONTHS = {
    name: index // 2 + 1
    for index, name in enumerate(
        [
            "january",
            "jan",
            "february",
            "feb",
            "march",
            "mar",
            "april",
            "apr",
            "may",
            "may",
            "june",
            "jun",
            "july",
            "jul",
            "august",
            "aug",
            "september",
            "sep",
            "october",
            "oct",
            "november",
            "nov",
            "december",
            "dec",
        ]
    )
} | {"sept": 9}
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_OF_YEAR = rf"(?:(?:,|\s|,\s|\sof\s)\s?(?P<y3>{_YEAR})(?!\d))"
# For a text in small letters. It looks at the first character before anything else: few are a digit or begin a month.
_DATE = re.compile(
    rf"(?=[0-9jfmasond])(?:\b(?={_MONTH}\b)"
    rf"(?:(?P<m3>{_MONTH})\b\.?\s?(?P<d3>{_DAY})(?:\s?(?:st|nd|rd|th)\b)?(?![\d%]|:\d){_OF_YEAR}?"
    rf"|(?P<m5>{_MONTH})\b\.?,?\s(?:of\s)?(?P<y5>{_YEAR})(?!\d)"
    rf"|(?P<m7>{_MONTH})\b\.?)"
    rf"|(?=[0-9])(?:(?P<y1>{_YEAR})-(?P<m1>0[1-9]|1[0-2])-(?P<d1>{_DAY})(?!\d)"
    rf"|(?<![\d/$.-])(?P<m2>1[0-2]|0?[1-9])(?P<sep>[/.-])(?P<d2>{_DAY})(?P=sep)(?P<y2>{_YEAR}|\d\d)(?![\d/])"
    rf"|\b(?P<d4>{_DAY})(?:\s?(?:st|nd|rd|th)\b)?\s(?:of\s)?(?P<m4>{_MONTH})\b\.?(?:,?\s?(?P<y4>{_YEAR})(?!\d))?"
    rf"|(?<![\d/$.-])(?P<m6>1[0-2]|0?[1-9])/(?P<d6>{_DAY})(?![\d/%])))"
)
# The names of the groups of month, day and year in each choice of _DATE, by the digit at their end.
_DATE_GROUPS = {n: tuple(f"{part}{n}" if f"{part}{n}" in _DATE.groupindex else "" for part in "mdy") for n in "1234567"}
# What stands wherever a date does: the name of a month, written with a capital, or figures with one of their marks.
_MAY_BE_DATED = re.compile(
    r"[JFMASOND0-9](?:(?i:an(?:uary)?|eb(?:ruary)?|ar(?:ch)?|pr(?:il)?|ay|une?|uly?|ug(?:ust)?|ept?(?:ember)?|ct(?:ober)?|ov(?:ember)?|ec(?:ember)?)\b|\d{0,3}[/.-]\d)"
)
_JOIN = re.compile(
    r"[\s,.]*(?:-|–|—|‐|to|through|thru|until|till|and|&|or)?[\s,]*(?:on|in|the)?\s*(?:(?:early|mid|late)[\s-])?",
    re.IGNORECASE,
)
_RANGE = re.compile(
    r"[\s,.]*(?:-|–|—|‐|to|through|thru|until|till|and)\s*(?:\w+day,?\s|(?:early|mid|late)[\s-])?", re.IGNORECASE
)
_ACADEMIC_YEAR = re.compile(r"(?<![\d/-])(20\d\d)\s?(?:-|–|—|/)\s?(?:20)?(\d\d)(?!\d|[-–/]\d)")
_TERM = re.compile(r"\b(spring|summer|fall|autumn|winter)\s(?:\w+\s)?(20\d\d)\b", re.IGNORECASE)
_SINGLE_YEAR = re.compile(r"(?<![\d/–—-])(20\d\d)(?!\s?[-–—/]\s?\d|\d)")
_YEAR_OF_APPLICATION = re.compile(
    r"\b(20\d\d)\s(?:\w+\s){0,2}?(?:applications?|cycle|season|application period)\b", re.IGNORECASE
)

_BY = re.compile(
    r"(?:\b(?:by|before|until|till|through|thru|no later than|not later than|on or before|prior to|latest)|due)\s*(?:the\s)?(?:\w+day,?\s)?(?:end of |close of business on |midnight on |(?:\d{1,2}(?::\d\d)? ?[ap]\.?m\.?|noon|midnight),? (?:\(?\w+\)?,? ){0,2}?(?:on )?(?:\w+day,? )?)?$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"\b(?:beginning|starting|as of|from|on or after|after|as early as)\s*(?:on |in )?(?:\w+day,?\s)?(?:late |early |mid-?)?$",
    re.IGNORECASE,
)
_MONTH_PREPOSITION = re.compile(
    r"(?:\b(?:in|by|between|until|through|is|are|early|late|mid|of|from|as of|starting|beginning|before|each|every|to)|[:–-])\s?[-–]?\s?(?:the\s)?(?:\w+\s)?(?:beginning of\s|end of\s)?$",
    re.IGNORECASE,
)
_MONTH_OF_SOMETHING = re.compile(
    r"[\s,]*(?:\d{4}\s)?(?:rotations?|electives?|blocks?|start|sessions?|cohorts?|graduates?|match|clerkships?|periods?|placements?|terms?|semesters?|observerships?|group|intake)\b",
    re.IGNORECASE,
)
_PLACE = r"(?:rotations?|electives?|clerkships?|blocks?|periods?|months?|opportunities|placements?|sessions?|observerships?|visits?|experiences?|semesters?|terms?|courses?|slots?|openings|positions?|programs?|appointments?|stays?|projects?)"
# 'for electives from July', 'rotations starting', 'the program begins on': the date after it is one of rotations.
_OF_ROTATION = re.compile(
    rf"\b{_PLACE}\s(?:(?!appl|deadline|due|clos|open|submi|request|accept)\w+\s){{0,3}}?(?:in|from|between|starting|beginning|begins?|begin|starts?|start|during|dates?|for|of|scheduled|offered|occurring|taking place|running)\s(?:on\s|in\s|the\s|between\s|from\s|months? of\s)*$"
    r"|\byears?\s(?:that\s)?(?:starting|beginning|starts|begins)\s(?:on\s|in\s)$"
    rf"|\b(?:for|during)\s(?:the\s)?(?:months? of\s|{_PLACE}\s(?:in\s|from\s|of\s)?)?$",
    re.IGNORECASE,
)
# 'Rotations in surgery will be available at our hospital from June through December'
_OFFERED_FROM = re.compile(
    rf"\b{_PLACE}\b(?:(?!appl|request)[^.;]){{0,60}}\b(?:is|are|will be)\s(?:available|offered|held|open)\b(?:(?!appl|request)[^.;]){{0,60}}\b(?:from|between|during)\s(?:the months of\s)?$"
    rf"|\b{_PLACE}\b(?:(?!appl|request)[^.;]){{0,60}},? available (?:beginning|starting)(?: in)?\s$",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\b(?:starts?|begins?|start date|starting date|rotat\w+)\s(?:in|on|of|from|between)\s$", re.IGNORECASE
)
_PERIOD_OF_APPLICATION = re.compile(
    r"\b(?:application|submission|evaluation|review|request|enrollment|inquiry)\s(?:period|window|session)s?\b[^,;]{0,20}$",
    re.IGNORECASE,
)
# 'Enrollment for all electives will start'
_ENROLLMENT_STARTS = re.compile(
    r"\b(?:enrollment|registration|applications?|requests?) for (?:\w+\s){1,4}(?:will )?(?:starts?|begins?|opens?)\s(?:on\s)?$",
    re.IGNORECASE,
)
_EXTENDED = re.compile(r"\b(?:extended|moved|changed|postponed|pushed)(?: back)? from\s(?:\w+day,?\s)?$", re.IGNORECASE)
_WHEN_TO_APPLY = re.compile(
    r"\bwhen (?:to|do i|should i|can i|must i) (?:apply|submit)|\b(?:what is|what['’]s) the (?:latest|last) (?:\w+ ){0,4}(?:apply|submit)|\bhow late|\bby when|\bhow much (?:notice|time)|\bhow (?:early|far in advance|soon|long before)\b|\bdeadline",
    re.IGNORECASE,
)
_TOO_LATE = re.compile(r"\b(?:within|(?:less|fewer) than|later than)\s$", re.IGNORECASE)
_ABOUT_APPLICATION = re.compile(
    r"\b(?:appl\w*|vslo|vsas|submi\w*|requests?|inquir\w*|nominat\w*|enroll(?:ment)?|intake|cut-?offs?|closing dates?|(?:send|e-?mail|mail) (?:(?:me|us) )?your|with us (?:by|before|no later)|(?:reserve|book|register|sign up) (?:by|before)|portal|catalogs?|proposals?|materials|to be considered)\b"
)
_OFF_HEADING = re.compile(
    r"\b(?:accepted|acceptance|after (?:you|acceptance)|cancel\w*|withdraw\w*|refunds?|immuniz\w*|health|housing|orientation|calendar|rotation dates|block dates|elective dates|"
    r"news|events?|residency|onboarding|payments?|fees|drop|scholarships?|stipends?|priority)\b"
)
_HARD_OFF = re.compile(
    r"\b(?:accept\w*|cancel\w*|withdraw\w*|refunds?|immuniz\w*|housing|payments?|fees|drop|onboarding|scholarships?|stipends?|residency)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\bapplications?\b|\bapply\b|\bapplicants?\b|\bsubmi", re.IGNORECASE)

_COUNT = r"\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|thirty|forty-five|sixty|ninety"
_LEAD = re.compile(
    rf"\b(?=[\da-fnost])(?:(?P<low>{_COUNT})\s?(?:\(\d{{1,3}}\)\s?)?(?:-|–|—|to|or)\s?)?(?<![\d.$/])\b(?P<count>{_COUNT})(?:\s(?:and a half|or more))?[\s-]{{0,2}}(?:\((?P<figure>\d{{1,3}})(?:\s?(?P<unit2>days?|weeks?|months?))?\))?[\s-]{{0,2}}"
    rf"(?:full\s)?(?:business\s|calendar\s|working\s)?(?P<unit>days?|weeks?|months?)’?'?(?:\s?\((?P<n3>\d{{1,3}})\s?(?P<unit3>days|weeks|months)\))?"
    rf"(?P<tail>(?:\s\w+){{0,2}}?\s(?:prior|before|in advance|ahead of|ahead|preceding|beforehand|advanced? notice|notice|earlier|(?:advance )?lead[ -]time)\b|\sout(?=\s?(?:[.;,)]|$|from\b)))?"
)  # for a text in small letters
_LEAD_GATE = re.compile(r"d(?<!\wd)ays?\b|w(?<!\ww)eeks?\b|m(?<!\wm)onths?\b")
_DAYS = {"day": 1, "week": 7, "month": 30}


@attrs.frozen
class Date:
    """A date as it stands in a text: the year None where it is not written beside it, the day None for a month alone."""

    month: int
    day: int | None
    year: int | None
    start: int
    end: int
    slash: bool = False  # 4/24, without a year


def find_dates(text: str) -> list[Date]:
    """The dates in `text`, left to right: 'April 24, 2026', '4/24/26', '24 April', 'Apr. 24th', 'April 2026', 'April'."""
    found: list[Date] = []
    if not _MAY_BE_DATED.search(text):
        return found
    for match in _DATE.finditer(small(text)):
        month_group, day_group, year_group = _DATE_GROUPS[str(match.lastgroup)[-1]]
        word, at = match[month_group], match.start(month_group)
        if text[at].islower():
            continue  # 'may', 'march', 'mar': months are written with a capital
        month = int(word) if word.isdigit() else _MONTHS[word]
        day_word, year_word = day_group and match[day_group], year_group and match[year_group]
        day = int(day_word) if day_word else None
        year = int(year_word) if year_word else None
        year = year + 2000 if year is not None and year < 100 else year
        if not _possible(month, day, year):
            continue
        if (
            day is None
            and year is None
            and text[at : match.end(month_group)] == "May"
            and not _BEFORE_MAY.search(text[max(0, match.start() - 12) : match.start()])
        ):
            continue
        found.append(Date(month, day, year, match.start(), match.end(), slash=bool(match["m6"])))
    return [*_day_ranges(text, found)] if found else found


_BEFORE_MAY = re.compile(
    r"(?:\b(?:in|by|of|until|through|to|from|and|late|early|mid|or)|[,:–-])\s?[-–]?$", re.IGNORECASE
)
_DAY_RANGE = re.compile(rf"\s?(?:-|–|—|‐|to|through)\s?({_DAY})(?:st|nd|rd|th)?(?![\d/])(?:,?\s({_YEAR}))?")


def _possible(month: int, day: int | None, year: int | None) -> bool:
    try:
        dt.date(year or 2024, month, day or 1)
    except ValueError:
        return False
    return year is None or 2005 <= year <= 2060


def _day_ranges(text: str, dates: list[Date]) -> Iterator[Date]:
    """'March 1-15, 2026' is two dates; 'January 1 - March 31, 2026' gives its year to both ends."""
    for index, date in enumerate(dates):
        tail = _DAY_RANGE.match(text[date.end : date.end + 30])
        if (
            tail
            and date.day
            and not date.slash
            and date.year is None
            and _possible(date.month, int(tail[1]), None)
            and not (index + 1 < len(dates) and dates[index + 1].start < date.end + tail.end())
        ):
            year = int(tail[2]) if tail[2] else None
            yield attrs.evolve(date, year=year)
            yield Date(date.month, int(tail[1]), year, date.end + tail.start(1), date.end + tail.end())
        elif (
            date.year is None
            and index + 1 < len(dates)
            and dates[index + 1].year
            and _RANGE.fullmatch(text[date.end : dates[index + 1].start])
        ):
            after = dates[index + 1]
            year = after.year or 0
            yield attrs.evolve(date, year=year - ((date.month, date.day or 1) > (after.month, after.day or 31)))
        else:
            yield date


def _matches(text: str) -> list[Match]:
    return list(vocabulary("deadlines").find(text))


# --- what a date means -------------------------------------------------------------------------------------------------


def _role_before(window: str, matches: list[Match], left: int, ranged: bool, refused: bool) -> Role | None:
    """The role that the words between the date before and this date give it; `matches` are those of `window`, placed from `left`."""
    if (
        (_OF_ROTATION.search(window[-90:]) or _OFFERED_FROM.search(window))
        and not _PERIOD_OF_APPLICATION.search(window[-60:])
        and not _ENROLLMENT_STARTS.search(window[-80:])
    ):
        return "other"
    if _BEGINS.search(window[-40:]) and not re.search(
        r"appl\w*|window|cycle|submission|portal", window[-70:], re.IGNORECASE
    ):
        return "other"
    right = left + len(window)
    # 'Accepting applications from visiting students on March 1': that 'from' opens no range.
    read = sorted(
        (
            m
            for m in matches
            if m.key in ("opens", "closes", "window", "act", "other")
            and not (
                m.key == "window"
                and right - m.end > 12
                and window[: m.end - left].endswith((" from", " between", " during"))
            )
        ),
        key=lambda m: m.end,
    )
    if not read:
        return None
    last = read[-1]
    if any(
        re.match("review|consider|evaluat|process", window[m.start - left :]) and last.end - m.end < 40
        for m in read
        if m.key == "other"
    ):
        return "other"  # 'begin reviewing and accepting applications on'
    if last.key == "closes" and not refused and _RECEIVED_AFTER.search(window):
        return "other"  # 'applications submitted after April 3 are processed as they come'
    if refused and (match := re.search(r"\b(before|prior to|after)[\s,]+(?:\w+day,?\s)?$", window)):
        return "closes" if match[1] == "after" else "opens"  # 'received before … or after … will not be considered'
    if _ROTATION_STARTS.search(window):
        return "other"
    if last.key in ("act", "closes") and _NOT_UNTIL.search(window):
        return "opens"
    if last.key == "act":
        if _BY.search(window):
            return "closes"
        if _FROM.search(window):
            return "opens"
        named = [
            m for m in read if m.key != "act"
        ]  # 'begin accepting applications March 1': the act has no preposition
        if not named:
            return "window" if ranged else None
        last = named[-1]
    if last.key in ("act", "opens", "closes") and _NOT_UNTIL.search(window):
        return "opens"  # 'not accepting applications until March 1'
    if last.key in ("opens", "window", "act") and _REVIEW_BEGINS.search(window):
        return "other"
    if last.key in ("opens", "closes") and len(read) > 1 and _is_of_another(read[-2], last, window, left):
        return "other"
    if last.key == "closes" and _answered_by(last, read, matches, window, left):
        return "other"
    if last.key == "window":
        return "window"
    if last.key == "opens" and re.search(r"\b(?:until|through|till)\s*$", window, re.IGNORECASE):
        return "opens" if _DELAYED.search(window) else "closes"
    if last.key == "other" and _BY.search(window):
        earlier = [m for m in matches if m.key in ("act", "closes")]
        if (
            earlier
            and not any(m.key == "other" for m in matches if m.end <= earlier[0].start)
            and _weak_other(last, window, left)
        ):
            return "closes"
    return last.key  # type: ignore[return-value]


# 'Please do not submit a request before March 21', but not 'If you do not apply before March 21, …'
_NOT_UNTIL = re.compile(
    r"(?<!if you do )(?<!if you have )(?<!who do )(?<!who have )\bnot\b[^.;]{0,80}\b(?:until|before|prior to)[\s,]+(?:\w+day,?\s)?$",
    re.IGNORECASE,
)
# 'The opening of the portal is delayed until April 15'
_DELAYED = re.compile(r"\b(?:delay|postpone|defer|push|move)\w*\b", re.IGNORECASE)
# 'We do not review applications for rotations starting on or after July 26 until May'
_ROTATION_STARTS = re.compile(
    r"\b(?:rotations?|electives?|blocks?|clerkships?|observerships?|sub-?internships?) (?:that )?(?:starting|beginning|starts?|begins?)(?: on| in| after| before| prior to| on or after| on or before| from)?\s(?:the\s)?(?:\w+day,?\s)?$",
    re.IGNORECASE,
)
_RECEIVED_AFTER = re.compile(
    r"\b(?:received|submitted|arriving|apply|applying|requests) after\s(?:\w+day,?\s)?$", re.IGNORECASE
)
_REVIEW_BEGINS = re.compile(
    r"\b(?:review|reviewing|evaluation|processing) of (?:\w+\s){0,6}?(?:applications?|applicants|requests)\b[^.;,]{0,40}$",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"orientation|onboarding|housing|interview|immuniz|vaccin|flu shot|influenza|titer|health form|payment|tuition|deposit|balance|invoice|evaluation form|parking|badge|conference|webinar",
    re.IGNORECASE,
)


def _is_of_another(before: Match, last: Match, window: str, left: int) -> bool:
    """'Vaccination records are due June 1', 'Orientation modules open May 1': its subject is no application."""
    return (
        before.key == "other"
        and last.start - before.end <= 24
        and bool(_ANOTHER.match(window, before.start - left))
        and not _about(window)
        and not re.search(r"[,;]|\band\b", window[before.end - left : last.start - left])
        and not window[: before.start - left].strip(" *-–—•")
    )


_ANSWER = re.compile(r"decision|notif|offer|result|response|interview|acceptance|selection|announce", re.IGNORECASE)
_ANSWERED = re.compile(r"(?:made|sent|emailed|completed|received|returned|released|in)\b", re.IGNORECASE)


def _answered_by(last: Match, read: list[Match], matches: list[Match], window: str, left: int) -> bool:
    """'Decisions on electives will be made by May 30': the date by which the host answers."""
    if not _ANSWERED.match(window[last.start - left :]):
        return False
    answers = [m for m in read if m.end <= last.start and m.key == "other" and _ANSWER.match(window[m.start - left :])]
    return bool(answers) and not any(
        m.key in ("act", "subject") and answers[-1].end <= m.start < last.start for m in matches
    )


def _weak_other(match: Match, window: str, left: int) -> bool:
    """'submit the application and transcript by May 1': a document named among those to be handed in changes nothing."""
    word = window[match.start - left : match.end - left].lower()
    return bool(re.match(r"transcript|immuniz|evaluation form|insurance|health form|background", word))


_READ_FROM = re.compile(r"\breviewed (?:from|during|between)\s(?:on\s)?$", re.IGNORECASE)
_REFUSED = re.compile(
    r"\b(?:not|never)\s(?:be\s)?(?:consider|accept|review|process)|\bwill be (?:\w+ )?(?:rejected|returned|denied|declined)|\bwill (?:automatically )?(?:deny|reject|decline|disregard)\b",
    re.IGNORECASE,
)


# 'Not before January 10 or after February 28'
_OR_AFTER = re.compile(r"\bnot\b[^.;]{0,80}\b(?:n?or|and not) after\s$", re.IGNORECASE)


def _read_dates(text: str, dates: list[Date], matches: list[Match]) -> Iterator[tuple[Date, Role | None]]:
    """Each date with its role: by the words between it and the date before, through 'and', ',' and '-' by the role of that one."""
    previous: Role | None = None
    held: Role | None = None  # the last role that is not 'other'
    left = 0
    refused = bool(_REFUSED.search(text))
    for index, date in enumerate(dates):
        window_start = max(left, date.start - 160)
        window = text[window_start : date.start]
        ranged = index + 1 < len(dates) and bool(_RANGE.fullmatch(text[date.end : dates[index + 1].start]))
        inside = [m for m in matches if m.start >= window_start and m.end <= date.start]
        if index and _JOIN.fullmatch(window):
            role = previous
            if previous == "other" and held and date.day and not dates[index - 1].day:
                role = held  # 'due May 15; for January to June, November 15'
            if (role == "window" and _RANGE.fullmatch(window)) or (
                previous == "opens" and _RANGE.fullmatch(window) and not re.search(r"\band\b", window)
            ):
                role = "closes"
        else:
            role = _role_before(window, inside, window_start, ranged, refused)
            if role is None and refused and held and re.search(r"\bafter\s$", window):
                role = "closes"
            elif role is None and ranged and held and re.search(r"\b(?:between|from)\s$", window):
                role = "window"
            elif (
                role is None
                and previous == "opens"
                and (_BY.search(window) or _OR_AFTER.search(text[: date.start][-90:]))
            ):
                role = "closes"  # 'no earlier than March 1 and no later than May 15'
            elif role is None and index and held in ("opens", "closes") and previous != "other":
                role = held
        if role == "closes" and _EXTENDED.search(window):
            yield date, "other"
            previous, left = "closes", date.end
            continue
        if role == "window" and not ranged and _READ_FROM.search(window[-40:]):
            role = None  # 'applications are reviewed from April on'
        if role == "window" and not ranged:
            role = (
                "closes"
                if _BY.search(window)
                else "opens"
                if re.search(r"\b(?:from|begin\w*|start\w*|open\w*)\b[^,;]{0,20}$", window, re.IGNORECASE)
                else "closes"
                if re.search(r"clos|end", window, re.IGNORECASE)
                else None
            )
            previous = role
            held = role or held
            yield date, role
            left = date.end
            continue
        yield date, ("opens" if role == "window" else role)
        previous = role
        held = role if role in ("opens", "closes") else held
        left = date.end


@lru_cache(maxsize=512)  # the headers of a table are asked for every row
def _label_role(text: str) -> Role | None:
    """The role of a label, header or heading: 'Application deadline', 'Opens', 'Decision by'."""
    matches = [m for m in _matches(text) if m.key in ("opens", "closes", "window", "other", "never")]
    if not matches:
        return None
    keys = [m.key for m in matches]
    if "never" in keys or keys[0] == "other" or (keys[-1] == "other" and "closes" not in keys and "opens" not in keys):
        return "other"
    if re.search(
        r"\b(?:decision|notif|offer|priority|payment|onboarding|drop|withdraw|cancel|orientation|document|acceptance)",
        text,
        re.IGNORECASE,
    ):
        return "other"
    return next(key for key in reversed(keys) if key != "other")  # type: ignore[misc]


_APPLICATION_DUE = re.compile(r"\W*(?:\w+ ){0,2}?applications?\b[^.;]{0,70}\b(?:due|deadline)\b", re.IGNORECASE)


def _after_role(text: str, date: Date, stop: int) -> Role | None:
    """The role of a date that stands first: 'March 1, 2026 – Applications open'."""
    label = text[date.end : min(stop, date.end + 90)]
    if not re.match(r"\s*(?:[–—:|-]|is\b|\()", label):
        return None
    if _APPLICATION_DUE.match(label):
        return "closes"  # '- application, transcript and fee due'
    return _label_role(label)


def _context_role(statement: Statement) -> Role | None:
    """The role that label, list lead or heading give a date that stands alone."""
    for text in statement.context[:3]:
        if len(text) > 160:
            continue
        role = _label_role(text)
        if role == "other" and find_dates(text):
            continue  # 'March 1 for rotation dates from August' is the line before, not a heading
        if role:
            return role
    return None


@lru_cache(maxsize=512)
def _about(text: str) -> bool:
    """Does `text` speak of applications?"""
    return bool(_ABOUT_APPLICATION.search(small(text)))


@lru_cache(maxsize=256)  # the same headings stand above many dates
def _is_off(heading: str) -> bool:
    """Does `heading` name another matter, and not applications?"""
    return bool(_OFF_HEADING.search(small(heading))) and not _about(heading)


def _statement_deadlines(statement: Statement, follows: Kind | None = None) -> Iterator[tuple[Deadline, float, str]]:
    """The dated deadlines of a sentence or line; `follows` is the kind of a deadline in the sentence right before."""
    text = statement.text
    dates = find_dates(text)
    if not dates:
        return
    matches = _matches(text)
    if _ROUND.search(text):
        passed_over("deadlines", statement.block, text, "round_of_review")
        return
    never = [m for m in matches if m.key == "never"]
    advised: list[tuple[int, int]] = []
    if never and not _window_of(text, dates, matches, never):
        advised = _advised_clauses(text, never)
        dates = [date for date in dates if not any(start <= date.start < end for start, end in advised)]
        if not advised or not dates:
            passed_over("deadlines", statement.block, text, "priority_date_or_recommendation")
            return
    heading = statement.block.headings[-1] if statement.block.headings else ""
    if _is_off(heading) and not _NAMED.search(text):
        passed_over("deadlines", statement.block, text, "heading_of_another_matter")
        return
    roles = list(_read_dates(text, dates, matches))
    full = [date for date in dates if date.day is not None]
    alone = _context_role(statement) if len(text) <= 120 else None
    about = (
        _about(text)
        or bool(re.match(r"deadlines?\b", text, re.IGNORECASE))
        or any(_about(t) or _BARE_DEADLINE.fullmatch(t) for t in statement.context[:3])
    )
    window = _leading_window(text, dates)
    listed = _is_list_of_deadlines(text, full)
    for index, (date, role) in enumerate(roles):
        if role is None and window:
            role, about = "opens" if index == 0 else "closes", True
        if listed:
            role, about = "closes" if date.day is not None else None, True
        sure = role is not None
        if advised and not sure:
            continue
        if role is None and index == 0 and (role := _leading_role(text, date)):
            sure = about = True
        if role is None and index == 0 and len(text[: date.start].strip()) <= 12:
            stop = dates[1].start if len(dates) > 1 else len(text)
            role = _after_role(text, date, stop)
            sure = role is not None
        if role is None and index == 0 and (role := _labelled_apply(statement, text, date)):
            about = True
        if role is None and date.day is not None and alone in ("opens", "closes") and len(full) == 1:
            role = alone
        if (
            (role is None or (role == "other" and not _of_another_matter(text)))
            and follows
            and len(full) == 1
            and date.day is not None
            and _LIKE_THE_ONE_BEFORE.fullmatch(text.rstrip("; "))
        ):
            role, about = follows, True  # 'Deadlines: fall – June 1; spring – October 1'
        if (
            role is None
            and alone == "window"
            and len(full) == 2
            and len(dates) == 2
            and _RANGE.fullmatch(text[dates[0].end : dates[1].start])
        ):
            role = "opens" if index == 0 else "closes"
        if role is None and date.day is None and len(dates) == 1 and alone in ("opens", "closes") and len(text) < 40:
            role = alone
        if role not in ("opens", "closes") or not about:
            why = "date_of_another_matter" if role == "other" else "no_word_of_opening_or_closing"
            passed_over(
                "deadlines", statement.block, text, why if about or role == "other" else "not_about_applications"
            )
            continue
        first = index == 0 and not text[: date.start].strip()
        if date.day is None and not first and not _month_counts(text, date, index, roles, len(text) < 40 and not sure):
            passed_over("deadlines", statement.block, text, "month_without_its_word")
            continue
        year = date.year or _year_around(statement, text, date, dates)
        yield (
            _deadline(role, attrs.evolve(date, year=year)),
            0.95 if sure else 0.8,
            "deadline_in_sentence" if sure else "deadline_under_heading",
        )


# 'Deadlines: July block - April 1; August block - May 1', 'Due dates: April 1 (July), May 1 (August)'
_DEADLINES_ARE = re.compile(
    r"\W{0,3}(?:[\w/-]+ ){0,3}?(?:(?:deadlines?|due dates?)(?: for [\w ]{1,30})?|applications? (?:are )?due)\s?(?::|[–—-](?=\s))",
    re.IGNORECASE,
)
_OF_ONE_TERM = re.compile(r"(?:[\w.’']{1,20})?(?:[\s;,|/&()•–—:=-]{1,5}[\w.’']{1,20}){0,7}[\s;,|/&()•–—:=-]*")
_NEXT_OF_LIST = re.compile(r"[;,|•)]|\band\b")


def _is_list_of_deadlines(text: str, full: list[Date]) -> bool:
    """Do days follow a label that says what they are, with nothing but the names of terms and blocks between them?"""
    if not full or (label := _DEADLINES_ARE.match(text)) is None or label.end() > full[0].start:
        return False
    ends = [label.end(), *(date.end for date in full)]
    gaps = [text[end : date.start] for end, date in zip(ends, full, strict=False)]
    return all(
        len(gap) <= 60
        and bool(_OF_ONE_TERM.fullmatch(gap))
        and (index == 0 or bool(_NEXT_OF_LIST.search(gap)))
        and not _of_another_matter(gap)
        for index, gap in enumerate(gaps)
    )


def _of_another_matter(text: str) -> bool:
    """Does `text` say that its date is of something else than an application, not only the name of a block?"""
    return any(
        match.key in ("other", "opens", "never") and not _OF_SOMETHING_ELSE.match(text, match.start)
        for match in _matches(text)
    )


# 'Applications received by the first of a month will be reviewed in that month': a round of many, no deadline.
_ROUND = re.compile(
    r"\b(?:submitted|received|completed|complete)\s(?:by|before|on or before)\b[^.;]{0,40}\b(?:will be|are) (?:\w+ )?(?:reviewed|assigned|notified|processed|informed|answered|placed|scheduled|prioriti)",
    re.IGNORECASE,
)
_ADVICE = re.compile(r"recommend|encourag|suggest|advise|ideally|prefer(?!red)", re.IGNORECASE)
_BARE_DEADLINE = re.compile(r"(?:(?:key|important|our|the|upcoming)\s)?(?:deadlines?|due dates?)\W{0,3}", re.IGNORECASE)
_APPLY_LABEL = re.compile(r"(?:how |when |where )?(?:to )?(?:apply|applying|applications?)\b.{0,24}", re.IGNORECASE)


_ADVICE_ENDS = re.compile(
    r";|,?\s(?:but|although|though|however|yet|and|while),?\s(?=(?:all|we|it|you|they|(?:the )?(?:applications?|applicants|students|visitors|requests?|deadlines?|early|late))\b)"
    r"|,\s(?=(?:the|all|we|it|you|applications?|applicants|students|requests?|early)\b)",
    re.IGNORECASE,
)


def _advised_clauses(text: str, never: list[Match]) -> list[tuple[int, int]]:
    """The clauses that only advise; none where a word of `never` is no advice ('priority').

    'We take applications from March 1 and all will ideally be in by May 1': only the second date is advice.
    """
    if not all(_ADVICE.match(text, match.start) for match in never):
        return []
    edges = [0, *(match.start() for match in _ADVICE_ENDS.finditer(text)), len(text)]
    return [
        (start, end) for start, end in itertools.pairwise(edges) if any(start <= match.start < end for match in never)
    ]


# 'Beginning March 15, students may submit their requests', 'On March 15 our catalog opens'
_LEADS = re.compile(
    r"\W{0,3}(?:beginning|starting|as of|from|effective|on|in|during)(?: on)?\s(?:\w+day,?\s)?(?:the (?:first|second|third|fourth|last|final|1st|2nd|3rd) (?:full )?(?:\w+day|week|day|half) (?:of|in) )?$",
    re.IGNORECASE,
)
_APPLYING_FOLLOWS = re.compile(
    r"[\s,]{1,2}(?:\d{4},?\s)?(?:[\w’'-]+\s){0,4}?(?:(?:may|can|will be able to|are able to|are invited to|are welcome to)\s(?:(?:begin|start) to\s)?(?:apply|submit|request)\b"
    r"|(?:applications?|requests?)\s(?:will be|are|may be|can be)\s(?:accepted|submitted|received|taken|open)\b|(?:will\s)?(?:begins?|starts?)\s(?:accepting|to accept|receiving|taking)\b)",
    re.IGNORECASE,
)


_MAY_APPLY_FROM = re.compile(
    r"\s?[:–—-]\s(?:[\w’'-]+\s){0,3}?(?:may|can|will be able to|are able to)\s(?:(?:begin|start) to\s|begin\s|start\s)?(?:apply|submit|applying|submitting)\b",
    re.IGNORECASE,
)


# 'By May 1 we must have your form', 'No later than May 1, send us your application'
_BY_LEADS = re.compile(
    r"\W{0,3}(?:by|on or before|no later than|not later than|before)\s(?:the end of\s|midnight (?:on\s)?|noon (?:on\s)?)?(?:\w+day,?\s)?$",
    re.IGNORECASE,
)
_HANDED_IN = re.compile(
    r"[\s,]{1,2}(?:\d{4},?\s)?(?:please\s)?(?:we (?:must|need to|should|have to|ought to) have\b|(?:[\w’'-]+\s){0,4}?(?:must|should|has to|have to|needs? to|shall)\s(?:submit|send|apply|upload|e-?mail|be (?:submitted|received|in our|sent)|reach us|have (?:applied|submitted|sent))\b"
    r"|(?:submit|send|apply|e-?mail|upload|mail)\b)",
    re.IGNORECASE,
)


def _leading_role(text: str, date: Date) -> Role | None:
    """The role of a date that leads the sentence: 'Beginning March 15, students may apply'."""
    if date.start < 40 and _BY_LEADS.match(text[: date.start]) and _HANDED_IN.match(text, date.end):
        return "closes" if _about(text) or "we" in text[date.end : date.end + 10] else None
    if date.start < 60 and _LEADS.match(text[: date.start]) and _APPLYING_FOLLOWS.match(text, date.end):
        return "opens"
    if date.start < 8 and _MAY_APPLY_FROM.match(text, date.end):
        return "opens"
    return None


# 'Between March 2 and April 10, submit through VSLO'
_BETWEEN_LEADS_IN = re.compile(r"\W{0,3}(?:between|from)\s(?:\w+day,?\s)?$", re.IGNORECASE)


def _leading_window(text: str, dates: list[Date]) -> bool:
    """Does the sentence begin with the first and the last day on which to apply?"""
    return (
        len(dates) == 2
        and bool(_BETWEEN_LEADS_IN.match(text[: dates[0].start]))
        and bool(_RANGE.fullmatch(text[dates[0].end : dates[1].start]))
        and bool(_HANDED_IN.match(text, dates[1].end) or _APPLYING_FOLLOWS.match(text, dates[1].end))
    )


def _window_of(text: str, dates: list[Date], matches: list[Match], never: list[Match]) -> bool:
    """'Students are encouraged to apply early in the application period of January 2 through April 30': the period stands, advice or not."""
    if not all(_ADVICE.match(text, match.start) for match in never):
        return False
    if len(dates) != 2 or not _RANGE.fullmatch(text[dates[0].end : dates[1].start]):
        return False
    return any(m.key == "window" and 0 <= dates[0].start - m.end <= 12 for m in matches)


def _labelled_apply(statement: Statement, text: str, date: Date) -> Role | None:
    """'By April' under the label 'Apply'."""
    if not any(len(t) < 40 and _APPLY_LABEL.fullmatch(t.strip(" :?")) for t in statement.context[:2]):
        return None
    before = text[: date.start]
    if _PORTAL_FROM.fullmatch(before):
        return "opens"
    return "closes" if re.match(r"\W{0,3}$", _BY.sub("", before)) and _BY.search(before) else None


# 'VSLO, from April 1' under 'Where to apply'
_PORTAL_FROM = re.compile(
    r"\W*(?:(?:in|on|via|through|by) )?(?:the )?(?:VSLO|VSAS|online|e-?mail|portal|applications?)\W{0,3}(?:beginning|starting|as of|from|on or after|opens?|open from)\s(?:on )?",
    re.IGNORECASE,
)
_LIKE_THE_ONE_BEFORE = re.compile(r"[\w\s/&]{1,40}\s?[:–—-]\s?[\w\s,./]{1,30}")


def _month_counts(text: str, date: Date, index: int, roles: list[tuple[Date, Role | None]], short: bool) -> bool:
    """A month without a day is a deadline only right behind its word ('open in February'), and not as 'the July rotation'."""
    if _MONTH_OF_SOMETHING.match(text, date.end) or _in_parentheses(text, date):
        return False
    if short:
        return True
    before = text[: date.start]
    joined = (
        index > 0
        and bool(_JOIN.fullmatch(text[roles[index - 1][0].end : date.start]))
        and roles[index - 1][1] is not None
    )
    return joined or bool(_MONTH_PREPOSITION.search(before[-40:]))


def _in_parentheses(text: str, date: Date) -> bool:
    """'Deadline for the spring semester (January-June): July 1': the months of the semester."""
    opened = text.rfind("(", max(0, date.start - 30), date.start)
    return opened >= 0 and ")" not in text[opened : date.start] and ")" in text[date.end : date.end + 30]


def _deadline(kind: Kind, date: Date, audience: Audience = "any") -> Deadline:
    tail = f"{date.month:02}-{date.day:02}" if date.day else f"{date.month:02}"
    if date.year:
        return Deadline(kind, date=f"{date.year}-{tail}", audience=audience)
    return Deadline(kind, month_day=tail, audience=audience)


# --- years -------------------------------------------------------------------------------------------------------------


def _year_around(statement: Statement, text: str, date: Date, dates: list[Date]) -> int | None:
    """A year stated in the same sentence, or in the label, lead or heading right above."""
    years = {other.year for other in dates if other.year}
    if len(years) == 1:
        return years.pop()
    if years:
        return None
    if re.search(
        r"\b(?:annual|annually|(?:each|every) (?:calendar |academic )?year)\b",
        statement.block.text[:3000],
        re.IGNORECASE,
    ):
        return None
    if (match := _YEAR_OF_APPLICATION.search(text)) and not _ACADEMIC_YEAR.search(text):
        return int(match[1])
    for above in statement.context[:3]:
        if year := _year_of_heading(above, date.month):
            return year
    return None


def _year_of_heading(text: str, month: int) -> int | None:
    """The year that a heading or caption gives the dates under it. Of an academic year, 2026-27, only July to December are
    sure (2026); applications in spring may be those before it begins."""
    if match := _ACADEMIC_YEAR.search(text):
        first = int(match[1])
        return first if month >= 7 and int(match[2]) == (first + 1) % 100 else None
    years = set(_SINGLE_YEAR.findall(text))
    return int(years.pop()) if len(years) == 1 else None


def _start_year(text: str, month: int) -> int | None:
    """The year of a rotation's start from the headings of its table: 'Spring 2027', '2026-27' (July to June), '2026'."""
    if match := _TERM.search(text):
        return int(match[2])
    if match := _ACADEMIC_YEAR.search(text):
        return int(match[1]) + (month < 7)
    years = set(_SINGLE_YEAR.findall(text))
    return int(years.pop()) if len(years) == 1 else None


# --- tables ------------------------------------------------------------------------------------------------------------


_PLAIN_DATE = re.compile(r"(?:dates?|when|day|timeline|time ?frame)\W*", re.IGNORECASE)  # the row's label says of what


def _row_roles(block: Block, header: tuple[Cell, ...]) -> list[Role | None]:
    """The role of each column, by its header."""
    return [
        _column_role(cell.column or (header[index].text if index < len(header) else ""))
        for index, cell in enumerate(block.cells)
    ]


# 'Elective, international students': a column for those who apply, not one of dates
_OF_PEOPLE = re.compile(
    r"\b(?:students?|graduates?|imgs?|physicians?|applicants?|schools?)\b(?! (?:start|begin|end|dates?))", re.IGNORECASE
)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:start|end|block|rotation|elective|period|dates?|month|session|begin)", re.IGNORECASE
)


@lru_cache(maxsize=512)  # the headers of a table are asked for every row
def _column_role(name: str) -> Role | None:
    """The role of the column with the header `name`: dates under 'Start' or 'Block' are those of something else."""
    if not name:
        return None
    role = _label_role(name)
    if role == "other" and _OF_PEOPLE.search(name) and not _of_another_matter(name):
        return None
    if (
        role is None
        and not _PLAIN_DATE.fullmatch(name)
        and _OF_SOMETHING_ELSE.search(name)
        and not _OF_PEOPLE.search(name)
    ):
        return "other"
    return role


def _table_deadlines(blocks: list[Block]) -> Iterator[tuple[Block, Deadline, float, str]]:
    """Deadlines in tables: under a column that says so, or in the cell beside a label that does."""
    for _, rows in itertools.groupby((b for b in blocks if b.kind == "row"), key=lambda block: block.group):
        table = list(rows)[:200]
        header: tuple[Cell, ...] = ()
        first = table[0]
        if not any(cell.column for cell in first.cells) and not any(_full(cell.text) for cell in first.cells):
            header = first.cells
        if len(header) == 2 and _TELLING_ROLES.isdisjoint(_row_roles(first, header)):
            header = ()  # a label and what it stands for, as in the rows below
        above = (first.lead, *reversed(first.headings[-2:]))
        about = any(_about(cell.text) for cell in first.cells) or any(_about(text) for text in above)
        about = about or any(_about(cell.column) for row in table[:3] for cell in row.cells)
        off = any(_is_off(text) for text in above[:2] if text)
        for row in table:
            yield from _row_deadlines(row, header, about, off)


def _full(text: str) -> bool:
    return any(date.day is not None or date.year is not None for date in find_dates(text))


# 'Apply | six weeks before the start', and the same words as a column's header
_APPLY_ROW = re.compile(
    r"\W*(?:when (?:to )?|how (?:early|far ahead|soon) (?:to )?|(?:minimum |required |advance )?(?:lead[ -]time|notice) (?:to |for )?|please )?(?:apply|applications?|requests?|submit|applying)(?: by| at least| no later than| before)?\W*"
    r"|\W*(?:minimum |required |advanced? )?(?:lead[ -]time|notice)(?: (?:required|needed))?\W*",
    re.IGNORECASE,
)
_TELLING_ROLES = frozenset({"opens", "closes", "window"})


def _row_deadlines(
    row: Block, header: tuple[Cell, ...], about: bool, off: bool
) -> Iterator[tuple[Block, Deadline, float, str]]:
    roles = _row_roles(row, header)
    label = row.cells[0].text if row.cells else ""
    label_role = _label_role(label) if len(label) <= 100 else None
    if label_role and _full(label):
        label_role = None
    applying = [
        bool(index)
        and role in (None, "other")
        and bool((role is None and _APPLY_ROW.fullmatch(cell.column)) or _APPLY_ROW.fullmatch(label))
        for index, (cell, role) in enumerate(zip(row.cells, roles, strict=True))
    ]
    if not label_role and _TELLING_ROLES.isdisjoint(roles) and not any(applying):
        return
    start = _row_start(row, roles)
    for index, cell in enumerate(row.cells):
        role = roles[index]
        if applying[index]:
            if len(cell.text) <= 60 and (lead := _cell_lead(cell.text) or _bare_lead(cell)):
                yield row, attrs.evolve(lead, audience=audience_in(cell.column) or "any"), 0.8, "lead_in_table"
            continue
        if role is None and index and label_role:
            role = label_role
            named = _about(label) or about or bool(_BARE_DEADLINE.fullmatch(label))
        else:
            named = about
        if role not in _TELLING_ROLES or not named or (off and not _NAMED.search(f"{label} {cell.column}")):
            continue
        dates = [
            date
            for date in find_dates(cell.text)
            if date.day is not None or date.year is not None or len(cell.text) < 16
        ]
        if len(cell.text) > 80 or not dates:
            lead = _cell_lead(cell.text) if role == "closes" else None
            if lead:
                yield row, attrs.evolve(lead, audience=audience_in(cell.column) or "any"), 0.8, "lead_in_table"
            continue
        if role == "window":
            pairs: list[tuple[Kind, Date]] = [("opens", dates[0]), ("closes", dates[1])] if len(dates) == 2 else []
        else:
            pairs = [(role, date) for date in dates[:1]]  # type: ignore[misc]
        for kind, date in pairs:
            year = date.year or _table_year(row, cell, date, start)
            audience: Audience = audience_in(cell.column) or "any"
            yield row, _deadline(kind, attrs.evolve(date, year=year), audience), 0.95, "deadline_in_table"


def _row_start(row: Block, roles: list[Role | None]) -> dt.date | None:
    """When the rotation of a row starts, its year from the row or from what stands above the table."""
    for index, cell in enumerate(row.cells):
        if roles[index] in ("opens", "closes", "window"):
            continue
        for date in find_dates(cell.text)[:1]:
            year = date.year
            for text in (cell.text, cell.column, row.lead, *reversed(row.headings[-2:])):
                year = year or (_start_year(text, date.month) if text else None)
            if year:
                return dt.date(year, date.month, min(date.day or 28, 28))
    return None


def _table_year(row: Block, cell: Cell, date: Date, start: dt.date | None) -> int | None:
    """The year of a deadline: the last such day before the rotation of its row, else the one above the table."""
    if start is not None:
        return start.year - ((date.month, date.day or 1) >= (start.month, start.day))
    for text in (cell.column, row.cells[0].text, row.lead, *reversed(row.headings[-2:])):
        if text and (year := _year_of_heading(text, date.month)):
            return year
    return None


# 'Lead time | 8 weeks': the header says before what.
_BEFORE_THE_START = re.compile(r"lead|notice|ahead|advance|before|prior|at least", re.IGNORECASE)


def _bare_lead(cell: Cell) -> Deadline | None:
    match = _LEAD.fullmatch(small(cell.text)) if _BEFORE_THE_START.search(f"{cell.column} {cell.row}") else None
    return _lead_deadline(match) if match else None


def _cell_lead(text: str) -> Deadline | None:
    match = _LEAD.search(small(text))
    return _lead_deadline(match) if match and match["tail"] else None


# --- lead times and rolling --------------------------------------------------------------------------------------------


def _lead_deadline(match: re.Match[str], kind: Kind = "closes") -> Deadline | None:
    """The lead time of a match; of a range ('4-6 weeks') its lower end, of '2½ months (75 days)' the days."""
    unit = match["unit"].lower().rstrip("s")
    count = number(match["low"] or match["figure"] or match["count"])
    if match["n3"] and match["unit3"].lower() == "days":
        count, unit = float(match["n3"]), match["unit3"].lower().rstrip("s")
    elif match["unit2"]:
        count, unit = float(match["figure"]), match["unit2"].lower().rstrip("s")
    elif " and a half" in match[0].lower() and count:
        count += 0.5
    if not count or count * _DAYS[unit] > 800:
        return None
    return Deadline(kind, lead_n=count, lead_unit=unit)  # type: ignore[arg-type]


def _lead_matches(text: str) -> list[Match]:
    return list(vocabulary("lead_times").find(text))


def _statement_leads(statement: Statement) -> Iterator[tuple[Deadline, float, str]]:
    """'at least 60 days before the start', where it is the application that has to be there by then."""
    text = statement.text
    low = small(text)
    found = list(_LEAD.finditer(low)) if _LEAD_GATE.search(low) else []
    if not found:
        return
    words = _lead_matches(text)
    never = [m for m in words if m.key == "never"]
    if never:
        advised = _advised_clauses(text, never)
        found = [match for match in found if not any(start <= match.start() < end for start, end in advised)]
        if not advised or not found:
            passed_over("deadlines", statement.block, text, "recommended_lead_time")
            return
    heading = statement.block.headings[-1] if statement.block.headings else ""
    off = _is_off(heading)
    off_here = off and not _NAMED.search(text)
    if off and re.match(r"(?:application )?deadlines?\b", text, re.IGNORECASE) and not _HARD_OFF.search(heading):
        off = False  # 'Deadline: eight weeks before the start', under whatever harmless heading it stands
    for index, match in enumerate(found):
        pair = _two_leads(text, found[index - 1] if index else None, match) if match["tail"] else ()
        if pair and _lead_kind(statement, text, match, words, off):
            for one in pair:
                yield one, 0.95 if _about(text) else 0.8, "lead_times"
        elif match["tail"] or _LEAD_TIME_OF.search(text[max(0, match.start() - 45) : match.start()]):
            kind = _lead_kind(statement, text, match, words, off)
            if kind is None:
                passed_over("deadlines", statement.block, text, "lead_time_of_another_matter")
            if kind and (deadline := _lead_deadline(match, kind)):
                papers = _is_of_documents(text)
                if papers and _ONCE_ACCEPTED.search(statement.block.text[:2000]):
                    passed_over("deadlines", statement.block, text, "after_acceptance")
                    continue
                yield deadline, 0.95 if _about(text) else 0.8, "lead_of_documents" if papers else "lead_time"
        elif _TOO_LATE.search(text[max(0, match.start() - 20) : match.start()]) and _refuses_applications(text, match):
            if deadline := _lead_deadline(match):
                yield deadline, 0.8, "lead_time"
        elif not off_here and _takes_so_long(text, match, words) and (deadline := _lead_deadline(match)):
            yield deadline, 0.6, "processing_time"


# 'Documents for students accepted to the program … are due four weeks before the start'
_ONCE_ACCEPTED = re.compile(
    r"\b(?:students|applicants|observers|visitors|candidates|physicians|those) (?:who (?:are|have been|were) )?accepted (?:to|into|for|by)\b",
    re.IGNORECASE,
)
_EARLIEST = re.compile(
    r"(?:\b(?:no|not) (?:earlier|sooner|more) than|\b(?:as early as|at the earliest|up to|from|between|(?:a )?maximum of|at most))\s$",
    re.IGNORECASE,
)
_AND_LATEST = re.compile(
    r"[\s,]*(?:(?:in advance|ahead|beforehand|before|prior)[\s,]*)?(?:and|but|or|to|until|up to)[\s,]+(?:must be (?:made|sent|submitted|received)\s)?(?:(?:no|not) (?:later|less|fewer|closer) than\s|at (?:the latest|least)\s|(?:a )?minimum of\s|up to\s|until\s)?",
    re.IGNORECASE,
)
_BETWEEN_LEADS = re.compile(rf"\bbetween (?P<count>{_COUNT}) and $", re.IGNORECASE)


def _two_leads(text: str, before: re.Match[str] | None, match: re.Match[str]) -> tuple[Deadline, ...]:
    """When applications open and close, where the lead time of `match` is the second of a pair.

    'No earlier than six months and no later than eight weeks before the start', 'between 90 and 180 days prior': the first of a pair
    has no word of its own that says before what.
    """
    second = _lead_deadline(match)
    if second is None:
        return ()
    first: Deadline | None
    if between := _BETWEEN_LEADS.search(text[max(0, match.start() - 25) : match.start()]):
        first = attrs.evolve(second, lead_n=number(between["count"]))
    elif (
        before is None
        or before["tail"]
        or not _AND_LATEST.fullmatch(text[before.end() : match.start()])
        or not _EARLIEST.search(text[max(0, before.start() - 25) : before.start()])
    ):
        return ()
    else:
        first = _lead_deadline(before)
    latest, earliest = sorted((first or second, second), key=_lead_days)
    if _lead_days(latest) == _lead_days(earliest) or (earliest is second and not between):
        return ()
    return attrs.evolve(earliest, kind="opens"), latest


def _lead_days(deadline: Deadline) -> float:
    """A lead time in days, to be compared."""
    return (deadline.lead_n or 0) * _DAYS[deadline.lead_unit or "day"]


_NAMED_LEAD = re.compile(
    r"\bappl|\brequest|\bforms?\b|\bsubmission|\bcontact|\bdeadline|\binquir|\bnominat", re.IGNORECASE
)
_OF_DOCUMENTS = re.compile(
    r"(?:(?:important )?deadlines?:\s)?(?:all |the )?(?:\w+ ){0,2}(?:documents?|documentation|paperwork)\b",
    re.IGNORECASE,
)
_APPLICATION_NAMED = re.compile(r"\bappl|\brequests?\b|\binquir|\bnominat|\bcontact", re.IGNORECASE)
_LEAD_TIME_OF = re.compile(
    r"\blead[ -]time (?:of|is)\s(?:at least\s|(?:a )?minimum of\s|approximately\s|about\s)?$", re.IGNORECASE
)


def _is_of_documents(text: str) -> bool:
    """'All required documents must be in 15 days before the start', with no word of the application itself?"""
    if _OF_DOCUMENTS.match(text):
        return not _APPLICATION_NAMED.search(text)
    return not _NAMED_LEAD.search(text)


# 'Rotations will be cancelled if the forms are not here four weeks before the start.'
# 'If students have special requests, they must contact us four weeks before the start.'
_IF_SO = re.compile(
    r"(?:if|should|when) (?:\w+\s){1,3}?(?:have|has|need|needs|require|requires|wish(?:es)? to change|must (?:change|cancel))\b[^.;]{0,90},",
    re.IGNORECASE,
)
_CALLED_OFF = re.compile(
    r"\b(?:rotations?|electives?|placements?|observerships?|clerkships?)\s(?:will|may|can) be cancel", re.IGNORECASE
)
# 'Three weeks before your start you will need to provide the following'
_LATER_ON = re.compile(r"\byou(?:['’]ll| will) (?:also )?(?:need|have|be (?:asked|required)) to\b", re.IGNORECASE)
# 'Students may withdraw their application up to two weeks before the start.'
_LEAVING = re.compile(r"\b(?:withdraw\w*|cancel\w*|drop(?:ped|ping)?)\b[^.;]{0,120}$", re.IGNORECASE)


_NOTICE_IS = re.compile(
    r"(?: notice)? (?:is|will be) (?:always )?(?:required|necessary|needed|requested|expected|a must)\b", re.IGNORECASE
)


def _lead_kind(statement: Statement, text: str, match: re.Match[str], words: list[Match], off: bool) -> Kind | None:
    """Is the lead time one of the application? By the nearest noun before it; where there is none, after it or above."""
    before = [
        m for m in words if m.end <= match.start() and m.key in ("application", "stop") and match.start() - m.end < 200
    ]
    after = [m for m in words if m.start >= match.end() and m.key in ("application", "stop")]
    near = before[-1].key if before else None
    if near == "stop" and _is_sent_along(text, before):
        near = "application"
    wanted = bool(before) and near == "application"
    if near is None:
        asked = any(
            (_label_role(t) == "closes" and _about(t)) or _WHEN_TO_APPLY.search(t) for t in statement.context[:2]
        ) or (match.start() < 16 and _APPLICATION_HEAD.fullmatch(statement.label) is not None)
        strong = [m for m in after if m.start - match.end() < 160]
        if not strong and _IT_MUST.match(text):
            before_it = statement.block.text.partition(text)[0][-220:]
            asked = asked or bool(re.search(r"\bapplications?\b|\brequest form\b", before_it, re.IGNORECASE))
        if not strong and has_any(text[max(0, match.start() - 45) : match.end()].lower(), ("lead", "notice")):
            asked = asked or any(m.key == "process" for m in words)  # 'a 90-day lead time to process applications'
            asked = asked or bool(_NOTICE_IS.match(text, match.end()))
        wanted = bool(strong) and strong[0].key == "application"
        if not strong:
            wanted = asked
        elif strong[0].key == "application" and re.match(
            r"\s*(?:of|to|the|your|your\s)*\s*(?:the )?(?:proposed|desired|requested)",
            text[match.end() : strong[0].start + 10],
        ):
            wanted = asked or _asks(text)
    if not wanted and _GIVE_NOTICE.search(text[: match.start()][-160:]):
        wanted = True
    if _BEFORE_DEADLINE.match(text, match.end()):
        return None  # 'no older than six months before our deadline'
    if _IF_SO.match(text) and not re.search(r"\bappl", text, re.IGNORECASE):
        return None
    if _CALLED_OFF.search(text) or (_LATER_ON.search(text) and not _APPLICATION_NAMED.search(text)):
        return None
    if any(m.key == "host" for m in words if m.end <= match.start()) or _LEAVING.search(text[: match.start()][-200:]):
        return None
    if wanted and off and not _NAMED.search(text[: match.end()]):
        wanted = False
    if not wanted:
        return None
    lead_in = text[max(0, match.start() - 40) : match.start()]
    if _HOW_EARLY.search(lead_in) or _NOT_MORE_THAN.search(text[max(0, match.start() - 120) : match.start()]):
        return "opens" if re.search(r"\bappl|\baccept|\bsubmi|\brequest", text, re.IGNORECASE) else None
    if re.search(
        r"\b(?:approximately|about|around|only|within (?:the )?(?:last|past))\s*$", lead_in, re.IGNORECASE
    ) and not _asks(text):
        return None
    return "closes"


# 'We accept visiting residents who give 90 days notice'
_GIVE_NOTICE = re.compile(
    r"\b(?:accepts?|considers?|takes?|hosts?)\b[^.;]{0,140}\b(?:who|that|if they|provided they) (?:can )?(?:give|provide)s? (?:us )?(?:at least |a minimum of )?$",
    re.IGNORECASE,
)
# 'Application. At least 12 weeks ahead'
_APPLICATION_HEAD = re.compile(r"\W*(?:how to |when to |to )?(?:apply|applying|applications?)\W*", re.IGNORECASE)
# 'Complete the application. It must be submitted 12 weeks before the start.'
_IT_MUST = re.compile(
    r"(?:it|this|they|these)\s(?:must|should|needs? to|ha(?:s|ve) to|(?:is|are) to)\sbe\s(?:submitted|received|sent|returned|turned in|e-?mailed|in|completed|made)\b",
    re.IGNORECASE,
)
_BEFORE_DEADLINE = re.compile(
    r"\s(?:the |our |your |this |that |each |its )?(?:stated |posted |published )?(?:application |submission |program )?(?:deadline|due date|closing date)s?\b",
    re.IGNORECASE,
)
_HOW_EARLY = re.compile(
    r"(?:\b(?:no|not) more than|\b(?:earlier|sooner) than|\bas early as|\bearliest\b[^.]{0,25}|\bup to|\bmaximum of|\bat most)\s*$",
    re.IGNORECASE,
)
# 'We do not accept applications more than six months before the start.'
_NOT_MORE_THAN = re.compile(r"(?:\b(?:not|never|cannot)\b|n[’']t\b)[^.;]{0,90}\bmore than\s*$", re.IGNORECASE)
_GOES_ALONG = re.compile(
    r"[^;]{0,60}?(?:,|&|\b(?:and|plus|with)\b)(?![^;]*\b(?:must|is|are|be|been|was|were|will|should|may|can|has|have|after|once)\b)[^;]{0,60}",
    re.IGNORECASE,
)


_PAPER = re.compile(
    r"fee|payment|deposit|tuition|immuni|vaccin|titer|background|drug|insurance|transcript|health|passport|visa|evaluation",
    re.IGNORECASE,
)


def _is_sent_along(text: str, before: list[Match]) -> bool:
    """'Applications and the $150 fee must be received two weeks before …': what goes along with the application."""
    stop = before[-1]
    return bool(_PAPER.match(text, stop.start)) and any(
        m.key == "application" and 0 <= stop.start - m.end <= 120 and _GOES_ALONG.fullmatch(text[m.end : stop.start])
        for m in before
    )


def _asks(text: str) -> bool:
    return bool(
        re.search(
            r"\b(?:must|should|submit|apply|need|required?|complete|contact|send|has to|have to|please|deadline|due|received|e-?mail|send|return|write|call)\b",
            text,
            re.IGNORECASE,
        )
    )


def _refuses_applications(text: str, match: re.Match[str]) -> bool:
    """'We cannot accept applications within six weeks of the start.'"""
    return bool(
        re.match(
            r"\s(?:of|from|before)\s(?:\w+\s){0,3}?(?:start|first day|rotation|elective|block|visit|arrival|observership|date)",
            text[match.end() :],
        )
        and re.search(r"\b(?:cannot|can not|not|unable to|will be (?:rejected|declined))\b", text, re.IGNORECASE)
        and re.search(r"\bappl|\brequests?\b", text, re.IGNORECASE)
        and not re.search(r"cancel|withdraw|\bdrop|\bnotif|\bfee|refund|chang", text, re.IGNORECASE)
    )


# 'We take physicians for one to three months'
_TAKES_IN = re.compile(
    r"takes? (?:[\w-]+ ){0,3}?(?:physicians?|students?|visitors?|observers?|graduates?|doctors?|people|trainees?|clerks?|externs?|rotators?|electives?|rotations?|leave)\b",
    re.IGNORECASE,
)
_FOR_AN_ANSWER = re.compile(
    r"\s*(?:for|until|before) (?:an? |our |the |you )?(?:e-?mail |written )?(?:confirm|respon|repl|answer|hear|acknowledg)",
    re.IGNORECASE,
)


def _takes_so_long(text: str, match: re.Match[str], words: list[Match]) -> bool:
    """'Please allow at least six weeks for processing': takes N weeks to process (labels schema, rulings)."""
    deadline = _lead_deadline(match)
    if deadline is None or (deadline.lead_n or 0) * _DAYS[deadline.lead_unit or "day"] < 14:
        return False
    near = [m for m in words if abs(m.start - match.start()) < 160]
    takes = [
        m
        for m in near
        if m.key == "takes" and 0 <= match.start() - m.end < 45 and not _TAKES_IN.match(text, m.start, match.start())
    ]
    if not takes or any(m.key == "stop" for m in near):
        return False
    if re.match(
        r"\s+(?:\w+\s){0,3}?(?:elective|rotation|clerkship|observership|course|experience|block|placement)",
        text[match.end() :],
        re.IGNORECASE,
    ):
        return False  # 'apply to take 4-week senior electives'
    if _FOR_AN_ANSWER.match(text, match.end()):
        return False  # 'allow two weeks for an e-mail that it is here'
    if re.match(
        r"\s*(?:of|in length|long|duration|rotation|elective|clerkship|period|observership|minimum|commitment|after|experience)\b",
        text[match.end() :],
        re.IGNORECASE,
    ):
        return False
    return any(m.key in ("process", "application") for m in near if m.end <= takes[-1].start or m.start >= match.end())


_BARE_ROLLING = re.compile(
    r"\W*(?:(?:none|no deadlines?)\W{1,3})?(?:on an? )?(?:rolling|ongoing|continuous)(?: (?:basis|admissions?|applications?|deadlines?))?\W*",
    re.IGNORECASE,
)


def _rolling(statement: Statement) -> bool:
    """'on a rolling basis', 'until all places are filled', said of applications."""
    text = statement.text
    if _BARE_ROLLING.fullmatch(text):
        return any(re.search(r"\bappl|\bdeadline|\bdue\b", t, re.IGNORECASE) for t in statement.context[:2])
    hit = next((m for m in _matches(text) if m.key == "rolling"), None)
    if hit is None:
        return False
    around = text[max(0, hit.start - 200) : hit.end + 120]
    return bool(
        re.search(
            r"\bappl|\badmi|\baccept|\brequest|\binvit|\bsubmi|\b(?:students|candidates|observers|visitors|awardees|recipients|requests)\b[^.;]{0,30}\b(?:select|review|chosen|consider)",
            around,
            re.IGNORECASE,
        )
    ) or any(re.search(r"\bappl|\bdeadline", t, re.IGNORECASE) for t in statement.context[:2])


# --- the page ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Found:
    """A deadline with its evidence."""

    deadline: Deadline
    quote: str
    block: Block
    confidence: float
    rule: str


def _cell_statements(blocks: list[Block]) -> Iterator[Statement]:
    """The sentences of table cells that hold running text."""
    for block in blocks:
        if block.kind == "row":
            for cell in block.cells:
                if len(cell.text) > 40:
                    for inner in statements_of(Block("paragraph", cell.text, block.headings)):
                        yield Statement(block, inner.text, inner.label or cell.column)


# Of these one stands in each phrase for rolling admission in data/vocabulary/deadlines.yml (a test looks): looked for first.
ROLLING_WORDS = ("rolling", "until", "deadline", "ongoing", "continu", "as they")
_SAYS_ROLLING = re.compile(r"[\w\s/&]{1,40}[:–—-]\s?rolling\W?", re.IGNORECASE)


def _says_rolling(text: str, block: Block, last: Found | None) -> bool:
    """'Spring: rolling' in the block or list of the deadline before it."""
    near = last is not None and (last.block is block or (bool(block.group) and last.block.group == block.group))
    return near and bool(_SAYS_ROLLING.fullmatch(text))


def _found(blocks: list[Block]) -> Iterator[Found]:
    last: Found | None = None
    for statement in itertools.chain(statements(blocks), _cell_statements(blocks)):
        text = statement.text
        lower = text.lower()
        dated = _MAY_BE_DATED.search(text)
        timed = "day" in lower or "week" in lower or "month" in lower
        rolling = has_any(lower, ROLLING_WORDS)
        if not dated and not timed and not rolling:
            continue
        block = statement.block
        follows = last.deadline.kind if last and last.block is block and last.rule.startswith("deadline") else None
        read = list(_statement_deadlines(statement, follows)) if dated else []
        if timed:
            read += _statement_leads(statement)
        if rolling and (_rolling(statement) or _says_rolling(text, block, last)):
            read.append((Deadline("closes", rolling=True), 0.8, "rolling"))
        if read:
            audience: Audience = audience_in(text) or audience_of(block, text)
            for deadline, confidence, rule in read:
                last = Found(attrs.evolve(deadline, audience=audience), _proof(text, deadline), block, confidence, rule)
                yield last
    for block, deadline, confidence, rule in _table_deadlines(blocks):
        if deadline.audience == "any":
            deadline = attrs.evolve(deadline, audience=audience_of(block, block.text))
        yield Found(deadline, _proof(block.text, deadline), block, confidence, rule)


def _proof(text: str, deadline: Deadline) -> str:
    """The words of `text` that state the deadline: all of a short text, of a long one those around it."""
    if len(text) <= MAX_QUOTE:
        return text
    if deadline.rolling:
        spans = [match.span() for match in re.finditer("rolling|filled|full", text, re.IGNORECASE)]
    elif deadline.lead_n is not None:
        spans = [match.span() for match in _LEAD.finditer(small(text))]
    else:
        month_day = (deadline.date or f"0000-{deadline.month_day}")[5:]
        spans = [
            (date.start, date.end)
            for date in find_dates(text)
            if month_day in (f"{date.month:02}", f"{date.month:02}-{date.day or 0:02}")
        ]
    return quote(text, *(spans[0] if spans else (0, 0)))


def _has_day(deadline: Deadline) -> bool:
    return len(deadline.date or "") == 10 or len(deadline.month_day or "") == 5


def _distinct(found: list[Found]) -> list[Found]:
    """Each (kind, date) once; a date with its year stands for the same without; how long an application takes to process
    counts only where no lead time of the page is longer."""
    longest = max(
        (
            _lead_days(f.deadline)
            for f in found
            if f.rule in ("lead_time", "lead_in_table") and f.deadline.kind == "closes"
        ),
        default=0,
    )
    days = {
        (f.deadline.kind, (f.deadline.date or f"0000-{f.deadline.month_day}")[5:7])
        for f in found
        if _has_day(f.deadline)
    }
    dated = {(f.deadline.kind, f.deadline.date.partition("-")[2]) for f in found if f.deadline.date}
    seen: set[tuple[object, ...]] = set()
    kept = []
    for one in found:
        deadline = one.deadline
        if one.rule in ("processing_time", "lead_of_documents") and longest >= _lead_days(deadline):
            continue  # the application itself is due before its documents
        if deadline.month_day and (deadline.kind, deadline.month_day) in dated:
            continue
        month = (deadline.date or f"0000-{deadline.month_day or ''}")[5:7]
        if month and not _has_day(deadline) and (deadline.kind, month) in days:
            continue  # the day in that month is told elsewhere
        key = (deadline.kind, deadline.date, deadline.month_day, _lead_days(deadline), deadline.rolling)
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return kept


def find_deadlines(blocks: list[Block]) -> list[Fact]:
    """The deadlines that `blocks` state, one fact each."""
    return [
        Fact("deadlines", f.deadline, f.quote, f.block.headings, f.confidence, f.rule, f.deadline.audience)
        for f in _distinct(list(itertools.islice(_found(blocks), MAX_FACTS)))
    ]


class DeadlinesStage(Stage):
    find = staticmethod(find_deadlines)
