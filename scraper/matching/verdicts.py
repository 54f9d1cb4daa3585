"""Findings → a verdict; verdicts → three groups in order."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable
from typing import Any, Literal

import attrs

from scraper.matching import checks
from scraper.matching.checks import Finding
from scraper.matching.costs import Cost
from scraper.matching.dates import Outcome, Timing, timing
from scraper.matching.facts import ProgramFacts
from scraper.matching.index import COST_NEEDS, TIME_NEEDS, Index, positions_of, stay
from scraper.matching.person import Person, Sort
from scraper.wording import count

Group = Literal["fits", "may_fit", "does_not_fit"]
GROUPS: dict[Group, str] = {"fits": "You fit", "may_fit": "You may fit", "does_not_fit": "You do not fit"}
MEANINGS: dict[Group, str] = {
    "fits": "What could shut you out is stated, and you meet it.",
    "may_fit": "Nothing that is stated shuts you out, but something is not stated or has to be asked.",
    "does_not_fit": "Something that is stated shuts you out.",
}
_REASON: dict[Group, Outcome | None] = {"fits": None, "may_fit": "open", "does_not_fit": "no"}
_ENDLESS = float("inf")


@attrs.frozen(eq=False)
class Verdict:
    """Whether a program fits a person, and why."""

    facts: ProgramFacts
    group: Group
    findings: tuple[Finding, ...]
    cost: Cost
    timing: Timing

    def having(self, outcome: Outcome | None) -> list[Finding]:
        return [finding for finding in self.findings if finding.outcome == outcome]

    @property
    def reasons(self) -> list[Finding]:
        """What put the program into its group: what shuts out, or what is open; nothing where it fits."""
        return self.having(_REASON[self.group])


@attrs.frozen(eq=False)
class Matches:
    """The answer for a person. `shown` are the first of each group in order, `counts` all of them; `left_out` are programs
    in other states or of other types than wished for."""

    person: Person
    today: dt.date
    counts: dict[Group, int]
    shown: dict[Group, list[Verdict]]
    left_out: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def judge(person: Person, facts: ProgramFacts, today: dt.date) -> Verdict | None:
    """The verdict on one program; None where it is not of a wished type or not in a wished state."""
    asked = [check for check in (*checks.WISHES, *checks.CHECKS) if check.concerns(person)]
    price = stay(facts, person.audience, person.weeks)
    when = timing(facts.deadlines, person.audience, today, person.start_day)
    answers = [check.ask(person, facts) for check in asked]
    answers += [checks.start(person, when), checks.budget(person, price)]
    findings = tuple(finding for finding in answers if finding)
    if any(finding.outcome == "no" and finding.criterion in checks.WISHED for finding in findings):
        return None
    outcomes = [finding.outcome for finding in findings]
    group: Group = "does_not_fit" if "no" in outcomes else "may_fit" if "open" in outcomes else "fits"
    return Verdict(facts, group, findings, price, when)


def match(
    person: Person,
    programs: Index | Iterable[ProgramFacts],
    today: dt.date,
    *,
    sort: Sort = "deadline",
    limit: int | None = None,
) -> Matches:
    """The programs in three groups, the first `limit` of each shown. Inside each, what needs fewest questions asked, or
    fails on fewest, goes first; then the soonest deadline and the lowest cost, or the reverse.

    Says of each program what `judge` says of it.
    """
    index = programs if isinstance(programs, Index) else Index.of(programs)
    prices = index.costs_of(person.audience, person.weeks)
    times = index.timings_of(person.audience, today, person.start_day)
    wished = every = (1 << len(index)) - 1
    nos, opens = _Counter(), _Counter()
    for check in (*checks.WISHES, *checks.CHECKS):
        if check.concerns(person):
            found = (check.ask(person, group.one) for group in index.alike[check.needs])
            answers = index.answers(check.needs, (outcome_of(finding) for finding in found))
            if check in checks.WISHES:
                wished &= ~answers["no"]
            nos.add(answers["no"])
            opens.add(answers["open"])
    for needs, findings in (
        (TIME_NEEDS, (checks.start(person, when) for when in times)),
        (COST_NEEDS, (checks.budget(person, price) for price in prices)),
    ):
        answers = index.answers(needs, (outcome_of(finding) for finding in findings))
        nos.add(answers["no"])
        opens.add(answers["open"])
    shut = nos.some & wished
    asking = opens.some & wished & ~shut
    bits: dict[Group, int] = {"fits": wished & ~shut & ~asking, "may_fit": asking, "does_not_fit": shut}
    reasons: dict[Group, _Counter] = {"fits": _Counter(), "may_fit": opens, "does_not_fit": nos}
    days, costs = index.each(TIME_NEEDS, [_day(when) for when in times]), index.each(COST_NEEDS, [*map(_price, prices)])

    def place(position: int) -> tuple[Any, ...]:
        one, other = days[position], costs[position]
        return (other, one, position) if sort == "cost" else (one, other, position)

    shown = {}
    for group in GROUPS:
        first: list[int] = []
        most = bits[group].bit_count() if limit is None else limit
        for level in reasons[group].levels(bits[group]):
            first += heapq.nsmallest(most - len(first), positions_of(level), key=place)
            if len(first) >= most:
                break
        verdicts = (judge(person, index.programs[position], today) for position in first)
        shown[group] = [verdict for verdict in verdicts if verdict]
    counts = {group: bits[group].bit_count() for group in GROUPS}
    return Matches(person, today, counts, shown, (every & ~wished).bit_count())


def outcome_of(finding: Finding | None) -> Outcome | None:
    return finding.outcome if finding else None


class _Counter:
    """Counts for every program at once: how many of the added rows of bits have it. `digits[i]` holds the digit 2**i."""

    def __init__(self) -> None:
        self.digits: list[int] = []
        self.some = 0

    def add(self, bits: int) -> None:
        self.some |= bits
        for number, digit in enumerate(self.digits):
            self.digits[number], bits = digit ^ bits, digit & bits
        if bits:
            self.digits.append(bits)

    def levels(self, within: int) -> Iterable[int]:
        """Those of `within` with the lowest count, then those with the next, to the highest."""
        levels = [within]
        for digit in reversed(self.digits):
            levels = [part for level in levels for part in (level & ~digit, level & digit)]
        return (level for level in levels if level)


def _day(when: Timing) -> dt.date:
    return when.apply_by or dt.date.max


def _price(price: Cost) -> tuple[bool, float]:
    """What is known in full goes before what is not."""
    return price.high is None, _ENDLESS if price.low is None else price.low


def advice(person: Person, verdict: Verdict) -> str:
    """What would change a 'no' that is about money: the longest stay that the budget allows; '' where there is none."""
    if person.budget is None or not any(f.criterion == "budget" and f.outcome == "no" for f in verdict.findings):
        return ""
    least = min(verdict.facts.values("duration_weeks_min", person.audience), default=1)
    weeks = verdict.cost.weeks
    while (weeks := weeks - 1) >= max(1, least - checks.HALF_WEEK):
        shorter = stay(verdict.facts, person.audience, weeks)
        if shorter.low is not None and shorter.low <= person.budget:
            return f"{count(weeks, 'week')} would cost {shorter.words}."
    return ""
