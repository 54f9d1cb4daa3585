"""Fees: what an applicant or participant pays the host or VSLO, per what, refundable or not, and whose fee it is.

An amount of money becomes a fee where words of payment stand with it: a kind of fee beside it ('$300 application fee'), in its
sentence, in the column or row of its table, in the line, list lead or heading that introduces it. Amounts that are no
fees leave by a named rule (`_refusal`): insurance limits, living costs, proof of funds, penalties, money paid to the
visitor, parts and sums of other amounts, prices of the past, fees of embassies and examiners. 'No fee' is read as an
amount of 0 where it is said of the program or the application, not of parking (labels schema: fees).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

import attrs

from pipelines import Stage
from scraper.considered import passed_over
from scraper.gates import Gates
from scraper.items import Audience, Block, Fact, Fee
from scraper.scope import audience_in, audience_of
from scraper.statements import ANSWER_MARK, Statement, quote, statements
from scraper.text import has_any, number, small
from scraper.vocabulary import Match, vocabulary

KINDS = ("application", "program", "deposit", "insurance", "other")
LARGEST_FEE = 60_000  # a larger amount is an insurance limit, a degree's tuition or a gift
MAX_CANDIDATES = 200  # a page with more fees is a price list of something else, or means harm
MAX_AMOUNTS = 2000  # of a page are read, fees or not

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,3}|\d{1,7})(?:\.\d{1,2})?"
# For a text in small letters. It looks at the first character before anything else: few can begin an amount.
_MONEY = re.compile(
    rf"(?=[u$\s])(?:(?<![a-z.,\d])(?:us|u\.s\.|usd|us dollars?:?)?\s?\$\s?(?P<dollar>{_NUMBER})(?![\d%]|,\d)"
    rf"|(?<![a-z])usd?\s?(?P<usd>{_NUMBER})(?![\d%]|,\d))"
    rf"|(?=\d)(?<![\d.,$])(?P<words>{_NUMBER})\s?(?:usd|us\s?\$|u\.?s\.? dollars|dollars)(?!\w)"
)
_SCALE = re.compile(r"\s?(?:million|billion|[MB](?![A-Za-z])|k(?![A-Za-z]))", re.IGNORECASE)
_NOT_US = re.compile(r"\s?(?:CAD|CDN|Canadian|AUD|NZD|HKD|euros?|pounds)\b", re.IGNORECASE)
_RANGE = re.compile(r"\s?(?:-|–|—|to|and)\s?(?:US)?\$?\s?\d[\d,.]{2,}")
_BARE = re.compile(rf"^\W{{0,3}}({_NUMBER})\W{{0,3}}$")
_LONGEST_BARE = 32
_MONEY_COLUMN = re.compile(r"\$|\bUSD\b|\b(?:fees?|amount|costs?|price|tuition|charges?|rate)\b", re.IGNORECASE)
_DOLLARS = re.compile(r"\b(?:usd|dollars)\b")
_FREE = re.compile(
    r"n(?<!\wn)(?:o(?:ne|thing|body)?\b|either\b|ot (?:charg|collect|assess|ask)|ever (?:charg|collect)|/a\b)|n['’]t (?:charg|collect|assess|ask)|f(?<!\wf)ree\b|w(?<!\ww)ithout\b"
)
_NONE = re.compile(
    r"\W{0,3}(?:none|nothing|n/?a|no|no cost|no charge|free|not applicable|\$?0(?:\.00)?)\W{0,3}$", re.IGNORECASE
)
_INCLUDES = re.compile(r"\binclud(?:es|ing|e)\b|\bconsist(?:s|ing) of\b", re.IGNORECASE)

_COUNT = r"\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|sixteen"
_PLACE = r"(?:rotation|elective|clerkship|placement|block|course|observership|externship|preceptorship|internship|experience|session|slot|offer|sub-?internship|specialty|visit)s?"
_LENGTH = re.compile(
    rf"(?:(?P<per>\b(?:per|each|every|a|an|the)\s|/\s?)(?:\w+[\s‑-]){{0,2}}?)?"
    rf"(?:(?P<times>two|2|three|3)\s(?:\w+\s)?)?(?P<count>{_COUNT})\)?[\s‑-]{{1,2}}(?:\(\d{{1,2}}\)\s?)?(?P<unit>day|week|wk|month|year)s?\b"
    rf"|(?P<per1>\b(?:per|each|every|a|for the|by the)\s(?:academic\s|calendar\s|additional\s|further\s|extra\s|subsequent\s|other\s)?|/\s?)(?P<unit1>day|week|wk|month|mo|year|yr)\b"
    r"|(?P<adverb>daily|weekly|monthly|annual(?:ly)?|yearly|(?:day|week|month)(?= rate))\b",
    re.IGNORECASE,
)
_LENGTH_WORDS = ("day", "dai", "week", "wk", "mo", "year", "yr", "annual")  # of these one stands wherever it does
_PLACEMENT = re.compile(
    rf"(?:\b(?:per|each|every|for an?|for one|for the first|additional)\s|/\s?)(?:[\w-]+\s){{0,2}}?{_PLACE}\b",
    re.IGNORECASE,
)
_ACCEPTED_FOR = re.compile(
    r"\b(?:accepted|approved|selected|chosen|considered|placed|scheduled|apply|applying|applied|eligible)\s$",
    re.IGNORECASE,
)
# '$2,700 (four weeks)', '$2,000 per rotation (4 weeks)'
_IN_PARENTHESES = re.compile(rf"\s?(?:(?:per|for each|for an?|each)\s(?:\w+\s)?{_PLACE}\s?)?\(", re.IGNORECASE)
_OF_THE_NEXT = re.compile(r"\s?(?:,|;|\||,?\s?and|,?\s?or)\s(?:for\s)?(?:an?\s)?", re.IGNORECASE)
_EACH_PERSON = re.compile(r"\bper (?:application|applicant|person|student|visitor|observer)\b", re.IGNORECASE)
_ONCE = re.compile(
    r"\bone[-‑ ]time\b|\b(?:only|paid|charged|assessed|due|payable) once\b(?! (?:you|your|the|an?|it|we|they|accepted|approved|applicants?|students?|placements?|visitors?|offers?)\b)|\bonce (?:only|per)\b|\bsingle payment\b",
    re.IGNORECASE,
)
# A length that says when something is due, or how long it takes, is no price period.
_WHEN_AFTER = re.compile(
    r"[\s,]*(?:before|prior|in advance|ahead|after|of (?:the |your |receiving |receipt|acceptance|notification)|from (?:the|your)|notice|following|period)",
    re.IGNORECASE,
)
_WHEN_BEFORE = re.compile(
    r"(?:\bwithin|\bleast|\blast|\bpast|\bthan|\bapproximately|\babout)\s(?:an?\s|the\s)?$", re.IGNORECASE
)
_DAYS = {"day": "day", "week": "week", "wk": "week", "month": "month", "mo": "month", "year": "year", "yr": "year"}
_ADVERBS = {
    "daily": "day",
    "day": "day",
    "week": "week",
    "month": "month",
    "weekly": "week",
    "monthly": "month",
    "annual": "year",
    "annually": "year",
    "yearly": "year",
}

_NOT_REFUNDED = re.compile(
    r"(?=[,abcfiknpsw])(?:\bnon[-‑\s–]?(?:refundable|returnable)|(?:not|n['’]t)\s(?:be\s)?(?:refund|reimburs|returned|returnable)\w*|(?:not|n['’]t) (?:give|return|pay|get) (?:it|them|this|any|fees?|(?:the|your|their) (?:fee|payment|money)s?)\b|\b(?:neither|none)\b[^.;$]{0,30}\b(?:is|are|be) (?:refund|return|reimburs)|\bno way to (?:get|have|claim)\b|\b(?:is|are) forfeited (?:should|if|when)\b|\bkept by us\b|\b(?:is|are|be|and|,) (?:kept|retained) (?:even|whether|whatever|regardless|in (?:any|every|all)|by)\b|\bstays? with us\b|(?:\bnot|n['’]t) (?:get|be given|given|give|paid|pay)(?: (?:it|them|this|you|any|the|your|fees?|money|payments?)){0,3} back\b|\bno (?:part|portion|fees?|payments?|money|amount)\b[^.;$]{0,40}\b(?:refund|reimburs|return)|\b(?:payments?|fees|charges) (?:made )?(?:is|are) final\b|\bwe keep (?:it|them|th(?:e|is) (?:fee|payment|amount))|\bno refunds?\b|\bnot refundable|\bnever refund|\bcannot be refund|\bno fees? (?:will|can) be refund)",
    re.IGNORECASE,
)
_REFUNDED = re.compile(
    r"(?=[abfghimprtw\d])(?:\b(?:is|are|be|fully|partially)\s(?:\w+\s){0,2}?(?:refundable|refunded|reimbursed)|(?<![-–])\brefundable\b|\brefunded in (?:full|part|whole)\b|\b(?:gets?|receives?)\s(?:\w+\s){0,4}?(?:refunded|back)\b"
    r"|\b(?:is|are|be)\s(?:\w+\s)?returned\s(?:when|upon|at|after|once|if|on)\b|\b(?:full|partial|half|\d{1,3}%|a)\s(?:refund|reimbursement)\b|\b(?:we|which (?:we|is|the \w+)|that we) (?:will |can )?(?:be )?(?:return|refund|reimburse|give back)s?(?:ed)? (?:it|them|all|half|most|at the|when|once|after|if|upon|(?:the|your) (?:fee|payment|deposit|money)s?)\b|\bmoney back\b|\brefunds? (?:of|will be|is|are|may be)\b|\breimbursements? (?:will|of|may)\b)|(?:^\W{0,3}|, )(?:returned|refunded) (?:at|on|upon|when|after|once|if)\b",
    re.IGNORECASE,
)
_ALL_FEES = re.compile(
    r"\b(?:all|any)\s(?:\w+\s)?(?:fees|payments|charges)\b|\b(?:fees|charges|payments)\s(?:once paid )?(?:are|is|can|cannot|will|may|must)\b|\bpayment is\b",
    re.IGNORECASE,
)


@attrs.frozen
class Money:
    """An amount of US dollars and where it stands; `spread` where it is one end of a range."""

    amount: float
    start: int
    end: int
    scaled: bool = False
    spread: bool = False


def find_money(text: str) -> list[Money]:
    """The amounts of US dollars in `text`, left to right: '$1,500', 'USD 500', '500 USD', '$350.00', '150 dollars'."""
    found: list[Money] = []
    low = small(text)
    if "$" not in low and "us" not in low and "dollars" not in low:
        return found
    for match in _MONEY.finditer(low):
        end = match.end()
        if _NOT_US.match(text, end):
            continue
        scale = _SCALE.match(text, end)
        amount = float((match["dollar"] or match["usd"] or match["words"]).replace(",", ""))
        if scale and scale[0].strip().lower() == "k":
            amount, scale = amount * 1000, None
        spread = bool(_RANGE.match(text, end)) and not re.match(r"\s?and", text[end : end + 5])
        if found and re.fullmatch(r"\s?(?:USD)?\s?(?:-|–|—|to)\s?", text[found[-1].end : match.start()]):
            found[-1] = attrs.evolve(found[-1], spread=True)
            spread = True
        found.append(Money(amount, match.start(), end, bool(scale), spread))
    return found


@attrs.define(eq=False)
class Setting:
    """An amount in its surroundings: the text it stands in, from the amount before it to the one after, and what introduces it."""

    text: str
    money: Money
    left: int  # the end of the amount before, or the start of the text
    right: int  # the start of the amount after, or the end of the text
    first: int  # the start of the text's first amount
    matches: list[Match]
    context: tuple[str, ...] = ()  # row header, column, label, lead, headings: nearest first
    bare: bool = False  # the text is hardly more than the amount
    headings: tuple[str, ...] = ()
    whose: tuple[str, ...] = ()  # a cell's own headers: a table for two audiences names each above or beside its prices

    def before(self) -> str:
        return self.text[max(self.left, self.money.start - 200) : self.money.start]

    def after(self) -> str:
        return self.text[self.money.end : min(self.right, self.money.end + 160)]

    def keys(self, *wanted: str) -> Iterator[tuple[int, Match]]:
        """The matches of `wanted` keys in the amount's window with their distance from it."""
        stop = re.search(r"[;,]|\.\s", self.after())
        end = self.money.end + (stop.start() if stop else len(self.after()))
        start = self.money.start - len(self.before())
        for match in self.matches:
            if match.key in wanted and match.start >= start and match.end <= end:
                yield self.distance(match), match

    def distance(self, match: Match) -> int:
        return match.start - self.money.end if match.start >= self.money.end else max(0, self.money.start - match.end)

    @cached_property
    def attached(self) -> tuple[int, str] | None:
        """The nearest kind of fee that belongs to the amount: right behind it, or before it with no stop in between."""
        best: tuple[int, str] | None = None
        for match in self.matches:
            if match.key not in KINDS:
                continue
            gap = self._gap(match)
            if gap is not None and (best is None or gap < best[0]):
                best = (gap, match.key)
        return best

    def _gap(self, match: Match) -> int | None:
        """How far off a kind stands that belongs to the amount; None where it does not, or belongs to the amount before."""
        if match.start >= self.money.end:
            between = self.text[self.money.end : match.start]
            if (
                match.start > self.right
                or len(between) > 60
                or re.search(r"[;:]|\.\s|,\s(?!non)|\b(?:and|plus|before|after)\b", between)
            ):
                return None
            return len(between) + (20 if re.search(r"\b(?:is|for|per|will|to)\b", between) else 0)
        if match.end <= self.money.start:
            between = self.text[match.end : self.money.start]
            if match.key in ("other", "insurance") and self.is_own_fee:
                return None
            if match.start < self.left or len(between) > 110 or re.search(r"[;]|\.\s[A-Z]", between):
                return None
            return None if self.left and self._of_the_amount_before(match) else len(between)
        return None

    @cached_property
    def is_own_fee(self) -> bool:
        """'Background check, drug screen, and a $1,000 fee' are three things."""
        return bool(_FEE_NEXT.match(self.after()) and _AND_A.search(self.before()))

    def _of_the_amount_before(self, match: Match) -> bool:
        """'$500 application fee and $1,000 for each elective': the application fee is the $500."""
        return len(_CLAUSE_END.split(self.text[self.left : match.start])) == 1 and bool(
            _CLAUSE_END.search(self.text[match.end : self.money.start])
        )

    def kind(self) -> str | None:
        """The kind that the amount's sentence names: beside it, else in its window, else before all the amounts it lists."""
        if self.attached:
            return self.attached[1]
        for match in self.matches:
            if match.key not in KINDS or not self.left <= match.start < self.right:
                continue
            if self.left and self._of_the_amount_before(match):
                continue
            if (
                match.start >= self.money.end
                and self.right < len(self.text)
                and _NEXT_FEE.search(self.text[self.money.end : match.start])
            ):
                continue  # 'USD 500 for each week; a deposit of USD 250'
            if match.key in ("other", "insurance") and (match.start > self.money.end + 25 or self.is_own_fee):
                continue  # '$3,600, including supervision and badge'
            return match.key
        if _APPLICATION_BEHIND.match(self.after()):
            return "application"
        if _LABEL_OF_APPLICATION.search(self.text[self.left : self.money.start]):
            return "application"
        if _INCLUDES.search(self.after()):  # 'a fee of $130 (which includes a $100 processing fee …)'
            for match in self.matches:
                if match.key in KINDS and match.start >= self.right:
                    return match.key
        first = next((match for match in self.matches if match.key in KINDS), None)
        return first.key if first and self.first >= first.end and not self.is_own_fee else None


_NEXT_FEE = re.compile(r";|\.\s|,\s(?:an?|the|and|plus)\s", re.IGNORECASE)
# '+ $125 application (non-refundable)'
_APPLICATION_BEHIND = re.compile(
    r"\s\(?(?:for the\s|to\s)?(?:application|registration)\s?(?:$|[(),;.+])", re.IGNORECASE
)
_AND_A = re.compile(r"(?:&|\band\b|\bplus\b)\s?(?:an?\s|the\s)?$", re.IGNORECASE)
_LABEL_OF_APPLICATION = re.compile(
    # 'Application form and $350', 'application, transcript and $100 fee'
    r"(?<!per )(?<!each )(?<!every )\b(?:application|registration)s?(?: (?:form|packet|materials))?(?:,[^.;$]{0,40})?,?\s(?:and|plus|with)\s?(?:an?|the)?\s?(?:US)?$"
    r"|^\W{0,3}(?:(?:one-time|online|initial) )?(?:application|registration|processing|administration)\s?[:–-]\s?$",
    re.IGNORECASE,
)
# 'Application' as the label of a row of fees
_NAMED_APPLICATION = re.compile(
    r"\W{0,3}(?:(?:one-time|online|initial) )?(?:application|registration|processing|administration)\s?(?:\([^()]{0,40}\))?\W{0,3}",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[;,:]|\b(?:and|plus|or)\b")


def _matches(text: str) -> list[Match]:
    return list(vocabulary("fees").find(text))


# Labels, headers and headings are asked for every amount near them.
@lru_cache(maxsize=512)
def _keys(text: str) -> frozenset[str]:
    return frozenset([match.key for match in _matches(text)])


def _first_kind(texts: Iterable[str]) -> str | None:
    """The kind of fee that the nearest of `texts` names."""
    for text in texts:
        if kind := _kind_in(text):
            return kind
    return None


@lru_cache(maxsize=512)
def _kind_in(text: str) -> str | None:
    """The first kind of fee that `text` names."""
    return next((match.key for match in _matches(text) if match.key in KINDS), None)


def _refusal(place: Setting) -> str | None:
    """The rule by which an amount is no fee, None where it may be one. Labels schema, 'Not: living-cost estimates, …'."""
    money, attached = place.money, place.attached
    near = {key: distance for distance, key in sorted(((d, m.key) for d, m in place.keys(*_REFUSING)), reverse=True)}
    heads: set[str] = set().union(*(_keys(text) for text in place.context[:2])) if place.bare else set()
    if money.scaled or money.amount >= LARGEST_FEE:
        return "insurance_limit"
    if "coverage" in near and (money.amount >= 5000 or near["coverage"] < 40) and not (attached and attached[0] < 3):
        return "insurance_limit"
    if "coverage" in heads and money.amount >= 5000:
        return "insurance_limit"
    if "penalty" in heads or ("penalty" in near and not (attached and _UNPAID.search(place.before()))):
        return "penalty"
    if (
        ("abroad" in near and not place.after().startswith(")") and not _ALSO_SENT.search(place.after()))
        or "abroad" in heads
        or (money.spread and any(m.key == "abroad" for m in place.matches))
    ):
        return "embassy_or_examiner"
    if _OF_STAFF.match(place.text):
        return "of_residents_or_staff"
    if "old" in near and near["old"] < 25:
        return "old_price"
    if ("rest" in near and near["rest"] < 25 and not _refused_refund(place.after()[:60])) or _LESS.search(
        place.text[: money.start][-200:]
    ):
        return "rest_of_an_amount"
    strong = attached is not None and attached[1] in ("application", "program", "deposit")
    if place.bare and _first_kind(place.context[:1]) in ("application", "program", "deposit"):
        strong = True  # a row or line that is labelled as a fee, whatever stands above the table
    if _FEE_NEXT.match(place.after()):
        near.pop("proof", None)  # '… verification of credentials, and a $1,000 fee'
    for key, rule in (("award", "paid_to_the_visitor"), ("proof", "proof_of_funds"), ("living", "living_costs")):
        if key in near and not (strong and attached is not None and attached[0] <= near[key]):
            return rule
        if key in heads and not strong:
            return rule
    last = place.headings[-1:] if not strong else ()
    if any(_keys(text) & {"living", "award", "proof"} for text in last):
        return "living_costs"
    if money.amount == 0 and not _is_zero_fee(place):
        return "zero_amount"
    return None


# '… pay $500 and must also send a TOEFL score': what is sent besides is no price
_ALSO_SENT = re.compile(
    r"^[^.;,$]{0,40}?\b(?:and|but)(?: also)? (?:must|should|shall|need|have to|has to|submit|send|provide|upload|take|show|will|are|may)\b",
    re.IGNORECASE,
)
# 'Our residents receive a meal card worth $50 a week', 'Employees pay $15'
_OF_STAFF = re.compile(
    r"(?:(?:all|our|the|hospital|current|full-time) ){0,2}(?:(?<!visiting )(?:residents|fellows)(?: and (?:residents|fellows))?|house ?staff|employees|staff|nurses|faculty)"
    r" (?:also )?(?:receive|get|earn|pay|are (?:paid|given|charged)|have)\b"
    # 'Parking is $6 a day for visitors of patients'
    r"|[^.;]{0,160}\bfor (?:patients|visitors of patients|patients['’]? (?:and|visitors|families)|the public|families)\b",
    re.IGNORECASE,
)
# 'Failure to pay the $200 registration fee': what is not paid is a fee, whatever comes of it.
_UNPAID = re.compile(
    r"\bfail(?:ure|s|ing)? to (?:\w+\s){0,2}?(?:submit|pay|remit|send|make)\s(?:(?:the|this|your|an?|their)\s)?(?:[\w-]+\s){0,3}$",
    re.IGNORECASE,
)
_FEE_NEXT = re.compile(r"\s?(?:USD\s|US dollars\s)?(?:[\w-]+\s)?fees?\b(?! waivers?)", re.IGNORECASE)
_LESS = re.compile(r"\((?:minus|less) [^()]*$", re.IGNORECASE)  # '(minus your application fee of $25 and …)'
_REFUSING = ("coverage", "penalty", "abroad", "old", "rest", "award", "proof", "living")


def _is_zero_fee(place: Setting) -> bool:
    """'Application fee: $0', or $0 under a column of fees; not '$0 will be refunded'."""
    if re.search(r"refund|deductible|copay", place.text, re.IGNORECASE):
        return False
    introduced = any(_keys(text) & {"application", "program", "money"} for text in place.context)
    return bool(place.attached and place.attached[0] <= 12) or (len(place.text) < 45 and introduced)


@attrs.frozen
class Period:
    """Per what an amount is due; `said` where words beside the amount say it."""

    per: str
    weeks: float | None = None
    said: bool = False


def _length_period(match: re.Match[str]) -> Period | None:
    if match["adverb"]:
        return Period(_ADVERBS[match["adverb"].lower()], said=True)
    if match["unit1"]:
        return Period(_DAYS[match["unit1"].lower()], said=True)
    count, unit = number(match["count"]) or 0, _DAYS[match["unit"].lower()]
    if match["times"]:
        count *= number(match["times"]) or 1
    said = bool(match["per"])
    if (count, unit) in _PERIODS:
        return Period(_PERIODS[count, unit], said=said)
    weeks = {"day": count / 7, "week": count, "month": count * 4, "year": count * 52}[unit]
    return Period("rotation", round(weeks, 1), said) if count else None


_PERIODS: dict[tuple[float, str], str] = {
    (1, "day"): "day",
    (1, "week"): "week",
    (2, "week"): "two_weeks",
    (4, "week"): "four_weeks",
    (1, "month"): "month",
    (1, "year"): "year",
}


def _lengths(text: str) -> Iterator[tuple[int, int, Period]]:
    """The lengths in `text` that can be what an amount is for; those that say when something is due are left out."""
    for match in _LENGTH.finditer(text) if has_any(text.lower(), _LENGTH_WORDS) else ():
        # 'monthly, in advance' and 'for every week of your stay' say how often
        if match["count"] and (
            _WHEN_AFTER.match(text, match.end()) or _WHEN_BEFORE.search(text[: match.start()][-20:])
        ):
            continue
        if period := _length_period(match):
            yield match.start(), match.end(), period


def _period(place: Setting, kind: str) -> Period:
    """Per what: said behind the amount, before it, in the table or the words above, else by the kind of fee."""
    after, before = place.after(), place.before()
    stop = re.search(r"[;]|\.\s", after)
    after = after[: stop.start()] if stop else after
    if _ONCE.search(after) or _ONCE.search(before[-80:]):
        return Period("once", said=True)
    strict = kind in ("application", "deposit", "other", "insurance")
    for start, end, period in _lengths(after):
        gap = after[:start]
        if place.right < len(place.text) and _OF_THE_NEXT.fullmatch(gap) and not after[end:].strip(" :–-"):
            continue  # '$1,000, and for four weeks $1,900'
        named = (
            not re.search(r"[,:(]", gap)
            or re.search(r"\bfor\b", gap)
            or (_IN_PARENTHESES.fullmatch(gap) and after[end : end + 1] == ")")
        )
        if (period.said or named) and (period.said or not strict):
            return period
        break
    placement = next((m for m in _PLACEMENT.finditer(after) if not _ACCEPTED_FOR.search(after[: m.start()])), None)
    if not strict and place.left and _IN_BRACKETS.fullmatch(before):  # 'the weekly charge is $200 ($150 for members)'
        before = place.text[max(0, place.left - 160) : place.money.start]
    if not strict:
        for _, end, period in reversed(list(_lengths(before))):
            if len(before) - end <= 160:
                return period
            break
    if _EACH_PERSON.search(after) and not placement:
        return Period("once")
    if placement or _PLACEMENT.search(before[-80:]):
        return Period("rotation", said=True)
    if strict:
        if kind != "deposit" and place.bare and (each := _each_in(place.context[:2])):
            return each
        said = [
            period
            for _, end, period in _lengths(before)
            # '$2,000/month plus $100 to register': the month is of the amount before
            if period.said and len(before) - end <= 40 and not (place.left and _CLAUSE_END.search(before[end:]))
        ]
        return said[-1] if said and kind != "deposit" else Period("once")
    for text in place.context:
        if len(text) > 120 and not _keys(text) & {"application", "program", "deposit", "money"}:
            continue  # 'Every year we host 200 observers …' is no price
        for _, _, period in _lengths(text[:200]):
            return period
        if _PLACEMENT.search(text[:200]):
            return Period("rotation", said=True)
    return Period(
        "once" if re.search(r"\b(?:acceptance|confirmation|seat)\s", place.text, re.IGNORECASE) else "rotation"
    )


_IN_BRACKETS = re.compile(r"\s?\((?:or )?\s?(?:US)?")
# 'Parking, per month' as the label of a row; 'for a four-week elective' says nothing about an application fee.
_EACH_TIME = re.compile(
    r"(?:\bper\s(?:calendar\s)?|/\s?)(?P<unit>day|week|wk|month|mo|year|yr)\b|\b(?P<adverb>daily|weekly|monthly|annual(?:ly)?|yearly)\b",
    re.IGNORECASE,
)


def _each_in(texts: Iterable[str]) -> Period | None:
    """'Parking, per month' as a row's label, 'per elective' as a column's header: what a small charge recurs with."""
    for text in texts:
        if match := _EACH_TIME.search(text[:200]):
            return Period(
                _DAYS[match["unit"].lower()] if match["unit"] else _ADVERBS[match["adverb"].lower()], said=True
            )
        if re.search(rf"(?:\bper\s|/\s?)(?:\w+\s)?{_PLACE}\b", text[:120], re.IGNORECASE):
            return Period("rotation", said=True)
    return None


_PER_SOMETHING = re.compile(
    rf"\s?(?:USD\s|US dollars\s)?(?:\(\w+\)\s)?(?:(?:per|/|for each|for every|each|a|by the)\s?(?:\w+[\s‑-]){{0,2}}?(?:week|month|{_PLACE})|(?:per|by the)\sday|weekly|monthly)\b",
    re.IGNORECASE,
)
# 'The two-week observership is $1,400'
_PRICE_IS = re.compile(
    rf"\b(?:{_PLACE}|program|programme|(?:additional|extra|further)\s(?:day|week|month))(?:\s\(\w+\))?\s?(?:is|are|runs|[:–-])\s?(?:USD?\s?)?$",
    re.IGNORECASE,
)


# 'IMGs may observe for one month ($500)', 'Electives: $3,500 for four weeks'
_BRACKETED = re.compile(
    rf"\b(?:observe|rotate|shadow|stay|{_PLACE})\b(?: for)? (?:up to |an? |one )?(?:[\w-]+ )?(?:days?|weeks?|months?) \((?:US)?$",
    re.IGNORECASE,
)
_FOR_A_LENGTH = re.compile(rf"\s?(?:USD )?(?:for|/) (?:{_COUNT})[\s‑-](?:weeks?|months?)\b", re.IGNORECASE)
_PLACE_NAMED = re.compile(rf"\b{_PLACE}\b", re.IGNORECASE)
# 'Two-week blocks, $950 each'
_BLOCKS_AT = re.compile(rf"\b{_PLACE},?\s?(?:\(?at)?\s?(?:US)?$", re.IGNORECASE)
# 'Two weeks | $800' and 'Application | $60' under 'Amount'
_AMOUNT_COLUMN = re.compile(
    r"\W*(?:amount|price|rate|usd|us dollars)(?: \(?(?:in )?(?:usd|us\$|\$)\)?)?\W*", re.IGNORECASE
)
_PRICED_ROW = re.compile(
    rf"\W{{0,3}}(?:(?:{_COUNT})[\s‑-](?:weeks?|months?)\b|(?:application|registration|processing)\b)", re.IGNORECASE
)
_SMALL_CHARGE = re.compile(
    r"\W*(?:(?:id |photo |security )?badges?|parking(?: permit)?|background checks?|drug (?:screen|test)s?|orientation|white coats?|scrubs|mask fit(?:ting)?|drug screening)(?: (?:fee|charge|cost))?\W*",
    re.IGNORECASE,
)
_LENGTH_ROW = re.compile(rf"\W{{0,3}}(?:{_COUNT})[\s‑-](?:weeks?|months?)\W{{0,3}}", re.IGNORECASE)
_LENGTH_IS = re.compile(
    rf"\b(?:{_COUNT})[\s‑-](?:weeks?|months?)\s?[:–—=-]\s?(?:US)?$", re.IGNORECASE
)  # '2 weeks – $600'
_EACH_ONE = re.compile(r"\s?(?:each|apiece|per\s\w+)\b", re.IGNORECASE)


def _paid(place: Setting) -> bool:
    """Do words of payment stand with the amount: in its sentence, or, where that is short, in what introduces it?"""
    keys = {match.key for match in place.matches}
    if keys & {"application", "program", "deposit", "money"} or _LABEL_OF_APPLICATION.search(
        place.text[: place.money.start]
    ):
        return True
    if keys & {"other", "insurance"} and place.attached and (place.attached[0] <= 4 or len(place.text) < 60):
        return True
    if _BRACKETED.search(place.before()) and place.after().startswith(")"):
        return True
    if (
        len(place.text) <= 80
        and _FOR_A_LENGTH.match(place.after())
        and any(map(_PLACE_NAMED.search, place.headings[:2]))
    ):
        return True
    if _PER_SOMETHING.match(place.after()) or _PRICE_IS.search(place.before()):
        return True
    if _LENGTH_IS.search(place.before()):
        return True
    if place.whose and (_LENGTH_ROW.fullmatch(place.whose[0]) or _SMALL_CHARGE.fullmatch(place.whose[0])):
        return True
    if place.whose and _AMOUNT_COLUMN.fullmatch(place.whose[1]) and _PRICED_ROW.match(place.whose[0]):
        return True
    if _EACH_ONE.match(place.after()) and _BLOCKS_AT.search(place.before()):
        return True
    if len(place.text) > 200:
        return False
    return any(_keys(text) & {"application", "program", "deposit", "money"} for text in place.context)


@attrs.define(eq=False)
class Candidate:
    """A fee on its way: what was read of it, and what later sentences of the page may still add."""

    fee: Fee
    kind_said: bool
    per_said: bool
    quote: str
    block: Block
    order: int
    rule: str
    confidence: float
    derived: bool = False  # a worked example, or a part of the amount before it
    total: bool = False  # called a total
    noted: bool = False  # a footnote: its fee is named where the mark stands
    spot: int = 0  # which of the page's statements it stands in


# 'Non-refundable less than 30 days before the start': refundable until then (labels schema: conditional refunds = true).
_UP_TO_A_TIME = re.compile(
    rf"\s(?:\w+\s)?(?:after|within|less than|fewer than|later than)\s(?:\w+\s){{0,2}}?(?:{_COUNT}|thirty|sixty|ninety)\s(?:\w+\s)?(?:days?|weeks?|months?)\b|\s(?:\w+\s)?unless\b",
    re.IGNORECASE,
)


# Of these one stands wherever a refund is refused or granted.
_OF_REFUSED_REFUNDS = (
    "refund", "reimburs", "return", "forfeit", "kept", "keep", "retain", "back", "final", "stay", "no way to", "not give", "not pay", "not get",
    "n't give", "n't pay", "n't get", "n’t give", "n’t pay", "n’t get",
)  # fmt: skip
_OF_GRANTED_REFUNDS = ("refund", "reimburs", "return", "back")


def _refused_refund(text: str) -> re.Match[str] | None:
    """The words that say that money is not given back."""
    return _NOT_REFUNDED.search(text) if has_any(text.lower(), _OF_REFUSED_REFUNDS) else None


def _granted_refund(text: str) -> re.Match[str] | None:
    """The words that say that money is given back, if only in part."""
    return _REFUNDED.search(text) if has_any(text.lower(), _OF_GRANTED_REFUNDS) else None


def _refundable(text: str) -> bool | None:
    if refused := _refused_refund(text):
        return bool(_UP_TO_A_TIME.match(text, refused.end()))
    return True if _granted_refund(text) else None


def _read_amount(
    place: Setting, statement_block: Block, sentence: str, order: int, follows: Candidate | None = None
) -> Candidate | None:
    """The fee that an amount is, None where it is none. `follows`: a fee in the sentence before or earlier in this one."""
    refusal = _refusal(place) or ("cap" if (place.left or follows) and _CAPPED.search(place.before()[-40:]) else None)
    if refusal:
        passed_over("fees", statement_block, sentence, refusal)
        return None
    noted = not place.left and bool(_STARS.match(place.text))
    paid = _paid(place) or noted
    if not paid and not (
        follows and (place.attached or _LENGTH.search(place.after()) or re.search(_PLACE, place.after(), re.IGNORECASE))
    ):
        passed_over("fees", statement_block, sentence, "no_words_of_payment")
        return None
    money = place.money
    kind = place.kind()
    if kind is None and not paid and follows:
        kind = follows.fee.kind
    if kind is None and follows and place.left and re.search(r"\bor (?:a |an )?$", place.before()):
        kind = follows.fee.kind  # 'a $200 deposit for one week or $400 for two'
    if kind is None and not paid and follows:
        kind = follows.fee.kind  # '$450 covers one rotation; $800 is asked for two'
    if kind is None and _WITH_APPLICATION.search(place.text):
        kind = "application"
    if kind is None and place.bare and place.context and _NAMED_APPLICATION.fullmatch(place.context[0]):
        kind = "application"
    if (kind is None and place.bare) or (kind is None and len(place.text) < 160):
        kind = _first_kind(text for text in place.context if "$" not in text)
    if (
        kind is None
        and money.amount <= LARGEST_TO_APPLY
        and place.headings
        and _HOW_TO_APPLY.search(place.headings[-1])
        and _FEE_NEXT.match(place.after())
    ):
        kind = "application"
    if "third_party" in {match.key for match in place.matches} and kind in (None, "application", "program"):
        kind = "other"
    if kind in ("other", "insurance") and money.spread:
        passed_over("fees", statement_block, sentence, "range_of_prices_elsewhere")
        return None  # a range is what housing or cover may cost elsewhere, not a charge
    if kind == "insurance" and money.amount >= 5000:
        passed_over("fees", statement_block, sentence, "insurance_limit")
        return None
    if kind == "other" and not (_charged(place) or follows):
        passed_over("fees", statement_block, sentence, "not_charged_here")
        return None
    period = _period(place, kind or "program") if money.amount else Period("once")
    summary = {m.key for _, m in place.keys("part", "total") if m.key == "total" or m.end <= money.start}.union(
        *(_keys(text) for text in place.context[:1] if place.bare)
    )
    derived = "part" in summary or (place.left > 0 and bool(_INCLUDES.search(place.text[: money.start][-400:])))
    around = _audience_around(place)
    named = next((said for said in map(audience_in, place.whose) if said), None)
    audience: Audience = around or named or audience_of(statement_block, sentence)
    return Candidate(
        fee=Fee(money.amount, kind or "program", period.per, _own_refund(place), audience, period.weeks),
        kind_said=kind is not None,
        per_said=period.said or period.per not in ("once", "rotation"),
        quote=quote(sentence, money.start, money.end) if place.text == sentence else place.text,
        block=statement_block,
        order=order,
        rule="fee_in_table"
        if statement_block.kind == "row"
        else "fee_in_sentence"
        if kind and place.attached
        else "fee_under_heading",
        confidence=0.6 if money.spread else 0.95 if place.attached else 0.8,
        derived=derived,
        total="total" in summary,
        noted=noted and kind is None,
    )


# Under 'How to apply', 'Pay the $75 fee' is a step of applying.
LARGEST_TO_APPLY = 300
_HOW_TO_APPLY = re.compile(
    r"\bhow to apply\b|\bapplication (?:instructions|process|procedures?|steps|checklist)\b", re.IGNORECASE
)
# '$45 per elective, not to exceed $135': the most that the fees come to is none of them.
_CAPPED = re.compile(
    r"(?:\bmax(?:imum)?\b[.:]?(?: (?:total|fee|charge|amount|cost))?(?: (?:of|is))?|\bnot (?:to )?exceed(?:ing)?|\b(?:capped|limited) (?:at|to)|\bup to a (?:total|cap) of|\bno more than)(?: a(?: total)?(?: of)?)?\s?(?:US)?$",
    re.IGNORECASE,
)


_WHILE = re.compile(r"\b(?:while|whilst|whereas)\b", re.IGNORECASE)


def _audience_around(place: Setting) -> Audience | None:
    """Whose amount it is by its own clause: '$300 for domestic applicants and $650 for international applicants'."""
    left = place.left
    if (
        "whil" in place.text or "where" in place.text
    ):  # 'U.S. students owe nothing, while students of other schools owe $900'
        left = max((match.end() for match in _WHILE.finditer(place.text, left, place.money.start)), default=left)
    named = audience_in(place.text[left : place.right])
    if left > place.left and not named:
        return "any"
    if named != "any" or (not place.left and place.right == len(place.text)):
        return named
    behind = _CLAUSE_END.split(place.text[place.money.end : place.right])[0]
    return audience_in(behind) or audience_in(place.text[place.left : place.money.start]) or named


# 'A check for $75 must come with the application.'
_WITH_APPLICATION = re.compile(
    r"\benclose (?:a|your|an) (?:[\w’'-]+\s)?(?:check|cheque|money order|draft)\b|\b(?:with|accompan(?:y|ies|ying|ied by))\s(?:the|your|each|every|an|this|completed)\s(?:[\w-]+\s){0,2}?(?:applications?|forms?|requests?|packet)\b",
    re.IGNORECASE,
)


def _charged(place: Setting) -> bool:
    """Is a badge, a room or a check really charged for here, not merely priced elsewhere?"""
    keys = {match.key for match in place.matches}
    return (
        bool(keys & {"money", "third_party"})
        or len(place.text) < 80
        or any(
            "money" in _keys(text) or re.search(r"\bfees?\b", text, re.IGNORECASE)
            for text in (place.text, *place.context)
        )
    )


def _own_refund(place: Setting) -> bool | None:
    """What the amount's own clause says of refunds."""
    stop = re.search(r"[;]|\.\s", place.after())
    end = place.money.end + (stop.start() if stop else len(place.after()))
    start = place.money.start - len(place.before())
    if place.left:  # what stands before the last 'and' or comma was said of the amount before
        start = max((start + match.end() for match in _CLAUSE_END.finditer(place.before())), default=start)
    text = place.text[start:end]
    if place.bare and place.context and len(place.context[0]) < 120 and "$" not in place.context[0]:
        if _refused_refund(place.context[0]):
            return False
        if _REFUNDABLE.search(place.context[0]):
            return True
    if refused := _refused_refund(text):
        return bool(_UP_TO_A_TIME.match(text, refused.end()))
    return True if _REFUNDABLE.search(text) else None


_REFUNDABLE = re.compile(r"(?<![-–])\brefundable\b", re.IGNORECASE)
_TAKEN_AWAY = re.compile(r"\s?(?:[-–−]|minus|less)\s?")
_MAKES = re.compile(r"\s?(?:USD)?\s?=\s?")


def _without_reckoning(text: str, amounts: list[Money]) -> list[Money]:
    """'$1500 - $125 = $1375 due' is one price: what is taken away and what then is left are no fees of their own."""
    if "=" not in text or len(amounts) < 3:
        return amounts
    dropped: set[int] = set()
    for index in range(len(amounts) - 2):
        first, second, third = amounts[index : index + 3]
        if _TAKEN_AWAY.fullmatch(text[first.end : second.start]) and _MAKES.fullmatch(text[second.end : third.start]):
            dropped |= {index + 1, index + 2}
    return [
        attrs.evolve(money, spread=False) if dropped else money for i, money in enumerate(amounts) if i not in dropped
    ]


def _sentence_settings(statement: Statement) -> Iterator[Setting]:
    amounts = _without_reckoning(statement.text, find_money(statement.text))
    if not amounts:
        return
    matches = _matches(statement.text)
    for index, money in enumerate(amounts):
        yield Setting(
            text=statement.text,
            money=money,
            left=amounts[index - 1].end if index else 0,
            right=amounts[index + 1].start if index + 1 < len(amounts) else len(statement.text),
            first=amounts[0].start,
            matches=matches,
            context=statement.context,
            bare=len(statement.text) < 80,
            headings=statement.block.headings,
        )


@lru_cache(maxsize=256)  # a column's header is asked for every row
def _is_of_money(column: str) -> bool:
    """Does `column`, a header, say that its figures are dollars?"""
    return bool(_MONEY_COLUMN.search(column))


def _row_settings(block: Block) -> Iterator[Setting]:
    """The amounts of a table row, each in its cell, introduced by its row's and its column's header."""
    for index, cell in enumerate(block.cells):
        amounts = find_money(cell.text)
        in_dollars = index and not amounts and len(cell.text) <= _LONGEST_BARE and _is_of_money(cell.column)
        if in_dollars and (bare := _BARE.match(cell.text)):
            amounts = [Money(float(bare[1].replace(",", "")), bare.start(1), bare.end(1))]
        if not amounts:
            continue
        matches = _matches(cell.text)
        row = cell.row if index else ""
        first = block.cells[0].column if index else ""
        above = tuple(text for text in (row, cell.column, first, block.lead, *reversed(block.headings[-2:])) if text)
        for number_, money in enumerate(amounts):
            yield Setting(
                text=cell.text,
                money=money,
                left=amounts[number_ - 1].end if number_ else 0,
                right=amounts[number_ + 1].start if number_ + 1 < len(amounts) else len(cell.text),
                first=amounts[0].start,
                matches=matches,
                context=above,
                bare=True,
                headings=block.headings,
                whose=(cell.row, cell.column) if index else (),
            )


_OWN_SUBJECT = re.compile(
    r"application|\bapplying\b|\bto apply\b|processing|registration|administrative|enrol|tuition|program|elective|rotation|observership|apply for|register for",
    re.IGNORECASE,
)
_APPLYING = re.compile(
    r"application|apply for|^applying|^to apply|register for|processing|registration|administrative|enrol",
    re.IGNORECASE,
)
_PLAIN_FREE = re.compile(
    r"(?:and )?(?:there(?: is| are|['’]s) )?(?:currently )?no (?:fees?|charges?|costs?)(?: (?:is|are) (?:charged|required|assessed))?\b"
    r"|(?:program |programme |observership |elective )?(?:fees?|costs?|tuition|charges?)\s?[:–-]\s?(?:none|no\b|nothing|n/?a|free|\$0\b)",
    re.IGNORECASE,
)
# 'Students: free', beside what others pay
_FOR_WHOM_FREE = re.compile(
    r"\W{0,3}([\w\s/&’'.-]{3,60}?)\s?[:–—-]\s?(?:free(?: of charge)?|no (?:fees?|charges?|costs?)|none|waived)\W{0,3}",
    re.IGNORECASE,
)
_WAIVED = re.compile(
    r"\b(?:tuition|fees?) (?:is|are|will be)(?: currently)? waived\b|(?<!not )(?<!may )(?<!can )(?<!cannot )(?<!to )\bwaives? (?:the|all|its|our|any) (?:\w+ ){0,2}?(?:fees?|tuition|charges?)\b",
    re.IGNORECASE,
)
_FOR_SOME = re.compile(
    r"affiliat|partner|member|hardship|military|veteran|employee|alumni|\bown\b|\b(?:if|when|upon|unless)\b|\bwaived for (?!all\b|every|any\b|visiting|observers|(?:medical )?students\b|applicants|participants|the (?:\d{4}|current|upcoming|year))",
    re.IGNORECASE,
)
_FOR_SOME_BEFORE = re.compile(
    r"\b(?:exceptions?|except|military|armed forces|veterans?|affiliated|partner|employees?|alumni)\b[^$]{0,40}$",
    re.IGNORECASE,
)
_OFF_TOPIC = {"topic", "abroad", "other", "insurance", "living", "award", "penalty", "coverage"}


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The piece of `text` around `text[start:end]` that commas, semicolons and 'but' set apart."""
    left = max((match.end() for match in _CLAUSE.finditer(text, 0, start)), default=0)
    stop = _CLAUSE.search(text, end)
    return left, stop.start() if stop else len(text)


_CLAUSE = re.compile(r"[,;]|\bbut\b|\band (?=no\b)", re.IGNORECASE)


def _free(statement: Statement, before: str, order: int) -> Candidate | None:
    """'No fee', 'free of charge', 'does not charge visitors': an amount of 0, where it is said of the program or application."""
    text = statement.text
    near_by = 3 if statement.block.kind == "definition" else 2  # its term stands there twice
    none = _NONE.fullmatch(text)
    named = None if none else _FOR_WHOM_FREE.fullmatch(text)
    plain = None if none else _PLAIN_FREE.match(text) or (_WAIVED.search(text) if "waive" in text.lower() else None)
    matches = [] if none else _matches(text)
    hit = next((match for match in matches if match.key == "free"), None)
    if not (none or named or plain or hit or (text[0] in "NnAWT" and _ANSWERS_NO.match(text))):
        return None
    asked = any(_keys(t) & {"application", "program", "money"} for t in statement.context[:near_by])
    if (
        not none
        and hit is None
        and plain is None
        and _ANSWERS_NO.match(text)
        and _asks_for_money(statement.label or before)
    ):
        kind = "application" if _first_kind((statement.label or before,)) == "application" else "program"
        return (
            None
            if find_money(text) or _FOR_SOME.search(text)
            else _free_candidate(statement, kind, order, "fee_answered_no")
        )
    if none:
        kind = "application" if _first_kind(statement.context[:near_by]) == "application" else "program"
        return _free_candidate(statement, kind, order, "fee_none") if asked else None
    if asked and named and "subject" in _keys(named[1]) and not _keys(named[1]) & _OFF_TOPIC:
        return None if _FOR_SOME.search(named[1]) else _free_candidate(statement, "program", order, "fee_none")
    if hit is None and plain is None:
        return None
    start, end = (hit.start, hit.end) if hit else (plain.start(), plain.end()) if plain else (0, 0)
    left, right = _clause(text, start, end)
    near = {match.key for match in matches if match.start >= left and match.end <= right}
    words = text[start:end]
    own = _OWN_SUBJECT.search(words)
    if (near & _OFF_TOPIC and not own) or re.search(r"refund|cancel|withdraw", text[left:right], re.IGNORECASE):
        return None
    if not own and not near & {"subject", "application", "program"} and not asked:
        start_of_sentence = (plain is not None and plain.start() == 0) or _PLAIN_FREE.match(text[left:].lstrip())
        if not start_of_sentence or right - left > 80 or _keys(before) & _OFF_TOPIC:
            return None
    following = text[end : end + 40]
    if "waive" in words.lower() and (find_money(text[:start]) or _FOR_SOME.search(text)):
        return None
    if _FOR_SOME_BEFORE.search(text[:start]):
        return None  # 'Exception: military residents, no fee'

    if find_money(following[:20]) or re.match(
        r"\s*(?:waivers?|refunds?|until|unless|more than)", following, re.IGNORECASE
    ):
        return None
    # 'We do not charge visiting students an application fee'
    behind = any(match.key == "application" and 0 <= match.start - end <= 40 for match in matches if match.end <= right)
    kind = "application" if behind or _APPLYING.search(words) else "program"
    return _free_candidate(statement, kind, order, "free_of_charge")


# 'Is there a fee? – No, there is not.'
_ANSWERS_NO = re.compile(
    rf"\W{{0,3}}{ANSWER_MARK}(?:no|not at all|not at this time|none|nothing|there (?:is|are)(?: no| not|n['’]t))\b",
    re.IGNORECASE,
)
_THERE_IS_NONE = ("there isn", "there aren")
_ASKS_FOR_MONEY = re.compile(
    r"\b(?:(?:is|are) there\b[^?]{0,40}\b(?:fees?|costs?|charges?|tuition)|(?:is|are) (?:an?|any|the) (?:\w+ ){0,2}(?:fees?|tuition) (?:charged|required|due)|(?:do|does|will|must|should) (?:I|we|visitors|students|observers|applicants|visiting \w+|international \w+)\b[^?]{0,40}\bpay|(?:do|does|will|is|are) (?:I|you|we|it|visitors|students|observers|applicants|the \w+|an? \w+|visiting \w+|an?)\b[^?]{0,40}\b(?:charge[ds]?|cost)|how much|what (?:does|is|are)\b[^?]{0,40}\b(?:cost|fees?|tuition))\b[^?]{0,60}\?$",
    re.IGNORECASE,
)


def _asks_for_money(question: str) -> bool:
    """Does a question ask what it costs to come, not what parking or a room costs?"""
    return bool(_ASKS_FOR_MONEY.search(question[-200:])) and not _keys(question) & _OFF_TOPIC


def _free_candidate(statement: Statement, kind: str, order: int, rule: str) -> Candidate:
    return Candidate(
        fee=Fee(0.0, kind, "once", None, audience_of(statement.block, statement.text)),
        kind_said=True,
        per_said=False,
        quote=quote(statement.text),
        block=statement.block,
        order=order,
        rule=rule,
        confidence=0.8,
    )


def _candidates(blocks: list[Block], spoken: list[Statement]) -> Iterator[Candidate]:
    numbers = {id(block): order for order, block in enumerate(blocks)}
    before, last_block = "", blocks[0] if blocks else None
    last: Candidate | None = None
    amounts = 0  # that were read
    for spot, statement in enumerate(spoken):
        lower = statement.text.lower()
        order = numbers[id(statement.block)]
        if amounts < MAX_AMOUNTS and (
            "$" in lower or (("usd" in lower or "dollars" in lower) and _DOLLARS.search(lower))
        ):
            for place in _sentence_settings(statement):
                amounts += 1
                follows = last if last and last.block is statement.block and spot - last.spot <= 1 else None
                if candidate := _read_amount(place, statement.block, statement.text, order, follows):
                    candidate.spot = spot
                    last = candidate
                    yield candidate
        if (_FREE.search(lower) or "waive" in lower or lower.startswith(_THERE_IS_NONE)) and (
            free := _free(statement, before if statement.block is last_block else "", order)
        ):
            yield free
        before, last_block = statement.text, statement.block
    for order, block in enumerate(blocks):
        if block.kind != "row" or amounts >= MAX_AMOUNTS:
            continue
        for place in _row_settings(block):
            amounts += 1
            if candidate := _read_amount(place, block, block.text, order):
                if candidate.fee.refundable is None and (told := _refund_in_row(block)) is not None:
                    candidate.fee = attrs.evolve(candidate.fee, refundable=told)
                yield candidate
        yield from _free_cells(block, order)


def _refund_in_row(block: Block) -> bool | None:
    """What a row's other cells say of refunds, where one price stands in it: 'Non-refundable' under 'Notes'."""
    notes = [cell.text for cell in block.cells[1:] if len(cell.text) <= 120 and has_any(cell.text.lower(), _OF_REFUNDS)]
    if not notes or sum(len(find_money(cell.text)) for cell in block.cells) != 1:
        return None
    return next((told for note in notes if (told := _refundable(note)) is not None), None)


def _free_cells(block: Block, order: int) -> Iterator[Candidate]:
    """'No charge' or 'none' in a column of fees."""
    for cell in block.cells[1:]:
        if not _FREE_CELL.fullmatch(cell.text):
            continue
        kind = _kind_in(cell.column) or (
            "program"
            if "money" in _keys(cell.column)
            else _kind_in(cell.row) or ("program" if _FEE_LABEL.fullmatch(cell.row) else None)
        )
        if kind in ("application", "program"):
            audience = audience_in(cell.row) or audience_in(cell.column) or audience_of(block, block.text)
            fee = Fee(0.0, kind or "program", "once", None, audience)
            yield Candidate(fee, True, False, quote(block.text), block, order, "fee_none_in_table", 0.8)


_FEE_LABEL = re.compile(
    r"\W*(?:the )?(?:fees?|costs?|charges?|price|tuition)(?: (?:to|for) (?:you|the )?\w+)?\W*", re.IGNORECASE
)
_FREE_CELL = re.compile(r"(?:none|free|no (?:fee|charge|cost|tuition)s?|waived|not charged)\W?", re.IGNORECASE)
_NAMED_LATER = re.compile(
    r"\b(?:the|this|your) (?:application|processing|registration|administrative|administration) fee\b", re.IGNORECASE
)


_STARS = re.compile(r"(\*{1,3}|[†‡])\s?(?=\w)(?![^*†‡]{0,400}[*†‡])")
_MARKED = {mark: re.compile(rf"(?<=\S)(?<!\*){re.escape(mark)}(?!\*)") for mark in ("*", "**", "***", "†", "‡")}


def _footnoted(candidate: Candidate, before: list[Candidate], spoken: list[Statement]) -> Candidate | None:
    """The fee that a footnote is on: 'Application fee: $100*', and below '*International students pay $500.'"""
    stars = _STARS.match(spoken[candidate.spot].text) if candidate.block.kind != "row" else None
    if stars is None:
        return None
    mark = _MARKED[stars[1]]
    return next((one for one in before if one is not candidate and mark.search(one.quote)), None)


def _generic_kinds(candidates: list[Candidate], blocks: list[Block], spoken: list[Statement]) -> None:
    """A bare 'fee' or 'payment' is what the next sentences call it ('The processing fee is non-refundable'), where no other
    amount has that name; an amount for 'each additional' one is of the kind of the amount before it."""
    for index, candidate in enumerate(candidates):
        if candidate.kind_said or candidate.fee.amount == 0:
            continue
        previous = candidates[index - 1] if index else None
        near = (
            previous and previous.block.headings == candidate.block.headings and candidate.order - previous.order <= 1
        )
        if previous and near and "additional" in candidate.quote.lower():
            candidate.fee = attrs.evolve(candidate.fee, kind=previous.fee.kind)
            continue
        if noted := _footnoted(candidate, candidates, spoken):
            candidate.noted = False
            candidate.fee = attrs.evolve(
                candidate.fee, kind=noted.fee.kind, per=candidate.fee.per if candidate.per_said else noted.fee.per
            )
            continue
        if any(other.fee.kind == "application" for other in candidates):
            continue
        for block in blocks[candidate.order : candidate.order + 6]:
            if block.headings[:1] != candidate.block.headings[:1] or len(block.text) > 2000:
                break
            if _NAMED_LATER.search(block.text):
                per = candidate.fee.per if candidate.per_said else "once"
                candidate.fee = attrs.evolve(candidate.fee, kind="application", per=per)
                break


# 'The fee is to be paid per specialty requested', in the sentence behind that of the fee
_EACH_AGAIN = re.compile(
    rf"\W{{0,3}}(?:please note:? )?(?:this|the|a separate|one) (?:[\w-]+ ){{0,2}}(?:fee|payment|charge)\b[^.;$]{{0,60}}?\b(?:per|for each|for every|with each|for all)\s(?:[\w-]+\s){{0,2}}?{_PLACE}\b",
    re.IGNORECASE,
)


def _add_periods(candidates: list[Candidate], spoken: list[Statement]) -> None:
    """What the sentence behind a fee says it is paid for each time."""
    for candidate in candidates:
        fee = candidate.fee
        if candidate.per_said or fee.per != "once" or not fee.amount or candidate.block.kind == "row":
            continue
        for statement in spoken[candidate.spot + 1 : candidate.spot + 3]:
            if statement.block is candidate.block and _EACH_AGAIN.match(statement.text):
                candidate.fee, candidate.per_said = attrs.evolve(fee, per="rotation"), True
                break


_OF_REFUNDS = ("refund", "reimburs", "return", " back", "keep", "kept", "retained", "forfeit", " final", "stays with")
_ON_REFUNDS = Gates([_OF_REFUNDS])
_THIS = re.compile(r"this (?:deposit|payment|fee|amount|charge)\b", re.IGNORECASE)
_CARRIED_ON = re.compile(
    r"\bnon[-‑\s–]?refundable (?:[\w/-]+\s){0,5}?(?:fees?|deposit|tuition|payment) of (?:US)?D?\s?\$", re.IGNORECASE
)


def _add_refunds(candidates: list[Candidate], blocks: list[Block], spoken: list[Statement]) -> None:
    """Refundability said elsewhere: by amount, by kind of fee, or of all fees in the same section. Conditional refunds are
    refunds, and a refund of a program fee under some condition goes before 'non-refundable' under another (labels schema)."""
    if not any(candidate.fee.amount for candidate in candidates):
        return
    told: list[_Refund] = []
    numbers = {id(block): order for order, block in enumerate(blocks)}
    block, may_tell = None, False
    for spot, statement in enumerate(spoken):
        if statement.block is not block:
            block = statement.block
            may_tell = _ON_REFUNDS.open(block.lower) > 0
        if not may_tell or not has_any(lower := statement.text.lower(), _OF_REFUNDS):
            continue
        answer = _refundable(statement.text)
        if answer is None:
            continue
        places = list(_sentence_settings(statement))
        bound = {place.attached[1] for place in places if place.attached and place.attached[0] < 40}
        kinds = _refunded_kinds(statement.text) - bound
        if _THIS.match(statement.text) and not any(candidate.fee.kind in kinds for candidate in candidates):
            kinds = set()  # 'This deposit is non-refundable', of what was called a fee before
        amounts = {place.money.amount for place in places if _own_refund(place) is not None}
        if not amounts and not kinds and len(places) == 1 and _refusal(places[0]) is None:
            amounts = {places[0].money.amount}  # 'You pay $500, which we return at the end'
        every = bool(_ALL_FEES.search(statement.text))
        plural = bool(re.match(r"(?:both|these|they|all|neither|none|fees|payments)\b", lower))
        told.append(_Refund(answer, kinds, amounts, every, plural, numbers[id(statement.block)], spot, statement.block))
        if len(told) >= MAX_CANDIDATES:
            break
    for candidate, following in itertools.pairwise(candidates):
        same = candidate.spot == following.spot and candidate.block is following.block and candidate.block.kind != "row"
        if (
            same
            and candidate.fee.kind == following.fee.kind
            and candidate.fee.refundable is None
            and following.fee.refundable is False
        ):
            candidate.fee = attrs.evolve(
                candidate.fee, refundable=False
            )  # '$500 for two weeks and $900 for four, nonrefundable'
        elif (
            same
            and candidate.fee.kind == following.fee.kind
            and candidate.fee.refundable is False
            and following.fee.refundable is None
            and _CARRIED_ON.search(following.block.text)
        ):
            following.fee = attrs.evolve(
                following.fee, refundable=False
            )  # 'a non-refundable fee of $600 is asked for one rotation and $1000 for two'
    for candidate in candidates:
        if candidate.fee.refundable is None and candidate.fee.amount:
            answers = {refund.answer for refund in told if _is_told_of(refund, candidate, candidates)}
            if answers:
                candidate.fee = attrs.evolve(candidate.fee, refundable=True in answers)


@attrs.frozen
class _Refund:
    """A sentence on refunds: its answer, and which fees it speaks of."""

    answer: bool
    kinds: set[str]
    amounts: set[float]
    every: bool
    plural: bool
    order: int
    spot: int
    block: Block


_SAID_OF = re.compile(r"\b(?:is|are|be|both|all)\s(?:\w+\s)?$", re.IGNORECASE)


def _refunded_kinds(text: str) -> set[str]:
    """The kinds of fee that stand before the word of refund ('tuition is refunded when you return the badge'), else after it."""
    word = _refused_refund(text) or _granted_refund(text)
    kinds = [match for match in _matches(text) if match.key in KINDS]
    before = {match.key for match in kinds if word and match.end <= word.start()}
    if before and word and word[0].lower().endswith("ble") and not _SAID_OF.search(text[: word.start()][-12:]):
        # 'Program fees A non-refundable registration fee of $250'
        before = {match.key for match in kinds if 0 < match.start - word.end() <= 3} or before
    return before or {match.key for match in kinds}


def _is_told_of(refund: _Refund, candidate: Candidate, candidates: list[Candidate]) -> bool:
    """Does the sentence speak of this fee: by its amount, its kind, as one of all fees, or as the one named just before?"""
    if candidate.fee.amount in refund.amounts:
        # Two fees of the same amount: the sentence speaks of the one that stands in it.
        own = [
            c
            for c in candidates
            if c.fee.amount == candidate.fee.amount and c.spot == refund.spot and c.block.kind != "row"
        ]
        return not own or candidate in own
    if candidate.fee.kind in refund.kinds:
        return True
    if refund.kinds or refund.amounts:
        return False
    if refund.every and refund.block.headings[:1] == candidate.block.headings[:1]:
        return True
    if refund.block.headings != candidate.block.headings or refund.order - candidate.order not in (0, 1):
        return False
    if refund.plural:
        return True
    earlier = [other.spot for other in candidates if other.order == candidate.order and other.spot <= refund.spot]
    return bool(earlier) and candidate.spot == max(earlier)


def _distinct(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate a fee: a second mention of an amount under the same or no kind is the same fee, told again."""
    kept: list[Candidate] = []
    sums = any(not candidate.derived and candidate.fee.amount for candidate in candidates)
    for candidate in sorted(candidates, key=lambda c: c.order):
        if (candidate.derived and sums) or (candidate.total and _is_sum(candidate, candidates)):
            continue
        same = next(
            (
                i
                for i, other in enumerate(kept)
                if other.fee.amount == candidate.fee.amount
                and {other.fee.audience, candidate.fee.audience} != {"us", "international"}
                and (other.fee.kind == candidate.fee.kind or not (other.kind_said and candidate.kind_said))
                and not _one_recurs(other, candidate)
            ),
            None,
        )
        if same is None:
            kept.append(candidate)
        else:
            kept[same] = _merged(kept[same], candidate)
    return kept


def _one_recurs(first: Candidate, second: Candidate) -> bool:
    """'$200 for each additional week' is another fee than '$200 application fee'."""
    application = [c for c in (first, second) if c.fee.kind == "application" and c.fee.per == "once"]
    recurring = [
        c for c in (first, second) if c.per_said and c.fee.per in ("day", "week", "two_weeks", "four_weeks", "month")
    ]
    return len(application) == 1 and len(recurring) == 1 and application[0] is not recurring[0]


def _is_sum(candidate: Candidate, candidates: list[Candidate]) -> bool:
    """Is the amount the sum of up to four others? Then it is listed already, in parts (labels schema: worked totals)."""
    others = [c.fee.amount for c in candidates if c.fee.amount and not c.total][:10]
    return any(
        abs(sum(group) - candidate.fee.amount) < 0.01
        for size in (2, 3, 4)
        for group in itertools.combinations(others, size)
    )


def _merged(first: Candidate, second: Candidate) -> Candidate:
    """The better of two readings of one fee, with what only the other says."""
    better, other = (
        (second, first) if (second.kind_said, second.per_said) > (first.kind_said, first.per_said) else (first, second)
    )
    fee = better.fee
    if not better.per_said and other.per_said and other.fee.kind == fee.kind:
        fee = attrs.evolve(fee, per=other.fee.per, weeks=other.fee.weeks)
    if fee.refundable is None:
        fee = attrs.evolve(fee, refundable=other.fee.refundable)
    better.fee, better.order = fee, first.order
    return better


def find_fees(blocks: list[Block]) -> list[Fact]:
    """The fees that `blocks` state, one fact a fee."""
    spoken = list(statements(blocks))
    candidates = list(itertools.islice(_candidates(blocks, spoken), MAX_CANDIDATES))
    _generic_kinds(candidates, blocks, spoken)
    candidates = [one for one in candidates if not one.noted]
    _add_periods(candidates, spoken)
    _add_refunds(candidates, blocks, spoken)
    return [
        Fact("fees", c.fee, c.quote, c.block.headings, c.confidence, c.rule, c.fee.audience)
        for c in _distinct(candidates)
    ]


class FeesStage(Stage):
    find = staticmethod(find_fees)
