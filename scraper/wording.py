"""Values and their changes in words that a person reads: 'Application fee: $300 → $350'."""

from __future__ import annotations

import datetime as dt
from functools import cache

from scraper.database import titles
from scraper.items import FIELD, Deadline, Fee
from scraper.record import number_text, value_of


@cache
def _title(group: str, value: str) -> str:
    return titles().get(group, {}).get(value, value)


def count(number: float, unit: str) -> str:
    """'1 week', '4 weeks'."""
    return f"{number_text(number)} {unit}{'' if number == 1 else 's'}"


def dollars(amount: float) -> str:
    """'$1,250', '$0.50', 'free' for nothing."""
    if amount == 0:
        return "free"
    return f"${amount:,.0f}" if float(amount).is_integer() else f"${amount:,.2f}"


def fee_price(fee: Fee) -> str:
    """The price of a fee without its kind: '$500 per week, non-refundable'."""
    per = f"for {count(fee.weeks, 'week')}" if fee.weeks is not None else _title("fee_per", fee.per)
    parts = [dollars(fee.amount) if fee.per == "once" and fee.weeks is None else f"{dollars(fee.amount)} {per}"]
    if fee.refundable is not None:
        parts.append("refundable" if fee.refundable else "non-refundable")
    return ", ".join(parts)


def fee_words(fee: Fee) -> str:
    """'Application fee: $350, non-refundable (international students)'."""
    return f"{fee_title(fee)}: {fee_price(fee)}"


def fee_title(fee: Fee) -> str:
    return f"{_title('fee_kind', fee.kind)}{_for(fee.audience)}"


def _for(audience: str) -> str:
    return "" if audience == "any" else f" ({_title('audience', audience)})"


def day_words(date: str | None, month_day: str | None) -> str:
    """'April 24, 2026', 'April 2026', 'April 24 (no year given)'."""
    text, form = date or "", {10: "%B %-d, %Y", 7: "%B %Y"}.get(len(date or ""), "")
    if month_day:
        text, form = f"2000-{month_day}", "%B %-d" if len(month_day) == 5 else "%B"
    try:
        day = dt.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return date or month_day or ""
    words = day.strftime(form)
    return words if date else f"{words} (no year given)"


def deadline_title(deadline: Deadline) -> str:
    return f"Applications {'open' if deadline.kind == 'opens' else 'close'}{_for(deadline.audience)}"


def deadline_when(deadline: Deadline) -> str:
    """When a deadline is: a day, a lead time, or rolling."""
    if deadline.rolling:
        return "rolling"
    if deadline.lead_n is not None:
        return f"at least {count(deadline.lead_n, deadline.lead_unit or 'day')} before the start"
    return day_words(deadline.date, deadline.month_day)


def value_words(field: str, text: str) -> str:
    """The value of a field, given as `record.value_text` writes it, in words."""
    value = value_of(field, text)
    if isinstance(value, Fee):
        return fee_words(value)
    if isinstance(value, Deadline):
        return f"{deadline_title(value)}: {deadline_when(value)}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        unit = FIELD[field].unit
        if unit in ("weeks", "letters", "points"):
            return count(value, unit[:-1])
        return number_text(value)
    if field == "phones" and len(text) == 10:
        return f"({text[:3]}) {text[3:6]}-{text[6:]}"
    return _title(field, text)


def change_words(field: str, old: str | None, new: str | None) -> str:
    """A change in words; `old` and `new` as `record.value_text` writes them, None where there is none."""
    if FIELD[field].kind in ("fees", "deadlines"):
        value = value_of(field, new or old or "")
        title, say = (fee_title(value), fee_price) if isinstance(value, Fee) else (deadline_title(value), deadline_when)
        before = say(value_of(field, old)) if old is not None else None
        after = say(value_of(field, new)) if new is not None else None
    else:
        title = FIELD[field].title
        before = value_words(field, old) if old is not None else None
        after = value_words(field, new) if new is not None else None
    if before is None:
        return f"{title}: {after} (new)"
    if after is None:
        return f"{title}: {before} (no longer stated)"
    return f"{title}: {before} → {after}"
