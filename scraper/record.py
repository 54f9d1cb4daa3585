"""Facts → one record: the labels form of a page, and the rule by which one value is chosen where facts disagree."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import attrs

from scraper.items import FEE_KINDS, FEE_PERIODS, FIELD, FIELDS, Deadline, Fact, Fee, Field, Page

MAX_SPECIALTIES = 25
MAX_DEADLINES = 15
AUDIENCE_NAMES = ("any", "us", "international")


WEAK = 0.7  # facts less sure than this are weak inferences: they never go before an explicit one


def choose(field: Field, facts: Iterable[Fact], *, several_pages: bool = False) -> tuple[Fact | None, list[Fact]]:
    """The fact that stands for a single-valued field, and the facts that say otherwise.

    What is said of international students goes before what is said of all or of US students (the atlas is for them),
    then the more confident goes first, then the earlier. With `several_pages` the facts come from several pages, those
    of the better page first: then confidence only tells weak facts from the others, and the page's place decides.
    """

    def rank(fact: Fact) -> tuple[bool, float, bool]:
        sure = float(fact.confidence < WEAK) if several_pages else -round(fact.confidence, 2)
        return fact.audience == "us", sure, fact.audience != "international"

    ranked = sorted(facts, key=rank)
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


def value_text(value: Any) -> str:
    """A fact's value as text that is the same for the same value: the form of the database and the exports."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return number_text(value)
    if isinstance(value, Fee | Deadline):
        record = {key: _whole(item) for key, item in attrs.asdict(value).items() if item is not None}
        if isinstance(value, Deadline) and not value.rolling:
            del record["rolling"]
        return json.dumps(record, sort_keys=True)
    return str(value)


def _whole(item: Any) -> Any:
    """350 for 350.0, so that equal amounts have equal texts."""
    return int(item) if isinstance(item, float) and item.is_integer() else item


def number_text(value: float) -> str:
    """'350' for 350.0, '6.5' for 6.5."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def value_of(field: str, text: str) -> Any:
    """The value that `value_text` wrote. Raises ValueError where `text` is no value of `field`."""
    known = FIELD.get(field)
    if known is None:
        raise ValueError(f"there is no field '{field}'")
    if known.kind == "bool":
        if text not in ("true", "false"):
            raise ValueError(f"'{text}' is neither true nor false")
        return text == "true"
    if known.kind == "number":
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"'{text}' is no number")
        return number
    if known.kind in ("fees", "deadlines"):
        try:
            return (_fee_of if known.kind == "fees" else _deadline_of)(json.loads(text))
        except (TypeError, AttributeError, KeyError) as error:
            raise ValueError(f"not a {known.kind[:-1]}: {error}") from None
    if known.choices and text not in known.choices:
        raise ValueError(f"'{text}' is none of {', '.join(known.choices)}")
    return text


def _number_of(item: Any) -> float | None:
    return None if item is None else float(item)


def _fee_of(record: dict[str, Any]) -> Fee:
    if record["kind"] not in FEE_KINDS or record["per"] not in FEE_PERIODS or record["audience"] not in AUDIENCE_NAMES:
        raise ValueError(f"not a fee: {record}")
    refundable = record.get("refundable")
    return Fee(
        amount=float(record["amount"]),
        kind=record["kind"],
        per=record["per"],
        refundable=None if refundable is None else bool(refundable),
        audience=record["audience"],
        weeks=_number_of(record.get("weeks")),
    )


def _deadline_of(record: dict[str, Any]) -> Deadline:
    if record["kind"] not in ("opens", "closes") or record["audience"] not in AUDIENCE_NAMES:
        raise ValueError(f"not a deadline: {record}")
    return Deadline(
        kind=record["kind"],
        date=record.get("date"),
        month_day=record.get("month_day"),
        lead_n=_number_of(record.get("lead_n")),
        lead_unit=record.get("lead_unit"),
        rolling=bool(record.get("rolling", False)),
        audience=record["audience"],
    )


def fee_of(row: dict[str, Any]) -> Fee:
    """A row of `fees` as a fee."""
    refundable = None if row["refundable"] is None else bool(row["refundable"])
    return Fee(row["amount"], row["kind"], row["per"], refundable, row["audience"], row["weeks"])


def deadline_of(row: dict[str, Any]) -> Deadline:
    """A row of `deadlines` as a deadline."""
    names = ("kind", "date", "month_day", "lead_n", "lead_unit")
    return Deadline(**{name: row[name] for name in names}, rolling=bool(row["rolling"]), audience=row["audience"])


def row_of_value(value: Fee | Deadline) -> dict[str, Any]:
    """A fee or deadline as columns."""
    return {name: int(item) if isinstance(item, bool) else item for name, item in attrs.asdict(value).items()}


def to_record(page: Page) -> dict[str, Any]:
    """One JSON object a page in the form of the corpus's labels schema, plus `evidence`: every fact with its words.

    Where a page says two things of a field that has one value, both are kept: what was not chosen is marked as in `conflict`.
    """
    record: dict[str, Any] = {"url": page.url, "relevant": bool(page.relevant)}
    by_field: dict[str, list[Fact]] = {}
    losers: set[int] = set()
    for fact in page.facts:
        by_field.setdefault(fact.field, []).append(fact)
    for field in FIELDS:
        facts = by_field.get(field.name, [])
        if field.kind in ("set", "fees", "deadlines"):
            values = list(dict.fromkeys(fact.value for fact in facts))
            limit = {"specialties": MAX_SPECIALTIES, "deadlines": MAX_DEADLINES}.get(field.name)
            record[field.name] = [_form(value) for value in values[:limit]]
        else:
            chosen, others = choose(field, facts)
            losers.update(map(id, others))
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
            "conflict": id(fact) in losers,
        }
        for fact in page.facts
    ]
    return record
