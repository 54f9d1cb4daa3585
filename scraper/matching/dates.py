"""Deadlines → the day by which to apply for a start in a given month, the next one first.

- A lead time counts back from the first day of the month. It is missed when even a start on the month's last day would come
  too soon; where only a start late in the month is left, the question is open.
- A date counts when it lies ahead and not after the month. Which block a date is for is not known: the next one is the safe one.
- A day without a year is its last occurrence before the start.
- Dates that have passed leave the question open: the next ones are not stated yet.
- 'Rolling' sets no day of its own.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal

import attrs

from scraper.items import Audience, Deadline
from scraper.matching.facts import for_audience
from scraper.wording import count

Outcome = Literal["yes", "open", "no"]
_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12}


@attrs.frozen
class ApplyBy:
    """A day by which to apply, how it was worked out, and the deadline it comes from."""

    day: dt.date
    words: str
    deadline: Deadline


@attrs.frozen
class Timing:
    """When to apply. `days` lie ahead, the next first; `opens` is the next day on which applications open. `deadlines` are
    those that count for this person; `stated` is False where there are none."""

    outcome: Outcome
    words: str
    days: tuple[ApplyBy, ...] = ()
    opens: dt.date | None = None
    deadlines: tuple[Deadline, ...] = ()
    stated: bool = True

    @property
    def apply_by(self) -> dt.date | None:
        """The next day by which to apply."""
        return self.days[0].day if self.days else None


def say(day: dt.date) -> str:
    """'March 1, 2027'."""
    return f"{day:%B} {day.day}, {day.year}"


def timing(deadlines: Sequence[Deadline], audience: Audience, today: dt.date, start: dt.date | None = None) -> Timing:
    """When a visitor of `audience` has to apply; `start` is the first day of the month to start in."""
    known = [one for one in deadlines if one.lead_n is None or one.lead_unit in _DAYS]
    closing = for_audience((one for one in known if one.kind == "closes"), audience)
    opening = for_audience((one for one in known if one.kind == "opens"), audience)
    if not closing and not opening:
        words = "Deadlines are stated for others only." if deadlines else "No deadline is stated."
        return Timing("open", words, stated=False)
    opens = min(filter(None, (_opens(one, today) for one in opening)), default=None)
    outcome, words, days = (
        _for_month(closing, opens, today, start) if start else ("yes", *_whenever(closing, opens, today))
    )
    return Timing(outcome, words, days, opens, (*closing, *opening))


def _whenever(closing: list[Deadline], opens: dt.date | None, today: dt.date) -> tuple[str, tuple[ApplyBy, ...]]:
    """When to apply for whatever start."""
    days = _sorted(_dated(one, today, None) for one in closing)
    said = [_next(days)] if days else []
    said += [f"Apply {_lead(one)} before the start." for one in closing if one.lead_n is not None][:2]
    if any(one.rolling for one in closing):
        said.append("Applications are taken at any time (rolling).")
    return " ".join(said) or f"{_opening(opens)}No date ahead is stated.", days


def _for_month(
    closing: list[Deadline], opens: dt.date | None, today: dt.date, start: dt.date
) -> tuple[Outcome, str, tuple[ApplyBy, ...]]:
    """When to apply for a start in the month that begins on `start`."""
    end = start.replace(day=calendar.monthrange(start.year, start.month)[1])
    month = f"{start:%B %Y}"
    leads = sorted((one for one in closing if one.lead_n is not None), key=_length)
    missed = [one for one in leads if before(end, one) < today]
    ahead = [
        ApplyBy(day, f"{_lead(one)} before {say(start)}", one) for one in leads if (day := before(start, one)) >= today
    ]
    dated = [found for one in closing if (found := _dated(one, today, start))]
    days = _sorted([*ahead, *(one for one in dated if one.day <= end)])
    if leads and len(missed) == len(leads):
        last = say(before(end, leads[0]))
        return "no", f"Too late: {_lead(leads[0])} before a start in {month}, that was by {last}.", ()
    if missed:
        return "open", f"Of several lead times the longest is over. {_next(days)}".strip(), days
    if leads and not ahead:
        return "open", f"{_lead(leads[0]).capitalize()} before the start: only one late in {month} is left.", days
    if opens and opens > end:
        return "open", f"Applications open on {say(opens)}, after {month}.", days
    if days:
        return "yes", _next(days), days
    if any(one.rolling for one in closing):
        return "yes", "Applications are taken at any time (rolling).", ()
    if not closing:
        return "open", f"{_opening(opens)}When they close is not stated.", ()
    if dated:
        return "open", f"The stated dates lie after {month}; those for it are not stated.", ()
    return "open", "The stated dates have passed; the next ones are not stated.", ()


def _opening(opens: dt.date | None) -> str:
    return f"Applications open on {say(opens)}. " if opens else ""


def _next(days: tuple[ApplyBy, ...]) -> str:
    """The next day in words."""
    return f"Apply by {say(days[0].day)}: {days[0].words}." if days else ""


def _sorted(days: Iterable[ApplyBy | None]) -> tuple[ApplyBy, ...]:
    """Days in their order, each once."""
    found: dict[dt.date, ApplyBy] = {}
    for one in sorted((day for day in days if day), key=lambda one: one.day):
        found.setdefault(one.day, one)
    return tuple(found.values())


def _lead(deadline: Deadline) -> str:
    """'at least 8 weeks'."""
    return f"at least {count(deadline.lead_n or 0, deadline.lead_unit or 'day')}"


def _length(deadline: Deadline) -> float:
    """A lead time in days."""
    return (deadline.lead_n or 0) * _DAYS[deadline.lead_unit or "day"]


def before(day: dt.date, deadline: Deadline) -> dt.date:
    """`day` less the lead time."""
    number = deadline.lead_n or 0
    try:
        if deadline.lead_unit == "month" and number == int(number):
            year, month = divmod(day.year * 12 + day.month - 1 - int(number), 12)
            return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
        return day - dt.timedelta(_length(deadline))
    except (OverflowError, ValueError):
        return dt.date.min


def _dated(deadline: Deadline, today: dt.date, start: dt.date | None) -> ApplyBy | None:
    """A closing date that lies ahead."""
    if deadline.date:
        day, words = _day(deadline.date, last=True), "the date on its page"
    elif deadline.month_day:
        day, words = _yearless(deadline.month_day, today, start), "its page gives the day without a year"
    else:
        return None
    return ApplyBy(day, words, deadline) if day and day >= today else None


def _opens(deadline: Deadline, today: dt.date) -> dt.date | None:
    """The next day on which applications open."""
    if deadline.date:
        day = _day(deadline.date, last=False)
        return day if day and day >= today else None
    return _next_occurrence(deadline.month_day, today, last=False) if deadline.month_day else None


def _yearless(month_day: str, today: dt.date, start: dt.date | None) -> dt.date | None:
    """A day without a year: the last one that is not after the start; the next one where no start is given."""
    if start is None:
        return _next_occurrence(month_day, today, last=True)
    days = (_day(f"{year}-{month_day}", last=True) for year in (start.year - 1, start.year))
    return max((day for day in days if day and day <= start), default=None)


def _next_occurrence(month_day: str, today: dt.date, *, last: bool) -> dt.date | None:
    days = (_day(f"{year}-{month_day}", last=last) for year in (today.year, today.year + 1))
    return next((day for day in days if day and day >= today), None)


def _day(text: str, *, last: bool) -> dt.date | None:
    """'2027-04-24' as a day; of a month its last or first day; February 29 is the 28th where there is none."""
    try:
        year, month, *rest = (int(part) for part in text.split("-"))
        length = calendar.monthrange(year, month)[1]
        number = rest[0] if rest else length if last else 1
        return dt.date(year, month, min(number, length) if month == 2 else number)
    except (ValueError, calendar.IllegalMonthError):
        return None
