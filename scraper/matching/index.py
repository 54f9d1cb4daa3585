"""Programs put in order for matching: those that state the same are asked once.

Fifty thousand programs state the same few things. For each question the index keeps which programs have equal facts; a
question is put to one of them, and its answer counts for all. Which programs have an answer is a row of bits, one for a
program (a Python integer), so that 'shut out by any question' is one `or`, and counting is counting bits. The index knows
nothing of people, but for what a length of stay costs and what a month means for deadlines, which it keeps for a while.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import attrs

from scraper.items import Audience
from scraper.matching.checks import CHECKS, WISHES
from scraper.matching.costs import Cost, cost
from scraper.matching.dates import Outcome, Timing, timing
from scraper.matching.facts import ProgramFacts

Thing = TypeVar("Thing")
MANY = 256  # equal programs from which on their bits are kept
KEPT = 8  # lengths of stay, and months, for which costs and deadlines are kept
COST_NEEDS = ("fees", "duration_weeks_max")
TIME_NEEDS = ("deadlines",)


def to_bits(positions: Iterable[int], length: int) -> int:
    """Positions as a row of bits."""
    marks = bytearray(b"0") * (length or 1)
    for position in positions:
        marks[length - 1 - position] = 49
    return int(marks, 2)


def positions_of(bits: int) -> Iterator[int]:
    """The positions of the bits that are set, lowest first."""
    text = f"{bits:b}"[::-1]
    position = text.find("1")
    while position >= 0:
        yield position
        position = text.find("1", position + 1)


@attrs.frozen(eq=False)
class Alike:
    """Programs with equal facts: one of them, and the positions of all; their bits, where they are many."""

    one: ProgramFacts
    positions: list[int]
    bits: int | None


@attrs.frozen(eq=False)
class Index:
    """Programs by name, and for each set of facts that something rests on, the groups that are alike in it."""

    programs: tuple[ProgramFacts, ...]
    alike: dict[tuple[str, ...], list[Alike]]
    costs: dict[Any, list[Cost]] = attrs.field(factory=dict)
    timings: dict[Any, list[Timing]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, programs: Iterable[ProgramFacts]) -> Index:
        """Put programs in order."""
        known = tuple(sorted(programs, key=lambda facts: (*facts.order, facts.id)))
        wanted = dict.fromkeys((*(check.needs for check in (*WISHES, *CHECKS)), COST_NEEDS, TIME_NEEDS))
        return cls(known, {needs: _alike(known, needs) for needs in wanted})

    def __len__(self) -> int:
        return len(self.programs)

    def answers(self, needs: tuple[str, ...], outcomes: Iterable[Outcome | None]) -> dict[Outcome | None, int]:
        """For each outcome the programs that have it, as bits; `outcomes` are those of the groups, in order."""
        bits: dict[Outcome | None, int] = {"no": 0, "open": 0}
        few: dict[Outcome | None, list[int]] = {"no": [], "open": []}
        for group, outcome in zip(self.alike[needs], outcomes, strict=True):
            if outcome not in bits:
                continue
            if group.bits is None:
                few[outcome] += group.positions
            else:
                bits[outcome] |= group.bits
        return {outcome: bits[outcome] | to_bits(few[outcome], len(self)) for outcome in bits}

    def costs_of(self, audience: Audience, weeks: float | None) -> list[Cost]:
        """What a stay costs at each group of COST_NEEDS."""

        def make() -> list[Cost]:
            return [stay(group.one, audience, weeks) for group in self.alike[COST_NEEDS]]

        return _kept(self.costs, (audience, weeks), make)

    def timings_of(self, audience: Audience, today: dt.date, start: dt.date | None) -> list[Timing]:
        """When to apply at each group of TIME_NEEDS."""

        def make() -> list[Timing]:
            return [timing(group.one.deadlines, audience, today, start) for group in self.alike[TIME_NEEDS]]

        return _kept(self.timings, (audience, today, start), make)

    def each(self, needs: tuple[str, ...], things: list[Thing]) -> list[Thing]:
        """What belongs to the groups, as a list with the program's place in it for each program."""
        found: list[Any] = [None] * len(self)
        for group, thing in zip(self.alike[needs], things, strict=True):
            for position in group.positions:
                found[position] = thing
        return found


def stay(facts: ProgramFacts, audience: Audience, weeks: float | None) -> Cost:
    """What so many weeks at a program cost."""
    longest = max(facts.values("duration_weeks_max", audience), default=None)
    return cost(facts.fees, audience, weeks, longest)


def _alike(programs: tuple[ProgramFacts, ...], needs: tuple[str, ...]) -> list[Alike]:
    """The groups of programs that are alike in `needs`. Facts are told apart by identity: equal ones that are several
    objects make several groups, which costs time but is right."""
    places: dict[Any, list[int]] = {}
    for position, facts in enumerate(programs):
        get = facts.stated.get
        key: Any = facts.state if needs == ("state",) else tuple([id(get(name)) for name in needs])
        places.setdefault(key, []).append(position)
    return [
        Alike(programs[found[0]], found, to_bits(found, len(programs)) if len(found) >= MANY else None)
        for found in places.values()
    ]


def _kept(shelf: dict[Any, list[Thing]], key: Any, make: Callable[[], list[Thing]]) -> list[Thing]:
    """What was made for `key` before, or is made now; the oldest makes room."""
    found = shelf.pop(key, None)
    if found is None:
        found = make()
    shelf[key] = found
    while len(shelf) > KEPT:
        shelf.pop(next(iter(shelf)), None)
    return found
