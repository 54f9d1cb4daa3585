"""What holds for a program whose pages state several things: each value that stands, with the reading that stands for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import attrs

from scraper.items import FIELDS, Audience, Deadline, Fact, Fee
from scraper.record import choose
from scraper.urls import key


@attrs.frozen
class Reading:
    """A fact with the page that states it and when that page was fetched."""

    page_url: str
    fetched_at: str
    fact: Fact


@attrs.define
class Merged:
    """What holds for a program. Each value comes with the reading that stands for it."""

    scalars: dict[str, Reading] = attrs.field(factory=dict)
    sets: dict[str, dict[str, Reading]] = attrs.field(factory=dict)
    fees: dict[Fee, Reading] = attrs.field(factory=dict)
    deadlines: dict[Deadline, Reading] = attrs.field(factory=dict)
    audiences: dict[tuple[str, str], Audience] = attrs.field(
        factory=dict
    )  # (field, member of a set) -> whom it is about
    conflicts: list[Reading] = attrs.field(factory=list)


def overlap(one: Audience, other: Audience) -> bool:
    """Are two statements about some of the same people?"""
    return "any" in (one, other) or one == other


def merge_facts(readings: Iterable[Reading], own_url: str = "") -> Merged:
    """What holds where several pages of a program state facts.

    The same value twice is more evidence. Where values differ, what is said of the more specific audience stands, then
    what the program's own page says, then what was read last; the rest are conflicts. A statement about US
    students alone is no value of a program that takes others too (rule 5 of the house), except how to apply.
    """
    own = key(own_url) if own_url else ""
    # Three stable sorts: by page last of all, so that it weighs most.
    ranked = sorted(readings, key=lambda r: (-r.fact.confidence, r.page_url))
    # By the day: in which order the pages of one visit came is chance.
    ranked.sort(key=lambda r: r.fetched_at[:10], reverse=True)
    ranked.sort(key=lambda r: key(r.page_url) != own)
    by_field: dict[str, list[Reading]] = {}
    for reading in ranked:
        by_field.setdefault(reading.fact.field, []).append(reading)
    merged = Merged()
    takes_others = _takes_others(by_field)
    for field in FIELDS:
        found = by_field.get(field.name, [])
        if not found:
            continue
        if field.kind == "set":
            _merge_set(field.name, found, merged)
        elif field.kind == "fees":
            merged.fees = _merge_rows(found, _fee_slot, _fee_join, merged)
        elif field.kind == "deadlines":
            merged.deadlines = _merge_rows(found, _deadline_slot, _deadline_join, merged)
        else:
            if field.name == "housing" and any(r.fact.value == "help" for r in found):
                # 'We have no rooms' on one page and 'here is a list' on another do not disagree (docs/guide-fields.md).
                found = [r for r in found if r.fact.value != "none"]
            chosen, others = choose(field, (r.fact for r in found), several_pages=True)
            if chosen is None:
                continue
            merged.conflicts += [
                r for r in found if any(r.fact is o for o in others) and overlap(r.fact.audience, chosen.audience)
            ]
            # What US students need not do is no demand on anybody: the answer 'no' stands.
            if chosen.audience != "us" or not takes_others or field.name == "vslo" or chosen.value is False:
                merged.scalars[field.name] = next(r for r in found if r.fact is chosen)
    return merged


def _takes_others(by_field: dict[str, list[Reading]]) -> bool:
    """Does the program take visitors other than students of US schools?"""
    visitors = {r.fact.value for r in by_field.get("audiences", ())}
    accepts = {r.fact.value for r in by_field.get("accepts_international", ())}
    return bool(visitors - {"us_student"} or accepts & {"yes", "partners_only"})


def _merge_set(field: str, found: list[Reading], merged: Merged) -> None:
    members: dict[str, Reading] = {}
    spelled: dict[str, str] = {}
    said: dict[str, set[Audience]] = {}
    for reading in found:
        value = str(reading.fact.value)
        member = spelled.setdefault(value.casefold(), value)
        members.setdefault(member, reading)
        said.setdefault(member, set()).add(reading.fact.audience)
    merged.sets[field] = members
    for member, audiences in said.items():
        merged.audiences[field, member] = audiences.pop() if len(audiences) == 1 else "any"


_Row = TypeVar("_Row", Fee, Deadline)


def _merge_rows(
    found: list[Reading], slot: Callable[[Any], tuple | None], join: Callable[[_Row, _Row], _Row | None], merged: Merged
) -> dict[_Row, Reading]:
    """The fees or deadlines that stand. `slot` names what can have one value only among pages (None: any number can
    stand side by side); `join` makes one of two that say the same, one of them with less detail."""
    rows: list[tuple[_Row, Reading]] = []
    for reading in found:
        value: _Row = reading.fact.value
        at = slot(value)
        for index, (row, standing) in enumerate(rows):
            joined = join(row, value)
            if joined is not None:
                rows[index] = (joined, standing)
                break
        else:
            contested = at is not None and any(
                slot(row) == at
                and overlap(row.audience, value.audience)
                and key(standing.page_url) != key(reading.page_url)
                for row, standing in rows
            )
            if contested:
                merged.conflicts.append(reading)
            else:
                rows.append((value, reading))
    return dict(rows)


def _fee_slot(fee: Fee) -> tuple | None:
    return (fee.kind, fee.per, fee.weeks) if fee.kind in ("application", "program", "deposit") else None


def _fee_join(one: Fee, other: Fee) -> Fee | None:
    """One fee for two that are the same amount for the same thing, where one says more about it than the other."""
    if (one.kind, one.amount, one.per, one.weeks) != (other.kind, other.amount, other.per, other.weeks):
        return None
    if not overlap(one.audience, other.audience):
        return None
    if None not in (one.refundable, other.refundable) and one.refundable != other.refundable:
        return None
    refundable = one.refundable if one.refundable is not None else other.refundable
    return attrs.evolve(one, refundable=refundable, audience=one.audience if one.audience == other.audience else "any")


def _deadline_slot(deadline: Deadline) -> tuple | None:
    return (deadline.kind, "lead") if deadline.lead_n is not None else None


def _deadline_join(one: Deadline, other: Deadline) -> Deadline | None:
    """One deadline for two that are the same day, where one gives the year or says whom it is for and the other does not."""
    if one.kind != other.kind or not overlap(one.audience, other.audience):
        return None
    if (one.lead_n, one.lead_unit, one.rolling) != (other.lead_n, other.lead_unit, other.rolling):
        return None
    if one.date != other.date or one.month_day != other.month_day:
        dated, bare = (one, other) if one.date else (other, one)
        if not dated.date or not bare.month_day or dated.date[5:] != bare.month_day:
            return None
        one = attrs.evolve(dated, audience=one.audience)
    return attrs.evolve(one, audience=one.audience if one.audience == other.audience else "any")
