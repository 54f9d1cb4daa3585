"""Filters of the programs page: from the address's query to SQL with parameters, and back to addresses."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import attrs

from scraper.items import AUDIENCES, INSTITUTION_KINDS, PROGRAM_TYPES

PAGE_SIZE = 24
UNKNOWN = "unknown"  # the value of a filter that asks for programs whose pages do not say

KIND_TITLES = {
    "medical_school_md": "Medical school (MD)",
    "medical_school_do": "Medical school (DO)",
    "teaching_hospital": "Teaching hospital",
    "health_system": "Health system",
    "agency": "Placement agency",
}
SORTS = {
    "institution": ("Name", "o.institution collate nocase, o.program"),
    "deadline": ("Next deadline", "o.next_deadline is null, o.next_deadline, o.institution"),
    "fee": ("Lowest stated cost", "o.stated_cost_4_weeks is null, o.stated_cost_4_weeks, o.institution"),
    "read": ("Last read", "o.last_read desc, o.institution"),
}


@attrs.frozen
class Choice:
    """A filter with a list of values: its query parameter, title, and the SQL that gives a program's values.

    `column` is a column of program_overview; `member` a (table, column) of a set. One of the two is given.
    """

    name: str
    title: str
    column: str = ""
    member: tuple[str, str] = ("", "")
    titles: dict[str, str] = attrs.field(factory=dict)

    def condition(self, values: list[str], parameters: dict[str, Any]) -> str:
        """The SQL condition 'has one of `values`', its values put into `parameters`."""
        parts = []
        known = [value for value in values if value != UNKNOWN]
        names = []
        for number, value in enumerate(known):
            parameters[f"{self.name}_{number}"] = value
            names.append(f":{self.name}_{number}")
        if self.column:
            if names:
                parts.append(f"o.{self.column} in ({', '.join(names)})")
            if UNKNOWN in values:
                parts.append(f"o.{self.column} is null")
        else:
            table, column = self.member
            if names:
                parts.append(f"o.id in (select program_id from {table} where {column} in ({', '.join(names)}))")
            if UNKNOWN in values:
                parts.append(f"o.id not in (select program_id from {table})")
        return f"({' or '.join(parts)})"


YES_NO = {"yes": "Yes", "no": "No"}
CHOICES = (
    Choice("type", "Type", member=("program_types", "program_type"), titles={
        "clinical_elective": "Clinical elective", "sub_internship": "Sub-internship", "observership": "Observership", "research": "Research"}),
    Choice("who", "Open to", member=("audiences", "visitor"), titles={
        "us_student": "Students of US schools", "international_student": "International students", "graduate": "Graduates (IMGs)",
        "physician": "Physicians"}),
    Choice("international", "International students", "international_students", titles={**YES_NO, "partners only": "Partner schools only"}),
    Choice("visa", "Visa accepted", member=("visas", "visa")),
    Choice("state", "State", "state"),
    Choice("vslo", "Applies through VSLO", "vslo", titles=YES_NO),
    Choice("final_year", "Final year only", "final_year_required", titles=YES_NO),
    Choice("affiliation", "Affiliation agreement needed", "affiliation_required", titles=YES_NO),
    Choice("step1", "USMLE Step 1 needed", "usmle_step1_required", titles=YES_NO),
    Choice("status", "Status", "status", titles={"open": "Open now", "closed": "Closed"}),
    Choice("kind", "Kind of institution", "institution_kind", titles=KIND_TITLES),
)  # fmt: skip
CHOICE = {choice.name: choice for choice in CHOICES}
LIMITS = {
    "fee_max": "o.stated_cost_4_weeks <= :fee_max",
    "toefl": "o.toefl_ibt_min <= :toefl",
    "ielts": "o.ielts_min <= :ielts",
}
LIMIT_COLUMN = {"fee_max": "stated_cost_4_weeks", "toefl": "toefl_ibt_min", "ielts": "ielts_min"}
assert set(CHOICE["type"].titles) == set(PROGRAM_TYPES) and set(CHOICE["who"].titles) == set(AUDIENCES)
assert set(KIND_TITLES) == set(INSTITUTION_KINDS)


@attrs.frozen
class Filters:
    """What a visitor asked for. `unstated`: are programs whose pages do not state a limited number shown as well?"""

    words: str = ""
    chosen: dict[str, list[str]] = attrs.field(factory=dict)
    limits: dict[str, float] = attrs.field(factory=dict)
    unstated: bool = True
    sort: str = "institution"
    page: int = 1

    @classmethod
    def from_query(cls, arguments: Any) -> Filters:
        """Read Datasette's request.args; what is not understood is left out."""
        chosen = {
            choice.name: values
            for choice in CHOICES
            if (values := [v for v in arguments.getlist(choice.name) if v][:60])
        }
        limits = {}
        for name in LIMITS:
            text = re.sub(r"[$,\s]", "", arguments.get(name) or "")
            if re.fullmatch(r"\d{1,6}(\.\d{1,2})?", text):
                limits[name] = float(text)
        page = arguments.get("page") or "1"
        sort = arguments.get("sort") or "institution"
        return cls(
            words=(arguments.get("q") or "").strip()[:200],
            chosen=chosen,
            limits=limits,
            unstated=arguments.get("unstated") != "no",
            sort=sort if sort in SORTS else "institution",
            page=int(page) if page.isdigit() and len(page) < 6 and int(page) > 0 else 1,
        )

    def query(self, **changes: Any) -> str:
        """The query part of the address of this view; `changes` override, None removes."""
        pairs: dict[str, Any] = {"q": self.words or None, **self.chosen}
        pairs |= {name: f"{value:g}" for name, value in self.limits.items()}
        pairs |= {
            "unstated": None if self.unstated else "no",
            "sort": None if self.sort == "institution" else self.sort,
        }
        pairs |= {"page": self.page if self.page > 1 else None}
        pairs |= changes
        return urlencode({name: value for name, value in pairs.items() if value not in (None, [], "")}, doseq=True)

    def where(self, without: str = "") -> tuple[str, dict[str, Any]]:
        """The SQL condition and its parameters, one filter left out where its own counts are wanted."""
        parameters: dict[str, Any] = {}
        parts = [CHOICE[name].condition(values, parameters) for name, values in self.chosen.items() if name != without]
        for name, value in self.limits.items():
            if name == without:
                continue
            parameters[name] = value
            parts.append(f"({LIMITS[name]} or o.{LIMIT_COLUMN[name]} is null)" if self.unstated else LIMITS[name])
        if match := search_expression(self.words):
            parameters["words"] = match
            parts.append("o.search_id in (select rowid from program_search where program_search match :words)")
        return " and ".join(parts) or "1", parameters

    @property
    def active(self) -> int:
        """How many filters are set."""
        return len(self.chosen) + len(self.limits) + bool(self.words)


def search_expression(words: str) -> str:
    """An FTS5 expression that finds all of `words`, the last one also as a beginning; '' where there are none.

    Every word is quoted, so that nothing a visitor types is an operator.
    """
    tokens = re.findall(r"\w+", words)[:12]
    return " ".join(f'"{token}"' for token in tokens[:-1]) + (f' "{tokens[-1]}"*' if tokens else "")
