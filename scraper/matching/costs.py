"""Fees → what a stay of so many weeks costs one visitor.

A total is a range. Its lower end is what has to be paid in any case (application and program fee), its upper end also
counts charges that may be optional, and deposits, which may or may not be part of the fee. It has no upper end where
a part is not stated. Only fees of the visitor's own audience count, and those for everybody; what is for others never does.

How fees add up follows the labels schema: fees of one kind with different bases ('once', 'per week') are charged side by side;
several lengths of one kind are a price list, from which the cheapest choice that covers the stay is taken, in whole
units. A month is 13/3 weeks, a day a fifth of a week. 'Per rotation' means one placement at its longest; where the
pages do not say how long that is, one is counted, and the total has no upper end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs

from scraper.items import Audience, Fee
from scraper.matching.facts import for_audience
from scraper.wording import count, dollars

USUAL_WEEKS = 4.0  # the length that a cost is given for when nobody asks for another one
_THIRD = 3  # lengths are counted in thirds of a week, so that a month is a whole number
FLAT = ("once", "year")
_WEEKS = {"week": 1.0, "two_weeks": 2.0, "four_weeks": 4.0, "month": 13 / 3, "day": 0.2}
_UNIT = {"week": "week", "two_weeks": "2 weeks", "four_weeks": "4 weeks", "month": "month", "day": "day"}
FEE_ORDER = ("application", "program", "deposit", "insurance", "other")
_TITLE = {
    "application": "Application fee",
    "program": "Program fee",
    "deposit": "Deposit",
    "insurance": "Insurance",
    "other": "Other charge",
}


@attrs.frozen
class Part:
    """What one kind of fee comes to. `high` is None where its length is not stated. `sure`: has to be paid in any case;
    deposits, insurance and other charges count for the upper end only. `words` show how it was worked out."""

    kind: str
    low: float
    high: float | None
    sure: bool
    words: str
    fees: tuple[Fee, ...] = ()


@attrs.frozen
class Cost:
    """What `weeks` weeks cost. `low` is None where no fee is stated, `high` where not all of it is."""

    weeks: float
    low: float | None = None
    high: float | None = None
    parts: tuple[Part, ...] = ()
    missing: tuple[str, ...] = ()  # kinds that are not stated: 'program', 'application'
    elsewhere: bool = False  # fees are stated, but for others only

    @property
    def words(self) -> str:
        """'$3,300', '$3,300 to $3,550', 'at least $300', 'not stated'."""
        if self.low is None:
            return "not stated"
        if self.high is None:
            return f"at least {dollars(self.low)}" if self.low else "not stated in full"
        if self.high > self.low:
            return f"{dollars(self.low) if self.low else '$0'} to {dollars(self.high)}"
        return dollars(self.low)

    @property
    def unstated(self) -> str:
        """What the total is without, in words; '' where nothing is missing."""
        names = [_TITLE[kind].lower() for kind in self.missing]
        names += [f"length of one rotation for the {p.kind} fee" for p in self.parts if p.sure and p.high is None]
        return " and ".join(names)


def cost(
    fees: Sequence[Fee], audience: Audience, weeks: float | None = None, rotation_weeks: float | None = None
) -> Cost:
    """What a stay costs a visitor of `audience`; `rotation_weeks` is the longest single placement, where stated."""
    length = weeks or USUAL_WEEKS
    parts = []
    for kind in FEE_ORDER:
        of_kind = [fee for fee in fees if fee.kind == kind]
        if kind == "other":  # badge, parking, test: one does not stand for another
            mine = [fee for fee in of_kind if fee.audience in ("any", audience)]
        else:
            mine = for_audience(of_kind, audience)
        if mine:
            parts.append(_part(kind, mine, length, rotation_weeks))
    sure = [part for part in parts if part.sure]
    missing = tuple(kind for kind in ("program", "application") if not any(part.kind == kind for part in sure))
    low = sum(part.low for part in sure) if sure else None
    high: float | None = None
    if "program" not in missing and all(part.high is not None for part in parts):
        high = sum(part.high or 0 for part in parts)
    return Cost(length, low, high, tuple(parts), missing, elsewhere=bool(fees) and not parts)


def _part(kind: str, fees: list[Fee], weeks: float, rotation_weeks: float | None) -> Part:
    """What the fees of one kind come to."""
    sure = kind in ("application", "program")
    charged = [fee for fee in fees if fee.amount]
    free = len(charged) < len(fees)
    if not charged:
        return Part(kind, 0.0, 0.0, sure, f"{_TITLE[kind]}: none", tuple(fees))
    once = sorted({fee.amount for fee in charged if fee.per in FLAT and fee.weeks is None})
    low, high, words = 0.0, 0.0, []
    if once:
        # Several flat fees of a kind are added up, or are those of several programs: the page does not tell which.
        low, high = once[0], sum(once)
        words.append(
            " and ".join(dollars(amount) for amount in once) + (" (one of them, or all)" if low < high else "")
        )
    lowest, highest, length_unknown, worked_out = _timed(charged, weeks, rotation_weeks)
    if worked_out:
        low, high = low + lowest, high + highest
        words.append(worked_out)
    if free:  # 'no fee' beside a fee: which of the two holds depends on what is chosen
        low = 0.0
        words.append("or none")
    total = None if length_unknown else high
    return Part(kind, low, total, sure, f"{_TITLE[kind]}: {', '.join(words)}", tuple(fees))


def _timed(fees: list[Fee], weeks: float, rotation_weeks: float | None) -> tuple[float, float, bool, str]:
    """What the fees by length come to: least, most, whether the length of one is not stated, and how."""
    tiers: dict[float, list[float]] = {}
    names: dict[float, str] = {}
    unknown: list[float] = []
    for fee in fees:
        if fee.weeks is not None:
            length, name = fee.weeks, count(fee.weeks, "week")
        elif fee.per in _WEEKS:
            length, name = _WEEKS[fee.per], _UNIT[fee.per]
        elif fee.per == "rotation" and rotation_weeks:
            length, name = rotation_weeks, f"rotation of {count(rotation_weeks, 'week')}"
        elif fee.per in FLAT:
            continue
        else:
            unknown.append(fee.amount)
            continue
        if length > 0:
            tiers.setdefault(length, []).append(fee.amount)
            names.setdefault(length, name)
    least = most = 0.0
    words = []
    if tiers:
        least, chosen = _cover({length: min(amounts) for length, amounts in tiers.items()}, weeks)
        most, _ = _cover({length: max(amounts) for length, amounts in tiers.items()}, weeks)
        words.append(" + ".join(_times(number, min(tiers[length]), names[length]) for length, number in chosen))
        if most > least:
            words.append(f"up to {dollars(most)}")
    if unknown:  # beside a price list it may be another way to pay for the same
        least = min(least, min(unknown)) if tiers else min(unknown)
        most = max(most, *unknown)
        words.append(f"{dollars(min(unknown))} per rotation, whose length is not stated")
    return least, most, bool(unknown), ", ".join(words)


def _times(number: int, amount: float, unit: str) -> str:
    """'$3,000 for 4 weeks', '2 × $3,000 for 4 weeks each'."""
    unit = unit if unit[0].isdigit() else f"a {unit}"
    return f"{dollars(amount)} for {unit}" if number == 1 else f"{number} × {dollars(amount)} for {unit} each"


def _cover(prices: dict[float, float], weeks: float) -> tuple[float, list[tuple[float, int]]]:
    """The cheapest way to cover `weeks` with whole units of the given lengths: the price, and how many of which length."""
    if len(prices) == 1:
        ((length, amount),) = prices.items()
        number = _units(weeks, length)
        return amount * number, [(length, number)]
    need = max(1, math.ceil(weeks * _THIRD - 0.2))
    lengths = [(max(1, round(length * _THIRD)), length, amount) for length, amount in prices.items()]
    # Days are counted by the week where there are longer units as well.
    best: list[float] = [0.0] + [math.inf] * need
    last: list[float] = [0.0] * (need + 1)
    for size in range(1, need + 1):
        for thirds, length, amount in lengths:
            price = best[max(0, size - thirds)] + amount * _units(thirds / _THIRD, length)
            if price < best[size]:
                best[size], last[size] = price, length
    chosen: dict[float, int] = {}
    size = need
    while size > 0:
        length = last[size]
        thirds = max(1, round(length * _THIRD))
        chosen[length] = chosen.get(length, 0) + _units(thirds / _THIRD, length)
        size -= thirds
    return best[need], sorted(chosen.items(), reverse=True)


def _units(weeks: float, length: float) -> int:
    """How many whole units of `length` weeks cover `weeks`; a tenth of a unit over the brim is none (4.3 weeks = a month)."""
    return max(1, math.ceil(weeks / length - 0.1))
