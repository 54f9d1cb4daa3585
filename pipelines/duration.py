"""How long a visitor may stay: the length of one placement, and the most weeks over all placements.

A length counts where its words say so: beside a placement ('four-week elective'), as what a placement does ('observerships last two weeks'),
or under a heading or label ('Duration'). Lead times, processing times, intervals between vaccine doses, hours, years of study and parts of a
rotation are not lengths. Units (labels schema): month = 4 weeks, a working day = 0.2, from 28 days on calendar days (30 days = 4.3, 90 = 12.9).
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import attrs

from pipelines import Stage
from scraper.considered import passed_over
from scraper.gates import Gates
from scraper.items import Audience, Block, Fact
from scraper.scope import audience_of
from scraper.statements import LONGEST, WHOLE, judged_pieces, quote
from scraper.text import has_any, number, small

_MOST_WEEKS = 53.0
_MOST_EXACT = 26.0  # longer ones are courses of study

# Expressions are written in small letters and look at texts made small (`low` beside `sentence`): a third of what ignoring case costs.

# -- lengths as written -------------------------------------------------------------------------------------------------------------------

_NUM = r"(?:\d{1,3}(?:\.5)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|sixteen|twenty|thirty|forty-five|sixty|ninety|an?|single)"
_NOTE = r"(?:\s?\(\s?\d{1,3}\s?\))?"
_UNIT = r"(?:(?:consecutive|calendar|business|working|full|whole|continuous|clinical|elective|additional|total)\s+){0,2}(?P<unit>days?|weeks?|wks?|months?)"
_SEP = r"\s?(?:-|–|—|/|,?\s?(?:to|or|and|through|up to)\b(?: (?:at most|up to|no more than|not more than|a maximum of)\b)?|,)\s?"
_LENGTH = re.compile(
    rf"(?<![\w$.,-])(?<!\d/)(?P<numbers>{_NUM}{_NOTE}(?:-?{_SEP}{_NUM}{_NOTE}){{0,3}})(?:[\s-]{{1,2}}|(?<=\d)(?=[wm])){_UNIT}(?![\w])(?:\(s\))?{_NOTE}",
)
_OF_A_UNIT = re.compile(r"\b(?:up to|at least|at most|than|for|of|lasts?|is|about|approximately|exceed)\s$")
_LISTED = re.compile(r"\b(?:or|and)\b|,")
_GAP_OF_A_LIST = re.compile(r"\s?(?:\([^)]*\)\s?)?(?:,(?: or| and)?|or|and)\s?(?:a )?")
_BRACKETS = re.compile(r"\([^)]*\)")
_WORD_NUMBER = re.compile(rf"(?<![\w(]){_NUM}(?![\w)])")
_MONTH_LONG = re.compile(r"(?<!-)\b(?P<numbers>)(?P<unit>month|week)[\s-]long\b")
_ONE_OF_THEM = re.compile(r"(?:one|1|a single|single),\s\S+")
_TO_A_YEAR = re.compile(r"\s?(?:to|-|–|—|up to|and up to|and)\s?(?:a|one|1) (?:full )?year\b")
_GAP_RANGE = re.compile(
    r"^\s?(?:\([^)]{0,40}\)\s?)?(?:,(?: or| and)?|to|-|–|—|and|or|up to|through|,? ?and up to|at least (?:and|but)|or (?:up to|as long as)|and as long as|(?:and|but),? (?:no|not) (?:more|longer) than|to a maximum of|and a maximum of)\s?(?:as long as |a maximum of |a )?$",
)


@attrs.frozen
class _Length:
    """A length in a sentence: its values in weeks and where it stands. `adjective` for 'four-week', `days` where it is in days."""

    weeks: tuple[float, ...]
    start: int
    end: int
    adjective: bool
    days: bool = False
    listed: bool = False


def _in_weeks(value: float, unit: str, text: str, apart: bool = False) -> float:
    if unit.startswith("month"):
        return value * 4
    if unit.startswith("day"):
        working = apart or "working" in text or "business" in text
        return round(value / 7, 1) if not working and (value >= 28 or value in (7, 14, 21)) else round(value * 0.2, 1)
    return value


def _lengths(sentence: str, low: str, apart: bool = False) -> list[_Length]:
    """The lengths in `sentence`, ranges of two units ('one week to three months') joined. `apart`: days that need not be consecutive are working days."""
    found: list[_Length] = []
    for match in _LENGTH.finditer(low):
        start, end, unit, numbers = match.start(), match.end(), match["unit"], match["numbers"]
        words = _WORD_NUMBER.findall(_BRACKETS.sub(" ", numbers) if "(" in numbers else numbers)
        if len(words) == 2 and _ONE_OF_THEM.fullmatch(numbers):
            words = words[1:]  # 'one, four-week rotation'
        values = [v for v in map(number, words) if v]
        if not values:
            continue
        if words[0] in ("a", "an") and not _OF_A_UNIT.search(low[max(0, start - 16) : start]):
            continue
        text = match[0]
        weeks = tuple([_in_weeks(value, unit, text, apart) for value in values])
        adjective = "-" in text[-9:] or unit in ("week", "month", "day", "wk")
        listed = (
            len(words) > 1
            and bool(_LISTED.search(sentence[start : match.end("numbers")]))
            and "between" not in low[max(0, start - 10) : start]
        )
        length = _Length(weeks, start, end, adjective, unit.startswith("day"), listed)
        if found and start - found[-1].end <= 60 and (gap := _GAP_RANGE.match(low[found[-1].end : start])):
            last = found.pop()
            listed = (
                bool(_GAP_OF_A_LIST.fullmatch(sentence[last.end : last.end + gap.end()]))
                and "between" not in low[max(0, last.start - 10) : last.start]
            )
            length = _Length(
                (*last.weeks, *weeks), last.start, length.end, length.adjective, length.days or last.days, listed
            )
        if year := _TO_A_YEAR.match(low, end):
            length = attrs.evolve(length, weeks=(*length.weeks, 52.0), end=year.end())
        found.append(length)
    for match in _MONTH_LONG.finditer(low) if "long" in low else ():
        if not any(length.start <= match.start() < length.end for length in found):
            found.append(_Length((_in_weeks(1, match["unit"], ""),), match.start(), match.end(), True))
    return sorted(found, key=lambda length: length.start) if len(found) > 1 else found


# -- what a length is of ------------------------------------------------------------------------------------------------------------------

_PLACE = (
    r"(?:electives?|rotations?|clerkships?|observerships?|observations?|observ(?:e|ers?|ing|ational)|externships?|internships?|sub-?internships?|placements?|experiences?|blocks?|courses?|programs?|programmes?"
    r"|visits?|visitors?|stays?|appointments?|sessions?|slots?|opportunit(?:y|ies)|preceptorships?|shadowing|attachments?|participation|course ?work|sub-?is?|ais?|acting internships?|vos?|modules?)"
)
_PLACE_AT_END = re.compile(rf"{_PLACE}$")
_PART_BEFORE = re.compile(r"[;!?]|\. |\bhowever\b|\bwhile\b")
_PART_AFTER = re.compile(r"[;!?]|\. ")
_PLACE_NOUN = re.compile(rf"\b{_PLACE}\b")
_BESIDE = re.compile(
    rf"^(?:[\s-]+\([^)]{{0,25}}\))?(?:,(?=\s(?:in-?patient|out-?patient|ambulatory|hands-on|full-time|immersive|supervised|unpaid|paid|elective|clinical|in-person|mentored|credit|non-credit|structured|comprehensive)\b))?[\s-]+(?:long\s+)?(?:[\w’'&/®™,-]+\s+){{0,5}}?{_PLACE}\b"
)
_BETWEEN_WRONG = re.compile(
    r"\b(?:degree|fellowship|residenc(?:y|ies)|masters?|curriculum|leadership|intensive|before|prior|notice|advance|processing|review|in|of|for|to|and|during|until|after|is|are|apart|from|(?<!-)on|per|a|an|the|window|deadline|calendar|hours?|shifts?|grace|waiting|training|onboarding|orientation)\b",
)
_STRONG_AFTER = re.compile(
    r"^[\s-]*(?:\(\w+ weeks?\)\s?)?(?:in (?:length|duration)|of (?:clinical |supervised |hands-on )?(?:observation|shadowing)\b|long\b|in total|of (?:duration|length)|duration|each\b(?! (?:day|week|month|year|of|in|on)\b)|apiece\b|(?:at|per) (?:a )?time)",
)
_PREDICATE = re.compile(
    r"\b(?:is|are|be|was|lasts?|lasting|runs?|running|rang\w+|var(?:y|ies)|limited|restricted|exceed\w*|duration|length|minimum|maximum|max|min|up to|for|from|between|least|most|than|as long as|as short as|stays?|staying|offered|available"
    r"|scheduled|choose|last|of|span\w*|continue|takes?|take place|each|consists? of|involves?|entails?|comprises?)\b\.?[:\s]*(?:\b(?:a|an|the|to|in|of|from|between|for|only|all|about|approximately|typically|usually|generally|normally|currently|duration|length|period|maximum|minimum|max|min|at|least|most|up|no|not|more|less|longer|shorter|fewer|than|or|be|either|typical|as|short|long|is|are|each|one|per|last|duration of|further|exceed)\b[:,.\s(]*){0,7}$",
)
_STRONG_PREDICATE = re.compile(
    rf"\b(?:usual|typical|normal|standard) (?:period|time)\b[^.;]{{0,20}}$|\b(?:lasts?|lasting|takes? place|length|duration|runs?|span\w*|rang\w+|stays?|commitment)\b[^.;]{{0,45}}$|\b{_PLACE}\s?:\s?$",
)
_LABEL = re.compile(r"\b(?:duration|length|how long|time ?frames?|term limit|terms? of|minimum|maximum)\b")
_LABEL_HEAD = re.compile(r"\b(?:duration|length|how long|time ?frames?)\b")
_WRONG_LABEL = re.compile(
    r"\b(?:process\w*|review|application|timeline|insurance|visa|hours?|vaccin\w*|immuniz\w*|refund|cancel\w*|fee|deadlines?)\b",
)
_NOT_BEFORE = re.compile(
    r"\b(?:within|after|(?:every|per)(?: other)?(?=\s*$)|past|previous|preceding|next|first(?! (?:\w+day|day)\b)|remaining|final|allows?(?! (?:an? |for )?(?:maximum|visits?|stays?|electives?|rotations?|observerships?)\b)|take|takes|taking|took|process\w*|review\w*|respon\w+|apart|valid for|dated|ago|since|age|aged|until|"
    r"advance|prior|before|notice|notif\w+|deadline\w*|refund\w*|cancel\w*|due|expir\w*|dose\w*|vaccin\w*|hepatitis|mmr|tb|ppd|quantiferon|chest|drug|(?:spends?|spent|spending)(?! (?:an?|one|each|their|your) \w+ )|rotate on|wait\w*|turnaround|orientation|onboarding|visas?|esta|"
    r"submit\w*|received?|arriv\w*|vacation|absen\w+|miss(?:es|ed|ing)?|days? off|sick|residency training|license\w*|longer than|additional|extend\w* (?:by|for)|renew\w*|examples?|have hosted|passport|insurance|accommodation|housing|(?:needs?|must have|completed)(?=(?: at least| a minimum of)?\s*$)|prerequisite)\b",
)
_TAKES = re.compile(
    rf"\b{_PLACE} takes?(?= (?:\w+ ){{0,3}}$)|\btak(?:e|es|ing) (?:[\w-]+ ){{0,4}}?{_PLACE} (?:of|lasting|that last|for)(?= (?:\w+ ){{0,2}}$)"
)
_CAP_LONGER = re.compile(
    r"\b(?:no|not|cannot|n['’]t)(?: be| last| stay| run|(?: be)? (?:granted|offered|approved|extended|arranged|scheduled|given|issued|permitted|allowed|hosted|accepted) for)? longer than\b|\b(?:no one|nobody|none|no \w+) (?:may|can|will|should)[^.;,]{0,30} longer than\b|\b(?:not|no) (?:be )?(?:extend\w*|exceed\w*)",
)
_NOT_AFTER = re.compile(
    r"^[\s)*'’-]*(?:s\s)?(?!(?:depend|bas|vary|subject)\w*\b)(?:(?!and (?:begin|start)s?\b)\w+\s){0,3}?(?:before|prior|in advance|advance|ahead|(?<!further )notice|of (?:the )?(?:start|begin\w*|acceptance|offer|receipt|notification|receiving|arrival|your)|apart|ago|old|of age|from (?:the|your)|after|to (?:process|review|complete|respond|meet|approve|accept|decide)"
    r"|for (?:processing|review|approval|proper|your application|us to)|window|deadline|preceding|later|earlier|notification|between|grace|a week|per week|each week|weekly|off|vacation|leave|waiting|business|lead|on the|in (?:the|each|clinic)|with the|at the (?:va|clinic))\b",
)
_OF_TRAINING = re.compile(
    r"^\s+of (?!(?:the|your|their) (?:summer|year)\b|(?:\w+ ){0,3}(?:electives?|rotations?|observ\w+|course ?work|clerkships? at|visiting|duration|participation|shadowing|experience at|clinical electives|research|the program)\b)",
)
_DENIED_BEFORE = re.compile(
    r"\bno\s$|\b(?:not|cannot|no longer|n['’]t|unable to)\b[^.;]{0,25}\b(?:offer|accept|provid|permit|allow|host|accommodat|arrang)\w*\s(?!for (?:more|longer) than )(?:[\w-]+\s){0,3}$",
)
_DENIED_AFTER = re.compile(
    r"^[^.;!?—–]{0,50}?\b(?:is|are|will|can)(?: be)? (?:not|no longer)(?: be)? (?:\w+ )?(?:available|offered|allowed|permitted|accepted|possible|provided|approved|considered|granted|honou?red|accommodated)\b",
)
_OWN_OR_PAST = re.compile(
    r"\b(?:examples? of|have hosted|in the past|testimonial|my (?:time|experience)|i (?:had|am|was|have)|degree program|master[’']?s|phd|residency is|fellowship is|remaining|four-year|prerequisites?|(?<!visiting )(?:residents|fellows|house ?staff) (?:rotate|spend|complete|do|work))\b",
)

_CAP = re.compile(
    r"\b(?:up to|maximum|max|no more than|not more than|more than|exceed\w*|(?:no|not|cannot|n['’]t)(?: be| last| stay| run|(?: be)? (?:granted|offered|approved|extended|arranged|scheduled|given|issued|permitted|allowed|hosted|accepted) for)? longer than|(?:no one|nobody|none|no \w+) (?:may|can|will|should)[^.;,]{0,30} (?:longer|more) than|limited|limit|restricted|at most|less than|as long as|longest|under|fewer than|not to)\b",
)
_CAP_AFTER = re.compile(
    r"^[\s,)(]*(?:is (?:the|our) |are (?:the|our) |as the |at )?(?:maximum|max\b|most\b|or less|or fewer|limit)"
)
_FLOOR = re.compile(
    r"\b(?:minimum|min\b|at least|no less than|no fewer than|not less than|no shorter than|as short as|shortest|less than .{0,12}not)\b",
)
# 'A minimum of 4 weeks, up to a total of 12': the floor is that of the length before
_CAP_LAST = re.compile(r"^.*\b(?:days?|weeks?|wks?|months?)\b(?=[^.;]{0,25}\b(?:total|altogether)\b)")
_FLOOR_AFTER = re.compile(
    r"^[\s,)(]*(?:is (?:the|our) |are (?:the|our) |as the )?(?:minimum|min\b|shortest|or (?:longer|more)|at least)"
)
_IS_THE_LIMIT = re.compile(r"^\s(?:is|are) (?:the|our) (?:minimum|maximum|shortest|longest|least|most|limit)\b")
_ONE_PLACE = re.compile(
    r"\b(?:per|in|within|with|at) (?:any |each |a |the |any one |one |a single |the same |any given )?(?:one |clinical |single )?(?:department|division|specialty|service|rotation|elective|preceptor|faculty|site|host)\b|\bper (?:observership|visit|block)\b",
)
_A_YEAR = re.compile(
    r"\b(?:per|in|within|during|each|every|over|for) (?:a |an |any |one |the |each |every )?(?:single )?(?:rolling )?(?:calendar |academic |fiscal |twelve[- ]month |12[- ]month |school )?(?:year|twelve[- ]month|12[- ]month|12 months|12-month period)\b|\bannually\b",
)
_TOTAL_BEFORE = re.compile(
    r"\b(?:total(?:ing)?|altogether|accumulat\w+|cumulative\w*|combined|in all|aggregate|length of participation|period of participation)\b[^.;]{0,30}$"
    # 'Up to two rotations in different departments for a maximum of eight weeks'
    r"|\b(?:two|three|four|[2-4])\b[^.;:]{0,45}\b(?:rotations|electives|clerkships|placements|blocks)\b[^.;:]{0,50}\b(?:for|or|to|not exceeding)\s(?:a |an )?(?:maximum|max\.?|combined maximum|up to)(?: of)?\s$"
    # 'A maximum of three electives/12 weeks', 'up to two rotations (8 weeks)'
    rf"|\b(?:max(?:imum)?(?: of)?|up to|no more than|not more than|limit(?:ed)?(?: of| to)?|at most)\s{_NUM}{_NOTE}\s(?:[\w-]+\s){{0,2}}(?:rotations|electives|clerkships|placements|blocks)\s?(?:[/(=]|,? or(?: a total of)?)\s?$"
    r"|\bexten(?:d\w*|sions?)\b[^.;]{0,30}\b(?:up to|maximum of|total of)\s(?:a )?$",
)
_TOTAL_AFTER = re.compile(
    r"^[\s,)]*(?:\w+ )?(?:\(?in total\b|total\b|altogether\b|in all\b|combined\b|cumulative\w*\b|over (?:all|the course)|of (?:\w+ ){0,2}?(?:electives?|rotations?|course ?work|clerkships|observ\w+)\b|complet\w+ (?:\w+ )?(?:electives?|rotations?)|elective weeks)",
)
_NO_EXTENSION = re.compile(
    r"\b(?:no extensions?|extensions? (?:are|is|will) (?:not|never)|(?:cannot|can not|may not|will not) be (?:extended|renewed)|without extension|not be extended)\b(?! (?:if|once|after|unless|when|without|beyond)\b)",
)
# Who stays: 'a visitor may spend up to eight weeks with us', 'graduates can join a research group for three to six months'.
_PERSON = re.compile(
    r"\b(?:students?|visitors?|observers?|graduates?|physicians?|scholars?|applicants?|trainees?|participants?|interns?|externs?|candidates?|professionals?|doctors?"
    r"|m[34]s?|ms-?[34]s?|oms-?(?:3|4|iii|iv)s?|seniors?|sub-?interns?|surgeons?|clinicians?|specialists?|guests?|learners?|imgs?|rotators?|individuals?|nobody|anyone|no one|someone|you|they)\b",
)
_STAY = (
    r"(?:spend|stay|remain|visit|join|work|train|attend|enroll|participate|take part|rotate|observe|shadow|come|be (?:here|with us|on ?site|hosted|accepted|placed|appointed|invited)"
    r"|(?:do|conduct|pursue|perform|carry out|undertake|complete|engage in) (?:\w+ ){0,2}?(?:research|training|projects?)|learn|volunteer)"
)
_MAY = r"(?:may|can|could|might|(?:is|are) (?:welcome|invited|allowed|permitted|able|eligible|expected|encouraged|required|asked) to|requires? (?:you|students|visitors|observers|participants) to|must|should)"
_LEADING_UP = r"(?:\s(?:a|an|the|of|for|from|between|up to|at least|at most|as little as|no more than|not more than|no less than|more than|longer than|less than|maximum|minimum|total|period|periods|about|approximately|only|anywhere|typically|usually|generally)\b){0,6}\s(?:\()?$"
_MAY_STAY = re.compile(
    rf"(?:^|[:;–—]\s)spend{_LEADING_UP}|\b(?:usually|typically|generally|normally|often)\b,?(?: \w+){{0,3}} (?:spend|stay|remain){_LEADING_UP}|\b(?:students|visitors|observers|participants|scholars|physicians|graduates|fellows) (?:spend|stay|remain){_LEADING_UP}|"
    rf"\b{_MAY} (?:only |also |apply to |ask to |choose to )?(?:spend|stay|remain){_LEADING_UP}"
    rf"|\b{_MAY} (?:only |also |apply to |ask to |choose to )?{_STAY}\b[^.;:]{{0,90}}?\b(?:for|from|between){_LEADING_UP}"
    rf"|\b(?:students|visitors|observers|participants|externs|rotators|scholars) (?:rotate|observe|shadow|train) (?:with us |here |(?:at|with) (?!your|their|an|other|home|her|his)(?:[\w'’&.-]+ ){{1,4}}?)?for{_LEADING_UP}"
    rf"|\b(?:will|usually|typically|generally|normally|often) {_STAY}\b[^.;:]{{0,60}}?\bfor{_LEADING_UP}"
    rf"|\b(?:we|institute|hospital|department|program|center|clinic|college|university|division) (?:\w+ )?(?:takes?|accepts?|hosts?|welcomes?|invites?|receives?|sponsors?) (?:[\w-]+ ){{1,7}}?for{_LEADING_UP}"
    rf"|\b(?:stay|stays|remain|hosted|welcomed|accepted) (?:with us |here )?(?:for|from|between|up to|at least){_LEADING_UP}",
)
_PERSON_LIMITED = re.compile(
    rf"\b(?:is|are|be) (?:limited|restricted) to{_LEADING_UP}|\b(?:most|longest|maximum) (?:\w+ )?(?:time|stay|visit|period|allowance)\b[^.;:\d]{{0,60}}\bis{_LEADING_UP}"
    rf"|\b(?:allows?|permits?|grants?) (?:each |any |every |all |a |an )?(?:(?:visiting|medical|international|external) ){{0,2}}(?:students?|visitors?|observers?|participants?){_LEADING_UP}",
)
_PART_OF_STAY = re.compile(
    r"^\s?(?:on|in|at) (?:each|every|the (?:\w+ ){0,2}(?:ward|floor|service|clinic|unit)|(?:inpatient|outpatient|ambulatory|clinic)\b)|^\s?(?:each|every|off|away|of (?:vacation|leave|call|orientation)|per (?:week|day|month))\b",
)
_WITHIN_A_STAY = re.compile(
    r"\b(?:orientation|lectures?|conferences?|meetings?|modules?|class(?:es)?|workshops?|lessons|campus housing|dormitory)\b|\b(?:during|as part of|in|throughout) (?:the|this|their|your|each|a|an)\b[^.;,]{0,30}\b(?:elective|rotation|clerkship|block|month|year|observership)\b",
)
_IN_COUNTRY = re.compile(
    r"\b(?:remain|stay|be|travel|visit|enter\w*|admitted|admission)\b[^.;,]{0,25}\b(?:united states|u\.s\.|usa|country)[^.;,]{0,30}$",
)
_OWN_SCHOOL = re.compile(
    r"^[^.;,]{0,20}\bat (?:your|their|his or her|the (?:\w+ ){0,2}student['’]s) (?:\w+ )?(?:school|institution)\b"
)
# 'A rotation at their home institution (minimum of four weeks)'
_AT_HOME = re.compile(
    r"\bat (?:your|their|his or her|a|the) (?:own |home )(?:\w+ )?(?:school|institution|program|department|hospital)\b[^.;:]{0,25}$",
)
_ALONE_BEFORE = re.compile(
    r"(?:^|[,;:(|–—•]\s?|\s-\s)(?:for |usually |typically |generally |up to |at least |minimum |maximum |about |from |between ){0,2}$",
)
_ALONE_AFTER = re.compile(
    r"^\)?\s?(?:or (?:longer|more|less)|and (?:longer|up)|minimum|maximum|max|min|long|total|only)?\s?\)?\s?(?:$|[,;.|–—•)]|\s-\s)",
)
_LIMITED = re.compile(r"\b(?:limited|restricted) to\b")
_OWN_LABEL = re.compile(
    rf"^\W{{0,4}}(?:(?:maximum|minimum|typical|total|usual|standard|program|programme|{_PLACE}) )?(?:length|duration)(?: of (?:\w+ ){{0,3}}{_PLACE})?\s?:\s?$",
)
_BARE_LIMIT = re.compile(
    r"^(?:[^.;()]{0,40}\bperiod\b[^.;()]{0,20}[(,:–-])?\W{0,4}(?:limited to|maximum(?: of)?|minimum(?: of)?|max|min|up to|at least|no more than|not to exceed)\W{1,3}(?:a )?$",
)
# 'If participation will exceed 30 days', 'for stays longer than a month': what holds for some stays only.
_CONDITIONAL = re.compile(
    rf"\b(?:if|when|whenever|unless|in case)\b[^.;]{{0,70}}\b(?:exceed\w*|(?:longer|more|less|shorter|fewer) than|at least)\s(?:a\s)?$"
    rf"|\bfor (?:any |all )?(?:\w+ )?{_PLACE} (?:that (?:last|lasts|are|is) |lasting |of )?(?:longer than|more than|less than|shorter than|exceeding|over)\s(?:a\s)?$",
)
# 'Physicians who visit for six months or more do research': others come for less.
_WHO_STAY = re.compile(
    r"\bwho (?:\w+ ){0,3}?(?:visit|stay|remain|come|are here)\w*\b(?: (?:with us|here))?(?: for)?(?: an?)?(?: period of)?\s$"
)
_EACH_OF_THEM = re.compile(r",\s(?:each|all|both)(?: of (?:which|them))?(?: (?:is|are|lasts?|lasting|runs?))?\s$")
_CONSISTS = re.compile(rf"\b{_PLACE} consists? of (?:a )?$")
_LIMIT_NOUN = re.compile(r"^\s(?:minimum|maximum|limit)\b")
# 'Students spend four weeks on a sub-internship'
_ON_ONE = re.compile(
    r"^\s(?:either )?(?:rotating (?:(?:on|with|through|among|within|in|at) )*|(?:on|in|doing|completing) (?:either )?(?:an?|one|our|the|this|their|your) (?:[\w-]+ ){0,3}?(?:electives?|rotations?|clerkships?|sub-?internships?|acting internships?|sub-?i|observerships?|externships?|(?:ward|medicine|inpatient|clinical|surgical) teams?))\b",
)
_SPEND = re.compile(r"\b(?:spends?|completes?)(?: (?:a total of|up to))?\s$")
# 'Electives are offered in two- or four-week intervals'
_TAKEN_IN = re.compile(r"\b(?:offered|available|requested|scheduled|taken|arranged|come)\b[^.;]{0,20}\b(?:in|for)\s$")
_INTERVALS = re.compile(r"^[\s-](?:long )?(?:increments?|intervals?|segments?|periods?)\b")
# 'Four weeks in each elective'
_IN_EACH = re.compile(rf"^\s(?:in|for|on) (?:each|every) (?:\w+ )?{_PLACE}\b")
# 'A maximum of two rotations of four weeks each': the cap is on their number.
_COUNTED_BEFORE = re.compile(
    rf"\b(?:maximum of|up to|no more than|not more than|at most|limited to) (?:only )?{_NUM}(?:\s?\(\d\))? (?:[\w-]+ ){{0,2}}{_PLACE} (?:of|lasting|for|at)\s$",
)
_WEEKS_NUMBER = re.compile(
    rf"\b(?:maximum|total|greatest) (?:number|amount) of (?:\w+ )?weeks\b(?P<between>[^.;\d]{{0,80}}?)\b(?:is|of|exceed|at)\s(?P<n>{_NUM})\b(?! (?:hours|credits|electives|rotations|days|months))",
)
_LONGEST_VISIT = re.compile(r"\b(?:maximum|longest) (?:length of )?(?:visit|stay)\b[^.;]{0,30}$")
_NOT_CONSECUTIVE = re.compile(
    r"\b(?:not|n['’]t) (?:have to|need to|need)? ?be (?:taken |used )?consecutive|\bnon-?consecutive\b"
)
_ONLY_NOW = re.compile(
    r"\b(?:only be|will only|only offered|offered only|until further notice|as of (?:january|february|march|april|may|june|july|august|september|october|november|december|\d{4}))\b",
)


@attrs.frozen
class _Reading:
    """One reading of a length: kind is 'exact', 'min', 'max', 'total', 'stay' (a cap on a visitor's time) or 'visit' (on a visit)."""

    kind: str
    low: float
    high: float
    block: Block
    quote: str
    rule: str
    confidence: float
    audience: Audience
    only_now: bool = False
    adjective: bool = False


def _labelled(block: Block) -> bool:
    """Does a heading, label or lead just above name a duration?"""
    return (
        (block.lead != "" and _names_length(block.lead[-120:]))
        or (block.headings != () and _names_length(block.headings[-1][-120:]))
        or (block.term != "" and _names_length(block.term[-120:]))
    )


# The same headings and leads stand above many blocks: what they say is remembered.


@lru_cache(maxsize=256)
def _names_length(label: str) -> bool:
    """Is `label` one of a length, and not of how long an application takes?"""
    low = small(label)
    return bool(_LABEL_HEAD.search(low)) and not _WRONG_LABEL.search(low)


@lru_cache(maxsize=256)
def _names_place(heading: str) -> bool:
    """Does `heading` name a placement?"""
    return bool(_PLACE_NOUN.search(small(heading)))


@lru_cache(maxsize=256)
def _end_of(lead: str) -> str:
    """The end of `lead`, in small letters."""
    return small(lead[-200:])


def _judge(sentence: str, low: str, length: _Length, block: Block, labelled: bool) -> _Reading | None:
    """What `length` says, None where it is no length of a placement."""
    least, most = min(length.weeks), max(length.weeks)
    if not 0 < least <= most <= _MOST_WEEKS:
        return None
    part = _PART_BEFORE.split(sentence[max(0, length.start - 130) : length.start])[-1]
    before = low[length.start - len(part) : length.start]
    after = low[length.end : length.end + 90]
    if part_after := _PART_AFTER.search(after):
        after = after[: part_after.start()]
    if (
        _DENIED_BEFORE.search(before)
        or _DENIED_AFTER.match(after)
        or _OWN_OR_PAST.search(f"{_end_of(block.lead)} {low}")
    ):
        return None
    if _CONDITIONAL.search(before) or (_WHO_STAY.search(before[-60:]) and _FLOOR_AFTER.match(after)):
        return None
    beside = _BESIDE.match(after)
    if _OWN_SCHOOL.match(after) or _AT_HOME.search(before[-80:]) or _IN_COUNTRY.search(near := before[-55:]):
        return None
    if beside and _BETWEEN_WRONG.search(_PLACE_AT_END.sub("", beside[0])):
        beside = None
    in_all = _TOTAL_AFTER.match(after)
    total_words = bool(in_all or _TOTAL_BEFORE.search(before) or _TOTAL_WITHIN.search(low, length.start, length.end))
    close = _CAP_LONGER.sub(" ", near) if has_any(near, ("longer", "exten", "exceed")) else near
    close = _TAKES.sub(" ", close) if "take" in close else close
    not_after = _NOT_AFTER.match(after)
    if beside and not_after and not_after.end() > beside.end():
        not_after = (
            None  # '4-week rotations in the Department of…': what follows the placement is not said of the weeks
        )
    if in_all and not_after and not_after.end() > in_all.end():
        not_after = None  # 'up to four weeks of electives after the core clerkships'
    if not_after and not before.strip() and _IN_A_LAB.match(after):
        not_after = None
    each = _EACH_OF_THEM.search(near)
    if each:
        close = each[0]  # 'may take no more than two electives, each four weeks long'
    given = _OF_EXPERIENCE.match(after) and _GIVES.search(before[-90:])
    training = _OF_TRAINING.match(after) and not given and not _CONSISTS.search(before)
    not_before = _NOT_BEFORE.search(close)
    wrong = not_before or not_after or training
    cap = bool(_CAP.search(before[-45:]) or _CAP_AFTER.match(after)) and not (each or _COUNTED_BEFORE.search(before))
    if _FROM_A_FEW.search(before[-40:]):
        cap = True  # 'from a few weeks to three months'
    floor = bool(_FLOOR.search(_CAP_LAST.sub("", before[-40:])) or _FLOOR_AFTER.match(after))
    if floor and _LESS_OR_MORE.search(before[-14:]):
        cap = not _NO_LESS.search(before[-24:])
        floor = not cap
    a_year = bool(_A_YEAR.search(after) or _A_YEAR.search(before))
    place_before = bool(_PLACE_NOUN.search(before))
    place_near = place_before or bool(_PLACE_NOUN.search(after))
    place_headed = any(map(_names_place, block.headings[-2:]))

    def place_there() -> bool:
        return place_near or place_headed or bool(_PLACE_NOUN.search(block.lower[:LONGEST]))

    if (total_words or a_year) and (cap or total_words) and not floor and (a_year or labelled or place_there()):
        soft = re.search(
            r"\b(?:spends?|spend|additional|completed|take|taking|extend\w*|extensions?|includes|may not|received?|(?:apply|applying|register|sign up) for|request)\b",
            near,
        )
        of_many = in_all and not cap and re.match(r"\s+of ", sentence[length.end : length.end + len(after)])
        if not not_after and not of_many and (not not_before or soft) and not _ONE_PLACE.search(after):
            return _reading("total", sentence, low, length, block, "total_weeks", 0.9)
    if "m" in low[:3] and least == most and _TIME_IN_ALL.fullmatch(low[: length.start]) and not a_year:
        return _reading("total", sentence, low, length, block, "total_weeks", 0.85)
    if not beside and (stay := _stay(sentence, low, length, block, before, after, cap and not floor)):
        return stay
    if least == most and not (floor or cap or not_before) and _IN_EACH.match(after):
        return _reading("exact", sentence, low, length, block, "length_of_each", 0.85)
    if (
        least == most
        and _SPEND.search(before)
        and _ON_ONE.match(after)
        and _PERSON.search(before)
        and sum(1 for _ in itertools.islice(_LENGTH.finditer(low), 2)) == 1
    ):
        return _reading("exact", sentence, low, length, block, "length_of_stay", 0.8)
    if wrong and not (beside and length.adjective and not not_after):
        return None
    if _OF_A_REST.search(near):
        return None
    if beside and (length.adjective or most <= _MOST_EXACT):
        if re.search(r"\b(?:period|month|year)\b", beside[0]) and wrong:
            return None
        rule, confidence = "length_beside_placement", 0.9
    elif _STRONG_AFTER.match(after) and (place_near or labelled or block.headings):
        rule, confidence = "length_stated", 0.95
    elif (place_before and _PREDICATE.search(before)) or (
        _STRONG_PREDICATE.search(before)
        and (_PLACE_NOUN.search(low) or labelled or (place_headed and not _WRONG_LABEL.search(low)))
    ):
        rule, confidence = "length_stated", 0.9
    elif place_near and _TAKEN_IN.search(before) and _INTERVALS.match(after):
        rule, confidence = "length_stated", 0.85
    elif (
        (_IS_THE_LIMIT.match(after) and (labelled or place_there()))
        or (_BARE_LIMIT.match(low[: length.start]) and place_there())
        or (length.adjective and place_near and _LIMIT_NOUN.match(after))
    ):
        rule, confidence = "length_limit", 0.85
    elif labelled and (len(sentence) < 160) and not _WRONG_LABEL.search(low):
        rule, confidence = "length_under_heading", 0.85
    elif (
        place_headed
        or _RESEARCH.search(small(" ".join(block.headings[-1:])))
        or (length.start < 4 and _of_people(block))
    ) and _stands_alone(low, length, before, after, block):
        rule, confidence = "length_alone", 0.7
    elif given:
        rule, confidence = "length_given", 0.8
    elif "$" in low and _is_priced(low, length, after, block):
        rule, confidence = "length_priced", 0.7
    elif _OWN_LABEL.search(low[: length.start]) or (
        place_before and _LABEL.search(before) and not _WRONG_LABEL.search(before)
    ):
        rule, confidence = "length_labelled", 0.85
    else:
        return None
    if least != most:
        kind = "exact"
    elif cap and not floor:
        kind = "max"
    elif floor and not cap:
        kind = "min"
    else:
        kind = "exact"
    if kind in ("exact", "min") and least > _MOST_EXACT:
        return None
    if kind == "max" and beside and not _LIMITED.search(before[-40:]) and _NUMBER_BEFORE.search(before):
        kind = "exact"  # 'up to two four-week electives': the cap is on their number
    elif kind == "max" and beside and length.adjective and _LIMITED.search(before[-40:]):
        kind = "exact"
    return _reading(kind, sentence, low, length, block, rule, confidence)


_TOTAL_WITHIN = re.compile(r"\b(?:total|elective)\s")
_OF_A_REST = re.compile(r"\b(?:remaining|(?:spend|spends)(?! (?:an?|one|each|their|your) \w+ ))\b")
_NUMBER_BEFORE = re.compile(rf"(?:\b(?:{_NUM})\)?\s+(?:\(\d\)\s*)?)$")
_FROM_A_FEW = re.compile(r"\b(?:few|several) (?:of )?(?:days|weeks|months)\s?(?:to|up to|–|-)\s?$")
_LESS_OR_MORE = re.compile(r"\bless than\b|\bmore than\b")
_NO_LESS = re.compile(r"\bno(?:t)? (?:less|fewer)\b")
_RESEARCH = re.compile(r"\b(?:research|scholars?)\b")
_DEMANDED = re.compile(
    r"\b(?:complet\w+|prerequisites?|required?|requirements?|core|must have|clerkships?|curriculum|documents?|immuniz\w*|vaccin\w*)\b",
)


# 'The program gives graduates one to three months of supervised clinical experience'
_OF_EXPERIENCE = re.compile(r"^ of (?:[\w-]+ ){0,3}(?:experience|exposure|observation|training)\b")
_GIVES = re.compile(
    r"\b(?:program|externship|observership|elective|rotation|we)\b[^.;]{0,20}\b(?:gives?|offers?|provides?|includes?)\b"
)
_PRICE_AFTER = re.compile(
    r"^\)?(?:[\s-]+(?:package|option|plan|stay|period)s?)?\s?(?:[,:–—=(-]|is|costs|at|for)?\s?(?:us ?|usd ?)?\$\s?\d"
)
_PRICE_BEFORE = re.compile(r"\$\s?[\d,.]+\s(?:usd )?(?:for|covers) (?:a |an |up to )?$")
_PRICE_OF_OTHERS = re.compile(
    r"\b(?:hous(?:e|ing)|room|rent|lodging|apartments?|parking|hotels?|insurance|stipends?|badges?|late|refund\w*|cancel\w*|living)\b"
)


def _is_priced(low: str, length: _Length, after: str, block: Block) -> bool:
    """'One week $450, one month $1,600', '$900 for two weeks': what has a price can be had, where placements are spoken of."""
    if not (_PRICE_AFTER.match(after) or _PRICE_BEFORE.search(low[max(0, length.start - 40) : length.start])):
        return False
    return bool(_PLACE_NOUN.search(low) or any(map(_names_place, block.headings))) and not _PRICE_OF_OTHERS.search(
        f"{_end_of(block.lead)} {small(' '.join(block.headings[-1:]))} {low}"
    )


def _stands_alone(low: str, length: _Length, before: str, after: str, block: Block) -> bool:
    """'Graduates and physicians, one to three months, $600 a month': a piece between commas that is a length and nothing else."""
    if len(low) > 250 or not (_ALONE_BEFORE.search(before) and (_ALONE_AFTER.match(after) or _IN_A_LAB.match(after))):
        return False
    if _DEMANDED.search(f"{_end_of(block.lead)} {low}") or _WRONG_LABEL.search(low[: length.start]):
        return False
    if not low[: length.start].strip() and _IN_A_LAB.match(after):
        return True  # 'Six to twelve months in the liver lab'
    if not block.lead and block.lower.startswith(low) and _WHOLE_TEXT.fullmatch(low):
        return True  # '4 weeks' as the one line below the name of an elective
    said = (
        min(length.weeks) != max(length.weeks)
        or _FLOOR_AFTER.match(after)
        or _CAP.search(before[-20:])
        or _FLOOR.search(before[-20:])
    )
    return bool(said or _PERSON.search(low[: length.start]))


_WHOLE_TEXT = re.compile(rf"\W*{_NUM}(?:{_SEP}{_NUM})?[\s-](?:weeks?|months?)(?: long| block| rotation)?\W*")
# 'Maximum time on campus: 12 weeks', said of all that one visitor does
_TIME_IN_ALL = re.compile(
    r"\W*(?:maximum|max\.?|total|longest|most)(?: total| allowed| permitted)? (?:(?:amount of )?time|weeks|months)(?: (?:on|at|in|with|of|for|per|allowed|permitted|campus|us|our|the|a|each|any|hospital|rotations?|electives?|student|visitor|visit|here|stay)){0,6}\W*"
)
_IN_A_LAB = re.compile(
    r"^ (?:in|with|at|on) (?:the|our|one of our|a|an) (?:[\w’'&-]+ ){0,4}?(?:lab|labs|laboratory|laboratories|departments?|divisions?|clinics?|units?|teams?|service|wards?|research group|hospital|icu|ed|emergency department)\b"
)


def _of_people(block: Block) -> bool:
    """Does a heading name the people whose stay it is?"""
    return any(_PERSON.search(small(heading[-80:])) for heading in block.headings[-2:])


_BARE_STAY = re.compile(r"(?:spend|stay|remain)\b[^.;]{0,20}$")
_ALL_THERE = re.compile(
    r"^\s?(?:$|[.,;]|on rotation|with us|here\b|with (?:the|our) (?:program|department|division|team)|in (?:the|our) (?:program|department|division|institute|hospital))",
)


_OF_A_VISIT = re.compile(r"allowance|\b(?:maximum|longest) (?:stay|visit)\b")


_PLAIN_STAY = re.compile(rf"\b\w+s (?:rotate|observe|shadow|train) (?:with us |here )?for{_LEADING_UP}")
_HERE = re.compile(
    r"^\s?(?:$|[.,;]|with us|here\b|(?:at|in) our\b|at the (?:\w+ ){0,2}(?:hospital|center|clinic|institution|campus)\b)",
)


_YEAR_OF_STUDY = re.compile(r"\b(?:final|last|first|next)[ -]year\b")


def _said_before(before: str, words: re.Match[str]) -> str:
    """What stands right before a length, without the words of the stay themselves."""
    inside = re.sub(r"\b(?:spend|takes?|receives?|longer than|allows?)\b", " ", words[0])
    start = max(0, words.start() - 25)
    ahead = before[start : words.start()]
    if start and before[start - 1].isalnum():
        ahead = ahead.partition(" ")[2]  # no half words: 'page' is not 'age'
    return _YEAR_OF_STUDY.sub(" ", f"{ahead} {inside}")


def _stay(
    sentence: str, low: str, length: _Length, block: Block, before: str, after: str, cap: bool
) -> _Reading | None:
    """The length of what a visitor may do here: a range is one of a stay, a cap is one on the visitor's whole time."""
    limited = _PERSON_LIMITED.search(before)
    words = _MAY_STAY.search(before) or limited
    if not words or (not _PERSON.search(before[: words.start() + 40]) and not _PERSON.search(low[: length.start])):
        return None
    if (
        _PART_OF_STAY.match(after)
        or _WITHIN_A_STAY.search(_YEAR_OF_STUDY.sub(" ", before))
        or _NOT_BEFORE.search(_said_before(before, words))
        or _NOT_AFTER.match(after)
        or _OF_TRAINING.match(after)
    ):
        return None
    if cap and len(set(length.weeks)) == 1 and _ONE_PLACE.match(after.lstrip()):
        return _reading("max", sentence, low, length, block, "limit_of_stay", 0.8)
    if _ONE_PLACE.search(after) or len(list(itertools.islice(_LENGTH.finditer(low), 3))) > 2:
        return None
    least, most = min(length.weeks), max(length.weeks)
    if least == most and not cap and not limited and _BARE_STAY.search(words[0]) and not _ALL_THERE.match(after):
        return None  # 'students spend two weeks on the ward' is a part of what they do
    if least == most and not cap and not limited and _PLAIN_STAY.search(words[0]) and not _HERE.match(after):
        return None  # 'observers rotate for two weeks through radiology'
    if least == most and (cap or limited):
        whole = (limited and not _OF_A_VISIT.search(limited[0])) or re.search(r"\bspend\b", words[0])
        return _reading("stay" if whole else "visit", sentence, low, length, block, "limit_of_stay", 0.8)
    kind = "min" if least == most and (_FLOOR.search(before[-40:]) or _FLOOR_AFTER.match(after)) else "exact"
    return _reading(kind, sentence, low, length, block, "length_of_stay", 0.85)


def _reading(
    kind: str, sentence: str, low: str, length: _Length, block: Block, rule: str, confidence: float
) -> _Reading:
    return _Reading(
        kind, min(length.weeks), max(length.weeks), block, quote(sentence, length.start, length.end), rule, confidence,
        audience_of(block, sentence), bool(_ONLY_NOW.search(low)), length.adjective,
    )  # fmt: skip


def _is_never_longer(text: str) -> bool:
    """'No extensions are granted', said of visits and not of a deadline; `text` in small letters."""
    match = _NO_EXTENSION.search(text)
    return match is not None and "deadline" not in text[max(0, match.start() - 160) : match.end() + 40]


def _extra_total(reading: _Reading, low: str, length: _Length, no_extension: bool) -> _Reading | None:
    """A cap on the visitor ('visits are limited to 30 days') is the total too, unless it is one of a department or year."""
    before, after = low[max(0, length.start - 60) : length.start], low[length.end : length.end + 90]
    if _ONE_PLACE.search(after) or _ONE_PLACE.search(before):
        return None
    single_elective = reading.kind == "max" and length.adjective and re.search(r"\bmaximum of (?:a |one )?$", before)
    if (
        _LIMITED.search(before)
        or single_elective
        or _LONGEST_VISIT.search(before)
        or (no_extension and reading.kind in ("max", "exact"))
    ):
        return attrs.evolve(reading, kind="total", low=reading.high, rule="limit_of_stay", confidence=0.8)
    return None


# -- number of placements ---------------------------------------------------------------------------------------------------------------

_COUNT_NUM = r"(?P<range>(?:an?|one|two|three|[1-3]) (?:or|to) )?(?P<n>one|two|three|four|five|six|[1-6])(?:\s?\(\d\))?"
_COUNT = re.compile(
    rf"\b(?P<how>maximum of|max(?:imum)? of|up to|as many as|no more than|more than|at most|only|limited to(?: a maximum of| no more than| only)?|total of|a total of|(?:can|may|will|could) (?:only )?(?:complete|take|do|participate in|enroll in|rotate for|rotate in)(?: only)?|maximum is|maximum number of \w+ is|allowed|permitted|consist of|consists of)\s+(?:a maximum of |up to |as many as |no more than |only )?{_COUNT_NUM}"
    r"\s+(?P<mid>(?:[\w()-]+\s+){0,5}?)(?P<what>electives?|rotations?|clerkships?|observerships?|blocks?|sub-?internships?|sub-?is?|externships?|opportunities|placements|courses)\b",
)
# What stands wherever those three do: looked for first.
_COUNT_WORDS = ("max", "up to", "as many as", "more than", "at most", "only", "limited to", "total of", "can ", "may ", "will ", "could ", "allowed", "permitted", "consist")  # fmt: skip
_COUNTING = Gates([_COUNT_WORDS])
_PLACE_WORDS = ("elective", "rotation", "clerkship", "observership", "block", "sub", "extern", "opportunit", "placement", "course")  # fmt: skip
_ELIDED_WORDS = ("limited to", "up to", "at most", "no more than", "maximum", "only", "can ", "may ", "at the most")
_CAPPED = re.compile(r"\s+(?:a maximum of|up to|only|as many as|no more than)\b")
_CHOICES = re.compile(
    r"\b(?:choices?|preferences?|priorit\w+|rank\w*|applications?|at a time|list|select\w*|requests?|submit\w*|choose|simultaneous\w*|pending|specialties|apply to)\b",
)
_APPLY_FOR = re.compile(r"\bapply(?:ing)? (?:for|to)\b")
_HOW_MANY = re.compile(r"\bhow many (?:\w+ ){0,3}(?:electives?|rotations?|clerkships?|observerships?|blocks)\b")
_COUNT_ALONE = re.compile(
    r"\b(?:at most|maximum of|maximum|up to|no more than|only|limited to|total of)\s+(?:of )?(?P<n>one|two|three|four|[1-4])\b",
)
# 'Electives last four weeks. You may do up to three.', 'Four weeks each, up to two per student'
_COUNT_ELIDED = re.compile(
    r"\b(?:may|can) (?:do|take|complete|have|enroll in|sign up for|participate in) (?:(?:up to|at most|no more than|a maximum of|only) )?(?P<n>one|two|three|four|[1-4])(?: of (?:them|these))?\s?[.;,]?$"
    r"|\b(?:electives|rotations|blocks|observerships|placements|clerkships), (?P<n5>two|three|four|[2-4]) at (?:the )?most\b"
    r"|\blimited to (?P<n3>one|two|three|four|[1-4])(?: of (?:these|them))? (?:per|each|a|in any) (?:academic |calendar )?year\b"
    r"|\bmaximum number of (?:electives|rotations|observerships|blocks|placements|clerkships) (?:\w+ ){0,3}?is (?P<n4>one|two|three|four|[1-4])\b"
    r"|\b(?:up to|at most|no more than|a maximum of|maximum) (?P<n2>two|three|four|[2-4]) (?:per|for each|for any one) (?:student|visitor|observer|person|applicant|participant)\b",
)


@lru_cache(maxsize=256)
def _asks_how_many(heading: str) -> bool:
    """'How many electives may I take?'"""
    return bool(_HOW_MANY.search(small(heading)))


@attrs.frozen
class _Count:
    """'No more than two electives': how many placements, and their length where the same words give it."""

    n: float
    weeks: float | None
    block: Block
    quote: str
    audience: Audience


def _counts(block: Block, sentence: str, low: str) -> Iterator[_Count]:
    for match in _COUNT.finditer(low) if has_any(low, _PLACE_WORDS) else ():
        n = number(match["n"]) or 0
        beside = [
            length
            for length in _lengths(sentence[match.start("n") : match.end()], low[match.start("n") : match.end()])
            if max(length.weeks) <= 12
        ]
        weeks = max(beside[0].weeks) if beside else None
        if re.match(
            r"(?:\(\d\)\s+)?(?:elective |clinical |additional )?(?:weeks?|months?|days?|years?)\b", match["mid"]
        ):
            continue
        around = low[max(0, match.start() - 70) : match.end() + 40]
        if _CHOICES.search(around) and not (
            weeks
            and _APPLY_FOR.search(around)
            and not re.search(r"\b(?:choices?|priorit\w+|rank\w*|preferences?)\b", around)
        ):
            continue
        if _APPLY_FOR.search(around) and not weeks:
            continue
        how = match["how"]
        if how == "more than" and not re.search(
            r"\b(?:not|no|cannot|never)\b", low[max(0, match.start() - 40) : match.start()]
        ):
            continue
        if how in ("allowed", "permitted") or how.startswith(("can ", "may ", "will ", "could ")):
            capped = _CAPPED.match(low, match.end("how"))
            ranged = match["range"] is not None  # 'may take one or two electives'
            if not capped and (how in ("allowed", "permitted") or (n != 1 and not weeks and not ranged)):
                continue
        if how.startswith("consist") and not weeks:
            continue
        if re.search(
            r"\b(?:per (?:month|block|department)|must have|completed|prior|sponsors?|of the following|students? (?:per|at))\b",
            around,
        ):
            continue
        yield _Count(n, weeks, block, quote(sentence, match.start(), match.end()), audience_of(block, sentence))
    if (
        has_any(low, _ELIDED_WORDS)
        and (elided := _COUNT_ELIDED.search(low))
        and not _CHOICES.search(low)
        and not _COUNT.search(low)
    ):
        yield _Count(
            number(elided["n"] or elided["n2"] or elided["n3"] or elided["n4"] or elided["n5"]) or 0,
            None,
            block,
            sentence,
            audience_of(block, sentence),
        )
    elif block.headings and _asks_how_many(block.headings[-1]) and not _COUNT.search(low) and len(sentence) < 200:
        alone = _COUNT_ALONE.search(low)
        if alone and not re.match(r"\s+\w*\s?(?:weeks?|months?|days?)", sentence[alone.end() :]):
            yield _Count(number(alone["n"]) or 0, None, block, sentence, audience_of(block, sentence))


# -- calendars of blocks ----------------------------------------------------------------------------------------------------------------

_MONTHS = {
    m: i for i, m in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
_DATE = re.compile(
    r"(?<![\d/])(?:(?P<m>\d{1,2})/(?P<d>\d{1,2})(?:/(?P<y>\d{2,4}))?|(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?\s?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,?\s?(?P<year>20\d\d))?)(?![\d/])",
    re.I,
)
_MONTH_DAY_TO_DAY = re.compile(
    r"\b(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?\s?(?P<a>\d{1,2})\s?[-–‐—]\s?(?P<b>\d{1,2}),?\s",
    re.I,
)


_SPAN = re.compile(r"^(?:,? 20\d\d)?[\s,]*(?:-|–|—|‐|to|through|thru|until|ends?:?|\|)\s*(?:\w+day,? )?$", re.I)


def _day(match: re.Match[str], year: int) -> dt.date | None:
    try:
        if match["m"]:
            y = int(match["y"]) if match["y"] else year
            return dt.date(y + 2000 if y < 100 else y, int(match["m"]), int(match["d"]))
        return dt.date(int(match["year"] or year), _MONTHS[match["month"].lower()[:3]], int(match["day"]))
    except ValueError:
        return None


def _block_weeks(text: str) -> list[float]:
    """The lengths of the date spans in one list item or table row, in weeks."""
    dates = list(_DATE.finditer(text[:400]))
    if len(dates) == 2 and _SPAN.match(text[dates[0].end() : dates[1].start()]):
        year = next((int(d["year"]) for d in reversed(dates) if d["year"]), 2026)
        first, last = _day(dates[0], year), _day(dates[1], year)
        if first and last:
            days = (last - first).days + 1
            if days < 0:
                days += 365
            weeks = round(days / 7)
            # Blocks end on the Friday or Sunday of their last week.
            return [float(weeks)] if 1 <= weeks <= 12 and abs(days - 7 * weeks) <= 3 else []
    if len(dates) == 1 and (span := _MONTH_DAY_TO_DAY.search(text[:400])):
        days = int(span["b"]) - int(span["a"]) + 1
        weeks = round(days / 7)
        return [float(weeks)] if weeks >= 1 and abs(days - 7 * weeks) <= 3 else []
    return []


_BLOCK_WORDS = re.compile(
    r"\b(?:blocks?|periods?|rotations?|electives?|dates?|calendar|schedule|sessions?|academic year|timetable|sections?)\b",
    re.I,
)
_NO_BLOCK_WORDS = re.compile(r"\b(?:application|apply|holidays?|breaks?|deadline|window|submission|vacation)\b", re.I)


MAX_LINES = 10**9  # no page has so many blocks: keys of paragraphs that stand one after the other


def _calendar(blocks: list[Block]) -> Iterator[_Reading]:
    """The length of the blocks of a calendar, from at least three of its spans (labels schema: 'a duration read only from block dates counts')."""
    spans: dict[int, list[tuple[float, Block]]] = {}
    for index, block in enumerate(blocks):
        if (
            block.kind == "paragraph"
            and "\n" in block.text
            and any(map(_BLOCK_WORDS.search, (*block.headings[-2:], block.lead[-200:])))
        ):
            near = " ".join(block.headings[-1:])
            if not _NO_BLOCK_WORDS.search(near):
                spans[-index] = [
                    (weeks, block) for line in block.text[:6000].split("\n") for weeks in _block_weeks(line)
                ]
    run = 0  # lines of a calendar, each in a paragraph of its own
    for block in blocks:
        line = (
            block.text
            if block.kind == "paragraph" and len(block.text) <= 80 and any(map(str.isdigit, block.text))
            else ""
        )
        if line and (lengths := _block_weeks(line)) and _BLOCK_WORDS.search(" ".join((line, *block.headings[-1:]))):
            spans.setdefault(-MAX_LINES - run, []).extend((weeks, block) for weeks in lengths)
            continue
        run += 1
        if block.kind in ("item", "row") and block.group and any(c.isdigit() for c in block.text[:60]):
            text = block.text
            header = " ".join(cell.column for cell in block.cells)
            if block.cells:
                if re.search(r"\bstart|\bbegin", header, re.I) and not re.search(
                    r"\bend|\bfinish|\bto\b", header, re.I
                ):
                    continue
                text = " | ".join(
                    cell.text
                    for cell in block.cells
                    if not _NO_BLOCK_WORDS.search(cell.column)
                    and not re.search(r"\bacceptance|earliest|open|orientation|due|arriv|check", cell.column, re.I)
                )
            near = f"{header} {' '.join(block.headings[-2:])} {block.lead[-200:]}"
            if not (_BLOCK_WORDS.search(near) or "block" in block.lower):
                continue
            for weeks in _block_weeks(text):
                spans.setdefault(block.group, []).append((weeks, block))
    for found in spans.values():
        if not found:
            continue
        counts = Counter(weeks for weeks, _ in found)
        weeks, times = counts.most_common(1)[0]
        if times >= 3 and times >= 0.7 * len(found):
            block = next(block for w, block in found if w == weeks)
            yield _Reading("exact", weeks, weeks, block, block.text[:300], "block_calendar", 0.7, audience_of(block))


# -- the page ---------------------------------------------------------------------------------------------------------------------------

_UNIT_WORD = re.compile(r"d(?<!\wd)ay|w(?<![a-z]w)(?:eek|k)|m(?<![a-z]m)onth")  # letters first: looked for at once


def _read(blocks: list[Block]) -> tuple[list[_Reading], list[_Count]]:
    readings: list[_Reading] = []
    counts: list[_Count] = []
    no_extension = any(_is_never_longer(block.lower[:WHOLE]) for block in blocks if "exten" in block.lower)
    for block in blocks:
        if block.kind == "title":
            continue
        lower = block.lower
        has_unit = "day" in lower or "week" in lower or "month" in lower or "wk" in lower
        counted = (
            "elective" in lower
            or "rotation" in lower
            or "clerkship" in lower
            or "observership" in lower
            or "block" in lower
            or "sub" in lower
            or "extern" in lower
            or "opportunit" in lower
            or (block.headings != () and "how many" in block.headings[-1].lower())
        ) and _COUNTING.open(lower) > 0
        if block.kind == "row" and block.cells:
            readings.extend(_cells(block) if has_unit else ())
            readings.extend(_weeks_column(block))
        if not has_unit and not counted:
            continue
        labelled = _labelled(block) if has_unit else False
        asked = asking = False  # 'How long is a rotation? Four weeks.' in one paragraph
        length_of_block = len(block.text)
        apart = "consecutive" in lower and bool(_NOT_CONSECUTIVE.search(lower[:WHOLE]))
        for sentence in judged_pieces(block):
            whole = len(sentence) == length_of_block
            low = lower if whole else small(sentence)
            asked, asking = asking, low.endswith("?") and _names_length(sentence[-120:])
            if counted and (whole or _COUNTING.open(low)):
                counts.extend(_counts(block, sentence, low))
            if not has_unit or not _UNIT_WORD.search(low):
                continue
            if "weeks" in low:
                readings.extend(_number_of_weeks(block, sentence, low))
                readings.extend(_labelled_weeks(block, sentence, low))
            for length in _lengths(sentence, low, apart)[:12]:
                reading = _judge(sentence, low, length, block, labelled or asked)
                if reading is None:
                    for field in ("duration_weeks_min", "duration_weeks_max", "total_weeks_max"):
                        passed_over(field, block, sentence, "length_of_no_placement")
                else:
                    if reading.kind == "exact" and length.listed:
                        readings.extend(attrs.evolve(reading, low=weeks, high=weeks) for weeks in length.weeks)
                    else:
                        readings.append(reading)
                    if reading.kind not in ("total", "stay", "visit") and (
                        total := _extra_total(reading, low, length, no_extension)
                    ):
                        readings.append(total)
                    if reading.kind == "total" and "consecutive" in low[length.start : length.end]:
                        readings.append(attrs.evolve(reading, kind="max", rule="limit_of_stay", confidence=0.8))
    return readings, counts


# 'Number of weeks: 4'
_WEEKS_ARE = re.compile(
    rf"\W*(?:number of )?weeks(?: in length| offered)?\s?[:–-]\s?(?P<low>{_NUM})(?:{_SEP}(?P<high>{_NUM}))?\b(?! ?(?:%|:|credits|hours))"
)


def _labelled_weeks(block: Block, sentence: str, low: str) -> Iterator[_Reading]:
    match = _WEEKS_ARE.match(low)
    least = number(match["low"]) if match else None
    if match and least and any(map(_names_place, block.headings)):
        most = number(match["high"]) if match["high"] else least
        if most and most <= _MOST_EXACT:
            yield _Reading(
                "exact", least, most, block, quote(sentence), "weeks_labelled", 0.85, audience_of(block, sentence)
            )


def _number_of_weeks(block: Block, sentence: str, low: str) -> Iterator[_Reading]:
    """'The maximum number of weeks a student can rotate is 12.'"""
    if "of weeks" not in sentence and "weeks" not in low[:400]:
        return
    match = _WEEKS_NUMBER.search(low)
    weeks = number(match["n"]) if match else None
    if match and weeks and weeks <= _MOST_WEEKS:
        kind = "max" if _ONE_PLACE.search(match["between"]) else "total"
        words, audience = quote(sentence, match.start(), match.end()), audience_of(block, sentence)
        yield _Reading(kind, weeks, weeks, block, words, "number_of_weeks", 0.85, audience)


def _cells(block: Block) -> Iterator[_Reading]:
    """Cells under a column named for length."""
    label = block.cells[0].text
    told = len(block.cells) > 2 and len(label) <= 60 and _names_length(label)  # 'Duration | 4 weeks | 1 to 8 weeks'
    for index, cell in enumerate(block.cells):
        if len(cell.text) < 60 and ((cell.column and _names_length(cell.column[:80])) or (index and told)):
            low = small(cell.text)
            for length in _lengths(cell.text, low)[:2]:
                if max(length.weeks) <= _MOST_EXACT:
                    yield _reading("exact", cell.text, low, length, block, "length_in_column", 0.85)


# 'Weeks', '# of weeks', 'Length (weeks)': the unit stands in the header, the cell holds a bare number.
_WEEKS_COLUMN = re.compile(
    r"^(?:(?:number|no\.?|#) ?of )?(?:weeks|wks\.?)(?: offered| in length)?$|^(?:length|duration) ?(?:\(|in |, )(?:in )?(?:weeks|wks\.?)\)?$",
    re.I,
)
_OF_PLACEMENTS = re.compile(rf"^(?:{_PLACE}|fees?|cost|price|tuition)\b|\b(?:title|elective|course|rotation)\b", re.I)
_BARE_WEEKS = re.compile(rf"^{_NUM}(?:{_SEP}{_NUM}){{0,3}}$")
_NUMBERED = re.compile(r"^(?:block|period|rotation|session|module|week)?\s?#?\d{1,2}$", re.I)


@lru_cache(maxsize=256)
def _is_in_weeks(column: str) -> bool:
    """Is `column` the header of lengths in weeks?"""
    return bool(_WEEKS_COLUMN.match(column.strip()))


def _weeks_column(block: Block) -> Iterator[_Reading]:
    """A row of a catalog or price list with its length under 'Weeks'; a calendar whose blocks are numbered tells weeks of a year."""
    for cell in block.cells:
        if len(cell.column) > 30 or len(cell.text) > 24 or not _is_in_weeks(cell.column):
            continue
        others = [other for other in block.cells if other is not cell]
        if not _BARE_WEEKS.match(text := small(cell.text.strip())) or any(
            _NUMBERED.match(o.text.strip()) for o in others[:1]
        ):
            continue
        weeks = [value for word in _WORD_NUMBER.findall(text) if (value := number(word))]
        if weeks and max(weeks) <= _MOST_EXACT and any(_OF_PLACEMENTS.search(other.column[:60]) for other in others):
            yield _Reading(
                "exact", min(weeks), max(weeks), block, block.text[:300], "weeks_in_column", 0.8, audience_of(block)
            )


def _facts_of(readings: list[_Reading], counts: list[_Count], audience: Audience) -> Iterator[Fact]:
    if any(r.rule != "length_priced" for r in readings if r.kind == "exact"):
        readings = [
            r for r in readings if r.rule != "length_priced"
        ]  # 'eight weeks, $9,000' may be the price of two placements
    if any(r.only_now and r.kind in ("exact", "max", "min") for r in readings):
        readings = [r for r in readings if r.only_now]
    exact = [r for r in readings if r.kind == "exact"]
    totals = [r for r in readings if r.kind == "total"]
    stays = [r for r in readings if r.kind in ("stay", "visit")]
    caps = [r for r in readings if r.kind == "max"]
    for stay in stays:
        # 'May visit for up to four weeks' is the length of the visit, unless placements have lengths of their own.
        if stay.kind == "visit" and not exact and not caps:
            caps.append(attrs.evolve(stay, kind="max"))
        totals.append(attrs.evolve(stay, kind="total"))
    floors = [r for r in readings if r.kind == "min"]
    ranges = any(r.low != r.high for r in exact)
    # 'Two- or four-week electives, up to a maximum of eight weeks': a cap above the lengths of single placements is on their sum.
    for cap in list(caps):
        smaller = [r for r in exact if r.low == r.high and r.high <= cap.high / 1.9]
        if smaller and not ranges and len(smaller) == len([r for r in exact if r.high < cap.high]) and cap.high >= 4:
            caps.remove(cap)
            totals.append(attrs.evolve(cap, kind="total", rule="sum_of_placements", confidence=0.8))
    most = _product(exact, caps, counts) or None
    if most:
        totals.append(most)
    total = _best_total(totals)
    if total:
        # '4 weeks or 8 weeks', where eight are two placements of four.
        exact = [
            r
            for r in exact
            if not (r.low == r.high == total.high and any(o.low == o.high <= r.high / 1.9 for o in exact))
        ]
    lows = exact + floors
    highs = exact + caps
    if lows and (not caps or exact or floors):
        least = min(lows, key=lambda r: r.low)
        if not any(cap.high < least.low for cap in caps):
            yield Fact(
                "duration_weeks_min",
                least.low,
                least.quote,
                least.block.headings,
                least.confidence,
                least.rule,
                audience,
            )
    if highs and (exact or caps):
        longest = max(highs, key=lambda r: r.high)
        yield Fact(
            "duration_weeks_max",
            longest.high,
            longest.quote,
            longest.block.headings,
            longest.confidence,
            longest.rule,
            audience,
        )
    # A smaller 'total' than the longest placement is somebody else's.
    if total and total.high >= max((r.high for r in highs), default=0) - 0.5:
        yield Fact(
            "total_weeks_max", total.high, total.quote, total.block.headings, total.confidence, total.rule, audience
        )


def _product(exact: list[_Reading], caps: list[_Reading], counts: list[_Count]) -> _Reading | None:
    """Number of electives times their length; the length that the same words give goes before the page's."""
    lengths = {r.high for r in exact} or {r.high for r in caps}
    best: _Reading | None = None
    for count in counts:
        weeks = count.weeks or (max(lengths) if lengths and max(lengths) <= 8 else None)
        if not weeks or not count.n or weeks * count.n > _MOST_WEEKS:
            continue
        reading = _Reading(
            "total",
            weeks * count.n,
            weeks * count.n,
            count.block,
            count.quote,
            "number_times_length",
            0.85 if count.weeks else 0.75,
            count.audience,
        )
        if best is None or (reading.confidence, reading.high) > (best.confidence, best.high):
            best = reading
    return best


def _best_total(totals: list[_Reading]) -> _Reading | None:
    return max(totals, key=lambda r: (r.rule in ("total_weeks", "number_times_length"), r.high), default=None)


def find_duration(blocks: list[Block]) -> list[Fact]:
    """The shortest and longest single placement and the longest stay that `blocks` state, in weeks."""
    readings, counts = _read(blocks)
    if not any(r.kind == "exact" for r in readings):
        readings.extend(_calendar(blocks))
    audiences = {r.audience for r in readings if r.kind not in ("total", "stay", "visit")}
    if {"us", "international"} <= audiences:
        # Different answers for US and international students: each gets its own.
        return [
            fact
            for audience in ("international", "us")
            for fact in _facts_of(
                [r for r in readings if r.audience in (audience, "any")],
                [c for c in counts if c.audience in (audience, "any")],
                audience,  # type: ignore[arg-type]
            )
        ]
    only: Audience = audiences.pop() if len(audiences) == 1 else "any"
    return list(_facts_of(readings, counts, only))


class DurationStage(Stage):
    """Adds how long a visitor may stay."""

    find = staticmethod(find_duration)
