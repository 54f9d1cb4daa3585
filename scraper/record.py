"""Facts → one record: the labels form of a page, and the rule by which one value is chosen where facts disagree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scraper.items import FIELDS, Deadline, Fact, Fee, Field, Page

MAX_SPECIALTIES = 25
MAX_DEADLINES = 15


def choose(field: Field, facts: Iterable[Fact]) -> tuple[Fact | None, list[Fact]]:
    """The fact that stands for a single-valued field, and the facts that say otherwise.

    What is said of international students goes before what is said of all or of US students (the atlas is for them),
    then the more confident goes first, then the earlier.
    """
    ranked = sorted(
        facts, key=lambda fact: (fact.audience == "us", -round(fact.confidence, 2), fact.audience != "international")
    )
    if not ranked:
        return None, []
    return ranked[0], [fact for fact in ranked[1:] if fact.value != ranked[0].value]


def fee_record(fee: Fee) -> dict[str, Any]:
    """A fee in the labels form."""
    record: dict[str, Any] = {
        "kind": fee.kind,
        "amount": fee.amount,
        "per": fee.per,
        "refundable": fee.refundable,
        "for": fee.audience,
    }
    return record | {"weeks": fee.weeks} if fee.weeks is not None else record


def deadline_record(deadline: Deadline) -> dict[str, Any]:
    """A deadline in the labels form."""
    lead = {"n": deadline.lead_n, "unit": deadline.lead_unit} if deadline.lead_n is not None else None
    record = {
        "kind": deadline.kind,
        "date": deadline.date,
        "month_day": deadline.month_day,
        "lead": lead,
        "for": deadline.audience,
    }
    return (
        {"kind": deadline.kind, "rolling": True, **{k: v for k, v in record.items() if k != "kind"}}
        if deadline.rolling
        else record
    )


def _form(value: Any) -> Any:
    return (
        fee_record(value)
        if isinstance(value, Fee)
        else deadline_record(value)
        if isinstance(value, Deadline)
        else value
    )


def to_record(page: Page) -> dict[str, Any]:
    """One JSON object a page in the form of the corpus's labels schema, plus `evidence`: every fact with its words."""
    record: dict[str, Any] = {"url": page.url, "relevant": bool(page.relevant)}
    by_field: dict[str, list[Fact]] = {}
    for fact in page.facts:
        by_field.setdefault(fact.field, []).append(fact)
    for field in FIELDS:
        facts = by_field.get(field.name, [])
        if field.kind in ("set", "fees", "deadlines"):
            values = list(dict.fromkeys(fact.value for fact in facts))
            limit = {"specialties": MAX_SPECIALTIES, "deadlines": MAX_DEADLINES}.get(field.name)
            record[field.name] = [_form(value) for value in values[:limit]]
        else:
            chosen, _ = choose(field, facts)
            record[field.name] = chosen.value if chosen else None
    record["evidence"] = [
        {
            "field": fact.field,
            "value": _form(fact.value),
            "quote": fact.quote,
            "headings": list(fact.headings),
            "audience": fact.audience,
            "rule": fact.rule,
            "confidence": fact.confidence,
        }
        for fact in page.facts
    ]
    return record
