"""Findings → a verdict; verdicts → three groups in order."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable
from typing import Any, Literal

import attrs

from scraper.matching import checks
from scraper.matching.checks import Check, Finding
from scraper.matching.costs import Cost, cost
from scraper.matching.dates import Outcome, Timing, timing
from scraper.matching.facts import ProgramFacts
from scraper.matching.person import Person, Sort
from scraper.wording import count

Group = Literal["fits", "may_fit", "does_not_fit"]
GROUPS: dict[Group, str] = {"fits": "You fit", "may_fit": "You may fit", "does_not_fit": "You do not fit"}
MEANINGS: dict[Group, str] = {
    "fits": "What could shut you out is stated, and you meet it.",
    "may_fit": "Nothing that is stated shuts you out, but something is not stated or has to be asked.",
    "does_not_fit": "Something that is stated shuts you out.",
}
_GROUP_OF: dict[bool, Group] = {True: "may_fit", False: "fits"}
_REASON: dict[Group, Outcome | None] = {"fits": None, "may_fit": "open", "does_not_fit": "no"}


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


class Judge:
    """Judges one program after the other for one person.

    What was worked out from some facts is kept and used for the next program with the same ones: most programs state
    the same few things. Facts are told apart by identity, so a judge must not outlive the programs it has seen.
    """

    def __init__(self, person: Person, today: dt.date) -> None:
        self.person, self.today = person, today
        self.wishes = [check for check in checks.WISHES if check.concerns(person)]
        self.checks = [check for check in checks.CHECKS if check.concerns(person)]
        self.known: dict[Any, Finding | None] = {}
        self.costs: dict[Any, tuple[Cost, Finding | None]] = {}
        self.timings: dict[int, tuple[Timing, Finding | None]] = {}

    def verdict(self, facts: ProgramFacts) -> Verdict | None:
        """The verdict on a program; None where it is not of a wished type or not in a wished state."""
        findings = [finding for check in self.wishes if (finding := self.ask(check, facts))]
        if any(finding.outcome == "no" for finding in findings):
            return None
        findings += [finding for check in self.checks if (finding := self.ask(check, facts))]
        when, start = self.timing(facts)
        price, budget = self.cost(facts)
        if start:
            findings.append(start)
        if budget:
            findings.append(budget)
        outcomes = [finding.outcome for finding in findings]
        group: Group = "does_not_fit" if "no" in outcomes else _GROUP_OF["open" in outcomes]
        return Verdict(facts, group, tuple(findings), price, when)

    def ask(self, check: Check, facts: ProgramFacts) -> Finding | None:
        """What a check finds."""
        if check.needs == ("state",):
            return check.ask(self.person, facts)
        get = facts.stated.get
        key = (check.name, *[id(get(name)) for name in check.needs])
        if key not in self.known:
            self.known[key] = check.ask(self.person, facts)
        return self.known[key]

    def cost(self, facts: ProgramFacts) -> tuple[Cost, Finding | None]:
        """What the stay costs, and whether it is within the budget."""
        key = id(facts.stated.get("fees")), id(facts.stated.get("duration_weeks_max"))
        if key not in self.costs:
            price = cost_of(self.person, facts, self.person.weeks)
            self.costs[key] = price, checks.budget(self.person, price)
        return self.costs[key]

    def timing(self, facts: ProgramFacts) -> tuple[Timing, Finding | None]:
        """When to apply, and whether there is time."""
        key = id(facts.stated.get("deadlines"))
        if key not in self.timings:
            when = timing(facts.deadlines, self.person.audience, self.today, self.person.start_day)
            self.timings[key] = when, checks.start(self.person, when)
        return self.timings[key]


def cost_of(person: Person, facts: ProgramFacts, weeks: float | None) -> Cost:
    """What so many weeks cost this person."""
    longest = max(facts.values("duration_weeks_max", person.audience), default=None)
    return cost(facts.fees, person.audience, weeks, longest)


def judge(person: Person, facts: ProgramFacts, today: dt.date) -> Verdict | None:
    """The verdict on one program."""
    return Judge(person, today).verdict(facts)


def match(
    person: Person,
    programs: Iterable[ProgramFacts],
    today: dt.date,
    *,
    sort: Sort = "deadline",
    limit: int | None = None,
) -> Matches:
    """The programs in three groups, the first `limit` of each shown. Inside each, what needs fewest questions asked, or
    fails on fewest, goes first; then the soonest deadline and the lowest cost, or the reverse."""
    known = list(programs)  # held while the judge is at work
    judge = Judge(person, today)
    groups: dict[Group, list[Verdict]] = {group: [] for group in GROUPS}
    left_out = 0
    for facts in known:
        if verdict := judge.verdict(facts):
            groups[verdict.group].append(verdict)
        else:
            left_out += 1
    shown = {
        group: heapq.nsmallest(len(found) if limit is None else limit, found, key=lambda v: place_in_order(v, sort))
        for group, found in groups.items()
    }
    return Matches(person, today, {group: len(found) for group, found in groups.items()}, shown, left_out)


def place_in_order(verdict: Verdict, sort: Sort) -> tuple[Any, ...]:
    """The key by which verdicts of one group are put in order."""
    day = verdict.timing.apply_by or dt.date.max
    low = verdict.cost.low
    price = (verdict.cost.high is None, float("inf") if low is None else low)  # what is known in full goes first
    reason = _REASON[verdict.group]
    number = sum(finding.outcome == reason for finding in verdict.findings)
    return (number, price, day, *verdict.facts.order) if sort == "cost" else (number, day, price, *verdict.facts.order)


def advice(person: Person, verdict: Verdict) -> str:
    """What would change a 'no' that is about money: the longest stay that the budget allows; '' where there is none."""
    if person.budget is None or not any(f.criterion == "budget" and f.outcome == "no" for f in verdict.findings):
        return ""
    least = min(verdict.facts.values("duration_weeks_min", person.audience), default=1)
    weeks = verdict.cost.weeks
    while (weeks := weeks - 1) >= max(1, least - checks.HALF_WEEK):
        shorter = cost_of(person, verdict.facts, weeks)
        if shorter.low is not None and shorter.low <= person.budget:
            return f"{count(weeks, 'week')} would cost {shorter.words}."
    return ""
