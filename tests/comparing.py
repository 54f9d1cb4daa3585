"""How what was read is held against what a careful reader wrote down: one line for each value that differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scraper.items import FIELDS

LEAD_DAYS = {"day": 1, "week": 7, "month": 30}


def deadline_text(deadline: dict[str, Any]) -> str:
    """A deadline in words, the same for '2 months' and '60 days' before."""
    lead = deadline.get("lead")
    when = (
        "rolling"
        if deadline.get("rolling")
        else deadline.get("date")
        or deadline.get("month_day")
        or (f"{LEAD_DAYS[lead['unit']] * float(lead['n']):g} days before" if lead else "?")
    )
    return f"{deadline['kind']} {when}"


def same_number(want: Any, got: Any) -> bool:
    numbers = [value for value in (want, got) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return len(numbers) == 2 and abs(numbers[0] - numbers[1]) <= 0.5


def audience_differs(want: dict[str, Any], got: dict[str, Any]) -> bool:
    """Is one for US students and the other for international ones? What an expectation leaves out is not compared."""
    return {want.get("for", "any"), got.get("for", "any")} == {"us", "international"}


def fee_differences(want: list[dict[str, Any]], got: list[dict[str, Any]]) -> Iterator[str]:
    """Fees are told by their amount; of those found, kind, period and refund must be right and the audience not the other one."""
    wanted, given = ({float(fee["amount"]): fee for fee in fees} for fees in (want, got))
    for amount in sorted(wanted.keys() | given.keys()):
        if amount not in given:
            yield f"fees: missing ${amount:g} {wanted[amount]}"
        elif amount not in wanted:
            yield f"fees: extra ${amount:g} {given[amount]}"
        else:
            for key in ("kind", "per", "refundable", "weeks"):
                # A price list says what each of its entries is; where there is nothing to pay, 'per' says nothing.
                if key in wanted[amount] and wanted[amount][key] != given[amount].get(key):
                    yield f"fees: ${amount:g} {key}: wanted {wanted[amount][key]!r}, got {given[amount].get(key)!r}"
            if audience_differs(wanted[amount], given[amount]):
                yield f"fees: ${amount:g} is for {wanted[amount]['for']}, not {given[amount]['for']}"


def deadline_differences(want: list[dict[str, Any]], got: list[dict[str, Any]]) -> Iterator[str]:
    """Deadlines are told by kind and day; of those found, the audience must not be the other one."""
    wanted, given = ({deadline_text(deadline): deadline for deadline in deadlines} for deadlines in (want, got))
    for text in sorted(wanted.keys() | given.keys()):
        if text not in given:
            yield f"deadlines: missing {text}"
        elif text not in wanted:
            yield f"deadlines: extra {text}"
        elif audience_differs(wanted[text], given[text]):
            yield f"deadlines: {text} is for {wanted[text]['for']}, not {given[text]['for']}"


def differences(want: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    """One line for each value in which the record `got` departs from `want`, in which what is not stated may be left out."""
    for field in FIELDS:
        if field.name == "specialties" and field.name not in want:
            continue  # told by the pages that list a few; the others leave them open
        wanted, given = want.get(field.name), got.get(field.name)
        if field.kind == "fees":
            yield from fee_differences(wanted or [], given or [])
        elif field.kind == "deadlines":
            yield from deadline_differences(wanted or [], given or [])
        elif field.kind == "set":
            wanted_items, given_items = ({str(item) for item in items or []} for items in (wanted, given))
            for item in sorted(wanted_items - given_items):
                yield f"{field.name}: missing {item}"
            for item in sorted(given_items - wanted_items):
                yield f"{field.name}: extra {item}"
        elif wanted != given and not same_number(wanted, given):
            yield f"{field.name}: wanted {wanted!r}, got {given!r}"
