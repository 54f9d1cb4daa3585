"""Filters of the programs page: from the address's query to what is asked for, and back to addresses."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import urlencode

import attrs

from scraper.database import TITLES
from scraper.items import AUDIENCES, INSTITUTION_KINDS, PROGRAM_TYPES
from scraper.vocabulary import VocabularyError, vocabulary

PAGE_SIZE = 24
UNKNOWN = "unknown"  # the value of a filter that asks for programs whose pages do not say
MAX_VALUES = 60  # values of one filter that an address may name

KIND_TITLES = {
    "medical_school_md": "Medical school (MD)",
    "medical_school_do": "Medical school (DO)",
    "teaching_hospital": "Teaching hospital",
    "health_system": "Health system",
    "agency": "Placement agency",
}
SORTS = {
    "institution": "Name",
    "deadline": "Next deadline",
    "fee": "Lowest cost",
    "read": "Last read",
    "match": "Best match",
}
ValuesOf = Callable[[dict[str, Any], dt.date], Iterable[str]]


@attrs.frozen
class Choice:
    """A filter with a list of values: its query parameter, its title, and where a program's values come from.

    `values_of` gives them from a row of program_overview (none = not stated); `member` is the (table, column) of a set.
    `titles` fixes order and names of the values; without, they are sorted by how many programs have them.
    """

    name: str
    title: str
    values_of: ValuesOf | None = None
    member: tuple[str, str] = ("", "")
    titles: dict[str, str] = attrs.field(factory=dict)
    main: bool = False  # shown open, before the others
    hint: str = ""

    def title_of(self, value: str) -> str:
        return "Not stated" if value == UNKNOWN else self.titles.get(value, value)


def column(name: str) -> ValuesOf:
    """The value of a column."""
    return lambda row, day: () if row[name] is None else (row[name],)


def bands(name: str, limits: dict[str, float]) -> ValuesOf:
    """The first band whose upper limit (not included) is above the number in a column."""

    def values_of(row: dict[str, Any], day: dt.date) -> Iterable[str]:
        return () if row[name] is None else (next(band for band, limit in limits.items() if row[name] < limit),)

    return values_of


def deadline_values(row: dict[str, Any], day: dt.date) -> Iterable[str]:
    """How a program says when to apply."""
    if row["next_deadline"]:
        days = (dt.date.fromisoformat(row["next_deadline"]) - day).days
        yield "30" if days <= 30 else "90" if days <= 90 else "later"
    if row["apply_ahead"]:
        yield "ahead"
    if row["rolling"]:
        yield "rolling"


MORE = float("inf")
YES_NO = {"yes": "Yes", "no": "No"}
CHOICES = (
    Choice("type", "Type", member=("program_types", "program_type"), main=True, titles={
        "clinical_elective": "Clinical elective", "sub_internship": "Sub-internship", "observership": "Observership", "research": "Research"}),
    Choice("who", "Open to", member=("audiences", "visitor"), main=True, titles={
        "us_student": "Students of US schools", "international_student": "International students", "graduate": "Graduates (IMGs)",
        "physician": "Physicians"}),
    Choice("international", "Takes international students", column("international_students"), main=True, titles={
        **YES_NO, "partners only": "Partner schools only"}),
    Choice("visa", "Visa accepted", member=("visas", "visa"), main=True),
    Choice("cost", "Stated cost, 4 weeks", bands("stated_cost_4_weeks", {
        "free": 0.005, "500": 500.005, "1500": 1500.005, "3000": 3000.005, "5000": 5000.005, "more": MORE}), main=True, titles={
        "free": "Free", "500": "$1 to $500", "1500": "$501 to $1,500", "3000": "$1,501 to $3,000", "5000": "$3,001 to $5,000",
        "more": "More than $5,000"}, hint="Application and program fee as far as stated"),
    Choice("state", "State", column("state"), main=True),
    Choice("specialty", "Specialty", member=("specialties", "specialty")),
    Choice("deadline", "When to apply", deadline_values, titles={
        "30": "Closes within 30 days", "90": "Closes in 31 to 90 days", "later": "Closes later", "ahead": "So long before the start",
        "rolling": "Rolling"}),
    Choice("housing", "Housing", column("housing"), titles={
        "free": "Free rooms", "available": "Rooms, not free or price not told", "help": "Help to find some", "none": "None"}),
    Choice("letter", "Letter of recommendation", column("recommendation_offered"), titles=YES_NO),
    Choice("mentor", "Mentor", column("mentorship_offered"), titles=YES_NO),
    Choice("interview", "Interview needed", column("interview_required"), titles=YES_NO),
    Choice("setting", "Hospital setting", member=("hospital_settings", "setting"), titles=dict(TITLES["hospital_settings"])),
    Choice("vslo", "Applies through VSLO", column("vslo"), titles={"yes": "Yes, VSLO", "no": "No, directly"}),
    Choice("toefl", "TOEFL iBT minimum", bands("toefl_ibt_min", {"80": 80.005, "90": 90.005, "100": 100.005, "more": MORE}), titles={
        "80": "80 or less", "90": "81 to 90", "100": "91 to 100", "more": "More than 100"}),
    Choice("ielts", "IELTS minimum", bands("ielts_min", {"6": 6.005, "6.5": 6.505, "7": 7.005, "more": MORE}), titles={
        "6": "6 or less", "6.5": "6.5", "7": "7", "more": "More than 7"}),
    Choice("english", "English proof needed", column("english_proficiency_required"), titles=YES_NO),
    Choice("step1", "USMLE Step 1 needed", column("usmle_step1_required"), titles=YES_NO),
    Choice("final_year", "Final year only", column("final_year_required"), titles=YES_NO),
    Choice("affiliation", "Affiliation agreement needed", column("affiliation_required"), titles=YES_NO),
    Choice("status", "Status", column("status"), titles={"open": "Open now", "closed": "Closed"}),
    Choice("kind", "Kind of institution", column("institution_kind"), titles=KIND_TITLES),
    Choice("city", "City", lambda row, day: (f"{row['city']}, {row['state']}",) if row["city"] and row["state"] else ()),
)  # fmt: skip
CHOICE = {choice.name: choice for choice in CHOICES}
LIMIT_COLUMN = {"fee_max": "stated_cost_4_weeks", "my_toefl": "toefl_ibt_min", "my_ielts": "ielts_min"}
LIMIT_TITLES = {"fee_max": "At most ${}", "my_toefl": "My TOEFL iBT: {}", "my_ielts": "My IELTS: {}"}
assert set(CHOICE["type"].titles) == set(PROGRAM_TYPES) and set(CHOICE["who"].titles) == set(AUDIENCES)
assert set(KIND_TITLES) == set(INSTITUTION_KINDS)


@cache
def canonical_specialty(name: str) -> str:
    """The usual name of a specialty as the vocabulary has it; a name that it does not know stays as it is."""
    try:
        words = vocabulary("specialties")
    except VocabularyError:
        return name
    key = words.phrases.get(" ".join(name.split()).lower())
    if not key:
        found = list(words.find(name))
        key = found[0].key if len(found) == 1 and found[0].end - found[0].start == len(name.strip()) else ""
    return words.titles[key] if key else name


@attrs.frozen
class Filters:
    """What a visitor asked for. `unstated`: are programs whose pages do not state a limited number shown as well?"""

    words: str = ""
    chosen: dict[str, list[str]] = attrs.field(factory=dict)
    limits: dict[str, float] = attrs.field(factory=dict)
    unstated: bool = True
    sort: str = ""
    view: str = "cards"
    page: int = 1

    @classmethod
    def from_query(cls, arguments: Any) -> Filters:
        """Read Datasette's request.args; what is not understood is left out."""
        chosen = {
            choice.name: values
            for choice in CHOICES
            if (values := list(dict.fromkeys(v for v in arguments.getlist(choice.name) if v))[:MAX_VALUES])
        }
        limits = {}
        for name in LIMIT_COLUMN:
            text = re.sub(r"[$,\s]", "", arguments.get(name) or "")
            if re.fullmatch(r"\d{1,6}(\.\d{1,2})?", text):
                limits[name] = float(text)
        page = arguments.get("page") or "1"
        words = " ".join((arguments.get("q") or "").split())[:200]
        sort = arguments.get("sort") or ""
        return cls(
            words=words,
            chosen=chosen,
            limits=limits,
            unstated=arguments.get("unstated") != "no",
            sort=sort if sort in SORTS else "",
            view="table" if arguments.get("view") == "table" else "cards",
            page=int(page) if page.isdigit() and len(page) < 6 and int(page) > 0 else 1,
        )

    @property
    def order(self) -> str:
        """The order in which programs are shown: the one asked for, else the best match of a search, else the name."""
        sort = self.sort or ("match" if self.words else "institution")
        return "institution" if sort == "match" and not self.words else sort

    def query(self, **changes: Any) -> str:
        """The query part of the address of this view; `changes` override, None removes."""
        pairs: dict[str, Any] = {"q": self.words or None, **self.chosen}
        pairs |= {name: f"{value:g}" for name, value in self.limits.items()}
        pairs |= {
            "unstated": None if self.unstated else "no",
            "sort": self.sort or None,
            "view": None if self.view == "cards" else self.view,
            "page": self.page if self.page > 1 else None,
        }
        pairs |= changes
        return urlencode({name: value for name, value in pairs.items() if value not in (None, [], "")}, doseq=True)

    @property
    def active(self) -> int:
        """How many filters are set."""
        return sum(len(values) for values in self.chosen.values()) + len(self.limits)

    def chips(self) -> list[tuple[str, str]]:
        """Every filter that is set, in words, with the query of the view without it."""
        found = [(f"“{self.words}”", self.query(q=None, page=None))] if self.words else []
        for name, values in self.chosen.items():
            choice = CHOICE[name]
            for value in values:
                rest = [other for other in values if other != value]
                found.append((f"{choice.title}: {choice.title_of(value)}", self.query(**{name: rest, "page": None})))
        for name, limit in self.limits.items():
            found.append((LIMIT_TITLES[name].format(f"{limit:g}"), self.query(**{name: None, "page": None})))
        if not self.unstated and self.limits:
            found.append(("Only where it is stated", self.query(unstated=None, page=None)))
        return found


def search_expression(words: str) -> str:
    """An FTS5 expression that finds all of `words`, the last one also as a beginning; '' where there are none.

    Every word is quoted, so that nothing a visitor types is an operator.
    """
    tokens = re.findall(r"\w+", words)[:12]
    return " ".join(f'"{token}"' for token in tokens[:-1]) + (f' "{tokens[-1]}"*' if tokens else "")
