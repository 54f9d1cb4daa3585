"""What a program's pages state, in the form that matching needs: every value with the audience it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import attrs

from scraper.items import Audience, Deadline, Fee
from scraper.record import WEAK

Item = TypeVar("Item", Fee, Deadline)

# The single-valued fields that decide whether somebody fits.
FIELDS = (
    "accepts_international",
    "status",
    "vslo",
    "toefl_ibt_min",
    "ielts_min",
    "english_proficiency_required",
    "usmle_step1_required",
    "visa_sponsored",
    "final_year_required",
    "core_clerkships_required",
    "affiliation_required",
    "duration_weeks_min",
    "duration_weeks_max",
    "total_weeks_max",
)


@attrs.frozen
class Reading:
    """A value of a single-valued field, and whom it is about."""

    value: Any
    audience: Audience = "any"
    confidence: float = 0.9


@attrs.define(eq=False)
class ProgramFacts:
    """A program. `stated` holds what its pages state, by field; what they do not is not in it:

    FIELDS                       the readings of the field, the chosen one first
    audiences, program_types     the members of the set
    visas                        pairs of visa class and audience
    specialties, fees, deadlines in the pages' order

    Equal values of several programs should be one object: what is worked out for one then holds for all of them.
    """

    id: str
    name: str
    institution: str
    url: str = ""
    city: str | None = None
    state: str | None = None
    last_seen: str = ""
    stale_since: str | None = None
    stated: dict[str, Any] = attrs.field(factory=dict)
    order: tuple[str, str] = attrs.field(default=("", ""))

    @property
    def visitors(self) -> frozenset[str]:
        return self.stated.get("audiences", frozenset())

    @property
    def types(self) -> frozenset[str]:
        return self.stated.get("program_types", frozenset())

    @property
    def specialties(self) -> tuple[str, ...]:
        return self.stated.get("specialties", ())

    @property
    def fees(self) -> tuple[Fee, ...]:
        return self.stated.get("fees", ())

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        return self.stated.get("deadlines", ())

    def visas(self, audience: Audience) -> frozenset[str]:
        """The visa classes that are named for `audience` or for everybody."""
        return frozenset(visa for visa, whose in self.stated.get("visas", ()) if whose in ("any", audience))

    def values(self, field: str, audience: Audience) -> tuple[Any, ...]:
        """The values that count for `audience`, best first, each once; empty where nothing is stated.

        What is said of this audience goes before what is said of everybody; what is said of the other one is not
        about this person. Weak inferences count only where there is nothing better.
        """
        readings: tuple[Reading, ...] = self.stated.get(field, ())
        mine = [r for r in readings if r.audience == audience] or [r for r in readings if r.audience == "any"]
        sure = [r for r in mine if r.confidence >= WEAK] or mine
        return tuple(dict.fromkeys(r.value for r in sure))

    def value(self, field: str, audience: Audience) -> Any:
        """The best value for `audience`, None where nothing is stated."""
        values = self.values(field, audience)
        return values[0] if values else None


def for_audience(items: Iterable[Item], audience: Audience) -> list[Item]:
    """Of the fees or deadlines of one kind those that are this audience's: its own where there are any, else everybody's."""
    known = list(items)
    own = [item for item in known if item.audience == audience]
    return own or [item for item in known if item.audience == "any"]
